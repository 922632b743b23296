//! "Change at the source": replaces a picture where it comes from, and tells no node of ours.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;

use crate::Console;
use crate::form::Form;
use crate::page::{Notice, shown};
use crate::picture::Size;

#[derive(Template)]
#[template(path = "changed.html")]
struct Changed {
    edition: u32,
    size: Size,
}

pub async fn change(State(console): State<Arc<Console>>, form: Form) -> Response {
    let Some(source) = &console.demo else {
        let text = "No demo source is configured, so there is nothing to change.";
        return Notice::new(StatusCode::NOT_FOUND, text).answer(form.htmx).into_response();
    };
    match source.change(form.text("path")).await {
        Ok(now) if form.htmx => {
            let changed = Changed { edition: now.edition, size: Size(now.bytes) };
            shown(StatusCode::OK, &changed).into_response()
        }
        Ok(_) => Redirect::to("/console").into_response(),
        Err(error) => {
            tracing::warn!(%error, "a picture of the demo source cannot be changed");
            Notice::new(StatusCode::BAD_GATEWAY, error.to_string()).answer(form.htmx).into_response()
        }
    }
}
