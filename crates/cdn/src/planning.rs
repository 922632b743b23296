//! From wishes to calls: in the terms that a vendor understands, each thing once, in as few calls as its limits allow.
//!
//! A scope that a vendor does not know is widened, never narrowed: tag, then path, then prefix; then the URLs that were
//! delivered lately, which the plan admits to be a part; then everything, if the operator permits that.

use std::collections::BTreeSet;

use crate::call::{Call, Targets};
use crate::capabilities::{Batch, Capabilities};
use crate::collapse::collapsed;
use crate::wish::{Address, Place, Scope, Wish};

/// Prefixes that would take more calls than this are widened until they do not.
const PREFIX_CALLS_MAX: usize = 4;
/// But never fewer than these.
const PREFIXES_MIN: usize = 20;
/// Tags that would take more calls than this are left for paths and prefixes, if those take fewer and say as much.
const TAG_CALLS_MAX: usize = 16;

/// What the operator says of one CDN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Where its clients ask: `https://img.example.com`.
    pub sites: Vec<String>,
    /// Whether everything may be purged for want of something more precise.
    pub may_purge_all: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    pub calls: Vec<Call>,
    /// Wishes, by their place in the list, of which only some URLs are known.
    pub partial: Vec<usize>,
    /// Wishes that this CDN cannot be told, by their place in the list.
    pub refused: Vec<(usize, Refusal)>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error(
        "it can purge {subject} only by purging everything, for which `purge_all = true` is the permission"
    )]
    NeedsPermission { subject: String },
    #[error("it has no call that covers {subject}")]
    Unsupported { subject: String },
}

/// What all wishes together come to.
#[derive(Default)]
struct Gathered {
    urls: BTreeSet<Address>,
    paths: BTreeSet<Address>,
    prefixes: BTreeSet<Address>,
    tags: BTreeSet<String>,
    all: bool,
}

enum Expressed {
    Whole,
    Partly,
    /// None of the CDN's sites has it.
    Elsewhere,
}

pub fn plan_calls(wishes: &[Wish], soft: bool, capabilities: &Capabilities, terms: &Terms) -> Plan {
    let with_tags = planned(wishes, soft, capabilities, terms, true);
    if with_tags.calls.len() <= TAG_CALLS_MAX {
        return with_tags;
    }
    let without = planned(wishes, soft, capabilities, terms, false);
    let says_as_much = without.partial == with_tags.partial && without.refused == with_tags.refused;
    if says_as_much && without.calls.len() < with_tags.calls.len() { without } else { with_tags }
}

fn planned(
    wishes: &[Wish],
    soft: bool,
    capabilities: &Capabilities,
    terms: &Terms,
    prefers_tags: bool,
) -> Plan {
    let mut gathered = Gathered::default();
    let mut plan = Plan::default();
    for (n, wish) in wishes.iter().enumerate() {
        match express(wish, capabilities, terms, prefers_tags, &mut gathered) {
            Ok(Expressed::Whole | Expressed::Elsewhere) => {}
            Ok(Expressed::Partly) => plan.partial.push(n),
            Err(refusal) => plan.refused.push((n, refusal)),
        }
    }
    plan.calls = batched(gathered, capabilities, soft && capabilities.soft);
    plan
}

fn express(
    wish: &Wish,
    capabilities: &Capabilities,
    terms: &Terms,
    prefers_tags: bool,
    gathered: &mut Gathered,
) -> Result<Expressed, Refusal> {
    let fits = |batch: Option<Batch>, addresses: &[Address]| {
        batch.is_some_and(|batch| addresses.iter().all(|one| one.url().len() <= batch.item_bytes))
    };
    let tag = wish.tag.as_ref().filter(|tag| capabilities.tag.is_some_and(|b| tag.len() <= b.item_bytes));
    let (place, is_url, is_prefix) = match &wish.scope {
        Scope::Url(place) => (Some(place), true, false),
        Scope::Path(place) => (Some(place), false, false),
        Scope::Prefix(place) => (Some(place), false, true),
        Scope::Tagged | Scope::All => (None, false, false),
    };
    if let Some(place) = place {
        let exact = addresses(place, capabilities, terms);
        if exact.is_empty() {
            return Ok(Expressed::Elsewhere);
        }
        // What shows it elsewhere has its tag, and no path in common with it.
        if let Some(elsewhere) = &wish.elsewhere
            && tag.filter(|_| prefers_tags).is_none()
        {
            return with_those_elsewhere(wish, elsewhere, capabilities, terms, gathered);
        }
        // A path has no query, and a prefix none either.
        let bare = match place.path.split_once('?') {
            Some((path, _)) => {
                addresses(&Place { path: path.to_owned(), ..place.clone() }, capabilities, terms)
            }
            None => exact.clone(),
        };
        if is_url && fits(capabilities.url, &exact) {
            gathered.urls.extend(exact);
            return Ok(Expressed::Whole);
        }
        if let Some(tag) = tag.filter(|_| prefers_tags) {
            gathered.tags.insert(tag.clone());
            return Ok(Expressed::Whole);
        }
        if !is_prefix && fits(capabilities.path, &bare) {
            gathered.paths.extend(bare);
            return Ok(Expressed::Whole);
        }
        if fits(capabilities.prefix, &bare) {
            gathered.prefixes.extend(bare);
            return Ok(Expressed::Whole);
        }
    } else if let Some(tag) = tag {
        gathered.tags.insert(tag.clone());
        return Ok(Expressed::Whole);
    }
    let known: Vec<Address> =
        wish.known.iter().flat_map(|place| addresses(place, capabilities, terms)).collect();
    if !known.is_empty() && fits(capabilities.url, &known) {
        gathered.urls.extend(known);
        return Ok(Expressed::Partly);
    }
    let subject = wish.subject.clone();
    match (capabilities.all, terms.may_purge_all) {
        (true, true) => {
            gathered.all = true;
            Ok(Expressed::Whole)
        }
        (true, false) => Err(Refusal::NeedsPermission { subject }),
        (false, _) => Err(Refusal::Unsupported { subject }),
    }
}

/// The wish itself, and each URL that is known to show it: more there may be, but nobody could say which.
fn with_those_elsewhere(
    wish: &Wish,
    elsewhere: &[Place],
    capabilities: &Capabilities,
    terms: &Terms,
    gathered: &mut Gathered,
) -> Result<Expressed, Refusal> {
    for place in elsewhere {
        let one = Wish {
            subject: wish.subject.clone(),
            scope: Scope::Url(place.clone()),
            tag: None,
            known: Vec::new(),
            elsewhere: None,
        };
        express(&one, capabilities, terms, false, gathered)?;
    }
    let itself = Wish { elsewhere: None, tag: None, ..wish.clone() };
    let expressed = express(&itself, capabilities, terms, false, gathered)?;
    Ok(match expressed {
        Expressed::Whole if !gathered.all => Expressed::Partly,
        other => other,
    })
}

/// A place on each of the CDN's sites that have it.
fn addresses(place: &Place, capabilities: &Capabilities, terms: &Terms) -> Vec<Address> {
    let has_it = |site: &&String| match &place.host {
        None => true,
        Some(host) => site.split_once("://").is_some_and(|(_, own)| own.eq_ignore_ascii_case(host)),
    };
    let sites = terms.sites.iter().filter(has_it);
    let address = |site: String| Address { site, path: place.path.clone() };
    if capabilities.by_host {
        sites.cloned().map(address).collect()
    } else {
        sites.take(1).map(|_| address(String::new())).collect()
    }
}

fn batched(gathered: Gathered, capabilities: &Capabilities, soft: bool) -> Vec<Call> {
    let Gathered { mut urls, mut paths, mut prefixes, tags, all } = gathered;
    let call = |targets| Call { targets, soft };
    if all {
        // Nothing more precise adds anything. No vendor does this softly.
        return vec![Call { targets: Targets::All, soft: false }];
    }
    if let Some(batch) = capabilities.prefix {
        let most = (PREFIX_CALLS_MAX * batch.items).max(PREFIXES_MIN);
        // Paths are widened to prefixes too, where they are as dear.
        if let Some(path) = capabilities.path {
            let most = (PREFIX_CALLS_MAX * path.items).max(PREFIXES_MIN);
            if paths.len() > most {
                prefixes.extend(collapsed(std::mem::take(&mut paths), most));
            }
        }
        prefixes = collapsed(prefixes, most);
    }
    let covered = |address: &Address| within(&prefixes, address);
    paths.retain(|path| !covered(path));
    urls.retain(|url| !covered(url) && !has_path(&paths, url));
    let len = |address: &Address| address.url().len();
    let mut calls = Vec::new();
    calls.extend(split(tags, capabilities.tag, String::len).map(Targets::Tags).map(call));
    calls.extend(split(prefixes, capabilities.prefix, len).map(Targets::Prefixes).map(call));
    calls.extend(split(paths, capabilities.path, len).map(Targets::Paths).map(call));
    calls.extend(split(urls, capabilities.url, len).map(Targets::Urls).map(call));
    calls
}

/// Whether a prefix covers an address: one of its ancestors, or itself.
fn within(prefixes: &BTreeSet<Address>, address: &Address) -> bool {
    let path = address.path.split('?').next().unwrap_or_default();
    let at = |path: &str| prefixes.contains(&Address { site: address.site.clone(), path: path.to_owned() });
    at(path) || path.match_indices('/').any(|(end, _)| end > 0 && at(&path[..end]))
}

fn has_path(paths: &BTreeSet<Address>, url: &Address) -> bool {
    let path = url.path.split('?').next().unwrap_or_default();
    paths.contains(&Address { site: url.site.clone(), path: path.to_owned() })
}

fn split<T>(
    items: BTreeSet<T>,
    batch: Option<Batch>,
    len: impl Fn(&T) -> usize,
) -> impl Iterator<Item = Vec<T>> {
    let mut calls: Vec<Vec<T>> = Vec::new();
    let mut bytes = 0;
    // Nothing is gathered that the vendor has no batch for.
    let Batch { items: most, bytes: room, .. } =
        batch.unwrap_or(Batch { items: 1, bytes: usize::MAX, item_bytes: 0 });
    for item in items {
        let size = len(&item) + 1;
        match calls.last_mut() {
            Some(call) if call.len() < most && bytes + size <= room + 1 => {
                bytes += size;
                call.push(item);
            }
            _ => {
                bytes = size;
                calls.push(vec![item]);
            }
        }
    }
    calls.into_iter()
}
