//! What a certificate authority that asks for a token is answered.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// RFC 8555 §8.3
pub const CHALLENGE_PATH: &str = "/.well-known/acme-challenge/";

/// The tokens of orders that are under way.
#[derive(Debug, Clone, Default)]
pub struct Challenges(Arc<Mutex<HashMap<String, String>>>);

/// Answers one token until it is dropped.
#[derive(Debug)]
pub(crate) struct Expected {
    challenges: Challenges,
    token: String,
}

impl Challenges {
    /// The key authorization for a path, if it is that of a token of ours.
    pub fn answer(&self, path: &str) -> Option<String> {
        let token = path.strip_prefix(CHALLENGE_PATH)?;
        self.tokens().get(token).cloned()
    }

    pub(crate) fn expect(&self, token: &str, key_authorization: &str) -> Expected {
        self.tokens().insert(token.to_owned(), key_authorization.to_owned());
        Expected { challenges: self.clone(), token: token.to_owned() }
    }

    fn tokens(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Expected {
    fn drop(&mut self) {
        self.challenges.tokens().remove(&self.token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_answered_while_its_order_is_under_way() {
        let challenges = Challenges::default();
        let path = "/.well-known/acme-challenge/abc";
        assert_eq!(challenges.answer(path), None);
        let expected = challenges.expect("abc", "abc.thumbprint");
        assert_eq!(challenges.answer(path).as_deref(), Some("abc.thumbprint"));
        assert_eq!(challenges.answer("/.well-known/acme-challenge/"), None);
        assert_eq!(challenges.answer("/abc"), None);
        drop(expected);
        assert_eq!(challenges.answer(path), None);
    }
}
