//! Faces made unrecognisable: squares, a blur, a colour, over an oval that has the whole head.

use plan::{CropBox, Rect, Veil};

use super::mask::inside_ellipse;
use super::{blur, pixelate};
use crate::error::TransformError;
use crate::limits::Deadline;
use crate::pixels::{Pixels, over};

/// A head, in parts of what was found of it: from the brows to the chin.
const HEAD: (f64, f64) = (1.5, 1.9);
/// How much higher its middle lies, in parts of the same.
const HIGHER: f64 = 0.1;

pub(super) fn pixels(
    veil: Veil,
    faces: &[CropBox],
    mut pixels: Pixels,
    deadline: &Deadline,
) -> Result<Pixels, TransformError> {
    for face in faces {
        deadline.check()?;
        let oval = head(face);
        let Some(area) = within(&oval, &pixels) else { continue };
        let percent = |percent: u32| face.width * f64::from(percent) / 100.0;
        let mut veiled = pixels.part(area);
        let side = percent(veil.squares.size()).round() as u32;
        if side > 1 {
            veiled = pixelate::pixels(side, veiled);
        }
        if !veil.blur.is_zero() {
            veiled = blur::pixels(percent(veil.blur.size()), veiled, deadline)?;
        }
        let colour = veil.colour.map(|colour| colour.rgba());
        for (y, row) in (0..area.height).zip(veiled.rgba.chunks_exact(area.width as usize)) {
            let Some(below) = pixels.row_of(area, y) else { continue };
            for (x, (below, veiled)) in (0..area.width).zip(below.iter_mut().zip(row)) {
                let covered = oval.covered(f64::from(area.x + x) + 0.5, f64::from(area.y + y) + 0.5);
                let [r, g, b, _] = colour.map_or(*veiled, |colour| over(colour, *veiled));
                let mixed = |above: u8, below: u8| {
                    (f32::from(above) * covered + f32::from(below) * (1.0 - covered)).round() as u8
                };
                // What is transparent stays so.
                *below = [mixed(r, below[0]), mixed(g, below[1]), mixed(b, below[2]), below[3]];
            }
        }
    }
    Ok(pixels)
}

/// Upright, about its middle.
struct Oval {
    x: f64,
    y: f64,
    across: f64,
    down: f64,
}

impl Oval {
    /// How much of the pixel with this middle it covers.
    fn covered(&self, x: f64, y: f64) -> f32 {
        let from_middle = ((x - self.x) as f32, (y - self.y) as f32);
        (inside_ellipse(from_middle, (self.across as f32, self.down as f32)) + 0.5).clamp(0.0, 1.0)
    }
}

fn head(face: &CropBox) -> Oval {
    let (width, height) = (face.width * HEAD.0, face.height * HEAD.1);
    let (x, y) = (face.x + face.width / 2.0, face.y + face.height * (0.5 - HIGHER));
    Oval { x, y, across: width / 2.0, down: height / 2.0 }
}

/// The pixels that may be covered, if any.
fn within(oval: &Oval, pixels: &Pixels) -> Option<Rect> {
    let stretch = |middle: f64, reach: f64, all: u32| {
        let within = |at: f64| at.clamp(0.0, f64::from(all)) as u32;
        let (from, to) = (within((middle - reach - 1.0).floor()), within((middle + reach + 1.0).ceil()));
        (from < to).then_some((from, to - from))
    };
    let (x, width) = stretch(oval.x, oval.across, pixels.size.width)?;
    let (y, height) = stretch(oval.y, oval.down, pixels.size.height)?;
    Some(Rect { x, y, width, height })
}

#[cfg(test)]
mod tests {
    use super::*;
    use plan::Size;
    use std::time::Duration;

    /// Lines of one pixel, black and white.
    fn striped() -> Pixels {
        let mut striped = Pixels::filled(Size::new(80, 60), [255; 4]);
        for pixel in striped.rgba.iter_mut().step_by(2) {
            *pixel = [0, 0, 0, 255];
        }
        striped
    }

    fn veiled(veil: Veil, faces: &[CropBox], picture: Pixels) -> Pixels {
        pixels(veil, faces, picture, &Deadline::after(Duration::from_secs(60))).unwrap()
    }

    fn veil() -> [Veil; 3] {
        [
            Veil { squares: "50".parse().unwrap(), ..Veil::default() },
            Veil { blur: "50".parse().unwrap(), ..Veil::default() },
            Veil { colour: "808080".parse().ok(), ..Veil::default() },
        ]
    }

    #[test]
    fn of_a_face_nothing_is_left_and_of_all_else_everything() {
        let face = CropBox { x: 30.0, y: 20.0, width: 20.0, height: 20.0 };
        for veil in veil() {
            let made = veiled(veil, &[face], striped());
            for (index, (before, after)) in striped().rgba.iter().zip(&made.rgba).enumerate() {
                let (x, y) = ((index % 80) as f64 + 0.5, (index / 80) as f64 + 0.5);
                let off = ((x - 40.0) / 15.0).hypot((y - 28.0) / 19.0);
                if off < 0.9 {
                    assert!(after[0].abs_diff(128) < 64, "{veil:?} {x} {y}: {after:?}");
                } else if off > 1.1 {
                    assert_eq!(before, after, "{veil:?} {x} {y}");
                }
            }
        }
    }

    #[test]
    fn faces_at_and_beyond_the_edges_are_veiled_as_far_as_they_are_seen() {
        for veil in veil() {
            for (x, y) in [(-10.0, -10.0), (70.0, 50.0), (-300.0, 5.0), (500.0, 500.0)] {
                let face = CropBox { x, y, width: 20.0, height: 20.0 };
                let made = veiled(veil, &[face], striped());
                assert_eq!(made == striped(), x.abs() > 100.0, "{veil:?} {x} {y}");
            }
        }
    }

    #[test]
    fn what_is_transparent_stays_so() {
        let face = CropBox { x: 10.0, y: 10.0, width: 20.0, height: 20.0 };
        let mut picture = striped();
        picture.rgba[20 * 80 + 20][3] = 0;
        for veil in veil() {
            let made = veiled(veil, &[face], picture.clone());
            assert!(made.rgba.iter().zip(&picture.rgba).all(|(one, other)| one[3] == other[3]));
        }
    }
}
