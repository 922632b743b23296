//! Originals of every format, from their bytes to a derivative's.
//!
//! Input: a file; seeds are of each format. With `FUZZ_FORMAT` (`tiff`, say) in the environment, all others are passed over: then
//! it is the target of one decoder. What must hold: `must_hold`.

#![no_main]

use std::sync::LazyLock;

use fuzz::must_hold;
use libfuzzer_sys::fuzz_target;
use plan::{Accepted, FormatWish, Plan, Resize};
use transform::{InputFormat, sniff};

static ONLY: LazyLock<Option<InputFormat>> = LazyLock::new(|| {
    let wished = std::env::var("FUZZ_FORMAT").ok().filter(|wished| !wished.is_empty())?;
    let named = |format: &InputFormat| format!("{format:?}").eq_ignore_ascii_case(&wished);
    let format = InputFormat::ALL.into_iter().find(named);
    Some(format.unwrap_or_else(|| panic!("FUZZ_FORMAT={wished} is none of {:?}", InputFormat::ALL)))
});

fuzz_target!(|file: &[u8]| {
    if ONLY.is_some_and(|only| sniff(file) != Some(only)) {
        return;
    }
    let resize = Resize { width: Some(17), height: Some(13), ..Resize::default() };
    must_hold(file, &Plan { resize, format: FormatWish::Auto(Accepted::Webp), ..Plan::default() });
});
