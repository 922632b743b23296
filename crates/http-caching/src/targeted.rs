//! Cache directives for CDNs only: `CDN-Cache-Control` (RFC 9213).

use std::time::Duration;

use http::{HeaderMap, HeaderName};

use crate::cache_control::{Applies, CacheControl};
use crate::directive::DELTA_MAX;
use crate::structured::{self, Item};

pub const CDN_CACHE_CONTROL: HeaderName = HeaderName::from_static("cdn-cache-control");

/// What the field says. Absent, empty, not a dictionary, or with a directive of the wrong type, it is `None`, "as
/// if the field were not present" (§2.2), and `Cache-Control` counts.
pub(crate) fn cdn_cache_control(response: &HeaderMap) -> Option<CacheControl> {
    let mut lines = response.get_all(CDN_CACHE_CONTROL).iter();
    // RFC 8941 §4.2: lines are joined before they are parsed; an sf-value is ASCII.
    let mut text = lines.next()?.to_str().ok()?.to_owned();
    for line in lines {
        text.push_str(", ");
        text.push_str(line.to_str().ok()?);
    }
    let members = structured::dictionary(&text).filter(|members| !members.is_empty())?;

    let mut control = CacheControl { targeted: true, ..CacheControl::default() };
    for (name, value) in members {
        match name.as_str() {
            "max-age" => control.max_age = Some(seconds(&value)?),
            "s-maxage" => control.s_maxage = Some(seconds(&value)?),
            "stale-while-revalidate" => control.stale_while_revalidate = Some(seconds(&value)?),
            "stale-if-error" => control.stale_if_error = Some(seconds(&value)?),
            "no-cache" => control.no_cache = applies(&value)?,
            "private" => control.private = applies(&value)?,
            "no-store" => control.no_store = flag(&value)?,
            "public" => control.public = flag(&value)?,
            "must-revalidate" => control.must_revalidate = flag(&value)?,
            "proxy-revalidate" => control.proxy_revalidate = flag(&value)?,
            "must-understand" => control.must_understand = flag(&value)?,
            "immutable" => control.immutable = flag(&value)?,
            _ => {}
        }
    }
    Some(control)
}

/// A negative number has the right type and no meaning: stale (RFC 9111 §4.2.1).
fn seconds(value: &Item) -> Option<Duration> {
    match value {
        Item::Integer(seconds) => {
            Some(Duration::from_secs(u64::try_from(*seconds).unwrap_or_default()).min(DELTA_MAX))
        }
        _ => None,
    }
}

fn flag(value: &Item) -> Option<bool> {
    match value {
        Item::Boolean(flag) => Some(*flag),
        _ => None,
    }
}

fn applies(value: &Item) -> Option<Applies> {
    match value {
        Item::Boolean(true) => Some(Applies::Always),
        Item::Boolean(false) => Some(Applies::Never),
        Item::String(names) => Some(Applies::to_fields(names.as_bytes())),
        Item::Integer(_) | Item::Other => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use http::header::{CACHE_CONTROL, SET_COOKIE};

    fn parse(lines: &[&'static str]) -> CacheControl {
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("max-age=60, no-store"));
        for line in lines {
            headers.append(CDN_CACHE_CONTROL, HeaderValue::from_static(line));
        }
        CacheControl::of(&headers)
    }

    /// RFC 9213 §2.2: a valid, non-empty targeted field is the policy; Cache-Control and Expires are ignored.
    #[test]
    fn a_valid_field_takes_the_place_of_cache_control() {
        let targeted = CacheControl { targeted: true, ..CacheControl::default() };
        let max_age =
            |seconds| CacheControl { max_age: Some(Duration::from_secs(seconds)), ..targeted.clone() };
        for (lines, expected) in [
            (vec!["max-age=600"], max_age(600)),
            (vec!["foobar, max-age=600;x=1"], max_age(600)),
            (vec!["max-age=1", "max-age=600"], max_age(600)),
            (vec!["max-age=-5"], max_age(0)),
            (vec!["max-age=99999999999"], max_age(2_147_483_648)),
            (vec!["no-store"], CacheControl { no_store: true, ..targeted.clone() }),
            (vec!["no-store=?0"], targeted.clone()),
            (vec!["private"], CacheControl { private: Applies::Always, ..targeted.clone() }),
            (
                vec!["no-cache=\"set-cookie\""],
                CacheControl { no_cache: Applies::ToFields(vec![SET_COOKIE]), ..targeted.clone() },
            ),
            (vec!["something-unknown"], targeted.clone()),
        ] {
            assert_eq!(parse(&lines), expected, "{lines:?}");
        }
    }

    /// "empty, or a parsing error is encountered, that field MUST be ignored" (RFC 9213 §2.2).
    #[test]
    fn an_invalid_field_leaves_cache_control_in_force() {
        for lines in [
            vec![],
            vec![""],
            vec!["max-age=600, &&&&&"],
            vec!["max-age=600", "&&&&&"],
            vec!["max-age=\"600\""],
            vec!["max-age=600.0"],
            vec!["max-age"],
            vec!["MAX-AGE=600"],
            vec!["max-age =600"],
            vec!["no-cache=(a b)"],
            vec!["public=1, max-age=600"],
        ] {
            let control = parse(&lines);
            assert!(control.no_store && !control.targeted, "{lines:?}");
        }
    }
}
