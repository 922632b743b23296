//! Pictures for the tests: painted by code, made once by other encoders (`fixtures`), and photographs where there are.

// Each test binary uses its own part of this module.
#![allow(dead_code)]

use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use plan::{Fit, Format, FormatWish, Plan, Resize, Size};
use transform::{Derivative, Header, InputFormat, Limits, TransformError};

/// What is not bounded takes hours; a busy machine takes some seconds for what is.
pub const FOR_EVER: Duration = Duration::from_secs(60);

/// Formats that a test can write.
pub fn painted() -> impl Iterator<Item = InputFormat> {
    let only_read = [InputFormat::Heic, InputFormat::Jxl, InputFormat::Pdf];
    InputFormat::ALL.into_iter().filter(move |format| !only_read.contains(format))
}

/// RGBA pixels that a test can look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Painting {
    pub width: u32,
    pub height: u32,
    pub pixels: Vec<[u8; 4]>,
}

/// Of a head, in parts of its size: the middle of an ellipse and its mirror image, half its width and height, how soft its
/// edge is, its colour.
type Feature = ((f64, f64), (f64, f64), f64, [u8; 3]);

const FEATURES: [Feature; 9] = [
    // Hair, skin, brows, the shade around the eyes, eyes, nose, nostrils, mouth, and the line between the lips.
    ((0.0, -0.12), (0.62, 0.78), 0.08, [52, 38, 30]),
    ((0.0, 0.05), (0.52, 0.68), 0.12, [222, 175, 150]),
    ((0.21, -0.17), (0.13, 0.035), 0.4, [90, 65, 55]),
    ((0.21, -0.06), (0.13, 0.07), 0.5, [165, 120, 100]),
    ((0.21, -0.05), (0.085, 0.04), 0.4, [60, 60, 65]),
    ((0.0, 0.1), (0.05, 0.2), 0.6, [240, 195, 170]),
    ((0.05, 0.2), (0.035, 0.022), 0.5, [120, 85, 75]),
    ((0.0, 0.37), (0.19, 0.05), 0.4, [165, 75, 70]),
    ((0.0, 0.36), (0.17, 0.012), 0.5, [90, 45, 45]),
];

impl Painting {
    pub fn new(width: u32, height: u32, colour: impl Fn(u32, u32) -> [u8; 4]) -> Painting {
        let pixels =
            (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| colour(x, y)).collect();
        Painting { width, height, pixels }
    }

    /// Waves of several lengths and colours: detail everywhere, no two places alike, as in a photograph.
    pub fn waves(width: u32, height: u32) -> Painting {
        Painting::new(width, height, |x, y| {
            let (x, y) = (f64::from(x), f64::from(y));
            let wave =
                |across: f64, down: f64, bend: f64| (x / across + y / down + (x * y).sqrt() / bend).sin();
            let channel = |value: f64| (128.0 + 60.0 * value).clamp(0.0, 255.0) as u8;
            let fine = wave(3.1, 4.3, 40.0) * 0.4;
            [
                channel(wave(37.0, 91.0, 70.0) + fine),
                channel(wave(-53.0, 29.0, 90.0) + fine),
                channel(wave(71.0, -43.0, 50.0) + fine),
                255,
            ]
        })
    }

    /// A landscape with everything that an operation can do something to: soft and hard edges, strong and faint colours,
    /// black, white and all greys, and no symmetry.
    pub fn landscape() -> Painting {
        let hues =
            [[220, 40, 40], [230, 150, 30], [240, 225, 60], [50, 170, 70], [50, 90, 200], [130, 50, 150]];
        Painting::new(240, 160, |x, y| {
            let (fx, fy) = (f64::from(x), f64::from(y));
            let hill = |height: f64, length: f64| height + 12.0 * (fx / length).sin();
            let sun = ((16.0 - (fx - 172.0).hypot(fy - 34.0)) / 2.0).clamp(0.0, 1.0);
            let mixed = |from: f64, to: f64, part: f64| (from + part * (to - from)) as u8;
            let [r, g, b] = if y >= 148 {
                let grey = (x * 255 / 239) as u8;
                [grey; 3]
            } else if y >= 136 {
                hues[(x / 40) as usize]
            } else if (30..70).contains(&x) && (60..120).contains(&y) {
                // A house, its windows as fine as pixels.
                if (x / 2 + y / 2) % 2 == 0 && x > 36 { [250, 250, 245] } else { [60, 40, 35] }
            } else if fy > hill(112.0, 23.0) {
                [70, 120, mixed(40.0, 90.0, fx / 240.0)]
            } else if fy > hill(92.0, 41.0) {
                [120, 150, 120]
            } else {
                let sky = fy / 100.0;
                [
                    mixed(mixed(90.0, 200.0, sky).into(), 255.0, sun),
                    mixed(mixed(140.0, 210.0, sky).into(), 240.0, sun),
                    mixed(mixed(210.0, 230.0, sky).into(), 160.0, sun),
                ]
            };
            [r, g, b, 255]
        })
    }

    /// Two heads before a wall, the left one larger: no portrait, but whoever looks for faces finds them.
    pub fn portrait() -> Painting {
        Painting::new(360, 240, |x, y| {
            let wall = 90 + ((x * 7 + y * 13) % 11) as u8;
            let mut pixel = [wall, wall, wall + 10];
            for (middle_x, middle_y, size) in [(105.0, 120.0, 70.0), (265.0, 105.0, 46.0)] {
                let (x, y) = ((f64::from(x) - middle_x) / size, (f64::from(y) - middle_y) / size);
                for (at, half, softness, colour) in FEATURES {
                    for side in [1.0, -1.0] {
                        let off = ((x - side * at.0) / half.0).hypot((y - at.1) / half.1);
                        let covered = ((1.0 + softness - off) / (2.0 * softness)).clamp(0.0, 1.0);
                        let mixed = |below: u8, above: u8| {
                            (f64::from(below) + covered * (f64::from(above) - f64::from(below))).round() as u8
                        };
                        pixel = std::array::from_fn(|index| mixed(pixel[index], colour[index]));
                    }
                }
            }
            [pixel[0], pixel[1], pixel[2], 255]
        })
    }

    /// The picture of the fixtures: red, green / blue, white.
    pub fn quarters() -> Painting {
        Painting::new(24, 16, |x, y| match (x < 12, y < 8) {
            (true, true) => [255, 0, 0, 255],
            (false, true) => [0, 255, 0, 255],
            (true, false) => [0, 0, 255, 255],
            (false, false) => [255, 255, 255, 255],
        })
    }

    /// An orange disc that fades towards its edge, on nothing.
    pub fn disc(side: u32) -> Painting {
        let middle = f64::from(side) / 2.0;
        Painting::new(side, side, |x, y| {
            let distance = (f64::from(x) - middle).hypot(f64::from(y) - middle);
            [255, 140, 0, ((middle - distance) * 12.0).clamp(0.0, 255.0) as u8]
        })
    }

    /// A badge: a dark capsule with a yellow dot at its left, its edge smooth, on nothing.
    pub fn logo() -> Painting {
        Painting::new(80, 40, |x, y| {
            let (fx, fy) = (f64::from(x) + 0.5, f64::from(y) + 0.5);
            let from_spine = (fx - fx.clamp(20.0, 60.0)).hypot(fy - 20.0);
            let alpha = ((19.5 - from_spine) * 255.0).clamp(0.0, 255.0) as u8;
            let dot = (fx - 20.0).hypot(fy - 20.0) < 11.0;
            let [r, g, b] = if dot { [255, 205, 40] } else { [20, 50, 95] };
            [r, g, b, alpha]
        })
    }

    pub fn at(&self, x: u32, y: u32) -> [u8; 4] {
        self.pixels[(y * self.width + x) as usize]
    }

    pub fn png(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width, self.height);
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.write_header().unwrap().write_image_data(self.pixels.as_flattened()).unwrap();
        bytes
    }

    pub fn gif(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let (width, height) = (self.width as u16, self.height as u16);
        let mut rgba = self.pixels.as_flattened().to_vec();
        let frame = gif::Frame::from_rgba_speed(width, height, &mut rgba, 10);
        gif::Encoder::new(&mut bytes, width, height, &[]).unwrap().write_frame(&frame).unwrap();
        bytes
    }

    pub fn tiff(&self) -> Vec<u8> {
        let mut bytes = std::io::Cursor::new(Vec::new());
        let mut encoder = tiff::encoder::TiffEncoder::new(&mut bytes).unwrap();
        let samples = self.pixels.as_flattened();
        encoder.write_image::<tiff::encoder::colortype::RGBA8>(self.width, self.height, samples).unwrap();
        bytes.into_inner()
    }

    /// Of thirty-two bits, with alpha.
    pub fn bmp(&self) -> Vec<u8> {
        let samples = self.pixels.as_flattened();
        let mut bytes = b"BM".to_vec();
        let size = 14 + 56 + samples.len() as u32;
        let upside_down = (self.height as i32).wrapping_neg() as u32;
        for number in [size, 0, 70, 56, self.width, upside_down, 1 | 32 << 16, 3, 0, 0, 0, 0, 0] {
            bytes.extend(number.to_le_bytes());
        }
        for mask in [0xffu32, 0xff00, 0xff_0000, 0xff00_0000] {
            bytes.extend(mask.to_le_bytes());
        }
        [bytes, samples.to_vec()].concat()
    }

    pub fn ico(&self) -> Vec<u8> {
        let png = self.png();
        let mut bytes = vec![0, 0, 1, 0, 1, 0, self.width as u8, self.height as u8, 0, 0, 1, 0, 32, 0];
        bytes.extend((png.len() as u32).to_le_bytes());
        bytes.extend(22u32.to_le_bytes());
        [bytes, png].concat()
    }

    /// A drawing that shows nothing but this picture.
    pub fn svg(&self) -> Vec<u8> {
        let Painting { width, height, .. } = self;
        let data = STANDARD.encode(self.png());
        format!(
            "<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}'>\
             <image width='{width}' height='{height}' href='data:image/png;base64,{data}'/></svg>"
        )
        .into_bytes()
    }

    /// This picture as an original of that format, one of [`PAINTED`].
    pub fn original(&self, format: InputFormat) -> Vec<u8> {
        match format {
            InputFormat::Gif => self.gif(),
            InputFormat::Png => self.png(),
            InputFormat::Tiff => self.tiff(),
            InputFormat::Bmp => self.bmp(),
            InputFormat::Ico => self.ico(),
            InputFormat::Svg => self.svg(),
            other => {
                let format = FormatWish::Exactly(other.as_output().unwrap());
                let plan = Plan { format, quality: "95".parse().ok(), ..Plan::default() };
                made(&self.png(), &plan).bytes
            }
        }
    }
}

/// What one sees of an encoded picture, decoded by the crate under test and by a PNG decoder.
pub fn seen(bytes: &[u8]) -> Painting {
    seen_as(bytes, &Plan::default())
}

pub fn seen_as(original: &[u8], plan: &Plan) -> Painting {
    let png = made(original, &Plan { format: FormatWish::Exactly(Format::Png), ..plan.clone() }).bytes;
    let mut decoder = png::Decoder::new(std::io::Cursor::new(png));
    decoder.set_transformations(png::Transformations::ALPHA);
    let mut reader = decoder.read_info().unwrap();
    let mut samples = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut samples).unwrap();
    assert_eq!(info.color_type, png::ColorType::Rgba);
    Painting { width: info.width, height: info.height, pixels: samples.as_chunks().0.to_vec() }
}

/// The further originals that a documented example names, and its font.
pub fn others(plan: &Plan) -> Vec<Vec<u8>> {
    let painted = |path: &str| match path {
        "logo.png" => Painting::logo(),
        "waves.png" => Painting::waves(160, 120),
        other => panic!("no original of the examples is called {other}"),
    };
    let mut others: Vec<Vec<u8>> =
        plan.originals().iter().map(|name| painted(name.path.as_str()).png()).collect();
    let font = Path::new(env!("CARGO_MANIFEST_DIR")).join("../renderer/fonts/DejaVuSans.ttf");
    others.extend(plan.fonts().iter().map(|_| std::fs::read(&font).unwrap()));
    others
}

/// A GIF of three frames, each of which disposes in its own way.
pub fn moving_gif() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = gif::Encoder::new(&mut bytes, 24, 16, &[]).unwrap();
    for (left, dispose) in [
        (0, gif::DisposalMethod::Previous),
        (3, gif::DisposalMethod::Background),
        (9, gif::DisposalMethod::Keep),
    ] {
        let mut rgba = Painting::waves(15, 16).pixels.as_flattened().to_vec();
        let frame = gif::Frame::from_rgba(15, 16, &mut rgba);
        encoder.write_frame(&gif::Frame { left, dispose, delay: 5, ..frame }).unwrap();
    }
    drop(encoder);
    bytes
}

pub fn made(original: &[u8], plan: &Plan) -> Derivative {
    transform(original, plan).unwrap()
}

pub fn transform(original: &[u8], plan: &Plan) -> Result<Derivative, TransformError> {
    let others = others(plan);
    let originals: Vec<&[u8]> = std::iter::once(original).chain(others.iter().map(Vec::as_slice)).collect();
    transform::compose(&originals, plan, &Limits::default())
}

pub fn to(format: Format) -> Plan {
    Plan { format: FormatWish::Exactly(format), ..Plan::default() }
}

pub fn resize(width: Option<u32>, height: Option<u32>, fit: Fit) -> Plan {
    Plan { resize: Resize { width, height, fit, ..Resize::default() }, ..Plan::default() }
}

/// How alike two pictures are, in decibels; alpha counts as a fourth channel.
pub fn psnr(one: &Painting, other: &Painting) -> f64 {
    assert_eq!((one.width, one.height), (other.width, other.height));
    let (one, other) = (one.pixels.as_flattened(), other.pixels.as_flattened());
    let squares: f64 = one.iter().zip(other).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum();
    10.0 * (255.0 * 255.0 * one.len() as f64 / squares.max(1e-9)).log10()
}

#[track_caller]
pub fn assert_alike(one: &Painting, other: &Painting, decibels: f64, what: &str) {
    let found = psnr(one, other);
    assert!(found >= decibels, "{what}: only {found:.1} dB alike, expected {decibels}");
}

/// The middle of each quarter: lossy formats blur the seams, not the middles.
#[track_caller]
pub fn assert_quarters(seen: &Painting, tolerance: u8, what: &str) {
    let quarters = Painting::quarters();
    assert_eq!((seen.width, seen.height), (24, 16), "{what}");
    for (x, y) in [(5, 3), (18, 3), (5, 12), (18, 12)] {
        let (found, expected) = (seen.at(x, y), quarters.at(x, y));
        let off = found.iter().zip(expected).map(|(one, other)| one.abs_diff(other)).max();
        assert!(off <= Some(tolerance), "{what} at {x},{y}: {found:?} instead of {expected:?}");
    }
}

/// Of a picture of two by two tiles, each a quarter of [`Painting::quarters`] and 64 pixels wide and high, so much is cut off
/// that 100 by 96 pixels are left; returns its header.
#[track_caller]
pub fn assert_tiles_put_together(grid: &[u8], alpha: u8, what: &str) -> Header {
    // In its properties, and in the grid itself.
    let shorter = with_bytes(grid, &[0, 0, 0, 128, 0, 0, 0, 128], &[0, 0, 0, 100, 0, 0, 0, 96]);
    let original = with_bytes(&shorter, &[0, 0, 1, 1, 0, 128, 0, 128], &[0, 0, 1, 1, 0, 100, 0, 96]);
    let header = transform::header(&original, &Limits::default()).unwrap();
    assert_eq!((header.size, header.alpha), (Size::new(100, 96), alpha < 255), "{what}");
    let seen = seen(&original);
    for (x, y, [r, g, b]) in [
        (0, 0, [255, 0, 0]),
        (50, 50, [255, 0, 0]),
        (78, 0, [0, 255, 0]),
        (99, 50, [0, 255, 0]),
        (0, 78, [0, 0, 255]),
        (50, 95, [0, 0, 255]),
        (78, 78, [255; 3]),
        (99, 95, [255; 3]),
    ] {
        let (found, expected) = (seen.at(x, y), [r, g, b, alpha]);
        let off = found.iter().zip(expected).map(|(one, other)| one.abs_diff(other)).max();
        assert!(off <= Some(12), "{what} at {x},{y}: {found:?} instead of {expected:?}");
    }
    // All of the tiles count, whatever is seen of them.
    let limits = Limits { pixels: 128 * 128 - 1, ..Limits::default() };
    let error = transform::header(&original, &limits).unwrap_err();
    assert_eq!(error, TransformError::TooManyPixels { found: 16384, limit: 16383 }, "{what}");
    header
}

/// Of an original of which only so many bytes are there nothing is made, and it is told that this is the original's fault.
#[track_caller]
pub fn assert_refused_cut_short(original: &[u8], keep: usize, what: &str) {
    let error = transform(&original[..keep], &Plan::default()).unwrap_err();
    let faulty = matches!(
        error,
        TransformError::Truncated { .. } | TransformError::Corrupt { .. } | TransformError::UnknownFormat
    );
    assert!(faulty, "{what} cut to {keep} bytes: {error}");
}

/// A file in which all places with these bytes have others.
pub fn with_bytes(file: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut file = file.to_vec();
    let places: Vec<usize> = (0..=file.len() - old.len()).filter(|at| file[*at..].starts_with(old)).collect();
    assert!(!places.is_empty(), "{}", old.escape_ascii());
    for at in places {
        file[at..at + new.len()].copy_from_slice(new);
    }
    file
}

pub fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)).unwrap()
}

/// A photograph of the developers' collection, which a fresh clone does not have.
pub fn photograph(name: &str) -> Option<Vec<u8>> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/images").join(name)).ok()
}

/// A JPEG with an EXIF orientation put in after its first marker.
pub fn with_orientation(jpeg: &[u8], value: u8) -> Vec<u8> {
    let tiff = [
        &b"II*\0\x08\0\0\0"[..],
        // One entry: tag 0x0112, type SHORT, one value.
        &[1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, value, 0, 0, 0, 0, 0, 0, 0],
    ]
    .concat();
    let payload = [b"Exif\0\0", tiff.as_slice()].concat();
    let length = (payload.len() as u16 + 2).to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, &payload, &jpeg[2..]].concat()
}

/// Numbers that look random and are the same in every run (xorshift).
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}
