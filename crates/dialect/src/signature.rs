//! Signatures of native URLs: who holds a key decides what is delivered.
//!
//! A signed URL carries `kid` (which key), optionally `exp` (until when, in Unix seconds) and `s`:
//!
//! ```text
//! /demo/a%20b/cat.jpg?w=300&kid=k1&exp=1800000000&s=…
//! ```
//!
//! `s` is HMAC-SHA256 (RFC 2104) under the key's secret over the **canonical text**, written in base64url without
//! padding (RFC 4648 §5): 43 characters. The canonical text consists of lines joined by one line feed, with
//! none at the end:
//!
//! 1. `pentimento-signature-v1`
//! 2. the path, decoded and encoded again: `/demo/a%20b/cat.jpg`
//! 3. each parameter but `s`, one a line, sorted by name: `name=value`, both decoded and encoded again
//!
//! where "encoded" leaves `A-Z a-z 0-9 - . _ ~` as they are (and `/` in the path) and turns every other byte of the
//! UTF-8 text into `%XX` with upper-case digits. For the URL above:
//!
//! ```text
//! pentimento-signature-v1
//! /demo/a%20b/cat.jpg
//! exp=1800000000
//! kid=k1
//! w=300
//! ```
//!
//! So the order of parameters and the way in which they are encoded do not matter, and everything else does. In Python:
//!
//! ```python
//! lines = ["pentimento-signature-v1", quote(path, safe="/")]
//! lines += [quote(name, safe="") + "=" + quote(value, safe="") for name, value in sorted(parameters.items())]
//! mac = hmac.new(secret, "\n".join(lines).encode(), hashlib.sha256).digest()
//! s = base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
//! ```
//!
//! Neither the host nor the method is signed: a key holds for every site of ours, and only for GET and HEAD.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Mac;
use percent_encoding::utf8_percent_encode;
use plan::ENCODED;

use crate::query::Parameters;
use crate::{BadRequest, KeyId, OriginalPath, Parsed, Request, SigningKey, SourceName, native};

const VERSION: &str = "pentimento-signature-v1";
const MAC_LEN: usize = 32;

/// The parameters of a signature, in the order in which [`sign`] writes them.
pub(crate) const KEY: &str = "kid";
pub(crate) const EXPIRES: &str = "exp";
pub(crate) const MAC: &str = "s";

/// The signature that a URL carries, unverified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    pub key: KeyId,
    /// In Unix seconds.
    pub expires: Option<u64>,
    mac: [u8; MAC_LEN],
    /// The canonical text of the URL that carried it.
    text: String,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error("this site delivers signed URLs only, and this one has no signature (parameters kid and s)")]
    Missing,
    #[error("the URL is signed with the key {found}, which this site does not know (or no longer)")]
    UnknownKey { found: KeyId },
    #[error(
        "the signature does not fit the URL: something was changed after it was signed, or the secret is another"
    )]
    Mismatch,
    #[error("the signed URL expired at {at} (Unix seconds)")]
    Expired { at: u64 },
}

impl Signature {
    /// What `parameters` carry, if anything.
    pub(crate) fn of(
        source: &SourceName,
        path: &OriginalPath,
        parameters: &Parameters,
    ) -> Result<Option<Self>, BadRequest> {
        let key = parameters.value(KEY, KeyId::ALLOWED, |text| text.parse().ok())?;
        let expires = parameters.value(EXPIRES, "a time in Unix seconds, as in 1800000000", expires)?;
        let mac = parameters.value(MAC, "43 characters of base64url, without padding", mac)?;
        match (key, mac) {
            (Some(key), Some(mac)) => {
                let text = canonical_text(source, path, parameters);
                Ok(Some(Self { key, expires, mac, text }))
            }
            (Some(_), None) => Err(BadRequest::IncompleteSignature { found: KEY, missing: MAC }),
            (None, Some(_)) => Err(BadRequest::IncompleteSignature { found: MAC, missing: KEY }),
            (None, None) if expires.is_some() => {
                Err(BadRequest::IncompleteSignature { found: EXPIRES, missing: MAC })
            }
            (None, None) => Ok(None),
        }
    }
}

fn expires(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Strict: of the several texts that some decoders take for the same bytes, one counts (RFC 4648 §3.5).
fn mac(text: &str) -> Option<[u8; MAC_LEN]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

fn canonical_text(source: &SourceName, path: &OriginalPath, parameters: &Parameters) -> String {
    let mut text = format!("{VERSION}\n/{source}/{}", path.encode());
    for (name, value) in parameters.iter().filter(|(name, _)| *name != MAC) {
        let encoded = |part| utf8_percent_encode(part, ENCODED);
        text.push('\n');
        text.extend(encoded(name));
        text.push('=');
        text.extend(encoded(value));
    }
    text
}

/// Signs the path and query of a native URL. The answer is the whole path and query to hand out.
pub fn sign(path_and_query: &str, key: &SigningKey, expires: Option<u64>) -> Result<String, BadRequest> {
    let (path, query) = split(path_and_query);
    let unsigned = Parameters::read(query, native::PARAMETERS)?;
    if let Some(found) = [KEY, EXPIRES, MAC].into_iter().find(|name| unsigned.has(name)) {
        return Err(BadRequest::AlreadySigned { found });
    }

    let mut signed = if query.is_empty() { format!("{path}?") } else { format!("{path}?{query}&") };
    signed.push_str(&format!("{KEY}={}", key.id));
    if let Some(expires) = expires {
        signed.push_str(&format!("&{EXPIRES}={expires}"));
    }
    let (path, query) = split(&signed);
    let (source, path, parameters) = native::read(&Request { path, query: Some(query), accept: None })?;
    let mac = key.keyed.clone().chain_update(canonical_text(&source, &path, &parameters)).finalize();
    signed.push_str(&format!("&{MAC}={}", URL_SAFE_NO_PAD.encode(mac.into_bytes())));

    // Nobody is helped by a good signature on a URL that is refused for another reason.
    let (path, query) = split(&signed);
    native::parse(&Request { path, query: Some(query), accept: None })?;
    Ok(signed)
}

fn split(path_and_query: &str) -> (&str, &str) {
    path_and_query.split_once('?').unwrap_or((path_and_query, ""))
}

/// Whether one of `keys` signed this URL, and it still holds at `now_unix`.
///
/// Several keys may be active, also under one id: so a secret can be replaced while URLs signed with the old one
/// are still about.
pub fn verify(parsed: &Parsed, keys: &[SigningKey], now_unix: u64) -> Result<(), SignatureError> {
    let signature = parsed.signature.as_ref().ok_or(SignatureError::Missing)?;
    let mut candidates = keys.iter().filter(|key| key.id == signature.key).peekable();
    if candidates.peek().is_none() {
        return Err(SignatureError::UnknownKey { found: signature.key.clone() });
    }
    // `verify_slice` compares in constant time.
    let fits = candidates
        .any(|key| key.keyed.clone().chain_update(&signature.text).verify_slice(&signature.mac).is_ok());
    if !fits {
        return Err(SignatureError::Mismatch);
    }
    // Last, because only now `exp` is known to be the signer's word.
    match signature.expires {
        Some(at) if now_unix >= at => Err(SignatureError::Expired { at }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    const NOW: u64 = 1_790_000_000;

    fn key(id: &str, secret: &[u8]) -> SigningKey {
        SigningKey::new(id.parse().expect("a key id"), secret).expect("a long secret")
    }

    fn k1() -> SigningKey {
        key("k1", b"an example secret of 32 bytes ok")
    }

    fn parse(path_and_query: &str) -> Result<Parsed, BadRequest> {
        let (path, query) = split(path_and_query);
        native::parse(&Request { path, query: Some(query), accept: None })
    }

    #[track_caller]
    fn check(path_and_query: &str, keys: &[SigningKey], now: u64, expected: Expect) {
        let actual = match parse(path_and_query) {
            Ok(parsed) => match verify(&parsed, keys, now) {
                Ok(()) => "verified".to_owned(),
                Err(error) => error.to_string(),
            },
            Err(error) => format!("bad request: {error}"),
        };
        expected.assert_eq(&actual);
    }

    /// The expected value was computed with Python's `hmac` and `hashlib`, from the recipe in this file's head.
    #[test]
    fn the_signature_is_the_one_that_others_compute() {
        assert_eq!(
            sign("/demo/a b/%c3%a9t%C3%A9.jpg?w=300&fit=crop&h=200", &k1(), Some(1_800_000_000)).as_deref(),
            Ok("/demo/a b/%c3%a9t%C3%A9.jpg?w=300&fit=crop&h=200&kid=k1&exp=1800000000\
                &s=MI92D0dpIBJIP7E9rs0DBtfkREQx56ISYeUYgNlQgnQ")
        );
    }

    #[test]
    fn what_was_signed_is_verified_until_it_expires() -> Result<(), BadRequest> {
        let keys = [key("k0", &[9; 16]), k1()];
        let forever = sign("/demo/cat.jpg?w=300", &k1(), None)?;
        check(&forever, &keys, u64::MAX, expect!["verified"]);
        let plain = sign("/demo/cat.jpg", &keys[0], None)?;
        check(&plain, &keys, NOW, expect!["verified"]);
        let limited = sign("/demo/cat.jpg?w=300", &k1(), Some(NOW))?;
        check(&limited, &keys, NOW - 1, expect!["verified"]);
        check(&limited, &keys, NOW, expect!["the signed URL expired at 1790000000 (Unix seconds)"]);
        Ok(())
    }

    #[test]
    fn a_refusal_says_why() -> Result<(), BadRequest> {
        let signed = sign("/demo/cat.jpg?w=300", &k1(), Some(NOW))?;
        let other_secret = [key("k1", b"quite another secret")];
        check(
            "/demo/cat.jpg",
            &[k1()],
            0,
            expect![
                "this site delivers signed URLs only, and this one has no signature (parameters kid and s)"
            ],
        );
        check(
            &signed,
            &[],
            0,
            expect!["the URL is signed with the key k1, which this site does not know (or no longer)"],
        );
        check(
            &signed,
            &other_secret,
            0,
            expect![
                "the signature does not fit the URL: something was changed after it was signed, or the secret is another"
            ],
        );
        // An expiry that nobody signed is not believed, not even to refuse.
        let prolonged = signed.replace("exp=1790000000", "exp=1");
        check(
            &prolonged,
            &[k1()],
            NOW,
            expect![
                "the signature does not fit the URL: something was changed after it was signed, or the secret is another"
            ],
        );
        Ok(())
    }

    #[test]
    fn a_replaced_secret_under_the_same_id_verifies_beside_the_old_one() -> Result<(), BadRequest> {
        let old = key("k1", b"the old secret of it");
        let signed = sign("/demo/cat.jpg", &old, None)?;
        check(&signed, &[k1(), old], NOW, expect!["verified"]);
        Ok(())
    }

    #[test]
    fn half_a_signature_is_a_bad_request() {
        let s = "s=MI92D0dpIBJIP7E9rs0DBtfkREQx56ISYeUYgNlQgnQ";
        for (query, expected) in [
            (
                "kid=k1".to_owned(),
                expect!["bad request: the parameter kid belongs to a signature, which needs s too"],
            ),
            (
                s.to_owned(),
                expect!["bad request: the parameter s belongs to a signature, which needs kid too"],
            ),
            (
                "exp=1".to_owned(),
                expect!["bad request: the parameter exp belongs to a signature, which needs s too"],
            ),
            (
                "kid=&s=a".to_owned(),
                expect![[
                    r#"bad request: the parameter kid is ""; allowed is 1 to 32 of A-Z, a-z, 0-9, _ and -"#
                ]],
            ),
            (
                "kid=k1&s=abc".to_owned(),
                expect![[
                    r#"bad request: the parameter s is "abc"; allowed is 43 characters of base64url, without padding"#
                ]],
            ),
            (
                format!("kid=k1&{s}="),
                expect![[
                    r#"bad request: the parameter s is "MI92D0dpIBJIP7E9rs0DBtfkREQx56ISYeUYgNlQgnQ="; allowed is 43 characters of base64url, without padding"#
                ]],
            ),
            // The same bytes to a lenient decoder: the last character carries two bits too many.
            (
                format!("kid=k1&{}R", &s[..44]),
                expect![[
                    r#"bad request: the parameter s is "MI92D0dpIBJIP7E9rs0DBtfkREQx56ISYeUYgNlQgnR"; allowed is 43 characters of base64url, without padding"#
                ]],
            ),
            (
                format!("kid=k1&exp=-1&{s}"),
                expect![[
                    r#"bad request: the parameter exp is "-1"; allowed is a time in Unix seconds, as in 1800000000"#
                ]],
            ),
            (
                format!("kid=k1&exp=99999999999999999999&{s}"),
                expect![[
                    r#"bad request: the parameter exp is "99999999999999999999"; allowed is a time in Unix seconds, as in 1800000000"#
                ]],
            ),
            (
                format!("kid=k1&exp=&{s}"),
                expect![[
                    r#"bad request: the parameter exp is ""; allowed is a time in Unix seconds, as in 1800000000"#
                ]],
            ),
        ] {
            check(&format!("/demo/cat.jpg?{query}"), &[k1()], NOW, expected);
        }
    }

    #[test]
    fn only_a_good_unsigned_url_is_signed() {
        let error = |url: &str| sign(url, &k1(), None).map_err(|error| error.to_string());
        for (url, expected) in [
            (
                "/demo/cat.jpg?kid=k2",
                "the URL to be signed has the parameter kid already; a signature adds it",
            ),
            (
                "/demo/cat.jpg?exp=1",
                "the URL to be signed has the parameter exp already; a signature adds it",
            ),
            ("/demo/cat.jpg?s=x", "the URL to be signed has the parameter s already; a signature adds it"),
            (
                "/demo",
                "the path \"/demo\" does not name an original: it has the form /source/path, as in /demo/cat.jpg",
            ),
            ("/demo/cat.jpg?w=0", "the parameter w is \"0\"; allowed is a whole number from 1 to 16384"),
        ] {
            assert_eq!(error(url), Err(expected.to_owned()), "{url}");
        }
        let long = format!("/demo/cat.jpg?{}", "&".repeat(2000));
        assert!(matches!(sign(&long, &k1(), None), Err(BadRequest::UrlTooLong { .. })));
    }

    /// At least `min` parameters that may stand together, with values that parse.
    fn parameters(min: usize) -> impl Strategy<Value = Vec<String>> {
        let all = ["w=300", "h=200", "fit=crop", "format=webp", "q=75", "dpr=2"].map(str::to_owned).to_vec();
        proptest::sample::subsequence(all, min..=6)
    }

    proptest! {
        #[test]
        fn the_order_of_parameters_does_not_matter(
            parameters in parameters(0),
            ranks in Just((0..9).collect::<Vec<usize>>()).prop_shuffle(),
        ) {
            let signed = sign(&format!("/demo/a/cat.jpg?{}", parameters.join("&")), &k1(), Some(NOW))?;
            let (path, query) = split(&signed);
            let mut shuffled: Vec<_> = ranks.into_iter().zip(query.split('&')).collect();
            shuffled.sort_unstable();
            let shuffled: Vec<_> = shuffled.into_iter().map(|(_, parameter)| parameter).collect();
            prop_assert_eq!(verify(&parse(&format!("{path}?{}", shuffled.join("&")))?, &[k1()], 0), Ok(()));
        }

        #[test]
        fn a_changed_byte_breaks_it_or_spells_the_same_url(
            parameters in parameters(0),
            at in any::<prop::sample::Index>(),
            byte in 0x21..0x7f_u8,
        ) {
            let signed = sign(&format!("/demo/%C3%A9/cat.jpg?{}", parameters.join("&")), &k1(), Some(NOW))?;
            let mut bytes = signed.clone().into_bytes();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let changed = String::from_utf8(bytes)?;
            let verified = parse(&changed).is_ok_and(|parsed| verify(&parsed, &[k1()], 0).is_ok());
            // %C3 and %c3 are the same byte.
            prop_assert_eq!(verified, changed.replace("%c3", "%C3").replace("%a9", "%A9") == signed, "{}", changed);
        }

        #[test]
        fn a_parameter_added_or_taken_away_breaks_it(
            parameters in parameters(1),
            at in any::<prop::sample::Index>(),
        ) {
            let mut fewer = parameters.clone();
            let moved = fewer.remove(at.index(parameters.len()));
            let with = sign(&format!("/demo/cat.jpg?{}", parameters.join("&")), &k1(), None)?;
            let without = sign(&format!("/demo/cat.jpg?{}", fewer.join("&")), &k1(), None)?;
            for changed in [with.replace(&format!("{moved}&"), ""), format!("{without}&{moved}")] {
                prop_assert_eq!(verify(&parse(&changed)?, &[k1()], 0), Err(SignatureError::Mismatch));
            }
        }
    }
}
