//! A Cloudimage whose tasks go through their statuses in the time they are given, and that serves pictures: under every
//! other path one that it has had for an hour, until a task that covers it has taken effect.

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::header::{AGE, DATE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use super::{FakeVendor, SECRET, field, json as reply, own_setting, reply as plain};

/// As its console has it; the API documents none.
const ORIGINALS_MAX: usize = 10;
const STATUSES: [&str; 4] = ["RECEIVED", "PREPARING", "FLUSHINGCLOUDIMAGESERVER", "FLUSHINGCDNSERVERS"];
const HOUR: u64 = 3_600_000;
/// Pictures that it remembers, and tasks.
const KEPT_MAX: usize = 10_000;

pub(super) struct Fake {
    completes_after: u64,
    /// How many tasks it will still not carry out.
    deaf_to: u32,
    tasks: BTreeMap<String, Task>,
    /// When each was made.
    pictures: BTreeMap<String, u64>,
}

struct Task {
    received: u64,
    /// Covers nothing if it is not carried out.
    covers: Vec<String>,
}

impl Fake {
    pub(super) fn new(completes_after: Duration, deaf_to: u32) -> Self {
        let completes_after = u64::try_from(completes_after.as_millis()).unwrap_or(u64::MAX);
        Self { completes_after, deaf_to, tasks: BTreeMap::new(), pictures: BTreeMap::new() }
    }

    fn status(&self, received: u64, now: u64) -> &'static str {
        let quarter = (self.completes_after / 4).max(1);
        let passed = usize::try_from(now.saturating_sub(received) / quarter).unwrap_or(usize::MAX);
        match self.completes_after {
            0 => "DONE",
            _ => STATUSES.get(passed).copied().unwrap_or("DONE"),
        }
    }

    fn take(&mut self, body: &Value, now: u64) -> Response<Bytes> {
        if self.tasks.len() >= KEPT_MAX {
            return error(StatusCode::TOO_MANY_REQUESTS, "Too many invalidations");
        }
        let uuid = format!("{}-{:012x}", own_setting("uuid"), self.tasks.len() + 1);
        let task = json!({ "status": "RECEIVED", "uuid": uuid, "added_at": "2026-01-01 00:00:00.000000" });
        let covers = if self.deaf_to > 0 { Vec::new() } else { covered(body) };
        self.deaf_to = self.deaf_to.saturating_sub(1);
        self.tasks.insert(uuid, Task { received: now, covers });
        let words = "Your invalidation request has been received";
        reply(StatusCode::CREATED, &json!({ "status": "success", "msg": words, "invalidation": task }))
    }

    /// As the CDN's places serve it: the fields by which a client can tell how old it is.
    fn picture(&mut self, request: &Request<Bytes>, now: u64) -> Response<Bytes> {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        if !self.pictures.contains_key(path) && self.pictures.len() >= KEPT_MAX {
            self.pictures.pop_first();
        }
        let made = self.pictures.entry(path.to_owned()).or_insert(now.saturating_sub(HOUR));
        let effective = |task: &&Task| {
            let at = task.received.saturating_add(self.completes_after);
            at <= now && at > *made && task.covers.iter().any(|one| covers(one, path))
        };
        if self.tasks.values().any(|task| effective(&task)) {
            *made = now;
        }
        let made = *made;
        let words =
            format!("<svg xmlns=\"http://www.w3.org/2000/svg\"><title>Made at {made}</title></svg>\n");
        let mut response = plain(StatusCode::OK, "image/svg+xml", words);
        let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_millis(made));
        if let Ok(date) = HeaderValue::try_from(date) {
            response.headers_mut().insert(DATE, date);
        }
        response.headers_mut().insert(AGE, HeaderValue::from(now.saturating_sub(made) / 1000));
        response
    }
}

impl FakeVendor for Fake {
    fn answer(&mut self, request: &Request<Bytes>, now: u64) -> Response<Bytes> {
        let Some(rest) = request.uri().path().strip_prefix("/invalidate") else {
            return match *request.method() {
                Method::GET | Method::HEAD => self.picture(request, now),
                _ => error(StatusCode::NOT_FOUND, "Not found"),
            };
        };
        if field(request, "x-client-key") != SECRET {
            return error(StatusCode::UNAUTHORIZED, "Invalid API key");
        }
        match (request.method(), rest) {
            (&Method::POST, "") => {
                let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
                match check(&body) {
                    Ok(()) => self.take(&body, now),
                    Err(words) => error(StatusCode::BAD_REQUEST, words),
                }
            }
            (&Method::GET, rest) => match self.tasks.get_key_value(rest.trim_start_matches('/')) {
                Some((uuid, task)) => {
                    let task = json!({ "status": self.status(task.received, now), "uuid": uuid });
                    reply(StatusCode::OK, &json!({ "status": "success", "invalidation": task }))
                }
                None => error(StatusCode::NOT_FOUND, "No such invalidation"),
            },
            _ => error(StatusCode::NOT_FOUND, "Not found"),
        }
    }
}

/// Paths, with a star for what they go on with.
fn covered(body: &Value) -> Vec<String> {
    let urls = body["urls"].as_array().into_iter().flatten().filter_map(Value::as_str);
    match body["scope"].as_str() {
        Some("original") => urls.flat_map(|url| [url.to_owned(), format!("{url}?*")]).collect(),
        Some("urls") => urls.map(str::to_owned).collect(),
        _ => vec!["*".to_owned()],
    }
}

fn covers(pattern: &str, path: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => path.starts_with(beginning),
        None => path == pattern,
    }
}

fn check(body: &Value) -> Result<(), &'static str> {
    let urls: Vec<&str> = body["urls"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    match body["scope"].as_str() {
        Some("all") => return Ok(()),
        Some("original" | "urls") if urls.is_empty() => return Err("`urls` is missing"),
        Some("original") if urls.iter().any(|url| url.contains('?')) => {
            return Err("A URL of an original has no query");
        }
        Some("original" | "urls") => {}
        _ => return Err("`scope` is original, urls or all"),
    }
    if urls.len() > ORIGINALS_MAX {
        return Err("At most 10 URLs are allowed");
    }
    let are_paths = urls.iter().all(|url| url.starts_with('/'));
    if are_paths { Ok(()) } else { Err("Wrong URL format") }
}

fn error(status: StatusCode, words: &str) -> Response<Bytes> {
    reply(status, &json!({ "status": "error", "msg": words }))
}
