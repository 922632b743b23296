//! Watches what a node says of itself: how far it has applied the purge log, and whether it has a lease.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use testkit::send;

use crate::journal::Applied;
use crate::world::World;

const EVERY: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_millis(500);

/// Watches until it is dropped; writes down changes only.
pub async fn watch(world: Arc<World>, node: usize) {
    let control = world.stage.members[node].control;
    let mut last = None;
    loop {
        tokio::time::sleep(EVERY).await;
        let answer = send(control, Method::GET, "/metrics", &[], Default::default());
        let Ok(Ok(seen)) = tokio::time::timeout(PATIENCE, answer).await else { continue };
        let now = said(&seen.text());
        if now.is_some() && now != last {
            last = now;
            if let Some((applied, has_lease)) = now {
                let at = world.journal.now();
                world.journal.records().applied.push(Applied { at, node, applied, has_lease });
            }
        }
    }
}

/// Whether the node says that it may be sent requests.
pub async fn is_ready(world: &World, node: usize) -> bool {
    let control = world.stage.members[node].control;
    let answer = send(control, Method::GET, "/readyz", &[], Default::default());
    matches!(tokio::time::timeout(PATIENCE, answer).await, Ok(Ok(seen)) if seen.status == 200)
}

fn said(metrics: &str) -> Option<(u64, bool)> {
    let gauge = |name: &str| -> Option<u64> {
        metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
    };
    Some((gauge("pentimento_applied_position")?, gauge("pentimento_lease_milliseconds")? > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_position_and_the_lease_are_read_from_the_metrics() {
        let text = "# HELP pentimento_applied_position The position.\npentimento_applied_position 17\n\
                    pentimento_lease_milliseconds 0\n# EOF\n";
        assert_eq!(said(text), Some((17, false)));
        assert_eq!(said("pentimento_applied_position 17\n"), None);
    }
}
