//! One fill at a time for each key; whoever comes meanwhile shares its result.
//!
//! Promises, each with its test below: a client that leaves does not end a fill that others wait for; a result is shared
//! with those aboard, and with those who come while the fill goes on (its body is still coming), and with nobody after
//! that; a fill that panics is an error, not a hang; whom the protocol does not admit ([`Flight::admits`]) begins a
//! flight of its own.
//!
//! Whether a passenger may *use* the result is decided when it lands, against the fences of that moment (invariant
//! 5): a flight that began before a purge lands with an answer that nobody who came after the purge accepts.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cache::Key;
use purge_protocol::Flight;
use tokio::sync::watch;

/// Whether a request began the fill or joined it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Leader,
    Passenger,
}

pub struct Flights<T> {
    under_way: Table<T>,
    departed: AtomicU64,
}

type Table<T> = Arc<Mutex<HashMap<Key, UnderWay<T>>>>;

#[derive(Clone)]
struct UnderWay<T> {
    number: u64,
    flight: Flight,
    landing: watch::Receiver<Option<T>>,
}

/// What a request has joined: the flight, and how to hear of its landing.
pub struct Aboard<T> {
    /// No two flights have the same.
    pub number: u64,
    pub flight: Flight,
    pub role: Role,
    landing: watch::Receiver<Option<T>>,
}

/// How a fill tells those aboard what it has.
pub struct Lander<T> {
    land: watch::Sender<Option<T>>,
    departure: Departure<T>,
}

impl<T> Lander<T> {
    /// Whoever is aboard has it now; whoever comes while the fill goes on gets it too. Boarding ends when the lander is
    /// dropped.
    pub fn land(&self, landed: T) {
        self.land.send_replace(Some(landed));
    }

    /// Whoever comes from now on begins anew. Out of the table first, then the landing.
    pub fn land_last(self, landed: T) {
        drop(self.departure);
        self.land.send_replace(Some(landed));
    }
}

impl<T: Clone + Send + Sync + 'static> Aboard<T> {
    /// `None`: the fill died.
    pub async fn landed(mut self) -> Option<T> {
        match self.landing.wait_for(Option::is_some).await {
            Ok(landed) => landed.clone(),
            Err(_) => None,
        }
    }
}

impl<T: Clone + Send + Sync + 'static> Flights<T> {
    pub fn new() -> Self {
        Self { under_way: Arc::default(), departed: AtomicU64::new(0) }
    }

    /// Joins the flight for `key` if it admits this request, or begins `own`. `tried` is the flight that this request
    /// has seen landing too old for it.
    pub fn board<F>(
        &self,
        key: Key,
        own: Flight,
        tried: Option<u64>,
        admits: impl FnOnce(&Flight) -> bool,
        fill: impl FnOnce(Flight, Lander<T>) -> F,
    ) -> Aboard<T>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut under_way = lock(&self.under_way);
        let is_for_us = |other: &&UnderWay<T>| Some(other.number) != tried && admits(&other.flight);
        if let Some(UnderWay { number, flight, landing }) = under_way.get(&key).filter(is_for_us).cloned() {
            return Aboard { number, flight, role: Role::Passenger, landing };
        }
        let number = self.departed.fetch_add(1, Ordering::Relaxed);
        let (land, landing) = watch::channel(None);
        // Takes the place of a flight that did not admit us; those aboard that one still hear of its landing.
        under_way.insert(key, UnderWay { number, flight: own, landing: landing.clone() });
        let departure = Departure { under_way: Arc::clone(&self.under_way), key, number };
        tokio::spawn(fill(own, Lander { land, departure }));
        Aboard { number, flight: own, role: Role::Leader, landing }
    }

    /// Whoever comes from now on does not join the flight that is under way; those aboard still hear of its landing.
    pub fn forget(&self, key: &Key) {
        lock(&self.under_way).remove(key);
    }

    #[cfg(test)]
    fn under_way(&self) -> usize {
        lock(&self.under_way).len()
    }
}

impl<T: Clone + Send + Sync + 'static> Default for Flights<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Leaves the table when it is dropped, by landing or by panic.
struct Departure<T> {
    under_way: Table<T>,
    key: Key,
    number: u64,
}

impl<T> Drop for Departure<T> {
    fn drop(&mut self) {
        let mut under_way = lock(&self.under_way);
        // A later flight may have taken our place.
        if under_way.get(&self.key).is_some_and(|current| current.number == self.number) {
            under_way.remove(&self.key);
        }
    }
}

fn lock<T>(table: &Mutex<HashMap<Key, UnderWay<T>>>) -> MutexGuard<'_, HashMap<Key, UnderWay<T>>> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use purge_protocol::{Batch, Drift, Fences, Fill, Follower, Grant, LogId, Moment, Position};
    use std::time::Duration;
    use tokio::time::{sleep, timeout};

    fn flight() -> Flight {
        let mut follower = Follower::new(Fences::unfollowed(10));
        let batch = Batch {
            log: LogId(1),
            start: Position::new(1),
            head: Position::ZERO,
            records: vec![],
            grant: Grant { millis: 1000 },
        };
        follower.receive(&batch, Moment(0), Drift::DEFAULT);
        Flight::new(Fill::begin(follower.fences()).unwrap(), Moment(0))
    }

    async fn slow(answer: u32, lander: Lander<u32>) {
        sleep(Duration::from_millis(50)).await;
        lander.land_last(answer);
    }

    fn board(flights: &Flights<u32>, answer: u32, admitted: bool) -> Aboard<u32> {
        let fill = |_, lander| slow(answer, lander);
        flights.board(Key::of("cat"), flight(), None, |_| admitted, fill)
    }

    async fn join(flights: &Flights<u32>, answer: u32, admitted: bool) -> (Option<u32>, Role) {
        let aboard = board(flights, answer, admitted);
        let role = aboard.role;
        (aboard.landed().await, role)
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_leaves_does_not_end_a_fill_that_others_wait_for() {
        let flights = Flights::new();
        let impatient = timeout(Duration::from_millis(10), join(&flights, 1, true));
        let patient = join(&flights, 2, true);
        let (impatient, patient) = tokio::join!(impatient, patient);
        assert!(impatient.is_err(), "the first client hung up");
        assert_eq!(patient, (Some(1), Role::Passenger));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_is_not_admitted_begins_a_flight_of_its_own() {
        let flights = Flights::new();
        let (first, second) = tokio::join!(join(&flights, 1, true), join(&flights, 2, false));
        assert_eq!(first, (Some(1), Role::Leader));
        assert_eq!(second, (Some(2), Role::Leader));
        assert_eq!(flights.under_way(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_comes_after_the_landing_begins_anew() {
        let flights = Flights::new();
        assert_eq!(join(&flights, 1, true).await, (Some(1), Role::Leader));
        assert_eq!(join(&flights, 2, true).await, (Some(2), Role::Leader));
        assert_eq!(flights.under_way(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_comes_after_a_flight_was_forgotten_begins_anew() {
        let flights = Flights::new();
        let first = board(&flights, 1, true);
        flights.forget(&Key::of("cat"));
        let second = board(&flights, 2, true);
        assert_eq!(second.role, Role::Leader);
        assert_eq!((first.landed().await, second.landed().await), (Some(1), Some(2)));
        assert_eq!(flights.under_way(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_fill_that_panics_is_an_error_and_is_forgotten() {
        let flights: Flights<u32> = Flights::new();
        let broken = |_, lander: Lander<u32>| async move {
            let _aboard = lander;
            panic!("a bug in a fill")
        };
        let landed = flights.board(Key::of("cat"), flight(), None, |_| true, broken).landed().await;
        assert_eq!(landed, None);
        assert_eq!(flights.under_way(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_comes_while_the_body_is_still_coming_joins_until_boarding_ends() {
        let flights: Flights<u32> = Flights::new();
        let begun = |_, lander: Lander<u32>| async move {
            lander.land(1);
            sleep(Duration::from_millis(50)).await;
        };
        let leader = flights.board(Key::of("cat"), flight(), None, |_| true, begun);
        assert_eq!(leader.landed().await, Some(1));
        assert_eq!(join(&flights, 2, true).await, (Some(1), Role::Passenger));
        sleep(Duration::from_millis(60)).await;
        assert_eq!(join(&flights, 3, true).await, (Some(3), Role::Leader));
        assert_eq!(flights.under_way(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_boards_again_what_landed_too_old_for_it() {
        let flights = Flights::new();
        let first = board(&flights, 1, true);
        let again = flights.board(
            Key::of("cat"),
            flight(),
            Some(first.number),
            |_| true,
            |_, lander| slow(2, lander),
        );
        assert_eq!((again.role, again.landed().await), (Role::Leader, Some(2)));
        assert_eq!(first.landed().await, Some(1), "those aboard the first still hear of it");
    }
}
