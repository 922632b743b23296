//! From a request to the key under which its answer is stored.
//!
//! Input: a line with the target, a line with the host, then fields. What must hold: no panic; what is passed on
//! is what the key says; a picture's canonical URL has the key of the URL that it was made from.

#![no_main]

use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use edge::Serving;
use edge::request::{Asker, Target, Wanted, interpret};
use http::Request;
use http::request::Parts;
use libfuzzer_sys::fuzz_target;
use purge_protocol::TagKey;
use snapshot::{RequestLimits, Site, SiteKind, Snapshot, Upstreams};

static SERVING: LazyLock<Serving> = LazyLock::new(|| {
    let pass_through = Site {
        hosts: vec!["shop.test".parse().expect("a host")],
        kind: SiteKind::PassThrough {
            upstreams: Arc::new(Upstreams::one("http://upstream.test")),
            allow_private: false,
            strip_tags: false,
            purge_from: Vec::new(),
            storing: Default::default(),
        },
        ..Site::default()
    };
    let pictures = Site { kind: SiteKind::Images { unsigned: true, packs: None }, ..Site::default() };
    Serving::new(Snapshot {
        sites: vec![pass_through, pictures],
        keys: Vec::new(),
        tag_key: TagKey::new([7; 16]),
        limits: RequestLimits::default(),
    })
});

fn parts(target: &str, host: &str, fields: &[(&str, &str)]) -> Option<Parts> {
    let mut request = Request::get(target).header("host", host);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    Some(request.body(()).ok()?.into_parts().0)
}

fn wanted(parts: &Parts) -> Option<Wanted> {
    let client = Asker::Client(IpAddr::from([192, 0, 2, 1]));
    interpret(&SERVING, parts, Bytes::new(), client, 1_800_000_000).ok()
}

fuzz_target!(|text: &str| {
    let mut lines = text.lines();
    let (Some(target), Some(host)) = (lines.next(), lines.next()) else { return };
    let fields: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(':')).collect();
    let Some(parts) = parts(target, host, &fields) else { return };
    let Some(first) = wanted(&parts) else { return };
    match &first.target {
        Target::PassThrough(passed) => {
            assert_eq!(first.key_text, format!("pass\n{}\n{}", passed.host, passed.path_and_query));
            assert!(!passed.host.contains(['@', '/', '\n', ' ']), "{:?}", passed.host);
            assert!(!passed.path_and_query.contains(['\n', '#']), "{:?}", passed.path_and_query);
            assert!(passed.headers.keys().all(|name| !name.as_str().starts_with("pentimento-")));
        }
        Target::Image(image) => {
            // Where the target names a host, the field does not count (RFC 9112 §3.2.2).
            let again = self::parts(&image.url, &image.host, &fields).and_then(|parts| wanted(&parts));
            let again = again.expect("what we wrote, we understand");
            assert_eq!(again.key_text, first.key_text);
        }
    }
});
