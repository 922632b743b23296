//! The scan header: which components follow, and which part of their coefficients (T.81, annex B.2.3).

use crate::error::{DecodeError, corrupt};
use crate::frame::Frame;

/// More blocks than this an interleaved unit may not have (T.81, annex B.2.3).
const BLOCKS_OF_UNIT: usize = 10;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scan {
    pub components: Vec<ScanComponent>,
    /// Of a progressive scan; a sequential one has all coefficients whatever it says.
    pub band: Band,
    /// How many units there are, across and down.
    pub columns: usize,
    pub rows: usize,
    /// Units between restarts; none if there are no restarts.
    pub restart_interval: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ScanComponent {
    /// Its place in the frame.
    pub index: usize,
    pub dc_table: usize,
    pub ac_table: usize,
    /// Blocks of a unit, across and down.
    pub across: usize,
    pub down: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Band {
    pub first: usize,
    pub last: usize,
    /// The lowest bit of earlier scans, if this one refines them.
    pub refines: Option<u32>,
    /// The lowest bit of this scan.
    pub lowest_bit: u32,
}

impl Scan {
    pub fn read(frame: &Frame, restart_interval: u16, content: &[u8]) -> Result<Scan, DecodeError> {
        let Some((&count, content)) = content.split_first() else { return corrupt("a scan header is empty") };
        let count = usize::from(count);
        let Some((listed, &[first, last, bits])) = content.split_last_chunk::<3>() else {
            return corrupt("a scan header is too short");
        };
        if !(1..=4).contains(&count) || listed.len() != 2 * count {
            return corrupt("a scan header has another length than its components need");
        }
        let mut components: Vec<ScanComponent> = Vec::with_capacity(count);
        for &[id, tables] in listed.as_chunks::<2>().0 {
            let Some(index) = frame.components.iter().position(|one| one.id == id) else {
                return corrupt("a scan has a component that the frame does not have");
            };
            if components.iter().any(|other| other.index == index) {
                return corrupt("a scan has the same component twice");
            }
            let (dc_table, ac_table) = (usize::from(tables >> 4), usize::from(tables & 15));
            if dc_table > 3 || ac_table > 3 {
                return corrupt("a scan wants a Huffman table that cannot be");
            }
            let (across, down) = match count {
                1 => (1, 1),
                _ => (frame.components[index].across, frame.components[index].down),
            };
            components.push(ScanComponent { index, dc_table, ac_table, across, down });
        }
        if components.iter().map(|one| one.across * one.down).sum::<usize>() > BLOCKS_OF_UNIT {
            return corrupt("a scan has more blocks in a unit than there may be");
        }
        let band = Band {
            first: usize::from(first),
            last: usize::from(last),
            refines: (bits >> 4 > 0).then_some(u32::from(bits >> 4)),
            lowest_bit: u32::from(bits & 15),
        };
        if frame.progressive {
            band.check(count)?;
        }
        let (columns, rows) = match components.as_slice() {
            // A component alone leaves out the blocks that only fill up units.
            [only] => frame.blocks(&frame.components[only.index]),
            _ => frame.units(),
        };
        let restart_interval = Some(usize::from(restart_interval)).filter(|interval| *interval > 0);
        Ok(Scan { components, band, columns, rows, restart_interval })
    }

    /// How many blocks the scan visits.
    pub fn blocks(&self) -> u64 {
        let of_unit: usize = self.components.iter().map(|one| one.across * one.down).sum();
        self.columns as u64 * self.rows as u64 * of_unit as u64
    }
}

impl Band {
    /// T.81, annex G.1.1.1: means apart from the rest, which has one component a scan and one bit a refinement.
    fn check(self, components: usize) -> Result<(), DecodeError> {
        let means = self.first == 0;
        let whole = if means { self.last == 0 } else { self.last >= self.first && self.last < 64 };
        let alone = means || components == 1;
        let next = self.refines.is_none_or(|bit| bit == self.lowest_bit + 1);
        if whole && alone && next && self.lowest_bit <= 13 {
            Ok(())
        } else {
            corrupt("a progressive scan has parameters that make no sense")
        }
    }
}

/// Counts units up to restarts.
#[derive(Debug)]
pub(crate) struct Restarts {
    interval: usize,
    left: usize,
    next: u8,
}

impl Restarts {
    pub fn new(interval: Option<usize>) -> Restarts {
        let interval = interval.unwrap_or(usize::MAX);
        Restarts { interval, left: interval, next: 0 }
    }

    /// Counts a unit: if a restart comes before it, that restart's number.
    #[inline(always)]
    pub fn before_unit(&mut self) -> Option<u8> {
        if self.left > 0 {
            self.left -= 1;
            return None;
        }
        self.left = self.interval - 1;
        let number = self.next;
        self.next = (number + 1) % 8;
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(progressive: bool) -> Frame {
        let content = [8, 0, 17, 0, 33, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1];
        Frame::read(if progressive { 0xc2 } else { 0xc0 }, &content).unwrap()
    }

    #[test]
    fn a_component_alone_has_units_of_its_own() {
        let together = Scan::read(&frame(false), 0, &[3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0]).unwrap();
        assert_eq!((together.columns, together.rows, together.blocks()), (3, 2, 36));
        let luma = Scan::read(&frame(false), 5, &[1, 1, 0, 0, 63, 0]).unwrap();
        assert_eq!((luma.columns, luma.rows, luma.blocks()), (5, 3, 15));
        assert_eq!(luma.restart_interval, Some(5));
    }

    #[test]
    fn scans_that_make_no_sense_are_refused() {
        for (progressive, content) in [
            (false, &[][..]),
            (false, &[0, 0, 63, 0]),
            (false, &[2, 1, 0, 0, 63, 0]),
            (false, &[2, 1, 0, 1, 0, 0, 63, 0]),
            (false, &[1, 9, 0, 0, 63, 0]),
            (false, &[1, 1, 0x40, 0, 63, 0]),
            (true, &[1, 1, 0, 0, 63, 0]),
            (true, &[1, 1, 0, 5, 4, 0]),
            (true, &[1, 1, 0, 5, 64, 0]),
            (true, &[2, 1, 0, 2, 0, 1, 63, 0]),
            (true, &[1, 1, 0, 1, 63, 0x31]),
            (true, &[1, 1, 0, 1, 63, 0x0e]),
        ] {
            assert!(Scan::read(&frame(progressive), 0, content).is_err(), "{content:?}");
        }
        assert!(Scan::read(&frame(true), 0, &[1, 1, 0, 1, 63, 0x21]).is_ok());
    }

    #[test]
    fn restarts_are_numbered_from_0_to_7() {
        let mut restarts = Restarts::new(Some(2));
        let numbers: Vec<_> = (0..20).map(|_| restarts.before_unit()).collect();
        let expected = (0..20u8).map(|unit| (unit > 0 && unit % 2 == 0).then(|| (unit / 2 - 1) % 8));
        assert_eq!(numbers, expected.collect::<Vec<_>>());
        assert!((0..1000).all(|_| Restarts::new(None).before_unit().is_none()));
    }
}
