//! How a connection gets on, and when it has taken too long.
//!
//! Everything that happens on a connection only counts, which costs next to nothing. A [`Watch`] looks at the counts a
//! few times within the shortest of the limits: what has not moved between looks for as long as it may is too slow. The
//! price is that a limit may be overrun by a quarter of itself.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::Version;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use crate::limits::Limits;

/// Less than this within a whole `stall_time` counts as nothing. HTTP/2's own pings stay below it.
const SENT_MIN: u64 = 4 << 10;
/// How often a watch looks within the shortest limit.
const LOOKS: u32 = 4;

/// The counts of one connection.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// Requests whose answers have not been handed over whole.
    open: AtomicUsize,
    /// Of those, the ones for which the next step is ours and not the client's.
    ours: AtomicUsize,
    /// Steps of requests: begun, a piece of the answer taken, ended.
    steps: AtomicU64,
    requests: AtomicU64,
    sent: AtomicU64,
    /// The socket takes nothing at the moment.
    blocked: AtomicBool,
    /// Something has come since the last request, and it was no request yet.
    head_begun: AtomicBool,
    /// There, bytes between requests need not be the beginning of one.
    is_http2: AtomicBool,
    /// Something has been written that need not be the end of what hyper has to write.
    unclear: AtomicBool,
    /// After what is open, nothing more is wanted.
    winding_up: AtomicBool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Head,
    Ours,
    Theirs,
    Idle,
}

impl Pace {
    /// The first byte is awaited as part of the first header section.
    pub(crate) fn new() -> Arc<Self> {
        let pace = Self::default();
        pace.head_begun.store(true, Relaxed);
        Arc::new(pace)
    }

    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Relaxed)
    }

    /// Whether everything that was answered so far has been written. hyper flushes only when its buffer is empty, so a
    /// flush that ends while no answer is open says it.
    pub(crate) fn is_clear(&self) -> bool {
        !self.unclear.load(Relaxed)
    }

    pub(crate) fn wind_up(&self) {
        self.winding_up.store(true, Relaxed);
    }

    pub(crate) fn is_winding_up(&self) -> bool {
        self.winding_up.load(Relaxed)
    }

    /// Bytes have come that may be the beginning of a request.
    pub(crate) fn something_came(&self) {
        if self.open.load(Relaxed) == 0 && !self.is_http2.load(Relaxed) {
            self.head_begun.store(true, Relaxed);
        }
    }

    /// Whether everything that was asked so far has been answered, to the last byte.
    pub(crate) fn is_between_requests(&self) -> bool {
        self.open.load(Relaxed) == 0 && self.is_clear()
    }

    pub(crate) fn note_written(&self, written: &Poll<io::Result<usize>>) {
        self.blocked.store(written.is_pending(), Relaxed);
        if let Poll::Ready(Ok(bytes)) = written {
            self.sent.fetch_add(*bytes as u64, Relaxed);
        }
    }

    /// Under TLS, writing only fills a buffer, and it is here that the socket is seen to take nothing.
    pub(crate) fn note_flushed(&self, flushed: &Poll<io::Result<()>>) {
        self.blocked.store(flushed.is_pending(), Relaxed);
    }

    fn phase(&self) -> Phase {
        let open = self.open.load(Relaxed) > 0;
        if self.blocked.load(Relaxed) || (open && self.ours.load(Relaxed) == 0) {
            Phase::Theirs
        } else if open {
            Phase::Ours
        } else if self.head_begun.load(Relaxed) {
            Phase::Head
        } else {
            Phase::Idle
        }
    }
}

/// One request, from its header to the end of its answer.
#[derive(Debug)]
pub(crate) struct Turn {
    pace: Arc<Pace>,
    is_ours: bool,
}

impl Turn {
    pub(crate) fn begin(pace: &Arc<Pace>, version: Version) -> Self {
        pace.is_http2.store(version == Version::HTTP_2, Relaxed);
        pace.head_begun.store(false, Relaxed);
        pace.requests.fetch_add(1, Relaxed);
        pace.steps.fetch_add(1, Relaxed);
        pace.open.fetch_add(1, Relaxed);
        pace.ours.fetch_add(1, Relaxed);
        Self { pace: Arc::clone(pace), is_ours: true }
    }

    /// It will be begun again, by someone else.
    pub(crate) fn never_was(self) {
        self.pace.requests.fetch_sub(1, Relaxed);
    }

    /// We have to go on; the client is waiting.
    pub(crate) fn is_ours(&mut self) {
        if !self.is_ours {
            self.is_ours = true;
            self.pace.ours.fetch_add(1, Relaxed);
        }
    }

    /// There is something for the client to take.
    pub(crate) fn is_theirs(&mut self) {
        self.pace.steps.fetch_add(1, Relaxed);
        if self.is_ours {
            self.is_ours = false;
            self.pace.ours.fetch_sub(1, Relaxed);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.is_theirs();
        self.pace.open.fetch_sub(1, Relaxed);
    }
}

/// A stream that counts what goes through it. Whoever made it keeps a hold on it, for the end of the connection, of
/// which the HTTP below knows nothing; nobody ever waits for the lock.
pub(crate) struct Paced<S> {
    stream: Arc<Mutex<S>>,
    pace: Arc<Pace>,
}

impl<S> Paced<S> {
    pub(crate) fn new(stream: &Arc<Mutex<S>>, pace: &Arc<Pace>) -> Self {
        Self { stream: Arc::clone(stream), pace: Arc::clone(pace) }
    }

    fn poll<T>(&self, poll: impl FnOnce(Pin<&mut S>) -> T) -> T
    where
        S: Unpin,
    {
        poll(Pin::new(&mut self.stream.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    fn note_written(&self, written: &Poll<io::Result<usize>>) {
        self.pace.unclear.store(true, Relaxed);
        self.pace.note_written(written);
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll(|stream| stream.poll_read(context, buffer)))?;
        if !buffer.filled().is_empty() {
            self.pace.something_came();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = self.poll(|stream| stream.poll_write(context, bytes));
        self.note_written(&written);
        written
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = self.poll(|stream| stream.poll_write_vectored(context, slices));
        self.note_written(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.poll(|stream| stream.is_write_vectored())
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = self.poll(|stream| stream.poll_flush(context));
        self.pace.note_flushed(&flushed);
        if flushed.is_ready() && self.pace.open.load(Relaxed) == 0 {
            self.pace.unclear.store(false, Relaxed);
        }
        flushed
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = self.poll(|stream| stream.poll_shutdown(context));
        self.pace.blocked.store(shut.is_pending(), Relaxed);
        shut
    }
}

/// What is to be done about a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// What is open may end, nothing new begins.
    EndPolitely,
    HeaderTooSlow,
    TakesNothing,
}

/// Looks at one connection now and then.
pub(crate) struct Watch {
    limits: Limits,
    pace: Arc<Pace>,
    every: Duration,
    timer: Pin<Box<Sleep>>,
    seen: (Phase, u64, u64),
    since: Instant,
    is_ending: bool,
}

impl Watch {
    pub(crate) fn new(limits: Limits, pace: Arc<Pace>) -> Self {
        let every = limits.header_time.min(limits.idle_time).min(limits.stall_time) / LOOKS;
        let since = Instant::now();
        Self {
            limits,
            pace,
            every,
            timer: Box::pin(sleep(every)),
            seen: (Phase::Head, 0, 0),
            since,
            is_ending: false,
        }
    }

    /// Waits until something is to be done. May be dropped and asked again.
    pub(crate) async fn next(&mut self) -> Verdict {
        loop {
            self.timer.as_mut().await;
            let now = Instant::now();
            self.timer.as_mut().reset(now + self.every);
            if let Some(verdict) = self.look(now) {
                return verdict;
            }
        }
    }

    fn look(&mut self, now: Instant) -> Option<Verdict> {
        let pace = &self.pace;
        if !self.is_ending && pace.requests() >= self.limits.requests {
            return Some(self.end(now));
        }
        let (phase, steps, sent) = (pace.phase(), pace.steps.load(Relaxed), pace.sent.load(Relaxed));
        let (seen_phase, seen_steps, seen_sent) = self.seen;
        if phase != seen_phase || steps != seen_steps || sent - seen_sent >= SENT_MIN {
            self.seen = (phase, steps, sent);
            self.since = now;
            return None;
        }
        let passed = now.duration_since(self.since);
        match phase {
            // Whatever the service waits for has a limit of its own.
            Phase::Ours => None,
            Phase::Head => (passed >= self.limits.header_time).then_some(Verdict::HeaderTooSlow),
            Phase::Theirs => (passed >= self.limits.stall_time).then_some(Verdict::TakesNothing),
            // Nothing is open for us, but it may not have arrived (HTTP/2's flow control).
            Phase::Idle if self.is_ending => {
                (passed >= self.limits.stall_time).then_some(Verdict::TakesNothing)
            }
            Phase::Idle => (passed >= self.limits.idle_time).then(|| self.end(now)),
        }
    }

    fn end(&mut self, now: Instant) -> Verdict {
        self.is_ending = true;
        self.since = now;
        Verdict::EndPolitely
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn limits() -> Limits {
        Limits {
            header_time: 4 * SECOND,
            header_bytes: 8192,
            body_time: SECOND,
            body_bytes: 1,
            idle_time: 20 * SECOND,
            stall_time: 10 * SECOND,
            streams: 1,
            requests: 5,
            drain: SECOND,
        }
    }

    /// What the watch says within `seconds`, and when.
    async fn within(watch: &mut Watch, seconds: u32) -> Option<(Verdict, u64)> {
        let began = Instant::now();
        let verdict = tokio::time::timeout(seconds * SECOND, watch.next()).await.ok()?;
        Some((verdict, began.elapsed().as_secs()))
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_says_nothing_is_cut_after_the_time_for_a_header() {
        let mut watch = Watch::new(limits(), Pace::new());
        assert_eq!(within(&mut watch, 60).await, Some((Verdict::HeaderTooSlow, 4)));
    }

    #[tokio::test(start_paused = true)]
    async fn between_requests_there_is_the_longer_time_and_a_polite_end() {
        let pace = Pace::new();
        let mut watch = Watch::new(limits(), Arc::clone(&pace));
        drop(Turn::begin(&pace, Version::HTTP_11));
        assert_eq!(within(&mut watch, 60).await, Some((Verdict::EndPolitely, 21)));
        assert_eq!(within(&mut watch, 60).await, Some((Verdict::TakesNothing, 10)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_may_take_its_time_but_a_client_may_not() {
        let pace = Pace::new();
        let mut watch = Watch::new(limits(), Arc::clone(&pace));
        let mut turn = Turn::begin(&pace, Version::HTTP_11);
        assert_eq!(within(&mut watch, 600).await, None);
        turn.is_theirs();
        assert_eq!(within(&mut watch, 60).await, Some((Verdict::TakesNothing, 11)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_client_that_takes_something_is_left_alone_and_one_that_takes_drops_is_not() {
        for (bytes, cut) in [(SENT_MIN, false), (SENT_MIN / 100, true)] {
            let pace = Pace::new();
            let mut watch = Watch::new(limits(), Arc::clone(&pace));
            let mut turn = Turn::begin(&pace, Version::HTTP_2);
            turn.is_theirs();
            let taking = async {
                for _ in 0..20 {
                    sleep(5 * SECOND).await;
                    pace.sent.fetch_add(bytes, Relaxed);
                }
            };
            let verdict = tokio::select! { verdict = watch.next() => Some(verdict), () = taking => None };
            assert_eq!(verdict, cut.then_some(Verdict::TakesNothing), "{bytes}");
        }
    }

    #[tokio::test]
    async fn it_is_clear_until_something_is_written_and_again_when_nothing_is_open() {
        let (_client, server) = tokio::io::duplex(64);
        let pace = Pace::new();
        let mut stream = Paced::new(&Arc::new(Mutex::new(server)), &pace);
        assert!(pace.is_clear());
        let turn = Turn::begin(&pace, Version::HTTP_11);
        stream.write_all(b"an answer").await.unwrap();
        stream.flush().await.unwrap();
        assert!(!pace.is_clear(), "the answer may go on");
        drop(turn);
        assert!(!pace.is_clear(), "its end may not have been written yet");
        stream.flush().await.unwrap();
        assert!(pace.is_clear());
    }

    #[tokio::test(start_paused = true)]
    async fn after_so_many_requests_a_connection_ends() {
        let pace = Pace::new();
        let mut watch = Watch::new(limits(), Arc::clone(&pace));
        for _ in 0..5 {
            drop(Turn::begin(&pace, Version::HTTP_2));
        }
        assert_eq!(within(&mut watch, 60).await, Some((Verdict::EndPolitely, 1)));
    }
}
