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

/// Whatever is not here is answered with "permission denied", which allocators and libraries that ask out of curiosity
/// (how many cores, which folder) can live with.
const ALLOWED: [libc::c_long; 21] = [
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
    // how much memory there is: `qsort` asks, and does not look whether it was told
    libc::SYS_sysinfo,
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

/// What no decoder does by accident: it ends the process, so that whoever has got in has one try.
const DEADLY: [libc::c_long; 27] = [
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_clone,
    libc::SYS_clone3,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_recvmsg,
    libc::SYS_kill,
    libc::SYS_tkill,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_open,
    libc::SYS_bpf,
    libc::SYS_io_uring_setup,
    libc::SYS_userfaultfd,
    libc::SYS_perf_event_open,
    libc::SYS_memfd_create,
    libc::SYS_mount,
    libc::SYS_chroot,
    libc::SYS_keyctl,
];

/// Of two filters the kernel follows the stricter answer: one says what is deadly, and one what is allowed at all.
pub(crate) fn restrict() -> Result<(), FilterError> {
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let unconditional = |call| (call, Vec::new());
    let mut allowed: BTreeMap<_, _> = ALLOWED.into_iter().map(unconditional).collect();
    // Memory is never code.
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        let not_code = SeccompCmpOp::MaskedEq(libc::PROT_EXEC as u64);
        allowed.insert(call, vec![rule(2, not_code, 0)?]);
    }
    // The standard library's own doubt, in debug builds, whether what it closes is open.
    allowed.insert(libc::SYS_fcntl, vec![rule(1, SeccompCmpOp::Eq, libc::F_GETFD as u64)?]);
    // `abort` is a signal to oneself.
    allowed.insert(libc::SYS_tgkill, vec![rule(0, SeccompCmpOp::Eq, u64::from(process::id()))?]);
    let deadly = DEADLY.into_iter().map(unconditional).collect();

    let (allow, no) = (SeccompAction::Allow, SeccompAction::Errno(libc::EACCES as u32));
    let deadly = SeccompFilter::new(deadly, allow.clone(), SeccompAction::KillProcess, arch)?;
    let allowed = SeccompFilter::new(allowed, no, allow, arch)?;
    let (deadly, allowed) = (BpfProgram::try_from(deadly)?, BpfProgram::try_from(allowed)?);
    // After the second, no other can be set.
    apply_filter(&deadly)?;
    apply_filter(&allowed)?;
    Ok(())
}

fn rule(argument: u8, operator: SeccompCmpOp, value: u64) -> Result<SeccompRule, BackendError> {
    SeccompRule::new(vec![SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value)?])
}
