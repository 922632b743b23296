//! From what is written to glyphs in lines: broken where the language allows it, in the order in which one sees them, shaped.

use std::ops::Range;

use harfrust::{GlyphId, Script, unicode};
use plan::{Clip, ClipPlace};
use unicode_bidi::BidiInfo;
use unicode_segmentation::UnicodeSegmentation;

use super::face::Face;

/// Lengths are parts of the font's size.
pub(super) struct Line {
    pub glyphs: Vec<Glyph>,
    pub width: f32,
}

/// One outline of a font, its origin from the line's left end; upwards.
pub(super) struct Glyph {
    /// Its place among the faces.
    pub face: usize,
    pub id: GlyphId,
    pub x: f32,
    pub y: f32,
}

/// What all lines have in common.
pub(super) struct Setting<'a> {
    /// The first is the one that is wished; the others lend it what it lacks.
    pub faces: &'a [Face<'a>],
    pub tracking: f32,
    pub room: Room,
}

/// How long a line may be, and what becomes of one that is longer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Room {
    Endless,
    Broken(f32),
    Clipped(f32, Clip),
}

/// What stands for letters that are missing.
const ELLIPSIS: &str = "…";

impl Setting<'_> {
    pub fn lines(&self, content: &str) -> Vec<Line> {
        let paragraphs = content.split('\n');
        match self.room {
            Room::Endless => paragraphs.map(|text| self.whole(text)).collect(),
            Room::Broken(room) => paragraphs.flat_map(|text| self.broken(text, room)).collect(),
            Room::Clipped(room, clip) => paragraphs.map(|text| self.clipped(text, room, clip)).collect(),
        }
    }

    fn whole(&self, text: &str) -> Line {
        self.line(text, &BidiInfo::new(text, None), 0..text.len())
    }

    fn broken(&self, text: &str, room: f32) -> Vec<Line> {
        let bidi = BidiInfo::new(text, None);
        let line = |range: Range<usize>| self.line(text, &bidi, range);
        let mut lines = Vec::new();
        // What is after `start` has no line yet; up to `good` it fits into one.
        let (mut start, mut good) = (0, 0);
        for (end, _) in unicode_linebreak::linebreaks(text) {
            while start < end {
                if line(start..end).width <= room {
                    good = end;
                    break;
                }
                if good == start {
                    // A word alone that is too long is broken anywhere rather than cut off; one character has to stand.
                    let ends = ends(&text[start..end]);
                    let fits = |count: usize| line(start..start + ends[count]).width <= room;
                    good = start + ends[most(ends.len() - 1, fits).max(1)];
                }
                lines.push(line(start..good));
                start = good;
            }
        }
        if start < text.len() || text.is_empty() {
            lines.push(line(start..text.len()));
        }
        lines
    }

    fn clipped(&self, text: &str, room: f32, clip: Clip) -> Line {
        let whole = self.whole(text);
        if whole.width <= room {
            return whole;
        }
        let ends = ends(text);
        let all = ends.len() - 1;
        let left = |count: usize| {
            let before = match clip.place {
                ClipPlace::Start => 0,
                ClipPlace::Middle => count.div_ceil(2),
                ClipPlace::End => count,
            };
            let (before, after) = (&text[..ends[before]], &text[ends[all - (count - before)]..]);
            let dots = if clip.ellipsis { ELLIPSIS } else { "" };
            self.whole(&format!("{}{dots}{}", before.trim_end(), after.trim_start()))
        };
        left(most(all, |count| left(count).width <= room))
    }

    /// Space at its end takes no room.
    fn line(&self, text: &str, bidi: &BidiInfo<'_>, range: Range<usize>) -> Line {
        let mut line = Line { glyphs: Vec::new(), width: 0.0 };
        let range = range.start..range.start + text[range.clone()].trim_end().len();
        let Some(paragraph) = bidi.paragraphs.first().filter(|_| !range.is_empty()) else { return line };
        let (levels, runs) = bidi.visual_runs(paragraph, range);
        for run in runs {
            let backwards = levels.get(run.start).is_some_and(|level| level.is_rtl());
            let mut items = self.items(&text[run]);
            if backwards {
                items.reverse();
            }
            for item in items {
                self.shape(&item, backwards, &mut line);
            }
        }
        // After the last letter there is nothing to be farther from.
        if line.width != 0.0 {
            line.width = (line.width - self.tracking).max(0.0);
        }
        line
    }

    /// Pieces of one script and one font each.
    fn items<'t>(&self, text: &'t str) -> Vec<Item<'t>> {
        let mut items: Vec<(Range<usize>, usize, Option<Script>)> = Vec::new();
        for (at, grapheme) in text.grapheme_indices(true) {
            let script = script_of(grapheme);
            let end = at + grapheme.len();
            let current = items.last().map(|(_, face, _)| *face);
            let face = self.face_for(grapheme, current);
            match items.last_mut() {
                Some((range, of_last, last))
                    if face == *of_last && (script.is_none() || last.is_none() || script == *last) =>
                {
                    range.end = end;
                    *last = last.or(script);
                }
                _ => items.push((at..end, face, script)),
            }
        }
        items.into_iter().map(|(range, face, _)| Item { text: &text[range], face }).collect()
    }

    /// The first font that has all of a character. A space is set in the font that it follows, and what no font has is
    /// shown as missing by the one that is wished.
    fn face_for(&self, grapheme: &str, current: Option<usize>) -> usize {
        let has = |face: &usize| self.faces.get(*face).is_some_and(|face| face.has(grapheme));
        let is_space = grapheme.chars().all(char::is_whitespace);
        let follows = current.filter(|_| is_space).filter(has);
        follows.or_else(|| (0..self.faces.len()).find(has)).unwrap_or(0)
    }

    fn shape(&self, item: &Item<'_>, backwards: bool, line: &mut Line) {
        let Some(face) = self.faces.get(item.face) else { return };
        for shaped in face.shape(item.text, backwards) {
            let (x, y) = (line.width + shaped.x, shaped.y);
            line.glyphs.push(Glyph { face: item.face, id: shaped.id, x, y });
            line.width += shaped.advance;
            if shaped.advance > 0.0 {
                line.width += self.tracking;
            }
        }
    }
}

struct Item<'a> {
    text: &'a str,
    face: usize,
}

/// That of its first letter that has one of its own.
fn script_of(grapheme: &str) -> Option<Script> {
    let shared = [Script::COMMON, Script::INHERITED, Script::UNKNOWN];
    grapheme.chars().map(|c| unicode::script(c.into())).find(|script| !shared.contains(script))
}

/// Where each character as one sees it ends, after a 0.
fn ends(text: &str) -> Vec<usize> {
    let ends = text.grapheme_indices(true).map(|(at, grapheme)| at + grapheme.len());
    std::iter::once(0).chain(ends).collect()
}

/// The largest number up to `all` that fits, or 0: what is more of something is longer, or nearly so.
fn most(all: usize, fits: impl Fn(usize) -> bool) -> usize {
    let (mut fitting, mut beyond) = (0, all + 1);
    while beyond - fitting > 1 {
        let middle = fitting + (beyond - fitting) / 2;
        if fits(middle) { fitting = middle } else { beyond = middle }
    }
    fitting
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::text::Font;
    use crate::text::face::font_of;
    use crate::text::tests::SANS;

    static FONT: LazyLock<Font> = LazyLock::new(|| font_of(SANS).unwrap());

    fn set(room: Room, text: &str) -> Vec<Line> {
        let faces = [Face::new(&FONT)];
        Setting { faces: &faces, tracking: 0.0, room }.lines(text)
    }

    fn endless(text: &str) -> Line {
        set(Room::Endless, text).remove(0)
    }

    fn ids(line: &Line) -> Vec<u32> {
        line.glyphs.iter().map(|glyph| glyph.id.to_u32()).collect()
    }

    #[test]
    fn lines_are_broken_between_words_and_words_only_when_they_must() {
        let lines = set(Room::Broken(6.0), "Harbour at dawn,\n\nincomprehensibilities");
        assert_eq!(lines.iter().map(|line| line.glyphs.len()).collect::<Vec<_>>(), [10, 5, 0, 10, 11]);
        assert!(lines.iter().all(|line| line.width <= 6.0));
        assert_eq!(set(Room::Broken(0.01), "abc").len(), 3);
        assert_eq!(set(Room::Endless, "Harbour at dawn, a long line\nand one").len(), 2);
    }

    #[test]
    fn a_letter_is_never_parted_from_its_accents() {
        let lines = set(Room::Broken(0.01), "e\u{301}\u{323}e\u{301}");
        assert_eq!(lines.len(), 2);
        let precomposed = endless("é");
        assert_eq!(ids(&endless("e\u{301}")), ids(&precomposed));
    }

    #[test]
    fn what_is_too_long_is_cut_off_where_it_was_wished() {
        for (clip, seen) in [
            ("end", "abcd"),
            ("start", "efgh"),
            ("middle", "abgh"),
            ("ellipsis", "abc…"),
            ("start,ellipsis", "…fgh"),
            ("middle,ellipsis", "ab…h"),
        ] {
            // A little more than what is to be seen, and less than with one letter more.
            let room = endless(seen).width + 0.1;
            let line = set(Room::Clipped(room, clip.parse().unwrap()), "abcdefgh").remove(0);
            assert_eq!(ids(&line), ids(&endless(seen)), "{clip}");
        }
        let clip = "ellipsis".parse().unwrap();
        let lines = set(Room::Clipped(3.0, clip), "short\nmuch too long to be seen\n");
        assert_eq!(ids(&lines[0]), ids(&endless("short")));
        assert!(lines[1].width <= 3.0 && lines[1].glyphs.len() == 3 && lines[2].glyphs.is_empty());
        // Space before the dots is no use to anybody.
        let line = set(Room::Clipped(endless("ab … ").width, clip), "ab cdefgh").remove(0);
        assert_eq!(ids(&line), ids(&endless("ab…")));
    }

    #[test]
    fn what_is_read_from_the_right_is_laid_from_the_right() {
        let [hebrew, alef] = ["\u{5d0}\u{5d1}", "\u{5d0}"].map(endless);
        assert_eq!(ids(&hebrew).last(), ids(&alef).first());
        // Numbers and Latin within it keep their own direction.
        let [mixed, latin] = ["\u{5d0} 12", "12"].map(endless);
        assert_eq!(ids(&mixed)[..2], ids(&latin));
        // Its dots stand at its end, which is at the left.
        let clip = "ellipsis".parse().unwrap();
        let line = set(Room::Clipped(2.0, clip), "\u{5d0}\u{5d1}\u{5d2}\u{5d3}\u{5d4}").remove(0);
        assert_eq!(ids(&line).first(), ids(&endless(ELLIPSIS)).first());
    }

    #[test]
    fn letters_of_arabic_are_joined() {
        let [word, letter] = ["\u{628}\u{628}\u{628}", "\u{628}"].map(endless);
        assert_eq!(word.glyphs.len(), 3);
        assert!(!ids(&word).contains(&ids(&letter)[0]), "none has the form that it has alone");
    }

    #[test]
    fn a_line_is_as_wide_as_its_letters_and_what_is_between_them() {
        let faces = [Face::new(&FONT)];
        let width = |tracking: f32, text: &str| {
            Setting { faces: &faces, tracking, room: Room::Endless }.lines(text)[0].width
        };
        assert!((width(0.5, "mmm") - width(0.0, "mmm") - 1.0).abs() < 1e-4);
        assert_eq!(width(0.0, "m  "), width(0.0, "m"));
        assert_eq!(width(0.0, ""), 0.0);
        assert_eq!(width(-9.0, "mm"), 0.0);
    }

    #[test]
    fn a_letter_that_no_font_has_is_shown_as_missing_and_what_is_not_seen_takes_no_room() {
        let missing = endless("\u{10ffff}");
        assert_eq!((ids(&missing), missing.width > 0.3), (vec![0], true));
        let hidden: String =
            ["\u{200b}", "\u{200d}", "\u{202e}", "\u{2069}", "\u{feff}", "\u{e0041}"].concat();
        assert_eq!(endless(&hidden).width, 0.0);
    }

    #[test]
    fn the_most_that_fits_is_found() {
        for limit in 0..9 {
            assert_eq!(most(7, |count| count <= limit), limit.min(7));
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(48))]
        #[test]
        fn no_text_panics_and_every_line_has_room(
            text in "\\PC{0,40}|[ab\u{5d0}\u{628}\u{301}\u{200d}\u{202e}1 \n-]{0,40}",
            room in 0.5f32..20.0,
            ellipsis: bool,
            place in proptest::sample::select(vec![ClipPlace::Start, ClipPlace::Middle, ClipPlace::End]),
        ) {
            // One character has to stand somewhere.
            let widest = text.graphemes(true).map(|one| endless(one).width).fold(room, f32::max);
            for line in set(Room::Broken(room), &text) {
                assert!(line.width <= widest, "{} > {widest}", line.width);
            }
            for line in set(Room::Clipped(room, Clip { place, ellipsis }), &text) {
                assert!(line.width <= room || line.glyphs.len() <= 1, "{} > {room}", line.width);
            }
        }
    }
}
