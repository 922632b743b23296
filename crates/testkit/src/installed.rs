//! Servers that Debian brings, as processes of the test's own.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tokio::net::TcpStream;

use crate::eventually::until;

/// A running one. Killed when it is dropped.
pub struct Installed {
    pub address: SocketAddr,
    child: Child,
}

impl Drop for Installed {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Installed {
    /// Starts it, and waits until it listens on this port of loopback.
    pub async fn listening(command: &mut Command, port: u16) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("it starts");
        let server = Self { address, child };
        until(&format!("{command:?} listens"), async || TcpStream::connect(address).await.is_ok()).await;
        server
    }

    /// A Varnish with the VCL of the documentation on this port, before this server; it works in `folder`. `None` where
    /// there is no Varnish.
    pub async fn varnish(port: u16, before: SocketAddr, folder: &Path) -> Option<Self> {
        let mut command = program("varnishd")?;
        let documented = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cdn/varnish.vcl");
        let text = format!(
            "vcl 4.1;\nbackend default {{ .host = \"{}\"; .port = \"{}\"; }}\n{}",
            before.ip(),
            before.port(),
            fs::read_to_string(documented).expect("the documentation is there"),
        );
        let vcl = folder.join("varnish.vcl");
        fs::write(&vcl, text).expect("the folder can be written");
        // As the user who runs the tests.
        command.args(["-F", "-j", "none", "-s", "malloc,16m"]);
        command.args(["-a", &format!("127.0.0.1:{port}")]).arg("-f").arg(&vcl);
        command.arg("-n").arg(folder.join("varnish"));
        Some(Self::listening(&mut command, port).await)
    }
}

/// A program of the system's. Debian keeps servers where an ordinary user's PATH does not look.
pub fn program(name: &str) -> Option<Command> {
    let places = [format!("/usr/sbin/{name}"), format!("/usr/local/sbin/{name}"), format!("/usr/bin/{name}")];
    places.iter().find(|place| Path::new(place).exists()).map(Command::new)
}
