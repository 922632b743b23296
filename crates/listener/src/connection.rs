//! The life of one connection, top to bottom: whose it is, its requests, its end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Version, header};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use telemetry::Cut;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

use crate::answer::{Answer, Words};
use crate::listener::{Service, Shared};
use crate::pace::{Pace, Paced, Turn, Verdict, Watch};
use crate::place::Place;
use crate::refusal::{Refusal, turn_away};
use crate::{body, farewell, form};

/// A connection as it was accepted.
pub(crate) struct Opened {
    pub stream: TcpStream,
    pub peer: SocketAddr,
    pub place: Place,
    pub turning_away: Arc<Semaphore>,
}

pub(crate) async fn serve<S: Service>(
    shared: Arc<Shared<S>>,
    opened: Opened,
    stopping: watch::Receiver<bool>,
) {
    let Opened { mut stream, peer, mut place, turning_away } = opened;
    let (limits, counts) = (&shared.listener.limits, &shared.listener.counts);
    let client = match timeout(limits.header_time, shared.listener.proxies.client(&mut stream, peer)).await {
        Ok(Ok(client)) => client,
        Ok(Err(error)) => {
            tracing::debug!(%peer, %error, "a proxy's connection was cut");
            return counts.cut(Cut::ProxyHeader);
        }
        Err(_) => return counts.cut(Cut::ProxyHeader),
    };
    if let Err(why) = place.belongs_to(client.ip()) {
        counts.cut(Cut::Client);
        if let Ok(_permit) = turning_away.try_acquire() {
            turn_away(stream, why).await;
        }
        return;
    }
    let _open = counts.open();
    converse(&shared, stream, client, stopping).await;
}

/// How the requests of a connection came to their end.
enum End {
    /// Everything was answered, or a request could not be understood.
    Said,
    /// The process is ending.
    Stopping,
    Cut(Cut),
}

async fn converse<S: Service>(
    shared: &Arc<Shared<S>>,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    client: SocketAddr,
    stopping: watch::Receiver<bool>,
) {
    let stream = Arc::new(Mutex::new(stream));
    match requests(shared, &stream, client, stopping).await {
        End::Said => {
            let stream = Arc::into_inner(stream).and_then(|stream| stream.into_inner().ok());
            if let Some(stream) = stream {
                farewell::say(stream).await;
            }
        }
        End::Stopping => {}
        End::Cut(why) => shared.listener.counts.cut(why),
    }
}

/// Everything that is asked and answered on one connection.
async fn requests<S: Service>(
    shared: &Arc<Shared<S>>,
    stream: &Arc<Mutex<impl AsyncRead + AsyncWrite + Unpin + Send + 'static>>,
    client: SocketAddr,
    mut stopping: watch::Receiver<bool>,
) -> End {
    let pace = Pace::new();
    let service = service_fn(|request| {
        let turn = Turn::begin(&pace, request.version());
        let is_last = pace.requests() >= shared.listener.limits.requests;
        let shared = Arc::clone(shared);
        async move { Ok::<_, Infallible>(answer(&shared, request, client, turn, is_last).await) }
    });
    let connection = shared.http.serve_connection(TokioIo::new(Paced::new(stream, &pace)), service);
    let mut connection = pin!(connection);
    let mut watch = Watch::new(shared.listener.limits, Arc::clone(&pace));
    let mut is_stopping = false;
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%client, %error, "a connection ended badly");
                }
                return if is_stopping { End::Stopping } else { End::Said };
            }
            verdict = watch.next() => match verdict {
                Verdict::EndPolitely => connection.as_mut().graceful_shutdown(),
                Verdict::HeaderTooSlow => return End::Cut(Cut::Header),
                Verdict::TakesNothing => return End::Cut(Cut::Stall),
            },
            _ = stopping.wait_for(|stopping| *stopping), if !is_stopping => {
                is_stopping = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

async fn answer<S: Service>(
    shared: &Shared<S>,
    request: Request<Incoming>,
    client: SocketAddr,
    turn: Turn,
    mut is_last: bool,
) -> Response<Answer<S::Body>> {
    let (parts, body) = request.into_parts();
    let version = parts.version;
    let whole = match form::check(&parts) {
        Ok(()) => body::whole(body, &shared.listener.limits).await.map_err(Refusal::from),
        Err(unclear) => Err(unclear.into()),
    };
    let mut response = match whole {
        Ok(body) => {
            let request = Request::from_parts(parts, body);
            shared.service.answer(request, client).await.map(Words::Served)
        }
        Err(refusal) => {
            // Where this request ends and the next begins is in doubt.
            is_last = true;
            refusal.answer().map(|bytes: Bytes| Words::Refused(Some(bytes)))
        }
    };
    if is_last && version < Version::HTTP_2 {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response.map(|body| Answer::new(body, turn))
}
