//! Every parser of `http-caching`, on the header sections of a request and of a response.
//!
//! Input: fields, an empty line, fields. What must hold: no panic, and a few rules that no input may break.

#![no_main]

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use http_caching::conditional::{evaluate, evaluate_in_cache};
use http_caching::last_modified::{last_modified, strong_last_modified};
use http_caching::range::{self, RangeOutcome};
use http_caching::vary::{self, Vary};
use http_caching::{
    CacheControl, EntityTag, Leeway, RequestControl, Timestamp, age, cache_groups, freshness, hop_by_hop,
    reuse, stale, storing, update,
};
use libfuzzer_sys::fuzz_target;

const NOW: Timestamp = Timestamp(1_800_000_000);
const LENGTH: u64 = 1000;

fn fields(lines: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines.split(|byte| *byte == b'\n').take(64) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(&line[..colon]), value) {
            headers.append(name, value);
        }
    }
    headers
}

fuzz_target!(|bytes: &[u8]| {
    let end = bytes.windows(2).position(|two| two == b"\n\n").unwrap_or(bytes.len());
    let request = fields(&bytes[..end]);
    let response = fields(bytes.get(end + 2..).unwrap_or_default());
    let leeway = Leeway::default();
    let status = StatusCode::OK;

    let control = CacheControl::of(&response);
    let asked = RequestControl::of(&request);
    let lifetime = freshness::lifetime(&leeway, &control, status, &response, NOW);
    let initial = age::corrected_initial_age(&response, NOW, NOW);
    let old = age::current_age(initial, NOW, NOW);
    assert!(old >= initial, "age goes forward");
    let duration = lifetime.map_or(Duration::ZERO, |lifetime| lifetime.duration);
    let _ = reuse::reuse(&control, duration, old, &asked);
    let _ = stale::forbidden(&control);

    let stored = storing::may_store(&leeway, &Method::GET, status, &request, &response);
    if control.no_store && !control.must_understand {
        assert!(stored.is_err(), "what says no-store is not stored");
    }
    if Vary::of(&response) == Vary::Star {
        assert!(stored.is_err(), "what varies by anything is not stored");
    }
    if let Vary::Fields(names) = Vary::of(&response) {
        let selected = vary::selected(&names, &request);
        assert!(vary::matches(&selected, &request), "a request selects what it was stored for");
    }

    let etag = EntityTag::of(&response);
    let _ = evaluate(&Method::GET, &request, etag.as_ref(), last_modified(&response));
    let _ = evaluate_in_cache(&Method::GET, &request, etag.as_ref(), last_modified(&response));
    let strong = strong_last_modified(&response);
    match range::evaluate(&request, &Method::GET, etag.as_ref(), strong, LENGTH) {
        RangeOutcome::Part { start, end_inclusive } => {
            assert!(start <= end_inclusive && end_inclusive < LENGTH)
        }
        RangeOutcome::Whole | RangeOutcome::NotSatisfiable => {}
    }
    let _ = (cache_groups::groups(&response), cache_groups::invalidated(&response));
    let kept = hop_by_hop::stored(&response, &control);
    assert!(!kept.contains_key("connection") && !kept.contains_key("transfer-encoding"));
    let mut updated = kept.clone();
    update::update(&mut updated, &response);
    assert!(!hop_by_hop::forwarded(&request).contains_key("connection"));
});
