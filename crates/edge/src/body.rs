//! The bodies that the edge sends.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use origin::FetchError;

use crate::fill::{ComingBody, FetchedBody};
use crate::growing_body::Reader;

pub enum EdgeBody {
    /// From the cache.
    Whole(Option<Bytes>),
    /// A fill's, as it comes.
    Shared(Reader),
    /// Passed on as it comes.
    Passed(ComingBody),
}

impl EdgeBody {
    pub fn empty() -> Self {
        EdgeBody::Whole(None)
    }

    /// Where it is known before it ends.
    pub fn len(&self) -> Option<u64> {
        self.size_hint().exact()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }
}

impl From<Bytes> for EdgeBody {
    fn from(bytes: Bytes) -> Self {
        EdgeBody::Whole((!bytes.is_empty()).then_some(bytes))
    }
}

impl From<FetchedBody> for EdgeBody {
    fn from(body: FetchedBody) -> Self {
        match body {
            FetchedBody::Whole(bytes) => bytes.into(),
            FetchedBody::Coming(body) => EdgeBody::Passed(body),
        }
    }
}

impl Body for EdgeBody {
    type Data = Bytes;
    type Error = FetchError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, FetchError>>> {
        match self.get_mut() {
            EdgeBody::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            EdgeBody::Shared(reader) => Pin::new(reader).poll_frame(context),
            EdgeBody::Passed(body) => body.as_mut().poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            EdgeBody::Whole(bytes) => bytes.is_none(),
            EdgeBody::Shared(reader) => reader.is_end_stream(),
            EdgeBody::Passed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            EdgeBody::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            EdgeBody::Shared(reader) => reader.size_hint(),
            EdgeBody::Passed(body) => body.size_hint(),
        }
    }
}
