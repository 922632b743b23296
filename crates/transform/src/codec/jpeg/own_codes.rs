//! Gives a JPEG prefix codes of its own, in place of the standard's that it was written with; not a sample changes.
//!
//! libjpeg-turbo can do that itself, with the same outcome to the byte. But it counts coefficient by coefficient, which
//! takes a quarter of what a small derivative costs, and it keeps all coefficients in memory meanwhile. What is counted
//! here are the symbols of what it has written.

use super::bits::Bits;
use super::prefix_code::{CODES, PrefixCode};

const START_OF_FRAME: u8 = 0xc0;
const START_OF_SCAN: u8 = 0xda;
const END: [u8; 2] = [0xff, 0xd9];

/// Two for the first coefficients of blocks, two for the others.
const TABLES: usize = 4;
/// Codes up to this length are found at once.
const QUICK_BITS: u32 = 10;
/// Read beyond the end, without harm.
const ROOM: usize = 8;

/// Nothing if it is not as the encoder writes it: baseline, in one scan, without restarts.
pub(super) fn with_own_codes(jpeg: &[u8]) -> Option<Vec<u8>> {
    let scan = Scan::of(jpeg)?;
    let mut counts = vec![0u32; TABLES * 256];
    scan.read(|symbol, _| counts[symbol] += 1)?;

    // Codes of its own make it no longer.
    let mut written = Vec::with_capacity(jpeg.len());
    written.extend(&jpeg[..scan.head]);
    let mut codes = vec![(0u16, 0u8); TABLES * 256];
    for &(table, name) in &scan.names {
        let own = PrefixCode::of(&counts[table * 256..][..256]);
        own.write(name, &mut written);
        for (symbol, code, length) in own.codes() {
            codes[table * 256 + usize::from(symbol)] = (code, length);
        }
    }
    written.extend(scan.header);
    let mut bits = Bits::after(written);
    scan.read(|symbol, further| {
        let (code, length) = codes[symbol];
        let of_value = symbol as u32 & 15;
        bits.push(u64::from(code) << of_value | further, u32::from(length) + of_value);
    })?;
    let mut written = bits.end();
    written.extend(END);
    Some(written)
}

/// The one scan of a file.
struct Scan<'a> {
    /// How long everything before the codes is.
    head: usize,
    /// The tables in the order of the file, each with the byte that it goes by there.
    names: Vec<(usize, u8)>,
    tables: [Table; TABLES],
    header: &'a [u8],
    /// For each block of a unit, its tables: for the first coefficient, for the others.
    unit: Vec<(usize, usize)>,
    units: usize,
    /// Without the zeros that follow bytes of ones.
    data: Vec<u8>,
}

impl<'a> Scan<'a> {
    fn of(jpeg: &'a [u8]) -> Option<Self> {
        let (mut at, mut head) = (2, None);
        let (mut frame, mut names, mut tables) = (None, Vec::new(), <[Table; TABLES]>::default());
        loop {
            let &[0xff, marker, high, low] = jpeg.get(at..at + 4)? else { return None };
            let end = at + 2 + usize::from(u16::from_be_bytes([high, low]));
            let content = jpeg.get(at + 4..end)?;
            match marker {
                START_OF_FRAME => frame = Some(content),
                CODES => {
                    head.get_or_insert(at);
                    let (&name, code) = content.split_first()?;
                    let (class, id) = (usize::from(name >> 4), usize::from(name & 15));
                    if class > 1 || id > 1 {
                        return None;
                    }
                    let table = class * 2 + id;
                    tables[table] = Table::read(code)?;
                    names.push((table, name));
                }
                START_OF_SCAN => {
                    let (unit, units) = blocks(frame?, content)?;
                    let data = unstuffed(jpeg[end..].strip_suffix(&END)?);
                    let header = &jpeg[at..end];
                    return Some(Self { head: head?, names, tables, header, unit, units, data });
                }
                // Codes are the last that is said before the scan.
                _ if head.is_some() => return None,
                _ => {}
            }
            at = end;
        }
    }

    /// Gives each symbol, with its table before it, and the bits that follow it.
    fn read(&self, mut give: impl FnMut(usize, u64)) -> Option<()> {
        let mut at = 0;
        let mut next = |table: usize| {
            let bytes = self.data.get(at / 8..at / 8 + 8)?;
            let window = u64::from_be_bytes(bytes.try_into().ok()?) << (at % 8);
            let (symbol, length) = self.tables[table].find(window)?;
            let of_value = u32::from(symbol & 15);
            let further = window << length >> 1 >> (63 - of_value);
            at += (length + of_value) as usize;
            give(table << 8 | usize::from(symbol), further);
            Some(symbol)
        };
        for _ in 0..self.units {
            for &(first, others) in &self.unit {
                next(first)?;
                let mut coefficient = 1;
                while coefficient < 64 {
                    let symbol = next(others)?;
                    coefficient += match symbol {
                        // Nothing but zeros from here on.
                        0 => 64,
                        _ => usize::from(symbol >> 4) + 1,
                    };
                }
            }
        }
        Some(())
    }
}

/// The blocks of a unit with their tables, and how many units there are (T.81 §A.2).
fn blocks(frame: &[u8], scan: &[u8]) -> Option<(Vec<(usize, usize)>, usize)> {
    let &[_, height_high, height_low, width_high, width_low, count, ref components @ ..] = frame else {
        return None;
    };
    let (components, rest) = components.as_chunks::<3>();
    let (&scanned, tables) = scan.split_first()?;
    let tables = tables.get(..usize::from(scanned) * 2)?.as_chunks::<2>().0;
    if !rest.is_empty() || usize::from(count) != components.len() || components.len() != tables.len() {
        return None;
    }
    let mut unit = Vec::new();
    let (mut across, mut down) = (1, 1);
    for ([id, sampling, _], [of, tables]) in components.iter().zip(tables) {
        let table = (usize::from(tables >> 4), usize::from(tables & 15));
        if id != of || table.0 > 1 || table.1 > 1 {
            return None;
        }
        // With one component, a unit is a block, whatever its sampling.
        let sampling = if count == 1 { (1, 1) } else { (sampling >> 4, sampling & 15) };
        across = across.max(sampling.0);
        down = down.max(sampling.1);
        unit.extend((0..sampling.0 * sampling.1).map(|_| (table.0, 2 + table.1)));
    }
    let width = usize::from(u16::from_be_bytes([width_high, width_low]));
    let height = usize::from(u16::from_be_bytes([height_high, height_low]));
    let units = width.div_ceil(8 * usize::from(across)) * height.div_ceil(8 * usize::from(down));
    Some((unit, units))
}

/// A byte of ones is followed by a zero, or it would begin a marker.
fn unstuffed(data: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(data.len() + ROOM);
    let mut parts = data.split(|&byte| byte == 0xff);
    plain.extend_from_slice(parts.next().unwrap_or_default());
    for part in parts {
        plain.push(0xff);
        plain.extend_from_slice(part.get(1..).unwrap_or_default());
    }
    plain.extend([0; ROOM]);
    plain
}

/// A prefix code, to be read.
#[derive(Default)]
struct Table {
    /// By the next bits: a symbol and the length of its code, or nothing where that is longer.
    quick: Vec<(u8, u8)>,
    /// The others: each code at the left of 16 bits, its symbol, its length.
    long: Vec<(u16, u8, u8)>,
}

impl Table {
    fn read(content: &[u8]) -> Option<Self> {
        let (lengths, symbols) = content.split_first_chunk::<16>()?;
        let count: usize = lengths.iter().map(|count| usize::from(*count)).sum();
        let code = PrefixCode { lengths: *lengths, symbols: symbols.to_vec() };
        if count != symbols.len() {
            return None;
        }
        let mut table = Self { quick: vec![(0, 0); 1 << QUICK_BITS], long: Vec::new() };
        for (symbol, code, length) in code.codes() {
            let free = QUICK_BITS.checked_sub(u32::from(length));
            match free {
                Some(free) => {
                    let first = usize::from(code) << free;
                    table.quick.get_mut(first..first + (1 << free))?.fill((symbol, length));
                }
                None => table.long.push((code << (16 - length), symbol, length)),
            }
        }
        Some(table)
    }

    fn find(&self, window: u64) -> Option<(u8, u32)> {
        let &(symbol, length) = self.quick.get((window >> (64 - QUICK_BITS)) as usize)?;
        if length > 0 {
            return Some((symbol, u32::from(length)));
        }
        let bits = (window >> 48) as u16;
        // In the order of codes: the last that is not above.
        let place = self.long.partition_point(|(code, ..)| *code <= bits).checked_sub(1)?;
        let &(code, symbol, length) = self.long.get(place)?;
        ((bits ^ code) >> (16 - length) == 0).then_some((symbol, u32::from(length)))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use plan::Size;
    use proptest::prelude::*;

    use super::super::encode::{Codes, Settings, compressed};
    use super::*;
    use crate::colour::Matrix;
    use crate::metadata::Beside;
    use crate::planes::{Plane, Planes};
    use crate::quality::{Level, number};

    /// Waves, edges and noise, by arithmetic.
    pub fn planes(size: Size, subsampling: Option<(u8, u8)>, seed: u32) -> Planes {
        let plane = |width: usize, height: usize, seed: u32| {
            let mut state = seed | 1;
            let mut plane = Plane::filled(width, height, 0);
            for (at, sample) in plane.samples.iter_mut().enumerate() {
                let (x, y) = (at % width, at / width);
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let noise = (state >> 24) as usize * usize::from(x > width / 2) / 4;
                *sample = ((x * 3 + y * 2 + noise + 90 * usize::from((x / 13 + y / 7) % 2 == 0)) % 256) as u8;
            }
            plane
        };
        let (width, height) = (size.width as usize, size.height as usize);
        let chroma = subsampling.map(|(across, down)| {
            let (across, down) = (width.div_ceil(across.into()), height.div_ceil(down.into()));
            [plane(across, down, seed + 1), plane(across, down, seed + 2)]
        });
        let luma = plane(width, height, seed);
        Planes { luma, chroma, subsampling: subsampling.unwrap_or((1, 1)), matrix: Matrix::Bt601 }
    }

    fn written(planes: &Planes, quality: u8, codes: Codes) -> Vec<u8> {
        let quality = Level::alike(number(quality)).jpeg();
        let settings = Settings { quality, progressive: false, beside: &Beside::default() };
        compressed(planes, &settings, codes).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]
        #[test]
        fn it_comes_out_as_the_library_would_have_written_it(
            width in 1u32..90, height in 1u32..70, seed: u32, quality in 1u8..=100,
            subsampling in prop_oneof![
                Just(None), Just(Some((1, 1))), Just(Some((2, 1))), Just(Some((2, 2)))
            ],
        ) {
            let planes = planes(Size { width, height }, subsampling, seed % 1000);
            let ours = with_own_codes(&written(&planes, quality, Codes::Standard));
            prop_assert!(ours == Some(written(&planes, quality, Codes::Own)), "{width}x{height} {subsampling:?}");
        }

        #[test]
        fn what_is_broken_is_refused_or_comes_out_as_something(
            at in 0usize..3000, byte: u8, keep in 0usize..3000
        ) {
            let planes = planes(Size { width: 48, height: 40 }, Some((2, 2)), 1);
            let mut jpeg = written(&planes, 80, Codes::Standard);
            let (place, end) = (at % jpeg.len(), keep % jpeg.len());
            jpeg[place] = byte;
            let _ = with_own_codes(&jpeg);
            let _ = with_own_codes(&jpeg[..end]);
        }
    }

    #[test]
    fn a_large_picture_comes_out_as_the_library_would_have_written_it() {
        let planes = planes(Size { width: 1201, height: 803 }, Some((2, 2)), 7);
        let standard = written(&planes, 80, Codes::Standard);
        let ours = with_own_codes(&standard).unwrap();
        assert!(ours.len() < standard.len());
        assert!(ours == written(&planes, 80, Codes::Own));
    }

    #[test]
    fn a_file_of_several_scans_is_not_touched() {
        let planes = planes(Size { width: 40, height: 40 }, Some((2, 2)), 1);
        let quality = Level::alike(number(80)).jpeg();
        let settings = Settings { quality, progressive: true, beside: &Beside::default() };
        assert_eq!(with_own_codes(&compressed(&planes, &settings, Codes::Own).unwrap()), None);
    }
}
