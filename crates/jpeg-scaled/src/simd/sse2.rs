//! Four samples a side with the instructions that every x86-64 has: both products of a sum in one of them.

use std::arch::x86_64::*;

use crate::inverse::{
    AFTER_COLUMNS, AFTER_ROWS, EVEN, Kept, ODD_LARGE, ODD_SMALL, ROUND_COLUMNS, ROUND_ROWS,
};

#[inline]
#[target_feature(enable = "sse2")]
pub fn four(kept: &Kept) -> [[u8; 4]; 4] {
    let (upper, lower) = (load(kept, 0), load(kept, 8));
    let round = _mm_set1_epi32(ROUND_COLUMNS);
    let [first, second, third, fourth] =
        sums(_mm_unpacklo_epi16(upper, lower), _mm_unpackhi_epi16(upper, lower))
            .map(|sum| _mm_srai_epi32::<{ AFTER_COLUMNS as i32 }>(_mm_add_epi32(sum, round)));

    // In each row the even columns come together, and the odd ones: the pairs of the other direction.
    let paired = [_mm_packs_epi32(first, second), _mm_packs_epi32(third, fourth)].map(|rows| {
        let rows = _mm_shufflehi_epi16::<0b11_01_10_00>(_mm_shufflelo_epi16::<0b11_01_10_00>(rows));
        _mm_castsi128_ps(rows)
    });
    let even = _mm_castps_si128(_mm_shuffle_ps::<0b10_00_10_00>(paired[0], paired[1]));
    let odd = _mm_castps_si128(_mm_shuffle_ps::<0b11_01_11_01>(paired[0], paired[1]));
    let round = _mm_set1_epi32(ROUND_ROWS);
    let [first, second, third, fourth] =
        sums(even, odd).map(|sum| _mm_srai_epi32::<{ AFTER_ROWS as i32 }>(_mm_add_epi32(sum, round)));

    // Each of these is a column of samples; what leaves is rows.
    let (outer, inner) = (_mm_packs_epi32(first, third), _mm_packs_epi32(second, fourth));
    let (left, right) = (_mm_unpacklo_epi16(outer, inner), _mm_unpackhi_epi16(outer, inner));
    let rows = _mm_packus_epi16(_mm_unpacklo_epi32(left, right), _mm_unpackhi_epi32(left, right));
    let upper = (_mm_cvtsi128_si64(rows) as u64).to_le_bytes();
    let lower = (_mm_cvtsi128_si64(_mm_unpackhi_epi64(rows, rows)) as u64).to_le_bytes();
    let row = |two: [u8; 8], at: usize| [two[at], two[at + 1], two[at + 2], two[at + 3]];
    [row(upper, 0), row(upper, 4), row(lower, 0), row(lower, 4)]
}

/// Of four columns at once: each lane pairs coefficients 0 and 2, and 1 and 3.
#[inline]
#[target_feature(enable = "sse2")]
fn sums(even: __m128i, odd: __m128i) -> [__m128i; 4] {
    let sum = _mm_madd_epi16(even, pair(EVEN, EVEN));
    let difference = _mm_madd_epi16(even, pair(EVEN, -EVEN));
    let outer = _mm_madd_epi16(odd, pair(ODD_LARGE, ODD_SMALL));
    let inner = _mm_madd_epi16(odd, pair(ODD_SMALL, -ODD_LARGE));
    [
        _mm_add_epi32(sum, outer),
        _mm_add_epi32(difference, inner),
        _mm_sub_epi32(difference, inner),
        _mm_sub_epi32(sum, outer),
    ]
}

#[inline]
#[target_feature(enable = "sse2")]
fn pair(first: i16, second: i16) -> __m128i {
    _mm_set1_epi32(i32::from(second) << 16 | i32::from(first as u16))
}

/// Eight numbers from there on, which the compiler makes one load.
#[inline]
#[target_feature(enable = "sse2")]
fn load(kept: &Kept, at: usize) -> __m128i {
    let [a, b, c, d, e, f, g, h] = [0, 1, 2, 3, 4, 5, 6, 7].map(|index| kept[at + index]);
    _mm_setr_epi16(a, b, c, d, e, f, g, h)
}
