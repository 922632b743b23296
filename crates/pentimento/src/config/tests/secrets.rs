//! Where secrets may be, and that nobody sees them.

use std::fs;

use expect_test::expect;

use super::super::{Config, Overrides, Secret, resolved_toml};
use super::try_load;

#[test]
fn a_secret_is_in_exactly_one_place_and_long_enough() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, content).expect("written");
        path.display().to_string()
    };
    let good = file("good", b"sixteen bytes ..\n");
    let empty = file("empty", b"\n");
    let huge = file("huge", &[b'x'; 65_537]);
    let text = format!(
        r#"
[cluster]
secret = "sixteen bytes .."
secret_file = "{good}"
[[key]]
id = "none"
[[key]]
id = "short"
secret = "hunter2"
[[key]]
id = "empty"
secret_file = "{empty}"
[[key]]
id = "huge"
secret_file = "{huge}"
[[key]]
id = "missing"
secret_file = "{good}-not"
[[key]]
id = "unset"
secret_env = "NO_SUCH"
[[key]]
id = "number"
secret = 1234567890123456
[[key]]
id = "a b"
secret = "sixteen bytes .."
[[key]]
secret_env = "SET"
[[key]]
id = "twice"
secret_env = "SET"
[[key]]
id = "twice"
secret_file = "{good}"
"#
    );
    let errors = try_load(&text, &[("SET", "sixteen bytes too")], &Overrides::default()).expect_err("bad");
    let errors = errors.replace(&folder.path().display().to_string(), "FOLDER");
    expect![[r#"
        pentimento.toml:4:15: write only one of `secret`, `secret_file` and `secret_env`
        pentimento.toml:5:1: a secret is missing: write one of `secret`, `secret_file` and `secret_env`
        pentimento.toml:9:10: `secret`: the secret has 7 bytes: at least 16 are needed
        pentimento.toml:12:15: `secret_file`: the secret has 0 bytes: at least 16 are needed
        pentimento.toml:15:15: `secret_file`: FOLDER/huge cannot be read: it has more than 65536 bytes
        pentimento.toml:18:15: `secret_file`: FOLDER/good-not cannot be read: No such file or directory (os error 2)
        pentimento.toml:21:14: `secret_env`: the environment has no variable NO_SUCH
        pentimento.toml:24:10: `secret` must be a text in quotes, not a number
        pentimento.toml:26:6: `id`: the key id "a b" is not allowed: 1 to 32 of A-Z, a-z, 0-9, _ and -
        pentimento.toml:28:1: a key needs `id`, the name by which signed URLs refer to it
        pentimento.toml:34:6: `id`: there are two keys named twice"#]].assert_eq(&errors);
    assert!(!errors.contains("hunter2") && !errors.contains("sixteen"), "no secret is repeated");
}

#[test]
fn secrets_are_read_and_never_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("cluster");
    fs::write(&path, "the secret of the cluster\r\n").expect("written");
    let text = format!(
        "[cluster]\nsecret_file = \"{}\"\n[[key]]\nid = \"k1\"\nsecret = \"the secret of a key\"\n\
         [[key]]\nid = \"k2\"\nsecret_env = \"K2\"\n",
        path.display()
    );
    let variables = [("K2", "another secret of a key")];
    let config = try_load(&text, &variables, &Overrides::default()).expect("a configuration");
    assert_eq!(config.cluster.secret.as_ref().map(Secret::bytes), Some(&b"the secret of the cluster"[..]));
    assert_eq!(config.keys.len(), 2);

    let shown = resolved_toml(&config);
    for text in [&shown, &format!("{config:?}")] {
        assert!(!text.contains("secret of"), "{text}");
    }
    let keys = &shown[shown.find("# [[key]]").expect("the first key, in a comment")..];
    expect![[r##"
        # [[key]]
        # id = "k1"
        # secret = (set)

        [[key]]
        id = "k2"
        secret_env = "K2"
    "##]]
    .assert_eq(keys);
    let again = try_load(&shown, &variables, &Overrides::default()).expect("loads again");
    assert_eq!(again, Config { keys: vec![config.keys[1].clone()], ..config });
}
