//! EdgeGrid, by which Akamai's APIs know who asks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Method, Request};

use crate::error::CallError;
use crate::hmac_sha256::{hmac_sha256, sha256};
use crate::settings::Secret;
use crate::sigv4::civil;

/// No more of a body is signed.
const BODY_MAX: usize = 131_072;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signer {
    pub client_token: String,
    pub access_token: String,
    pub secret: Secret,
}

impl Signer {
    /// Adds `Authorization`. `nonce` is used once.
    pub(crate) fn sign(&self, request: &mut Request<Bytes>, now: u64, nonce: &str) -> Result<(), CallError> {
        let auth = self.unsigned(&timestamp(now), nonce);
        let scheme = request.uri().scheme_str().unwrap_or("https").to_owned();
        let host = request.uri().authority().map_or("", |authority| authority.as_str()).to_owned();
        let signature = self.signature(request, &scheme, &host, &timestamp(now), &auth);
        let value = HeaderValue::try_from(format!("{auth}signature={signature}"));
        let mut value = value.map_err(|error| CallError::Unwritable(error.to_string()))?;
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
        Ok(())
    }

    fn unsigned(&self, timestamp: &str, nonce: &str) -> String {
        format!(
            "EG1-HMAC-SHA256 client_token={};access_token={};timestamp={timestamp};nonce={nonce};",
            self.client_token, self.access_token
        )
    }

    /// Over the request and `auth`, which is the field's value as far as it goes without the signature.
    pub(crate) fn signature(
        &self,
        request: &Request<Bytes>,
        scheme: &str,
        host: &str,
        timestamp: &str,
        auth: &str,
    ) -> String {
        let key = STANDARD.encode(hmac_sha256(self.secret.expose().as_bytes(), timestamp.as_bytes()));
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let body = request.body();
        let hash = match *request.method() == Method::POST && !body.is_empty() {
            true => STANDARD.encode(sha256(&body[..body.len().min(BODY_MAX)])),
            false => String::new(),
        };
        // Between host and hash there would be signed fields; there are none.
        let data = format!("{}\t{scheme}\t{host}\t{path}\t\t{hash}\t{auth}", request.method());
        STANDARD.encode(hmac_sha256(key.as_bytes(), data.as_bytes()))
    }
}

/// `20140321T19:34:21+0000`
pub(crate) fn timestamp(unix_seconds: u64) -> String {
    let date = civil(unix_seconds);
    format!(
        "{:04}{:02}{:02}T{:02}:{:02}:{:02}+0000",
        date.year, date.month, date.day, date.hour, date.minute, date.second
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::VendorSettings;

    /// From the test data that Akamai publishes with its signers.
    #[test]
    fn requests_are_signed_as_in_akamais_test_data() {
        let secret = Some(format!("{}=", "x".repeat(43)));
        let signer = Signer {
            client_token: "akab-client-token-xxx-xxxxxxxxxxxxxxxx".to_owned(),
            access_token: "akab-access-token-xxx-xxxxxxxxxxxxxxxx".to_owned(),
            secret: VendorSettings { secret, ..VendorSettings::default() }.secret().unwrap(),
        };
        let base = "https://akaa-baseurl-xxxxxxxxxxx-xxxxxxxxxxxxx.luna.akamaiapis.net";
        for (method, path, body, signature) in [
            (Method::GET, "/", "", "tL+y4hxyHxgWVD30X3pWnGKHcPzmrIF+LThiAOhMxYU="),
            (Method::GET, "/testapi/v1/t1?p1=1&p2=2", "", "hKDH1UlnQySSHjvIcZpDMbQHihTQ0XyVAKZaApabdeA="),
            (
                Method::POST,
                "/testapi/v1/t3",
                "datadatadatadatadatadatadatadata",
                "hXm4iCxtpN22m4cbZb4lVLW5rhX8Ca82vCFqXzSTPe4=",
            ),
        ] {
            let mut request = Request::new(Bytes::from_static(body.as_bytes()));
            *request.method_mut() = method;
            *request.uri_mut() = format!("{base}{path}").parse().unwrap();
            // 2014-03-21 19:34:21 UTC
            signer.sign(&mut request, 1_395_430_461, "nonce-xx-xxxx-xxxx-xxxx-xxxxxxxxxxxx").unwrap();
            let value = request.headers()[AUTHORIZATION].to_str().unwrap();
            assert!(value.ends_with(&format!("signature={signature}")), "{path}: {value}");
        }
    }
}
