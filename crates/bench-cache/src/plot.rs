//! The table's main column as a picture.

use std::fmt::Write;

use crate::contender::Who;
use crate::measure::Summary;
use crate::scenario::Scenario;

const WIDTH: f64 = 760.0;
const LEFT: f64 = 250.0;
const BAR: f64 = 16.0;
const GAP: f64 = 26.0;
const HEAD: f64 = 40.0;

/// Processor time for a request as bars, with the range over the rounds.
pub fn cpu_per_request(summaries: &[Summary]) -> String {
    let longest = summaries.iter().map(|summary| summary.micros_range.1).fold(1.0, f64::max);
    let scale = (WIDTH - LEFT - 70.0) / longest;
    let mut bars = String::new();
    let mut top = HEAD;
    for scenario in Scenario::ALL {
        let own: Vec<_> = summaries.iter().filter(|summary| summary.scenario == scenario).collect();
        if own.is_empty() {
            continue;
        }
        let middle = top + own.len() as f64 * BAR / 2.0 + 4.0;
        // Writing into a String cannot fail.
        let _ = writeln!(
            bars,
            "<text x=\"{:.0}\" y=\"{middle:.0}\" text-anchor=\"end\">{}</text>",
            LEFT - 84.0,
            short(scenario)
        );
        for summary in own {
            bar(&mut bars, summary, top, scale);
            top += BAR;
        }
        top += GAP;
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{top}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"12\" y=\"20\" font-weight=\"bold\">Processor time of the server for a request, µs (median; line: range over the rounds)</text>\n{bars}</svg>\n"
    )
}

fn bar(out: &mut String, summary: &Summary, top: f64, scale: f64) {
    let (least, most) = summary.micros_range;
    let [start, end, value] = [least, most, summary.micros].map(|micros| LEFT + micros * scale);
    let middle = top + BAR / 2.0 - 1.0;
    let _ = writeln!(
        out,
        "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\" fill=\"#555\">{}</text>\
         <rect x=\"{LEFT}\" y=\"{top}\" width=\"{:.1}\" height=\"{}\" fill=\"{}\"/>\
         <line x1=\"{start:.1}\" x2=\"{end:.1}\" y1=\"{middle}\" y2=\"{middle}\" stroke=\"#222\"/>\
         <text x=\"{:.1}\" y=\"{:.0}\">{:.1}</text>",
        LEFT - 6.0,
        top + 12.0,
        summary.who,
        value - LEFT,
        BAR - 2.0,
        colour(summary.who),
        end.max(value) + 5.0,
        top + 12.0,
        summary.micros
    );
}

fn short(scenario: Scenario) -> &'static str {
    match scenario {
        Scenario::Memory20 => "20 KB",
        Scenario::Tls20 => "20 KB, TLS 1.3",
        Scenario::Logged20 => "20 KB, access log",
        Scenario::Memory200 => "200 KB",
        Scenario::NotModified => "304",
        Scenario::Disk20 => "20 KB from disk",
    }
}

fn colour(who: Who) -> &'static str {
    match who {
        Who::Pentimento => "#b5541c",
        Who::Nginx => "#5b8a5a",
        Who::Varnish => "#5a78a8",
    }
}
