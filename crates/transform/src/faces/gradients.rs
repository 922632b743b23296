//! How the light in a window rises and falls: what the later classifiers look at.

use super::WINDOW;

/// Sums of slopes: those across and their sizes, of pixels where it gets darker downwards or not; those down, likewise.
type Slopes = [i32; 8];

/// How many numbers describe a patch: four cells of slopes.
pub(super) const NUMBERS: usize = 32;

/// A part of a window, in four cells of equal size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Patch {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
}

impl Patch {
    /// All that there are, in the order in which models count them.
    pub fn all() -> Vec<Patch> {
        /// The smallest side, and from one to the next.
        const LEAST: usize = 16;
        let mut patches = Vec::new();
        for (across, down) in [(1, 1), (1, 2), (2, 1), (2, 3), (3, 2)] {
            for height in (LEAST..=WINDOW).filter(|height| height % 2 == 0 && height % down == 0) {
                let width = height / down * across;
                if width % 2 != 0 || !(LEAST..=WINDOW).contains(&width) {
                    continue;
                }
                for y in (0..=WINDOW - height).step_by(LEAST) {
                    let row = (0..=WINDOW - width).step_by(LEAST);
                    patches.extend(row.map(|x| Patch { x, y, width, height }));
                }
            }
        }
        patches
    }
}

/// What the slopes above and to the left of a place in a window add up to.
pub(super) struct Gradients {
    sums: Vec<Slopes>,
}

impl Gradients {
    /// In rows of one more than a window has.
    const WIDTH: usize = WINDOW + 1;

    /// Of the samples of a window.
    pub fn of(window: &[u8]) -> Gradients {
        let mut sums = vec![[0; 8]; Gradients::WIDTH * Gradients::WIDTH];
        // At the edges from two samples instead of three, and so twice as steep.
        let around = |at: usize| (at.saturating_sub(1), (at + 1).min(WINDOW - 1));
        let steep = |at: usize| if at == 0 || at == WINDOW - 1 { 2 } else { 1 };
        let row = |y: usize| &window[y * WINDOW..][..WINDOW];
        for y in 0..WINDOW {
            let (above, below) = around(y);
            let (above, middle, below) = (row(above), row(y), row(below));
            let (before, now) =
                sums[y * Gradients::WIDTH..][..2 * Gradients::WIDTH].split_at_mut(Gradients::WIDTH);
            let mut sum: Slopes = [0; 8];
            for x in 0..WINDOW {
                let (left, right) = around(x);
                let across = (i32::from(middle[right]) - i32::from(middle[left])) * steep(x);
                let down = (i32::from(below[x]) - i32::from(above[x])) * steep(y);
                // All bits, or none.
                let (falls_down, falls_across) = (down >> 31, across >> 31);
                let slopes = [
                    across & !falls_down,
                    across.abs() & !falls_down,
                    across & falls_down,
                    across.abs() & falls_down,
                    down & !falls_across,
                    down.abs() & !falls_across,
                    down & falls_across,
                    down.abs() & falls_across,
                ];
                for index in 0..8 {
                    sum[index] += slopes[index];
                    now[x + 1][index] = before[x + 1][index] + sum[index];
                }
            }
        }
        Gradients { sums }
    }

    /// Adds the numbers that describe a patch: their squares add up to one.
    pub fn describe(&self, patch: Patch, numbers: &mut Vec<f32>) {
        let Patch { x, y, width, height } = patch;
        let (width, height) = (width / 2, height / 2);
        let at = |x: usize, y: usize| &self.sums[y * Gradients::WIDTH + x];
        let mut slopes = [0i32; NUMBERS];
        let cells = [(x, y), (x + width, y), (x, y + height), (x + width, y + height)];
        for (cell, (x, y)) in slopes.chunks_exact_mut(8).zip(cells) {
            let (one, other) = (at(x, y), at(x + width, y + height));
            let (right, below) = (at(x + width, y), at(x, y + height));
            for (index, slope) in cell.iter_mut().enumerate() {
                *slope = other[index] + one[index] - right[index] - below[index];
            }
        }
        let length = slopes.iter().map(|slope| f64::from(*slope).powi(2)).sum::<f64>().sqrt() as f32;
        let length = if length > 0.0 { length } else { 1.0 };
        numbers.extend(slopes.map(|slope| slope as f32 / length));
    }
}
