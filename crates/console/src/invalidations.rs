//! The page of invalidations: a form for up to ten pictures at once, what it would come to, and the log of all of them.

use std::sync::Arc;

use api::problem::Refused;
use api_types::{PurgeRequest, PurgeState, PurgeView, Selector};
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, StatusCode};
use purge::{Asker, ChangeError, PurgeFilter, Purges};
use purge_protocol::Mode;
use serde::Deserialize;

use crate::Console;
use crate::asset::Asset;
use crate::clock_face::Moment;
use crate::form::Form;
use crate::invalidation_form::{self, ENTRIES_MAX, EntryError, Scope};
use crate::page::{self, Notice, Shown, sentence, shown};
use crate::receipt::{Receipt, Tone, state_label};

const SHOWN: u32 = 50;
/// What a tick warms.
const WARMED: u32 = 20;

#[derive(Template)]
#[template(path = "invalidations.html")]
struct InvalidationsPage {
    log: InvalidationLog,
}

#[derive(Template)]
#[template(path = "invalidation_log.html")]
struct InvalidationLog {
    only: Only,
    /// `None`: the catalog failed, and its log says how.
    rows: Option<Vec<Row>>,
}

struct Row {
    id: String,
    scope: String,
    first: String,
    more: usize,
    cause: String,
    state: &'static str,
    tone: Tone,
    received: Moment,
    can_be_retried: bool,
}

#[derive(Template)]
#[template(path = "invalidation_links.html")]
struct Links {
    id: String,
    selectors: Vec<String>,
}

/// What is wrong with what was written, each in words.
#[derive(Template)]
#[template(path = "entry_errors.html")]
struct EntryErrors {
    errors: Vec<String>,
}

/// Which of the log are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Only {
    #[default]
    All,
    UnderWay,
    Failed,
}

impl Only {
    fn name(self) -> &'static str {
        match self {
            Only::All => "all",
            Only::UnderWay => "under_way",
            Only::Failed => "failed",
        }
    }

    fn admits(self, state: PurgeState) -> bool {
        match self {
            Only::All => true,
            Only::UnderWay => !state.has_ended(),
            Only::Failed => state.failed(),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
pub struct Filter {
    #[serde(default)]
    only: Only,
}

impl InvalidationLog {
    async fn newest(purges: &Purges, only: Only) -> Self {
        let rows = match purges.list(&PurgeFilter::default(), SHOWN).await {
            Ok(views) => Some(views.iter().filter(|view| only.admits(view.state)).map(Row::of).collect()),
            Err(error) => {
                tracing::error!(%error, "the invalidations cannot be listed");
                None
            }
        };
        Self { only, rows }
    }

    fn shows(&self, only: &Only) -> bool {
        self.only == *only
    }
}

impl Row {
    fn of(view: &PurgeView) -> Self {
        let mut scopes: Vec<&str> = view.selectors.iter().map(Scope::of).collect();
        scopes.dedup();
        Self {
            id: view.id.clone(),
            scope: scopes.join(", "),
            first: view.selectors.first().map(ToString::to_string).unwrap_or_default(),
            more: view.selectors.len().saturating_sub(1),
            cause: view.cause.clone(),
            state: state_label(view.state),
            tone: Tone::of(view.state),
            received: Moment(view.received),
            can_be_retried: Only::Failed.admits(view.state),
        }
    }
}

pub async fn show(State(console): State<Arc<Console>>, Query(filter): Query<Filter>) -> Shown {
    let log = InvalidationLog::newest(&console.purges, filter.only).await;
    shown(StatusCode::OK, &InvalidationsPage { log })
}

pub async fn log(State(console): State<Arc<Console>>, Query(filter): Query<Filter>) -> Shown {
    shown(StatusCode::OK, &InvalidationLog::newest(&console.purges, filter.only).await)
}

pub async fn invalidate(State(console): State<Arc<Console>>, form: Form) -> Response {
    match request_of(&form) {
        Ok(request) => accepted(&console, request, form.htmx).await,
        Err(errors) => refused(&errors, form.htmx),
    }
}

/// Once more what has failed.
pub async fn retry(State(console): State<Arc<Console>>, Path(id): Path<String>, form: Form) -> Response {
    match console.purges.retry(&id, &Asker::owner("console")).await {
        Ok(accepted) => shown_as(&accepted.view, form.htmx),
        Err(ChangeError::NotFailed { .. }) => {
            let notice =
                Notice::new(StatusCode::CONFLICT, "It has not failed, so that there is nothing to retry.");
            notice.answer(form.htmx).into_response()
        }
        Err(ChangeError::Unknown { .. }) => unknown(form.htmx),
        Err(error) => Notice::from(Refused::from(error)).answer(form.htmx).into_response(),
    }
}

async fn accepted(console: &Console, request: PurgeRequest, htmx: bool) -> Response {
    match console.purges.accept(request, None, &Asker::owner("console")).await {
        Ok(accepted) => shown_as(&accepted.view, htmx),
        Err(error) => Notice::from(Refused::from(error)).answer(htmx).into_response(),
    }
}

fn shown_as(view: &PurgeView, htmx: bool) -> Response {
    if htmx {
        return shown(StatusCode::OK, &Receipt::of(view)).into_response();
    }
    Redirect::to(&format!("/console/purges/{}", view.id)).into_response()
}

/// What one invalidation was asked for, each by itself.
pub async fn links(
    State(console): State<Arc<Console>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    match console.purges.get(&id).await {
        Ok(Some(view)) if page::is_htmx(&headers) => {
            let selectors = view.selectors.iter().map(ToString::to_string).collect();
            shown(StatusCode::OK, &Links { id, selectors }).into_response()
        }
        Ok(Some(view)) => Redirect::to(&format!("/console/purges/{}", view.id)).into_response(),
        Ok(None) => unknown(page::is_htmx(&headers)),
        Err(error) => Notice::from(Refused::from(error)).answer(page::is_htmx(&headers)).into_response(),
    }
}

fn unknown(htmx: bool) -> Response {
    Notice::new(StatusCode::NOT_FOUND, "There is no such invalidation.").answer(htmx).into_response()
}

/// What is wrong with it, where the person is.
pub(crate) fn refused(errors: &[EntryError], htmx: bool) -> Response {
    let errors: Vec<String> = errors.iter().map(|error| sentence(&error.to_string())).collect();
    if htmx {
        return shown(StatusCode::UNPROCESSABLE_ENTITY, &EntryErrors { errors }).into_response();
    }
    Notice::new(StatusCode::UNPROCESSABLE_ENTITY, errors.join(" ")).answer(false).into_response()
}

pub(crate) fn request_of(form: &Form) -> Result<PurgeRequest, Vec<EntryError>> {
    let selectors: Vec<Selector> = invalidation_form::selectors(form.text("scope"), form.text("entries"))?;
    let mode = if form.is_checked("soft") { Mode::Soft } else { Mode::Hard };
    Ok(PurgeRequest {
        selectors,
        mode,
        force: form.is_checked("force"),
        urgent: form.is_checked("urgent"),
        warm: if form.is_checked("warm") { WARMED } else { 0 },
        ..PurgeRequest::default()
    })
}
