//! PDF: the page that is wished for, drawn at the size that is wished for, and no more trouble than a picture.
#![cfg(feature = "pdf")]

mod document;
mod documented;
mod pictures;

use std::time::{Duration, Instant};

use document::Document;
use documented::plan;
use pictures::{FOR_EVER, Painting, assert_alike, fixture, made, resize, seen, seen_as, to, transform};
use plan::{Fit, Format, FormatWish, Plan, Size};
use transform::{InputFormat, Limits, TransformError, header, memory_needed};

/// Red, green / blue, white: 18 by 12 points, which are 24 by 16 CSS pixels.
const QUARTERS: &str = "1 0 0 rg 0 6 9 6 re f 0 1 0 rg 9 6 9 6 re f 0 0 1 rg 0 0 9 6 re f";

fn quarters() -> Vec<u8> {
    Document::page((18, 12), "", QUARTERS).bytes()
}

/// Three pages of different sizes and colours.
fn pages() -> Vec<u8> {
    let mut document = Document::default();
    for (width, colour) in [(30, "1 0 0"), (60, "0 1 0"), (90, "0 0 1")] {
        document.add_page((width, 30), "", &format!("{colour} rg 0 0 {width} 30 re f"));
    }
    document.bytes()
}

fn refused(original: &[u8]) -> TransformError {
    let started = Instant::now();
    let made = transform(original, &resize(Some(60), None, Fit::Clip)).map(|_| original.len());
    let error = made.unwrap_err();
    assert!(!matches!(error, TransformError::Panicked { .. }), "{error}");
    assert!(started.elapsed() < FOR_EVER, "{error} took {:?}", started.elapsed());
    error
}

#[test]
fn a_page_is_what_it_says() {
    let header = header(&quarters(), &Limits::default()).unwrap();
    assert_eq!((header.format, header.upright), (InputFormat::Pdf, Size::new(24, 16)));
    assert_eq!(seen(&made(&quarters(), &to(Format::Png)).bytes), Painting::quarters());
    assert_eq!(made(&quarters(), &Plan::default()).format, Format::Jpeg);
}

#[test]
fn edges_stay_sharp_at_every_size() {
    for query in [
        "w=480",
        "w=333&h=77&fit=scale",
        "w=300&h=400&fit=crop",
        "w=320&rot=90",
        "rect=0.45,0.4,0.1,0.2&w=900",
    ] {
        let made = seen_as(&quarters(), &plan(query));
        let colours = [[255, 0, 0, 255], [0, 255, 0, 255], [0, 0, 255, 255], [255; 4]];
        // Where an edge comes between two pixels, these share it.
        let mixed = made.pixels.iter().filter(|pixel| !colours.contains(pixel)).count();
        let edges = (made.width + made.height) as usize;
        assert!(
            mixed <= edges,
            "{query}: {mixed} of {} by {} are none of its colours",
            made.width,
            made.height
        );
    }
}

#[test]
fn operations_work_on_pages_as_on_pictures() {
    let png = Painting::quarters().png();
    for query in [
        "w=48&h=48&fit=fill&fill=gradient",
        "rot=180&gray=1",
        "trim=color&trim-color=ff0000&trim-tol=1&w=24",
        "w=24&h=24&fit=crop&crop=entropy",
        "w=24&mask=ellipse&border=2,navy",
        "flip=h&duotone=000000,ffffff&pad=3",
        "w=96&txt=Hi&txt-size=20",
        "frame=1",
    ] {
        let (drawn, pictured) = (seen_as(&quarters(), &plan(query)), seen_as(&png, &plan(query)));
        // The picture is blurred where it is enlarged.
        assert_alike(&drawn, &pictured, 15.0, query);
    }
}

#[test]
fn pages_are_counted_from_one() {
    let original = pages();
    for (query, width, colour) in [
        ("", 40, [255, 0, 0, 255]),
        ("page=1", 40, [255, 0, 0, 255]),
        ("page=2", 80, [0, 255, 0, 255]),
        ("page=3", 120, [0, 0, 255, 255]),
    ] {
        let made = seen_as(&original, &plan(query));
        assert_eq!((made.width, made.height, made.at(20, 20)), (width, 40, colour), "{query}");
    }
    for (original, query, message) in [
        (&original, "page=4", "the original has 3 pages; there is no page 4"),
        (&Painting::quarters().png(), "page=2", "the original has 1 page; there is no page 2"),
        (&Painting::quarters().svg(), "page=2", "the original has 1 page; there is no page 2"),
        (&original, "frame=2", "the original has 1 pictures; there is no picture 2"),
        (
            &original,
            "format=svg",
            "the original is a picture in the format PDF, not a drawing; format=svg takes SVG alone",
        ),
    ] {
        assert_eq!(transform(original, &plan(query)).unwrap_err().to_string(), message);
    }
}

#[test]
fn a_document_tells_how_many_pages_it_has() {
    let told = |query: &str| -> serde_json::Value {
        serde_json::from_slice(&made(&pages(), &plan(query)).bytes).unwrap()
    };
    let first = &told("format=json")["original"];
    assert_eq!((&first["format"], &first["media_type"]), (&"pdf".into(), &"application/pdf".into()));
    assert_eq!((&first["pages"], &first["width"], &first["height"]), (&3.into(), &40.into(), &40.into()));
    assert_eq!(told("format=json&page=3")["original"]["width"], 120);
    let png = made(&Painting::quarters().png(), &plan("format=json")).bytes;
    assert!(!String::from_utf8(png).unwrap().contains("pages"));
}

/// However it was drawn: on paper nothing shines through, and a format that cannot leave it open will do.
#[test]
fn a_page_on_paper_is_opaque_and_says_so() {
    let everything = fixture("everything.pdf");
    for query in ["format=json", "format=json&page=2", "format=json&w=333", "format=json&bg=gold"] {
        let told: serde_json::Value = serde_json::from_slice(&made(&everything, &plan(query)).bytes).unwrap();
        assert_eq!(told["picture"]["opaque"], true, "{query}: {told}");
    }
    for query in ["w=333", "page=2", "w=1000&format=auto"] {
        assert_eq!(made(&everything, &plan(query)).format, Format::Jpeg, "{query}");
    }
    let open = made(&everything, &plan("format=json&bg=transparent")).bytes;
    assert!(String::from_utf8(open).unwrap().contains("\"opaque\":false"));
}

#[test]
fn a_page_is_on_white_paper_unless_a_background_is_named() {
    let original = Document::page((30, 30), "", "1 0 0 rg 0 0 15 30 re f").bytes();
    for (query, paper) in [
        ("format=png", [255; 4]),
        ("format=png&bg=gold", [255, 215, 0, 255]),
        ("format=png&bg=transparent", [0; 4]),
        ("format=webp&lossless=1&bg=transparent&w=80", [0; 4]),
    ] {
        let made = seen_as(&made(&original, &plan(query)).bytes, &Plan::default());
        assert_eq!((made.at(2, 2), made.at(made.width - 2, 2)), ([255, 0, 0, 255], paper), "{query}");
    }
    // As a mark, it brings no paper along.
    let below = Painting::new(40, 40, |_, _| [0, 0, 255, 255]).png();
    let marked = plan("mark=demo/mark.pdf&mark-w=40&mark-pad=0&mark-align=top,left&format=png");
    let made = seen(&transform::compose(&[&below, &original], &marked, &Limits::default()).unwrap().bytes);
    assert_eq!((made.at(2, 2), made.at(38, 38)), ([255, 0, 0, 255], [0, 0, 255, 255]));
}

#[test]
fn boxes_and_turns_of_a_page_are_kept() {
    let mut document = Document::default();
    let content = document.add_stream("", QUARTERS.as_bytes());
    document.add_page_with((18, 12), &format!("/Rotate 90 /Contents {content} 0 R"));
    document.add_page_with((18, 12), &format!("/CropBox [9 0 18 12] /Contents {content} 0 R"));
    document.add_page_with((18, 12), &format!("/Rotate -180 /CropBox [0 0 18 6] /Contents {content} 0 R"));
    let original = document.bytes();
    let [red, green, blue, white] = [[255, 0, 0, 255], [0, 255, 0, 255], [0, 0, 255, 255], [255; 4]];
    for (page, size, corners) in [
        (1, (16, 24), [blue, red, white, green]),
        (2, (12, 16), [green, green, white, white]),
        (3, (24, 8), [white, blue, white, blue]),
    ] {
        let made = seen_as(&original, &plan(&format!("page={page}")));
        let (right, bottom) = (made.width - 1, made.height - 1);
        assert_eq!((made.width, made.height), size, "{page}");
        let found = [made.at(0, 0), made.at(right, 0), made.at(0, bottom), made.at(right, bottom)];
        assert_eq!(found, corners, "{page}");
    }
}

#[test]
fn letters_are_drawn_in_the_fonts_that_each_reader_has() {
    for font in ["Helvetica", "Times-Bold", "Courier", "NowhereToBeFound"] {
        let resources = format!("/Font <</F <</Type /Font /Subtype /Type1 /BaseFont /{font}>>>>");
        let original = Document::page((60, 30), &resources, "BT /F 30 Tf 4 4 Td (Wm) Tj ET").bytes();
        let inked = seen_as(&original, &to(Format::Png)).pixels.iter().filter(|pixel| pixel[0] < 128).count();
        assert!((150..900).contains(&inked), "{font}: {inked}");
    }
}

/// What was meant to change is written with `UPDATE_GOLDENS=1`, and looked at.
#[test]
fn everything_looks_as_it_did() {
    let drawn = made(&fixture("everything.pdf"), &plan("w=480&format=png")).bytes;
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/everything-page.png");
        std::fs::write(path, &drawn).unwrap();
    }
    assert_alike(&seen(&drawn), &seen(&fixture("everything-page.png")), 38.0, "everything.pdf");
}

#[test]
fn what_only_a_password_opens_is_refused() {
    assert_eq!(
        transform(&fixture("locked.pdf"), &Plan::default()).unwrap_err().to_string(),
        "the PDF original uses a password, which is not supported"
    );
    // Encrypted, but to be read by everybody: it forbids only to be changed.
    let made = seen_as(&fixture("read-only.pdf"), &to(Format::Png));
    assert_alike(&made, &seen_as(&fixture("everything.pdf"), &to(Format::Png)), 38.0, "read-only.pdf");
}

#[test]
fn pages_are_as_large_as_they_may_be() {
    let original = Document::page((14400, 14400), "", "").bytes();
    let error = refused(&original);
    assert_eq!(error, TransformError::TooManyPixels { found: 19200 * 19200, limit: 100_000_000 });
    let lawful = Document::page((600, 800), "", "").bytes();
    let needed = |query: &str| memory_needed(&[&lawful], &plan(query), &Limits::default()) >> 20;
    assert!((96..160).contains(&needed("w=300")), "{}", needed("w=300"));
    assert!(needed("w=4000") > 500);
}

#[test]
fn pictures_in_a_page_have_limits() {
    let picture = |entries: &str, data: &[u8]| {
        let mut document = Document::default();
        let picture = document.add_stream(&format!("/Type /XObject /Subtype /Image {entries}"), data);
        let resources = format!("/XObject <</P {picture} 0 R>>");
        document.add_page((18, 12), &resources, "18 0 0 12 0 0 cm /P Do");
        document.bytes()
    };
    let grey = "/ColorSpace /DeviceGray /BitsPerComponent 8";
    let rgb = "/ColorSpace /DeviceRGB /BitsPerComponent 8";
    let jpeg = fixture("444.jpg");
    let lawful = picture(&format!("/Width 24 /Height 16 {rgb} /Filter /DCTDecode"), &jpeg);
    assert_alike(&seen_as(&lawful, &to(Format::Png)), &Painting::quarters(), 26.0, "a JPEG");
    let few = Limits { pixels: 24 * 16, ..Limits::default() };
    assert!(transform::transform(&lawful, &Plan::default(), &few).is_ok());

    let at = jpeg.windows(2).position(|window| window == [0xff, 0xc0]).unwrap() + 5;
    let mut huge = jpeg.clone();
    huge[at..at + 4].copy_from_slice(&[0xea, 0x60, 0xea, 0x60]);
    let mut jpeg_2000 = b"\xff\x4f\xff\x51\0\x29\0\0".to_vec();
    for number in [60_000u32, 60_000, 0, 0, 60_000, 60_000, 0, 0] {
        jpeg_2000.extend(number.to_be_bytes());
    }
    jpeg_2000.extend(b"\0\x01\x07\x01\x01");
    let bomb = "/Width 60000 /Height 60000";
    for (entries, data) in [
        (format!("{bomb} {grey}"), &b"x"[..]),
        (
            format!(
                "{bomb} {grey} /Filter /CCITTFaxDecode /DecodeParms <</K -1 /Columns 60000 /Rows 60000>>"
            ),
            b"x",
        ),
        (format!("{bomb} /ImageMask true /Filter /JBIG2Decode"), b"x"),
        (format!("/Width 24 /Height 16 {rgb} /Filter /DCTDecode"), &huge),
        (format!("/Width 24 /Height 16 {grey} /Filter /JPXDecode"), &jpeg_2000),
    ] {
        let error = refused(&picture(&entries, data));
        assert_eq!(
            error,
            TransformError::TooManyPixels { found: 3_600_000_000, limit: 100_000_000 },
            "{entries}"
        );
    }
}

#[test]
fn streams_that_unpack_to_more_than_there_is_room_for_are_refused() {
    use std::io::Write;
    let packed = |length: usize| {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        let zeros = vec![b' '; 1 << 20];
        (0..length >> 20).for_each(|_| encoder.write_all(&zeros).unwrap());
        encoder.finish().unwrap()
    };
    let original = |data: &[u8]| {
        let mut document = Document::default();
        let content = document.add_stream("/Filter /FlateDecode", data);
        document.add_page_with((18, 12), &format!("/Contents {content} 0 R"));
        document.bytes()
    };
    assert!(transform(&original(&packed(16 << 20)), &Plan::default()).is_ok());
    let error = refused(&original(&packed(160 << 20)));
    assert!(
        matches!(&error, TransformError::Unsupported { what, .. } if what.contains("streams")),
        "{error}"
    );
}

/// Each form draws the one before twice.
fn doubled(levels: usize) -> Vec<u8> {
    let mut document = Document::default();
    let form = "/Type /XObject /Subtype /Form /BBox [0 0 18 12]";
    let mut last = document.add_stream(form, b"0 0 18 12 re f");
    for _ in 0..levels {
        let entries = format!("{form} /Resources <</XObject <</A {last} 0 R>>>>");
        last = document.add_stream(&entries, b"/A Do /A Do");
    }
    document.add_page((18, 12), &format!("/XObject <</A {last} 0 R>>"), "/A Do");
    document.bytes()
}

#[test]
fn what_would_be_drawn_for_ever_ends_with_its_time() {
    let time = Duration::from_millis(500);
    let limits = Limits { time, ..Limits::default() };
    let started = Instant::now();
    let error = transform::transform(&doubled(45), &Plan::default(), &limits).unwrap_err();
    let too_many = |what: &str| what.contains("shapes");
    assert!(
        match &error {
            // Which of both it is depends on the machine.
            TransformError::OutOfTime { limit } => *limit == time,
            TransformError::Unsupported { what, .. } => too_many(what),
            _ => false,
        },
        "{error}"
    );
    assert!(started.elapsed() < FOR_EVER, "{:?}", started.elapsed());
    assert!(transform(&doubled(3), &Plan::default()).is_ok());
}

#[test]
fn documents_that_are_made_to_hurt_do_not() {
    let form = "/Type /XObject /Subtype /Form /BBox [0 0 18 12]";
    let mut itself = Document::default();
    let own = itself.next();
    itself.add_stream(&format!("{form} /Resources <</XObject <</A {own} 0 R>>>>"), b"/A Do");
    itself.add_page((18, 12), &format!("/XObject <</A {own} 0 R>>"), "/A Do");

    let mut masked = Document::default();
    let own = masked.next();
    let group = "/Group <</S /Transparency /CS /DeviceGray>>";
    masked.add_stream(
        &format!(
            "{form} {group} /Resources <</ExtGState <</G <</SMask <</S /Luminosity /G {own} 0 R>>>>>>>>"
        ),
        b"/G gs 0 0 18 12 re f",
    );
    let resources = format!("/ExtGState <</G <</SMask <</S /Luminosity /G {own} 0 R>>>>>>");
    masked.add_page((18, 12), &resources, "/G gs 0 0 18 12 re f");

    let mut tiled = Document::default();
    let own = tiled.next();
    let pattern =
        "/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 1 1] /XStep 0.001 /YStep 0.001";
    let inner = format!("{pattern} /Resources <</Pattern <</T {own} 0 R>>>>");
    tiled.add_stream(&inner, b"/Pattern cs /T scn 0 0 1 1 re f");
    tiled.add_page((18, 12), &format!("/Pattern <</T {own} 0 R>>"), "/Pattern cs /T scn 0 0 18 12 re f");

    let nested = |open: &str, close: &str| {
        Document::page((18, 12), "", &format!("{}0{} TJ", open.repeat(5000), close.repeat(5000)))
    };
    for (what, document) in [
        ("a form in itself", itself),
        ("a mask of itself", masked),
        ("a pattern of itself", tiled),
        ("many states", Document::page((18, 12), "", &"q ".repeat(100_000))),
        ("nested arrays", nested("[", "]")),
        ("nested dictionaries", nested("<</A ", ">>")),
        (
            "huge numbers",
            Document::page((18, 12), "", "1e30 w 1e38 -1e38 1e38 1e38 re S 0 0 m 1e30 1e30 l S"),
        ),
        ("fine dashes", Document::page((18, 12), "", "[0.0001] 0 d 0 0 m 18 12 l S")),
        ("no dashes", Document::page((18, 12), "", "[0 0] 0 d 0 0 m 18 12 l S")),
        ("finest dashes", Document::page((18, 12), "", "[1e-9] 0 d 0 0 m 18 12 l S")),
        (
            "a huge picture in the page",
            Document::page((18, 12), "", "BI /W 60000 /H 60000 /BPC 8 /CS /G ID x EI"),
        ),
        ("no size", Document::page((0, 0), "", QUARTERS)),
    ] {
        let started = Instant::now();
        let limits = Limits { time: Duration::from_secs(2), ..Limits::default() };
        let outcome = transform::transform(&document.bytes(), &resize(Some(60), None, Fit::Clip), &limits);
        assert!(!matches!(outcome, Err(TransformError::Panicked { .. })), "{what}: {outcome:?}");
        assert!(started.elapsed() < FOR_EVER, "{what} took {:?}", started.elapsed());
    }
}

/// Most of it is little for a small picture: it is weighed for the size at which it is to be drawn.
#[test]
fn what_takes_too_much_to_draw_is_refused_by_name_before_it_is_drawn() {
    let mut masked = Document::default();
    let group = "/Type /XObject /Subtype /Form /BBox [0 0 18 18] /Group <</S /Transparency /CS /DeviceGray>>";
    let (mut states, mut content) = (String::new(), String::new());
    for number in 0..8 {
        let mask = masked.add_stream(group, b"0 0 18 18 re f");
        states.push_str(&format!("/G{number} <</SMask <</S /Luminosity /G {mask} 0 R>>>>"));
        content.push_str(&format!("/G{number} gs 0 0 18 18 re f "));
    }
    masked.add_page((18, 18), &format!("/ExtGState <<{states}>>"), &content);

    let mut repeated = Document::default();
    let form = "/Type /XObject /Subtype /Form /BBox [0 0 18 18]";
    let form = repeated.add_stream(form, "0 0 1 1 re f ".repeat(1001).as_bytes());
    repeated.add_page((18, 18), &format!("/XObject <</A {form} 0 R>>"), &"/A Do ".repeat(1000));

    let tiled = |step: f64| {
        let mut tiled = Document::default();
        let pattern = "/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 18 18]";
        let pattern = format!("{pattern} /XStep {step} /YStep {step} /Resources <<>>");
        let pattern = tiled.add_stream(&pattern, b"0 0 9 9 re f");
        let resources = format!("/Pattern <</T {pattern} 0 R>>");
        tiled.add_page((18, 18), &resources, "/Pattern cs /T scn 0 0 18 18 re f");
        tiled
    };
    let page = |content: &str| Document::page((18, 18), "", content);
    for (document, side, expected) in [
        (
            page(&"0 0 18 18 re f ".repeat(130)),
            8192,
            "more shapes over each other than can be drawn at this size",
        ),
        (masked, 8192, "more masks than can be drawn at this size"),
        (tiled(18.0), 8192, "patterns whose cells are larger than can be drawn"),
        (tiled(0.01), 60, "patterns of more cells than can be drawn"),
        (repeated, 60, "more than 1000000 shapes on a page"),
        (page("[0.0001] 0 d 0 0 m 18 12 l S"), 60, "lines of more dashes than can be drawn"),
    ] {
        let error = transform(&document.bytes(), &resize(Some(side), None, Fit::Clip)).unwrap_err();
        assert_eq!(error.to_string(), format!("the PDF original uses {expected}, which is not supported"),);
    }
}

#[test]
fn what_is_no_document_says_so() {
    for bytes in [&b"%PDF-1.7"[..], b"%PDF-1.7\n%%EOF", b"%PDF-\xff\xff", &quarters()[..40]] {
        assert!(matches!(refused(bytes), TransformError::Corrupt { format: InputFormat::Pdf, .. }));
    }
    assert_eq!(
        refused(&Document::default().bytes()).to_string(),
        "the PDF original is corrupt: it has no pages"
    );
    // Without its table of objects, they are looked for.
    let mut torn = pages();
    torn.truncate(torn.len() - 60);
    assert_eq!(seen_as(&torn, &plan("page=3")).width, 120);
}

#[test]
fn every_format_is_made_of_a_page() {
    for format in Format::ALL {
        let wish = Plan { format: FormatWish::Exactly(format), ..Plan::default() };
        assert_alike(
            &seen(&made(&quarters(), &wish).bytes),
            &Painting::quarters(),
            20.0,
            &format.to_string(),
        );
    }
}
