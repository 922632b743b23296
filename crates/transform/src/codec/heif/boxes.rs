//! Boxes, and the numbers in them: what a file of ISO/IEC 14496-12 is made of. Safe, bounded by the file, without allocation.

use crate::error::TransformError;
use crate::sniff::InputFormat;

/// Why something of a file cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreadable {
    Truncated,
    Corrupt(&'static str),
    Unsupported(&'static str),
}

impl Unreadable {
    /// Of a file in this format.
    pub fn of(self, format: InputFormat) -> TransformError {
        match self {
            Unreadable::Truncated => TransformError::Truncated { format },
            Unreadable::Corrupt(why) => TransformError::corrupt(format, why),
            Unreadable::Unsupported(what) => TransformError::unsupported(format, what),
        }
    }
}

pub(crate) type Result<T> = std::result::Result<T, Unreadable>;
pub(crate) type Kind = [u8; 4];

/// Version and content of a box that has them (14496-12 §4.2.2).
pub(crate) fn full_box(content: &[u8]) -> Result<(u8, &[u8])> {
    let mut bytes = Bytes(content);
    let version = bytes.u8()?;
    bytes.take(3)?;
    Ok((version, bytes.0))
}

/// A run of boxes.
pub(crate) struct Boxes<'a>(pub &'a [u8]);

impl<'a> Boxes<'a> {
    pub fn next(&mut self) -> Result<Option<(Kind, &'a [u8])>> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let whole = self.0.len();
        let mut bytes = Bytes(self.0);
        let short_length = bytes.u32()?;
        let kind = bytes.kind()?;
        let length = match short_length {
            0 => whole,
            1 => usize::try_from(bytes.u64()?).map_err(|_| Unreadable::Truncated)?,
            length => length as usize,
        };
        let header = whole - bytes.0.len();
        let content =
            length.checked_sub(header).ok_or(Unreadable::Corrupt("a box is shorter than its header"))?;
        let content = bytes.take(content)?;
        self.0 = bytes.0;
        Ok(Some((kind, content)))
    }

    pub fn find(mut self, wanted: impl Fn(&(Kind, &'a [u8])) -> bool) -> Result<Option<&'a [u8]>> {
        while let Some(found) = self.next()? {
            if wanted(&found) {
                return Ok(Some(found.1));
            }
        }
        Ok(None)
    }
}

/// Big-endian numbers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    pub fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Unreadable::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    /// An unsigned number of up to eight bytes; of none, zero.
    pub fn sized(&mut self, length: usize) -> Result<u64> {
        if length > 8 {
            return Err(Unreadable::Corrupt("a number has more than eight bytes"));
        }
        Ok(self.take(length)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    pub fn u8(&mut self) -> Result<u8> {
        Ok(self.sized(1)? as u8)
    }

    pub fn u16(&mut self) -> Result<u16> {
        Ok(self.sized(2)? as u16)
    }

    pub fn u32(&mut self) -> Result<u32> {
        Ok(self.sized(4)? as u32)
    }

    pub fn u64(&mut self) -> Result<u64> {
        self.sized(8)
    }

    /// An item's number or a count of items, which newer versions of a box store in four bytes.
    pub fn id(&mut self, wide: bool) -> Result<u32> {
        if wide { self.u32() } else { self.u16().map(u32::from) }
    }

    pub fn kind(&mut self) -> Result<Kind> {
        let mut kind = Kind::default();
        kind.copy_from_slice(self.take(4)?);
        Ok(kind)
    }
}

#[cfg(test)]
pub(crate) fn make_box(kind: &Kind, content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    [&(content.len() as u32 + 8).to_be_bytes()[..], kind, &content].concat()
}
