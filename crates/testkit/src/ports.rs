//! Ports for processes that are told where to listen: nobody takes them in between, or while such a process restarts.

use std::collections::hash_map::RandomState;
use std::fs::{self, File, TryLockError};
use std::hash::BuildHasher;
use std::io;
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rustix::process::geteuid;

const LOWEST: u16 = 10_000;
/// Where the kernel's own choice begins, if it does not say so.
const USUAL: u16 = 32_768;

/// The locks on what this process was given; they end with it.
static TAKEN: Mutex<Vec<File>> = Mutex::new(Vec::new());

/// A port on loopback that is this process's as long as it lives.
///
/// One that the kernel chose and that was let go of again is not: until the server listens on it, and whenever it
/// restarts, the kernel may give it to any other connection. So this one lies below those that the kernel chooses from,
/// and a locked file keeps the other tests away from it.
pub fn free_port() -> u16 {
    let folder = std::env::temp_dir().join(format!("pentimento-ports-{}", geteuid().as_raw()));
    fs::create_dir_all(&folder).expect("the folder for temporary files can be written");
    let end = chosen_by_the_kernel().filter(|first| *first > LOWEST).unwrap_or(USUAL);
    let count = end - LOWEST;
    // Not all from the same end.
    let first = u16::try_from(RandomState::new().hash_one(()) % u64::from(count)).expect("less than a port");
    for port in (first..count).chain(0..first).map(|n| LOWEST + n) {
        let Some(lock) = locked(&folder, port).expect("a lock is there or not") else { continue };
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            TAKEN.lock().unwrap_or_else(PoisonError::into_inner).push(lock);
            return port;
        }
    }
    panic!("all ports from {LOWEST} to {end} are taken");
}

/// `None` if another process has it, or this one already.
fn locked(folder: &Path, port: u16) -> io::Result<Option<File>> {
    let file = File::options().create(true).append(true).open(folder.join(port.to_string()))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// The first port that it may choose for a connection.
fn chosen_by_the_kernel() -> Option<u16> {
    let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok()?;
    range.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_given_once_and_the_kernel_chooses_it_for_nobody() {
        let mut ports: Vec<u16> = (0..50).map(|_| free_port()).collect();
        if let Some(first) = chosen_by_the_kernel().filter(|first| *first > LOWEST) {
            assert!(ports.iter().all(|port| *port < first), "{ports:?}");
        }
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 50);
    }
}
