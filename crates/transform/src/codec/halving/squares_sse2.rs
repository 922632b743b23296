//! Four squares at once, with the same results as one by one.

use std::arch::x86_64::{
    __m128i, _mm_add_epi16, _mm_add_epi32, _mm_and_si128, _mm_cvtepi32_ps, _mm_cvtsi128_si64,
    _mm_cvttps_epi32, _mm_div_ps, _mm_madd_epi16, _mm_or_si128, _mm_packs_epi32, _mm_packus_epi16,
    _mm_set_epi32, _mm_set_epi64x, _mm_set1_epi16, _mm_setzero_si128, _mm_shuffle_epi32, _mm_srli_epi16,
    _mm_srli_epi32, _mm_unpackhi_epi8, _mm_unpackhi_epi64, _mm_unpacklo_epi8, _mm_unpacklo_epi64,
};

use super::squares::AT_ONCE;

/// The four pixels from this one on.
#[inline]
#[target_feature(enable = "sse2")]
fn load(pixels: &[[u8; 4]; AT_ONCE], from: usize) -> __m128i {
    let two = |at: usize| {
        let [a, b] = [pixels[at], pixels[at + 1]].map(|pixel| i64::from(u32::from_le_bytes(pixel)));
        a | b << 32
    };
    _mm_set_epi64x(two(from + 2), two(from))
}

#[inline]
#[target_feature(enable = "sse2")]
fn store(pixels: __m128i) -> [[u8; 4]; 4] {
    let low = _mm_cvtsi128_si64(pixels) as u64;
    let high = _mm_cvtsi128_si64(_mm_unpackhi_epi64(pixels, pixels)) as u64;
    [low, low >> 32, high, high >> 32].map(|pixel| (pixel as u32).to_le_bytes())
}

/// As `squares::mean` of each.
#[target_feature(enable = "sse2")]
pub(super) fn four_opaque(upper: &[[u8; 4]; AT_ONCE], lower: &[[u8; 4]; AT_ONCE]) -> [[u8; 4]; 4] {
    let zero = _mm_setzero_si128();
    let two = |from: usize| {
        let (above, below) = (load(upper, from), load(lower, from));
        let first = _mm_add_epi16(_mm_unpacklo_epi8(above, zero), _mm_unpacklo_epi8(below, zero));
        let second = _mm_add_epi16(_mm_unpackhi_epi8(above, zero), _mm_unpackhi_epi8(below, zero));
        let sum = _mm_add_epi16(_mm_unpacklo_epi64(first, second), _mm_unpackhi_epi64(first, second));
        _mm_srli_epi16::<2>(_mm_add_epi16(sum, _mm_set1_epi16(2)))
    };
    store(_mm_packus_epi16(two(0), two(4)))
}

/// As `squares::seen` of each.
#[target_feature(enable = "sse2")]
pub(super) fn four(upper: &[[u8; 4]; AT_ONCE], lower: &[[u8; 4]; AT_ONCE]) -> [[u8; 4]; 4] {
    let two = |from: usize| {
        let (above, below) = (load(upper, from), load(lower, from));
        let left = square(_mm_unpacklo_epi8(above, below));
        _mm_packs_epi32(left, square(_mm_unpackhi_epi8(above, below)))
    };
    store(_mm_packus_epi16(two(0), two(4)))
}

/// Of the samples of a square, each followed by the one below it.
#[inline]
#[target_feature(enable = "sse2")]
fn square(samples: __m128i) -> __m128i {
    let zero = _mm_setzero_si128();
    let sums =
        _mm_add_epi32(weighted(_mm_unpacklo_epi8(samples, zero)), weighted(_mm_unpackhi_epi8(samples, zero)));
    let alpha = _mm_shuffle_epi32::<0b11_11_11_11>(sums);
    // Colours are divided by alpha and alpha by four, to the nearest whole number: exactly, as quotients of numbers below
    // 2^19 and 2^10 are further from the next whole number than single precision rounds. Nothing by nothing is no
    // number, which becomes the least of all integers and then, as bytes end at zero, nothing.
    let colours = _mm_set_epi32(0, -1, -1, -1);
    let half = _mm_and_si128(_mm_srli_epi32::<1>(alpha), colours);
    let sums = _mm_add_epi32(sums, _mm_or_si128(half, _mm_set_epi32(2, 0, 0, 0)));
    let by = _mm_or_si128(_mm_and_si128(alpha, colours), _mm_set_epi32(4, 0, 0, 0));
    _mm_cvttps_epi32(_mm_div_ps(_mm_cvtepi32_ps(sums), _mm_cvtepi32_ps(by)))
}

/// Of two pixels, one above the other: the sum of what is seen of each colour, and of alpha.
#[inline]
#[target_feature(enable = "sse2")]
fn weighted(pair: __m128i) -> __m128i {
    let alphas = _mm_and_si128(_mm_shuffle_epi32::<0b11_11_11_11>(pair), _mm_set_epi32(0, -1, -1, -1));
    _mm_madd_epi16(pair, _mm_or_si128(alphas, _mm_set_epi32(0x0001_0001, 0, 0, 0)))
}
