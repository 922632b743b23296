//! How many requests may be sent a second time. Pure.

/// A fifth of all requests, and a reserve for the moment in which a server dies with many requests under way. Without
/// a limit, those who ask a server that fails under its load would double that load.
#[derive(Debug, Clone)]
pub struct RetryBudget {
    /// In fifths of a retry.
    fifths: u32,
}

const RESERVE: u32 = 100;

impl RetryBudget {
    pub fn full() -> Self {
        Self { fifths: RESERVE * 5 }
    }

    /// One request came.
    pub fn earn(&mut self) {
        self.fifths = (self.fifths + 1).min(RESERVE * 5);
    }

    /// Whether one may be sent again; then it has been paid for.
    pub fn spend(&mut self) -> bool {
        match self.fifths.checked_sub(5) {
            Some(left) => {
                self.fifths = left;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_costs_the_reserve_and_then_a_fifth_more_requests() {
        let mut budget = RetryBudget::full();
        let mut retries = |requests: u32| {
            (0..requests)
                .filter(|_| {
                    budget.earn();
                    budget.spend()
                })
                .count()
        };
        assert_eq!(retries(1000), 300 - 1, "the reserve, and a fifth of a thousand");
        assert_eq!(retries(1000), 200);
    }

    #[test]
    fn good_times_fill_the_reserve_and_no_more() {
        let mut budget = RetryBudget::full();
        (0..1_000_000).for_each(|_| budget.earn());
        let spent = (0..1_000).filter(|_| budget.spend()).count();
        assert_eq!(spent, 100);
    }
}
