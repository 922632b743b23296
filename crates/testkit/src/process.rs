//! Real processes of the binary.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use crate::client::{Seen, get_with, post, send};
use crate::eventually::{eventually, until};
use crate::ports::free_port;

/// One node: its process, its data, its addresses. Killed when it is dropped.
pub struct Node {
    binary: PathBuf,
    arguments: Vec<String>,
    pub delivery: SocketAddr,
    pub control: SocketAddr,
    pub data: PathBuf,
    /// Variables of its environment, beside ours.
    pub environment: Vec<(String, String)>,
    /// Where what it says on standard error goes; without it, to ours.
    pub log: Option<PathBuf>,
    child: Option<Child>,
}

/// Becomes true when the process has said that it serves.
pub type Ready = watch::Receiver<bool>;

impl Node {
    /// Describes a node on ports that are free; [`Node::start`] starts it.
    pub fn new(binary: &Path, data: &Path, arguments: &[&str]) -> Self {
        let address = || SocketAddr::from(([127, 0, 0, 1], free_port()));
        Self::at(address(), address(), binary, data, arguments)
    }

    /// Describes a node at addresses that are known to be free.
    pub fn at(
        delivery: SocketAddr,
        control: SocketAddr,
        binary: &Path,
        data: &Path,
        arguments: &[&str],
    ) -> Self {
        Self {
            binary: binary.to_owned(),
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            delivery,
            control,
            data: data.to_owned(),
            environment: Vec::new(),
            log: None,
            child: None,
        }
    }

    /// Starts the process, and waits for its word that it serves.
    pub async fn start(&mut self) {
        let mut ready = self.spawn();
        let ready = tokio::time::timeout(Duration::from_secs(60), ready.wait_for(|ready| *ready)).await;
        assert!(matches!(ready, Ok(Ok(_))), "the node on {} did not get ready", self.delivery);
    }

    /// Starts the process, for those who do not expect it to serve soon.
    pub fn spawn(&mut self) -> Ready {
        let mut command = Command::new(&self.binary);
        command
            .arg("run")
            .args(&self.arguments)
            .args(["--listen", &self.delivery.to_string()])
            .args(["--control-listen", &self.control.to_string()])
            .arg("--data")
            .arg(&self.data)
            .env("PENTIMENTO_LOG", "warn")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        if let Some(log) = &self.log {
            let log = File::options().create(true).append(true).open(log).expect("the log can be written");
            command.stderr(log);
        }
        let mut child = command.spawn().expect("the binary starts");
        let out = child.stdout.take().expect("its output is piped");
        self.child = Some(child);
        let (said, ready) = watch::channel(false);
        tokio::spawn(async move {
            let mut lines = BufReader::new(out).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                if line == "ready" {
                    said.send_replace(true);
                }
            }
        });
        ready
    }

    /// The process's number, while it has not been ended by us.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().and_then(Child::id).expect("it is running")
    }

    /// Whether the process runs; not if it was never started, was ended, or ended by itself.
    pub fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// `kill -9`
    pub async fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().await.expect("it takes signals");
        }
    }

    /// SIGTERM: the node ends what it has begun.
    pub async fn stop(&mut self) {
        self.signal(Signal::TERM);
        if let Some(mut child) = self.child.take() {
            child.wait().await.expect("it was running");
        }
    }

    /// SIGSTOP or SIGCONT.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.pid()).expect("a process id")).expect("not zero");
        kill_process(pid, signal).expect("it takes signals");
    }

    pub async fn get(&self, url: &str) -> Seen {
        get_with(self.delivery, url, &[]).await
    }

    pub fn token(&self) -> String {
        let token =
            std::fs::read_to_string(self.data.join("api.token")).expect("the control role has made one");
        format!("Bearer {}", token.trim())
    }

    pub async fn api_get(&self, path: &str) -> serde_json::Value {
        get_with(self.control, path, &[("authorization", &self.token())]).await.json()
    }

    pub async fn api_delete(&self, path: &str) -> Seen {
        let token = self.token();
        let headers = [("authorization", token.as_str())];
        send(self.control, http::Method::DELETE, path, &headers, bytes::Bytes::new())
            .await
            .unwrap_or_else(|error| panic!("DELETE {path} at {}: {error}", self.control))
    }

    /// Asks for a purge; gives its id.
    pub async fn purge(&self, body: &str) -> String {
        let headers = [("authorization", self.token()), ("content-type", "application/json".to_owned())];
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let seen = post(self.control, "/v1/purges", &headers, body.to_owned()).await;
        assert_eq!(seen.status, 202, "{}", seen.text());
        seen.json()["id"].as_str().expect("an id").to_owned()
    }

    /// Waits until the purge has come as far as it can while the source keeps an answer back.
    pub async fn ended_or_waiting(&self, id: &str) -> serde_json::Value {
        let path = format!("/v1/purges/{id}");
        eventually(&format!("purge {id} gets as far as the nodes"), async || {
            let view = self.api_get(&path).await;
            matches!(view["state"].as_str(), Some("done" | "verifying")).then_some(view)
        })
        .await
    }

    /// Waits until a purge looks like this.
    pub async fn until(&self, id: &str, looks: impl Fn(&serde_json::Value) -> bool) {
        let path = format!("/v1/purges/{id}");
        until(&format!("purge {id} comes so far"), async || looks(&self.api_get(&path).await)).await;
    }

    /// Waits until the purge has ended; gives what the API shows of it. Goes on over a restart of the node.
    pub async fn ended(&self, id: &str) -> serde_json::Value {
        let path = format!("/v1/purges/{id}");
        eventually(&format!("purge {id} ends"), async || {
            let token = self.token();
            let headers = [("authorization", token.as_str())];
            let seen = send(self.control, http::Method::GET, &path, &headers, bytes::Bytes::new()).await;
            let view = seen.ok()?.json();
            let state = view["state"].as_str()?;
            let ended = ["done", "unchanged", "error", "error_cdn", "error_cdn_node", "cancelled"];
            ended.contains(&state).then_some(view)
        })
        .await
    }
}
