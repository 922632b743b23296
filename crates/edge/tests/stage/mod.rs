//! An edge without a network: its upstream is the test's, and nobody else is there.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use api_types::node::{FollowAnswer, FollowRequest};
use api_types::{Problem, PurgeRequest, PurgeView};
use bus::{Feed, FeedError, LogView, clock};
use cache::Cache;
use edge::flights::Flights;
use edge::invalidations::Invalidations;
use edge::pass_through::PassOn;
use edge::purge_method::PurgeDoor;
use edge::request::PassThrough;
use edge::serving::CurrentServing;
use edge::unshareable::Unshareable;
use edge::{Edge, FillError, FillMemory, Serving, Trust, Upstream};
use http::{HeaderMap, Response};
use origin::UpstreamBody;
use purge_protocol::{
    AsOf, Batch, Drift, Fences, Fill, Follower, Grant, Isolation, LogId, Position, Record, TagKey, Tags,
};
use snapshot::{RequestLimits, Site, SiteKind, Snapshot};

const ENTRY_MAX: u64 = 1 << 20;
pub const LOG: LogId = LogId(1);

/// What goes past the cache is refused: the stories are about what is shared.
#[derive(Default)]
pub struct NothingPasses(pub AtomicU32);

impl PassOn for NothingPasses {
    fn pass_on<'a>(
        &'a self,
        _passed: &'a PassThrough,
        _headers: HeaderMap,
        _fill: Option<Fill>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<UpstreamBody>, FillError>> + Send + 'a>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Err(FillError::Unreachable("it was asked past the cache".to_owned())) })
    }

    fn stamp(&self, _headers: &HeaderMap, _fill: Option<Fill>) -> Option<AsOf> {
        None
    }

    fn tags(&self, _passed: &PassThrough, _headers: &HeaderMap) -> Option<Tags> {
        None
    }
}

struct Silent;

impl Feed for Silent {
    fn ask<'a>(
        &'a self,
        _request: &'a FollowRequest,
    ) -> Pin<Box<dyn Future<Output = Result<FollowAnswer, FeedError>> + Send + 'a>> {
        Box::pin(async { Err(FeedError::Unreachable("nobody is there".to_owned())) })
    }
}

impl PurgeDoor for Silent {
    fn purge<'a>(
        &'a self,
        _request: &'a PurgeRequest,
        _cause: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<PurgeView, Problem>> + Send + 'a>> {
        Box::pin(async { Err(Problem::new(503, "control-unreachable", "", "nobody is there")) })
    }
}

pub fn pass_through(strip_tags: bool) -> Site {
    let kind = SiteKind::PassThrough {
        upstreams: snapshot::Upstreams::one("http://upstream.test").into(),
        allow_private: true,
        strip_tags,
        purge_from: Vec::new(),
        storing: Default::default(),
    };
    Site { kind, ..Site::default() }
}

/// Whose node has the log as far as these records, and a lease.
pub fn edge(
    records: Vec<Record>,
    sites: Vec<Site>,
    upstream: Arc<dyn Upstream>,
    pass_on: Arc<dyn PassOn>,
) -> Edge {
    let mut follower = Follower::new(Fences::unfollowed(100));
    let head = records.last().map_or(Position::ZERO, |last| last.position);
    let grant = Grant { millis: 60_000 };
    let batch = Batch { log: LOG, start: Position::new(1), head, records, grant };
    follower.receive(&batch, clock::now(), Drift::DEFAULT);
    let serving = CurrentServing::unknown();
    serving.replace(Serving::new(Snapshot {
        sites,
        keys: Vec::new(),
        tag_key: TagKey::new([7; 16]),
        limits: RequestLimits::default(),
    }));
    let settings = cache::Settings {
        dir: None,
        memory_bytes: 64 << 20,
        disk_bytes: 0,
        disk_files: 0,
        disk_admission: cache::Admission::Always,
        entry_bytes_max: ENTRY_MAX,
    };
    Edge {
        name: "edge".to_owned(),
        view: Arc::new(LogView::new(follower, Isolation::Validate)),
        serving,
        cache: Arc::new(Cache::open(settings).unwrap()),
        upstream,
        pass_on,
        flights: Flights::new(),
        fill_memory: FillMemory::new(64 << 20),
        unshareable: Unshareable::default(),
        invalidations: Invalidations::default(),
        feed: Arc::new(Silent),
        purge_door: Arc::new(Silent),
        trust: Trust { secret: None, loopback: false },
        metrics: Arc::default(),
    }
}
