//! Stories about requests that are passed on as they are.

use crate::server::{Server, Step, response};
use bytes::Bytes;
use expect_test::expect;
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use origin::{Client, FetchError, Stage, UpstreamBody};

async fn forward(server: &Server, request: Request<Bytes>) -> Result<Response<UpstreamBody>, FetchError> {
    let source = server.source();
    Client::new().forward(&source.base_url, source.allow_private, &source.limits, request).await
}

fn get(path: &str) -> Request<Bytes> {
    Request::get(path).body(Bytes::new()).expect("a request")
}

#[tokio::test]
async fn a_request_arrives_as_it_was_sent_and_so_does_the_answer() {
    let server =
        Server::saying(response("302 Found\nLocation: /elsewhere\nX-Tags: img-1", b"see there")).await;
    let request = Request::builder()
        .method(Method::POST)
        .uri("http://pictures.example/a%20b?x=1&y")
        .header("Host", "pictures.example")
        .header("X-Applied", "17")
        .header("Content-Length", "9999")
        .body(Bytes::from_static(b"hello"))
        .expect("a request");

    let answer = forward(&server, request).await.expect("an answer");

    assert_eq!(answer.status(), 302);
    assert_eq!(answer.headers()["location"], "/elsewhere");
    assert_eq!(answer.headers()["x-tags"], "img-1");
    assert_eq!(answer.into_body().collect().await.expect("a body").to_bytes(), "see there");
    expect![[r#"
        POST /a%20b?x=1&y HTTP/1.1
        host: pictures.example
        x-applied: 17
        content-length: 5

        hello"#]]
    .assert_eq(&server.requests()[0].replace("\r\n", "\n"));
}

#[tokio::test]
async fn the_head_of_an_answer_comes_before_its_body() {
    let server = Server::start(|_, _| {
        vec![Step::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf".to_vec()), Step::Stall]
    })
    .await;

    let answer = forward(&server, get("/")).await.expect("the head is there");
    let mut body = answer.into_body();

    let part = body.frame().await.expect("a part").expect("no error yet");
    assert_eq!(part.into_data().expect("data"), "half");
    let error = body.frame().await.expect("an end").expect_err("no more comes");
    assert!(matches!(error, FetchError::Timeout { stage: Stage::Idle, .. }));
}

#[tokio::test]
async fn the_answer_to_head_names_any_length_and_has_no_body() {
    let server = Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n").await;
    let request = Request::head("/cat.jpg").body(Bytes::new()).expect("a request");

    let answer = forward(&server, request).await.expect("an answer");

    assert_eq!(answer.headers()["content-length"], "70000");
    assert_eq!(answer.into_body().collect().await.expect("a body").to_bytes().len(), 0);
}

#[tokio::test]
async fn a_forwarded_body_keeps_to_the_limits_too() {
    let large = Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n").await;
    assert_eq!(forward(&large, get("/")).await.err(), Some(FetchError::TooLarge { limit: 1000 }));

    let short = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this";
    let short = Server::start(move |_, _| vec![Step::Send(short.into()), Step::HangUp]).await;
    let answer = forward(&short, get("/")).await.expect("the head is there");
    let error = answer.into_body().collect().await.expect_err("it ends early");
    assert_eq!(error, FetchError::Truncated { received: 9 });
}

#[tokio::test]
async fn what_may_not_happen_twice_is_not_sent_twice() {
    let server = Server::start(|_, _| vec![Step::HangUp]).await;

    let post = Request::post("/purge").body(Bytes::new()).expect("a request");
    assert!(matches!(forward(&server, post).await, Err(FetchError::Protocol(_))));
    assert_eq!(server.requests().len(), 1);

    assert!(matches!(forward(&server, get("/")).await, Err(FetchError::Protocol(_))));
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn forwarding_has_the_same_guard() {
    let server = Server::saying(response("200 OK", b"private")).await;
    let source = server.source();

    let refused = Client::new().forward(&source.base_url, false, &source.limits, get("/")).await;

    assert_eq!(refused.err(), Some(FetchError::Blocked { host: "127.0.0.1".to_owned() }));
    assert_eq!(server.requests().len(), 0);
}
