//! What a URL may say of the encoding beside format and quality.

mod pictures;

use pictures::{
    Painting, assert_alike, fixture, made, moving_gif, photograph, psnr, resize, seen, to, transform,
};
use plan::{
    Accepted, Chroma, Crop, Encoding, Fit, FocalPoint, Format, FormatWish, Plan, Quality, QualityWish,
};
use transform::{InputFormat, TransformError, sniff};

fn encoded(format: Format, encoding: Encoding) -> Plan {
    Plan { encoding, ..to(format) }
}

fn lossless() -> Encoding {
    Encoding { lossless: true, ..Encoding::default() }
}

/// Every colour there is room for, some of it transparent.
fn colourful() -> Painting {
    Painting::new(61, 37, |x, y| {
        [(x * 4) as u8, (y * 6) as u8, (x * y) as u8, if x > 50 { 128 } else { 255 }]
    })
}

#[test]
fn what_is_lossless_is_the_same_pixel_by_pixel() {
    let opaque = Painting::waves(61, 37);
    for painting in [colourful(), opaque, Painting::quarters(), Painting::new(1, 1, |_, _| [1, 2, 3, 255])] {
        for format in [Format::Png, Format::Webp, Format::Avif] {
            let derivative = made(&painting.png(), &encoded(format, lossless()));
            assert_eq!(sniff(&derivative.bytes).and_then(InputFormat::as_output), Some(format));
            assert!(seen(&derivative.bytes) == painting, "{format}");
        }
    }
}

#[test]
fn a_lossless_wish_that_leaves_the_format_open_is_never_lossy() {
    let jpeg = Painting::waves(32, 24).original(InputFormat::Jpeg);
    for (accepted, expected) in
        [(Accepted::Avif, Format::Webp), (Accepted::Webp, Format::Webp), (Accepted::Basic, Format::Png)]
    {
        let plan = Plan { format: FormatWish::Auto(accepted), encoding: lossless(), ..Plan::default() };
        let derivative = made(&jpeg, &plan);
        assert_eq!(derivative.format, expected);
        assert!(seen(&derivative.bytes) == seen(&jpeg), "{accepted:?}");
    }
}

#[test]
fn what_moves_can_be_lossless_too() {
    let gif = moving_gif();
    let plan = Plan { format: FormatWish::Exactly(Format::Webp), encoding: lossless(), ..Plan::default() };
    let exact = made(&gif, &plan).bytes;
    assert!(
        exact.windows(4).any(|chunk| chunk == b"VP8L") && !exact.windows(4).any(|chunk| chunk == b"VP8 ")
    );
    // But for the colour of what cannot be seen.
    let visible = |file: &[u8]| {
        let pixels = seen(file).pixels.into_iter();
        pixels.map(|pixel| if pixel[3] == 0 { [0; 4] } else { pixel }).collect::<Vec<_>>()
    };
    assert!(visible(&exact) == visible(&gif));
}

#[test]
fn a_progressive_jpeg_shows_the_same_picture() {
    let original = Painting::waves(200, 120).png();
    let plain = made(&original, &to(Format::Jpeg)).bytes;
    let progressive =
        made(&original, &encoded(Format::Jpeg, Encoding { progressive: true, ..Encoding::default() })).bytes;
    let frames = |bytes: &[u8], marker: u8| bytes.windows(2).filter(|pair| *pair == [0xff, marker]).count();
    assert_eq!((frames(&plain, 0xc0), frames(&plain, 0xc2)), (1, 0));
    assert_eq!((frames(&progressive, 0xc0), frames(&progressive, 0xc2)), (0, 1));
    assert!(seen(&plain) == seen(&progressive));
}

/// Where its chroma stays too it is not decoded, but nobody sees that: a progressive one is, and shows what would have become
/// of it.
#[test]
fn a_jpeg_that_keeps_its_size_is_as_good_as_if_it_had_been_decoded() {
    let painting = Painting::new(203, 121, |x, y| {
        [(x + y / 2) as u8, (128.0 + 90.0 * (f64::from(x * y) / 300.0).sin()) as u8, (y * 2) as u8, 255]
    });
    let wish = |quality| Quality::new(quality).ok().map(QualityWish::Alike);
    for chroma in [Chroma::Quarter, Chroma::Half, Chroma::Full] {
        let plan = |quality, progressive| Plan {
            quality: wish(quality),
            ..encoded(Format::Jpeg, Encoding { chroma, progressive, ..Encoding::default() })
        };
        let original = made(&painting.png(), &plan(95, false)).bytes;
        for quality in [90, 60, 25] {
            let kept = made(&original, &plan(quality, false));
            let decoded = made(&original, &plan(quality, true));
            assert_eq!(kept.size, decoded.size);
            assert_eq!(sampling(&kept.bytes), sampling(&original), "{chroma:?}");
            let [alike, decoded] = [kept, decoded].map(|made| psnr(&seen(&made.bytes), &seen(&original)));
            assert!(
                alike != decoded && alike > decoded - 0.8,
                "{alike} and {decoded} dB at {quality} with {chroma:?}"
            );
        }
    }
}

/// As large as it was, and yet another picture.
#[test]
fn a_jpeg_that_is_zoomed_into_does_not_keep_its_pixels() {
    let painting = Painting::quarters();
    let jpeg = made(&painting.png(), &to(Format::Jpeg)).bytes;
    let Painting { width, height, .. } = painting;
    let mut zoomed =
        Plan { format: FormatWish::Exactly(Format::Jpeg), ..resize(Some(width), Some(height), Fit::Crop) };
    zoomed.resize.crop = Crop::FocalPoint;
    zoomed.resize.focal_point =
        FocalPoint { x: "0.1".parse().unwrap(), y: "0.1".parse().unwrap(), zoom: "4".parse().unwrap() };
    let made = made(&jpeg, &zoomed);
    assert_eq!((made.size.width, made.size.height), (width, height));
    assert_alike(
        &seen(&made.bytes),
        &Painting::new(width, height, |_, _| painting.pixels[0]),
        30.0,
        "zoomed",
    );
}

#[test]
fn a_jpeg_that_keeps_its_quality_too_keeps_each_sample() {
    let jpeg = made(&Painting::waves(93, 50).png(), &to(Format::Jpeg)).bytes;
    assert!(made(&jpeg, &to(Format::Jpeg)).bytes == jpeg);
}

/// The sampling factors of the first component in a JPEG's frame header (ITU-T T.81 §B.2.2).
fn sampling(jpeg: &[u8]) -> u8 {
    let frame = jpeg.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
    jpeg[frame + 11]
}

#[test]
fn finer_chroma_keeps_thin_lines_of_colour() {
    // Red and blue rows and columns: what is shared by four is neither, what is shared by two is half.
    let lines =
        Painting::new(63, 41, |x, y| if (x + y) % 2 == 0 { [230, 20, 20, 255] } else { [20, 20, 230, 255] });
    for format in [Format::Jpeg, Format::Avif] {
        let mut alike = Vec::new();
        for chroma in Chroma::ALL {
            let plan = Plan {
                quality: "95".parse().ok(),
                ..encoded(format, Encoding { chroma, ..Encoding::default() })
            };
            let bytes = made(&lines.png(), &plan).bytes;
            if format == Format::Jpeg {
                let (across, down) = chroma.shared();
                assert_eq!(sampling(&bytes), across << 4 | down, "{chroma}");
            }
            alike.push(psnr(&seen(&bytes), &lines));
        }
        assert!(alike[2] > alike[0] + 6.0, "{format}: {alike:?}");
    }
}

#[test]
fn every_subsampling_is_made_of_every_layout_and_size() {
    for name in ["444.jpg", "420.jpg", "411.jpg", "420-8-full-601.avif", "alpha.avif"] {
        let original = fixture(name);
        for (width, height) in [(24, 16), (23, 15), (7, 9), (1, 1)] {
            let expected = made(
                &original,
                &Plan {
                    format: FormatWish::Exactly(Format::Png),
                    ..resize(Some(width), Some(height), Fit::Scale)
                },
            );
            let expected = seen(&expected.bytes);
            for format in [Format::Jpeg, Format::Avif, Format::Webp] {
                for chroma in Chroma::ALL {
                    let plan = Plan {
                        format: FormatWish::Exactly(format),
                        encoding: Encoding { chroma, ..Encoding::default() },
                        quality: "95".parse().ok(),
                        ..resize(Some(width), Some(height), Fit::Scale)
                    };
                    let found = seen(&made(&original, &plan).bytes);
                    assert_eq!((found.width, found.height), (width, height), "{name} {format} {chroma}");
                    if chroma == Chroma::Full && format == Format::Jpeg && name != "alpha.avif" {
                        assert_alike(&found, &expected, 24.0, &format!("{name} {width}x{height} {chroma}"));
                    }
                }
            }
        }
    }
}

#[test]
fn a_turned_picture_shares_chroma_as_it_is_seen() {
    let painting = Painting::waves(40, 30);
    let jpeg = made(&painting.png(), &Plan { quality: "95".parse().ok(), ..to(Format::Jpeg) }).bytes;
    for value in [6, 8] {
        let turned = pictures::with_orientation(&jpeg, value);
        let plan = encoded(Format::Jpeg, Encoding { chroma: Chroma::Half, ..Encoding::default() });
        assert_eq!(sampling(&made(&turned, &plan).bytes), 0x21, "{value}");
    }
}

#[test]
fn a_png_of_few_colours_has_a_palette_and_loses_nothing() {
    let many = colourful();
    let opaque = Painting::quarters();
    let seen_through = Painting::new(20, 9, |x, y| [x as u8 / 4 * 60, 0, 90, if y < 3 { 0 } else { 255 }]);
    let colour_type = |bytes: &[u8]| bytes[25];
    for (painting, expected) in [(&opaque, 3), (&seen_through, 3), (&many, 6)] {
        let bytes = made(&painting.png(), &to(Format::Png)).bytes;
        assert_eq!(colour_type(&bytes), expected);
        assert!(seen(&bytes) == *painting);
    }
    // One bit, two bits, four bits, eight.
    for (colours, depth) in [(2, 1), (3, 2), (4, 2), (5, 4), (16, 4), (17, 8), (200, 8)] {
        let painting = Painting::new(29, 13, |x, y| [((x + y * 29) % colours) as u8, 3, 5, 255]);
        let bytes = made(&painting.png(), &to(Format::Png)).bytes;
        assert_eq!((colour_type(&bytes), bytes[24]), (3, depth), "{colours}");
        assert!(seen(&bytes) == painting, "{colours}");
    }
}

#[test]
fn fewer_colours_look_alike_and_take_less() {
    let painting = Painting::landscape();
    let whole = made(&painting.png(), &to(Format::Png)).bytes.len();
    let with = |colours: &str| {
        let encoding = Encoding { colours: colours.parse().ok(), ..Encoding::default() };
        made(&painting.png(), &encoded(Format::Png, encoding)).bytes
    };
    let (few, many) = (with("8"), with("256"));
    assert!(few.len() < many.len() && many.len() < whole, "{} {} {whole}", few.len(), many.len());
    assert_alike(&seen(&few), &painting, 20.0, "8 colours");
    assert_alike(&seen(&many), &painting, 34.0, "256 colours");
}

#[test]
fn as_much_quality_as_fits() {
    let painting = Painting::waves(160, 120);
    for format in [Format::Jpeg, Format::Webp, Format::Avif] {
        let free = made(&painting.png(), &to(format)).bytes;
        let bounded = |bytes: usize| {
            let encoding = Encoding { max_bytes: bytes.to_string().parse().ok(), ..Encoding::default() };
            transform(&painting.png(), &encoded(format, encoding))
        };
        assert!(bounded(free.len()).unwrap().bytes == free, "{format}");
        let half = bounded(free.len() / 2).unwrap().bytes;
        assert!(half.len() <= free.len() / 2 && half.len() > free.len() / 4, "{format}: {}", half.len());
        assert!(
            matches!(bounded(100), Err(TransformError::CannotFit { least, limit: 100 }) if least > 100),
            "{format}"
        );
    }
}

#[test]
fn what_moves_fits_too() {
    let gif = moving_gif();
    let free = made(&gif, &to(Format::Webp)).bytes.len();
    let encoding = Encoding { max_bytes: (free - 20).to_string().parse().ok(), ..Encoding::default() };
    let bounded = made(&gif, &encoded(Format::Webp, encoding)).bytes;
    assert!(bounded.len() <= free - 20, "{} {free}", bounded.len());
}

#[test]
fn a_photograph_keeps_its_look_in_every_encoding() {
    let Some(original) = photograph("p6.jpg") else { return };
    let small = |encoding, format| {
        let plan =
            Plan { encoding, format: FormatWish::Exactly(format), ..resize(Some(300), None, Fit::Clip) };
        seen(&made(&original, &plan).bytes)
    };
    let exact = small(Encoding::default(), Format::Png);
    let full = Encoding { chroma: Chroma::Full, ..Encoding::default() };
    let palette = Encoding { colours: "256".parse().ok(), ..Encoding::default() };
    for (encoding, format) in [(full, Format::Jpeg), (full, Format::Avif), (palette, Format::Png)] {
        assert_alike(&small(encoding, format), &exact, 28.0, &format!("{format}, {encoding:?}"));
    }
}

/// A chart: even areas, hard edges, few colours.
fn chart() -> Painting {
    Painting::new(160, 120, |x, y| match () {
        () if y > 116 || x < 3 => [20, 20, 20, 255],
        () if x % 20 < 12 && y > 110 - x / 2 => [40, 110, 200, 255],
        () => [250, 250, 250, 255],
    })
}

#[test]
fn an_automatic_format_keeps_a_graphic_whole_where_that_is_smaller() {
    let auto = |accepted| Plan { format: FormatWish::Auto(accepted), ..Plan::default() };
    for (accepted, expected) in
        [(Accepted::Avif, Format::Webp), (Accepted::Webp, Format::Webp), (Accepted::Basic, Format::Png)]
    {
        let derivative = made(&chart().png(), &auto(accepted));
        assert_eq!(derivative.format, expected, "{accepted:?}");
        assert!(seen(&derivative.bytes) == chart(), "{accepted:?}");
        let lossy =
            made(&chart().png(), &to(if accepted == Accepted::Webp { Format::Webp } else { Format::Jpeg }));
        assert!(derivative.bytes.len() < lossy.bytes.len(), "{accepted:?}");
    }
    // A photograph is none, nor what a lossy format has already been over.
    let jpeg = chart().original(InputFormat::Jpeg);
    for original in [Painting::waves(160, 120).png(), jpeg] {
        for (accepted, expected) in
            [(Accepted::Avif, Format::Avif), (Accepted::Webp, Format::Webp), (Accepted::Basic, Format::Jpeg)]
        {
            assert_eq!(made(&original, &auto(accepted)).format, expected, "{accepted:?}");
        }
    }
}

#[test]
fn a_smaller_format_is_not_taken_where_it_would_not_be_what_was_wished() {
    // So small that what an AVIF has around its picture counts.
    let original = Painting::waves(16, 16).original(InputFormat::Jpeg);
    for (chroma, quality, expected) in [
        (Chroma::Quarter, None, Format::Webp),
        (Chroma::Quarter, Some("60"), Format::Webp),
        // A WebP has no finer chroma.
        (Chroma::Half, None, Format::Avif),
        (Chroma::Full, Some("60"), Format::Avif),
        // The same number would mean another quality.
        (Chroma::Quarter, Some("codec:60"), Format::Avif),
    ] {
        let encoding = Encoding { chroma, ..Encoding::default() };
        let quality = quality.map(|quality| quality.parse().unwrap());
        let plan = Plan { format: FormatWish::Auto(Accepted::Avif), encoding, quality, ..Plan::default() };
        assert_eq!(made(&original, &plan).format, expected, "{chroma}, {quality:?}");
    }
}

#[test]
fn a_graphic_keeps_within_its_bytes() {
    let exact = made(&chart().png(), &Plan { format: FormatWish::Auto(Accepted::Webp), ..Plan::default() });
    for bytes in [exact.bytes.len(), exact.bytes.len() - 1] {
        let encoding = Encoding { max_bytes: bytes.to_string().parse().ok(), ..Encoding::default() };
        let plan = Plan { format: FormatWish::Auto(Accepted::Webp), encoding, ..Plan::default() };
        match transform(&chart().png(), &plan) {
            Ok(made) => assert!(made.bytes.len() <= bytes),
            Err(error) => assert!(matches!(error, TransformError::CannotFit { .. }), "{error}"),
        }
    }
}
