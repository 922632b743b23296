//! What is seen of a picture for its faces' sake, once it is known where they are.

use crate::geometry::Geometry;
use crate::operation::resize::Resize;
use crate::rectangle::{CropBox, Rect};
use crate::size::Size;

/// `crop`, of a picture of size `seen`, moved to where most is of whole faces; a large one counts more than a small one.
pub fn moved_to_faces(crop: CropBox, seen: Size, faces: &[CropBox]) -> CropBox {
    let start = |at: fn(&CropBox) -> (f64, f64), length: f64, all: u32| {
        let room = (f64::from(all) - length).max(0.0);
        let stretches: Vec<_> = faces
            .iter()
            .map(|face| Stretch { from: at(face).0, to: at(face).0 + at(face).1, weight: area(face) })
            .collect();
        middle_of_most(&stretches, length).map(|middle| (middle - length / 2.0).clamp(0.0, room))
    };
    CropBox {
        x: start(|face| (face.x, face.width), crop.width, seen.width).unwrap_or(crop.x),
        y: start(|face| (face.y, face.height), crop.height, seen.height).unwrap_or(crop.y),
        ..crop
    }
}

/// The part of a picture of size `seen` that shows the wished faces as close as `resize` says, in the proportions of the
/// canvas; as much as there is of the picture, where that is less. Nothing without faces.
pub fn face_area(resize: &Resize, seen: Size, canvas: Size, faces: &[CropBox]) -> Option<CropBox> {
    let index = resize.face_area.index.map(|index| index.size() as usize - 1);
    let one = index.and_then(|index| faces.get(index)).map(std::slice::from_ref);
    let area = around(one.unwrap_or(faces), resize.face_area.pad.times())?;
    let all = CropBox::covering(seen, canvas);
    // Of the canvas, so many times as large as it is in the picture.
    let (cw, ch) = (f64::from(canvas.width), f64::from(canvas.height));
    let needed = (area.width / cw).max(area.height / ch);
    let closest = if resize.enlarges() { 0.0 } else { 1.0 };
    let scale = needed.max(closest).min(all.width / cw).min(all.height / ch);
    let (width, height) = (cw * scale, ch * scale);
    let at = |start: f64, length: f64, part: f64, all: u32| {
        (start + (length - part) / 2.0).clamp(0.0, (f64::from(all) - part).max(0.0))
    };
    Some(CropBox {
        x: at(area.x, area.width, width, seen.width),
        y: at(area.y, area.height, height, seen.height),
        width,
        height,
    })
}

impl Geometry {
    /// Where on the picture, as it is once it has its size, a part of [`Geometry::seen`] lies; perhaps beyond its edges.
    pub fn resized(&self, part: CropBox) -> CropBox {
        let across = f64::from(self.placed.width) / self.crop.width;
        let down = f64::from(self.placed.height) / self.crop.height;
        CropBox {
            x: (part.x - self.crop.x) * across,
            y: (part.y - self.crop.y) * down,
            width: part.width * across,
            height: part.height * down,
        }
    }

    /// Where in what is made a part of [`Geometry::seen`] lies, in whole pixels, as far as it is seen.
    pub fn in_output(&self, part: CropBox) -> Option<Rect> {
        let part = self.resized(part);
        let stretch = |start: f64, length: f64, all: u32, before: u32| {
            // Within the picture, and so within 32 bits.
            let within = |at: f64| at.round().clamp(0.0, f64::from(all)) as u32;
            let (from, to) = (within(start), within(start + length));
            (from < to).then_some((before + from, to - from))
        };
        let Rect { x, y, width, height } = self.placed;
        let (x, width) = stretch(part.x, part.width, width, self.canvas_begins.0 + x)?;
        let (y, height) = stretch(part.y, part.height, height, self.canvas_begins.1 + y)?;
        Some(Rect { x, y, width, height })
    }
}

fn area(part: &CropBox) -> f64 {
    part.width * part.height
}

/// The smallest part that has all of these, each so many times as large about its middle.
fn around(faces: &[CropBox], times: f64) -> Option<CropBox> {
    let edges = faces.iter().map(|face| {
        let (across, down) = (face.width * times / 2.0, face.height * times / 2.0);
        let (x, y) = (face.x + face.width / 2.0, face.y + face.height / 2.0);
        [x - across, y - down, x + across, y + down]
    });
    let [left, top, right, bottom] = edges.reduce(|[left, top, right, bottom], edges| {
        [left.min(edges[0]), top.min(edges[1]), right.max(edges[2]), bottom.max(edges[3])]
    })?;
    Some(CropBox { x: left, y: top, width: right - left, height: bottom - top })
}

struct Stretch {
    from: f64,
    to: f64,
    weight: f64,
}

/// The middle of those that weigh most together and lie within one stretch of this length; else of the heaviest.
fn middle_of_most(stretches: &[Stretch], length: f64) -> Option<f64> {
    let mut best: Option<(f64, f64)> = None;
    for first in stretches {
        let within =
            stretches.iter().filter(|other| other.from >= first.from && other.to <= first.from + length);
        let (weight, end) =
            within.fold((0.0, first.from), |(weight, end), other| (weight + other.weight, other.to.max(end)));
        if weight > best.map_or(0.0, |(most, _)| most) {
            best = Some((weight, (first.from + end) / 2.0));
        }
    }
    let heaviest = stretches.iter().max_by(|one, other| one.weight.total_cmp(&other.weight));
    best.map(|(_, middle)| middle).or(heaviest.map(|heaviest| (heaviest.from + heaviest.to) / 2.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::face_area::{FaceArea, FacePad};
    use crate::operation::resize::Fit;
    use crate::{Border, Pad, Plan, geometry};
    use proptest::prelude::*;

    fn face(x: f64, y: f64, side: f64) -> CropBox {
        CropBox { x, y, width: side, height: side }
    }

    fn part(x: f64, y: f64, width: f64, height: f64) -> CropBox {
        CropBox { x, y, width, height }
    }

    #[test]
    fn a_crop_moves_to_as_many_faces_as_it_can_hold() {
        let seen = Size::new(1000, 500);
        for (faces, expected) in [
            (vec![], 250.0),
            (vec![face(700.0, 100.0, 100.0)], 500.0),
            (vec![face(0.0, 100.0, 100.0)], 0.0),
            // Both fit.
            (vec![face(300.0, 100.0, 100.0), face(500.0, 90.0, 100.0)], 200.0),
            // They do not: the larger one, or the two that are nearer to each other.
            (vec![face(0.0, 100.0, 100.0), face(800.0, 90.0, 120.0)], 500.0),
            (vec![face(0.0, 0.0, 100.0), face(200.0, 0.0, 90.0), face(850.0, 0.0, 110.0)], 0.0),
            // None does.
            (vec![face(100.0, 0.0, 600.0)], 150.0),
        ] {
            let moved = moved_to_faces(part(250.0, 0.0, 500.0, 500.0), seen, &faces);
            assert_eq!((moved.x, moved.y), (expected, 0.0), "{faces:?}");
            assert_eq!((moved.width, moved.height), (500.0, 500.0));
        }
    }

    fn close(index: Option<i16>, pad: u16) -> Resize {
        let index = index.and_then(crate::Amount::new);
        let pad = FacePad::from_hundredths(pad).unwrap();
        Resize { fit: Fit::FaceArea, face_area: FaceArea { index, pad }, ..Resize::default() }
    }

    #[test]
    fn the_area_of_faces_has_the_canvas_s_proportions_and_lies_within_the_picture() {
        let (seen, canvas) = (Size::new(1000, 500), Size::new(200, 100));
        let two = [face(400.0, 200.0, 100.0), face(600.0, 250.0, 50.0)];
        for (resize, faces, expected) in [
            (close(None, 100), &two[..1], part(350.0, 200.0, 200.0, 100.0)),
            (close(Some(1), 200), &two[..], part(250.0, 150.0, 400.0, 200.0)),
            (close(Some(2), 100), &two[..], part(575.0, 250.0, 100.0, 50.0)),
            // All of them where there is no third.
            (close(Some(3), 100), &two[..], part(400.0, 187.5, 250.0, 125.0)),
            (close(None, 100), &two[..], part(400.0, 187.5, 250.0, 125.0)),
            // No more than there is.
            (close(None, 1000), &two[..], part(0.0, 0.0, 1000.0, 500.0)),
            (close(None, 100), &[face(-10.0, -10.0, 40.0)][..], part(0.0, 0.0, 80.0, 40.0)),
            // No closer than a pixel for a pixel.
            (
                Resize { never_enlarge: true, ..close(Some(2), 100) },
                &two[..],
                part(525.0, 225.0, 200.0, 100.0),
            ),
        ] {
            assert_eq!(face_area(&resize, seen, canvas, faces), Some(expected), "{resize:?}");
        }
        assert_eq!(face_area(&close(None, 100), seen, canvas, &[]), None);
    }

    #[test]
    fn a_part_is_found_again_in_what_is_made() {
        let plan = Plan {
            resize: Resize { width: Some(200), height: Some(200), fit: Fit::Crop, ..Resize::default() },
            border: "10,red".parse::<Border>().ok(),
            shadow: "0,black".parse().ok(),
            pad: Pad { left: "5".parse().ok(), ..Pad::default() },
            ..Plan::default()
        };
        // From 100 to 500 is seen, at half its size.
        let made = geometry(&plan, Size::new(600, 400), 8192).unwrap();
        let rect = |x, y, width, height| Some(Rect { x, y, width, height });
        assert_eq!(made.resized(part(140.0, 40.0, 100.0, 60.0)), part(20.0, 20.0, 50.0, 30.0));
        assert_eq!(made.in_output(part(140.0, 40.0, 100.0, 60.0)), rect(35, 30, 50, 30));
        assert_eq!(made.in_output(part(60.0, 0.0, 100.0, 60.0)), rect(15, 10, 30, 30));
        assert_eq!(made.in_output(part(0.0, 0.0, 90.0, 60.0)), None);
    }

    proptest! {
        #[test]
        fn whatever_the_faces_what_is_seen_lies_in_the_picture(
            seen in (1u32..5000, 1u32..5000),
            canvas in (1u32..3000, 1u32..3000),
            faces in proptest::collection::vec((-100f64..5000.0, -100f64..5000.0, 0.5f64..3000.0), 1..12),
            pad in 100u16..=1000,
            never_enlarge: bool,
        ) {
            let (seen, canvas) = (Size::new(seen.0, seen.1), Size::new(canvas.0, canvas.1));
            let faces: Vec<_> = faces.into_iter().map(|(x, y, side)| face(x, y, side)).collect();
            let resize = Resize { never_enlarge, ..close(None, pad) };
            let close = face_area(&resize, seen, canvas, &faces).unwrap();
            for found in [close, moved_to_faces(CropBox::covering(seen, canvas), seen, &faces)] {
                prop_assert!(found.width > 0.0 && found.height > 0.0, "{found:?}");
                prop_assert!(found.x >= 0.0 && found.x + found.width <= f64::from(seen.width) + 1e-6, "{found:?}");
                prop_assert!(found.y >= 0.0 && found.y + found.height <= f64::from(seen.height) + 1e-6, "{found:?}");
                let (wished, made) = (
                    f64::from(canvas.width) * found.height,
                    f64::from(canvas.height) * found.width,
                );
                prop_assert!((wished - made).abs() <= 1e-6 * wished.max(made), "{found:?}");
            }
        }
    }
}
