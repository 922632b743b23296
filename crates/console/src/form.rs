//! What a form of ours sends.

use api::problem::Refused;
use axum::body::Body;
use axum::extract::{FromRequest, Request};
use url::form_urlencoded;

use crate::page::{self, Notice, Shown};

pub struct Form {
    fields: Vec<(String, String)>,
    /// Whether the answer is swapped into a page, rather than being one.
    pub htmx: bool,
}

impl Form {
    /// Trimmed; empty if it is not there.
    pub fn text(&self, name: &str) -> &str {
        let field = self.fields.iter().find(|(field, _)| field == name);
        field.map(|(_, value)| value.trim()).unwrap_or_default()
    }

    pub fn is_checked(&self, name: &str) -> bool {
        self.fields.iter().any(|(field, _)| field == name)
    }

    #[cfg(test)]
    pub fn of(body: &str) -> Self {
        Self { fields: form_urlencoded::parse(body.as_bytes()).into_owned().collect(), htmx: true }
    }
}

impl<S: Sync> FromRequest<S> for Form {
    type Rejection = Shown;

    async fn from_request(request: Request<Body>, _: &S) -> Result<Self, Shown> {
        let htmx = page::is_htmx(request.headers());
        let body = api::read_body(request.into_body())
            .await
            .map_err(|error| Notice::from(Refused::from(error)).answer(htmx))?;
        Ok(Self { fields: form_urlencoded::parse(&body).into_owned().collect(), htmx })
    }
}
