//! The body of an upstream's response: bounded in bytes and in silence, and never shorter than it claimed.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep};

use crate::error::{FetchError, Stage};
use crate::source::FetchLimits;

/// What a `Content-Length` may make us reserve before a byte has come.
const RESERVED_MAX: u64 = 1 << 20;

/// A body that streams as it comes. Its errors are ours: too large, silent for too long, cut short.
#[derive(Debug)]
pub struct UpstreamBody {
    inner: Incoming,
    received: u64,
    limit: u64,
    idle: Duration,
    alarm: Pin<Box<Sleep>>,
    /// The alarm runs only while someone waits for the upstream: a slow reader of ours is not its fault.
    waiting: bool,
}

impl UpstreamBody {
    /// Refuses at once what announces itself as too large.
    pub(crate) fn new(inner: Incoming, limits: &FetchLimits) -> Result<Self, FetchError> {
        let limit = limits.body_bytes;
        if inner.size_hint().lower() > limit {
            return Err(FetchError::TooLarge { limit });
        }
        let alarm = Box::pin(sleep(limits.idle));
        Ok(Self { inner, received: 0, limit, idle: limits.idle, alarm, waiting: false })
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

impl Body for UpstreamBody {
    type Data = Bytes;
    type Error = FetchError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, FetchError>>> {
        let this = self.get_mut();
        let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(context) else {
            if !this.waiting {
                this.waiting = true;
                this.alarm.as_mut().reset(Instant::now() + this.idle);
            }
            ready!(this.alarm.as_mut().poll(context));
            return Poll::Ready(Some(Err(FetchError::Timeout { stage: Stage::Idle, limit: this.idle })));
        };
        this.waiting = false;
        let Some(frame) = frame else { return Poll::Ready(None) };
        let frame = match frame {
            Ok(frame) => frame,
            Err(error) => return Poll::Ready(Some(Err(FetchError::within_body(&error, this.received)))),
        };
        if let Some(data) = frame.data_ref() {
            this.received += data.len() as u64;
            if this.received > this.limit {
                return Poll::Ready(Some(Err(FetchError::TooLarge { limit: this.limit })));
            }
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
