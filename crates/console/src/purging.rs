//! Asking for a purge, and its receipt: at once, live, and under an address of its own.

use std::convert::Infallible;
use std::sync::Arc;

use api::problem::Refused;
use api_types::{PurgeRequest, PurgeView, Selector};
use askama::Template;
use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Redirect, Response};
use futures_util::{StreamExt, stream};
use http::{HeaderMap, StatusCode};
use purge::Asker;
use purge_protocol::Mode;
use serde::Serialize;

use crate::Console;
use crate::form::Form;
use crate::page::{self, Notice, shown};
use crate::receipt::{Receipt, ReceiptBody, ReceiptPage};

/// The event after which nothing follows; the page reloads its pictures then.
const ENDED: &str = "purge-ended";

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    #[error("Choose what to purge: original, folder, source, url, tag or everything.")]
    Kind,
    #[error("Write what to purge, such as {example}.")]
    Empty { example: &'static str },
    #[error("To purge everything, write the word everything.")]
    NotConfirmed,
    #[error("Choose how: hard, soft or erase.")]
    Mode,
}

pub async fn purge(State(console): State<Arc<Console>>, form: Form) -> Response {
    let request = match request_of(&form) {
        Ok(request) => request,
        Err(error) => {
            let notice = Notice::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string());
            return notice.answer(form.htmx).into_response();
        }
    };
    match console.purges.accept(request, None, &Asker::owner("console")).await {
        Ok(accepted) if form.htmx => shown(StatusCode::OK, &Receipt::of(&accepted.view)).into_response(),
        Ok(accepted) => Redirect::to(&format!("/console/purges/{}", accepted.view.id)).into_response(),
        Err(error) => Notice::from(Refused::from(error)).answer(form.htmx).into_response(),
    }
}

fn request_of(form: &Form) -> Result<PurgeRequest, FormError> {
    let value = form.text("value");
    let named = |example| match value {
        "" => Err(FormError::Empty { example }),
        value => Ok(value.to_owned()),
    };
    let selector = match form.text("kind") {
        "original" => Selector::Original(named("demo/cat.jpg")?),
        "folder" => Selector::Folder(named("demo/harbour")?),
        "source" => Selector::Source(named("demo")?),
        "url" => Selector::Url(named("https://img.example.com/demo/cat.jpg?w=480")?),
        "prefix" => Selector::Prefix(named("https://shop.example.com/blog/")?),
        "tag" => Selector::Tag(named("product-17")?),
        "preset" => Selector::Preset(named("thumb")?),
        "pack" => Selector::Pack(named("shop/62e8")?),
        "location" => Selector::Location(named("shop/hero")?),
        // So that a slip of the mouse does not empty every cache.
        "everything" if value == "everything" => Selector::All(true),
        "everything" => return Err(FormError::NotConfirmed),
        _ => return Err(FormError::Kind),
    };
    let mode = match form.text("mode") {
        "" => Mode::default(),
        mode => mode.parse().map_err(|_| FormError::Mode)?,
    };
    Ok(PurgeRequest {
        selectors: vec![selector],
        mode,
        force: form.is_checked("force"),
        ..PurgeRequest::default()
    })
}

pub async fn show(State(console): State<Arc<Console>>, Path(id): Path<String>) -> Response {
    match console.purges.get(&id).await {
        Ok(Some(view)) => {
            shown(StatusCode::OK, &ReceiptPage { receipt: &Receipt::of(&view) }).into_response()
        }
        Ok(None) => {
            Notice::new(StatusCode::NOT_FOUND, "There is no such purge.").answer(false).into_response()
        }
        Err(error) => Notice::from(Refused::from(error)).answer(false).into_response(),
    }
}

/// The receipt's inside at each change, to be swapped in; then word that it is complete.
pub async fn events(
    State(console): State<Arc<Console>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let views = match console.watches.watch(&id).await {
        Ok(views) => views,
        Err(error) => {
            let notice = Notice::from(Refused::from(error));
            return notice.answer(page::is_htmx(&headers)).into_response();
        }
    };
    let events = views.flat_map(|view| stream::iter(events_of(&view))).map(Ok::<_, Infallible>);
    Sse::new(events).keep_alive(KeepAlive::default()).into_response()
}

/// What the page must know of a purge that has ended.
#[derive(Serialize)]
struct Ended<'a> {
    succeeded: bool,
    /// Empty: whatever the page shows may be concerned.
    originals: Vec<&'a str>,
}

fn events_of(view: &PurgeView) -> Vec<Event> {
    let mut events = Vec::new();
    let receipt = Receipt::of(view);
    match (ReceiptBody { receipt: &receipt }).render() {
        Ok(html) => events.push(Event::default().data(html)),
        Err(error) => tracing::error!(purge = view.id, %error, "a receipt cannot be rendered"),
    }
    if view.state.has_ended() {
        let ended = Ended {
            succeeded: view.state.succeeded(),
            originals: view.receipt.originals.iter().map(|original| original.original.as_str()).collect(),
        };
        // Plain data: it can always be written.
        events.push(Event::default().event(ENDED).data(serde_json::to_string(&ended).unwrap_or_default()));
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_asks_for_one_purge_or_says_what_is_missing() {
        let selector =
            |body: &str| request_of(&Form::of(body)).map(|request| request.selectors[0].to_string());
        for (body, wanted) in [
            ("kind=original&value=demo%2Fcat.jpg", Ok("original demo/cat.jpg")),
            ("kind=folder&value=+demo/harbour+", Ok("folder demo/harbour")),
            ("kind=source&value=demo", Ok("source demo")),
            ("kind=url&value=http://h/x?a=1", Ok("url http://h/x?a=1")),
            ("kind=tag&value=t", Ok("tag t")),
            ("kind=everything&value=everything", Ok("all")),
            ("kind=everything&value=", Err(FormError::NotConfirmed)),
            ("kind=original&value=+", Err(FormError::Empty { example: "demo/cat.jpg" })),
            ("kind=picture&value=x", Err(FormError::Kind)),
            ("", Err(FormError::Kind)),
            ("kind=tag&value=t&mode=gentle", Err(FormError::Mode)),
        ] {
            assert_eq!(selector(body), wanted.map(str::to_owned), "{body}");
        }
        let request = request_of(&Form::of("kind=tag&value=t&mode=soft&force=on")).expect("a purge");
        assert_eq!((request.mode, request.force), (Mode::Soft, true));
    }
}
