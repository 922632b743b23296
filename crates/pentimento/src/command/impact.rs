//! `pentimento purge --dry-run`: what a purge would come to.

use std::fmt::Write as _;

use api_types::{Impact, NodeCount, NodeImpact, PurgeRequest, StoredCount};

use crate::command::control::{ControlAddress, ControlClient};

pub(super) async fn show(request: &PurgeRequest, control: ControlAddress) -> anyhow::Result<()> {
    let client = ControlClient::new(control)?;
    let impact: Impact = client.post("/v1/purges", serde_json::to_vec(request)?).await?;
    print!("{}", told(&impact));
    Ok(())
}

fn told(impact: &Impact) -> String {
    let mut text = String::new();
    // Writing into a string cannot fail.
    let subjects =
        if impact.subjects.is_empty() { "nothing of ours".to_owned() } else { impact.subjects.join(", ") };
    _ = writeln!(text, "fences    {subjects}");
    _ = writeln!(text, "stored    {} in memory, {} on disk", stored(&impact.memory), stored(&impact.disk));
    _ = writeln!(text, "hits      {:.1} a minute", impact.hits_per_minute);
    if impact.dependents > 0 {
        _ = writeln!(text, "and with  {} URLs of other originals that show it", impact.dependents);
    }
    for node in &impact.nodes {
        _ = writeln!(text, "node      {}: {}", node.name, of_node(node));
    }
    for cdn in &impact.cdns {
        let calls = if cdn.calls.is_empty() { "no call".to_owned() } else { cdn.calls.join(", ") };
        _ = writeln!(text, "CDN       {}: {calls}; waits {} for more", cdn.name, seconds(cdn.window_millis));
        for note in &cdn.notes {
            _ = writeln!(text, "          note: {note}");
        }
    }
    _ = match impact.expected.millis {
        Some(millis) => writeln!(text, "takes     about {}", seconds(millis)),
        None => writeln!(text, "takes     not known: too little was measured"),
    };
    text
}

fn of_node(node: &NodeImpact) -> String {
    match (&node.count, &node.why) {
        (Some(NodeCount { memory, disk, hits_per_minute, .. }), _) => {
            let (memory, disk) = (stored(memory), stored(disk));
            format!("{memory} in memory, {disk} on disk, {hits_per_minute:.1} hits a minute")
        }
        (None, why) => format!("not asked: {}", why.as_deref().unwrap_or("it said nothing")),
    }
}

fn stored(count: &StoredCount) -> String {
    let about = if count.sample.is_some() { "about " } else { "" };
    format!("{about}{} ({} KiB)", count.responses, count.bytes.div_ceil(1024))
}

fn seconds(millis: u64) -> String {
    format!("{:.1} s", millis as f64 / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use api_types::{CdnImpact, Expected, Sample};
    use expect_test::expect;

    #[test]
    fn an_impact_is_told_in_lines() {
        let memory = StoredCount { responses: 3, bytes: 5000, sample: None };
        let sample = Some(Sample { looked_at: 1000, of: 4000 });
        let disk = StoredCount { responses: 12, bytes: 1 << 20, sample };
        let count = NodeCount { memory, disk, hits_per_minute: 1.5, hottest: Vec::new() };
        let impact = Impact {
            selectors: Vec::new(),
            mode: Default::default(),
            subjects: vec!["original:demo/cat.jpg".to_owned()],
            memory,
            disk,
            hits_per_minute: 1.5,
            nodes: vec![
                NodeImpact { name: "edge".to_owned(), count: Some(count), why: None },
                NodeImpact { name: "far".to_owned(), count: None, why: Some("it answered 404".to_owned()) },
            ],
            dependents: 2,
            cdns: vec![CdnImpact {
                name: "front".to_owned(),
                calls: vec!["2 paths".to_owned()],
                window_millis: 300_000,
                call_millis: None,
                notes: vec!["in part only".to_owned()],
            }],
            expected: Expected { millis: None, ..Expected::default() },
        };
        expect![[r#"
            fences    original:demo/cat.jpg
            stored    3 (5 KiB) in memory, about 12 (1024 KiB) on disk
            hits      1.5 a minute
            and with  2 URLs of other originals that show it
            node      edge: 3 (5 KiB) in memory, about 12 (1024 KiB) on disk, 1.5 hits a minute
            node      far: not asked: it answered 404
            CDN       front: 2 paths; waits 300.0 s for more
                      note: in part only
            takes     not known: too little was measured
        "#]]
        .assert_eq(&told(&impact));
    }
}
