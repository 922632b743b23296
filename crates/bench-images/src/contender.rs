//! Who makes derivatives, each in a process of its own.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use crate::case::{Case, Quality};
use crate::original::Original;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    Pentimento,
    Sharp,
    Pillow,
    /// The system's: Debian's, where the benchmark is set up.
    Libvips,
}

impl Who {
    pub const PEERS: [Who; 3] = [Who::Sharp, Who::Pillow, Who::Libvips];
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Who::Pentimento => "Pentimento",
            Who::Sharp => "sharp",
            Who::Pillow => "Pillow",
            Who::Libvips => "libvips",
        })
    }
}

/// What one process has seen of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Microseconds of processor and of wall clock, each time but the first.
    pub times: Vec<(f64, f64)>,
    /// The most memory it ever had, in KiB.
    pub peak: u64,
    /// Of the derivative.
    pub bytes: u64,
}

/// What a peer says that may lack something.
#[derive(Debug, PartialEq)]
enum Answer {
    Text(String),
    /// What it has been built without, or that it is not there at all.
    Lacks(String),
}

/// How a peer's script ends that lacks something: EX_UNAVAILABLE of sysexits.h.
const UNAVAILABLE: i32 = 69;

/// Where the contenders are.
pub struct Contenders {
    ours: PathBuf,
    tools: PathBuf,
    peers: PathBuf,
    /// Those that are there, ours first.
    who: Vec<Who>,
    versions: Vec<String>,
}

impl Contenders {
    pub fn find(tools: &Path, peers: &Path) -> anyhow::Result<Contenders> {
        let ours = std::env::current_exe().context("cannot find this program")?;
        let peers = peers.canonicalize().context("cannot find the peers' scripts")?;
        let tools = tools.canonicalize().with_context(|| format!("{} is not there", tools.display()))?;
        // Modules are looked for beside the script.
        fs::copy(peers.join("sharp.mjs"), tools.join("sharp/sharp.mjs"))
            .context("cannot put sharp's script beside sharp")?;
        let who = vec![Who::Pentimento];
        let versions = vec![format!("engine {}", transform::ENGINE)];
        let mut contenders = Contenders { ours, tools, peers, who, versions };
        for peer in Who::PEERS {
            match answer(contenders.command(peer).arg("versions"))? {
                Answer::Text(version) => {
                    contenders.who.push(peer);
                    contenders.versions.push(version.trim().to_owned());
                }
                Answer::Lacks(reason) => contenders.versions.push(format!("no {peer} here ({reason})")),
            }
        }
        Ok(contenders)
    }

    /// Those that are there, ours first.
    pub fn who(&self) -> &[Who] {
        &self.who
    }

    /// Of each, and who is not there.
    pub fn versions(&self) -> String {
        self.versions.join(", ")
    }

    /// What a contender has been built without that the case needs, tried on one of its originals. Only libvips is asked:
    /// what reads and writes is what the distribution has linked to it, and the others bring their own.
    pub fn lacks(&self, who: Who, case: &Case, original: &Original) -> anyhow::Result<Option<String>> {
        if who != Who::Libvips {
            return Ok(None);
        }
        let mut command = self.command(who);
        Ok(match answer(command.arg("try").arg(&original.path).arg(case.format))? {
            Answer::Text(_) => None,
            Answer::Lacks(what) => Some(what),
        })
    }

    fn command(&self, who: Who) -> Command {
        let mut command;
        match who {
            Who::Pentimento => {
                command = Command::new(&self.ours);
                command.arg("make").envs(render_worker::MIMALLOC);
            }
            Who::Sharp => {
                command = Command::new("node");
                command.arg(self.tools.join("sharp/sharp.mjs"));
            }
            Who::Pillow => {
                command = self.python();
                command.arg(self.peers.join("pillow.py"));
            }
            Who::Libvips => {
                command = self.python();
                command.arg(self.peers.join("vips.py"));
            }
        }
        command
    }

    pub fn python(&self) -> Command {
        Command::new(self.tools.join("python/bin/python"))
    }

    pub fn script(&self, name: &str) -> PathBuf {
        self.peers.join(name)
    }

    /// Makes a derivative once to warm up and `times` times to measure. `quality` is what a peer is told if the case
    /// wants it to be searched for.
    pub fn run(
        &self,
        who: Who,
        case: &Case,
        original: &Original,
        quality: Option<u8>,
        times: u32,
        output: &Path,
    ) -> anyhow::Result<Run> {
        let quality = match case.quality {
            Quality::Same(quality) => Some(quality),
            Quality::SameScore => quality,
            Quality::Own | Quality::None => None,
        };
        let setting = |value: Option<u8>| value.map_or("-".to_owned(), |value| value.to_string());
        let mut command = self.command(who);
        command.arg(&original.path).arg(output);
        command.args([times.to_string(), case.width.to_string(), case.format.to_owned()]);
        command.args([setting(quality), setting(case.effort)]);
        let told = said(&mut command)?;
        let mut run = Run { times: Vec::new(), peak: 0, bytes: fs::metadata(output)?.len() };
        for line in told.lines() {
            match line.split(' ').collect::<Vec<_>>()[..] {
                ["time", cpu, wall] => run.times.push((cpu.parse()?, wall.parse()?)),
                ["peak", kib] => run.peak = kib.parse()?,
                _ => anyhow::bail!("{who} says what nobody understands: {line:?}"),
            }
        }
        ensure!(run.times.len() == times as usize && run.peak > 0, "{who} has not said all there is to say");
        Ok(run)
    }
}

/// What a command writes, if it succeeds.
pub fn said(command: &mut Command) -> anyhow::Result<String> {
    match answer(command)? {
        Answer::Text(text) => Ok(text),
        Answer::Lacks(what) => anyhow::bail!("{command:?} lacks something: {what}"),
    }
}

fn answer(command: &mut Command) -> anyhow::Result<Answer> {
    let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
    let complaint = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if output.status.code() == Some(UNAVAILABLE) {
        return Ok(Answer::Lacks(complaint));
    }
    ensure!(output.status.success(), "{command:?} has failed: {complaint}");
    Ok(Answer::Text(String::from_utf8_lossy(&output.stdout).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_peer_lacks_is_not_a_failure_and_a_failure_is_not_what_it_lacks() {
        let asked = |script: &str| answer(Command::new("sh").args(["-c", script]));
        assert_eq!(asked("echo 1.2").unwrap(), Answer::Text("1.2\n".to_owned()));
        assert_eq!(asked("echo no AVIF >&2; exit 69").unwrap(), Answer::Lacks("no AVIF".to_owned()));
        let error = asked("echo it broke >&2; exit 1").unwrap_err().to_string();
        assert!(error.ends_with("has failed: it broke"), "{error}");
    }
}
