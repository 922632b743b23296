//! `pentimento why URL`

use std::fmt::Write as _;

use anyhow::bail;
use api_types::why::{Explanation, NodeWhy, StoredView, WhyList};
use url::form_urlencoded;

use crate::command::control::{ControlAddress, ControlClient};

pub async fn run(url: &str, fields: &[String], control: ControlAddress) -> anyhow::Result<()> {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("url", url);
    for field in fields {
        query.append_pair("field", field);
    }
    let path = format!("/v1/why?{}", query.finish());
    let list: WhyList = ControlClient::new(control)?.get(&path).await?;
    if list.nodes.is_empty() {
        bail!("no node is known");
    }
    for node in &list.nodes {
        println!("{}", told(node));
    }
    Ok(())
}

fn told(node: &NodeWhy) -> String {
    match node {
        NodeWhy::Unknown { node, why } => format!("{node}\n    cannot be asked: {why}\n"),
        NodeWhy::Explained(explanation) => explained(explanation),
    }
}

fn explained(why: &Explanation) -> String {
    let mut text = format!("{}\n", why.node);
    let mut line = |name: &str, value: &str| _ = writeln!(text, "    {name:<9} {value}");
    line("answer", &why.answer);
    line("key", &format!("{}  ({})", why.key, why.key_text.trim_end().replace('\n', " ")));
    line("log", &format!("applied {}; may answer unasked for {} ms", why.applied, why.lease_millis));
    match &why.stored {
        None => line("stored", "nothing"),
        Some(stored) => {
            let StoredView { tier, status, bytes, age, lifetime, lifetime_by, .. } = stored;
            line("stored", &format!("in {tier}: status {status}, {bytes} bytes, {age} s old"));
            line("lifetime", &format!("{lifetime} s, by {lifetime_by}"));
            line("as of", &format!("position {}", stored.as_of.position));
            for (name, value) in &stored.varied_on {
                line("chosen by", &format!("{name}: {}", value.as_deref().unwrap_or("(absent)")));
            }
            for tag in &stored.tags {
                line("tag", &format!("{}  {}", tag.tag, tag.subject.as_deref().unwrap_or("(a label)")));
            }
            if stored.fences.is_empty() {
                line("fences", "none above it");
            }
            for fence in &stored.fences {
                line("fence", &format!("{} at position {} on {}", fence.mode, fence.position, fence.tag));
            }
        }
    }
    text
}
