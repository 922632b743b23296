//! The drivers for servers of one's own, against real ones: Varnish with the VCL of the documentation, nginx with
//! Debian's module.

mod origin_server;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;

use bytes::Bytes;
use cdn::{Address, Call, CallError, Context, Driver, Targets, VendorName, VendorSettings};
use http::{Request, header};
use http_body_util::BodyExt;
use origin::{Client, FetchLimits};
use origin_server::OriginServer;
use tempfile::TempDir;
use testkit::installed::program;
use testkit::{Installed, free_port, until};

const HOST: &str = "img.example.com";

/// A real server before an origin.
struct Server {
    installed: Installed,
    client: Client,
    _folder: TempDir,
}

impl Server {
    async fn varnish(origin: SocketAddr) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let installed = Installed::varnish(free_port(), origin, folder.path()).await?;
        Some(Self { installed, client: Client::new(), _folder: folder })
    }

    async fn nginx(origin: SocketAddr) -> Option<Self> {
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let module = "/usr/lib/nginx/modules/ngx_http_cache_purge_module.so";
        if !Path::new(module).exists() {
            return None;
        }
        let at = folder.path().display();
        let conf = format!(
            "load_module {module};\ndaemon off;\nmaster_process off;\npid {at}/pid;\nerror_log {at}/error.log;\n\
             events {{}}\nhttp {{\naccess_log off;\nclient_body_temp_path {at}/body;\nproxy_temp_path {at}/proxy;\n\
             fastcgi_temp_path {at}/f;\nuwsgi_temp_path {at}/u;\nscgi_temp_path {at}/s;\n\
             proxy_cache_path {at}/cache keys_zone=z:1m;\nserver {{ listen 127.0.0.1:{port}; location / {{\n\
             proxy_pass http://{origin}; proxy_cache z; proxy_cache_key $host$request_uri;\n}}\n\
             location ~ ^/purge(/.*)$ {{\n\
             allow 127.0.0.1; deny all; proxy_cache_purge z $host$1$is_args$args;\n}} }} }}\n"
        );
        let file = folder.path().join("nginx.conf");
        fs::write(&file, conf).unwrap();
        let mut command = program("nginx")?;
        command.arg("-p").arg(folder.path()).arg("-c").arg(&file);
        let installed = Installed::listening(&mut command, port).await;
        Some(Self { installed, client: Client::new(), _folder: folder })
    }

    /// What a client gets: the origin counts its answers, so that a stored one is known by its number.
    async fn get(&self, host: &str, path: &str) -> String {
        let request = Request::get(path).header(header::HOST, host).body(Bytes::new()).unwrap();
        let server = format!("http://{}", self.installed.address).parse().unwrap();
        let limits = FetchLimits::default();
        let answer = self.client.forward(&server, true, &limits, request).await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(body.to_vec()).unwrap()
    }

    fn driver(&self, name: VendorName) -> Driver {
        let node = format!("http://{}", self.installed.address).parse().unwrap();
        let own = match name {
            VendorName::Nginx => BTreeMap::from([("purge_path", "/purge".to_owned())]),
            _ => BTreeMap::new(),
        };
        let settings = VendorSettings { nodes: vec![node], own, ..VendorSettings::default() };
        Driver::new(name, &settings, self.client.clone()).unwrap()
    }

    /// Which of these URLs are fetched anew after a call, of those that were stored before.
    async fn gone_after(&self, name: VendorName, targets: Targets, soft: bool) -> Vec<&'static str> {
        const PATHS: [&str; 6] =
            ["/demo/cat.jpg", "/demo/cat.jpg?w=1", "/demo/cat.jpg.bak", "/demo/a(b)/x", "/demo/a(b)?q", "/o"];
        let mut before = Vec::new();
        for path in PATHS {
            let first = self.get(HOST, path).await;
            assert_eq!(first, self.get(HOST, path).await, "{path} is stored");
            before.push(first);
        }
        let context = Context { reference: "r".to_owned(), now: 0, nonce: String::new() };
        let accepted = self.driver(name).send(&Call { targets, soft }, &context).await;
        assert!(accepted.as_ref().is_ok_and(|accepted| accepted.completed), "{accepted:?}");
        let gone = async || {
            let mut gone = Vec::new();
            for (path, before) in PATHS.into_iter().zip(&before) {
                if self.get(HOST, path).await != *before {
                    gone.push(path);
                }
            }
            gone
        };
        if soft {
            // What expired is served once more while it is fetched.
            until("something is fetched anew", async || !gone().await.is_empty()).await;
        }
        gone().await
    }
}

fn at(path: &str) -> Vec<Address> {
    vec![Address { site: format!("https://{HOST}"), path: path.to_owned() }]
}

const CAT: [&str; 2] = ["/demo/cat.jpg", "/demo/cat.jpg?w=1"];
const ALL: usize = 6;

#[tokio::test]
async fn varnish_forgets_what_it_is_told_and_nothing_else() {
    let origin = OriginServer::start().await;
    let Some(server) = Server::varnish(origin.address).await else { return skipped("varnishd") };
    let name = VendorName::Varnish;
    assert_eq!(server.gone_after(name, Targets::Urls(at("/demo/cat.jpg?w=1")), false).await, CAT[1..]);
    assert_eq!(server.gone_after(name, Targets::Urls(at("/demo/cat.jpg")), true).await, CAT[..1]);
    assert_eq!(server.gone_after(name, Targets::Paths(at("/demo/cat.jpg")), false).await, CAT);
    let quoted = ["/demo/a(b)/x", "/demo/a(b)?q"];
    assert_eq!(server.gone_after(name, Targets::Prefixes(at("/demo/a(b)")), false).await, quoted);
    // The origin tags each response with the first segment of its path.
    assert_eq!(server.gone_after(name, Targets::Tags(vec!["demo".to_owned()]), false).await.len(), 5);
    assert_eq!(server.gone_after(name, Targets::Tags(vec!["o".to_owned()]), true).await, ["/o"]);
    assert_eq!(server.gone_after(name, Targets::All, false).await.len(), ALL);
    // Another host has its own.
    let other = server.get("other.example.com", "/o").await;
    server.gone_after(name, Targets::Prefixes(at("/o")), false).await;
    assert_eq!(server.get("other.example.com", "/o").await, other);
}

#[tokio::test]
async fn nginx_forgets_what_it_is_told_and_wildcards_are_not_taken_for_done() {
    let origin = OriginServer::start().await;
    let Some(server) = Server::nginx(origin.address).await else { return skipped("nginx's purge module") };
    let name = VendorName::Nginx;
    assert_eq!(server.gone_after(name, Targets::Urls(at("/demo/cat.jpg?w=1")), false).await, CAT[1..]);
    assert!(server.gone_after(name, Targets::Urls(at("/demo/never-asked")), false).await.is_empty());
    // Debian's module knows no wildcards, and says 404 to them as to everything that it has not stored.
    let context = Context { reference: "r".to_owned(), now: 0, nonce: String::new() };
    let call = Call { targets: Targets::Prefixes(at("/demo")), soft: false };
    let sent = server.driver(name).send(&call, &context).await;
    assert!(matches!(sent, Err(CallError::Refused { status: 404, .. })), "{sent:?}");
}

#[tokio::test]
async fn a_server_that_does_not_know_these_methods_is_an_error() {
    let origin = OriginServer::start().await;
    let settings = |address| VendorSettings {
        nodes: vec![format!("http://{address}").parse().unwrap()],
        ..Default::default()
    };
    let context = Context { reference: "r".to_owned(), now: 0, nonce: String::new() };
    let call = Call { targets: Targets::Urls(at("/x")), soft: false };
    for name in [VendorName::Varnish, VendorName::Nginx] {
        // The origin answers any method with 200, as many do.
        let driver = Driver::new(name, &settings(origin.address), Client::new()).unwrap();
        let sent = driver.send(&call, &context).await;
        assert!(sent.is_err(), "{name}: {sent:?}");
    }
    let nobody = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let driver = Driver::new(VendorName::Varnish, &settings(nobody), Client::new()).unwrap();
    assert!(driver.send(&call, &context).await.is_err());
}

fn skipped(what: &str) {
    let words = format!("{what} is not installed: this test has tested nothing (scripts/setup-tests)\n");
    let _ = io::Write::write_all(&mut io::stderr(), words.as_bytes());
}
