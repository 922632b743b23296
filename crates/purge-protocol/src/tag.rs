//! Labels on stored responses, by which purges name them.

use std::fmt;
use std::hash::Hasher;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;

/// What a tag says in words. A purge names subjects; a stored response carries the tags of all its subjects.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// Everything of the tenant.
    Tenant,
    Source(String),
    /// `source/path`.
    Original(String),
    /// `source/path`, without a slash at its end: a prefix at a path boundary.
    Folder(String),
    Preset(String),
    Pack(String),
    Location(String),
    /// One URL in its normal form.
    Url(String),
    /// `host/path`, without a slash at its end: every URL at and below it.
    Prefix(String),
    /// A label that an upstream gave (`Surrogate-Key`, `Cache-Tag`, `xkey` …).
    Label(String),
}

/// Not what [`Subject`] writes of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a subject: `tenant`, or a kind and a name with a colon between them")]
pub struct UnknownSubject;

/// Reads what [`Subject`] wrote, byte for byte. What people write is a [`Selector`](crate::Selector).
impl FromStr for Subject {
    type Err = UnknownSubject;

    fn from_str(text: &str) -> Result<Self, UnknownSubject> {
        if text == "tenant" {
            return Ok(Subject::Tenant);
        }
        let (kind, name) = text.split_once(':').ok_or(UnknownSubject)?;
        let name = name.to_owned();
        Ok(match kind {
            "source" => Subject::Source(name),
            "original" => Subject::Original(name),
            "folder" => Subject::Folder(name),
            "preset" => Subject::Preset(name),
            "pack" => Subject::Pack(name),
            "location" => Subject::Location(name),
            "url" => Subject::Url(name),
            "prefix" => Subject::Prefix(name),
            "tag" => Subject::Label(name),
            _ => return Err(UnknownSubject),
        })
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, name) = match self {
            Subject::Tenant => return f.write_str("tenant"),
            Subject::Source(name) => ("source", name),
            Subject::Original(name) => ("original", name),
            Subject::Folder(name) => ("folder", name),
            Subject::Preset(name) => ("preset", name),
            Subject::Pack(name) => ("pack", name),
            Subject::Location(name) => ("location", name),
            Subject::Url(name) => ("url", name),
            Subject::Prefix(name) => ("prefix", name),
            Subject::Label(name) => ("tag", name),
        };
        write!(f, "{kind}:{name}")
    }
}

/// The key of the hash. Secret, so that nobody can craft two subjects of one tag; a collision by chance costs a
/// miss and never staleness, because it only ever fences too much.
#[derive(Clone, Serialize, Deserialize)]
pub struct TagKey([u8; 16]);

impl TagKey {
    pub fn new(key: [u8; 16]) -> Self {
        Self(key)
    }

    pub fn tag(&self, subject: &Subject) -> Tag {
        let mut hasher = SipHasher13::new_with_key(&self.0);
        hasher.write(subject.to_string().as_bytes());
        Tag(hasher.finish())
    }

    /// All tags of a response, or none: see [`Tags`].
    pub fn tags<'a>(&self, subjects: impl IntoIterator<Item = &'a Subject>) -> Result<Tags, TooManyTags> {
        Tags::new(subjects.into_iter().map(|subject| self.tag(subject)).collect())
    }
}

impl fmt::Debug for TagKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TagKey(…)")
    }
}

/// A subject's keyed hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tag(pub u64);

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Every tag of a response.
///
/// Invariant: complete. A response with more tags than [`Tags::MAX`] cannot be stored; to cut the list would
/// leave a copy that its own purge does not reach.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tags(Box<[Tag]>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a response has at most {} tags, this one has {found}", Tags::MAX)]
pub struct TooManyTags {
    pub found: usize,
}

impl Tags {
    pub const MAX: usize = 256;

    pub fn new(mut tags: Vec<Tag>) -> Result<Self, TooManyTags> {
        tags.sort_unstable();
        tags.dedup();
        if tags.len() > Self::MAX {
            return Err(TooManyTags { found: tags.len() });
        }
        Ok(Self(tags.into()))
    }

    /// Both: what an answer and its later confirmation are tagged with.
    pub fn and(&self, others: &Tags) -> Result<Self, TooManyTags> {
        Self::new(self.iter().chain(others.iter()).collect())
    }

    pub fn iter(&self) -> impl Iterator<Item = Tag> + '_ {
        self.0.iter().copied()
    }

    pub fn contains_any(&self, others: &[Tag]) -> bool {
        others.iter().any(|tag| self.0.binary_search(tag).is_ok())
    }

    /// Whether they have one in common.
    pub fn meet(&self, others: &Tags) -> bool {
        let (few, many) = if self.0.len() <= others.0.len() { (self, others) } else { (others, self) };
        many.contains_any(&few.0)
    }

    /// As a header field value: hexadecimal, separated by spaces.
    pub fn to_field(&self) -> String {
        self.iter().map(|tag| tag.to_string()).collect::<Vec<_>>().join(" ")
    }

    /// What [`Tags::to_field`] wrote; `None` for anything else.
    pub fn from_field(field: &str) -> Option<Self> {
        let tags = field
            .split_ascii_whitespace()
            .map(|tag| {
                let written_by_us = tag.len() == 16 && tag.bytes().all(|byte| byte.is_ascii_hexdigit());
                written_by_us.then(|| u64::from_str_radix(tag, 16).ok()).flatten().map(Tag)
            })
            .collect::<Option<Vec<_>>>()?;
        Self::new(tags).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> TagKey {
        TagKey::new([7; 16])
    }

    #[test]
    fn subjects_of_different_kinds_never_share_a_text() {
        let texts = [
            Subject::Tenant,
            Subject::Source("demo".into()),
            Subject::Folder("demo".into()),
            Subject::Original("demo".into()),
            Subject::Label("demo".into()),
        ]
        .map(|subject| subject.to_string());
        assert_eq!(texts, ["tenant", "source:demo", "folder:demo", "original:demo", "tag:demo"]);
    }

    proptest::proptest! {
        #[test]
        fn a_subject_is_read_as_it_was_written(kind in 0..9usize, name in ".*") {
            let kinds = [Subject::Source, Subject::Original, Subject::Folder, Subject::Preset, Subject::Pack,
                Subject::Location, Subject::Url, Subject::Prefix, Subject::Label];
            let subject = kinds[kind](name);
            proptest::prop_assert_eq!(subject.to_string().parse(), Ok(subject));
        }

        #[test]
        fn whatever_is_read_as_a_subject_is_written_the_same(text in ".*") {
            if let Ok(subject) = text.parse::<Subject>() {
                proptest::prop_assert_eq!(subject.to_string(), text);
            }
        }
    }

    #[test]
    fn another_key_gives_other_tags() {
        let subject = Subject::Source("demo".into());
        assert_ne!(key().tag(&subject), TagKey::new([8; 16]).tag(&subject));
    }

    #[test]
    fn a_list_that_is_too_long_is_refused_and_never_cut() {
        let tags = |n: u64| Tags::new((0..n).map(Tag).collect());
        assert!(tags(256).is_ok());
        assert_eq!(tags(257), Err(TooManyTags { found: 257 }));
    }

    #[test]
    fn two_lists_are_one_without_repetition() {
        let tags = |tags: &[u64]| Tags::new(tags.iter().copied().map(Tag).collect()).unwrap();
        assert_eq!(tags(&[3, 1]).and(&tags(&[2, 1])), Ok(tags(&[1, 2, 3])));
        assert!(tags(&[300]).and(&tags(&(0..256).collect::<Vec<_>>())).is_err());
    }

    #[test]
    fn tags_travel_in_a_header_field() {
        let tags = Tags::new(vec![Tag(2), Tag(1), Tag(2)]).unwrap();
        assert_eq!(tags.to_field(), "0000000000000001 0000000000000002");
        assert_eq!(Tags::from_field(&tags.to_field()), Some(tags));
        assert_eq!(Tags::from_field("xyz"), None);
        assert_eq!(Tags::from_field("+000000000000001"), None);
    }
}
