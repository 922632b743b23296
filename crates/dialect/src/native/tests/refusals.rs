//! What is refused, and in which words.

use expect_test::expect;

use super::{check, parse_url};
use crate::BadRequest;
use crate::native::canonical;

#[test]
fn a_bad_request_names_the_parameter_and_what_is_allowed() {
    check(
        "/demo/cat.jpg?width=3",
        expect![[
            r#"there is no parameter "width"; allowed are w, h, fit, min-w, max-w, min-h, max-h, ar, crop, fp-x, fp-y, fp-z, faceindex, facepad, org_if_sml, frame, page, trim, trim-color, trim-tol, trim-pad, rect, flip, rot, rot-type, bg-remove, alpha, exposure, bri, con, gam, high, shad, hue, sat, vib, gray, invert, monochrome, sepia, duotone, duotone-alpha, blend, blend-mode, blend-alpha, blend-fit, blend-align, sharp, usm, usmrad, px, htn, blur, face-pixel, face-blur, face-fill, bg, fill, fill-align, fill-blur, fill-alpha, fill-gradient-type, fill-gradient-colors, fill-gradient-direction, border, mask, mask-fit, mask-mode, corner-radius, shadow, shadow-x, shadow-y, opacity, pad, pad-top, pad-right, pad-bottom, pad-left, transparency, grid-size, grid-colors, format, q, lossless, jpg-progressive, chromasub, colorquant, max-bytes, palette, colors, faces, shape, shapes, cs, metadata, dpi, dpr, mark, mark-w, mark-h, mark-scale, mark-zoom, mark-align, mark-x, mark-y, mark-pad, mark-rot, mark-alpha, mark-mode, mark-tile, txt, txt-font, txt-size, txt-fit, txt-clip, txt-width, txt-color, txt-align, txt-x, txt-y, txt-pad, txt-lead, txt-track, txt-line, txt-line-color, txt-shad, txt-rot, txt-alpha, kid, exp, s, preset; those of mark and txt also with a number, as in mark2 to mark4"#
        ]],
    );
    check("/demo/cat.jpg?w=1&w=1", expect!["the parameter w is given more than once; it is allowed once"]);
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
        expect![[r#"the parameter w is "99999999999999999999"; allowed is a whole number from 1 to 16384"#]],
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
            r#"the parameter fit is "Crop"; allowed is clip, max, crop, min, fill, fillmax, cropfit, scale, boundmin or facearea"#
        ]],
    );
    check(
        "/demo/cat.jpg?format=tiff",
        expect![[
            r#"the parameter format is "tiff"; allowed is jpeg (or jpg), png, webp, avif, gif, auto or original; svg; or json, blurhash, thumbhash, lqip or primitive"#
        ]],
    );
    check(
        "/demo/logo.svg?format=svg&w=100",
        expect!["the parameter format has no effect here: it needs to stand alone where it is svg"],
    );
    check("/demo/logo.svg?format=svg", expect!["/demo/logo.svg?format=svg"]);
    check(
        "/demo/cat.jpg?q=101",
        expect![[
            r#"the parameter q is "101"; allowed is a whole number from 1 to 100, such a number after codec:, auto, or auto: and a score from 30 to 95"#
        ]],
    );
    check(
        "/demo/cat.jpg?q=080",
        expect![[
            r#"the parameter q is "080"; allowed is a whole number from 1 to 100, such a number after codec:, auto, or auto: and a score from 30 to 95"#
        ]],
    );
    check(
        "/demo/cat.jpg?dpr=6",
        expect![[r#"the parameter dpr is "6"; allowed is a number from 0.1 to 5 with at most two decimals"#]],
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
fn names_are_in_small_letters() {
    let told = |url| parse_url(url, None).unwrap_err().to_string();
    assert_eq!(told("/demo/cat.jpg?W=3"), told("/demo/cat.jpg?width=3").replacen("width", "W", 1));
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
    check("/demo/", expect!["the path of the original is empty: it follows the source, as in /demo/cat.jpg"]);
    check(
        "//cat.jpg",
        expect![[r#"the source name "" is not allowed: 1 to 63 of a-z, 0-9 and -, not beginning with -"#]],
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

/// libFuzzer found one, a path with hundreds of commas: what it meant nobody could have asked for by its canonical URL.
#[test]
fn a_canonical_url_is_no_longer_than_any_other() {
    for (before, piece, encoded, times) in [
        ("", ",", "%2C", 600),
        ("", "é", "%C3%A9", 300),
        ("?mark=brand/", "{", "%7B", 400),
        ("?txt=", "+", "%20", 400),
        ("?preset=thumb&txt2=", "\"", "%22", 400),
    ] {
        let url = |len: usize, piece: &str| {
            let name = "x".repeat(len - "/demo/".len() - before.len() - encoded.len() * times);
            format!("/demo/{name}{before}{}", piece.repeat(times))
        };
        assert!(url(2049, piece).len() < 2048);
        let longest = parse_url(&url(2048, piece), None).unwrap();
        assert_eq!(canonical(&longest), url(2048, encoded));
        let too_long = BadRequest::CanonicalTooLong { len: 2049, max: 2048 };
        assert_eq!(parse_url(&url(2049, piece), None), Err(too_long), "{before}{piece}");
    }
    check(
        &format!("/demo/{}", ",".repeat(750)),
        expect![
            "the URL has 2256 bytes in canonical form, with what is not a letter, a digit, -, ., _ or ~ in names and texts percent-encoded; at most 2048 are allowed"
        ],
    );
}

#[test]
fn a_parameter_that_would_do_nothing_is_refused() {
    check(
        "/demo/cat.jpg?w=300&crop=top",
        expect![
            "the parameter crop has no effect here: it needs fit=crop, min, cropfit or facearea, and w and h, or ar"
        ],
    );
    check(
        "/demo/cat.jpg?w=300&h=200&fit=crop&ar=1",
        expect![
            "the parameter ar has no effect here: it needs at most one of w and h, and fit=crop, min, fill, fillmax, cropfit, scale or facearea"
        ],
    );
    check(
        "/demo/cat.jpg?rot=180&rot-type=straighten",
        expect!["the parameter rot-type has no effect here: it needs a rot that is no multiple of 90"],
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
        expect!["the parameter lossless has no effect here: it needs format=webp, avif or auto, and no q"],
    );
}
