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
}

impl Who {
    pub const ALL: [Who; 3] = [Who::Pentimento, Who::Sharp, Who::Pillow];
    pub const PEERS: [Who; 2] = [Who::Sharp, Who::Pillow];
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Who::Pentimento => "Pentimento",
            Who::Sharp => "sharp",
            Who::Pillow => "Pillow",
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

/// Where the contenders are.
pub struct Contenders {
    ours: PathBuf,
    tools: PathBuf,
    peers: PathBuf,
}

impl Contenders {
    pub fn find(tools: &Path, peers: &Path) -> anyhow::Result<Contenders> {
        let ours = std::env::current_exe().context("cannot find this program")?;
        let peers = peers.canonicalize().context("cannot find the peers' scripts")?;
        let tools = tools.canonicalize().with_context(|| format!("{} is not there", tools.display()))?;
        Ok(Contenders { ours, tools, peers })
    }

    pub fn versions(&self) -> anyhow::Result<Vec<String>> {
        let mut versions = vec![format!("engine {}", transform::ENGINE)];
        for who in Who::PEERS {
            let mut command = self.command(who);
            versions.push(said(command.arg("versions"))?.trim().to_owned());
        }
        Ok(versions)
    }

    fn command(&self, who: Who) -> Command {
        let mut command;
        match who {
            Who::Pentimento => {
                command = Command::new(&self.ours);
                command.arg("make");
            }
            Who::Sharp => {
                // Modules are looked for beside the script.
                command = Command::new("node");
                command.arg(self.tools.join("sharp/sharp.mjs"));
            }
            Who::Pillow => {
                command = self.python();
                command.arg(self.peers.join("pillow.py"));
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

    /// Puts the script where its modules are.
    pub fn install(&self) -> anyhow::Result<()> {
        fs::copy(self.peers.join("sharp.mjs"), self.tools.join("sharp/sharp.mjs"))
            .context("cannot put sharp's script beside sharp")?;
        Ok(())
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
    let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
    ensure!(
        output.status.success(),
        "{command:?} has failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
