//! Asks an upstream at intervals whether it is well.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::USER_AGENT;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Request};
use tokio::time::{Instant, sleep, timeout};

use crate::client::passed_to;
use crate::exchange::Connections;
use crate::member::Member;
use crate::source::FetchLimits;

/// What is asked, how often, and what must be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// Path and query, below the upstream's URL.
    pub path: String,
    pub interval: Duration,
    pub expect: u16,
    /// What is sent besides.
    pub headers: HeaderMap,
}

/// Until it is dropped. It does not wait for a place: the question is whether the upstream is well, not whether we
/// have given it enough to do.
pub(crate) async fn probe(connections: Connections, member: Arc<Member>, probe: Probe, limits: FetchLimits) {
    let Ok(path) = PathAndQuery::try_from(probe.path.as_str()) else { return };
    let mut request = Request::new(Bytes::new());
    *request.uri_mut() = path.into();
    *request.headers_mut() = probe.headers.clone();
    request
        .headers_mut()
        .insert(USER_AGENT, HeaderValue::from_static(concat!("pentimento/", env!("CARGO_PKG_VERSION"))));
    loop {
        let began = Instant::now();
        let is_well = match passed_to(&member.url, &request) {
            Ok(request) => {
                let asked = timeout(probe.interval, connections.exchange(request, &limits)).await;
                matches!(asked, Ok(Ok(answer)) if answer.status().as_u16() == probe.expect)
            }
            Err(_) => false,
        };
        member.probed(is_well);
        // Nodes that began together do not go on asking together.
        let pause = probe.interval.mul_f64(0.9 + rand::random::<f64>() / 5.0);
        sleep(pause.saturating_sub(began.elapsed())).await;
    }
}
