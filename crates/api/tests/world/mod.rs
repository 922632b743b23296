//! A control listener without a socket: a real catalog in a folder of its own, and callers.
#![allow(dead_code, reason = "each story uses its own part of the stage")]

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use api::faces::{Doors, FaceKind, FaceRates, FaceSettings, Warmer};
use api::{
    ApiToken, BucketSource, Control, Examiner, Explainer, Guests, HostRule, Issuers, Operations, ReceiptKey,
    SenderSettings, Senders, Verified,
};
use api_types::why::{WhyList, WhyQuestion};
use api_types::{PurgeState, VerifyRequest};
use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::get;
use catalog::{Catalog, Step};
use edge::Serving;
use http::request::Builder;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use purge::{Authority, Estimator, Keeping, Nodes, Purges, Rate, Selectors, Tenant, Tenants, VerifyError};
use purge_protocol::{Gone, TagKey, Tombstone};
use serde_json::Value;
use snapshot::{RequestLimits, Snapshot};
use tempfile::TempDir;
use tower::ServiceExt;
use url::Url;

pub const TOKEN: &str = "the-token-of-these-stories";

/// Nobody works on its purges: what happens to them, a story says.
pub struct World {
    _folder: TempDir,
    catalog: Catalog,
    purges: Arc<Purges>,
    estimator: Arc<Estimator>,
    /// Whose signed tokens are believed.
    pub issuers: Issuers,
    /// Who may sign events.
    pub senders: Vec<SenderSettings>,
    unready: Arc<Mutex<Option<String>>>,
}

pub struct Answer {
    pub status: StatusCode,
    headers: HeaderMap,
    pub body: String,
}

impl World {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let catalog = Catalog::open(&folder.path().join("catalog.db")).await.expect("a catalog");
        let lease = Duration::from_secs(4);
        let meta = catalog.meta().await.expect("an identity");
        let hour = Duration::from_secs(3600);
        let keeping = Keeping { log_records: 1000, log_age: hour, history_age: hour };
        let authority = Authority::open(catalog.clone(), meta, lease, keeping, "digest".to_owned()).await;
        let limits = RequestLimits::default();
        let serving =
            Serving::new(Snapshot { sites: vec![], keys: vec![], tag_key: TagKey::new([7; 16]), limits });
        let sources = Arc::new(BTreeSet::from(["demo".to_owned(), "other".to_owned()]));
        let selectors = Selectors { sources, serving: Arc::new(serving), cdns: Arc::default() };
        let authority = Arc::new(authority.expect("an authority"));
        let nodes = Nodes { authority: Arc::clone(&authority), client: origin::Client::new(), secret: None };
        let purges = Arc::new(Purges::new(catalog.clone(), authority, selectors.clone()));
        let estimator =
            Arc::new(Estimator::new(Arc::clone(&purges), catalog.clone(), selectors, Vec::new(), nodes));
        Self {
            _folder: folder,
            catalog,
            purges,
            estimator,
            issuers: Issuers::default(),
            senders: vec![],
            unready: Arc::default(),
        }
    }

    pub fn router(&self) -> Router {
        let control = Control {
            purges: Arc::clone(&self.purges),
            estimator: Arc::clone(&self.estimator),
            guests: self.guests(),
            buckets: vec![BucketSource {
                bucket: "b".to_owned(),
                prefix: "images/".to_owned(),
                source: "demo".to_owned(),
            }],
            senders: Senders::new(self.senders.clone(), &origin::Client::new()),
            receipt_key: Arc::new(ReceiptKey::from_seed(&[7; 32]).expect("a key")),
            operations: self.operations(),
            hosts: HostRule::Loopback,
            explainer: Arc::new(NobodyExplains),
            examiner: Arc::new(NobodyLooks),
        };
        api::router(control, Router::new().route("/page", get(async || "a page")))
    }

    fn guests(&self) -> Guests {
        Guests::new(ApiToken::new(TOKEN), self.catalog.clone(), tenants(), self.issuers.clone())
    }

    /// These faces, for `https://img.test`, with a warmer that takes three.
    pub fn faces(&self, kinds: &[FaceKind]) -> Router {
        let per = Duration::from_secs(3600);
        let rates = FaceRates {
            imgix: Rate { count: 10, per: Duration::from_secs(60) },
            images: Rate { count: 5, per },
            aliases: Rate { count: 10, per },
            stacks: Rate { count: 5, per },
        };
        let site: Option<Url> = "https://img.test".parse().ok();
        let face = |kind: &FaceKind| FaceSettings { kind: *kind, site: site.clone(), rates };
        let doors =
            Doors { purges: Arc::clone(&self.purges), guests: self.guests(), warmer: Arc::new(TakesThree) };
        api::faces::router(kinds.iter().map(face), &doors)
    }

    pub fn operations_router(&self) -> Router {
        api::operations_router(self.operations(), HostRule::Loopback)
    }

    fn operations(&self) -> Operations {
        let unready = Arc::clone(&self.unready);
        let ready = move || match unready.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            Some(why) => Err(why),
            None => Ok(()),
        };
        Operations {
            metrics: Arc::new(|| "pentimento_stories 1\n# EOF\n".to_owned()),
            ready: Arc::new(ready),
        }
    }

    pub fn set_unready(&self, why: Option<&str>) {
        *self.unready.lock().unwrap_or_else(PoisonError::into_inner) = why.map(str::to_owned);
    }

    pub fn anonymous(&self, method: Method, path: &str) -> Builder {
        Request::builder().method(method).uri(path).header(header::HOST, "127.0.0.1:8081")
    }

    pub fn request(&self, method: Method, path: &str) -> Builder {
        self.anonymous(method, path).header(header::AUTHORIZATION, format!("Bearer {TOKEN}"))
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path), "").await
    }

    pub async fn post(&self, path: &str, json: &str) -> Answer {
        self.send(self.request(Method::POST, path).header(header::CONTENT_TYPE, "application/json"), json)
            .await
    }

    pub async fn send(&self, request: Builder, body: &str) -> Answer {
        self.send_to(self.router(), request, body).await
    }

    pub async fn send_to(&self, router: Router, request: Builder, body: &str) -> Answer {
        let request = request.body(Body::from(body.to_owned())).expect("a request");
        let (parts, body) = router.oneshot(request).await.expect("an answer").into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes();
        let body = String::from_utf8(body.to_vec()).expect("text");
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// For answers that do not end by themselves.
    pub async fn open(&self, router: &Router, path: &str) -> Response {
        let request = self.request(Method::GET, path).body(Body::empty()).expect("a request");
        router.clone().oneshot(request).await.expect("an answer")
    }

    /// As the purge's worker does.
    pub async fn entomb(&self, source: &str, path: &str, purge: &str, reason: &str) {
        let gone = Gone::Forbidden { reason: reason.to_owned() };
        let tombstone = Tombstone { gone, purge: purge.to_owned(), at: 7 };
        self.catalog.entomb(source, path, &tombstone, "api").await.expect("a tombstone");
    }

    /// Ends the oldest purge as a worker would, short of telling those who watch.
    pub async fn fail_oldest(&self, why: &str) {
        let now = u64::MAX >> 1;
        let claim = self.catalog.claim_purge(now, 0).await.expect("a catalog").expect("a purge");
        let failed = Step::to(&claim, PurgeState::Error);
        let step = Step { error: Some(why.to_owned()), due_ms: now, ..failed };
        self.catalog.advance_purge(&claim, step, now, 0).await.expect("a step");
    }
}

impl Answer {
    pub fn field(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// Status and slug of what must be a whole problem.
    pub fn problem(&self) -> String {
        assert_eq!(self.field("content-type"), "application/problem+json", "{}", self.body);
        let problem: api_types::Problem = serde_json::from_str(&self.body).expect("a problem");
        assert_eq!(problem.status, self.status.as_u16());
        assert!(!problem.title.is_empty() && !problem.detail.is_empty());
        format!("{} {}", problem.status, problem.slug())
    }
}

fn tenants() -> Tenants {
    let sources = BTreeSet::from(["demo".to_owned()]);
    Tenants::new([Tenant {
        name: "cats".to_owned(),
        sources,
        hosts: BTreeSet::new(),
        rates: Default::default(),
    }])
}

struct TakesThree;

impl Warmer for TakesThree {
    fn warm(&self, urls: Vec<Url>) -> usize {
        urls.len().min(3)
    }
}

/// No nodes are asked on this stage.
struct NobodyLooks;

impl Examiner for NobodyLooks {
    fn examine<'a>(&'a self, question: &'a VerifyRequest) -> Verified<'a> {
        let url = question.url.clone();
        Box::pin(async move { Err(VerifyError::NotAPicture { host: url }) })
    }
}

struct NobodyExplains;

impl Explainer for NobodyExplains {
    fn explain<'a>(
        &'a self,
        url: &'a Url,
        _question: &'a WhyQuestion,
    ) -> Pin<Box<dyn Future<Output = WhyList> + Send + 'a>> {
        Box::pin(async move { WhyList { url: url.to_string(), nodes: Vec::new() } })
    }
}
