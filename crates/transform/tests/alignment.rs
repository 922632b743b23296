//! The planar path, with the decoder's own scaling, shows the same part of the picture as a full decode in RGB.

mod pictures;

use pictures::{Painting, assert_alike, fixture, photograph, resize, seen, seen_as};
use plan::Fit;
use transform::InputFormat;

/// The same plan carried out on the JPEG, and on the PNG of its full decode.
#[track_caller]
fn check(original: &[u8], decibels: f64, what: &str) {
    let full = seen(original).png();
    for (width, height, fit) in [
        (Some(401), None, Fit::Clip),
        (Some(300), Some(301), Fit::Crop),
        (Some(123), Some(77), Fit::Crop),
        (Some(99), Some(99), Fit::Scale),
        (Some(64), None, Fit::Clip),
        (Some(333), Some(55), Fit::Crop),
    ] {
        let plan = resize(width, height, fit);
        let what = format!("{what} as {width:?}x{height:?} {fit}");
        assert_alike(&seen_as(original, &plan), &seen_as(&full, &plan), decibels, &what);
    }
}

#[test]
fn a_painting_of_an_odd_size() {
    for (width, height) in [(1363, 1113), (1361, 1109), (1000, 777)] {
        check(
            &Painting::waves(width, height).original(InputFormat::Jpeg),
            38.0,
            &format!("{width}x{height}"),
        );
    }
}

#[test]
fn a_photograph() {
    let Some(original) = photograph("p6.jpg") else { return };
    check(&original, 36.0, "p6.jpg");
}

#[test]
fn every_layout_of_chroma() {
    for name in ["444", "422", "420", "440", "411"] {
        let original = fixture(&format!("{name}.jpg"));
        let plan = resize(Some(12), Some(8), Fit::Crop);
        let full = seen(&original).png();
        assert_alike(&seen_as(&original, &plan), &seen_as(&full, &plan), 26.0, name);
    }
}
