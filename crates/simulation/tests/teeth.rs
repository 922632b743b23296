//! Each rule, broken: a checker that cannot fail proves nothing.

use simulation::{Campaign, Options, Sabotage, Weather};

/// The rarest of them needs a lease that is booked late and a record in between.
const SEEDS_AT_MOST: u64 = 2_000;

#[test]
fn every_broken_rule_is_found() {
    let mut unnoticed = Vec::new();
    for sabotage in Sabotage::ALL {
        let options = Options { sabotage: Some(*sabotage), ..Options::new(Weather::Faulty) };
        let campaign = Campaign { stop_at_violation: true, ..Campaign::new(SEEDS_AT_MOST, options) };
        let findings = campaign.run();
        match findings.violations.first() {
            Some((_, violation)) => {
                println!("{:<26}found in run {:>4}: {violation}", sabotage.name(), findings.runs);
            }
            None => unnoticed.push(sabotage.name()),
        }
    }
    assert!(unnoticed.is_empty(), "not found in {SEEDS_AT_MOST} seeds: {unnoticed:?}");
}
