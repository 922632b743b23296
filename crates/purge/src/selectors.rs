//! What a selector covers: originals to ask for at their source, and subjects to fence.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use api_types::Selector;
use dialect::pack::{self, PackId};
use dialect::{OriginalPath, Parsed, PresetName, SourceName, native};
use edge::Serving;
use purge_protocol::{Mode, Subject};
use snapshot::SiteKind;
use url::Url;

use crate::purges::AcceptError;
use crate::tenant::Tenant;

pub const SELECTORS_MAX: usize = 100;
/// Each is looked at, and looked at again.
pub const EXTERNALS_MAX: usize = 10;
const REASON_CHARS_MAX: usize = 500;
const TAG_BYTES_MAX: usize = 1024;

/// Understands selectors; knows the sources and the sites.
#[derive(Clone)]
pub struct Selectors {
    pub sources: Arc<BTreeSet<String>>,
    pub serving: Arc<Serving>,
    /// CDNs by their names, with where their clients ask.
    pub cdns: Arc<BTreeMap<String, Vec<String>>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// Its source is asked first. `also` is fenced with it, when it is fenced.
    Original { source: String, path: String, also: Option<Subject> },
    /// Many originals, each asked for again before its next use.
    Bulk { source: Option<String>, folder: Option<String>, subject: Subject },
    /// Pictures of whatever originals that something of the catalog is a part of. Their originals are as they were.
    MadeWith(Subject),
    /// Responses that were not made from originals of ours.
    Responses(Subject),
    /// A URL that is not ours: nothing of ours is fenced.
    External { cdn: String, url: String },
}

impl Resolved {
    pub fn original_name(&self) -> Option<String> {
        match self {
            Resolved::Original { source, path, .. } => Some(format!("{source}/{path}")),
            Resolved::Bulk { .. }
            | Resolved::MadeWith(_)
            | Resolved::Responses(_)
            | Resolved::External { .. } => None,
        }
    }

    /// Whether an original is one of many that it covers.
    pub(crate) fn has(&self, original: (&str, &str)) -> bool {
        let Resolved::Bulk { source, folder, .. } = self else { return false };
        let is_below = |folder: &String| {
            original.1.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/'))
        };
        source.as_ref().is_none_or(|source| source == original.0) && folder.as_ref().is_none_or(is_below)
    }
}

impl Selectors {
    /// All or nothing: one selector that cannot be understood refuses the whole purge.
    pub fn resolve_all(&self, selectors: &[Selector], mode: Mode) -> Result<Vec<Resolved>, AcceptError> {
        if selectors.is_empty() {
            return Err(AcceptError::NoSelectors);
        }
        if selectors.len() > SELECTORS_MAX {
            return Err(AcceptError::TooManySelectors { found: selectors.len(), limit: SELECTORS_MAX });
        }
        let resolved: Vec<Resolved> =
            selectors.iter().map(|one| self.resolve(one)).collect::<Result<_, _>>()?;
        let only_originals = resolved.iter().all(|one| matches!(one, Resolved::Original { also: None, .. }));
        if mode == Mode::Erase && !only_originals {
            return Err(AcceptError::EraseNeedsOriginals);
        }
        let externals = resolved.iter().filter(|one| matches!(one, Resolved::External { .. })).count();
        if externals > 0 && externals < resolved.len() {
            return Err(AcceptError::ExternalsAlone);
        }
        if externals > EXTERNALS_MAX {
            return Err(AcceptError::TooManySelectors { found: externals, limit: EXTERNALS_MAX });
        }
        Ok(resolved)
    }

    pub fn delivers_pictures(&self, host: &str) -> bool {
        matches!(self.serving.site_for(host).kind, SiteKind::Images { .. })
    }

    /// What a tenant may name, all or nothing; `all` becomes everything of theirs.
    pub fn within(&self, selectors: Vec<Selector>, tenant: &Tenant) -> Result<Vec<Selector>, AcceptError> {
        let mut own = Vec::new();
        for selector in selectors.into_iter().map(|selector| tenant.own(selector)) {
            let beyond = |why| {
                let (selector, tenant) = (selector.to_string(), tenant.name.clone());
                Err(AcceptError::BeyondTenant { selector, tenant, why })
            };
            match (&selector, self.resolve(&selector)?) {
                (Selector::All(_), _) => {
                    own.extend(tenant.everything());
                    continue;
                }
                (Selector::Preset(name) | Selector::Pack(name) | Selector::Location(name), _) => {
                    if !tenant.has(name) {
                        return beyond("it is somebody else's");
                    }
                }
                (_, Resolved::MadeWith(Subject::Pack(name))) if tenant.has(&name) => {}
                (Selector::Tag(_), _) => return beyond("labels are shared by all sites"),
                (_, Resolved::External { .. }) => return beyond("it is no site of ours"),
                (Selector::Url(url) | Selector::Prefix(url), Resolved::Responses(_)) => {
                    let host = web_url(url).map(|(host, _)| host).unwrap_or_default();
                    if !tenant.hosts.contains(&host) {
                        return beyond("its host belongs to somebody else");
                    }
                }
                (_, Resolved::Original { source, .. } | Resolved::Bulk { source: Some(source), .. }) => {
                    if !tenant.sources.contains(&source) {
                        return beyond("its source belongs to somebody else");
                    }
                }
                (_, Resolved::Bulk { source: None, .. } | Resolved::MadeWith(_) | Resolved::Responses(_)) => {
                    return beyond("it is nobody's alone");
                }
            }
            own.push(selector);
        }
        if own.len() > SELECTORS_MAX {
            return Err(AcceptError::TooManySelectors { found: own.len(), limit: SELECTORS_MAX });
        }
        Ok(own)
    }

    /// For somebody without bounds: packs and locations are always a tenant's.
    pub(crate) fn check_whose(selectors: &[Selector]) -> Result<(), AcceptError> {
        let is_nobodys = |selector: &&Selector| match selector {
            Selector::Pack(name) | Selector::Location(name) => !name.contains('/'),
            _ => false,
        };
        match selectors.iter().find(is_nobodys) {
            Some(selector) => {
                let why = "say whose it is, as in shop/hero".to_owned();
                Err(AcceptError::Malformed { selector: selector.to_string(), why })
            }
            None => Ok(()),
        }
    }

    /// A source and a path of it, as an erasure names them.
    pub fn original(&self, name: &str) -> Result<(String, String), AcceptError> {
        let selector = Selector::Original(name.to_owned());
        match self.resolve(&selector)? {
            Resolved::Original { source, path, .. } => Ok((source, path)),
            Resolved::Bulk { .. }
            | Resolved::MadeWith(_)
            | Resolved::Responses(_)
            | Resolved::External { .. } => {
                let why = "it names no single original".to_owned();
                Err(AcceptError::Malformed { selector: selector.to_string(), why })
            }
        }
    }

    /// It is shown to whoever asks for what was erased.
    pub fn check_reason(reason: Option<&str>, mode: Mode) -> Result<(), AcceptError> {
        let Some(reason) = reason else { return Ok(()) };
        let chars = reason.chars().count();
        if mode != Mode::Erase || reason.trim().is_empty() || chars > REASON_CHARS_MAX {
            return Err(AcceptError::MalformedReason { limit: REASON_CHARS_MAX });
        }
        if reason.chars().any(char::is_control) {
            return Err(AcceptError::MalformedReason { limit: REASON_CHARS_MAX });
        }
        Ok(())
    }

    fn resolve(&self, selector: &Selector) -> Result<Resolved, AcceptError> {
        let malformed =
            |why: &str| AcceptError::Malformed { selector: selector.to_string(), why: why.to_owned() };
        match selector {
            Selector::Original(name) => {
                let (source, path) = self.place(name, selector)?;
                let path = path.ok_or_else(|| malformed("an original is source/path, as in demo/cat.jpg"))?;
                Ok(Resolved::Original { source, path, also: None })
            }
            Selector::Folder(name) => {
                let (source, path) = self.place(name.trim_end_matches('/'), selector)?;
                let folder = path.ok_or_else(|| malformed("a folder is source/path, as in demo/harbour"))?;
                let subject = Subject::Folder(format!("{source}/{folder}"));
                Ok(Resolved::Bulk { source: Some(source), folder: Some(folder), subject })
            }
            Selector::Source(name) => match self.place(name, selector)? {
                (source, None) => {
                    let subject = Subject::Source(source.clone());
                    Ok(Resolved::Bulk { source: Some(source), folder: None, subject })
                }
                _ => Err(malformed("a source is one name; for what lies below it say folder or original")),
            },
            Selector::Url(url) => self.url(url, selector),
            Selector::Prefix(url) => self.prefix(url, selector),
            Selector::Tag(tag) => {
                let is_tag = !tag.is_empty()
                    && tag.len() <= TAG_BYTES_MAX
                    && tag.bytes().all(|b| b.is_ascii_graphic());
                if !is_tag {
                    return Err(malformed("a tag has 1 to 1024 visible ASCII characters"));
                }
                Ok(Resolved::Responses(Subject::Label(tag.clone())))
            }
            Selector::Preset(name) => {
                let (tenant, own) = whose(name).map_err(malformed)?;
                let own: PresetName = own.parse().map_err(|error| malformed(&format!("{error}")))?;
                Ok(Resolved::MadeWith(Subject::of_preset(tenant, own.as_str())))
            }
            Selector::Pack(name) => {
                let (_, own) = whose(name).map_err(malformed)?;
                own.parse::<PackId>().map_err(|error| malformed(&format!("{error}")))?;
                Ok(Resolved::MadeWith(Subject::Pack(name.clone())))
            }
            Selector::Location(name) => {
                let (_, own) = whose(name).map_err(malformed)?;
                own.parse::<PresetName>().map_err(|error| malformed(&format!("{error}")))?;
                Ok(Resolved::MadeWith(Subject::Location(name.clone())))
            }
            Selector::All(true) => {
                Ok(Resolved::Bulk { source: None, folder: None, subject: Subject::Tenant })
            }
            Selector::External { cdn, url } => self.external(cdn, url, selector),
            Selector::All(false) => Err(malformed("say true, or leave the selector out")),
        }
    }

    /// `source` or `source/path`.
    fn place(&self, name: &str, selector: &Selector) -> Result<(String, Option<String>), AcceptError> {
        let malformed = |why: String| AcceptError::Malformed { selector: selector.to_string(), why };
        let (source, path) = match name.split_once('/') {
            Some((source, path)) => (source, Some(path)),
            None => (name, None),
        };
        let source: SourceName = source.parse().map_err(|error| malformed(format!("{error}")))?;
        if !self.sources.contains(source.as_str()) {
            return Err(AcceptError::UnknownSource { name: source.to_string() });
        }
        let path: Option<OriginalPath> =
            path.map(str::parse).transpose().map_err(|error| malformed(format!("{error}")))?;
        Ok((source.to_string(), path.map(|path| path.as_str().to_owned())))
    }

    fn url(&self, text: &str, selector: &Selector) -> Result<Resolved, AcceptError> {
        let malformed = |why: String| AcceptError::Malformed { selector: selector.to_string(), why };
        let (host, url) = web_url(text).map_err(malformed)?;
        let request = dialect::Request { path: url.path(), query: url.query(), accept: None };
        match &self.serving.site_for(&host).kind {
            SiteKind::Images { packs: Some(packs), .. } if pack::is_of_pack(url.path()) => {
                let delivery = pack::parse(&request, packs).map_err(|error| malformed(error.to_string()))?;
                match (pack::tenant_of(packs), PackId::of(&delivery.path)) {
                    (Some(tenant), Some(id)) => {
                        Ok(Resolved::MadeWith(Subject::Pack(format!("{tenant}/{id}"))))
                    }
                    _ => Err(malformed("it names no pack".to_owned())),
                }
            }
            SiteKind::PassThrough { .. } => {
                let path_and_query = match url.query() {
                    Some(query) => format!("{}?{query}", url.path()),
                    None => url.path().to_owned(),
                };
                Ok(Resolved::Responses(Subject::web_url(&host, &path_and_query)))
            }
            SiteKind::Images { .. } => {
                let Parsed { delivery, canonical, .. } =
                    native::parse(&request).map_err(|error| malformed(error.to_string()))?;
                let source = delivery.source.to_string();
                if !self.sources.contains(&source) {
                    return Err(AcceptError::UnknownSource { name: source });
                }
                let also = Some(Subject::Url(canonical));
                Ok(Resolved::Original { source, path: delivery.path.as_str().to_owned(), also })
            }
        }
    }

    fn external(&self, cdn: &str, text: &str, selector: &Selector) -> Result<Resolved, AcceptError> {
        let malformed = |why: String| AcceptError::Malformed { selector: selector.to_string(), why };
        let Some(sites) = self.cdns.get(cdn) else {
            return Err(AcceptError::UnknownCdn { name: cdn.to_owned() });
        };
        let (_, url) = web_url(text).map_err(malformed)?;
        if url.fragment().is_some() {
            return Err(malformed("what is after # is never asked for".to_owned()));
        }
        let is_theirs = sites.iter().any(|site| *site == url.origin().ascii_serialization());
        if !is_theirs {
            return Err(malformed(format!("{cdn} answers for {}", sites.join(", "))));
        }
        Ok(Resolved::External { cdn: cdn.to_owned(), url: url.to_string() })
    }

    /// Of a site with pictures of ours, a prefix of URLs is a folder of a source.
    fn prefix(&self, text: &str, selector: &Selector) -> Result<Resolved, AcceptError> {
        let malformed =
            |why: &str| AcceptError::Malformed { selector: selector.to_string(), why: why.to_owned() };
        let (host, url) = web_url(text).map_err(|why| malformed(&why))?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(malformed("a prefix has no query; it covers every query"));
        }
        match self.serving.site_for(&host).kind {
            SiteKind::PassThrough { .. } => Ok(Resolved::Responses(Subject::web_prefix(&host, url.path()))),
            SiteKind::Images { .. } => match url.path().trim_matches('/') {
                "" => Err(malformed(
                    "this host delivers pictures: name a source, as in http://host/demo/, or purge all",
                )),
                path => match self.place(path, selector)? {
                    (source, None) => self.resolve(&Selector::Source(source)),
                    (source, Some(folder)) => self.resolve(&Selector::Folder(format!("{source}/{folder}"))),
                },
            },
        }
    }
}

/// A tenant, where it is said, and the name that something has there.
fn whose(name: &str) -> Result<(Option<&str>, &str), &'static str> {
    match name.split_once('/') {
        None => Ok((None, name)),
        Some((tenant, own)) if !tenant.is_empty() => Ok((Some(tenant), own)),
        Some(_) => Err("a tenant's is tenant/name, as in shop/thumb"),
    }
}

/// As its record would name them.
pub(crate) fn subjects(resolved: &[Resolved]) -> Vec<Subject> {
    let subject = |one: &Resolved| match one {
        Resolved::Bulk { subject, .. } | Resolved::MadeWith(subject) | Resolved::Responses(subject) => {
            Some(subject.clone())
        }
        Resolved::Original { source, path, .. } => Some(Subject::Original(format!("{source}/{path}"))),
        Resolved::External { .. } => None,
    };
    let mut subjects: Vec<Subject> = Vec::new();
    for subject in resolved.iter().filter_map(subject) {
        if !subjects.contains(&subject) {
            subjects.push(subject);
        }
    }
    subjects
}

/// Whether it names a whole source, a whole host, or everything.
pub fn is_wholesale(selector: &Selector) -> bool {
    match selector {
        Selector::All(_) | Selector::Source(_) => true,
        // Of a site with pictures, what has one segment is a whole source. What a URL parser makes of it counts: it
        // resolves dots.
        Selector::Prefix(url) => url
            .parse::<Url>()
            .is_ok_and(|url| url.path().split('/').filter(|segment| !segment.is_empty()).count() <= 1),
        Selector::Original(_)
        | Selector::Folder(_)
        | Selector::Url(_)
        | Selector::Tag(_)
        | Selector::Preset(_)
        | Selector::Pack(_)
        | Selector::Location(_)
        | Selector::External { .. } => false,
    }
}

/// The URL, and its host as requests name it.
fn web_url(text: &str) -> Result<(String, Url), String> {
    let url: Url = text.parse().map_err(|_| "it is not an absolute URL (http://host/path)".to_owned())?;
    let host = match (url.scheme(), url.host_str(), url.port()) {
        ("http" | "https", Some(host), Some(port)) => format!("{host}:{port}"),
        ("http" | "https", Some(host), None) => host.to_owned(),
        _ => return Err("it is not an http or https URL".to_owned()),
    };
    Ok((host, url))
}

#[cfg(test)]
mod tests {
    use super::*;
    use purge_protocol::TagKey;
    use snapshot::{RequestLimits, Site, Snapshot};

    fn selectors() -> Selectors {
        let pass = SiteKind::PassThrough {
            upstreams: Arc::new(snapshot::Upstreams::one("http://u")),
            allow_private: true,
            strip_tags: false,
            purge_from: Vec::new(),
            storing: Default::default(),
        };
        let packs = SiteKind::Images { unsigned: false, packs: pack::source_of("cats") };
        let site = |host: &str, kind| Site { hosts: vec![host.parse().unwrap()], kind, ..Site::default() };
        let sites = vec![site("shop.test", pass), site("cats.test", packs)];
        let snapshot =
            Snapshot { sites, keys: vec![], tag_key: TagKey::new([1; 16]), limits: RequestLimits::default() };
        let theirs = vec!["https://token.cloudimg.test".to_owned()];
        Selectors {
            sources: Arc::new(["demo".to_owned()].into()),
            serving: Arc::new(Serving::new(snapshot)),
            cdns: Arc::new([("far".to_owned(), theirs)].into()),
        }
    }

    fn resolve(selector: Selector) -> String {
        match selectors().resolve_all(&[selector], Mode::Hard) {
            Ok(resolved) => match &resolved[0] {
                Resolved::Original { source, path, also } => {
                    let also = also.as_ref().map(|subject| format!(" + {subject}")).unwrap_or_default();
                    format!("original {source} {path}{also}")
                }
                Resolved::Bulk { subject, .. } => format!("bulk {subject}"),
                Resolved::Responses(subject) => format!("responses {subject}"),
                Resolved::MadeWith(subject) => format!("made with {subject}"),
                Resolved::External { cdn, url } => format!("external {url} at {cdn}"),
            },
            Err(error) => format!("refused: {error}"),
        }
    }

    fn external(cdn: &str, url: &str) -> Selector {
        Selector::External { cdn: cdn.to_owned(), url: url.to_owned() }
    }

    #[test]
    fn a_selector_names_originals_or_responses() {
        let text = str::to_owned;
        for (selector, expected) in [
            (Selector::Original(text("demo/a/cat.jpg")), "original demo a/cat.jpg"),
            (Selector::Folder(text("demo/a/")), "bulk folder:demo/a"),
            (Selector::Source(text("demo")), "bulk source:demo"),
            (Selector::All(true), "bulk tenant"),
            (Selector::Tag(text("img-1")), "responses tag:img-1"),
            (Selector::Preset(text("thumb")), "made with preset:thumb"),
            (Selector::Preset(text("shop/thumb")), "made with preset:shop/thumb"),
            (Selector::Pack(text("shop/62e8")), "made with pack:shop/62e8"),
            (Selector::Location(text("shop/hero")), "made with location:shop/hero"),
            (
                Selector::Url(text("http://cats.test/api/v2/img/62e8-17?location=x")),
                "made with pack:cats/62e8",
            ),
            (
                Selector::Url(text("http://cats.test/demo/cat.jpg")),
                "original demo cat.jpg + url:/demo/cat.jpg",
            ),
            (Selector::Url(text("https://Shop.test/x?a=1")), "responses url:http://shop.test/x?a=1"),
            (Selector::Url(text("https://shop.test:443/a/../%78")), "responses url:http://shop.test/x"),
            (Selector::Prefix(text("https://shop.test/blog/")), "responses prefix:shop.test/blog"),
            (Selector::Prefix(text("https://shop.test")), "responses prefix:shop.test"),
            (Selector::Prefix(text("http://other.test/demo/a/")), "bulk folder:demo/a"),
            (Selector::Prefix(text("http://other.test/demo")), "bulk source:demo"),
            (
                external("far", "https://Token.cloudimg.test:443/v7/https://x.test/a b.jpg?w=1"),
                "external https://token.cloudimg.test/v7/https://x.test/a%20b.jpg?w=1 at far",
            ),
            (
                Selector::Url(text("http://other.test/demo/cat.jpg?fit=crop&w=9&h=8")),
                "original demo cat.jpg + url:/demo/cat.jpg?w=9&h=8&fit=crop",
            ),
        ] {
            assert_eq!(resolve(selector), expected);
        }
    }

    #[test]
    fn what_cannot_be_understood_refuses_the_whole_purge() {
        let text = str::to_owned;
        for selector in [
            Selector::Original(text("demo")),
            Selector::Original(text("nowhere/cat.jpg")),
            Selector::Original(text("demo/../etc")),
            Selector::Folder(text("demo")),
            Selector::Source(text("demo/a")),
            Selector::Url(text("/demo/cat.jpg")),
            Selector::Url(text("ftp://h/x")),
            Selector::Prefix(text("https://shop.test/blog?page=2")),
            Selector::Prefix(text("http://other.test/")),
            Selector::Prefix(text("blog/")),
            Selector::Tag(text("")),
            Selector::Tag(text("a b")),
            Selector::Preset(text("")),
            Selector::Preset(text("/thumb")),
            Selector::Preset(text("a/b/c")),
            Selector::Preset(text("a b")),
            Selector::Pack(text("shop/62e8-17")),
            Selector::Location(text("shop/")),
            Selector::Url(text("http://cats.test/api/v2/img/62e8?w=9")),
            Selector::All(false),
            external("near", "https://token.cloudimg.test/a.jpg"),
            external("far", "http://token.cloudimg.test/a.jpg"),
            external("far", "https://token.cloudimg.test.evil.test/a.jpg"),
            external("far", "https://token.cloudimg.test/a.jpg#x"),
            external("far", "/a.jpg"),
        ] {
            let shown = resolve(selector.clone());
            assert!(shown.starts_with("refused: "), "{selector}: {shown}");
        }
        let mixed = [Selector::Original("demo/cat.jpg".into()), Selector::Tag("x".into())];
        let erased = selectors().resolve_all(&mixed, Mode::Erase);
        assert!(matches!(erased, Err(AcceptError::EraseNeedsOriginals)));
        let theirs = external("far", "https://token.cloudimg.test/a.jpg");
        let mixed = [theirs.clone(), Selector::Tag("x".into())];
        assert!(matches!(selectors().resolve_all(&mixed, Mode::Hard), Err(AcceptError::ExternalsAlone)));
        let many = vec![theirs; EXTERNALS_MAX + 1];
        let refused = selectors().resolve_all(&many, Mode::Hard);
        assert!(matches!(refused, Err(AcceptError::TooManySelectors { limit: EXTERNALS_MAX, .. })));
    }

    #[test]
    fn a_tenant_names_what_is_theirs_and_all_means_all_of_theirs() {
        let set = |names: &[&str]| names.iter().map(|name| name.to_string()).collect();
        let mut selectors = selectors();
        selectors.sources = Arc::new(set(&["demo", "other"]));
        let (sources, hosts) = (set(&["demo"]), set(&["shop.test"]));
        let tenant = Tenant { name: "cats".to_owned(), sources, hosts, rates: Default::default() };
        let text = str::to_owned;
        let within = |selector: Selector| selectors.within(vec![selector], &tenant);
        for selector in [
            Selector::Original(text("demo/a/cat.jpg")),
            Selector::Folder(text("demo/a")),
            Selector::Source(text("demo")),
            Selector::Url(text("https://shop.test/x?a=1")),
            Selector::Prefix(text("https://shop.test/")),
            Selector::Prefix(text("http://pictures.test/demo/a/")),
            Selector::Url(text("http://pictures.test/demo/cat.jpg?w=9")),
            Selector::Url(text("http://cats.test/api/v2/img/62e8")),
        ] {
            assert_eq!(within(selector.clone()).unwrap(), [selector]);
        }
        for selector in [
            Selector::Original(text("other/cat.jpg")),
            Selector::Folder(text("other/a")),
            Selector::Source(text("other")),
            Selector::Url(text("https://shop.test:8443/x")),
            Selector::Url(text("http://pictures.test/other/cat.jpg")),
            Selector::Prefix(text("http://pictures.test/other")),
            Selector::Tag(text("product-17")),
        ] {
            let refused = within(selector.clone());
            assert!(matches!(refused, Err(AcceptError::BeyondTenant { .. })), "{selector}: {refused:?}");
        }
        let all = within(Selector::All(true)).unwrap();
        assert_eq!(all, [Selector::Source(text("demo")), Selector::Prefix(text("https://shop.test/"))]);
        for kind in [Selector::Preset, Selector::Pack, Selector::Location] {
            for name in ["x", "cats/x"] {
                assert_eq!(within(kind(text(name))).unwrap(), [kind(text("cats/x"))]);
            }
            assert!(within(kind(text("dogs/x"))).is_err());
        }
        let mixed = vec![Selector::Source(text("demo")), Selector::Source(text("other"))];
        assert!(selectors.within(mixed, &tenant).is_err(), "all or nothing");
    }

    #[test]
    fn a_folder_has_what_is_below_it_and_not_its_neighbours() {
        let bulk = |source: Option<&str>, folder: Option<&str>| Resolved::Bulk {
            source: source.map(str::to_owned),
            folder: folder.map(str::to_owned),
            subject: Subject::Tenant,
        };
        for (one, wanted) in [
            (bulk(None, None), [true, true, true]),
            (bulk(Some("demo"), None), [true, true, false]),
            (bulk(Some("demo"), Some("a")), [true, false, false]),
        ] {
            let found = [("demo", "a/cat.jpg"), ("demo", "ab/cat.jpg"), ("shop", "a/cat.jpg")];
            assert_eq!(found.map(|original| one.has(original)), wanted, "{one:?}");
        }
    }

    #[test]
    fn a_record_names_each_subject_once() {
        let original = || Resolved::Original { source: "demo".into(), path: "cat.jpg".into(), also: None };
        let label = || Resolved::Responses(Subject::Label("x".into()));
        let external = Resolved::External { cdn: "far".into(), url: "https://h/a".into() };
        let named = subjects(&[original(), label(), original(), external, label()]);
        assert_eq!(
            named.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["original:demo/cat.jpg", "tag:x"]
        );
    }
}
