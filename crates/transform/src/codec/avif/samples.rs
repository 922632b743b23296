//! Where the samples of a track lie and how long each is shown (ISO/IEC 14496-12 §8.6 and §8.7): read from their tables as
//! they are asked for, so that no table is ever as large as a file says it is.

use crate::codec::heif::boxes::{Boxes, Bytes, Result, Unreadable, full_box};

/// Something of one track to decode, and the ticks of its clock for which it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sample<'a> {
    pub data: &'a [u8],
    pub ticks: u32,
}

/// The samples of one track, in their order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Samples<'a> {
    file: &'a [u8],
    left: u32,
    sizes: Sizes<'a>,
    times: Times<'a>,
    chunks: Chunks<'a>,
    /// Samples may overlap, so that a small file could claim to hold any amount.
    taken: usize,
}

impl<'a> Samples<'a> {
    /// `tables` are the children of an `stbl` box.
    pub fn of(file: &'a [u8], tables: &'a [u8]) -> Result<Samples<'a>> {
        let table = |kind: &[u8; 4]| Boxes(tables).find(|(found, _)| found == kind);
        let missing = Unreadable::Corrupt("a track has no table of its samples");
        let (left, sizes) = Sizes::of(table(b"stsz")?.ok_or(missing)?)?;
        let offsets = match (table(b"stco")?, table(b"co64")?) {
            (Some(offsets), _) => Offsets { bytes: entries(offsets)?, wide: false },
            (None, Some(offsets)) => Offsets { bytes: entries(offsets)?, wide: true },
            (None, None) => return Err(missing),
        };
        let times = Times { runs: entries(table(b"stts")?.ok_or(missing)?)?, left: 0, ticks: 0 };
        let runs = entries(table(b"stsc")?.ok_or(missing)?)?;
        let chunks = Chunks { runs, offsets, number: 0, of_each: 0, left: 0, at: 0 };
        Ok(Samples { file, left, sizes, times, chunks, taken: 0 })
    }

    /// How many are left, by what the file says.
    pub fn count(&self) -> u32 {
        self.left
    }

    pub fn next(&mut self) -> Result<Option<Sample<'a>>> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        let size = self.sizes.next()?;
        let ticks = self.times.next()?;
        let start = self.chunks.next(size)?;
        let data = usize::try_from(start)
            .ok()
            .and_then(|start| self.file.get(start..)?.get(..size as usize))
            .ok_or(Unreadable::Truncated)?;
        self.taken = self.taken.saturating_add(data.len());
        if self.taken > self.file.len() {
            return Err(Unreadable::Corrupt("its frames are larger than the file"));
        }
        Ok(Some(Sample { data, ticks }))
    }
}

/// What follows the number of entries, which ends with the box whatever that number says.
fn entries(table: &[u8]) -> Result<Bytes<'_>> {
    let mut bytes = Bytes(full_box(table)?.1);
    bytes.u32()?;
    Ok(bytes)
}

/// `stsz`: one size for all, or one for each.
#[derive(Debug, Clone, PartialEq)]
struct Sizes<'a> {
    all: u32,
    each: Bytes<'a>,
}

impl<'a> Sizes<'a> {
    fn of(table: &'a [u8]) -> Result<(u32, Sizes<'a>)> {
        let mut each = Bytes(full_box(table)?.1);
        let (all, count) = (each.u32()?, each.u32()?);
        Ok((count, Sizes { all, each }))
    }

    fn next(&mut self) -> Result<u32> {
        if self.all > 0 { Ok(self.all) } else { self.each.u32() }
    }
}

/// `stts`: so many samples, each for so many ticks.
#[derive(Debug, Clone, PartialEq)]
struct Times<'a> {
    runs: Bytes<'a>,
    left: u32,
    ticks: u32,
}

impl Times<'_> {
    fn next(&mut self) -> Result<u32> {
        // Each turn takes eight bytes of the table.
        while self.left == 0 {
            (self.left, self.ticks) = (self.runs.u32()?, self.runs.u32()?);
        }
        self.left -= 1;
        Ok(self.ticks)
    }
}

/// `stsc` and `stco`: from this chunk on, so many samples in each; and where chunks are.
#[derive(Debug, Clone, PartialEq)]
struct Chunks<'a> {
    runs: Bytes<'a>,
    offsets: Offsets<'a>,
    /// Of the chunk whose samples are read, counted from one.
    number: u32,
    of_each: u32,
    left: u32,
    at: u64,
}

impl Chunks<'_> {
    /// Where the next sample begins, which is so long.
    fn next(&mut self, size: u32) -> Result<u64> {
        if self.left == 0 {
            self.number = self.number.checked_add(1).ok_or(Unreadable::Truncated)?;
            self.at = self.offsets.next()?;
            // From the first chunk of the next run on, that one holds.
            if Bytes(self.runs.0).u32().is_ok_and(|first| first == self.number) {
                self.runs.u32()?;
                self.of_each = self.runs.u32()?;
                if self.runs.u32()? != 1 {
                    return Err(Unreadable::Unsupported("frames of several kinds"));
                }
            }
            self.left = self.of_each;
        }
        self.left = self.left.checked_sub(1).ok_or(Unreadable::Corrupt("a chunk has no frames"))?;
        let start = self.at;
        self.at = start.checked_add(size.into()).ok_or(Unreadable::Truncated)?;
        Ok(start)
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Offsets<'a> {
    bytes: Bytes<'a>,
    wide: bool,
}

impl Offsets<'_> {
    fn next(&mut self) -> Result<u64> {
        if self.wide { self.bytes.u64() } else { self.bytes.u32().map(u64::from) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::heif::boxes::make_box;
    use proptest::prelude::*;

    fn table(kind: &[u8; 4], numbers: &[u32]) -> Vec<u8> {
        let bytes: Vec<u8> = [0].iter().chain(numbers).flat_map(|number| number.to_be_bytes()).collect();
        make_box(kind, &[&bytes])
    }

    /// All samples, or why there are no more.
    fn read<'a>(file: &'a [u8], tables: &'a [u8]) -> Result<Vec<(&'a [u8], u32)>> {
        let mut samples = Samples::of(file, tables)?;
        let mut found = Vec::new();
        while let Some(Sample { data, ticks }) = samples.next()? {
            found.push((data, ticks));
        }
        Ok(found)
    }

    const FILE: &[u8] = b"abcdefghij";
    const SIZES: &[u32] = &[0, 4, 1, 2, 3, 1];
    const TIMES: &[u32] = &[3, 1, 10, 0, 99, 3, 20];
    const CHUNKS: &[u32] = &[2, 1, 2, 1, 2, 1, 1];
    const OFFSETS: &[u32] = &[3, 4, 0, 9];

    fn tables(sizes: &[u32], times: &[u32], chunks: &[u32], offsets: &[u32]) -> Vec<u8> {
        [table(b"stsz", sizes), table(b"stts", times), table(b"stsc", chunks), table(b"stco", offsets)]
            .concat()
    }

    #[test]
    fn samples_lie_in_chunks_and_are_shown_in_runs() {
        let expected = vec![(&b"e"[..], 10), (b"fg", 20), (b"abc", 20), (b"j", 20)];
        assert_eq!(read(FILE, &tables(SIZES, TIMES, CHUNKS, OFFSETS)), Ok(expected.clone()));
        let wide = table(b"co64", &[3, 0, 4, 0, 0, 0, 9]);
        let tables = [table(b"stsz", SIZES), table(b"stts", TIMES), table(b"stsc", CHUNKS), wide].concat();
        assert_eq!(read(FILE, &tables), Ok(expected));
        let alike = self::tables(&[2, 3], &[1, 3, 7], &[1, 1, 3, 1], &[1, 2]);
        assert_eq!(read(FILE, &alike), Ok(vec![(&b"cd"[..], 7), (b"ef", 7), (b"gh", 7)]));
    }

    #[test]
    fn tables_that_lie_are_found_out() {
        use Unreadable::*;
        for (sizes, times, chunks, offsets, expected) in [
            // More than there are, whatever a count says.
            (&[0, 9, 1, 2, 3, 1][..], TIMES, CHUNKS, OFFSETS, Truncated),
            (SIZES, &[1, 1, 10][..], CHUNKS, OFFSETS, Truncated),
            (SIZES, &[9, 0, 1, 0, 1][..], CHUNKS, OFFSETS, Truncated),
            (SIZES, TIMES, CHUNKS, &[1, 4][..], Truncated),
            (SIZES, TIMES, CHUNKS, &[3, 4, 8, 9][..], Truncated),
            (SIZES, TIMES, CHUNKS, &[3, u32::MAX, 0, 9][..], Truncated),
            (&[1, u32::MAX][..], &[1, u32::MAX, 1][..], &[1, 1, u32::MAX, 1][..], OFFSETS, Truncated),
            // Chunks without samples, or that nothing is said of.
            (SIZES, TIMES, &[1, 1, 0, 1][..], OFFSETS, Corrupt("a chunk has no frames")),
            (SIZES, TIMES, &[1, 2, 2, 1][..], OFFSETS, Corrupt("a chunk has no frames")),
            (SIZES, TIMES, &[0][..], OFFSETS, Corrupt("a chunk has no frames")),
            (SIZES, TIMES, &[1, 1, 2, 2][..], OFFSETS, Unsupported("frames of several kinds")),
            // The same bytes again and again.
            (
                &[10, 2][..],
                &[1, 2, 1][..],
                &[1, 1, 1, 1][..],
                &[2, 0, 0][..],
                Corrupt("its frames are larger than the file"),
            ),
        ] {
            let tables = tables(sizes, times, chunks, offsets);
            assert_eq!(read(FILE, &tables), Err(expected), "{sizes:?} {times:?} {chunks:?} {offsets:?}");
        }
        let missing = Err(Unreadable::Corrupt("a track has no table of its samples"));
        assert_eq!(read(FILE, &tables(SIZES, TIMES, CHUNKS, OFFSETS)[28 + 8..]), missing);
    }

    proptest! {
        #[test]
        fn no_tables_panic_or_make_more_of_a_file(
            sizes in prop::collection::vec(0u32..5, 0..8),
            times in prop::collection::vec(0u32..5, 0..8),
            chunks in prop::collection::vec(0u32..4, 0..12),
            offsets in prop::collection::vec(0u32..12, 0..6),
            cut in 0usize..200,
        ) {
            let tables = tables(&sizes, &times, &chunks, &offsets);
            for tables in [&tables[..], &tables[..cut.min(tables.len())]] {
                if let Ok(found) = read(FILE, tables) {
                    prop_assert!(found.iter().map(|(data, _)| data.len()).sum::<usize>() <= FILE.len());
                }
            }
        }
    }
}
