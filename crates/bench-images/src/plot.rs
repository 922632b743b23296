//! The table's main column as a picture.

use std::fmt::Write;

use crate::measure::Comparison;
use crate::report::colour;

const WIDTH: f64 = 860.0;
const LEFT: f64 = 380.0;
const RIGHT: f64 = 60.0;
const BAR: f64 = 16.0;
const GAP: f64 = 10.0;
const HEAD: f64 = 40.0;
/// Doublings from the left edge to the right one, and how many of them are below 1.
const DOUBLINGS: f64 = 7.0;
const BELOW: f64 = 1.0;

/// Processor time of the peers in units of ours, as bars on a scale of doublings, with the range over originals.
pub fn cpu(comparisons: &[Comparison]) -> String {
    let mut bars = String::new();
    let mut top = HEAD;
    let mut last = "";
    for one in comparisons {
        if one.case.name != last {
            top += GAP;
            // Writing into a String cannot fail.
            let _ = writeln!(
                bars,
                "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{}</text>",
                LEFT - 60.0,
                top + 12.0,
                one.case.title
            );
            last = one.case.name;
        }
        bar(&mut bars, one, top);
        top += BAR;
    }
    let mut lines = String::new();
    for times in [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0] {
        let x = place(times);
        let width = if times == 1.0 { 1.5 } else { 0.5 };
        let _ = writeln!(
            lines,
            "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{HEAD}\" y2=\"{top}\" stroke=\"#999\" stroke-width=\"{width}\"/>\
             <text x=\"{x:.1}\" y=\"{:.0}\" text-anchor=\"middle\" fill=\"#555\">{times}</text>",
            HEAD - 4.0
        );
    }
    let height = top + GAP;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"12\" y=\"18\" font-weight=\"bold\">Processor time for a derivative, times ours (median; line: range over originals)</text>\n{lines}{bars}</svg>\n"
    )
}

/// Where a ratio stands.
fn place(times: f64) -> f64 {
    let doublings = (times.max(0.01).log2() + BELOW).clamp(0.0, DOUBLINGS);
    LEFT + doublings / DOUBLINGS * (WIDTH - LEFT - RIGHT)
}

fn bar(out: &mut String, one: &Comparison, top: f64) {
    let [start, end, value] = [one.cpu.1, one.cpu.2, one.cpu.0].map(place);
    let middle = top + BAR / 2.0 - 1.0;
    let _ = writeln!(
        out,
        "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\" fill=\"#555\">{}</text>\
         <rect x=\"{:.1}\" y=\"{top}\" width=\"{:.1}\" height=\"{}\" fill=\"{}\"/>\
         <line x1=\"{start:.1}\" x2=\"{end:.1}\" y1=\"{middle}\" y2=\"{middle}\" stroke=\"#222\"/>\
         <text x=\"{:.1}\" y=\"{:.0}\">{:.2}</text>",
        LEFT - 6.0,
        top + 12.0,
        one.who,
        place(1.0).min(value),
        (value - place(1.0)).abs(),
        BAR - 2.0,
        colour(one.who),
        end.max(value).max(place(1.0)) + 5.0,
        top + 12.0,
        one.cpu.0
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_stand_at_equal_steps_for_each_doubling() {
        let step = place(2.0) - place(1.0);
        assert!((place(8.0) - place(4.0) - step).abs() < 1e-9);
        assert!((place(1.0) - place(0.5) - step).abs() < 1e-9);
        assert!(place(1e9) <= WIDTH - RIGHT && place(0.0) >= LEFT);
    }
}
