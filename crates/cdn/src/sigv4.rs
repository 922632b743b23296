//! Signature Version 4 of Amazon's services: who asks, for what, and when.

use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST};
use http::{HeaderName, HeaderValue, Request};

use crate::error::CallError;
use crate::hmac_sha256::{hex, hmac_sha256, sha256};
use crate::settings::Secret;

const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Whose signature, and for which service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signer {
    pub access_key: String,
    pub secret: Secret,
    pub region: &'static str,
    pub service: &'static str,
}

impl Signer {
    /// Adds `Host`, `X-Amz-Date` and `Authorization`. All fields that are there are signed.
    pub(crate) fn sign(&self, request: &mut Request<Bytes>, now: u64) -> Result<(), CallError> {
        let unwritable = |error: http::header::InvalidHeaderValue| CallError::Unwritable(error.to_string());
        let host = request.uri().authority().map(|authority| authority.as_str().to_owned());
        let host = host.ok_or_else(|| CallError::Unwritable("the URL has no host".to_owned()))?;
        request.headers_mut().insert(HOST, HeaderValue::try_from(host).map_err(unwritable)?);
        let date = timestamp(now);
        request.headers_mut().insert(DATE, HeaderValue::try_from(&date).map_err(unwritable)?);
        let mut names: Vec<String> = request.headers().keys().map(|name| name.as_str().to_owned()).collect();
        names.sort();
        let signature = self.signature(request, &date, &names);
        let value = format!(
            "{ALGORITHM} Credential={}/{}, SignedHeaders={}, Signature={signature}",
            self.access_key,
            self.scope(&date),
            names.join(";"),
        );
        let mut value = HeaderValue::try_from(value).map_err(unwritable)?;
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
        Ok(())
    }

    /// `20150830/us-east-1/iam/aws4_request`
    pub(crate) fn scope(&self, date: &str) -> String {
        let day = date.get(..8).unwrap_or(date);
        format!("{day}/{}/{}/aws4_request", self.region, self.service)
    }

    /// The signature over the named fields, which are sorted.
    pub(crate) fn signature(&self, request: &Request<Bytes>, date: &str, names: &[String]) -> String {
        let canonical = format!(
            "{}\n{}\n{}\n{}\n{}\n{}",
            request.method(),
            request.uri().path(),
            sorted(request.uri().query().unwrap_or_default()),
            names.iter().map(|name| format!("{name}:{}\n", value(request, name))).collect::<String>(),
            names.join(";"),
            hex(&sha256(request.body())),
        );
        let scope = self.scope(date);
        let digest = hex(&sha256(canonical.as_bytes()));
        let text = format!("{ALGORITHM}\n{date}\n{scope}\n{digest}");
        let secret = format!("AWS4{}", self.secret.expose());
        let key = scope
            .split('/')
            .fold(secret.into_bytes(), |key, part| hmac_sha256(&key, part.as_bytes()).to_vec());
        hex(&hmac_sha256(&key, text.as_bytes()))
    }
}

fn value(request: &Request<Bytes>, name: &str) -> String {
    let values = request.headers().get_all(name).iter();
    let values = values.map(|value| String::from_utf8_lossy(value.as_bytes()));
    let trimmed = values.map(|value| value.split_whitespace().collect::<Vec<_>>().join(" "));
    trimmed.collect::<Vec<_>>().join(",")
}

fn sorted(query: &str) -> String {
    let mut parameters: Vec<&str> = query.split('&').collect();
    parameters.sort_unstable();
    parameters.join("&")
}

/// `20150830T123600Z`
pub(crate) fn timestamp(unix_seconds: u64) -> String {
    let date = civil(unix_seconds);
    format!(
        "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
        date.year, date.month, date.day, date.hour, date.minute, date.second
    )
}

pub(crate) struct Civil {
    pub year: u64,
    pub month: u64,
    pub day: u64,
    pub hour: u64,
    pub minute: u64,
    pub second: u64,
}

/// The Gregorian date of a Unix time: years are counted from March, so that the leap day is the last of its year.
pub(crate) fn civil(unix_seconds: u64) -> Civil {
    const DAYS_TO_1970: u64 = 719_468;
    let (days, seconds) = (unix_seconds / 86_400 + DAYS_TO_1970, unix_seconds % 86_400);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    Civil {
        year: era * 400 + year_of_era + u64::from(month <= 2),
        month,
        day: day_of_year - (153 * from_march + 2) / 5 + 1,
        hour: seconds / 3600,
        minute: seconds / 60 % 60,
        second: seconds % 60,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::VendorSettings;

    const NOW: u64 = 1_440_938_160; // 2015-08-30 12:36:00 UTC

    fn signer(service: &'static str) -> Signer {
        let secret = Some("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned());
        let secret = VendorSettings { secret, ..VendorSettings::default() }.secret().unwrap();
        Signer { access_key: "AKIDEXAMPLE".to_owned(), secret, region: "us-east-1", service }
    }

    fn signed(service: &'static str, mut request: Request<Bytes>) -> String {
        signer(service).sign(&mut request, NOW).unwrap();
        request.headers()[AUTHORIZATION].to_str().unwrap().to_owned()
    }

    /// The worked example of Amazon's documentation ("Signature Version 4 signing process", ListUsers).
    #[test]
    fn the_documented_example_is_signed_as_documented() {
        let request = Request::get("https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08")
            .header("content-type", "application/x-www-form-urlencoded; charset=utf-8");
        assert_eq!(
            signed("iam", request.body(Bytes::new()).unwrap()),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
        );
    }

    /// `get-vanilla` of Amazon's test suite for signers.
    #[test]
    fn a_plain_request_is_signed_as_in_the_test_suite() {
        let request = Request::get("https://example.amazonaws.com/").body(Bytes::new()).unwrap();
        let signature = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
        assert!(signed("service", request).ends_with(signature));
    }

    #[test]
    fn times_are_written_as_dates() {
        for (seconds, written) in [
            (0, "19700101T000000Z"),
            (951_782_399, "20000228T235959Z"),
            (951_782_400, "20000229T000000Z"),
            (951_868_800, "20000301T000000Z"),
            (NOW, "20150830T123600Z"),
            (4_107_542_399, "21000228T235959Z"),
            (4_107_542_400, "21000301T000000Z"),
        ] {
            assert_eq!(timestamp(seconds), written);
        }
    }
}
