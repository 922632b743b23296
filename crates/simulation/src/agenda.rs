//! What happens next: events in the order of their time, and of their writing down.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Milliseconds of true time since the run began. No node can see it.
pub type Time = u64;

#[derive(Debug)]
pub struct Agenda<E> {
    heap: BinaryHeap<Reverse<Entry<E>>>,
    written: u64,
}

#[derive(Debug)]
struct Entry<E> {
    at: Time,
    number: u64,
    event: E,
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.number) == (other.at, other.number)
    }
}

impl<E> Eq for Entry<E> {}

impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Entry<E> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

impl<E> Default for Agenda<E> {
    fn default() -> Self {
        Self { heap: BinaryHeap::new(), written: 0 }
    }
}

impl<E> Agenda<E> {
    pub fn add(&mut self, at: Time, event: E) {
        self.written += 1;
        self.heap.push(Reverse(Entry { at, number: self.written, event }));
    }

    pub fn take(&mut self) -> Option<(Time, E)> {
        self.heap.pop().map(|Reverse(entry)| (entry.at, entry.event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_at_one_time_happens_in_the_order_it_was_written_down() {
        let mut agenda = Agenda::default();
        for (at, name) in [(5, "b"), (1, "a"), (5, "c")] {
            agenda.add(at, name);
        }
        let order: Vec<_> = std::iter::from_fn(|| agenda.take()).collect();
        assert_eq!(order, [(1, "a"), (5, "b"), (5, "c")]);
    }
}
