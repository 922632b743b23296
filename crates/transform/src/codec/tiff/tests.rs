//! Files with tags of one's own choice, as no program writes all of them.

use std::time::Duration;

use proptest::prelude::*;
use weezl::BitOrder;

use super::*;

/// A file whose strips or tiles stand in front of its directory.
struct File {
    little: bool,
    tags: Vec<(u16, Vec<u32>)>,
    parts: Vec<Vec<u8>>,
}

/// Of eight bits and one strip, until tags say otherwise.
fn file(width: u32, height: u32, photometric: u32, part: &[u8]) -> File {
    File { little: true, tags: Vec::new(), parts: vec![part.to_vec()] }
        .with(256, &[width])
        .with(257, &[height])
        .with(258, &[8])
        .with(262, &[photometric])
}

impl File {
    fn with(mut self, tag: u16, numbers: &[u32]) -> File {
        self.tags.retain(|(other, _)| *other != tag);
        self.tags.push((tag, numbers.to_vec()));
        self
    }

    fn followed_by(mut self, part: &[u8]) -> File {
        self.parts.push(part.to_vec());
        self
    }

    fn big_endian(self) -> File {
        File { little: false, ..self }
    }

    fn bytes(&self) -> Vec<u8> {
        let short = |number: u16| if self.little { number.to_le_bytes() } else { number.to_be_bytes() };
        let long = |number: u32| if self.little { number.to_le_bytes() } else { number.to_be_bytes() };
        let mut bytes = if self.little { b"II*\0".to_vec() } else { b"MM\0*".to_vec() };
        let mut tags = self.tags.clone();
        let (starts, lengths) = if tags.iter().any(|(tag, _)| *tag == 322) { (324, 325) } else { (273, 279) };
        let mut at = 8;
        let mut list = (Vec::new(), Vec::new());
        for part in &self.parts {
            list.0.push(at);
            list.1.push(part.len() as u32);
            at += part.len() as u32;
        }
        tags.extend([(starts, list.0), (lengths, list.1)]);
        tags.sort_by_key(|(tag, _)| *tag);
        bytes.extend(long(at));
        bytes.extend(self.parts.concat());
        bytes.extend(short(tags.len() as u16));
        let mut behind = Vec::new();
        let end = at + 2 + 12 * tags.len() as u32;
        for (tag, numbers) in &tags {
            bytes.extend(short(*tag));
            bytes.extend(short(4));
            bytes.extend(long(numbers.len() as u32));
            let value: Vec<u8> = numbers.iter().flat_map(|number| long(*number)).collect();
            if value.len() <= 4 {
                bytes.extend(value);
            } else {
                bytes.extend(long(end + behind.len() as u32));
                behind.extend(value);
            }
        }
        [bytes, behind].concat()
    }

    fn decoded(&self) -> Result<Vec<[u8; 4]>, TransformError> {
        let bytes = self.bytes();
        header(&bytes)?;
        let decoded = decode(&bytes, &Deadline::after(Duration::from_secs(9)))?;
        let Picture::Pixels(pixels) = decoded.picture else { panic!("no pixels") };
        Ok(pixels.rgba)
    }
}

const RED: [u8; 4] = [255, 0, 0, 255];
const BLUE: [u8; 4] = [0, 0, 255, 255];
const BLACK: [u8; 4] = [0, 0, 0, 255];
const WHITE: [u8; 4] = [255; 4];

fn lzw(order: BitOrder, bytes: &[u8]) -> Vec<u8> {
    weezl::encode::Encoder::new(order, 8).encode(bytes).unwrap()
}

#[test]
fn pixels_are_what_the_tags_say() {
    let grey = |value: u8| [value, value, value, 255];
    let palette = |colours: usize| {
        let mut palette = vec![0; 3 * colours];
        (palette[1], palette[2 * colours + 2]) = (0xffff, 0xffff);
        palette
    };
    let rgb = |part: &[u8]| file(2, 1, 2, part).with(277, &[3]).with(258, &[8; 3]);
    let squares = |file: File| file.with(322, &[2]).with(323, &[2]);
    for (what, file, expected) in [
        ("a palette", file(3, 1, 3, &[0, 1, 2]).with(320, &palette(256)), vec![BLACK, RED, BLUE]),
        (
            "a palette of four bits",
            file(3, 1, 3, &[0x01, 0x20]).with(258, &[4]).with(320, &palette(16)),
            vec![BLACK, RED, BLUE],
        ),
        (
            "a palette of eight bits",
            file(1, 1, 3, &[1]).with(320, &[0, 255, 0, 0, 0, 255]),
            vec![[255, 0, 255, 255]],
        ),
        ("together", rgb(&[255, 0, 0, 0, 0, 255]), vec![RED, BLUE]),
        (
            "apart",
            rgb(&[255, 0]).with(284, &[2]).followed_by(&[0, 0]).followed_by(&[0, 255]),
            vec![RED, BLUE],
        ),
        ("differences", rgb(&[255, 0, 0, 1, 0, 255]).with(317, &[2]), vec![RED, BLUE]),
        (
            "differences apart",
            rgb(&[255, 1]).with(284, &[2]).with(317, &[2]).followed_by(&[0, 0]).followed_by(&[0, 255]),
            vec![RED, BLUE],
        ),
        (
            "one more that is nothing",
            file(1, 1, 2, &[255, 0, 0, 7]).with(277, &[4]).with(258, &[8; 4]).with(338, &[0]),
            vec![RED],
        ),
        (
            "alpha that nobody has named",
            file(1, 1, 2, &[255, 0, 0, 7]).with(277, &[4]).with(258, &[8; 4]),
            vec![[255, 0, 0, 7]],
        ),
        ("white is nothing", file(2, 1, 0, &[0, 255]), vec![WHITE, BLACK]),
        ("a bit", file(2, 2, 1, &[0x40, 0x80]).with(258, &[1]), vec![BLACK, WHITE, WHITE, BLACK]),
        (
            "a bit, the first the lowest",
            file(2, 2, 1, &[0x02, 0x01]).with(258, &[1]).with(266, &[2]),
            vec![BLACK, WHITE, WHITE, BLACK],
        ),
        ("twelve bits", file(2, 1, 1, &[0xff, 0xf8, 0x00]).with(258, &[12]), vec![WHITE, grey(128)]),
        ("sixteen bits", file(2, 1, 1, &[0x00, 0x80, 0xff, 0xff]).with(258, &[16]), vec![grey(128), WHITE]),
        (
            "differences of sixteen bits, the high byte first",
            file(2, 1, 1, &[0x80, 0x00, 0x7f, 0xff]).with(258, &[16]).with(317, &[2]).big_endian(),
            vec![grey(128), WHITE],
        ),
        (
            "runs",
            file(4, 1, 1, &[0xfe, 9, 0x80, 0x00, 255]).with(259, &[32773]),
            vec![grey(9), grey(9), grey(9), WHITE],
        ),
        (
            "LZW",
            file(3, 1, 1, &lzw(BitOrder::Msb, &[7, 7, 255])).with(259, &[5]),
            vec![grey(7), grey(7), WHITE],
        ),
        (
            "LZW of before 1988",
            file(3, 1, 1, &lzw(BitOrder::Lsb, &[7, 7, 255])).with(259, &[5]),
            vec![grey(7), grey(7), WHITE],
        ),
        ("strips of a row", file(1, 2, 1, &[1]).with(278, &[1]).followed_by(&[2]), vec![grey(1), grey(2)]),
        (
            "tiles that reach beyond the picture",
            squares(file(3, 1, 1, &[1, 2, 0, 0])).followed_by(&[3, 0, 0, 0]),
            vec![grey(1), grey(2), grey(3)],
        ),
    ] {
        assert_eq!(file.decoded(), Ok(expected), "{what}");
    }
}

#[test]
fn what_is_not_read_is_refused_by_name() {
    let grey = || file(1, 1, 1, &[0; 8]);
    for (file, expected) in [
        (grey().with(259, &[6]), "uses the compression JPEG of before 1995, which is not supported"),
        (grey().with(259, &[50000]), "uses the compression Zstandard, which is not supported"),
        (grey().with(259, &[4711]), "uses the compression 4711, which is not supported"),
        (grey().with(258, &[32]), "uses 32 bits a sample, which is not supported"),
        (grey().with(339, &[3]), "uses floating point, which is not supported"),
        (grey().with(317, &[3]), "uses predictor 3 at 8 bits a sample, which is not supported"),
        (grey().with(277, &[9]), "uses 9 samples a pixel, which is not supported"),
        (grey().with(262, &[8]), "uses the colours Lab, which is not supported"),
        (
            grey().with(262, &[6]).with(277, &[3]),
            "uses the colours YCbCr without JPEG, which is not supported",
        ),
        (grey().with(262, &[3]), "is corrupt: it has no palette"),
        (grey().with(262, &[2]), "is corrupt: 1 samples a pixel are too few"),
        (grey().with(322, &[0]).with(323, &[16]), "is corrupt: its strips or tiles have no size"),
        (
            grey().with(322, &[1 << 16]).with(323, &[1 << 16]),
            "uses tiles that are much larger than the picture, which is not supported",
        ),
        (file(3, 3, 1, &[0; 8]), "ends too early"),
        (file(9, 1, 1, &[0x81, 1]).with(259, &[32773]).with(256, &[200]), "ends too early"),
        (file(9, 1, 1, &[0x80]).with(259, &[5]), "ends too early"),
        (file(9, 1, 1, &[0x78, 0x9c, 3, 0, 0, 0, 0, 1]).with(259, &[8]), "ends too early"),
    ] {
        let error = file.decoded().unwrap_err().to_string();
        assert_eq!(error, format!("the TIFF original {expected}"));
    }
}

/// A directory may say that it has more entries than its file has bytes.
#[test]
fn only_the_first_thousand_tags_are_looked_at() {
    let behind = |others: usize| {
        let mut file = file(1, 1, 1, &[7]);
        file.tags.extend(vec![(1, vec![0]); others]);
        file.decoded()
    };
    // The four of every file, and where its strip is; how long that is need not be said.
    assert_eq!(behind(995), Ok(vec![[7, 7, 7, 255]]));
    let error = behind(996).unwrap_err().to_string();
    assert_eq!(error, "the TIFF original is corrupt: it does not say where its pixels are");
}

/// Numbers take twice the memory of what they are read from, or eight times.
#[test]
fn a_value_that_is_too_long_is_none() {
    let numbers = |count: usize| {
        let bytes = file(1, 1, 1, &[7]).with(700, &vec![9; count]).bytes();
        Directory::of(&bytes).unwrap().numbers(700).map(|numbers| numbers.len())
    };
    assert_eq!(numbers(1 << 20), Some(1 << 20));
    assert_eq!(numbers((1 << 20) + 1), None);
}

proptest! {
    #[test]
    fn no_tags_panic(
        width in 0u32..40, height in 0u32..40,
        tags in prop::collection::vec(
            (
                prop::sample::select(vec![258u16, 259, 262, 266, 277, 278, 284, 292, 317, 320, 322, 323, 338, 339, 347]),
                prop::collection::vec(
                    prop_oneof![0u32..10, Just(16), Just(32773), Just(u32::MAX), any::<u32>()], 0..5),
            ), 0..6),
        little in any::<bool>(),
        parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..90), 1..5),
    ) {
        let first = file(width, height, 1, &parts[0]);
        let whole = parts[1..].iter().fold(first, |file, part| file.followed_by(part));
        let whole = tags.iter().fold(whole, |file, (tag, numbers)| file.with(*tag, numbers));
        let _ = File { little, ..whole }.decoded();
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), big in any::<bool>()) {
        let magic = if big { b"II\x2b\0\x08\0\0\0" } else { b"MM\0*\0\0\0\x08" };
        let bytes = [magic.as_slice(), &bytes].concat();
        size(&bytes);
        if header(&bytes).is_ok_and(|shape| !shape.size.is_empty() && shape.size.pixels() < 1 << 20) {
            let _ = decode(&bytes, &Deadline::after(Duration::from_secs(9)));
        }
    }
}
