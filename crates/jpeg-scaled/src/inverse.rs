//! From the lowest frequencies of a block to its samples: the inverse transform, made for 4, 2 and 1 sample a side.
//!
//! Coefficients are sixteen-bit numbers that wrap, whatever a file says; the sums of them are exact. So every
//! processor gives the same samples.

/// The coefficients of a block that any scale keeps, at their places, and one for all others.
pub(crate) type Kept = [i16; 32];

/// The coefficients of a scale as they are kept for any.
#[inline(always)]
pub(crate) fn padded(coefficients: [i16; 16]) -> Kept {
    let mut kept = [0; 32];
    kept[..16].copy_from_slice(&coefficients);
    kept
}

/// A sample of 0 stands for the middle of the range (T.81, annex A.3.1).
const MIDDLE: i32 = 128;

/// The mean of a block: its lowest coefficient is eight times that.
#[inline(always)]
pub(crate) fn one(mean: i16) -> [[u8; 1]; 1] {
    [[sample((i32::from(mean) + (MIDDLE << 3) + 4) >> 3)]]
}

/// At two samples a side each basis function is 1 or -1, and all have the weight of the mean.
#[inline(always)]
pub(crate) fn two(kept: [i16; 4]) -> [[u8; 2]; 2] {
    let [mean, across, down, both] = kept.map(i32::from);
    let mean = mean + (MIDDLE << 3) + 4;
    [
        [sample((mean + across + down + both) >> 3), sample((mean - across + down - both) >> 3)],
        [sample((mean + across - down - both) >> 3), sample((mean - across - down + both) >> 3)],
    ]
}

#[inline(always)]
fn sample(value: i32) -> u8 {
    value.clamp(0, 255) as u8
}

/// Fractional bits of the factors below.
const FRACTION: u32 = 13;
/// 1/2.
pub(crate) const EVEN: i16 = 1 << (FRACTION - 1);
/// cos(pi/8) / sqrt(2).
pub(crate) const ODD_LARGE: i16 = 5352;
/// cos(3 pi/8) / sqrt(2).
pub(crate) const ODD_SMALL: i16 = 2217;
/// Fractional bits between the passes: as many as leave samples of four times their range room in sixteen bits.
const BETWEEN: u32 = 4;
pub(crate) const AFTER_COLUMNS: u32 = FRACTION - BETWEEN;
/// The two passes give twice what they should, hence one more.
pub(crate) const AFTER_ROWS: u32 = FRACTION + BETWEEN + 1;
pub(crate) const ROUND_COLUMNS: i32 = 1 << (AFTER_COLUMNS - 1);
pub(crate) const ROUND_ROWS: i32 = (MIDDLE << AFTER_ROWS) + (1 << (AFTER_ROWS - 1));

#[cfg(target_arch = "x86_64")]
pub(crate) use crate::simd::four;

#[cfg(not(target_arch = "x86_64"))]
pub(crate) use plain::four;

#[cfg(any(not(target_arch = "x86_64"), test))]
mod plain {
    //! For processors without code of their own.

    use super::*;

    #[inline(always)]
    pub fn four(kept: &Kept) -> [[u8; 4]; 4] {
        let mut columns = [[0i16; 4]; 4];
        for x in 0..4 {
            let sums = sums([kept[x], kept[4 + x], kept[8 + x], kept[12 + x]]);
            columns[x] = sums.map(|sum| saturated((sum + ROUND_COLUMNS) >> AFTER_COLUMNS));
        }
        let mut samples = [[0; 4]; 4];
        for (y, row) in samples.iter_mut().enumerate() {
            let sums = sums([columns[0][y], columns[1][y], columns[2][y], columns[3][y]]);
            *row = sums.map(|sum| sample((sum + ROUND_ROWS) >> AFTER_ROWS));
        }
        samples
    }

    fn saturated(value: i32) -> i16 {
        value.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
    }

    fn sums(coefficients: [i16; 4]) -> [i32; 4] {
        let product = |index: usize, factor: i16| i32::from(coefficients[index]) * i32::from(factor);
        let (sum, difference) = (product(0, EVEN) + product(2, EVEN), product(0, EVEN) - product(2, EVEN));
        let outer = product(1, ODD_LARGE) + product(3, ODD_SMALL);
        let inner = product(1, ODD_SMALL) - product(3, ODD_LARGE);
        [sum + outer, difference + inner, difference - inner, sum - outer]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::f64::consts::PI;

    /// T.81, annex A.3.3, for a block of `side` samples a side that has no higher frequencies.
    fn exact(kept: &Kept, side: usize) -> Vec<f64> {
        let weight = |frequency: usize| if frequency == 0 { 0.5f64.sqrt() } else { 1.0 };
        let basis = |frequency: usize, at: usize| {
            weight(frequency) * ((2 * at + 1) as f64 * frequency as f64 * PI / (2 * side) as f64).cos()
        };
        let mut samples = Vec::new();
        for (y, x) in (0..side).flat_map(|y| (0..side).map(move |x| (y, x))) {
            let mut sum = 0.0;
            for (v, u) in (0..side).flat_map(|v| (0..side).map(move |u| (v, u))) {
                sum += f64::from(kept[v * side + u]) * basis(v, y) * basis(u, x);
            }
            samples.push((sum / 4.0 + 128.0).clamp(0.0, 255.0));
        }
        samples
    }

    fn assert_close(found: &[u8], exact: &[f64], kept: &Kept) {
        for (found, exact) in found.iter().zip(exact) {
            assert!((f64::from(*found) - exact).abs() <= 0.6, "{found} where {exact} is right, of {kept:?}");
        }
    }

    fn kept(range: std::ops::RangeInclusive<i16>) -> impl Strategy<Value = Kept> {
        prop::array::uniform32(range)
    }

    proptest! {
        /// As pictures have them.
        #[test]
        fn samples_are_those_of_the_definition(kept in kept(-500..=500)) {
            assert_close(four(&kept).as_flattened(), &exact(&kept, 4), &kept);
            assert_close(plain::four(&kept).as_flattened(), &exact(&kept, 4), &kept);
            assert_close(two([kept[0], kept[1], kept[2], kept[3]]).as_flattened(), &exact(&kept, 2), &kept);
            assert_close(one(kept[0]).as_flattened(), &exact(&kept, 1), &kept);
        }

        /// And as nobody does, but a file may say.
        #[test]
        fn every_processor_gives_the_same_samples(kept in kept(i16::MIN..=i16::MAX)) {
            prop_assert_eq!(four(&kept), plain::four(&kept));
        }
    }

    #[test]
    fn the_extremes_are_the_same_too() {
        for extreme in [[i16::MIN; 32], [i16::MAX; 32]] {
            assert_eq!(four(&extreme), plain::four(&extreme));
        }
    }
}
