//! `GET /v1/why?url=…`: what each node would answer for a URL now, and why.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use api_types::why::{WhyList, WhyQuestion};
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::StatusCode;
use url::{Url, form_urlencoded};

use crate::problem::{Refused, json};

/// Whoever can ask all nodes.
pub trait Explainer: Send + Sync {
    fn explain<'a>(
        &'a self,
        url: &'a Url,
        question: &'a WhyQuestion,
    ) -> Pin<Box<dyn Future<Output = WhyList> + Send + 'a>>;
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedWhy {
    #[error("{0:?} is not a parameter here; allowed are url, accept and field")]
    UnknownParameter(String),
    #[error("name a URL to explain: /v1/why?url=https://img.example.com/demo/cat.jpg")]
    NoUrl,
    #[error("{0:?} is not an absolute http or https URL")]
    Url(String),
    #[error("a field is name:value, not {0:?}")]
    Field(String),
}

pub async fn explain(
    State(explainer): State<Arc<dyn Explainer>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refused> {
    let (url, question) = question(query.as_deref())?;
    Ok(json(StatusCode::OK, &explainer.explain(&url, &question).await))
}

fn question(query: Option<&str>) -> Result<(Url, WhyQuestion), MalformedWhy> {
    let short = |text: &str| text.chars().take(200).collect::<String>();
    let (mut url, mut fields) = (None, Vec::new());
    for (name, value) in form_urlencoded::parse(query.unwrap_or("").as_bytes()) {
        match &*name {
            "url" => url = Some(value.into_owned()),
            "accept" => fields.push(("accept".to_owned(), value.into_owned())),
            "field" => {
                let field = value.split_once(':').ok_or_else(|| MalformedWhy::Field(short(&value)))?;
                fields.push((field.0.trim().to_owned(), field.1.trim().to_owned()));
            }
            _ => return Err(MalformedWhy::UnknownParameter(short(&name))),
        }
    }
    let text = url.ok_or(MalformedWhy::NoUrl)?;
    let url: Url = text.parse().map_err(|_| MalformedWhy::Url(short(&text)))?;
    let (Some(host), "http" | "https") = (url.host_str(), url.scheme()) else {
        return Err(MalformedWhy::Url(short(&text)));
    };
    let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let path_and_query = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let question = WhyQuestion { host, path_and_query, fields };
    Ok((url, question))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_is_a_url_and_the_fields_that_choose() {
        let (_, asked) = question(Some(
            "url=https%3A%2F%2FShop.test%3A8443%2Fa%3Fb%3D1&accept=image%2Favif&field=x-a%3A%20b",
        ))
        .unwrap();
        assert_eq!((asked.host.as_str(), asked.path_and_query.as_str()), ("shop.test:8443", "/a?b=1"));
        let fields = [("accept", "image/avif"), ("x-a", "b")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(asked.fields, fields);
    }

    #[test]
    fn what_is_no_question_is_refused() {
        for (query, expected) in [
            (None, MalformedWhy::NoUrl),
            (Some("url=/a"), MalformedWhy::Url("/a".to_owned())),
            (Some("url=ftp://h/a"), MalformedWhy::Url("ftp://h/a".to_owned())),
            (Some("uri=http://h/"), MalformedWhy::UnknownParameter("uri".to_owned())),
            (Some("url=http://h/&field=x"), MalformedWhy::Field("x".to_owned())),
        ] {
            assert_eq!(question(query).unwrap_err(), expected, "{query:?}");
        }
    }
}
