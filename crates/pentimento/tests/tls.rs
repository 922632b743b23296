//! Clients that come with TLS: which certificate they get, what happens when it is replaced, and certificates from an
//! authority. The client is curl, the authority is Pebble.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;
use testkit::{Node, Source, eventually, free_port, get, get_with, picture, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

const PATIENCE: Duration = Duration::from_secs(60);

struct Stage {
    node: Node,
    secure: SocketAddr,
    redirect: SocketAddr,
    folder: TempDir,
    _source: Source,
}

impl Stage {
    /// A node that serves one picture over TLS. In `config`, DIR stands for its folder.
    async fn with(folder: TempDir, config: &str) -> Self {
        Self::redirecting_at(SocketAddr::from(([127, 0, 0, 1], free_port())), folder, config).await
    }

    async fn redirecting_at(redirect: SocketAddr, folder: TempDir, config: &str) -> Self {
        let source = Source::start().await;
        source.put("/cat.jpg", "image/png", picture::png(64, 48, [200, 30, 30]));
        let secure = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let dir = folder.path().display().to_string();
        let config = format!(
            "[tls]\nlisten = \"{secure}\"\nredirect_listen = \"{redirect}\"\n\n\
             [[site]]\nhosts = [\"*\"]\nunsigned = true\n\n\
             [[source]]\nname = \"demo\"\nkind = \"http\"\nbase_url = \"http://{}\"\nallow_private = true\n\n{}",
            source.address,
            config.replace("DIR", &dir)
        );
        let file = folder.path().join("pentimento.toml");
        fs::write(&file, config).expect("the folder can be written");
        let file = file.display().to_string();
        let binary = Path::new(env!("CARGO_BIN_EXE_pentimento"));
        let mut node = Node::new(binary, &folder.path().join("data"), &["--config", &file]);
        node.start().await;
        Self { node, secure, redirect, folder, _source: source }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Status and protocol of the picture over TLS, if the node shows a certificate for `host` that `trusted` vouches
    /// for; else curl's complaint.
    async fn picture(&self, host: &str, trusted: &Path, more: &[&str]) -> Result<String, String> {
        let port = self.secure.port();
        let trusted = trusted.display().to_string();
        let resolve = format!("{host}:{port}:127.0.0.1");
        let url = format!("https://{host}:{port}/demo/cat.jpg?w=32");
        let mut arguments = vec!["--cacert", &trusted, "--resolve", &resolve];
        arguments.extend(["--output", "/dev/null", "--write-out", "%{http_code} %{http_version}"]);
        arguments.extend(more);
        arguments.push(&url);
        curl(&arguments).await
    }
}

async fn curl(arguments: &[&str]) -> Result<String, String> {
    let output =
        Command::new("curl").args(["--silent", "--show-error", "--max-time", "20"]).args(arguments).output();
    let output = output.await.expect("curl is there: scripts/setup-tests installs it");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

/// Writes a self-signed certificate, which vouches for itself.
fn certificate(folder: &Path, file: &str, names: &[&str]) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names).expect("names");
    fs::write(folder.join(format!("{file}.key")), made.signing_key.serialize_pem()).expect("a file");
    fs::write(folder.join(format!("{file}.crt")), made.cert.pem()).expect("a file");
}

fn two_certificates() -> (TempDir, &'static str) {
    let folder = tempfile::tempdir().expect("a folder");
    certificate(folder.path(), "a", &["a.example"]);
    certificate(folder.path(), "b", &["*.b.example"]);
    let config = "[[certificate]]\nchain = \"DIR/a.crt\"\nkey = \"DIR/a.key\"\n\n\
                  [[certificate]]\nchain = \"DIR/b.crt\"\nkey = \"DIR/b.key\"\n\n\
                  [listen]\nproxies = [\"127.0.0.1\"]\n";
    (folder, config)
}

#[tokio::test]
async fn each_name_is_served_with_its_certificate() {
    let (folder, config) = two_certificates();
    let stage = Stage::with(folder, config).await;
    let [a, b] = [stage.file("a.crt"), stage.file("b.crt")];
    for (host, trusted, more, expected) in [
        ("a.example", &a, &["--http2", "--tlsv1.3"][..], Ok("200 2")),
        ("a.example", &a, &["--http1.1"], Ok("200 1.1")),
        ("a.example", &a, &["--tls-max", "1.2"], Ok("200 2")),
        ("x.b.example", &b, &[], Ok("200 2")),
        // Behind a proxy of ours.
        ("x.b.example", &b, &["--haproxy-protocol"], Ok("200 2")),
        ("x.b.example", &a, &[], Err("certificate")),
        ("elsewhere.example", &a, &[], Err("elsewhere.example")),
        ("a.example", &a, &["--tls-max", "1.1"], Err("")),
    ] {
        match (stage.picture(host, trusted, more).await, expected) {
            (Ok(seen), Ok(expected)) => assert_eq!(seen, expected, "{host} {more:?}"),
            (Err(seen), Err(expected)) => assert!(seen.contains(expected), "{host} {more:?}: {seen}"),
            (seen, expected) => panic!("{host} {more:?}: {seen:?}, not {expected:?}"),
        }
    }
    let metrics = get(stage.node.control, "/metrics").await.text();
    assert!(metrics.contains("pentimento_certificate_expires{name=\"*.b.example\"}"), "{metrics}");
}

#[tokio::test]
async fn who_speaks_no_tls_is_cut_off_and_who_leaves_has_left() {
    let (folder, config) = two_certificates();
    let stage = Stage::with(folder, config).await;
    drop(TcpStream::connect(stage.secure).await.expect("it listens"));
    let mut plain = TcpStream::connect(stage.secure).await.expect("it listens");
    plain.write_all(b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n").await.expect("it listens");
    let _ = tokio::time::timeout(PATIENCE, plain.read_to_end(&mut Vec::new())).await.expect("it ends");
    let metrics = get(stage.node.control, "/metrics").await.text();
    let cut = "pentimento_connections_cut_total{listener=\"delivery-tls\",why=\"handshake\"} 1\n";
    assert!(metrics.contains(cut), "{metrics}");
}

#[tokio::test]
async fn a_replaced_certificate_is_served_and_a_broken_one_is_not() {
    let (folder, config) = two_certificates();
    let stage = Stage::with(folder, config).await;
    let kept = stage.file("kept.crt");
    fs::copy(stage.file("a.crt"), &kept).expect("a copy");

    fs::write(stage.file("a.crt"), "nothing in PEM").expect("a file");
    certificate(stage.folder.path(), "b", &["b.example"]);
    stage.node.signal(Signal::HUP);
    let b = stage.file("b.crt");
    let began = Instant::now();
    while stage.picture("b.example", &b, &[]).await.is_err() {
        assert!(began.elapsed() < PATIENCE, "the new certificate is not served");
    }
    assert_eq!(stage.picture("a.example", &kept, &[]).await.as_deref(), Ok("200 2"));
}

#[tokio::test]
async fn who_comes_without_tls_is_sent_to_it() {
    let (folder, config) = two_certificates();
    let stage = Stage::with(folder, config).await;
    let seen = get_with(stage.redirect, "/demo/cat.jpg?w=32", &[("host", "a.example")]).await;
    let there = format!("https://a.example:{}/demo/cat.jpg?w=32", stage.secure.port());
    assert_eq!((seen.status, seen.header("location")), (308, there.as_str()));
    // Nodes go on as before.
    assert_eq!(stage.node.get("/demo/cat.jpg?w=32").await.status, 200);
}

/// Pebble, and a resolver that says of each name that it is this machine.
struct Authority {
    directory: String,
    roots: String,
    _pebble: Child,
    _resolver: Child,
}

impl Authority {
    fn start(folder: &Path, validates_at: SocketAddr) -> Self {
        let [port, management, dns, resolver_management] = [(); 4].map(|()| free_port());
        certificate(folder, "authority", &["localhost"]);
        let config = format!(
            r#"{{"pebble": {{"listenAddress": "127.0.0.1:{port}", "managementListenAddress": "127.0.0.1:{management}",
                "certificate": "{0}/authority.crt", "privateKey": "{0}/authority.key",
                "httpPort": {1}, "tlsPort": 1, "ocspResponderURL": "", "externalAccountBindingRequired": false}}}}"#,
            folder.display(),
            validates_at.port()
        );
        let file = folder.join("pebble.json");
        fs::write(&file, config).expect("a file");
        let start = |command: &mut Command| {
            let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            quiet.kill_on_drop(true).spawn().expect("scripts/setup-tests installs pebble")
        };
        let resolver = start(
            Command::new("pebble-challtestsrv")
                .args(["-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-http01", "", "-https01", ""])
                .args(["-tlsalpn01", "", "-dns01", &format!("127.0.0.1:{dns}")])
                .args(["-management", &format!("127.0.0.1:{resolver_management}")]),
        );
        let pebble = start(
            Command::new("pebble")
                .args(["-config", &file.display().to_string()])
                .args(["-dnsserver", &format!("127.0.0.1:{dns}")])
                .env("PEBBLE_VA_NOSLEEP", "1"),
        );
        Self {
            directory: format!("https://localhost:{port}/dir"),
            roots: format!("https://localhost:{management}/roots/0"),
            _pebble: pebble,
            _resolver: resolver,
        }
    }

    /// The certificate that vouches for all that it issues, in a file; it is another one each time it starts.
    async fn root(&self, folder: &Path) -> PathBuf {
        let pem = eventually("pebble starts", async || curl(&["--insecure", &self.roots]).await.ok()).await;
        let file = folder.join("issuer.crt");
        fs::write(&file, pem + "\n").expect("a file");
        file
    }
}

#[tokio::test]
async fn an_authority_issues_a_certificate_and_a_restart_finds_it() {
    if std::process::Command::new("pebble").arg("-help").output().is_err() {
        eprintln!("SKIPPED: there is no pebble; scripts/setup-tests installs it");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let validates_at = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let authority = Authority::start(folder.path(), validates_at);
    let issuer = authority.root(folder.path()).await;
    let config = format!(
        "[acme]\nhosts = [\"img.example\"]\nterms_agreed = true\ncontact = \"ops@example.com\"\n\
         directory = \"{}\"\ndirectory_root = \"DIR/authority.crt\"\n",
        authority.directory
    );
    let mut stage = Stage::redirecting_at(validates_at, folder, &config).await;

    until("there is a certificate", async || stage.picture("img.example", &issuer, &[]).await.is_ok()).await;
    let pem = fs::read(stage.file("data/acme/img.example.pem")).expect("it is kept");

    stage.node.stop().await;
    drop(authority);
    stage.node.start().await;
    assert_eq!(stage.picture("img.example", &issuer, &[]).await.as_deref(), Ok("200 2"));
    assert_eq!(fs::read(stage.file("data/acme/img.example.pem")).expect("it is kept"), pem);
}
