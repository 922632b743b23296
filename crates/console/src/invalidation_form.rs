//! What a person writes to have pictures invalidated: a scope, and what it is about, one on each line or after a comma.

use api_types::Selector;
use url::Url;

/// As many as a person looks through before they send it; a program has `POST /v1/purges`.
pub const ENTRIES_MAX: usize = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Original,
    Url,
    Folder,
    Tag,
    All,
}

impl Scope {
    pub const ALL: [Scope; 5] = [Scope::Original, Scope::Url, Scope::Folder, Scope::Tag, Scope::All];

    pub fn name(self) -> &'static str {
        match self {
            Scope::Original => "original",
            Scope::Url => "url",
            Scope::Folder => "folder",
            Scope::Tag => "tag",
            Scope::All => "all",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Scope::Original => "Original: every size and format of it",
            Scope::Url => "URL: as a client asks for it",
            Scope::Folder => "Folder or source: all below it",
            Scope::Tag => "Tag",
            Scope::All => "All: everything there is",
        }
    }

    /// How one is written.
    pub fn format(self) -> &'static str {
        match self {
            Scope::Original => "/demo/cat.jpg",
            Scope::Url => "https://img.example.com/demo/cat.jpg?w=480",
            Scope::Folder => "/demo/harbour/",
            Scope::Tag => "product-17",
            Scope::All => "all",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Scope::ALL.into_iter().find(|scope| scope.name() == name)
    }

    /// Of something that was purged, by whatever door.
    pub fn of(selector: &Selector) -> &'static str {
        match selector {
            Selector::Original(_) => "original",
            Selector::Folder(_) => "folder",
            Selector::Source(_) => "source",
            Selector::Url(_) => "url",
            Selector::Prefix(_) => "prefix",
            Selector::Tag(_) => "tag",
            Selector::Preset(_) => "preset",
            Selector::Pack(_) => "pack",
            Selector::Location(_) => "location",
            Selector::All(_) => "all",
            Selector::External { .. } => "external",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    #[error("choose a scope: original, URL, folder, tag or all")]
    Scope,
    #[error("write what to invalidate, as in {format}")]
    Nothing { format: &'static str },
    #[error("at most {ENTRIES_MAX} at once; these are {found}")]
    TooMany { found: usize },
    #[error("to invalidate everything, write the word all")]
    NotConfirmed,
    #[error(
        "\"{entry}\": leave out {query}; an original is invalidated with every size and format of it, as in {without}"
    )]
    Query { entry: String, query: String, without: String },
    #[error("\"{entry}\": leave out {host}; the part that names the original is {path}")]
    Host { entry: String, host: String, path: String },
    #[error("\"{entry}\": begin with the source's name, as in {format}")]
    NoPath { entry: String, format: &'static str },
    #[error("\"{entry}\": a * is not needed; a folder is invalidated with all below it")]
    Wildcard { entry: String },
    #[error("\"{entry}\": write the whole URL, as in {format}")]
    NotWhole { entry: String, format: &'static str },
}

/// All or nothing: everything that is wrong, or what to purge.
pub fn selectors(scope: &str, text: &str) -> Result<Vec<Selector>, Vec<EntryError>> {
    let Some(scope) = Scope::named(scope) else { return Err(vec![EntryError::Scope]) };
    let mut entries: Vec<&str> = Vec::new();
    for entry in text.split([',', '\n']).map(str::trim).filter(|entry| !entry.is_empty()) {
        if !entries.contains(&entry) {
            entries.push(entry);
        }
    }
    match entries.len() {
        _ if scope == Scope::All => match entries.as_slice() {
            // So that a slip of the mouse does not empty every cache.
            ["all"] => return Ok(vec![Selector::All(true)]),
            _ => return Err(vec![EntryError::NotConfirmed]),
        },
        0 => return Err(vec![EntryError::Nothing { format: scope.format() }]),
        found if found > ENTRIES_MAX => return Err(vec![EntryError::TooMany { found }]),
        _ => {}
    }
    let (mut selectors, mut errors) = (Vec::new(), Vec::new());
    for entry in entries {
        match selector(scope, entry) {
            Ok(selector) => selectors.push(selector),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(selectors) } else { Err(errors) }
}

fn selector(scope: Scope, entry: &str) -> Result<Selector, EntryError> {
    let own = || entry.to_owned();
    match scope {
        Scope::Original => place(scope, entry).map(Selector::Original),
        Scope::Folder if entry.ends_with('*') => Err(EntryError::Wildcard { entry: own() }),
        Scope::Folder => {
            let place = place(scope, entry)?;
            Ok(if place.contains('/') { Selector::Folder(place) } else { Selector::Source(place) })
        }
        Scope::Url if web_url(entry).is_some() => Ok(Selector::Url(own())),
        Scope::Url => Err(EntryError::NotWhole { entry: own(), format: scope.format() }),
        Scope::Tag => Ok(Selector::Tag(own())),
        Scope::All => Ok(Selector::All(true)),
    }
}

/// `source/path` of `/source/path`. What is pasted from the address bar of a browser is told from it.
fn place(scope: Scope, entry: &str) -> Result<String, EntryError> {
    let whole = web_url(entry);
    // `img.example.com/demo/cat.jpg`: no source that was written without a slash before it has a dot in its name.
    let bare = (!entry.starts_with('/') && !entry.contains("://"))
        .then(|| entry.split_once('/').filter(|(host, _)| host.contains('.')))
        .flatten()
        .and_then(|_| web_url(&format!("https://{entry}")));
    if let Some(url) = whole.or(bare) {
        let before = entry.find("://").map_or(0, |at| at + 3);
        let host_ends = entry[before..].find('/').map_or(entry.len(), |at| before + at);
        return Err(EntryError::Host {
            entry: entry.to_owned(),
            host: entry[..host_ends].to_owned(),
            path: url.path().to_owned(),
        });
    }
    if let Some((without, query)) = entry.split_once(['?', '#']) {
        let query = entry[without.len()..without.len() + 1].to_owned() + query;
        return Err(EntryError::Query { entry: entry.to_owned(), query, without: without.to_owned() });
    }
    let place = entry.trim_start_matches('/').trim_end_matches('/');
    if place.is_empty() {
        return Err(EntryError::NoPath { entry: entry.to_owned(), format: scope.format() });
    }
    Ok(place.to_owned())
}

fn web_url(text: &str) -> Option<Url> {
    text.parse::<Url>().ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(scope: &str, text: &str) -> String {
        let lines: Vec<String> = match selectors(scope, text) {
            Ok(selectors) => selectors.iter().map(ToString::to_string).collect(),
            Err(errors) => errors.iter().map(|error| format!("! {error}")).collect(),
        };
        lines.join("; ")
    }

    #[test]
    fn entries_stand_on_lines_or_between_commas_and_count_once() {
        for (scope, text, wanted) in [
            ("original", "/demo/cat.jpg", "original demo/cat.jpg"),
            ("original", "demo/cat.jpg", "original demo/cat.jpg"),
            (
                "original",
                " /demo/a.jpg ,\r\n/demo/b.jpg\n\n,/demo/a.jpg",
                "original demo/a.jpg; original demo/b.jpg",
            ),
            ("folder", "/demo/harbour/", "folder demo/harbour"),
            ("folder", "/demo", "source demo"),
            ("url", "https://h.test/demo/cat.jpg?w=9", "url https://h.test/demo/cat.jpg?w=9"),
            ("tag", "product-17, product-18", "tag product-17; tag product-18"),
            ("all", " all\n", "all"),
        ] {
            assert_eq!(shown(scope, text), wanted);
        }
    }

    #[test]
    fn each_way_of_writing_it_wrongly_has_words_of_its_own() {
        for (scope, text, wanted) in [
            ("picture", "x", "! choose a scope: original, URL, folder, tag or all"),
            ("original", " , \n", "! write what to invalidate, as in /demo/cat.jpg"),
            ("all", "yes", "! to invalidate everything, write the word all"),
            (
                "original",
                "/demo/cat.jpg?w=500",
                "! \"/demo/cat.jpg?w=500\": leave out ?w=500; an original is invalidated with every size and format of it, \
                 as in /demo/cat.jpg",
            ),
            (
                "original",
                "img.test/demo/cat.jpg",
                "! \"img.test/demo/cat.jpg\": leave out img.test; the part that names the original is /demo/cat.jpg",
            ),
            (
                "original",
                "https://img.test/demo/cat.jpg?w=500",
                "! \"https://img.test/demo/cat.jpg?w=500\": leave out https://img.test; the part that names the original is \
                 /demo/cat.jpg",
            ),
            ("original", "/", "! \"/\": begin with the source's name, as in /demo/cat.jpg"),
            (
                "folder",
                "/demo/*",
                "! \"/demo/*\": a * is not needed; a folder is invalidated with all below it",
            ),
            (
                "url",
                "/demo/cat.jpg",
                "! \"/demo/cat.jpg\": write the whole URL, as in https://img.example.com/demo/cat.jpg?w=480",
            ),
        ] {
            assert_eq!(shown(scope, text), wanted, "{text}");
        }
        let many: Vec<String> = (0..11).map(|n| format!("/demo/{n}.jpg")).collect();
        assert_eq!(shown("original", &many.join("\n")), "! at most 10 at once; these are 11");
    }

    #[test]
    fn one_that_is_wrong_refuses_all_and_each_is_said() {
        let errors = selectors("original", "/demo/a.jpg\n/demo/b.jpg?w=1\nh.test/demo/c.jpg")
            .expect_err("two are wrong");
        assert_eq!(errors.len(), 2);
    }

    proptest! {
        #[test]
        fn no_text_panics(scope in "original|url|folder|tag|all|x", text in "(?s).{0,80}") {
            if let Ok(found) = selectors(&scope, &text) {
                prop_assert!(!found.is_empty() && found.len() <= ENTRIES_MAX);
            }
        }
    }
}
