//! Range requests (RFC 9110 §14).

use http::header::{IF_RANGE, RANGE};
use http::{HeaderMap, Method};

use crate::{EntityTag, Timestamp, date, list};

/// How much of a representation is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeOutcome {
    /// All of it: 200.
    Whole,
    /// 206.
    Part { start: u64, end_inclusive: u64 },
    /// 416.
    NotSatisfiable,
}

impl RangeOutcome {
    /// The `Content-Range` (§14.4) of the answer, for a representation of `len` bytes.
    pub fn content_range(self, len: u64) -> Option<String> {
        match self {
            RangeOutcome::Whole => None,
            RangeOutcome::Part { start, end_inclusive } => {
                Some(format!("bytes {start}-{end_inclusive}/{len}"))
            }
            RangeOutcome::NotSatisfiable => Some(format!("bytes */{len}")),
        }
    }
}

/// Which part of a representation of `len` bytes the request wants. To be asked after the
/// [preconditions](crate::conditional), and only where the answer would be a 200 (§13.2.2, §14.2).
///
/// `last_modified` counts only if it is a
/// [strong validator](crate::last_modified::strong_last_modified).
pub fn evaluate(
    request: &HeaderMap,
    method: &Method,
    etag: Option<&EntityTag>,
    strong_last_modified: Option<Timestamp>,
    len: u64,
) -> RangeOutcome {
    // §14.2: "A server MUST ignore a Range header field received with a request method that is unrecognized or for
    // which range handling is not defined. For this specification, GET is the only method for which range handling
    // is defined."
    if *method != Method::GET || !if_range_holds(request, etag, strong_last_modified) {
        return RangeOutcome::Whole;
    }
    match wanted(request) {
        None => RangeOutcome::Whole,
        Some(Range::From { first, last }) if first < len => {
            RangeOutcome::Part { start: first, end_inclusive: last.min(len - 1) }
        }
        Some(Range::From { .. } | Range::Suffix { len: 0 }) => RangeOutcome::NotSatisfiable,
        // Satisfiable by definition (§14.1.2), but there are no bytes that a Content-Range could name.
        Some(Range::Suffix { .. }) if len == 0 => RangeOutcome::Whole,
        Some(Range::Suffix { len: wanted }) => {
            RangeOutcome::Part { start: len.saturating_sub(wanted), end_inclusive: len - 1 }
        }
    }
}

/// §13.1.5. Without `If-Range` it holds.
fn if_range_holds(request: &HeaderMap, etag: Option<&EntityTag>, last_modified: Option<Timestamp>) -> bool {
    let mut lines = request.get_all(IF_RANGE).iter();
    let Some(line) = lines.next() else { return true };
    if lines.next().is_some() {
        return false;
    }
    if let Some(tag) = EntityTag::parse(line.as_bytes()) {
        return etag.is_some_and(|ours| ours.strongly_matches(&tag));
    }
    // "exactly matches", not "not later than": what it names must be what we have.
    let date = line.to_str().ok().and_then(date::parse);
    date.is_some() && date == last_modified
}

#[derive(Debug)]
enum Range {
    From { first: u64, last: u64 },
    Suffix { len: u64 },
}

/// The one range that is asked for; `None` if the field is absent, malformed, in another unit, or asks for several.
///
/// "A server MAY ignore the Range header field" (§14.2), and for several ranges we do: no picture client needs them,
/// and many small overlapping ones are a known way to make a server send much for little (§17.15).
fn wanted(request: &HeaderMap) -> Option<Range> {
    let mut lines = request.get_all(RANGE).iter();
    let line = lines.next()?;
    if lines.next().is_some() {
        return None;
    }
    let (unit, ranges) = line.to_str().ok()?.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let mut ranges = list::split(ranges.as_bytes());
    let range = str::from_utf8(ranges.next()?).ok()?;
    if ranges.next().is_some() {
        return None;
    }
    match range.split_once('-')? {
        ("", suffix) => Some(Range::Suffix { len: number(suffix)? }),
        (first, "") => Some(Range::From { first: number(first)?, last: u64::MAX }),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(Range::From { first, last })
        }
    }
}

/// Digits; more than fit are as good as the largest number, which no representation reaches.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).expect("a value"));
        }
        headers
    }

    fn shown(outcome: RangeOutcome, len: u64) -> String {
        outcome.content_range(len).unwrap_or("whole".to_owned())
    }

    /// §14.1.2.
    #[test]
    fn one_range_is_cut_to_the_representation() {
        for (range, len, expected) in [
            ("bytes=0-499", 10_000, "bytes 0-499/10000"),
            ("bytes=500-999", 10_000, "bytes 500-999/10000"),
            ("bytes=0-0", 10_000, "bytes 0-0/10000"),
            ("bytes=9500-", 10_000, "bytes 9500-9999/10000"),
            ("bytes=-500", 10_000, "bytes 9500-9999/10000"),
            ("bytes=0-99999", 10_000, "bytes 0-9999/10000"),
            ("bytes=-99999", 10_000, "bytes 0-9999/10000"),
            ("BYTES= 5-9 ", 10_000, "bytes 5-9/10000"),
            ("bytes=5-9,", 10_000, "bytes 5-9/10000"),
            ("bytes=9999-", 10_000, "bytes 9999-9999/10000"),
            ("bytes=10000-", 10_000, "bytes */10000"),
            ("bytes=99999999999999999999-", 10_000, "bytes */10000"),
            ("bytes=0-99999999999999999999", 10_000, "bytes 0-9999/10000"),
            ("bytes=-0", 10_000, "bytes */10000"),
            ("bytes=0-", 0, "bytes */0"),
            ("bytes=-5", 0, "whole"),
        ] {
            let outcome = evaluate(&headers(&[("range", range)]), &Method::GET, None, None, len);
            assert_eq!(shown(outcome, len), expected, "{range}");
        }
    }

    /// §14.2: "MUST ignore a Range header field that contains a range unit it does not understand", and may ignore
    /// any other.
    #[test]
    fn what_is_malformed_or_manifold_gets_the_whole() {
        for range in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=5",
            "bytes=9-5",
            "bytes=a-b",
            "bytes=+1-2",
            "bytes=1 - 2",
            "bytes=1-2-3",
            "bytes=0-1, 5-6",
            "bytes=0-1,99999-",
            "pages=1-2",
            "bytes:0-1",
        ] {
            let outcome = evaluate(&headers(&[("range", range)]), &Method::GET, None, None, 10_000);
            assert_eq!(outcome, RangeOutcome::Whole, "{range}");
        }
        let twice = headers(&[("range", "bytes=0-1"), ("range", "bytes=0-1")]);
        assert_eq!(evaluate(&twice, &Method::GET, None, None, 10), RangeOutcome::Whole);
        assert_eq!(evaluate(&headers(&[]), &Method::GET, None, None, 10), RangeOutcome::Whole);
        assert_eq!(
            evaluate(&headers(&[("range", "bytes=0-1")]), &Method::HEAD, None, None, 10),
            RangeOutcome::Whole
        );
    }

    /// §13.1.5: strong comparison for tags, an exact match for dates.
    #[test]
    fn if_range_must_name_what_we_have() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        let (tag, modified) = (EntityTag::strong("a"), date::parse(date));
        let weak = EntityTag::parse(b"W/\"a\"");
        for (if_range, etag, last_modified, part) in [
            (r#""a""#, &tag, modified, true),
            (r#""b""#, &tag, modified, false),
            (r#"W/"a""#, &tag, modified, false),
            (r#""a""#, &weak, modified, false),
            (r#""a""#, &None, modified, false),
            (date, &tag, modified, true),
            (date, &tag, None, false),
            ("Sun, 06 Nov 1994 08:49:38 GMT", &tag, modified, false),
            ("nonsense", &tag, modified, false),
            ("nonsense", &None, None, false),
        ] {
            let request = headers(&[("range", "bytes=0-1"), ("if-range", if_range)]);
            let outcome = evaluate(&request, &Method::GET, etag.as_ref(), last_modified, 10);
            let whole_or_part =
                if part { RangeOutcome::Part { start: 0, end_inclusive: 1 } } else { RangeOutcome::Whole };
            assert_eq!(outcome, whole_or_part, "{if_range}");
        }
    }

    proptest! {
        #[test]
        fn a_part_lies_within_the_representation(range in "bytes=[0-9]{0,21}-[0-9]{0,21}|[ -~]{0,30}", len: u64) {
            let outcome = evaluate(&headers(&[("range", &range)]), &Method::GET, None, None, len);
            if let RangeOutcome::Part { start, end_inclusive } = outcome {
                prop_assert!(start <= end_inclusive && end_inclusive < len);
            }
        }
    }
}
