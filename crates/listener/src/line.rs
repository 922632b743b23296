//! What comes in on a connection, read once and handed on in portions.
//!
//! The short way ([`crate::quick`]) looks at what has come; hyper gets either one request of it and nothing more for the
//! time being, or everything from there on.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Room for what is read at a time.
const READ: usize = 8 << 10;

pub(crate) struct Line<S> {
    stream: S,
    unread: Unread,
    portion: Portion,
}

/// What was read, and handed to nobody yet. The room is made once, and as large as it was ever needed.
#[derive(Default)]
struct Unread {
    room: Vec<u8>,
    start: usize,
    end: usize,
}

impl Unread {
    fn bytes(&self) -> &[u8] {
        &self.room[self.start..self.end]
    }

    fn len(&self) -> usize {
        self.end - self.start
    }

    fn advance(&mut self, bytes: usize) {
        self.start += bytes.min(self.len());
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
    }

    /// Room for as many bytes more, behind those that are there.
    fn room_for(&mut self, more: usize) -> &mut [u8] {
        if self.room.len() - self.end < more && self.start > 0 {
            self.room.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.len());
        }
        if self.room.len() - self.end < more {
            self.room.resize(self.end + more, 0);
        }
        &mut self.room[self.end..self.end + more]
    }
}

/// How much a reader gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Portion {
    /// So many bytes; then it waits. That the client leaves it learns nevertheless.
    Bytes(usize),
    Everything,
}

impl<S> Line<S> {
    pub fn new(stream: S) -> Self {
        Self { stream, unread: Unread::default(), portion: Portion::Everything }
    }

    pub fn unread(&self) -> &[u8] {
        self.unread.bytes()
    }

    /// These bytes have been dealt with.
    pub fn advance(&mut self, bytes: usize) {
        self.unread.advance(bytes);
    }

    pub fn hand_on(&mut self, bytes: usize) {
        self.portion = Portion::Bytes(bytes);
    }

    pub fn hand_on_everything(&mut self) {
        self.portion = Portion::Everything;
    }
}

impl<S: AsyncRead + Unpin> Line<S> {
    /// Reads more, until there are `max` unread bytes. Says how many came: none at the end.
    pub fn poll_more(&mut self, context: &mut Context<'_>, max: usize) -> Poll<io::Result<usize>> {
        let more = max.saturating_sub(self.unread.len()).min(READ);
        let mut buffer = ReadBuf::new(self.unread.room_for(more));
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer))?;
        let came = buffer.filled().len();
        self.unread.end += came;
        Poll::Ready(Ok(came))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Line<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let line = self.get_mut();
        let portion = match line.portion {
            Portion::Everything if line.unread.len() == 0 => {
                // It is not needed any more.
                line.unread = Unread::default();
                return Pin::new(&mut line.stream).poll_read(context, buffer);
            }
            Portion::Everything => usize::MAX,
            Portion::Bytes(0) => {
                // Whoever waits here wants to know whether the client is still there. What it says meanwhile can wait.
                while line.unread.len() < READ {
                    if ready!(line.poll_more(context, READ))? == 0 {
                        return Poll::Ready(Ok(()));
                    }
                }
                return Poll::Pending;
            }
            Portion::Bytes(bytes) => bytes,
        };
        let handed = portion.min(line.unread.len()).min(buffer.remaining());
        buffer.put_slice(&line.unread.bytes()[..handed]);
        line.unread.advance(handed);
        if let Portion::Bytes(rest) = &mut line.portion {
            *rest -= handed;
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Line<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
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
