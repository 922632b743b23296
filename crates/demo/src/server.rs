//! The web server around the folder.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};
use tracing::{debug, info};

use crate::answer::{Answer, answer};
use crate::gallery::Gallery;

const CONNECTIONS_MAX: usize = 256;
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// For answers that are under way when we are told to stop.
const FAREWELL: Duration = Duration::from_secs(5);
/// After a failure to accept, such as no file descriptors being left.
const BREATHER: Duration = Duration::from_millis(50);

/// Serves the pictures in a folder until `shutdown` is done.
pub async fn serve(listener: TcpListener, dir: PathBuf, shutdown: impl Future) -> io::Result<()> {
    serve_gallery(listener, Gallery::in_folder(dir), shutdown).await
}

pub async fn serve_gallery(listener: TcpListener, gallery: Gallery, shutdown: impl Future) -> io::Result<()> {
    info!(address = %listener.local_addr()?, "the demo source serves");
    let connections = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let graceful = GracefulShutdown::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accept = async {
            // Never closed, so it never fails.
            let permit = Arc::clone(&connections).acquire_owned().await;
            (listener.accept().await, permit)
        };
        let (accepted, permit) = tokio::select! {
            _ = &mut shutdown => break,
            accepted = accept => accepted,
        };
        let Ok((stream, _)) = accepted else {
            sleep(BREATHER).await;
            continue;
        };
        let gallery = gallery.clone();
        let service = service_fn(move |request| respond(gallery.clone(), request));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            .serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                debug!(%error, "a connection ended early");
            }
            drop(permit);
        });
    }
    // Whoever has not finished by then is cut off with the process.
    let _ = timeout(FAREWELL, graceful.shutdown()).await;
    Ok(())
}

async fn respond(gallery: Gallery, request: Request<Incoming>) -> Result<Answer, Infallible> {
    let request = request.map(drop);
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let answered = spawn_blocking(move || answer(&gallery, &request)).await;
    let answer = answered.unwrap_or_else(|_| {
        let mut failed = Response::new(Full::new(Bytes::from_static(b"the answer was lost\n")));
        *failed.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        failed
    });
    info!(%method, path, status = answer.status().as_u16(), "answered");
    Ok(answer)
}
