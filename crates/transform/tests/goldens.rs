//! Golden pictures: every example of the page on operations, as it was when somebody last looked at it.
//!
//! `goldens/index.txt` names each with the digest of all its pixels, and beside it stands a small picture. If the digest
//! is the same, nothing has changed; if not, the small picture must be [`TOLERANCE`] alike, for another processor may
//! round otherwise. What was meant to change is written by `UPDATE_GOLDENS=1 cargo test -p transform --test goldens`,
//! and looked at in the sheet that `make goldens` makes.

mod documented;
mod pictures;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use plan::{Fit, Format, FormatWish, Operation, Plan};

use crate::pictures::{Painting, assert_alike, made, resize, seen, seen_as, to};

/// In decibels, on the small picture.
const TOLERANCE: f64 = 38.0;
/// The larger side of the small picture.
const SMALL: u32 = 48;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens")
}

fn file_name(query: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '+' };
    format!("{}.png", query.chars().map(plain).collect::<String>())
}

struct Golden {
    digest: String,
    small: Vec<u8>,
}

fn golden(query: &str, original: &[u8]) -> Golden {
    let plan = Plan { format: FormatWish::Exactly(Format::Png), ..documented::plan(query) };
    let whole = made(original, &plan).bytes;
    let pixels = seen(&whole);
    let digest = blake3::hash(pixels.pixels.as_flattened()).to_hex();
    let small =
        Plan { format: FormatWish::Exactly(Format::Png), ..resize(Some(SMALL), Some(SMALL), Fit::Max) };
    Golden { digest: digest.as_str()[..16].to_owned(), small: made(&whole, &small).bytes }
}

#[test]
fn every_documented_example_looks_as_it_did() {
    let (landscape, portrait) = (Painting::landscape().png(), Painting::portrait().png());
    let original =
        |query: &str| if documented::plan(query).looks_for_faces() { &portrait } else { &landscape };
    let goldens: Vec<_> =
        documented::pictures().into_iter().map(|query| (golden(&query, original(&query)), query)).collect();
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        return write(&goldens);
    }
    let index = fs::read_to_string(folder().join("index.txt")).unwrap();
    let mut known: BTreeMap<&str, &str> = index.lines().filter_map(|line| line.split_once(' ')).collect();
    for (golden, query) in &goldens {
        let name = file_name(query);
        let digest = known.remove(name.as_str()).unwrap_or_else(|| panic!("{query} has no golden"));
        if digest != golden.digest {
            let before = fs::read(folder().join(&name)).unwrap();
            assert_alike(&seen(&golden.small), &seen(&before), TOLERANCE, query);
        }
    }
    assert!(known.is_empty(), "goldens of examples that are gone: {known:?}");
}

fn write(goldens: &[(Golden, String)]) {
    let _ = fs::remove_dir_all(folder());
    fs::create_dir_all(folder()).unwrap();
    let mut index = String::new();
    for (golden, query) in goldens {
        let name = file_name(query);
        writeln!(index, "{name} {}", golden.digest).unwrap();
        fs::write(folder().join(name), &golden.small).unwrap();
    }
    fs::write(folder().join("index.txt"), index).unwrap();
}

/// A photograph that never becomes RGB looks as one that does.
#[test]
fn planes_and_pixels_make_the_same_of_every_example() {
    let painting = Painting::landscape();
    let jpeg = made(&painting.png(), &Plan { quality: "95".parse().ok(), ..to(Format::Jpeg) }).bytes;
    // The same picture, chroma halved and all, for the path through pixels.
    let png = seen(&jpeg).png();
    for query in documented::pictures() {
        let plan = documented::plan(&query);
        // Where a border ends is told from what is there, and that is not quite the same.
        if plan.trim.by.is_some() {
            continue;
        }
        let jpeg_out = Plan { format: FormatWish::Exactly(Format::Jpeg), quality: "95".parse().ok(), ..plan };
        let one = seen(&made(&jpeg, &jpeg_out).bytes);
        let other = seen(&made(&png, &jpeg_out).bytes);
        assert_alike(&one, &other, 30.0, &query);
    }
}

#[test]
fn light_and_colour_leave_transparent_what_is() {
    let disc = Painting::disc(60);
    let png = disc.png();
    let mut tried = 0;
    for query in documented::pictures() {
        let plan = documented::plan(&query);
        let moves_nothing = |operation: &Operation| {
            !matches!(
                operation,
                Operation::Trim { .. }
                    | Operation::Cut(_)
                    | Operation::Orient(_)
                    | Operation::Rotate { .. }
                    | Operation::Pixelate { .. }
                    | Operation::Blur(_)
                    | Operation::Border { .. }
                    | Operation::Mask(_)
                    | Operation::MaskSheet { .. }
                    | Operation::Shadow { .. }
                    | Operation::ShowAlpha
                    | Operation::Fade(_)
                    | Operation::Grid { .. }
                    | Operation::Pad(_)
                    | Operation::Mark(_)
                    | Operation::Text(_)
                    | Operation::Flatten(_)
            )
        };
        if plan.resize != plan::Resize::default() || !plan.operations().iter().all(moves_nothing) {
            continue;
        }
        tried += 1;
        let seen = seen_as(&png, &plan);
        for (one, other) in seen.pixels.iter().zip(&disc.pixels) {
            assert_eq!(one[3], other[3], "{query}");
        }
    }
    assert!(tried >= 18, "{tried}");
}
