//! Stories about upstreams that break the rules: each is a clear error, and never a part of an answer taken for all of
//! it.

use std::time::Duration;

use bytes::Bytes;
use expect_test::expect;
use http::Request;
use http_body_util::BodyExt;
use origin::{Client, FetchError, FetchLimits, Stage};

use crate::server::{Server, Step};

const LIMITS: FetchLimits = FetchLimits {
    connect: Duration::from_secs(1),
    first_byte: Duration::from_millis(300),
    idle: Duration::from_millis(300),
    total: Duration::from_secs(2),
    body_bytes: 1 << 20,
    redirects: 3,
};

/// Status and whole body, as one forwards it.
async fn ask_with(
    server: &Server,
    client: &Client,
    limits: &FetchLimits,
) -> Result<(u16, Bytes), FetchError> {
    let request = Request::get("/x").body(Bytes::new()).expect("a request");
    let upstream = server.url("/").parse().expect("a URL");
    let answer = client.forward(&upstream, true, limits, request).await?;
    let status = answer.status().as_u16();
    Ok((status, answer.into_body().collect().await?.to_bytes()))
}

async fn ask(server: &Server) -> Result<(u16, Bytes), FetchError> {
    ask_with(server, &Client::new(), &LIMITS).await
}

/// A server that says this and hangs up.
async fn saying(answer: impl Into<Vec<u8>>) -> Server {
    let answer = answer.into();
    Server::start(move |_, _| vec![Step::Send(answer.clone()), Step::HangUp]).await
}

fn told(result: Result<(u16, Bytes), FetchError>) -> String {
    match result {
        Ok((status, body)) => format!("{status} {:?}", String::from_utf8_lossy(&body)),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn what_frames_a_body_is_believed_only_if_it_says_one_thing() {
    let mut table = String::new();
    for answer in [
        "Content-Length: 5\n\nhello",
        "Content-Length: 9\n\nhello",
        "Content-Length: 3\n\nhello",
        "Content-Length: 5\nContent-Length: 5\n\nhello",
        "Content-Length: 5\nContent-Length: 6\n\nhello",
        "Content-Length: 5, 6\n\nhello",
        "Content-Length: -5\n\nhello",
        "Content-Length: +5\n\nhello",
        "Content-Length: five\n\nhello",
        "Content-Length: 99999999999999999999\n\nhello",
        "Transfer-Encoding: chunked\n\n5\nhello\n0\n\n",
        "Transfer-Encoding: chunked\nContent-Length: 3\n\n5\nhello\n0\n\n",
        "Transfer-Encoding: chunked\n\n5\nhello\n",
        "Transfer-Encoding: chunked\n\n5\nhello\n0\n",
        "Transfer-Encoding: chunked\n\n5\nhelloworld\n0\n\n",
        "Transfer-Encoding: chunked\n\nfive\nhello\n0\n\n",
        "Transfer-Encoding: chunked\n\n-5\nhello\n0\n\n",
        "Transfer-Encoding: chunked\n\nfffffffffffffffff\nhello\n0\n\n",
        "Transfer-Encoding: chunked, gzip\n\nhello",
        "Transfer-Encoding: gzip\n\nhello",
        "Transfer-Encoding: GZip\n\nhello",
        "Transfer-Encoding: unheard-of\n\nhello",
        "Transfer-Encoding: unheard-of, chunked\n\n5\nhello\n0\n\n",
        "Transfer-Encoding: gzip, chunked\n\n5\nhello\n0\n\n",
        "Transfer-Encoding: chunked, chunked\n\n5\nhello\n0\n\n",
    ] {
        let server = saying(format!("HTTP/1.1 200 OK\r\n{}", answer.replace('\n', "\r\n"))).await;
        table += &format!("{:<62} {}\n", answer.replace('\n', "|"), told(ask(&server).await));
    }
    expect![[r#"
        Content-Length: 5||hello                                       200 "hello"
        Content-Length: 9||hello                                       the origin's body ended early, after 5 bytes
        Content-Length: 3||hello                                       200 "hel"
        Content-Length: 5|Content-Length: 5||hello                     200 "hello"
        Content-Length: 5|Content-Length: 6||hello                     the origin broke the rules of HTTP: invalid content-length parsed
        Content-Length: 5, 6||hello                                    the origin broke the rules of HTTP: invalid content-length parsed
        Content-Length: -5||hello                                      the origin broke the rules of HTTP: invalid content-length parsed
        Content-Length: +5||hello                                      the origin broke the rules of HTTP: invalid content-length parsed
        Content-Length: five||hello                                    the origin broke the rules of HTTP: invalid content-length parsed
        Content-Length: 99999999999999999999||hello                    the origin broke the rules of HTTP: invalid content-length parsed
        Transfer-Encoding: chunked||5|hello|0||                        200 "hello"
        Transfer-Encoding: chunked|Content-Length: 3||5|hello|0||      200 "hello"
        Transfer-Encoding: chunked||5|hello|                           the origin's body ended early, after 5 bytes
        Transfer-Encoding: chunked||5|hello|0|                         the origin's body ended early, after 5 bytes
        Transfer-Encoding: chunked||5|helloworld|0||                   the origin broke the rules of HTTP: Invalid chunk body CR
        Transfer-Encoding: chunked||five|hello|0||                     the origin broke the rules of HTTP: Invalid chunk size line: Invalid Size
        Transfer-Encoding: chunked||-5|hello|0||                       the origin broke the rules of HTTP: Invalid chunk size line: missing size digit
        Transfer-Encoding: chunked||fffffffffffffffff|hello|0||        the origin broke the rules of HTTP: invalid chunk size: overflow
        Transfer-Encoding: chunked, gzip||hello                        the origin encoded its body as "gzip", which was not asked for (identity is allowed)
        Transfer-Encoding: gzip||hello                                 the origin encoded its body as "gzip", which was not asked for (identity is allowed)
        Transfer-Encoding: GZip||hello                                 the origin encoded its body as "GZip", which was not asked for (identity is allowed)
        Transfer-Encoding: unheard-of||hello                           200 "hello"
        Transfer-Encoding: unheard-of, chunked||5|hello|0||            the origin encoded its body as "unheard-of", which was not asked for (identity is allowed)
        Transfer-Encoding: gzip, chunked||5|hello|0||                  the origin encoded its body as "gzip", which was not asked for (identity is allowed)
        Transfer-Encoding: chunked, chunked||5|hello|0||               the origin encoded its body as "chunked", which was not asked for (identity is allowed)
    "#]].assert_eq(&table);
}

#[tokio::test]
async fn a_body_without_a_length_ends_with_its_connection_if_that_ends_in_order() {
    // RFC 9112 §8: complete, unless the connection says that it was cut.
    for version in ["1.0", "1.1"] {
        let head = format!("HTTP/{version} 200 OK\r\n\r\nhello");
        assert_eq!(ask(&saying(head.clone()).await).await, Ok((200, "hello".into())), "HTTP/{version}");
        let cut = Server::start(move |_, _| vec![Step::Send(head.clone().into()), Step::Reset]).await;
        let told = ask(&cut).await;
        assert!(
            matches!(told, Err(FetchError::Truncated { .. } | FetchError::Protocol(_))),
            "HTTP/{version}: {told:?}"
        );
    }
}

#[tokio::test]
async fn a_head_that_is_none_is_refused() {
    let mut table = String::new();
    for head in [
        "HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX : a\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: a\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n",
        "HTTP/1.1 20\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/3.0 200 OK\r\n\r\n",
        "200 OK\r\n\r\n",
        "",
        "HTTP/1.1 200 OK\r\nX: a",
    ] {
        let server = saying(head).await;
        table += &format!("{head:<50?} {}\n", told(ask(&server).await));
    }
    expect![[r#"
        "HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\n\r\n" the origin broke the rules of HTTP: invalid HTTP header parsed
        "HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n" the origin broke the rules of HTTP: invalid HTTP header parsed
        "HTTP/1.1 200 OK\r\nX : a\r\n\r\n" the origin broke the rules of HTTP: invalid HTTP header parsed
        "HTTP/1.1 200 OK\r\n: a\r\n\r\n" the origin broke the rules of HTTP: invalid HTTP header parsed
        "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n" the origin broke the rules of HTTP: invalid HTTP header parsed
        "HTTP/1.1 20\r\n\r\n" the origin broke the rules of HTTP: invalid HTTP status-code parsed
        "HTTP/1.1 2000 OK\r\n\r\n" the origin broke the rules of HTTP: invalid HTTP status-code parsed
        "HTTP/3.0 200 OK\r\n\r\n" the origin broke the rules of HTTP: invalid HTTP version parsed
        "200 OK\r\n\r\n" the origin broke the rules of HTTP: invalid HTTP version parsed
        "" the origin broke the rules of HTTP: connection closed before message completed
        "HTTP/1.1 200 OK\r\nX: a" the origin broke the rules of HTTP: connection closed before message completed
    "#]].assert_eq(&table);
}

#[tokio::test]
async fn what_has_no_end_is_ended_by_us() {
    for (begin, again) in [
        ("HTTP/1.1 200 OK\r\n", "X-Noise: more and more\r\n"),
        ("HTTP/1.1 200 OK\r\nX: ", "aaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ("HTTP/1.1 ", "0000000000000000000000000000000"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;", "x=yyyyyyyyyyyyyyyyyyyyyyyyyyy;"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "1;x=yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\nz\r\n",
        ),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "X-Trailer: more and more\r\n"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "0000000000000000000000000000000"),
        ("", "HTTP/1.1 100 Continue\r\n\r\n"),
        ("", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
        ("HTTP/1.1 200 OK\r\n\r\n", "a body that never ends"),
    ] {
        let server = Server::start(move |_, _| {
            vec![Step::Send(begin.as_bytes().to_vec()), Step::SendForEver(again.as_bytes().to_vec())]
        })
        .await;
        let told = tokio::time::timeout(Duration::from_secs(60), ask(&server)).await;
        let told = told.unwrap_or_else(|_| panic!("{begin:?} {again:?}: it reads for ever"));
        assert!(told.is_err(), "{begin:?} {again:?}: {told:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn slowness_has_a_limit_however_it_is_spread() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
    let late = |stage, limit| Err(FetchError::Timeout { stage, limit });

    let slow_head =
        Server::start(move |_, _| vec![Step::Drip(head.into(), Duration::from_millis(20)), Step::Stall])
            .await;
    assert_eq!(ask(&slow_head).await, late(Stage::FirstByte, LIMITS.first_byte));

    // Never silent for long, and yet too slow in all.
    let slow_body = Server::start(move |_, _| {
        vec![Step::Send(head.into()), Step::Drip(vec![b'x'; 1000], Duration::from_millis(20))]
    })
    .await;
    let limits = FetchLimits { total: Duration::from_millis(600), ..LIMITS };
    let told = ask_with(&slow_body, &Client::new(), &limits).await;
    assert_eq!(told, late(Stage::Total, limits.total));
}

#[tokio::test]
async fn what_follows_an_answer_is_never_the_answer_to_the_next_question() {
    let smuggled =
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
    let unasked = "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
    for first in [smuggled, unasked] {
        let server = Server::start(move |_, before| {
            let second = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood";
            vec![Step::Send(if before == 0 { first } else { second }.into())]
        })
        .await;
        let client = Client::new();
        ask_with(&server, &client, &LIMITS).await.expect("the first answer is fine");
        for _ in 0..3 {
            assert_eq!(ask_with(&server, &client, &LIMITS).await, Ok((200, "good".into())), "{first}");
        }
    }
}

#[tokio::test]
async fn what_is_packed_passes_as_it_is_and_is_not_unpacked() {
    let body = "not really packed";
    let server = saying(format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip, br\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ))
    .await;
    assert_eq!(ask(&server).await, Ok((200, body.into())));
}
