//! The life of one connection, top to bottom: whose it is, its requests, its end.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;

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
use tokio_rustls::server::TlsStream;

use crate::answer::{Answer, Words};
use crate::interim::{self, Arriving};
use crate::limits::Limits;
use crate::line::Line;
use crate::listener::{Listener, Service, Shared};
use crate::pace::{Pace, Paced, Turn, Verdict, Watch};
use crate::place::Place;
use crate::proxy::NoClient;
use crate::quick::{self, Next};
use crate::refusal::{Refusal, turn_away};
use crate::{body, farewell, form};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A connection as it was accepted.
pub(crate) struct Accepted {
    pub stream: TcpStream,
    pub peer: SocketAddr,
    pub place: Place,
    pub turning_away: Arc<Semaphore>,
}

/// A connection of which it is known whose it is.
struct Opened {
    wire: Wire,
    client: SocketAddr,
    _place: Place,
}

enum Wire {
    Plain(TcpStream),
    Secure(Box<TlsStream<TcpStream>>),
}

pub(crate) async fn serve<S: Service>(
    shared: Arc<Shared<S>>,
    accepted: Accepted,
    mut stopping: watch::Receiver<bool>,
) {
    let opened = tokio::select! {
        opened = open(&shared.listener, accepted) => opened,
        // Nothing has been asked yet.
        _ = stopping.wait_for(|stopping| *stopping) => return,
    };
    match opened {
        Ok(Opened { wire, client, _place }) => {
            let _open = shared.listener.counts.open();
            match wire {
                Wire::Plain(stream) => converse(&shared, stream, client, stopping).await,
                Wire::Secure(stream) => converse(&shared, *stream, client, stopping).await,
            }
        }
        Err(Some(why)) => shared.listener.counts.cut(why),
        Err(None) => {}
    }
}

/// Everything before the first request. A client that leaves, as the checks of a load balancer do, is not cut.
async fn open(listener: &Listener, accepted: Accepted) -> Result<Opened, Option<Cut>> {
    let Accepted { mut stream, peer, mut place, turning_away } = accepted;
    let patience = listener.limits.header_time;
    let client = match timeout(patience, listener.proxies.client(&mut stream, peer)).await {
        Ok(Ok(client)) => client,
        Ok(Err(NoClient::Io(_))) => return Err(None),
        Ok(Err(error)) => {
            tracing::debug!(%peer, %error, "a proxy's connection was cut");
            return Err(Some(Cut::ProxyHeader));
        }
        Err(_) => return Err(Some(Cut::ProxyHeader)),
    };
    if let Err(why) = place.belongs_to(client.ip()) {
        if listener.tls.is_none()
            && let Ok(_permit) = turning_away.try_acquire()
        {
            turn_away(stream, why).await;
        }
        return Err(Some(Cut::Client));
    }
    let wire = match &listener.tls {
        None => Wire::Plain(stream),
        Some(tls) => match timeout(patience, tls.0.accept(stream)).await {
            Ok(Ok(stream)) => Wire::Secure(Box::new(stream)),
            // What rustls has against a handshake is invalid data; all else is the client's leaving.
            Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => {
                tracing::debug!(%client, %error, "no TLS came about");
                return Err(Some(Cut::Handshake));
            }
            Ok(Err(_)) => return Err(None),
            Err(_) => return Err(Some(Cut::Handshake)),
        },
    };
    Ok(Opened { wire, client, _place: place })
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
    let line = Arc::new(Mutex::new(Line::new(stream)));
    match requests(shared, &line, client, stopping).await {
        End::Said => {
            if let Some(Ok(mut line)) = Arc::into_inner(line).map(Mutex::into_inner) {
                line.hand_on_everything();
                farewell::say(line).await;
            }
        }
        End::Stopping => {}
        End::Cut(why) => shared.listener.counts.cut(why),
    }
}

/// Everything that is asked and answered on one connection: the short way for as long as answers are there at once, and
/// hyper for each request that has to wait. What is not plainly a request of the plainest kind is hyper's from there on.
async fn requests<S: Service>(
    shared: &Arc<Shared<S>>,
    line: &Arc<Mutex<Line<impl AsyncRead + AsyncWrite + Unpin + Send + 'static>>>,
    client: SocketAddr,
    stopping: watch::Receiver<bool>,
) -> End {
    let limits = &shared.listener.limits;
    let pace = Pace::new();
    let mut minded = Minded::new(limits, &pace, stopping);
    let waiting = || {
        service_fn(|request| {
            let turn = Turn::begin(&pace, request.version());
            let is_last = pace.requests() >= shared.listener.limits.requests;
            let (shared, line, pace) = (Arc::clone(shared), Arc::clone(line), Arc::clone(&pace));
            async move {
                let informed = Informed { stream: &line, pace: &pace };
                Ok::<_, Infallible>(answer(&shared, request, client, turn, is_last, informed).await)
            }
        })
    };
    let mut paced = Paced::new(line, &pace);
    loop {
        let quick = quick::answer(&shared.service, limits, line, &mut paced, &pace, client);
        let next = match minded.during(quick).await {
            Ok(Ok(next)) => next,
            Ok(Err(error)) => {
                tracing::debug!(%client, %error, "a connection ended badly");
                Next::End
            }
            Err(cut) => return End::Cut(cut),
        };
        let stream = TokioIo::new(Paced::new(line, &pace));
        let ended = match next {
            Next::End => return minded.end(),
            Next::Wait(len) => {
                quick::lock(line).hand_on(len);
                let mut connection = pin!(shared.http1.serve_connection(stream, waiting()));
                let mut is_told = false;
                let answered = poll_fn(|context| {
                    if pace.is_winding_up() && !std::mem::replace(&mut is_told, true) {
                        connection.as_mut().graceful_shutdown();
                    }
                    match connection.as_mut().poll(context) {
                        Poll::Pending if pace.is_between_requests() => Poll::Ready(None),
                        polled => polled.map(|ended| Some(ended.map_err(BoxError::from))),
                    }
                });
                minded.during(answered).await
            }
            Next::Other => {
                quick::lock(line).hand_on_everything();
                let mut connection = pin!(shared.http.serve_connection(stream, waiting()));
                let mut is_told = false;
                let ended = poll_fn(|context| {
                    if pace.is_winding_up() && !std::mem::replace(&mut is_told, true) {
                        connection.as_mut().graceful_shutdown();
                    }
                    connection.as_mut().poll(context).map(Some)
                });
                minded.during(ended).await
            }
        };
        match ended {
            Ok(None) => {}
            Ok(Some(ended)) => {
                if let Err(error) = ended {
                    tracing::debug!(%client, %error, "a connection ended badly");
                }
                return minded.end();
            }
            Err(cut) => return End::Cut(cut),
        }
    }
}

/// Who looks after a connection while it gets on.
struct Minded {
    pace: Arc<Pace>,
    watch: Watch,
    stopping: watch::Receiver<bool>,
    is_stopping: bool,
}

impl Minded {
    fn new(limits: &Limits, pace: &Arc<Pace>, stopping: watch::Receiver<bool>) -> Self {
        let watch = Watch::new(*limits, Arc::clone(pace));
        Self { pace: Arc::clone(pace), watch, stopping, is_stopping: false }
    }

    /// Lets a part of the conversation go on while it keeps within the limits. When it is to end politely it is polled
    /// again, and sees that in [`Pace::is_winding_up`].
    async fn during<R>(&mut self, part: impl Future<Output = R>) -> Result<R, Cut> {
        let mut part = pin!(part);
        loop {
            tokio::select! {
                biased;
                done = part.as_mut() => return Ok(done),
                verdict = self.watch.next() => match verdict {
                    Verdict::EndPolitely => self.pace.wind_up(),
                    Verdict::HeaderTooSlow => return Err(Cut::Header),
                    Verdict::TakesNothing => return Err(Cut::Stall),
                },
                _ = self.stopping.wait_for(|stopping| *stopping), if !self.is_stopping => {
                    self.is_stopping = true;
                    self.pace.wind_up();
                }
            }
        }
    }

    fn end(&self) -> End {
        if self.is_stopping { End::Stopping } else { End::Said }
    }
}

/// Where interim responses go.
struct Informed<'a, T> {
    stream: &'a Mutex<T>,
    pace: &'a Pace,
}

impl<T: AsyncWrite + Unpin> Informed<'_, T> {
    /// Passes interim responses on until there is an answer.
    async fn until<R>(&self, arriving: &Arriving, answer: impl Future<Output = R>) -> R {
        let mut answer = pin!(answer);
        let answer = loop {
            tokio::select! {
                biased;
                bytes = arriving.next() => self.send(&bytes).await,
                answer = answer.as_mut() => break answer,
            }
        };
        if let Some(bytes) = arriving.taken() {
            self.send(&bytes).await;
        }
        answer
    }

    async fn send(&self, bytes: &[u8]) {
        if let Err(error) = interim::send(self.stream, self.pace, bytes).await {
            tracing::debug!(%error, "an interim response could not be sent");
        }
    }
}

async fn answer<S: Service>(
    shared: &Shared<S>,
    request: Request<Incoming>,
    client: SocketAddr,
    turn: Turn,
    mut is_last: bool,
    informed: Informed<'_, impl AsyncWrite + Unpin>,
) -> Response<Answer<S::Body>> {
    let (parts, body) = request.into_parts();
    let version = parts.version;
    let whole = match form::check(&parts) {
        Ok(()) => body::whole(body, &shared.listener.limits).await.map_err(Refusal::from),
        Err(unclear) => Err(unclear.into()),
    };
    let mut response = match whole {
        Ok(body) => {
            let mut request = Request::from_parts(parts, body);
            let answer = if version == Version::HTTP_11 {
                let arriving = Arriving::new();
                request.extensions_mut().insert(arriving.inform());
                informed.until(&arriving, shared.service.answer(request, client)).await
            } else {
                shared.service.answer(request, client).await
            };
            answer.map(Words::Served)
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::StatusCode;
    use http_body_util::Empty;
    use telemetry::Metrics;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;
    use crate::interim::Inform;
    use crate::listener::{Listener, http1, protocols};
    use crate::place::Places;
    use crate::proxy::Proxies;

    /// Answers with an empty body after a hint; both name the path.
    async fn hinting(request: Request<Bytes>, _client: SocketAddr) -> Response<Empty<Bytes>> {
        let path = HeaderValue::from_str(request.uri().path()).unwrap();
        let mut hint = Response::new(());
        *hint.status_mut() = StatusCode::EARLY_HINTS;
        hint.headers_mut().insert("link", path.clone());
        request.extensions().get::<Inform>().unwrap()(hint);
        tokio::task::yield_now().await;
        let mut answer = Response::new(Empty::new());
        answer.headers_mut().insert("x-path", path);
        answer
    }

    /// The client is slow to read, and all its requests are there. hyper 1.12 takes up the next one only when the last
    /// answer has gone out; were that to change, hints would be left out, and this would still hold.
    #[tokio::test]
    async fn a_hint_does_not_overtake_an_answer_that_is_still_on_its_way() {
        let second = Duration::from_secs(1);
        let limits = Limits {
            header_time: 10 * second,
            header_bytes: 16 << 10,
            body_time: second,
            body_bytes: 1024,
            idle_time: 10 * second,
            stall_time: 10 * second,
            streams: 1,
            requests: 100,
            drain: second,
        };
        let http = protocols(&limits);
        let counts = Metrics::default().connections("delivery");
        let listener =
            Listener { limits, places: Places::new(1, 1), proxies: Proxies::default(), tls: None, counts };
        let shared = Arc::new(Shared { http1: http1(&limits), listener, service: hinting, http });
        // All requests are there at once; of the answers only a few bytes find room.
        let ((mut to, requests_in), (answers_out, mut from)) = (duplex(64 << 10), duplex(64));
        let server = tokio::io::join(requests_in, answers_out);
        let (_stop, stopping) = watch::channel(false);
        let server = Arc::new(Mutex::new(Line::new(server)));
        let peer = SocketAddr::from(([127, 0, 0, 1], 1));
        let serving = tokio::spawn(async move { requests(&shared, &server, peer, stopping).await });
        let asking: String = (0..20).map(|n| format!("GET /{n} HTTP/1.1\r\nHost: a\r\n\r\n")).collect();
        to.write_all(asking.as_bytes()).await.unwrap();
        let (mut seen, mut piece) = (String::new(), [0; 7]);
        while !(seen.contains("x-path: /19") && seen.ends_with("\r\n\r\n")) {
            let read = from.read(&mut piece).await.unwrap();
            seen.push_str(std::str::from_utf8(&piece[..read]).unwrap());
        }
        serving.abort();
        let mut answered = 0;
        for head in seen.split_terminator("\r\n\r\n") {
            let field = if head.starts_with("HTTP/1.1 103 Early Hints\r\n") { "link" } else { "x-path" };
            assert!(
                head.contains(&format!("\r\n{field}: /{answered}\r\n"))
                    || head.ends_with(&format!("\r\n{field}: /{answered}")),
                "{answered}: {head}"
            );
            assert_eq!(head.matches("HTTP/1.1").count(), 1, "{head}");
            answered += usize::from(field == "x-path");
        }
        assert_eq!(answered, 20);
    }
}
