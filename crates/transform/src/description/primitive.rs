//! A picture of a few shapes, each half transparent, as SVG: what a page can show until the picture is there.
//!
//! One shape after the other is put where it makes the drawing most alike: tried in many places, then nudged for as long as
//! it gains (as M. Fogleman's "primitive" does it). In integers and from one seed, so that every machine draws the same.

use std::fmt::Write;

use plan::{Primitive, PrimitiveShape, Size};

use crate::error::TransformError;
use crate::limits::Deadline;
use crate::pixels::Pixels;

/// The larger side of what is drawn.
pub(super) const SIDE: u32 = 64;
/// In how many places a shape is tried, and how often it is then nudged.
const TRIED: usize = 48;
const NUDGED: usize = 96;
/// How far the corners of a new shape lie apart, and how far one is nudged, at most.
const APART: i32 = 24;
const NUDGE: i32 = 6;

/// `size` is that of the picture, which `pixels` are of, opaque and small.
pub(super) fn svg(
    wish: Primitive,
    size: Size,
    pixels: &Pixels,
    deadline: &Deadline,
) -> Result<String, TransformError> {
    let mut drawing = Drawing::of(pixels);
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let (width, height) = (pixels.size.width, pixels.size.height);
    let [r, g, b] = drawing.ground;
    let mut svg = String::new();
    // Writing to a string cannot fail.
    let _ = write!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" viewBox=\"0 0 {width} {height}\" \
         preserveAspectRatio=\"none\"><path fill=\"#{r:02x}{g:02x}{b:02x}\" d=\"M0 0h{width}v{height}H0z\"/>\
         <g fill-opacity=\".5\" transform=\"translate(.5 .5)\">",
        size.width, size.height,
    );
    for _ in 0..wish.count.get() {
        deadline.check()?;
        let Some((shape, [r, g, b])) = drawing.add(wish.shape, &mut chance) else { continue };
        let _ = match shape {
            Shape::Triangle([(ax, ay), (bx, by), (cx, cy)]) => {
                write!(svg, "<path fill=\"#{r:02x}{g:02x}{b:02x}\" d=\"M{ax} {ay}L{bx} {by}L{cx} {cy}z\"/>")
            }
            Shape::Rectangle([(ax, ay), (bx, by)]) => {
                let (x, y, width, height) = (ax.min(bx), ay.min(by), (ax - bx).abs(), (ay - by).abs());
                write!(
                    svg,
                    "<path fill=\"#{r:02x}{g:02x}{b:02x}\" d=\"M{x} {y}h{width}v{height}h-{width}z\"/>"
                )
            }
            Shape::Ellipse((x, y), (across, down)) => write!(
                svg,
                "<ellipse fill=\"#{r:02x}{g:02x}{b:02x}\" cx=\"{x}\" cy=\"{y}\" rx=\"{across}\" ry=\"{down}\"/>"
            ),
        };
    }
    svg.push_str("</g></svg>");
    Ok(svg)
}

/// What is drawn so far, and what it is to look like.
struct Drawing {
    width: i32,
    height: i32,
    wanted: Vec<[i32; 3]>,
    drawn: Vec<[i32; 3]>,
    /// What is behind all shapes.
    ground: [u8; 3],
}

impl Drawing {
    fn of(pixels: &Pixels) -> Drawing {
        let wanted: Vec<[i32; 3]> =
            pixels.rgba.iter().map(|&[r, g, b, _]| [r, g, b].map(i32::from)).collect();
        let count = (wanted.len() as i64).max(1);
        let mean = |index: usize| {
            let sum: i64 = wanted.iter().map(|pixel| i64::from(pixel[index])).sum();
            ((sum + count / 2) / count) as u8
        };
        let ground = [mean(0), mean(1), mean(2)];
        let drawn = vec![ground.map(i32::from); wanted.len()];
        let (width, height) = (pixels.size.width as i32, pixels.size.height as i32);
        Drawing { width, height, wanted, drawn, ground }
    }

    /// Draws one more shape, if one can be found that gains anything.
    fn add(&mut self, kind: PrimitiveShape, chance: &mut Chance) -> Option<(Shape, [u8; 3])> {
        let mut best: Option<(i64, Shape, [i32; 3])> = None;
        for tried in 0..TRIED + NUDGED {
            let shape = match &best {
                Some((_, shape, _)) if tried >= TRIED => shape.nudged(self, chance),
                _ => Shape::by_chance(kind, self, chance),
            };
            let Some((gain, colour)) = self.gain(&shape) else { continue };
            if gain > best.as_ref().map_or(0, |(most, ..)| *most) {
                best = Some((gain, shape, colour));
            }
        }
        let (_, shape, colour) = best?;
        for (y, from, to) in shape.rows(self) {
            let row = self.row(y, from, to);
            for drawn in &mut self.drawn[row] {
                *drawn = mixed(*drawn, colour);
            }
        }
        Some((shape, colour.map(|channel| channel as u8)))
    }

    /// How much nearer the drawing comes to what is wanted by this shape in its best colour; nothing if it covers nothing.
    fn gain(&self, shape: &Shape) -> Option<(i64, [i32; 3])> {
        let rows = || shape.rows(self).map(|(y, from, to)| self.row(y, from, to));
        let (mut sums, mut count) = ([0i64; 3], 0i64);
        for row in rows() {
            count += row.len() as i64;
            for (wanted, drawn) in self.wanted[row.clone()].iter().zip(&self.drawn[row]) {
                for (sum, (wanted, drawn)) in sums.iter_mut().zip(wanted.iter().zip(drawn)) {
                    *sum += i64::from(2 * wanted - drawn);
                }
            }
        }
        let colour = sums.map(|sum| sum.checked_div(count).map(|mean| mean.clamp(0, 255) as i32));
        let [Some(r), Some(g), Some(b)] = colour else { return None };
        let colour = [r, g, b];
        let mut gain = 0;
        for row in rows() {
            for (wanted, drawn) in self.wanted[row.clone()].iter().zip(&self.drawn[row]) {
                gain += off(wanted, drawn) - off(wanted, &mixed(*drawn, colour));
            }
        }
        Some((gain, colour))
    }

    fn row(&self, y: i32, from: i32, to: i32) -> std::ops::Range<usize> {
        let start = y * self.width;
        (start + from) as usize..(start + to) as usize
    }
}

fn mixed(drawn: [i32; 3], colour: [i32; 3]) -> [i32; 3] {
    std::array::from_fn(|index| (drawn[index] + colour[index]) / 2)
}

fn off(one: &[i32; 3], other: &[i32; 3]) -> i64 {
    one.iter().zip(other).map(|(one, other)| i64::from((one - other).pow(2))).sum()
}

type Point = (i32, i32);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Shape {
    Triangle([Point; 3]),
    /// Two opposite corners.
    Rectangle([Point; 2]),
    /// Its middle, and how far it reaches across and down.
    Ellipse(Point, Point),
}

impl Shape {
    fn by_chance(kind: PrimitiveShape, drawing: &Drawing, chance: &mut Chance) -> Shape {
        let first = (chance.between(0, drawing.width - 1), chance.between(0, drawing.height - 1));
        let mut near = || (first.0 + chance.between(-APART, APART), first.1 + chance.between(-APART, APART));
        match kind {
            PrimitiveShape::Triangle => Shape::Triangle([first, near(), near()]),
            PrimitiveShape::Rectangle => Shape::Rectangle([first, near()]),
            PrimitiveShape::Ellipse => {
                Shape::Ellipse(first, (chance.between(1, APART), chance.between(1, APART)))
            }
        }
    }

    /// One of its points moved a little, no further beyond the edges than it may begin there.
    fn nudged(&self, drawing: &Drawing, chance: &mut Chance) -> Shape {
        let which = chance.between(0, 5);
        let mut near = |(x, y): Point| {
            let moved = |at: i32, by: i32, side: i32| (at + by).clamp(-APART, side + APART);
            let (across, down) = (chance.between(-NUDGE, NUDGE), chance.between(-NUDGE, NUDGE));
            (moved(x, across, drawing.width), moved(y, down, drawing.height))
        };
        match *self {
            Shape::Triangle([a, b, c]) => match which % 3 {
                0 => Shape::Triangle([near(a), b, c]),
                1 => Shape::Triangle([a, near(b), c]),
                _ => Shape::Triangle([a, b, near(c)]),
            },
            Shape::Rectangle([a, b]) => match which % 2 {
                0 => Shape::Rectangle([near(a), b]),
                _ => Shape::Rectangle([a, near(b)]),
            },
            Shape::Ellipse(middle, reach) => match which % 2 {
                0 => Shape::Ellipse(near(middle), reach),
                _ => {
                    let (across, down) = near(reach);
                    Shape::Ellipse(middle, (across.max(1), down.max(1)))
                }
            },
        }
    }

    /// The rows of pixels that it covers: how far down, from where to before where.
    fn rows(&self, drawing: &Drawing) -> impl Iterator<Item = (i32, i32, i32)> + use<> {
        let (width, height) = (drawing.width, drawing.height);
        let (top, bottom) = match *self {
            Shape::Triangle([a, b, c]) => (a.1.min(b.1).min(c.1), a.1.max(b.1).max(c.1)),
            Shape::Rectangle([a, b]) => (a.1.min(b.1), a.1.max(b.1)),
            Shape::Ellipse((_, y), (_, down)) => (y - down, y + down),
        };
        let shape = *self;
        (top.max(0)..=bottom.min(height - 1)).filter_map(move |y| {
            let (from, to) = shape.across(y)?;
            let (from, to) = (from.max(0), (to + 1).min(width));
            (from < to).then_some((y, from, to))
        })
    }

    /// The first and the last column that it covers this far down.
    fn across(&self, y: i32) -> Option<(i32, i32)> {
        match *self {
            Shape::Triangle([a, b, c]) => {
                let met = [(a, b), (b, c), (c, a)].into_iter().filter_map(|((ax, ay), (bx, by))| {
                    let within = ay.min(by) <= y && y <= ay.max(by) && ay != by;
                    within.then(|| ax + (bx - ax) * (y - ay) / (by - ay))
                });
                met.fold(None, |seen, x| match seen {
                    None => Some((x, x)),
                    Some((from, to)) => Some((x.min(from), x.max(to))),
                })
            }
            Shape::Rectangle([a, b]) => Some((a.0.min(b.0), a.0.max(b.0))),
            Shape::Ellipse((x, middle), (across, down)) => {
                let off = y - middle;
                let half = (across * across * (down * down - off * off)).max(0).isqrt() / down;
                Some((x - half, x + half))
            }
        }
    }
}

/// Numbers that look like chance and are always the same (xorshift).
struct Chance(u64);

impl Chance {
    /// From the first to the last of these, which is no less.
    fn between(&mut self, first: i32, last: i32) -> i32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        first + ((self.0 >> 33) % (last - first + 1) as u64) as i32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: u32, height: u32) -> Pixels {
        let colour = |x: u32, y: u32| {
            let light = if x * height > y * width { 220 } else { 40 };
            [light, (x * 255 / width) as u8, (y * 255 / height) as u8, 255]
        };
        let rgba = (0..height).flat_map(|y| (0..width).map(move |x| colour(x, y))).collect();
        Pixels { size: Size::new(width, height), rgba }
    }

    #[test]
    fn every_shape_brings_the_drawing_nearer_to_the_picture() {
        for kind in PrimitiveShape::ALL {
            let mut drawing = Drawing::of(&picture(64, 40));
            let off = |drawing: &Drawing| -> i64 {
                drawing.wanted.iter().zip(&drawing.drawn).map(|(one, other)| super::off(one, other)).sum()
            };
            let (mut chance, first) = (Chance(1), off(&drawing));
            let mut left = first;
            for _ in 0..20 {
                let found = drawing.add(kind, &mut chance);
                assert_eq!(off(&drawing) < left, found.is_some(), "{kind}");
                left = off(&drawing);
            }
            assert!(left * 4 < first, "{kind}: {first} {left}");
        }
    }

    #[test]
    fn shapes_cover_what_they_enclose() {
        let drawing = Drawing::of(&picture(10, 6));
        let seen = |shape: Shape| {
            let mut rows = vec![".".repeat(10); 6];
            for (y, from, to) in shape.rows(&drawing) {
                rows[y as usize].replace_range(from as usize..to as usize, &"#".repeat((to - from) as usize));
            }
            rows.join("\n")
        };
        assert_eq!(
            seen(Shape::Triangle([(0, 0), (5, 0), (0, 5)])),
            "######....\n#####.....\n####......\n###.......\n##........\n#........."
        );
        assert_eq!(
            seen(Shape::Rectangle([(8, 4), (3, 9)])),
            "..........\n..........\n..........\n..........\n...######.\n...######."
        );
        assert_eq!(
            seen(Shape::Ellipse((4, 2), (3, 2))),
            "....#.....\n..#####...\n.#######..\n..#####...\n....#.....\n.........."
        );
        assert_eq!(seen(Shape::Ellipse((40, 2), (3, 2))), seen(Shape::Rectangle([(-9, -9), (-3, -3)])));
    }
}
