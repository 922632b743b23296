//! One fill at a time for each key; whoever comes meanwhile shares its result.
//!
//! Promises, each with its test below: a client that leaves does not end a fill that others wait for; a result is shared
//! with those aboard and with nobody who comes after the landing; a fill that panics is an error, not a hang.
//!
//! Whether a passenger may *use* the result is decided when it lands, against the fences of that moment (invariant
//! 5): a flight that began before a purge lands with an answer that nobody who came after the purge accepts.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cache::Key;
use tokio::sync::watch;

/// Whether a request began the fill or joined it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Leader,
    Passenger,
}

pub struct Flights<T> {
    under_way: Arc<Mutex<HashMap<Key, watch::Receiver<Option<T>>>>>,
}

impl<T: Clone + Send + Sync + 'static> Flights<T> {
    pub fn new() -> Self {
        Self { under_way: Arc::default() }
    }

    /// Joins the flight for `key`, or begins one with `fill`. `None`: the fill died.
    pub async fn join<F>(&self, key: Key, fill: impl FnOnce() -> F) -> (Option<T>, Role)
    where
        F: Future<Output = T> + Send + 'static,
    {
        let (mut landing, role) = self.board(key, fill);
        let landed = match landing.wait_for(Option::is_some).await {
            Ok(landed) => landed.clone(),
            Err(_) => None,
        };
        (landed, role)
    }

    /// Begins a flight that nobody waits for, unless one is under way.
    pub fn send_off<F>(&self, key: Key, fill: impl FnOnce() -> F)
    where
        F: Future<Output = T> + Send + 'static,
    {
        self.board(key, fill);
    }

    fn board<F>(&self, key: Key, fill: impl FnOnce() -> F) -> (watch::Receiver<Option<T>>, Role)
    where
        F: Future<Output = T> + Send + 'static,
    {
        let mut under_way = lock(&self.under_way);
        if let Some(landing) = under_way.get(&key) {
            return (landing.clone(), Role::Passenger);
        }
        let (land, landing) = watch::channel(None);
        under_way.insert(key, landing.clone());
        let flight = Flight { under_way: Arc::clone(&self.under_way), key };
        let fill = fill();
        tokio::spawn(async move {
            let landed = fill.await;
            // First out of the table, then the landing: whoever comes now begins anew.
            drop(flight);
            land.send_replace(Some(landed));
        });
        (landing, Role::Leader)
    }

    #[cfg(test)]
    fn under_way(&self) -> usize {
        lock(&self.under_way).len()
    }
}

/// Leaves the table when it is dropped, by landing or by panic.
struct Flight<T> {
    under_way: Arc<Mutex<HashMap<Key, watch::Receiver<Option<T>>>>>,
    key: Key,
}

impl<T> Drop for Flight<T> {
    fn drop(&mut self) {
        lock(&self.under_way).remove(&self.key);
    }
}

fn lock<T>(table: &Mutex<HashMap<Key, T>>) -> MutexGuard<'_, HashMap<Key, T>> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::{sleep, timeout};

    async fn slow(answer: u32) -> u32 {
        sleep(Duration::from_millis(50)).await;
        answer
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_leaves_does_not_end_a_fill_that_others_wait_for() {
        let flights = Flights::new();
        let key = Key::of("cat");
        let impatient = timeout(Duration::from_millis(10), flights.join(key, || slow(1)));
        let patient = flights.join(key, || slow(2));
        let (impatient, (landed, role)) = tokio::join!(impatient, patient);
        assert!(impatient.is_err(), "the first client hung up");
        assert_eq!((landed, role), (Some(1), Role::Passenger));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_comes_after_the_landing_begins_anew() {
        let flights = Flights::new();
        let key = Key::of("cat");
        assert_eq!(flights.join(key, || slow(1)).await, (Some(1), Role::Leader));
        assert_eq!(flights.join(key, || slow(2)).await, (Some(2), Role::Leader));
        assert_eq!(flights.under_way(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_fill_that_panics_is_an_error_and_is_forgotten() {
        let flights: Flights<u32> = Flights::new();
        let key = Key::of("cat");
        let (landed, _) = flights.join(key, || async { panic!("a bug in a fill") }).await;
        assert_eq!(landed, None);
        assert_eq!(flights.under_way(), 0);
    }
}
