//! Rows that come one by one, brought to a half or a quarter of their size in passing: what is seen much smaller is never
//! there at full size.

use plan::Size;

use crate::pixels::{Pixels, are_opaque};

/// By how much smaller a picture is to be seen, at least, before it is halved: what follows still has two pixels for one,
/// so that its finer filter decides what is seen.
const HALVED_FROM: f64 = 4.0;

/// So many pixels of a row are looked at together: most of them are as opaque, or as transparent, as their neighbours. Even.
const RUN: usize = 64;

pub(crate) struct Halving {
    /// One for each time that it is halved.
    stages: Vec<Stage>,
    made: Pixels,
}

fn times(shrink: f64) -> usize {
    [HALVED_FROM, 2.0 * HALVED_FROM].into_iter().filter(|&from| shrink >= from).count()
}

/// What is left of a size that is to be seen so many times smaller.
pub(crate) fn left(size: Size, shrink: f64) -> Size {
    (0..times(shrink)).fold(size, |size, _| half(size))
}

/// Of an odd edge, the last sample stands for two.
pub(crate) fn half(size: Size) -> Size {
    Size { width: size.width.div_ceil(2), height: size.height.div_ceil(2) }
}

#[derive(Default)]
struct Stage {
    /// A row that waits for the next one, if `waits`.
    upper: Vec<[u8; 4]>,
    waits: bool,
    half: Vec<[u8; 4]>,
}

impl Halving {
    /// Of a picture of this size, of which so many pixels become one at last.
    pub fn of(size: Size, shrink: f64) -> Halving {
        let (times, made) = (times(shrink), left(size, shrink));
        let mut rgba = Vec::new();
        rgba.reserve_exact(made.width as usize * made.height as usize);
        let stages = (0..times).map(|_| Stage::default()).collect();
        Halving { stages, made: Pixels { size: made, rgba } }
    }

    /// Of an edge of the original how much is left.
    pub fn scale(&self) -> f64 {
        0.5f64.powi(self.stages.len() as i32)
    }

    pub fn row(&mut self, row: &[[u8; 4]]) {
        pass(&mut self.stages, row, &mut self.made.rgba);
    }

    /// After the last row. Of an odd number of them the last one stands for two, as does the last pixel of a row.
    pub fn end(mut self) -> Pixels {
        let mut stages = self.stages.as_mut_slice();
        while let Some((stage, rest)) = stages.split_first_mut() {
            if stage.waits {
                halve(&stage.upper, &stage.upper, &mut stage.half);
                pass(rest, &stage.half, &mut self.made.rgba);
            }
            stages = rest;
        }
        self.made
    }
}

fn pass(stages: &mut [Stage], row: &[[u8; 4]], made: &mut Vec<[u8; 4]>) {
    let Some((stage, rest)) = stages.split_first_mut() else {
        made.extend_from_slice(row);
        return;
    };
    if stage.waits {
        halve(&stage.upper, row, &mut stage.half);
        pass(rest, &stage.half, made);
    } else {
        stage.upper.clear();
        stage.upper.extend_from_slice(row);
    }
    stage.waits = !stage.waits;
}

fn halve(upper: &[[u8; 4]], lower: &[[u8; 4]], half: &mut Vec<[u8; 4]>) {
    half.clear();
    for (upper, lower) in upper.chunks(RUN).zip(lower.chunks(RUN)) {
        let (uppers, last_upper) = upper.as_chunks();
        let (lowers, last_lower) = lower.as_chunks();
        let squares = uppers.iter().zip(lowers).map(|(&[a, b], &[c, d])| [a, b, c, d]);
        if are_opaque(upper) && are_opaque(lower) {
            half.extend(squares.map(mean));
        } else if is_nothing(upper) && is_nothing(lower) {
            half.extend(squares.map(|_| [0; 4]));
        } else {
            half.extend(squares.map(seen));
        }
        if let (&[a], &[b]) = (last_upper, last_lower) {
            half.push(seen([a, a, b, b]));
        }
    }
}

fn is_nothing(pixels: &[[u8; 4]]) -> bool {
    pixels.iter().fold(0, |alphas, pixel| alphas | pixel[3]) == 0
}

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
    use super::*;

    fn halved(size: Size, shrink: f64, rows: &[&[[u8; 4]]]) -> (Pixels, f64) {
        let mut halving = Halving::of(size, shrink);
        let scale = halving.scale();
        rows.iter().for_each(|row| halving.row(row));
        (halving.end(), scale)
    }

    #[test]
    fn it_stays_as_it_is_until_it_is_seen_at_a_quarter() {
        let row = [[1, 2, 3, 4], [5, 6, 7, 8]];
        for (shrink, scale, left) in
            [(1.0, 1.0, 2), (3.99, 1.0, 2), (4.0, 0.5, 1), (7.9, 0.5, 1), (8.0, 0.25, 1)]
        {
            let (made, told) = halved(Size::new(2, 2), shrink, &[&row, &row]);
            assert_eq!(
                (told, made.size, made.rgba.len()),
                (scale, Size::new(left, left), (left * left) as usize)
            );
        }
    }

    #[test]
    fn four_become_one_and_at_the_edge_two_or_one() {
        let grey = |value: u8| [value, value, value, 255];
        let rows = [[10, 20, 100], [30, 40, 200], [50, 70, 7]].map(|row| row.map(grey));
        let (made, _) = halved(Size::new(3, 3), 4.0, &[&rows[0], &rows[1], &rows[2]]);
        assert_eq!(made.rgba, [25, 150, 60, 7].map(grey));
        let (made, _) = halved(Size::new(3, 3), 8.0, &[&rows[0], &rows[1], &rows[2]]);
        assert_eq!((made.size, made.rgba), (Size::new(1, 1), vec![grey(61)]));
    }

    #[test]
    fn what_is_transparent_lends_no_colour() {
        let rows = [[[255, 0, 0, 255], [0, 255, 0, 0]], [[255, 0, 0, 255], [0, 255, 0, 0]]];
        let (made, _) = halved(Size::new(2, 2), 4.0, &[&rows[0], &rows[1]]);
        assert_eq!(made.rgba, [[255, 0, 0, 128]]);
        let nothing = [[9, 9, 9, 0]; 2];
        assert_eq!(halved(Size::new(2, 2), 4.0, &[&nothing, &nothing]).0.rgba, [[0; 4]]);
        let even = [[[10, 20, 30, 7], [13, 20, 30, 7]], [[10, 20, 30, 7], [13, 20, 33, 7]]];
        assert_eq!(halved(Size::new(2, 2), 4.0, &[&even[0], &even[1]]).0.rgba, [[12, 20, 31, 7]]);
    }
}
