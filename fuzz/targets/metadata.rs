//! What stands beside the pixels: EXIF, XMP and IPTC, as a JPEG brings them along.
//!
//! Input: a byte that says which of them, and its text. What must hold: `must_hold`, where who made the picture is looked for.

#![no_main]

use fuzz::{jpeg_with_segment, must_hold};
use libfuzzer_sys::fuzz_target;
use plan::{Format, FormatWish, Metadata, Plan, Resize};

const JPEG: &[u8] = include_bytes!("../corpus/originals/grey-jpg");

fuzz_target!(|input: &[u8]| {
    let Some((&kind, text)) = input.split_first() else { return };
    let (marker, name): (u8, &[u8]) = match kind % 3 {
        0 => (0xe1, b"Exif\0\0"),
        1 => (0xe1, b"http://ns.adobe.com/xap/1.0/\0"),
        _ => (0xed, b"Photoshop 3.0\0"),
    };
    let Some(file) = jpeg_with_segment(JPEG, marker, &[name, text]) else { return };
    let metadata = Metadata { copyright: true, ..Metadata::default() };
    let resize = Resize { width: Some(5), ..Resize::default() };
    must_hold(
        &file,
        &Plan { resize, metadata, format: FormatWish::Exactly(Format::Jpeg), ..Plan::default() },
    );
});
