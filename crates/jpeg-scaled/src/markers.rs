//! Markers and their segments (T.81, annex B.1).

use crate::error::DecodeError;

pub(crate) const END_OF_IMAGE: u8 = 0xd9;
pub(crate) const START_OF_SCAN: u8 = 0xda;

/// A marker with what stands in its segment, its length field apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Marker<'a> {
    pub code: u8,
    pub content: &'a [u8],
}

/// Goes through a file from marker to marker. What lies between a segment and the next marker is passed over.
#[derive(Debug, Clone)]
pub(crate) struct Markers<'a> {
    file: &'a [u8],
    position: usize,
}

impl<'a> Markers<'a> {
    pub fn new(file: &'a [u8]) -> Result<Markers<'a>, DecodeError> {
        match file {
            [0xff, 0xd8, ..] => Ok(Markers { file, position: 2 }),
            [] | [0xff] => Err(DecodeError::Truncated),
            _ => Err(DecodeError::Corrupt { why: "it does not begin as a JPEG" }),
        }
    }

    pub fn next(&mut self) -> Result<Marker<'a>, DecodeError> {
        loop {
            self.position = next_marker(self.file, self.position).ok_or(DecodeError::Truncated)?;
            let code = self.file[self.position + 1];
            self.position += 2;
            // Restarts that nobody waits for, and others that stand alone (T.81, table B.1).
            if matches!(code, 0x01 | 0xd0..=0xd8) {
                continue;
            }
            if code == END_OF_IMAGE {
                return Ok(Marker { code, content: &[] });
            }
            let rest = &self.file[self.position..];
            let length = usize::from(number(rest, 0).ok_or(DecodeError::Truncated)?);
            if length < 2 {
                return Err(DecodeError::Corrupt { why: "a segment is shorter than its own length" });
            }
            let content = rest.get(2..length).ok_or(DecodeError::Truncated)?;
            self.position += length;
            return Ok(Marker { code, content });
        }
    }

    /// What follows the segment just read: the entropy-coded data of a scan.
    pub fn rest(&self) -> (&'a [u8], usize) {
        (self.file, self.position)
    }

    /// Goes on from there.
    pub fn go_on_at(&mut self, position: usize) {
        self.position = position;
    }
}

/// Where the next marker begins: the last of its 0xff, followed by neither a stuffed zero nor another one.
pub(crate) fn next_marker(file: &[u8], mut position: usize) -> Option<usize> {
    loop {
        position += memchr::memchr(0xff, file.get(position..)?)?;
        match file.get(position + 1)? {
            0 => position += 2,
            0xff => position += 1,
            _ => return Some(position),
        }
    }
}

/// The two bytes there, the higher first.
pub(crate) fn number(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u16::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fill_bytes_stuffing_and_lone_markers_are_passed_over() {
        let file = b"\xff\xd8\xff\xff\xd3\xff\0\xff\xff\xdd\0\x04\0\x07junk\xff\xd9\xff";
        let mut markers = Markers::new(file).unwrap();
        assert_eq!(markers.next(), Ok(Marker { code: 0xdd, content: &[0, 7] }));
        assert_eq!(markers.next(), Ok(Marker { code: END_OF_IMAGE, content: &[] }));
        assert_eq!(markers.next(), Err(DecodeError::Truncated));
    }

    #[test]
    fn a_segment_may_not_end_after_the_file_nor_before_it_began() {
        for (file, expected) in [
            (&b"\xff\xd8\xff\xdb\0\x05\0\0"[..], DecodeError::Truncated),
            (b"\xff\xd8\xff\xdb\0", DecodeError::Truncated),
            (
                b"\xff\xd8\xff\xdb\0\x01\0\0",
                DecodeError::Corrupt { why: "a segment is shorter than its own length" },
            ),
        ] {
            assert_eq!(Markers::new(file).unwrap().next(), Err(expected));
        }
    }
}
