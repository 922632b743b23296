//! Why a call did not do what it should, and what that means for the next attempt.

use std::time::Duration;

use http::StatusCode;
use origin::FetchError;

use crate::answer::Answer;

/// What a vendor says of itself is repeated no longer than this.
const WORDS_MAX: usize = 200;
/// However long a vendor asks us to wait.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);

/// The messages show no credentials and no URL with a query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    #[error("no answer: {0}")]
    Unanswered(#[from] FetchError),
    #[error("it is busy or out of order (status {status}): {words}")]
    Busy { status: u16, words: String, after: Option<Duration> },
    #[error("it does not accept our credentials (status {status}): {words}")]
    Credentials { status: u16, words: String },
    #[error("it refused the call (status {status}): {words}")]
    Refused { status: u16, words: String },
    #[error("it answered what we do not understand (status {status}): {words}")]
    Nonsense { status: u16, words: String },
    #[error("the call cannot be written down: {0}")]
    Unwritable(String),
}

/// What to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The same call once more, at the earliest after this.
    Again { after: Option<Duration> },
    /// It would fail each time: somebody has to look at it.
    GiveUp,
}

impl CallError {
    pub fn next(&self) -> Next {
        match self {
            Self::Unanswered(_) | Self::Nonsense { .. } => Next::Again { after: None },
            Self::Busy { after, .. } => Next::Again { after: *after },
            Self::Credentials { .. } | Self::Refused { .. } | Self::Unwritable(_) => Next::GiveUp,
        }
    }

    /// What the status of an answer means where the vendor says nothing more precise.
    pub(crate) fn of(answer: &Answer, words: &str) -> Self {
        let (status, words) = (answer.status.as_u16(), shortened(words));
        match answer.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
                Self::Credentials { status, words }
            }
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
                Self::busy(answer, &words)
            }
            other if other.is_server_error() => Self::busy(answer, &words),
            other if other.is_client_error() => Self::Refused { status, words },
            _ => Self::Nonsense { status, words },
        }
    }

    pub(crate) fn busy(answer: &Answer, words: &str) -> Self {
        let after = answer.retry_after().map(|after| after.min(RETRY_AFTER_MAX));
        Self::Busy { status: answer.status.as_u16(), words: shortened(words), after }
    }

    pub(crate) fn nonsense(answer: &Answer, words: &str) -> Self {
        Self::Nonsense { status: answer.status.as_u16(), words: shortened(words) }
    }

    pub(crate) fn credentials(answer: &Answer, words: &str) -> Self {
        Self::Credentials { status: answer.status.as_u16(), words: shortened(words) }
    }
}

/// One line of a bounded length.
fn shortened(words: &str) -> String {
    let line: String = words.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match line.char_indices().nth(WORDS_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None if line.is_empty() => "without a word".to_owned(),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, fields: &[(&'static str, &'static str)]) -> Answer {
        let headers = fields.iter().map(|(name, value)| {
            (http::HeaderName::from_static(name), http::HeaderValue::from_static(value))
        });
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: headers.collect(),
            body: bytes::Bytes::new(),
        }
    }

    #[test]
    fn a_status_says_what_to_do_next() {
        let again = Next::Again { after: None };
        for (status, next) in [
            (301, again),
            (400, Next::GiveUp),
            (401, Next::GiveUp),
            (403, Next::GiveUp),
            (404, Next::GiveUp),
            (408, again),
            (413, Next::GiveUp),
            (429, again),
            (500, again),
            (503, again),
        ] {
            assert_eq!(CallError::of(&answer(status, &[]), "x").next(), next, "{status}");
        }
    }

    #[test]
    fn a_vendor_that_is_busy_says_for_how_long_within_reason() {
        for (value, seconds) in [("7", Some(7)), ("86400", Some(3600)), ("-1", None), ("soon", None)] {
            let error = CallError::of(&answer(429, &[("retry-after", value)]), "slow down");
            assert_eq!(error.next(), Next::Again { after: seconds.map(Duration::from_secs) }, "{value}");
        }
    }

    #[test]
    fn what_a_vendor_says_is_one_line_of_bounded_length() {
        let error = CallError::of(&answer(400, &[]), &format!("<html>\n{}", "é".repeat(5000)));
        let shown = error.to_string();
        assert!(shown.chars().count() < 300 && !shown.contains('\n'), "{shown}");
        assert!(CallError::of(&answer(400, &[]), " \n").to_string().ends_with("without a word"));
    }
}
