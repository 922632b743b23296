//! Huffman tables: as the file defines them, and built for decoding (T.81, annexes C and F.2.2.3).

use crate::error::{DecodeError, corrupt};

/// Bits of the code that one look decides on; longer codes are rare and take a search.
pub(crate) const LOOK: u32 = 11;
/// Bits that are passed over in one look. One more would not fit into the first cache beside the rest.
pub(crate) const LEAP: u32 = 13;

/// A table as the file defines it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Definition {
    /// How many codes there are of each length from 1 to 16.
    counts: [u8; 16],
    symbols: Vec<u8>,
}

impl Definition {
    /// The definition at the beginning of `content`, and what follows it.
    pub fn read(content: &[u8]) -> Result<(Definition, &[u8]), DecodeError> {
        let Some((counts, rest)) = content.split_first_chunk::<16>() else {
            return corrupt("a Huffman table is cut short");
        };
        let total = counts.iter().map(|count| usize::from(*count)).sum();
        match rest.split_at_checked(total) {
            Some((symbols, rest)) if total <= 256 => {
                Ok((Definition { counts: *counts, symbols: symbols.to_vec() }, rest))
            }
            _ => corrupt("a Huffman table is cut short"),
        }
    }
}

/// Which symbol a code stands for.
#[derive(Debug, Clone)]
struct Codes {
    /// By the next bits: the length of the code above the symbol; 0 where the code is longer.
    short: Box<[u16; 1 << LOOK]>,
    long: LongCodes,
}

/// The codes that are too long for a look.
#[derive(Debug, Clone)]
pub(crate) struct LongCodes {
    /// By length: the last code, or -1.
    last: [i32; 17],
    /// By length: what to add to a code to have its symbol's place.
    offset: [i32; 17],
    symbols: [u8; 256],
}

impl LongCodes {
    /// The symbol whose code the 64 bits begin with, and the length of the code.
    #[cold]
    #[inline(never)]
    pub fn find(&self, bits: u64) -> Option<(u32, u32)> {
        for length in LOOK as usize + 1..=16 {
            let code = (bits >> (64 - length)) as i32;
            if code <= self.last[length] {
                let place = code + self.offset[length];
                let symbol = self.symbols.get(usize::try_from(place).ok()?)?;
                return Some((u32::from(*symbol), length as u32));
            }
        }
        None
    }
}

impl Codes {
    fn build(definition: &Definition) -> Result<Codes, DecodeError> {
        let mut codes = Codes {
            short: Box::new([0; 1 << LOOK]),
            long: LongCodes { last: [-1; 17], offset: [0; 17], symbols: [0; 256] },
        };
        codes.long.symbols[..definition.symbols.len()].copy_from_slice(&definition.symbols);
        let mut symbols = definition.symbols.iter();
        let mut code = 0usize;
        let mut place = 0;
        for length in 1..=16 {
            let count = usize::from(definition.counts[length - 1]);
            codes.long.offset[length] = place - code as i32;
            for symbol in symbols.by_ref().take(count) {
                // No code consists of ones alone (T.81, annex C), so that padding is never taken for one.
                if code + 1 >= 1 << length {
                    return corrupt("a Huffman table has more codes than fit");
                }
                if length <= LOOK as usize {
                    let shift = LOOK as usize - length;
                    codes.short[code << shift..(code + 1) << shift]
                        .fill((length as u16) << 8 | u16::from(*symbol));
                }
                code += 1;
                place += 1;
            }
            if count > 0 {
                codes.long.last[length] = code as i32 - 1;
            }
            code <<= 1;
        }
        Ok(codes)
    }
}

/// A table for differences of means.
#[derive(Debug, Clone)]
pub(crate) struct DcTable(Codes);

impl DcTable {
    pub fn build(definition: &Definition) -> Result<DcTable, DecodeError> {
        if definition.symbols.iter().any(|size| *size > 15) {
            return corrupt("a Huffman table for means has a symbol out of range");
        }
        Ok(DcTable(Codes::build(definition)?))
    }

    /// By the next bits: the length of the code above the symbol; 0 where the code is longer.
    #[inline(always)]
    pub fn short(&self, look: usize) -> u32 {
        u32::from(self.0.short[look & ((1 << LOOK) - 1)])
    }

    pub fn long(&self) -> &LongCodes {
        &self.0.long
    }
}

/// A table for all other coefficients.
#[derive(Debug, Clone)]
pub(crate) struct AcTable {
    entries: Box<[u32; 1 << LOOK]>,
    leaps: Option<Box<[u16; 1 << LEAP]>>,
    long: LongCodes,
}

/// What the next bits of a block mean.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry(u32);

impl Entry {
    /// The value is known too, because its bits are among those looked at.
    const WHOLE: u32 = 0x80;

    #[inline(always)]
    pub fn is_whole(self) -> bool {
        self.0 & Entry::WHOLE != 0
    }

    /// Whether the code is longer than the look.
    #[inline(always)]
    pub fn is_long(self) -> bool {
        self.0 == 0
    }

    /// Of the code; of a whole entry with its value.
    #[inline(always)]
    pub fn bits(self) -> u32 {
        self.0 & 0x3f
    }

    /// Of an entry that is not whole: run above size.
    #[inline(always)]
    pub fn symbol(self) -> u32 {
        self.0 >> 8 & 0xff
    }

    /// Of a whole entry: how many zeros come before its value.
    #[inline(always)]
    pub fn run(self) -> usize {
        (self.0 >> 8 & 15) as usize
    }

    #[inline(always)]
    pub fn value(self) -> i16 {
        (self.0 >> 16) as i16
    }
}

/// As many coefficients as the next bits hold completely, to be passed over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Leap(u16);

impl Leap {
    /// Stands for the rest of the block, beside the coefficients before it.
    const END: u32 = 64;
    /// More than a block has: where not one coefficient is known whole.
    const NONE: u32 = 128;

    #[inline(always)]
    pub fn bits(self) -> u32 {
        u32::from(self.0 & 15)
    }

    /// Whether the block goes on behind this, if it begins at `index` of the block.
    #[inline(always)]
    pub fn is_within(self, index: usize) -> bool {
        index + self.coefficients() < 64
    }

    /// Whether the block ends with this, if it begins at `index` of the block.
    #[inline(always)]
    pub fn ends(self, index: usize) -> bool {
        let coefficients = self.coefficients();
        let end = Leap::END as usize;
        index + coefficients == 64
            || (end..Leap::NONE as usize).contains(&coefficients) && index + coefficients - end < 64
    }

    #[inline(always)]
    pub fn coefficients(self) -> usize {
        usize::from(self.0 >> 4)
    }
}

impl AcTable {
    /// `leaping`: whether there will be coefficients to be passed over.
    pub fn build(definition: &Definition, leaping: bool) -> Result<AcTable, DecodeError> {
        let codes = Codes::build(definition)?;
        let mut entries = Box::new([0; 1 << LOOK]);
        for (look, (entry, short)) in entries.iter_mut().zip(codes.short.iter()).enumerate() {
            *entry = whole_or_symbol(look as u32, u32::from(*short));
        }
        let leaps = leaping.then(|| {
            let mut leaps = Box::new([0; 1 << LEAP]);
            for (look, leap) in leaps.iter_mut().enumerate() {
                *leap = leap_over(look as u32, &codes.short);
            }
            leaps
        });
        Ok(AcTable { entries, leaps, long: codes.long })
    }

    #[inline(always)]
    pub fn entry(&self, look: usize) -> Entry {
        Entry(self.entries[look & ((1 << LOOK) - 1)])
    }

    /// The table of leaps; one without any if none was built.
    pub fn leaps(&self) -> &[u16; 1 << LEAP] {
        static NONE: [u16; 1 << LEAP] = [(Leap::NONE << 4) as u16; 1 << LEAP];
        self.leaps.as_deref().unwrap_or(&NONE)
    }

    pub fn long(&self) -> &LongCodes {
        &self.long
    }
}

#[inline(always)]
pub(crate) fn leap(leaps: &[u16; 1 << LEAP], look: usize) -> Leap {
    Leap(leaps[look & ((1 << LEAP) - 1)])
}

/// The number that `size` bits stand for (T.81, figure F.12).
#[inline(always)]
pub(crate) fn extended(bits: u32, size: u32) -> i32 {
    // The upper half of the numbers of that size are as they are, the lower half are the negative ones.
    let half = 1i32 << size >> 1;
    let negative = (bits as i32 - half) >> 31;
    bits as i32 + (negative & (1 - (1 << size)))
}

fn whole_or_symbol(look: u32, short: u32) -> u32 {
    let (length, symbol) = (short >> 8, short & 0xff);
    let (run, size) = (symbol >> 4, symbol & 15);
    if length == 0 {
        return 0;
    }
    if size == 0 || length + size > LOOK {
        return symbol << 8 | length;
    }
    let value = extended(look >> (LOOK - length - size) & ((1 << size) - 1), size);
    u32::from(value as u16) << 16 | run << 8 | Entry::WHOLE | (length + size)
}

fn leap_over(look: u32, short: &[u16; 1 << LOOK]) -> u16 {
    let (mut used, mut coefficients) = (0, 0);
    while used < LEAP {
        let rest = look << used & ((1 << LEAP) - 1);
        let code = u32::from(short[(rest >> (LEAP - LOOK)) as usize]);
        let (length, run, size) = (code >> 8, code >> 4 & 15, code & 15);
        if length == 0 || used + length + size > LEAP {
            break;
        }
        if size == 0 && run != 15 {
            used += length;
            coefficients += Leap::END;
            break;
        }
        if coefficients + run + 1 > 63 {
            break;
        }
        used += length + size;
        coefficients += run + 1;
    }
    if used == 0 {
        coefficients = Leap::NONE;
    }
    (coefficients << 4 | used) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(counts: &[u8], symbols: &[u8]) -> Definition {
        let mut all = [0; 16];
        all[..counts.len()].copy_from_slice(counts);
        Definition { counts: all, symbols: symbols.to_vec() }
    }

    #[test]
    fn numbers_of_a_size() {
        for (bits, size, expected) in
            [(0, 0, 0), (0, 1, -1), (1, 1, 1), (0, 3, -7), (3, 3, -4), (4, 3, 4), (7, 3, 7), (0, 15, -32767)]
        {
            assert_eq!(extended(bits, size), expected, "{bits:b} of {size}");
        }
    }

    #[test]
    fn tables_that_promise_too_much_are_refused() {
        // Two codes of one bit would need the one that consists of ones.
        for (counts, symbols) in
            [(&[2u8][..], &[0u8, 1][..]), (&[1, 2], &[0, 1, 2]), (&[0, 4], &[0, 1, 2, 3])]
        {
            assert!(AcTable::build(&definition(counts, symbols), true).is_err(), "{counts:?}");
        }
        assert!(DcTable::build(&definition(&[1], &[16])).is_err());
        assert!(DcTable::build(&definition(&[1], &[15])).is_ok());
        assert!(Definition::read(&[0; 15]).is_err());
        assert!(Definition::read(&[[255; 16].as_slice(), &[0; 4096]].concat()).is_err());
        assert!(Definition::read(&[[1; 16].as_slice(), &[0; 15]].concat()).is_err());
    }

    #[test]
    fn a_leap_never_ends_inside_a_value_and_says_where_the_block_ends() {
        // 0 ends the block, 10 is a value of one bit, 110 passes over sixteen zeros.
        let table = AcTable::build(&definition(&[1, 1, 1], &[0x00, 0x01, 0xf0]), true).unwrap();
        let leaps = table.leaps();
        let at = |bits: &str| {
            let look = usize::from_str_radix(bits, 2).unwrap();
            let leap = leap(leaps, look);
            (leap.coefficients() % 64, leap.bits(), leap.ends(1))
        };
        assert_eq!(at("1001010000000"), (2, 7, true));
        assert_eq!(at("1011101101110"), (33, 9, false), "what follows is no code");
        assert_eq!(at("1011011011101"), (19, 12, false), "half a code is left");
        assert_eq!(at("1001001001001"), (4, 12, false), "a code is left without its value");
        let none = leap(leaps, 0b1_1111_1111_1111);
        assert!(!none.is_within(0) && !none.ends(1));
        // Behind the last coefficient but one there is room for one and the end, not for two.
        let two = leap(leaps, 0b1_0010_1000_0000);
        assert!(two.ends(61) && !two.ends(62));
    }

    #[test]
    fn long_codes_are_found_and_no_code_is_not() {
        // One code of each length: 0, 10, 110, ... each ends in its only zero.
        let table =
            AcTable::build(&Definition { counts: [1; 16], symbols: (0x11..0x21).collect() }, false).unwrap();
        for length in 12..=16u32 {
            let bits = u64::MAX << (64 - length + 1);
            assert!(table.entry((bits >> (64 - LOOK)) as usize).is_long());
            assert_eq!(table.long().find(bits), Some((0x10 + length, length)));
        }
        assert_eq!(table.long().find(u64::MAX), None);
    }
}
