//! Every format in, every format out.

mod pictures;

use pictures::{
    Painting, assert_alike, assert_quarters, assert_tiles_put_together, fixture, made, painted, photograph,
    psnr, resize, seen, seen_as, to, with_bytes,
};
use plan::{Accepted, ColourSpace, Fit, Format, FormatWish, Metadata, Plan, Size};
use transform::{InputFormat, Limits, TransformError, header, sniff};

#[test]
fn every_format_becomes_every_other() {
    let painting = Painting::waves(64, 48);
    for from in painted() {
        let original = painting.original(from);
        for format in Format::ALL {
            let derivative = made(&original, &to(format));
            assert_eq!(derivative.size, Size::new(64, 48), "{from} to {format}");
            assert_eq!(
                sniff(&derivative.bytes).and_then(InputFormat::as_output),
                Some(format),
                "{from} to {format}"
            );
            // A GIF has only 256 colours to begin with.
            let least = if from == InputFormat::Gif { 22.0 } else { 25.0 };
            assert_alike(&seen(&derivative.bytes), &painting, least, &format!("{from} to {format}"));
        }
    }
}

#[test]
fn sizes_down_to_one_pixel_work_in_every_format() {
    for (width, height) in [(1, 1), (1, 7), (7, 1), (3, 5), (17, 16), (200, 3)] {
        let painting = Painting::waves(width, height);
        for from in painted() {
            let original = painting.original(from);
            for format in Format::ALL {
                for to_size in [(1, 1), (2, 3), (33, 31)] {
                    for fit in Fit::ALL {
                        let mut plan = resize(Some(to_size.0), Some(to_size.1), fit);
                        plan.format = FormatWish::Exactly(format);
                        // AVIF is slow to write; one fit stands for all.
                        if format == Format::Avif && fit != Fit::Crop {
                            continue;
                        }
                        let derivative = made(&original, &plan);
                        let seen = header(&derivative.bytes, &Limits::default()).unwrap();
                        assert_eq!(
                            seen.upright, derivative.size,
                            "{from} {width}x{height} to {format}, {fit}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn alpha_is_kept_where_the_format_can_and_flattened_on_white_where_not() {
    let disc = Painting::disc(48);
    for from in painted().filter(|format| *format != InputFormat::Jpeg) {
        let original = disc.original(from);
        let header = header(&original, &Limits::default()).unwrap();
        assert!(header.alpha, "{from}");
        for format in Format::ALL {
            let made = seen(&made(&original, &to(format)).bytes);
            let (corner, middle) = (made.at(0, 0), made.at(24, 24));
            if format == Format::Jpeg {
                assert!(corner.iter().all(|value| *value >= 235), "{from} to {format}: {corner:?}");
            } else {
                assert!(corner[3] <= 3, "{from} to {format}: {corner:?}");
            }
            assert!(middle[3] >= 253, "{from} to {format}: {middle:?}");
            for (found, expected) in middle.into_iter().zip([255, 140, 0]) {
                assert!(found.abs_diff(expected) <= 12, "{from} to {format}: {middle:?}");
            }
        }
    }
}

#[test]
fn edges_of_alpha_get_no_dark_fringe() {
    let original = Painting::disc(200).png();
    for format in [Format::Png, Format::Webp, Format::Avif] {
        let mut plan = resize(Some(50), None, Fit::Clip);
        plan.format = FormatWish::Exactly(format);
        for pixel in seen(&made(&original, &plan).bytes).pixels {
            // Where a fair part of the colour shows, it must be orange.
            assert!(pixel[3] < 100 || (pixel[0] > 200 && pixel[2] < 70), "{format}: {pixel:?}");
        }
    }
}

#[test]
fn the_wish_and_the_picture_decide_on_the_format() {
    let opaque = Painting::waves(16, 16);
    let disc = Painting::disc(16);
    for (original, wish, expected) in [
        (opaque.original(InputFormat::Webp), FormatWish::Original, Format::Webp),
        (opaque.original(InputFormat::Gif), FormatWish::Original, Format::Gif),
        (opaque.original(InputFormat::Tiff), FormatWish::Original, Format::Jpeg),
        (disc.original(InputFormat::Tiff), FormatWish::Original, Format::Png),
        (disc.png(), FormatWish::Auto(Accepted::Basic), Format::Png),
        // Has an alpha channel, but nothing is transparent.
        (opaque.png(), FormatWish::Auto(Accepted::Basic), Format::Jpeg),
        (opaque.png(), FormatWish::Auto(Accepted::Webp), Format::Webp),
        (Painting::waves(160, 120).png(), FormatWish::Auto(Accepted::Avif), Format::Avif),
        // So small that what an AVIF has around its picture counts.
        (opaque.original(InputFormat::Jpeg), FormatWish::Auto(Accepted::Avif), Format::Webp),
    ] {
        let plan = Plan { format: wish, ..Plan::default() };
        assert_eq!(made(&original, &plan).format, expected, "{wish:?}");
    }
}

#[test]
fn what_becomes_transparent_or_opaque_on_its_way_decides_on_the_format_too() {
    let waves = Painting::waves(32, 32);
    let faded = Painting::new(32, 32, |x, y| {
        let [r, g, b, _] = waves.at(x, y);
        [r, g, b, x as u8 * 8]
    });
    let (opaque, faded) = (waves.png(), faded.png());
    for (original, query, expected) in [
        (&opaque, "mask=ellipse", Format::Png),
        (&opaque, "shadow=2,a0000000", Format::Png),
        (&opaque, "opacity=50", Format::Png),
        (&opaque, "mask=ellipse&bg=white", Format::Jpeg),
        (&faded, "bg=white", Format::Jpeg),
        (&faded, "alpha=extract", Format::Jpeg),
        (&faded, "alpha=extract&mask=ellipse", Format::Png),
    ] {
        let query = format!("{query}&format=auto");
        let request = dialect::Request { path: "/demo/a.png", query: Some(&query), accept: None };
        let plan = dialect::native::parse(&request).unwrap().delivery.plan;
        assert_eq!(made(original, &plan).format, expected, "{query}");
    }
}

#[test]
fn what_stands_still_has_one_picture() {
    for format in painted() {
        let original = Painting::waves(16, 12).original(format);
        let wished = |frame: i16| {
            let plan = Plan { frame: plan::Amount::new(frame), ..to(Format::Png) };
            pictures::transform(&original, &plan)
        };
        assert!(wished(1).is_ok(), "{format}");
        assert_eq!(wished(2), Err(TransformError::NoSuchFrame { wished: 2, found: 1 }), "{format}");
    }
}

#[test]
fn padding_is_white_in_jpeg_and_transparent_elsewhere() {
    for from in painted() {
        let original = Painting::quarters().original(from);
        for format in Format::ALL {
            let mut plan = resize(Some(40), Some(40), Fit::Fill);
            plan.format = FormatWish::Exactly(format);
            let made = seen(&made(&original, &plan).bytes);
            assert_eq!((made.width, made.height), (40, 40));
            let (padding, red) = (made.at(20, 2), made.at(5, 12));
            if format == Format::Jpeg {
                assert!(padding.iter().all(|value| *value >= 235), "{from} to {format}: {padding:?}");
            } else {
                assert!(padding[3] <= 3, "{from} to {format}: {padding:?}");
            }
            assert!(
                red[0] > 220 && red[1] < 40 && red[2] < 40 && red[3] > 250,
                "{from} to {format}: {red:?}"
            );
        }
    }
}

/// Odd sizes are where a codec is most easily given a line of memory that nobody has written.
#[test]
fn the_same_original_and_plan_give_the_same_bytes() {
    for (width, height) in [(120, 90), (137, 91), (17, 33)] {
        let original = Painting::waves(width, height).original(InputFormat::Jpeg);
        for format in Format::ALL {
            for to_width in [57, 12, 3] {
                let mut plan = resize(Some(to_width), None, Fit::Clip);
                plan.format = FormatWish::Exactly(format);
                let first = made(&original, &plan).bytes;
                for round in 0..8u8 {
                    // Memory that the next round is likely to get, soiled.
                    drop((1..64).map(|size| vec![round ^ 0x5a; size * 97]).collect::<Vec<_>>());
                    assert!(made(&original, &plan).bytes == first, "{width}x{height} to {format} {to_width}");
                }
            }
        }
    }
}

#[test]
fn a_better_quality_is_better_and_larger() {
    let painting = Painting::waves(160, 120);
    for format in [Format::Jpeg, Format::Webp, Format::Avif] {
        let at = |quality: u8| {
            let plan = Plan { quality: quality.to_string().parse().ok(), ..to(format) };
            let bytes = made(&painting.png(), &plan).bytes;
            (bytes.len(), psnr(&seen(&bytes), &painting))
        };
        let (low, middle, high) = (at(20), at(80), at(98));
        assert!(low.0 < middle.0 && middle.0 < high.0, "{format}: {low:?} {middle:?} {high:?}");
        assert!(low.1 < middle.1 && middle.1 < high.1, "{format}: {low:?} {middle:?} {high:?}");
    }
}

#[test]
fn every_layout_of_jpeg_is_read() {
    for name in ["444", "422", "420", "440", "411", "rgb", "progressive", "restarts"] {
        assert_quarters(&seen(&fixture(&format!("{name}.jpg"))), 10, name);
    }
    // Through another colour space and back, by rule of thumb.
    assert_quarters(&seen(&fixture("cmyk.jpg")), 10, "cmyk");
}

#[test]
fn a_grey_jpeg_stays_grey() {
    let original = fixture("grey.jpg");
    for format in Format::ALL {
        let seen = seen(&made(&original, &to(format)).bytes);
        for (x, y, luma) in [(5, 3, 76u8), (18, 3, 150), (5, 12, 29), (18, 12, 255)] {
            let found = seen.at(x, y);
            assert!(
                found[..3].iter().all(|value| value.abs_diff(luma) <= 8),
                "{format} at {x},{y}: {found:?}"
            );
        }
    }
    let smaller = made(&original, &to(Format::Jpeg)).bytes;
    assert_eq!(smaller.windows(2).filter(|marker| marker == &[0xff, 0xc0]).count(), 1);
    let frame = smaller.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
    assert_eq!(smaller[frame + 9], 1, "one component");
}

#[test]
fn every_layout_of_avif_is_read() {
    for name in
        ["420-8-full-601", "422-10-limited-709", "444-12-full-601", "444-8-limited-2020", "444-8-identity"]
    {
        assert_quarters(&seen(&fixture(&format!("{name}.avif"))), 10, name);
    }
    let grey = seen(&fixture("400-8.avif")).at(5, 3);
    assert!(grey[0] == grey[1] && grey[1] == grey[2], "{grey:?}");
}

#[test]
fn alpha_made_by_other_encoders_is_read() {
    for name in ["alpha.avif", "alpha-premultiplied-10.avif", "alpha.webp"] {
        let seen = seen(&fixture(name));
        for (x, y, expected) in [
            (5, 3, [255, 0, 0, 255]),
            (18, 3, [0, 255, 0, 255]),
            (5, 12, [0, 0, 255, 128]),
            (18, 12, [255, 255, 255, 128]),
        ] {
            let found = seen.at(x, y);
            let off = found.iter().zip(expected).map(|(one, other)| one.abs_diff(other)).max();
            assert!(off <= Some(12), "{name} at {x},{y}: {found:?} instead of {expected:?}");
        }
    }
}

#[test]
fn an_avif_that_moves_is_read_frame_by_frame() {
    let frame = |name: &str, number: i16| {
        let plan = Plan { frame: plan::Amount::new(number), ..to(Format::Png) };
        seen(&made(&fixture(name), &plan).bytes)
    };
    assert_quarters(&seen(&fixture("moving.avif")), 10, "its first");
    for number in [1, 3] {
        assert_quarters(&frame("moving.avif", number), 10, &format!("number {number}"));
    }
    let negative = frame("moving.avif", 2).at(5, 3);
    assert!(negative[0] < 20 && negative[1] > 235 && negative[2] > 235, "{negative:?}");
    for (number, above, below) in [(1, 255, 128), (2, 128, 255), (3, 255, 128)] {
        let seen = frame("moving-alpha.avif", number);
        for (y, alpha) in [(3, above), (12, below)] {
            assert!(seen.at(5, y)[3].abs_diff(alpha) <= 12, "number {number} at {y}: {:?}", seen.at(5, y));
        }
    }
}

#[test]
fn an_animation_gives_its_first_frame() {
    assert_quarters(&seen(&fixture("animated.webp")), 12, "animated WebP");
    let mut gif = Vec::new();
    let mut encoder = gif::Encoder::new(&mut gif, 24, 16, &[]).unwrap();
    for painting in [Painting::quarters(), Painting::new(24, 16, |_, _| [0, 0, 0, 255])] {
        let mut rgba = painting.pixels.as_flattened().to_vec();
        encoder.write_frame(&gif::Frame::from_rgba(24, 16, &mut rgba)).unwrap();
    }
    drop(encoder);
    assert_quarters(&seen(&gif), 0, "animated GIF");
}

#[test]
fn too_many_frames_are_refused() {
    let limits = Limits { frames: 1, ..Limits::default() };
    let error = transform::transform(&fixture("animated.webp"), &Plan::default(), &limits).unwrap_err();
    assert_eq!(error, TransformError::TooManyFrames { limit: 1 });
}

#[test]
fn a_gif_frame_smaller_than_its_canvas_leaves_the_rest_transparent() {
    let mut bytes = Vec::new();
    let mut encoder = gif::Encoder::new(&mut bytes, 10, 10, &[]).unwrap();
    let mut rgba = [255, 0, 0, 255].repeat(4);
    let frame = gif::Frame { left: 3, top: 5, ..gif::Frame::from_rgba(2, 2, &mut rgba) };
    encoder.write_frame(&frame).unwrap();
    drop(encoder);
    let expected = Painting::new(10, 10, |x, y| match (x, y) {
        (3..5, 5..7) => [255, 0, 0, 255],
        _ => [0, 0, 0, 0],
    });
    assert_eq!(seen(&bytes), expected);
}

#[test]
fn every_kind_of_png_is_read() {
    use png::{BitDepth, ColorType};
    let encoded = |colour, depth, palette: bool, samples: &[u8]| {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 2, 1);
        encoder.set_color(colour);
        encoder.set_depth(depth);
        if palette {
            encoder.set_palette(vec![255, 0, 0, 0, 0, 255]);
            encoder.set_trns(vec![255, 0]);
        }
        encoder.write_header().unwrap().write_image_data(samples).unwrap();
        bytes
    };
    for (what, bytes, expected) in [
        (
            "1 bit",
            encoded(ColorType::Grayscale, BitDepth::One, false, &[0b0100_0000]),
            [[0, 0, 0, 255], [255; 4]],
        ),
        (
            "grey",
            encoded(ColorType::Grayscale, BitDepth::Eight, false, &[7, 200]),
            [[7, 7, 7, 255], [200, 200, 200, 255]],
        ),
        (
            "grey and alpha",
            encoded(ColorType::GrayscaleAlpha, BitDepth::Eight, false, &[7, 255, 9, 100]),
            [[7, 7, 7, 255], [9, 9, 9, 100]],
        ),
        (
            "16 bits",
            encoded(ColorType::Rgb, BitDepth::Sixteen, false, &[255, 255, 128, 0, 0, 0, 1, 0, 2, 0, 3, 0]),
            [[255, 128, 0, 255], [1, 2, 3, 255]],
        ),
        (
            "palette with transparency",
            encoded(ColorType::Indexed, BitDepth::Two, true, &[0b0001_0000]),
            [[255, 0, 0, 255], [0, 0, 255, 0]],
        ),
    ] {
        assert_eq!(seen(&bytes).pixels, expected, "{what}");
    }
}

#[test]
fn every_layout_of_tiff_is_read() {
    for name in
        ["plain", "lzw-predictor", "deflate-tiles", "packbits", "16-bits", "big-endian", "planes", "palette"]
    {
        assert_quarters(&seen(&fixture(&format!("{name}.tif"))), 0, name);
    }
    // By rule of thumb, and with loss.
    for name in ["cmyk", "jpeg", "jpeg-tiles", "jpeg-cmyk"] {
        assert_quarters(&seen(&fixture(&format!("{name}.tif"))), 10, name);
    }
    let lightness = [54u8, 182, 18];
    for (name, [red, green, blue]) in [
        ("grey", lightness),
        ("grey-16-inverted", lightness),
        ("jpeg-grey", lightness),
        ("1-bit-inverted", [0, 255, 0]),
        ("fax-3", [0, 255, 0]),
        ("fax-3-lines-alike", [0, 255, 0]),
        ("fax-4", [0, 255, 0]),
        ("fax-4-lowest-first", [0, 255, 0]),
    ] {
        let seen = seen(&fixture(&format!("{name}.tif")));
        for (x, y, grey) in [(5, 3, red), (18, 3, green), (5, 12, blue), (18, 12, 255)] {
            let found = seen.at(x, y);
            assert!(found[..3].iter().all(|value| value.abs_diff(grey) <= 2), "{name} at {x},{y}: {found:?}");
        }
    }
    for name in ["alpha", "alpha-multiplied-in", "grey-alpha"] {
        let seen = seen(&fixture(&format!("{name}.tif")));
        for (y, alpha) in [(3, 255u8), (12, 128)] {
            let found = seen.at(18, y);
            assert!(found[3].abs_diff(alpha) <= 1, "{name}: {found:?}");
            let expected = if name == "grey-alpha" { [[182; 3], [255; 3]] } else { [[0, 255, 0], [255; 3]] };
            let expected = expected[usize::from(y > 8)];
            assert!(found.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 2), "{name}: {found:?}");
        }
    }
    let turned = seen(&fixture("turned.tif"));
    assert_eq!((turned.width, turned.height), (16, 24));
    // A quarter clockwise: what was on the left is above.
    assert_eq!(turned.at(12, 5), [255, 0, 0, 255]);
    assert_eq!(turned.at(3, 5), [0, 0, 255, 255]);
}

#[test]
fn bitmaps_and_icons_of_other_programs_are_read() {
    for name in ["24.bmp", "4.bmp", "8-runs.bmp", "565.bmp", "os2.bmp", "bitmap.ico"] {
        assert_quarters(&seen(&fixture(name)), if name == "565.bmp" { 8 } else { 0 }, name);
    }
}

#[test]
fn an_avif_turns_as_its_container_says() {
    let quarters = Painting::quarters();
    let upright = |name: &str| seen(&fixture(name));
    let same =
        |found: [u8; 4], expected: [u8; 4]| found.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 10);
    let (red, green, blue) = (quarters.at(5, 3), quarters.at(18, 3), quarters.at(5, 12));
    let turned = upright("turned-left.avif");
    assert_eq!((turned.width, turned.height), (16, 24));
    assert!(same(turned.at(3, 5), green) && same(turned.at(3, 18), red) && same(turned.at(12, 18), blue));
    let mirrored = upright("turned-left-then-mirrored.avif");
    assert!(
        same(mirrored.at(12, 5), green) && same(mirrored.at(12, 18), red) && same(mirrored.at(3, 18), blue)
    );
    let flipped = upright("upside-down-mirror.avif");
    assert!(same(flipped.at(5, 12), red) && same(flipped.at(18, 12), green) && same(flipped.at(5, 3), blue));
}

#[test]
fn what_an_avif_may_not_ignore_and_we_do_not_know_is_refused_by_name() {
    let original = with_bytes(&fixture("cropped.avif"), b"clap", b"crop");
    let error = pictures::transform(&original, &Plan::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the AVIF original uses a property that is not known here, which is not supported"
    );
}

#[test]
fn of_an_avif_with_a_clean_aperture_that_part_is_seen() {
    // Chroma is shared across the seams, by less than what tells two quarters apart.
    let close =
        |found: [u8; 4], expected: [u8; 4]| found.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 60);
    let quarters = Painting::quarters();
    let all_red = seen(&fixture("cropped.avif"));
    assert_eq!((all_red.width, all_red.height), (12, 8));
    assert!(all_red.pixels.iter().all(|pixel| close(*pixel, quarters.at(5, 3))));
    // From 10, 6; and from 11, 7, where it begins amid a chroma sample.
    let even = fixture("cropped-420.avif");
    let at = even.windows(4).position(|window| window == b"clap").unwrap() + 4;
    let mut odd = even.clone();
    for (numerator, divisor) in [(16, 20), (24, 28)].map(|(n, d)| (at + n, at + d)) {
        let number = |at: usize| i32::from_be_bytes(even[at..at + 4].try_into().unwrap());
        let moved = (number(numerator) + number(divisor)).to_be_bytes();
        odd[numerator..numerator + 4].copy_from_slice(&moved);
    }
    for (original, left, top) in [(even, 10, 6), (odd, 11, 7)] {
        let part = seen(&original);
        assert_eq!((part.width, part.height), (12, 8));
        for (x, y) in [(0, 7), (5, 7), (11, 7), (5, 4), (11, 4)] {
            let (found, expected) = (part.at(x, y), quarters.at(left + x, top + y));
            assert!(close(found, expected), "{left},{top} at {x},{y}: {found:?} instead of {expected:?}");
        }
        // What is done to it is done to that part.
        assert_eq!(made(&original, &resize(Some(6), None, Fit::Clip)).size, Size::new(6, 4));
    }
}

#[test]
fn the_tiles_of_an_avif_are_put_together() {
    for (name, alpha) in [("grid", 255), ("grid-alpha", 128)] {
        assert_tiles_put_together(&fixture(&format!("{name}.avif")), alpha, name);
    }
}

#[test]
fn an_avif_that_names_its_colours_by_number_has_a_profile_where_one_is_kept() {
    let profile = |original: &str, format: Format| {
        let metadata = Metadata { colour_space: ColourSpace::Original, ..Metadata::default() };
        let bytes = made(&fixture(original), &Plan { metadata, ..to(format) }).bytes;
        bytes.windows(11).any(|window| window == b"ICC_PROFILE")
    };
    assert!(profile("display-p3.avif", Format::Jpeg));
    assert!(!profile("display-p3.avif", Format::Avif));
    assert!(!profile("420-8-full-601.avif", Format::Jpeg));
}

#[test]
fn photographs_of_every_format_are_read() {
    for name in ["p6.jpg", "p3.webp", "p12n_prog.jpg", "a_paper.png", "indexed.png", "rgba.png", "cramps.gif"]
    {
        let Some(original) = photograph(name) else { continue };
        let plan = resize(Some(200), Some(150), Fit::Crop);
        let seen = seen_as(&original, &plan);
        assert_eq!((seen.width, seen.height), (200, 150), "{name}");
    }
}

#[test]
fn every_jpeg_xl_is_read() {
    let quarters = Painting::quarters();
    for (name, size, least) in [
        ("lossless.jxl", (24, 16), 99.0),
        ("contained.jxl", (24, 16), 99.0),
        ("16-bits.jxl", (24, 16), 99.0),
        ("from-jpeg.jxl", (16, 24), 30.0),
    ] {
        let original = fixture(name);
        let found = header(&original, &Limits::default()).unwrap();
        let upright = Size::new(size.0, size.1);
        assert_eq!((found.format, found.upright, found.alpha), (InputFormat::Jxl, upright, false), "{name}");
        // Its metadata say that it lies on its side.
        let expected = match size {
            (16, 24) => Painting::new(16, 24, |x, y| quarters.at(y, 15 - x)),
            _ => quarters.clone(),
        };
        assert_alike(&seen(&original), &expected, least, name);
    }
    let faded = seen(&fixture("faded.jxl"));
    assert_eq!([faded.at(2, 2), faded.at(14, 2)], [[255, 0, 0, 255], [0, 255, 0, 255]]);
    assert_eq!(&faded.at(2, 12)[..3], [0, 0, 255]);
    assert!(faded.at(2, 12)[3].abs_diff(127) <= 1);
    let grey = seen(&fixture("grey.jxl"));
    assert!(grey.pixels.iter().all(|[r, g, b, a]| r == g && g == b && *a == 255));
    assert!(grey.at(20, 12) == [255; 4] && grey.at(2, 2) != grey.at(20, 2));
    // The same picture, with less and less of it.
    let (lossy, progressive) = (seen(&fixture("lossy.jxl")), seen(&fixture("progressive.jxl")));
    assert_eq!((lossy.width, lossy.height), (300, 200));
    assert_alike(&lossy, &progressive, 30.0, "lossy and progressive");
}
