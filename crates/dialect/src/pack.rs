//! The dialect of tenant image services: `/api/v2/img/{pack}[-{suffix}]?location=&date=`.
//!
//! A pack is a group of originals, a location a place where one of them is shown; what they are the catalog knows. A URL of
//! a pack becomes a delivery as any other, of the source by which a tenant's packs go, with the location as its preset:
//! `/packs-shop/62e8?preset=hero`. What follows the last dash, and the date, mean nothing, but to every cache they make it
//! another URL.

use std::fmt;
use std::str::FromStr;

use plan::{Excerpt, OriginalPath, SourceName};

use crate::query::Parameters;
use crate::{BadRequest, Delivery, PresetName, PresetWish, Request};

const PATH: &str = "/api/v2/img/";
const LOCATION: &str = "location";
const DATE: &str = "date";
const PARAMETERS: &[&str] = &[LOCATION, DATE];
const DATE_ALLOWED: &str = "1 to 64 of A-Z, a-z, 0-9, ., _, :, + and -";
const SUFFIX_LEN_MAX: usize = 64;

/// What stands for the location that a pack says is its main one. No location is called so.
pub const MAIN: &str = "_main";

/// What a pack is called: 1 to 128 letters, digits and `_`. A dash begins what is no part of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackId(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the pack id {found} is not allowed: 1 to {} letters, digits and _", PackId::LEN_MAX)]
pub struct InvalidPackId {
    found: Excerpt,
}

impl PackId {
    const LEN_MAX: usize = 128;

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The pack that a delivery of a source of packs is of.
    pub fn of(path: &OriginalPath) -> Option<Self> {
        let first = path.as_str().split('/').next()?;
        first.rsplit_once('-').map_or(first, |(id, _)| id).parse().ok()
    }
}

impl FromStr for PackId {
    type Err = InvalidPackId;

    fn from_str(text: &str) -> Result<Self, InvalidPackId> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if (1..=Self::LEN_MAX).contains(&text.len()) && text.bytes().all(is_allowed) {
            return Ok(Self(text.to_owned()));
        }
        Err(InvalidPackId { found: Excerpt::of(text) })
    }
}

impl fmt::Display for PackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The source by which a tenant's packs go, if the tenant's name is short enough.
pub fn source_of(tenant: &str) -> Option<SourceName> {
    format!("packs-{tenant}").parse().ok()
}

/// Whose packs go by this source.
pub fn tenant_of(source: &SourceName) -> Option<&str> {
    source.as_str().strip_prefix("packs-")
}

pub fn is_of_pack(path: &str) -> bool {
    path.starts_with(PATH)
}

/// Under which path clients ask for a pack.
pub fn path_of(pack: &str) -> String {
    format!("{PATH}{pack}")
}

/// What a URL asks for of the packs that go by this source.
pub fn parse(request: &Request<'_>, source: &SourceName) -> Result<Delivery, BadRequest> {
    let no_pack = || BadRequest::NoPack { found: Excerpt::of(request.path) };
    let named = request.path.strip_prefix(PATH).ok_or_else(no_pack)?;
    let (id, suffix) = match named.rsplit_once('-') {
        Some((id, suffix)) => (id, Some(suffix)),
        None => (named, None),
    };
    let id: PackId = id.parse().map_err(|_| no_pack())?;
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_'));
    if suffix.is_some_and(|suffix| suffix.len() > SUFFIX_LEN_MAX || !plain(suffix)) {
        return Err(no_pack());
    }
    let query = request.query.unwrap_or_default();
    let parameters = Parameters::read(query, PARAMETERS)?;
    let is_own = |name: &PresetName| name.as_str() != MAIN;
    let location: Option<PresetName> =
        parameters.value(LOCATION, PresetName::ALLOWED, |text| text.parse().ok().filter(is_own))?;
    let date = parameters.value(DATE, DATE_ALLOWED, |text| is_date(text).then(|| text.to_owned()))?;
    let mut path = id.to_string();
    if let Some(suffix) = suffix {
        path.push_str(&format!("-{suffix}"));
    }
    if let Some(date) = date {
        path.push_str(&format!("/{DATE}={date}"));
    }
    let name = match location {
        Some(name) => name,
        None => MAIN.parse().map_err(|_| no_pack())?,
    };
    let preset = Some(PresetWish { name, accepted: plan::accepted(request.accept) });
    Ok(Delivery { preset, ..Delivery::of(source.clone(), path.parse()?) })
}

fn is_date(text: &str) -> bool {
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b':' | b'+' | b'-');
    (1..=SUFFIX_LEN_MAX).contains(&text.len()) && text.bytes().all(is_allowed)
}

/// As clients write it: the inverse of [`parse`], if this is a delivery of a pack and of nothing more than that.
pub fn written(delivery: &Delivery) -> Option<String> {
    let PresetWish { name, .. } = delivery.preset.as_ref()?;
    tenant_of(&delivery.source)?;
    if delivery.plan != plan::Plan::default() {
        return None;
    }
    let (named, date) = match delivery.path.as_str().split_once('/') {
        Some((named, rest)) => (named, Some(rest.strip_prefix(DATE)?.strip_prefix('=')?)),
        None => (delivery.path.as_str(), None),
    };
    let location = (name.as_str() != MAIN).then(|| format!("{LOCATION}={name}"));
    // A plus would be a space.
    let date = date.map(|date| format!("{DATE}={}", date.replace('+', "%2B")));
    let query: Vec<String> = location.into_iter().chain(date).collect();
    let divider = if query.is_empty() { "" } else { "?" };
    Some(format!("{PATH}{named}{divider}{}", query.join("&")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use crate::native;

    fn read(url: &str) -> Result<Delivery, BadRequest> {
        let (path, query) = match url.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (url, None),
        };
        parse(&Request { path, query, accept: Some("image/webp") }, &source_of("shop").unwrap())
    }

    #[track_caller]
    fn check(url: &str, expected: Expect) {
        let actual = match read(url) {
            Ok(delivery) => native::canonical(&delivery),
            Err(error) => error.to_string(),
        };
        expected.assert_eq(&actual);
    }

    #[test]
    fn a_url_of_a_pack_is_a_delivery_with_a_preset() {
        check("/api/v2/img/62e8", expect!["/packs-shop/62e8?preset=_main"]);
        check("/api/v2/img/62e8?location=hero", expect!["/packs-shop/62e8?preset=hero"]);
        check(
            "/api/v2/img/62e8-1662654467834?date=17&location=hero",
            expect!["/packs-shop/62e8-1662654467834/date%3D17?preset=hero"],
        );
        let delivery = read("/api/v2/img/62e8-166?location=hero&date=2026-11-22T10:00:00%2B01:00").unwrap();
        assert_eq!(PackId::of(&delivery.path).unwrap().as_str(), "62e8");
        assert_eq!((delivery.accept(), tenant_of(&delivery.source)), ("image/webp", Some("shop")));
    }

    #[test]
    fn what_names_no_pack_or_is_no_parameter_is_refused() {
        for (url, words) in [
            ("/api/v2/img/", "names no pack"),
            ("/api/v2/img/a/b", "names no pack"),
            ("/api/v2/img/a-b-c", "names no pack"),
            ("/api/v2/img/a-b%20c", "names no pack"),
            ("/api/v2/img/%2e%2e", "names no pack"),
            ("/demo/cat.jpg", "names no pack"),
            ("/api/v2/img/62e8?w=9", "there is no parameter \"w\"; allowed are location, date"),
            ("/api/v2/img/62e8?location=_main", "the parameter location is \"_main\""),
            ("/api/v2/img/62e8?location=a/b", "the parameter location is \"a/b\""),
            ("/api/v2/img/62e8?date=", "the parameter date is \"\""),
            ("/api/v2/img/62e8?date=1&date=2", "the parameter date is given more than once"),
        ] {
            let error = read(url).unwrap_err().to_string();
            assert!(error.contains(words), "{url}: {error}");
        }
    }

    proptest! {
        #[test]
        fn what_was_read_is_written_so_that_it_reads_the_same(
            url in "/api/v2/img/\\PC{0,20}|/api/v2/img/[a-z0-9_]{1,9}(-[a-z0-9.]{0,9})?(\\?(location=[a-z.]{1,9}&?)?(date=[0-9a-z:%B+-]{0,9})?)?",
        ) {
            if let Ok(delivery) = read(&url) {
                let written = written(&delivery).unwrap();
                prop_assert_eq!(read(&written), Ok(delivery.clone()), "{}", written);
                let canonical = native::canonical(&delivery);
                let (path, query) = canonical.split_once('?').unwrap();
                let again = native::parse(&Request { path, query: Some(query), accept: Some("image/webp") });
                prop_assert_eq!(again.unwrap().delivery, delivery, "{}", canonical);
            }
        }
    }
}
