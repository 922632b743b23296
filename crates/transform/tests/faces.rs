//! Faces: found, shown close, hidden, told.

mod documented;
mod pictures;

use pictures::{Painting, made, photograph, seen, seen_as, to, with_orientation};
use plan::{Format, FormatWish, Plan};
use serde_json::Value;

/// The middles of the two faces of [`Painting::portrait`].
const LARGE: (f64, f64) = (105.0, 120.0);
const SMALL: (f64, f64) = (265.0, 105.0);

fn told(original: &[u8], query: &str) -> Vec<[f64; 4]> {
    let json = made(original, &documented::plan(&format!("format=json&faces=1{query}"))).bytes;
    let json: Value = serde_json::from_slice(&json).unwrap();
    let number = |face: &Value, name: &str| face[name].as_f64().unwrap();
    let faces = json["picture"]["faces"].as_array().unwrap().iter();
    faces.map(|face| ["x", "y", "width", "height"].map(|name| number(face, name))).collect()
}

/// Whether the faces that are found stand about there.
#[track_caller]
fn assert_found(found: &[[f64; 4]], expected: &[(f64, f64)], off: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}: {found:?}");
    for ([x, y, width, height], expected) in found.iter().zip(expected) {
        let middle = (x + width / 2.0, y + height / 2.0);
        assert!(
            (middle.0 - expected.0).hypot(middle.1 - expected.1) <= off,
            "{what}: {found:?} {expected:?}"
        );
    }
}

#[test]
fn faces_are_told_in_pixels_of_the_picture() {
    let portrait = Painting::portrait().png();
    let twice = |(x, y): (f64, f64)| (2.0 * x, 2.0 * y);
    for (query, expected, off) in [
        ("", vec![LARGE, SMALL], 12.0),
        ("&w=720", vec![twice(LARGE), twice(SMALL)], 24.0),
        (
            "&pad=20&border=10,red",
            vec![(LARGE.0 + 30.0, LARGE.1 + 30.0), (SMALL.0 + 30.0, SMALL.1 + 30.0)],
            12.0,
        ),
        ("&flip=h", vec![(360.0 - SMALL.0, SMALL.1), (360.0 - LARGE.0, LARGE.1)], 12.0),
        ("&rect=180,0,180,240", vec![(SMALL.0 - 180.0, SMALL.1)], 12.0),
        ("&w=180&h=240&fit=crop&crop=right", vec![(SMALL.0 - 180.0, SMALL.1)], 12.0),
        // Heads that lie are not looked for.
        ("&rot=90", vec![], 0.0),
        ("&invert=1", vec![LARGE, SMALL], 12.0),
        ("&w=30", vec![(LARGE.0 / 12.0, LARGE.1 / 12.0), (SMALL.0 / 12.0, SMALL.1 / 12.0)], 1.5),
    ] {
        assert_found(&told(&portrait, query), &expected, off, query);
    }
    assert_eq!(told(&Painting::landscape().png(), ""), Vec::<[f64; 4]>::new());
    assert_eq!(told(&Painting::disc(30).png(), ""), Vec::<[f64; 4]>::new());
}

#[test]
fn every_way_to_decode_finds_the_same() {
    let portrait = Painting::portrait();
    for format in Format::ALL {
        let original = made(&portrait.png(), &Plan { quality: "95".parse().ok(), ..to(format) }).bytes;
        assert_found(&told(&original, ""), &[LARGE, SMALL], 12.0, &format.to_string());
    }
    // A large JPEG is decoded small, and turned as its metadata say.
    let large = Plan { quality: "90".parse().ok(), ..documented::plan("w=2880&format=jpeg") };
    let large = made(&portrait.png(), &large).bytes;
    let times = |factor: f64| [LARGE, SMALL].map(|(x, y)| (factor * x, factor * y));
    assert_found(&told(&large, ""), &times(8.0), 96.0, "large");
    assert_found(&told(&large, "&w=90"), &times(0.25), 4.0, "large, shown small");
    let lying = Plan { quality: "90".parse().ok(), ..documented::plan("rot=90&format=jpeg") };
    let lying = with_orientation(&made(&portrait.png(), &lying).bytes, 6);
    assert_found(&told(&lying, ""), &[LARGE, SMALL], 12.0, "turned");
}

#[test]
fn what_is_cut_off_is_not_a_face() {
    let portrait = Painting::portrait().png();
    let of = |query: &str| told(&portrait, query);
    for (query, faces) in [
        ("&w=120&h=240&fit=crop", 0),
        ("&w=120&h=240&fit=crop&crop=faces", 1),
        ("&w=300&h=240&fit=crop&crop=faces", 2),
        ("&w=200&h=200&fit=facearea", 2),
        ("&w=200&h=200&fit=facearea&faceindex=2&facepad=1.5", 1),
        ("&w=200&h=200&fit=facearea&faceindex=3", 2),
    ] {
        let whole = |[_, _, width, height]: &&[f64; 4]| *width > 40.0 && *height > 40.0;
        assert_eq!(of(query).iter().filter(whole).count(), faces, "{query}: {:?}", of(query));
    }
    // Close: the face is as wide as the picture.
    let [[x, _, width, _]] = of("&w=200&h=200&fit=facearea&faceindex=1")[..] else { panic!("one") };
    assert!(x <= 1.0 && width >= 198.0, "{x} {width}");
    let [[_, _, width, _]] = of("&w=200&h=200&fit=facearea&faceindex=1&facepad=2")[..] else { panic!("one") };
    assert!((95.0..=105.0).contains(&width), "{width}");
}

#[test]
fn without_faces_it_is_as_if_nobody_had_asked_for_them() {
    let landscape = Painting::landscape().png();
    for (with, without) in [
        ("w=60&h=60&fit=crop&crop=faces", "w=60&h=60&fit=crop"),
        ("w=60&h=60&fit=crop&crop=faces,left", "w=60&h=60&fit=crop&crop=left"),
        ("w=60&h=60&fit=crop&crop=faces,entropy", "w=60&h=60&fit=crop&crop=entropy"),
        ("w=60&h=60&fit=facearea&crop=right", "w=60&h=60&fit=crop&crop=right"),
        ("w=80&face-blur=20", "w=80"),
        ("w=80&face-fill=red", "w=80"),
        // One side alone cuts nothing off.
        ("w=60&fit=facearea", "w=60"),
    ] {
        let [with_them, without_them] =
            [with, without].map(|query| seen_as(&landscape, &documented::plan(query)));
        assert!(with_them == without_them, "{with}");
    }
}

#[test]
fn a_close_face_is_as_sharp_as_the_original_allows() {
    let portrait = Painting::portrait().png();
    let large = Plan { quality: "95".parse().ok(), ..documented::plan("w=1440&format=jpeg") };
    let jpeg = made(&portrait, &large).bytes;
    let png = seen(&jpeg).png();
    // A JPEG is first decoded as large as it takes to find the face, and then again.
    let plan = documented::plan("w=300&h=300&fit=facearea&faceindex=2");
    let detail = |original: &[u8]| {
        let made = seen_as(original, &plan);
        made.pixels.windows(2).map(|two| u32::from(two[0][0].abs_diff(two[1][0]))).sum::<u32>()
    };
    let (one, other) = (f64::from(detail(&jpeg)), f64::from(detail(&png)));
    assert!((one / other - 1.0).abs() < 0.1, "{one} {other}");
}

#[test]
fn hidden_faces_are_not_found_again() {
    let portrait = Painting::portrait();
    for query in ["face-pixel=25", "face-blur=15", "face-fill=slategray"] {
        for format in ["png", "jpeg", "webp"] {
            let hidden = made(&portrait.png(), &documented::plan(&format!("{query}&format={format}"))).bytes;
            assert_eq!(told(&hidden, ""), Vec::<[f64; 4]>::new(), "{query} {format}");
            let hidden = seen(&hidden);
            // Between the heads nothing has changed but for what the encoder does.
            let off =
                (0..3).map(|index| hidden.at(185, 20)[index].abs_diff(portrait.at(185, 20)[index])).max();
            assert!(off <= Some(6), "{query} {format}: {off:?}");
        }
    }
}

#[test]
fn faces_are_hidden_in_every_frame_as_they_move() {
    let portrait = Painting::portrait();
    let shifted = Painting::new(360, 240, |x, y| portrait.at(x, (y + 230) % 240));
    let mut gif = Vec::new();
    let mut encoder = gif::Encoder::new(&mut gif, 360, 240, &[]).unwrap();
    let mirrored = Painting::new(360, 240, |x, y| portrait.at(359 - x, y));
    for painting in [&portrait, &mirrored, &shifted] {
        let mut rgba = painting.pixels.as_flattened().to_vec();
        encoder.write_frame(&gif::Frame::from_rgba_speed(360, 240, &mut rgba, 10)).unwrap();
    }
    drop(encoder);
    let moving = made(&gif, &documented::plan("face-fill=slategray&format=webp&lossless=1")).bytes;
    for (number, painting) in (1..).zip([&portrait, &mirrored, &shifted]) {
        assert_eq!(told(&painting.png(), "").len(), 2, "{number}");
        assert_eq!(told(&moving, &format!("&frame={number}")), Vec::<[f64; 4]>::new(), "{number}");
    }
}

#[test]
fn whatever_is_painted_there_is_an_end_to_looking() {
    // Noise, squares and eyes everywhere: more candidates than any photograph has.
    let noise =
        |x: u32, y: u32| (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503) ^ (x * y)).to_le_bytes()[1];
    let portrait = Painting::portrait();
    let paintings = [
        Painting::new(640, 640, |x, y| [noise(x, y), noise(y, x), noise(x, y), 255]),
        Painting::new(640, 640, |x, y| if (x / 9 + y / 9) % 2 == 0 { [0, 0, 0, 255] } else { [255; 4] }),
        Painting::new(640, 640, |x, y| portrait.at(60 + x % 90, 70 + y % 100)),
        Painting::new(640, 640, |x, y| portrait.at(60 + (x * 2) % 90, 70 + (y * 2) % 100)),
        Painting::waves(640, 640),
    ];
    for (number, painting) in paintings.iter().enumerate() {
        // Or it would be out of time.
        let found = told(&painting.png(), "").len();
        assert!(found <= 100, "{number}: {found}");
    }
    for (width, height) in [(1, 1), (1, 900), (900, 1), (39, 39), (40, 40), (41, 640), (2, 2)] {
        told(&Painting::waves(width, height).png(), "");
    }
}

#[test]
fn landscapes_have_no_faces() {
    for name in ["Landscape_1.jpg", "flowers.jpeg", "p6.jpg", "p12.jpg", "a_paper.png"] {
        let Some(photograph) = photograph(name) else { continue };
        let found = told(&photograph, "");
        assert!(found.is_empty(), "{name}: {found:?}");
    }
}

#[test]
fn faces_are_only_told_when_asked_for() {
    let plan = documented::plan("format=json");
    assert!(!plan.looks_for_faces() && matches!(plan.format, FormatWish::Described(_)));
    let json = made(&Painting::portrait().png(), &plan).bytes;
    assert!(!String::from_utf8(json).unwrap().contains("faces"));
}
