//! How a stored response is laid out in a file.
//!
//! ```text
//!  0  magic              8 bytes
//!  8  version            u32     all numbers little-endian
//! 12  number of tags     u32
//! 16  key               16 bytes
//! 32  digest of the body 16 bytes
//! 48  length of the body u64
//! 56  length of a slot   u32
//! 60  digest of 0..60 and tags   16 bytes
//! 76  tags               u64 each
//!     two slots          each with room for a head ([`super::head`])
//!     body
//! ```
//!
//! The body and its tags never change; what an upstream says when it confirms them, and from when they are fresh again,
//! does. So the head is there twice: a new one goes into the slot that holds the older one, in place, and the slot that
//! holds the latest is left alone. Whoever is killed while he writes leaves one whole head.
//!
//! The front (all before the body) has its own digests, so that the index is rebuilt, and entries are swept and erased
//! by their tags, without reading the rest. No file is synced to the disk: after a power cut a file may be torn or
//! full of zeros, and the digests tell.

use bytes::Bytes;
use purge_protocol::{AsOf, CheckedAt, Tag, Tags};

use super::head::{self, Head, Slot};
use crate::key::Key;
use crate::stored_response::StoredResponse;

const MAGIC: [u8; 8] = *b"PNTMNTO\n";
/// Raised with every change of the layout; files of another version are removed, not read.
const VERSION: u32 = 2;
const FIXED: usize = 76;
const TAG: usize = 8;
pub(super) const DIGEST: usize = 16;
pub(super) type Digest = [u8; DIGEST];

/// What a file says before its body.
#[derive(Debug)]
pub(super) struct Front {
    pub tags: Tags,
    body_len: u64,
    body_digest: Digest,
    body_at: usize,
    /// Binds the slots to this file.
    digest: Digest,
    slot_len: usize,
    slots_at: usize,
    latest: Slot,
}

/// A head that is to be written into a file that is there.
#[derive(Debug)]
pub(super) struct Renewal {
    pub at: u64,
    pub bytes: Vec<u8>,
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

/// All before the body; the body follows as it is.
pub(super) fn encode(key: &Key, response: &StoredResponse) -> Result<Vec<u8>, postcard::Error> {
    let tags: Vec<Tag> = response.tags.iter().collect();
    let slots_at = FIXED + tags.len() * TAG;
    let head = head::encode(response)?;
    let slot_len = head::slot_len(head.len());

    let mut file = vec![0; slots_at + 2 * slot_len];
    file[0..8].copy_from_slice(&MAGIC);
    file[8..12].copy_from_slice(&VERSION.to_le_bytes());
    file[12..16].copy_from_slice(&(tags.len() as u32).to_le_bytes());
    file[16..32].copy_from_slice(&key.0);
    file[32..48].copy_from_slice(&digest(&[&response.body]));
    file[48..56].copy_from_slice(&(response.body.len() as u64).to_le_bytes());
    file[56..60].copy_from_slice(&(slot_len as u32).to_le_bytes());
    for (place, tag) in file[FIXED..slots_at].chunks_exact_mut(TAG).zip(&tags) {
        place.copy_from_slice(&tag.0.to_le_bytes());
    }
    let front = digest(&[&file[..60], &file[FIXED..slots_at]]);
    file[60..76].copy_from_slice(&front);
    let slot = head::slot(&front, 0, response.as_of, &head);
    file[slots_at..slots_at + slot.len()].copy_from_slice(&slot);
    Ok(file)
}

/// How long the front of a file is that begins so; at least as much of it has to be there for [`read_front`].
pub(super) fn front_len(start: &[u8]) -> Result<usize, Rejected> {
    let fixed: &[u8; FIXED] = start.first_chunk().ok_or(Rejected::Length)?;
    if fixed[0..8] != MAGIC || number(fixed, 8..12) != u64::from(VERSION) {
        return Err(Rejected::Foreign);
    }
    let tags = number(fixed, 12..16) as usize;
    if tags > Tags::MAX {
        return Err(Rejected::Foreign);
    }
    let slots = (number(fixed, 56..60) as usize).checked_mul(2).ok_or(Rejected::Length)?;
    slots.checked_add(FIXED + tags * TAG).ok_or(Rejected::Length)
}

/// Reads the front from the first bytes of a file of `file_len` bytes: all of them, or at least its [`front_len`].
pub(super) fn read_front(start: &[u8], file_len: u64, key: &Key) -> Result<Front, Rejected> {
    let body_at = front_len(start)?;
    let start = start.get(..body_at).ok_or(Rejected::Length)?;
    let slot_len = number(start, 56..60) as usize;
    let slots_at = body_at - 2 * slot_len;
    let (tags, slots) = (&start[FIXED..slots_at], &start[slots_at..]);
    let own_digest = digest(&[&start[..60], tags]);
    if own_digest != start[60..76] {
        return Err(Rejected::Digest);
    }
    if start[16..32] != key.0 {
        return Err(Rejected::OtherKey);
    }
    let body_len = number(start, 48..56);
    if body_len.checked_add(body_at as u64) != Some(file_len) {
        return Err(Rejected::Length);
    }
    let mut body_digest = [0; DIGEST];
    body_digest.copy_from_slice(&start[32..48]);
    let tags = tags.chunks_exact(TAG).map(|tag| Tag(number(tag, 0..TAG))).collect();
    Ok(Front {
        tags: Tags::new(tags).map_err(|_| Rejected::Foreign)?,
        body_len,
        body_digest,
        body_at,
        digest: own_digest,
        slot_len,
        slots_at,
        latest: Slot::latest(&own_digest, slots, slot_len).ok_or(Rejected::Digest)?,
    })
}

impl Front {
    pub fn as_of(&self) -> AsOf {
        self.latest.as_of
    }

    /// Whether it is the front of these tags and this body, so that a head is all that may differ.
    pub fn is_of(&self, response: &StoredResponse) -> bool {
        self.tags == response.tags
            && self.body_len == response.body.len() as u64
            && self.body_digest == digest(&[&response.body])
    }

    /// The latest head, from the bytes that this front was read from.
    pub fn head<'a>(&self, start: &'a [u8]) -> Result<Head<'a>, Rejected> {
        let slots = start.get(self.slots_at..).ok_or(Rejected::Length)?;
        Head::decode(self.latest.head_in(slots, self.slot_len).ok_or(Rejected::Length)?)
    }

    /// What makes this response's head the file's latest; none if the slots are too small for it.
    pub fn renewal(&self, response: &StoredResponse) -> Result<Option<Renewal>, postcard::Error> {
        let count = self.latest.count + 1;
        let bytes = head::slot(&self.digest, count, response.as_of, &head::encode(response)?);
        let at = self.slots_at + head::place(count) * self.slot_len;
        Ok((bytes.len() <= self.slot_len).then_some(Renewal { at: at as u64, bytes }))
    }
}

/// Whether a body was compared with its digest before, in this process; once is enough, as for what is in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    Unverified,
    Verified,
}

/// Reads a whole file.
pub(super) fn decode(file: &Bytes, key: &Key, known: Body) -> Result<StoredResponse, Rejected> {
    let front = read_front(file, file.len() as u64, key)?;
    let body = file.slice(front.body_at..);
    if known == Body::Unverified && digest(&[&body]) != front.body_digest {
        return Err(Rejected::Digest);
    }
    let head = front.head(file)?;
    Ok(StoredResponse {
        status: head.status()?,
        headers: head.headers()?,
        key_text: head.key_text,
        body,
        tags: front.tags,
        as_of: front.latest.as_of,
        varied_on: head.varied_on,
        stored_at: head.stored_at,
        initial_age: head.initial_age,
        lifetime: head.lifetime,
        stale_if_error: head.stale_if_error,
        stale_while_revalidate: head.stale_while_revalidate,
        checked: CheckedAt::default(),
        heat: Default::default(),
    })
}

/// Little-endian, of at most eight bytes.
pub(super) fn number(bytes: &[u8], at: std::ops::Range<usize>) -> u64 {
    bytes[at].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

pub(super) fn digest(parts: &[&[u8]]) -> Digest {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part);
    }
    let mut digest = [0; DIGEST];
    digest.copy_from_slice(&hasher.finalize().as_bytes()[..DIGEST]);
    digest
}

#[cfg(test)]
mod tests {
    use super::{decode as decode_known, *};
    use crate::stored_response::tests::{as_of, response};
    use proptest::prelude::*;

    fn decode(file: &Bytes, key: &Key) -> Result<StoredResponse, Rejected> {
        decode_known(file, key, Body::Unverified)
    }

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
                heat: Heat(
                    0,
                ),
            }
        "#]]
        .assert_debug_eq(&read);
    }

    #[test]
    fn the_front_is_read_without_the_rest() {
        let (key, file) = example();
        let start = &file[..front_len(&file[..FIXED]).unwrap()];
        let front = read_front(start, file.len() as u64, &key).unwrap();
        assert_eq!((front.as_of(), front.tags.iter().count()), (as_of(1, 42), 3));
        assert_eq!(front.head(start).unwrap().key_text, "picture");
        assert!(read_front(&start[..start.len() - 1], file.len() as u64, &key).is_err());
    }

    fn renewed(file: &Bytes, key: &Key, response: &StoredResponse) -> Bytes {
        let front = read_front(file, file.len() as u64, key).unwrap();
        let renewal = front.renewal(response).unwrap().expect("it fits");
        let mut file = file.to_vec();
        let at = renewal.at as usize;
        file[at..at + renewal.bytes.len()].copy_from_slice(&renewal.bytes);
        Bytes::from(file)
    }

    #[test]
    fn a_head_is_renewed_in_place_again_and_again() {
        let (key, mut file) = example();
        let len = file.len();
        for position in 43..60 {
            let confirmed = StoredResponse {
                lifetime: position as u32,
                ..response("picture", &[3, 1, 2], position, Bytes::from_static(b"pixels"))
            };
            assert!(read_front(&file, len as u64, &key).unwrap().is_of(&confirmed));
            file = renewed(&file, &key, &confirmed);
            let read = decode(&file, &key).unwrap();
            assert_eq!((read.as_of, read.lifetime), (as_of(1, position), position as u32));
        }
        assert_eq!(file.len(), len);
    }

    #[test]
    fn another_body_or_other_tags_are_not_a_matter_of_the_head() {
        let (key, file) = example();
        let front = read_front(&file, file.len() as u64, &key).unwrap();
        for other in [
            response("picture", &[3, 1], 43, Bytes::from_static(b"pixels")),
            response("picture", &[3, 1, 2], 43, Bytes::from_static(b"pixel!")),
            response("picture", &[3, 1, 2], 43, Bytes::from_static(b"more pixels")),
        ] {
            assert!(!front.is_of(&other));
        }
    }

    #[test]
    fn a_head_that_has_grown_too_much_does_not_fit() {
        let (key, file) = example();
        let front = read_front(&file, file.len() as u64, &key).unwrap();
        let longer = |by: usize| {
            let mut longer = response("picture", &[3, 1, 2], 43, Bytes::from_static(b"pixels"));
            longer.headers.insert("etag", http::HeaderValue::from_str(&"e".repeat(by)).unwrap());
            front.renewal(&longer).unwrap()
        };
        assert!(longer(20).is_some());
        assert!(longer(1000).is_none());
    }

    #[test]
    fn a_renewal_torn_anywhere_leaves_the_head_from_before_or_the_new_one() {
        let (key, file) = example();
        let first = response("picture", &[3, 1, 2], 43, Bytes::from_static(b"pixels"));
        let second = response("picture", &[3, 1, 2], 44, Bytes::from_static(b"pixels"));
        let before = renewed(&file, &key, &first);
        let after = renewed(&before, &key, &second);
        let mut whole = 0;
        for torn_at in 0..=after.len() {
            // Some of it is written, the rest is as it was.
            for torn in [
                [&after[..torn_at], &before[torn_at..]].concat(),
                [&before[..torn_at], &after[torn_at..]].concat(),
            ] {
                let read = decode(&Bytes::from(torn), &key).unwrap();
                assert!([as_of(1, 43), as_of(1, 44)].contains(&read.as_of), "torn at {torn_at}");
                whole += usize::from(read.as_of == as_of(1, 44));
            }
        }
        assert!(whole > 2, "and the new one counts once it is whole");
    }

    #[test]
    fn a_file_cut_anywhere_is_rejected() {
        let (key, file) = example();
        for len in 0..file.len() {
            assert!(decode(&file.slice(..len), &key).is_err(), "cut at {len}");
        }
    }

    #[test]
    fn a_file_with_any_bit_changed_is_rejected_or_reads_as_it_was_once() {
        let (key, file) = example();
        let confirmed = response("picture", &[3, 1, 2], 43, Bytes::from_static(b"pixels"));
        let file = renewed(&file, &key, &confirmed);
        let mut rejected = 0;
        for at in 0..file.len() {
            for bit in 0..8 {
                let mut changed = file.to_vec();
                changed[at] ^= 1 << bit;
                match decode(&Bytes::from(changed), &key) {
                    Err(_) => rejected += 1,
                    Ok(read) => {
                        assert!([as_of(1, 42), as_of(1, 43)].contains(&read.as_of), "bit {bit} of byte {at}");
                        assert_eq!(
                            (&read.body[..], read.headers),
                            (&b"pixels"[..], confirmed.headers.clone())
                        );
                    }
                }
            }
        }
        assert!(rejected >= 8 * (FIXED + 3 * TAG + b"pixels".len()), "all but the slots: {rejected}");
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
    fn a_response_of_the_most_tags_reads_back() {
        let tags: Vec<u64> = (0..Tags::MAX as u64).collect();
        let key = Key::of("picture");
        let file = file(&key, &response("picture", &tags, 1, Bytes::new()));
        assert_eq!(decode(&file, &key).unwrap().tags.iter().count(), Tags::MAX);
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
            head: Vec<u8>, count: u64, slot_len in 0u32..200, body: Vec<u8>,
            tags in proptest::collection::vec(any::<u64>(), 0..5),
        ) {
            let key = Key::of("picture");
            let whole = file(&key, &response("picture", &tags, 1, Bytes::new()));
            let mut file = whole[..FIXED + number(&whole, 12..16) as usize * TAG].to_vec();
            file[32..48].copy_from_slice(&digest(&[&body]));
            file[48..56].copy_from_slice(&(body.len() as u64).to_le_bytes());
            file[56..60].copy_from_slice(&slot_len.to_le_bytes());
            let front = digest(&[&file[..60], &file[FIXED..]]);
            file[60..76].copy_from_slice(&front);
            let mut slots = head::slot(&front, count, as_of(1, 1), &head);
            slots.resize(2 * slot_len as usize, 0);
            file.extend_from_slice(&slots);
            file.extend_from_slice(&body);
            let _ = decode(&Bytes::from(file.clone()), &key);
            if let Ok(front) = read_front(&file, file.len() as u64, &key) {
                let _ = front.renewal(&response("picture", &tags, 2, Bytes::new()));
            }
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
