//! Why a worker gave no derivative.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use transform::TransformError;

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum WorkerError {
    #[error(transparent)]
    Transform(#[from] TransformError),
    /// It costs the request; the next one gets another worker.
    #[error("the picture could not be made: its process {0}")]
    Died(Death),
    /// The worker lives but cannot be trusted any more.
    #[error("the picture could not be made: its process answered {0}")]
    Unbelievable(&'static str),
    #[error("no process that makes pictures can be started: {0}")]
    Start(String),
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Death {
    /// The kernel stopped it, over a system call that is not on the list.
    Forbidden,
    /// It broke over what it was given, or the memory it may have did not suffice.
    Crashed {
        signal: i32,
    },
    /// By somebody else; mostly the kernel, when the whole machine is short of memory.
    Killed,
    Exited {
        code: Option<i32>,
    },
}

impl From<ExitStatus> for Death {
    fn from(status: ExitStatus) -> Self {
        match status.signal() {
            Some(libc::SIGSYS) => Self::Forbidden,
            Some(libc::SIGKILL | libc::SIGTERM | libc::SIGINT | libc::SIGHUP) => Self::Killed,
            Some(signal) => Self::Crashed { signal },
            None => Self::Exited { code: status.code() },
        }
    }
}

impl fmt::Display for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forbidden => f.write_str("tried what it may not do, and was stopped"),
            Self::Crashed { signal } => write!(f, "crashed (signal {signal})"),
            Self::Killed => f.write_str("was killed from outside"),
            Self::Exited { code: Some(code) } => write!(f, "ended with status {code}"),
            Self::Exited { code: None } => f.write_str("ended"),
        }
    }
}
