//! Two rows become one of half their length: of each square of four pixels what one sees of it.

use crate::pixels::are_opaque;

/// So many pixels of a row are looked at together: most of them are as opaque, or as transparent, as their neighbours. A
/// multiple of [`AT_ONCE`].
const RUN: usize = 64;

/// So many pixels of each row, four squares, are halved in one step.
pub(super) const AT_ONCE: usize = 8;

/// Of an odd length, the last pixel of each row stands for two.
pub(super) fn halve(upper: &[[u8; 4]], lower: &[[u8; 4]], half: &mut Vec<[u8; 4]>) {
    half.clear();
    for (upper, lower) in upper.chunks(RUN).zip(lower.chunks(RUN)) {
        let (uppers, rest_above) = upper.as_chunks();
        let (lowers, rest_below) = lower.as_chunks();
        let eights = uppers.iter().zip(lowers);
        if are_opaque(upper) && are_opaque(lower) {
            eights.for_each(|(above, below)| half.extend_from_slice(&four_opaque(above, below)));
        } else if is_nothing(upper) && is_nothing(lower) {
            eights.for_each(|_| half.extend_from_slice(&[[0; 4]; 4]));
        } else {
            eights.for_each(|(above, below)| half.extend_from_slice(&four(above, below)));
        }
        let (rest_above, last_above) = rest_above.as_chunks();
        let (rest_below, last_below) = rest_below.as_chunks();
        half.extend(rest_above.iter().zip(rest_below).map(|(&[a, b], &[c, d])| seen([a, b, c, d])));
        if let (&[a], &[b]) = (last_above, last_below) {
            half.push(seen([a, a, b, b]));
        }
    }
}

fn is_nothing(pixels: &[[u8; 4]]) -> bool {
    pixels.iter().fold(0, |alphas, pixel| alphas | pixel[3]) == 0
}

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
fn four_opaque(upper: &[[u8; 4]; AT_ONCE], lower: &[[u8; 4]; AT_ONCE]) -> [[u8; 4]; 4] {
    // SAFETY: there is no x86-64 without SSE2.
    unsafe { super::squares_sse2::four_opaque(upper, lower) }
}

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
fn four(upper: &[[u8; 4]; AT_ONCE], lower: &[[u8; 4]; AT_ONCE]) -> [[u8; 4]; 4] {
    // SAFETY: there is no x86-64 without SSE2.
    unsafe { super::squares_sse2::four(upper, lower) }
}

#[cfg(not(target_arch = "x86_64"))]
fn four_opaque(upper: &[[u8; 4]; AT_ONCE], lower: &[[u8; 4]; AT_ONCE]) -> [[u8; 4]; 4] {
    squares(upper, lower).map(mean)
}

#[cfg(not(target_arch = "x86_64"))]
fn four(upper: &[[u8; 4]; AT_ONCE], lower: &[[u8; 4]; AT_ONCE]) -> [[u8; 4]; 4] {
    squares(upper, lower).map(seen)
}

#[cfg(any(test, not(target_arch = "x86_64")))]
fn squares(upper: &[[u8; 4]; AT_ONCE], lower: &[[u8; 4]; AT_ONCE]) -> [[[u8; 4]; 4]; 4] {
    std::array::from_fn(|at| [upper[2 * at], upper[2 * at + 1], lower[2 * at], lower[2 * at + 1]])
}

/// Of four opaque pixels.
#[cfg(any(test, not(target_arch = "x86_64")))]
fn mean(square: [[u8; 4]; 4]) -> [u8; 4] {
    std::array::from_fn(|channel| {
        ((square.iter().map(|pixel| u16::from(pixel[channel])).sum::<u16>() + 2) / 4) as u8
    })
}

/// Each colour counts as much as one sees of it.
fn seen(square: [[u8; 4]; 4]) -> [u8; 4] {
    let alpha: u32 = square.iter().map(|pixel| u32::from(pixel[3])).sum();
    let reciprocal = RECIPROCALS[alpha as usize];
    let colour = |channel: usize| {
        let weighted: u32 = square.iter().map(|pixel| u32::from(pixel[channel]) * u32::from(pixel[3])).sum();
        ((u64::from(weighted + alpha / 2) * reciprocal) >> 32) as u8
    };
    [colour(0), colour(1), colour(2), ((alpha + 2) / 4) as u8]
}

/// To divide by what four alphas may be together: exactly, because what is divided has 18 bits and these have 10. By nothing
/// comes nothing.
static RECIPROCALS: [u64; 4 * 255 + 1] = {
    let mut reciprocals = [0; 4 * 255 + 1];
    let mut alpha = 1;
    while alpha < reciprocals.len() {
        reciprocals[alpha] = (1_u64 << 32).div_ceil(alpha as u64);
        alpha += 1;
    }
    reciprocals
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pixel() -> impl Strategy<Value = [u8; 4]> {
        let alpha = prop_oneof![Just(0), Just(1), Just(254), Just(255), any::<u8>()];
        (any::<[u8; 3]>(), alpha).prop_map(|([r, g, b], alpha)| [r, g, b, alpha])
    }

    fn eight() -> impl Strategy<Value = [[u8; 4]; AT_ONCE]> {
        prop::collection::vec(pixel(), AT_ONCE).prop_map(|pixels| std::array::from_fn(|at| pixels[at]))
    }

    proptest! {
        #[test]
        fn four_squares_at_once_are_what_each_is_by_itself(upper in eight(), lower in eight()) {
            prop_assert_eq!(four(&upper, &lower), squares(&upper, &lower).map(seen));
        }

        #[test]
        fn opaque_squares_are_their_mean(upper in eight(), lower in eight()) {
            let opaque = |eight: [[u8; 4]; AT_ONCE]| eight.map(|[r, g, b, _]| [r, g, b, 255]);
            let (upper, lower) = (opaque(upper), opaque(lower));
            let means = squares(&upper, &lower).map(mean);
            prop_assert_eq!(four_opaque(&upper, &lower), means);
            prop_assert_eq!(four(&upper, &lower), means);
        }
    }

    /// What is divided is a whole number and so is what it is divided by: all of them are tried.
    #[test]
    fn colours_are_divided_exactly() {
        for alpha in 1..=4 * 255_u32 {
            for value in (0..=255 * alpha).step_by(1 + alpha as usize / 7) {
                let sum = value + alpha / 2;
                let reciprocal = RECIPROCALS[alpha as usize];
                assert_eq!((u64::from(sum) * reciprocal) >> 32, u64::from(sum / alpha), "{sum} / {alpha}");
                assert_eq!((sum as f32 / alpha as f32) as u32, sum / alpha, "{sum} / {alpha}");
            }
        }
    }

    #[test]
    fn rows_of_any_length_are_halved() {
        for length in 0..200_usize {
            let upper: Vec<[u8; 4]> = (0..length).map(|x| [x as u8, 7, 9, (3 * x) as u8]).collect();
            let lower: Vec<[u8; 4]> = (0..length).map(|x| [1, x as u8, 200, (200 - x) as u8]).collect();
            let mut half = Vec::new();
            halve(&upper, &lower, &mut half);
            let pixel = |row: &[[u8; 4]], x: usize| row[x.min(length - 1)];
            let expected: Vec<[u8; 4]> = (0..length.div_ceil(2))
                .map(|x| [(&upper, 2 * x), (&upper, 2 * x + 1), (&lower, 2 * x), (&lower, 2 * x + 1)])
                .map(|square| seen(square.map(|(row, x)| pixel(row, x))))
                .collect();
            assert_eq!(half, expected, "{length}");
        }
    }
}
