//! What a purge costs where it matters: the check of a hit, the application of a record, the bytes of a fence.
//!
//! `cargo bench -p purge-protocol`. A harness of our own: a table of medians is all that is wanted.

use std::hint::black_box;
use std::time::Instant;

use purge_protocol::{
    AsOf, Batch, CheckedAt, Drift, Fences, Follower, Grant, LogId, Mode, Moment, Position, Record, Tag, Tags,
    Verdict,
};

const LOG: LogId = LogId(1);
const MILLION: u64 = 1_000_000;

fn main() {
    println!("{:<58}{:>12}{:>12}", "", "measured", "bound");
    let bytes_before = resident();
    let mut full = node(MILLION, 2 * MILLION as usize);
    let bytes = (resident() - bytes_before) / full.fences().len() as f64;

    let carried = some_tags(8, MILLION);
    let (fresh, old) = (as_of(full.applied().get()), as_of(0));
    assert_eq!(full.fences().judge(&carried[0], fresh), Verdict::Usable);
    assert_ne!(full.fences().judge(&carried[0], old), Verdict::Usable);

    let checked = CheckedAt::default();
    checked.note(full.fences().revision());
    let nothing_moved = nanos(1_000, || {
        let revision = black_box(full.fences()).revision();
        black_box(checked.is_current(black_box(revision)));
    });
    line("a hit, nothing moved since its last check", nothing_moved, 50.0, "ns");

    let empty = node(0, 16);
    let in_small = nanos_of_each(&carried, |tags| empty.fences().judge(tags, as_of(0)));
    line("a hit of 8 tags, no fence stands", in_small, 300.0, "ns");
    let in_full = nanos_of_each(&carried, |tags| full.fences().judge(tags, fresh));
    line("a hit of 8 tags, all of them among 1 M fences", in_full, 300.0, "ns");
    let strangers = some_tags(8, 1 << 40);
    let missing = nanos_of_each(&strangers, |tags| full.fences().judge(tags, as_of(0)));
    line("a hit of 8 tags, none of them among 1 M fences", missing, 300.0, "ns");

    let mut position = full.applied().get();
    let applying = nanos(64, || {
        position += 1;
        full.receive(&batch(position, mixed(position)), Moment(0), Drift::DEFAULT);
    });
    line("applying a record to 1 M fences", applying, 5_000.0, "ns");

    let mut bounded = node(0, 100_000);
    let mut position = 0;
    let began = Instant::now();
    for _ in 0..MILLION {
        position += 1;
        bounded.receive(&batch(position, mixed(position)), Moment(0), Drift::DEFAULT);
    }
    let amortized = began.elapsed().as_nanos() as f64 / MILLION as f64;
    line("applying a record where the floor rises, amortized", amortized, 5_000.0, "ns");

    for stored in [1, MILLION] {
        line(&format!("a purge of one tag that {stored} responses carry"), purge_of(stored), 5_000.0, "ns");
    }
    line("memory of a fence", bytes, 64.0, "bytes");
}

/// A purge raises one fence whatever carries its tag: the responses are there, and are not looked at.
fn purge_of(stored: u64) -> f64 {
    let mut node = node(0, 1_000);
    let responses: Vec<(Tags, AsOf)> =
        (0..stored).map(|_| (Tags::new(vec![Tag(7)]).unwrap_or_default(), as_of(0))).collect();
    let mut position = 0;
    let cost = nanos(64, || {
        position += 1;
        node.receive(&batch(position, 7), Moment(0), Drift::DEFAULT);
    });
    let usable =
        responses.iter().filter(|(tags, as_of)| node.fences().judge(tags, *as_of) == Verdict::Usable);
    assert_eq!(usable.count(), 0, "and yet all of them are fenced");
    cost
}

fn node(fences: u64, capacity: usize) -> Follower {
    let mut follower = Follower::new(Fences::unfollowed(capacity));
    follower.receive(&Batch { records: Vec::new(), ..batch(0, 0) }, Moment(0), Drift::DEFAULT);
    for position in 1..=fences {
        follower.receive(&batch(position, mixed(position)), Moment(0), Drift::DEFAULT);
    }
    follower
}

fn batch(position: u64, tag: u64) -> Batch {
    let position = Position::new(position);
    let record = Record { position, purge: String::new(), tags: vec![Tag(tag)], mode: Mode::Hard, at: 0 };
    Batch {
        log: LOG,
        start: Position::new(1),
        head: position,
        records: vec![record],
        grant: Grant { millis: 1 },
    }
}

fn as_of(position: u64) -> AsOf {
    AsOf { log: LOG, position: Position::new(position) }
}

/// Tags are hashes: spread over all 64 bits.
fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 27)
}

/// Many responses, so that their fences are not all in the processor's cache.
fn some_tags(each: u64, among: u64) -> Vec<Tags> {
    let responses = 0..4_096_u64;
    let of =
        |response: u64| (0..each).map(|tag| Tag(mixed(1 + mixed(response * each + tag) % among))).collect();
    responses.map(|response| Tags::new(of(response)).unwrap_or_default()).collect()
}

fn nanos_of_each<T>(all: &[Tags], judge: impl Fn(&Tags) -> T) -> f64 {
    let mut next = 0;
    nanos(4_096, || {
        next = (next + 1) % all.len();
        black_box(judge(black_box(&all[next])));
    })
}

/// The median of many batches.
fn nanos(batch: u32, mut act: impl FnMut()) -> f64 {
    let mut measured: Vec<f64> = (0..101)
        .map(|_| {
            let began = Instant::now();
            for _ in 0..batch {
                act();
            }
            began.elapsed().as_nanos() as f64 / f64::from(batch)
        })
        .collect();
    measured.sort_by(f64::total_cmp);
    measured[measured.len() / 2]
}

fn line(what: &str, measured: f64, bound: f64, unit: &str) {
    let verdict = if measured < bound { "" } else { "  MISSED" };
    println!("{what:<58}{measured:>8.1} {unit:<5}{bound:>6.0} {unit}{verdict}");
}

/// Resident bytes of this process; zero where there is no `/proc`.
fn resident() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: f64 =
        statm.split_ascii_whitespace().nth(1).and_then(|pages| pages.parse().ok()).unwrap_or_default();
    pages * 4_096.0
}
