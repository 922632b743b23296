//! How a template becomes an answer, and words become something that a person sees.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderMap, StatusCode};

use crate::asset::Asset;

pub fn is_htmx(headers: &HeaderMap) -> bool {
    headers.contains_key("hx-request")
}

/// A rendered template with a status.
pub struct Shown {
    status: StatusCode,
    html: Result<String, askama::Error>,
}

pub fn shown(status: StatusCode, template: &impl Template) -> Shown {
    Shown { status, html: template.render() }
}

impl IntoResponse for Shown {
    fn into_response(self) -> Response {
        match self.html {
            Ok(html) => (self.status, Html(html)).into_response(),
            Err(error) => {
                tracing::error!(%error, "a page cannot be rendered");
                (StatusCode::INTERNAL_SERVER_ERROR, "The page cannot be rendered; the server's log says why.")
                    .into_response()
            }
        }
    }
}

/// Something that went otherwise than the person wanted, in words.
#[derive(Template)]
#[template(path = "notice.html")]
pub struct Notice {
    status: StatusCode,
    text: String,
}

#[derive(Template)]
#[template(path = "notice_page.html")]
struct NoticePage<'a> {
    notice: &'a Notice,
}

impl Notice {
    pub fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: sentence(&text.into()) }
    }

    /// Where the person is: in the page that asked, or else on a page of its own.
    pub fn answer(&self, htmx: bool) -> Shown {
        if htmx { shown(self.status, self) } else { shown(self.status, &NoticePage { notice: self }) }
    }
}

impl From<api::problem::Refused> for Notice {
    fn from(refused: api::problem::Refused) -> Self {
        let problem = refused.0;
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::new(status, problem.detail)
    }
}

/// Errors are written to stand after a colon; a person reads a sentence.
pub fn sentence(error: &str) -> String {
    let mut rest = error.chars();
    let first = rest.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let end = if error.ends_with(['.', '!', '?', ':']) { "" } else { "." };
    format!("{first}{}{end}", rest.as_str())
}

pub async fn not_found() -> Shown {
    Notice::new(StatusCode::NOT_FOUND, "There is no such page.").answer(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_becomes_a_sentence() {
        for (error, wanted) in [
            ("there is no purge", "There is no purge."),
            ("Choose one.", "Choose one."),
            ("\"x\" is nothing", "\"x\" is nothing."),
            ("éditions: none", "Éditions: none."),
        ] {
            assert_eq!(sentence(error), wanted);
        }
    }
}
