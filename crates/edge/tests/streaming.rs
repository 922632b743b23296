//! Bodies on their way through the edge: shared as they come, stored when they are whole.

mod stage;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use edge::body::EdgeBody;
use edge::fill::{ComingBody, Keep, Sharing};
use edge::request::Target;
use edge::{Answered, Ask, Edge, Fetched, FetchedBody, FillError, FillMemory, Upstream};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use origin::FetchError;
use purge_protocol::Fill;
use tokio::sync::mpsc;

use crate::stage::NothingPasses;

/// A body that the test sends bit by bit.
struct Fed {
    chunks: mpsc::UnboundedReceiver<Result<Bytes, FetchError>>,
    left: Option<u64>,
}

type Feeder = mpsc::UnboundedSender<Result<Bytes, FetchError>>;

impl Body for Fed {
    type Data = Bytes;
    type Error = FetchError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, FetchError>>> {
        let this = self.get_mut();
        let chunk = ready!(this.chunks.poll_recv(context));
        if let (Some(left), Some(Ok(chunk))) = (&mut this.left, &chunk) {
            *left -= chunk.len() as u64;
        }
        Poll::Ready(chunk.map(|chunk| chunk.map(Frame::data)))
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// Answers with bodies that the test feeds, one after the other.
struct Origin {
    bodies: tokio::sync::Mutex<mpsc::UnboundedReceiver<Fed>>,
    sharing: Sharing,
    asked: AtomicU32,
}

impl Upstream for Origin {
    fn fetch<'a>(
        &'a self,
        ask: &'a Ask,
        fill: Option<Fill>,
    ) -> Pin<Box<dyn Future<Output = Result<Answered, FillError>> + Send + 'a>> {
        Box::pin(async move {
            self.asked.fetch_add(1, Ordering::Relaxed);
            let Target::PassThrough(passed) = &ask.target else { return Err(FillError::Abandoned) };
            let body = self.bodies.lock().await.recv().await.ok_or(FillError::Abandoned)?;
            let mut headers = HeaderMap::new();
            headers.insert(header::ETAG, HeaderValue::from_static("\"one\""));
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("max-age=600"));
            Ok(Answered::Response(Box::new(Fetched {
                status: StatusCode::OK,
                headers,
                body: FetchedBody::Coming(Box::pin(body) as ComingBody),
                tags: passed.tag_key.tags(&[purge_protocol::Subject::Tenant]).ok(),
                as_of: fill.map(|fill| fill.stamp()),
                keep: Keep { sharing: self.sharing, lifetime: 600, ..Keep::default() },
                reserved: HeaderMap::new(),
                varied_on: Vec::new(),
                cache_status: None,
            })))
        })
    }
}

struct Stage {
    edge: Arc<Edge>,
    origin: Arc<Origin>,
    alone: Arc<NothingPasses>,
    bodies: mpsc::UnboundedSender<Fed>,
}

impl Stage {
    fn with(sharing: Sharing, fill_memory: u64) -> Self {
        let (bodies, next) = mpsc::unbounded_channel();
        let origin = Arc::new(Origin { bodies: next.into(), sharing, asked: AtomicU32::new(0) });
        let alone = Arc::new(NothingPasses(AtomicU32::new(0)));
        let site = stage::pass_through(false);
        let edge = Edge {
            fill_memory: FillMemory::new(fill_memory),
            ..stage::edge(Vec::new(), vec![site], origin.clone(), alone.clone())
        };
        let edge = Arc::new(edge);
        Self { edge, origin, alone, bodies }
    }

    fn new() -> Self {
        Self::with(Sharing::Stored, 64 << 20)
    }

    /// The upstream will answer with this body.
    fn body(&self, length: Option<u64>) -> Feeder {
        let (feeder, chunks) = mpsc::unbounded_channel();
        self.bodies.send(Fed { chunks, left: length }).ok().unwrap();
        feeder
    }

    async fn get_with(&self, fields: &[(&str, &str)]) -> Response<EdgeBody> {
        let mut request = Request::get("/large").header("host", "shop.test");
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let request = request.body(Bytes::new()).unwrap();
        edge::serve::serve(&self.edge, request, ([192, 0, 2, 1], 1).into()).await
    }

    async fn get(&self) -> Response<EdgeBody> {
        self.get_with(&[]).await
    }

    fn asked(&self) -> u32 {
        self.origin.asked.load(Ordering::Relaxed)
    }
}

async fn next(response: &mut Response<EdgeBody>) -> Result<Bytes, FetchError> {
    let frame = response.body_mut().frame().await.expect("there is more")?;
    Ok(frame.into_data().unwrap())
}

async fn rest(response: Response<EdgeBody>) -> Result<Bytes, FetchError> {
    Ok(response.into_body().collect().await?.to_bytes())
}

fn cache_status(response: &Response<EdgeBody>) -> &str {
    response.headers()["cache-status"].to_str().unwrap()
}

fn some(bytes: usize) -> Result<Bytes, FetchError> {
    Ok(Bytes::from(vec![b'x'; bytes]))
}

#[tokio::test(start_paused = true)]
async fn a_client_reads_the_beginning_while_the_end_is_still_to_come() {
    let stage = Stage::new();
    let feeder = stage.body(Some(10));
    feeder.send(Ok(Bytes::from_static(b"hello"))).unwrap();
    let mut response = stage.get().await;
    assert_eq!(cache_status(&response), "edge; fwd=uri-miss; fwd-status=200; ttl=600; stored");
    assert_eq!(response.headers()["content-length"], "10");
    assert_eq!(next(&mut response).await.unwrap(), "hello");
    feeder.send(Ok(Bytes::from_static(b"world"))).unwrap();
    drop(feeder);
    assert_eq!(rest(response).await.unwrap(), "world");
    // Its end is seen after it is stored: whoever asks now gets it from the cache.
    let again = stage.get().await;
    assert!(cache_status(&again).starts_with("edge; hit"), "{}", cache_status(&again));
    assert_eq!(rest(again).await.unwrap(), "helloworld");
    assert_eq!(stage.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_late_client_streams_what_is_there_and_what_follows() {
    let stage = Stage::new();
    let feeder = stage.body(None);
    feeder.send(some(100_000)).unwrap();
    let early = stage.get().await;
    let mut late = stage.get().await;
    assert_eq!(cache_status(&late), "edge; fwd=uri-miss; fwd-status=200; ttl=600; collapsed");
    assert_eq!(next(&mut late).await.unwrap().len(), 100_000);
    feeder.send(some(1)).unwrap();
    drop(feeder);
    assert_eq!(rest(late).await.unwrap().len(), 1);
    assert_eq!(rest(early).await.unwrap().len(), 100_001);
    assert_eq!(stage.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_does_not_cancel_a_fill_that_others_await() {
    let stage = Stage::new();
    let feeder = stage.body(None);
    feeder.send(some(100_000)).unwrap();
    let leader = stage.get().await;
    let passenger = stage.get().await;
    drop(leader);
    feeder.send(some(100_000)).unwrap();
    drop(feeder);
    assert_eq!(rest(passenger).await.unwrap().len(), 200_000);
    assert!(cache_status(&stage.get().await).starts_with("edge; hit"));
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_does_not_hold_the_fill() {
    let stage = Stage::new();
    let feeder = stage.body(None);
    feeder.send(some(400_000)).unwrap();
    let slow = stage.get().await;
    let quick = stage.get().await;
    feeder.send(some(400_000)).unwrap();
    drop(feeder);
    assert_eq!(rest(quick).await.unwrap().len(), 800_000);
    assert!(cache_status(&stage.get().await).starts_with("edge; hit"));
    assert_eq!(rest(slow).await.unwrap().len(), 800_000);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_off_is_not_stored_and_its_readers_are_told() {
    let stage = Stage::new();
    let feeder = stage.body(None);
    feeder.send(some(100_000)).unwrap();
    let response = stage.get().await;
    assert_eq!(response.status(), 200);
    feeder.send(Err(FetchError::Truncated { received: 100_000 })).unwrap();
    drop(feeder);
    assert_eq!(rest(response).await.unwrap_err(), FetchError::Truncated { received: 100_000 });
    let feeder = stage.body(None);
    feeder.send(Ok(Bytes::from_static(b"whole"))).unwrap();
    drop(feeder);
    assert_eq!(rest(stage.get().await).await.unwrap(), "whole");
    assert_eq!(stage.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_small_body_that_breaks_off_is_an_error_and_no_beginning() {
    let stage = Stage::new();
    let feeder = stage.body(Some(10));
    feeder.send(Ok(Bytes::from_static(b"hello"))).unwrap();
    feeder.send(Err(FetchError::Truncated { received: 5 })).unwrap();
    assert_eq!(stage.get().await.status(), 502);
}

#[tokio::test(start_paused = true)]
async fn what_turns_out_too_large_to_keep_reaches_its_readers_whole_and_is_not_stored() {
    let stage = Stage::new();
    let feeder = stage.body(None);
    feeder.send(some(500_000)).unwrap();
    let early = stage.get().await;
    let passenger = stage.get().await;
    for _ in 0..10 {
        feeder.send(some(500_000)).unwrap();
    }
    drop(feeder);
    let (early, passenger) = tokio::join!(rest(early), rest(passenger));
    assert_eq!((early.unwrap().len(), passenger.unwrap().len()), (5_500_000, 5_500_000));
    assert_eq!(stage.edge.cache.stats().memory_entries, 0);
    assert_eq!(stage.edge.fill_memory.used(), 0);
    let feeder = stage.body(None);
    feeder.send(some(3)).unwrap();
    drop(feeder);
    assert_eq!(rest(stage.get().await).await.unwrap().len(), 3, "whoever comes later has a fill of its own");
}

#[tokio::test(start_paused = true)]
async fn a_fill_goes_on_unstored_when_the_memory_for_fills_is_used_up() {
    let stage = Stage::with(Sharing::Stored, 150_000);
    let feeder = stage.body(None);
    feeder.send(some(100_000)).unwrap();
    let response = stage.get().await;
    feeder.send(some(100_000)).unwrap();
    drop(feeder);
    assert_eq!(rest(response).await.unwrap().len(), 200_000);
    assert_eq!(stage.edge.cache.stats().memory_entries, 0);
}

#[tokio::test(start_paused = true)]
async fn a_large_body_that_nobody_reads_any_more_is_given_up() {
    let stage = Stage::new();
    let feeder = stage.body(None);
    feeder.send(some(2_000_000)).unwrap();
    let response = stage.get().await;
    drop(response);
    let given_up = tokio::time::timeout(Duration::from_secs(60), feeder.closed()).await;
    assert!(given_up.is_ok(), "the upstream is read on");
}

#[tokio::test(start_paused = true)]
async fn a_part_of_what_is_still_coming_is_sent_as_it_comes() {
    let stage = Stage::new();
    let feeder = stage.body(Some(100_000));
    feeder.send(some(50_000)).unwrap();
    let response = stage.get_with(&[("range", "bytes=40000-59999")]).await;
    assert_eq!(response.status(), 206);
    assert_eq!(response.headers()["content-range"], "bytes 40000-59999/100000");
    assert_eq!(response.headers()["content-length"], "20000");
    feeder.send(some(50_000)).unwrap();
    drop(feeder);
    assert_eq!(rest(response).await.unwrap().len(), 20_000);
    // A part of what has no known length yet cannot be named; the whole is an answer too.
    let stage = Stage::new();
    let feeder = stage.body(None);
    feeder.send(some(100_000)).unwrap();
    drop(feeder);
    let response = stage.get_with(&[("range", "bytes=0-1")]).await;
    assert_eq!((response.status(), rest(response).await.unwrap().len()), (StatusCode::OK, 100_000));
}

#[tokio::test(start_paused = true)]
async fn what_may_not_be_shared_streams_to_the_one_who_asked_and_nobody_waits_for_it_again() {
    let stage = Stage::with(Sharing::Never, 64 << 20);
    let feeder = stage.body(None);
    feeder.send(some(100_000)).unwrap();
    let (mut own, other) = tokio::join!(stage.get(), stage.get());
    assert_eq!(next(&mut own).await.unwrap().len(), 100_000, "before its end has come");
    assert_eq!(cache_status(&own), "edge; fwd=uri-miss; fwd-status=200");
    assert_eq!((other.status(), stage.alone.0.load(Ordering::Relaxed)), (StatusCode::BAD_GATEWAY, 1));
    // One has waited in vain: for a while, everybody asks for themselves at once.
    stage.get().await;
    assert_eq!((stage.asked(), stage.alone.0.load(Ordering::Relaxed)), (1, 2));
}
