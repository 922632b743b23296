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

/// All three formats. Other zones than GMT are invalid; letter case does not matter to a cache (RFC 9111 §4.2), and
/// neither does the name of the day, which adds nothing to the date.
pub fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim_matches([' ', '\t']);
    let words: Vec<&str> = text.splitn(WORDS_MAX + 1, ' ').collect();
    match words[..] {
        [name, day, month, year, time, zone] if is_day(name, ",", &DAYS) => {
            in_gmt(zone)?;
            timestamp(digits(year, 4)?, month, digits(day, 2)?, time)
        }
        [name, date, time, zone] if is_day(name, ",", &LONG_DAYS) => {
            in_gmt(zone)?;
            let mut date = date.splitn(3, '-');
            let (day, month, year) = (date.next()?, date.next()?, digits(date.next()?, 2)?);
            // "the most recent year in the past that had the same last two digits", if it seems more than 50 years
            // ahead: without a clock, as everybody else does it.
            let year = year + if year < 70 { 2000 } else { 1900 };
            timestamp(year, month, digits(day, 2)?, time)
        }
        [name, month, day, time, year] if is_day(name, "", &DAYS) => {
            timestamp(digits(year, 4)?, month, digits(day, 2)?, time)
        }
        // A day of one digit takes two places.
        [name, month, "", day, time, year] if is_day(name, "", &DAYS) => {
            timestamp(digits(year, 4)?, month, digits(day, 1)?, time)
        }
        _ => None,
    }
}

const WORDS_MAX: usize = 6;
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const LONG_DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

fn is_day(word: &str, end: &str, names: &[&str]) -> bool {
    word.strip_suffix(end).is_some_and(|name| names.iter().any(|known| known.eq_ignore_ascii_case(name)))
}

fn in_gmt(zone: &str) -> Option<()> {
    zone.eq_ignore_ascii_case("GMT").then_some(())
}

/// A number of exactly so many digits.
fn digits(text: &str, count: usize) -> Option<u64> {
    let valid = text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    valid.then(|| text.parse().ok()).flatten()
}

/// `None` for a day, an hour or a second that does not exist, and before the epoch.
fn timestamp(year: u64, month: &str, day: u64, time: &str) -> Option<Timestamp> {
    let month = MONTHS.iter().position(|known| known.eq_ignore_ascii_case(month))?;
    let leap = u64::from(is_leap(year));
    let days = [31, 28 + leap, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut clock = time.splitn(3, ':').map(|part| digits(part, 2));
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    // "60" is a leap second.
    if !(1..=days[month]).contains(&day) || hour > 23 || minute > 59 || second > 60 || year < 1970 {
        return None;
    }
    let leap_days = |year: u64| year / 4 - year / 100 + year / 400;
    let before_year = (year - 1970) * 365 + leap_days(year - 1) - leap_days(1969);
    let before_month: u64 = days[..month].iter().sum();
    let day = before_year + before_month + day - 1;
    Some(Timestamp(((day * 24 + hour) * 60 + minute) * 60 + second))
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
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
            // That day is no Friday, but no other date can be meant.
            "Fri, 18 Aug 2050 02:01:18 GMT",
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
        for (text, expected) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Sun Nov  6 08:49:37 1994", 784_111_777),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Thu, 29 Feb 2024 23:59:60 GMT", 1_709_251_200),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
        ] {
            assert_eq!(parse(text), Some(Timestamp(expected)), "{text}");
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
            "Thu, 31 Sep 2050 02:01:18 GMT",
            "Wed, 29 Feb 2023 02:01:18 GMT",
            "Thu, 00 Aug 2050 02:01:18 GMT",
            "Thu, 18 Aug 2050 24:00:00 GMT",
            "Thu, 18 Aug 2050 02:01 GMT",
            "Thu, 18 Aug 2050 +2:01:18 GMT",
            "Thursday, 18 Aug 2050 02:01:18 GMT",
            "Thu, 18-Aug-50 02:01:18 GMT",
            "Thu Aug 8 02:01:18 2050",
            "Thu Aug   8 02:01:18 2050",
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
