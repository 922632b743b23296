//! What each CDN is to be told of a purge.

use std::sync::Arc;
use std::time::Duration;

use api_types::{OriginalOutcome, OriginalReceipt, Selector};
use bus::clock::unix_millis;
use catalog::{Catalog, CatalogError, Claim, NewWish};
use cdn::{Place, Scope, Wish};
use dialect::{Delivery, OriginalPath, SourceName, native, pack};
use edge::Serving;
use purge_protocol::{Mode, Subject, TagKey};
use snapshot::SiteKind;
use url::Url;

use super::Cdn;
use crate::selectors::Resolved;

pub(crate) struct Wishes<'a> {
    pub cdns: &'a [Arc<Cdn>],
    pub catalog: &'a Catalog,
    pub serving: &'a Serving,
    pub tag_key: &'a TagKey,
    /// Whatever the windows.
    pub at_once: bool,
}

/// What other people's CDNs care for in a purge.
pub(crate) struct Wanted<'a> {
    pub selectors: &'a [Selector],
    pub mode: Mode,
    pub force: bool,
    pub urgent: bool,
    /// What became of its originals.
    pub originals: &'a [OriginalReceipt],
}

impl<'a> From<&'a Claim> for Wanted<'a> {
    fn from(claim: &'a Claim) -> Self {
        let Claim { selectors, mode, force, urgent, receipt, .. } = claim;
        let originals = &receipt.originals;
        Self { selectors, mode: *mode, force: *force, urgent: *urgent, originals }
    }
}

impl Wanted<'_> {
    /// For how long a CDN waits for more to tell with the same calls.
    pub(crate) fn window(&self, cdn: &Cdn) -> Duration {
        if self.urgent || self.mode == Mode::Erase { Duration::ZERO } else { cdn.window }
    }
}

/// What a purge covers, in the terms of all CDNs.
struct Covered {
    subject: Subject,
    scope: Scope,
    /// The raw label, where a pass-through site's server gave it and clients see it too.
    label: Option<String>,
    /// Deliveries without their signatures: of use where a site asks for none.
    known: Vec<Place>,
    /// The same of other originals that show this one.
    elsewhere: Option<Vec<Place>>,
    is_pictures: bool,
    /// By which source packs go, if it is of these: asked for where a site has them.
    packs: Option<SourceName>,
    /// Of a URL that is not ours: the only CDN that it concerns.
    only: Option<String>,
}

impl Wishes<'_> {
    /// As they are stored.
    pub(crate) async fn of(
        &self,
        purge: Wanted<'_>,
        resolved: &[Resolved],
    ) -> Result<Vec<NewWish>, CatalogError> {
        let now = unix_millis();
        let mut new = Vec::new();
        for (cdn, wishes) in self.by_cdn(&purge, resolved).await? {
            let window = if self.at_once { Duration::ZERO } else { purge.window(cdn) };
            let due_ms = now.saturating_add(u64::try_from(window.as_millis()).unwrap_or(u64::MAX));
            for wish in wishes {
                new.push(NewWish {
                    cdn: cdn.name.clone(),
                    wish: serde_json::to_string(&wish)?,
                    soft: purge.mode == Mode::Soft,
                    due_ms,
                });
            }
        }
        Ok(new)
    }

    /// Of what has changed, or is fenced whatever it is; of each CDN that it concerns.
    pub(crate) async fn by_cdn(
        &self,
        purge: &Wanted<'_>,
        resolved: &[Resolved],
    ) -> Result<Vec<(&Cdn, Vec<Wish>)>, CatalogError> {
        if self.cdns.is_empty() {
            return Ok(Vec::new());
        }
        let mut covered = Vec::new();
        let mut receipts = purge.originals.iter();
        for (selector, one) in purge.selectors.iter().zip(resolved) {
            let is_original = matches!(one, Resolved::Original { .. });
            let receipt = if is_original { receipts.next() } else { None };
            if receipt.is_some_and(|receipt| receipt.outcome == OriginalOutcome::Unchanged) && !purge.force {
                continue;
            }
            let is_shown_elsewhere = receipt.is_some_and(|receipt| receipt.dependents > 0);
            covered.push(self.covered(selector, one, is_shown_elsewhere).await?);
        }
        let wishes_of = |cdn: &Cdn| -> Vec<Wish> {
            let concerned = covered.iter().filter(|one| self.concerns(cdn, one));
            let told = concerned.map(|one| (one, self.wish(cdn, one)));
            // Of what nobody has asked for yet, a preset that is new, there is nothing anywhere to be named.
            let is_somewhere = |(one, wish): &(&Covered, Wish)| {
                wish.tag.is_some() || !one.known.is_empty() || !one.is_pictures || one.scope != Scope::Tagged
            };
            told.filter(is_somewhere).map(|(_, wish)| wish).collect()
        };
        let all = self.cdns.iter().map(|cdn| (&**cdn, wishes_of(cdn)));
        Ok(all.filter(|(_, wishes)| !wishes.is_empty()).collect())
    }

    async fn covered(
        &self,
        selector: &Selector,
        one: &Resolved,
        is_shown_elsewhere: bool,
    ) -> Result<Covered, CatalogError> {
        let place = |path: String| Place { host: None, path };
        Ok(match one {
            Resolved::Original { source, path, .. } => {
                let own = written(source, Some(path));
                let deliveries = self.catalog.deliveries(source, path).await?;
                let is_own = |url: &String| url.split('?').next() == Some(&own);
                let (known, elsewhere): (Vec<_>, Vec<_>) =
                    deliveries.into_iter().map(|delivery| as_clients_write(delivery.url)).partition(is_own);
                Covered {
                    subject: Subject::Original(format!("{source}/{path}")),
                    scope: Scope::Path(place(own)),
                    label: None,
                    known: known.into_iter().map(place).collect(),
                    elsewhere: is_shown_elsewhere.then(|| elsewhere.into_iter().map(place).collect()),
                    is_pictures: true,
                    packs: None,
                    only: None,
                }
            }
            Resolved::External { cdn, url } => self.external(cdn, url),
            Resolved::Bulk { source, folder, subject } => Covered {
                subject: subject.clone(),
                scope: match source {
                    Some(source) => Scope::Prefix(place(written(source, folder.as_deref()))),
                    None => Scope::All,
                },
                label: None,
                known: Vec::new(),
                elsewhere: None,
                // Everything concerns everybody.
                is_pictures: source.is_some(),
                packs: None,
                only: None,
            },
            Resolved::MadeWith(subject) => {
                let known = self.catalog.made_with(subject).await?.into_iter();
                let (scope, tenant) = match subject {
                    Subject::Pack(name) => match name.split_once('/') {
                        Some((tenant, id)) => (Scope::Path(place(pack::path_of(id))), Some(tenant)),
                        None => (Scope::Tagged, None),
                    },
                    Subject::Location(name) => {
                        (Scope::Tagged, name.split_once('/').map(|(tenant, _)| tenant))
                    }
                    _ => (Scope::Tagged, None),
                };
                Covered {
                    subject: subject.clone(),
                    scope,
                    label: None,
                    known: known.map(|delivery| place(as_clients_write(delivery.url))).collect(),
                    elsewhere: None,
                    is_pictures: true,
                    packs: tenant.and_then(pack::source_of),
                    only: None,
                }
            }
            Resolved::Responses(subject) => {
                let label = match subject {
                    Subject::Label(label) => Some(label.clone()),
                    _ => None,
                };
                // As the operator wrote it: the subject's own name is decoded.
                let scope = match selector {
                    Selector::Url(text) => web_place(text).map(Scope::Url),
                    Selector::Prefix(text) => web_place(text).map(Scope::Prefix),
                    _ => None,
                };
                Covered {
                    subject: subject.clone(),
                    scope: scope.unwrap_or(Scope::Tagged),
                    label,
                    known: Vec::new(),
                    elsewhere: None,
                    is_pictures: false,
                    packs: None,
                    only: None,
                }
            }
        })
    }

    /// All that was made of one picture, if its CDN makes pictures of pictures and knows such a thing.
    fn external(&self, name: &str, url: &str) -> Covered {
        let place = web_place(url);
        let makes_pictures =
            self.cdns.iter().any(|cdn| cdn.name == name && cdn.driver.capabilities().path.is_some());
        let scope = place.clone().map(|place| match makes_pictures && !place.path.contains('?') {
            true => Scope::Path(place),
            false => Scope::Url(place),
        });
        Covered {
            subject: Subject::Url(url.to_owned()),
            scope: scope.unwrap_or(Scope::Tagged),
            label: None,
            known: place.into_iter().collect(),
            elsewhere: None,
            is_pictures: false,
            packs: None,
            only: Some(name.to_owned()),
        }
    }

    fn wish(&self, cdn: &Cdn, one: &Covered) -> Wish {
        if one.only.is_some() {
            let (subject, scope, known) = (one.subject.to_string(), one.scope.clone(), one.known.clone());
            return Wish { subject, scope, tag: None, known, elsewhere: None };
        }
        // Pictures carry our tags for it; what passes through carries what its server gave it.
        let carries_ours = match one.scope {
            Scope::All => !self.has(cdn, |kind| matches!(kind, SiteKind::PassThrough { .. })),
            _ => one.is_pictures,
        };
        let own = (cdn.has_tags && carries_ours).then(|| self.tag_key.tag(&one.subject).to_string());
        let tag = own.or_else(|| one.label.clone());
        let unsigned = one.packs.is_some()
            || self.has(cdn, |kind| matches!(kind, SiteKind::Images { unsigned: true, .. }));
        let of_use = |places: &Vec<Place>| if unsigned { places.clone() } else { Vec::new() };
        Wish {
            subject: one.subject.to_string(),
            scope: one.scope.clone(),
            tag,
            known: of_use(&one.known),
            elsewhere: one.elsewhere.as_ref().map(of_use),
        }
    }

    /// A CDN before a shop alone need not hear of pictures, nor one before pictures of a shop's labels.
    fn concerns(&self, cdn: &Cdn, one: &Covered) -> bool {
        if let Some(only) = &one.only {
            return cdn.name == *only;
        }
        if cdn.only_by_name {
            return false;
        }
        match &one.scope {
            Scope::All => true,
            _ if one.packs.is_some() => self.has(cdn, |kind| match kind {
                SiteKind::Images { packs, .. } => *packs == one.packs,
                SiteKind::PassThrough { .. } => false,
            }),
            _ if one.is_pictures => self.has(cdn, |kind| matches!(kind, SiteKind::Images { .. })),
            _ => self.has(cdn, |kind| matches!(kind, SiteKind::PassThrough { .. })),
        }
    }

    fn has(&self, cdn: &Cdn, is: impl Fn(&SiteKind) -> bool) -> bool {
        let hosts = cdn.terms.sites.iter().filter_map(|site| site.split_once("://"));
        hosts.into_iter().any(|(_, host)| is(&self.serving.site_for(host).kind))
    }
}

/// What is noted of a pack has our spelling.
fn as_clients_write(url: String) -> String {
    let (path, query) = url.split_once('?').unwrap_or((&url, ""));
    let parsed = native::parse(&dialect::Request { path, query: Some(query), accept: None });
    parsed.ok().and_then(|parsed| pack::written(&parsed.delivery)).unwrap_or(url)
}

/// The URL path of a source, a folder or an original of it, as clients write it.
fn written(source: &str, path: Option<&str>) -> String {
    let names =
        path.map(|path| Some((source.parse::<SourceName>().ok()?, path.parse::<OriginalPath>().ok()?)));
    match names {
        Some(Some((source, path))) => native::canonical(&Delivery::of(source, path)),
        _ => format!("/{source}"),
    }
}

fn web_place(text: &str) -> Option<Place> {
    let url: Url = text.parse().ok()?;
    let host = match (url.host_str()?, url.port()) {
        (host, Some(port)) => format!("{host}:{port}"),
        (host, None) => host.to_owned(),
    };
    let path = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    Some(Place { host: Some(host), path })
}
