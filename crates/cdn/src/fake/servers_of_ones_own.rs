//! A Varnish with the VCL of the documentation, and an nginx with `proxy_cache_purge`, that store nothing.

use bytes::Bytes;
use http::header::SERVER;
use http::{HeaderValue, Request, Response, StatusCode};

use super::{FakeVendor, field, reply};
use crate::name::VendorName;

pub(super) struct Fake {
    pub name: VendorName,
}

impl FakeVendor for Fake {
    fn answer(&mut self, request: &Request<Bytes>, _: u64) -> Response<Bytes> {
        let has_host = !field(request, "host").is_empty();
        let (server, status) = match self.name {
            VendorName::Varnish => {
                let is_ban = field(request, "x-ban-url").starts_with("^/");
                let status = match request.method().as_str() {
                    "PURGE" if has_host => StatusCode::OK,
                    "BAN" if is_ban => StatusCode::OK,
                    "BAN" | "PURGE" => StatusCode::BAD_REQUEST,
                    _ => StatusCode::METHOD_NOT_ALLOWED,
                };
                ("Varnish", status)
            }
            _ => {
                let status = match request.method().as_str() {
                    "PURGE" if request.uri().path().ends_with('*') => StatusCode::ACCEPTED,
                    // It has stored nothing.
                    "PURGE" if has_host => StatusCode::NOT_FOUND,
                    "PURGE" => StatusCode::BAD_REQUEST,
                    _ => StatusCode::METHOD_NOT_ALLOWED,
                };
                ("nginx", status)
            }
        };
        let mut response = reply(status, "text/html", format!("<h1>{status}</h1><hr>{server}\n"));
        response.headers_mut().insert(SERVER, HeaderValue::from_static(server));
        response
    }
}
