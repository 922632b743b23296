//! What is erased, and letting it be fetched again.

use std::sync::Arc;

use api::problem::Refused;
use api_types::ErasureView;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use purge::{Asker, Purges};

use crate::Console;
use crate::clock_face::Moment;
use crate::form::Form;
use crate::page::{Notice, Shown, shown};
use crate::receipt::Receipt;

const RECENT: u32 = 50;

#[derive(Template)]
#[template(path = "erasures.html")]
pub struct ErasureTable {
    /// `None`: the catalog failed, and its log says how.
    erasures: Option<Vec<ErasureRow>>,
}

struct ErasureRow {
    original: String,
    status: u16,
    reason: Option<String>,
    since: Moment,
    operator: String,
    purge: String,
}

impl ErasureTable {
    pub async fn newest(purges: &Purges) -> Self {
        match purges.erasures(RECENT).await {
            Ok(views) => Self { erasures: Some(views.into_iter().map(ErasureRow::of).collect()) },
            Err(error) => {
                tracing::error!(%error, "the erasures cannot be listed");
                Self { erasures: None }
            }
        }
    }
}

impl ErasureRow {
    fn of(view: ErasureView) -> Self {
        Self {
            original: view.original,
            status: view.status,
            reason: view.reason,
            since: Moment(view.at),
            operator: view.operator.unwrap_or_else(|| "unknown".to_owned()),
            purge: view.purge,
        }
    }
}

pub async fn list(State(console): State<Arc<Console>>) -> Shown {
    shown(StatusCode::OK, &ErasureTable::newest(&console.purges).await)
}

/// The answer is the receipt of the purge that announces it.
pub async fn lift(State(console): State<Arc<Console>>, form: Form) -> Response {
    match console.purges.lift(form.text("original"), &Asker::owner("console")).await {
        Ok(view) if form.htmx => shown(StatusCode::OK, &Receipt::of(&view)).into_response(),
        Ok(view) => Redirect::to(&format!("/console/purges/{}", view.id)).into_response(),
        Err(error) => Notice::from(Refused::from(error)).answer(form.htmx).into_response(),
    }
}
