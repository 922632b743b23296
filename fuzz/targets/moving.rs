//! Pictures that move, as GIF, PNG, WebP and AVIF hold them: every frame of them.
//!
//! Input: a file. What must hold: `must_hold`, where all frames are made again and where the last one is taken out.

#![no_main]

use fuzz::must_hold;
use libfuzzer_sys::fuzz_target;
use plan::{Amount, Format, FormatWish, Plan, Resize};
use transform::{InputFormat, sniff};

fuzz_target!(|file: &[u8]| {
    let moves = [InputFormat::Gif, InputFormat::Png, InputFormat::Webp, InputFormat::Avif];
    if !sniff(file).is_some_and(|format| moves.contains(&format)) {
        return;
    }
    let resize = Resize { width: Some(9), ..Resize::default() };
    let moving = Plan { resize, format: FormatWish::Exactly(Format::Png), ..Plan::default() };
    must_hold(file, &moving);
    // Of a file with fewer pictures there is none: an error like any other.
    for number in [2, 3] {
        must_hold(file, &Plan { frame: Amount::new(number), ..moving.clone() });
    }
});
