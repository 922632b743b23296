//! The modification date as a validator (RFC 9110 §8.8.2).

use std::time::Duration;

use http::HeaderMap;
use http::header::{DATE, LAST_MODIFIED};

use crate::{Timestamp, date};

/// "at least 60 seconds" is what RFC 7232 §2.2.2 took for a difference beyond doubt; RFC 9110 leaves it to us.
const BEYOND_DOUBT: Duration = Duration::from_secs(60);

pub fn last_modified(response: &HeaderMap) -> Option<Timestamp> {
    date::field(response, LAST_MODIFIED).at()
}

/// When a stored response was last known to have changed, as a cache sees it: without `Last-Modified` at the latest
/// when it was made (RFC 9111 §4.3.2).
pub fn modified_by(response: &HeaderMap) -> Option<Timestamp> {
    match date::field(response, LAST_MODIFIED) {
        date::Dated::Absent => date::field(response, DATE).at(),
        modified => modified.at(),
    }
}

/// The same, if it is a strong validator: the picture cannot have changed twice within the second that it names,
/// because the response was made well after it (§8.8.2.2).
pub fn strong_last_modified(response: &HeaderMap) -> Option<Timestamp> {
    let made = date::field(response, DATE).at()?;
    last_modified(response).filter(|modified| made.since(*modified) >= BEYOND_DOUBT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn a_date_is_strong_when_it_was_a_minute_past() {
        let modified = Some(Timestamp(784_111_777));
        for (made, strong) in [
            (Some("Sun, 06 Nov 1994 08:50:37 GMT"), modified),
            (Some("Sun, 06 Nov 1994 08:50:36 GMT"), None),
            (Some("Sun, 06 Nov 1994 08:00:00 GMT"), None),
            (None, None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(LAST_MODIFIED, HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT"));
            if let Some(made) = made {
                headers.insert(DATE, HeaderValue::from_static(made));
            }
            assert_eq!(last_modified(&headers), modified);
            assert_eq!(strong_last_modified(&headers), strong, "{made:?}");
        }
        assert_eq!(last_modified(&HeaderMap::new()), None);
    }
}
