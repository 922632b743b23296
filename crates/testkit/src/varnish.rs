//! A real Varnish with the VCL of the documentation, as a CDN that stands before a node.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::net::TcpStream;

/// Killed when it is dropped.
pub struct Varnish {
    pub address: SocketAddr,
    child: Child,
}

impl Drop for Varnish {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Varnish {
    /// On this port, before this server; it works in `folder`. `None` where there is no Varnish.
    pub async fn start(port: u16, before: SocketAddr, folder: &Path) -> Option<Self> {
        // Debian keeps servers where an ordinary user's PATH does not look.
        let places = ["/usr/sbin/varnishd", "/usr/local/sbin/varnishd", "/usr/bin/varnishd"];
        let program = places.into_iter().find(|place| Path::new(place).exists())?;
        let documented = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cdn/varnish.vcl");
        let text = format!(
            "vcl 4.1;\nbackend default {{ .host = \"{}\"; .port = \"{}\"; }}\n{}",
            before.ip(),
            before.port(),
            fs::read_to_string(documented).expect("the documentation is there"),
        );
        let vcl = folder.join("varnish.vcl");
        fs::write(&vcl, text).expect("the folder can be written");
        let mut command = Command::new(program);
        // As the user who runs the tests.
        command.args(["-F", "-j", "none", "-s", "malloc,16m"]);
        command.args(["-a", &format!("127.0.0.1:{port}")]).arg("-f").arg(&vcl);
        command.arg("-n").arg(folder.join("varnish"));
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("it starts");
        let varnish = Self { address: SocketAddr::from(([127, 0, 0, 1], port)), child };
        for _ in 0..400 {
            if TcpStream::connect(varnish.address).await.is_ok() {
                return Some(varnish);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it does not listen on {}", varnish.address);
    }
}
