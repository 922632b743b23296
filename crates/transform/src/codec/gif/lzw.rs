//! GIF's packing undone (GIF89a, appendix F): from codes to places in a palette.
//!
//! What a code stands for has been there before: it is what the code before last stood for, and the pixel after it. So of each
//! code it is enough to know where that begins and how long it is, and nothing has to be put together.

/// The longest code, in bits.
const LONGEST: u32 = 12;
const CODES: usize = 1 << LONGEST;
/// As many pixels as are copied at once.
const AT_ONCE: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Broken {
    #[error("its pixels cannot have codes of {0} bits")]
    Size(u8),
    #[error("its pixels have a code that stands for nothing")]
    Code,
    #[error("it has fewer pixels than it says")]
    Short,
}

/// Fills `pixels`, of which the plain ones have this many bits. What comes after them does not matter.
pub(super) fn unpack(bits: u8, packed: &[u8], pixels: &mut [u8]) -> Result<(), Broken> {
    if !(1..LONGEST as u8).contains(&bits) {
        return Err(Broken::Size(bits));
    }
    let clear = 1usize << bits;
    let end = clear + 1;
    // By code: where in `pixels` that begins for which it stands, and how long it is.
    let mut known = vec![(0usize, 0usize); CODES];
    let mut next = end + 1;
    let mut length = u32::from(bits) + 1;
    let mut before: Option<(usize, usize)> = None;
    let mut codes = Codes { packed, ahead: 0, held: 0 };
    let mut at = 0;
    while at < pixels.len() {
        let code = codes.take(length).ok_or(Broken::Short)?;
        if code == clear {
            (next, length, before) = (end + 1, u32::from(bits) + 1, None);
            continue;
        }
        if code == end {
            return Err(Broken::Short);
        }
        // The pixel that makes the code before one longer is the first of this one, wherever that is from.
        if let Some((start, count)) = before
            && let Some(new) = known.get_mut(next)
        {
            *new = (start, count + 1);
            next += 1;
            if next == 1 << length && length < LONGEST {
                length += 1;
            }
        }
        let count = if code < clear {
            pixels[at] = code as u8;
            1
        } else if code < next {
            let (start, count) = known[code];
            copy(pixels, start, at, count);
            count
        } else {
            return Err(Broken::Code);
        };
        before = Some((at, count));
        at += count;
    }
    Ok(())
}

/// Copies pixels to where the first ones of them may be the last ones of what is copied. What does not fit is left out.
fn copy(pixels: &mut [u8], from: usize, to: usize, count: usize) {
    if count <= AT_ONCE
        && from + AT_ONCE <= to
        && let Some(&some) = pixels.get(from..).and_then(|rest| rest.first_chunk::<AT_ONCE>())
        && let Some(there) = pixels.get_mut(to..).and_then(|rest| rest.first_chunk_mut::<AT_ONCE>())
    {
        // More than is needed; what comes next is written over it.
        *there = some;
        return;
    }
    let count = count.min(pixels.len() - to);
    if from + count <= to {
        pixels.copy_within(from..from + count, to);
        return;
    }
    for at in 0..count {
        pixels[to + at] = pixels[from + at];
    }
}

/// The packed bytes, the lowest bit of each first.
struct Codes<'a> {
    packed: &'a [u8],
    ahead: u64,
    /// How many bits of `ahead` are there; above them are some of the next byte's, or zeros.
    held: u32,
}

impl Codes<'_> {
    #[inline(always)]
    fn take(&mut self, length: u32) -> Option<usize> {
        if self.held < length {
            self.fill();
            if self.held < length {
                return None;
            }
        }
        let code = self.ahead & ((1 << length) - 1);
        self.ahead >>= length;
        self.held -= length;
        Some(code as usize)
    }

    #[inline(always)]
    fn fill(&mut self) {
        if let Some(bytes) = self.packed.first_chunk() {
            self.ahead |= u64::from_le_bytes(*bytes) << self.held;
            let taken = (63 - self.held) / 8;
            self.packed = &self.packed[taken as usize..];
            self.held += taken * 8;
            return;
        }
        while let ([byte, rest @ ..], true) = (self.packed, self.held <= 56) {
            self.ahead |= u64::from(*byte) << self.held;
            self.held += 8;
            self.packed = rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use weezl::BitOrder;

    use super::*;

    /// What another decoder makes of it: as many of the pixels as there are, or nothing where it refuses.
    fn known(bits: u8, packed: &[u8], count: usize) -> Option<Vec<u8>> {
        let mut decoder = weezl::decode::Decoder::new(BitOrder::Lsb, bits);
        let mut pixels = vec![0; count];
        let (mut read, mut written) = (0, 0);
        loop {
            let result = decoder.decode_bytes(&packed[read..], &mut pixels[written..]);
            (read, written) = (read + result.consumed_in, written + result.consumed_out);
            match result.status {
                _ if written == count => return Some(pixels),
                Err(_) => return None,
                Ok(weezl::LzwStatus::Ok) => {}
                Ok(_) => return None,
            }
        }
    }

    fn unpacked(bits: u8, packed: &[u8], count: usize) -> Result<Vec<u8>, Broken> {
        let mut pixels = vec![0; count];
        unpack(bits, packed, &mut pixels).map(|()| pixels)
    }

    fn packed(bits: u8, pixels: &[u8]) -> Vec<u8> {
        weezl::encode::Encoder::new(BitOrder::Lsb, bits).encode(pixels).unwrap()
    }

    #[test]
    fn long_runs_and_full_tables_come_back() {
        let noise = |at: usize| (((at * at) >> 3) ^ (at * 7919)) as u8;
        for (bits, pixels) in [
            (8, vec![7; 100_000]),
            (8, (0..200_000).map(noise).collect()),
            (4, (0..50_000).map(|at| noise(at / 3) & 15).collect()),
            (2, (0..50_000).map(|at| noise(at / 90) & 3).collect()),
        ] {
            assert_eq!(unpacked(bits, &packed(bits, &pixels), pixels.len()), Ok(pixels), "{bits}");
        }
    }

    #[test]
    fn what_is_missing_or_stands_for_nothing_is_told() {
        let whole = packed(8, &[1, 2, 3, 1, 2, 3]);
        assert_eq!(unpacked(8, &whole, 6), Ok(vec![1, 2, 3, 1, 2, 3]));
        assert_eq!(unpacked(8, &whole, 4), Ok(vec![1, 2, 3, 1]));
        assert_eq!(unpacked(8, &whole, 7), Err(Broken::Short));
        assert_eq!(unpacked(8, &whole[..3], 6), Err(Broken::Short));
        assert_eq!(unpacked(8, &[], 1), Err(Broken::Short));
        assert_eq!(unpacked(8, &[], 0), Ok(vec![]));
        // The first code after the table is cleared has nothing before it.
        assert_eq!(unpacked(2, &[0b110_100], 1), Err(Broken::Code));
        for bits in [0, 12, 255] {
            assert_eq!(unpacked(bits, &whole, 6), Err(Broken::Size(bits)));
        }
    }

    proptest! {
        #[test]
        fn what_others_pack_is_unpacked(
            bits in 2..=8u8, pixels in proptest::collection::vec(any::<u8>(), 0..3000), same in 1..40usize,
        ) {
            let pixels: Vec<u8> = pixels.iter().flat_map(|pixel| vec![pixel & (u8::MAX >> (8 - bits)); same]).collect();
            prop_assert_eq!(unpacked(bits, &packed(bits, &pixels), pixels.len()), Ok(pixels));
        }

        #[test]
        fn of_any_bytes_it_makes_what_others_make(
            bits in 1..=11u8, packed in proptest::collection::vec(any::<u8>(), 0..400), count in 0..2000usize,
        ) {
            prop_assert_eq!(unpacked(bits, &packed, count).ok(), known(bits, &packed, count));
        }
    }
}
