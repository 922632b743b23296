//! Stories about the demo source as its clients see it, told over a real socket.

use std::future::pending;
use std::net::SocketAddr;
use std::path::Path;

use demo::{Gallery, PictureInfo, serve_gallery};
use expect_test::expect;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

struct World {
    dir: TempDir,
    address: SocketAddr,
    serving: JoinHandle<std::io::Result<()>>,
}

struct Reply {
    head: String,
    body: Vec<u8>,
}

impl Reply {
    fn status(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }

    fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(found, _)| *found == name).map_or("", |(_, value)| value)
    }
}

impl World {
    async fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let gallery = Gallery::shrunk(dir.path(), 40);
        gallery.prepare().expect("it paints");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let serving = tokio::spawn(serve_gallery(listener, gallery, pending::<()>()));
        Self { dir, address, serving }
    }

    async fn ask(&self, method: &str, path: &str, headers: &str) -> Reply {
        let mut stream = TcpStream::connect(self.address).await.expect("it listens");
        let request = format!("{method} {path} HTTP/1.1\r\nHost: demo\r\nConnection: close\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await.expect("it reads");
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply).await.expect("it answers");
        let end = reply.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        Reply { head: String::from_utf8_lossy(&reply[..end]).into_owned(), body: reply.split_off(end + 4) }
    }

    async fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, "").await
    }

    fn file(&self, path: &str) -> Vec<u8> {
        std::fs::read(self.dir.path().join(path)).expect("it is there")
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

#[tokio::test]
async fn a_picture_is_sent_once_and_again_when_it_has_changed() {
    let world = World::new().await;
    let first = world.get("/cat.jpg").await;
    assert_eq!((first.status(), first.header("content-type")), ("200", "image/jpeg"));
    assert_eq!(first.body, world.file("cat.jpg"));

    let tagged = format!("If-None-Match: \"other\", {}\r\n", first.header("etag"));
    let dated = format!("If-Modified-Since: {}\r\n", first.header("last-modified"));
    for condition in [&tagged, &dated, "If-None-Match: *\r\n"] {
        let again = world.ask("GET", "/cat.jpg", condition).await;
        assert_eq!((again.status(), again.body.len()), ("304", 0), "{condition}");
        assert_eq!(again.header("etag"), first.header("etag"));
    }
    let both = format!("If-None-Match: \"other\"\r\n{dated}");
    assert_eq!(world.ask("GET", "/cat.jpg", &both).await.status(), "200", "the tag counts, not the date");

    let edited = world.ask("POST", "/edit/cat.jpg", "Content-Length: 0\r\n").await;
    assert_eq!(edited.status(), "200");
    let edited: PictureInfo = serde_json::from_slice(&edited.body).expect("JSON");
    assert_eq!((edited.path.as_str(), edited.edition), ("cat.jpg", 2));

    let second = world.ask("GET", "/cat.jpg", &tagged).await;
    assert_eq!(second.status(), "200");
    assert_eq!(second.body.len() as u64, edited.bytes);
    assert_ne!(second.body, first.body);
}

#[tokio::test]
async fn head_says_what_get_would() {
    let world = World::new().await;
    let (get, head) = (world.get("/still-life.webp").await, world.ask("HEAD", "/still-life.webp", "").await);
    assert_eq!((head.status(), head.body.len()), ("200", 0));
    for name in ["content-length", "content-type", "etag", "last-modified", "cache-control"] {
        assert_eq!(head.header(name), get.header(name), "{name}");
        assert_ne!(head.header(name), "", "{name}");
    }
}

#[tokio::test]
async fn the_list_names_every_picture_and_its_edition() {
    let world = World::new().await;
    world.ask("POST", "/edit/harbour/boats.jpg", "").await;
    let reply = world.get("/").await;
    assert_eq!(reply.header("content-type"), "application/json");
    let list: Vec<PictureInfo> = serde_json::from_slice(&reply.body).expect("JSON");
    let list: String = list.iter().map(|info| format!("{} {}\n", info.path, info.edition)).collect();
    expect![[r#"
        cat.jpg 1
        mountains.jpg 1
        still-life.webp 1
        badge.png 1
        harbour/boats.jpg 2
    "#]]
    .assert_eq(&list);
}

#[tokio::test]
async fn nothing_but_the_folder_can_be_read_or_changed() {
    let world = World::new().await;
    let link = world.dir.path().join("link.jpg");
    std::os::unix::fs::symlink(Path::new("/etc/passwd"), link).expect("a link");
    let mut table = String::new();
    for (method, path) in [
        ("GET", "/../secret.txt"),
        ("GET", "/%2e%2e/secret.txt"),
        ("GET", "/..%2fsecret.txt"),
        ("GET", "/link.jpg"),
        ("GET", "/.editions.json"),
        ("GET", "/harbour"),
        ("GET", "/cat.jpg/x"),
        ("GET", "/dog.jpg"),
        ("GET", "/edit/cat.jpg"),
        ("POST", "/cat.jpg"),
        ("POST", "/edit/dog.jpg"),
        ("POST", "/edit/../cat.jpg"),
        ("PUT", "/cat.jpg"),
        ("DELETE", "/cat.jpg"),
    ] {
        let reply = world.ask(method, path, "").await;
        let message = String::from_utf8_lossy(&reply.body).into_owned();
        table += &format!("{method:<6} {path:<22} {} {message}", reply.status());
    }
    expect![[r#"
        GET    /../secret.txt         400 the path is not allowed
        GET    /%2e%2e/secret.txt     400 the path is not allowed
        GET    /..%2fsecret.txt       400 the path is not allowed
        GET    /link.jpg              404 there is no such picture
        GET    /.editions.json        400 the path is not allowed
        GET    /harbour               404 there is no such picture
        GET    /cat.jpg/x             404 there is no such picture
        GET    /dog.jpg               404 there is no such picture
        GET    /edit/cat.jpg          405 allowed here: POST
        POST   /cat.jpg               405 allowed here: GET, HEAD
        POST   /edit/dog.jpg          404 there is no demo picture at "dog.jpg" (there are: cat.jpg, mountains.jpg, still-life.webp, badge.png, harbour/boats.jpg)
        POST   /edit/../cat.jpg       400 the path is not allowed
        PUT    /cat.jpg               405 allowed here: GET, HEAD
        DELETE /cat.jpg               405 allowed here: GET, HEAD
    "#]].assert_eq(&table);
}

#[tokio::test]
async fn the_server_stops_when_it_is_told_to() {
    let dir = tempfile::tempdir().expect("a folder");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    demo::serve(listener, dir.path().to_owned(), async {}).await.expect("it stops");
}
