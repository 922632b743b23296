//! Files that are broken, cut short or made to hurt are refused: no panic, no memory, no endless work.

mod pictures;

use std::time::Duration;

use pictures::{
    Dice, Painting, assert_refused_cut_short, fixture, moving_gif, painted, photograph, resize, transform,
};
use plan::{Fit, Format, FormatWish, Plan};
use transform::{InputFormat, Limits, TransformError, header};

#[test]
fn a_truncated_picture_is_an_error_not_a_panic() {
    for format in painted() {
        let original = Painting::waves(96, 64).original(format);
        for keep in [original.len() * 9 / 10, original.len() / 2, original.len() / 4, 30, 13, 4, 1] {
            assert_refused_cut_short(&original, keep, &format.to_string());
        }
    }
}

#[test]
fn a_jpeg_cut_short_says_so() {
    let original = photograph("truncated.jpg").unwrap_or_else(|| {
        let whole = Painting::waves(400, 300).original(InputFormat::Jpeg);
        whole[..whole.len() / 2].to_vec()
    });
    let error = transform(&original, &Plan::default()).unwrap_err();
    assert_eq!(error, TransformError::Truncated { format: InputFormat::Jpeg });
    assert_eq!(error.to_string(), "the JPEG original ends too early");
}

#[test]
fn what_is_no_picture_is_refused() {
    for bytes in [&b""[..], b"<html>", &[0; 100]] {
        assert_eq!(transform(bytes, &Plan::default()).unwrap_err(), TransformError::UnknownFormat);
    }
    let error = transform(b"8BPS\0\x01", &Plan::default()).unwrap_err();
    assert_eq!(error.to_string(), "the original is PSD, which is not read");
}

#[test]
fn alpha_that_makes_no_sense_is_the_originals_fault() {
    let mut original = fixture("alpha.webp");
    let alpha = original.windows(4).position(|name| name == b"ALPH").unwrap();
    // Of the ways to pack alpha there are two (RFC 9649 §2.7.1.2): this would be the fourth.
    original[alpha + 8] |= 3;
    let error = transform(&original, &Plan::default()).unwrap_err();
    assert!(matches!(error, TransformError::Corrupt { format: InputFormat::Webp, .. }), "{error}");
}

/// Bytes changed at random, files cut and glued: every outcome but a panic is fine.
#[test]
fn mutated_files_never_panic() {
    let mut dice = Dice(88_172_645_463_325_252);
    let fixtures = [
        "progressive.jpg",
        "411.jpg",
        "cmyk.jpg",
        "alpha.avif",
        "422-10-limited-709.avif",
        "444-8-identity.avif",
        "cropped-420.avif",
        "grid-alpha.avif",
        "moving.avif",
        "moving-alpha.avif",
        "lzw-predictor.tif",
        "deflate-tiles.tif",
        "1-bit-inverted.tif",
        "planes.tif",
        "palette.tif",
        "fax-3.tif",
        "fax-4.tif",
        "jpeg-cmyk.tif",
        "jpeg-tiles.tif",
        "8-runs.bmp",
        "bitmap.ico",
        "everything.svg",
        "everything.pdf",
        "lossy.jxl",
        "faded.jxl",
        "from-jpeg.jxl",
        "alpha.webp",
        "lossless.webp",
        "animated.webp",
    ];
    let originals: Vec<Vec<u8>> = painted()
        .map(|format| Painting::waves(40, 24).original(format))
        .chain([Painting::disc(24).png(), Painting::disc(24).gif(), moving_gif()])
        .chain(fixtures.iter().map(|name| fixture(name)))
        .collect();
    let still = resize(Some(9), Some(7), Fit::Crop);
    let moving = Plan { format: FormatWish::Exactly(Format::Webp), ..still.clone() };
    let rounds = std::env::var("MUTATIONS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(120);
    let mut survived = 0;
    for round in 0..rounds {
        for original in &originals {
            let mut mutated = original.clone();
            // Half of the time in the headers, where it hurts most.
            let reach = if round % 2 == 0 { mutated.len() } else { mutated.len().min(160) };
            for _ in 0..1 + round % 7 {
                let at = dice.below(reach);
                mutated[at] = dice.below(256) as u8;
            }
            if round % 5 == 0 {
                mutated.truncate(1 + dice.below(original.len()));
            }
            let limits = Limits { pixels: 4_000_000, ..Limits::default() };
            let plan = if round % 3 == 0 { &moving } else { &still };
            match transform::transform(&mutated, plan, &limits) {
                Err(TransformError::Panicked { why }) => {
                    panic!("{why}, on {}", mutated.escape_ascii());
                }
                Ok(_) => survived += 1,
                Err(_) => {}
            }
        }
    }
    assert!(survived > 0, "mutations that break everything test nothing");
}

/// Each claims to be huge in a header of a few bytes.
#[test]
fn decompression_bombs_are_refused_by_their_header() {
    let patched = |mut bytes: Vec<u8>, at: &[u8], offset: usize, with: &[u8]| {
        let start = bytes.windows(at.len()).position(|window| window == at).unwrap() + offset;
        bytes[start..start + with.len()].copy_from_slice(with);
        bytes
    };
    let mut png_header = b"IHDR".to_vec();
    png_header.extend(60_000u32.to_be_bytes());
    png_header.extend(60_000u32.to_be_bytes());
    png_header.extend([8, 6, 0, 0, 0]);
    let png = [
        &b"\x89PNG\r\n\x1a\n\0\0\0\x0d"[..],
        &png_header,
        &crc32(&png_header).to_be_bytes(),
        &b"\0\0\0\x01IDAT\x78"[..],
        &crc32(b"IDAT\x78").to_be_bytes(),
        &b"\0\0\0\0IEND\xae\x42\x60\x82"[..],
    ]
    .concat();
    let side = 60_000u16.to_be_bytes();
    let jpeg = patched(fixture("420.jpg"), &[0xff, 0xc0], 5, &[side, side].concat());
    // Two times fourteen bits, each one less than a side.
    let webp = patched(fixture("lossless.webp"), b"VP8L", 9, &0x0fff_ffff_u32.to_le_bytes());
    let avif = patched(
        fixture("420-8-full-601.avif"),
        b"ispe",
        8,
        &[60_000u32.to_be_bytes(), 60_000u32.to_be_bytes()].concat(),
    );
    let gif = patched(Painting::waves(8, 8).gif(), b"GIF89a", 6, &[0x60, 0xea, 0x60, 0xea]);
    for (what, bytes) in [("PNG", png), ("JPEG", jpeg), ("WebP", webp), ("AVIF", avif), ("GIF", gif)] {
        let error = transform(&bytes, &Plan::default()).unwrap_err();
        assert!(matches!(error, TransformError::TooManyPixels { limit: 100_000_000, .. }), "{what}: {error}");
        assert_eq!(header(&bytes, &Limits::default()).unwrap_err(), error, "{what}");
    }
}

/// Each pass over the picture may cost as much as the first, and is told in a few bytes (ITU-T T.81 §G.1.2.2): here one
/// coefficient of one component, which is zero in all of its blocks.
#[test]
fn a_jpeg_that_passes_over_its_picture_too_often_is_refused_at_every_size() {
    let whole = fixture("progressive.jpg");
    let first = whole.windows(2).position(|marker| marker == [0xff, 0xda]).unwrap();
    let length =
        whole[first + 2..].windows(2).position(|marker| marker[0] == 0xff && marker[1] != 0).unwrap();
    // One code, of one bit: nothing more in this block.
    let table = [&[0xff, 0xc4, 0, 20, 0x10, 1][..], &[0; 15], &[0]].concat();
    let with = |scans: usize| {
        let mut file = [&whole[..first + 2 + length], &table].concat();
        let passes = (1..64u8).flat_map(|place| [1u8, 2, 3].map(|component| (place, component)));
        for (place, component) in passes.take(scans - 1) {
            // Six blocks of luma, two of either chroma.
            let blocks = if component == 1 { 0x03 } else { 0x3f };
            file.extend([0xff, 0xda, 0, 8, 1, component, 0, place, place, 0, blocks]);
        }
        file.extend([0xff, 0xd9]);
        file
    };
    for width in [24, 12, 3] {
        let plan = resize(Some(width), None, Fit::Clip);
        assert!(transform(&with(100), &plan).is_ok(), "{width}: {:?}", transform(&with(100), &plan));
        let error = transform(&with(101), &plan).unwrap_err();
        assert!(error.to_string().contains("100 scans"), "{width}: {error}");
    }
}

/// A header of a few bytes may announce thousands, each as large as the picture (ISO/IEC 18181-1).
#[test]
fn a_jxl_with_many_channels_beside_its_colours_is_refused() {
    // Bits, of each number the lowest first: eight pixels high and as wide; not as most are, nothing special, of eight bits.
    let first = "1 00000 100  0 0 0 00 1";
    // In XYB, of sRGB, no extensions, and the usual way out of XYB.
    let last = "1 1 00 1";
    let with = |channels: usize, less_two: &str| {
        // Each is alpha as most are.
        let text = format!("{first} 01 {less_two} {} {last}", "1".repeat(channels));
        let bits: Vec<u8> = text.bytes().filter(|bit| *bit != b' ').map(|bit| bit & 1).collect();
        let byte = |bits: &[u8]| bits.iter().rev().fold(0, |byte, bit| byte << 1 | bit);
        let stream = [vec![0xff, 0x0a], bits.chunks(8).map(byte).collect(), vec![0; 16]].concat();
        let length = (stream.len() as u32 + 8).to_be_bytes();
        // More than four are of level 10, and only a container can say that it is.
        [
            b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl \0\0\0\0jxl \0\0\0\x09jxll\x0a",
            &length[..],
            b"jxlc",
            &stream,
        ]
        .concat()
    };
    let (four, five) = (with(4, "0100"), with(5, "1100"));
    let known = header(&four, &Limits::default()).unwrap();
    assert_eq!(known.size, plan::Size { width: 8, height: 8 });
    let error = transform(&five, &Plan::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the JPEG XL original uses more than 4 channels beside the colours, which is not supported"
    );
    assert_eq!(header(&five, &Limits::default()).unwrap_err(), error);
}

/// As PNG checks its chunks (bit by bit; the header is short).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 },
        )
    })
}

#[test]
fn an_avif_whose_header_lies_about_its_size_is_refused() {
    let (still, moving) = (fixture("420-8-full-601.avif"), fixture("moving.avif"));
    // In four bytes; and in two, amid what describes the frames.
    let of_still = still.windows(4).position(|window| window == b"ispe").unwrap() + 8;
    let of_moving = moving.windows(4).rposition(|window| window == b"av01").unwrap() + 4 + 24;
    for (width, height) in [(8, 8), (23, 16), (25, 16), (24, 17), (100, 100)] {
        let (mut still, mut moving) = (still.clone(), moving.clone());
        still[of_still..of_still + 8].copy_from_slice(&[0, 0, 0, width, 0, 0, 0, height]);
        moving[of_moving..of_moving + 4].copy_from_slice(&[0, width, 0, height]);
        for original in [still, moving] {
            let error = transform(&original, &Plan::default()).unwrap_err();
            let corrupt = matches!(error, TransformError::Corrupt { format: InputFormat::Avif, .. });
            assert!(corrupt, "{width}x{height}: {error}");
        }
    }
}

#[test]
fn limits_are_kept_and_named() {
    let original = Painting::waves(100, 80).original(InputFormat::Jpeg);
    let refused =
        |limits: Limits, plan: &Plan| transform::transform(&original, plan, &limits).unwrap_err().to_string();
    let all = Limits::default();
    assert_eq!(
        refused(Limits { input_bytes: 10, ..all }, &Plan::default()),
        format!("the original has {} bytes where 10 are allowed", original.len())
    );
    assert_eq!(
        refused(Limits { pixels: 7999, ..all }, &Plan::default()),
        "the original has 8000 pixels where 7999 are allowed"
    );
    assert_eq!(
        refused(Limits { output_side: 99, ..all }, &Plan::default()),
        "the output would be 100x80 pixels; neither side may exceed 99"
    );
    assert_eq!(
        refused(Limits { time: Duration::ZERO, ..all }, &Plan::default()),
        "the picture could not be made within 0ns"
    );
    let exactly = Limits { input_bytes: original.len(), pixels: 8000, output_side: 100, ..all };
    assert!(transform::transform(&original, &Plan::default(), &exactly).is_ok());
}
