//! How long a list is to be: `?limit=`.

use url::form_urlencoded;

const LIST_DEFAULT: u32 = 50;
const LIST_MAX: u32 = 200;

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedList {
    #[error("{0:?} is not a parameter here; allowed is limit")]
    UnknownParameter(String),
    #[error("limit is a number from 1 to {LIST_MAX}, not {0:?}")]
    Limit(String),
}

pub fn list_limit(query: Option<&str>) -> Result<u32, MalformedList> {
    let mut limit = LIST_DEFAULT;
    for (name, value) in form_urlencoded::parse(query.unwrap_or("").as_bytes()) {
        if name != "limit" {
            return Err(MalformedList::UnknownParameter(name.chars().take(100).collect()));
        }
        limit = match value.parse() {
            Ok(limit @ 1..=LIST_MAX) => limit,
            _ => return Err(MalformedList::Limit(value.chars().take(100).collect())),
        };
    }
    Ok(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_as_long_as_asked_within_bounds() {
        let limit = |value: &str| Err(MalformedList::Limit(value.to_owned()));
        for (query, wanted) in [
            (None, Ok(50)),
            (Some(""), Ok(50)),
            (Some("limit=1"), Ok(1)),
            (Some("limit=200"), Ok(200)),
            (Some("limit=0"), limit("0")),
            (Some("limit=201"), limit("201")),
            (Some("limit=-1"), limit("-1")),
            (Some("limit="), limit("")),
            (Some("limit=99999999999999999999"), limit("99999999999999999999")),
            (Some("state=done"), Err(MalformedList::UnknownParameter("state".to_owned()))),
        ] {
            assert_eq!(list_limit(query), wanted, "{query:?}");
        }
    }
}
