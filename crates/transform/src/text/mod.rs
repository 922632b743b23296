//! Letters as pixels: fonts, lines, glyphs, coverage.

mod coverage;
mod face;
mod lines;
mod outline;
mod pen;

use plan::{Lettering, Size, TextFit};

use crate::error::TransformError;
use crate::limits::Deadline;
use crate::operation::blurred;
use crate::pixels::{Pixels, over};

pub(crate) use harfrust::Font;

use self::coverage::Coverage;
use self::face::{Face, font_of};
use self::lines::{Line, Room, Setting};
use self::pen::Pen;

/// A text that has been set.
pub(crate) struct Lettered {
    /// With a margin all around, for what reaches beyond the lines: accents, tails, the line around letters, their shadow.
    pub pixels: Pixels,
    pub margin: u32,
}

impl Lettered {
    /// The size without its margin: what is aligned.
    pub fn size(&self) -> Size {
        let inner = |side: u32| side - 2 * self.margin;
        Size { width: inner(self.pixels.size.width), height: inner(self.pixels.size.height) }
    }
}

/// Whether texts can be set in this font.
pub fn is_font(bytes: &[u8]) -> bool {
    font_of(bytes).is_some()
}

/// The fonts in these files.
pub(crate) fn fonts(files: &[&[u8]]) -> Result<Vec<Font>, TransformError> {
    let read = |bytes: &&[u8]| font_of(bytes);
    files.iter().map(read).collect::<Option<_>>().ok_or_else(|| failed("a font cannot be read"))
}

fn failed(why: &str) -> TransformError {
    TransformError::failed("writing", why)
}

/// More than any accent stands out at this size.
const MARGIN_MAX: u32 = 512;
/// Letters so much smaller than wished are as good as none.
const SMALLEST: f32 = 1.0;
/// A line that is a rounding higher than its room is not left out.
const ROUNDING: f32 = 1e-3;

/// Letters as large as the picture show nothing, so none are larger: this bounds what they can cost.
fn wished_size(lettering: &Lettering, room: Size) -> u32 {
    lettering.size.min(room.width.max(room.height)).max(1)
}

/// How far what is seen of a text may reach beyond its lines.
fn margin(lettering: &Lettering, size: f32) -> u32 {
    // A shadow out of focus reaches three standard deviations beyond where it lies, which are half of its distance each.
    let shadow = (lettering.shadow * 5).div_ceil(2);
    (size.ceil() as u32).saturating_add(lettering.outline.max(shadow) + 1).min(MARGIN_MAX)
}

/// How many pixels a text may take, at most, on an output of this size.
pub(crate) fn area(lettering: &Lettering, output: Size) -> u64 {
    let room = plan::text_room(lettering, output);
    let margin = margin(lettering, wished_size(lettering, room) as f32);
    let side = |side: u32| u64::from(side) + 2 * u64::from(margin);
    side(room.width) * side(room.height)
}

/// Sets `content` in lines that have this room; what is higher than it is left out.
pub(crate) fn lettered(
    lettering: &Lettering,
    content: &str,
    fonts: &[Font],
    room: Size,
    deadline: &Deadline,
) -> Result<Lettered, TransformError> {
    // The wished one first, then those that may lend it a letter.
    let wished = fonts.get(lettering.font).ok_or_else(|| failed("a font of the plan is not there"))?;
    let others = fonts.iter().enumerate().filter(|(place, _)| *place != lettering.font).map(|(_, font)| font);
    let faces: Vec<Face> = std::iter::once(wished).chain(others).map(Face::new).collect();

    let wished = wished_size(lettering, room) as f32;
    let width = room.width as f32 / wished;
    let setting = Setting {
        faces: &faces,
        tracking: lettering.tracking as f32 / lettering.size.max(1) as f32,
        room: match (lettering.clip, lettering.fit) {
            (Some(clip), _) => Room::Clipped(width, clip),
            (None, TextFit::Wrap) => Room::Broken(width),
            (None, TextFit::Max) => Room::Endless,
        },
    };
    let mut lines = setting.lines(content);
    deadline.check()?;

    let widest = lines.iter().map(|line| line.width).fold(f32::MIN_POSITIVE, f32::max);
    let leading = lettering.leading as f32 / 100.0;
    let size = match setting.room {
        Room::Endless => {
            let fitting =
                (room.width as f32 / widest).min(room.height as f32 / (leading * lines.len() as f32));
            wished.min(fitting).max(SMALLEST)
        }
        Room::Broken(_) | Room::Clipped(..) => wished,
    };
    lines.truncate(((room.height as f32 / (leading * size) + ROUNDING) as usize).max(1));

    let margin = margin(lettering, size);
    let inner = Size {
        width: (widest * size).ceil().clamp(1.0, room.width as f32) as u32,
        height: (lines.len() as f32 * leading * size - ROUNDING).ceil().clamp(1.0, room.height as f32) as u32,
    };
    let whole = Size { width: inner.width + 2 * margin, height: inner.height + 2 * margin };
    let mut coverage = Coverage::new(whole.width as usize, whole.height as usize);
    let (above, below) = faces.first().map_or((0.0, 0.0), Face::reach);
    let to_baseline = (leading - (above - below)) / 2.0 + above;
    for (number, line) in lines.iter().enumerate() {
        let slack = inner.width as f32 - line.width * size;
        let left = match lettering.align.x {
            plan::Side::Start => 0.0,
            plan::Side::Middle => slack / 2.0,
            plan::Side::End => slack,
        };
        let baseline = (number as f32 * leading + to_baseline) * size;
        let origin = (margin as f32 + left, margin as f32 + baseline);
        drawn(line, &faces, size, origin, &mut coverage, deadline)?;
    }
    let covered = coverage.finish();
    deadline.check()?;
    Ok(Lettered { pixels: Pixels { size: whole, rgba: coloured(lettering, covered, whole) }, margin })
}

fn drawn(
    line: &Line,
    faces: &[Face<'_>],
    size: f32,
    origin: (f32, f32),
    coverage: &mut Coverage,
    deadline: &Deadline,
) -> Result<(), TransformError> {
    for glyph in &line.glyphs {
        deadline.check()?;
        if let Some(face) = faces.get(glyph.face) {
            let origin = (origin.0 + glyph.x * size, origin.1 - glyph.y * size);
            face.draw(glyph.id, &mut Pen::new(coverage, face.scale(size), origin));
        }
    }
    Ok(())
}

/// Letters over the line around them over the shadow of both.
fn coloured(lettering: &Lettering, covered: Vec<u8>, size: Size) -> Vec<[u8; 4]> {
    let width = size.width as usize;
    let coloured = |[r, g, b, alpha]: [u8; 4], covered: u8| {
        [r, g, b, ((u32::from(alpha) * u32::from(covered) + 127) / 255) as u8]
    };
    let letters = lettering.colour.rgba();
    let mut rgba: Vec<[u8; 4]> = covered.iter().map(|covered| coloured(letters, *covered)).collect();
    let mut shape = covered;
    if lettering.outline > 0 {
        shape = outline::grown(&shape, width, lettering.outline as f32);
        let around = lettering.outline_colour.rgba();
        for (pixel, covered) in rgba.iter_mut().zip(&shape) {
            *pixel = over(*pixel, coloured(around, *covered));
        }
    }
    if lettering.shadow > 0 {
        let shape = shape.into_iter().map(|covered| u16::from(covered) << 8).collect();
        let sigma = f64::from(lettering.shadow) / 2.0;
        let shape = blurred(shape, width, (sigma, sigma));
        let distance = lettering.shadow as usize;
        let rows = rgba.chunks_exact_mut(width).skip(distance).zip(shape.chunks_exact(width));
        for (row, thrown) in rows {
            for (pixel, thrown) in row.iter_mut().skip(distance).zip(thrown) {
                *pixel = over(*pixel, [0, 0, 0, (thrown >> 8) as u8]);
            }
        }
    }
    rgba
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::Duration;

    use plan::{Operation, Plan, Text};

    use super::*;

    pub const SANS: &[u8] = include_bytes!("../../../renderer/fonts/DejaVuSans.ttf");

    fn lettering(text: Text) -> Lettering {
        let [_, two, three, four] = Plan::default().texts;
        let plan = Plan { texts: [text, two, three, four], ..Plan::default() };
        let operations = plan.operations();
        let found = operations.into_iter().find_map(|operation| match operation {
            Operation::Text(lettering) => Some(lettering),
            _ => None,
        });
        found.unwrap()
    }

    fn set(text: &Text, room: (u32, u32)) -> Lettered {
        let content = text.content.clone().unwrap();
        let deadline = Deadline::after(Duration::from_secs(60));
        let fonts = fonts(&[SANS]).unwrap();
        lettered(&lettering(text.clone()), content.as_str(), &fonts, Size::new(room.0, room.1), &deadline)
            .unwrap()
    }

    fn text(content: &str, size: &str) -> Text {
        Text { content: content.parse().ok(), size: size.parse().unwrap(), ..Text::default() }
    }

    #[test]
    fn letters_are_dark_inside_and_nothing_outside() {
        let made = set(&text("I", "100"), (300, 300));
        let Size { width, height } = made.size();
        assert!((20..40).contains(&width) && height == 120, "{width}x{height}");
        let row = &made.pixels.rgba[(made.margin + 60) as usize * made.pixels.size.width as usize..];
        let stroke = row[..made.pixels.size.width as usize].iter().filter(|pixel| pixel[3] > 128).count();
        assert!((8..14).contains(&stroke), "{stroke}");
        assert_eq!(made.pixels.rgba[0], [0, 0, 0, 0]);
    }

    #[test]
    fn a_size_that_is_a_maximum_shrinks_until_the_longest_line_fits() {
        let long = Text { fit: TextFit::Max, ..text("A rather long line of text", "100") };
        let made = set(&long, (300, 300));
        assert!((298..=300).contains(&made.size().width) && made.size().height < 40, "{}", made.size());
        let short = Text { fit: TextFit::Max, ..text("I", "100") };
        assert_eq!(set(&short, (300, 300)).size().height, 120);
    }

    /// Memory is reckoned from it, and taken.
    #[test]
    fn the_margin_grows_with_the_letters_up_to_a_limit() {
        let output = Size::new(1200, 300);
        for (size, margin) in [("100", 101), ("511", 512), ("512", 512), ("1000", 512)] {
            let large = text("I", size);
            assert_eq!(set(&large, (1200, 300)).margin, margin, "{size}");
            let room = plan::text_room(&lettering(large.clone()), output);
            let reckoned = u64::from(room.width + 2 * margin) * u64::from(room.height + 2 * margin);
            assert_eq!(area(&lettering(large), output), reckoned, "{size}");
        }
    }

    #[test]
    fn a_text_never_outgrows_its_room_whatever_is_written() {
        for (content, size) in
            [("W", "1000"), ("many words in many lines, far more than fit", "60"), ("\n\n\n", "30")]
        {
            for room in [(1, 1), (40, 20), (200, 10)] {
                for fit in [TextFit::Wrap, TextFit::Max] {
                    let made = set(&Text { fit, ..text(content, size) }, room).size();
                    assert!(
                        made.width <= room.0 && made.height <= room.1.max(1),
                        "{content:?} {room:?} {made}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_line_around_letters_has_its_own_colour_and_is_outside_of_them() {
        let outline = "6".parse().unwrap();
        let made = set(&Text { outline, ..text("I", "100") }, (300, 300));
        let row = (made.margin + 60) as usize * made.pixels.size.width as usize;
        let row = &made.pixels.rgba[row..row + made.pixels.size.width as usize];
        let counted = |colour: [u8; 4]| row.iter().filter(|pixel| **pixel == colour).count();
        let (black, white) = (counted([0, 0, 0, 255]), counted([255; 4]));
        assert!((7..13).contains(&black) && (10..=13).contains(&white), "{black} {white}");
    }

    #[test]
    fn a_shadow_lies_to_the_right_and_below_and_is_not_cut_off() {
        let plain = text("I", "100");
        let shadow = Text { shadow: "8".parse().unwrap(), ..plain.clone() };
        let (plain, made) = (set(&plain, (300, 300)), set(&shadow, (300, 300)));
        assert_eq!(plain.size(), made.size());
        let Size { width, height } = made.pixels.size;
        let at = |x: u32, y: u32| made.pixels.rgba[(y * width + x) as usize];
        let middle = (made.margin + 60, made.margin + made.size().width / 2);
        assert!(at(middle.1 + 14, middle.0)[3] > 60 && at(middle.1 - 14, middle.0)[3] < 20);
        let edges = (0..width).flat_map(|x| [at(x, 0), at(x, height - 1)]);
        let edges = edges.chain((0..height).flat_map(|y| [at(0, y), at(width - 1, y)]));
        assert!(edges.into_iter().all(|pixel| pixel[3] == 0));
    }

    #[test]
    fn all_of_a_text_that_shrinks_is_seen() {
        let lines = Text { fit: TextFit::Max, ..text("one\ntwo\nthree\nfour", "100") };
        let made = set(&lines, (300, 60)).size();
        assert_eq!(made.height, 60);
        // Without it, what has no room is left out.
        assert_eq!(set(&text("one\ntwo\nthree\nfour", "20"), (300, 60)).size().height, 48);
    }

    #[test]
    fn a_font_that_is_none_is_an_error() {
        for broken in [&SANS[..1000], &SANS[..SANS.len() / 2], b"", b"<html>"] {
            assert!(!is_font(broken) && fonts(&[SANS, broken]).is_err());
        }
        let deadline = Deadline::after(Duration::from_secs(60));
        let made = lettered(&lettering(text("a", "9")), "a", &[], Size::new(9, 9), &deadline);
        assert!(matches!(made, Err(TransformError::Failed { .. })));
    }

    #[test]
    fn a_font_that_lacks_a_letter_is_lent_one() {
        let few = few_letters();
        let fonts = fonts(&[&few, SANS]).unwrap();
        let faces: Vec<Face> = fonts.iter().map(Face::new).collect();
        assert!(faces[0].has("a") && !faces[0].has("\u{5d0}"));
        let setting = Setting { faces: &faces, tracking: 0.0, room: Room::Endless };
        let lent = |text: &str| -> Vec<usize> {
            setting.lines(text)[0].glyphs.iter().map(|glyph| glyph.face).collect()
        };
        // A space is set in the font that it follows, and what nobody has in the one that is wished.
        assert_eq!(lent("a \u{5d0} \u{5d1}"), [0, 0, 1, 1, 1]);
        assert_eq!(lent("\u{10ffff}"), [0]);
    }

    /// The built-in font with a table of letters that has those of ASCII only.
    fn few_letters() -> Vec<u8> {
        let mut font = SANS.to_vec();
        let tables = u16::from_be_bytes([font[4], font[5]]) as usize;
        let record = (0..tables).map(|n| 12 + 16 * n).find(|at| font[*at..].starts_with(b"cmap")).unwrap();
        let offset = font.len() as u32;
        // One table, for Windows and all of Unicode, of one group: from space to tilde, which begins at the third glyph.
        for word in [0x0000_0001, 0x0003_000a, 12, 0x000c_0000, 28, 0, 1, 0x20, 0x7e, 3u32] {
            font.extend(word.to_be_bytes());
        }
        font[record + 8..record + 12].copy_from_slice(&offset.to_be_bytes());
        font[record + 12..record + 16].copy_from_slice(&40u32.to_be_bytes());
        font
    }

    #[test]
    fn a_font_that_lies_is_no_reason_to_panic() {
        let letters = "Ab 1\u{301} \u{5d0}\u{628}\u{628}";
        let deadline = Deadline::after(Duration::from_secs(60));
        let mut seed = 4711u64;
        let mut read = 0;
        for _ in 0..60 {
            let mut font = SANS.to_vec();
            for _ in 0..30 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                // Above all in what is read first, and everywhere.
                let reach = if seed & 1 == 0 { 40_000 } else { font.len() };
                font[(seed >> 20) as usize % reach] = (seed >> 56) as u8;
            }
            if let Ok(fonts) = fonts(&[&font]) {
                read += 1;
                let text = Text { outline: "2".parse().unwrap(), ..text(letters, "30") };
                let _ = lettered(&lettering(text), letters, &fonts, Size::new(100, 100), &deadline);
            }
        }
        assert!(read > 6, "{read}");
    }
}
