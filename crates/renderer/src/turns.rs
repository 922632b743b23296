//! Who renders next: as many at a time as there are places and memory, and between sources by turns.
//!
//! Pure, so that its rules can be tested without renders: time is an argument, and whoever waits is a token.

use std::collections::VecDeque;
use std::time::Duration;

/// What may be under way, and what may wait for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    pub places: usize,
    /// Bytes, over all renders under way.
    pub memory: u64,
    pub waiting: usize,
}

/// A render's claim on the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    memory: u64,
}

#[derive(Debug)]
pub struct Turns<T> {
    room: Room,
    running: usize,
    memory: u64,
    /// Of the sources for which somebody waits, in the order of their turns. None is empty.
    lines: VecDeque<Line<T>>,
    waiting: usize,
    /// A render's time, lately.
    usual: Duration,
}

#[derive(Debug)]
struct Line<T> {
    source: String,
    waiting: VecDeque<(Claim, T)>,
}

/// What becomes of one who comes.
#[derive(Debug, PartialEq, Eq)]
pub enum Arrival<T> {
    Begins(Claim, T),
    Waits,
    /// The room for waiting is used up: this one has to go, whether it has just come or waited last in the longest line.
    SentAway(T),
}

/// Until the first render has ended.
const USUAL: Duration = Duration::from_millis(100);

impl<T> Turns<T> {
    pub fn new(room: Room) -> Self {
        let room = Room { places: room.places.max(1), ..room };
        Self { room, running: 0, memory: 0, lines: VecDeque::new(), waiting: 0, usual: USUAL }
    }

    /// One that needs more memory than there is at all gets all of it: it renders alone, within its worker's own limit.
    pub fn arrive(&mut self, source: &str, memory: u64, who: T) -> Arrival<T> {
        let claim = Claim { memory: memory.min(self.room.memory) };
        if self.waiting == 0 && self.fits(claim) {
            self.begin(claim);
            return Arrival::Begins(claim, who);
        }
        let mine = self.line(source).map_or(0, |line| self.lines[line].waiting.len());
        if self.waiting >= self.room.waiting {
            // A source in a hurry may not keep the others out: the newest of the longest line makes room.
            let Some(longest) = self.lines.iter_mut().max_by_key(|line| line.waiting.len()) else {
                return Arrival::SentAway(who);
            };
            if longest.waiting.len() <= mine + 1 {
                return Arrival::SentAway(who);
            }
            let Some((_, sent_away)) = longest.waiting.pop_back() else { return Arrival::SentAway(who) };
            self.waiting -= 1;
            self.wait(source, claim, who);
            return Arrival::SentAway(sent_away);
        }
        self.wait(source, claim, who);
        Arrival::Waits
    }

    /// A render has ended, or did not begin after all.
    pub fn leave(&mut self, claim: Claim) {
        self.running -= 1;
        self.memory -= claim.memory;
    }

    /// How long a render took, for [`Turns::patience`].
    pub fn note(&mut self, took: Duration) {
        self.usual = (self.usual * 7 + took) / 8;
    }

    /// The next who may begin. Nobody is overtaken: who is next and needs much memory keeps the others waiting until
    /// there is that much, which is as long as the renders under way take at most.
    pub fn next(&mut self) -> Option<(Claim, T)> {
        let claim = self.lines.front()?.waiting.front()?.0;
        if !self.fits(claim) {
            return None;
        }
        let mut line = self.lines.pop_front()?;
        let next = line.waiting.pop_front();
        if !line.waiting.is_empty() {
            self.lines.push_back(line);
        }
        self.waiting -= 1;
        self.begin(claim);
        next
    }

    /// Takes out whoever waits no more.
    pub fn forget(&mut self, is_gone: impl Fn(&T) -> bool) {
        for line in &mut self.lines {
            line.waiting.retain(|(_, who)| !is_gone(who));
        }
        self.lines.retain(|line| !line.waiting.is_empty());
        self.waiting = self.lines.iter().map(|line| line.waiting.len()).sum();
    }

    /// After how long it makes sense to come again: when those who wait now have had their turns.
    pub fn patience(&self) -> Duration {
        let rounds = u32::try_from(self.waiting / self.room.places).unwrap_or(u32::MAX);
        let wait = self.usual.saturating_mul(rounds.saturating_add(1));
        Duration::from_secs(wait.as_secs_f64().ceil().clamp(1.0, 30.0) as u64)
    }

    fn fits(&self, claim: Claim) -> bool {
        self.running < self.room.places && self.memory + claim.memory <= self.room.memory
    }

    fn begin(&mut self, claim: Claim) {
        self.running += 1;
        self.memory += claim.memory;
    }

    fn line(&self, source: &str) -> Option<usize> {
        self.lines.iter().position(|line| line.source == source)
    }

    fn wait(&mut self, source: &str, claim: Claim, who: T) {
        self.waiting += 1;
        match self.line(source) {
            Some(line) => self.lines[line].waiting.push_back((claim, who)),
            None => self
                .lines
                .push_back(Line { source: source.to_owned(), waiting: VecDeque::from([(claim, who)]) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(places: usize, memory: u64, waiting: usize) -> Turns<&'static str> {
        Turns::new(Room { places, memory, waiting })
    }

    fn claim(arrival: Arrival<&str>) -> Claim {
        match arrival {
            Arrival::Begins(claim, _) => claim,
            other => panic!("{other:?}"),
        }
    }

    /// Who begins, one after the other, when each ends before the next begins.
    fn order(turns: &mut Turns<&'static str>, mut running: Claim) -> Vec<&'static str> {
        let mut order = Vec::new();
        loop {
            turns.leave(running);
            let Some((claim, who)) = turns.next() else { return order };
            order.push(who);
            running = claim;
        }
    }

    #[test]
    fn sources_take_turns_however_many_one_has_waiting() {
        let mut turns = turns(1, 100, 10);
        let running = claim(turns.arrive("a", 1, "a0"));
        for who in ["a1", "a2", "a3", "a4"] {
            assert_eq!(turns.arrive("a", 1, who), Arrival::Waits);
        }
        for (source, who) in [("b", "b1"), ("c", "c1"), ("b", "b2")] {
            assert_eq!(turns.arrive(source, 1, who), Arrival::Waits);
        }
        assert_eq!(order(&mut turns, running), ["a1", "b1", "c1", "a2", "b2", "a3", "a4"]);
    }

    #[test]
    fn renders_begin_only_with_the_memory_they_need() {
        let mut turns = turns(4, 100, 10);
        let first = claim(turns.arrive("a", 60, "first"));
        let second = claim(turns.arrive("a", 30, "second"));
        assert_eq!(turns.arrive("a", 50, "large"), Arrival::Waits);
        // It would fit, but nobody overtakes: a stream of small ones would keep the large one out for ever.
        assert_eq!(turns.arrive("b", 10, "small"), Arrival::Waits);
        assert_eq!(turns.next(), None);
        turns.leave(second);
        assert_eq!(turns.next(), None);
        turns.leave(first);
        assert_eq!(turns.next().map(|(_, who)| who), Some("large"));
        assert_eq!(turns.next().map(|(_, who)| who), Some("small"));
    }

    #[test]
    fn one_that_needs_more_than_there_is_renders_alone() {
        let mut turns = turns(2, 100, 10);
        let huge = claim(turns.arrive("a", u64::MAX, "huge"));
        assert_eq!(turns.arrive("a", 0, "tiny"), Arrival::Begins(Claim { memory: 0 }, "tiny"));
        assert_eq!(turns.arrive("a", 1, "small"), Arrival::Waits);
        turns.leave(huge);
        assert_eq!(turns.next().map(|(_, who)| who), Some("small"));
    }

    #[test]
    fn when_no_more_may_wait_the_longest_line_makes_room() {
        let mut turns = turns(1, 100, 3);
        let running = claim(turns.arrive("a", 1, "a0"));
        for who in ["a1", "a2", "a3"] {
            assert_eq!(turns.arrive("a", 1, who), Arrival::Waits);
        }
        assert_eq!(turns.arrive("a", 1, "a4"), Arrival::SentAway("a4"));
        assert_eq!(turns.arrive("b", 1, "b1"), Arrival::SentAway("a3"));
        // Their lines are as good as equal now: who comes last goes.
        assert_eq!(turns.arrive("b", 1, "b2"), Arrival::SentAway("b2"));
        assert_eq!(order(&mut turns, running), ["a1", "b1", "a2"]);
    }

    #[test]
    fn where_nobody_may_wait_nobody_does() {
        let mut turns = turns(1, 100, 0);
        let running = claim(turns.arrive("a", 1, "a0"));
        assert_eq!(turns.arrive("b", 1, "b1"), Arrival::SentAway("b1"));
        turns.leave(running);
        assert!(matches!(turns.arrive("b", 1, "b2"), Arrival::Begins(..)));
    }

    #[test]
    fn who_waits_no_more_is_not_given_a_turn() {
        let mut turns = turns(1, 100, 10);
        let running = claim(turns.arrive("a", 1, "a0"));
        for (source, who) in [("a", "gone"), ("a", "a1"), ("b", "gone"), ("c", "c1")] {
            turns.arrive(source, 1, who);
        }
        turns.forget(|who| *who == "gone");
        assert_eq!(order(&mut turns, running), ["a1", "c1"]);
    }

    #[test]
    fn the_busier_it_is_the_later_one_should_come_again() {
        let mut turns = turns(2, 100, 1000);
        assert_eq!(turns.patience(), Duration::from_secs(1));
        for _ in 0..100 {
            turns.note(Duration::from_secs(1));
            turns.arrive("a", 100, "a");
        }
        assert_eq!(turns.patience(), Duration::from_secs(30));
        turns.forget(|_| true);
        assert_eq!(turns.patience(), Duration::from_secs(1));
    }
}
