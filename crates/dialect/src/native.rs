//! The `pentimento` dialect: `/{source}/{path}?w=&h=&fit=&…&format=&q=&dpr=`.
//!
//! Source and path come first, so that even a CDN that knows nothing but prefixes can purge an original or a folder.
//! Every parameter is a line of [`parameters::TABLE`], or of the tables of what is laid over a picture, which follow it;
//! what each does is in `docs/operations.md`. Beside them a URL may carry a [`signature`] in `kid`, `exp` and `s`.

mod parameters;

use plan::Plan;

use crate::query::Parameters;
use crate::{BadRequest, Delivery, Excerpt, OriginalPath, Parsed, Request, Signature, SourceName, signature};

use self::parameters::{MARKS, Parameter, TABLE, TEXTS};

/// In bytes, path and query together.
pub const URL_LEN_MAX: usize = 2048;

const LAID_OVER: usize = MARKS.as_flattened().len() + TEXTS.as_flattened().len();

const NAMES: [&str; TABLE.len() + LAID_OVER + 3] = {
    let tables = [TABLE, MARKS.as_flattened(), TEXTS.as_flattened()];
    let mut names = [signature::KEY; TABLE.len() + LAID_OVER + 3];
    let (mut at, mut table) = (0, 0);
    while table < tables.len() {
        let mut line = 0;
        while line < tables[table].len() {
            names[at] = tables[table][line].name;
            line += 1;
            at += 1;
        }
        table += 1;
    }
    names[at + 1] = signature::EXPIRES;
    names[at + 2] = signature::MAC;
    names
};

pub(crate) const PARAMETERS: &[&str] = &NAMES;

/// What the URL of `request` asks for.
pub fn parse(request: &Request<'_>) -> Result<Parsed, BadRequest> {
    let (source, path, parameters) = read(request)?;
    let signature = Signature::of(&source, &path, &parameters)?;
    let plan = plan(&parameters, request.accept)?;
    Ok(Parsed { delivery: Delivery { source, path, plan }, signature })
}

/// The parts of a native URL, before its parameters are given a meaning.
pub(crate) fn read(request: &Request<'_>) -> Result<(SourceName, OriginalPath, Parameters), BadRequest> {
    let query = request.query.unwrap_or_default();
    let len = request.path.len() + request.query.map_or(0, |query| 1 + query.len());
    if len > URL_LEN_MAX {
        return Err(BadRequest::UrlTooLong { len, max: URL_LEN_MAX });
    }
    let (source, path) = request
        .path
        .strip_prefix('/')
        .and_then(|path| path.split_once('/'))
        .ok_or_else(|| BadRequest::NoOriginal { found: Excerpt::of(request.path) })?;
    Ok((source.parse()?, OriginalPath::decode(path)?, Parameters::read(query, PARAMETERS)?))
}

/// Every parameter, in the order of the canonical URL. Most pictures are neither marked nor written on, and need not
/// look for how.
fn table(marked: bool, written: bool) -> impl Iterator<Item = &'static Parameter> {
    let marks = if marked { MARKS.as_flattened() } else { &[] };
    let texts = if written { TEXTS.as_flattened() } else { &[] };
    TABLE.iter().chain(marks).chain(texts)
}

fn plan(parameters: &Parameters, accept: Option<&str>) -> Result<Plan, BadRequest> {
    let mut plan = Plan::default();
    let has = |stem: &str| parameters.iter().any(|(name, _)| name.starts_with(stem));
    let (marked, written) = (has("mark"), has("txt"));
    for parameter in table(marked, written) {
        parameters
            .value(parameter.name, parameter.allowed, |text| (parameter.read)(text, accept, &mut plan))?;
    }
    // A parameter that would do nothing is a mistake, and each that we let pass another URL for the same picture.
    for parameter in table(marked, written).filter(|parameter| parameters.has(parameter.name)) {
        if let Some(needs) = &parameter.needs
            && !(needs.met)(&plan)
        {
            return Err(BadRequest::UselessParameter { name: parameter.name, needs: needs.what });
        }
    }
    Ok(plan)
}

/// The one URL, path and query, that stands for every spelling of this delivery; [`parse`] reads it back given the
/// same `Accept`.
pub fn canonical(delivery: &Delivery) -> String {
    let Delivery { source, path, plan } = delivery;
    let mut url = format!("/{source}/{}", path.encode());
    let mut divider = '?';
    // Without a first mark there is no second, nor a second text without a first.
    for parameter in table(plan.marks[0].picture.is_some(), plan.texts[0].content.is_some()) {
        if let Some(value) = (parameter.write)(plan) {
            url.push_str(&format!("{divider}{}={value}", parameter.name));
            divider = '&';
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use plan::{Accepted, Dpr, Fit, Format, FormatWish, Quality, Resize};
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
        check("/demo/cat.jpg?format=jpg", expect!["/demo/cat.jpg?format=jpeg"]);
        check("/demo/cat.jpg?format=original&fit=clip&dpr=1", expect!["/demo/cat.jpg"]);
        check("/demo/cat.jpg?&w=1&&h=16384&", expect!["/demo/cat.jpg?w=1&h=16384"]);
        check("/demo/cat.jpg?%77=%31", expect!["/demo/cat.jpg?w=1"]);
        check("/demo/cat.jpg?dpr=0.1", expect!["/demo/cat.jpg?dpr=0.1"]);
        check("/demo/cat.jpg?dpr=2.63&fit=scale", expect!["/demo/cat.jpg?fit=scale&dpr=2.63"]);
    }

    #[test]
    fn a_bad_request_names_the_parameter_and_what_is_allowed() {
        check(
            "/demo/cat.jpg?width=3",
            expect![[
                r#"there is no parameter "width"; allowed are w, h, fit, ar, crop, fp-x, fp-y, fp-z, org_if_sml, trim, trim-color, trim-tol, trim-pad, rect, flip, rot, rot-type, exposure, bri, con, gam, high, shad, hue, sat, vib, gray, invert, monochrome, sepia, duotone, duotone-alpha, blend, blend-mode, blend-alpha, blend-fit, blend-align, sharp, usm, usmrad, px, htn, blur, bg, fill, fill-align, fill-blur, fill-alpha, fill-gradient-type, fill-gradient-colors, fill-gradient-direction, border, mask, mask-fit, mask-mode, corner-radius, shadow, shadow-x, shadow-y, pad, pad-top, pad-right, pad-bottom, pad-left, transparency, grid-size, grid-colors, format, q, lossless, jpg-progressive, chromasub, colorquant, max-bytes, palette, colors, cs, metadata, dpi, dpr, mark, mark-w, mark-h, mark-scale, mark-zoom, mark-align, mark-x, mark-y, mark-pad, mark-rot, mark-alpha, mark-mode, mark-tile, txt, txt-font, txt-size, txt-fit, txt-clip, txt-width, txt-color, txt-align, txt-x, txt-y, txt-pad, txt-lead, txt-track, txt-line, txt-line-color, txt-shad, txt-rot, txt-alpha, kid, exp, s; those of mark and txt also with a number, as in mark2 to mark4"#
            ]],
        );
        check(
            "/demo/cat.jpg?W=3",
            expect![[
                r#"there is no parameter "W"; allowed are w, h, fit, ar, crop, fp-x, fp-y, fp-z, org_if_sml, trim, trim-color, trim-tol, trim-pad, rect, flip, rot, rot-type, exposure, bri, con, gam, high, shad, hue, sat, vib, gray, invert, monochrome, sepia, duotone, duotone-alpha, blend, blend-mode, blend-alpha, blend-fit, blend-align, sharp, usm, usmrad, px, htn, blur, bg, fill, fill-align, fill-blur, fill-alpha, fill-gradient-type, fill-gradient-colors, fill-gradient-direction, border, mask, mask-fit, mask-mode, corner-radius, shadow, shadow-x, shadow-y, pad, pad-top, pad-right, pad-bottom, pad-left, transparency, grid-size, grid-colors, format, q, lossless, jpg-progressive, chromasub, colorquant, max-bytes, palette, colors, cs, metadata, dpi, dpr, mark, mark-w, mark-h, mark-scale, mark-zoom, mark-align, mark-x, mark-y, mark-pad, mark-rot, mark-alpha, mark-mode, mark-tile, txt, txt-font, txt-size, txt-fit, txt-clip, txt-width, txt-color, txt-align, txt-x, txt-y, txt-pad, txt-lead, txt-track, txt-line, txt-line-color, txt-shad, txt-rot, txt-alpha, kid, exp, s; those of mark and txt also with a number, as in mark2 to mark4"#
            ]],
        );
        check(
            "/demo/cat.jpg?w=1&w=1",
            expect!["the parameter w is given more than once; it is allowed once"],
        );
        check(
            "/demo/cat.jpg?w",
            expect![[r#"the parameter w is ""; allowed is a whole number from 1 to 16384"#]],
        );
        check(
            "/demo/cat.jpg?w=",
            expect![[r#"the parameter w is ""; allowed is a whole number from 1 to 16384"#]],
        );
        check(
            "/demo/cat.jpg?w=0",
            expect![[r#"the parameter w is "0"; allowed is a whole number from 1 to 16384"#]],
        );
        check(
            "/demo/cat.jpg?w=16385",
            expect![[r#"the parameter w is "16385"; allowed is a whole number from 1 to 16384"#]],
        );
        check(
            "/demo/cat.jpg?w=99999999999999999999",
            expect![[
                r#"the parameter w is "99999999999999999999"; allowed is a whole number from 1 to 16384"#
            ]],
        );
        check(
            "/demo/cat.jpg?h=0300",
            expect![[r#"the parameter h is "0300"; allowed is a whole number from 1 to 16384"#]],
        );
        check(
            "/demo/cat.jpg?h=+300",
            expect![[r#"the parameter h is " 300"; allowed is a whole number from 1 to 16384"#]],
        );
        check(
            "/demo/cat.jpg?h=%2B300",
            expect![[r#"the parameter h is "+300"; allowed is a whole number from 1 to 16384"#]],
        );
        check(
            "/demo/cat.jpg?h=3e2",
            expect![[r#"the parameter h is "3e2"; allowed is a whole number from 1 to 16384"#]],
        );
        check(
            "/demo/cat.jpg?h=%D9%A3",
            expect![[r#"the parameter h is "٣"; allowed is a whole number from 1 to 16384"#]],
        );
        check(
            "/demo/cat.jpg?fit=Crop",
            expect![[
                r#"the parameter fit is "Crop"; allowed is clip, max, crop, min, fill, fillmax, cropfit, scale or boundmin"#
            ]],
        );
        check(
            "/demo/cat.jpg?format=gif",
            expect![[
                r#"the parameter format is "gif"; allowed is jpeg (or jpg), png, webp, avif, auto or original; or json, blurhash, thumbhash or lqip"#
            ]],
        );
        check(
            "/demo/cat.jpg?q=101",
            expect![[r#"the parameter q is "101"; allowed is a whole number from 1 to 100"#]],
        );
        check(
            "/demo/cat.jpg?q=080",
            expect![[r#"the parameter q is "080"; allowed is a whole number from 1 to 100"#]],
        );
        check(
            "/demo/cat.jpg?dpr=6",
            expect![[
                r#"the parameter dpr is "6"; allowed is a number from 0.1 to 5 with at most two decimals"#
            ]],
        );
        check(
            "/demo/cat.jpg?dpr=1.125",
            expect![[
                r#"the parameter dpr is "1.125"; allowed is a number from 0.1 to 5 with at most two decimals"#
            ]],
        );
        check(
            "/demo/cat.jpg?w=%3Cscript%3E%0d%0a",
            expect![[r#"the parameter w is "<script>\r\n"; allowed is a whole number from 1 to 16384"#]],
        );
        check(
            "/demo/cat.jpg?w=1?h=1",
            expect![[r#"the parameter w is "1?h=1"; allowed is a whole number from 1 to 16384"#]],
        );
        check(
            "/demo/cat.jpg?w=1%26h=1",
            expect![[r#"the parameter w is "1&h=1"; allowed is a whole number from 1 to 16384"#]],
        );
    }

    #[test]
    fn a_path_without_a_source_or_an_original_is_refused() {
        check(
            "",
            expect![[
                r#"the path "" does not name an original: it has the form /source/path, as in /demo/cat.jpg"#
            ]],
        );
        check(
            "/",
            expect![[
                r#"the path "/" does not name an original: it has the form /source/path, as in /demo/cat.jpg"#
            ]],
        );
        check(
            "/demo",
            expect![[
                r#"the path "/demo" does not name an original: it has the form /source/path, as in /demo/cat.jpg"#
            ]],
        );
        check(
            "demo/cat.jpg",
            expect![[
                r#"the path "demo/cat.jpg" does not name an original: it has the form /source/path, as in /demo/cat.jpg"#
            ]],
        );
        check(
            "/demo/",
            expect!["the path of the original is empty: it follows the source, as in /demo/cat.jpg"],
        );
        check(
            "//cat.jpg",
            expect![[
                r#"the source name "" is not allowed: 1 to 63 of a-z, 0-9 and -, not beginning with -"#
            ]],
        );
        check(
            "/De%6do/cat.jpg",
            expect![[
                r#"the source name "De%6do" is not allowed: 1 to 63 of a-z, 0-9 and -, not beginning with -"#
            ]],
        );
        check(
            "/demo/../other/cat.jpg",
            expect![[r#"the path "../other/cat.jpg" has a segment . or ..: only names are allowed"#]],
        );
    }

    #[test]
    fn a_url_has_a_longest_length() {
        let url = |len: usize| format!("/demo/cat.jpg?{}", "&".repeat(len - 14));
        assert!(parse_url(&url(2048), None).is_ok());
        assert_eq!(parse_url(&url(2049), None), Err(BadRequest::UrlTooLong { len: 2049, max: 2048 }));
    }

    #[test]
    fn only_an_automatic_format_varies_by_accept() {
        for (url, format, varies) in [
            ("/demo/cat.png", FormatWish::Original, false),
            ("/demo/cat.png?format=webp", FormatWish::Exactly(Format::Webp), false),
            ("/demo/cat.png?format=auto", FormatWish::Auto(Accepted::Avif), true),
        ] {
            let delivery = parse_url(url, Some("image/avif,image/webp,*/*"));
            assert_eq!(
                delivery.map(|d| (d.plan.format, d.varies_by_accept())),
                Ok((format, varies)),
                "{url}"
            );
        }
    }

    fn deliveries() -> impl Strategy<Value = Delivery> {
        let side = || proptest::option::of(1..=Resize::MAX_SIDE);
        let resize = (side(), side(), proptest::sample::select(&Fit::ALL[..]), 10..=500_u16);
        let format = prop_oneof![
            Just(FormatWish::Original),
            Just(FormatWish::Auto(Accepted::Webp)),
            proptest::sample::select(&Format::ALL[..]).prop_map(FormatWish::Exactly),
        ];
        let path = "[a-z é%+&?#=~.]{0,9}[a-z](/[^/\\\\\\p{Cc}]{0,9}[a-z]){0,3}";
        ("[a-z0-9][a-z0-9-]{0,9}", path, resize, format, proptest::option::of(1..=100_u8)).prop_filter_map(
            "a valid delivery",
            |(source, path, (width, height, fit, hundredths), format, quality)| {
                let dpr = Dpr::from_hundredths(hundredths).ok()?;
                let resize = Resize { width, height, fit, dpr, ..Resize::default() };
                let quality = quality.and_then(|quality| Quality::new(quality).ok());
                Some(Delivery {
                    source: source.parse().ok()?,
                    path: path.parse().ok()?,
                    plan: Plan { resize, format, quality, ..Plan::default() },
                })
            },
        )
    }

    /// A value for each parameter, and what else it needs.
    const EXAMPLES: &[(&str, &str, &str)] = &[
        ("w", "300", ""),
        ("h", "200", ""),
        ("fit", "max", ""),
        ("ar", "3:2", "fit=crop"),
        ("crop", "top,left", "w=1&h=1&fit=crop"),
        ("fp-x", "0.25", "w=1&h=1&fit=crop&crop=focalpoint"),
        ("fp-y", "0.75", "w=1&h=1&fit=crop&crop=focalpoint"),
        ("fp-z", "1.5", "w=1&h=1&fit=crop&crop=focalpoint"),
        ("org_if_sml", "1", ""),
        ("trim", "color", ""),
        ("trim-color", "ffffff", "trim=color"),
        ("trim-tol", "20", "trim=auto"),
        ("trim-pad", "10", "trim=alpha"),
        ("rect", "10,middle,0.5,300", ""),
        ("flip", "hv", ""),
        ("rot", "12.5", ""),
        ("rot-type", "straighten", "rot=3"),
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
            assert!(
                query.split('&').any(|pair| pair == format!("{name}={value}")),
                "{url} became {canonical}"
            );
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
    fn a_parameter_that_would_do_nothing_is_refused() {
        check(
            "/demo/cat.jpg?w=300&crop=top",
            expect![
                "the parameter crop has no effect here: it needs fit=crop, min or cropfit, and w and h, or ar"
            ],
        );
        check(
            "/demo/cat.jpg?w=300&h=200&fit=crop&ar=1",
            expect![
                "the parameter ar has no effect here: it needs at most one of w and h, and fit=crop, min, fill, fillmax, cropfit or scale"
            ],
        );
        check(
            "/demo/cat.jpg?rot=180&rot-type=straighten",
            expect!["the parameter rot-type has no effect here: it needs a rot that is no multiple of 90"],
        );
    }

    #[test]
    fn every_mark_and_text_has_the_parameters_of_the_first() {
        for (index, text) in TEXTS.iter().enumerate() {
            let stem = if index == 0 { "txt".to_owned() } else { format!("txt{}", index + 1) };
            let names: Vec<_> = text.iter().filter_map(|one| one.name.strip_prefix(&stem)).collect();
            let of_the_first: Vec<_> =
                TEXTS[0].iter().filter_map(|one| one.name.strip_prefix("txt")).collect();
            assert_eq!(names, of_the_first);
        }
        check("/demo/cat.jpg?txt=a+b&txt-line=0", expect!["/demo/cat.jpg?txt=a%20b"]);
        for (index, mark) in MARKS.iter().enumerate() {
            let stem = if index == 0 { "mark".to_owned() } else { format!("mark{}", index + 1) };
            let names: Vec<_> = mark.iter().filter_map(|one| one.name.strip_prefix(&stem)).collect();
            let of_the_first: Vec<_> =
                MARKS[0].iter().filter_map(|one| one.name.strip_prefix("mark")).collect();
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
    fn words_and_pictures_are_not_to_be_had_at_once() {
        check(
            "/demo/cat.jpg?palette=json&format=webp",
            expect!["the parameter palette has no effect here: it needs no format"],
        );
        check(
            "/demo/cat.jpg?format=json&lossless=1",
            expect![
                "the parameter lossless has no effect here: it needs format=webp, avif or auto, and no q"
            ],
        );
    }

    #[test]
    fn what_changes_nothing_is_not_written() {
        check(
            "/demo/cat.jpg?bri=0&rot=0.0&blur=0&blend=red&blend-mode=overlay&duotone=navy,fff&duotone-alpha=100",
            expect!["/demo/cat.jpg?duotone=000080,ffffff&blend=ff0000"],
        );
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

        #[test]
        fn any_url_is_a_delivery_or_an_error(
            url in "\\PC{0,60}|/demo/[a-c./%2f]{0,12}\\?((w|h|fit|format|q|dpr|s|kid|exp|rot|rect|ar|crop|bg|pad)(=[a-z0-9.,:%+-]{0,6})?&?){0,5}",
        ) {
            if let Ok(delivery) = parse_url(&url, None) {
                prop_assert_eq!(parse_url(&canonical(&delivery), None), Ok(delivery));
            }
        }
    }
}
