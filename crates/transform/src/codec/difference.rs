//! What a picture of those that move differs in from the one that is seen before it.

use std::mem;

use plan::{Rect, Size};

use crate::pixels::Pixels;

/// What is drawn to show the next picture.
pub(crate) struct Drawing {
    pub area: Rect,
    pub pixels: Pixels,
    /// Its transparent pixels show what was there before; else it replaces all in its area.
    pub blends: bool,
}

/// How what stays is told from what changes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Care {
    /// The side of the squares that stay or change as a whole.
    pub block: u32,
    /// Corners of areas have coordinates that this divides.
    pub grid: u32,
    /// An alpha channel has its price: one pixel of so many must stay for it to pay.
    pub pays: u64,
    /// How far each channel may be off before anybody would notice. Transparency never may.
    pub unnoticed: u8,
}

/// What is seen while pictures take each other's place: each pixel as it was when it was last drawn, so that small
/// differences cannot add up to a large one.
pub(crate) struct Seen {
    pixels: Option<Pixels>,
    care: Care,
}

impl Seen {
    pub fn new(care: Care) -> Seen {
        Seen { pixels: None, care }
    }

    /// What is to be drawn; nothing if nobody would notice.
    pub fn draw(&mut self, next: Pixels) -> Option<Drawing> {
        let Some(seen) = &mut self.pixels else {
            self.pixels = Some(next.clone());
            return Some(Drawing { area: whole(next.size), pixels: next, blends: false });
        };
        let area = changed(seen, &next, self.care)?;
        let drawing = difference(seen, &next, area, self.care);
        let size = area.size();
        for y in 0..size.height {
            let Some(row) = seen.row_of(area, y) else { break };
            for (seen, drawn) in row.iter_mut().zip(drawing.pixels.row(whole(size), y)) {
                if !drawing.blends || drawn[3] > 0 {
                    *seen = *drawn;
                }
            }
        }
        Some(drawing)
    }
}

fn difference(seen: &Pixels, next: &Pixels, area: Rect, care: Care) -> Drawing {
    let mut pixels = next.part(area);
    let mut opened = pixels.clone();
    let (mut kept, mut blends) = (0, true);
    for block in blocks(area.size(), care.block) {
        let there = Rect { x: area.x + block.x, y: area.y + block.y, ..block };
        if (0..block.height).all(|y| alike(seen.row(there, y), next.row(there, y), care.unnoticed)) {
            kept += block.size().pixels();
            for y in 0..block.height {
                if let Some(row) = opened.row_of(block, y) {
                    row.fill([0; 4]);
                }
            }
        } else if !(0..block.height).all(|y| pixels.row(block, y).iter().all(|pixel| pixel[3] == 255)) {
            // Drawn over what was there, it would not be what it is.
            blends = false;
            break;
        }
    }
    blends &= kept * care.pays >= area.size().pixels();
    if blends {
        pixels = mem::replace(&mut opened, pixels);
    }
    Drawing { area, pixels, blends }
}

/// Where anything differs, from a corner that a frame can have. Nothing if they are alike.
pub(crate) fn changed(before: &Pixels, after: &Pixels, care: Care) -> Option<Rect> {
    differing(before, after, |one, other| !alike(&[one], &[other], care.unnoticed), care.grid)
}

/// The smallest area that holds all pixels that differ so.
pub(crate) fn differing(
    before: &Pixels,
    after: &Pixels,
    differs: impl Fn([u8; 4], [u8; 4]) -> bool,
    grid: u32,
) -> Option<Rect> {
    let (all, Size { width, height }) = (whole(after.size), after.size);
    let (mut top, mut bottom, mut left, mut right) = (None, 0, width, 0);
    for y in 0..height {
        let (old, new) = (before.row(all, y), after.row(all, y));
        if old == new {
            continue;
        }
        let differs = |at: &usize| differs(old[*at], new[*at]);
        let Some(first) = (0..new.len()).find(differs) else { continue };
        let last = (0..new.len()).rfind(differs).unwrap_or(first);
        top.get_or_insert(y);
        bottom = y + 1;
        left = left.min(first as u32);
        right = right.max(last as u32 + 1);
    }
    let (x, y) = (left - left % grid, top? - top? % grid);
    Some(Rect { x, y, width: right - x, height: bottom - y })
}

fn alike(one: &[[u8; 4]], other: &[[u8; 4]], unnoticed: u8) -> bool {
    let alike = |(one, other): (&[u8; 4], &[u8; 4])| {
        one[3] == other[3] && (0..3).all(|channel| one[channel].abs_diff(other[channel]) <= unnoticed)
    };
    one == other || unnoticed > 0 && one.iter().zip(other).all(alike)
}

pub(crate) fn whole(Size { width, height }: Size) -> Rect {
    Rect { x: 0, y: 0, width, height }
}

/// The smallest area that holds both.
pub(crate) fn around(one: Rect, other: Rect) -> Rect {
    let (x, y) = (one.x.min(other.x), one.y.min(other.y));
    let right = (one.x + one.width).max(other.x + other.width);
    let bottom = (one.y + one.height).max(other.y + other.height);
    Rect { x, y, width: right - x, height: bottom - y }
}

/// The squares of this side that an area is made of; those at its end may be cut.
fn blocks(area: Size, side: u32) -> impl Iterator<Item = Rect> {
    let at = move |length: u32| (0..length).step_by(side as usize);
    at(area.height).flat_map(move |y| {
        at(area.width).map(move |x| Rect {
            x,
            y,
            width: side.min(area.width - x),
            height: side.min(area.height - y),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARE: Care = Care { block: 8, grid: 2, pays: 4, unnoticed: 4 };

    fn grey(value: u8) -> Pixels {
        Pixels::filled(Size::new(24, 16), [value, value, value, 255])
    }

    #[test]
    fn what_nobody_notices_is_not_drawn_and_does_not_add_up() {
        let mut seen = Seen::new(CARE);
        assert!(seen.draw(grey(100)).is_some());
        let drawn: Vec<bool> = (101..=110).map(|value| seen.draw(grey(value)).is_some()).collect();
        assert_eq!(drawn, [false, false, false, false, true, false, false, false, false, true]);
        // Transparency is always noticed.
        assert!(seen.draw(Pixels::filled(Size::new(24, 16), [110, 110, 110, 254])).is_some());
    }

    #[test]
    fn blocks_that_stay_are_left_open_where_that_pays() {
        let mut seen = Seen::new(CARE);
        seen.draw(grey(100));
        let mut next = grey(102);
        for (x, y) in [(3, 3), (20, 12)] {
            next.row_of(Rect { x, y, width: 1, height: 1 }, 0).unwrap().fill([255; 4]);
        }
        let Drawing { area, pixels, blends } = seen.draw(next).unwrap();
        assert_eq!((area, blends), (Rect { x: 2, y: 2, width: 19, height: 11 }, true));
        let row: String = pixels
            .row(whole(area.size()), 1)
            .iter()
            .map(|pixel| match pixel {
                [.., 0] => '.',
                [255, ..] => '#',
                _ => 'o',
            })
            .collect();
        assert_eq!(row, "o#oooooo...........");
    }

    #[test]
    fn the_area_around_two_holds_both() {
        let (one, other) =
            (Rect { x: 2, y: 9, width: 3, height: 1 }, Rect { x: 4, y: 1, width: 5, height: 2 });
        assert_eq!(around(one, other), Rect { x: 2, y: 1, width: 7, height: 9 });
        assert_eq!(around(one, one), one);
    }
}
