//! URLs and deliveries, there and back.

mod refusals;

use super::*;
use expect_test::{Expect, expect};
use plan::{Accepted, Dpr, Fit, Format, FormatWish, Quality, QualityWish, Resize};
use proptest::prelude::*;

fn parse_url(url: &str, accept: Option<&str>) -> Result<Delivery, BadRequest> {
    let (path, query) = match url.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (url, None),
    };
    parse(&Request { path, query, accept }).map(|parsed| parsed.delivery)
}

#[track_caller]
fn check(url: &str, expected: Expect) {
    let actual = match parse_url(url, None) {
        Ok(delivery) => canonical(&delivery),
        Err(error) => error.to_string(),
    };
    expected.assert_eq(&actual);
}

#[test]
fn every_spelling_of_a_delivery_has_one_canonical_url() {
    check("/demo/cat.jpg", expect!["/demo/cat.jpg"]);
    check("/demo/cat.jpg?", expect!["/demo/cat.jpg"]);
    check(
        "/demo/a%20b/cat.jpg?dpr=2.0&q=80&format=auto&fit=crop&h=200&w=300",
        expect!["/demo/a%20b/cat.jpg?w=300&h=200&fit=crop&format=auto&q=80&dpr=2"],
    );
    check("/demo/cat.jpg?q=auto", expect!["/demo/cat.jpg?q=auto:75"]);
    check("/demo/cat.jpg?q=codec%3A60", expect!["/demo/cat.jpg?q=codec:60"]);
    check("/demo/cat.jpg?format=jpg", expect!["/demo/cat.jpg?format=jpeg"]);
    check("/demo/cat.jpg?format=original&fit=clip&dpr=1", expect!["/demo/cat.jpg"]);
    check("/demo/cat.jpg?&w=1&&h=16384&", expect!["/demo/cat.jpg?w=1&h=16384"]);
    check("/demo/cat.jpg?%77=%31", expect!["/demo/cat.jpg?w=1"]);
    check("/demo/cat.jpg?dpr=0.1", expect!["/demo/cat.jpg?dpr=0.1"]);
    check("/demo/cat.jpg?dpr=2.63&fit=scale", expect!["/demo/cat.jpg?fit=scale&dpr=2.63"]);
}

#[test]
fn only_an_automatic_format_varies_by_accept() {
    for (url, format, varies) in [
        ("/demo/cat.png", FormatWish::Original, false),
        ("/demo/cat.png?format=webp", FormatWish::Exactly(Format::Webp), false),
        ("/demo/cat.png?format=auto", FormatWish::Auto(Accepted::Avif), true),
    ] {
        let delivery = parse_url(url, Some("image/avif,image/webp,*/*"));
        assert_eq!(delivery.map(|d| (d.plan.format, d.varies_by_accept())), Ok((format, varies)), "{url}");
    }
}

#[test]
fn with_a_preset_a_url_is_read_as_far_as_it_goes() {
    check("/demo/cat.jpg?h=9&preset=thumb", expect!["/demo/cat.jpg?preset=thumb&h=9"]);
    // What it needs the preset may have.
    check(
        "/demo/cat.jpg?preset=thumb&crop=top&mark2-alpha=50",
        expect!["/demo/cat.jpg?preset=thumb&crop=top&mark2-alpha=50"],
    );
    check(
        "/demo/cat.jpg?preset=a%2fb",
        expect![[r#"the parameter preset is "a/b"; allowed is 1 to 64 of A-Z, a-z, 0-9, ., _ and -"#]],
    );
    check(
        "/demo/cat.jpg?preset=thumb&w=0",
        expect![[r#"the parameter w is "0"; allowed is a whole number from 1 to 16384"#]],
    );
    let delivery = parse_url("/demo/cat.jpg?preset=thumb&format=png", Some("image/webp")).unwrap();
    assert!(delivery.varies_by_accept());
    assert_eq!(delivery.accept(), "image/webp");
}

fn deliveries() -> impl Strategy<Value = Delivery> {
    let side = || proptest::option::of(1..=Resize::MAX_SIDE);
    let resize = (side(), side(), proptest::sample::select(&Fit::ALL[..]), 10..=500_u16);
    let format = prop_oneof![
        Just(FormatWish::Original),
        Just(FormatWish::Auto(Accepted::Webp)),
        proptest::sample::select(&Format::ALL[..]).prop_map(FormatWish::Exactly),
    ];
    let preset = proptest::option::of("[A-Za-z0-9._-]{1,9}");
    let wishes: &[fn(Quality) -> QualityWish] = &[QualityWish::Alike, QualityWish::Codec];
    let wish = proptest::sample::select(wishes);
    let path = "[a-z é%+&?#=~.]{0,9}[a-z](/[^/\\\\\\p{Cc}]{0,9}[a-z]){0,3}";
    ("[a-z0-9][a-z0-9-]{0,9}", path, resize, format, proptest::option::of((wish, 1..=100_u8)), preset)
        .prop_filter_map(
            "a valid delivery",
            |(source, path, (width, height, fit, hundredths), format, quality, preset)| {
                let dpr = Dpr::from_hundredths(hundredths).ok()?;
                let resize = Resize { width, height, fit, dpr, ..Resize::default() };
                let quality = quality.and_then(|(wish, quality)| Quality::new(quality).ok().map(wish));
                Some(Delivery {
                    source: source.parse().ok()?,
                    path: path.parse().ok()?,
                    plan: Plan { resize, format, quality, ..Plan::default() },
                    preset: preset.and_then(|name| {
                        Some(PresetWish { name: name.parse().ok()?, accepted: Accepted::Webp })
                    }),
                })
            },
        )
}

/// A value for each parameter, and what else it needs.
const EXAMPLES: &[(&str, &str, &str)] = &[
    ("w", "300", ""),
    ("h", "200", ""),
    ("fit", "max", ""),
    ("min-w", "100", "h=300&fit=crop"),
    ("max-w", "200", "h=300&fit=crop"),
    ("min-h", "100", "w=300&fit=crop"),
    ("max-h", "200", "fit=crop"),
    ("ar", "3:2", "fit=crop"),
    ("crop", "top,left", "w=1&h=1&fit=crop"),
    ("fp-x", "0.25", "w=1&h=1&fit=crop&crop=focalpoint"),
    ("fp-y", "0.75", "w=1&h=1&fit=crop&crop=focalpoint"),
    ("fp-z", "1.5", "w=1&h=1&fit=crop&crop=focalpoint"),
    ("faceindex", "2", "w=1&h=1&fit=facearea"),
    ("facepad", "1.5", "w=1&h=1&fit=facearea"),
    ("org_if_sml", "1", ""),
    ("frame", "3", ""),
    ("page", "3", ""),
    ("trim", "color", ""),
    ("trim-color", "ffffff", "trim=color"),
    ("trim-tol", "20", "trim=auto"),
    ("trim-pad", "10", "trim=alpha"),
    ("rect", "10,middle,0.5,300", ""),
    ("flip", "hv", ""),
    ("rot", "12.5", ""),
    ("rot-type", "straighten", "rot=3"),
    ("bg-remove", "1", ""),
    ("alpha", "extract", ""),
    ("exposure", "-10", ""),
    ("bri", "-10", ""),
    ("con", "10", ""),
    ("gam", "10", ""),
    ("high", "-10", ""),
    ("shad", "10", ""),
    ("hue", "180", ""),
    ("sat", "10", ""),
    ("vib", "10", ""),
    ("gray", "1", ""),
    ("invert", "1", ""),
    ("monochrome", "ff0000", ""),
    ("sepia", "80", ""),
    ("duotone", "000080,ffffff", ""),
    ("duotone-alpha", "50", "duotone=000080,ffffff"),
    ("blend", "80ff0000", ""),
    ("blend-mode", "multiply", "blend=ff0000"),
    ("blend-alpha", "50", "blend=ff0000"),
    ("blend-fit", "crop", "blend=brand/paper.jpg"),
    ("blend-align", "top,left", "blend=brand/paper.jpg"),
    ("sharp", "20", ""),
    ("usm", "20", ""),
    ("usmrad", "5.5", "usm=20"),
    ("px", "8", ""),
    ("htn", "8", ""),
    ("blur", "200", ""),
    ("face-pixel", "10", ""),
    ("face-blur", "20", ""),
    ("face-fill", "80000000", ""),
    ("bg", "ffffff", ""),
    ("fill", "blur", "w=1&h=1&fit=fill"),
    ("fill-align", "bottom,right", "w=1&h=1&fit=fillmax"),
    ("fill-blur", "40", "w=1&h=1&fit=fill&fill=blur"),
    ("fill-alpha", "40", "w=1&h=1&fit=fill&fill=brand/red%20wood.jpg"),
    ("fill-gradient-type", "radial", "w=1&h=1&fit=fill&fill=gradient"),
    ("fill-gradient-colors", "ff0000,80ffffff", "w=1&h=1&fit=fill&fill=gradient"),
    ("fill-gradient-direction", "top,left", "w=1&h=1&fit=fill&fill=gradient"),
    ("border", "10,ff0000", ""),
    ("mask", "ellipse", ""),
    ("mask-fit", "crop", "mask=brand/heart.png"),
    ("mask-mode", "luminance", "mask=brand/heart.png"),
    ("corner-radius", "10,max,0,5", "mask=corners"),
    ("shadow", "8,80000000", ""),
    ("shadow-x", "-4", "shadow=8,000000"),
    ("shadow-y", "4", "shadow=8,000000"),
    ("opacity", "50", ""),
    ("pad", "10", ""),
    ("pad-top", "0", "pad=9"),
    ("pad-right", "1", ""),
    ("pad-bottom", "2", ""),
    ("pad-left", "3", ""),
    ("transparency", "grid", ""),
    ("grid-size", "4", "transparency=grid"),
    ("grid-colors", "000000,80ffffff", "transparency=grid"),
    ("format", "webp", ""),
    ("q", "70", ""),
    ("lossless", "1", "format=avif"),
    ("jpg-progressive", "1", "format=jpeg"),
    ("chromasub", "444", "format=jpeg"),
    ("colorquant", "16", "format=png"),
    ("max-bytes", "20000", "format=webp"),
    ("palette", "css", ""),
    ("colors", "4", "palette=json"),
    ("faces", "1", "format=json"),
    ("shape", "ellipse", "format=primitive"),
    ("shapes", "40", "format=primitive"),
    ("cs", "origin", ""),
    ("metadata", "copyright", ""),
    ("dpi", "300", ""),
    ("dpr", "1.5", ""),
    ("mark", "brand/red%20%26%20white.png", ""),
    ("mark-w", "0.5", "mark=a/b"),
    ("mark-h", "30", "mark=a/b"),
    ("mark-scale", "30", "mark=a/b"),
    ("mark-zoom", "30", "mark=a/b"),
    ("mark-align", "top,left", "mark=a/b"),
    ("mark-x", "0", "mark=a/b"),
    ("mark-y", "1.0", "mark=a/b"),
    ("mark-pad", "0", "mark=a/b"),
    ("mark-rot", "30", "mark=a/b"),
    ("mark-alpha", "30", "mark=a/b"),
    ("mark-mode", "multiply", "mark=a/b"),
    ("mark-tile", "grid", "mark=a/b"),
];

const TEXT_EXAMPLES: &[(&str, &str, &str)] = &[
    ("txt", "a%20%26%0A%D0%B1", ""),
    ("txt-font", "noto-sans-jp", "txt=a"),
    ("txt-size", "30", "txt=a"),
    ("txt-fit", "max", "txt=a"),
    ("txt-clip", "middle,ellipsis", "txt=a"),
    ("txt-width", "0.5", "txt=a"),
    ("txt-color", "80ff0000", "txt=a"),
    ("txt-align", "top,left", "txt=a"),
    ("txt-x", "0", "txt=a"),
    ("txt-y", "0.5", "txt=a"),
    ("txt-pad", "0", "txt=a"),
    ("txt-lead", "100", "txt=a"),
    ("txt-track", "-2", "txt=a"),
    ("txt-line", "2", "txt=a"),
    ("txt-line-color", "ff0000", "txt=a&txt-line=1"),
    ("txt-shad", "3", "txt=a"),
    ("txt-rot", "30", "txt=a"),
    ("txt-alpha", "30", "txt=a"),
];

#[test]
fn every_parameter_is_read_and_written_and_says_what_it_takes_and_needs() {
    assert_eq!(EXAMPLES.len(), TABLE.len() + MARKS[0].len());
    assert_eq!(TEXT_EXAMPLES.len(), TEXTS[0].len());
    let parameters = TABLE.iter().chain(&MARKS[0]).chain(&TEXTS[0]);
    for (parameter, (name, value, needs)) in parameters.zip(EXAMPLES.iter().chain(TEXT_EXAMPLES)) {
        assert_eq!(parameter.name, *name);
        let url = format!("/demo/cat.jpg?{needs}&{name}={value}");
        let delivery = parse_url(&url, None).unwrap_or_else(|error| panic!("{url}: {error}"));
        let canonical = canonical(&delivery);
        let (_, query) = canonical.split_once('?').unwrap_or_default();
        assert!(query.split('&').any(|pair| pair == format!("{name}={value}")), "{url} became {canonical}");
        assert_eq!(parse_url(&canonical, None), Ok(delivery), "{canonical}");

        let wrong = parse_url(&format!("/demo/cat.jpg?{needs}&{name}=%01"), None);
        let allowed = parameter.allowed;
        assert!(
            matches!(&wrong, Err(BadRequest::MalformedParameter { name: n, allowed: a, .. }) if n == name && *a == allowed),
            "{name}: {wrong:?}"
        );
        // What needs something says so without it, unless what it needs is that something is not there.
        let alone = parse_url(&format!("/demo/cat.jpg?{name}={value}"), None);
        let lacks = parameter.needs.as_ref().is_some_and(|needs| !(needs.met)(&Plan::default()));
        assert_eq!(alone.is_err(), lacks, "{name}: {alone:?}");
    }
}

#[test]
fn the_range_that_a_message_names_is_the_one_that_is_taken() {
    for parameter in table(true, true) {
        let words: Vec<&str> = parameter.allowed.split(' ').collect();
        let ["a", "whole", "number", "from", from, "to", to] = words.as_slice() else { continue };
        let (from, to): (i32, i32) = (from.parse().unwrap(), to.parse().unwrap());
        for (value, taken) in [(from, true), (to, true), (from - 1, false), (to + 1, false)] {
            let read = (parameter.read)(&value.to_string(), None, &mut Plan::default());
            assert_eq!(read.is_some(), taken, "{}={value}", parameter.name);
        }
    }
}

#[test]
fn every_mark_and_text_has_the_parameters_of_the_first() {
    for (index, text) in TEXTS.iter().enumerate() {
        let stem = if index == 0 { "txt".to_owned() } else { format!("txt{}", index + 1) };
        let names: Vec<_> = text.iter().filter_map(|one| one.name.strip_prefix(&stem)).collect();
        let of_the_first: Vec<_> = TEXTS[0].iter().filter_map(|one| one.name.strip_prefix("txt")).collect();
        assert_eq!(names, of_the_first);
    }
    check("/demo/cat.jpg?txt=a+b&txt-line=0", expect!["/demo/cat.jpg?txt=a%20b"]);
    for (index, mark) in MARKS.iter().enumerate() {
        let stem = if index == 0 { "mark".to_owned() } else { format!("mark{}", index + 1) };
        let names: Vec<_> = mark.iter().filter_map(|one| one.name.strip_prefix(&stem)).collect();
        let of_the_first: Vec<_> = MARKS[0].iter().filter_map(|one| one.name.strip_prefix("mark")).collect();
        assert_eq!(names, of_the_first);
    }
    check(
        "/demo/cat.jpg?mark2-alpha=30&mark2=b/c&mark=a/b&mark3-w=1&mark3=a/b",
        expect!["/demo/cat.jpg?mark=a/b&mark2=b/c&mark2-alpha=30&mark3=a/b&mark3-w=1"],
    );
    check("/demo/cat.jpg?mark2=a/b", expect!["the parameter mark2 has no effect here: it needs mark"]);
    check(
        "/demo/cat.jpg?mark=https://example.com/a.png",
        expect![[
            r#"the parameter mark is "https://example.com/a.png"; allowed is an original, as in brand/logo.png: its source and its path"#
        ]],
    );
}

#[test]
fn what_changes_nothing_is_not_written() {
    check(
        "/demo/cat.jpg?bri=0&rot=0.0&blur=0&blend=red&blend-mode=overlay&duotone=navy,fff&duotone-alpha=100",
        expect!["/demo/cat.jpg?duotone=000080,ffffff&blend=ff0000"],
    );
}

/// One piece repeated: what is long by chance has too much in it that is refused.
fn long_text(piece: &'static str) -> impl Strategy<Value = String> {
    (piece, 0..=URL_LEN_MAX).prop_map(|(piece, len)| piece.repeat(len / piece.len()))
}

fn long_pair() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::sample::select(EXAMPLES).prop_map(|(name, value, _)| format!("{name}={value}")),
        ("txt|txt2", long_text("%2C|[a-z,\"é+]")).prop_map(|(name, text)| format!("{name}={text}")),
        ("mark|mask|fill|blend", long_text("[a-z,é+]")).prop_map(|(name, path)| format!("{name}=a/b{path}")),
    ]
}

proptest! {
    #[test]
    fn the_canonical_url_means_the_same_delivery(delivery in deliveries()) {
        let url = canonical(&delivery);
        prop_assert!(url.bytes().all(|b| b.is_ascii_graphic()), "{url}");
        prop_assert_eq!(parse_url(&url, Some("image/webp")), Ok(delivery), "{}", url);
    }

    #[test]
    fn examples_in_any_company_are_a_delivery_or_an_error(
        mut chosen in proptest::sample::subsequence(EXAMPLES, 0..=12), backwards: bool
    ) {
        if backwards {
            chosen.reverse();
        }
        let query: Vec<String> = chosen.iter().map(|(name, value, _)| format!("{name}={value}")).collect();
        let url = format!("/demo/cat.jpg?{}", query.join("&"));
        if let Ok(delivery) = parse_url(&url, None) {
            let canonical = canonical(&delivery);
            prop_assert!(canonical.bytes().all(|b| b.is_ascii_graphic()), "{canonical}");
            prop_assert_eq!(parse_url(&canonical, None), Ok(delivery), "{}", canonical);
        }
    }

    /// Of what URLs are made of, to twice the length that one may have: escapes, and what has to become one.
    #[test]
    fn a_long_url_is_a_delivery_that_reads_back_or_an_error(
        path in long_text("/|%2C|[a-z,\"é %]"), pairs in proptest::collection::vec(long_pair(), 0..5),
    ) {
        let url = format!("/demo/a{path}?{}", pairs.join("&"));
        if let Ok(delivery) = parse_url(&url, None) {
            let canonical = canonical(&delivery);
            prop_assert_eq!(parse_url(&canonical, None), Ok(delivery), "{}", canonical);
        }
    }

    #[test]
    fn any_url_is_a_delivery_or_an_error(
        url in "\\PC{0,60}|/demo/[a-c./%2f]{0,12}\\?((w|h|fit|format|q|dpr|s|kid|exp|rot|rect|ar|crop|bg|pad)(=[a-z0-9.,:%+-]{0,6})?&?){0,5}",
    ) {
        if let Ok(delivery) = parse_url(&url, None) {
            prop_assert_eq!(parse_url(&canonical(&delivery), None), Ok(delivery));
        }
    }
}
