//! A worker that, beside pictures, understands some originals that ask it to misbehave.

use std::fmt::Display;
use std::fs::File;
use std::hint;
use std::io::{self, Write};
use std::net::{TcpStream, UdpSocket};
use std::panic;
use std::process::{self, Command, ExitCode};
use std::sync::OnceLock;
use std::thread;

use plan::{Format, Plan, Size};
use rustix::process::{Pid, Signal, getppid, kill_process};
use transform::{Derivative, Limits, Network, TransformError, compose_with};

static PARENT: OnceLock<Option<Pid>> = OnceLock::new();

fn main() -> ExitCode {
    PARENT.get_or_init(getppid);
    let memory = std::env::args().nth(1).and_then(|memory| memory.parse().ok()).unwrap_or(64 << 20);
    render_worker::serve(memory, make)
}

fn make(
    originals: &[&[u8]],
    network: Option<&Network>,
    plan: &Plan,
    limits: &Limits,
) -> Result<Derivative, TransformError> {
    if let Some(bytes) = wished(originals[0]) {
        return told("x".repeat(bytes - 8));
    }
    match originals[0] {
        b"who are you" => told(process::id()),
        b"variables of your environment" => told(std::env::vars_os().count()),
        b"open a file" => told(word(File::open("/etc/hostname"))),
        b"make a file" => told(word(File::create("/tmp/from-a-worker"))),
        b"list a folder" => told(word(std::fs::read_dir("/"))),
        b"open a socket" => told(word(UdpSocket::bind("127.0.0.1:0"))),
        b"connect" => told(word(TcpStream::connect("127.0.0.1:1"))),
        b"run a program" => told(word(Command::new("/bin/true").status())),
        b"start a thread" => told(word(thread::Builder::new().spawn(|| {}))),
        b"kill the parent" => {
            let parent = PARENT.get().copied().flatten().expect("it was known at the start");
            told(word(kill_process(parent, Signal::TERM)))
        }
        b"loop" => loop {
            hint::spin_loop();
        },
        b"sleep" => loop {
            thread::park();
        },
        b"panic" => panic!("over a picture"),
        b"panic and catch it" => told(panic::catch_unwind(|| panic!("over a picture")).is_err()),
        b"write on standard error" => told(word(io::stderr().write_all(b"spam"))),
        b"abort" => process::abort(),
        b"overflow the stack" => told(deep(1)),
        b"use 32 MiB" => told(used(32 << 20)),
        b"use 512 MiB" => told(used(512 << 20)),
        b"lie about the format" => Ok(Derivative {
            bytes: b"<script>".to_vec(),
            format: Format::Png.into(),
            size: Size { width: 1, height: 1 },
        }),
        b"talk for ever" => loop {
            // Past the protocol: straight into the pipe.
            let _ = io::stdout().write_all(&[0xff; 4096]);
        },
        b"say what nobody understands" => {
            // A head of one byte and no body; there is no such head.
            let _ = io::stdout().write_all(&[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 99]);
            let _ = io::stdout().flush();
            loop {
                thread::park();
            }
        }
        b"how many are you" => told(originals.len()),
        _ => compose_with(originals, network, plan, limits),
    }
}

/// How long an answer is to be, if that is all that an original says.
fn wished(original: &[u8]) -> Option<usize> {
    std::str::from_utf8(original.strip_prefix(b"answer in so many bytes: ")?).ok()?.parse().ok()
}

/// What a test wants to know comes back behind the first bytes of a PNG, as which it is let through.
fn told(what: impl ToString) -> Result<Derivative, TransformError> {
    let bytes = [b"\x89PNG\r\n\x1a\n", what.to_string().as_bytes()].concat();
    Ok(Derivative { bytes, format: Format::Png.into(), size: Size { width: 1, height: 1 } })
}

fn word<T, E: Display>(outcome: Result<T, E>) -> String {
    outcome.map_or_else(|error| error.to_string(), |_| "it works".to_owned())
}

fn deep(depth: u64) -> u64 {
    let here = [depth; 1000];
    if hint::black_box(&here)[999] == 0 { 0 } else { 1 + deep(depth + 1) }
}

fn used(bytes: usize) -> usize {
    hint::black_box(vec![1u8; bytes]).len()
}
