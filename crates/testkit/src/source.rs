//! A source that does as told: pictures that change, headers that take their time, failures.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::halved_body::HalvedBody;

#[derive(Clone)]
pub struct Source {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
    /// How often each file was asked for.
    asked: watch::Sender<HashMap<String, u32>>,
    /// Answers that were begun wait here while it says closed.
    gate: watch::Sender<bool>,
    /// Its listener and all connections end when it says so.
    stopped: watch::Sender<bool>,
    /// And here when half of their body is sent.
    halfway: watch::Sender<bool>,
}

#[derive(Default)]
struct State {
    files: HashMap<String, File>,
    failing: bool,
}

#[derive(Clone)]
struct File {
    bytes: Bytes,
    kind: String,
    headers: Vec<(String, String)>,
    version: u32,
}

impl Source {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let source = Self {
            address: listener.local_addr().expect("it is bound"),
            state: Arc::default(),
            asked: watch::Sender::default(),
            gate: watch::Sender::new(true),
            stopped: watch::Sender::new(false),
            halfway: watch::Sender::new(true),
        };
        let serving = source.clone();
        let mut stopped = source.stopped.subscribe();
        tokio::spawn(async move {
            tokio::select! {
                () = serving.serve(listener) => {}
                _ = stopped.wait_for(|stopped| *stopped) => {}
            }
        });
        source
    }

    async fn serve(&self, listener: TcpListener) {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let source = self.clone();
            connections.spawn(async move {
                let service = service_fn(|request| {
                    let source = source.clone();
                    async move { Ok::<_, Infallible>(source.answer(request).await) }
                });
                let io = TokioIo::new(stream);
                let _ = hyper::server::conn::http1::Builder::new().serve_connection(io, service).await;
            });
        }
    }

    /// Ends as a process that is killed: whoever is connected is cut off, and nobody can connect any more.
    pub fn stop(&self) {
        self.stopped.send_replace(true);
    }

    /// Puts or replaces a file.
    pub fn put(&self, path: &str, kind: &str, bytes: impl Into<Bytes>) {
        self.put_with(path, kind, bytes, &[]);
    }

    pub fn put_with(&self, path: &str, kind: &str, bytes: impl Into<Bytes>, headers: &[(&str, &str)]) {
        let mut state = self.state();
        let version = state.files.get(path).map_or(1, |file| file.version + 1);
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let file = File { bytes: bytes.into(), kind: kind.to_owned(), headers, version };
        state.files.insert(path.to_owned(), file);
    }

    pub fn remove(&self, path: &str) {
        self.state().files.remove(path);
    }

    pub fn fail(&self, failing: bool) {
        self.state().failing = failing;
    }

    /// While the gate is closed, an answer is made from the files of the moment it was asked, and kept back.
    pub fn close_gate(&self) {
        self.gate.send_replace(false);
    }

    pub fn open_gate(&self) {
        self.gate.send_replace(true);
    }

    /// While it is closed, the second halves of bodies are kept back.
    pub fn close_halfway(&self) {
        self.halfway.send_replace(false);
    }

    pub fn open_halfway(&self) {
        self.halfway.send_replace(true);
    }

    pub fn asked(&self, path: &str) -> u32 {
        self.asked.borrow().get(path).copied().unwrap_or(0)
    }

    /// Waits until the file has been asked for `times` times.
    pub async fn until_asked(&self, path: &str, times: u32) {
        let mut asked = self.asked.subscribe();
        let enough = asked.wait_for(|asked| asked.get(path).is_some_and(|count| *count >= times));
        let came = tokio::time::timeout(Duration::from_secs(60), enough).await.is_ok();
        assert!(came, "{path} was asked for {} times, not {times}", self.asked(path));
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<HalvedBody> {
        let path = request.uri().path().to_owned();
        let (file, failing) = {
            let state = self.state();
            (state.files.get(&path).cloned(), state.failing)
        };
        self.asked.send_modify(|asked| *asked.entry(path).or_default() += 1);
        let gated = request.headers().get(header::IF_NONE_MATCH).is_none();
        if gated {
            let mut gate = self.gate.subscribe();
            let _ = gate.wait_for(|open| *open).await;
        }
        let plain = |status| {
            let mut response = Response::new(HalvedBody::new(&Bytes::new(), &self.halfway));
            *response.status_mut() = status;
            response
        };
        if failing {
            return plain(StatusCode::INTERNAL_SERVER_ERROR);
        }
        let Some(file) = file else { return plain(StatusCode::NOT_FOUND) };
        let etag = format!("\"v{}\"", file.version);
        let mut response =
            if request.headers().get(header::IF_NONE_MATCH).is_some_and(|tag| tag == etag.as_str()) {
                plain(StatusCode::NOT_MODIFIED)
            } else {
                Response::new(HalvedBody::new(&file.bytes, &self.halfway))
            };
        let fields = [("etag".to_owned(), etag), ("content-type".to_owned(), file.kind)];
        for (name, value) in fields.into_iter().chain(file.headers) {
            if let (Ok(name), Ok(value)) = (name.parse::<header::HeaderName>(), value.parse()) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
