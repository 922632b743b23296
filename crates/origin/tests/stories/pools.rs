//! Stories about pools: who is asked, who takes over, who is left alone, and who is refused.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::BodyExt;
use origin::{
    Balance, Client, FetchError, FetchLimits, HealthRules, MemberReport, Places, Pool, PoolSettings, Probe,
    Stage,
};
use testkit::{free_port, until};

use crate::server::{Server, Step, response};

fn settings(servers: &[&str]) -> PoolSettings {
    let members: Vec<_> = servers.iter().map(|url| (url.parse().expect("a URL"), 1)).collect();
    let limits = FetchLimits {
        first_byte: Duration::from_millis(300),
        idle: Duration::from_millis(300),
        total: Duration::from_secs(5),
        ..FetchLimits::default()
    };
    PoolSettings {
        members,
        balance: Balance::LeastOutstanding,
        allow_private: true,
        limits,
        places: Places::default(),
        health: HealthRules::default(),
        probe: None,
    }
}

fn pool(settings: PoolSettings) -> Pool {
    Pool::new(Client::new(), settings)
}

async fn send(pool: &Pool, method: Method, key: &str) -> Result<Bytes, FetchError> {
    let request = Request::builder().method(method).uri("/x").body(Bytes::new()).expect("a request");
    let answer = pool.forward(key, request).await?;
    Ok(answer.into_body().collect().await?.to_bytes())
}

async fn get(pool: &Pool, key: &str) -> Result<Bytes, FetchError> {
    send(pool, Method::GET, key).await
}

async fn named(name: &'static str) -> Server {
    Server::saying(response("200 OK", name.as_bytes())).await
}

/// The URL of a port on which nobody listens.
fn nobody() -> String {
    format!("http://127.0.0.1:{}", free_port())
}

fn report(pool: &Pool, url: &str) -> MemberReport {
    pool.report().into_iter().find(|report| report.url == url.trim_end_matches('/')).expect("a member")
}

#[tokio::test]
async fn equals_take_turns_and_a_key_stays_with_its_member() {
    let (a, b) = (named("a").await, named("b").await);
    let members = [&*a.url(""), &b.url("")];

    let by_load = pool(settings(&members));
    for _ in 0..10 {
        get(&by_load, "same").await.expect("an answer");
    }
    assert_eq!((a.requests().len(), b.requests().len()), (5, 5));

    let by_key = pool(PoolSettings { balance: Balance::ByKey, ..settings(&members) });
    let mut firsts = Vec::new();
    for key in 0..40 {
        let first = get(&by_key, &format!("/{key}")).await.expect("an answer");
        assert_eq!(get(&by_key, &format!("/{key}")).await.expect("an answer"), first);
        firsts.push(first);
    }
    assert!(firsts.contains(&"a".into()) && firsts.contains(&"b".into()));
}

#[tokio::test]
async fn a_member_that_is_gone_hands_over_whatever_the_method_and_is_soon_left_alone() {
    let (a, gone) = (named("a").await, nobody());
    let pool = pool(settings(&[&gone, &a.url("")]));
    for method in [Method::GET, Method::POST, Method::PUT].iter().cycle().take(30) {
        // Nobody saw the request that could not be sent.
        assert_eq!(send(&pool, method.clone(), "").await.expect("an answer"), "a");
    }
    let report = report(&pool, &gone);
    assert_eq!((report.failures, report.ejections, report.is_fit), (5, 1, false));
}

#[tokio::test]
async fn a_member_comes_back_when_its_trial_succeeds() {
    let healthy = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let now_healthy = Arc::clone(&healthy);
    let sick = Server::start(move |_, _| {
        let is_healthy = now_healthy.load(std::sync::atomic::Ordering::SeqCst);
        vec![if is_healthy { Step::Send(response("200 OK", b"sick")) } else { Step::HangUp }]
    })
    .await;
    let a = named("a").await;
    let health = HealthRules { failures: 3, ejection: Duration::from_millis(150), ..HealthRules::default() };
    let pool = pool(PoolSettings { health, ..settings(&[&sick.url(""), &a.url("")]) });
    for _ in 0..20 {
        assert_eq!(get(&pool, "").await.expect("an answer"), "a");
    }
    let asked = sick.requests().len();
    assert_eq!(asked, 3, "then it was left alone");
    healthy.store(true, std::sync::atomic::Ordering::SeqCst);
    until("it is tried again", async || get(&pool, "").await.expect("an answer") == "sick").await;
    assert!(report(&pool, &sick.url("")).is_fit);
}

#[tokio::test]
async fn if_nobody_is_fit_somebody_is_asked_all_the_same() {
    let sick = Server::start(|_, before| {
        vec![if before < 6 { Step::HangUp } else { Step::Send(response("200 OK", b"again")) }]
    })
    .await;
    let health = HealthRules { failures: 2, ejection: Duration::from_secs(600), ..HealthRules::default() };
    let pool = pool(PoolSettings { health, ..settings(&[&sick.url("")]) });
    let mut answers = Vec::new();
    for _ in 0..6 {
        answers.push(get(&pool, "").await.is_ok());
    }
    // Two requests each, as long as it hangs up.
    assert_eq!(answers, [false, false, false, true, true, true]);
    assert_eq!(report(&pool, &sick.url("")).ejections, 1);
}

#[tokio::test]
async fn what_was_lost_with_an_old_connection_is_sent_again_to_the_same_member() {
    let flaky = Server::start(|_, before| {
        vec![if before == 1 { Step::HangUp } else { Step::Send(response("200 OK", b"flaky")) }]
    })
    .await;
    let other = named("other").await;
    let by_key = || PoolSettings { balance: Balance::ByKey, ..settings(&[&flaky.url(""), &other.url("")]) };
    let pool = pool(by_key());
    let mut keys = (0..).map(|n| format!("/{n}"));
    let key = loop {
        let key = keys.next().expect("endless");
        if get(&pool, &key).await.expect("an answer") == "flaky" {
            break key;
        }
    };
    assert_eq!(get(&pool, &key).await.expect("an answer"), "flaky");
    let report = report(&pool, &flaky.url(""));
    assert_eq!((flaky.requests().len(), report.failures), (3, 0), "an idle connection may end");
}

#[tokio::test]
async fn what_a_dying_server_had_begun_is_sent_to_another_once_if_it_may_happen_twice() {
    let dying = || Server::start(|_, _| vec![Step::HangUp]);
    let (one, other) = (dying().await, dying().await);
    let pool = pool(settings(&[&one.url(""), &other.url("")]));
    for (method, sent) in [(Method::POST, 1), (Method::PATCH, 1), (Method::PUT, 2), (Method::GET, 2)] {
        let before = one.requests().len() + other.requests().len();
        assert!(matches!(send(&pool, method.clone(), "").await, Err(FetchError::Protocol(_))));
        assert_eq!(one.requests().len() + other.requests().len() - before, sent, "{method}");
    }
}

#[tokio::test]
async fn once_a_byte_of_an_answer_came_nobody_else_is_asked() {
    let half = Server::start(|_, _| vec![Step::Send(b"HTTP/1.1 20".to_vec()), Step::HangUp]).await;
    let pool = pool(settings(&[&half.url(""), &half.url("/other")]));
    assert!(matches!(get(&pool, "").await, Err(FetchError::Protocol(_))));
    assert_eq!(half.requests().len(), 1);
}

#[tokio::test]
async fn whoever_is_slow_is_not_asked_again_and_neither_is_anybody_else() {
    let mute = Server::start(|_, _| vec![Step::Stall]).await;
    let pool = pool(settings(&[&mute.url(""), &mute.url("/other")]));
    let late = get(&pool, "").await;
    assert!(matches!(late, Err(FetchError::Timeout { stage: Stage::FirstByte, .. })), "{late:?}");
    assert_eq!(mute.requests().len(), 1);
}

#[tokio::test]
async fn an_upstream_has_so_many_requests_at_a_time_so_many_waiting_and_no_more() {
    let slow = Server::start(|_, _| vec![Step::Stall]).await;
    let places = Places { requests: 2, queue: 1, wait: Duration::from_millis(100) };
    let pool = Arc::new(pool(PoolSettings { places, ..settings(&[&slow.url("")]) }));
    let ask = || {
        let pool = Arc::clone(&pool);
        tokio::spawn(async move { (get(&pool, "").await, Instant::now()) })
    };
    let begun = Instant::now();
    let first_two = [ask(), ask()];
    while report(&pool, &slow.url("")).outstanding < 2 {
        tokio::task::yield_now().await;
    }
    let third = ask();
    while report(&pool, &slow.url("")).queued < 1 {
        tokio::task::yield_now().await;
    }
    let (fourth, ended) = ask().await.expect("no panic");
    assert!(matches!(fourth, Err(FetchError::Overloaded { .. })), "{fourth:?}");
    assert!(ended - begun < Duration::from_millis(100), "at once");
    let (third, ended) = third.await.expect("no panic");
    assert!(matches!(third, Err(FetchError::Overloaded { .. })), "{third:?}");
    assert!(ended - begun >= Duration::from_millis(100), "after it has waited");
    for asked in first_two {
        let (answer, _) = asked.await.expect("no panic");
        assert!(matches!(answer, Err(FetchError::Timeout { .. })), "{answer:?}");
    }
    let report = report(&pool, &slow.url(""));
    assert_eq!((report.outstanding, report.queued, report.failures), (0, 0, 2));
}

#[tokio::test]
async fn a_place_is_given_back_with_the_body_read_or_not() {
    let server = named("a").await;
    let places = Places { requests: 1, queue: 0, wait: Duration::ZERO };
    let pool = pool(PoolSettings { places, ..settings(&[&server.url("")]) });
    let request = || Request::get("/x").body(Bytes::new()).expect("a request");
    let held = pool.forward("", request()).await.expect("an answer");
    assert!(matches!(get(&pool, "").await, Err(FetchError::Overloaded { .. })));
    drop(held);
    get(&pool, "").await.expect("a place");
    get(&pool, "").await.expect("a place");
    assert_eq!(report(&pool, &server.url("")).failures, 0);
}

#[tokio::test]
async fn an_answer_that_says_that_its_server_cannot_work_can_be_counted_as_none() {
    let server = named("I am lost").await;
    let health = HealthRules { failures: 2, ..HealthRules::default() };
    let pool = pool(PoolSettings { health, ..settings(&[&server.url("")]) });
    for _ in 0..2 {
        let request = Request::get("/x").body(Bytes::new()).expect("a request");
        let mut body = pool.forward("", request).await.expect("an answer").into_body();
        while body.frame().await.is_some() {}
        body.blame();
    }
    assert_eq!(report(&pool, &server.url("")).ejections, 1);
}

#[tokio::test]
async fn a_body_that_breaks_off_counts_as_a_failure_and_one_that_is_too_large_does_not() {
    let short = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this";
    let short = Server::start(move |_, _| vec![Step::Send(short.into()), Step::HangUp]).await;
    let large = Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n").await;
    for (server, failures) in [(&short, 1), (&large, 0)] {
        let mut settings = settings(&[&server.url("")]);
        settings.limits.body_bytes = 1000;
        let pool = pool(settings);
        get(&pool, "").await.expect_err("no whole body");
        assert_eq!(report(&pool, &server.url("")).failures, failures);
    }
}

#[tokio::test]
async fn a_probe_takes_a_member_out_before_a_request_has_to_and_brings_it_back() {
    let sick = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let is_sick = Arc::clone(&sick);
    let server = Server::start(move |request, _| {
        let status = if request.starts_with("GET /up ") && is_sick.load(std::sync::atomic::Ordering::SeqCst) {
            "503 Service Unavailable"
        } else {
            "200 OK"
        };
        vec![Step::Send(response(status, b"probed"))]
    })
    .await;
    let other = named("other").await;
    let probe = Some(Probe {
        path: "/up".into(),
        interval: Duration::from_millis(50),
        expect: 200,
        headers: http::HeaderMap::new(),
    });
    let clock = named("clock").await;
    let _ticking = pool(PoolSettings { probe: probe.clone(), ..settings(&[&clock.url("")]) });
    let pool = pool(PoolSettings { probe, ..settings(&[&server.url(""), &other.url("")]) });
    let noticed =
        async |fit| until("the probe notices", async || report(&pool, &server.url("")).is_fit == fit).await;
    noticed(false).await;
    for _ in 0..6 {
        assert_eq!(get(&pool, "").await.expect("an answer"), "other");
    }
    sick.store(false, std::sync::atomic::Ordering::SeqCst);
    // The other server has said 200 to everything all along.
    noticed(true).await;
    let mut answers = Vec::new();
    for _ in 0..4 {
        answers.push(get(&pool, "").await.expect("an answer"));
    }
    assert!(answers.contains(&"probed".into()), "{answers:?}");

    drop(pool);
    let asked = server.requests().len();
    // As long as another pool takes for four probes.
    let ticks = clock.requests().len();
    until("the other pool probes on", async || clock.requests().len() >= ticks + 4).await;
    assert!(server.requests().len() <= asked + 1, "the probes end with the pool");
}

#[tokio::test]
async fn a_pool_without_members_says_so() {
    assert_eq!(get(&pool(settings(&[])), "").await, Err(FetchError::NoUpstream));
}
