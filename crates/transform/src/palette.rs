//! A few colours that stand for all of a picture's: exactly where there are few, else the nearest that can be chosen.
//!
//! Chosen by cutting the box of colours that varies most, again and again, and then moving each colour into the middle
//! of those that are nearest to it. Distances are between colours as they are seen: multiplied by their alpha.
//! In whole numbers wherever it matters, and in one order, so that every machine chooses alike.

use std::collections::HashMap;

use crate::error::TransformError;
use crate::limits::Deadline;
use crate::pixels::Pixels;

/// The most entries of a palette in PNG and GIF.
const MOST: usize = 256;
/// How often colours are moved; where there are many, each has little room, and once is enough.
const ROUNDS: usize = 3;
const MANY: usize = 64;
/// Colours are counted with this many bits of each channel.
const BITS: u32 = 6;
/// How much of what a colour lacks its neighbours make up for. All of it would be more dots, which are seen and cost bytes.
const MADE_UP: f32 = 0.7;
/// How much differences of red, green, blue and alpha weigh: an eye sees green best and blue least, and alpha matters with all
/// three.
const WEIGHTS: [f32; 4] = [2.0, 4.0, 1.0, 3.0];
/// Bits of each channel that say in which cell a colour lies.
const CELL_BITS: u32 = 6;
/// The most candidates that are kept for all cells together.
const MOST_CANDIDATES: usize = 8 << 20;

pub(crate) type Rgba = [u8; 4];

/// At most 256 colours, those that can be seen through first.
pub(crate) struct Palette {
    pub colours: Vec<Rgba>,
}

/// A colour that occurs, as it is seen, and how often.
#[derive(Clone, Copy)]
struct Counted {
    seen: [f32; 4],
    count: f32,
}

impl Palette {
    /// All colours of a picture that has no more than a palette holds, and each pixel's place among them.
    pub fn exactly(pixels: &Pixels) -> Option<(Palette, Vec<u8>)> {
        let mut places: HashMap<Rgba, u8> = HashMap::with_capacity(MOST);
        // In the order in which they are met.
        let mut met: Vec<Rgba> = Vec::with_capacity(MOST);
        let mut indices = Vec::with_capacity(pixels.rgba.len());
        let mut last = None;
        for &pixel in &pixels.rgba {
            let place = match last {
                Some((alike, place)) if alike == pixel => place,
                _ => match places.get(&pixel) {
                    Some(&place) => place,
                    None => {
                        let place = u8::try_from(met.len()).ok()?;
                        places.insert(pixel, place);
                        met.push(pixel);
                        place
                    }
                },
            };
            last = Some((pixel, place));
            indices.push(place);
        }
        let palette = Palette::sorted(met.clone());
        let mut moved = [0; MOST];
        for (place, colour) in (0..=u8::MAX).zip(&palette.colours) {
            moved[usize::from(places[colour])] = place;
        }
        indices.iter_mut().for_each(|place| *place = moved[usize::from(*place)]);
        Some((palette, indices))
    }

    /// At most `size` colours that are near to those of the picture.
    pub fn of(pixels: &Pixels, size: usize, deadline: &Deadline) -> Result<Palette, TransformError> {
        let counted = counted(pixels);
        let mut means = cut(counted.clone(), size.min(MOST));
        for _ in 0..if size > MANY { 1 } else { ROUNDS } {
            deadline.check()?;
            means = moved(&counted, means);
        }
        Ok(Palette::sorted(means.into_iter().map(unseen).collect()))
    }

    /// For each colour the part of the picture's pixels that are nearest to it.
    pub fn shares(&self, pixels: &Pixels) -> Vec<f64> {
        let palette: Vec<[f32; 4]> = self.colours.iter().copied().map(seen).collect();
        let mut shares = vec![0.0; palette.len()];
        let part = 1.0 / pixels.rgba.len().max(1) as f64;
        for colour in counted(pixels) {
            shares[nearest(colour.seen, &palette)] += f64::from(colour.count) * part;
        }
        shares
    }

    fn sorted(mut colours: Vec<Rgba>) -> Palette {
        colours.sort_unstable_by_key(|&[r, g, b, a]| (a == 255, a, g, r, b));
        colours.dedup();
        Palette { colours }
    }

    /// The same and one that shows nothing, which is the first; of 256, one has to go.
    pub fn with_nothing(mut self) -> Palette {
        self.colours.truncate(MOST - 1);
        self.colours.push([0; 4]);
        Palette::sorted(self.colours)
    }

    /// See [`Nearest::dithered`].
    pub fn dithered(&self, pixels: &Pixels, deadline: &Deadline) -> Result<Vec<u8>, TransformError> {
        Nearest::of(self).dithered(pixels, deadline)
    }
}

/// Which colour of a palette is nearest to another. Opaque colours lie in cells, for each of which it is found out once which
/// colours can be the nearest to anything in it.
pub(crate) struct Nearest {
    palette: Vec<[f32; 4]>,
    /// Where the candidates of a cell begin and end; of one that nobody has asked for yet, nowhere.
    cells: Vec<(u32, u32)>,
    candidates: Vec<u8>,
    /// By six bits of each channel: what differs in the lowest bits alone is not looked for again.
    others: HashMap<u32, u8>,
}

impl Nearest {
    pub fn of(palette: &Palette) -> Nearest {
        let palette = palette.colours.iter().copied().map(seen).collect();
        let cells = vec![(0, 0); 1 << (3 * CELL_BITS)];
        Nearest { palette, cells, candidates: Vec::new(), others: HashMap::new() }
    }

    fn place(&mut self, wanted: [f32; 4]) -> u8 {
        if wanted[3] < 255.0 {
            let key = wanted.iter().fold(0, |key, &value| key << 6 | (value as u32 >> 2));
            return *self.others.entry(key).or_insert_with(|| nearest(wanted, &self.palette) as u8);
        }
        let cell = [0, 1, 2].map(|index| wanted[index] as u32 >> (8 - CELL_BITS));
        let at = cell.iter().fold(0, |at, &place| at << CELL_BITS | place) as usize;
        let (mut start, mut end) = self.cells[at];
        if end == 0 {
            if self.candidates.len() > MOST_CANDIDATES {
                return nearest(wanted, &self.palette) as u8;
            }
            start = self.candidates.len() as u32;
            self.find_candidates(cell);
            end = self.candidates.len() as u32;
            self.cells[at] = (start, end);
        }
        let candidates = &self.candidates[start as usize..end as usize];
        let mut best = (0, f32::MAX);
        for &place in candidates {
            let distance = distance(wanted, self.palette[usize::from(place)]);
            if distance < best.1 {
                best = (place, distance);
            }
        }
        best.0
    }

    /// Nothing in the cell is further from its middle than a corner is; so whatever is nearest to something in it is no further
    /// from the middle than the nearest to that and twice as far as a corner.
    fn find_candidates(&mut self, cell: [u32; 3]) {
        let half = (1 << (8 - CELL_BITS)) as f32 / 2.0;
        let [r, g, b] = cell.map(|place| (place << (8 - CELL_BITS)) as f32 + half);
        let middle = [r, g, b, 255.0];
        let corner = distance([half, half, half, 0.0], [0.0; 4]).sqrt();
        let distances = self.palette.iter().map(|colour| distance(middle, *colour));
        let least = distances.clone().fold(f32::MAX, f32::min).sqrt();
        // A hundredth for what is lost by rounding.
        let most = (least + 2.0 * corner + 0.01).powi(2);
        let found = (0..=u8::MAX).zip(distances).filter(|(_, distance)| *distance <= most);
        self.candidates.extend(found.map(|(place, _)| place));
    }

    /// The square of how far a colour is from the nearest, as [`nearest`] measures it.
    pub fn distance(&mut self, colour: Rgba) -> f32 {
        let wanted = seen(colour);
        let place = self.place(wanted);
        distance(wanted, self.palette[usize::from(place)])
    }

    /// For each pixel the place of a colour; most of what that lacks is made up for by its neighbours (Floyd and Steinberg
    /// 1976).
    /// What shows nothing lacks nothing, and ends what its neighbours lack.
    pub fn dithered(&mut self, pixels: &Pixels, deadline: &Deadline) -> Result<Vec<u8>, TransformError> {
        let width = pixels.size.width as usize;
        // One more at both ends, so that no pixel has to ask whether it has neighbours.
        let (mut here, mut below) = (vec![[0.0f32; 4]; width + 2], vec![[0.0f32; 4]; width + 2]);
        let mut indices = Vec::with_capacity(pixels.rgba.len());
        let nothing = self.place([0.0; 4]);
        for row in pixels.rgba.chunks_exact(width.max(1)) {
            deadline.check()?;
            for (x, &pixel) in row.iter().enumerate() {
                if pixel[3] == 0 {
                    indices.push(nothing);
                    continue;
                }
                let lacking = here[x + 1];
                let of_pixel = seen(pixel);
                let wanted: [f32; 4] =
                    std::array::from_fn(|index| (of_pixel[index] + lacking[index]).clamp(0.0, 255.0));
                let place = self.place(wanted);
                indices.push(place);
                for index in 0..4 {
                    let lacks = MADE_UP * (wanted[index] - self.palette[usize::from(place)][index]) / 16.0;
                    here[x + 2][index] += 7.0 * lacks;
                    below[x][index] += 3.0 * lacks;
                    below[x + 1][index] += 5.0 * lacks;
                    below[x + 2][index] += lacks;
                }
            }
            std::mem::swap(&mut here, &mut below);
            below.fill([0.0; 4]);
        }
        Ok(indices)
    }
}

fn seen([r, g, b, a]: Rgba) -> [f32; 4] {
    let alpha = f32::from(a);
    let channel = |value: u8| f32::from(value) * alpha / 255.0;
    [channel(r), channel(g), channel(b), alpha]
}

fn unseen([r, g, b, alpha]: [f32; 4]) -> Rgba {
    if alpha < 0.5 {
        return [0; 4];
    }
    let channel = |value: f32| (value * 255.0 / alpha).round().clamp(0.0, 255.0) as u8;
    [channel(r), channel(g), channel(b), alpha.round() as u8]
}

/// The colours that occur, those that are nearly alike taken together, in a fixed order.
fn counted(pixels: &Pixels) -> Vec<Counted> {
    let mut sums: HashMap<u32, ([u64; 4], u64)> = HashMap::new();
    for &[r, g, b, a] in &pixels.rgba {
        let alpha = u32::from(a);
        // In parts of 255.
        let seen = [u32::from(r) * alpha, u32::from(g) * alpha, u32::from(b) * alpha, alpha * 255];
        let key = seen.iter().fold(0, |key, &value| key << BITS | (value / 255) >> (8 - BITS));
        let (sum, count) = sums.entry(key).or_default();
        for (sum, value) in sum.iter_mut().zip(seen) {
            *sum += u64::from(value);
        }
        *count += 1;
    }
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_unstable_by_key(|(key, _)| *key);
    let mean = |(_, (sum, count)): (u32, ([u64; 4], u64))| Counted {
        seen: sum.map(|sum| (sum as f64 / count as f64 / 255.0) as f32),
        count: count as f32,
    };
    sums.into_iter().map(mean).collect()
}

/// Colours that are to share an entry.
struct Box {
    colours: Vec<Counted>,
    mean: [f32; 4],
    /// The channel that varies most to the eye, and how much all of its colours do together.
    widest: (usize, f32),
}

impl Box {
    fn of(colours: Vec<Counted>) -> Box {
        let mut weight = 0.0f64;
        let (mut sums, mut squares) = ([0.0f64; 4], [0.0f64; 4]);
        for colour in &colours {
            let count = f64::from(colour.count);
            weight += count;
            for index in 0..4 {
                let value = f64::from(colour.seen[index]);
                sums[index] += count * value;
                squares[index] += count * value * value;
            }
        }
        let weight = weight.max(1.0);
        let mean = sums.map(|sum| (sum / weight) as f32);
        let mut widest = (0, f32::MIN);
        for index in 0..4 {
            let varies = WEIGHTS[index] * (squares[index] - sums[index] * sums[index] / weight) as f32;
            if varies > widest.1 {
                widest = (index, varies);
            }
        }
        Box { colours, mean, widest }
    }

    /// In two at the mean of the channel that varies most; nothing where all are alike.
    fn cut(self) -> Result<[Box; 2], Box> {
        let (channel, _) = self.widest;
        let at = self.mean[channel];
        let (low, high): (Vec<_>, Vec<_>) =
            self.colours.iter().partition(|colour| colour.seen[channel] <= at);
        if low.is_empty() || high.is_empty() { Err(self) } else { Ok([Box::of(low), Box::of(high)]) }
    }
}

fn cut(colours: Vec<Counted>, size: usize) -> Vec<[f32; 4]> {
    let mut whole = Vec::new();
    let mut boxes = vec![Box::of(colours)];
    while whole.len() + boxes.len() < size {
        let widest =
            boxes.iter().enumerate().max_by(|(_, one), (_, other)| one.widest.1.total_cmp(&other.widest.1));
        let Some((at, _)) = widest else { break };
        match boxes.swap_remove(at).cut() {
            Ok(halves) => boxes.extend(halves),
            Err(one) => whole.push(one),
        }
    }
    whole.iter().chain(&boxes).map(|one| one.mean).collect()
}

/// Each mean moved into the middle of the colours that are nearest to it.
fn moved(colours: &[Counted], means: Vec<[f32; 4]>) -> Vec<[f32; 4]> {
    let mut sums = vec![([0.0f64; 4], 0.0f64); means.len()];
    for colour in colours {
        let (sum, weight) = &mut sums[nearest(colour.seen, &means)];
        let count = f64::from(colour.count);
        for (sum, value) in sum.iter_mut().zip(colour.seen) {
            *sum += count * f64::from(value);
        }
        *weight += count;
    }
    let middle = |(mean, (sum, weight)): ([f32; 4], ([f64; 4], f64))| {
        if weight > 0.0 { sum.map(|sum| (sum / weight) as f32) } else { mean }
    };
    means.into_iter().zip(sums).map(middle).collect()
}

fn distance(one: [f32; 4], other: [f32; 4]) -> f32 {
    let [r, g, b, a] = std::array::from_fn(|index| one[index] - other[index]);
    WEIGHTS[0] * r * r + WEIGHTS[1] * g * g + WEIGHTS[2] * b * b + WEIGHTS[3] * a * a
}

fn nearest(wanted: [f32; 4], among: &[[f32; 4]]) -> usize {
    let mut best = (0, f32::MAX);
    for (place, colour) in among.iter().enumerate() {
        let distance = distance(wanted, *colour);
        if distance < best.1 {
            best = (place, distance);
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use plan::Size;

    use super::*;

    fn deadline() -> Deadline {
        Deadline::after(Duration::from_secs(60))
    }

    fn pixels(width: u32, colours: impl Iterator<Item = Rgba>) -> Pixels {
        let rgba: Vec<_> = colours.collect();
        Pixels { size: Size::new(width, rgba.len() as u32 / width), rgba }
    }

    fn ramp() -> Pixels {
        pixels(64, (0..64 * 64u32).map(|at| [(at % 64 * 4) as u8, (at / 64 * 4) as u8, 90, 255]))
    }

    #[test]
    fn few_colours_are_kept_exactly_and_those_seen_through_come_first() {
        let picture = pixels(2, [[9, 9, 9, 255], [1, 2, 3, 0], [9, 9, 9, 255], [5, 5, 5, 100]].into_iter());
        let (palette, indices) = Palette::exactly(&picture).unwrap();
        assert_eq!(palette.colours, [[1, 2, 3, 0], [5, 5, 5, 100], [9, 9, 9, 255]]);
        assert_eq!(indices, [2, 0, 2, 1]);
        let many = |count: u32| pixels(1, (0..count).map(|at| [at as u8, (at >> 8) as u8, 0, 255]));
        assert_eq!(Palette::exactly(&many(256)).unwrap().0.colours.len(), 256);
        assert!(Palette::exactly(&many(257)).is_none());
    }

    #[test]
    fn colours_that_stand_apart_are_all_chosen() {
        let wanted =
            [[0, 0, 0, 0], [200, 30, 30, 128], [0, 0, 0, 255], [20, 160, 40, 255], [255, 255, 255, 255]];
        let picture = pixels(10, (0..500).map(|at| wanted[at * 7 % 5]));
        let palette = Palette::of(&picture, 5, &deadline()).unwrap();
        assert_eq!(palette.colours.len(), 5);
        for (found, wanted) in palette.colours.iter().zip(wanted) {
            assert!(found.iter().zip(wanted).all(|(a, b)| a.abs_diff(b) <= 1), "{found:?} {wanted:?}");
        }
    }

    #[test]
    fn neighbours_make_up_for_what_a_colour_lacks() {
        let ramp = ramp();
        for size in [16, 64, 256] {
            let palette = Palette::of(&ramp, size, &deadline()).unwrap();
            assert!(palette.colours.len() <= size && palette.colours.len() >= size / 2, "{size}");
            let indices = palette.dithered(&ramp, &deadline()).unwrap();
            assert_eq!(indices.len(), ramp.rgba.len());
            // Squares of eight by eight have the colour that they had.
            let mean = |at: &dyn Fn(usize) -> Rgba, channel: usize, x: usize, y: usize| -> f64 {
                let sum = |(dx, dy): (usize, usize)| f64::from(at((y + dy) * 64 + x + dx)[channel]);
                (0..64).map(|index| sum((index % 8, index / 8))).sum::<f64>() / 64.0
            };
            // The corners lie outside of what the colours span.
            let tolerance = if size == 16 { 20.0 } else { 10.0 };
            for (x, y) in [(0, 0), (24, 24), (40, 8), (56, 56)] {
                for channel in 0..3 {
                    let before = mean(&|at| ramp.rgba[at], channel, x, y);
                    let after = mean(&|at| palette.colours[usize::from(indices[at])], channel, x, y);
                    assert!((before - after).abs() <= tolerance, "{size} colours, {x},{y}: {before} {after}");
                }
            }
        }
    }

    #[test]
    fn what_a_cell_finds_is_the_nearest() {
        let mut state = 1u32;
        let mut dice = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        for size in [1, 2, 16, 256] {
            // All over, and all close together.
            for shift in [0, 5] {
                let colours =
                    (0..size).map(|_| [dice() >> shift, dice() >> shift, dice() >> shift, 255]).collect();
                let palette = Palette { colours };
                let all: Vec<_> = palette.colours.iter().copied().map(seen).collect();
                let mut found = Nearest::of(&palette);
                for _ in 0..2000 {
                    let wanted = seen([dice(), dice(), dice(), 255]);
                    let place = usize::from(found.place(wanted));
                    assert_eq!(distance(wanted, all[place]), distance(wanted, all[nearest(wanted, &all)]));
                }
            }
        }
    }

    #[test]
    fn one_colour_is_one_colour() {
        let flat = pixels(3, std::iter::repeat_n([7, 8, 9, 255], 9));
        let palette = Palette::of(&flat, 256, &deadline()).unwrap();
        assert_eq!(palette.colours, [[7, 8, 9, 255]]);
        assert_eq!(palette.dithered(&flat, &deadline()).unwrap(), [0; 9]);
    }
}
