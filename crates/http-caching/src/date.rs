//! Dates in header fields (RFC 9110 §5.6.7), read as a cache reads them (RFC 9111 §4.2).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{HeaderMap, HeaderName};

use crate::Timestamp;

/// What a header field that holds one date says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dated {
    Absent,
    At(Timestamp),
    /// Not a date, or more than one.
    Invalid,
}

impl Dated {
    pub fn at(self) -> Option<Timestamp> {
        match self {
            Dated::At(time) => Some(time),
            Dated::Absent | Dated::Invalid => None,
        }
    }
}

pub fn field(headers: &HeaderMap, name: HeaderName) -> Dated {
    let mut lines = headers.get_all(name).iter();
    match (lines.next(), lines.next()) {
        (None, _) => Dated::Absent,
        (Some(line), None) => line.to_str().ok().and_then(parse).map_or(Dated::Invalid, Dated::At),
        (Some(_), Some(_)) => Dated::Invalid,
    }
}

/// All three formats. Other zones than GMT are invalid; letter case does not matter to a cache (RFC 9111 §4.2).
pub fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim_matches([' ', '\t']);
    // The longest date of any format is "Wednesday, 06-Nov-94 08:49:37 GMT".
    if text.len() > 33 {
        return None;
    }
    let time =
        httpdate::parse_http_date(text).or_else(|_| httpdate::parse_http_date(&usual_case(text))).ok()?;
    Some(Timestamp(time.duration_since(UNIX_EPOCH).ok()?.as_secs()))
}

/// "THU, 18 aug 2050 02:01:18 gmt" as "Thu, 18 Aug 2050 02:01:18 GMT".
fn usual_case(text: &str) -> String {
    let mut in_word = false;
    let capitalised: String = text
        .chars()
        .map(|c| {
            let cased = if in_word { c.to_ascii_lowercase() } else { c.to_ascii_uppercase() };
            in_word = c.is_ascii_alphabetic();
            cased
        })
        .collect();
    capitalised.replace("Gmt", "GMT")
}

/// The format that is sent; `None` past the year 9999, which it cannot express.
pub fn format(time: Timestamp) -> Option<String> {
    const YEAR_10000: u64 = 253_402_300_800;
    let since_epoch = Duration::from_secs(Some(time.0).filter(|seconds| *seconds < YEAR_10000)?);
    let time: SystemTime = UNIX_EPOCH.checked_add(since_epoch)?;
    Some(httpdate::fmt_http_date(time))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::{DATE, EXPIRES, HeaderValue};
    use proptest::prelude::*;

    /// "MUST accept all three HTTP-date formats" (RFC 9110 §5.6.7).
    #[test]
    fn the_three_formats_are_read_in_any_case() {
        let expected = Some(Timestamp(2_544_400_878));
        for text in [
            "Thu, 18 Aug 2050 02:01:18 GMT",
            "Thursday, 18-Aug-50 02:01:18 GMT",
            "Thu Aug 18 02:01:18 2050",
            "THU, 18 Aug 2050 02:01:18 GMT",
            "thu, 18 aUG 2050 02:01:18 gMT",
            " Thu, 18 Aug 2050 02:01:18 GMT\t",
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    #[test]
    fn what_only_resembles_a_date_is_not_one() {
        for text in [
            "",
            "0",
            "-1",
            "Thu, 18 Aug 2050 02:01:18 UTC",
            "Thu, 18 Aug 2050 02:01:18 AEST",
            "Thu, 18 Aug 50 02:01:18 GMT",
            "Thu 18 Aug 2050 02:01:18 GMT",
            "Thu, 18  Aug  2050 02:01:18 GMT",
            "Thu, 18-Aug-2050 02:01:18 GMT",
            "Thu, 18 Aug 2050 02.01.18 GMT",
            "Thu, 18 Aug 2050 2:01:18 GMT",
            "Thu, 18 Aug 2050 02:01:18 GMT GMT",
            "Thu, 18 Aug 1950 02:01:18 GMT",
            "é",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn two_lines_are_not_a_date() {
        let mut headers = HeaderMap::new();
        assert_eq!(field(&headers, DATE), Dated::Absent);
        headers.append(DATE, HeaderValue::from_static("Thu, 18 Aug 2050 02:01:18 GMT"));
        assert_eq!(field(&headers, DATE), Dated::At(Timestamp(2_544_400_878)));
        assert_eq!(field(&headers, EXPIRES), Dated::Absent);
        headers.append(DATE, HeaderValue::from_static("Thu, 18 Aug 2050 02:01:18 GMT"));
        assert_eq!(field(&headers, DATE), Dated::Invalid);
    }

    proptest! {
        #[test]
        fn what_is_sent_is_read_back(seconds in 0..260_000_000_000_u64) {
            if let Some(text) = format(Timestamp(seconds)) {
                prop_assert_eq!(parse(&text), Some(Timestamp(seconds)));
            } else {
                prop_assert!(seconds >= 253_402_300_800);
            }
        }

        #[test]
        fn any_text_is_a_date_or_not(text in "\\PC{0,40}|[A-Za-z0-9 ,:-]{20,33}") {
            let _ = parse(&text);
        }
    }
}
