//! A body that is still coming, read by many at once.
//!
//! One fill writes, any number of clients read, each at its own pace and from the beginning. Promises, each with its test
//! below: who joins late gets everything; a slow reader holds up neither the fill nor the others; readers of a body that
//! was cut short are told. Only a body that became too large to keep ([`GrowingBody::let_go`]) is
//! paced by its readers, because nothing may be lost and nothing may grow without bound: then nobody joins any more.

use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::ops::Range;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use origin::FetchError;

use crate::fill_memory::Held;

/// How far the slowest reader may be behind a body that is not kept.
const WINDOW: u64 = 1 << 20;

pub struct GrowingBody {
    state: Mutex<State>,
    /// As the upstream announced it.
    length: Option<u64>,
}

struct State {
    chunks: VecDeque<Bytes>,
    /// Chunks that were dropped at the front, and the bytes in them. Zero while everything is kept.
    dropped: u64,
    dropped_bytes: u64,
    bytes: u64,
    end: Option<Result<(), FetchError>>,
    keeps_all: bool,
    readers: HashMap<u64, Progress>,
    next_reader: u64,
    /// The fill, while it waits for readers.
    writer: Option<Waker>,
    /// What its bytes take of the memory for fills.
    held: Held,
}

struct Progress {
    /// The chunk that it reads next, counted from the first there ever was.
    chunk: u64,
    waker: Option<Waker>,
}

impl GrowingBody {
    pub fn new(length: Option<u64>, held: Held) -> Arc<Self> {
        let state = State {
            chunks: VecDeque::new(),
            dropped: 0,
            dropped_bytes: 0,
            bytes: 0,
            end: None,
            keeps_all: true,
            readers: HashMap::new(),
            next_reader: 0,
            writer: None,
            held,
        };
        Arc::new(Self { state: Mutex::new(state), length })
    }

    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// Bytes so far.
    pub fn bytes(&self) -> u64 {
        self.state().bytes
    }

    /// False: the memory for fills is used up, and the bytes are held all the same. It is time to
    /// [let go](Self::let_go).
    pub fn push(&self, chunk: Bytes) -> bool {
        let mut state = self.state();
        let had_room = state.held.take(chunk.len() as u64);
        state.bytes += chunk.len() as u64;
        state.chunks.push_back(chunk);
        state.wake_readers();
        had_room
    }

    pub fn end(&self, end: Result<(), FetchError>) {
        let mut state = self.state();
        state.end = Some(end);
        state.wake_readers();
    }

    /// All that came, if nothing of it was let go: the whole body, for a fill that has seen the upstream end it well.
    pub fn kept(&self) -> Option<Bytes> {
        let state = self.state();
        if !state.keeps_all {
            return None;
        }
        if let [only] = state.chunks.as_slices().0
            && state.chunks.len() == 1
        {
            return Some(only.clone());
        }
        let mut whole = BytesMut::with_capacity(usize::try_from(state.bytes).ok()?);
        for chunk in &state.chunks {
            whole.extend_from_slice(chunk);
        }
        Some(whole.freeze())
    }

    /// From here on, what every reader has is forgotten. Readers keep what they have not read yet.
    pub fn let_go(&self) {
        let mut state = self.state();
        state.keeps_all = false;
        state.forget_what_is_read();
    }

    /// Waits until the slowest reader has come near enough. False: nobody reads any more.
    pub async fn room(&self) -> bool {
        poll_fn(|context| {
            let mut state = self.state();
            if state.readers.is_empty() {
                return Poll::Ready(false);
            }
            if state.keeps_all || state.bytes - state.dropped_bytes <= WINDOW {
                return Poll::Ready(true);
            }
            state.writer = Some(context.waker().clone());
            Poll::Pending
        })
        .await
    }

    /// Reads from the beginning; `None` if the beginning is gone.
    pub fn reader(self: &Arc<Self>) -> Option<Reader> {
        let mut state = self.state();
        if !state.keeps_all {
            return None;
        }
        let number = state.next_reader;
        state.next_reader += 1;
        state.readers.insert(number, Progress { chunk: 0, waker: None });
        Some(Reader {
            body: Arc::clone(self),
            number,
            skip: 0,
            left: self.length,
            exact: self.length.is_some(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn wake_readers(&mut self) {
        for waker in self.readers.values_mut().filter_map(|reader| reader.waker.take()) {
            waker.wake();
        }
    }

    fn forget_what_is_read(&mut self) {
        if self.keeps_all {
            return;
        }
        // With no reader left the fill ends soon, and everything goes with it.
        let Some(slowest) = self.readers.values().map(|reader| reader.chunk).min() else { return };
        while self.dropped < slowest
            && let Some(chunk) = self.chunks.pop_front()
        {
            self.dropped += 1;
            self.dropped_bytes += chunk.len() as u64;
            self.held.give_back(chunk.len() as u64);
        }
        self.wake_writer();
    }

    fn wake_writer(&mut self) {
        if let Some(writer) = self.writer.take() {
            writer.wake();
        }
    }
}

/// One client's way through the body.
pub struct Reader {
    body: Arc<GrowingBody>,
    number: u64,
    /// Bytes to pass over before the first that is wanted.
    skip: u64,
    /// Bytes that are still wanted; `None`: all that come.
    left: Option<u64>,
    /// Whether `left` is what will be sent, so that it may be announced.
    exact: bool,
}

impl Reader {
    /// Only these bytes of it.
    pub fn part(mut self, part: Range<u64>) -> Self {
        self.skip = part.start;
        self.left = Some(part.end.saturating_sub(part.start));
        self.exact = true;
        self
    }

    /// What of `chunk` is wanted.
    fn wanted(&mut self, mut chunk: Bytes) -> Bytes {
        let skipped = self.skip.min(chunk.len() as u64);
        self.skip -= skipped;
        // Both are at most the chunk's own length.
        drop(chunk.split_to(skipped as usize));
        if let Some(left) = &mut self.left {
            chunk.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
            *left -= chunk.len() as u64;
        }
        chunk
    }
}

impl Body for Reader {
    type Data = Bytes;
    type Error = FetchError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, FetchError>>> {
        let this = self.get_mut();
        if this.left == Some(0) && this.exact {
            return Poll::Ready(None);
        }
        let body = Arc::clone(&this.body);
        let mut state = body.state();
        loop {
            let state = &mut *state;
            let Some(progress) = state.readers.get_mut(&this.number) else { return Poll::Ready(None) };
            let next = usize::try_from(progress.chunk - state.dropped).unwrap_or(usize::MAX);
            let Some(chunk) = state.chunks.get(next).cloned() else {
                return match &state.end {
                    Some(Ok(())) => Poll::Ready(None),
                    Some(Err(error)) => Poll::Ready(Some(Err(error.clone()))),
                    None => {
                        progress.waker = Some(context.waker().clone());
                        Poll::Pending
                    }
                };
            };
            progress.chunk += 1;
            state.forget_what_is_read();
            let wanted = this.wanted(chunk);
            if !wanted.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(wanted))));
            }
            if this.left == Some(0) {
                return Poll::Ready(None);
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.exact && self.left == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        match self.left {
            Some(left) if self.exact => SizeHint::with_exact(left),
            _ => SizeHint::default(),
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut state = self.body.state();
        state.readers.remove(&self.number);
        state.forget_what_is_read();
        state.wake_writer();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fill_memory::FillMemory;
    use http_body_util::BodyExt;
    use proptest::prelude::*;
    use tokio_test::{assert_pending, assert_ready, task::spawn};

    fn body(length: Option<u64>) -> Arc<GrowingBody> {
        GrowingBody::new(length, FillMemory::new(u64::MAX).hold())
    }

    /// What is there for this reader now, without waiting.
    fn there(reader: &mut Reader) -> Vec<u8> {
        let mut all = Vec::new();
        let mut task = spawn(());
        task.enter(|context, _| {
            while let Poll::Ready(Some(Ok(frame))) = Pin::new(&mut *reader).poll_frame(context) {
                all.extend_from_slice(&frame.into_data().unwrap());
            }
        });
        all
    }

    #[tokio::test]
    async fn who_joins_late_gets_everything() {
        let body = body(None);
        let mut early = body.reader().unwrap();
        body.push(Bytes::from_static(b"he"));
        assert_eq!(there(&mut early), b"he");
        body.push(Bytes::from_static(b"llo"));
        let mut late = body.reader().unwrap();
        assert_eq!(there(&mut late), b"hello");
        body.end(Ok(()));
        let after = body.reader().unwrap();
        assert_eq!(after.collect().await.unwrap().to_bytes(), "hello");
        assert_eq!(there(&mut early), b"llo");
        assert!(late.frame().await.is_none());
    }

    #[test]
    fn a_reader_that_waits_is_woken_by_bytes_and_by_the_end() {
        let body = body(None);
        let mut reader = body.reader().unwrap();
        let mut waiting = spawn(reader.frame());
        assert_pending!(waiting.poll());
        body.push(Bytes::from_static(b"x"));
        assert!(waiting.is_woken());
        assert!(assert_ready!(waiting.poll()).is_some());
        drop(waiting);
        let mut waiting = spawn(reader.frame());
        assert_pending!(waiting.poll());
        body.end(Ok(()));
        assert!(waiting.is_woken());
        assert!(assert_ready!(waiting.poll()).is_none());
    }

    #[test]
    fn a_slow_reader_holds_up_neither_the_fill_nor_the_others() {
        let body = body(None);
        let mut slow = body.reader().unwrap();
        let mut quick = body.reader().unwrap();
        for _ in 0..8 {
            body.push(Bytes::from(vec![7; 1 << 20]));
            assert_eq!(there(&mut quick).len(), 1 << 20);
            assert!(assert_ready!(spawn(body.room()).poll()), "what is kept needs no room");
        }
        assert_eq!(body.kept().unwrap().len(), 8 << 20);
        body.end(Ok(()));
        assert_eq!(there(&mut slow).len(), 8 << 20);
    }

    #[tokio::test]
    async fn readers_of_a_body_that_was_cut_short_are_told() {
        let body = body(Some(10));
        let reader = body.reader().unwrap();
        body.push(Bytes::from_static(b"hello"));
        body.end(Err(FetchError::Truncated { received: 5 }));
        assert_eq!(reader.collect().await.unwrap_err(), FetchError::Truncated { received: 5 });
    }

    #[test]
    fn a_body_that_is_let_go_is_paced_by_its_slowest_reader_and_forgets_what_was_read() {
        let memory = FillMemory::new(u64::MAX);
        let body = GrowingBody::new(None, memory.hold());
        let mut slow = body.reader().unwrap();
        let mut quick = body.reader().unwrap();
        body.push(Bytes::from(vec![1; 3 << 20]));
        body.let_go();
        assert!(body.reader().is_none(), "nobody joins any more");
        assert_eq!(body.kept(), None);
        assert_eq!(there(&mut quick).len(), 3 << 20);
        let mut room = spawn(body.room());
        assert_pending!(room.poll());
        assert_eq!(there(&mut slow).len(), 3 << 20);
        assert!(room.is_woken());
        assert!(assert_ready!(room.poll()));
        assert_eq!(memory.used(), 0);
        drop(room);
        body.push(Bytes::from(vec![1; 2 << 20]));
        let mut room = spawn(body.room());
        assert_pending!(room.poll());
        drop((slow, quick));
        assert!(room.is_woken());
        assert!(!assert_ready!(room.poll()), "nobody reads any more");
        drop(room);
        drop(body);
        assert_eq!(memory.used(), 0);
    }

    #[test]
    fn memory_that_is_used_up_is_said_and_comes_back() {
        let memory = FillMemory::new(10);
        let body = GrowingBody::new(None, memory.hold());
        assert!(body.push(Bytes::from_static(b"123456789")));
        assert!(!body.push(Bytes::from_static(b"10")));
        drop(body);
        assert_eq!(memory.used(), 0);
    }

    proptest! {
        #[test]
        fn a_part_is_what_a_slice_would_be(
            chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..20), 0..8),
            ends in any::<(prop::sample::Index, prop::sample::Index)>(),
        ) {
            let all = chunks.concat();
            let (a, b) = (ends.0.index(all.len() + 1), ends.1.index(all.len() + 1));
            let part = a.min(b)..a.max(b);
            let body = body(Some(all.len() as u64));
            let mut reader = body.reader().unwrap().part(part.start as u64..part.end as u64);
            let mut got = Vec::new();
            for chunk in chunks {
                body.push(chunk.into());
                got.extend(there(&mut reader));
            }
            body.end(Ok(()));
            got.extend(there(&mut reader));
            prop_assert_eq!(got, &all[part]);
        }
    }
}
