//! What is refused of those who may ask without being the owner: issuers of tokens, and who signs events.

use expect_test::expect;

use super::super::Overrides;
use super::try_load;

#[test]
fn what_is_wrong_with_an_issuer_or_a_sender_is_said() {
    let jwt = |more: &str| {
        format!("[[jwt]]\nissuer = \"https://id.test\"\naudience = \"p\"\nalgorithms = [\"RS256\"]\n{more}\n")
    };
    let sender = |more: &str| format!("[[sender]]\nname = \"a\"\n{more}\n");
    let mut story = String::new();
    for text in [
        jwt("keys_url = \"http://id.test/keys\""),
        jwt("keys_url = \"https://id.test/keys\"\nkeys_file = \"k\""),
        jwt("keys_file = \"k\"\nrequire = [\"email\", \"=x\"]\nscopes = [\"purge:some\"]"),
        jwt(
            "keys_file = \"k\"\nscopes = [\"purge:read\"]\nscope_claim = \"s\"\ntenant = \"a\"\ntenant_claim = \"t\"",
        ),
        "[[sender]]\n".to_owned(),
        sender("signature = \"md5\""),
        sender("signature = \"hmac\""),
        sender("signature = \"hmac\"\nsecret = \"short\""),
        sender(
            "signature = \"hmac\"\nsecret = \"sixteen-bytes-or-more\"\ntopic = \"t\"\ntenant = \"nobody\"",
        ),
        sender("signature = \"sns\"\nsecret = \"sixteen-bytes-or-more\""),
        sender("signature = \"sns\"\ntopic = \"arn:aws:sqs:eu-central-1:123456789012:images\""),
        sender("signature = \"sns\"\ntopic = \"arn:aws:sns:evil.test/x:123456789012:images\""),
        "[[sender]]\nname = \"a b\"\nsignature = \"sns\"\ntopic = \"arn:aws:sns:r:123456789012:i\"\n"
            .to_owned(),
        sender("signature = \"hmac\"\nsecret = \"sixteen-bytes-or-more\"").repeat(2),
    ] {
        let errors = try_load(&text, &[], &Overrides::default()).expect_err("a bad configuration");
        story += &format!("{errors}\n");
    }
    expect![[r#"
        pentimento.toml:5:12: `keys_url`: keys come over https; http is for one's own network (`allow_private`)
        pentimento.toml:5:12: tokens need one of `keys_url` and `keys_file`
        pentimento.toml:6:12: `require`: "email" is no claim with its value, such as "email=a@b.example"
        pentimento.toml:6:21: `require`: "=x" is no claim with its value, such as "email=a@b.example"
        pentimento.toml:7:11: `scopes`: "purge:some" is no scope: allowed are purge:read, purge:write, purge:all, purge:erase, preset:write
        pentimento.toml:6:10: write only one of `scopes`, for all tokens, and `scope_claim`, for what each says
        pentimento.toml:8:10: write only one of `tenant`, for all tokens, and `tenant_claim`, for what each says
        pentimento.toml:1:1: a sender needs `name`, such as "uploads"
        pentimento.toml:1:1: a sender needs `signature`, such as "hmac"
        pentimento.toml:3:13: `signature`: "md5" is no signature: allowed are hmac and sns
        pentimento.toml:1:1: a secret is missing: write one of `secret`, `secret_file` and `secret_env`
        pentimento.toml:4:10: `secret`: the secret has 5 bytes: at least 16 are needed
        pentimento.toml:5:1: "topic" is not a setting of [[sender]]: known are `name`, `tenant`, `signature`, `secret`, `secret_file`, `secret_env`
        pentimento.toml:6:10: `tenant`: there is no tenant named "nobody"
        pentimento.toml:1:1: sns needs `topic`, such as "arn:aws:sns:eu-central-1:123456789012:images"
        pentimento.toml:4:1: "secret" is not a setting of [[sender]]: known are `name`, `tenant`, `signature`, `topic`, `endpoint`
        pentimento.toml:4:9: `topic`: "arn:aws:sqs:eu-central-1:123456789012:images" is no topic, such as "arn:aws:sns:eu-central-1:123456789012:images"
        pentimento.toml:4:9: `topic`: "arn:aws:sns:evil.test/x:123456789012:images" is no topic, such as "arn:aws:sns:eu-central-1:123456789012:images"
        pentimento.toml:2:8: `name`: "a b" is not allowed: 1 to 63 of a-z, A-Z, 0-9, -, _ and .
        pentimento.toml:6:8: `name`: there are two senders named a
    "#]].assert_eq(&story);
}
