//! How much of each pixel lies inside an outline: exact areas, in plain code, so that every machine has the same.

/// Lines of outlines, gathered as changes from each pixel to the next.
///
/// Each piece of a line that lies within one pixel covers what is to the right of it: of its own pixel a part, and of all
/// that follow in its row as much as it is high. The sum from the left is the area, turns counted with their sign.
pub(super) struct Coverage {
    width: usize,
    height: usize,
    changes: Vec<f32>,
}

impl Coverage {
    pub fn new(width: usize, height: usize) -> Coverage {
        Coverage { width, height, changes: vec![0.0; (width + 2) * height] }
    }

    pub fn line(&mut self, from: (f32, f32), to: (f32, f32)) {
        if from.1 == to.1 {
            return;
        }
        let (sign, top, bottom) = if from.1 < to.1 { (1.0, from, to) } else { (-1.0, to, from) };
        let slope = (bottom.0 - top.0) / (bottom.1 - top.1);
        let across = |y: f32| top.0 + (y - top.1) * slope;
        let end = bottom.1.min(self.height as f32);
        let mut y = top.1.max(0.0);
        while y < end {
            let row = y.floor();
            let next = (row + 1.0).min(end);
            self.piece(row as usize, across(y), across(next), sign * (next - y));
            y = next;
        }
    }

    /// Within one row. What lies to the left of it covers all of it, what lies to the right nothing.
    fn piece(&mut self, row: usize, one: f32, other: f32, height: f32) {
        let most = self.width as f32;
        let (low, high) = (one.min(other), one.max(other));
        let start = row * (self.width + 2);
        let mut change = |column: usize, middle: f32, height: f32| {
            let beyond = middle - column as f32;
            self.changes[start + column] += height * (1.0 - beyond);
            self.changes[start + column + 1] += height * beyond;
        };
        if high <= low {
            let x = low.clamp(0.0, most);
            return change(x.floor() as usize, x, height);
        }
        let part = |from: f32, to: f32| height * (to - from).max(0.0) / (high - low);
        change(0, 0.0, part(low, high.min(0.0)));
        let (left, right) = (low.max(0.0), high.min(most));
        if left < right {
            for column in left.floor() as usize..=right.floor() as usize {
                let (from, to) = (left.max(column as f32), right.min(column as f32 + 1.0));
                change(column, (from + to) / 2.0, part(from, to));
            }
        }
    }

    /// From nothing (0) to all of a pixel (255), row by row.
    pub fn finish(self) -> Vec<u8> {
        let mut covered = Vec::with_capacity(self.width * self.height);
        for row in self.changes.chunks_exact(self.width + 2) {
            let mut sum = 0.0f32;
            covered.extend(row[..self.width].iter().map(|change| {
                sum += change;
                (sum.abs().min(1.0) * 255.0).round() as u8
            }));
        }
        covered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(width: usize, height: usize, corners: &[(f32, f32)]) -> Vec<u8> {
        let mut coverage = Coverage::new(width, height);
        for (from, to) in corners.iter().zip(corners.iter().cycle().skip(1)) {
            coverage.line(*from, *to);
        }
        coverage.finish()
    }

    #[test]
    fn a_pixel_that_is_half_inside_is_half_covered() {
        let rectangle = [(0.5, 0.5), (2.25, 0.5), (2.25, 2.0), (0.5, 2.0)];
        for corners in [rectangle.to_vec(), rectangle.iter().rev().copied().collect()] {
            assert_eq!(drawn(4, 2, &corners), [64, 128, 32, 0, 128, 255, 64, 0]);
        }
    }

    #[test]
    fn what_reaches_beyond_the_edges_is_cut_off_there() {
        let square = |from: f32, to: f32| [(from, from), (to, from), (to, to), (from, to)];
        assert_eq!(drawn(3, 3, &square(-9.0, 90.0)), [255; 9]);
        assert_eq!(drawn(3, 3, &square(5.0, 9.0)), [0; 9]);
        assert_eq!(drawn(3, 3, &square(-9.0, -5.0)), [0; 9]);
        // From the lower left, through the middle of the first row, far beyond its end.
        let slope = [(-4.0, 1.0), (4.0, 0.0), (4.0, 1.0)];
        assert_eq!(drawn(2, 1, &slope), [143, 175]);
    }

    #[test]
    fn places_that_are_no_numbers_do_no_harm() {
        for wrong in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN] {
            for corners in [[(wrong, 0.0), (2.0, 2.0), (0.0, 2.0)], [(0.0, wrong), (2.0, 2.0), (0.0, 2.0)]] {
                assert_eq!(drawn(3, 3, &corners).len(), 9);
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn a_triangle_covers_as_much_as_its_area(
            corners in proptest::array::uniform3((0.0f32..20.0, 0.0f32..20.0))
        ) {
            let [(ax, ay), (bx, by), (cx, cy)] = corners;
            let area = ((bx - ax) * (cy - ay) - (cx - ax) * (by - ay)).abs() / 2.0;
            let covered: f32 = drawn(20, 20, &corners).iter().map(|&covered| f32::from(covered) / 255.0).sum();
            // Each pixel on the edge is rounded.
            proptest::prop_assert!((covered - area).abs() < 0.3, "{covered} {area}");
        }
    }
}
