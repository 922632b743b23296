//! What listeners count.

use std::sync::atomic::AtomicI64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ListenerLabels {
    listener: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CutLabels {
    listener: &'static str,
    why: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CertificateLabels {
    name: String,
}

/// Why a listener ended a connection against its client's will.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// All places were taken.
    Full,
    /// The client had as many as one may have.
    Client,
    /// A proxy did not say in time, or not clearly, whose connection it was.
    ProxyHeader,
    /// No TLS came about.
    Handshake,
    /// A header section did not end in time.
    Header,
    /// The client took nothing of its answer.
    Stall,
}

impl Cut {
    const ALL: [Cut; 6] = [Cut::Full, Cut::Client, Cut::ProxyHeader, Cut::Handshake, Cut::Header, Cut::Stall];

    fn name(self) -> &'static str {
        match self {
            Cut::Full => "full",
            Cut::Client => "client",
            Cut::ProxyHeader => "proxy-header",
            Cut::Handshake => "handshake",
            Cut::Header => "header",
            Cut::Stall => "stall",
        }
    }
}

/// All listeners.
#[derive(Default)]
pub(crate) struct ListenerTable {
    open: Family<ListenerLabels, Gauge<i64, AtomicI64>>,
    accepted: Family<ListenerLabels, Counter>,
    cut: Family<CutLabels, Counter>,
    expiries: Family<CertificateLabels, Gauge<i64, AtomicI64>>,
}

impl ListenerTable {
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register("connections_open", "Connections that are open", self.open.clone());
        registry.register("connections", "Connections that were served", self.accepted.clone());
        registry.register(
            "connections_cut",
            "Connections that a listener ended against its client's will",
            self.cut.clone(),
        );
        registry.register(
            "certificate_expires",
            "Unix time at which the certificate for a name expires",
            self.expiries.clone(),
        );
    }

    pub(crate) fn certificate_expires(&self, name: &str, unix: i64) {
        self.expiries.get_or_create(&CertificateLabels { name: name.to_owned() }).set(unix);
    }

    pub(crate) fn listener(&self, listener: &'static str) -> Connections {
        let labels = ListenerLabels { listener };
        for cut in Cut::ALL {
            // A counter that is there from the beginning shows its first increase.
            let _ = self.cut.get_or_create(&CutLabels { listener, why: cut.name() });
        }
        Connections {
            listener,
            open: self.open.get_or_create(&labels).clone(),
            accepted: self.accepted.get_or_create(&labels).clone(),
            cut: self.cut.clone(),
        }
    }
}

/// The counters of one listener.
#[derive(Clone)]
pub struct Connections {
    listener: &'static str,
    open: Gauge<i64, AtomicI64>,
    accepted: Counter,
    cut: Family<CutLabels, Counter>,
}

/// Counts a connection as open until it is dropped.
pub struct OpenConnection(Gauge<i64, AtomicI64>);

impl Connections {
    pub fn open(&self) -> OpenConnection {
        self.accepted.inc();
        self.open.inc();
        OpenConnection(self.open.clone())
    }

    pub fn cut(&self, why: Cut) {
        self.cut.get_or_create(&CutLabels { listener: self.listener, why: why.name() }).inc();
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.dec();
    }
}
