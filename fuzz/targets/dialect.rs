//! The native dialect: what is understood is written back so that it means the same.
//!
//! Input: a line with path and query, a line with `Accept`.

#![no_main]

use dialect::{Request, native};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (target, accept) = text.split_once('\n').unwrap_or((text, ""));
    let understood = |target: &str| {
        let (path, query) =
            target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        native::parse(&Request { path, query, accept: Some(accept) }).ok()
    };
    let Some(first) = understood(target) else { return };
    let canonical = native::canonical(&first.delivery);
    let again = understood(&canonical).expect("what we wrote, we understand");
    assert_eq!(again.delivery.plan.fingerprint(), first.delivery.plan.fingerprint(), "{canonical}");
    assert_eq!(native::canonical(&again.delivery), canonical);
});
