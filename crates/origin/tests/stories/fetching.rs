//! Stories about fetching originals.

use std::time::{Duration, Instant};

use expect_test::expect;
use origin::{Client, FetchError, Fetched, Original, Stage, Validators};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::server::{Server, Step, response, source};

async fn fetch(server: &Server) -> Result<Fetched, FetchError> {
    Client::new().fetch(&server.source(), "cat.jpg", None).await
}

fn original(fetched: Result<Fetched, FetchError>) -> Original {
    match fetched {
        Ok(Fetched::New(original)) => original,
        other => panic!("not an original: {other:?}"),
    }
}

#[tokio::test]
async fn an_original_comes_with_all_that_is_known_about_it() {
    let server = Server::saying(response(
        "200 OK\nETag: \"v1\"\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\nCache-Control: max-age=60\nAge: 20\n\
         Content-Type: image/jpeg",
        b"a picture",
    ))
    .await;

    let mut original = original(fetch(&server).await);
    // A second may begin between question and answer.
    let lifetime = original.lifetime.take().expect("the source named one");
    assert!((38..=40).contains(&lifetime.as_secs()), "{lifetime:?}");

    expect![[r#"
        Original {
            body: b"a picture",
            validators: Validators {
                etag: Some(
                    "\"v1\"",
                ),
                last_modified: Some(
                    "Sun, 06 Nov 1994 08:49:37 GMT",
                ),
            },
            lifetime: None,
            content_type: Some(
                "image/jpeg",
            ),
        }
    "#]]
    .assert_debug_eq(&original);
    expect![[r#"
        GET /cat.jpg HTTP/1.1
        user-agent: pentimento/0.1.0
        accept: */*
        host: 127.0.0.1:PORT

    "#]]
    .assert_eq(&server.requests()[0].replace("\r\n", "\n").replace(&server.port.to_string(), "PORT"));
}

#[tokio::test]
async fn a_path_reaches_the_origin_encoded_and_below_the_base() {
    let server = Server::saying(response("200 OK", b"")).await;
    let source = source(&server.url("/below/?token=1"));

    original(Client::new().fetch(&source, "a b/ü?.jpg", None).await);

    assert!(server.requests()[0].starts_with("GET /below/a%20b/%C3%BC%3F.jpg?token=1 HTTP/1.1\r\n"));
}

#[tokio::test]
async fn what_is_unchanged_is_not_sent_again() {
    let server = Server::start(|request, _| {
        let unchanged = request.contains("if-none-match: \"v1\"\r\n")
            && request.contains("if-modified-since: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
        let unchanged =
            unchanged.then_some(&b"HTTP/1.1 304 Not Modified\r\nCache-Control: max-age=9\r\n\r\n"[..]);
        vec![Step::Send(unchanged.map_or_else(|| response("200 OK\nETag: \"v2\"", b"new"), <[u8]>::to_vec))]
    })
    .await;
    let client = Client::new();
    let ask = |validators: Validators| {
        let (client, source) = (client.clone(), server.source());
        async move { client.fetch(&source, "cat.jpg", Some(&validators)).await }
    };

    let held = Validators {
        etag: Some("\"v1\"".to_owned()),
        last_modified: Some("Sun, 06 Nov 1994 08:49:37 GMT".to_owned()),
    };
    let unchanged = ask(held).await;
    assert!(matches!(unchanged, Ok(Fetched::NotModified { lifetime: Some(_) })), "{unchanged:?}");
    let outdated = Validators { etag: Some("\"v0\"".to_owned()), last_modified: None };
    assert_eq!(original(ask(outdated).await).validators.etag.as_deref(), Some("\"v2\""));
}

#[tokio::test]
async fn an_unasked_304_is_an_error_and_no_empty_picture() {
    let server = Server::saying("HTTP/1.1 304 Not Modified\r\n\r\n").await;
    let none = Validators::default();

    assert!(matches!(fetch(&server).await, Err(FetchError::Protocol(_))));
    let fetched = Client::new().fetch(&server.source(), "cat.jpg", Some(&none)).await;
    assert!(matches!(fetched, Err(FetchError::Protocol(_))));
}

#[tokio::test]
async fn every_status_has_one_meaning() {
    let mut table = String::new();
    for status in [200, 201, 203, 204, 206, 300, 305, 400, 401, 403, 404, 410, 416, 429, 500, 502, 503, 599] {
        let server = Server::saying(response(&format!("{status} Some Words"), b"")).await;
        let meaning = match fetch(&server).await {
            Ok(Fetched::New(_)) => "an original".to_owned(),
            Ok(other) => format!("{other:?}"),
            Err(error) => error.to_string(),
        };
        table += &format!("{status} {meaning}\n");
    }
    expect![[r#"
        200 an original
        201 the origin answered with status 201
        203 an original
        204 the origin answered with status 204
        206 the origin answered with status 206
        300 the origin answered with status 300
        305 the origin answered with status 305
        400 the origin answered with status 400
        401 the origin answered with status 401
        403 the origin answered with status 403
        404 Gone { status: 404 }
        410 Gone { status: 410 }
        416 the origin answered with status 416
        429 the origin answered with status 429
        500 the origin answered with status 500
        502 the origin answered with status 502
        503 the origin answered with status 503
        599 the origin answered with status 599
    "#]]
    .assert_eq(&table);
}

#[tokio::test]
async fn redirects_are_followed_a_few_times() {
    let server = Server::start(|request, _| {
        let hop = |to: &str| response(&format!("302 Found\nLocation: {to}"), b"moved");
        let path = request.split(' ').nth(1).unwrap_or_default();
        vec![Step::Send(match path {
            "/cat.jpg" => hop("/1"),
            "/1" => hop("2"),
            "/2" => hop("/3?x"),
            "/3?x" => response("200 OK", b"found"),
            _ => hop("/loop"),
        })]
    })
    .await;
    let client = Client::new();

    assert_eq!(original(client.fetch(&server.source(), "cat.jpg", None).await).body, "found");
    let lost = client.fetch(&server.source(), "loop", None).await;
    assert_eq!(lost, Err(FetchError::TooManyRedirects { limit: 3 }));
    assert_eq!(server.requests().len(), 4 + 4, "the loop was left after three redirects");
}

#[tokio::test]
async fn a_redirect_goes_through_the_guard_like_everything_else() {
    for (location, blocked) in [
        ("http://169.254.169.254/latest/meta-data/", "169.254.169.254"),
        ("http://[::ffff:169.254.169.254]/", "[::ffff:a9fe:a9fe]"),
        ("http://0xa9fea9fe/", "169.254.169.254"),
        ("http://[64:ff9b::7f00:1]/", "[64:ff9b::7f00:1]"),
        ("http://100.64.0.1/", "100.64.0.1"),
    ] {
        let server = Server::saying(response(&format!("301 Moved\nLocation: {location}"), b"")).await;
        assert_eq!(fetch(&server).await, Err(FetchError::Blocked { host: blocked.to_owned() }));
    }
    for location in ["file:///etc/passwd", "gopher://127.0.0.1:6379/", "http://"] {
        let server = Server::saying(response(&format!("301 Moved\nLocation: {location}"), b"")).await;
        assert!(matches!(fetch(&server).await, Err(FetchError::BadRedirect { .. })), "{location}");
    }
}

#[tokio::test]
async fn a_source_that_may_not_reach_private_ranges_does_not_even_over_an_open_connection() {
    let server = Server::saying(response("200 OK", b"private")).await;
    let client = Client::new();
    let open = server.source();
    let closed = origin::Source { allow_private: false, ..server.source() };

    original(client.fetch(&open, "cat.jpg", None).await);
    let fetched = client.fetch(&closed, "cat.jpg", None).await;

    assert_eq!(fetched, Err(FetchError::Blocked { host: "127.0.0.1".to_owned() }));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn credentials_stay_with_the_host_they_were_given_for() {
    let elsewhere = Server::saying(response("200 OK", b"found")).await;
    let to = elsewhere.url("/cat.jpg");
    let first = Server::start(move |_, before| {
        let to = if before == 0 { "/again" } else { &to };
        vec![Step::Send(response(&format!("307 Temporary Redirect\nLocation: {to}"), b""))]
    })
    .await;
    let source = source(&first.url("/").replace("//", "//user:secret@"));

    original(Client::new().fetch(&source, "cat.jpg", None).await);

    let sent = |requests: Vec<String>| -> Vec<bool> {
        requests.iter().map(|request| request.contains("authorization: Basic dXNlcjpzZWNyZXQ=\r\n")).collect()
    };
    assert_eq!(sent(first.requests()), [true, true]);
    assert_eq!(sent(elsewhere.requests()), [false]);
}

#[tokio::test]
async fn a_body_that_ends_early_is_an_error_and_never_a_short_picture() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nonly this\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\nonly this",
    ] {
        let server =
            Server::start(move |_, _| vec![Step::Send(answer.as_bytes().to_vec()), Step::HangUp]).await;
        assert_eq!(fetch(&server).await, Err(FetchError::Truncated { received: 9 }), "{answer}");
    }
}

#[tokio::test]
async fn a_body_has_a_limit_whether_or_not_it_is_announced() {
    let too_large = Err(FetchError::TooLarge { limit: 1000 });

    let announced = Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n").await;
    assert_eq!(fetch(&announced).await, too_large);

    let endless = Server::start(|_, _| {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        vec![Step::Send(head.into()), Step::SendForEver(b"5\r\nnoise\r\n".to_vec())]
    })
    .await;
    assert_eq!(fetch(&endless).await, too_large);

    let fitting = Server::saying(response("200 OK", &[7; 1000])).await;
    assert_eq!(original(fetch(&fitting).await).body, vec![7; 1000]);
}

#[tokio::test]
async fn an_endless_header_is_refused() {
    let server = Server::start(|_, _| {
        vec![
            Step::Send(b"HTTP/1.1 200 OK\r\n".to_vec()),
            Step::SendForEver(b"X-Noise: more and more\r\n".to_vec()),
        ]
    })
    .await;

    assert!(matches!(fetch(&server).await, Err(FetchError::Protocol(_))));
}

#[tokio::test]
async fn an_encoded_body_is_refused() {
    for coding in ["gzip", "br", "identity, gzip", "x-unknown"] {
        let server = Server::saying(response(&format!("200 OK\nContent-Encoding: {coding}"), b"bomb")).await;
        let found = coding.rsplit(", ").next().expect("a coding").to_owned();
        assert_eq!(fetch(&server).await, Err(FetchError::Encoding { found }));
    }
    let server = Server::saying(response("200 OK\nContent-Encoding: Identity", b"plain")).await;
    assert_eq!(original(fetch(&server).await).body, "plain");
}

#[tokio::test]
async fn each_kind_of_slowness_has_its_limit() {
    let soon = Duration::from_secs(4);
    let late = |stage| Err(FetchError::Timeout { stage, limit: Duration::from_millis(300) });

    let mute = Server::start(|_, _| vec![Step::Stall]).await;
    let begun = Instant::now();
    assert_eq!(fetch(&mute).await, late(Stage::FirstByte));
    assert!(begun.elapsed() < soon);

    let half = Server::start(|_, _| {
        vec![Step::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf".to_vec()), Step::Stall]
    })
    .await;
    assert_eq!(fetch(&half).await, late(Stage::Idle));

    let mut impatient = mute.source();
    impatient.limits.total = Duration::from_millis(100);
    let fetched = Client::new().fetch(&impatient, "cat.jpg", None).await;
    let error = fetched.expect_err("it never answers");
    assert_eq!(error, FetchError::Timeout { stage: Stage::Total, limit: Duration::from_millis(100) });
    assert!(error.is_timeout());
    assert_eq!(error.to_string(), "the origin took longer than 100 ms to answer completely");
}

#[tokio::test]
async fn a_connection_that_nobody_accepts_is_given_up() {
    // Backlog 0 takes one connection; the next one's SYN is dropped.
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a port");
    let listener = socket.listen(0).expect("a backlog");
    let address = listener.local_addr().expect("an address");
    let filling: Vec<_> = (0..4).map(|_| tokio::spawn(tokio::net::TcpStream::connect(address))).collect();
    let _held = tokio::net::TcpStream::connect(address);
    let mut source = source(&format!("http://{address}/"));
    source.limits.connect = Duration::from_millis(300);

    let error = Client::new().fetch(&source, "cat.jpg", None).await.expect_err("nobody accepts");

    assert!(error.is_timeout(), "{error}");
    filling.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn a_source_that_is_down_or_speaks_something_else_is_told_apart() {
    let server = Server::saying("SSH-2.0-OpenSSH_9.2\r\n").await;
    assert!(matches!(fetch(&server).await, Err(FetchError::Protocol(_))));

    drop(server);

    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let over_tls = source(&format!("https://{}/", listener.local_addr().expect("an address")));
    let client = Client::new();
    let (fetched, ()) = tokio::join!(client.fetch(&over_tls, "cat.jpg", None), async {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").await.expect("someone listens");
    });
    assert!(matches!(fetched, Err(FetchError::Connect { .. })), "{fetched:?}");

    let closed = source(&format!("http://{}/", listener.local_addr().expect("an address")));
    drop(listener);
    let fetched = client.fetch(&closed, "cat.jpg", None).await;
    assert!(matches!(fetched, Err(FetchError::Connect { .. })), "{fetched:?}");

    // No label of a name is longer than 63 bytes (RFC 1035 §2.3.4): nobody has to be asked.
    let nowhere = source(&format!("http://{}.example/", "x".repeat(64)));
    let fetched = client.fetch(&nowhere, "cat.jpg", None).await;
    assert!(matches!(fetched, Err(FetchError::Resolve { .. })), "{fetched:?}");

    let file = Client::new().fetch(&source("file:///etc/"), "passwd", None).await;
    assert!(matches!(file, Err(FetchError::BadUrl { .. })), "{file:?}");
}

#[tokio::test]
async fn a_request_lost_with_an_old_connection_is_sent_again() {
    let server = Server::start(|_, before| match before {
        1 => vec![Step::HangUp],
        _ => vec![Step::Send(response("200 OK", b"here"))],
    })
    .await;
    let client = Client::new();

    original(client.fetch(&server.source(), "cat.jpg", None).await);
    assert_eq!(original(client.fetch(&server.source(), "cat.jpg", None).await).body, "here");
    assert_eq!(server.requests().len(), 3);
}
