//! What is really so: sources that change, and what each URL must show.
//!
//! What a selector covers is decided here by looking at names, not by the tags of the protocol, so that the checker
//! does not believe what it checks.

use purge_protocol::{Gone, Subject, TagKey, Tags, Tombstone, Tombstones};

use crate::promises::Versions;
use crate::sabotage::Sabotage;

/// The versions of everything that went into a response: its original, its watermark, its preset. Removing or
/// restoring an original is a version too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Content(pub [u32; 3]);

impl Versions for Content {
    fn has_reached(self, other: Content) -> bool {
        self.0.iter().zip(other.0).all(|(mine, theirs)| *mine >= theirs)
    }

    fn newest(self, other: Content) -> Content {
        Content(std::array::from_fn(|part| self.0[part].max(other.0[part])))
    }
}

/// By index into [`Truth::urls`].
pub type Url = usize;

#[derive(Debug)]
pub struct Truth {
    pub originals: Vec<Original>,
    pub presets: Vec<u32>,
    pub urls: Vec<Composition>,
    tombstones: Tombstones,
    key: TagKey,
}

#[derive(Debug)]
pub struct Original {
    pub source: &'static str,
    pub path: &'static str,
    pub version: u32,
}

#[derive(Debug, Clone, Copy)]
pub struct Composition {
    pub original: usize,
    pub watermark: Option<usize>,
    pub preset: usize,
}

const ORIGINALS: [(&str, &str); 6] = [
    ("shop", "cats/tom.jpg"),
    ("shop", "cats/small/kim.jpg"),
    ("shop", "catsuit.jpg"),
    ("blog", "tom.jpg"),
    ("shop", "logo.png"),
    ("blog", "2024/05/frame.png"),
];

impl Default for Truth {
    fn default() -> Self {
        let original = |(source, path)| Original { source, path, version: 1 };
        let url = |original, watermark, preset| Composition { original, watermark, preset };
        Self {
            originals: ORIGINALS.into_iter().map(original).collect(),
            presets: vec![1, 1],
            urls: vec![
                url(0, Some(4), 0),
                url(0, None, 1),
                url(1, Some(5), 0),
                url(1, None, 1),
                url(2, Some(4), 1),
                url(3, None, 0),
                url(3, Some(5), 1),
                url(5, None, 0),
            ],
            tombstones: Tombstones::default(),
            key: TagKey::new([3; 16]),
        }
    }
}

impl Truth {
    pub fn content(&self, url: Url) -> Content {
        let Composition { original, watermark, preset } = self.urls[url];
        let watermark = watermark.map_or(0, |mark| self.originals[mark].version);
        Content([self.originals[original].version, watermark, self.presets[preset]])
    }

    /// What a renderer reads. A tombstone stands in front of a source that still has the picture.
    pub fn read(&self, url: Url, sabotage: Option<Sabotage>) -> Content {
        let mut content = self.content(url);
        if sabotage == Some(Sabotage::TombstonesIgnored) {
            let Composition { original, watermark, .. } = self.urls[url];
            for (part, number) in [(0, Some(original)), (1, watermark)] {
                if number.is_some_and(|number| self.is_removed(number)) {
                    content.0[part] -= 1;
                }
            }
        }
        content
    }

    pub fn key(&self) -> &TagKey {
        &self.key
    }

    pub fn is_removed(&self, number: usize) -> bool {
        self.tombstones.over(&[self.originals[number].subject()]).is_some()
    }

    /// Removing is a change like any other: what shows the tombstone is newer than what shows the picture.
    pub fn remove(&mut self, subject: &Subject, purge: &str) {
        let Some(number) = self.originals.iter().position(|original| original.subject() == *subject) else {
            return;
        };
        if !self.is_removed(number) {
            self.originals[number].version += 1;
            self.tombstones.set(subject, Tombstone { gone: Gone::Removed, purge: purge.to_owned(), at: 0 });
        }
    }

    pub fn restore(&mut self, number: usize) {
        let subject = self.originals[number].subject();
        if self.tombstones.lift(&subject).is_some() {
            self.originals[number].version += 1;
        }
    }

    /// The tags that a renderer gives to a response.
    pub fn tags(&self, url: Url, sabotage: Option<Sabotage>) -> Tags {
        let Composition { original, watermark, preset } = self.urls[url];
        let mut subjects =
            vec![Subject::Tenant, Subject::Url(url_name(url)), Subject::Preset(preset_name(preset))];
        let watermark = watermark.filter(|_| sabotage != Some(Sabotage::DependencyTagsDropped));
        for part in std::iter::once(original).chain(watermark) {
            let part = &self.originals[part];
            let mut of_part = Subject::of_original(part.source, part.path);
            if sabotage == Some(Sabotage::FolderTagsDropped) {
                let innermost = of_part.iter().rposition(|subject| matches!(subject, Subject::Folder(_)));
                let mut place = 0;
                of_part.retain(|subject| {
                    place += 1;
                    !matches!(subject, Subject::Folder(_)) || Some(place - 1) == innermost
                });
            }
            subjects.extend(of_part);
        }
        self.key.tags(&subjects).unwrap_or_default()
    }

    /// Whether a purge of this subject speaks of this URL.
    pub fn covers(&self, subject: &Subject, url: Url) -> bool {
        let Composition { original, watermark, preset } = self.urls[url];
        let any_part = |covered: &dyn Fn(&Original) -> bool| {
            std::iter::once(original).chain(watermark).any(|part| covered(&self.originals[part]))
        };
        match subject {
            Subject::Tenant => true,
            Subject::Url(name) => *name == url_name(url),
            Subject::Preset(name) => *name == preset_name(preset),
            Subject::Source(name) => any_part(&|part| part.source == name),
            Subject::Original(name) => any_part(&|part| part.name() == *name),
            Subject::Folder(name) => any_part(&|part| part.name().starts_with(&format!("{name}/"))),
            Subject::Prefix(_) | Subject::Pack(_) | Subject::Location(_) | Subject::Label(_) => false,
        }
    }
}

impl Original {
    pub fn name(&self) -> String {
        format!("{}/{}", self.source, self.path)
    }

    pub fn subject(&self) -> Subject {
        Subject::Original(self.name())
    }
}

pub fn url_name(url: Url) -> String {
    format!("/u{url}")
}

pub fn preset_name(preset: usize) -> String {
    format!("p{preset}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_selector_covers_by_its_name_it_covers_by_its_tag() {
        let truth = Truth::default();
        let mut subjects = vec![Subject::Tenant, Subject::Folder("shop/cat".into())];
        for url in 0..truth.urls.len() {
            subjects.push(Subject::Url(url_name(url)));
        }
        for preset in 0..truth.presets.len() {
            subjects.push(Subject::Preset(preset_name(preset)));
        }
        for original in &truth.originals {
            subjects.extend(Subject::of_original(original.source, original.path));
        }
        for subject in &subjects {
            for url in 0..truth.urls.len() {
                let by_tag = truth.tags(url, None).contains_any(&[truth.key().tag(subject)]);
                assert_eq!(by_tag, truth.covers(subject, url), "{subject} and {}", url_name(url));
            }
        }
    }
}
