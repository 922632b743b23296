//! The query of a URL as parameters, each known and given once.

use std::borrow::Cow;
use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use crate::{BadRequest, Excerpt};

/// Decoded parameters, sorted by name.
#[derive(Debug)]
pub(crate) struct Parameters(BTreeMap<&'static str, String>);

impl Parameters {
    /// Refuses what is not in `allowed` and what is repeated: a parameter that we would quietly ignore gives
    /// somebody the wrong picture, and each ignored one is another URL for the same bytes in other people's caches.
    pub fn read(query: &str, allowed: &'static [&'static str]) -> Result<Self, BadRequest> {
        let mut parameters = BTreeMap::new();
        for (name, value) in form_pairs(query) {
            let Some(&name) = allowed.iter().find(|&&known| known == name) else {
                return Err(BadRequest::UnknownParameter { found: Excerpt::of(&name), allowed });
            };
            if parameters.insert(name, value.into_owned()).is_some() {
                return Err(BadRequest::RepeatedParameter { name });
            }
        }
        Ok(Self(parameters))
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// Both together; what both have is as it is in these.
    pub fn over(self, mut others: Self) -> Self {
        others.0.extend(self.0);
        others
    }

    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(&name, value)| (name, value.as_str()))
    }

    /// The value of `name` as `parse` reads it; `allowed` describes what it reads.
    pub fn value<T>(
        &self,
        name: &'static str,
        allowed: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, BadRequest> {
        let Some(text) = self.0.get(name) else { return Ok(None) };
        match parse(text) {
            Some(value) => Ok(Some(value)),
            None => Err(BadRequest::MalformedParameter { name, found: Excerpt::of(text), allowed }),
        }
    }
}

/// Reads the form encoding that browsers and URL libraries write (WHATWG URL Standard, §5.1
/// "application/x-www-form-urlencoded parsing"): empty pieces are skipped, a name without `=` has the empty
/// value, `+` is a space, a plus is `%2B`, and bytes that are not UTF-8 become U+FFFD. No value of ours
/// contains that, and none but a name or a text a space, so these end as an error that shows them.
fn form_pairs(query: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    query.split('&').filter(|piece| !piece.is_empty()).map(|piece| {
        let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
        (decoded(name), decoded(value))
    })
}

fn decoded(text: &str) -> Cow<'_, str> {
    // Nearly every parameter that anyone sends is plain.
    if !text.contains(['+', '%']) {
        return Cow::Borrowed(text);
    }
    // A plus that arrived as %2B is decoded after this, so it stays a plus.
    let spaced = text.replace('+', " ");
    Cow::Owned(percent_decode_str(&spaced).decode_utf8_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_like_a_form() {
        for (query, expected) in [
            ("", vec![]),
            ("w=1&h=2", vec![("w", "1"), ("h", "2")]),
            ("&&w=1&", vec![("w", "1")]),
            ("w", vec![("w", "")]),
            ("w=", vec![("w", "")]),
            ("=1", vec![("", "1")]),
            ("w=a=b", vec![("w", "a=b")]),
            ("w=a+b%2Bc%20d", vec![("w", "a b+c d")]),
            ("%77=1", vec![("w", "1")]),
            ("w=%zz%", vec![("w", "%zz%")]),
            ("w=%ff", vec![("w", "\u{fffd}")]),
            ("w=%26h%3D1", vec![("w", "&h=1")]),
        ] {
            let actual: Vec<_> = form_pairs(query).collect();
            let actual: Vec<_> = actual.iter().map(|(name, value)| (name.as_ref(), value.as_ref())).collect();
            assert_eq!(actual, expected, "{query:?}");
        }
    }

    #[test]
    fn parameters_are_known_single_and_sorted() {
        let read = |query| {
            Parameters::read(query, &["w", "h"])
                .map(|parameters| parameters.0.into_iter().collect::<Vec<_>>())
                .map_err(|error| error.to_string())
        };
        assert_eq!(read("w=1&h=2"), Ok(vec![("h", "2".to_owned()), ("w", "1".to_owned())]));
        assert_eq!(read("W=1"), Err("there is no parameter \"W\"; allowed are w, h".to_owned()));
        assert_eq!(read("=1"), Err("there is no parameter \"\"; allowed are w, h".to_owned()));
        assert_eq!(
            read("w=1&%77=1"),
            Err("the parameter w is given more than once; it is allowed once".to_owned())
        );
    }
}
