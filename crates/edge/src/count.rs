//! What this node has stored of some tags: counted for whoever wants to know what a purge would take away.

use std::sync::Arc;
use std::time::Duration;

use api_types::{CountQuestion, HotDelivery, NodeCount, Sample, StoredCount};
use bus::clock;
use cache::{Counting, Hot, Tally};
use purge_protocol::{Tags, TooManyTags};

use crate::request::{PICTURE, delivery_in};
use crate::serve::Edge;

/// For each tier; then what was not looked at is reckoned from what was.
const PATIENCE: Duration = Duration::from_secs(1);
const HOTTEST_MAX: usize = 256;

pub async fn count(edge: &Arc<Edge>, question: CountQuestion) -> Result<NodeCount, TooManyTags> {
    let tags = Tags::new(question.tags)?;
    let counting = Counting {
        tags: &tags,
        hottest: usize::try_from(question.hottest).unwrap_or(HOTTEST_MAX).min(HOTTEST_MAX),
        hottest_among: PICTURE,
        now_ms: clock::unix_millis(),
        patience: PATIENCE,
    };
    // What earlier purges have fenced is gone already.
    let usable = |tags: &Tags, as_of| !edge.view.is_fenced(tags, as_of);
    let counted = edge.cache.count(&counting, usable).await;
    Ok(NodeCount {
        memory: stored(counted.memory),
        disk: stored(counted.disk),
        hits_per_minute: tenths(counted.memory.hits_per_minute + counted.disk.hits_per_minute),
        hottest: counted.hottest.into_iter().filter_map(delivery).collect(),
    })
}

fn stored(tally: Tally) -> StoredCount {
    let Tally { responses, bytes, looked_at, of, .. } = tally;
    StoredCount { responses, bytes, sample: (looked_at < of).then_some(Sample { looked_at, of }) }
}

fn delivery(hot: Hot) -> Option<HotDelivery> {
    let (url, accept) = delivery_in(&hot.key_text)?;
    let (url, accept) = (url.to_owned(), accept.to_owned());
    Some(HotDelivery { url, accept, hits_per_minute: tenths(hot.hits_per_minute) })
}

fn tenths(rate: f64) -> f64 {
    (rate * 10.0).round() / 10.0
}
