//! Nobody can have an answer stored where another question finds it.

mod world;

use testkit::get_with;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use world::{World, leased, shop};

/// An upstream that answers with what it was asked, so that each answer shows the question that it was given to.
async fn echo() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut asked = Vec::new();
                let mut byte = [0; 1];
                while !asked.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).await.is_ok() {
                    asked.push(byte[0]);
                }
                let asked = String::from_utf8_lossy(&asked).to_lowercase();
                let line = asked.lines().next().unwrap_or_default().to_owned();
                let field = |name: &str| {
                    asked.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned()
                };
                // As careless servers do: the URL and the method may come from other fields.
                let body = format!(
                    "{line} host={} override={}{}",
                    field("host: "),
                    field("x-original-url: "),
                    field("x-http-method-override: ")
                );
                let answer = format!(
                    "HTTP/1.1 200 OK\r\ncache-control: max-age=600\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    address
}

/// Sends bytes as they are; gives the body of the answer.
async fn raw(at: std::net::SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(at).await.expect("it listens");
    stream.write_all(request.as_bytes()).await.expect("it reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("it answers");
    let answer = String::from_utf8_lossy(&answer).into_owned();
    answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or(answer)
}

#[tokio::test]
async fn each_spelling_gets_the_answer_to_its_own_question_however_often_the_others_were_asked() {
    let upstream = echo().await;
    let site = format!(
        "[[site]]\nhosts = [\"shop.test\", \"shop.test:8443\", \"other.test\"]\nupstream = \"http://{upstream}\"\nallow_private = true\n"
    );
    let world = World::with(&site).await;
    let questions = [
        ("/a%2fb", "shop.test"),
        ("/a/b", "shop.test"),
        ("/x/../a/b", "shop.test"),
        ("/x/%2e%2e/a/b", "shop.test"),
        ("/a//b", "shop.test"),
        ("/a/b?", "shop.test"),
        ("/a/b?x=1&x=2", "shop.test"),
        ("/a/b?x=2&x=1", "shop.test"),
        ("/a/b?x=1%262", "shop.test"),
        ("/a/b;x", "shop.test"),
        ("/a/b", "shop.test:8443"),
        ("/a/b", "other.test"),
    ];
    for _ in 0..2 {
        for (target, host) in questions {
            let seen = get_with(world.edge.delivery, target, &[("host", host)]).await;
            assert_eq!(
                seen.text(),
                format!("get {target} http/1.1 host={host} override="),
                "{target} at {host}"
            );
        }
    }
    let again = leased(world.edge.delivery, "/a/b", &[("host", "SHOP.test")]).await;
    assert_eq!(again.header("x-cache"), "HIT", "the case of a host does not count");

    // A fragment never goes over the wire; the authority of an absolute URL beats the field (RFC 9112 §3.2.2).
    let at = world.edge.delivery;
    let fragment = "GET /frag#/admin HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n";
    let fragment = raw(at, fragment).await;
    assert!(fragment.starts_with("get /frag http") || !fragment.starts_with("get "), "{fragment}");
    let absolute = "GET http://other.test/abs HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n";
    assert_eq!(raw(at, absolute).await, "get /abs http/1.1 host=other.test override=");
    let seen = get_with(at, "/abs", &[("host", "shop.test")]).await;
    assert_eq!(seen.text(), "get /abs http/1.1 host=shop.test override=");
    let user = "GET http://user@shop.test/user HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n";
    let user = raw(at, user).await;
    assert!(user.contains("\"status\":400"), "an authority with a user name is no host: {user}");
}

#[tokio::test]
async fn no_field_makes_the_upstream_answer_another_question_than_the_key_says() {
    let upstream = echo().await;
    let world = World::with(&shop(upstream)).await;
    for (path, name, value) in [
        ("/1", "x-original-url", "/admin"),
        ("/2", "x-http-method-override", "POST"),
        ("/3", "pentimento-client-x-original-url", "/admin"),
    ] {
        for node in [&world.edge, &world.node] {
            let seen = get_with(node.delivery, path, &[("host", "shop.test"), (name, value)]).await;
            assert_eq!(seen.text(), format!("get {path} http/1.1 host=shop.test override="), "{name}");
        }
    }
}
