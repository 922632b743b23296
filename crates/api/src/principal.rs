//! Who is asking, and what they may.

use std::collections::BTreeSet;

use api_types::{PurgeRequest, Scope};
use purge::{Asker, is_wholesale};
use purge_protocol::Mode;

/// Whoever has shown who they are.
#[derive(Debug, Clone)]
pub struct Principal {
    pub asker: Asker,
    pub scopes: BTreeSet<Scope>,
    /// The one who has the token of the installation.
    pub is_owner: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    #[error("{who} may not do this: it needs the scope {scope}")]
    NoScope { who: String, scope: Scope },
    #[error("{who} may not do this: it is for the owner's token alone")]
    OwnerOnly { who: String },
    #[error("{who} belongs to tenant {tenant}, which the configuration does not have")]
    NoTenant { who: String, tenant: String },
}

impl Principal {
    pub fn owner() -> Self {
        Self { asker: Asker::owner("api"), scopes: Scope::ALL.into(), is_owner: true }
    }

    pub fn may(&self, scope: Scope) -> Result<(), Forbidden> {
        if self.scopes.contains(&scope) {
            return Ok(());
        }
        Err(Forbidden::NoScope { who: self.asker.name.clone(), scope })
    }

    pub fn must_be_owner(&self) -> Result<(), Forbidden> {
        if self.is_owner { Ok(()) } else { Err(Forbidden::OwnerOnly { who: self.asker.name.clone() }) }
    }

    /// Whether all that the purge needs is theirs. How far it may reach is for the purge's own door to say.
    pub fn may_ask_for(&self, request: &PurgeRequest) -> Result<(), Forbidden> {
        self.may(Scope::Write)?;
        if request.mode == Mode::Erase {
            self.may(Scope::Erase)?;
        }
        if request.selectors.iter().any(is_wholesale) { self.may(Scope::All) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api_types::Selector;

    #[test]
    fn what_reaches_far_or_destroys_needs_a_scope_of_its_own() {
        let text = str::to_owned;
        let one = Selector::Original(text("demo/cat.jpg"));
        for (selector, mode, needed) in [
            (one.clone(), Mode::Hard, &[Scope::Write][..]),
            (Selector::Folder(text("demo/a")), Mode::Soft, &[Scope::Write]),
            (Selector::Prefix(text("https://h/blog/2026/")), Mode::Hard, &[Scope::Write]),
            (Selector::Prefix(text("https://h/demo")), Mode::Hard, &[Scope::Write, Scope::All]),
            (Selector::Prefix(text("https://h/a/b/%2e%2E/..")), Mode::Hard, &[Scope::Write, Scope::All]),
            (Selector::Prefix(text("https://h")), Mode::Hard, &[Scope::Write, Scope::All]),
            (Selector::Source(text("demo")), Mode::Hard, &[Scope::Write, Scope::All]),
            (Selector::All(true), Mode::Hard, &[Scope::Write, Scope::All]),
            (one, Mode::Erase, &[Scope::Write, Scope::Erase]),
        ] {
            let request = PurgeRequest { selectors: vec![selector], mode, ..PurgeRequest::default() };
            let with = |scopes: &[Scope]| Principal {
                asker: Asker::owner("key:k"),
                scopes: scopes.iter().copied().collect(),
                is_owner: false,
            };
            assert_eq!(with(needed).may_ask_for(&request), Ok(()), "{request:?}");
            for missing in needed {
                let others: Vec<_> = Scope::ALL.into_iter().filter(|scope| scope != missing).collect();
                let refused = Forbidden::NoScope { who: text("key:k"), scope: *missing };
                assert_eq!(with(&others).may_ask_for(&request), Err(refused), "{request:?}");
            }
        }
        assert!(Principal::owner().must_be_owner().is_ok());
    }
}
