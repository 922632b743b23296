//! A PostgreSQL of the test's own: a cluster in a folder of its own, reached through a socket there, gone with the test.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;

const USER: &str = "pentimento";
/// PostgreSQL does not run as root; this user owns nothing else.
const NOBODY: u32 = 65534;

pub struct Postgres {
    folder: TempDir,
    programs: PathBuf,
    server: Option<Child>,
}

impl Postgres {
    /// Makes a cluster and starts its server. Where PostgreSQL is not installed, the test has tested nothing: it says so.
    pub fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            let words = "PostgreSQL is not installed: this test has tested nothing (scripts/setup-tests)\n";
            // Not `eprintln`, which the test harness keeps to itself.
            _ = io::stderr().write_all(words.as_bytes());
            return None;
        };
        let folder = tempfile::Builder::new().prefix("pg").tempdir().expect("a folder");
        if geteuid().is_root() {
            chown(folder.path(), Some(NOBODY), Some(NOBODY)).expect("root may give folders away");
        }
        let mut postgres = Self { folder, programs, server: None };
        let made = postgres
            .program("initdb")
            .args(["--username", USER, "--auth", "trust", "--no-sync", "--no-instructions"])
            .args(["--encoding", "UTF8", "--locale", "C", "--pgdata"])
            .arg(postgres.cluster())
            .stdout(Stdio::null())
            .status();
        assert!(made.is_ok_and(|status| status.success()), "initdb does not make a cluster");
        postgres.run();
        Some(postgres)
    }

    /// Starts the server of a cluster that is there, and waits until it takes connections.
    pub fn run(&mut self) {
        let folder = self.folder.path().display().to_string();
        let mut server = self
            .program("postgres")
            .arg("-D")
            .arg(self.cluster())
            // Nothing here outlives the machine, but everything outlives the process.
            .args(["-c", "fsync=off", "-c", "listen_addresses=", "-c", "max_connections=200"])
            .args(["-c", "log_min_messages=log", "-k", &folder])
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("postgres starts");
        let mut log = BufReader::new(server.stderr.take().expect("its log is piped")).lines();
        self.server = Some(server);
        let mut said = Vec::new();
        loop {
            let Some(Ok(line)) = log.next() else { panic!("PostgreSQL does not start: {said:#?}") };
            if line.contains("ready to accept connections") {
                break;
            }
            said.push(line);
        }
        // What it says later, of clients that die, is what the stories are about.
        std::thread::spawn(move || log.for_each(drop));
    }

    /// The section of a node's configuration that puts its catalog into a new database.
    pub fn catalog(&self) -> String {
        format!("[catalog]\nurl = \"{}\"\n", self.database("pentimento"))
    }

    /// Ends the server at once, as a crash would: what was committed is there when it runs again.
    pub fn crash(&mut self) {
        if let Some(mut server) = self.server.take() {
            if let Some(pid) = i32::try_from(server.id()).ok().and_then(Pid::from_raw) {
                // Its "immediate shutdown": all of its processes end, nothing is tidied up.
                _ = kill_process(pid, Signal::QUIT);
            }
            _ = server.wait();
        }
    }

    /// Makes an empty database, and gives its address.
    pub fn database(&self, name: &str) -> String {
        let made = self.client("createdb").arg(name).status();
        assert!(made.is_ok_and(|status| status.success()), "the database {name} cannot be made");
        self.address(name)
    }

    /// Makes a database that is as another one, to which nobody is connected; gives its address.
    pub fn copy(&self, of: &str, name: &str) -> String {
        let made = self.client("createdb").args(["--template", of, name]).status();
        assert!(made.is_ok_and(|status| status.success()), "the database {name} cannot be made");
        self.address(name)
    }

    fn address(&self, database: &str) -> String {
        format!("postgres://{USER}@localhost/{database}?host={}", self.folder.path().display())
    }

    /// What `psql` says to a statement.
    pub fn ask(&self, database: &str, statement: &str) -> String {
        let mut psql = self.client("psql");
        let said = psql.args([
            "--no-psqlrc",
            "--tuples-only",
            "--no-align",
            "--dbname",
            database,
            "--command",
            statement,
        ]);
        let said = said.output().expect("psql starts");
        assert!(said.status.success(), "{statement}: {}", String::from_utf8_lossy(&said.stderr));
        String::from_utf8_lossy(&said.stdout).trim().to_owned()
    }

    fn cluster(&self) -> PathBuf {
        self.folder.path().join("cluster")
    }

    fn client(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.env("PGHOST", self.folder.path()).env("PGUSER", USER).env("PGDATABASE", "postgres");
        command
    }

    /// As an ordinary user, and ended with us even if we are killed.
    fn program(&self, name: &str) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "QUIT"]);
        if geteuid().is_root() {
            let id = NOBODY.to_string();
            command.args(["--reuid", &id, "--regid", &id, "--clear-groups"]);
        }
        command.arg(self.programs.join(name)).current_dir(self.folder.path()).process_group(0);
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.crash();
    }
}

/// Where Debian keeps the newest version.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let programs = versions.filter_map(|version| Some(version.ok()?.path().join("bin")));
    let mut complete: Vec<PathBuf> = programs.filter(|folder| has_all(folder)).collect();
    complete.sort();
    complete.pop()
}

fn has_all(folder: &Path) -> bool {
    ["initdb", "postgres", "createdb", "psql"].iter().all(|name| folder.join(name).exists())
}
