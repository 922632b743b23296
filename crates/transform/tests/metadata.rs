//! What is written beside the pixels, and what is left behind.

mod pictures;

use exif::{In, Tag};
use pictures::{Painting, made, moving_gif, seen, to};
use plan::{ColourSpace, Format, FormatWish, Metadata, Plan};
use transform::InputFormat;

fn beside(format: Format, metadata: Metadata) -> Plan {
    Plan { metadata, ..to(format) }
}

fn copyright() -> Metadata {
    Metadata { copyright: true, ..Metadata::default() }
}

fn holds(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}

/// A JPEG with this application segment behind its first marker.
fn with_segment(jpeg: &[u8], marker: u8, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u16 + 2).to_be_bytes();
    [&jpeg[..2], &[0xff, marker], &length, payload, &jpeg[2..]].concat()
}

fn waves() -> Vec<u8> {
    Painting::waves(32, 24).original(InputFormat::Jpeg)
}

/// Who and whose, from EXIF that has a camera and a place too.
fn signed() -> Vec<u8> {
    let entry = |tag: u16, kind: u16, count: u32, value: u32| {
        [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value.to_le_bytes()].concat()
    };
    let tiff = [
        &b"II*\0\x08\0\0\0\x03\0"[..],
        &entry(0x010f, 2, 6, 50),
        &entry(0x013b, 2, 4, u32::from_le_bytes(*b"Ann\0")),
        &entry(0x8298, 2, 9, 56),
        &[0; 4],
        b"KAMERA",
        b"\xc2\xa9 2026!\0",
    ]
    .concat();
    with_segment(&waves(), 0xe1, &[b"Exif\0\0", tiff.as_slice()].concat())
}

fn read(bytes: &[u8]) -> exif::Exif {
    exif::Reader::new().read_from_container(&mut std::io::Cursor::new(bytes)).unwrap()
}

fn text(exif: &exif::Exif, tag: Tag) -> String {
    match &exif.get_field(tag, In::PRIMARY).unwrap().value {
        exif::Value::Ascii(texts) => String::from_utf8(texts[0].clone()).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_is_kept_unasked() {
    for format in Format::ALL {
        let made = made(&signed(), &to(format)).bytes;
        for word in [&b"Exif"[..], b"EXIF", b"eXIf", b"KAMERA", b"Ann", b"ICC_PROFILE", b"iCCP", b"ICCP"] {
            assert!(!holds(&made, word), "{format}: {}", word.escape_ascii());
        }
    }
}

#[test]
fn the_copyright_is_kept_in_every_format_and_nothing_else_is() {
    let plain = to(Format::Png);
    // A GIF has no place for it.
    for format in Format::ALL.into_iter().filter(|format| *format != Format::Gif) {
        let made = made(&signed(), &beside(format, copyright())).bytes;
        let exif = read(&made);
        assert_eq!(text(&exif, Tag::Artist), "Ann", "{format}");
        assert_eq!(text(&exif, Tag::Copyright), "© 2026!", "{format}");
        assert_eq!(exif.fields().count(), 2, "{format}");
        assert!(!holds(&made, b"KAMERA"));
        // And the picture is as good as before.
        assert_eq!(seen(&made).width, 32);
        // A derivative of the derivative has it still.
        let again = pictures::made(&made, &Plan { metadata: copyright(), ..plain.clone() }).bytes;
        assert_eq!(text(&read(&again), Tag::Copyright), "© 2026!", "{format}");
    }
}

#[test]
fn an_original_that_says_nothing_gets_nothing() {
    for format in Format::ALL {
        let with = made(&waves(), &beside(format, copyright())).bytes;
        assert!(with == made(&waves(), &to(format)).bytes, "{format}");
    }
}

#[test]
fn xmp_and_iptc_are_asked_where_exif_says_nothing() {
    let xmp = b"http://ns.adobe.com/xap/1.0/\0<rdf:RDF><dc:creator><rdf:Seq><rdf:li>Bea</rdf:li></rdf:Seq></dc:creator></rdf:RDF>";
    let iptc = b"Photoshop 3.0\08BIM\x04\x04\0\0\0\0\0\x0b\x1c\x02\x74\0\x06(c) B!\0";
    let original = with_segment(&with_segment(&waves(), 0xed, iptc), 0xe1, xmp);
    let exif = read(&made(&original, &beside(Format::Webp, copyright())).bytes);
    assert_eq!(
        (text(&exif, Tag::Artist), text(&exif, Tag::Copyright)),
        ("Bea".to_owned(), "(c) B!".to_owned())
    );
}

#[test]
fn what_moves_and_what_is_transparent_keep_their_metadata_too() {
    let moving = moving_gif();
    let dpi = Metadata { dpi: "300".parse().ok(), ..Metadata::default() };
    let made_of = |original: &[u8], encoding| {
        let plan = Plan { metadata: dpi, encoding, ..to(Format::Webp) };
        made(original, &plan).bytes
    };
    let lossless = plan::Encoding { lossless: true, ..plan::Encoding::default() };
    for encoding in [lossless, plan::Encoding::default()] {
        for original in [moving.clone(), Painting::disc(20).png(), Painting::waves(21, 9).png()] {
            let made = made_of(&original, encoding);
            assert_eq!(
                read(&made).get_field(Tag::XResolution, In::PRIMARY).unwrap().display_value().to_string(),
                "300"
            );
            // The same without metadata.
            let plain = pictures::made(&original, &Plan { encoding, ..to(Format::Webp) }).bytes;
            assert!(seen(&made) == seen(&plain));
        }
    }
}

#[test]
fn the_dots_to_the_inch_stand_where_each_format_has_them() {
    let dpi = Metadata { dpi: "300".parse().ok(), ..Metadata::default() };
    let jpeg = made(&waves(), &beside(Format::Jpeg, dpi)).bytes;
    assert_eq!(&jpeg[6..18], b"JFIF\0\x01\x01\x01\x01\x2c\x01\x2c");
    let png = made(&waves(), &beside(Format::Png, dpi)).bytes;
    assert!(holds(&png, b"pHYs\0\0\x2e\x23\0\0\x2e\x23\x01"));
    for format in [Format::Webp, Format::Avif] {
        let exif = read(&made(&waves(), &beside(format, dpi)).bytes);
        for tag in [Tag::XResolution, Tag::YResolution] {
            assert_eq!(exif.get_field(tag, In::PRIMARY).unwrap().display_value().to_string(), "300");
        }
    }
}

#[test]
fn a_profile_stays_on_wish_and_says_nothing_where_it_is_srgb() {
    let original = |profile: &moxcms::ColorProfile| {
        let icc = profile.encode().unwrap();
        with_segment(&waves(), 0xe2, &[b"ICC_PROFILE\0\x01\x01", icc.as_slice()].concat())
    };
    let p3 = original(&moxcms::ColorProfile::new_display_p3());
    let srgb = original(&moxcms::ColorProfile::new_srgb());
    let origin = Metadata { colour_space: ColourSpace::Original, ..Metadata::default() };
    for (format, name) in
        [(Format::Jpeg, &b"ICC_PROFILE"[..]), (Format::Png, b"iCCP"), (Format::Webp, b"ICCP")]
    {
        let kept = made(&p3, &beside(format, origin)).bytes;
        assert!(holds(&kept, name), "{format}");
        assert!(!holds(&made(&p3, &to(format)).bytes, name), "{format}");
        assert!(!holds(&made(&srgb, &beside(format, origin)).bytes, name), "{format}");
        // A derivative of the derivative has it still.
        assert!(holds(&made(&kept, &beside(format, origin)).bytes, name), "{format}");
        // Its pixels are what they were; converted, they are not.
        let (kept, converted) = (seen_raw(&kept), seen(&made(&p3, &to(format)).bytes));
        assert!(pictures::psnr(&kept, &Painting::waves(32, 24)) > 28.0, "{format}");
        assert!(pictures::psnr(&kept, &converted) < 45.0, "{format}");
    }
    // A grey picture's profile would be wrong for anything but grey.
    let mut grey = p3.clone();
    let at = grey.windows(4).position(|window| window == b"RGB ").unwrap();
    grey[at..at + 4].copy_from_slice(b"GRAY");
    assert!(!holds(&made(&grey, &beside(Format::Jpeg, origin)).bytes, b"ICC_PROFILE"));
}

/// A PNG of two pictures, one after the other, whose numbers are those of this profile.
fn moving_png(profile: &moxcms::ColorProfile, colours: [[u8; 4]; 2]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut info = png::Info::with_size(8, 6);
    (info.color_type, info.bit_depth) = (png::ColorType::Rgba, png::BitDepth::Eight);
    info.icc_profile = Some(profile.encode().unwrap().into());
    let mut encoder = png::Encoder::with_info(&mut bytes, info).unwrap();
    encoder.set_animated(2, 0).unwrap();
    let mut writer = encoder.write_header().unwrap();
    for colour in colours {
        writer.write_image_data([colour; 48].as_flattened()).unwrap();
    }
    writer.finish().unwrap();
    bytes
}

#[test]
fn what_moves_keeps_its_profile_on_wish_and_else_the_colours_that_it_stands_for() {
    let original =
        moving_png(&moxcms::ColorProfile::new_display_p3(), [[200, 100, 50, 255], [60, 160, 90, 255]]);
    // The same in sRGB, by the matrices and curves of the two standards.
    let colours = [[215, 93, 31, 255], [0, 163, 82, 255]];
    let encoding = plan::Encoding { lossless: true, ..plan::Encoding::default() };
    for (format, name) in [(Format::Png, &b"iCCP"[..]), (Format::Webp, b"ICCP")] {
        for colour_space in ColourSpace::ALL {
            let metadata = Metadata { colour_space, ..Metadata::default() };
            let moving = Plan { metadata, encoding, ..to(format) };
            let frames = [1, 2].map(|number| Plan { frame: plan::Amount::new(number), ..moving.clone() });
            let shown = [(&moving, colours[0]), (&frames[0], colours[0]), (&frames[1], colours[1])];
            for (plan, expected) in shown {
                let made = made(&original, plan).bytes;
                let what = format!("{format}, {colour_space}, {:?}", plan.frame);
                assert_eq!(holds(&made, name), colour_space == ColourSpace::Original, "{what}");
                let found = seen(&made).at(3, 3);
                let off = found.iter().zip(expected).map(|(one, other)| one.abs_diff(other)).max();
                assert!(off <= Some(1), "{what}: {found:?} instead of {expected:?}");
            }
        }
    }
}

/// The pixels as they stand in the file, whatever its profile.
fn seen_raw(bytes: &[u8]) -> Painting {
    let origin = Metadata { colour_space: ColourSpace::Original, ..Metadata::default() };
    let png =
        made(bytes, &Plan { format: FormatWish::Exactly(Format::Png), metadata: origin, ..Plan::default() });
    let mut reader = png::Decoder::new(std::io::Cursor::new(png.bytes)).read_info().unwrap();
    let mut samples = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut samples).unwrap();
    let pixels = samples.chunks(samples.len() / (info.width * info.height) as usize);
    let pixels = pixels.map(|pixel| [pixel[0], pixel[1], pixel[2], 255]).collect();
    Painting { width: info.width, height: info.height, pixels }
}
