//! The older cache directives for CDNs: `Surrogate-Control` (W3C Note "Edge Architecture Specification", §2).

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::cache_control::CacheControl;
use crate::directive::{Argument, DELTA_MAX, Directive, delta_seconds};
use crate::list;

pub const SURROGATE_CONTROL: HeaderName = HeaderName::from_static("surrogate-control");

/// What an origin is told that understands surrogates: that `Surrogate-Control` is heeded, and which device we are.
pub const SURROGATE_CAPABILITY: HeaderName = HeaderName::from_static("surrogate-capability");
pub const CAPABILITY: HeaderValue = HeaderValue::from_static("pentimento=\"Surrogate/1.0\"");

/// Our device token: a directive may name the one device that it is for.
const DEVICE: &[u8] = b"pentimento";

/// What the field says to us; `None` if nothing in it is for us or known, "as if the field were not present".
///
/// Directives that name us count before those that name nobody; those that name others do not count at all.
pub(crate) fn surrogate_control(response: &HeaderMap) -> Option<CacheControl> {
    let members = || list::members(response, SURROGATE_CONTROL).map(directive_and_device);
    let ours = said(members().filter(|(_, device)| *device == DEVICE));
    let everyones = said(members().filter(|(_, device)| device.is_empty()));
    ours.or(everyones)
}

fn directive_and_device(member: &[u8]) -> (&[u8], &[u8]) {
    match member.iter().position(|b| *b == b';') {
        Some(at) => (list::trim(&member[..at]), list::trim(&member[at + 1..])),
        None => (member, b""),
    }
}

fn said<'a>(directives: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Option<CacheControl> {
    let mut control = CacheControl { targeted: true, ..CacheControl::default() };
    let mut known = false;
    for Directive { name, argument } in directives.filter_map(|(directive, _)| Directive::parse(directive)) {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        if is("max-age") {
            let (lifetime, grace) = max_age(&argument);
            control.max_age = Some(control.max_age.map_or(lifetime, |known| known.min(lifetime)));
            control.stale_while_revalidate = grace;
            known = true;
        } else if is("no-store") || is("no-store-remote") {
            // "Remote" is a surrogate in front of others; whether we are one, the origin knows better than we.
            control.no_store = true;
            known = true;
        }
    }
    known.then_some(control)
}

/// "max-age=600+30": fresh for 600 seconds, and usable stale for 30 more. What cannot be read is stale.
fn max_age(argument: &Argument<'_>) -> (Duration, Option<Duration>) {
    let Argument::Present(text) = argument else { return (Duration::ZERO, None) };
    match text.iter().position(|b| *b == b'+') {
        None => (delta_seconds(text).unwrap_or_default(), None),
        Some(at) => match (delta_seconds(&text[..at]), delta_seconds(&text[at + 1..])) {
            (Some(lifetime), Some(grace)) => (lifetime, Some(grace.min(DELTA_MAX))),
            _ => (Duration::ZERO, None),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::CACHE_CONTROL;

    fn parse(lines: &[&'static str]) -> CacheControl {
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("max-age=60"));
        for line in lines {
            headers.append(SURROGATE_CONTROL, HeaderValue::from_static(line));
        }
        CacheControl::of(&headers)
    }

    #[test]
    fn what_is_for_us_takes_the_place_of_cache_control() {
        let targeted = CacheControl { targeted: true, ..CacheControl::default() };
        let max_age =
            |seconds| CacheControl { max_age: Some(Duration::from_secs(seconds)), ..targeted.clone() };
        let grace = |seconds| Some(Duration::from_secs(seconds));
        for (lines, expected) in [
            (vec!["max-age=600"], max_age(600)),
            (vec!["MaX-aGe=600, content=\"ESI/1.0\""], max_age(600)),
            (vec!["max-age=99999999999"], max_age(2_147_483_648)),
            (vec!["max-age=600+30"], CacheControl { stale_while_revalidate: grace(30), ..max_age(600) }),
            (vec!["max-age=600;pentimento"], max_age(600)),
            (vec!["max-age=60, max-age=600; pentimento"], max_age(600)),
            (vec!["max-age=600;pentimento", "max-age=60"], max_age(600)),
            (vec!["max-age=600, max-age=60;other"], max_age(600)),
            (vec!["max-age = 600"], max_age(0)),
            (vec!["max-age=600+x"], max_age(0)),
            (vec!["max-age"], max_age(0)),
            (vec!["no-store"], CacheControl { no_store: true, ..targeted.clone() }),
            (vec!["no-store-remote"], CacheControl { no_store: true, ..targeted.clone() }),
        ] {
            assert_eq!(parse(&lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn what_is_for_others_or_unknown_leaves_cache_control_in_force() {
        for lines in [vec![], vec![""], vec!["foo"], vec!["max-age=600;other"], vec!["content=\"ESI/1.0\""]] {
            let control = parse(&lines);
            assert!(!control.targeted && control.max_age == Some(Duration::from_secs(60)), "{lines:?}");
        }
    }

    /// RFC 9213 §3.1 has the newer field.
    #[test]
    fn cdn_cache_control_counts_before_it() {
        let mut headers = HeaderMap::new();
        headers.insert("cdn-cache-control", HeaderValue::from_static("max-age=5"));
        headers.insert(SURROGATE_CONTROL, HeaderValue::from_static("max-age=600"));
        assert_eq!(CacheControl::of(&headers).max_age, Some(Duration::from_secs(5)));
    }
}
