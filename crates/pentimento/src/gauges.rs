//! What `/metrics` tells of this node beside what it counts.

use std::sync::Arc;

use edge::Edge;
use origin::MemberReport;
use telemetry::{Gauges, UpstreamGauges};

use crate::compose::Members;

pub fn metrics_text(edge: &Arc<Edge>, members: Members) -> Arc<dyn Fn() -> String + Send + Sync> {
    let edge = Arc::clone(edge);
    Arc::new(move || {
        let stats = edge.cache.stats();
        let upstreams: Vec<_> = members().into_iter().map(upstream_gauges).collect();
        let gauges = Gauges {
            memory_entries: stats.memory_entries,
            memory_bytes: stats.memory_bytes,
            disk_entries: stats.disk_entries,
            disk_bytes: stats.disk_bytes,
            disk_write_errors: stats.write_errors,
            disk_storing_paused: stats.storing_paused,
            applied_position: edge.view.applied().get(),
            fences: edge.view.fences() as u64,
            lease_millis: edge.view.lease_remaining(),
        };
        edge.metrics.text(gauges, &upstreams)
    })
}

fn upstream_gauges(member: MemberReport) -> UpstreamGauges {
    let MemberReport { url, outstanding, queued, failures, ejections, is_fit } = member;
    UpstreamGauges { upstream: url, outstanding, queued, is_fit, failures, ejections }
}
