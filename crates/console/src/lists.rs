//! The recent purges and the nodes, which the first page asks for again and again.

use std::sync::Arc;

use api::problem::Refused;
use api_types::{NodeList, NodeView, PurgeView};
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use purge::{PurgeFilter, Purges};

use crate::Console;
use crate::clock_face::{Moment, Span};
use crate::form::Form;
use crate::page::{Notice, Shown, shown};
use crate::receipt::{Tone, state_label};

const RECENT: u32 = 20;

#[derive(Template)]
#[template(path = "purges.html")]
pub struct PurgeTable {
    /// `None`: the catalog failed, and its log says how.
    purges: Option<Vec<PurgeRow>>,
}

struct PurgeRow {
    id: String,
    what: String,
    state: &'static str,
    tone: Tone,
    received: Moment,
}

impl PurgeTable {
    pub async fn newest(purges: &Purges) -> Self {
        match purges.list(&PurgeFilter::default(), RECENT).await {
            Ok(views) => Self { purges: Some(views.into_iter().map(PurgeRow::of).collect()) },
            Err(error) => {
                tracing::error!(%error, "the recent purges cannot be listed");
                Self { purges: None }
            }
        }
    }
}

impl PurgeRow {
    fn of(view: PurgeView) -> Self {
        Self {
            what: what(&view),
            state: state_label(view.state),
            tone: Tone::of(view.state),
            received: Moment(view.received),
            id: view.id,
        }
    }
}

/// The first selector, and how many there are besides.
pub fn what(view: &PurgeView) -> String {
    let first = view.selectors.first().map(ToString::to_string).unwrap_or_default();
    match view.selectors.len() {
        0 | 1 => first,
        many => format!("{first} and {} more", many - 1),
    }
}

#[derive(Template)]
#[template(path = "nodes.html")]
pub struct NodeTable {
    nodes: NodeList,
}

impl NodeTable {
    pub fn now(purges: &Purges) -> Self {
        Self { nodes: purges.nodes() }
    }

    fn lease(&self, node: &NodeView) -> String {
        match node.lease_millis {
            0 if node.serves_stale => "ran out: answers what is old, saying so; purges wait".to_owned(),
            0 => "ran out: answers nothing unasked".to_owned(),
            left => format!("{} left", Span(left)),
        }
    }

    fn lags(&self, node: &NodeView) -> bool {
        !node.applied.has_reached(self.nodes.head)
    }
}

/// The answer is the receipt's place: what was waiting goes on in the lists.
pub async fn forget(State(console): State<Arc<Console>>, form: Form) -> Response {
    let name = form.text("name");
    match console.purges.forget_node(name, "console").await {
        Ok(_) if form.htmx => {
            let text = format!("{name} is declared gone. If it comes back, it starts with an empty cache.");
            Notice::new(StatusCode::OK, text).answer(true).into_response()
        }
        Ok(_) => Redirect::to("/console").into_response(),
        Err(error) => Notice::from(Refused::from(error)).answer(form.htmx).into_response(),
    }
}

pub async fn purges(State(console): State<Arc<Console>>) -> Shown {
    shown(StatusCode::OK, &PurgeTable::newest(&console.purges).await)
}

pub async fn nodes(State(console): State<Arc<Console>>) -> Shown {
    shown(StatusCode::OK, &NodeTable::now(&console.purges))
}
