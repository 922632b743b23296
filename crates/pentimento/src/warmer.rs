//! Asks this node for URLs, so that they are stored when clients come.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use api::faces::Warmer;
use bytes::Bytes;
use http::{Request, header};
use http_body_util::BodyExt;
use origin::FetchLimits;
use tokio::sync::{Mutex, mpsc};
use url::{Position, Url};

/// That wait; whatever is beyond them is counted as failed.
const WAITING_MAX: usize = 10_000;
/// At a time, so that clients come first.
const AT_ONCE: usize = 2;
const PATIENCE: Duration = Duration::from_secs(60);

/// The delivery listener of this process.
pub struct OwnDelivery {
    waiting: mpsc::Sender<Url>,
}

impl OwnDelivery {
    pub fn start(client: origin::Client, delivery: SocketAddr) -> anyhow::Result<Self> {
        let (waiting, asked) = mpsc::channel(WAITING_MAX);
        let asked = Arc::new(Mutex::new(asked));
        let address: Url = format!("http://{delivery}").parse()?;
        for _ in 0..AT_ONCE {
            tokio::spawn(ask_all(client.clone(), address.clone(), Arc::clone(&asked)));
        }
        Ok(Self { waiting })
    }
}

impl Warmer for OwnDelivery {
    fn warm(&self, urls: Vec<Url>) -> usize {
        urls.into_iter().filter_map(|url| self.waiting.try_send(url).ok()).count()
    }
}

async fn ask_all(client: origin::Client, delivery: Url, asked: Arc<Mutex<mpsc::Receiver<Url>>>) {
    loop {
        let Some(url) = asked.lock().await.recv().await else { return };
        if let Err(why) = ask(&client, &delivery, &url).await {
            tracing::info!(%url, why, "it cannot be asked for beforehand");
        }
    }
}

async fn ask(client: &origin::Client, delivery: &Url, url: &Url) -> Result<(), String> {
    let host = url[Position::BeforeHost..Position::AfterPort].to_owned();
    let request = Request::get(&url[Position::BeforePath..Position::AfterQuery])
        .header(header::HOST, host)
        .body(Bytes::new())
        .map_err(|error| error.to_string())?;
    let limits = FetchLimits { first_byte: PATIENCE, total: PATIENCE, ..FetchLimits::default() };
    let answer = client.forward(delivery, true, &limits, request).await.map_err(|error| error.to_string())?;
    let status = answer.status();
    let mut body = answer.into_body();
    while let Some(frame) = body.frame().await {
        frame.map_err(|error| error.to_string())?;
    }
    if status.is_success() { Ok(()) } else { Err(format!("the answer is {status}")) }
}
