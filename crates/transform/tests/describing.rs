//! What is told of a picture instead of showing it.

mod documented;
mod pictures;

use pictures::{Painting, fixture, made, moving_gif, painted, photograph, transform, with_orientation};
use plan::{Description, FormatWish, OutputFormat, Plan};
use serde_json::Value;
use transform::InputFormat;

fn told(original: &[u8], query: &str) -> String {
    let derivative = made(original, &documented::plan(query));
    assert!(matches!(derivative.format, OutputFormat::Described(_)), "{query}");
    String::from_utf8(derivative.bytes).unwrap()
}

fn json(original: &[u8], query: &str) -> Value {
    serde_json::from_str(&told(original, query)).unwrap()
}

/// Three quarters sky, one quarter red earth.
fn flag() -> Painting {
    Painting::new(120, 80, |_, y| if y < 60 { [60, 120, 200, 255] } else { [190, 40, 30, 255] })
}

#[test]
fn every_format_tells_what_it_is() {
    for from in painted() {
        let original = flag().original(from);
        let info = json(&original, "format=json");
        let fact = |name: &str| info["original"][name].clone();
        assert_eq!(fact("format"), from.to_string().to_ascii_lowercase());
        assert_eq!(fact("media_type"), from.media_type());
        assert_eq!(fact("bytes"), original.len());
        assert_eq!((fact("width"), fact("height"), fact("frames")), (120.into(), 80.into(), 1.into()));
        assert_eq!(fact("color_space"), "srgb");
        assert_eq!(info["picture"]["width"], 120);
        let dominant = info["picture"]["dominant_color"].as_str().unwrap().to_owned();
        let channel = |at: usize| i32::from_str_radix(&dominant[at..at + 2], 16).unwrap();
        for (at, expected) in [(1, 60), (3, 120), (5, 200)] {
            assert!((channel(at) - expected).abs() <= 8, "{from}: {dominant}");
        }
    }
}

#[test]
fn the_picture_is_told_as_the_url_would_make_it() {
    let original = flag().png();
    for (query, width, height) in [
        ("format=json&w=60", 60, 40),
        ("format=json&w=1000&h=1000&fit=crop", 1000, 1000),
        ("format=json&rot=90", 80, 120),
        ("format=json&pad=10", 140, 100),
        ("format=json&trim=color&trim-tol=1", 120, 20),
        ("format=json&trim=color&trim-tol=1&w=240", 240, 40),
    ] {
        let picture = &json(&original, query)["picture"];
        assert_eq!((&picture["width"], &picture["height"]), (&width.into(), &height.into()), "{query}");
        let derivative = made(&original, &Plan { format: FormatWish::Original, ..documented::plan(query) });
        assert_eq!((derivative.size.width, derivative.size.height), (width, height), "{query}");
    }
    // Trimmed, only the earth is left.
    let trimmed = json(&original, "format=json&trim=color&trim-tol=1");
    assert_eq!(trimmed["picture"]["dominant_color"], "#be281e");
}

#[test]
fn what_turns_moves_or_can_be_seen_through_says_so() {
    let turned = with_orientation(&flag().original(InputFormat::Jpeg), 6);
    let info = json(&turned, "format=json");
    assert_eq!(info["original"]["orientation"], 6);
    assert_eq!((&info["original"]["width"], &info["original"]["height"]), (&80.into(), &120.into()));
    assert_eq!(json(&moving_gif(), "format=json")["original"]["frames"], 3);
    assert_eq!(json(&fixture("grey.jpg"), "format=json")["original"]["color_space"], "gray");
    let disc = json(&Painting::disc(40).png(), "format=json");
    assert_eq!((&disc["original"]["alpha"], &disc["picture"]["opaque"]), (&true.into(), &false.into()));
}

#[test]
fn a_photograph_tells_how_it_was_taken_and_never_where() {
    let Some(photograph) = photograph("Landscape_6.jpg") else { return };
    let told = told(&photograph, "format=json").to_ascii_lowercase();
    for word in ["gps", "latitude", "serial"] {
        assert!(!told.contains(word), "{told}");
    }
}

#[test]
fn a_palette_has_the_most_frequent_colours_first() {
    let png = flag().png();
    let palette = json(&png, "palette=json&colors=2");
    let colours = palette["colors"].as_array().unwrap();
    assert_eq!((&colours[0]["hex"], &colours[1]["hex"]), (&"#3c78c8".into(), &"#be281e".into()));
    assert_eq!((&colours[0]["share"], &colours[1]["share"]), (&0.75.into(), &0.25.into()));
    assert_eq!(palette["dominant_color"], "#3c78c8");
    assert_eq!(
        told(&png, "palette=css&colors=1&rect=0,70,120,10"),
        ".image-fg-1 { color: #be281e !important; }\n.image-bg-1 { background-color: #be281e !important; }\n"
    );
    // What cannot be seen has no colour.
    let nothing = Painting::new(9, 9, |_, _| [200, 0, 0, 0]).png();
    assert_eq!(json(&nothing, "palette=json")["colors"], Value::Array(Vec::new()));
    let sixteen = json(&Painting::landscape().png(), "palette=json&colors=16");
    assert_eq!(sixteen["colors"].as_array().unwrap().len(), 16);
}

#[test]
fn hashes_and_placeholders_are_short_and_follow_the_picture() {
    let landscape = Painting::landscape().png();
    for (query, most) in [("format=blurhash", 28), ("format=thumbhash", 36), ("format=lqip", 700)] {
        let whole = told(&landscape, query);
        assert!(whole.len() <= most && whole.is_ascii(), "{query}: {whole}");
        // The size of what would be made does not matter, its contents do.
        let part = told(&landscape, &format!("{query}&rect=0,0,60,60"));
        assert_ne!(whole, part, "{query}");
    }
    let address = told(&Painting::disc(64).png(), "format=lqip");
    let webp = address.strip_prefix("data:image/webp;base64,").unwrap();
    let webp = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, webp).unwrap();
    let tiny = pictures::seen(&webp);
    assert_eq!((tiny.width, tiny.height, tiny.at(0, 0)[3]), (20, 20, 0));
}

#[test]
fn a_drawing_of_a_few_shapes_is_small_and_always_the_same() {
    let landscape = Painting::landscape().png();
    for (query, element, shapes) in [
        ("format=primitive", "<path", 21),
        ("format=primitive&shape=rectangle&shapes=5", "<path", 6),
        ("format=primitive&shape=ellipse&shapes=40&w=600", "<ellipse", 40),
    ] {
        let svg = told(&landscape, query);
        assert!(
            svg.starts_with("<svg ") && svg.ends_with("</g></svg>") && svg.len() < 4000,
            "{query}: {svg}"
        );
        let found = svg.matches(element).count();
        // Where none gains anything there is one less.
        assert!((shapes * 3 / 4..=shapes).contains(&found), "{query}: {svg}");
        assert_eq!(told(&landscape, query), svg);
    }
    assert!(told(&landscape, "format=primitive&w=600").contains("width=\"600\" height=\"400\""));
}

#[test]
fn sizes_down_to_one_pixel_can_be_told() {
    for (width, height) in [(1, 1), (1, 300), (300, 1), (3, 5)] {
        let original = Painting::waves(width, height).png();
        for description in Description::FORMATS {
            let plan = Plan { format: FormatWish::Described(description), ..Plan::default() };
            let derivative = made(&original, &plan);
            assert_eq!(derivative.format, OutputFormat::Described(description));
            assert_eq!((derivative.size.width, derivative.size.height), (width, height));
        }
    }
}

#[test]
fn what_cannot_be_decoded_is_not_told() {
    let mut broken = flag().original(InputFormat::Jpeg);
    broken.truncate(300);
    assert!(transform(&broken, &documented::plan("format=json")).is_err());
}
