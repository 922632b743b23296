//! Another picture over this one, once or as tiles.

use plan::{BlendMode, CropBox, Overlay, Placement, Rotation, Size, Tiling};

use crate::error::TransformError;
use crate::operation::{Bench, blend, rotate};
use crate::orientation::Orientation;
use crate::pixels::Pixels;

pub(super) fn pixels(
    overlay: &Overlay,
    mut pixels: Pixels,
    bench: &mut Bench<'_>,
) -> Result<Pixels, TransformError> {
    let Some(other) = bench.others.get(overlay.picture) else {
        return Err(TransformError::failed("marking", "the plan's further originals are not there"));
    };
    let Placement { size, frame } = plan::placement(overlay, other.size, pixels.size);
    let sized = other.pixels.resized(CropBox::whole(other.pixels.size), size, bench.resampler)?;
    let mark = faded(turned(sized, overlay.rotation, frame.size(), bench)?, overlay.opacity.percent());
    let at = (i64::from(frame.x), i64::from(frame.y));
    let (columns, rows) = match overlay.tiling {
        Tiling::Once => (vec![at.0], vec![at.1]),
        Tiling::Grid => {
            let steps = |start: i64, length: u32, of: u32| {
                let step = i64::from(length) + i64::from(overlay.pad);
                // One of them is where a single one would be.
                let first = start.rem_euclid(step) - step;
                (first..i64::from(of)).step_by(step.unsigned_abs() as usize).collect::<Vec<_>>()
            };
            (steps(at.0, frame.width, pixels.size.width), steps(at.1, frame.height, pixels.size.height))
        }
    };
    for y in rows {
        bench.deadline.check()?;
        for x in &columns {
            lay(&mark, &mut pixels, (*x, y), overlay.mode);
        }
    }
    Ok(pixels)
}

/// Turned anticlockwise about its middle.
pub(super) fn turned(
    pixels: Pixels,
    rotation: Rotation,
    frame: Size,
    bench: &Bench<'_>,
) -> Result<Pixels, TransformError> {
    let quarters = (0..rotation.quarters()).fold(Orientation::UPRIGHT, |turned, _| turned.turned_left());
    let pixels = pixels.upright(quarters);
    match rotation.rest() {
        rest if rest == Rotation::default() => Ok(pixels),
        rest => rotate::rotated(&pixels, rest, frame, bench.deadline),
    }
}

pub(super) fn faded(mut pixels: Pixels, percent: u32) -> Pixels {
    if percent < 100 {
        for pixel in &mut pixels.rgba {
            pixel[3] = ((u32::from(pixel[3]) * percent + 50) / 100) as u8;
        }
    }
    pixels
}

/// What of `above` lies beyond `below` is not seen.
pub(super) fn lay(above: &Pixels, below: &mut Pixels, (x, y): (i64, i64), mode: BlendMode) {
    let (width, height) = (i64::from(below.size.width), i64::from(below.size.height));
    let above_width = i64::from(above.size.width);
    for (row, line) in (y..).zip(above.rgba.chunks_exact(above.size.width.max(1) as usize)) {
        if row < 0 || row >= height {
            continue;
        }
        let (from, to) = (x.max(0), (x + above_width).min(width));
        if from >= to {
            continue;
        }
        let seen = &line[(from - x) as usize..(to - x) as usize];
        let start = (row * width + from) as usize;
        for (below, above) in below.rgba[start..][..seen.len()].iter_mut().zip(seen) {
            *below = blend::composited(mode, *below, *above);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use plan::{Mark, Plan};

    use super::*;
    use crate::limits::Deadline;
    use crate::other::Other;
    use crate::resample::Resampler;

    const RED: [u8; 4] = [200, 0, 0, 255];

    /// A mark of 4 x 2, red with a blue left column, over a white picture of 12 x 9; each letter a pixel.
    fn seen(mark: Mark) -> Vec<String> {
        let mut logo = Pixels::filled(Size::new(4, 2), RED);
        for row in logo.rgba.chunks_exact_mut(4) {
            row[0] = [0, 0, 200, 255];
        }
        let picture = "a/b".parse().ok();
        let plan = Plan {
            marks: [Mark { picture, ..mark }, Mark::default(), Mark::default(), Mark::default()],
            ..Plan::default()
        };
        let below = Size::new(12, 9);
        let geometry = plan::geometry(&plan, below, 100).unwrap();
        let operations = plan.operations();
        let overlay = operations.iter().find_map(|operation| match operation {
            plan::Operation::Mark(overlay) => Some(*overlay),
            _ => None,
        });
        let mut bench = Bench {
            geometry: &geometry,
            faces: &[],
            matte: None,
            others: &[Other { size: logo.size, pixels: logo }],
            texts: &[],
            fonts: &[],
            deadline: &Deadline::after(Duration::from_secs(60)),
            resampler: &mut Resampler::default(),
        };
        let made = pixels(&overlay.unwrap(), Pixels::filled(below, [255; 4]), &mut bench).unwrap();
        let letter = |[_, g, b, _]: [u8; 4]| match (g, b) {
            (255, _) => '.',
            (100.., _) => 'p',
            (_, 100..) => 'b',
            _ => 'r',
        };
        made.rgba.chunks_exact(12).map(|row| row.iter().map(|pixel| letter(*pixel)).collect()).collect()
    }

    fn mark(pad: &str, align: &str) -> Mark {
        Mark { pad: pad.parse().unwrap(), align: align.parse().unwrap(), ..Mark::default() }
    }

    #[test]
    fn a_mark_stands_where_it_is_aligned() {
        let rows = seen(mark("1", "bottom,right"));
        assert_eq!(rows[5..], ["............", ".......brrr.", ".......brrr.", "............"]);
    }

    #[test]
    fn a_quarter_turn_is_anticlockwise() {
        let rows = seen(Mark { rotation: "90".parse().unwrap(), ..mark("0", "top,left") });
        assert_eq!(
            rows[..5],
            ["rr..........", "rr..........", "rr..........", "bb..........", "............"]
        );
    }

    #[test]
    fn tiles_cover_everything_and_one_is_where_a_single_one_would_be() {
        let rows = seen(Mark { tiling: Tiling::Grid, ..mark("1", "bottom,right") });
        let (tiles, gap) = ("r.brrr.brrr.", "............");
        assert_eq!(rows, [tiles, tiles, gap, tiles, tiles, gap, tiles, tiles, gap]);
    }

    #[test]
    fn an_opacity_shows_what_is_below_and_none_leaves_the_mark_out() {
        let rows = seen(Mark { opacity: "40".parse().unwrap(), ..mark("0", "top,left") });
        assert_eq!(rows[0], "pppp........");
        let unseen = Mark { picture: "a/b".parse().ok(), opacity: "0".parse().unwrap(), ..Mark::default() };
        let plan =
            Plan { marks: [unseen, Mark::default(), Mark::default(), Mark::default()], ..Plan::default() };
        assert!(!plan.operations().iter().any(|operation| matches!(operation, plan::Operation::Mark(_))));
    }
}
