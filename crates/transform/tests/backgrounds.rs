//! Backgrounds removed, by a model that takes what is light for foreground.

mod documented;
mod pictures;

use pictures::Painting;
use testkit::onnx;
use transform::{ModelError, Network, Normalisation, TransformError};

const SIDE: u64 = 32;

/// Without the model, a wish is refused; in a build that cannot follow one, a model is.
#[test]
fn without_a_model_or_what_follows_it_nothing_is_made() {
    let plan = documented::plan("bg-remove=1");
    let error = pictures::transform(&halves().png(), &plan).unwrap_err();
    assert_eq!(error, TransformError::NoModel);
    let read = Network::read(&onnx::light_is_foreground(Some(SIDE)), Normalisation::Centred).err();
    let expected = (!cfg!(feature = "background-removal")).then_some(ModelError::NotBuilt);
    assert_eq!(read, expected);
}

/// Light at the left, dark at the right.
fn halves() -> Painting {
    Painting::new(128, 64, |x, _| if x < 64 { [230, 240, 250, 255] } else { [20, 10, 30, 255] })
}

#[cfg(feature = "background-removal")]
mod built {
    use super::*;
    use pictures::{moving_gif, seen};
    use plan::{Format, FormatWish, OutputFormat, Plan};
    use std::time::Duration;
    use transform::{Derivative, Limits, compose_with};

    fn network() -> Network {
        Network::read(&onnx::light_is_foreground(Some(SIDE)), Normalisation::Centred).unwrap()
    }

    fn cut_within(original: &[u8], plan: &Plan, limits: &Limits) -> Result<Derivative, TransformError> {
        let others = pictures::others(plan);
        let inputs: Vec<&[u8]> = std::iter::once(original).chain(others.iter().map(Vec::as_slice)).collect();
        compose_with(&inputs, Some(&network()), plan, limits)
    }

    fn cut(original: &[u8], query: &str) -> Derivative {
        cut_within(original, &documented::plan(&format!("bg-remove=1{query}")), &Limits::default()).unwrap()
    }

    /// `#` is opaque, `.` transparent, `?` neither; at parts of the width and height.
    fn sketch(picture: &Painting, places: &[(f64, f64)]) -> String {
        let at = |&(x, y): &(f64, f64)| {
            picture.at((x * f64::from(picture.width)) as u32, (y * f64::from(picture.height)) as u32)[3]
        };
        let letter = |alpha: u8| match alpha {
            0..=3 => '.',
            252.. => '#',
            _ => '?',
        };
        places.iter().map(at).map(letter).collect()
    }

    #[test]
    fn what_is_seen_is_cut_where_it_stands_at_every_size_and_turn() {
        let left_and_right = [(0.1, 0.5), (0.4, 0.1), (0.4, 0.9), (0.6, 0.1), (0.6, 0.9), (0.9, 0.5)];
        let top_and_bottom = left_and_right.map(|(x, y)| (y, x));
        for (query, places, expected) in [
            ("", left_and_right, "###..."),
            ("&w=20", left_and_right, "###..."),
            ("&w=600", left_and_right, "###..."),
            ("&flip=h", left_and_right, "...###"),
            ("&rot=180", left_and_right, "...###"),
            ("&rot=90", top_and_bottom, "...###"),
            ("&rect=32,0,64,64", left_and_right, "###..."),
            ("&rect=0,0,64,64", left_and_right, "######"),
            ("&w=60&h=60&fit=crop&crop=right", left_and_right, "......"),
            ("&w=60&h=60&fit=crop&crop=left", left_and_right, "######"),
            // Of what is turned, the corners have nothing.
            (
                "&rot=8",
                [(0.01, 0.01), (0.2, 0.5), (0.3, 0.4), (0.7, 0.6), (0.8, 0.5), (0.99, 0.99)],
                ".##...",
            ),
            ("&rot=8&rot-type=straighten", left_and_right, "###..."),
            ("&invert=1", left_and_right, "###..."),
            (
                "&w=60&h=60&fit=fill",
                [(0.1, 0.5), (0.4, 0.3), (0.4, 0.7), (0.4, 0.1), (0.4, 0.9), (0.9, 0.5)],
                "###...",
            ),
        ] {
            let made = cut(&halves().png(), &format!("{query}&format=png"));
            assert_eq!(sketch(&seen(&made.bytes), &places), expected, "{query}");
        }
        let original = halves();
        for (format, original) in pictures::painted().map(|format| (format, original.original(format))) {
            let made = cut(&original, "&w=64&format=png");
            assert_eq!(sketch(&seen(&made.bytes), &left_and_right), "###...", "{format}");
        }
    }

    #[test]
    fn what_is_cut_out_needs_a_format_that_holds_it_or_stands_before_a_colour() {
        let original = halves().original(transform::InputFormat::Jpeg);
        for (query, format) in [
            ("&format=auto", Format::Png),
            ("&format=auto&bg=red", Format::Jpeg),
            ("&format=auto&alpha=extract", Format::Jpeg),
            ("&format=webp", Format::Webp),
        ] {
            assert_eq!(cut(&original, query).format, OutputFormat::Picture(format), "{query}");
        }
        let behind = |query: &str| seen(&cut(&original, query).bytes).at(120, 32);
        assert!(behind("&format=jpeg").iter().all(|&channel| channel > 250));
        let [r, g, b, _] = behind("&format=jpeg&bg=red");
        assert!(r > 245 && g < 10 && b < 10, "{:?}", [r, g, b]);
        assert_eq!(behind("&format=png"), [0; 4]);
        assert_eq!(behind("&format=png&alpha=extract")[..3], [0; 3]);
    }

    #[test]
    fn what_was_transparent_stays_so_and_is_white_to_the_model() {
        let pale =
            Painting::new(64, 64, |x, _| if x < 32 { [230, 240, 250, 100] } else { [230, 240, 250, 0] });
        let made = seen(&cut(&pale.png(), "&format=png").bytes);
        assert_eq!((made.at(5, 30)[3], made.at(60, 30)), (100, [0; 4]));
    }

    #[test]
    fn every_frame_of_what_moves_is_cut_out() {
        let moving = moving_gif();
        for frame in 1..=3 {
            let still = cut(&moving, &format!("&frame={frame}&format=png")).bytes;
            let lightest = |query: &str| {
                let plan = documented::plan(query);
                seen(&pictures::transform(&moving, &plan).unwrap().bytes)
            };
            let (whole, still) = (lightest(&format!("frame={frame}&format=png")), seen(&still));
            for (before, after) in whole.pixels.iter().zip(&still.pixels) {
                let light: u32 = before[..3].iter().map(|&channel| u32::from(channel)).sum();
                assert!(light > 280 || before[3] == 0 || after[3] < 255, "{before:?} {after:?}");
            }
        }
        assert_eq!(cut(&moving, "&format=gif").format, OutputFormat::Picture(Format::Gif));
    }

    #[test]
    fn words_about_it_are_of_what_is_left() {
        let made = cut(&halves().png(), "&palette=json");
        let words = String::from_utf8(made.bytes).unwrap();
        assert!(words.contains("e6f0fa") && !words.contains("140a1e"), "{words}");
    }

    #[test]
    fn what_has_no_time_left_is_not_looked_at() {
        let plan =
            Plan { background_removed: true, format: FormatWish::Exactly(Format::Png), ..Plan::default() };
        let hasty = Limits { time: Duration::ZERO, ..Limits::default() };
        let error = cut_within(&halves().png(), &plan, &hasty).unwrap_err();
        assert_eq!(error, TransformError::OutOfTime { limit: Duration::ZERO });
    }

    #[test]
    fn a_model_that_sees_no_foreground_is_refused_with_a_reason() {
        let model = onnx::light_is_foreground;
        let mut cut_short = model(Some(SIDE));
        cut_short.truncate(60);
        for (onnx, reason) in [
            (model(Some(8)), "it looks at 8 by 8 pixels where sides of 16 to 1024 are allowed"),
            (model(Some(2048)), "it looks at 2048 by 2048 pixels where sides of 16 to 1024 are allowed"),
            (onnx::sees(1, 1, Some(SIDE)), "it takes 1x1x32x32"),
            (onnx::sees(3, 2, Some(SIDE)), "it gives 1x2x32x32"),
            (b"<html>".to_vec(), "it is no ONNX model that can be followed: "),
            (Vec::new(), "it is no ONNX model that can be followed: "),
            (cut_short, "it is no ONNX model that can be followed: "),
        ] {
            let error = Network::read(&onnx, Normalisation::Centred).err().unwrap().to_string();
            assert!(error.contains(reason), "{error}");
        }
        // One that takes any size is shown a size of ours.
        assert!(Network::read(&model(None), Normalisation::Centred).is_ok());
    }

    #[test]
    fn the_memory_that_it_takes_is_told_beforehand() {
        let small = network().memory();
        let large =
            Network::read(&onnx::light_is_foreground(Some(512)), Normalisation::Centred).unwrap().memory();
        // At least what is shown and what is seen, in numbers of four bytes.
        assert!(large >= small + 4 * 4 * (512 * 512 - 32 * 32), "{small} {large}");
    }
}
