//! Who asks for a purge, and how far they reach.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use api_types::Selector;

use crate::rates::Rates;

/// A part of the installation that somebody has for themselves: sources of originals, and hosts of pass-through sites.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    pub name: String,
    pub sources: BTreeSet<String>,
    /// As URLs name them: in lower case, with a port where it is not the scheme's.
    pub hosts: BTreeSet<String>,
    pub rates: Rates,
}

impl Tenant {
    /// What a name means to them that is given without its tenant.
    pub fn own(&self, selector: Selector) -> Selector {
        let full = |name: String| if name.contains('/') { name } else { format!("{}/{name}", self.name) };
        match selector {
            Selector::Preset(name) => Selector::Preset(full(name)),
            Selector::Pack(name) => Selector::Pack(full(name)),
            Selector::Location(name) => Selector::Location(full(name)),
            other => other,
        }
    }

    /// Whether something that a tenant's name is written before is theirs.
    pub fn has(&self, name: &str) -> bool {
        name.split_once('/').is_some_and(|(whose, _)| whose == self.name)
    }

    /// What `all` means to them.
    pub fn everything(&self) -> impl Iterator<Item = Selector> {
        let sources = self.sources.iter().cloned().map(Selector::Source);
        sources.chain(self.hosts.iter().map(|host| Selector::Prefix(format!("https://{host}/"))))
    }
}

/// All tenants of the configuration, by name.
#[derive(Debug, Clone, Default)]
pub struct Tenants(BTreeMap<String, Arc<Tenant>>);

impl Tenants {
    pub fn new(tenants: impl IntoIterator<Item = Tenant>) -> Self {
        Self(tenants.into_iter().map(|tenant| (tenant.name.clone(), Arc::new(tenant))).collect())
    }

    pub fn get(&self, name: &str) -> Option<&Arc<Tenant>> {
        self.0.get(name)
    }
}

/// Who wants a purge.
#[derive(Debug, Clone)]
pub struct Asker {
    /// The door they came through, or their key: what the purge says was its cause.
    pub name: String,
    /// How far they reach; without one, as far as the installation does.
    pub tenant: Option<Arc<Tenant>>,
}

impl Asker {
    /// Somebody without bounds.
    pub fn owner(name: &str) -> Self {
        Self { name: name.to_owned(), tenant: None }
    }

    /// Whether a purge of this tenant is any business of theirs.
    pub fn sees(&self, tenant: Option<&str>) -> bool {
        self.tenant.as_ref().is_none_or(|own| tenant == Some(own.name.as_str()))
    }

    /// A key that one tenant chose must never find another's purge. What is chosen has no spaces.
    pub(crate) fn own_key(&self, key: String) -> String {
        match &self.tenant {
            Some(tenant) => format!("{} {key}", tenant.name),
            None => key,
        }
    }
}
