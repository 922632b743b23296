//! What an answer proves. Pure.
//!
//! Our entity tags are the beginning of the digest of the bytes, so that bytes without a tag can be told too: by a CDN that
//! takes tags away, weakens them or makes its own. One that changes the bytes themselves leaves only the time.

use std::fmt;

use api_types::{Sight, Verdict};

/// Clocks of other machines may differ by so much, in milliseconds.
const LEEWAY: u64 = 5_000;
/// Of a digest in hexadecimal, what an entity tag of ours has.
const TAG_LEN: usize = 32;

/// What must be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expected {
    /// A picture whose entity tag is this, between its quotes.
    Picture(String),
    Status(u16),
    /// We cannot make it ourselves at the moment, and this is why.
    Unknown(String),
}

impl Expected {
    pub(crate) fn of_tag(etag: &str) -> Self {
        Expected::Picture(etag.trim_matches('"').to_owned())
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expected::Picture(tag) => write!(f, "\"{tag}\""),
            Expected::Status(status) => write!(f, "status {status}"),
            Expected::Unknown(why) => f.write_str(why),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Judged {
    pub verdict: Verdict,
    pub why: Option<String>,
}

impl Judged {
    pub(super) fn plain(verdict: Verdict) -> Self {
        Self { verdict, why: None }
    }

    pub(super) fn because(verdict: Verdict, why: impl Into<String>) -> Self {
        Self { verdict, why: Some(why.into()) }
    }

    pub(crate) fn unverifiable(why: impl Into<String>) -> Self {
        Self::because(Verdict::Unverifiable, why)
    }
}

/// `None`: only the body can tell.
pub(crate) fn by_head(expected: &Expected, said: &Sight) -> Option<Judged> {
    if let Some(judged) = by_status(said) {
        return Some(judged);
    }
    match expected {
        Expected::Unknown(why) => {
            Some(Judged::unverifiable(format!("what must be there is not known: {why}")))
        }
        Expected::Status(wanted) if *wanted == said.status => Some(Judged::plain(Verdict::Verified)),
        Expected::Status(_) => Some(Judged::plain(Verdict::Stale)),
        Expected::Picture(_) if said.status != 200 => Some(Judged::plain(Verdict::Stale)),
        Expected::Picture(tag) if said.opaque_tag() == Some(tag) => Some(Judged::plain(Verdict::Verified)),
        Expected::Picture(_) => None,
    }
}

/// Of an answer that is not about the picture at all.
pub(super) fn by_status(said: &Sight) -> Option<Judged> {
    match said.status {
        300..=399 => Some(Judged::unverifiable(format!("it redirects elsewhere (status {})", said.status))),
        401 | 403 | 407 | 408 | 425 | 429 | 500.. => {
            Some(Judged::unverifiable(format!("it answered {}", said.status)))
        }
        _ => None,
    }
}

/// Of a 200 whose tag is not the one that must be there. `settled`: since then our own nodes have answered with nothing
/// older than the purge, if there was one.
pub(crate) fn by_body(tag: &str, said: &Sight, digest: &str, settled: Option<u64>) -> Judged {
    if digest.starts_with(tag) {
        return Judged::because(Verdict::Verified, "by the digest of its bytes; its entity tag is not ours");
    }
    if said.opaque_tag().is_some_and(is_ours) {
        return Judged::plain(Verdict::Stale);
    }
    settled
        .and_then(|settled| by_time(said, settled, "our nodes were done"))
        .unwrap_or_else(|| Judged::unverifiable("neither entity tag nor bytes are ours, and it tells no age"))
}

/// By when it was made, where nothing better tells: before or after `event`. A `Date` alone may be old, and then it
/// proves that; a new one proves nothing, for there are caches that renew it.
pub(super) fn by_time(said: &Sight, when: u64, event: &str) -> Option<Judged> {
    let made = said.made()?;
    if made.saturating_add(LEEWAY) < when {
        let before = (when - made).div_ceil(1000);
        return Some(Judged::because(Verdict::Stale, format!("it was made {before} s before {event}")));
    }
    let is_new = said.aged_since? > when.saturating_add(LEEWAY);
    is_new.then(|| Judged::because(Verdict::Verified, format!("it was made after {event}")))
}

fn is_ours(tag: &str) -> bool {
    tag.len() == TAG_LEN && tag.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;
    use std::fmt::Write as _;

    const SETTLED: u64 = 1_795_335_060_000;
    const NEW: &str = "243787581150ab16243787581150ab16";
    const OLD: &str = "ffffffffffffffffffffffffffffffff";

    fn said(status: u16, etag: Option<&str>, aged_since: Option<u64>, date: Option<u64>) -> Sight {
        let etag = etag.map(str::to_owned);
        Sight { status, etag, last_modified: None, at: SETTLED + 60_000, aged_since, date }
    }

    fn judged(expected: &Expected, said: &Sight, digest: &str) -> Judged {
        match (by_head(expected, said), expected) {
            (Some(judged), _) => judged,
            (None, Expected::Picture(tag)) => by_body(tag, said, digest, Some(SETTLED)),
            (None, _) => panic!("only a picture is told by its body"),
        }
    }

    #[test]
    fn what_each_answer_proves() {
        let picture = Expected::of_tag(&format!("\"{NEW}\""));
        let (ours, weak, old) = (format!("\"{NEW}\""), format!("W/\"{NEW}\""), format!("\"{OLD}\""));
        let (new_bytes, other_bytes) = (format!("{NEW}{OLD}"), format!("{OLD}{OLD}"));
        let gone = Expected::Status(404);
        let unknown = Expected::Unknown("no answer".to_owned());
        let (before, after) = (Some(SETTLED - 60_000), Some(SETTLED + 30_000));
        let mut table = String::new();
        for (name, expected, said, digest) in [
            ("our tag", &picture, said(200, Some(&ours), None, None), &other_bytes),
            ("our tag, weakened", &picture, said(200, Some(&weak), before, before), &other_bytes),
            ("an older tag of ours", &picture, said(200, Some(&old), after, after), &other_bytes),
            ("another's tag, our bytes", &picture, said(200, Some("\"x\""), before, before), &new_bytes),
            ("no tag, our bytes", &picture, said(200, None, None, None), &new_bytes),
            ("no tag, other bytes", &picture, said(200, None, None, None), &other_bytes),
            ("no tag, other bytes, old age", &picture, said(200, None, before, after), &other_bytes),
            ("no tag, other bytes, old date", &picture, said(200, None, None, before), &other_bytes),
            ("no tag, other bytes, new age", &picture, said(200, None, after, after), &other_bytes),
            ("no tag, other bytes, new date", &picture, said(200, None, None, after), &other_bytes),
            ("other bytes, at that moment", &picture, said(200, None, Some(SETTLED), None), &other_bytes),
            ("a picture, and it is gone", &gone, said(200, Some(&ours), None, None), &other_bytes),
            ("gone, and so it is", &gone, said(404, None, None, None), &other_bytes),
            ("gone, and it is there", &picture, said(404, None, None, None), &other_bytes),
            ("a redirect", &picture, said(302, None, None, None), &other_bytes),
            ("no access", &picture, said(403, None, None, None), &other_bytes),
            ("out of order", &picture, said(503, None, None, None), &other_bytes),
            ("nothing to compare with", &unknown, said(200, Some(&ours), None, None), &other_bytes),
        ] {
            let Judged { verdict, why } = judged(expected, &said, digest);
            let why = why.map(|why| format!(": {why}")).unwrap_or_default();
            _ = writeln!(table, "{name:<31}{verdict:?}{why}");
        }
        expect![[r#"
            our tag                        Verified
            our tag, weakened              Verified
            an older tag of ours           Stale
            another's tag, our bytes       Verified: by the digest of its bytes; its entity tag is not ours
            no tag, our bytes              Verified: by the digest of its bytes; its entity tag is not ours
            no tag, other bytes            Unverifiable: neither entity tag nor bytes are ours, and it tells no age
            no tag, other bytes, old age   Stale: it was made 60 s before our nodes were done
            no tag, other bytes, old date  Stale: it was made 60 s before our nodes were done
            no tag, other bytes, new age   Verified: it was made after our nodes were done
            no tag, other bytes, new date  Unverifiable: neither entity tag nor bytes are ours, and it tells no age
            other bytes, at that moment    Unverifiable: neither entity tag nor bytes are ours, and it tells no age
            a picture, and it is gone      Stale
            gone, and so it is             Verified
            gone, and it is there          Stale
            a redirect                     Unverifiable: it redirects elsewhere (status 302)
            no access                      Unverifiable: it answered 403
            out of order                   Unverifiable: it answered 503
            nothing to compare with        Unverifiable: what must be there is not known: no answer
        "#]]
        .assert_eq(&table);
    }
}
