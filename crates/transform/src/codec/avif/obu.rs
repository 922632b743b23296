//! A look over the units of an AV1 stream before a decoder sees it (AV1 specification §5.3, §5.5).

use crate::codec::heif::boxes::Unreadable;

const SEQUENCE_HEADER: u8 = 1;
const FRAME_HEADER: u8 = 3;
const TILE_GROUP: u8 = 4;
const FRAME: u8 = 6;
const REDUNDANT_FRAME_HEADER: u8 = 7;

/// What an encoder puts before each picture, of no length.
pub(super) const TEMPORAL_DELIMITER: [u8; 2] = [2 << 3 | 2, 0];

/// A picture in layers has up to four spatial ones (AV1 specification §5.5.1: two bits).
const MOST_FRAMES: u32 = 4;

/// Of those that move, one comes with the hidden frames that later ones build on. Encoders make a handful; there are places
/// for eight.
const MOST_FRAMES_OF_SAMPLE: u32 = 16;

/// An AVIF's pictures hold exactly one sequence header, before all frames (AVIF specification §2.1). Held to that, a
/// stream cannot change its size half way, behind the back of whoever checked it; nor can it hold more work than one
/// picture is. Gives how many frames that takes.
pub(super) fn check(stream: &[u8]) -> Result<u32, Unreadable> {
    match count(stream, true)? {
        (1, frames @ 1..=MOST_FRAMES) => Ok(frames),
        (1, 0) => Err(Unreadable::Corrupt("it has no frame")),
        (1, _) => Err(Unreadable::Unsupported("a sequence of frames as one picture")),
        _ => Err(Unreadable::Corrupt("it has not exactly one sequence header")),
    }
}

/// One picture of those that move, the `first` of which has to say what they all are; each may say it again
/// (AV1-ISOBMFF §2.4). Whether it has kept its size, whoever has decoded it can see.
pub(super) fn check_sample(stream: &[u8], first: bool) -> Result<(), Unreadable> {
    match count(stream, first)? {
        (0 | 1, 1..=MOST_FRAMES_OF_SAMPLE) => Ok(()),
        (0 | 1, 0) => Err(Unreadable::Corrupt("it has no frame")),
        (0 | 1, _) => Err(Unreadable::Unsupported("so many frames as one picture")),
        _ => Err(Unreadable::Corrupt("one of its frames has more than one sequence header")),
    }
}

/// How many sequence headers and how many frames there are; with `headed`, none of the latter before one of the former.
fn count(mut stream: &[u8], headed: bool) -> Result<(u32, u32), Unreadable> {
    let (mut sequence_headers, mut frames) = (0, 0);
    while let Some((&header, rest)) = stream.split_first() {
        if header & 0x80 != 0 {
            return Err(Unreadable::Corrupt("a forbidden bit is set in its AV1 data"));
        }
        let (kind, extended, sized) = (header >> 3 & 0xf, header & 4 != 0, header & 2 != 0);
        let rest = if extended { rest.get(1..).ok_or(Unreadable::Truncated)? } else { rest };
        // Only the last unit may leave out its size.
        let (size, rest) = if sized { leb128(rest)? } else { (rest.len(), rest) };
        stream = rest.get(size..).ok_or(Unreadable::Truncated)?;
        match kind {
            SEQUENCE_HEADER => sequence_headers += 1,
            FRAME_HEADER | TILE_GROUP | FRAME | REDUNDANT_FRAME_HEADER if headed && sequence_headers == 0 => {
                return Err(Unreadable::Corrupt("a frame precedes the sequence header"));
            }
            FRAME_HEADER | FRAME => frames += 1,
            _ => {}
        }
    }
    Ok((sequence_headers, frames))
}

/// The level and tier that a stream of our own keeps (AV1 specification §5.5.1).
pub(super) fn level(mut stream: &[u8]) -> Option<(u8, bool)> {
    while let [header, rest @ ..] = stream {
        let (size, rest) = leb128(rest).ok()?;
        if header >> 3 & 0xf != SEQUENCE_HEADER {
            stream = rest.get(size..)?;
            continue;
        }
        let bits = u32::from_be_bytes(*rest.first_chunk()?);
        // Profile and still; then reduced, time and delay, none of which we write; how many points of operation there are,
        // and which layers the first has.
        if bits >> 25 & 0b111 != 0 {
            return None;
        }
        let level = (bits >> 3 & 0x1f) as u8;
        let tier = level > 7 && bits >> 2 & 1 == 1;
        return Some((level, tier));
    }
    None
}

/// A number in groups of seven bits, the least first.
fn leb128(bytes: &[u8]) -> Result<(usize, &[u8]), Unreadable> {
    let mut value = 0u64;
    for index in 0..8 {
        let byte = *bytes.get(index).ok_or(Unreadable::Truncated)?;
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let value = usize::try_from(value).map_err(|_| Unreadable::Truncated)?;
            return Ok((value, &bytes[index + 1..]));
        }
    }
    Err(Unreadable::Corrupt("a number in its AV1 data does not end"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Units of these kinds, of one byte each.
    fn stream(kinds: &[u8]) -> Vec<u8> {
        kinds.iter().flat_map(|kind| [kind << 3 | 2, 1, 0]).collect()
    }

    #[test]
    fn a_picture_has_one_sequence_header_and_few_frames_after_it() {
        for (kinds, fine) in [
            (&[2, 1, 6][..], true),
            (&[1, 5, 3, 4, 4], true),
            (&[1, 6, 6, 6, 6], true),
            (&[1, 6, 6, 6, 6, 6], false),
            (&[1, 6, 1], false),
            (&[6, 1, 6], false),
            (&[2, 1], false),
            (&[2], false),
            (&[], false),
        ] {
            assert_eq!(check(&stream(kinds)).is_ok(), fine, "{kinds:?}");
        }
    }

    #[test]
    fn a_frame_of_those_that_move_may_come_without_a_header_and_with_hidden_ones() {
        for (kinds, first, fine) in [
            (&[1, 6][..], true, true),
            (&[6], true, false),
            (&[6], false, true),
            (&[2, 1, 6, 6, 6, 6, 6, 3], false, true),
            (&[6; 16], false, true),
            (&[6; 17], false, false),
            (&[1, 6, 1, 6], false, false),
            (&[1], false, false),
            (&[], false, false),
        ] {
            assert_eq!(check_sample(&stream(kinds), first).is_ok(), fine, "{kinds:?} {first}");
        }
    }

    #[test]
    fn sizes_are_believed_only_as_far_as_there_are_bytes() {
        let whole = stream(&[1, 6]);
        for keep in 1..whole.len() {
            assert!(check(&whole[..keep]).is_err(), "{keep} bytes");
        }
        assert_eq!(
            check(&[1 << 3 | 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
            Err(Unreadable::Truncated)
        );
        assert!(matches!(
            check(&[[1 << 3 | 2].as_slice(), &[0x80; 9]].concat()),
            Err(Unreadable::Corrupt(_))
        ));
    }

    #[test]
    fn a_level_is_read_where_a_stream_of_ours_has_it() {
        // Profile 1, not still; one point of operation for all layers; level 4, or 9 of the high tier.
        for (last, expected) in [(4 << 3, (4, false)), (9 << 3 | 1 << 2, (9, true))] {
            let stream = [2 << 3 | 2, 0, 1 << 3 | 2, 5, 1 << 5, 0, 0, last, 0];
            assert_eq!(level(&stream), Some(expected));
            assert_eq!(level(&stream[..7]), None);
        }
        assert_eq!(level(&[1 << 3 | 2, 4, 1 << 3, 0, 0, 4 << 3]), None);
        assert_eq!(level(&[]), None);
    }

    proptest! {
        #[test]
        fn no_stream_panics(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = check(&bytes);
            let _ = check_sample(&bytes, false);
            let _ = level(&bytes);
        }
    }
}
