//! Cloudimage's warm-up: `POST /warmup/urls` with a JSON list or a file of one path a line, and `POST /warmup` of its older API.
//!
//! Of what cannot be asked for, nothing is; it is counted, as there.

use std::sync::Arc;

use api_types::{Scope, Selector};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::cloudimage::{HOW, error_body, key};
use super::originals::Site;
use super::{Face, FaceError};
use crate::body::read_body;
use crate::problem::json as answer;

const URLS_MAX: usize = 500;
/// RFC 2046 §5.1.1.
const BOUNDARY_LEN_MAX: usize = 70;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WarmUp {
    data: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OlderWarmUp {
    warmup: OlderList,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OlderList {
    uris: Vec<String>,
    /// For the vendor's own list of warm-ups; there is none here.
    #[serde(default, rename = "desc")]
    _description: Option<String>,
    #[serde(default, rename = "token")]
    _token: Option<String>,
}

pub(super) fn routes(face: Arc<Face>) -> Router {
    Router::new().route("/warmup/urls", post(current)).route("/warmup", post(older)).with_state(face)
}

async fn current(State(face): State<Arc<Face>>, request: Request<Body>) -> Response {
    let told =
        |added, failed| json!({"status": "success", "count_added": added, "count_failed": failed, "msg": ""});
    warm_up(&face, request, "POST /warmup/urls", told, |body| Ok(parse::<WarmUp>(body)?.data)).await
}

async fn older(State(face): State<Arc<Face>>, request: Request<Body>) -> Response {
    let told = |added, _| json!({"status": "success", "warmup": {"added_uris": added}});
    warm_up(&face, request, "POST /warmup", told, |body| Ok(parse::<OlderWarmUp>(body)?.warmup.uris)).await
}

async fn warm_up(
    face: &Face,
    request: Request<Body>,
    what: &str,
    told: impl FnOnce(usize, usize) -> Value,
    list: impl FnOnce(&[u8]) -> Result<Vec<String>, FaceError>,
) -> Response {
    let (parts, body) = request.into_parts();
    let principal = match face.admit(key(&parts.headers), HOW).await {
        Ok(principal) => principal,
        Err(error) => return face.refuse(None, what, error, error_body).await,
    };
    let warmed = async {
        principal.may(Scope::Write)?;
        let body = read_body(body).await?;
        let paths = match lines(&parts.headers, &body)? {
            Some(lines) => lines,
            None => list(&body)?,
        };
        warm(face, &paths)
    };
    match warmed.await {
        Ok((added, failed)) => answer(StatusCode::OK, &told(added, failed)),
        Err(error) => face.refuse(Some(&principal), what, error, error_body).await,
    }
}

fn warm(face: &Face, paths: &[String]) -> Result<(usize, usize), FaceError> {
    if paths.len() > URLS_MAX {
        let why = format!("at most {URLS_MAX} urls in one request, not {}", paths.len());
        return Err(FaceError::BadPaths(vec![why]));
    }
    let Some(site) = &face.site else {
        return Err(FaceError::NotFound("this face has no site".to_owned()));
    };
    // Whose picture it is does not matter: everybody may ask for it.
    let urls: Vec<Url> = paths
        .iter()
        .filter_map(|path| match (Site { url: site, has_pictures: true }).exact(path) {
            Ok(Selector::Url(url)) => url.parse().ok(),
            _ => None,
        })
        .collect();
    let added = face.doors.warmer.warm(urls);
    Ok((added, paths.len() - added))
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, FaceError> {
    serde_json::from_slice(body).map_err(|error| FaceError::Malformed(error.to_string()))
}

/// The paths of a body that is a file of them, one a line, or a form with such a file; `None` of any other body.
fn lines(headers: &HeaderMap, body: &Bytes) -> Result<Option<Vec<String>>, FaceError> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (essence, parameters) = kind.split_once(';').unwrap_or((kind, ""));
    let file = match essence.trim().to_ascii_lowercase().as_str() {
        "multipart/form-data" => file_of(parameters, body)?,
        "text/csv" | "text/plain" => body,
        // Whatever it says that it is, it is JSON or nothing.
        _ => return Ok(None),
    };
    let text =
        std::str::from_utf8(file).map_err(|_| FaceError::Malformed("the file is no UTF-8".to_owned()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let paths = text.lines().map(|line| line.trim().trim_matches('"')).filter(|line| !line.is_empty());
    Ok(Some(paths.map(str::to_owned).collect()))
}

/// The content of the part that is named `file` (RFC 7578).
fn file_of<'a>(parameters: &str, body: &'a [u8]) -> Result<&'a [u8], FaceError> {
    let wrong = |why: &str| FaceError::Malformed(why.to_owned());
    let named = parameters.split(';').filter_map(|parameter| parameter.trim().split_once('='));
    let boundary =
        named.filter(|(name, _)| name.eq_ignore_ascii_case("boundary")).map(|(_, value)| value).next();
    let boundary = boundary.map(|value| value.trim_matches('"')).unwrap_or_default();
    if !(1..=BOUNDARY_LEN_MAX).contains(&boundary.len()) {
        return Err(wrong("the form has no boundary"));
    }
    let delimiter = format!("--{boundary}");
    let mut rest = after(body, delimiter.as_bytes()).ok_or_else(|| wrong("the form has no parts"))?;
    let end = [b"\r\n", delimiter.as_bytes()].concat();
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let head_end = find(part, b"\r\n\r\n").ok_or_else(|| wrong("a part of the form has no content"))?;
        let (head, content) = (&part[..head_end], &part[head_end + 4..]);
        let content_end = find(content, &end).ok_or_else(|| wrong("the form ends early"))?;
        if is_file(&String::from_utf8_lossy(head)) {
            return Ok(&content[..content_end]);
        }
        rest = &content[content_end + end.len()..];
    }
    Err(wrong("the form has no part named `file`"))
}

fn is_file(head: &str) -> bool {
    head.lines().filter_map(|line| line.split_once(':')).any(|(name, value)| {
        name.eq_ignore_ascii_case("content-disposition")
            && value.split(';').any(|part| matches!(part.trim(), "name=\"file\"" | "name=file"))
    })
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

fn after<'a>(text: &'a [u8], what: &[u8]) -> Option<&'a [u8]> {
    find(text, what).map(|at| &text[at + what.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn listed(kind: &str, body: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, kind.parse().expect("a field value"));
        match lines(&headers, &Bytes::copy_from_slice(body.as_bytes())) {
            Ok(Some(paths)) => paths.join(" "),
            Ok(None) => "no file".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_file_of_paths_is_read_as_it_is_or_from_a_form() {
        let form = "--X\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n--X\r\n\
                    Content-Disposition: form-data; name=\"file\"; filename=\"l.csv\"\r\nContent-Type: text/csv\r\n\r\n\
                    /a.jpg?w=1\r\n\"/b.jpg\"\r\n\r\n--X--\r\n";
        for (kind, body, wanted) in [
            ("text/csv", "\u{feff}/a.jpg\r\n\"/b,c.jpg?w=2\"\n\n /d.jpg \n", "/a.jpg /b,c.jpg?w=2 /d.jpg"),
            ("text/plain; charset=utf-8", "/a.jpg", "/a.jpg"),
            ("multipart/form-data; boundary=X", form, "/a.jpg?w=1 /b.jpg"),
            ("Multipart/Form-Data; charset=utf-8; Boundary=\"X\"", form, "/a.jpg?w=1 /b.jpg"),
            ("application/json; charset=utf-8", "{}", "no file"),
            ("multipart/form-data", form, "the body cannot be read: the form has no boundary"),
            ("multipart/form-data; boundary=Y", form, "the body cannot be read: the form has no parts"),
            (
                "multipart/form-data; boundary=X",
                "--X--",
                "the body cannot be read: the form has no part named `file`",
            ),
            (
                "multipart/form-data; boundary=X",
                "--X\r\n--X--",
                "the body cannot be read: a part of the form has no content",
            ),
            (
                "multipart/form-data; boundary=X",
                "--X\r\na: b\r\n\r\n/a.jpg",
                "the body cannot be read: the form ends early",
            ),
            ("application/x-www-form-urlencoded", "{}", "no file"),
        ] {
            assert_eq!(listed(kind, body), wanted, "{kind} {body}");
        }
    }

    proptest! {
        #[test]
        fn any_form_has_a_file_or_is_refused(
            boundary in "[a-zX]{0,3}", body in "(--X|\r\n|content-disposition: ;name=file|/a|[a-z:; ]{0,4}|\\PC{0,4}){0,12}"
        ) {
            let _ = listed(&format!("multipart/form-data; boundary={boundary}"), &body);
        }
    }
}
