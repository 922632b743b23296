//! What a pass-through site's upstream learns of the client, besides its request.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Fields that proxies add: whoever sends one came through a proxy, or says so.
pub const PROXY_FIELDS: [&str; 5] = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];

/// Fields by which some servers answer another URL or another method than the request's own. Our key is made of the
/// request's own, so one client could have the answer to another question stored for everybody.
const OVERRIDES: [&str; 6] = [
    "x-original-url",
    "x-rewrite-url",
    "x-original-host",
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
];

/// Between nodes of ours these fields travel under other names: there they are not about the node that asks.
const PACKED: &str = "pentimento-client-";

pub fn came_through_a_proxy(headers: &HeaderMap) -> bool {
    PROXY_FIELDS.iter().any(|name| headers.contains_key(*name))
}

/// What this node adds to a client's request, and what it does not believe of it. The address is added to those that
/// are listed already: the upstream knows which of its proxies it believes.
pub fn introduce(headers: &mut HeaderMap, method: &Method, host: &str, client: IpAddr) {
    if method.is_safe() {
        for name in OVERRIDES {
            headers.remove(name);
        }
    }
    let client = client.to_canonical().to_string();
    let listed = joined(headers, &X_FORWARDED_FOR);
    let addresses = listed.map_or_else(|| client.clone(), |listed| format!("{listed}, {client}"));
    let via = joined(headers, &header::VIA);
    let hops = via.map_or_else(|| "1.1 pentimento".to_owned(), |via| format!("{via}, 1.1 pentimento"));
    for (name, value) in
        [(X_FORWARDED_FOR, addresses.as_str()), (X_FORWARDED_HOST, host), (header::VIA, &hops)]
    {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
}

/// On the way to another node.
pub fn pack(headers: &mut HeaderMap) {
    for name in PROXY_FIELDS {
        let packed = HeaderName::from_bytes(format!("{PACKED}{name}").as_bytes());
        if let (Some(value), Ok(packed)) = (headers.remove(name), packed) {
            headers.insert(packed, value);
        }
    }
}

/// What [`pack`] did, undone.
pub fn unpack(headers: &mut HeaderMap) {
    for name in PROXY_FIELDS {
        if let Some(value) = headers.remove(format!("{PACKED}{name}")) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

/// All lines of a list as one; `None` if there is none that is text.
fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let lines: Vec<&str> = headers.get_all(name).iter().filter_map(|line| line.to_str().ok()).collect();
    (!lines.is_empty()).then(|| lines.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        headers
    }

    fn shown(headers: &HeaderMap) -> String {
        let mut lines: Vec<String> =
            headers.iter().map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap())).collect();
        lines.sort();
        lines.concat()
    }

    #[test]
    fn an_upstream_learns_who_asked_and_through_whom() {
        let mut sent = headers(&[
            ("x-forwarded-for", "198.51.100.7"),
            ("x-forwarded-for", "192.0.2.9"),
            ("x-forwarded-host", "evil.test"),
            ("via", "1.1 front"),
            ("x-original-url", "/admin"),
            ("accept", "text/html"),
        ]);
        introduce(&mut sent, &Method::GET, "shop.test", "::ffff:203.0.113.5".parse().unwrap());
        expect![[r"
            accept: text/html
            via: 1.1 front, 1.1 pentimento
            x-forwarded-for: 198.51.100.7, 192.0.2.9, 203.0.113.5
            x-forwarded-host: shop.test
        "]]
        .assert_eq(&shown(&sent));
    }

    #[test]
    fn between_nodes_it_travels_under_other_names_and_makes_no_client_of_a_node() {
        let mut sent = HeaderMap::new();
        introduce(&mut sent, &Method::POST, "shop.test", "192.0.2.1".parse().unwrap());
        let before = shown(&sent);
        pack(&mut sent);
        assert!(!came_through_a_proxy(&sent));
        unpack(&mut sent);
        assert_eq!(shown(&sent), before);
    }
}
