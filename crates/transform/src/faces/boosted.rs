//! The first classifiers: which blocks of a window are lighter than their neighbours.

use super::WINDOW;

/// The side of a block; a pattern compares three by three of them.
const BLOCK: usize = 3;
/// How much a pattern spans.
pub(super) const PATTERN: usize = 3 * BLOCK;
/// A window whose light varies less than this (as a variance) is sky, or a wall.
const FLAT: f64 = 100.0;
/// After so many weak classifiers it is asked whether it is worth going on.
const ROUND: usize = 10;

/// What a picture's blocks look like from each of its pixels on.
pub(super) struct Patterns {
    width: usize,
    /// For each neighbour of the middle block, row by row, whether the middle is at least as light.
    codes: Vec<u8>,
    sums: Sums,
    squares: Sums,
}

/// What all samples above and to the left of a place add up to, in rows of one more than the picture has.
struct Sums {
    width: usize,
    sums: Vec<u64>,
}

impl Sums {
    fn of(samples: &[u8], width: usize, value: impl Fn(u64) -> u64) -> Sums {
        let mut sums = vec![0; width + 1];
        for row in samples.chunks_exact(width) {
            let above = sums.len() - (width + 1);
            let mut sum = 0;
            sums.push(0);
            for (column, sample) in row.iter().enumerate() {
                sum += value(u64::from(*sample));
                sums.push(sums[above + column + 1] + sum);
            }
        }
        Sums { width: width + 1, sums }
    }

    fn square(&self, x: usize, y: usize, side: usize) -> u64 {
        let at = |x: usize, y: usize| self.sums[y * self.width + x];
        at(x + side, y + side) + at(x, y) - at(x + side, y) - at(x, y + side)
    }
}

impl Patterns {
    /// Of a picture with at least a window's sides.
    pub fn of(samples: &[u8], width: usize) -> Patterns {
        let sums = Sums::of(samples, width, |sample| sample);
        let squares = Sums::of(samples, width, |sample| sample * sample);
        let height = samples.len() / width;
        let blocks_across = width - BLOCK + 1;
        let mut blocks = Vec::with_capacity(blocks_across * (height - BLOCK + 1));
        for y in 0..=height - BLOCK {
            blocks.extend((0..blocks_across).map(|x| sums.square(x, y, BLOCK) as u16));
        }
        let across = width - PATTERN + 1;
        let mut codes = Vec::with_capacity(across * (height - PATTERN + 1));
        for y in 0..=height - PATTERN {
            let row = |below: usize| &blocks[(y + below * BLOCK) * blocks_across..][..blocks_across];
            let (top, middle, bottom) = (row(0), row(1), row(2));
            for x in 0..across {
                let (left, right) = (x, x + 2 * BLOCK);
                let centre = x + BLOCK;
                let around = [
                    top[left],
                    top[centre],
                    top[right],
                    middle[left],
                    middle[right],
                    bottom[left],
                    bottom[centre],
                    bottom[right],
                ];
                let lighter = |code: u8, other: u16| code << 1 | u8::from(middle[centre] >= other);
                codes.push(around.into_iter().fold(0, lighter));
            }
        }
        Patterns { width: across, codes, sums, squares }
    }

    pub fn has_contrast(&self, x: usize, y: usize) -> bool {
        let count = (WINDOW * WINDOW) as f64;
        let mean = self.sums.square(x, y, WINDOW) as f64 / count;
        self.squares.square(x, y, WINDOW) as f64 / count - mean * mean > FLAT
    }
}

/// Weak classifiers that vote.
pub(super) struct Boosted {
    pub votes: Vec<Vote>,
}

pub(super) struct Vote {
    /// Where in the window it looks, at most a window less a pattern.
    pub x: usize,
    pub y: usize,
    /// How much each pattern there speaks for a face.
    pub weights: [f32; 256],
    /// What there must be of votes when it is asked.
    pub least: f32,
}

impl Boosted {
    /// How much the window at this place looks like a face, if it does.
    pub fn score(&self, patterns: &Patterns, x: usize, y: usize) -> Option<f32> {
        let mut score = 0.0;
        for round in self.votes.chunks(ROUND) {
            for vote in round {
                let code = patterns.codes[(y + vote.y) * patterns.width + x + vote.x];
                score += vote.weights[usize::from(code)];
            }
            if round.last().is_none_or(|last| score < last.least) {
                return None;
            }
        }
        Some(score)
    }
}
