//! The entropy-coded data of a scan, without its stuffing, a window of it at a time (T.81, annex F.1.2.3).

use crate::error::{DecodeError, corrupt};
use crate::markers::next_marker;

/// Small enough to stay in the nearer caches, large enough that nobody notices that it is moved.
const WINDOW: usize = 32 << 10;
/// More than a unit of blocks can take: 10 blocks of 64 coefficients of at most 32 bits.
const UNIT: usize = 10 * 64 * 4;
/// Zeros after the data, for a reader that looks ahead or runs over the end.
const ZEROS: usize = 8;

/// Bits that are at hand for sure after they have been filled up.
pub(crate) const HELD: u32 = 56;

/// More bits than a code and its value can have: 16 and 15.
pub(crate) const LONGEST: u32 = 32;

/// Where the data ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Marker(u8),
    File,
}

/// The data between two markers.
#[derive(Debug)]
pub(crate) struct EntropyCoded<'a> {
    file: &'a [u8],
    /// Of the next byte that is not in the window yet, or of the marker that ends the data.
    position: usize,
    window: Box<[u8; WINDOW + ZEROS]>,
    /// Bytes in the window.
    filled: usize,
    end: Option<End>,
}

impl<'a> EntropyCoded<'a> {
    pub fn new(file: &'a [u8], position: usize) -> EntropyCoded<'a> {
        EntropyCoded { file, position, window: Box::new([0; WINDOW + ZEROS]), filled: 0, end: None }
    }

    #[inline(always)]
    pub fn window(&self) -> &[u8; WINDOW + ZEROS] {
        &self.window
    }

    /// Sees to it that all that a unit can take is in the window, if there is as much.
    #[inline(always)]
    pub fn fill_for_unit(&mut self, mut bits: Bits) -> Bits {
        if bits.next + UNIT > self.filled && self.end.is_none() {
            bits.next = self.move_on(bits.next);
        }
        bits
    }

    /// Gives where in the window the next byte is then. Were it all of the bits that came and went here, they would have to be
    /// written to memory before each unit, and read again.
    #[cold]
    #[inline(never)]
    fn move_on(&mut self, next: usize) -> usize {
        let left = self.filled.saturating_sub(next);
        self.window.copy_within(self.filled - left..self.filled, 0);
        let next = next - (self.filled - left);
        self.filled = left;
        while self.filled < WINDOW && self.end.is_none() {
            self.append();
        }
        // As far as a unit may read; a file with a restart for each unit is not to clear all of it each time.
        let end = (self.filled + UNIT).min(self.window.len());
        self.window[self.filled..end].fill(0);
        next
    }

    /// Appends up to the next 0xff, or as much as there is room for.
    fn append(&mut self) {
        let rest = self.file.get(self.position..).unwrap_or_default();
        let rest = &rest[..rest.len().min(WINDOW - self.filled)];
        let plain = memchr::memchr(0xff, rest).unwrap_or(rest.len());
        self.window[self.filled..self.filled + plain].copy_from_slice(&rest[..plain]);
        self.filled += plain;
        self.position += plain;
        if plain == rest.len() && self.filled == WINDOW {
            return;
        }
        match (self.file.get(self.position), self.file.get(self.position + 1)) {
            (Some(_), Some(0)) => {
                self.window[self.filled] = 0xff;
                self.filled += 1;
                self.position += 2;
            }
            (Some(_), Some(0xff)) => self.position += 1,
            (Some(_), Some(code)) => self.end = Some(End::Marker(*code)),
            _ => self.end = Some(End::File),
        }
    }

    /// Whether all that was read was there, and made sense.
    pub fn judge(&self, bits: &Bits) -> Result<(), DecodeError> {
        let taken = (bits.next * 8).saturating_sub(bits.held as usize);
        let is_over = taken > self.filled * 8;
        match self.end {
            // What was read from behind the end may have made no sense either.
            Some(End::File) if is_over => Err(DecodeError::Truncated),
            Some(End::Marker(_)) if is_over => corrupt("a scan ends before all of its blocks"),
            _ if bits.broken => corrupt("its data has a code that its tables do not know"),
            _ => Ok(()),
        }
    }

    /// Goes behind the restart marker with this number from 0 to 7. What is left before it is passed over.
    pub fn restart(&mut self, number: u8) -> Result<Bits, DecodeError> {
        match self.go_to_end() {
            End::Marker(code) if code == 0xd0 + number => {
                self.position += 2;
                self.filled = 0;
                self.end = None;
                Ok(Bits::default())
            }
            End::Marker(_) => corrupt("a restart marker is missing"),
            End::File => Err(DecodeError::Truncated),
        }
    }

    /// Where the marker after the data begins, or the file ends.
    pub fn finish(mut self) -> usize {
        self.go_to_end();
        self.position
    }

    fn go_to_end(&mut self) -> End {
        if let Some(end) = self.end {
            return end;
        }
        let found = next_marker(self.file, self.position);
        self.position = found.unwrap_or(self.file.len());
        let code = found.and_then(|position| self.file.get(position + 1));
        let end = code.map_or(End::File, |code| End::Marker(*code));
        self.end = Some(end);
        end
    }
}

/// A place in the data to the bit. Copied rather than lent, so that it lives in registers.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Bits {
    /// The next bits, the first of them highest.
    ahead: u64,
    /// How many of those there are.
    held: u32,
    /// Of the window: the next byte that `ahead` does not hold.
    next: usize,
    /// A code has been met that its table does not have.
    broken: bool,
}

impl Bits {
    /// Holds at least [`HELD`] bits after this. Behind the data there are zeros at first, then anything.
    #[inline(always)]
    pub fn fill(&mut self, window: &[u8]) {
        let bytes = window.get(self.next..).and_then(|rest| rest.first_chunk());
        let more = bytes.map_or(0, |bytes| u64::from_be_bytes(*bytes));
        self.ahead |= more >> self.held;
        self.next += ((63 - self.held) >> 3) as usize;
        self.held |= HELD;
    }

    /// Holds at least so many bits after this, up to [`HELD`].
    #[inline(always)]
    pub fn fill_if_below(&mut self, count: u32, window: &[u8]) {
        if self.held < count {
            self.fill(window);
        }
    }

    #[inline(always)]
    pub fn look(&self, count: u32) -> usize {
        (self.ahead >> (64 - count)) as usize
    }

    #[inline(always)]
    pub fn pass(&mut self, count: u32) {
        self.ahead <<= count;
        self.held -= count;
    }

    /// Up to 31 bits, of those that are held; none are 0.
    #[inline(always)]
    pub fn take(&mut self, count: u32) -> u32 {
        let taken = (self.ahead >> 1 >> (63 - count)) as u32;
        self.pass(count);
        taken
    }

    #[inline(always)]
    pub fn ahead(&self) -> u64 {
        self.ahead
    }

    /// Notes that the data makes no sense. It is read on, by whatever it says, until somebody judges.
    #[inline(always)]
    pub fn break_off(&mut self) {
        self.broken = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All bytes of the data, read in units of `step` bytes.
    fn read(file: &[u8], step: u32) -> (Vec<u8>, Result<(), DecodeError>, usize) {
        let mut data = EntropyCoded::new(file, 0);
        let mut bits = Bits::default();
        let mut bytes = Vec::new();
        loop {
            bits = data.fill_for_unit(bits);
            let mut next = bits;
            let mut unit = Vec::new();
            for _ in 0..step {
                next.fill(data.window());
                unit.push(next.take(8) as u8);
            }
            if data.judge(&next).is_err() {
                let verdict = data.judge(&next);
                return (bytes, verdict, data.finish());
            }
            bytes.extend(unit);
            bits = next;
        }
    }

    #[test]
    fn stuffing_disappears_wherever_the_window_ends() {
        let ends_by_marker = Err(DecodeError::Corrupt { why: "a scan ends before all of its blocks" });
        for length in [0, 1, 100, WINDOW - 2, WINDOW - 1, WINDOW, WINDOW + 1, 3 * WINDOW] {
            let plain: Vec<u8> =
                (0..length).map(|at| if at % 3 == 0 { 0xff } else { at as u8 % 251 }).collect();
            let mut file: Vec<u8> = plain
                .iter()
                .flat_map(|byte| if *byte == 0xff { vec![0xff, 0] } else { vec![*byte] })
                .collect();
            assert_eq!(read(&file, 1), (plain.clone(), Err(DecodeError::Truncated), file.len()), "{length}");
            let end = file.len();
            file.extend(b"\xff\xff\xd9rest");
            let (bytes, verdict, position) = read(&file, 1);
            assert_eq!((bytes, verdict, position), (plain, ends_by_marker.clone(), end + 1), "{length}");
        }
    }

    #[test]
    fn restarts_are_asked_for_by_number_and_what_is_left_over_is_dropped() {
        let file = b"abc\xff\xd0de\xff\0f\xff\xd1g\xff\xd3";
        let mut data = EntropyCoded::new(file, 0);
        let first = |data: &mut EntropyCoded, bits: Bits| {
            let mut bits = data.fill_for_unit(bits);
            bits.fill(data.window());
            bits.take(8) as u8
        };
        assert_eq!(first(&mut data, Bits::default()), b'a');
        let bits = data.restart(0).unwrap();
        assert_eq!(first(&mut data, bits), b'd');
        let bits = data.restart(1).unwrap();
        assert_eq!(first(&mut data, bits), b'g');
        assert!(matches!(data.restart(2), Err(DecodeError::Corrupt { .. })));
        let mut cut = EntropyCoded::new(b"abc", 0);
        assert_eq!(cut.restart(0).err(), Some(DecodeError::Truncated));
    }

    #[test]
    fn running_over_the_end_is_noticed() {
        let mut data = EntropyCoded::new(&[0xaa; 10], 0);
        let mut bits = data.fill_for_unit(Bits::default());
        for _ in 0..10 {
            bits.fill(data.window());
            assert_eq!(bits.take(8), 0xaa);
        }
        assert_eq!(data.judge(&bits), Ok(()));
        for _ in 0..100_000 {
            bits = data.fill_for_unit(bits);
            bits.fill(data.window());
            bits.pass(31);
        }
        assert_eq!(data.judge(&bits), Err(DecodeError::Truncated));
    }
}
