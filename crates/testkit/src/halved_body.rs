//! A body whose second half waits for leave.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::watch;

pub struct HalvedBody {
    first: Bytes,
    second: Bytes,
    leave: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl HalvedBody {
    /// The second half comes when `gate` says open.
    pub fn new(bytes: &Bytes, gate: &watch::Sender<bool>) -> Self {
        let half = bytes.len() / 2;
        let mut gate = gate.subscribe();
        let leave = Box::pin(async move { _ = gate.wait_for(|open| *open).await });
        Self { first: bytes.slice(..half), second: bytes.slice(half..), leave }
    }
}

impl Body for HalvedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        let half = if this.first.is_empty() {
            if this.second.is_empty() {
                return Poll::Ready(None);
            }
            ready!(this.leave.as_mut().poll(context));
            &mut this.second
        } else {
            &mut this.first
        };
        Poll::Ready(Some(Ok(Frame::data(std::mem::take(half)))))
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_empty() && self.second.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact((self.first.len() + self.second.len()) as u64)
    }
}
