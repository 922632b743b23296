//! A response as the cache keeps it.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use purge_protocol::{AsOf, CheckedAt, Tags};

use crate::heat::Heat;

/// Immutable, and shared: everybody who has one has the same.
#[derive(Debug)]
pub struct StoredResponse {
    /// What the key was made of. Compared on [`crate::Cache::get`], and shown by tools.
    pub key_text: String,
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub tags: Tags,
    pub as_of: AsOf,
    /// The request fields by which it was selected, and their values then (RFC 9111 section 4.1).
    pub varied_on: Vec<(String, Option<String>)>,
    /// Unix milliseconds.
    pub stored_at: u64,
    /// Seconds it was old already when it was stored (RFC 9111 section 4.2.3).
    pub initial_age: u32,
    /// Seconds it is fresh here, at the edge.
    pub lifetime: u32,
    /// Seconds past its lifetime (RFC 5861 section 4).
    pub stale_if_error: u32,
    /// Seconds past its lifetime (RFC 5861 section 3).
    pub stale_while_revalidate: u32,
    /// Not written to disk: it counts changes of the fences since this process began.
    pub checked: CheckedAt,
    /// How often it answers. Not written to disk either.
    pub heat: Heat,
}

impl StoredResponse {
    /// The same with another body; not judged yet.
    pub fn with_body(&self, body: Bytes) -> Self {
        Self {
            key_text: self.key_text.clone(),
            status: self.status,
            headers: self.headers.clone(),
            body,
            tags: self.tags.clone(),
            as_of: self.as_of,
            varied_on: self.varied_on.clone(),
            stored_at: self.stored_at,
            initial_age: self.initial_age,
            lifetime: self.lifetime,
            stale_if_error: self.stale_if_error,
            stale_while_revalidate: self.stale_while_revalidate,
            checked: CheckedAt::default(),
            heat: Heat::default(),
        }
    }

    /// What it takes to keep it, in bytes: at least what its parts hold, and at least its file's length.
    pub fn bytes(&self) -> u64 {
        /// The structures around a response, in memory and in the tiers' tables.
        const FIXED: usize = 640;
        /// The structures around a header field.
        const PER_FIELD: usize = 64;
        let headers: usize =
            self.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + PER_FIELD).sum();
        let varied: usize = self
            .varied_on
            .iter()
            .map(|(name, value)| name.len() + value.as_ref().map_or(0, String::len) + PER_FIELD)
            .sum();
        let tags = self.tags.iter().count() * size_of::<purge_protocol::Tag>();
        // A file holds all but tags and body twice.
        (FIXED + 2 * (self.key_text.len() + headers + varied) + tags + self.body.len()) as u64
    }
}

/// Whether what is stored reflects more of the log than what is given, so that it must stay.
///
/// Stamps of two logs cannot be compared; then the one that came last is kept.
pub(crate) fn reflects_more(stored: AsOf, given: AsOf) -> bool {
    stored.log == given.log && !given.position.has_reached(stored.position)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};
    use purge_protocol::{LogId, Position, Tag};

    pub(crate) fn as_of(log: u64, position: u64) -> AsOf {
        AsOf { log: LogId(log), position: Position::new(position) }
    }

    pub(crate) fn response(key_text: &str, tags: &[u64], position: u64, body: Bytes) -> StoredResponse {
        let mut headers = HeaderMap::new();
        headers.insert(HeaderName::from_static("content-type"), HeaderValue::from_static("image/avif"));
        headers.append(HeaderName::from_static("vary"), HeaderValue::from_static("accept"));
        headers.append(HeaderName::from_static("vary"), HeaderValue::from_bytes(b"x-\xff").unwrap());
        StoredResponse {
            key_text: key_text.to_owned(),
            status: StatusCode::OK,
            headers,
            body,
            tags: Tags::new(tags.iter().copied().map(Tag).collect()).unwrap(),
            as_of: as_of(1, position),
            varied_on: vec![("accept".to_owned(), Some("image/avif".to_owned())), ("dpr".to_owned(), None)],
            stored_at: 1_800_000_000_000,
            initial_age: 3,
            lifetime: 86_400,
            stale_if_error: 600,
            stale_while_revalidate: 60,
            checked: CheckedAt::default(),
            heat: Heat::default(),
        }
    }

    #[test]
    fn only_a_lower_position_of_the_same_log_yields() {
        for (stored, given, expected) in [
            (as_of(1, 5), as_of(1, 4), true),
            (as_of(1, 5), as_of(1, 5), false),
            (as_of(1, 5), as_of(1, 6), false),
            (as_of(2, 5), as_of(1, 4), false),
        ] {
            assert_eq!(reflects_more(stored, given), expected, "{stored:?} {given:?}");
        }
    }
}
