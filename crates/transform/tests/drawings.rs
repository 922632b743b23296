//! SVG: drawn at the size that is wished for, handed on clean, and no more trouble than a picture.

mod pictures;

use pictures::{FOR_EVER, Painting, assert_alike, fixture, made, resize, seen, seen_as, to, transform};
use plan::{
    Accepted, Crop, Cut, Description, Fit, Format, FormatWish, Mark, OutputFormat, Plan, Resize, Size, TrimBy,
};
use transform::{InputFormat, Limits, TransformError, header, memory_needed, needs_letters, sniff};

/// Red, green / blue, white; twelve by eight of its own units, on twice as many pixels.
const QUARTERS: &str = "<svg xmlns='http://www.w3.org/2000/svg' width='24' height='16' viewBox='0 0 12 8'>\
    <path fill='red' d='M0 0h6v4H0z'/><path fill='lime' d='M6 0h6v4H6z'/>\
    <path fill='blue' d='M0 4h6v4H0z'/><path fill='white' d='M6 4h6v4H6z'/></svg>";

fn svg(inner: &str) -> Vec<u8> {
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' \
         width='60' height='40'>{inner}</svg>"
    )
    .into_bytes()
}

fn refused(inner: &str) -> String {
    transform(&svg(inner), &to(Format::Png)).unwrap_err().to_string()
}

#[test]
fn a_drawing_is_what_it_says() {
    let header = header(QUARTERS.as_bytes(), &Limits::default()).unwrap();
    assert_eq!((header.format, header.upright, header.alpha), (InputFormat::Svg, Size::new(24, 16), true));
    assert_eq!(seen(&made(QUARTERS.as_bytes(), &to(Format::Png)).bytes), Painting::quarters());
}

#[test]
fn edges_stay_sharp_at_every_size() {
    for (plan, width, height) in [
        (resize(Some(480), None, Fit::Clip), 480, 320),
        (resize(Some(333), Some(77), Fit::Scale), 333, 77),
        (resize(Some(6), Some(4), Fit::Clip), 6, 4),
        // Half of it is cut off on the left and on the right.
        (resize(Some(300), Some(400), Fit::Crop), 300, 400),
        (Plan { rotation: "90".parse().unwrap(), ..resize(Some(320), None, Fit::Clip) }, 320, 480),
    ] {
        let made = seen_as(QUARTERS.as_bytes(), &plan);
        assert_eq!((made.width, made.height), (width, height));
        let colours = [[255, 0, 0, 255], [0, 255, 0, 255], [0, 0, 255, 255], [255; 4]];
        // Where an edge comes between two pixels, these share it.
        let mixed = made.pixels.iter().filter(|pixel| !colours.contains(pixel)).count();
        assert!(mixed <= (width + height) as usize, "{mixed} of {width}x{height} are none of its colours");
    }
}

#[test]
fn a_small_part_is_drawn_large() {
    let cut: Cut = "0.45,0.4,0.1,0.2".parse().unwrap();
    let plan = Plan { cut: Some(cut), ..resize(Some(900), Some(1200), Fit::Scale) };
    let made = seen_as(QUARTERS.as_bytes(), &plan);
    let colours = [[255, 0, 0, 255], [0, 255, 0, 255], [0, 0, 255, 255], [255; 4]];
    let mixed = made.pixels.iter().filter(|pixel| !colours.contains(pixel)).count();
    assert!(mixed <= 2100, "{mixed}");
    assert_eq!([made.at(2, 2), made.at(897, 2), made.at(2, 1197), made.at(897, 1197)], colours);
}

#[test]
fn operations_work_on_drawings_as_on_pictures() {
    let png = Painting::quarters().png();
    let plan = |query: &str| {
        let request = dialect::Request { path: "/demo/a.svg", query: Some(query), accept: None };
        dialect::native::parse(&request).unwrap().delivery.plan
    };
    for query in [
        "w=48&h=48&fit=fill&bg=gold",
        "rot=180&gray=1",
        "trim=color&trim-color=ff0000&trim-tol=1&w=24",
        "w=24&h=24&fit=crop&crop=entropy",
        "w=24&mask=ellipse&border=2,navy",
        "rot=20&w=48&bg=white",
        "flip=h&duotone=000000,ffffff&pad=3",
        "w=96&txt=Hi&txt-size=20",
    ] {
        let (drawn, pictured) = (seen_as(QUARTERS.as_bytes(), &plan(query)), seen_as(&png, &plan(query)));
        // The picture is blurred where it is enlarged.
        assert_alike(&drawn, &pictured, 15.0, query);
    }
}

#[test]
fn without_operations_a_drawing_stays_one() {
    let original = svg("<script>alert(1)</script><path onload='a()' d='M0 0h9v9z'/>");
    for format in [FormatWish::Original, FormatWish::Svg] {
        let kept = made(&original, &Plan { format, ..Plan::default() });
        assert_eq!((kept.format, kept.size), (OutputFormat::Svg, Size::new(60, 40)));
        assert_eq!(
            String::from_utf8(kept.bytes).unwrap(),
            "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" \
             width=\"60\" height=\"40\"><path d=\"M0 0h9v9z\"/></svg>"
        );
    }
    let drawn = |plan: Plan| made(&original, &plan).format;
    assert_eq!(drawn(resize(Some(60), None, Fit::Clip)), Format::Png);
    assert_eq!(drawn(to(Format::Webp)), Format::Webp);
    assert_eq!(drawn(Plan { format: FormatWish::Auto(Accepted::Basic), ..Plan::default() }), Format::Png);
    let opaque = made(QUARTERS.as_bytes(), &resize(Some(60), None, Fit::Clip));
    assert_eq!(opaque.format, Format::Jpeg);
    let json = made(&original, &Plan { format: FormatWish::Described(Description::Info), ..Plan::default() });
    let json = String::from_utf8(json.bytes).unwrap();
    assert!(json.contains("\"format\":\"svg\"") && json.contains("\"width\":60"), "{json}");
}

#[test]
fn only_a_drawing_becomes_one() {
    let plan = Plan { format: FormatWish::Svg, ..Plan::default() };
    let error = transform(&Painting::quarters().png(), &plan).unwrap_err();
    assert_eq!(error, TransformError::NotDrawn { found: InputFormat::Png });
}

#[test]
fn what_is_handed_on_looks_as_what_is_drawn() {
    let original = fixture("everything.svg");
    let kept = made(&original, &Plan::default()).bytes;
    assert_eq!(sniff(&kept), Some(InputFormat::Svg));
    assert_eq!(seen_as(&kept, &to(Format::Png)), seen_as(&original, &to(Format::Png)));
    assert_eq!(made(&kept, &Plan::default()).bytes, kept);
}

/// Of an outline that goes wrong, what is before that would be drawn (SVG 2 §9.5.4).
#[test]
fn what_is_not_handed_on_is_not_drawn() {
    let original = svg("<path d='M0 0h60v40H0z @'/><path fill='red' d='M20 10h20v20H20z'/>");
    let kept = made(&original, &Plan::default()).bytes;
    let drawn = seen_as(&original, &to(Format::Png));
    assert_eq!((drawn.at(5, 5), drawn.at(30, 20)), ([0; 4], [255, 0, 0, 255]));
    assert_eq!(seen_as(&kept, &to(Format::Png)), drawn);
}

/// What was meant to change is written with `UPDATE_GOLDENS=1`, and looked at.
#[test]
fn everything_looks_as_it_did() {
    let original = fixture("everything.svg");
    let drawn =
        transform::compose(&[&original, &font()], &to(Format::Png), &Limits::default()).unwrap().bytes;
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/everything.png"), &drawn)
            .unwrap();
    }
    assert_alike(&seen(&drawn), &seen(&fixture("everything.png")), 38.0, "everything.svg");
}

fn font() -> Vec<u8> {
    std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../renderer/fonts/DejaVuSans.ttf")).unwrap()
}

#[test]
fn letters_are_drawn_in_the_fonts_that_come_along() {
    let original = svg("<text x='2' y='30' font-size='30' font-family='Nowhere'>Wm</text>");
    assert!(needs_letters(&original) && !needs_letters(QUARTERS.as_bytes()) && !needs_letters(b"<text"));
    let font = font();
    let drawn = |inputs: &[&[u8]]| {
        let made = transform::compose(inputs, &to(Format::Png), &Limits::default()).unwrap();
        seen(&made.bytes).pixels.iter().filter(|pixel| pixel[3] > 128).count()
    };
    assert_eq!(drawn(&[&original]), 0);
    let inked = drawn(&[&original, &font]);
    assert!((200..900).contains(&inked), "{inked}");
}

#[test]
fn a_mark_that_is_drawn_is_as_sharp_as_it_is_large() {
    let mark = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 2 1'>\
        <path d='M0 0h1v1H0z'/><path fill='red' d='M1 0h1v1H1z'/></svg>";
    let mut plan = to(Format::Png);
    plan.marks[0] = Mark { picture: "demo/mark.svg".parse().ok(), ..plan.marks[0].clone() };
    let request = dialect::Request {
        path: "/demo/a.png",
        query: Some("mark=demo/mark.svg&mark-w=100&mark-align=top,left&mark-pad=0&format=png"),
        accept: None,
    };
    let plan = dialect::native::parse(&request).unwrap().delivery.plan;
    let below = Painting::new(200, 100, |_, _| [255; 4]).png();
    let made = transform::compose(&[&below, mark.as_bytes()], &plan, &Limits::default()).unwrap();
    let made =
        transform::compose(&[&made.bytes], &resize(Some(200), None, Fit::Clip), &Limits::default()).unwrap();
    let seen = seen_as(&made.bytes, &Plan::default());
    assert_eq!([seen.at(48, 25), seen.at(51, 25)], [[0, 0, 0, 255], [255, 0, 0, 255]]);
}

#[test]
fn drawings_that_are_made_to_hurt_are_refused() {
    let doubled = |step: &str| {
        let steps: String = (1..40)
            .map(|n| step.replace("{n}", &n.to_string()).replace("{m}", &(n - 1).to_string()))
            .collect();
        format!("<defs><g id='a0'><path d='M0 0h60v40z'/></g>{steps}</defs>")
    };
    let uses = doubled("<g id='a{n}'><use xlink:href='#a{m}'/><use xlink:href='#a{m}'/></g>");
    let patterns = doubled(
        "<pattern id='p{n}' width='1' height='1'><rect width='60' height='40' fill='url(#p{m})'/>\
         <rect width='60' height='40' fill='url(#p{m})'/></pattern>",
    );
    let masks = doubled(
        "<mask id='m{n}'><rect width='60' height='40' mask='url(#m{m})'/><rect width='60' height='40' mask='url(#m{m})'/></mask>",
    );
    let chain: String =
        (1..250).map(|n| format!("<g id='c{n}'><use xlink:href='#c{}'/></g>", n - 1)).collect();
    let rules = format!("<style>{}</style>{}", "g{fill:url(#a)}".repeat(5000), "<g/>".repeat(5000));
    let deep = format!("{}<path/>{}", "<g opacity='.9'>".repeat(90), "</g>".repeat(90));
    for (inner, expected) in [
        (format!("{uses}<use xlink:href='#a39'/>"), "elements"),
        (format!("<g id='c0'/>{chain}<use xlink:href='#c249'/>"), "elements within more than 200 others"),
        (rules, "more than 20000000 elements times rules"),
        (format!("{patterns}<rect width='60' height='40' fill='url(#p39)'/>"), ""),
        (format!("{masks}<rect width='60' height='40' mask='url(#m39)'/>"), ""),
        (format!("<defs><g id='deep'>{deep}</g></defs>{}<use xlink:href='#deep'/>{}", "<g opacity='.9'>".repeat(90), "</g>".repeat(90)), ""),
        (deep, ""),
        (
            "<filter id='f'><feTurbulence baseFrequency='1' numOctaves='2000000000'/></filter>\
             <rect width='60' height='40' filter='url(#f)'/>"
                .to_owned(),
            "filters",
        ),
        (
            format!("{}<rect width='60' height='40' filter='url(#f)'/>", format_args!(
                "<filter id='f'>{}</filter>", "<feMorphology radius='60'/>".repeat(3000))),
            "",
        ),
        (
            "<pattern id='p' patternUnits='userSpaceOnUse' width='1e6' height='1e6'><path d='M0 0h9v9z'/></pattern>\
             <rect width='60' height='40' fill='url(#p)'/>"
                .to_owned(),
            "patterns",
        ),
        ("<g id='a'><use xlink:href='#a'/></g>".to_owned(), ""),
        ("<pattern id='p' width='1' height='1'><rect width='9' height='9' fill='url(#p)'/></pattern><rect fill='url(#p)' width='9' height='9'/>".to_owned(), ""),
        ("<path d='M0 0 1e38 1e38 -1e38 1e38z' stroke='red' stroke-width='1e38' stroke-dasharray='1e-9'/>".to_owned(), ""),
        ("<g transform='scale(1e30)'><circle r='1e30' filter='blur(1e30px)'/></g>".to_owned(), ""),
    ] {
        let started = std::time::Instant::now();
        match transform(&svg(&inner), &resize(Some(60), Some(40), Fit::Clip)) {
            Ok(_) => assert!(expected.is_empty(), "{inner:.200} was drawn"),
            Err(TransformError::Unsupported { what, .. }) => assert!(what.contains(expected), "{what}"),
            Err(error) => panic!("{inner:.200}: {error}"),
        }
        assert!(started.elapsed() < FOR_EVER, "{inner:.200} took {:?}", started.elapsed());
    }
    assert!(refused("<g>").contains("corrupt"));
}

#[test]
fn pictures_within_a_drawing_have_limits() {
    let picture = Painting::waves(40, 40).svg();
    let text = String::from_utf8(picture.clone()).unwrap();
    let limits = Limits { pixels: 1599, ..Limits::default() };
    let small = text.replacen("width='40' height='40'", "width='4' height='4'", 1).into_bytes();
    let seen_with = |limits: &Limits| {
        let made = transform::transform(&small, &to(Format::Png), limits).unwrap();
        seen(&made.bytes).pixels.iter().any(|pixel| pixel[3] > 0)
    };
    assert!(seen_with(&Limits::default()) && !seen_with(&limits));
}

#[test]
fn the_header_is_checked_before_anything_is_drawn() {
    let large = "<svg xmlns='http://www.w3.org/2000/svg' width='100000' height='100000'/>";
    let error = transform(large.as_bytes(), &to(Format::Png)).unwrap_err();
    assert!(matches!(error, TransformError::TooManyPixels { .. }));
    let plan = resize(Some(2000), None, Fit::Clip);
    let needed = memory_needed(&[QUARTERS.as_bytes()], &plan, &Limits::default());
    assert!((100 << 20..400 << 20).contains(&needed), "{needed}");
    let plan = Plan { resize: Resize { width: Some(100), ..Resize::default() }, ..Plan::default() };
    assert!(memory_needed(&[QUARTERS.as_bytes()], &plan, &Limits::default()) < 64 << 20);
}

#[test]
fn a_drawing_is_trimmed_and_looked_at_at_its_own_size() {
    let original = svg("<path fill='orange' d='M10.5 10h20v20h-20z'/>");
    let mut plan = resize(Some(300), None, Fit::Clip);
    plan.trim.by = Some(TrimBy::Alpha);
    let made = seen_as(&original, &plan);
    assert!((made.width, made.height) == (300, 286) && made.at(150, 140) == [255, 165, 0, 255]);
    let plan = Plan { background: Default::default(), ..resize(Some(40), Some(40), Fit::Crop) };
    let plan = Plan { resize: Resize { crop: Crop::Entropy, ..plan.resize }, ..plan };
    assert_eq!(made_at_left(&original, &plan), [255, 165, 0, 255]);
}

fn made_at_left(original: &[u8], plan: &Plan) -> [u8; 4] {
    seen_as(original, plan).at(14, 14)
}
