//! One answer of the web folder: a picture, whole or not modified; the list; an edit.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, RETRY_AFTER,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use percent_encoding::percent_decode_str;
use serde::Serialize;

use crate::gallery::{EditError, Gallery};

pub(crate) type Answer = Response<Full<Bytes>>;

/// A picture is sent from memory.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Long enough that whoever replaces a picture has to purge it to see it.
const LIFETIME: &str = "max-age=3600";

/// Reads from disk, and paints if asked to: not for a thread that has others to serve.
pub(crate) fn answer<B>(gallery: &Gallery, request: &Request<B>) -> Answer {
    let read = matches!(*request.method(), Method::GET | Method::HEAD);
    let Some(path) = decoded(request.uri().path()) else {
        return text(StatusCode::BAD_REQUEST, "the path is not allowed");
    };
    if let Some(path) = path.strip_prefix("edit/") {
        return if request.method() == Method::POST { edit(gallery, path) } else { refuse_method("POST") };
    }
    match (read, path.as_str()) {
        (false, _) => refuse_method("GET, HEAD"),
        (true, "") => match gallery.list() {
            Ok(list) => json(&list),
            Err(error) => broken(&error),
        },
        (true, path) => match Served::open(gallery.dir(), path) {
            Ok(Some(served)) => served.answer(request.headers()),
            Ok(None) => text(StatusCode::NOT_FOUND, "there is no such picture"),
            Err(error) => broken(&error),
        },
    }
}

fn edit(gallery: &Gallery, path: &str) -> Answer {
    match gallery.edit(path) {
        Ok(info) => json(&info),
        Err(error @ EditError::Unknown { .. }) => text(StatusCode::NOT_FOUND, &error.to_string()),
        Err(error @ EditError::Busy) => {
            with(text(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()), RETRY_AFTER, "3")
        }
        Err(error @ (EditError::Encode(_) | EditError::Io(_))) => broken(&error),
    }
}

/// The path without its first slash, if it names nothing outside of the folder and nothing hidden in it.
fn decoded(path: &str) -> Option<String> {
    let path = path.strip_prefix('/')?;
    let decoded = percent_decode_str(path).decode_utf8().ok()?;
    let harmless = |segment: &str| {
        !segment.is_empty()
            && !segment.starts_with('.')
            && !segment.contains(['\\', ':'])
            && !segment.contains(char::is_control)
    };
    // A slash in disguise would not be one to the one who wrote the path.
    let honest = decoded.matches('/').count() == path.matches('/').count();
    (decoded.is_empty() || honest && decoded.split('/').all(harmless)).then(|| decoded.into_owned())
}

/// A file as it was when it was opened.
struct Served {
    path: PathBuf,
    bytes: Bytes,
    modified: SystemTime,
}

impl Served {
    fn open(dir: &Path, path: &str) -> io::Result<Option<Self>> {
        let path = dir.join(path);
        let file = match File::open(&path) {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            file => file?,
        };
        // Also a link inside must not lead outside.
        let inside = path.canonicalize()?.starts_with(dir.canonicalize()?);
        let metadata = file.metadata()?;
        if !inside || !metadata.is_file() {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > FILE_BYTES_MAX {
            return Err(io::Error::other(format!("a picture may have {FILE_BYTES_MAX} bytes")));
        }
        Ok(Some(Self { path, bytes: bytes.into(), modified: metadata.modified()? }))
    }

    /// HEAD gets the same: the server leaves out the body.
    fn answer(self, request: &HeaderMap) -> Answer {
        let etag = format!("\"{}\"", blake3::hash(&self.bytes).to_hex());
        let modified = httpdate::fmt_http_date(self.modified);
        let (status, body) = if self.is_known(request, &etag) {
            (StatusCode::NOT_MODIFIED, Bytes::new())
        } else {
            (StatusCode::OK, self.bytes.clone())
        };
        let mut answer = respond(status, self.media_type(), body);
        for (name, value) in [(ETAG, etag.as_str()), (LAST_MODIFIED, &modified), (CACHE_CONTROL, LIFETIME)] {
            answer = with(answer, name, value);
        }
        answer
    }

    /// Whether the client has these bytes (RFC 9110 §13.2.2: a date counts only where there is no tag).
    fn is_known(&self, request: &HeaderMap, etag: &str) -> bool {
        let mut tags = request.get_all(IF_NONE_MATCH).iter().filter_map(|tags| tags.to_str().ok()).peekable();
        if tags.peek().is_some() {
            return tags
                .flat_map(|tags| tags.split(','))
                .map(|tag| tag.trim().trim_start_matches("W/"))
                .any(|tag| tag == "*" || tag == etag);
        }
        let since = request.get(IF_MODIFIED_SINCE).and_then(|since| since.to_str().ok());
        let since = since.and_then(|since| httpdate::parse_http_date(since).ok());
        // Dates of HTTP have whole seconds.
        since.is_some_and(|since| self.modified < since + Duration::from_secs(1))
    }

    fn media_type(&self) -> &'static str {
        match self.path.extension().and_then(|extension| extension.to_str()) {
            Some("jpg" | "jpeg") => "image/jpeg",
            Some("png") => "image/png",
            Some("webp") => "image/webp",
            Some("avif") => "image/avif",
            Some("gif") => "image/gif",
            _ => "application/octet-stream",
        }
    }
}

fn respond(status: StatusCode, media_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    answer
}

fn with(mut answer: Answer, name: HeaderName, value: &str) -> Answer {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
    answer
}

fn text(status: StatusCode, message: &str) -> Answer {
    respond(status, "text/plain; charset=utf-8", format!("{message}\n"))
}

fn json(value: &impl Serialize) -> Answer {
    match serde_json::to_vec_pretty(value) {
        Ok(json) => with(respond(StatusCode::OK, "application/json", json), CACHE_CONTROL, "no-store"),
        Err(error) => broken(&error),
    }
}

fn refuse_method(allowed: &str) -> Answer {
    with(text(StatusCode::METHOD_NOT_ALLOWED, &format!("allowed here: {allowed}")), ALLOW, allowed)
}

fn broken(error: &dyn std::error::Error) -> Answer {
    tracing::error!(%error, "the demo source cannot answer");
    text(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leads_out_of_the_folder_or_to_what_is_hidden() {
        for path in [
            "/../x",
            "/..",
            "/a/../../x",
            "/%2e%2e/x",
            "/a/%2e%2e%2f%2e%2e/x",
            "/a%2fb",
            "/.editions.json",
            "/a/.git/x",
            "//etc/passwd",
            "/a//b",
            "/a/",
            "/a%5c..%5cb",
            "/a%00b",
            "/%ff",
            "/c:x",
            "",
            "*",
        ] {
            assert_eq!(decoded(path), None, "{path}");
        }
        assert_eq!(decoded("/").as_deref(), Some(""));
        assert_eq!(decoded("/harbour/a%20b..jpg").as_deref(), Some("harbour/a b..jpg"));
    }
}
