//! Where in a picture there are faces; never whose.
//!
//! The funnel of SeetaFace (S. Wu and others, "Funnel-structured cascade for multi-view face detection with
//! alignment-awareness", Neurocomputing 221, 2017): windows of all sizes go through ever slower classifiers, and ever
//! fewer of them are left. The model is its authors'; this is a reading of it that stays within the picture and a budget
//! whatever is painted there (`docs/decisions/0011-faces.md`).

mod boosted;
mod gradients;
mod model;
mod network;

use plan::{CropBox, Size};

use self::boosted::Patterns;
use self::gradients::Gradients;
use self::model::Model;
use crate::error::TransformError;
use crate::limits::Deadline;
use crate::planes::Plane;

/// The larger side of the picture that is looked at. Faces are found from [`WINDOW`] of its pixels on, a sixteenth.
const LOOKED_AT: u32 = 640;

/// The side of what classifiers look at.
const WINDOW: usize = 40;
/// From one window to the next.
const STEP: usize = 4;
/// From one size of the picture to the next.
const SMALLER: f32 = 0.8;
/// The most windows that each of the first classifiers hands on, the surest: photographs have a few hundred, a sheet of
/// small portraits has more, and comparing them with each other costs the square.
const MOST: usize = 2000;
/// How much of two windows must be shared for them to be of one face: while there are many, and at the end.
const NEARLY_ONE: f32 = 0.8;
const ONE: f32 = 0.3;
/// How sure one has to be, as the sum over the windows that saw the face (each of which is at most one).
const SURE: f32 = 2.5;

/// The most faces that are told of, the surest.
const MOST_FACES: usize = 100;

/// What looking for faces may take in memory: the small picture and its sums.
pub(crate) const MEMORY: u64 = 12 << 20;

/// The size at which a picture is looked at.
pub(crate) fn looked_at(size: Size) -> Size {
    let larger = f64::from(size.width.max(size.height));
    let scale = (f64::from(LOOKED_AT) / larger).min(1.0);
    let side = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
    Size { width: side(size.width), height: side(size.height) }
}

/// A square that may hold a face.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Window {
    x: f32,
    y: f32,
    side: f32,
    score: f32,
}

/// The faces in a small picture, in its pixels, from left to right.
pub(crate) fn found(luma: &Plane, deadline: &Deadline) -> Result<Vec<CropBox>, TransformError> {
    let Some(model) = Model::built_in() else {
        return Err(TransformError::failed("looking for faces", "the model cannot be read"));
    };
    let mut windows = candidates(model, luma, deadline)?;
    let last = model.funnel.len().saturating_sub(1);
    for (stage, network) in model.funnel.iter().enumerate() {
        let mut left = Vec::new();
        for window in windows {
            deadline.check()?;
            let gradients = Gradients::of(&window.seen(luma));
            left.extend(network.verdict(&gradients, &model.patches).map(|verdict| window.corrected(verdict)));
        }
        windows = match stage {
            stage if stage == last => merged(left, ONE),
            0 => merged(left, NEARLY_ONE),
            _ => left,
        };
    }
    windows.retain(|window| window.score >= SURE);
    windows.sort_by(|one, other| other.score.total_cmp(&one.score));
    let faces = windows.iter().filter_map(|window| window.within(luma));
    let mut faces: Vec<CropBox> = faces.take(MOST_FACES).collect();
    faces.sort_by(|one, other| one.x.total_cmp(&other.x).then(one.y.total_cmp(&other.y)));
    Ok(faces)
}

/// What the first classifiers, which only compare how light blocks are, leave over in the picture at all sizes.
fn candidates(model: &Model, luma: &Plane, deadline: &Deadline) -> Result<Vec<Window>, TransformError> {
    let mut of_views: Vec<Vec<Window>> = vec![Vec::new(); model.views.len()];
    let mut scale = 1.0f32;
    loop {
        let side = |side: usize| (side as f32 * scale) as usize;
        let (width, height) = (side(luma.width), side(luma.height));
        if width < WINDOW || height < WINDOW {
            break;
        }
        let patterns = Patterns::of(&sampled(&luma.samples, luma.width, width, height), width);
        for y in (0..=height - WINDOW).step_by(STEP) {
            deadline.check()?;
            for x in (0..=width - WINDOW).step_by(STEP).filter(|x| patterns.has_contrast(*x, y)) {
                for (view, windows) in model.views.iter().zip(&mut of_views) {
                    let original = |at: usize| (at as f32 / scale).round();
                    windows.extend(view.score(&patterns, x, y).map(|score| Window {
                        x: original(x),
                        y: original(y),
                        side: original(WINDOW),
                        score,
                    }));
                }
            }
        }
        scale *= SMALLER;
    }
    let mut windows = Vec::new();
    for of_view in of_views {
        deadline.check()?;
        windows.extend(merged(surest(of_view), NEARLY_ONE));
    }
    Ok(windows)
}

/// As many as may be compared with each other.
fn surest(mut windows: Vec<Window>) -> Vec<Window> {
    windows.sort_by(|one, other| other.score.total_cmp(&one.score));
    windows.truncate(MOST);
    windows
}

impl Window {
    /// As a classifier looks at it; black where it reaches beyond the picture.
    fn seen(&self, luma: &Plane) -> Vec<u8> {
        let side = self.side as usize;
        let (x, y) = (self.x as i64, self.y as i64);
        let stretch = |start: i64, all: usize| {
            let within = |at: i64| usize::try_from(at).unwrap_or(0).min(all);
            let (from, to) = (within(start), within(start + side as i64));
            (from, to - from, usize::try_from(-start).unwrap_or(0))
        };
        let ((left, width, black), (top, height, above)) = (stretch(x, luma.width), stretch(y, luma.height));
        let mut samples = vec![0; side * side];
        let rows = luma.samples[top * luma.width..].chunks_exact(luma.width).take(height);
        for (to, from) in samples.chunks_exact_mut(side).skip(above).zip(rows) {
            to[black..black + width].copy_from_slice(&from[left..left + width]);
        }
        sampled(&samples, side, WINDOW, WINDOW)
    }

    /// Where the face is that is not quite in the middle, or not quite as large.
    fn corrected(self, network::Verdict { score, across, down, larger }: network::Verdict) -> Window {
        let side = (self.side * (1.0 + larger)).round().max(2.0);
        let at = |start: f32, by: f32| (start + self.side * by + (self.side - side) / 2.0).round();
        Window { x: at(self.x, across), y: at(self.y, down), side, score }
    }

    /// How much of both together both have.
    fn shared(&self, other: &Window) -> f32 {
        let overlap = |one: f32, other: f32, sides: (f32, f32)| {
            ((one + sides.0).min(other + sides.1) - one.max(other)).max(0.0)
        };
        let sides = (self.side, other.side);
        let both = overlap(self.x, other.x, sides) * overlap(self.y, other.y, sides);
        both / (self.side * self.side + other.side * other.side - both)
    }

    /// The part of the picture that it covers.
    fn within(&self, luma: &Plane) -> Option<CropBox> {
        let stretch = |start: f32, side: usize| {
            let (from, to) = (start.max(0.0), (start + self.side).min(side as f32));
            (to - from >= 1.0).then(|| (f64::from(from), f64::from(to - from)))
        };
        let ((x, width), (y, height)) = (stretch(self.x, luma.width)?, stretch(self.y, luma.height)?);
        Some(CropBox { x, y, width, height })
    }
}

/// Of windows that share so much the surest, which then speaks for all of them.
fn merged(mut windows: Vec<Window>, share: f32) -> Vec<Window> {
    windows.sort_by(|one, other| other.score.total_cmp(&one.score));
    let mut kept = Vec::new();
    let mut taken = vec![false; windows.len()];
    for index in 0..windows.len() {
        if taken[index] {
            continue;
        }
        let mut window = windows[index];
        for (other, taken) in windows.iter().zip(&mut taken).skip(index + 1) {
            if !*taken && windows[index].shared(other) > share {
                *taken = true;
                window.score += other.score;
            }
        }
        kept.push(window);
    }
    kept
}

/// A picture at another size, between two of its samples and from no more of them: as those were made that the model has
/// learned from.
fn sampled(samples: &[u8], width: usize, columns: usize, rows: usize) -> Vec<u8> {
    // The first of two samples, and how much the second weighs.
    let places = |length: usize, count: usize| -> Vec<(usize, f32)> {
        let last = length.saturating_sub(2);
        let place = |index: usize| {
            let at = index as f32 * length as f32 / count as f32;
            let first = (at as usize).min(last);
            (first, at - first as f32)
        };
        (0..count).map(place).collect()
    };
    let across = places(width, columns);
    let mut sampled = Vec::with_capacity(columns * rows);
    for (row, below) in places(samples.len() / width, rows) {
        let (one, other) = samples[row * width..].split_at(width);
        sampled.extend(across.iter().map(|&(column, right)| {
            let between =
                |row: &[u8]| f32::from(row[column]) * (1.0 - right) + f32::from(row[column + 1]) * right;
            (between(one) * (1.0 - below) + between(other) * below) as u8
        }));
    }
    sampled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_surest_windows_are_compared_with_each_other() {
        let window = |score: usize| Window { x: 0.0, y: 0.0, side: 40.0, score: score as f32 };
        let kept = surest((0..=MOST).map(window).collect());
        assert_eq!((kept.len(), kept[0].score, kept[MOST - 1].score), (MOST, MOST as f32, 1.0));
    }
}
