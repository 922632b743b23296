//! The secret that operators and their scripts show.

use std::fmt;

/// Kept as a digest, so that neither a dump nor the time that a comparison takes says anything about it.
#[derive(Clone)]
pub struct ApiToken {
    digest: blake3::Hash,
}

impl ApiToken {
    pub fn new(token: &str) -> Self {
        Self { digest: blake3::hash(token.as_bytes()) }
    }

    /// Whether `shown` is the token. Digests are compared in constant time (`blake3::Hash` says so of its `==`).
    pub fn is(&self, shown: &str) -> bool {
        self.digest == blake3::hash(shown.as_bytes())
    }
}

impl fmt::Debug for ApiToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiToken").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_is_the_token_and_debug_output_does_not_show_it() {
        let token = ApiToken::new("correct-horse");
        assert!(token.is("correct-horse"));
        for wrong in ["", "correct", "correct-horse ", "Correct-horse"] {
            assert!(!token.is(wrong), "{wrong:?}");
        }
        assert_eq!(format!("{token:?}"), "ApiToken { .. }");
    }
}
