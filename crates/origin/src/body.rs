//! The body of an upstream's response: bounded in bytes, in time and in silence, and never shorter than it claimed.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use crate::error::{FetchError, Stage};
use crate::health::Outcome;
use crate::member::Slot;
use crate::source::FetchLimits;

/// What a `Content-Length` may make us reserve before a byte has come.
const RESERVED_MAX: u64 = 1 << 20;

/// A body that streams as it comes. Its errors are ours: too large, silent for too long, cut short.
///
/// A response with neither a length nor chunks ends with its connection, and is whole if that ended in order (RFC 9112
/// §8): a reset, and under TLS an end without a closure alert (§9.8), is an error here like every other cut.
#[derive(Debug)]
pub struct UpstreamBody {
    inner: Incoming,
    /// The place at a member of a pool, given back with the body.
    slot: Option<Slot>,
    received: u64,
    limit: u64,
    idle: Duration,
    total: Duration,
    deadline: Pin<Box<Sleep>>,
    alarm: Pin<Box<Sleep>>,
    /// The alarm runs only while someone waits for the upstream: a slow reader of ours is not its fault.
    waiting: bool,
}

impl UpstreamBody {
    /// Refuses at once what announces itself as too large.
    pub(crate) fn new(inner: Incoming, limits: &FetchLimits, deadline: Instant) -> Result<Self, FetchError> {
        let limit = limits.body_bytes;
        if inner.size_hint().lower() > limit {
            return Err(FetchError::TooLarge { limit });
        }
        Ok(Self {
            inner,
            slot: None,
            received: 0,
            limit,
            idle: limits.idle,
            total: limits.total,
            deadline: Box::pin(sleep_until(deadline)),
            alarm: Box::pin(sleep(limits.idle)),
            waiting: false,
        })
    }

    pub(crate) fn holding(self, slot: Slot) -> Self {
        Self { slot: Some(slot), ..self }
    }

    /// The member of the pool that gave this answer cannot do its work: counts as if it had not answered.
    pub fn blame(&mut self) {
        if let Some(slot) = &mut self.slot {
            slot.outcome = Outcome::Failed;
        }
    }

    pub(crate) async fn whole(mut self) -> Result<Bytes, FetchError> {
        let expected = self.inner.size_hint().lower().min(RESERVED_MAX);
        let mut whole = BytesMut::with_capacity(usize::try_from(expected).unwrap_or(0));
        while let Some(frame) = self.frame().await {
            if let Ok(data) = frame?.into_data() {
                whole.extend_from_slice(&data);
            }
        }
        Ok(whole.freeze())
    }
}

impl UpstreamBody {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, FetchError>>> {
        let late = |stage, limit| Poll::Ready(Some(Err(FetchError::Timeout { stage, limit })));
        if self.deadline.as_mut().poll(context).is_ready() {
            return late(Stage::Total, self.total);
        }
        let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(context) else {
            if !self.waiting {
                self.waiting = true;
                self.alarm.as_mut().reset(Instant::now() + self.idle);
            }
            ready!(self.alarm.as_mut().poll(context));
            return late(Stage::Idle, self.idle);
        };
        self.waiting = false;
        let Some(frame) = frame else { return Poll::Ready(None) };
        let frame = match frame {
            Ok(frame) => frame,
            Err(error) => return Poll::Ready(Some(Err(FetchError::within_body(&error, self.received)))),
        };
        if let Some(data) = frame.data_ref() {
            self.received += data.len() as u64;
            if self.received > self.limit {
                return Poll::Ready(Some(Err(FetchError::TooLarge { limit: self.limit })));
            }
        }
        Poll::Ready(Some(Ok(frame)))
    }
}

impl Body for UpstreamBody {
    type Data = Bytes;
    type Error = FetchError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, FetchError>>> {
        let this = self.get_mut();
        let frame = ready!(this.poll_next(context));
        // What is too large for us is no fault of theirs.
        if matches!(&frame, Some(Err(error)) if !matches!(error, FetchError::TooLarge { .. })) {
            this.blame();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
