//! What waits for the writer.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::index::Entry;
use crate::Swept;
use crate::key::Key;
use crate::stored_response::StoredResponse;

/// Bodies that wait are held in memory beside the memory tier.
const BYTES_MAX: u64 = 64 << 20;
const WRITES_MAX: usize = 4096;

/// Numbers the jobs; they are done in this order.
pub(super) type Ticket = u64;

/// First in, first out: a key that is removed and stored again ends up stored.
#[derive(Default)]
pub(super) struct Queue {
    jobs: VecDeque<(Ticket, Job)>,
    last_ticket: Ticket,
    /// By key; a later response of the same key takes the place of an earlier one.
    waiting: HashMap<Key, Waiting>,
    waiting_bytes: u64,
    writing: Option<Writing>,
}

pub(super) enum Job {
    Write(Key),
    Unlink(Unlink),
    /// Evict what is beyond the bounds.
    Trim,
}

/// Files to remove: of entries that were taken out of the index, or of files that no entry speaks for.
#[derive(Default)]
pub(super) struct Unlink {
    pub files: Vec<(Key, Option<Entry>)>,
    /// Where the outcome is awaited.
    pub done: Option<oneshot::Sender<io::Result<Swept>>>,
}

struct Waiting {
    ticket: Ticket,
    response: Arc<StoredResponse>,
    bytes: u64,
}

struct Writing {
    key: Key,
    response: Arc<StoredResponse>,
    cancelled: bool,
}

impl Queue {
    /// `false`: there is no room.
    pub fn write(&mut self, key: Key, response: Arc<StoredResponse>) -> bool {
        let bytes = response.bytes();
        let alone = self.waiting.is_empty();
        if self.jobs.len() >= WRITES_MAX || (!alone && self.waiting_bytes.saturating_add(bytes) > BYTES_MAX) {
            // What waits for this key is older than what could not be taken: it must not be written either.
            self.forget(&key);
            return false;
        }
        self.forget(&key);
        let ticket = self.push(Job::Write(key));
        self.waiting_bytes += bytes;
        self.waiting.insert(key, Waiting { ticket, response, bytes });
        true
    }

    pub fn unlink(&mut self, unlink: Unlink) {
        self.push(Job::Unlink(unlink));
    }

    pub fn trim(&mut self) {
        self.push(Job::Trim);
    }

    fn push(&mut self, job: Job) -> Ticket {
        self.last_ticket += 1;
        self.jobs.push_back((self.last_ticket, job));
        self.last_ticket
    }

    pub fn next(&mut self) -> Option<(Ticket, Job)> {
        self.jobs.pop_front()
    }

    /// What a write job is to write, unless it was cancelled or another took its place.
    pub fn begin(&mut self, ticket: Ticket, key: Key) -> Option<Arc<StoredResponse>> {
        if self.waiting.get(&key)?.ticket != ticket {
            return None;
        }
        let waiting = self.waiting.remove(&key)?;
        self.waiting_bytes -= waiting.bytes;
        let response = waiting.response.clone();
        self.writing = Some(Writing { key, response: waiting.response, cancelled: false });
        Some(response)
    }

    /// Ends what [`Queue::begin`] began; `true` when it was cancelled meanwhile.
    pub fn end(&mut self) -> bool {
        self.writing.take().is_some_and(|writing| writing.cancelled)
    }

    /// The response that will be on disk next under this key.
    pub fn response(&self, key: &Key) -> Option<&Arc<StoredResponse>> {
        if let Some(waiting) = self.waiting.get(key) {
            return Some(&waiting.response);
        }
        self.writing
            .as_ref()
            .filter(|writing| writing.key == *key && !writing.cancelled)
            .map(|writing| &writing.response)
    }

    /// Nothing of this key will be written.
    pub fn cancel(&mut self, key: &Key) {
        self.forget(key);
        if let Some(writing) = self.writing.as_mut().filter(|writing| writing.key == *key) {
            writing.cancelled = true;
        }
    }

    /// Nothing that matches will be written.
    pub fn cancel_matching(&mut self, matches: impl Fn(&StoredResponse) -> bool) {
        let waiting_bytes = &mut self.waiting_bytes;
        self.waiting.retain(|_, waiting| {
            let cancelled = matches(&waiting.response);
            if cancelled {
                *waiting_bytes -= waiting.bytes;
            }
            !cancelled
        });
        if let Some(writing) = &mut self.writing {
            writing.cancelled |= matches(&writing.response);
        }
    }

    /// Gives up all writes that wait; how many.
    pub fn cancel_waiting(&mut self) -> u64 {
        let cancelled = self.waiting.len() as u64;
        self.waiting.clear();
        self.waiting_bytes = 0;
        cancelled
    }

    fn forget(&mut self, key: &Key) {
        if let Some(waiting) = self.waiting.remove(key) {
            self.waiting_bytes -= waiting.bytes;
        }
    }

    pub fn last_ticket(&self) -> Ticket {
        self.last_ticket
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stored_response::tests::response;
    use bytes::Bytes;

    fn picture(name: &str, bytes: usize) -> Arc<StoredResponse> {
        Arc::new(response(name, &[1], 1, Bytes::from(vec![0; bytes])))
    }

    fn names_written(queue: &mut Queue) -> Vec<String> {
        let mut names = Vec::new();
        while let Some((ticket, job)) = queue.next() {
            if let Job::Write(key) = job
                && let Some(response) = queue.begin(ticket, key)
            {
                names.push(response.key_text.clone());
                queue.end();
            }
        }
        names
    }

    #[test]
    fn the_last_response_of_a_key_is_written_once() {
        let mut queue = Queue::default();
        for name in ["first", "other", "second"] {
            let key = if name == "other" { Key::of("b") } else { Key::of("a") };
            assert!(queue.write(key, picture(name, 10)));
        }
        assert_eq!(queue.response(&Key::of("a")).unwrap().key_text, "second");
        assert_eq!(names_written(&mut queue), ["other", "second"]);
    }

    #[test]
    fn the_queue_is_bounded_in_number_and_in_bytes() {
        let mut queue = Queue::default();
        let small = picture("small", 10);
        let taken = (0..10_000).filter(|n| queue.write(Key::of(&n.to_string()), small.clone())).count();
        assert_eq!(taken, WRITES_MAX);

        let mut queue = Queue::default();
        let large = picture("large", 10 << 20);
        let taken = (0..10).filter(|n| queue.write(Key::of(&n.to_string()), large.clone())).count();
        assert_eq!(taken, 6);
        names_written(&mut queue);
        assert_eq!(queue.waiting_bytes, 0);
    }

    #[test]
    fn a_cancelled_write_is_not_carried_out_and_one_under_way_hears_of_it() {
        let mut queue = Queue::default();
        queue.write(Key::of("a"), picture("a", 10));
        queue.write(Key::of("b"), picture("b", 10));
        let (ticket, _) = queue.next().unwrap();
        queue.begin(ticket, Key::of("a")).unwrap();
        queue.cancel(&Key::of("b"));
        queue.cancel_matching(|response| response.key_text == "a");
        assert!(queue.response(&Key::of("a")).is_none());
        assert!(queue.end());
        assert_eq!(names_written(&mut queue), [""; 0]);
    }
}
