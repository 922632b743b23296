//! How many files and connections the kernel lets this process have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Beside clients: stored responses that are being read, requests to sources, the catalog.
const BESIDE_CLIENTS: u64 = 1000;

/// Takes as many as may be had: what a process is given at first is a number for programs that use `select`.
pub fn raise_limit(connections: u64) {
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most }) {
        tracing::warn!(%error, "the limit of open files cannot be raised");
    }
    let have = getrlimit(Resource::Nofile).current;
    if let Some(have) = have.filter(|have| *have < connections + BESIDE_CLIENTS) {
        tracing::warn!(
            "[listen] allows {connections} connections, but this process may have no more than {have} files open: \
             raise its limit (ulimit -n, LimitNOFILE), or allow fewer"
        );
    }
}
