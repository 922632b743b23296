//! What there is to read: files at two servers, the URLs that show them, and what a purge of a name covers.
//!
//! What a selector covers is decided here by looking at names, not by the tags of the protocol, so that the checker
//! does not believe what it checks.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use api_types::Selector;
use simulation::{Chance, Versions};
use testkit::{Seen, Source, picture};

/// By index.
pub type FileNumber = usize;
pub type UrlNumber = usize;

/// Of a file at its server: 1, 2, 3 … and at last [`Version::GONE`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32);

impl Version {
    /// What an erased picture shows.
    pub const GONE: Version = Version(u32::MAX);
    /// More cannot be painted.
    const MAX: Version = Version((1 << 15) - 1);
}

impl Versions for Version {
    fn has_reached(self, other: Self) -> bool {
        self >= other
    }

    fn newest(self, other: Self) -> Self {
        self.max(other)
    }
}

/// The source of pictures, as the nodes know it.
pub const SOURCE: &str = "pictures";
/// The site that passes through: only a fence protects what is stored of it.
pub const TEXT_HOST: &str = "shop.test";

const PICTURES: [&str; 5] =
    ["harbour/boat.png", "harbour/crane.png", "harbour/deep/anchor.png", "harbours/map.png", "gate.png"];
const TEXTS: [(&str, &[&str]); 3] =
    [("news/today.txt", &["news", "today"]), ("news/old.txt", &["news"]), ("prices.txt", &["prices"])];
const SIZES: [&str; 2] = ["w=24&format=png", "w=40&h=20&fit=crop&format=png"];

/// So many bytes in a row are looked for after an erasure.
const NEEDLE: usize = 32;

#[derive(Debug)]
pub struct File {
    pub path: String,
    pub kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Its colour is its version.
    Picture,
    /// Noise, to be erased: its bytes are like no others.
    Once,
    /// It says its version.
    Text(&'static [&'static str]),
}

#[derive(Debug)]
pub struct Url {
    pub file: FileNumber,
    /// `http://host/path?query`, as a purge names it.
    pub absolute: String,
    pub host: Option<&'static str>,
    pub target: String,
}

pub struct Web {
    pub pictures: Source,
    pub texts: Source,
    pub files: Vec<File>,
    pub urls: Vec<Url>,
    state: Mutex<State>,
}

struct State {
    /// Of each file.
    versions: Vec<Version>,
    /// Of each file that may be erased, some bytes out of everything that was made of it.
    needles: Vec<BTreeSet<Vec<u8>>>,
}

/// What an answer shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    Version(Version),
    /// No promise is about errors.
    Failed(String),
    /// It says that all is well, and is nothing that ever was at the server.
    Garbled(String),
}

impl Web {
    /// Puts everything in place. `address` is the host under which pictures are asked for.
    pub async fn start(address: IpAddr, erasures: usize, chance: &mut Chance) -> Self {
        let picture = |path: &&str| File { path: (*path).to_owned(), kind: Kind::Picture };
        let mut files: Vec<File> = PICTURES.iter().map(picture).collect();
        files.extend(
            TEXTS.iter().map(|(path, labels)| File { path: (*path).to_owned(), kind: Kind::Text(labels) }),
        );
        let once = |number| File { path: format!("once/{number:04}.png"), kind: Kind::Once };
        files.extend((0..erasures).map(once));

        let mut urls = Vec::new();
        for (number, file) in files.iter().enumerate() {
            if let Kind::Text(_) = file.kind {
                let target = format!("/{}", file.path);
                let absolute = format!("http://{TEXT_HOST}{target}");
                urls.push(Url { file: number, absolute, host: Some(TEXT_HOST), target });
                continue;
            }
            for size in SIZES {
                let target = format!("/{SOURCE}/{}?{size}", file.path);
                urls.push(Url {
                    file: number,
                    absolute: format!("http://{address}{target}"),
                    host: None,
                    target,
                });
            }
        }
        let state = State {
            versions: vec![Version::default(); files.len()],
            needles: vec![BTreeSet::new(); files.len()],
        };
        let web = Self {
            pictures: Source::start().await,
            texts: Source::start().await,
            files,
            urls,
            state: Mutex::new(state),
        };
        for file in 0..web.files.len() {
            match web.files[file].kind {
                Kind::Once => web.put_noise(file, chance),
                Kind::Picture | Kind::Text(_) => web.change(file),
            }
        }
        web
    }

    /// The next version of a file is at its server when this returns.
    pub fn change(&self, file: FileNumber) {
        let mut state = self.state();
        let next = Version(state.versions[file].0 + 1);
        if next > Version::MAX {
            return;
        }
        let path = &self.files[file].path;
        match self.files[file].kind {
            Kind::Picture => {
                self.pictures.put(&format!("/{path}"), "image/png", picture::png(64, 48, colour(next)));
            }
            Kind::Text(labels) => {
                let labels = labels.join(" ");
                let fields = [("cache-control", "max-age=86400"), ("surrogate-key", labels.as_str())];
                self.texts.put_with(&format!("/{path}"), "text/plain", text(path, next), &fields);
            }
            Kind::Once => return,
        }
        state.versions[file] = next;
    }

    fn put_noise(&self, file: FileNumber, chance: &mut Chance) {
        let pixels: Vec<u8> = (0..96 * 72 * 3).map(|_| chance.draw().to_le_bytes()[0]).collect();
        let bytes = picture::png_of(96, 72, &pixels);
        let mut state = self.state();
        state.needles[file].insert(needle(&bytes));
        state.versions[file] = Version(1);
        self.pictures.put(&format!("/{}", self.files[file].path), "image/png", bytes);
    }

    /// What a purge of these announces if it is asked for from now on: the versions of this moment.
    pub fn announced(&self, selectors: &[Selector]) -> Vec<(UrlNumber, Version)> {
        let state = self.state();
        let covered = |url: &UrlNumber| selectors.iter().any(|selector| self.covers(selector, *url));
        (0..self.urls.len()).filter(covered).map(|url| (url, state.versions[self.urls[url].file])).collect()
    }

    pub fn covers(&self, selector: &Selector, url: UrlNumber) -> bool {
        let Url { file, absolute, .. } = &self.urls[url];
        let File { path, kind } = &self.files[*file];
        let name = match kind {
            Kind::Text(_) => None,
            Kind::Picture | Kind::Once => Some(format!("{SOURCE}/{path}")),
        };
        match selector {
            Selector::All(all) => *all,
            Selector::Url(url) => url == absolute,
            Selector::Original(original) => name.is_some_and(|name| name == *original),
            Selector::Folder(folder) => name.is_some_and(|name| name.starts_with(&format!("{folder}/"))),
            Selector::Source(source) => name.is_some() && source == SOURCE,
            Selector::Prefix(prefix) => {
                let below = absolute.strip_prefix(prefix.trim_end_matches('/'));
                below.is_some_and(|below| below.is_empty() || below.starts_with(['/', '?']))
            }
            Selector::Tag(tag) => matches!(kind, Kind::Text(labels) if labels.contains(&tag.as_str())),
            Selector::Preset(_) | Selector::Pack(_) | Selector::Location(_) | Selector::External { .. } => {
                false
            }
        }
    }

    /// Reads the version out of an answer.
    pub fn shown(&self, url: UrlNumber, seen: &Seen) -> Shown {
        let number = self.urls[url].file;
        let file = &self.files[number];
        match (seen.status, file.kind) {
            (410, Kind::Once) => return Shown::Version(Version::GONE),
            (200, _) => {}
            (status, _) => return Shown::Failed(format!("status {status}")),
        }
        let version = match file.kind {
            Kind::Picture => picture::try_look_at(&seen.body).map(|(_, _, rgb)| version_of(rgb)),
            Kind::Text(_) => version_in(&file.path, &seen.text()),
            Kind::Once => {
                self.state().needles[number].insert(needle(&seen.body));
                Some(Version(1))
            }
        };
        match version {
            Some(version) if version > Version(0) && version <= self.state().versions[number] => {
                Shown::Version(version)
            }
            Some(version) => {
                Shown::Garbled(format!("version {} of {}, which never was", version.0, file.path))
            }
            None => Shown::Garbled(format!("{} bytes that are not {}", seen.body.len(), file.path)),
        }
    }

    /// Bytes out of everything that was ever seen of a file that may be erased.
    pub fn needles(&self, file: FileNumber) -> BTreeSet<Vec<u8>> {
        self.state().needles[file].clone()
    }

    pub fn urls_of(&self, file: FileNumber) -> impl Iterator<Item = UrlNumber> {
        (0..self.urls.len()).filter(move |url| self.urls[*url].file == file)
    }

    pub fn files_of(&self, wanted: fn(Kind) -> bool) -> Vec<FileNumber> {
        (0..self.files.len()).filter(|file| wanted(self.files[*file].kind)).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Five bits of the version a channel, each in the middle of its step: no rounding on the way can turn one into another.
fn colour(version: Version) -> [u8; 3] {
    [10, 5, 0].map(|shift| ((version.0 >> shift) & 31) as u8 * 8 + 4)
}

fn version_of(rgb: [u8; 3]) -> Version {
    Version(rgb.iter().fold(0, |version, channel| version << 5 | u32::from(channel >> 3)))
}

fn text(path: &str, version: Version) -> String {
    format!("{path} {}\n", version.0)
}

fn version_in(path: &str, text: &str) -> Option<Version> {
    text.strip_prefix(path)?.trim().parse().ok().map(Version)
}

/// From the middle: heads are alike.
fn needle(bytes: &[u8]) -> Vec<u8> {
    let from = (bytes.len() / 2).saturating_sub(NEEDLE / 2);
    bytes[from..].iter().take(NEEDLE).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn web() -> Web {
        Web::start([127, 0, 0, 1].into(), 2, &mut Chance::new(1)).await
    }

    fn seen(status: u16, body: impl Into<Vec<u8>>) -> Seen {
        Seen { status, headers: Default::default(), body: body.into().into() }
    }

    #[test]
    fn the_version_is_read_from_the_colour_also_when_it_was_rounded() {
        for version in [1, 2, 31, 32, 1023, 1024, 20_000, Version::MAX.0].map(Version) {
            for off in [-3_i16, 0, 3] {
                let rounded = colour(version).map(|channel| (i16::from(channel) + off) as u8);
                assert_eq!(version_of(rounded), version);
            }
        }
    }

    #[tokio::test]
    async fn names_decide_what_a_purge_covers() {
        let web = web().await;
        for (selector, covered) in [
            (
                Selector::All(true),
                vec!["boat", "crane", "anchor", "map", "gate", "today", "old", "prices", "0000", "0001"],
            ),
            (
                Selector::Source("pictures".into()),
                vec!["boat", "crane", "anchor", "map", "gate", "0000", "0001"],
            ),
            (Selector::Folder("pictures/harbour".into()), vec!["boat", "crane", "anchor"]),
            (Selector::Folder("pictures/harbour/deep".into()), vec!["anchor"]),
            (Selector::Original("pictures/gate.png".into()), vec!["gate"]),
            (Selector::Original("pictures/once/0001.png".into()), vec!["0001"]),
            (Selector::Tag("news".into()), vec!["today", "old"]),
            (Selector::Url("http://shop.test/prices.txt".into()), vec!["prices"]),
            (Selector::Url("http://127.0.0.1/pictures/gate.png?w=24&format=png".into()), vec!["gate"]),
        ] {
            let mut found: Vec<&str> = (0..web.urls.len())
                .filter(|url| web.covers(&selector, *url))
                .map(|url| web.files[web.urls[url].file].path.rsplit('/').next().unwrap())
                .map(|name| name.split('.').next().unwrap())
                .collect();
            found.dedup();
            assert_eq!(found, covered, "{selector}");
        }
    }

    #[tokio::test]
    async fn what_an_answer_shows_is_a_version_a_failure_or_neither() {
        let web = web().await;
        let url = |name: &str| web.urls.iter().position(|url| url.target.contains(name)).unwrap();
        web.change(web.urls[url("boat")].file);
        let paint = |version| picture::png(24, 18, colour(Version(version)));
        let version = |version| Shown::Version(Version(version));
        assert_eq!(web.shown(url("boat"), &seen(200, paint(2))), version(2));
        assert_eq!(web.shown(url("boat"), &seen(502, "")), Shown::Failed("status 502".into()));
        assert_eq!(web.shown(url("boat"), &seen(410, "")), Shown::Failed("status 410".into()));
        assert_eq!(web.shown(url("prices"), &seen(200, "prices.txt 1\n")), version(1));
        assert_eq!(web.shown(url("0001"), &seen(410, "")), Shown::Version(Version::GONE));
        assert_eq!(web.shown(url("0001"), &seen(200, "noise")), version(1));
        for (url, body) in [
            (url("boat"), paint(3)),
            (url("boat"), b"half a pict".to_vec()),
            (url("prices"), b"news/today.txt 1\n".to_vec()),
            (url("prices"), b"".to_vec()),
        ] {
            assert!(matches!(web.shown(url, &seen(200, body)), Shown::Garbled(_)));
        }
    }

    #[tokio::test]
    async fn a_purge_announces_the_versions_of_the_moment_it_is_asked_for() {
        let web = web().await;
        let selectors = [Selector::Tag("prices".into())];
        let before = web.announced(&selectors);
        let [(url, Version(1))] = before[..] else { panic!("{before:?}") };
        web.change(web.urls[url].file);
        assert_eq!(web.announced(&selectors), [(url, Version(2))]);
    }
}
