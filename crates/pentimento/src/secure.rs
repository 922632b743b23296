//! TLS of the delivery listener: its socket, its certificates, and the authority that issues some.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use acme::{Challenges, Keeper, Settings, Store};
use anyhow::Context;
use listener::tls::{Reload, Tls};
use telemetry::Metrics;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::config::{Acme, Config};
use crate::data_dir::DataDir;
use crate::listeners::bind;

/// Bound, with its certificates read; nothing is accepted yet.
pub struct Secure {
    pub socket: TcpListener,
    pub address: SocketAddr,
    /// Where clients without TLS are sent away.
    pub redirect: Option<TcpListener>,
    #[cfg(feature = "http3")]
    pub http3: Option<std::net::UdpSocket>,
    pub tls: Tls,
    pub challenges: Challenges,
    pub upkeep: Upkeep,
}

/// What keeps the certificates in force.
pub struct Upkeep {
    reload: Reload,
    keeper: Option<Keeper>,
    hangup: Signal,
}

impl Secure {
    /// `None` without `[tls] listen`.
    pub async fn open(config: &Config, data: &DataDir) -> anyhow::Result<Option<Self>> {
        let Some(address) = config.tls.listen else { return Ok(None) };
        // Before the node says that it is ready: a process that does not listen for this signal ends of it.
        let hangup = signal(SignalKind::hangup()).context("SIGHUP cannot be listened for")?;
        let store = Store::in_folder(data.acme());
        let issued = config.acme.hosts.iter().map(|host| store.files(host));
        let reload = Reload::start(config.certificates.iter().cloned(), issued.collect::<Vec<_>>())
            .context("a certificate cannot be used")?;
        let tls = Tls::with(Arc::clone(&reload.certificates)).context("TLS cannot be set up")?;
        let socket = bind(address).await?;
        let redirect = match config.tls.redirect_listen {
            Some(address) => Some(bind(address).await?),
            None => None,
        };
        let challenges = Challenges::default();
        let keeper = (!config.acme.hosts.is_empty()).then(|| Keeper {
            settings: settings(&config.acme, store),
            challenges: challenges.clone(),
            issued: Arc::clone(&reload.now),
        });
        let address = socket.local_addr()?;
        #[cfg(feature = "http3")]
        let http3 = match config.tls.http3 {
            true => Some(bind_udp(address)?),
            false => None,
        };
        Ok(Some(Self {
            socket,
            address,
            redirect,
            #[cfg(feature = "http3")]
            http3,
            tls,
            challenges,
            upkeep: Upkeep { reload, keeper, hangup },
        }))
    }
}

#[cfg(feature = "http3")]
fn bind_udp(address: SocketAddr) -> anyhow::Result<std::net::UdpSocket> {
    std::net::UdpSocket::bind(address).with_context(|| format!("cannot listen on {address} for HTTP/3"))
}

impl Upkeep {
    /// Certificates follow their files, SIGHUP is a reason to look, and missing ones are asked for.
    pub async fn run(self, metrics: Arc<Metrics>) {
        let Self { reload, keeper, mut hangup } = self;
        tell(&reload, &metrics);
        let now = Arc::clone(&reload.now);
        let on_hangup = async move {
            while hangup.recv().await.is_some() {
                now.notify_one();
            }
        };
        let keep = async {
            if let Some(keeper) = keeper {
                keeper.run().await;
            }
        };
        tokio::join!(reload.follow(|reload| tell(reload, &metrics)), on_hangup, keep);
    }
}

fn tell(reload: &Reload, metrics: &Metrics) {
    for certificate in reload.in_force() {
        let expires = certificate.not_after.duration_since(UNIX_EPOCH).unwrap_or_default();
        for name in &certificate.names {
            metrics.certificate_expires(name, i64::try_from(expires.as_secs()).unwrap_or(i64::MAX));
        }
    }
}

fn settings(acme: &Acme, store: Store) -> Settings {
    Settings {
        hosts: acme.hosts.clone(),
        contact: acme.contact.as_ref().map(|address| format!("mailto:{address}")),
        directory: acme.directory.to_string(),
        directory_root: acme.directory_root.clone(),
        store,
    }
}
