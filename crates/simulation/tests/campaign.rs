//! The promise, under everything that can go wrong; and that hits stay hits where nothing does.

use simulation::{Campaign, Options, Weather, run};

const SEEDS: u64 = 2_000;

#[test]
fn a_purge_that_is_done_stays_done_whatever_happens() {
    let findings = Campaign::new(SEEDS, Options::new(Weather::Faulty)).run();
    println!("{findings}");
    assert!(findings.violations.is_empty(), "replay one with `cargo xtask sim --seed N --trace`\n{findings}");

    // The faults have to have happened, or all this proves nothing.
    let tally = findings.tally;
    for (what, count) in [
        ("hits", tally.hits),
        ("stale answers", tally.stale),
        ("answers of isolated nodes", tally.isolated),
        ("answers served once", tally.once),
        ("collapsed waiters", tally.joined),
        ("confirmations", tally.not_modified),
        ("requests from ahead", tally.behind),
        ("gaps", tally.gaps),
        ("trimmed or replaced logs", tally.voided),
        ("erasures", tally.erasures),
        ("restarts", tally.restarts),
    ] {
        assert!(count > SEEDS, "hardly any {what}: {count} in {SEEDS} runs");
    }
}

#[test]
fn without_faults_purges_cost_no_more_fills_than_knowing_of_them_at_once_would() {
    let findings = Campaign::new(200, Options::new(Weather::Calm)).run();
    assert!(findings.violations.is_empty(), "{findings}");
    assert_eq!(findings.tally.failed, 0);
    let extra = findings.extra_fills_per_thousand_reads();
    println!(
        "{extra:+.2} fills in a thousand reads, against a cache that knows of each purge at once\n{findings}"
    );
    assert!(extra < 5.0, "{extra}");
}

#[test]
fn where_nobody_purges_each_edge_fetches_each_url_once() {
    let findings = Campaign::new(200, Options::new(Weather::Still)).run();
    assert!(findings.violations.is_empty(), "{findings}");
    assert_eq!(findings.tally.leaf_fills, findings.ideal_fills);
}

#[test]
fn the_assumption_about_clocks_matters() {
    let options = Options::new(Weather::LyingClocks);
    let campaign = Campaign { stop_at_violation: true, ..Campaign::new(SEEDS, options) };
    let findings = campaign.run();
    let found = findings.violations.first();
    println!("clocks that run up to 15 % fast or slow: {found:?} after {} runs", findings.runs);
    assert!(
        found.is_some(),
        "with clocks beyond the margin the promise should break, or the margin is no assumption"
    );
}

#[test]
fn one_seed_is_one_run() {
    for seed in 0..20 {
        let options = Options { trace: seed < 3, ..Options::new(Weather::Faulty) };
        assert_eq!(run(seed, options), run(seed, options), "seed {seed}");
    }
}
