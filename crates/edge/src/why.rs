//! Why this node answers as it does: the same decision as for a client, told instead of carried out.

use std::sync::Arc;

use api_types::Problem;
use api_types::why::{Explanation, FenceView, StoredView, TagView, WhyQuestion};
use bus::clock;
use bytes::Bytes;
use cache::{StoredResponse, Tier};
use http::Request;
use http::request::Parts;
use http_caching::cache_status::{CacheStatus, Outcome, StaleHit};
use http_caching::{CacheControl, Timestamp, freshness};
use purge_protocol::Subject;

use crate::problem;
use crate::request::{Asker, Target, Wanted, interpret};
use crate::serve::{Decision, Edge, decide, forwarded};
use crate::{answer, representations};

pub async fn explain(edge: &Arc<Edge>, question: &WhyQuestion) -> Result<Explanation, Problem> {
    let malformed =
        |error: http::Error| Problem::new(400, "malformed", "Malformed question", error.to_string());
    let parts = parts(question).map_err(malformed)?;
    let serving = edge.serving.get().ok_or_else(problem::starting)?;
    let wanted = interpret(&serving, &parts, Bytes::new(), Asker::Node, clock::unix_millis() / 1000);
    let mut wanted = wanted.map_err(|refusal| problem::of_refusal(&refusal))?;

    let mut found = edge.cache.get(&wanted.key, &wanted.key_text).await;
    if let Some((first, _)) = found.take_if(|(first, _)| !representations::fits(first, &wanted)) {
        wanted = representations::beside(&first, &wanted);
        found = edge.cache.get(&wanted.key, &wanted.key_text).await;
    }
    let (stored, tier) = found.unzip();
    let (outcome, detail) = match decide(edge, &wanted, stored.clone(), false) {
        Decision::Hit { ttl, .. } => (Outcome::Hit { ttl }, None),
        Decision::StaleHit { by, detail, .. } => {
            (Outcome::StaleHit { by, why: StaleHit::WhileRevalidating }, detail)
        }
        Decision::Isolated { by, .. } => (Outcome::StaleHit { by, why: StaleHit::Unleased }, None),
        Decision::Forward { why, detail, .. } => (forwarded(why, None), detail),
    };
    let says =
        CacheStatus { cache: edge.name.clone(), outcome, detail: detail.map(str::to_owned), key: None };
    let url = match &wanted.target {
        Target::Image(image) => image.url.clone(),
        Target::PassThrough(passed) => passed.url(),
    };
    let stored = stored.zip(tier).map(|(stored, tier)| view(edge, &wanted, &stored, tier));
    Ok(Explanation {
        node: edge.name.clone(),
        answer: says.to_string(),
        url,
        key: wanted.key.to_string(),
        key_text: wanted.key_text.clone(),
        applied: edge.view.applied(),
        lease_millis: edge.view.lease_remaining(),
        site_lifetime: matches!(wanted.target, Target::Image(_)).then_some(wanted.terms.edge_lifetime),
        stored,
    })
}

fn parts(question: &WhyQuestion) -> Result<Parts, http::Error> {
    let mut request = Request::get(&question.path_and_query).header("host", &question.host);
    for (name, value) in &question.fields {
        request = request.header(name, value);
    }
    Ok(request.body(())?.into_parts().0)
}

fn view(edge: &Edge, wanted: &Wanted, stored: &StoredResponse, tier: Tier) -> StoredView {
    let subjects = subjects(wanted);
    let named = |tag| {
        let subject = subjects.iter().find(|(known, _)| *known == tag)?;
        Some(subject.1.to_string())
    };
    let tags = stored.tags.iter().map(|tag| TagView { tag, subject: named(tag) });
    let fences = edge.view.fences_above(&stored.tags, stored.as_of).into_iter();
    StoredView {
        tier: match tier {
            Tier::Memory => "memory",
            Tier::Disk => "disk",
        }
        .to_owned(),
        status: stored.status.as_u16(),
        bytes: stored.body.len() as u64,
        age: answer::age(stored, clock::unix_millis()),
        lifetime: stored.lifetime,
        lifetime_by: lifetime_by(wanted, stored),
        stale_while_revalidate: stored.stale_while_revalidate,
        stale_if_error: stored.stale_if_error,
        as_of: stored.as_of,
        tags: tags.collect(),
        fences: fences.map(|(tag, mode, position)| FenceView { tag, mode, position }).collect(),
        varied_on: stored.varied_on.clone(),
    }
}

/// What the URL itself says by which names a purge reaches it.
fn subjects(wanted: &Wanted) -> Vec<(purge_protocol::Tag, Subject)> {
    let (subjects, key) = match &wanted.target {
        Target::Image(image) => (image.subjects(), &image.tag_key),
        Target::PassThrough(passed) => {
            let mut subjects = Subject::of_web_url(&passed.host, &passed.path_and_query);
            subjects.push(Subject::Tenant);
            (subjects, &passed.tag_key)
        }
    };
    subjects.into_iter().map(|subject| (key.tag(&subject), subject)).collect()
}

fn lifetime_by(wanted: &Wanted, stored: &StoredResponse) -> String {
    match &wanted.target {
        Target::Image(_) => "the site's edge_lifetime".to_owned(),
        Target::PassThrough(_) => {
            let control = CacheControl::of(&stored.headers);
            let stored_at = Timestamp(stored.stored_at / 1000);
            let leeway = &wanted.terms.leeway;
            match freshness::lifetime(leeway, &control, stored.status, &stored.headers, stored_at) {
                Some(lifetime) => lifetime.decided_by.to_string(),
                None => "nobody: it is validated each time".to_owned(),
            }
        }
    }
}
