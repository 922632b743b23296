//! The `pentimento` dialect: `/{source}/{path}?w=&h=&fit=&format=&q=&dpr=`.
//!
//! Source and path come first, so that even a CDN that knows nothing but prefixes can purge an original or a folder.
//!
//! | parameter | means | allowed | without it |
//! | --- | --- | --- | --- |
//! | `w`, `h` | width, height in CSS pixels | 1 to 16384 | the other side decides; neither: the original's size |
//! | `fit` | how it fits `w` x `h` | `clip`, `crop`, `fill`, `scale` | `clip` |
//! | `format` | encoding | `jpeg` (or `jpg`), `png`, `webp`, `avif`, `auto` (by `Accept`), `original` | `original` |
//! | `q` | quality | 1 to 100 | the renderer's choice |
//! | `dpr` | device pixels for each CSS pixel | 0.1 to 5, two decimals | 1 |
//! | `kid`, `exp`, `s` | a [`signature`] | | unsigned |

use std::fmt::Display;

use plan::{Dpr, Fit, FormatWish, Plan, Quality, Resize};

use crate::query::Parameters;
use crate::{BadRequest, Delivery, Excerpt, OriginalPath, Parsed, Request, Signature, SourceName, signature};

/// In bytes, path and query together.
pub const URL_LEN_MAX: usize = 2048;

pub(crate) const PARAMETERS: &[&str] =
    &["w", "h", "fit", "format", "q", "dpr", signature::KEY, signature::EXPIRES, signature::MAC];

const FORMAT_AUTO: &str = "auto";
const FORMAT_ORIGINAL: &str = "original";

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

fn plan(parameters: &Parameters, accept: Option<&str>) -> Result<Plan, BadRequest> {
    let side = |name| {
        parameters.value(name, "a whole number from 1 to 16384", |text| number(text, Resize::MAX_SIDE))
    };
    let resize = Resize {
        width: side("w")?,
        height: side("h")?,
        fit: parameters
            .value("fit", "clip, crop, fill or scale", |text| text.parse().ok())?
            .unwrap_or_default(),
        dpr: parameters
            .value("dpr", "a number from 0.1 to 5 with at most two decimals", |text| text.parse().ok())?
            .unwrap_or_default(),
    };
    let format = parameters
        .value("format", "jpeg (or jpg), png, webp, avif, auto or original", |text| match text {
            FORMAT_AUTO => Some(FormatWish::Auto(plan::accepted(accept))),
            FORMAT_ORIGINAL => Some(FormatWish::Original),
            _ => text.parse().ok().map(FormatWish::Exactly),
        })?
        .unwrap_or(FormatWish::Original);
    let quality = parameters.value("q", "a whole number from 1 to 100", |text| {
        Quality::new(number(text, 100)?.try_into().ok()?).ok()
    })?;
    Ok(Plan { resize, format, quality })
}

/// A whole number from 1 to `max`, written in the one way that has no sign and no leading zeros.
fn number(text: &str, max: u32) -> Option<u32> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    let number = plain.then(|| text.parse().ok()).flatten()?;
    (1..=max).contains(&number).then_some(number)
}

/// The one URL, path and query, that stands for every spelling of this delivery; [`parse`] reads it back given the
/// same `Accept`.
pub fn canonical(delivery: &Delivery) -> String {
    let Delivery { source, path, plan: Plan { resize, format, quality } } = delivery;
    let Resize { width, height, fit, dpr } = resize;
    let mut url = format!("/{source}/{}", path.encode());
    let mut divider = '?';
    let mut add = |name: &str, value: Option<&dyn Display>| {
        if let Some(value) = value {
            url.push_str(&format!("{divider}{name}={value}"));
            divider = '&';
        }
    };
    add("w", width.as_ref().map(|w| w as &dyn Display));
    add("h", height.as_ref().map(|h| h as &dyn Display));
    add("fit", (*fit != Fit::default()).then_some(fit));
    match format {
        FormatWish::Original => {}
        FormatWish::Auto(_) => add("format", Some(&FORMAT_AUTO)),
        FormatWish::Exactly(format) => add("format", Some(format)),
    }
    add("q", quality.as_ref().map(|q| q as &dyn Display));
    add("dpr", (*dpr != Dpr::default()).then_some(dpr));
    url
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use plan::{Accepted, Format};
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
            expect![[r#"there is no parameter "width"; allowed are w, h, fit, format, q, dpr, kid, exp, s"#]],
        );
        check(
            "/demo/cat.jpg?W=3",
            expect![[r#"there is no parameter "W"; allowed are w, h, fit, format, q, dpr, kid, exp, s"#]],
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
            expect![[r#"the parameter fit is "Crop"; allowed is clip, crop, fill or scale"#]],
        );
        check(
            "/demo/cat.jpg?format=gif",
            expect![[
                r#"the parameter format is "gif"; allowed is jpeg (or jpg), png, webp, avif, auto or original"#
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
                let resize = Resize { width, height, fit, dpr: Dpr::from_hundredths(hundredths).ok()? };
                let quality = quality.and_then(|quality| Quality::new(quality).ok());
                Some(Delivery {
                    source: source.parse().ok()?,
                    path: path.parse().ok()?,
                    plan: Plan { resize, format, quality },
                })
            },
        )
    }

    proptest! {
        #[test]
        fn the_canonical_url_means_the_same_delivery(delivery in deliveries()) {
            let url = canonical(&delivery);
            prop_assert!(url.bytes().all(|b| b.is_ascii_graphic()), "{url}");
            prop_assert_eq!(parse_url(&url, Some("image/webp")), Ok(delivery), "{}", url);
        }

        #[test]
        fn any_url_is_a_delivery_or_an_error(
            url in "\\PC{0,60}|/demo/[a-c./%2f]{0,12}\\?((w|h|fit|format|q|dpr|s|kid|exp)(=[a-z0-9.%+-]{0,6})?&?){0,5}",
        ) {
            if let Ok(delivery) = parse_url(&url, None) {
                prop_assert_eq!(parse_url(&canonical(&delivery), None), Ok(delivery));
            }
        }
    }
}
