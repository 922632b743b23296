//! A control listener without a socket: a real catalog in a folder of its own, a demo source on loopback, and a browser's
//! requests.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use api::{ApiToken, Control, Examiner, Explainer, HostRule, Operations, Verified};
use api_types::VerifyRequest;
use api_types::why::{WhyList, WhyQuestion};
use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::{get, post};
use catalog::{Catalog, Step};
use console::{ConsoleSettings, DemoSource};
use edge::Serving;
use http::request::Builder;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use purge::{Authority, Estimator, Keeping, Nodes, Purges, Selectors, VerifyError};
use purge_protocol::{Gone, TagKey, Tombstone};
use snapshot::{RequestLimits, Snapshot};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tower::ServiceExt;
use url::Url;

pub const TOKEN: &str = "the-token-of-these-stories";
const PICTURES: &str =
    r#"[{"path":"cat.jpg","edition":1,"bytes":2150000},{"path":"a \"<b>.jpg","edition":7,"bytes":9}]"#;

/// Nobody works on its purges: what happens to them, a story says.
pub struct World {
    _folder: TempDir,
    catalog: Catalog,
    router: Router,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl World {
    pub async fn new() -> Self {
        Self::with(None).await
    }

    pub async fn with_demo_source() -> Self {
        let pictures = || async { PICTURES };
        let edit = || async { r#"{"path":"cat.jpg","edition":2,"bytes":2150000}"# };
        let busy = || async { (StatusCode::SERVICE_UNAVAILABLE, "another picture is being <changed>\n") };
        let source = Router::new()
            .route("/", get(pictures))
            .route("/edit/cat.jpg", post(edit))
            .route("/edit/a%20%22%3Cb%3E.jpg", post(busy));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move { axum::serve(listener, source).await });
        Self::with(Some(format!("http://{address}"))).await
    }

    pub async fn with_demo_source_down() -> Self {
        // A port that was free a moment ago.
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
        let address = listener.local_addr().expect("an address");
        drop(listener);
        Self::with(Some(format!("http://{address}"))).await
    }

    async fn with(demo: Option<String>) -> Self {
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
        let sources = Arc::new(BTreeSet::from(["demo".to_owned()]));
        let selectors = Selectors { sources, serving: Arc::new(serving), cdns: Arc::default() };
        let authority = Arc::new(authority.expect("an authority"));
        let nodes = Nodes { authority: Arc::clone(&authority), client: origin::Client::new(), secret: None };
        let purges = Arc::new(Purges::new(catalog.clone(), authority, selectors.clone()));
        let estimator =
            Arc::new(Estimator::new(Arc::clone(&purges), catalog.clone(), selectors, Vec::new(), nodes));
        let token = ApiToken::new(TOKEN);
        let pages = console::router(ConsoleSettings {
            purges: Arc::clone(&purges),
            estimator: Arc::clone(&estimator),
            token: token.clone(),
            delivery: url("http://127.0.0.1:8080"),
            demo: demo.map(|base| DemoSource::new("demo".to_owned(), url(&base))),
        });
        let operations = Operations { metrics: Arc::new(String::new), ready: Arc::new(|| Ok(())) };
        let router = api::router(
            Control {
                purges,
                estimator,
                guests: api::Guests::new(token, catalog.clone(), Default::default(), Default::default()),
                buckets: Vec::new(),
                senders: api::Senders::new(Vec::new(), &origin::Client::new()),
                receipt_key: Arc::new(api::ReceiptKey::from_seed(&[7; 32]).expect("a key")),
                operations,
                hosts: HostRule::Loopback,
                explainer: Arc::new(NobodyExplains),
                examiner: Arc::new(NobodyLooks),
            },
            pages,
        );
        Self { _folder: folder, catalog, router }
    }

    /// As a browser would ask that nobody has logged in with.
    pub fn stranger(&self, method: Method, path: &str) -> Builder {
        let request = Request::builder().method(method).uri(path).header(header::HOST, "127.0.0.1:8081");
        request.header("sec-fetch-site", "same-origin")
    }

    pub async fn open(&self, request: Builder, body: &str) -> Response {
        let request = request.body(Body::from(body.to_owned())).expect("a request");
        self.router.clone().oneshot(request).await.expect("an answer")
    }

    pub async fn send(&self, request: Builder, body: &str) -> Answer {
        let (parts, body) = self.open(request, body).await.into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes();
        let body = String::from_utf8(body.to_vec()).expect("text");
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub async fn log_in(&self) -> Session<'_> {
        let answer =
            self.send(self.stranger(Method::POST, "/console/login"), &format!("token={TOKEN}")).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        let cookie = answer.field("set-cookie").split(';').next().expect("a cookie").to_owned();
        Session { world: self, cookie }
    }

    /// As the purge's worker does.
    pub async fn entomb(&self, source: &str, path: &str, purge: &str, reason: &str) {
        let gone = Gone::Forbidden { reason: reason.to_owned() };
        let tombstone = Tombstone { gone, purge: purge.to_owned(), at: 7 };
        self.catalog.entomb(source, path, &tombstone, "console").await.expect("a tombstone");
    }

    /// Ends the oldest purge as a worker would.
    pub async fn fail_oldest(&self, why: &str) {
        let now = u64::MAX >> 1;
        let claim = self.catalog.claim_purge(now, 0).await.expect("a catalog").expect("a purge");
        let failed = Step::to(&claim, api_types::PurgeState::Error);
        let step = Step { error: Some(why.to_owned()), due_ms: now, ..failed };
        self.catalog.advance_purge(&claim, step, now, 0).await.expect("a step");
    }
}

pub struct Session<'a> {
    world: &'a World,
    pub cookie: String,
}

impl Session<'_> {
    pub fn request(&self, method: Method, path: &str) -> Builder {
        self.world.stranger(method, path).header(header::COOKIE, &self.cookie)
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.world.send(self.request(Method::GET, path), "").await
    }

    /// As a form does without scripts.
    pub async fn post(&self, path: &str, form: &str) -> Answer {
        self.world.send(self.request(Method::POST, path), form).await
    }

    /// As htmx follows a link.
    pub async fn get_swapped(&self, path: &str) -> Answer {
        self.world.send(self.request(Method::GET, path).header("hx-request", "true"), "").await
    }

    /// As htmx does.
    pub async fn swap(&self, path: &str, form: &str) -> Answer {
        self.world.send(self.request(Method::POST, path).header("hx-request", "true"), form).await
    }
}

impl Answer {
    pub fn field(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    #[track_caller]
    pub fn shows(&self, text: &str) {
        assert!(self.body.contains(text), "{text:?} is not in\n{}", self.body);
    }

    pub fn is_whole_page(&self) -> bool {
        self.body.starts_with("<!doctype html>")
    }
}

fn url(text: &str) -> Url {
    text.parse().expect("a URL")
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
