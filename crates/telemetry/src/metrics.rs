//! Every metric that a node exposes, in one table.
//!
//! Handles are made once: the hot path only adds to counters that it already holds.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::connections::{Connections, ListenerTable};
use crate::upstreams::{UpstreamGauges, UpstreamTable};

/// Of [`AnswerLabels::cache`].
const HIT: &str = "hit";

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AnswerLabels {
    /// `hit`, or the reason for going forward (RFC 9211).
    cache: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CdnCallLabels {
    cdn: String,
    end: PurgeEnd,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
enum PurgeEnd {
    Done,
    Unchanged,
    Error,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PurgeLabels {
    end: PurgeEnd,
}

pub struct Metrics {
    registry: Registry,
    answers: Family<AnswerLabels, Counter>,
    /// Of `answers`, what is counted all the time: hits, whole and not modified.
    hits: [(u16, Counter); 2],
    answer_seconds: Histogram,
    render_seconds: Histogram,
    purges: Family<PurgeLabels, Counter>,
    purge_seconds: Histogram,
    cdn_calls: Family<CdnCallLabels, Counter>,
    refused_renders: Counter,
    lost_render_workers: Counter,
    listeners: ListenerTable,
    gauges: GaugeHandles,
    upstreams: UpstreamTable,
}

/// What is read at the moment that somebody asks for the metrics.
#[derive(Debug, Clone, Copy, Default)]
pub struct Gauges {
    pub memory_entries: u64,
    pub memory_bytes: u64,
    pub disk_entries: u64,
    pub disk_bytes: u64,
    pub disk_write_errors: u64,
    pub disk_storing_paused: bool,
    pub applied_position: u64,
    pub fences: u64,
    pub lease_millis: u64,
}

#[derive(Default)]
struct GaugeHandles {
    memory_entries: Gauge<u64, AtomicU64>,
    memory_bytes: Gauge<u64, AtomicU64>,
    disk_entries: Gauge<u64, AtomicU64>,
    disk_bytes: Gauge<u64, AtomicU64>,
    disk_write_errors: Gauge<u64, AtomicU64>,
    disk_storing_paused: Gauge<u64, AtomicU64>,
    applied_position: Gauge<u64, AtomicU64>,
    fences: Gauge<u64, AtomicU64>,
    lease_millis: Gauge<u64, AtomicU64>,
}

impl Metrics {
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("pentimento");
        let answers = Family::<AnswerLabels, Counter>::default();
        let hits = |status| (status, answers.get_or_create(&AnswerLabels { cache: HIT, status }).clone());
        let metrics = Self {
            hits: [hits(200), hits(304)],
            answers: answers.clone(),
            answer_seconds: Histogram::new(exponential_buckets(0.0001, 4.0, 10)),
            render_seconds: Histogram::new(exponential_buckets(0.001, 3.0, 10)),
            purges: Family::default(),
            purge_seconds: Histogram::new(exponential_buckets(0.002, 3.0, 12)),
            cdn_calls: Family::default(),
            refused_renders: Counter::default(),
            lost_render_workers: Counter::default(),
            listeners: ListenerTable::default(),
            gauges: GaugeHandles::default(),
            upstreams: UpstreamTable::default(),
            registry: Registry::default(),
        };
        registry.register(
            "answers",
            "Answers to clients, by what the cache did and by status",
            metrics.answers.clone(),
        );
        let seconds = Unit::Seconds;
        registry.register_with_unit(
            "answer",
            "Time from a request to its answer's head",
            seconds.clone(),
            metrics.answer_seconds.clone(),
        );
        registry.register_with_unit(
            "render",
            "Time to render a derivative",
            seconds.clone(),
            metrics.render_seconds.clone(),
        );
        registry.register("purges", "Purges that ended, by how", metrics.purges.clone());
        registry.register_with_unit(
            "purge",
            "Time from a purge's receipt to its end",
            seconds,
            metrics.purge_seconds.clone(),
        );
        registry.register(
            "cdn_calls",
            "Calls to other people's CDNs that ended, by how",
            metrics.cdn_calls.clone(),
        );
        registry.register(
            "refused_renders",
            "Renders refused because the queue was full",
            metrics.refused_renders.clone(),
        );
        registry.register(
            "lost_render_workers",
            "Render workers that died over a picture or were not believed",
            metrics.lost_render_workers.clone(),
        );
        metrics.listeners.register(&mut registry);
        let gauges = &metrics.gauges;
        for (name, help, gauge) in [
            ("memory_entries", "Stored responses in memory", &gauges.memory_entries),
            ("memory_bytes", "Bytes of stored responses in memory", &gauges.memory_bytes),
            ("disk_entries", "Stored responses on disk", &gauges.disk_entries),
            ("disk_bytes", "Bytes of stored responses on disk", &gauges.disk_bytes),
            ("disk_write_errors", "Stored responses that the disk refused", &gauges.disk_write_errors),
            (
                "disk_storing_paused",
                "1 while storing on disk is paused after an error",
                &gauges.disk_storing_paused,
            ),
            (
                "applied_position",
                "The position of the purge log that this node has applied",
                &gauges.applied_position,
            ),
            ("fences", "Fences that this node keeps", &gauges.fences),
            ("lease_milliseconds", "How long this node may still answer unasked", &gauges.lease_millis),
        ] {
            registry.register(name, help, gauge.clone());
        }
        metrics.upstreams.register(&mut registry);
        Self { registry, ..metrics }
    }

    pub fn answered(&self, cache: &'static str, status: u16, seconds: f64) {
        match self.hits.iter().find(|(counted, _)| *counted == status && cache == HIT) {
            Some((_, counter)) => counter.inc(),
            None => self.answers.get_or_create(&AnswerLabels { cache, status }).inc(),
        };
        self.answer_seconds.observe(seconds);
    }

    pub fn rendered(&self, seconds: f64) {
        self.render_seconds.observe(seconds);
    }

    pub fn render_refused(&self) {
        self.refused_renders.inc();
    }

    pub fn render_worker_lost(&self) {
        self.lost_render_workers.inc();
    }

    pub fn cdn_call_ended(&self, cdn: &str, done: bool) {
        let end = if done { PurgeEnd::Done } else { PurgeEnd::Error };
        self.cdn_calls.get_or_create(&CdnCallLabels { cdn: cdn.to_owned(), end }).inc();
    }

    pub fn purge_ended(&self, unchanged: bool, failed: bool, seconds: f64) {
        let end = match (failed, unchanged) {
            (true, _) => PurgeEnd::Error,
            (false, true) => PurgeEnd::Unchanged,
            (false, false) => PurgeEnd::Done,
        };
        self.purges.get_or_create(&PurgeLabels { end }).inc();
        self.purge_seconds.observe(seconds);
    }

    /// The counters of the listener with this name.
    pub fn connections(&self, listener: &'static str) -> Connections {
        self.listeners.listener(listener)
    }

    pub fn certificate_expires(&self, name: &str, unix: i64) {
        self.listeners.certificate_expires(name, unix);
    }

    /// The whole table in Prometheus's text format.
    pub fn text(&self, now: Gauges, upstreams: &[UpstreamGauges]) -> String {
        let _shown = self.upstreams.show(upstreams);
        let gauges = &self.gauges;
        for (gauge, value) in [
            (&gauges.memory_entries, now.memory_entries),
            (&gauges.memory_bytes, now.memory_bytes),
            (&gauges.disk_entries, now.disk_entries),
            (&gauges.disk_bytes, now.disk_bytes),
            (&gauges.disk_write_errors, now.disk_write_errors),
            (&gauges.disk_storing_paused, u64::from(now.disk_storing_paused)),
            (&gauges.applied_position, now.applied_position),
            (&gauges.fences, now.fences),
            (&gauges.lease_millis, now.lease_millis),
        ] {
            gauge.set(value);
        }
        let mut text = String::new();
        // Writing into a String cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cut;

    #[test]
    fn what_happened_is_in_the_text() {
        let metrics = Metrics::new();
        metrics.answered("hit", 200, 0.0002);
        metrics.purge_ended(false, false, 0.01);
        let connections = metrics.connections("delivery");
        let _one_that_stays = connections.open();
        drop(connections.open());
        connections.cut(Cut::Stall);
        metrics.certificate_expires("a.example", 1_800_000_000);
        let slow =
            UpstreamGauges { upstream: "http://h".into(), outstanding: 3, failures: 2, ..Default::default() };
        let gone = UpstreamGauges { upstream: "http://gone".into(), ..slow.clone() };
        metrics.text(Gauges::default(), &[slow.clone(), gone]);
        let text = metrics.text(Gauges { fences: 7, ..Gauges::default() }, &[slow.clone(), slow]);
        assert!(!text.contains("http://gone"), "{text}");
        for line in [
            "pentimento_answers_total{cache=\"hit\",status=\"200\"} 1",
            "pentimento_purges_total{end=\"Done\"} 1",
            "pentimento_fences 7",
            "pentimento_certificate_expires{name=\"a.example\"} 1800000000",
            "pentimento_connections_open{listener=\"delivery\"} 1",
            "pentimento_connections_total{listener=\"delivery\"} 2",
            "pentimento_connections_cut_total{listener=\"delivery\",why=\"stall\"} 1",
            "pentimento_connections_cut_total{listener=\"delivery\",why=\"full\"} 0",
            "pentimento_upstream_outstanding{upstream=\"http://h\"} 6",
            "pentimento_upstream_failures_total{upstream=\"http://h\"} 4",
            "pentimento_upstream_fit{upstream=\"http://h\"} 0",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}
