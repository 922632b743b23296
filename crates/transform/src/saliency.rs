//! Where in a picture there is something to see: the part with most detail, when some of it has to be cut off.

use plan::{CropBox, Size};

use crate::planes::Plane;

/// The larger side of the picture that is looked at: detail that matters survives, noise does not.
const LOOKED_AT: u32 = 128;

/// The size at which a picture is looked at.
pub(crate) fn looked_at(size: Size) -> Size {
    let larger = f64::from(size.width.max(size.height));
    let scale = (f64::from(LOOKED_AT) / larger).min(1.0);
    let side = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
    Size { width: side(size.width), height: side(size.height) }
}

/// `crop`, of a picture of size `whole`, moved to where most detail is. `luma` is that picture, small.
pub(crate) fn moved(crop: CropBox, whole: Size, luma: &Plane) -> CropBox {
    let (columns, rows) = detail(luma);
    let start = |detail: &[f64], length: f64, all: u32| {
        let all = f64::from(all);
        (most(detail, length / all) * all).clamp(0.0, (all - length).max(0.0))
    };
    CropBox {
        x: start(&columns, crop.width, whole.width),
        y: start(&rows, crop.height, whole.height),
        ..crop
    }
}

/// How much each column and each row differs from its neighbours. What is in the middle counts a little more, for
/// that is where photographers put what matters.
fn detail(luma: &Plane) -> (Vec<f64>, Vec<f64>) {
    let (mut columns, mut rows) = (vec![0.0; luma.width], vec![0.0; luma.height]);
    let at = |x: usize, y: usize| f64::from(luma.samples[y * luma.width + x]);
    let central = |at: usize, side: usize| {
        let off = (at as f64 + 0.5) / side as f64 - 0.5;
        1.0 - off * off
    };
    for (y, row) in rows.iter_mut().enumerate() {
        for (x, column) in columns.iter_mut().enumerate() {
            let across = at((x + 1).min(luma.width - 1), y) - at(x.saturating_sub(1), y);
            let down = at(x, (y + 1).min(luma.height - 1)) - at(x, y.saturating_sub(1));
            let edge = across.hypot(down) * central(x, luma.width) * central(y, luma.height);
            *column += edge;
            *row += edge;
        }
    }
    (columns, rows)
}

/// Where the stretch begins that is this part of the whole and has most of the detail, as a part of the whole; in the
/// middle where all are alike.
fn most(detail: &[f64], part: f64) -> f64 {
    let count = detail.len();
    let length = ((part * count as f64).round() as usize).clamp(1, count.max(1));
    let room = count.saturating_sub(length);
    let from_middle = |start: usize| start.abs_diff(room - start);
    let mut best = (room / 2, f64::NEG_INFINITY);
    for start in 0..=room {
        let sum: f64 = detail[start..start + length].iter().sum();
        let better = sum > best.1 * (1.0 + 1e-9) + 1e-9;
        let alike = (sum - best.1).abs() <= best.1.abs() * 1e-9 + 1e-9;
        if better || (alike && from_middle(start) < from_middle(best.0)) {
            best = (start, sum);
        }
    }
    best.0 as f64 / count.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Even, but for a chequered square there.
    fn chequered(width: usize, height: usize, x: usize, y: usize) -> Plane {
        let mut plane = Plane::filled(width, height, 120);
        for row in y..y + 12 {
            for column in x..x + 12 {
                plane.samples[row * width + column] = if (row / 2 + column / 2) % 2 == 0 { 20 } else { 230 };
            }
        }
        plane
    }

    fn crop(width: f64, height: f64) -> CropBox {
        CropBox { x: 0.0, y: 0.0, width, height }
    }

    #[test]
    fn the_part_with_something_to_see_stays() {
        let whole = Size::new(1280, 640);
        for x in [2, 40, 110] {
            let found = moved(crop(640.0, 640.0), whole, &chequered(128, 64, x, 30));
            let square = x as f64 * 10.0;
            assert!(found.x <= square && found.x + 640.0 >= square + 120.0, "{x}: {found:?}");
            assert_eq!(found.y, 0.0);
        }
        let found = moved(crop(640.0, 320.0), Size::new(640, 1280), &chequered(64, 128, 30, 100));
        assert!(found.y <= 1000.0 && found.y + 320.0 >= 1120.0, "{found:?}");
    }

    #[test]
    fn where_all_is_alike_the_middle_stays() {
        let found = moved(crop(500.0, 1000.0), Size::new(1000, 1000), &Plane::filled(100, 100, 9));
        assert_eq!((found.x, found.y), (250.0, 0.0));
    }

    #[test]
    fn nothing_lies_outside() {
        for (width, height) in [(1, 1), (1, 128), (128, 1), (3, 2)] {
            let whole = Size::new(width * 7, height * 7);
            let all = CropBox::whole(whole);
            for part in [1.0, 0.5, 0.001] {
                let crop = CropBox { width: all.width * part, height: all.height * part, ..all };
                let luma = Plane::filled(width as usize, height as usize, 3);
                let found = moved(crop, whole, &luma);
                assert!(found.x >= 0.0 && found.x + found.width <= all.width + 1e-9, "{found:?}");
                assert!(found.y >= 0.0 && found.y + found.height <= all.height + 1e-9, "{found:?}");
            }
        }
    }

    #[test]
    fn a_picture_is_looked_at_small() {
        assert_eq!(looked_at(Size::new(4000, 3000)), Size::new(128, 96));
        assert_eq!(looked_at(Size::new(40, 30)), Size::new(40, 30));
        assert_eq!(looked_at(Size::new(10_000, 2)), Size::new(128, 1));
    }
}
