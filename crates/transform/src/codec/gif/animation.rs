//! GIF out: of each picture what differs from the one before it, in the colours that are there already if those will do.

use std::mem;
use std::time::Duration;

use gif::DisposalMethod;
use plan::{Rect, Size};

use crate::codec::difference::{Care, around, changed, differing, whole};
use crate::error::TransformError;
use crate::limits::Deadline;
use crate::palette::{Nearest, Palette, Rgba};
use crate::pixels::Pixels;

/// What is more transparent than this shows nothing: a pixel is seen or not.
const SEEN: u8 = 128;
const NOTHING: Rgba = [0; 4];
/// The most entries of a table.
const ENTRIES: usize = 256;
/// Pixels that are looked at to tell whether a table will do.
const LOOKED_AT: usize = 4096;
/// How much further off than those that a table was made for colours may be on average: a square of a distance, in which one
/// step of every channel counts 7.
const SLACK: f32 = 7.0;
/// Browsers slow down what hurries more, in hundredths of a second.
const LEAST: u64 = 2;
const EXACTLY: Care = Care { block: 1, grid: 1, pays: 1, unnoticed: 0 };

/// Takes pictures of one size, and finds out what changes from one to the next.
pub(crate) struct AnimationEncoder {
    /// The most colours of a picture.
    colours: usize,
    /// What is seen, before its colours were chosen.
    seen: Option<Pixels>,
    /// The table of the whole file. It grows while there is room.
    table: Option<Table>,
    /// The last that a picture has of its own.
    own: Option<Table>,
    /// Whether what it shows is to vanish is known when the next one comes.
    waiting: Option<Drawn>,
    done: Vec<gif::Frame<'static>>,
    clock: Clock,
}

/// Colours, and how good they are.
struct Table {
    palette: Palette,
    /// The place of what shows what was there before. Only a table of 256 colours has none.
    nothing: Option<u8>,
    nearest: Nearest,
    /// How far off the colours were that it was made for, on average; nothing if it has all of them.
    off: Option<f32>,
}

struct Drawn {
    area: Rect,
    indices: Vec<u8>,
    nothing: Option<u8>,
    /// Of its own, if those of the file will not do.
    colours: Option<Vec<u8>>,
    shown: Duration,
    vanishes: bool,
}

/// Times in hundredths of a second whose sum is as near as it can be.
#[derive(Default)]
struct Clock {
    time: Duration,
    written: u64,
}

impl Clock {
    fn after(&mut self, shown: Duration) -> u16 {
        self.time = self.time.saturating_add(shown);
        let due = u64::try_from((self.time.as_millis() + 5) / 10).unwrap_or(u64::MAX);
        let delay = due.saturating_sub(self.written).max(LEAST);
        let delay = u16::try_from(delay).unwrap_or(u16::MAX);
        self.written = self.written.saturating_add(delay.into());
        delay
    }
}

impl AnimationEncoder {
    /// With at most so many colours for each picture.
    pub fn new(colours: usize) -> AnimationEncoder {
        AnimationEncoder {
            colours: colours.min(ENTRIES),
            seen: None,
            table: None,
            own: None,
            waiting: None,
            done: Vec::new(),
            clock: Clock::default(),
        }
    }

    pub fn add(
        &mut self,
        mut pixels: Pixels,
        shown: Duration,
        deadline: &Deadline,
    ) -> Result<(), TransformError> {
        for pixel in &mut pixels.rgba {
            *pixel = if pixel[3] < SEEN { NOTHING } else { [pixel[0], pixel[1], pixel[2], 255] };
        }
        let Some(mut seen) = self.seen.take() else {
            let area = whole(pixels.size);
            self.draw(&pixels, area, shown, deadline)?;
            self.seen = Some(pixels);
            return Ok(());
        };
        if seen.size != pixels.size {
            return Err(TransformError::failed("encoding GIF", "the pixels have another size"));
        }
        if let (None, Some(waiting)) = (changed(&seen, &pixels, EXACTLY), &mut self.waiting) {
            waiting.shown = waiting.shown.saturating_add(shown);
            self.seen = Some(seen);
            return Ok(());
        }
        // Nothing can be drawn that takes away. What is to vanish has to do so with the frame before, all of which goes.
        let vanishes = differing(&seen, &pixels, |old, new| old[3] > new[3], 1);
        if let (Some(area), Some(waiting)) = (vanishes, &mut self.waiting) {
            waiting.vanish(area);
            let area = waiting.area;
            for y in 0..area.height {
                if let Some(row) = seen.row_of(area, y) {
                    row.fill(NOTHING);
                }
            }
        }
        // What has vanished needs a frame that ends the one before, even if there is nothing in it.
        let area = changed(&seen, &pixels, EXACTLY).unwrap_or(Rect { x: 0, y: 0, width: 1, height: 1 });
        let mut drawn = pixels.part(area);
        for (y, row) in (0..area.height).zip(drawn.rgba.chunks_exact_mut(area.width.max(1) as usize)) {
            for (pixel, seen) in row.iter_mut().zip(seen.row(area, y)) {
                if pixel == seen {
                    *pixel = NOTHING;
                }
            }
        }
        self.draw(&drawn, area, shown, deadline)?;
        self.seen = Some(pixels);
        Ok(())
    }

    /// Pixels that are seen or show what was there before.
    fn draw(
        &mut self,
        drawn: &Pixels,
        area: Rect,
        shown: Duration,
        deadline: &Deadline,
    ) -> Result<(), TransformError> {
        let drawn = match self.exactly(drawn) {
            Some(drawn) => drawn,
            None => self.nearly(drawn, deadline)?,
        };
        let drawn = Drawn { area, shown, ..drawn };
        if let Some(before) = self.waiting.replace(drawn) {
            self.done.push(before.into_frame(&mut self.clock)?);
        }
        Ok(())
    }

    /// In colours that are all there, or for all of which there is room.
    fn exactly(&mut self, drawn: &Pixels) -> Option<Drawn> {
        let (palette, mut indices) = Palette::exactly(drawn)?;
        let visible = palette.colours.iter().filter(|colour| **colour != NOTHING).count();
        // Only the first picture, which covers everything, may do without a place for what was there before.
        let most = if self.table.is_none() { ENTRIES } else { ENTRIES - 1 };
        if visible > self.colours.min(most) {
            return None;
        }
        let Some(table) = &mut self.table else {
            let table = Table::exactly(palette, &mut indices);
            let nothing = table.nothing;
            self.table = Some(table);
            return Some(Drawn::new(indices, nothing, None));
        };
        if let Some(places) = table.made_room(&palette, self.colours) {
            for index in &mut indices {
                *index = places[usize::from(*index)];
            }
            return Some(Drawn::new(indices, table.nothing, None));
        }
        let own = Table::exactly(palette, &mut indices);
        Some(Drawn::new(indices, own.nothing, Some(own.written())))
    }

    /// In the nearest colours, with dots: those of the file, or the last of a picture's own, or new ones.
    fn nearly(&mut self, drawn: &Pixels, deadline: &Deadline) -> Result<Drawn, TransformError> {
        if let Some(table) = &mut self.table
            && table.will_do(drawn)
        {
            let indices = table.dithered(drawn, deadline)?;
            return Ok(Drawn::new(indices, table.nothing, None));
        }
        let mut own = match self.own.take().and_then(|mut own| own.will_do(drawn).then_some(own)) {
            Some(own) => own,
            None => Table::of(drawn, self.colours, deadline)?,
        };
        let indices = own.dithered(drawn, deadline)?;
        if self.table.is_none() {
            let nothing = own.nothing;
            self.table = Some(own);
            return Ok(Drawn::new(indices, nothing, None));
        }
        let made = Drawn::new(indices, own.nothing, Some(own.written()));
        self.own = Some(own);
        Ok(made)
    }

    /// The file, all of which is shown `plays` times, with 0 without end.
    pub fn finish(mut self, size: Size, plays: u32) -> Result<Vec<u8>, TransformError> {
        let failed = |error: gif::EncodingError| TransformError::failed("encoding GIF", error);
        if let Some(last) = self.waiting.take() {
            self.done.push(last.into_frame(&mut self.clock)?);
        }
        let side =
            |side: u32| u16::try_from(side).map_err(|error| TransformError::failed("encoding GIF", error));
        let colours = self.table.as_ref().map(Table::written).unwrap_or_default();
        let mut encoder =
            gif::Encoder::new(Vec::new(), side(size.width)?, side(size.height)?, &colours).map_err(failed)?;
        if self.done.len() > 1 && plays != 1 {
            let again = u16::try_from(plays.saturating_sub(1)).unwrap_or(u16::MAX);
            let repeat = if plays == 0 { gif::Repeat::Infinite } else { gif::Repeat::Finite(again) };
            encoder.set_repeat(repeat).map_err(failed)?;
        }
        for frame in &self.done {
            encoder.write_lzw_pre_encoded_frame(frame).map_err(failed)?;
        }
        encoder.into_inner().map_err(failed)
    }
}

impl Table {
    /// Of these colours and nothing, for which all places may have to move.
    fn exactly(palette: Palette, indices: &mut [u8]) -> Table {
        let full = palette.colours.len() == ENTRIES;
        let palette = if full || palette.colours.first() == Some(&NOTHING) {
            palette
        } else {
            indices.iter_mut().for_each(|index| *index += 1);
            palette.with_nothing()
        };
        Table::new(palette)
    }

    /// As near to the colours that are seen as so many can be.
    fn of(drawn: &Pixels, colours: usize, deadline: &Deadline) -> Result<Table, TransformError> {
        let visible: Vec<Rgba> = drawn.rgba.iter().copied().filter(|pixel| pixel[3] > 0).collect();
        let visible = Pixels { size: Size::new(visible.len() as u32, 1), rgba: visible };
        let palette = Palette::of(&visible, colours.min(ENTRIES - 1), deadline)?;
        let mut table = Table::new(palette.with_nothing());
        table.off = Some(table.distance(drawn));
        Ok(table)
    }

    fn new(palette: Palette) -> Table {
        let nothing = (palette.colours.first() == Some(&NOTHING)).then_some(0);
        let nearest = Nearest::of(&palette);
        Table { palette, nothing, nearest, off: None }
    }

    /// Where each of these colours is, new ones at its end; nothing if not all of them can be there.
    fn made_room(&mut self, wanted: &Palette, most: usize) -> Option<Vec<u8>> {
        // Whoever had to choose colours has used them all.
        if self.off.is_some() && wanted.colours.iter().any(|colour| !self.palette.colours.contains(colour)) {
            return None;
        }
        let mut colours = self.palette.colours.clone();
        let mut places = Vec::with_capacity(wanted.colours.len());
        for colour in &wanted.colours {
            let place = colours.iter().position(|there| there == colour).unwrap_or_else(|| {
                colours.push(*colour);
                colours.len() - 1
            });
            places.push(u8::try_from(place).ok()?);
        }
        if colours.len() > most + usize::from(self.nothing.is_some()) {
            return None;
        }
        if colours.len() > self.palette.colours.len() {
            self.palette.colours = colours;
            self.nearest = Nearest::of(&self.palette);
        }
        Some(places)
    }

    /// Whether these colours are about as near to some of this one's as those that it was made for.
    fn will_do(&mut self, drawn: &Pixels) -> bool {
        let open = drawn.rgba.contains(&NOTHING);
        let off = self.off.unwrap_or(0.0);
        (!open || self.nothing.is_some()) && self.distance(drawn) <= 1.25 * off + SLACK
    }

    /// The mean square of how far pixels are from their nearest colours.
    fn distance(&mut self, drawn: &Pixels) -> f32 {
        let visible = drawn.rgba.iter().filter(|pixel| pixel[3] > 0);
        let (mut sum, mut count) = (0.0, 0.0);
        for pixel in visible.step_by((drawn.rgba.len() / LOOKED_AT).max(1)) {
            sum += self.nearest.distance(*pixel);
            count += 1.0;
        }
        if count > 0.0 { sum / count } else { 0.0 }
    }

    fn dithered(&mut self, drawn: &Pixels, deadline: &Deadline) -> Result<Vec<u8>, TransformError> {
        self.nearest.dithered(drawn, deadline)
    }

    fn written(&self) -> Vec<u8> {
        self.palette.colours.iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect()
    }
}

impl Drawn {
    fn new(indices: Vec<u8>, nothing: Option<u8>, colours: Option<Vec<u8>>) -> Drawn {
        let area = Rect { x: 0, y: 0, width: 0, height: 0 };
        Drawn { area, indices, nothing, colours, shown: Duration::ZERO, vanishes: false }
    }

    /// Will take this area away when its time is over, with all of its own.
    fn vanish(&mut self, area: Rect) {
        self.vanishes = true;
        let grown = around(self.area, area);
        let Some(nothing) = self.nothing.filter(|_| grown != self.area) else { return };
        let width = grown.width as usize;
        let mut indices = vec![nothing; width * grown.height as usize];
        let (left, top) = ((self.area.x - grown.x) as usize, (self.area.y - grown.y) as usize);
        let rows = self.indices.chunks_exact((self.area.width as usize).max(1));
        for (to, from) in indices.chunks_exact_mut(width).skip(top).zip(rows) {
            to[left..][..from.len()].copy_from_slice(from);
        }
        (self.area, self.indices) = (grown, indices);
    }

    fn into_frame(mut self, clock: &mut Clock) -> Result<gif::Frame<'static>, TransformError> {
        let number = |number: u32| {
            u16::try_from(number).map_err(|error| TransformError::failed("encoding GIF", error))
        };
        let transparent = self.nothing.filter(|nothing| self.indices.contains(nothing));
        let mut frame = gif::Frame {
            delay: clock.after(self.shown),
            dispose: if self.vanishes { DisposalMethod::Background } else { DisposalMethod::Keep },
            transparent,
            top: number(self.area.y)?,
            left: number(self.area.x)?,
            width: number(self.area.width)?,
            height: number(self.area.height)?,
            palette: self.colours.take(),
            buffer: mem::take(&mut self.indices).into(),
            ..gif::Frame::default()
        };
        frame.make_lzw_pre_encoded();
        Ok(frame)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec::gif::Frames;

    const RED: Rgba = [200, 20, 20, 255];
    const BLUE: Rgba = [20, 20, 200, 255];

    fn deadline() -> Deadline {
        Deadline::after(Duration::from_secs(60))
    }

    fn encoded(pictures: &[Pixels], colours: usize) -> Vec<u8> {
        let mut encoder = AnimationEncoder::new(colours);
        for picture in pictures {
            encoder.add(picture.clone(), Duration::from_millis(40), &deadline()).unwrap();
        }
        encoder.finish(pictures[0].size, 0).unwrap()
    }

    /// Each picture for so many milliseconds.
    fn seen(file: &[u8]) -> Vec<(Vec<Rgba>, u128)> {
        let mut frames = Frames::open(file).unwrap();
        let mut seen = Vec::new();
        while let Some(frame) = frames.next().unwrap() {
            seen.push((frame.pixels.rgba, frame.shown.as_millis()));
        }
        seen
    }

    /// How many tables there are: that of the file, and those of frames.
    fn tables(file: &[u8]) -> usize {
        let mut decoder = gif::DecodeOptions::new().read_info(file).unwrap();
        let mut tables = usize::from(decoder.global_palette().is_some());
        while let Some(frame) = decoder.read_next_frame().unwrap() {
            tables += usize::from(frame.palette.is_some());
        }
        tables
    }

    fn pictures() -> impl Strategy<Value = Vec<Pixels>> {
        let colour = prop::sample::select(vec![RED, RED, BLUE, [9, 9, 9, 255], NOTHING, [7, 7, 7, 100]]);
        (1u32..12, 1u32..9).prop_flat_map(move |(width, height)| {
            let size = Size { width, height };
            let rgba = prop::collection::vec(colour.clone(), size.pixels() as usize);
            let change = (0..width, 0..height, 0..width, 0..height, colour.clone());
            (rgba, prop::collection::vec(change, 0..8)).prop_map(move |(rgba, changes)| {
                let mut pictures = vec![Pixels { size, rgba }];
                for (x, y, to_x, to_y, colour) in changes {
                    let mut next = pictures[pictures.len() - 1].clone();
                    let area = Rect {
                        x: x.min(to_x),
                        y: y.min(to_y),
                        width: x.abs_diff(to_x) + 1,
                        height: y.abs_diff(to_y) + 1,
                    };
                    (0..area.height).for_each(|y| next.row_of(area, y).unwrap().fill(colour));
                    pictures.push(next);
                }
                pictures
            })
        })
    }

    proptest! {
        #[test]
        fn few_colours_are_seen_as_they_were_and_vanish_as_they_did(pictures in pictures()) {
            let mut expected: Vec<(Vec<Rgba>, u128)> = Vec::new();
            for picture in &pictures {
                let rgba: Vec<_> =
                    picture.rgba.iter().map(|&pixel| if pixel[3] < SEEN { NOTHING } else { pixel }).collect();
                match expected.last_mut() {
                    Some((before, shown)) if *before == rgba => *shown += 40,
                    _ => expected.push((rgba, 40)),
                }
            }
            prop_assert_eq!(seen(&encoded(&pictures, ENTRIES)), expected);
        }
    }

    #[test]
    fn a_table_grows_as_long_as_there_is_room() {
        let size = Size::new(10, 10);
        let shade = |from: u32| {
            let rgba = (from..from + 100).map(|value| [value as u8, (value >> 8) as u8, 0, 255]).collect();
            Pixels { size, rgba }
        };
        let pictures = [shade(0), shade(100), shade(50), shade(400)];
        let file = encoded(&pictures, ENTRIES);
        let found: Vec<_> = seen(&file).into_iter().map(|(rgba, _)| rgba).collect();
        assert!(found.iter().zip(&pictures).all(|(found, picture)| *found == picture.rgba));
        assert_eq!(tables(&file), 2);
    }

    #[test]
    fn all_of_256_colours_are_kept_and_of_more_the_nearest() {
        let ramp = |count: u32, step: usize| {
            let rgba = (0..count).map(|at| [(at as usize * step) as u8, (at >> 4) as u8, 90, 255]).collect();
            Pixels { size: Size::new(16, count / 16), rgba }
        };
        let full = ramp(256, 1);
        assert_eq!(seen(&encoded(std::slice::from_ref(&full), ENTRIES))[0].0, full.rgba);
        // What comes after it needs a place for what stays.
        let mut next = full.clone();
        next.rgba[17] = [1, 2, 3, 255];
        let both = seen(&encoded(&[full.clone(), next.clone()], ENTRIES));
        assert_eq!((&both[0].0, &both[1].0), (&full.rgba, &next.rgba));
        for colours in [2, 16, 255, 256] {
            let many = ramp(4096, 7);
            let found = seen(&encoded(std::slice::from_ref(&many), colours));
            let kinds: std::collections::HashSet<_> = found[0].0.iter().collect();
            assert!(kinds.len() <= colours && kinds.len() * 2 >= colours, "{} of {colours}", kinds.len());
        }
    }

    #[test]
    fn a_new_scene_has_colours_of_its_own_and_the_same_again_has_none() {
        let size = Size::new(64, 64);
        let scene = |red: u8, moved: u32| {
            let rgba = (0..64 * 64u32)
                .map(|at| [red, ((at + moved) % 64 * 4) as u8, (at / 64 * 4) as u8, 255])
                .collect();
            Pixels { size, rgba }
        };
        assert_eq!(tables(&encoded(&[scene(0, 0), scene(0, 9), scene(0, 18)], ENTRIES)), 1);
        let file = encoded(&[scene(0, 0), scene(250, 0), scene(250, 9)], ENTRIES);
        assert_eq!(tables(&file), 3);
        for ((found, _), picture) in seen(&file).iter().zip([scene(0, 0), scene(250, 0), scene(250, 9)]) {
            let off: u64 = found
                .as_flattened()
                .iter()
                .zip(picture.rgba.as_flattened())
                .map(|(one, other)| u64::from(one.abs_diff(*other)))
                .sum();
            assert!(off / (64 * 64 * 4) < 8, "{off}");
        }
    }

    #[test]
    fn times_add_up_and_none_is_too_short_to_be_meant() {
        let times = |shown: &[u64]| -> Vec<u16> {
            let mut clock = Clock::default();
            shown.iter().map(|&shown| clock.after(Duration::from_millis(shown))).collect()
        };
        assert_eq!(times(&[33, 33, 33, 33]), [3, 4, 3, 3]);
        assert_eq!(times(&[11, 11, 11, 100]), [2, 2, 2, 7]);
        assert_eq!(times(&[2_000_000_000, 40]), [65535, 65535]);
    }
}
