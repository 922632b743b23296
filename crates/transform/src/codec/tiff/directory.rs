//! The directory of a TIFF's first page: what stands under which tag (TIFF 6.0 §2; BigTIFF has wider numbers).

use super::corrupt;
use crate::error::TransformError;
use crate::sniff::InputFormat;

/// What is looked at: no writer needs a hundred.
const ENTRIES_MAX: u64 = 1000;

/// Of one value, in bytes; the largest are profiles, and where each strip is.
const VALUE_MAX: usize = 4 << 20;

/// Whole numbers of one, two, four and eight bytes, and the names of the latter two where they are places in the file.
const BYTE: u64 = 1;
const SHORT: u64 = 3;
const LONG: u64 = 4;
const UNDEFINED: u64 = 7;
const IFD: u64 = 13;
const LONG8: u64 = 16;
const IFD8: u64 = 18;

pub(super) struct Directory<'a> {
    file: &'a [u8],
    little: bool,
    big: bool,
    /// Where its entries begin, and how many there are.
    first: usize,
    count: usize,
}

impl<'a> Directory<'a> {
    pub fn of(file: &'a [u8]) -> Result<Directory<'a>, TransformError> {
        let truncated = TransformError::Truncated { format: InputFormat::Tiff };
        let directory = Directory { file, little: file.starts_with(b"II"), big: false, first: 0, count: 0 };
        let big = directory.number_at(2, 2) == Some(43);
        let (pointer, width, counted) = if big { (8, 8, 8) } else { (4, 4, 2) };
        let at = directory.number_at(pointer, width).ok_or(truncated.clone())?;
        let at = usize::try_from(at).map_err(|_| truncated.clone())?;
        let count = directory.number_at(at, counted).ok_or(truncated)?;
        if count == 0 {
            return Err(corrupt("its directory is empty"));
        }
        Ok(Directory { big, first: at + counted, count: count.min(ENTRIES_MAX) as usize, ..directory })
    }

    pub fn is_little(&self) -> bool {
        self.little
    }

    pub fn file(&self) -> &'a [u8] {
        self.file
    }

    fn number_at(&self, at: usize, length: usize) -> Option<u64> {
        let bytes = self.file.get(at..at.checked_add(length)?)?;
        let add = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        Some(if self.little { bytes.iter().rev().fold(0, add) } else { bytes.iter().fold(0, add) })
    }

    /// The kind of a tag's value, and where that is; short ones stand in the entry itself.
    fn value(&self, tag: u64) -> Option<(u64, &'a [u8])> {
        let (entry, counted, room) = if self.big { (20, 8, 8) } else { (12, 4, 4) };
        let at = (0..self.count)
            .filter_map(|index| self.first.checked_add(index * entry))
            .find(|at| self.number_at(*at, 2) == Some(tag))?;
        let kind = self.number_at(at + 2, 2)?;
        let width = match kind {
            SHORT => 2,
            LONG | IFD => 4,
            LONG8 | IFD8 => 8,
            _ => 1,
        };
        let length = usize::try_from(self.number_at(at + 4, counted)?).ok()?.checked_mul(width)?;
        let inside = at + 4 + counted;
        let start = match length <= room {
            true => inside,
            false => usize::try_from(self.number_at(inside, room)?).ok()?,
        };
        let value = self.file.get(start..start.checked_add(length)?)?;
        (length <= VALUE_MAX).then_some((kind, value))
    }

    pub fn numbers(&self, tag: u64) -> Option<Vec<u64>> {
        let (kind, value) = self.value(tag)?;
        let width = match kind {
            BYTE => 1,
            SHORT => 2,
            LONG | IFD => 4,
            LONG8 | IFD8 => 8,
            _ => return None,
        };
        let add = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        let number = |bytes: &[u8]| match self.little {
            true => bytes.iter().rev().fold(0, add),
            false => bytes.iter().fold(0, add),
        };
        Some(value.chunks_exact(width).map(number).collect())
    }

    /// The only number, or the first of several.
    pub fn number(&self, tag: u64) -> Option<u64> {
        self.numbers(tag)?.first().copied()
    }

    pub fn bytes(&self, tag: u64) -> Option<&'a [u8]> {
        self.value(tag).filter(|(kind, _)| matches!(*kind, BYTE | UNDEFINED)).map(|(_, bytes)| bytes)
    }
}
