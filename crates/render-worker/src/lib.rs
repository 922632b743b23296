//! Processes that make derivatives and can do nothing else.
//!
//! Originals come from strangers, and half of the decoders are C. So whole transforms run in a few processes that live
//! long and own nothing: bytes come in by a pipe and go out by another, and before the first byte is read the process
//! has given up files, network, other processes and nearly all system calls ([`serve`]). The parent ([`Workers`]) hands
//! out jobs, kills whoever exceeds its deadline, and looks at an answer before it believes it. Whatever an original does
//! to its worker costs the one request that brought it.
//!
//! Linux only, as what holds the workers is: landlock, seccomp, resource limits.

mod confinement;
mod error;
mod process;
mod system_calls;
mod wire;
mod worker;
mod workers;

pub use crate::confinement::{ConfinementError, Files};
pub use crate::error::{Death, WorkerError};
pub use crate::worker::{Making, serve};
pub use crate::workers::{MIMALLOC, Model, Settings, Workers};
