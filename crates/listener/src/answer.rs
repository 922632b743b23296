//! The bodies of answers as they leave: the service's or ours, counted.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::pace::Turn;

pub(crate) struct Answer<B> {
    body: Words<B>,
    turn: Turn,
}

pub(crate) enum Words<B> {
    Served(B),
    Refused(Option<Bytes>),
}

impl<B> Answer<B> {
    /// From now on it is the client's to take.
    pub(crate) fn new(body: Words<B>, mut turn: Turn) -> Self {
        turn.is_theirs();
        Self { body, turn }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Answer<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let polled = match &mut self.body {
            Words::Served(body) => Pin::new(body).poll_frame(context),
            Words::Refused(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
        };
        if polled.is_pending() {
            self.turn.is_ours()
        } else {
            self.turn.is_theirs()
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        match &self.body {
            Words::Served(body) => body.is_end_stream(),
            Words::Refused(bytes) => bytes.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.body {
            Words::Served(body) => body.size_hint(),
            Words::Refused(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
        }
    }
}
