//! The system calls that a worker may make: those of memory and of its two pipes.

use std::collections::BTreeMap;
use std::process;

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter,
};

#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct FilterError(#[from] seccompiler::Error);

impl From<BackendError> for FilterError {
    fn from(error: BackendError) -> Self {
        Self(error.into())
    }
}

/// Whatever is in neither list ends the process.
const ALLOWED: [libc::c_long; 20] = [
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_close,
    // memory
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    // locks within the process
    libc::SYS_futex,
    libc::SYS_sched_yield,
    // time, where the kernel's shared page does not tell it
    libc::SYS_clock_gettime,
    libc::SYS_gettimeofday,
    // hash maps' seeds
    libc::SYS_getrandom,
    // how a process ends, and how it learns that its stack did
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_getpid,
    libc::SYS_gettid,
];

/// What allocators and the standard library ask out of curiosity: they are told no, and live.
const REFUSED: [libc::c_long; 9] = [
    libc::SYS_openat,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_readlinkat,
    libc::SYS_newfstatat,
    libc::SYS_fstat,
    libc::SYS_statx,
    libc::SYS_getcpu,
    libc::SYS_sched_getaffinity,
];

/// The older names of the same.
#[cfg(target_arch = "x86_64")]
const ALSO_REFUSED: [libc::c_long; 4] =
    [libc::SYS_open, libc::SYS_access, libc::SYS_readlink, libc::SYS_stat];
#[cfg(not(target_arch = "x86_64"))]
const ALSO_REFUSED: [libc::c_long; 0] = [];

/// Of two filters the kernel follows the stricter answer, so one says what is refused and the other what is deadly.
pub(crate) fn restrict() -> Result<(), FilterError> {
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let mut refused: BTreeMap<_, _> =
        REFUSED.into_iter().chain(ALSO_REFUSED).map(|call| (call, Vec::new())).collect();
    // Allocators name their memory by it. That no privileges are to be gained is said again with each filter.
    let other = rule(0, SeccompCmpOp::Ne, libc::PR_SET_NO_NEW_PRIVS as u64)?;
    refused.insert(libc::SYS_prctl, vec![other]);
    let mut allowed: BTreeMap<_, _> = ALLOWED.into_iter().map(|call| (call, Vec::new())).collect();
    allowed.extend(refused.keys().map(|call| (*call, Vec::new())));
    // Memory is never code.
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        let not_code = SeccompCmpOp::MaskedEq(libc::PROT_EXEC as u64);
        allowed.insert(call, vec![rule(2, not_code, 0)?]);
    }
    // The standard library's own doubt, in debug builds, whether what it closes is open.
    allowed.insert(libc::SYS_fcntl, vec![rule(1, SeccompCmpOp::Eq, libc::F_GETFD as u64)?]);
    // `abort` is a signal to oneself.
    allowed.insert(libc::SYS_tgkill, vec![rule(0, SeccompCmpOp::Eq, u64::from(process::id()))?]);

    let no = SeccompAction::Errno(libc::EACCES as u32);
    let polite = SeccompFilter::new(refused, SeccompAction::Allow, no, arch)?;
    let deadly = SeccompFilter::new(allowed, SeccompAction::KillProcess, SeccompAction::Allow, arch)?;
    let (polite, deadly) = (BpfProgram::try_from(polite)?, BpfProgram::try_from(deadly)?);
    // The deadly one forbids to set another, so it comes last.
    apply_filter(&polite)?;
    apply_filter(&deadly)?;
    Ok(())
}

fn rule(argument: u8, operator: SeccompCmpOp, value: u64) -> Result<SeccompRule, BackendError> {
    SeccompRule::new(vec![SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value)?])
}
