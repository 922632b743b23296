//! Vendors' APIs as strict as they are documented: credentials, limits, error bodies, rates. For tests, and for operators
//! who would rather rehearse before they point a cluster at the real thing.
//!
//! They remember what they were told, and purge nothing.

mod akamai;
mod azure;
mod bunny;
mod cloudflare;
mod cloudfront;
mod cloudimage;
mod fastly;
mod google;
mod keycdn;
mod server;
mod servers_of_ones_own;
mod webhook;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Request, Response, StatusCode};
use url::Url;

use crate::name::VendorName;
use crate::settings::VendorSettings;

pub use server::{FakeCdn, Temper, Told};

/// What a fake accepts: worth nothing anywhere else.
pub const SECRET: &str = "rehearsal-secret-0123456789";

/// One vendor's side of the conversation. Time is an argument.
pub(crate) trait FakeVendor: Send {
    fn answer(&mut self, request: &Request<Bytes>, now_ms: u64) -> Response<Bytes>;
}

pub(crate) fn of(name: VendorName, temper: &Temper) -> Box<dyn FakeVendor> {
    let completes_after = temper.completes_after;
    match name {
        VendorName::Akamai => Box::new(akamai::Fake::default()),
        VendorName::Azure => Box::new(azure::Fake::new(completes_after)),
        VendorName::Bunny => Box::new(bunny::Fake::default()),
        VendorName::Cloudflare => Box::new(cloudflare::Fake::default()),
        VendorName::CloudFront => Box::new(cloudfront::Fake::new(completes_after)),
        VendorName::Cloudimage => Box::new(cloudimage::Fake::new(completes_after, temper.deaf_to)),
        VendorName::Fastly => Box::new(fastly::Fake),
        VendorName::Google => Box::new(google::Fake::new(completes_after)),
        VendorName::KeyCdn => Box::new(keycdn::Fake::default()),
        VendorName::Nginx | VendorName::Varnish => Box::new(servers_of_ones_own::Fake { name }),
        VendorName::Webhook => Box::new(webhook::Fake),
    }
}

/// Settings with which a driver is let in at a fake that listens there.
pub fn settings(name: VendorName, address: SocketAddr) -> VendorSettings {
    let at: Option<Url> = format!("http://{address}").parse().ok();
    let server = format!("http://{address}");
    let own_setting = |name: &str| match name {
        "login" => server.clone(),
        _ => own_setting(name).to_owned(),
    };
    let own: BTreeMap<&'static str, String> =
        name.own_settings().iter().map(|one| (one.name, own_setting(one.name))).collect();
    let secret = match name {
        VendorName::Google => Some(google::key_file(&server)),
        _ => name.needs_secret().then(|| SECRET.to_owned()),
    };
    match name.has_nodes() {
        true => VendorSettings { nodes: at.into_iter().collect(), own, secret, ..VendorSettings::default() },
        false => VendorSettings { api: at, own, secret, ..VendorSettings::default() },
    }
}

fn own_setting(name: &str) -> &'static str {
    match name {
        "access_key" => "AKIAREHEARSAL",
        "access_token" => "akab-access-rehearsal",
        "client_token" => "akab-client-rehearsal",
        "distribution" => "EDREHEARSAL1",
        "service" => "SU1rehearsal",
        "zone" => "023e105f4ecef8ad9ca31a8372d0c353",
        "pull_zone" => "4711",
        "purge_path" => "/purge",
        "wildcards" => "true",
        _ => "rehearsal",
    }
}

fn reply(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn json(status: StatusCode, body: &serde_json::Value) -> Response<Bytes> {
    reply(status, "application/json", body.to_string())
}

/// How long to wait, in whole seconds and never too short.
fn later(mut response: Response<Bytes>, wait: Duration) -> Response<Bytes> {
    let seconds = wait.as_millis().div_ceil(1000);
    if let Ok(value) = HeaderValue::try_from(seconds.to_string()) {
        response.headers_mut().insert(RETRY_AFTER, value);
    }
    response
}

fn field<'a>(request: &'a Request<Bytes>, name: &str) -> &'a str {
    request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
