//! Filters of PNG rows undone (PNG specification, third edition, §9.2).

/// Four neighbouring rows of pixels of `N` bytes, without the bytes that name their filters; above them, the row before.
pub(super) struct Four<'a, const N: usize> {
    pub filtered: [&'a [[u8; N]]; 4],
    pub above: &'a [[u8; N]],
}

/// Paeth, the filter of nearly all rows of photographs: its number.
pub(super) const PAETH: u8 = 4;

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
        0 => row.copy_from_slice(filtered),
        1 => {
            for (pixel, &difference) in row.iter_mut().zip(filtered) {
                left = each(|at| difference[at].wrapping_add(left[at]));
                *pixel = left;
            }
        }
        2 => {
            let rows = row.as_flattened_mut().iter_mut().zip(filtered.as_flattened());
            for ((sample, difference), above) in rows.zip(above.as_flattened()) {
                *sample = difference.wrapping_add(*above);
            }
        }
        3 => {
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

/// Undoes Paeth's filter in four rows at once, into rows of the same length.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
pub(super) fn undo_four_paeth<const N: usize>(four: &Four<'_, N>, rows: [&mut [[u8; N]]; 4]) {
    // SAFETY: there is no x86-64 without SSE2.
    unsafe { super::paeth_sse2::undo_four(four, rows) }
}

#[cfg(not(target_arch = "x86_64"))]
pub(super) fn undo_four_paeth<const N: usize>(four: &Four<'_, N>, rows: [&mut [[u8; N]]; 4]) {
    let mut above = four.above;
    for (row, filtered) in rows.into_iter().zip(four.filtered) {
        let row: &mut [[u8; N]] = row;
        // The filter is one that there is.
        let _ = undo(PAETH, filtered, above, row);
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

    fn four_are_as_one_by_one<const N: usize>(bytes: &[u8]) {
        let pixels = bytes.as_chunks::<N>().0;
        let width = pixels.len() / 5;
        let row = |at: usize| &pixels[at * width..][..width];
        let mut expected = vec![vec![[0; N]; width]; 4];
        let mut above = row(0).to_vec();
        for (at, made) in expected.iter_mut().enumerate() {
            undo(PAETH, row(at + 1), &above, made).unwrap();
            above.clone_from(made);
        }
        let mut made = vec![vec![[9; N]; width]; 4];
        let [a, b, c, d] = made.as_mut_slice() else { unreachable!() };
        let four = Four { filtered: [row(1), row(2), row(3), row(4)], above: row(0) };
        undo_four_paeth(&four, [a, b, c, d]);
        assert_eq!(made, expected);
    }

    proptest! {
        #[test]
        fn four_rows_at_once_are_what_they_are_one_by_one(
            bytes in proptest::collection::vec(any::<u8>(), 0..600),
        ) {
            four_are_as_one_by_one::<3>(&bytes);
            four_are_as_one_by_one::<4>(&bytes);
        }
    }
}
