//! Waiting for what another process, or the clock, brings about: it tells nobody, so that one can only look again.

use std::time::{Duration, Instant};

/// Looks are so far apart: often enough that nobody waits for them, seldom enough to leave the machine to what is awaited.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
/// What takes longer on a busy machine has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is seen once there is something to see; panics with `what` if that does not come about.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(began.elapsed() < PATIENCE, "in {PATIENCE:?} it did not come about: {what}");
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

/// Until it holds.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    eventually(what, async || holds().await.then_some(())).await;
}
