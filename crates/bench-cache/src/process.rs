//! Processes of contenders and clients, pinned to a core, and the processor time they took.

use std::ffi::OsStr;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::ops::Sub;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};

/// Where a process may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Core {
    /// Of whoever is measured.
    Server,
    /// Of whoever asks.
    Client,
}

/// A thousand clients at once need as many files on either side.
pub fn allow_many_files() -> anyhow::Result<()> {
    let allowed = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: allowed.maximum, maximum: allowed.maximum })
        .context("cannot raise the limit of open files")
}

/// A program where a shell of root would find it: Debian keeps servers in /usr/sbin.
pub fn program(name: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let mut found = folders.map(|folder| folder.join(name)).filter(|path| path.is_file());
    found.next().with_context(|| format!("{name} is not installed: scripts/setup-bench"))
}

/// A command that runs on one core only, if there are two.
pub fn pinned(core: Core, program: impl AsRef<OsStr>) -> Command {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    if cores < 2 {
        return Command::new(program);
    }
    let number = match core {
        Core::Client => 0,
        Core::Server => cores - 1,
    };
    let mut command = Command::new("taskset");
    command.arg("-c").arg(number.to_string()).arg(program);
    command
}

/// A running server, asked to end when it is dropped.
pub struct Server {
    child: Child,
}

impl Server {
    /// Starts it, and waits until it takes connections.
    pub fn start(mut command: Command, listens: &[SocketAddr]) -> anyhow::Result<Self> {
        let child = command.stdin(Stdio::null()).spawn();
        let mut server = Self { child: child.with_context(|| format!("cannot start {command:?}"))? };
        let began = Instant::now();
        for address in listens {
            while TcpStream::connect(address).is_err() {
                if let Some(status) = server.child.try_wait()? {
                    bail!("{command:?} has ended: {status}");
                }
                if began.elapsed() > Duration::from_secs(30) {
                    bail!("{command:?} does not listen on {address}");
                }
                thread::sleep(Duration::from_millis(20));
            }
        }
        Ok(server)
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            // It may have ended by itself.
            let _ = kill_process(pid, Signal::TERM);
        }
        let _ = self.child.wait();
    }
}

/// An address that was free a moment ago.
pub fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Processor time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cpu {
    pub user: Duration,
    pub system: Duration,
}

impl Cpu {
    pub fn total(self) -> Duration {
        self.user + self.system
    }
}

impl Sub for Cpu {
    type Output = Cpu;

    fn sub(self, before: Cpu) -> Cpu {
        Cpu { user: self.user.saturating_sub(before.user), system: self.system.saturating_sub(before.system) }
    }
}

/// What these processes took so far, with all their threads and their children's children.
pub fn cpu_of(roots: &[u32]) -> anyhow::Result<Cpu> {
    let mut all = Vec::new();
    for entry in fs::read_dir("/proc")?.flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        // A process may end between the listing and the reading; it is none of ours then.
        if let Some(stat) =
            fs::read_to_string(entry.path().join("stat")).ok().as_deref().and_then(Stat::parse)
        {
            all.push((id, stat));
        }
    }
    let mut family = roots.to_vec();
    let mut known = 0;
    while known < family.len() {
        let parent = family[known];
        family.extend(all.iter().filter(|(_, stat)| stat.parent == parent).map(|(id, _)| *id));
        known += 1;
    }
    let mut sum = Cpu::default();
    for (_, stat) in all.iter().filter(|(id, _)| family.contains(id)) {
        sum.user += stat.cpu.user;
        sum.system += stat.cpu.system;
    }
    Ok(sum)
}

/// What the whole machine has computed so far, for whomever.
pub fn cpu_of_machine() -> anyhow::Result<Duration> {
    let stat = fs::read_to_string("/proc/stat")?;
    let fields = stat.lines().next().unwrap_or_default().split_whitespace().skip(1);
    let ticks: Vec<u64> = fields.map_while(|field| field.parse().ok()).collect();
    // user nice system idle iowait irq softirq: proc(5).
    let idle: u64 = ticks.iter().skip(3).take(2).sum();
    Ok(of_ticks(ticks.iter().take(7).sum::<u64>().saturating_sub(idle)))
}

struct Stat {
    parent: u32,
    cpu: Cpu,
}

impl Stat {
    /// proc(5): fields 4 (parent), 14 and 15 (time in user and kernel mode). Field 2, a name, may hold anything.
    fn parse(line: &str) -> Option<Self> {
        let (_, after_name) = line.rsplit_once(") ")?;
        let fields: Vec<&str> = after_name.split(' ').collect();
        let ticks = |field: usize| fields.get(field - 3)?.parse().ok().map(of_ticks);
        Some(Self { parent: fields.get(1)?.parse().ok()?, cpu: Cpu { user: ticks(14)?, system: ticks(15)? } })
    }
}

fn of_ticks(ticks: u64) -> Duration {
    Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_blanks_and_brackets_does_not_shift_the_fields() {
        let line = "7 (a ) b) S 3 7 7 0 -1 4194560 1 0 0 0 250 50 0 0 20 0 1 0 1";
        let stat = Stat::parse(line).unwrap();
        assert_eq!(stat.parent, 3);
        let second = rustix::param::clock_ticks_per_second();
        assert_eq!(stat.cpu.user, Duration::from_secs_f64(250.0 / second as f64));
        assert!(Stat::parse("7 (x) S 3").is_none());
    }

    #[test]
    fn children_count_with_their_parents() {
        use std::os::unix::process::CommandExt;
        let busy = "(while :; do :; done) & wait";
        let mut parent = Command::new("sh").args(["-c", busy]).process_group(0).spawn().unwrap();
        let began = Instant::now();
        while cpu_of(&[parent.id()]).unwrap().total() < Duration::from_millis(50) {
            assert!(began.elapsed() < Duration::from_secs(60), "the child's time is not seen");
            thread::yield_now();
        }
        assert!(cpu_of_machine().unwrap() > Duration::ZERO);
        let group = Pid::from_raw(i32::try_from(parent.id()).unwrap()).unwrap();
        rustix::process::kill_process_group(group, Signal::KILL).unwrap();
        parent.wait().unwrap();
    }
}
