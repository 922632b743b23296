//! `Idempotency-Key`: the same request sent twice is one purge.

use http::HeaderMap;

pub const FIELD: &str = "idempotency-key";
const LEN_MAX: usize = 128;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdempotencyKeyError {
    #[error("a request has one Idempotency-Key")]
    Repeated,
    #[error("an Idempotency-Key has 1 to {LEN_MAX} visible ASCII characters")]
    Malformed,
    #[error(
        "this Idempotency-Key was used before, for a purge of something else: take a new one for a new purge"
    )]
    UsedForAnother,
}

pub fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, IdempotencyKeyError> {
    let mut values = headers.get_all(FIELD).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(IdempotencyKeyError::Repeated);
    }
    let key = value.to_str().map_err(|_| IdempotencyKeyError::Malformed)?;
    let allowed = (1..=LEN_MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    if allowed { Ok(Some(key.to_owned())) } else { Err(IdempotencyKeyError::Malformed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_visible_and_not_long() {
        let found = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers
                    .append(FIELD, http::HeaderValue::from_bytes(value.as_bytes()).expect("a field value"));
            }
            idempotency_key(&headers)
        };
        assert_eq!(found(&[]), Ok(None));
        assert_eq!(found(&["deploy-17"]), Ok(Some("deploy-17".to_owned())));
        assert_eq!(found(&["\"quoted\""]), Ok(Some("\"quoted\"".to_owned())));
        assert_eq!(found(&["a", "a"]), Err(IdempotencyKeyError::Repeated));
        let longest = "k".repeat(LEN_MAX);
        assert_eq!(found(&[&longest]), Ok(Some(longest.clone())));
        for bad in ["", "two words", "é", &format!("{longest}k")] {
            assert_eq!(found(&[bad]), Err(IdempotencyKeyError::Malformed), "{bad:?}");
        }
    }
}
