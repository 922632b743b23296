//! Texts on pictures as a whole: what hostile ones cost, and in which fonts they are set.

mod pictures;

use std::time::{Duration, Instant};

use plan::{Format, FormatWish, Plan, Text};
use transform::{Limits, TransformError, compose, memory_needed};

use crate::pictures::{FOR_EVER, Painting};

const SANS: &[u8] = include_bytes!("../../renderer/fonts/DejaVuSans.ttf");

fn plan(text: Text) -> Plan {
    let mut plan = Plan { format: FormatWish::Exactly(Format::Png), ..Plan::default() };
    plan.texts[0] = text;
    plan
}

fn text(content: &str, size: i16) -> Text {
    Text { content: content.parse().ok(), size: size.to_string().parse().unwrap(), ..Text::default() }
}

fn white(width: u32, height: u32) -> Vec<u8> {
    Painting::new(width, height, |_, _| [255; 4]).png()
}

#[test]
fn letters_stand_where_they_are_wished_and_nowhere_else() {
    let align = "bottom,right".parse().unwrap();
    let made = compose(&[&white(120, 60), SANS], &plan(Text { align, ..text("Hi", 24) }), &Limits::default());
    let seen = pictures::seen(&made.unwrap().bytes);
    let dark = |x: u32, y: u32| seen.at(x, y)[0] < 128;
    let columns: Vec<u32> = (0..120).filter(|x| (0..60).any(|y| dark(*x, y))).collect();
    let rows: Vec<u32> = (0..60).filter(|y| (0..120).any(|x| dark(x, *y))).collect();
    let (Some(left), Some(right)) = (columns.first(), columns.last()) else { panic!("nothing is written") };
    // Within its padding of 10 at the right; its line of 28.8 ends 10 above the lower edge.
    assert!(*left > 75 && (106..=110).contains(right), "{left} {right}");
    assert!(rows.iter().all(|row| (20..=50).contains(row)), "{rows:?}");
}

#[test]
fn hostile_texts_cost_little_and_break_nothing() {
    let zalgo = format!("Z{}", "\u{300}\u{316}\u{489}".repeat(166));
    let nested = "\u{202b}\u{202a}\u{2067}".repeat(166);
    let cases = [
        "\u{200b}".repeat(500),
        "\u{feff}\u{202e}\u{2066}\u{e0041}".repeat(125),
        zalgo,
        nested,
        "\n".repeat(500),
        " ".repeat(500),
        "W".repeat(500),
        "\u{fdfa}".repeat(500),
        "\u{1f468}\u{200d}\u{1f469}\u{200d}".repeat(125),
        "\u{10ffff}".repeat(500),
        "a\u{ad}".repeat(250),
    ];
    let original = white(400, 300);
    for content in &cases {
        for size in [1, 12, 1000] {
            for (fit, clip) in [("wrap", None), ("max", None), ("wrap", Some("middle,ellipsis"))] {
                let text = Text {
                    fit: fit.parse().unwrap(),
                    clip: clip.and_then(|clip| clip.parse().ok()),
                    outline: "3".parse().unwrap(),
                    shadow: "3".parse().unwrap(),
                    rotation: "20".parse().unwrap(),
                    ..text(content, size)
                };
                let began = Instant::now();
                let made = compose(&[&original, SANS], &plan(text), &Limits::default());
                assert!(made.is_ok(), "{content:?} {size} {fit}: {made:?}");
                assert!(began.elapsed() < FOR_EVER, "{content:?} {size} {fit}");
            }
        }
    }
}

#[test]
fn a_text_takes_time_within_the_limits() {
    let hasty = Limits { time: Duration::ZERO, ..Limits::default() };
    let error = compose(&[&white(40, 30), SANS], &plan(text("a", 12)), &hasty).unwrap_err();
    assert_eq!(error, TransformError::OutOfTime { limit: Duration::ZERO });
}

#[test]
fn the_fonts_are_those_of_the_plan_or_it_is_an_error() {
    let base = white(40, 30);
    let named = Text { font: "brand".parse().unwrap(), ..text("a", 12) };
    assert_eq!(plan(named.clone()).fonts().len(), 2);
    assert!(compose(&[&base, SANS, SANS], &plan(named.clone()), &Limits::default()).is_ok());
    for inputs in
        [&[&base[..]][..], &[&base, SANS], &[&base, SANS, SANS, b"<html>"], &[&base, SANS, b"<html>"]]
    {
        let error = compose(inputs, &plan(named.clone()), &Limits::default()).unwrap_err();
        assert!(matches!(error, TransformError::Failed { .. }), "{error}");
    }
}

#[test]
fn a_text_is_reckoned_with_before_it_is_set() {
    let base = white(400, 300);
    let needed = |plan: &Plan| memory_needed(&[&base, SANS], plan, &Limits::default());
    let (none, small, large) = (plan(Text::default()), plan(text("a", 12)), plan(text("a", 1000)));
    assert!(needed(&none) < needed(&small) && needed(&small) < needed(&large));
    // Not more than a few pictures of the output's size with its margins.
    assert!(needed(&large) - needed(&none) < 1200 * 1100 * 16);
}
