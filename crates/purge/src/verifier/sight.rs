//! What an answer from outside tells: its status, its entity tag, when it was made. Pure.

use std::collections::BTreeMap;

use api_types::{Evidence, Sight};
use http::{HeaderMap, StatusCode, header};
use http_caching::{EntityTag, date};

/// Fields that tell about caches and where an answer comes from, standard ones and those of vendors.
const TELLING: [&str; 21] = [
    "age",
    "akamai-cache-status",
    "cache-control",
    "cache-status",
    "cdn-cache",
    "cf-cache-status",
    "cf-ray",
    "content-length",
    "content-type",
    "date",
    "etag",
    "last-modified",
    "location",
    "server",
    "via",
    "x-amz-cf-id",
    "x-amz-cf-pop",
    "x-azure-ref",
    "x-cache",
    "x-served-by",
    "x-varnish",
];
/// Of one of them.
const VALUE_CHARS_MAX: usize = 200;

pub(crate) fn sight(status: StatusCode, headers: &HeaderMap, at: u64) -> Sight {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let age = text(header::AGE).and_then(|age| age.trim().parse::<u32>().ok());
    let date = text(header::DATE).and_then(|date| date::parse(&date));
    Sight {
        at,
        status: status.as_u16(),
        etag: EntityTag::of(headers).and_then(|_| text(header::ETAG)).map(|tag| tag.trim().to_owned()),
        last_modified: text(header::LAST_MODIFIED),
        date: date.map(|date| date.0.saturating_mul(1000)),
        aged_since: age.map(|age| at.saturating_sub(u64::from(age) * 1000)),
    }
}

pub(crate) fn evidence(status: StatusCode, headers: &HeaderMap) -> Evidence {
    let mut fields = BTreeMap::new();
    for name in TELLING {
        let values: Vec<_> =
            headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        if !values.is_empty() {
            let value: String = values.join(", ").chars().take(VALUE_CHARS_MAX).collect();
            fields.insert(name.to_owned(), value);
        }
    }
    Evidence { status: status.as_u16(), address: None, fields, digest: None, took: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    const NOW: u64 = 1_795_335_060_000;

    fn seen(fields: &[(&'static str, &str)]) -> Sight {
        let headers = fields.iter().map(|(name, value)| {
            (http::HeaderName::from_static(name), HeaderValue::from_str(value).expect("a field value"))
        });
        sight(StatusCode::OK, &headers.collect(), NOW)
    }

    #[test]
    fn an_age_counts_more_than_a_date_which_some_caches_renew() {
        let date = date::format(http_caching::Timestamp(NOW / 1000));
        let date = date.expect("it is within the calendar");
        assert_eq!(seen(&[("date", &date), ("age", "60")]).made(), Some(NOW - 60_000));
        assert_eq!(seen(&[("date", &date)]).made(), Some(NOW));
        for nonsense in [[("age", "-1")], [("age", "soon")], [("date", "yesterday")]] {
            assert_eq!(seen(&nonsense).made(), None, "{nonsense:?}");
        }
        assert_eq!(seen(&[("age", "4294967295")]).made(), Some(0), "no further than the epoch");
    }

    #[test]
    fn a_tag_is_what_stands_between_its_quotes() {
        for (field, opaque) in [
            ("\"abc\"", Some("abc")),
            ("W/\"abc\"", Some("abc")),
            ("\"\"", Some("")),
            ("abc", None),
            ("\"a", None),
            ("\"a\", \"b\"", None),
        ] {
            assert_eq!(seen(&[("etag", field)]).opaque_tag(), opaque, "{field}");
        }
    }

    #[test]
    fn evidence_is_short_and_only_what_tells() {
        let mut headers = HeaderMap::new();
        headers.insert("set-cookie", HeaderValue::from_static("session=secret"));
        headers.append("via", HeaderValue::from_static("1.1 a"));
        headers.append("via", HeaderValue::from_bytes(&[b'b'; 5000]).expect("a field value"));
        let evidence = evidence(StatusCode::OK, &headers);
        assert_eq!(evidence.fields.keys().collect::<Vec<_>>(), ["via"]);
        assert_eq!(evidence.fields["via"].chars().count(), VALUE_CHARS_MAX);
    }
}
