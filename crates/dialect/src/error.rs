//! Why a URL is refused, in words for whoever wrote it.

use crate::{Excerpt, InvalidPath, InvalidSourceName};

/// Each names what was found, where, and what is allowed there. The answer is 400, but 414 for
/// [`BadRequest::UrlTooLong`] and [`BadRequest::CanonicalTooLong`] (RFC 9110 §15.5.15).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRequest {
    #[error("the URL has {len} bytes, at most {max} are allowed")]
    UrlTooLong { len: usize, max: usize },
    #[error(
        "the URL has {len} bytes in canonical form, with what is not a letter, a digit, -, ., _ or ~ in names and texts \
         percent-encoded; at most {max} are allowed"
    )]
    CanonicalTooLong { len: usize, max: usize },
    #[error("the path {found} does not name an original: it has the form /source/path, as in /demo/cat.jpg")]
    NoOriginal { found: Excerpt },
    #[error("the path {found} names no pack: it has the form /api/v2/img/pack, and perhaps a dash and more")]
    NoPack { found: Excerpt },
    #[error(transparent)]
    Source(#[from] InvalidSourceName),
    #[error(transparent)]
    Path(#[from] InvalidPath),
    #[error("there is no parameter {found}; allowed are {}", listed(allowed))]
    UnknownParameter { found: Excerpt, allowed: &'static [&'static str] },
    #[error("the parameter {name} is given more than once; it is allowed once")]
    RepeatedParameter { name: &'static str },
    #[error("the parameter {name} is {found}; allowed is {allowed}")]
    MalformedParameter { name: &'static str, found: Excerpt, allowed: &'static str },
    #[error("the parameter {name} has no effect here: it needs {needs}")]
    UselessParameter { name: &'static str, needs: &'static str },
    #[error("the parameter {found} belongs to a signature, which needs {missing} too")]
    IncompleteSignature { found: &'static str, missing: &'static str },
    #[error("the URL to be signed has the parameter {found} already; a signature adds it")]
    AlreadySigned { found: &'static str },
}

/// What there may be several of is told once.
fn listed(names: &[&str]) -> String {
    let repeated = |name: &&&str| name.contains(|c: char| c.is_ascii_digit());
    let once: Vec<&str> = names.iter().filter(|name| !repeated(name)).copied().collect();
    let more = if once.len() < names.len() {
        "; those of mark and txt also with a number, as in mark2 to mark4"
    } else {
        ""
    };
    format!("{}{more}", once.join(", "))
}
