//! The part of an entry that changes while its body stays: what an upstream says of it, and since when it is fresh.
//!
//! ```text
//!  0  count              u64     of the heads written into this file before
//!  8  as-of: log         u64
//! 16  as-of: position    u64
//! 24  length of the head u32
//! 28  digest of the front's digest, 0..28 and the head   16 bytes
//! 44  head               postcard
//! ```
//!
//! The slot with the highest count whose digest is right holds the head that counts.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use purge_protocol::{AsOf, LogId, Position};
use serde::{Deserialize, Serialize};

use super::file_format::{DIGEST, Digest, Rejected, digest, number};
use crate::stored_response::StoredResponse;

const BEFORE_HEAD: usize = 28 + DIGEST;

/// Room for what a confirmation may add: numbers that have grown, a date that was not there.
const SLACK: usize = 64;

/// A head that expires so little later than the one on disk is not worth a write, in seconds: after a restart its
/// response is validated that much earlier, and that is all. So a lifetime of half a minute costs no write each half
/// minute.
const WORTH_A_WRITE: i64 = 600;

/// How long each of the two slots is in a file that begins with a head of this length.
pub(super) fn slot_len(head_len: usize) -> usize {
    BEFORE_HEAD + head_len + SLACK
}

/// Heads go into the two slots by turns.
pub(super) fn place(count: u64) -> usize {
    usize::from(count % 2 == 1)
}

/// The bytes of a slot, up to the end of its head.
pub(super) fn slot(front: &Digest, count: u64, as_of: AsOf, head: &[u8]) -> Vec<u8> {
    let mut slot = Vec::with_capacity(BEFORE_HEAD + head.len());
    slot.extend_from_slice(&count.to_le_bytes());
    slot.extend_from_slice(&as_of.log.0.to_le_bytes());
    slot.extend_from_slice(&as_of.position.get().to_le_bytes());
    slot.extend_from_slice(&(head.len() as u32).to_le_bytes());
    let own = digest(&[front, &slot, head]);
    slot.extend_from_slice(&own);
    slot.extend_from_slice(head);
    slot
}

/// What a slot says before its head.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub count: u64,
    pub as_of: AsOf,
    head_len: usize,
}

impl Slot {
    /// Of the two slots, the one that was written last and is whole.
    pub fn latest(front: &Digest, slots: &[u8], slot_len: usize) -> Option<Self> {
        let whole = |place: usize| {
            let slot = Self::read(front, slots.get(place * slot_len..(place + 1) * slot_len)?)?;
            // Where it does not belong, nobody has put it.
            (self::place(slot.count) == place && slot.count < u64::MAX).then_some(slot)
        };
        [whole(0), whole(1)].into_iter().flatten().max_by_key(|slot| slot.count)
    }

    fn read(front: &Digest, slot: &[u8]) -> Option<Self> {
        let (before, rest) = slot.split_at_checked(BEFORE_HEAD)?;
        let head_len = number(before, 24..28) as usize;
        let head = rest.get(..head_len)?;
        if digest(&[front, &before[..28], head]) != before[28..] {
            return None;
        }
        let as_of =
            AsOf { log: LogId(number(before, 8..16)), position: Position::new(number(before, 16..24)) };
        Some(Self { count: number(before, 0..8), as_of, head_len })
    }

    /// The bytes of its head, among both slots.
    pub fn head_in<'a>(&self, slots: &'a [u8], slot_len: usize) -> Option<&'a [u8]> {
        let at = place(self.count) * slot_len + BEFORE_HEAD;
        slots.get(at..at + self.head_len)
    }
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
#[derive(Debug, Deserialize)]
pub(super) struct Head<'a> {
    pub key_text: String,
    status: u16,
    #[serde(borrow)]
    headers: Vec<(&'a str, &'a [u8])>,
    pub varied_on: Vec<(String, Option<String>)>,
    pub stored_at: u64,
    pub initial_age: u32,
    pub lifetime: u32,
    pub stale_if_error: u32,
    pub stale_while_revalidate: u32,
}

pub(super) fn encode(response: &StoredResponse) -> Result<Vec<u8>, postcard::Error> {
    postcard::to_stdvec(&HeadToWrite {
        key_text: &response.key_text,
        status: response.status.as_u16(),
        headers: fields(&response.headers).collect(),
        varied_on: &response.varied_on,
        stored_at: response.stored_at,
        initial_age: response.initial_age,
        lifetime: response.lifetime,
        stale_if_error: response.stale_if_error,
        stale_while_revalidate: response.stale_while_revalidate,
    })
}

fn fields(headers: &HeaderMap) -> impl Iterator<Item = (&str, &[u8])> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()))
}

impl<'a> Head<'a> {
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Rejected> {
        match postcard::take_from_bytes(bytes) {
            Ok((head, [])) => Ok(head),
            _ => Err(Rejected::Head),
        }
    }

    pub fn status(&self) -> Result<StatusCode, Rejected> {
        StatusCode::from_u16(self.status).map_err(|_| Rejected::Head)
    }

    pub fn headers(&self) -> Result<HeaderMap, Rejected> {
        let mut headers = HeaderMap::with_capacity(self.headers.len().min(64));
        for (name, value) in &self.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| Rejected::Head)?;
            let value = HeaderValue::from_bytes(value).map_err(|_| Rejected::Head)?;
            headers.try_append(name, value).map_err(|_| Rejected::Head)?;
        }
        Ok(headers)
    }

    /// Whether this head, on disk, may stand for the one of this response: it says the same, and expires a little
    /// earlier at most. Never later: an upstream may have shortened a lifetime.
    ///
    /// Its as-of may be lower, too. Then a fence may reach the copy on disk that the one in memory has outlived; it
    /// is swept, and written again when it is confirmed the next time.
    pub fn will_do_for(&self, response: &StoredResponse) -> bool {
        let gain = expires(response.stored_at, response.initial_age, response.lifetime)
            - expires(self.stored_at, self.initial_age, self.lifetime);
        (0..WORTH_A_WRITE).contains(&gain)
            && self.key_text == response.key_text
            && self.status == response.status.as_u16()
            && self.varied_on == response.varied_on
            && self.stale_if_error == response.stale_if_error
            && self.stale_while_revalidate == response.stale_while_revalidate
            && timeless(self.headers.iter().copied()) == timeless(fields(&response.headers))
    }
}

/// Unix seconds.
fn expires(stored_at: u64, initial_age: u32, lifetime: u32) -> i64 {
    let stored_at = i64::try_from(stored_at / 1000).unwrap_or(i64::MAX / 2);
    stored_at - i64::from(initial_age) + i64::from(lifetime)
}

/// The fields that do not change by themselves as time goes by. Those of one name stay in their order.
fn timeless<'a>(fields: impl Iterator<Item = (&'a str, &'a [u8])>) -> Vec<(&'a str, &'a [u8])> {
    let clocks = [header::DATE, header::AGE, header::EXPIRES];
    let mut fields: Vec<_> =
        fields.filter(|(name, _)| clocks.iter().all(|clock| clock.as_str() != *name)).collect();
    fields.sort_by_key(|(name, _)| *name);
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stored_response::tests::response;
    use bytes::Bytes;

    #[test]
    fn a_head_on_disk_will_do_while_only_a_little_time_has_passed() {
        let on_disk = response("picture", &[1], 1, Bytes::new());
        let bytes = encode(&on_disk).unwrap();
        let head = Head::decode(&bytes).unwrap();
        let confirmed = |later: u64, change: fn(&mut StoredResponse)| {
            let mut confirmed = response("picture", &[1], 9, Bytes::new());
            confirmed.stored_at += later * 1000;
            change(&mut confirmed);
            confirmed
        };
        for (later, change, expected, why) in [
            (0, (|_| ()) as fn(&mut StoredResponse), true, "the same"),
            (599, |_| (), true, "a little later"),
            (600, |_| (), false, "so much later that it is worth a write"),
            (30, |new| _ = new.headers.insert("date", "now".parse().unwrap()), true, "another date"),
            (30, |new| _ = new.headers.insert("etag", "other".parse().unwrap()), false, "another field"),
            (30, |new| _ = new.headers.remove("vary"), false, "a field less"),
            (30, |new| new.lifetime = 10, false, "a shorter lifetime"),
            (30, |new| new.stale_if_error = 0, false, "no longer stale on error"),
            (30, |new| new.status = StatusCode::NOT_FOUND, false, "another status"),
            (30, |new| new.varied_on.clear(), false, "selected otherwise"),
        ] {
            assert_eq!(head.will_do_for(&confirmed(later, change)), expected, "{why}");
        }
    }

    #[test]
    fn hostile_times_do_not_overflow() {
        for (stored_at, initial_age, lifetime) in [(u64::MAX, 0, u32::MAX), (0, u32::MAX, 0)] {
            let mut hostile = response("picture", &[1], 1, Bytes::new());
            (hostile.stored_at, hostile.initial_age, hostile.lifetime) = (stored_at, initial_age, lifetime);
            let bytes = encode(&response("picture", &[1], 1, Bytes::new())).unwrap();
            assert!(!Head::decode(&bytes).unwrap().will_do_for(&hostile));
        }
    }
}
