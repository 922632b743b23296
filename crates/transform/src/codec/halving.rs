//! Rows that come one by one, brought to a half or a quarter of their size in passing: what is seen much smaller is never
//! there at full size.

mod squares;
#[cfg(target_arch = "x86_64")]
mod squares_sse2;

use plan::Size;

use self::squares::halve;
use crate::pixels::Pixels;

/// By how much smaller a picture is to be seen, at least, before it is halved: what follows still has two pixels for one,
/// so that its finer filter decides what is seen.
const HALVED_FROM: f64 = 4.0;

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
