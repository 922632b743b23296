//! Why a fetch or a forwarded request did not end with an answer.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use crate::connector::ConnectFailure;

/// Cloneable, so that everyone who waited for the same fetch can share it. No message carries a path, a query or
/// credentials: a source's URL may hold secrets, and these words reach clients.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    #[error(
        "{host:?} has no address that this source may reach (private ranges need `allow_private = true`)"
    )]
    Blocked { host: String },
    #[error("the name {host:?} does not resolve: {why}")]
    Resolve { host: String, why: String },
    #[error("no connection to {host:?}: {why}")]
    Connect { host: String, why: String },
    #[error("the origin took longer than {} ms to {stage}", limit.as_millis())]
    Timeout { stage: Stage, limit: Duration },
    #[error("{upstream} has as many requests to answer, and as many waiting, as it may have")]
    Overloaded { upstream: String },
    #[error("there is no upstream to ask")]
    NoUpstream,
    #[error("the origin answered with status {status}")]
    Status { status: u16 },
    #[error("the origin's body is larger than {limit} bytes")]
    TooLarge { limit: u64 },
    #[error("the origin redirects more than {limit} times")]
    TooManyRedirects { limit: u8 },
    #[error("the origin redirects to where we do not follow: {why}")]
    BadRedirect { why: String },
    #[error("the origin encoded its body as {found:?}, which was not asked for (identity is allowed)")]
    Encoding { found: String },
    #[error("the origin's body ended early, after {received} bytes")]
    Truncated { received: u64 },
    #[error("the URL cannot be asked for: {why}")]
    BadUrl { why: String },
    #[error("the origin broke the rules of HTTP: {0}")]
    Protocol(String),
}

/// Which of the time limits ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Connect,
    FirstByte,
    Idle,
    Total,
}

impl FetchError {
    /// True where a gateway says 504 rather than 502 (RFC 9110 §15.6.5).
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout { .. })
    }

    /// What an error of the HTTP client means, before there was a response.
    pub(crate) fn before_response(error: Cause<'_>, host: &str, connecting: bool) -> Self {
        if let Some(failure) = find::<ConnectFailure>(error) {
            return failure.clone().into_error(host);
        }
        if connecting {
            return Self::Connect { host: host.to_owned(), why: root(error).to_string() };
        }
        Self::Protocol(root(error).to_string())
    }

    /// What an error means when `received` bytes of the body had come.
    pub(crate) fn within_body(error: &hyper::Error, received: u64) -> Self {
        if error.is_incomplete_message() || find::<io::Error>(error).is_some_and(is_cut) {
            return Self::Truncated { received };
        }
        Self::Protocol(root(error).to_string())
    }
}

/// The connection went away, as opposed to bytes that make no sense.
pub(crate) fn is_cut(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::TimedOut
    )
}

type Cause<'a> = &'a (dyn Error + 'static);

/// The first error of type `E` among an error and its causes.
pub(crate) fn find<'a, E: Error + 'static>(error: Cause<'a>) -> Option<&'a E> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

fn root(error: Cause<'_>) -> Cause<'_> {
    causes(error).last().unwrap_or(error)
}

fn causes<'a>(error: Cause<'a>) -> impl Iterator<Item = Cause<'a>> {
    std::iter::successors(Some(error), |error: &Cause<'a>| (*error).source())
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "accept a connection",
            Self::FirstByte => "begin its answer",
            Self::Idle => "send the next part of its body",
            Self::Total => "answer completely",
        })
    }
}
