//! What an HEVC stream says of all its pictures: a sequence parameter set (ITU-T H.265 §7.3.2.2), as far as it matters here.

use plan::Size;

use super::bits::Bits;
use crate::codec::heif::boxes::{Result, Unreadable};
use crate::codec::heif::look::Coding;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sequence {
    /// As it is decoded.
    pub coded: Size,
    /// The part of it that is there to be seen.
    pub seen: Size,
    /// Of a sample, luma and chroma.
    pub bits: u8,
    /// The side of the blocks that a picture is made up of, as a power of two.
    pub block: u32,
    pub coding: Coding,
}

/// What a stream means that does not say how it was coded (§E.3.1).
const UNSAID: Coding = Coding { primaries: 2, transfer: 2, matrix: 2, full_range: false };

/// Samples of more bits are not what cameras write.
const MOST_BITS: u32 = 12;

/// Of each of several things that a sequence may have (§7.4.3.2.1).
const MOST_REFERENCE_SETS: u32 = 64;
const MOST_LONG_REFERENCES: u32 = 32;
const MOST_REFERENCES: u32 = 16;

impl Sequence {
    pub fn of(unit: &[u8]) -> Result<Sequence> {
        let bits = &mut Bits::of(unit, unit.len());
        bits.skip(4)?;
        let more_layers = bits.number(3)?;
        bits.skip(1)?;
        profile(bits, more_layers)?;
        let _id = bits.exponential()?;
        let layout = bits.exponential()?;
        // heic-rs 0.1.4 says that it decodes the others too, and gets them wrong (docs/decisions/0015-heic.md).
        let shared = match layout {
            0 => 1,
            1 => 2,
            2 => return Err(Unreadable::Unsupported("chroma at 4:2:2")),
            3 => return Err(Unreadable::Unsupported("chroma at 4:4:4")),
            _ => return Err(Unreadable::Corrupt("its chroma has no known layout")),
        };
        let coded = Size { width: bits.exponential()?, height: bits.exponential()? };
        let seen = if bits.flag()? {
            let mut less = |whole: u32| -> Result<u32> {
                let cut = shared * (u64::from(bits.exponential()?) + u64::from(bits.exponential()?));
                let left = u64::from(whole).checked_sub(cut).and_then(|left| u32::try_from(left).ok());
                left.filter(|left| *left > 0).ok_or(Unreadable::Corrupt("nothing of it is to be seen"))
            };
            Size { width: less(coded.width)?, height: less(coded.height)? }
        } else {
            coded
        };
        let [of_luma, of_chroma] =
            [bits.exponential()?, bits.exponential()?].map(|more| more.saturating_add(8));
        if of_luma > MOST_BITS {
            return Err(Unreadable::Unsupported("more than twelve bits a sample"));
        }
        if layout != 0 && of_luma != of_chroma {
            return Err(Unreadable::Unsupported("luma and chroma of different depths"));
        }
        let of_order = bits.exponential()?.saturating_add(4);
        if of_order > 16 {
            return Err(Unreadable::Corrupt("its pictures are counted too far"));
        }
        let layers = if bits.flag()? { more_layers + 1 } else { 1 };
        bits.pass(3 * layers)?;
        let smallest = bits.exponential()?.saturating_add(3);
        let block = smallest.saturating_add(bits.exponential()?);
        if !(4..=6).contains(&block) {
            return Err(Unreadable::Corrupt("its blocks have no known size"));
        }
        bits.pass(4)?;
        // Lists to scale by, given here.
        if bits.flag()? && bits.flag()? {
            scaling_lists(bits)?;
        }
        bits.skip(2)?;
        // Blocks that are not coded at all.
        if bits.flag()? {
            bits.skip(8)?;
            bits.pass(2)?;
            bits.skip(1)?;
        }
        reference_sets(bits)?;
        if bits.flag()? {
            let count = bits.exponential()?;
            if count > MOST_LONG_REFERENCES {
                return Err(Unreadable::Corrupt("it refers to too many pictures"));
            }
            bits.skip(count * (of_order + 1))?;
        }
        bits.skip(2)?;
        let coding = if bits.flag()? { usability(bits)? } else { UNSAID };
        Ok(Sequence { coded, seen, bits: of_luma as u8, block, coding })
    }
}

/// `profile_tier_level` (§7.3.3): nothing of it is of use, as profiles do not say what is really there.
fn profile(bits: &mut Bits, more_layers: u32) -> Result<()> {
    bits.skip(88 + 8)?;
    let mut given = Vec::new();
    for _ in 0..more_layers {
        given.push((bits.flag()?, bits.flag()?));
    }
    if more_layers > 0 {
        bits.skip(2 * (8 - more_layers))?;
    }
    for (profile, level) in given {
        bits.skip(if profile { 88 } else { 0 } + if level { 8 } else { 0 })?;
    }
    Ok(())
}

/// `scaling_list_data` (§7.3.4).
fn scaling_lists(bits: &mut Bits) -> Result<()> {
    for size in 0..4 {
        for _ in 0..if size == 3 { 2 } else { 6 } {
            let given = bits.flag()?;
            if !given {
                bits.pass(1)?;
                continue;
            }
            // In the upper left corner, in large ones.
            bits.pass(if size > 1 { 1 } else { 0 })?;
            bits.pass(64.min(16 << (2 * size)))?;
        }
    }
    Ok(())
}

/// `st_ref_pic_set` for each (§7.3.7).
fn reference_sets(bits: &mut Bits) -> Result<()> {
    let too_many = Unreadable::Corrupt("it refers to too many pictures");
    let count = bits.exponential()?;
    if count > MOST_REFERENCE_SETS {
        return Err(too_many);
    }
    let mut references = 0;
    for index in 0..count {
        // As the one before it, but for some.
        if index > 0 && bits.flag()? {
            bits.skip(1)?;
            bits.pass(1)?;
            let mut kept = 0;
            for _ in 0..=references {
                if bits.flag()? || bits.flag()? {
                    kept += 1;
                }
            }
            references = kept;
        } else {
            let (before, after) = (bits.exponential()?, bits.exponential()?);
            if before > MOST_REFERENCES || after > MOST_REFERENCES {
                return Err(too_many);
            }
            references = before + after;
            for _ in 0..references {
                bits.pass(1)?;
                bits.skip(1)?;
            }
        }
        if references > 2 * MOST_REFERENCES {
            return Err(too_many);
        }
    }
    Ok(())
}

/// `vui_parameters` (§E.2.1), as far as colours.
fn usability(bits: &mut Bits) -> Result<Coding> {
    const ASPECT_GIVEN: u32 = 255;
    if bits.flag()? && bits.number(8)? == ASPECT_GIVEN {
        bits.skip(32)?;
    }
    if bits.flag()? {
        bits.skip(1)?;
    }
    if !bits.flag()? {
        return Ok(UNSAID);
    }
    bits.skip(3)?;
    let full_range = bits.flag()?;
    if !bits.flag()? {
        return Ok(Coding { full_range, ..UNSAID });
    }
    let mut number = || bits.number(8).map(|number| number as u16);
    Ok(Coding { primaries: number()?, transfer: number()?, matrix: number()?, full_range })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unit(hexadecimal: &str) -> Vec<u8> {
        let digits: Vec<u8> = hexadecimal.chars().map(|digit| digit.to_digit(16).unwrap() as u8).collect();
        digits.as_chunks().0.iter().map(|[high, low]| high << 4 | low).collect()
    }

    /// As two telephones and x265 write them.
    const TELEPHONE: &str = "420101037000000300b0000003000003005aa0040200805887b9165537020202a402";
    const ANOTHER: &str = "420101031000000300b0000003000003005aa004020080597ee4c96a560a0c0a05da1425";
    const ENCODER: &str =
        "42010103700000030090000003000003001ea020810596eaae9ae6e021a0c08000000c800000030084";

    #[test]
    fn what_cameras_and_encoders_write_is_read() {
        let tile = Size { width: 512, height: 512 };
        let coding = |primaries, matrix, full_range| Coding { primaries, transfer: 13, matrix, full_range };
        for (hexadecimal, coded, expected) in [
            (TELEPHONE, tile, Coding { full_range: true, ..UNSAID }),
            (ANOTHER, tile, Coding { primaries: 5, transfer: 6, matrix: 5, full_range: true }),
            (ENCODER, Size { width: 64, height: 64 }, coding(1, 6, true)),
        ] {
            let sequence = Sequence::of(&unit(hexadecimal)).unwrap();
            assert_eq!((sequence.coded, sequence.seen, sequence.bits), (coded, coded, 8), "{hexadecimal}");
            assert_eq!(sequence.coding, expected, "{hexadecimal}");
        }
    }

    /// Writes what is read here.
    #[derive(Default)]
    struct Written {
        bits: Vec<bool>,
    }

    impl Written {
        fn number(mut self, value: u32, count: u32) -> Written {
            self.bits
                .extend((0..count).rev().map(|at| value.checked_shr(at).is_some_and(|bits| bits & 1 == 1)));
            self
        }

        fn exponential(self, value: u32) -> Written {
            let length = (value + 1).ilog2();
            self.number(0, length).number(value + 1, length + 1)
        }

        fn exponentials<const COUNT: usize>(self, values: [u32; COUNT]) -> Written {
            values.into_iter().fold(self, Written::exponential)
        }

        fn unit(self) -> Vec<u8> {
            let mut bytes = vec![0x42, 1];
            let mut zeros = 0;
            for eight in self.bits.chunks(8) {
                let byte =
                    eight.iter().fold(0u8, |byte, bit| byte << 1 | u8::from(*bit)) << (8 - eight.len());
                if zeros >= 2 && byte <= 3 {
                    bytes.push(3);
                    zeros = 0;
                }
                zeros = if byte == 0 { zeros + 1 } else { 0 };
                bytes.push(byte);
            }
            bytes
        }
    }

    /// Up to its size, of which so much is cut off.
    fn start(layout: u32, (width, height): (u32, u32), cut: [u32; 4]) -> Written {
        let written = Written::default().number(0, 8).number(0, 96).exponentials([0, layout]);
        written.exponentials([width, height]).number(1, 1).exponentials(cut)
    }

    /// From the sizes of blocks to the flag of the scaling lists.
    fn blocks(written: Written) -> Written {
        written.number(1, 1).exponentials([1, 0, 0]).exponentials([0, 3]).exponentials([0, 3, 0, 0])
    }

    #[test]
    fn everything_that_may_stand_before_the_colours_is_stepped_over() {
        let written = start(1, (4096, 64), [1, 2, 3, 4]).exponentials([2, 2, 4]);
        let mut written = blocks(written).number(0b11, 2);
        for size in 0..4 {
            for list in 0..if size == 3 { 2 } else { 6 } {
                // Each other one is as one before it.
                written = written.number(list % 2, 1);
                let given = if size > 1 { 65 } else { 16 << (2 * size) };
                let count = if list % 2 == 0 { 1 } else { given };
                written = (0..count).fold(written, |written, at| written.exponential(at % 9));
            }
        }
        let written = written.number(0b01, 2).number(1, 1).number(0x77, 8).exponentials([0, 2]).number(1, 1);
        // Of three sets of references the second is made from the first.
        let written = written.exponentials([3, 2, 1]);
        let written = (0..3).fold(written, |written, at| written.exponential(at).number(1, 1));
        let written = written.number(0b11, 2).exponential(5).number(0b10_0011, 6);
        let written = written.number(0, 1).exponentials([0, 0]);
        let written = written.number(1, 1).exponential(2).number(0x155, 2 * 9);
        let written = written.number(0b10, 2).number(1, 1);
        let written = written.number(1, 1).number(255, 8).number(0x0001_0001, 32).number(0b11, 2);
        let colours =
            written.number(1, 1).number(5, 3).number(0b01, 2).number(9, 8).number(16, 8).number(9, 8);
        let sequence = Sequence::of(&colours.unit());
        let expected = Sequence {
            coded: Size { width: 4096, height: 64 },
            seen: Size { width: 4096 - 2 * 3, height: 64 - 2 * 7 },
            bits: 10,
            block: 6,
            coding: Coding { primaries: 9, transfer: 16, matrix: 9, full_range: false },
        };
        assert_eq!(sequence, Ok(expected));
    }

    #[test]
    fn what_is_not_meant_for_pictures_is_refused() {
        let end = |written: Written| Sequence::of(&written.number(0, 64).unit()).unwrap_err();
        for (layout, what) in [(2, "chroma at 4:2:2"), (3, "chroma at 4:4:4")] {
            assert_eq!(end(start(layout, (64, 64), [0; 4])), Unreadable::Unsupported(what));
        }
        let all_cut = start(1, (64, 64), [16, 16, 0, 0]);
        assert_eq!(end(all_cut), Unreadable::Corrupt("nothing of it is to be seen"));
        let far_cut = start(1, (64, 64), [u32::MAX - 1, u32::MAX - 1, 0, 0]);
        assert_eq!(end(far_cut), Unreadable::Corrupt("nothing of it is to be seen"));
        let deep = start(1, (64, 64), [0; 4]).exponentials([5, 5]);
        assert_eq!(end(deep), Unreadable::Unsupported("more than twelve bits a sample"));
        let uneven = start(1, (64, 64), [0; 4]).exponentials([0, 2]);
        assert_eq!(end(uneven), Unreadable::Unsupported("luma and chroma of different depths"));
        // Of a grey picture the depth of chroma does not matter, but that of blocks does.
        let written = start(0, (64, 64), [0; 4]).exponentials([0, 2, 4]).number(1, 1).exponentials([0, 0, 0]);
        assert_eq!(end(written.exponentials([0, 0])), Unreadable::Corrupt("its blocks have no known size"));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = Sequence::of(&bytes);
        }

        #[test]
        fn no_change_panics_and_less_is_seen_than_coded(
            changes in proptest::collection::vec((2usize..34, any::<u8>()), 1..6)
        ) {
            let mut bytes = unit(TELEPHONE);
            for (at, value) in changes {
                bytes[at] = value;
            }
            if let Ok(sequence) = Sequence::of(&bytes) {
                prop_assert!(sequence.seen.width <= sequence.coded.width);
                prop_assert!(sequence.seen.height <= sequence.coded.height);
            }
        }
    }
}
