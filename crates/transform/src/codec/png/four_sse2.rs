//! Paeth's filter, or any mixture of filters, undone in four rows at once.
//!
//! Each pixel waits for the one to its left, so a row by itself keeps a processor waiting. Here each row lags one pixel
//! behind the one above it, and four pixels are undone in one step.

use std::arch::x86_64::{
    __m128i, _mm_add_epi16, _mm_and_si128, _mm_andnot_si128, _mm_castpd_si128, _mm_castsi128_pd,
    _mm_cmpgt_epi16, _mm_cvtsi32_si128, _mm_cvtsi128_si32, _mm_max_epi16, _mm_min_epi16, _mm_or_si128,
    _mm_packus_epi16, _mm_set_epi64x, _mm_set1_epi16, _mm_setzero_si128, _mm_shuffle_pd, _mm_srli_epi16,
    _mm_srli_si128, _mm_sub_epi16, _mm_unpacklo_epi8, _mm_unpacklo_epi32, _mm_unpacklo_epi64,
};

use super::filter::{ABOVE, AVERAGE, Four, LEFT, PAETH};

/// A pixel in the lowest four bytes.
#[inline]
#[target_feature(enable = "sse2")]
fn load<const N: usize>(pixel: [u8; N]) -> __m128i {
    let mut four = [0; 4];
    four[..N].copy_from_slice(&pixel);
    _mm_cvtsi32_si128(i32::from_le_bytes(four))
}

#[inline]
#[target_feature(enable = "sse2")]
fn store<const N: usize>(pixels: __m128i) -> [u8; N] {
    let four = _mm_cvtsi128_si32(pixels).to_le_bytes();
    std::array::from_fn(|at| four[at])
}

/// Two pixels of four samples in sixteen bits each, as `filter::paeth`.
#[inline]
#[target_feature(enable = "sse2")]
fn predicted(a: __m128i, b: __m128i, c: __m128i) -> __m128i {
    let three = _mm_add_epi16(c, _mm_add_epi16(c, c));
    let threshold = _mm_sub_epi16(_mm_sub_epi16(three, b), a);
    let (low, high) = (_mm_min_epi16(a, b), _mm_max_epi16(a, b));
    let above_threshold = _mm_cmpgt_epi16(high, threshold);
    let below_threshold = _mm_cmpgt_epi16(threshold, low);
    let neither = _mm_and_si128(_mm_and_si128(above_threshold, below_threshold), c);
    let ends = _mm_or_si128(_mm_andnot_si128(above_threshold, low), _mm_andnot_si128(below_threshold, high));
    _mm_or_si128(neither, ends)
}

/// All bits of the samples whose row has this filter: of the first two rows, and of the last two.
#[target_feature(enable = "sse2")]
fn those_of(filters: [u8; 4], filter: u8) -> [__m128i; 2] {
    let [a, b, c, d] = filters.map(|one| -i64::from(one == filter));
    [_mm_set_epi64x(b, a), _mm_set_epi64x(d, c)]
}

/// Which rows have which filter; those that have none take no part in any.
struct Mixture {
    left: [__m128i; 2],
    above: [__m128i; 2],
    average: [__m128i; 2],
    paeth: [__m128i; 2],
}

impl Mixture {
    #[target_feature(enable = "sse2")]
    fn of(filters: [u8; 4]) -> Mixture {
        let [left, above, average, paeth] = [LEFT, ABOVE, AVERAGE, PAETH].map(|one| those_of(filters, one));
        Mixture { left, above, average, paeth }
    }

    #[inline]
    #[target_feature(enable = "sse2")]
    fn predicted(&self, at: usize, a: __m128i, b: __m128i, c: __m128i) -> __m128i {
        let average = _mm_srli_epi16::<1>(_mm_add_epi16(a, b));
        let near = _mm_or_si128(_mm_and_si128(a, self.left[at]), _mm_and_si128(b, self.above[at]));
        let paeth = _mm_and_si128(predicted(a, b, c), self.paeth[at]);
        _mm_or_si128(_mm_or_si128(near, _mm_and_si128(average, self.average[at])), paeth)
    }
}

/// What was undone a step ago, and what stood above it: of the first two rows, and of the last two.
struct Step {
    left: [__m128i; 2],
    above: [__m128i; 2],
    /// Unless all rows have Paeth's filter.
    mixture: Option<Mixture>,
}

impl Step {
    /// The next pixel of each row, from the differences of each and the pixel above the first.
    #[inline]
    #[target_feature(enable = "sse2")]
    fn next<const N: usize, const MIXED: bool>(
        &mut self,
        differences: [[u8; N]; 4],
        above: [u8; N],
    ) -> [[u8; N]; 4] {
        let zero = _mm_setzero_si128();
        let wide = |pixels| _mm_unpacklo_epi8(pixels, zero);
        let pair = |one, other| wide(_mm_unpacklo_epi32(load::<N>(one), load::<N>(other)));
        let [d0, d1, d2, d3] = differences;
        // Above each row is what the one before it has come to.
        let above = [
            _mm_unpacklo_epi64(wide(load(above)), self.left[0]),
            _mm_castpd_si128(_mm_shuffle_pd::<0b01>(
                _mm_castsi128_pd(self.left[0]),
                _mm_castsi128_pd(self.left[1]),
            )),
        ];
        let byte = _mm_set1_epi16(0xff);
        let sum = |difference, at: usize| {
            let (a, b, c) = (self.left[at], above[at], self.above[at]);
            let predicted = match &self.mixture {
                Some(mixture) if MIXED => mixture.predicted(at, a, b, c),
                _ => predicted(a, b, c),
            };
            _mm_and_si128(_mm_add_epi16(difference, predicted), byte)
        };
        self.left = [sum(pair(d0, d1), 0), sum(pair(d2, d3), 1)];
        self.above = above;
        let pixels = _mm_packus_epi16(self.left[0], self.left[1]);
        [
            store(pixels),
            store(_mm_srli_si128::<4>(pixels)),
            store(_mm_srli_si128::<8>(pixels)),
            store(_mm_srli_si128::<12>(pixels)),
        ]
    }
}

/// Before the first pixel of a row and after its last one, zeros are undone to what nobody sees: before, to zeros, which
/// is what stands there by definition.
#[target_feature(enable = "sse2")]
fn edge<const N: usize, const MIXED: bool>(
    four: &Four<'_, N>,
    rows: &mut [&mut [[u8; N]]; 4],
    at: usize,
    step: &mut Step,
) {
    let of =
        |row: &[[u8; N]], lag: usize| at.checked_sub(lag).and_then(|x| row.get(x)).copied().unwrap_or([0; N]);
    let differences = std::array::from_fn(|lag| of(four.filtered[lag], lag));
    let pixels = step.next::<N, MIXED>(differences, of(four.above, 0));
    for (lag, (row, pixel)) in rows.iter_mut().zip(pixels).enumerate() {
        if let Some(seen) = at.checked_sub(lag).and_then(|x| row.get_mut(x)) {
            *seen = pixel;
        }
    }
}

/// Into rows of the same length, each of which has one of the five filters.
#[target_feature(enable = "sse2")]
pub(super) fn undo_four<const N: usize>(four: &Four<'_, N>, rows: [&mut [[u8; N]]; 4]) {
    match four.filters {
        [PAETH, PAETH, PAETH, PAETH] => undo::<N, false>(four, rows),
        _ => undo::<N, true>(four, rows),
    }
}

#[inline]
#[target_feature(enable = "sse2")]
fn undo<const N: usize, const MIXED: bool>(four: &Four<'_, N>, mut rows: [&mut [[u8; N]]; 4]) {
    let width = four.above.len();
    let zero = _mm_setzero_si128();
    let mixture = if MIXED { Some(Mixture::of(four.filters)) } else { None };
    let mut step = Step { left: [zero; 2], above: [zero; 2], mixture };
    for at in 0..width.min(3) {
        edge::<N, MIXED>(four, &mut rows, at, &mut step);
    }
    if let Some(inner) = width.checked_sub(3) {
        // All of one length, so that none of the accesses has to be checked.
        let above = &four.above[3..][..inner];
        let [f0, f1, f2, f3] = four.filtered;
        let (f0, f1, f2, f3) = (&f0[3..][..inner], &f1[2..][..inner], &f2[1..][..inner], &f3[..inner]);
        let [r0, r1, r2, r3] = &mut rows;
        let (r0, r1) = (&mut r0[3..][..inner], &mut r1[2..][..inner]);
        let (r2, r3) = (&mut r2[1..][..inner], &mut r3[..inner]);
        for x in 0..inner {
            [r0[x], r1[x], r2[x], r3[x]] = step.next::<N, MIXED>([f0[x], f1[x], f2[x], f3[x]], above[x]);
        }
    }
    for at in width..width + 3 {
        edge::<N, MIXED>(four, &mut rows, at, &mut step);
    }
}
