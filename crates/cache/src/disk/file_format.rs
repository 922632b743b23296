//! How a stored response is laid out in a file.
//!
//! ```text
//!  0  magic              8 bytes
//!  8  version            u32     all numbers little-endian
//! 12  number of tags     u32
//! 16  key               16 bytes
//! 32  as-of: log         u64
//! 40  as-of: position    u64
//! 48  length of the head u64
//! 56  length of the body u64
//! 64  digest of head and body    16 bytes
//! 80  digest of 0..80 and tags   16 bytes
//! 96  tags               u64 each
//!     head               postcard
//!     body
//! ```
//!
//! The front (all before the head) has its own digest, so that the index is rebuilt, and entries are swept and
//! erased by their tags, without reading the rest. No file is synced to the disk: after a power cut a file may be torn
//! or full of zeros, and the digests tell.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use purge_protocol::{AsOf, CheckedAt, LogId, Position, Tag, Tags};
use serde::{Deserialize, Serialize};

use crate::key::Key;
use crate::stored_response::StoredResponse;

const MAGIC: [u8; 8] = *b"PNTMNTO\n";
/// Raised with every change of the layout; files of another version are removed, not read.
const VERSION: u32 = 1;
const FIXED: usize = 96;
const DIGEST: usize = 16;
const TAG: usize = 8;

/// No front is longer.
pub(super) const FRONT_MAX: usize = FIXED + Tags::MAX * TAG;

/// What a file says before its head.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Front {
    pub tags: Tags,
    pub as_of: AsOf,
    head_len: u64,
    rest_digest: [u8; DIGEST],
}

/// Why a file is not an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Rejected {
    #[error("it is shorter or longer than it says")]
    Length,
    #[error("it is not a stored response of this release")]
    Foreign,
    #[error("it is another key's")]
    OtherKey,
    #[error("its digest does not match its bytes")]
    Digest,
    #[error("its head cannot be read")]
    Head,
}

#[derive(Serialize)]
struct HeadToWrite<'a> {
    key_text: &'a str,
    status: u16,
    headers: Vec<(&'a str, &'a [u8])>,
    varied_on: &'a [(String, Option<String>)],
    stored_at: u64,
    initial_age: u32,
    lifetime: u32,
    stale_if_error: u32,
    stale_while_revalidate: u32,
}

/// The same fields in the same order: postcard has no names.
#[derive(Deserialize)]
struct HeadRead<'a> {
    key_text: String,
    status: u16,
    #[serde(borrow)]
    headers: Vec<(&'a str, &'a [u8])>,
    varied_on: Vec<(String, Option<String>)>,
    stored_at: u64,
    initial_age: u32,
    lifetime: u32,
    stale_if_error: u32,
    stale_while_revalidate: u32,
}

/// The front and the head; the body follows as it is.
pub(super) fn encode(key: &Key, response: &StoredResponse) -> Result<Vec<u8>, postcard::Error> {
    let head = HeadToWrite {
        key_text: &response.key_text,
        status: response.status.as_u16(),
        headers: response.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect(),
        varied_on: &response.varied_on,
        stored_at: response.stored_at,
        initial_age: response.initial_age,
        lifetime: response.lifetime,
        stale_if_error: response.stale_if_error,
        stale_while_revalidate: response.stale_while_revalidate,
    };
    let tags: Vec<Tag> = response.tags.iter().collect();
    let front_len = FIXED + tags.len() * TAG;

    let mut file = vec![0; front_len];
    file = postcard::to_extend(&head, file)?;
    let head_len = file.len() - front_len;
    file[0..8].copy_from_slice(&MAGIC);
    file[8..12].copy_from_slice(&VERSION.to_le_bytes());
    file[12..16].copy_from_slice(&(tags.len() as u32).to_le_bytes());
    file[16..32].copy_from_slice(&key.0);
    file[32..40].copy_from_slice(&response.as_of.log.0.to_le_bytes());
    file[40..48].copy_from_slice(&response.as_of.position.get().to_le_bytes());
    file[48..56].copy_from_slice(&(head_len as u64).to_le_bytes());
    file[56..64].copy_from_slice(&(response.body.len() as u64).to_le_bytes());
    let rest = digest(&file[front_len..], &response.body);
    file[64..80].copy_from_slice(&rest);
    for (place, tag) in file[FIXED..front_len].chunks_exact_mut(TAG).zip(&tags) {
        place.copy_from_slice(&tag.0.to_le_bytes());
    }
    let front = digest(&file[..80], &file[FIXED..front_len]);
    file[80..96].copy_from_slice(&front);
    Ok(file)
}

/// Reads the front from the first bytes of a file of `file_len` bytes: all of them, or at least [`FRONT_MAX`].
pub(super) fn read_front(start: &[u8], file_len: u64, key: &Key) -> Result<Front, Rejected> {
    let fixed: &[u8; FIXED] = start.first_chunk().ok_or(Rejected::Length)?;
    if fixed[0..8] != MAGIC || number(fixed, 8..12) != u64::from(VERSION) {
        return Err(Rejected::Foreign);
    }
    let tag_count = number(fixed, 12..16) as usize;
    if tag_count > Tags::MAX {
        return Err(Rejected::Foreign);
    }
    let front_len = FIXED + tag_count * TAG;
    let tags = start.get(FIXED..front_len).ok_or(Rejected::Length)?;
    if digest(&fixed[..80], tags) != fixed[80..96] {
        return Err(Rejected::Digest);
    }
    if fixed[16..32] != key.0 {
        return Err(Rejected::OtherKey);
    }
    let (head_len, body_len) = (number(fixed, 48..56), number(fixed, 56..64));
    let expected = head_len.checked_add(body_len).and_then(|rest| rest.checked_add(front_len as u64));
    if expected != Some(file_len) {
        return Err(Rejected::Length);
    }
    let tags = tags.chunks_exact(TAG).map(|tag| Tag(number(tag, 0..TAG))).collect();
    let mut rest_digest = [0; DIGEST];
    rest_digest.copy_from_slice(&fixed[64..80]);
    Ok(Front {
        tags: Tags::new(tags).map_err(|_| Rejected::Foreign)?,
        as_of: AsOf { log: LogId(number(fixed, 32..40)), position: Position::new(number(fixed, 40..48)) },
        head_len,
        rest_digest,
    })
}

/// Reads a whole file.
pub(super) fn decode(file: &Bytes, key: &Key) -> Result<StoredResponse, Rejected> {
    let front = read_front(file, file.len() as u64, key)?;
    let front_len = FIXED + front.tags.iter().count() * TAG;
    let body_at = usize::try_from(front.head_len)
        .ok()
        .and_then(|head_len| front_len.checked_add(head_len))
        .filter(|body_at| *body_at <= file.len())
        .ok_or(Rejected::Length)?;
    if digest(&file[front_len..], &[]) != front.rest_digest {
        return Err(Rejected::Digest);
    }
    let (head, left): (HeadRead<'_>, _) =
        postcard::take_from_bytes(&file[front_len..body_at]).map_err(|_| Rejected::Head)?;
    if !left.is_empty() {
        return Err(Rejected::Head);
    }
    let mut headers = HeaderMap::with_capacity(head.headers.len().min(64));
    for (name, value) in head.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| Rejected::Head)?;
        let value = HeaderValue::from_bytes(value).map_err(|_| Rejected::Head)?;
        headers.try_append(name, value).map_err(|_| Rejected::Head)?;
    }
    Ok(StoredResponse {
        key_text: head.key_text,
        status: StatusCode::from_u16(head.status).map_err(|_| Rejected::Head)?,
        headers,
        body: file.slice(body_at..),
        tags: front.tags,
        as_of: front.as_of,
        varied_on: head.varied_on,
        stored_at: head.stored_at,
        initial_age: head.initial_age,
        lifetime: head.lifetime,
        stale_if_error: head.stale_if_error,
        stale_while_revalidate: head.stale_while_revalidate,
        checked: CheckedAt::default(),
    })
}

/// Little-endian, of at most eight bytes.
fn number(bytes: &[u8], at: std::ops::Range<usize>) -> u64 {
    bytes[at].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn digest(first: &[u8], second: &[u8]) -> [u8; DIGEST] {
    let hash = blake3::Hasher::new().update(first).update(second).finalize();
    let mut digest = [0; DIGEST];
    digest.copy_from_slice(&hash.as_bytes()[..DIGEST]);
    digest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stored_response::tests::{as_of, response};
    use proptest::prelude::*;

    fn file(key: &Key, response: &StoredResponse) -> Bytes {
        let mut file = encode(key, response).unwrap();
        file.extend_from_slice(&response.body);
        Bytes::from(file)
    }

    fn example() -> (Key, Bytes) {
        let key = Key::of("picture");
        (key, file(&key, &response("picture", &[3, 1, 2], 42, Bytes::from_static(b"pixels"))))
    }

    #[test]
    fn a_response_reads_back_as_it_was() {
        let (key, file) = example();
        let read = decode(&file, &key).unwrap();
        expect_test::expect![[r#"
            StoredResponse {
                key_text: "picture",
                status: 200,
                headers: {
                    "content-type": "image/avif",
                    "vary": "accept",
                    "vary": "x-\xff",
                },
                body: b"pixels",
                tags: Tags(
                    [
                        Tag(
                            1,
                        ),
                        Tag(
                            2,
                        ),
                        Tag(
                            3,
                        ),
                    ],
                ),
                as_of: AsOf {
                    log: LogId(
                        1,
                    ),
                    position: Position(
                        42,
                    ),
                },
                varied_on: [
                    (
                        "accept",
                        Some(
                            "image/avif",
                        ),
                    ),
                    (
                        "dpr",
                        None,
                    ),
                ],
                stored_at: 1800000000000,
                initial_age: 3,
                lifetime: 86400,
                stale_if_error: 600,
                stale_while_revalidate: 60,
                checked: CheckedAt(
                    0,
                ),
            }
        "#]]
        .assert_debug_eq(&read);
    }

    #[test]
    fn the_front_is_read_without_the_rest() {
        let (key, file) = example();
        let front = read_front(&file[..FIXED + 3 * TAG], file.len() as u64, &key).unwrap();
        assert_eq!((front.as_of, front.tags.iter().count()), (as_of(1, 42), 3));
    }

    #[test]
    fn a_file_cut_anywhere_is_rejected() {
        let (key, file) = example();
        for len in 0..file.len() {
            assert!(decode(&file.slice(..len), &key).is_err(), "cut at {len}");
        }
    }

    #[test]
    fn a_file_with_any_bit_changed_is_rejected() {
        let (key, file) = example();
        for at in 0..file.len() {
            for bit in 0..8 {
                let mut changed = file.to_vec();
                changed[at] ^= 1 << bit;
                assert!(decode(&Bytes::from(changed), &key).is_err(), "bit {bit} of byte {at}");
            }
        }
    }

    #[test]
    fn a_file_that_goes_on_or_is_all_zeros_or_anothers_is_rejected() {
        let (key, file) = example();
        let mut longer = file.to_vec();
        longer.push(0);
        assert_eq!(decode(&Bytes::from(longer), &key).unwrap_err(), Rejected::Length);
        assert_eq!(decode(&Bytes::from(vec![0; file.len()]), &key).unwrap_err(), Rejected::Foreign);
        assert_eq!(decode(&file, &Key::of("other")).unwrap_err(), Rejected::OtherKey);
    }

    #[test]
    fn a_response_of_the_most_tags_has_the_longest_front() {
        let tags: Vec<u64> = (0..Tags::MAX as u64).collect();
        let key = Key::of("picture");
        let file = file(&key, &response("picture", &tags, 1, Bytes::new()));
        assert!(read_front(&file[..FRONT_MAX], file.len() as u64, &key).is_ok());
        assert!(read_front(&file[..FRONT_MAX - 1], file.len() as u64, &key).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parsers_panic(bytes: Vec<u8>, file_len: u64) {
            let key = Key::of("picture");
            let _ = read_front(&bytes, file_len, &key);
            let _ = decode(&Bytes::from(bytes), &key);
        }

        /// Digests that match do not mean that we wrote it.
        #[test]
        fn no_bytes_behind_right_digests_make_the_parsers_panic(
            rest: Vec<u8>, head_len in 0u64..200, tags in proptest::collection::vec(any::<u64>(), 0..5),
        ) {
            let key = Key::of("picture");
            let mut file = file(&key, &response("picture", &tags, 1, Bytes::new())).to_vec();
            let front_len = FIXED + number(&file, 12..16) as usize * TAG;
            file.truncate(front_len);
            file[48..56].copy_from_slice(&head_len.to_le_bytes());
            file[56..64].copy_from_slice(&(rest.len() as u64).saturating_sub(head_len).to_le_bytes());
            file[64..80].copy_from_slice(&digest(&rest, &[]));
            let front = digest(&file[..80], &file[FIXED..front_len]);
            file[80..96].copy_from_slice(&front);
            file.extend_from_slice(&rest);
            let _ = decode(&Bytes::from(file), &key);
        }

        #[test]
        fn a_file_is_no_longer_than_what_its_response_counts_for(
            key_text in "\\PC{0,300}", body in 0usize..2000, tags in proptest::collection::vec(any::<u64>(), 0..256),
        ) {
            let key = Key::of(&key_text);
            let response = response(&key_text, &tags, u64::MAX, Bytes::from(vec![7; body]));
            let file = file(&key, &response);
            prop_assert!(file.len() as u64 <= response.bytes());
            prop_assert_eq!(decode(&file, &key).unwrap().key_text, key_text);
        }
    }
}
