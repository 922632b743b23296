//! What it takes to decode a picture of a HEIC beside its data (ISO/IEC 14496-15 §8.3.2, `hvcC`), and a look over those data.

use super::bits::Bits;
use super::sequence::Sequence;
use crate::codec::heif::boxes::{Bytes, Result, Unreadable};

#[derive(Debug)]
pub(super) struct Configuration<'a> {
    pub sequence: Sequence,
    /// All parameter sets, as the decoder takes them.
    pub sets: Vec<&'a [u8]>,
    /// Of the pictures: their numbers, and whether they may have slices that depend on others.
    pictures: Vec<(u32, bool)>,
    /// Of the number before each unit of the data, in bytes.
    length: usize,
}

/// Of units (ITU-T H.265 table 7-1).
const VIDEO_PARAMETERS: u8 = 32;
const SEQUENCE_PARAMETERS: u8 = 33;
const PICTURE_PARAMETERS: u8 = 34;

/// As many as there are numbers for (§7.4.3).
const MOST_SETS: usize = 16 + 1 + 64;

/// Of the highest level (table A.8).
const MOST_SLICES: usize = 600;

/// Behind which nothing of a slice's header is of interest here.
const HEAD_OF_SLICE: usize = 16;

impl<'a> Configuration<'a> {
    pub fn of(record: &'a [u8]) -> Result<Configuration<'a>> {
        // The property ends, not the file.
        let early = |error| match error {
            Unreadable::Truncated => Unreadable::Corrupt("its HEVC parameters end early"),
            error => error,
        };
        let (length, sets) = units(record).map_err(early)?;
        let (mut sequence, mut pictures) = (None, Vec::new());
        for unit in &sets {
            match kind(unit) {
                SEQUENCE_PARAMETERS if sequence.is_some() => {
                    // One picture, one size, or there is no telling which of them the data mean.
                    return Err(Unreadable::Unsupported("more than one set of sequence parameters"));
                }
                SEQUENCE_PARAMETERS => sequence = Some(Sequence::of(unit)?),
                PICTURE_PARAMETERS => {
                    let mut bits = Bits::of(unit, unit.len());
                    let (number, _sequence) = (bits.exponential()?, bits.exponential()?);
                    pictures.push((number, bits.flag()?));
                }
                _ => {}
            }
        }
        let sequence = sequence.ok_or(Unreadable::Corrupt("its HEVC parameters are not all there"))?;
        Ok(Configuration { sequence, sets, pictures, length })
    }

    /// The slices of one picture. They must be in their order, each of another place, so that none is decoded twice.
    pub fn slices<'d>(&self, data: &'d [u8]) -> Result<Vec<&'d [u8]>> {
        let mut bytes = Bytes(data);
        let mut slices = Vec::new();
        let mut next = 0;
        while !bytes.0.is_empty() {
            let length = bytes.sized(self.length)?;
            let unit = bytes.take(usize::try_from(length).map_err(|_| Unreadable::Truncated)?)?;
            // Further layers are other pictures, and what is no slice changes nothing of this one.
            if unit.len() < 2 || layer(unit) != 0 || kind(unit) >= VIDEO_PARAMETERS {
                continue;
            }
            let place = self.place(unit)?;
            if place < next || (slices.is_empty() && place > 0) {
                return Err(Unreadable::Corrupt("its slices are not in their order"));
            }
            if slices.len() == MOST_SLICES {
                return Err(Unreadable::Unsupported("so many slices"));
            }
            next = place + 1;
            slices.push(unit);
        }
        if slices.is_empty() {
            return Err(Unreadable::Corrupt("it has no frame"));
        }
        Ok(slices)
    }

    /// The block that a slice begins with (ITU-T H.265 §7.3.6.1).
    fn place(&self, slice: &[u8]) -> Result<u64> {
        // Pictures that depend on none begin a sequence; these and the reserved ones say if those before them are shown.
        if !(16..=23).contains(&kind(slice)) {
            return Err(Unreadable::Unsupported("pictures that depend on others"));
        }
        let mut bits = Bits::of(slice, HEAD_OF_SLICE);
        let first = bits.flag()?;
        bits.skip(1)?;
        let number = bits.exponential()?;
        let picture = self.pictures.iter().rev().find(|(known, _)| *known == number);
        let (_, may_depend) = picture.ok_or(Unreadable::Corrupt("its HEVC parameters are not all there"))?;
        if first {
            return Ok(0);
        }
        if *may_depend && bits.flag()? {
            return Err(Unreadable::Unsupported("slices that depend on others"));
        }
        let across = |side: u32| u64::from(side.div_ceil(1 << self.sequence.block));
        let blocks = across(self.sequence.coded.width) * across(self.sequence.coded.height);
        Ok(bits.number(blocks.next_power_of_two().trailing_zeros().min(32))?.into())
    }
}

/// How long lengths are, and the parameter sets (14496-15 §8.3.2.1.2).
fn units(record: &[u8]) -> Result<(usize, Vec<&[u8]>)> {
    let mut bytes = Bytes(record);
    bytes.take(21)?;
    let length = usize::from(bytes.u8()? & 3) + 1;
    let mut units = Vec::new();
    for _ in 0..bytes.u8()? {
        bytes.u8()?;
        for _ in 0..bytes.u16()? {
            let size = bytes.u16()?;
            let unit = bytes.take(size.into())?;
            if unit.len() < 2
                || layer(unit) != 0
                || !(VIDEO_PARAMETERS..=PICTURE_PARAMETERS).contains(&kind(unit))
            {
                continue;
            }
            if units.len() == MOST_SETS {
                return Err(Unreadable::Unsupported("so many parameter sets"));
            }
            units.push(unit);
        }
    }
    Ok((length, units))
}

/// Of a unit, which has a header of two bytes (ITU-T H.265 §7.3.1.2).
fn kind(unit: &[u8]) -> u8 {
    unit[0] >> 1 & 0x3f
}

fn layer(unit: &[u8]) -> u8 {
    (unit[0] & 1) << 5 | unit[1] >> 3
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ONE: &[u8] = include_bytes!("../../../tests/fixtures/420-8-full-601.heic");

    fn record() -> &'static [u8] {
        let at = ONE.windows(4).position(|four| four == b"hvcC").unwrap();
        let length = u32::from_be_bytes(ONE[at - 4..at].try_into().unwrap()) as usize;
        &ONE[at + 4..at - 4 + length]
    }

    #[test]
    fn the_parameters_are_found() {
        let configuration = Configuration::of(record()).unwrap();
        assert_eq!(configuration.sets.len(), 3);
        assert_eq!((configuration.length, &configuration.pictures[..]), (4, &[(0, false)][..]));
        for keep in 0..record().len() {
            let early = Unreadable::Corrupt("its HEVC parameters end early");
            assert_eq!(Configuration::of(&record()[..keep]).unwrap_err(), early, "{keep} bytes");
        }
    }

    #[test]
    fn a_second_set_of_sequence_parameters_is_refused() {
        let mut twice = record().to_vec();
        let (_, sets) = units(record()).unwrap();
        let sequence = sets[1];
        assert_eq!(kind(sequence), SEQUENCE_PARAMETERS);
        twice[22] += 1;
        twice.extend([0x21, 0, 1]);
        twice.extend((sequence.len() as u16).to_be_bytes());
        twice.extend(sequence);
        let refused = Configuration::of(&twice).unwrap_err();
        assert_eq!(refused, Unreadable::Unsupported("more than one set of sequence parameters"));
    }

    /// Units with their lengths before them.
    fn data(units: &[&[u8]]) -> Vec<u8> {
        units.iter().flat_map(|unit| [&(unit.len() as u32).to_be_bytes()[..], unit].concat()).collect()
    }

    #[test]
    fn slices_come_in_their_order_and_none_twice() {
        // A picture of 128 by 64 in blocks of 16: 32 of them, counted in five bits.
        let mut configuration = Configuration::of(record()).unwrap();
        configuration.sequence.coded = plan::Size { width: 128, height: 64 };
        configuration.sequence.block = 4;
        configuration.pictures = vec![(0, true)];
        // An IDR picture's slice, the first; one that depends on no other, at a place; one that does depend.
        let first: &[u8] = &[19 << 1, 1, 0b1010_0000, 0];
        let at = |place: u8| [19 << 1, 1, 0b0010_0000 | place >> 1, place << 7];
        let message: &[u8] = &[39 << 1, 1, 1, 2, 3];
        let deeper: &[u8] = &[19 << 1, 1 << 3 | 1, 0b1010_0000, 0];
        let found = |units: &[&[u8]]| configuration.slices(&data(units)).map(|slices| slices.len());
        assert_eq!(found(&[message, first, deeper, &at(3), &at(31)]), Ok(3));
        let unordered = Err(Unreadable::Corrupt("its slices are not in their order"));
        assert_eq!(found(&[first, first]), unordered);
        assert_eq!(found(&[first, &at(3), &at(3)]), unordered);
        assert_eq!(found(&[first, &at(4), &at(3)]), unordered);
        assert_eq!(found(&[&at(3)]), unordered);
        assert_eq!(found(&[message]), Err(Unreadable::Corrupt("it has no frame")));
        let depends: &[u8] = &[19 << 1, 1, 0b0011_0000, 0];
        let of_slices = Err(Unreadable::Unsupported("slices that depend on others"));
        assert_eq!(found(&[first, depends]), of_slices);
        let predicted: &[u8] = &[1 << 1, 1, 0b1010_0000, 0];
        assert_eq!(found(&[predicted]), Err(Unreadable::Unsupported("pictures that depend on others")));
        let cut = data(&[first]);
        assert_eq!(configuration.slices(&cut[..cut.len() - 1]), Err(Unreadable::Truncated));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Configuration::of(&bytes);
            let _ = Configuration::of(record()).unwrap().slices(&bytes);
        }

        #[test]
        fn no_change_of_a_record_panics(
            changes in proptest::collection::vec((0..record().len(), any::<u8>()), 1..8)
        ) {
            let mut bytes = record().to_vec();
            for (at, value) in changes {
                bytes[at] = value;
            }
            let _ = Configuration::of(&bytes);
        }
    }
}
