//! Whether a request was meant for this listener.
//!
//! A page of a stranger can point its own name at 127.0.0.1 and then talk to whatever listens there, as its own origin
//! (DNS rebinding). What gives it away is the `Host` field: it still carries the stranger's name.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header;
use http::uri::Authority;

use crate::problem::Refused;

/// Which names a listener answers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostRule {
    /// Only names and literals of this machine.
    Loopback,
    Any,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misdirected {
    #[error("the request has no Host field that can be read")]
    NoHost,
    #[error("this listener answers to localhost, 127.0.0.1 and [::1] only, not to {0:?}")]
    Foreign(String),
}

impl HostRule {
    /// A listener on loopback is for this machine; what else it listens on, the operator has opened to others.
    pub fn for_listener(address: SocketAddr) -> Self {
        if is_loopback(address.ip()) { HostRule::Loopback } else { HostRule::Any }
    }

    fn check(self, request: &Request) -> Result<(), Misdirected> {
        if self == HostRule::Any {
            return Ok(());
        }
        // An absolute-form target counts more than the field (RFC 9112 §3.2.2), and a stranger may set either.
        let target = request.uri().authority().cloned().map(Ok);
        let fields = request
            .headers()
            .get_all(header::HOST)
            .iter()
            .map(|value| Authority::try_from(value.as_bytes()).map_err(|_| Misdirected::NoHost));
        let mut named = false;
        for authority in target.into_iter().chain(fields) {
            let authority = authority?;
            if !names_this_machine(authority.host()) {
                return Err(Misdirected::Foreign(authority.host().chars().take(100).collect()));
            }
            named = true;
        }
        if named { Ok(()) } else { Err(Misdirected::NoHost) }
    }
}

pub async fn require(State(rule): State<HostRule>, request: Request, next: Next) -> Response {
    match rule.check(&request) {
        Ok(()) => next.run(request).await,
        Err(error) => Refused::from(error).into_response(),
    }
}

/// `localhost` and all below it are this machine, whatever a resolver says (RFC 6761 §6.3).
fn names_this_machine(host: &str) -> bool {
    if let Some(literal) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return literal.parse().is_ok_and(|address: Ipv6Addr| is_loopback(address.into()));
    }
    if let Ok(address) = host.parse::<IpAddr>() {
        return is_loopback(address);
    }
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn request(target: &str, host: &[&str]) -> Request {
        let mut builder = http::Request::builder().uri(target);
        for value in host {
            builder = builder.header(header::HOST, *value);
        }
        builder.body(Body::empty()).expect("a request")
    }

    #[test]
    fn a_listener_on_loopback_answers_to_names_of_this_machine_only() {
        for (host, allowed) in [
            ("127.0.0.1", true),
            ("127.0.0.1:8081", true),
            ("127.9.8.7:1", true),
            ("localhost:8081", true),
            ("LocalHost", true),
            ("localhost.", true),
            ("pentimento.localhost:8081", true),
            ("[::1]:8081", true),
            ("[::ffff:127.0.0.1]", true),
            ("evil.example", false),
            ("evil.example:8081", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("notlocalhost", false),
            ("10.0.0.1", false),
            ("0.0.0.0", false),
            ("[::2]", false),
            ("", false),
            ("a b", false),
        ] {
            assert_eq!(HostRule::Loopback.check(&request("/", &[host])).is_ok(), allowed, "{host:?}");
        }
    }

    #[test]
    fn every_name_that_a_request_carries_must_be_of_this_machine() {
        for (target, host, allowed) in [
            ("/", &[][..], false),
            ("http://127.0.0.1/", &[], true),
            ("http://evil.example/", &["127.0.0.1"], false),
            ("http://127.0.0.1/", &["evil.example"], false),
            ("/", &["127.0.0.1", "evil.example"], false),
        ] {
            let found = HostRule::Loopback.check(&request(target, host));
            assert_eq!(found.is_ok(), allowed, "{target} {host:?}");
        }
    }

    #[test]
    fn only_a_listener_on_loopback_is_this_narrow() {
        for (address, rule) in [
            ("127.0.0.1:8081", HostRule::Loopback),
            ("[::1]:8081", HostRule::Loopback),
            ("0.0.0.0:8081", HostRule::Any),
            ("192.0.2.1:8081", HostRule::Any),
        ] {
            assert_eq!(HostRule::for_listener(address.parse().expect("an address")), rule, "{address}");
        }
        assert!(HostRule::Any.check(&request("/", &["evil.example"])).is_ok());
    }
}
