//! Filters of PNG rows undone (PNG specification, third edition, §9.2).

/// Four neighbouring rows of pixels of `N` bytes, without the bytes that name their filters; above them, the row before.
pub(super) struct Four<'a, const N: usize> {
    /// Each one of the five that there are.
    pub filters: [u8; 4],
    pub filtered: [&'a [[u8; N]]; 4],
    pub above: &'a [[u8; N]],
}

/// What a row has the differences to: nothing, the pixel to the left, the one above, their mean, and, in nearly all rows of
/// photographs, whichever Paeth predicts.
const NOTHING: u8 = 0;
pub(super) const LEFT: u8 = 1;
pub(super) const ABOVE: u8 = 2;
pub(super) const AVERAGE: u8 = 3;
pub(super) const PAETH: u8 = 4;

/// Whether these rows are undone quicker together than one by one: it is the last two filters that keep waiting.
pub(super) fn belong_together(filters: [u8; 4]) -> bool {
    let waits = filters.iter().filter(|filter| matches!(**filter, AVERAGE | PAETH)).count();
    waits >= 2 && filters.iter().all(|filter| *filter <= PAETH)
}

/// Undoes one row's filter. All three rows have the same length.
pub(super) fn undo<const N: usize>(
    filter: u8,
    filtered: &[[u8; N]],
    above: &[[u8; N]],
    row: &mut [[u8; N]],
) -> Result<(), UnknownFilter> {
    let mut left = [0; N];
    let mut above_left = [0; N];
    match filter {
        NOTHING => row.copy_from_slice(filtered),
        LEFT => {
            for (pixel, &difference) in row.iter_mut().zip(filtered) {
                left = each(|at| difference[at].wrapping_add(left[at]));
                *pixel = left;
            }
        }
        ABOVE => {
            let rows = row.as_flattened_mut().iter_mut().zip(filtered.as_flattened());
            for ((sample, difference), above) in rows.zip(above.as_flattened()) {
                *sample = difference.wrapping_add(*above);
            }
        }
        AVERAGE => {
            for ((pixel, &difference), above) in row.iter_mut().zip(filtered).zip(above) {
                left = each(|at| difference[at].wrapping_add(left[at].midpoint(above[at])));
                *pixel = left;
            }
        }
        PAETH => {
            for ((pixel, &difference), &above) in row.iter_mut().zip(filtered).zip(above) {
                left = each(|at| difference[at].wrapping_add(paeth(left[at], above[at], above_left[at])));
                above_left = above;
                *pixel = left;
            }
        }
        unknown => return Err(UnknownFilter(unknown)),
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no filter {0}")]
pub(super) struct UnknownFilter(u8);

fn each<const N: usize>(value: impl Fn(usize) -> u8) -> [u8; N] {
    std::array::from_fn(value)
}

/// Of the pixels to the left, above, and above to the left: the one nearest to left plus above minus above left.
///
/// That is the middle one of the first two and of what they and the third stretch to, without a branch.
fn paeth(left: u8, above: u8, above_left: u8) -> u8 {
    let (a, b, c) = (i16::from(left), i16::from(above), i16::from(above_left));
    let threshold = 3 * c - (a + b);
    let (low, high) = (a.min(b), a.max(b));
    let not_low = if high <= threshold { low } else { c };
    (if threshold <= low { high } else { not_low }) as u8
}

/// Undoes the filters of four rows at once, into rows of the same length.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
pub(super) fn undo_four<const N: usize>(four: &Four<'_, N>, rows: [&mut [[u8; N]]; 4]) {
    // SAFETY: there is no x86-64 without SSE2.
    unsafe { super::four_sse2::undo_four(four, rows) }
}

#[cfg(not(target_arch = "x86_64"))]
pub(super) fn undo_four<const N: usize>(four: &Four<'_, N>, rows: [&mut [[u8; N]]; 4]) {
    let mut above = four.above;
    for ((row, filtered), filter) in rows.into_iter().zip(four.filtered).zip(four.filters) {
        let row: &mut [[u8; N]] = row;
        // The filter is one that there is.
        let _ = undo(filter, filtered, above, row);
        above = row;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As the specification says it (§9.4).
    fn specified(a: u8, b: u8, c: u8) -> u8 {
        let (a, b, c) = (i32::from(a), i32::from(b), i32::from(c));
        let p = a + b - c;
        let (pa, pb, pc) = ((p - a).abs(), (p - b).abs(), (p - c).abs());
        (if pa <= pb && pa <= pc {
            a
        } else if pb <= pc {
            b
        } else {
            c
        }) as u8
    }

    #[test]
    fn the_nearest_of_three_is_that_of_the_specification() {
        for a in (0..=255).step_by(3) {
            for b in 0..=255 {
                for c in 0..=255 {
                    assert_eq!(paeth(a, b, c), specified(a, b, c), "{a} {b} {c}");
                }
            }
        }
    }

    #[test]
    fn a_filter_that_is_none_is_refused() {
        let mut row = [[0u8; 3]];
        assert_eq!(undo(5, &[[1, 2, 3]], &[[0; 3]], &mut row), Err(UnknownFilter(5)));
    }

    fn four_are_as_one_by_one<const N: usize>(filters: [u8; 4], bytes: &[u8]) {
        let pixels = bytes.as_chunks::<N>().0;
        let width = pixels.len() / 5;
        let row = |at: usize| &pixels[at * width..][..width];
        let mut expected = vec![vec![[0; N]; width]; 4];
        let mut above = row(0).to_vec();
        for (at, made) in expected.iter_mut().enumerate() {
            undo(filters[at], row(at + 1), &above, made).unwrap();
            above.clone_from(made);
        }
        let mut made = vec![vec![[9; N]; width]; 4];
        let [a, b, c, d] = made.as_mut_slice() else { unreachable!() };
        let four = Four { filters, filtered: [row(1), row(2), row(3), row(4)], above: row(0) };
        undo_four(&four, [a, b, c, d]);
        assert_eq!(made, expected);
    }

    proptest! {
        #[test]
        fn four_rows_at_once_are_what_they_are_one_by_one(
            filters in proptest::array::uniform4(NOTHING..=PAETH),
            bytes in proptest::collection::vec(any::<u8>(), 0..600),
        ) {
            for filters in [filters, [PAETH; 4]] {
                four_are_as_one_by_one::<3>(filters, &bytes);
                four_are_as_one_by_one::<4>(filters, &bytes);
            }
        }
    }
}
