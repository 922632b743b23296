//! Colour profiles, as a JPEG brings them along.
//!
//! Input: a profile. What must hold: `must_hold`, where colours are made sRGB and where the profile stays beside them.

#![no_main]

use fuzz::{jpeg_with_segment, must_hold};
use libfuzzer_sys::fuzz_target;
use plan::{ColourSpace, Format, FormatWish, Metadata, Plan, Resize};

const JPEG: &[u8] = include_bytes!("../corpus/originals/444-jpg");

fuzz_target!(|profile: &[u8]| {
    // The first segment of one (ICC.1:2022 §B.4).
    let Some(file) = jpeg_with_segment(JPEG, 0xe2, &[b"ICC_PROFILE\0\x01\x01", profile]) else { return };
    for colour_space in [ColourSpace::Srgb, ColourSpace::Original] {
        let metadata = Metadata { colour_space, ..Metadata::default() };
        let resize = Resize { width: Some(9), ..Resize::default() };
        must_hold(
            &file,
            &Plan { resize, metadata, format: FormatWish::Exactly(Format::Png), ..Plan::default() },
        );
    }
});
