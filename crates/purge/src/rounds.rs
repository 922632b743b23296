//! What follows a look of the verifier: enough, another look, another call to the CDN, or the admission that it stays old.
//! Pure.

use api_types::Rounds;

/// What the operator allows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// Looks in one round.
    pub looks: u32,
    /// How often a CDN is told in all.
    pub rounds: u32,
}

/// What the last look saw.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen {
    /// Through a node of ours: no call to a CDN mends that.
    pub stale_nodes: bool,
    /// At a public address.
    pub stale_hosts: bool,
    /// Whether there is a CDN to tell again that took its last call.
    pub can_tell: bool,
    /// Something could not be seen at that moment.
    pub unseen: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    Enough,
    LookAgain,
    TellAgain,
    GiveUp,
}

/// `rounds` counts the last look already.
pub(crate) fn next(rounds: Rounds, patience: Patience, seen: Seen) -> Next {
    let is_stale = seen.stale_nodes || seen.stale_hosts;
    // What a CDN will not be told does not get better by waiting.
    let may_get_better = if is_stale { seen.stale_nodes || seen.can_tell } else { seen.unseen };
    if may_get_better && rounds.looks < patience.looks {
        return Next::LookAgain;
    }
    if !is_stale {
        return Next::Enough;
    }
    let may_tell = seen.can_tell && !seen.stale_nodes && rounds.told_again + 1 < patience.rounds;
    if may_tell { Next::TellAgain } else { Next::GiveUp }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience { looks: 3, rounds: 2 };

    /// The whole way of a purge for which nothing gets better, as initials.
    fn way(seen: Seen) -> String {
        let mut rounds = Rounds::default();
        let mut way = String::new();
        loop {
            rounds.looks += 1;
            match next(rounds, PATIENCE, seen) {
                Next::Enough => return way + "enough",
                Next::LookAgain => way += "look, ",
                Next::TellAgain => {
                    way += "tell, ";
                    rounds = Rounds { told_again: rounds.told_again + 1, looks: 0 };
                }
                Next::GiveUp => return way + "give up",
            }
        }
    }

    #[test]
    fn every_way_ends_and_a_cdn_is_told_as_often_as_the_operator_says() {
        let [nodes, hosts, told, unseen] = [0, 1, 2, 3].map(|bit| move |n: u8| n >> bit & 1 == 1);
        for (n, expected) in [
            (0, "enough"),
            (4, "enough"),
            (1, "look, look, give up"),
            (2, "give up"),
            (3, "look, look, give up"),
            (5, "look, look, give up"),
            (6, "look, look, tell, look, look, give up"),
            (7, "look, look, give up"),
            (8, "look, look, enough"),
            (14, "look, look, tell, look, look, give up"),
        ] {
            let seen =
                Seen { stale_nodes: nodes(n), stale_hosts: hosts(n), can_tell: told(n), unseen: unseen(n) };
            assert_eq!(way(seen), expected, "{seen:?}");
        }
    }
}
