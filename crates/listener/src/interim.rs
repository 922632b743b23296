//! Interim responses (RFC 9110 §15.2) on their way to the client: "A proxy MUST forward 1xx responses".
//!
//! hyper 1.12 sends none, so they are written past it, straight to the connection, before it begins the answer. That is
//! right only where nothing of the answers before is still on its way through hyper ([`Pace::is_clear`]); elsewhere, to
//! HTTP/1.0 and over HTTP/2 they are left out.

use std::future::poll_fn;
use std::io::{self, Write};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::ready;

use http::{Response, StatusCode};
use tokio::io::AsyncWrite;
use tokio::sync::Notify;

use crate::pace::Pace;

/// What a service calls with an interim response; the request's extensions have it.
pub type Inform = Arc<dyn Fn(Response<()>) + Send + Sync>;

/// More before one answer are left out.
const WAITING_MAX: usize = 8;
const BYTES_MAX: usize = 16 << 10;

/// Interim responses that wait for the connection.
#[derive(Default)]
pub(crate) struct Arriving {
    waiting: Mutex<Vec<Response<()>>>,
    came: Notify,
}

impl Arriving {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(crate) fn inform(self: &Arc<Self>) -> Inform {
        let arriving = Arc::clone(self);
        Arc::new(move |interim| arriving.put(interim))
    }

    fn put(&self, interim: Response<()>) {
        let mut waiting = self.waiting();
        if waiting.len() < WAITING_MAX && may_be_sent(interim.status()) {
            waiting.push(interim);
            self.came.notify_one();
        }
    }

    /// All that wait, as they go out. `None`: nothing does.
    pub(crate) fn taken(&self) -> Option<Vec<u8>> {
        let waiting = std::mem::take(&mut *self.waiting());
        let bytes: Vec<u8> = waiting.iter().filter_map(written).flatten().collect();
        (!bytes.is_empty()).then_some(bytes)
    }

    pub(crate) async fn next(&self) -> Vec<u8> {
        loop {
            if let Some(bytes) = self.taken() {
                return bytes;
            }
            self.came.notified().await;
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Response<()>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `100` is between two neighbours, and `101` would be an answer.
fn may_be_sent(status: StatusCode) -> bool {
    status.is_informational() && !matches!(status, StatusCode::CONTINUE | StatusCode::SWITCHING_PROTOCOLS)
}

/// `None` for one that is too large.
fn written(interim: &Response<()>) -> Option<Vec<u8>> {
    let (status, mut bytes) = (interim.status(), Vec::with_capacity(256));
    let reason = status.canonical_reason().unwrap_or_default();
    write!(bytes, "HTTP/1.1 {} {reason}\r\n", status.as_u16()).ok()?;
    for (name, value) in interim.headers() {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            bytes.extend_from_slice(part);
        }
    }
    bytes.extend_from_slice(b"\r\n");
    (bytes.len() <= BYTES_MAX).then_some(bytes)
}

/// Writes all of it, or nothing where it must not be written now. A connection that fails here fails for hyper too.
pub(crate) async fn send(
    stream: &Mutex<impl AsyncWrite + Unpin>,
    pace: &Pace,
    bytes: &[u8],
) -> io::Result<()> {
    if !pace.is_clear() {
        return Ok(());
    }
    let mut rest = bytes;
    poll_fn(|context| {
        let mut stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
        while !rest.is_empty() {
            let written = Pin::new(&mut *stream).poll_write(context, rest);
            pace.note_written(&written);
            let written = ready!(written)?;
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into()).into();
            }
            rest = &rest[written..];
        }
        let flushed = Pin::new(&mut *stream).poll_flush(context);
        pace.note_flushed(&flushed);
        flushed
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn interim(status: u16, link: &str) -> Response<()> {
        let mut interim = Response::new(());
        *interim.status_mut() = StatusCode::from_u16(status).unwrap();
        interim.headers_mut().append("link", HeaderValue::from_str(link).unwrap());
        interim
    }

    #[test]
    fn what_informs_goes_out_as_it_came_and_nothing_else_does() {
        let arriving = Arriving::new();
        let inform = arriving.inform();
        for status in [100, 101, 200, 103, 102] {
            inform(interim(status, "</a.css>"));
        }
        let text = String::from_utf8(arriving.taken().unwrap()).unwrap();
        let hints = "HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\n";
        assert_eq!(text, format!("{hints}HTTP/1.1 102 Processing\r\nlink: </a.css>\r\n\r\n"));
        assert_eq!(arriving.taken(), None);
    }

    #[test]
    fn neither_many_nor_large_ones_are_kept() {
        let arriving = Arriving::new();
        for _ in 0..100 {
            arriving.inform()(interim(103, "a"));
        }
        let one = written(&interim(103, "a")).unwrap().len();
        assert_eq!(arriving.taken().unwrap().len(), WAITING_MAX * one);
        assert_eq!(written(&interim(103, &"a".repeat(BYTES_MAX))), None);
    }
}
