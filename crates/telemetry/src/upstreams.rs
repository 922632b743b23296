//! The metrics of those whom a node asks: upstreams of sites, nodes above.

use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, PoisonError};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// What is read of one upstream at the moment that somebody asks for the metrics.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UpstreamGauges {
    pub upstream: String,
    pub outstanding: u64,
    pub queued: u64,
    pub is_fit: bool,
    pub failures: u64,
    pub ejections: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UpstreamLabels {
    upstream: String,
}

#[derive(Default)]
pub(crate) struct UpstreamTable {
    asked: Mutex<()>,
    outstanding: Family<UpstreamLabels, Gauge<u64, AtomicU64>>,
    queued: Family<UpstreamLabels, Gauge<u64, AtomicU64>>,
    fit: Family<UpstreamLabels, Gauge<u64, AtomicU64>>,
    failures: Family<UpstreamLabels, Counter>,
    ejections: Family<UpstreamLabels, Counter>,
}

impl UpstreamTable {
    pub(crate) fn register(&self, registry: &mut Registry) {
        for (name, help, gauge) in [
            ("upstream_outstanding", "Requests under way to an upstream", &self.outstanding),
            ("upstream_queued", "Requests that wait for a place at an upstream", &self.queued),
            ("upstream_fit", "1 while an upstream is asked, 0 while it is left alone", &self.fit),
        ] {
            registry.register(name, help, gauge.clone());
        }
        for (name, help, counter) in [
            ("upstream_failures", "Requests that an upstream did not answer", &self.failures),
            ("upstream_ejections", "Times that an upstream was left alone for a while", &self.ejections),
        ] {
            registry.register(name, help, counter.clone());
        }
    }

    /// Puts these into the table, for as long as nobody else does: whoever asks for the text meanwhile waits. One
    /// upstream may stand in several pools: its numbers are added.
    pub(crate) fn show(&self, upstreams: &[UpstreamGauges]) -> MutexGuard<'_, ()> {
        let shown = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let Self { outstanding, queued, fit, failures, ejections, .. } = self;
        [outstanding, queued, fit].into_iter().for_each(Family::clear);
        [failures, ejections].into_iter().for_each(Family::clear);
        for now in upstreams {
            let labels = UpstreamLabels { upstream: now.upstream.clone() };
            outstanding.get_or_create(&labels).inc_by(now.outstanding);
            queued.get_or_create(&labels).inc_by(now.queued);
            fit.get_or_create(&labels).set(u64::from(now.is_fit));
            failures.get_or_create(&labels).inc_by(now.failures);
            ejections.get_or_create(&labels).inc_by(now.ejections);
        }
        shown
    }
}
