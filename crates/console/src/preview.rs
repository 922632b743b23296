//! What an invalidation would come to, before it is sent.

use std::sync::Arc;

use api::problem::Refused;
use api_types::{CdnImpact, Impact, NodeImpact, StoredCount};
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use purge::Asker;

use crate::Console;
use crate::asset::Asset;
use crate::clock_face::Span;
use crate::form::Form;
use crate::invalidations::{refused, request_of};
use crate::page::{Notice, shown};
use crate::picture::Size;

#[derive(Template)]
#[template(path = "preview.html")]
struct Preview {
    subjects: Vec<String>,
    memory: Stored,
    disk: Stored,
    hits: String,
    dependents: u64,
    nodes: Vec<NodeLine>,
    cdns: Vec<CdnLine>,
    takes: Option<Span>,
    measured: u32,
}

/// On a page of its own, where there are no scripts.
#[derive(Template)]
#[template(path = "preview_page.html")]
struct PreviewPage<'a> {
    preview: &'a Preview,
}

struct Stored {
    /// Of a part, and reckoned from it.
    about: bool,
    responses: u64,
    size: Size,
}

struct NodeLine {
    name: String,
    /// What it has in memory, on disk, and how often that is asked for.
    found: Option<(Stored, Stored, String)>,
    why: String,
}

struct CdnLine {
    name: String,
    calls: Vec<String>,
    window: Option<Span>,
    notes: Vec<String>,
}

impl Stored {
    fn of(count: StoredCount) -> Self {
        Self { about: count.sample.is_some(), responses: count.responses, size: Size(count.bytes) }
    }
}

impl NodeLine {
    fn of(node: NodeImpact) -> Self {
        let found = |count: api_types::NodeCount| {
            let hits = format!("{:.1}", count.hits_per_minute);
            (Stored::of(count.memory), Stored::of(count.disk), hits)
        };
        Self { name: node.name, found: node.count.map(found), why: node.why.unwrap_or_default() }
    }
}

impl CdnLine {
    fn of(cdn: CdnImpact) -> Self {
        let CdnImpact { name, calls, window_millis, notes, .. } = cdn;
        Self { name, calls, window: (window_millis > 0).then_some(Span(window_millis)), notes }
    }
}

impl From<Impact> for Preview {
    fn from(impact: Impact) -> Self {
        Self {
            subjects: impact.subjects,
            memory: Stored::of(impact.memory),
            disk: Stored::of(impact.disk),
            hits: format!("{:.1}", impact.hits_per_minute),
            dependents: impact.dependents,
            nodes: impact.nodes.into_iter().map(NodeLine::of).collect(),
            cdns: impact.cdns.into_iter().map(CdnLine::of).collect(),
            takes: impact.expected.millis.map(Span),
            measured: impact.expected.measured,
        }
    }
}

pub async fn preview(State(console): State<Arc<Console>>, form: Form) -> Response {
    let request = match request_of(&form) {
        Ok(request) => request,
        Err(errors) => return refused(&errors, form.htmx),
    };
    match console.estimator.impact(request, &Asker::owner("console")).await {
        Ok(impact) => {
            let preview = Preview::from(impact);
            match form.htmx {
                true => shown(StatusCode::OK, &preview).into_response(),
                false => shown(StatusCode::OK, &PreviewPage { preview: &preview }).into_response(),
            }
        }
        Err(error) => Notice::from(Refused::from(error)).answer(form.htmx).into_response(),
    }
}
