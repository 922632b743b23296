//! A font as texts need it: which letters it has, how they are shaped, how high its lines are, what its glyphs look like.

use harfrust::font::glyph::outline::{DrawMemory, DrawOptions, OutlineGlyphs, PathSink};
use harfrust::font::metrics::LineBox;
use harfrust::{Buffer, Direction, Font, GlyphId, ShapeOptions, ShaperFont};

pub(super) struct Face<'a> {
    shaper: ShaperFont<'a, 'static>,
    outlines: OutlineGlyphs<'a>,
    /// How many of the font's units its size has.
    em: f32,
}

/// A glyph where shaping puts it. Lengths are parts of the font's size, upwards.
pub(super) struct Shaped {
    pub id: GlyphId,
    pub x: f32,
    pub y: f32,
    pub advance: f32,
}

/// The font in these bytes, of a collection the first; nothing if there is none with outlines and Unicode letters.
pub(super) fn font_of(bytes: &[u8]) -> Option<Font> {
    let font = Font::new(bytes.to_vec(), 0)?;
    let usable = !font.outline_glyphs().is_empty() && font.charmap().has_unicode();
    usable.then_some(font)
}

impl<'a> Face<'a> {
    pub fn new(font: &'a Font) -> Face<'a> {
        Face {
            shaper: ShaperFont::new(font),
            outlines: font.outline_glyphs(),
            em: f32::from(font.units_per_em().max(1)),
        }
    }

    /// Whether it has all letters of a character as one sees it.
    pub fn has(&self, grapheme: &str) -> bool {
        let has = |c: char| is_unseen(c) || self.shaper.nominal_glyph(c.into()).is_some();
        grapheme.chars().all(has)
    }

    /// How far its lines reach above and below what letters stand on.
    pub fn reach(&self) -> (f32, f32) {
        let part = |line: LineBox| {
            let part = |units: f32| (units / self.em).clamp(-2.0, 2.0);
            (part(line.ascender.to_f64() as f32), part(line.descender.to_f64() as f32))
        };
        self.shaper.metrics().h_line().map_or((0.8, -0.2), part)
    }

    /// Letters of one script, from left to right as one sees them.
    pub fn shape(&self, text: &str, backwards: bool) -> Vec<Shaped> {
        let mut buffer = Buffer::new();
        buffer.push_str(text);
        buffer.set_direction(if backwards { Direction::RightToLeft } else { Direction::LeftToRight });
        buffer.guess_segment_properties();
        if harfrust::shape(&self.shaper, &mut buffer, ShapeOptions::new()).is_err() {
            return Vec::new();
        }
        let part = |units: i32| units as f32 / self.em;
        let pairs = buffer.glyph_infos().iter().zip(buffer.glyph_positions());
        pairs
            .map(|(glyph, position)| Shaped {
                id: GlyphId::new(glyph.glyph_id),
                x: part(position.x_offset),
                y: part(position.y_offset),
                advance: part(position.x_advance),
            })
            .collect()
    }

    /// How large one of the font's units is at this size.
    pub fn scale(&self, size: f32) -> f32 {
        size / self.em
    }

    /// The outline in the font's units. One that is broken is not seen.
    pub fn draw(&self, glyph: GlyphId, pen: &mut dyn PathSink) {
        if let Some(outline) = self.outlines.get(glyph) {
            let _ = outline.draw(&DrawOptions::new(), DrawMemory::Scratch, pen);
        }
    }
}

/// Characters that shaping hides where a font lacks them: joiners, marks of direction, selectors of variants, and
/// what ends with a line (of Unicode's Default_Ignorable_Code_Point those that are in use).
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}
