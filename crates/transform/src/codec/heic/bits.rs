//! Bits of a unit of an HEVC stream, the most significant first (ITU-T H.265 §7.2, §9.2).

use crate::codec::heif::boxes::{Result, Unreadable};

/// Of a unit (§7.3.1.2).
const HEADER: usize = 2;

pub(super) struct Bits {
    bytes: Vec<u8>,
    at: usize,
}

impl Bits {
    /// What a unit holds behind its header, of no more than so many of its bytes: without those that keep it from looking
    /// like the start of another (§7.4.2).
    pub fn of(unit: &[u8], most: usize) -> Bits {
        let mut bytes = Vec::with_capacity(unit.len().min(most));
        let mut zeros = 0;
        for &byte in unit.iter().skip(HEADER).take(most) {
            if zeros >= 2 && byte == 3 {
                zeros = 0;
                continue;
            }
            zeros = if byte == 0 { zeros + 1 } else { 0 };
            bytes.push(byte);
        }
        Bits { bytes, at: 0 }
    }

    pub fn flag(&mut self) -> Result<bool> {
        let byte = self.bytes.get(self.at / 8).ok_or(Unreadable::Corrupt("its HEVC parameters end early"))?;
        let flag = byte >> (7 - self.at % 8) & 1 == 1;
        self.at += 1;
        Ok(flag)
    }

    /// An unsigned number of up to 32 bits.
    pub fn number(&mut self, count: u32) -> Result<u32> {
        let mut number = 0;
        for _ in 0..count {
            number = number << 1 | u32::from(self.flag()?);
        }
        Ok(number)
    }

    pub fn skip(&mut self, count: u32) -> Result<()> {
        (0..count).try_for_each(|_| self.flag().map(drop))
    }

    /// A number that is the shorter the smaller it is (§9.2). Signed ones are as long, so that they can be passed over by this too.
    pub fn exponential(&mut self) -> Result<u32> {
        let mut length = 0;
        while !self.flag()? {
            length += 1;
            if length > 31 {
                return Err(Unreadable::Corrupt("a number in its HEVC parameters has no end"));
            }
        }
        Ok((1 << length) - 1 + self.number(length)?)
    }

    pub fn pass(&mut self, exponentials: u32) -> Result<()> {
        (0..exponentials).try_for_each(|_| self.exponential().map(drop))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_bit_by_bit() {
        let mut bits = Bits::of(&[0x42, 1, 0b1010_0110, 0b0100_0010, 0b1000_0000], 9);
        // 1, 010, 011, 00100: zero to three.
        for expected in 0..4 {
            assert_eq!(bits.exponential(), Ok(expected));
        }
        assert_eq!((bits.number(3), bits.flag(), bits.skip(8)), (Ok(0b001), Ok(false), Ok(())));
        assert_eq!(bits.flag(), Err(Unreadable::Corrupt("its HEVC parameters end early")));
    }

    #[test]
    fn what_keeps_start_codes_out_is_left_out() {
        let mut bits = Bits::of(&[0x42, 1, 0, 0, 3, 1, 0, 0, 0, 3, 2], 9);
        assert_eq!((bits.number(24), bits.number(32)), (Ok(1), Ok(2)));
        assert!(bits.flag().is_err());
        assert!(Bits::of(&[0x42, 1, 255, 255], 1).number(9).is_err());
        assert!(Bits::of(&[0x42], 9).flag().is_err());
    }

    #[test]
    fn the_largest_number_fits_and_more_is_refused() {
        let mut largest = vec![0x42, 1, 0, 0, 3, 0, 1];
        largest.extend([255; 4]);
        assert_eq!(Bits::of(&largest, 99).exponential(), Ok(u32::MAX - 1));
        assert!(Bits::of(&[0x42, 1, 0, 0, 3, 0, 0, 3, 0, 255, 255], 99).exponential().is_err());
    }
}
