//! How much the streams of a document come to when they are unpacked.

use std::io::{self, Read};

use flate2::read::{DeflateDecoder, ZlibDecoder};

use super::unsupported;
use crate::error::TransformError;
use crate::limits::Deadline;

/// The bytes that one of them may come to: a picture of forty megapixels in three colours.
const UNPACKED_MAX: usize = 128 << 20;

/// Deflate makes at most this many bytes of one: 258 of two bits (RFC 1951 §3.2.5).
const DEFLATED_MOST: usize = 1032;

const KEYWORD: &[u8] = b"stream";

/// Refuses what unpacks to more than there is room for, wherever in a document that is: the table of its objects is unpacked
/// before anything is known of a page.
pub(super) fn check(original: &[u8], deadline: &Deadline) -> Result<(), TransformError> {
    if original.len() <= UNPACKED_MAX / DEFLATED_MOST {
        return Ok(());
    }
    for at in memchr::memmem::find_iter(original, KEYWORD) {
        deadline.check()?;
        if original[..at].ends_with(b"end") {
            continue;
        }
        // The keyword ends with its line (ISO 32000-2 §7.3.8.1).
        let data = &original[at + KEYWORD.len()..];
        let data = data.strip_prefix(b"\r").unwrap_or(data);
        let data = data.strip_prefix(b"\n").unwrap_or(data);
        if exceeds(ZlibDecoder::new(data)) || exceeds(DeflateDecoder::new(data)) {
            return Err(unsupported(format!("streams of more than {UNPACKED_MAX} bytes")));
        }
    }
    Ok(())
}

/// What is packed in another way, or damaged, comes to what it comes to before that shows.
fn exceeds(unpacked: impl Read) -> bool {
    let mut unpacked = unpacked.take(UNPACKED_MAX as u64 + 1);
    io::copy(&mut unpacked, &mut io::sink()).is_ok_and(|bytes| bytes > UNPACKED_MAX as u64)
}
