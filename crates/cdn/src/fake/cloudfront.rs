//! A CloudFront that counts what is in progress, and remembers `CallerReference`s.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};

use super::{FakeVendor, SECRET, field, own_setting, reply};
use crate::settings::VendorSettings;
use crate::sigv4::{Signer, timestamp};
use crate::xml;

const PATHS_MAX: usize = 3000;
const WILDCARDS_MAX: usize = 15;
const PATH_CHARS_MAX: usize = 4000;
/// A signature is believed for so long, in seconds.
const SIGNED_MAX: u64 = 300;

struct Invalidation {
    reference: String,
    paths: Vec<String>,
    done_at: u64,
}

pub(super) struct Fake {
    completes_after: u64,
    invalidations: BTreeMap<String, Invalidation>,
}

impl Fake {
    pub(super) fn new(completes_after: Duration) -> Self {
        let completes_after = u64::try_from(completes_after.as_millis()).unwrap_or(u64::MAX);
        Self { completes_after, invalidations: BTreeMap::new() }
    }

    fn create(&mut self, body: &str, now: u64) -> Response<Bytes> {
        let bad = |code: &str, words: &str| error(StatusCode::BAD_REQUEST, code, words);
        let paths = xml::texts(body, "Path");
        let reference = xml::texts(body, "CallerReference").into_iter().next().unwrap_or_default();
        let quantity = xml::texts(body, "Quantity").into_iter().next().and_then(|text| text.parse().ok());
        if reference.is_empty() || paths.is_empty() {
            return bad("MissingBody", "This operation requires a body.");
        }
        if quantity != Some(paths.len()) {
            return bad("InconsistentQuantities", "The value of Quantity and the size of Items don't match.");
        }
        if let Some(wrong) = paths.iter().find(|path| !is_path(path)) {
            return bad(
                "InvalidArgument",
                &format!("Your request contains one or more invalid invalidation paths: {wrong}"),
            );
        }
        if let Some((id, known)) = self.invalidations.iter().find(|(_, one)| one.reference == reference) {
            return match known.paths == paths {
                true => shown(StatusCode::CREATED, id, known, now),
                false => bad(
                    "InvalidationBatchAlreadyExists",
                    "The caller reference that you are using has been associated with another invalidation.",
                ),
            };
        }
        let is_wild = |path: &&String| path.ends_with('*');
        let in_progress =
            || self.invalidations.values().filter(|one| one.done_at > now).flat_map(|one| &one.paths);
        let wild = in_progress().filter(is_wild).count() + paths.iter().filter(is_wild).count();
        let all = in_progress().count() + paths.len();
        if wild > WILDCARDS_MAX || all - wild > PATHS_MAX {
            return bad(
                "TooManyInvalidationsInProgress",
                "Your request exceeds the maximum allowed in progress.",
            );
        }
        let id = format!("I{:013X}", self.invalidations.len() + 1);
        let one = Invalidation { reference, paths, done_at: now.saturating_add(self.completes_after) };
        let response = shown(StatusCode::CREATED, &id, &one, now);
        self.invalidations.insert(id, one);
        response
    }
}

impl FakeVendor for Fake {
    fn answer(&mut self, request: &Request<Bytes>, now: u64) -> Response<Bytes> {
        if let Err(code) = check(request, now / 1000) {
            return error(StatusCode::FORBIDDEN, code, "Check your access key and signing method.");
        }
        let folder = "/2020-05-31/distribution/";
        let Some(rest) = request.uri().path().strip_prefix(folder) else {
            return error(StatusCode::NOT_FOUND, "NoSuchResource", "There is no such operation.");
        };
        let (distribution, rest) = rest.split_once('/').unwrap_or((rest, ""));
        if distribution != own_setting("distribution") {
            return error(
                StatusCode::NOT_FOUND,
                "NoSuchDistribution",
                "The specified distribution does not exist.",
            );
        }
        match (request.method(), rest.strip_prefix("invalidation")) {
            (&Method::POST, Some("")) => self.create(&String::from_utf8_lossy(request.body()), now),
            (&Method::GET, Some(rest)) => {
                match self.invalidations.get_key_value(rest.trim_start_matches('/')) {
                    Some((id, one)) => shown(StatusCode::OK, id, one, now),
                    None => error(
                        StatusCode::NOT_FOUND,
                        "NoSuchInvalidation",
                        "The specified invalidation does not exist.",
                    ),
                }
            }
            _ => error(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", "There is no such operation."),
        }
    }
}

/// `*` may only be the last character; a tag has none.
fn is_path(path: &str) -> bool {
    let bare = path.strip_suffix('*').unwrap_or(path);
    let is_tag = path.starts_with('#') && path.len() > 1 && path.len() <= 257 && !path.contains([',', '*']);
    let is_path = path.starts_with('/') && !bare.contains('*') && path.chars().count() <= PATH_CHARS_MAX;
    (is_tag || is_path) && path.bytes().all(|byte| byte.is_ascii_graphic())
}

fn check(request: &Request<Bytes>, now: u64) -> Result<(), &'static str> {
    let given = field(request, "authorization").strip_prefix("AWS4-HMAC-SHA256 ");
    let given = given.ok_or("MissingAuthenticationToken")?;
    let part = |name: &str| {
        let parts = given.split(',').filter_map(|part| part.trim().split_once('='));
        parts.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value).unwrap_or_default()
    };
    let settings = VendorSettings { secret: Some(SECRET.to_owned()), ..VendorSettings::default() };
    let signer = Signer {
        access_key: own_setting("access_key").to_owned(),
        secret: settings.secret().map_err(|_| "InternalFailure")?,
        region: "us-east-1",
        service: "cloudfront",
    };
    let date = field(request, "x-amz-date");
    if part("Credential") != format!("{}/{}", signer.access_key, signer.scope(date)) {
        return Err("InvalidClientTokenId");
    }
    let names: Vec<String> = part("SignedHeaders").split(';').map(str::to_owned).collect();
    let is_signed = |name: &str| names.iter().any(|one| one == name);
    if !is_signed("host") || !is_signed("x-amz-date") {
        return Err("SignatureDoesNotMatch");
    }
    if part("Signature") != signer.signature(request, date, &names) {
        return Err("SignatureDoesNotMatch");
    }
    // Written in order of size, dates are in order of time.
    let near = timestamp(now.saturating_sub(SIGNED_MAX))..=timestamp(now + SIGNED_MAX);
    if near.contains(&date.to_owned()) { Ok(()) } else { Err("RequestExpired") }
}

fn shown(status: StatusCode, id: &str, one: &Invalidation, now: u64) -> Response<Bytes> {
    let state = if one.done_at > now { "InProgress" } else { "Completed" };
    let paths: String = one.paths.iter().map(|path| format!("<Path>{}</Path>", xml::escaped(path))).collect();
    let body = format!(
        "<?xml version=\"1.0\"?>\n<Invalidation xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\">\
         <Id>{id}</Id><Status>{state}</Status><InvalidationBatch><Paths><Quantity>{}</Quantity><Items>{paths}</Items>\
         </Paths><CallerReference>{}</CallerReference></InvalidationBatch></Invalidation>",
        one.paths.len(),
        xml::escaped(&one.reference),
    );
    reply(status, "text/xml", body)
}

fn error(status: StatusCode, code: &str, words: &str) -> Response<Bytes> {
    let body = format!(
        "<?xml version=\"1.0\"?>\n<ErrorResponse xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\"><Error>\
         <Type>Sender</Type><Code>{code}</Code><Message>{}</Message></Error></ErrorResponse>",
        xml::escaped(words)
    );
    reply(status, "text/xml", body)
}
