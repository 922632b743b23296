//! Logging in with the API token, and out again.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, StatusCode, header};

use crate::asset::Asset;
use crate::form::Form;
use crate::page::{Shown, shown};
use crate::{Console, session};

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    refused: bool,
}

/// The link that `make demo` prints has the token in its fragment, which no browser sends: a script of ours puts it
/// into the form.
pub async fn show() -> Shown {
    shown(StatusCode::OK, &LoginPage { refused: false })
}

pub async fn log_in(State(console): State<Arc<Console>>, form: Form) -> Response {
    if !console.token.is(form.text("token")) {
        return shown(StatusCode::UNAUTHORIZED, &LoginPage { refused: true }).into_response();
    }
    let cookie = session::cookie(&console.sessions.open());
    ([(header::SET_COOKIE, cookie)], Redirect::to("/console")).into_response()
}

pub async fn log_out(State(console): State<Arc<Console>>, headers: HeaderMap) -> Response {
    if let Some(id) = session::id(&headers) {
        console.sessions.close(id);
    }
    ([(header::SET_COOKIE, session::no_cookie())], Redirect::to("/console/login")).into_response()
}
