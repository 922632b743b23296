//! Whether an upstream is asked: what its answers have told, and what a probe was told.
//!
//! Pure: the time and the jitter are arguments.

use std::time::{Duration, Instant};

/// When an upstream that does not answer is left alone, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HealthRules {
    /// So many failures in a row eject it.
    pub failures: u32,
    /// For how long, the first time; each time after that for twice as long.
    pub ejection: Duration,
    /// Never for longer. After as long without an ejection the next one counts as the first.
    pub ejection_max: Duration,
}

impl Default for HealthRules {
    fn default() -> Self {
        Self { failures: 5, ejection: Duration::from_secs(5), ejection_max: Duration::from_secs(120) }
    }
}

/// One failed probe may be chance.
const PROBES_FAILED_MAX: u32 = 2;

/// Whether a request may go to an upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Fit,
    /// Its ejection is over: one request may find out whether it is fit again.
    OnTrial,
    Out,
}

/// What came of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Any answer counts, whatever its status: a server that says 500 to one URL says 200 to another.
    Answered,
    /// No connection, too slow, cut short, or not HTTP.
    Failed,
    /// Whoever asked went away before it was known.
    Unknown,
}

#[derive(Debug, Clone, Default)]
pub struct Health {
    state: State,
    /// In a row.
    failures: u32,
    /// Since it was last fit for long.
    ejections: u32,
    probes_failed: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Fit,
    FitSince(Instant),
    Ejected {
        until: Instant,
    },
    /// A request is under way that decides.
    Tried,
}

impl Health {
    pub fn standing(&self, now: Instant) -> Standing {
        match self.state {
            _ if self.probes_failed >= PROBES_FAILED_MAX => Standing::Out,
            State::Fit | State::FitSince(_) => Standing::Fit,
            State::Ejected { until } if now >= until => Standing::OnTrial,
            State::Ejected { .. } | State::Tried => Standing::Out,
        }
    }

    /// Takes the one place of the trial.
    pub fn begin_trial(&mut self) {
        self.state = State::Tried;
    }

    /// What came of a request; `on_trial` if it was the one that decides. True if that ejects the upstream. `jitter`
    /// is between 0 and 1: those who ejected it together come back one by one.
    pub fn record(
        &mut self,
        outcome: Outcome,
        on_trial: bool,
        rules: &HealthRules,
        now: Instant,
        jitter: f64,
    ) -> bool {
        match (self.state, outcome) {
            (State::Tried, Outcome::Answered) if on_trial => {
                self.failures = 0;
                self.state = State::FitSince(now);
            }
            (State::Tried, Outcome::Unknown) if on_trial => self.state = State::Ejected { until: now },
            (State::Tried, Outcome::Failed) if on_trial => return self.eject(rules, now, jitter),
            // Requests from before the ejection, and those that were sent because there was nobody better.
            (State::Ejected { .. } | State::Tried, _) => {}
            (State::Fit | State::FitSince(_), Outcome::Unknown) => {}
            (State::Fit | State::FitSince(_), Outcome::Answered) => self.failures = 0,
            (State::Fit | State::FitSince(_), Outcome::Failed) => {
                self.failures += 1;
                if self.failures >= rules.failures {
                    return self.eject(rules, now, jitter);
                }
            }
        }
        false
    }

    /// What a probe was told. Two failures in a row take the upstream out until one succeeds. A success does not end
    /// an ejection: a server may answer its probe and hang on everything else.
    pub fn probed(&mut self, is_well: bool) {
        self.probes_failed = if is_well { 0 } else { self.probes_failed.saturating_add(1) };
    }

    fn eject(&mut self, rules: &HealthRules, now: Instant, jitter: f64) -> bool {
        if let State::FitSince(since) = self.state
            && now.saturating_duration_since(since) >= rules.ejection_max
        {
            self.ejections = 0;
        }
        let doubled = rules.ejection.saturating_mul(1 << self.ejections.min(16));
        let time = doubled.min(rules.ejection_max).mul_f64(1.0 + jitter.clamp(0.0, 1.0) / 4.0);
        self.ejections = self.ejections.saturating_add(1);
        self.failures = 0;
        self.state = State::Ejected { until: now + time };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RULES: HealthRules =
        HealthRules { failures: 3, ejection: Duration::from_secs(10), ejection_max: Duration::from_secs(60) };

    struct Clinic {
        health: Health,
        start: Instant,
    }

    impl Clinic {
        fn new() -> Self {
            Self { health: Health::default(), start: Instant::now() }
        }

        fn at(&self, seconds: u64) -> Instant {
            self.start + Duration::from_secs(seconds)
        }

        fn record(&mut self, outcome: Outcome, on_trial: bool, seconds: u64) -> bool {
            let now = self.at(seconds);
            self.health.record(outcome, on_trial, &RULES, now, 0.0)
        }

        fn fail(&mut self, times: u32, seconds: u64) {
            for _ in 0..times {
                self.record(Outcome::Failed, false, seconds);
            }
        }

        fn standing(&self, seconds: u64) -> Standing {
            self.health.standing(self.at(seconds))
        }

        /// Begins the trial that is due, and ends it.
        fn try_it(&mut self, outcome: Outcome, seconds: u64) {
            assert_eq!(self.standing(seconds), Standing::OnTrial, "at {seconds} s");
            self.health.begin_trial();
            assert_eq!(self.standing(seconds), Standing::Out, "one trial at a time");
            self.record(outcome, true, seconds);
        }
    }

    #[test]
    fn failures_in_a_row_eject_and_an_answer_between_them_does_not_let_them() {
        let mut clinic = Clinic::new();
        clinic.fail(2, 0);
        clinic.record(Outcome::Answered, false, 0);
        clinic.fail(2, 0);
        clinic.record(Outcome::Unknown, false, 0);
        assert_eq!(clinic.standing(0), Standing::Fit);
        assert!(clinic.record(Outcome::Failed, false, 0), "it says so");
        assert_eq!((clinic.standing(9), clinic.standing(10)), (Standing::Out, Standing::OnTrial));
    }

    #[test]
    fn each_ejection_in_a_row_is_longer_up_to_a_limit() {
        let mut clinic = Clinic::new();
        clinic.fail(3, 0);
        let mut now = 0;
        for ejection in [10, 20, 40, 60, 60] {
            assert_eq!(clinic.standing(now + ejection - 1), Standing::Out);
            now += ejection;
            clinic.try_it(Outcome::Failed, now);
        }
        now += 60;
        clinic.try_it(Outcome::Answered, now);
        assert_eq!(clinic.standing(now), Standing::Fit);
        clinic.fail(3, now + 59);
        assert_eq!(clinic.standing(now + 59 + 10), Standing::Out, "it was not fit for long");
        clinic.try_it(Outcome::Answered, now + 59 + 60);
        clinic.fail(3, now + 59 + 120);
        assert_eq!(clinic.standing(now + 59 + 120 + 10), Standing::OnTrial, "that one counts as the first");
    }

    #[test]
    fn a_trial_that_nobody_waited_for_is_held_again() {
        let mut clinic = Clinic::new();
        clinic.fail(3, 0);
        clinic.try_it(Outcome::Unknown, 10);
        clinic.try_it(Outcome::Answered, 10);
        assert_eq!(clinic.standing(10), Standing::Fit);
    }

    #[test]
    fn only_the_trial_decides_while_it_lasts() {
        let mut clinic = Clinic::new();
        clinic.fail(3, 0);
        clinic.record(Outcome::Answered, false, 5);
        assert_eq!(clinic.standing(5), Standing::Out, "an old request that ended late");
        clinic.health.begin_trial();
        clinic.fail(3, 11);
        clinic.record(Outcome::Answered, false, 11);
        assert_eq!(clinic.standing(11), Standing::Out);
        clinic.record(Outcome::Answered, true, 12);
        assert_eq!(clinic.standing(12), Standing::Fit);
    }

    #[test]
    fn a_probe_takes_out_and_brings_back_but_ends_no_ejection() {
        let mut clinic = Clinic::new();
        clinic.health.probed(false);
        assert_eq!(clinic.standing(0), Standing::Fit);
        clinic.health.probed(false);
        clinic.record(Outcome::Answered, false, 0);
        assert_eq!(clinic.standing(1_000_000), Standing::Out, "for as long as the probe says so");
        clinic.health.probed(true);
        assert_eq!(clinic.standing(0), Standing::Fit);

        clinic.fail(3, 0);
        clinic.health.probed(true);
        assert_eq!(clinic.standing(1), Standing::Out);
    }

    proptest! {
        #[test]
        fn whatever_happens_an_upstream_is_tried_again_and_can_recover(
            steps in prop::collection::vec((0..3_u8, any::<bool>(), 0..100_u64, 0.0..=1.0_f64), 0..60),
        ) {
            let mut health = Health::default();
            let mut now = Instant::now();
            let mut trial = false;
            for (outcome, end_trial, seconds, jitter) in steps {
                now += Duration::from_secs(seconds);
                if health.standing(now) == Standing::OnTrial {
                    health.begin_trial();
                    trial = true;
                }
                let outcome = [Outcome::Answered, Outcome::Failed, Outcome::Unknown][usize::from(outcome)];
                let on_trial = std::mem::take(&mut trial) && end_trial;
                health.record(outcome, on_trial, &RULES, now, jitter);
                if !on_trial && health.standing(now + RULES.ejection_max * 2) == Standing::Out {
                    // The trial is still under way: it ends some time.
                    health.record(Outcome::Unknown, true, &RULES, now, jitter);
                }
            }
            let later = now + RULES.ejection_max * 2;
            if health.standing(later) == Standing::OnTrial {
                health.begin_trial();
                health.record(Outcome::Answered, true, &RULES, later, 0.0);
            }
            prop_assert_eq!(health.standing(later), Standing::Fit);
        }
    }
}
