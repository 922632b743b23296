//! What an operator names in a purge, and the tags that make a response answer to it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::tag::{Subject, Tag, TagKey};

/// One thing to purge, as an operator writes it: `original:shop/cats/tom.jpg`, `folder:shop/cats`, `tenant`.
///
/// Always in normal form: what a selector names is a string that responses carry, so two spellings of one folder
/// must be one selector.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Selector(Subject);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectorError {
    #[error(
        "a selector is `tenant`, or one of url, prefix, original, folder, source, preset, pack, location, tag with a name \
         after a colon; {0:?} is neither"
    )]
    UnknownKind(String),
    #[error("the selector {0} names nothing: write it after the colon")]
    Nameless(&'static str),
    #[error("a selector's name has at most {max} bytes, this one has {found}", max = Selector::NAME_MAX)]
    TooLong { found: usize },
    #[error("a selector's name has no control characters, {0:?} has")]
    Control(String),
    #[error(
        "originals and folders are named by source and path, as in `shop/cats/tom.jpg`; {0:?} lacks one of them"
    )]
    NoPath(String),
    #[error("a path has no empty, `.` or `..` segments, {0:?} has")]
    Segment(String),
    #[error("a source's name has no slash, {0:?} has; name a folder with `folder:`")]
    SourceWithPath(String),
}

impl Selector {
    pub const NAME_MAX: usize = 4096;

    pub fn subject(&self) -> &Subject {
        &self.0
    }

    /// The tag to put into the purge's record.
    pub fn tag(&self, key: &TagKey) -> Tag {
        key.tag(&self.0)
    }
}

impl Subject {
    /// What a response made from the original at `path` of `source` must carry for it: the source, the original,
    /// and every folder above it, so that a purge of any of them is one tag and ends at a path boundary.
    ///
    /// For a composited response, for every original in it.
    pub fn of_original(source: &str, path: &str) -> Vec<Subject> {
        let path = path.trim_matches('/');
        let boundaries = path.match_indices('/').map(|(end, _)| &path[..end]);
        let mut subjects = vec![Subject::Source(source.to_owned())];
        subjects.extend(boundaries.map(|folder| Subject::Folder(format!("{source}/{folder}"))));
        subjects.push(Subject::Original(format!("{source}/{path}")));
        subjects
    }

    /// A preset by its name, the owner's or a tenant's.
    pub fn of_preset(tenant: Option<&str>, name: &str) -> Subject {
        Subject::Preset(match tenant {
            Some(tenant) => format!("{tenant}/{name}"),
            None => name.to_owned(),
        })
    }

    /// A folder by name; the root folder of a source is the source.
    pub fn folder(source: &str, path: &str) -> Subject {
        match path.trim_matches('/') {
            "" => Subject::Source(source.to_owned()),
            path => Subject::Folder(format!("{source}/{path}")),
        }
    }
}

impl FromStr for Selector {
    type Err = SelectorError;

    /// Nothing is trimmed: an object's key may begin or end with a blank, and without it names another object.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "tenant" {
            return Ok(Self(Subject::Tenant));
        }
        let unknown = || SelectorError::UnknownKind(text.chars().take(64).collect());
        let (kind, name) = text.split_once(':').ok_or_else(unknown)?;
        let name = || checked(kind_name(kind).ok_or_else(unknown)?, name);
        let subject = match kind {
            "url" => Subject::Url(name()?),
            "prefix" => Subject::Prefix(name()?),
            "original" => {
                let name = name()?;
                let (source, path) = name
                    .split_once('/')
                    .filter(|(source, path)| !source.is_empty() && !path.is_empty())
                    .ok_or_else(|| SelectorError::NoPath(name.clone()))?;
                Subject::Original(format!("{source}/{}", checked_path(path)?))
            }
            "folder" => {
                let name = name()?;
                match name.trim_end_matches('/').split_once('/') {
                    Some((source, path)) if !source.is_empty() => {
                        Subject::folder(source, &checked_path(path)?)
                    }
                    Some(_) => return Err(SelectorError::NoPath(name)),
                    None => Subject::Source(checked_path(&name)?),
                }
            }
            "source" => {
                let name = name()?;
                if name.contains('/') {
                    return Err(SelectorError::SourceWithPath(name));
                }
                Subject::Source(name)
            }
            "preset" => Subject::Preset(name()?),
            "pack" => Subject::Pack(name()?),
            "location" => Subject::Location(name()?),
            "tag" => Subject::Label(name()?),
            _ => return Err(unknown()),
        };
        Ok(Self(subject))
    }
}

const KINDS: [&str; 9] =
    ["url", "prefix", "original", "folder", "source", "preset", "pack", "location", "tag"];

fn kind_name(kind: &str) -> Option<&'static str> {
    KINDS.into_iter().find(|known| *known == kind)
}

fn checked(kind: &'static str, name: &str) -> Result<String, SelectorError> {
    if name.is_empty() {
        return Err(SelectorError::Nameless(kind));
    }
    if name.len() > Selector::NAME_MAX {
        return Err(SelectorError::TooLong { found: name.len() });
    }
    if name.chars().any(char::is_control) {
        return Err(SelectorError::Control(name.to_owned()));
    }
    Ok(name.to_owned())
}

/// A path as responses carry it. Segments that a server would resolve are refused rather than guessed at.
fn checked_path(path: &str) -> Result<String, SelectorError> {
    let path = path.trim_end_matches('/');
    if path.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
        return Err(SelectorError::Segment(path.to_owned()));
    }
    Ok(path.to_owned())
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<String> for Selector {
    type Error = SelectorError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Selector> for String {
    fn from(selector: Selector) -> Self {
        selector.to_string()
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn selectors_have_one_normal_form() {
        let story: String = [
            "tenant",
            "url:https://cdn.example/a.jpg?w=100",
            "original:shop/cats/tom.jpg",
            "folder:shop/cats",
            "folder:shop/cats/",
            "folder:shop/",
            "folder:shop",
            "source:shop",
            "preset:square",
            "pack:42",
            "location:hero",
            "tag:front-page",
            "",
            "everything",
            "folder:",
            "folder:/cats",
            "folder:shop//cats",
            "folder:shop/../cats",
            "original:tom.jpg",
            "original:shop/",
            "source:shop/cats",
            "tag:a\u{7}b",
            "colour:red",
        ]
        .into_iter()
        .map(|text| match text.parse::<Selector>() {
            Ok(selector) => format!("{text:?} is {selector}\n"),
            Err(error) => format!("{text:?}: {error}\n"),
        })
        .collect();
        expect![[r#"
            "tenant" is tenant
            "url:https://cdn.example/a.jpg?w=100" is url:https://cdn.example/a.jpg?w=100
            "original:shop/cats/tom.jpg" is original:shop/cats/tom.jpg
            "folder:shop/cats" is folder:shop/cats
            "folder:shop/cats/" is folder:shop/cats
            "folder:shop/" is source:shop
            "folder:shop" is source:shop
            "source:shop" is source:shop
            "preset:square" is preset:square
            "pack:42" is pack:42
            "location:hero" is location:hero
            "tag:front-page" is tag:front-page
            "": a selector is `tenant`, or one of url, prefix, original, folder, source, preset, pack, location, tag with a name after a colon; "" is neither
            "everything": a selector is `tenant`, or one of url, prefix, original, folder, source, preset, pack, location, tag with a name after a colon; "everything" is neither
            "folder:": the selector folder names nothing: write it after the colon
            "folder:/cats": originals and folders are named by source and path, as in `shop/cats/tom.jpg`; "/cats" lacks one of them
            "folder:shop//cats": a path has no empty, `.` or `..` segments, "/cats" has
            "folder:shop/../cats": a path has no empty, `.` or `..` segments, "../cats" has
            "original:tom.jpg": originals and folders are named by source and path, as in `shop/cats/tom.jpg`; "tom.jpg" lacks one of them
            "original:shop/": originals and folders are named by source and path, as in `shop/cats/tom.jpg`; "shop/" lacks one of them
            "source:shop/cats": a source's name has no slash, "shop/cats" has; name a folder with `folder:`
            "tag:a\u{7}b": a selector's name has no control characters, "a\u{7}b" has
            "colour:red": a selector is `tenant`, or one of url, prefix, original, folder, source, preset, pack, location, tag with a name after a colon; "colour:red" is neither
        "#]].assert_eq(&story);
    }

    /// libFuzzer found the second: blanks were cut off the ends of the text, but not off the names within it.
    #[test]
    fn blanks_belong_to_the_name_wherever_they_are() {
        for (text, written) in [
            ("folder: shop/cats ", "folder: shop/cats "),
            ("folder:    /          ", "folder:    /          "),
            ("folder: /", "source: "),
            ("folder:\u{a0}/", "source:\u{a0}"),
            ("original:shop/ /", "original:shop/ "),
            ("original:shop/ cat.jpg ", "original:shop/ cat.jpg "),
            ("source: shop ", "source: shop "),
            ("url: ", "url: "),
            ("prefix: shop.test ", "prefix: shop.test "),
            ("preset: square ", "preset: square "),
            ("pack: 42 ", "pack: 42 "),
            ("location: hero ", "location: hero "),
            ("tag: front page ", "tag: front page "),
        ] {
            let selector: Selector = text.parse().unwrap();
            assert_eq!(selector.to_string(), written);
            assert_eq!(written.parse(), Ok(selector), "{text:?}");
        }
        for text in [" tenant", "tenant ", " folder:shop/cats", "folder :shop/cats", "\u{a0}source:shop"] {
            let refused = text.parse::<Selector>();
            assert!(matches!(&refused, Err(SelectorError::UnknownKind(_))), "{text:?}: {refused:?}");
        }
    }

    #[test]
    fn a_folder_covers_what_is_below_it_and_stops_at_a_path_boundary() {
        let key = TagKey::new([7; 16]);
        let covers = |selector: &str, source: &str, path: &str| {
            let carried = key.tags(&Subject::of_original(source, path)).unwrap();
            carried.contains_any(&[selector.parse::<Selector>().unwrap().tag(&key)])
        };
        for (selector, path, expected) in [
            ("folder:shop/cats", "cats/tom.jpg", true),
            ("folder:shop/cats/", "cats/small/tom.jpg", true),
            ("folder:shop/cats/small", "cats/tom.jpg", false),
            ("folder:shop/cat", "cats/tom.jpg", false),
            ("folder:shop/cats", "catsuit/tom.jpg", false),
            ("folder:shop/cats/tom.jpg", "cats/tom.jpg", false),
            ("folder:shop/", "tom.jpg", true),
            ("source:shop", "cats/tom.jpg", true),
            ("source:other", "cats/tom.jpg", false),
            ("original:shop/cats/tom.jpg", "cats/tom.jpg", true),
            ("original:shop/cats/tom.jpg", "cats/tom.jpg.png", false),
        ] {
            assert_eq!(covers(selector, "shop", path), expected, "{selector} and {path}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic_and_what_it_takes_is_stable(text in "\\PC{0,40}|(folder|original):[a-z./]{0,20}") {
            if let Ok(selector) = text.parse::<Selector>() {
                prop_assert_eq!(selector.to_string().parse::<Selector>(), Ok(selector));
            }
        }

        /// Of every kind, and of what divides and ends names: slashes, dots, colons, and what is blank.
        #[test]
        fn what_a_selector_writes_is_read_as_the_same_selector(
            kind in prop::sample::select(&KINDS[..]), name in "[a/ ]{0,5}|[a./: \u{a0}]{0,6}", blank in " ?",
        ) {
            if let Ok(selector) = format!("{blank}{kind}:{name}").parse::<Selector>() {
                prop_assert_eq!(selector.to_string().parse::<Selector>(), Ok(selector));
            }
        }

        #[test]
        fn every_ancestor_of_a_path_covers_it(segments in prop::collection::vec("[a-z]{1,3}", 1..6)) {
            let key = TagKey::new([7; 16]);
            let path = segments.join("/");
            let carried = key.tags(&Subject::of_original("s", &path)).unwrap();
            for depth in 0..segments.len() {
                let folder = Subject::folder("s", &segments[..depth].join("/"));
                prop_assert!(carried.contains_any(&[key.tag(&folder)]), "{}", folder);
            }
        }
    }
}
