//! What lies within a distance of a shape: the line around letters.

/// Farther than anything in a picture.
const FAR: f32 = 1e12;

/// The shape and all that is at most `radius` pixels from it, smooth over one pixel.
///
/// By the exact distance in two passes of parabolas (Felzenszwalb and Huttenlocher, "Distance Transforms of Sampled
/// Functions"): the cost does not grow with the radius.
pub(super) fn grown(covered: &[u8], width: usize, radius: f32) -> Vec<u8> {
    let height = covered.len() / width.max(1);
    let mut squares: Vec<f32> = covered.iter().map(|covered| from_edge(*covered)).collect();
    let mut line = Lower::default();
    let mut column = vec![0.0; height];
    for x in 0..width {
        for (y, value) in column.iter_mut().enumerate() {
            *value = squares[y * width + x];
        }
        line.transform(&mut column);
        for (y, value) in column.iter().enumerate() {
            squares[y * width + x] = *value;
        }
    }
    for row in squares.chunks_exact_mut(width.max(1)) {
        line.transform(row);
    }
    let near = |square: &f32| ((radius + 0.5 - square.sqrt()).clamp(0.0, 1.0) * 255.0).round() as u8;
    squares.iter().map(near).zip(covered).map(|(near, covered)| near.max(*covered)).collect()
}

/// The square of the distance from the middle of a pixel to the edge that covers this much of it.
fn from_edge(covered: u8) -> f32 {
    match covered {
        0 => FAR,
        covered => (0.5 - f32::from(covered) / 255.0).max(0.0).powi(2),
    }
}

/// The lower envelope of parabolas, one over each sample.
#[derive(Default)]
struct Lower {
    roots: Vec<usize>,
    /// Where each begins to be the lowest.
    from: Vec<f64>,
    before: Vec<f64>,
}

impl Lower {
    fn transform(&mut self, values: &mut [f32]) {
        self.before.clear();
        // With more digits: the squares of places in a large picture leave no room for parts of a pixel in fewer.
        self.before.extend(values.iter().map(|value| f64::from(*value)));
        self.roots.clear();
        self.from.clear();
        let f = |at: usize| self.before[at] + (at * at) as f64;
        for q in 0..values.len() {
            let mut start = f64::NEG_INFINITY;
            while let (Some(&root), Some(&from)) = (self.roots.last(), self.from.last()) {
                start = (f(q) - f(root)) / (2 * (q - root)) as f64;
                if start > from {
                    break;
                }
                self.roots.pop();
                self.from.pop();
                start = f64::NEG_INFINITY;
            }
            self.roots.push(q);
            self.from.push(start);
        }
        let mut lowest = 0;
        for (at, value) in values.iter_mut().enumerate() {
            while self.from.get(lowest + 1).is_some_and(|from| *from <= at as f64) {
                lowest += 1;
            }
            let root = self.roots[lowest];
            *value = ((at.abs_diff(root) as f64).powi(2) + self.before[root]) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_becomes_a_disc() {
        let mut dot = vec![0; 21 * 21];
        dot[10 * 21 + 10] = 255;
        let disc = grown(&dot, 21, 6.0);
        for y in 0..21usize {
            for x in 0..21usize {
                let distance = (x.abs_diff(10) as f32).hypot(y.abs_diff(10) as f32);
                let expected = (6.5 - distance).clamp(0.0, 1.0) * 255.0;
                assert!((f32::from(disc[y * 21 + x]) - expected).abs() <= 1.0, "{x} {y}");
            }
        }
    }

    #[test]
    fn what_is_there_stays_and_nothing_grows_out_of_nothing() {
        let shape = [0, 40, 255, 200, 0, 0];
        let made = grown(&shape, 6, 0.0);
        assert!(made.iter().zip(shape).all(|(made, shape)| *made >= shape));
        assert_eq!(grown(&[0; 12], 4, 3.0), [0; 12]);
        assert_eq!(grown(&[], 4, 3.0), Vec::<u8>::new());
    }
}
