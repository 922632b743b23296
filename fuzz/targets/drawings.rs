//! Drawings, as they are handed on and as they are drawn.
//!
//! Input: a text that may be SVG. What must hold: what is handed on is a drawing that nothing is left to be taken out of, and
//! names nothing that acts or lies elsewhere; and what is handed on is drawn as what it was made of.

#![no_main]

use fuzz::SMALL;
use libfuzzer_sys::fuzz_target;
use plan::{Format, FormatWish, OutputFormat, Plan, Resize};
use transform::{InputFormat, TransformError, sniff, transform};

fuzz_target!(|file: &[u8]| {
    if sniff(file) != Some(InputFormat::Svg) {
        return;
    }
    let keep = Plan { format: FormatWish::Svg, ..Plan::default() };
    let Ok(kept) = transform(file, &keep, &SMALL) else { return };
    assert!(kept.format == OutputFormat::Svg && sniff(&kept.bytes) == Some(InputFormat::Svg));
    let text = std::str::from_utf8(&kept.bytes).expect("it is text");
    // A sign that opens a tag is nowhere but where a tag opens.
    for word in ["<script", "<foreignObject", "<iframe", "<!", "<?"] {
        assert!(!text.contains(word), "{word} in {text}");
    }
    if kept.bytes.len() <= SMALL.input_bytes {
        assert_eq!(transform(&kept.bytes, &keep, &SMALL), Ok(kept.clone()), "nothing is left to be taken out");
    }
    let resize = Resize { width: Some(17), height: Some(13), ..Resize::default() };
    let draw = Plan { resize, format: FormatWish::Exactly(Format::Png), ..Plan::default() };
    let drawn = transform(file, &draw, &SMALL);
    if let Err(error) = &drawn {
        assert!(!matches!(error, TransformError::Panicked { .. } | TransformError::Failed { .. }), "{error}");
    } else if kept.bytes.len() <= SMALL.input_bytes {
        assert_eq!(transform(&kept.bytes, &draw, &SMALL), drawn, "what is handed on looks the same");
    }
});
