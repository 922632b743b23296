//! What a worker gives up before it reads the first byte of a stranger's.

use std::io;

use landlock::{
    ABI, Access, AccessFs, AccessNet, Compatible, Ruleset, RulesetAttr, RulesetError, RulesetStatus, Scope,
};
use rustix::process::{Resource, Rlimit, setrlimit};
use serde::{Deserialize, Serialize};

use crate::system_calls::{self, FilterError};

/// The newest that is known here; an older kernel enforces what it knows of it.
const LANDLOCK: ABI = ABI::V6;

/// CPU seconds in a whole life. A parent replaces its workers long before; this is for one whose parent is gone.
const CPU_SECONDS: u64 = 30 * 60;

/// What keeps a worker from files, beside the list of system calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Files {
    Landlocked,
    /// This kernel has no landlock, or it is switched off.
    SystemCallsOnly,
}

#[derive(Debug, thiserror::Error)]
pub enum ConfinementError {
    #[error("its memory use cannot be read: {0}")]
    MemoryUse(io::Error),
    #[error("a resource limit is refused: {0}")]
    Limit(#[from] rustix::io::Errno),
    #[error("landlock is refused: {0}")]
    Landlock(#[from] RulesetError),
    #[error("the filter of system calls is refused: {0}")]
    Filter(#[from] FilterError),
}

/// Gives everything up, for good. `memory` is what may be allocated from here on.
pub(crate) fn confine(memory: u64) -> Result<Files, ConfinementError> {
    let in_use = address_space().map_err(ConfinementError::MemoryUse)?;
    // This needs a descriptor, which the limits then forbid.
    let files = lock_files()?;
    limit_resources(in_use.saturating_add(memory))?;
    system_calls::restrict()?;
    Ok(files)
}

fn limit_resources(address_space: u64) -> Result<(), ConfinementError> {
    for (resource, most) in [
        (Resource::As, address_space),
        (Resource::Cpu, CPU_SECONDS),
        (Resource::Core, 0),
        (Resource::Fsize, 0),
        // No new ones; those of the pipes stay.
        (Resource::Nofile, 0),
        (Resource::Nproc, 0),
    ] {
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
    }
    Ok(())
}

/// The bytes of address space that are mapped, the program's own included.
fn address_space() -> io::Result<u64> {
    let pages = std::fs::read_to_string("/proc/self/statm")?;
    let pages = pages.split_whitespace().next().and_then(|pages| pages.parse::<u64>().ok());
    let pages = pages.ok_or(io::ErrorKind::InvalidData)?;
    Ok(pages.saturating_mul(rustix::param::page_size() as u64))
}

/// No file, no TCP port, no abstract socket, no signal to anybody outside.
fn lock_files() -> Result<Files, ConfinementError> {
    let status = Ruleset::default()
        .set_compatibility(landlock::CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(LANDLOCK))?
        .handle_access(AccessNet::from_all(LANDLOCK))?
        .scope(Scope::from_all(LANDLOCK))?
        .create()?
        .restrict_self()?;
    Ok(match status.ruleset {
        RulesetStatus::NotEnforced => Files::SystemCallsOnly,
        RulesetStatus::PartiallyEnforced | RulesetStatus::FullyEnforced => Files::Landlocked,
    })
}

/// Each of two locks by itself, so that one that does not hold is not hidden by the other. Both bind the thread that turns
/// them, which is lost to everything else.
#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::thread;

    use super::*;

    fn in_a_thread_of_its_own<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
        thread::spawn(work).join().unwrap()
    }

    fn opened() -> Result<(), io::ErrorKind> {
        File::open("/proc/self/status").map(drop).map_err(|error| error.kind())
    }

    #[test]
    fn landlock_by_itself_keeps_from_files() {
        assert_eq!(opened(), Ok(()));
        let (files, after) = in_a_thread_of_its_own(|| (lock_files().unwrap(), opened()));
        match files {
            Files::Landlocked => assert_eq!(after, Err(io::ErrorKind::PermissionDenied)),
            // It said so, and did not claim what is not there.
            Files::SystemCallsOnly => assert_eq!(after, Ok(())),
        }
        assert_eq!(opened(), Ok(()));
    }

    #[test]
    fn the_filter_of_system_calls_by_itself_keeps_from_files() {
        let after = in_a_thread_of_its_own(|| {
            system_calls::restrict().unwrap();
            opened()
        });
        assert_eq!(after, Err(io::ErrorKind::PermissionDenied));
    }
}
