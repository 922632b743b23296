//! The short way of a connection: requests whose answers are there at once, without all that HTTP may be.
//!
//! Only GET and HEAD without content, in HTTP/1.1, from clients that stay: what a request without doubt is. Whatever else
//! comes, and every byte that is in doubt, is for hyper to understand.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, ready};

use bytes::{Buf, Bytes};
use http::Version;
use httparse::{Header, Request, Status};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::limits::Limits;
use crate::line::Line;
use crate::listener::Service;
use crate::pace::{Pace, Paced, Turn};

/// More are hyper's to count.
const FIELDS_MAX: usize = 64;
/// The longest end that a head may have.
const END_MAX: usize = 3;
/// What an answer's head takes, most of the time.
const HEAD_BYTES: usize = 1 << 10;

/// Why the short way ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// The client has gone, or shall go.
    End,
    /// The first so many unread bytes are a whole request, whose answer has to be waited for.
    Wait(usize),
    /// What comes now, and all after it, is not for here.
    Other,
}

/// What the first unread bytes are.
enum Seen<'a, 'h> {
    /// The beginning of something.
    Part,
    Plain {
        request: &'a Request<'h, 'a>,
        len: usize,
    },
    Other,
}

pub(crate) async fn answer<S: Service, T: AsyncRead + AsyncWrite + Unpin>(
    service: &S,
    limits: &Limits,
    line: &Mutex<Line<T>>,
    paced: &mut Paced<Line<T>>,
    pace: &Arc<Pace>,
    client: SocketAddr,
) -> io::Result<Next> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    // So many unread bytes were looked at before, and are the beginning of a request.
    let mut begun = 0;
    loop {
        head.clear();
        let answered = {
            let mut line = lock(line);
            let (step, len) = look(line.unread(), begun, |seen| match seen {
                Seen::Part => (Step::Read, 0),
                Seen::Other => (Step::Leave(Next::Other), 0),
                // hyper says to the client that this was the last one.
                Seen::Plain { .. } if pace.requests() + 1 >= limits.requests => (Step::Leave(Next::Other), 0),
                Seen::Plain { request, len } => {
                    let turn = Turn::begin(pace, Version::HTTP_11);
                    let here = is_clear(request).then(|| service.at_once(request, client, &mut head));
                    match here.flatten() {
                        Some(body) => (Step::Write(body, turn), len),
                        None => {
                            turn.never_was();
                            (Step::Leave(Next::Wait(len)), 0)
                        }
                    }
                }
            });
            line.advance(len);
            step
        };
        match answered {
            Step::Write(body, mut turn) => {
                turn.is_theirs();
                write(paced, &head, body).await?;
                begun = 0;
                drop(turn);
                poll_fn(|context| Pin::new(&mut *paced).poll_flush(context)).await?;
            }
            Step::Leave(next) => return Ok(next),
            Step::Read => {
                let max = limits.header_bytes;
                begun = lock(line).unread().len();
                match begun {
                    0 => {}
                    len if len >= max => return Ok(Next::Other),
                    _ => pace.something_came(),
                }
                let came = poll_fn(|context| {
                    let mut line = lock(line);
                    if line.unread().is_empty() && pace.is_winding_up() {
                        return Poll::Ready(Ok(0));
                    }
                    line.poll_more(context, max)
                });
                if came.await? == 0 {
                    return Ok(Next::End);
                }
                pace.something_came();
            }
        }
    }
}

enum Step {
    Read,
    Write(Bytes, Turn),
    Leave(Next),
}

pub(crate) fn lock<T>(line: &Mutex<Line<T>>) -> MutexGuard<'_, Line<T>> {
    line.lock().unwrap_or_else(PoisonError::into_inner)
}

fn look<R>(bytes: &[u8], begun: usize, then: impl FnOnce(Seen<'_, '_>) -> R) -> R {
    if bytes.is_empty() || (begun > 0 && !has_end(&bytes[begun.saturating_sub(END_MAX - 1)..])) {
        return then(Seen::Part);
    }
    let mut fields = [const { MaybeUninit::uninit() }; FIELDS_MAX];
    let mut request = Request::new(&mut []);
    match request.parse_with_uninit_headers(bytes, &mut fields) {
        Ok(Status::Partial) => then(Seen::Part),
        Ok(Status::Complete(len)) if is_plain(&request) => then(Seen::Plain { request: &request, len }),
        Ok(Status::Complete(_)) | Err(_) => then(Seen::Other),
    }
}

/// Whether a head may end here. Without this, a client that sends byte by byte would have it parsed as often.
fn has_end(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|end| end == b"\n\n") || bytes.windows(END_MAX).any(|end| end == b"\n\r\n")
}

fn is_plain(request: &Request<'_, '_>) -> bool {
    request.version == Some(1)
        && matches!(request.method, Some("GET" | "HEAD"))
        && !request.headers.iter().any(concerns_the_connection)
}

/// Whether nobody could understand it as meant for someone else; what is not so clear, [`crate::form`] judges.
fn is_clear(request: &Request<'_, '_>) -> bool {
    let mut hosts = request.headers.iter().filter(|field| field.name.eq_ignore_ascii_case("host"));
    let is_one = hosts.next().is_some_and(|host| is_host(host.value)) && hosts.next().is_none();
    is_one && request.path.is_some_and(|path| path.starts_with('/'))
}

/// A name or an IPv4 address, with or without a port.
fn is_host(value: &[u8]) -> bool {
    let mut parts = value.split(|byte| *byte == b':');
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-.".contains(byte);
    let name = parts.next().is_some_and(|name| !name.is_empty() && name.iter().all(is_name));
    let port =
        parts.next().is_none_or(|port| (1..=5).contains(&port.len()) && port.iter().all(u8::is_ascii_digit));
    name && port && parts.next().is_none()
}

/// Whether a field says anything about how the request goes on, or the connection.
fn concerns_the_connection(field: &Header<'_>) -> bool {
    let is = |name: &str| field.name.eq_ignore_ascii_case(name);
    match field.name.len() {
        6 => is("expect"),
        7 => is("upgrade"),
        10 => is("connection") && !field.value.eq_ignore_ascii_case(b"keep-alive"),
        14 => is("content-length"),
        17 => is("transfer-encoding"),
        _ => false,
    }
}

/// Writes head and body, together as far as the stream takes them together.
async fn write<T: AsyncWrite + Unpin>(
    paced: &mut Paced<Line<T>>,
    mut head: &[u8],
    mut body: Bytes,
) -> io::Result<()> {
    poll_fn(|context| {
        while !head.is_empty() || !body.is_empty() {
            let slices = [IoSlice::new(head), IoSlice::new(&body)];
            let written = ready!(Pin::new(&mut *paced).poll_write_vectored(context, &slices))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            let of_head = written.min(head.len());
            head = &head[of_head..];
            body.advance(written - of_head);
        }
        Poll::Ready(Ok(()))
    })
    .await
}
