//! A connection that knows whether anything was heard over it since a request was written to it: only what nobody has
//! begun to answer may be sent again.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use http::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tower_service::Service;

/// What is remembered of a connection. It travels with the connection's metadata.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heard(Arc<Memory>);

#[derive(Debug, Default)]
struct Memory {
    since_written: AtomicBool,
    reused: AtomicBool,
}

impl Heard {
    /// Something came back since the last bytes were written.
    pub(crate) fn anything(&self) -> bool {
        self.0.since_written.load(Ordering::Relaxed)
    }

    /// An earlier request was answered over the same connection.
    pub(crate) fn is_reused(&self) -> bool {
        self.0.reused.load(Ordering::Relaxed)
    }

    fn read(&self) {
        self.0.since_written.store(true, Ordering::Relaxed);
    }

    fn written(&self) {
        if self.0.since_written.swap(false, Ordering::Relaxed) {
            self.0.reused.store(true, Ordering::Relaxed);
        }
    }
}

/// Outside TLS, whose own records are no answer.
#[derive(Debug)]
pub(crate) struct Listening<S> {
    stream: TokioIo<S>,
    heard: Heard,
}

/// Makes the connections of `inner` remember.
#[derive(Clone)]
pub(crate) struct ListeningConnector<C>(pub(crate) C);

impl<C, S> Service<Uri> for ListeningConnector<C>
where
    C: Service<Uri, Response = S, Future: Send + 'static>,
{
    type Response = TokioIo<Listening<S>>;
    type Error = C::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.0.call(uri);
        Box::pin(async move {
            let stream = TokioIo::new(connecting.await?);
            Ok(TokioIo::new(Listening { stream, heard: Heard::default() }))
        })
    }
}

impl<S: Connection> Connection for Listening<S> {
    fn connected(&self) -> Connected {
        self.stream.inner().connected().extra(self.heard.clone())
    }
}

impl<S: hyper::rt::Read + Unpin> AsyncRead for Listening<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            self.heard.read();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: hyper::rt::Write + Unpin> AsyncWrite for Listening<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.heard.written();
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.heard.written();
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_reused_once_it_is_written_to_after_it_was_heard() {
        let heard = Heard::default();
        let seen = |heard: &Heard| (heard.anything(), heard.is_reused());
        assert_eq!(seen(&heard), (false, false));
        heard.written();
        heard.written();
        assert_eq!(seen(&heard), (false, false), "a request in two parts is one request");
        heard.read();
        assert_eq!(seen(&heard), (true, false));
        heard.written();
        assert_eq!(seen(&heard), (false, true), "the next request has not been answered");
    }
}
