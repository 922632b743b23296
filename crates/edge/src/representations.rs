//! Several representations of one URL side by side, each chosen by other request fields (RFC 9111 §4.1).
//!
//! The place of the URL itself has the one that was stored first, and says by its `Vary` which fields choose. Others have
//! one of a few places beside it, by what the request has in these fields: two that come to the same place replace
//! each other, so that no client can fill the cache with representations of one URL.

use cache::{Key, StoredResponse};
use http::HeaderName;
use http_caching::vary;

use crate::request::{Target, Wanted};

/// Places for each URL, beside its own.
const PLACES: u8 = 64;

/// That a response is wanted beside the one at its URL's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// The URL's own place.
    pub url: Key,
    pub url_text: String,
    /// Which request fields choose.
    fields: Vec<HeaderName>,
}

/// Whether the stored response was chosen by the same request fields.
pub fn fits(stored: &StoredResponse, wanted: &Wanted) -> bool {
    match &wanted.target {
        Target::Image(_) => true,
        Target::PassThrough(passed) => stored.varied_on.iter().all(|(name, value)| {
            HeaderName::from_bytes(name.as_bytes())
                .is_ok_and(|name| vary::matches(&[(name, value.clone())], &passed.headers))
        }),
    }
}

/// The same request, for its own representation beside `first`, which does not fit it.
pub fn beside(first: &StoredResponse, wanted: &Wanted) -> Wanted {
    let Target::PassThrough(passed) = &wanted.target else { return wanted.clone() };
    let fields = fields_of(first);
    let chosen = format!("{:?}", vary::selected(&fields, &passed.headers));
    let key_text = text(&wanted.key_text, Key::of(&chosen).0[0] % PLACES);
    Wanted {
        target: wanted.target.clone(),
        key: Key::of(&key_text),
        key_text,
        terms: wanted.terms,
        beside: Some(Beside { url: wanted.key, url_text: wanted.key_text.clone(), fields }),
    }
}

/// Where a response is stored: beside the first one only if the same fields choose it.
pub fn place_of(stored: &StoredResponse, wanted: &Wanted) -> (Key, String) {
    match &wanted.beside {
        Some(beside) if beside.fields != fields_of(stored) => (beside.url, beside.url_text.clone()),
        _ => (wanted.key, wanted.key_text.clone()),
    }
}

/// The place of the URL itself.
pub fn url_of(wanted: &Wanted) -> Key {
    wanted.beside.as_ref().map_or(wanted.key, |beside| beside.url)
}

/// All places of a URL.
pub fn places(url_text: &str) -> impl Iterator<Item = Key> + '_ {
    std::iter::once(Key::of(url_text)).chain((0..PLACES).map(|place| Key::of(&text(url_text, place))))
}

fn text(url_text: &str, place: u8) -> String {
    format!("{url_text}\nbeside {place}")
}

fn fields_of(stored: &StoredResponse) -> Vec<HeaderName> {
    stored.varied_on.iter().filter_map(|(name, _)| HeaderName::from_bytes(name.as_bytes()).ok()).collect()
}
