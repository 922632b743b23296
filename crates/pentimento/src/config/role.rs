//! What a node does.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use dialect::Excerpt;

/// In the order in which a request meets them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Answers clients from memory and disk.
    Edge,
    /// The same for other nodes.
    Shield,
    /// Fetches originals and makes derivatives.
    Renderer,
    /// Management API, console, purges.
    Control,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found} is not a role: allowed are edge, shield, renderer and control")]
pub struct NotARole {
    pub found: Excerpt,
}

impl Role {
    pub const ALL: [Role; 4] = [Role::Edge, Role::Shield, Role::Renderer, Role::Control];

    pub fn name(self) -> &'static str {
        match self {
            Role::Edge => "edge",
            Role::Shield => "shield",
            Role::Renderer => "renderer",
            Role::Control => "control",
        }
    }
}

impl FromStr for Role {
    type Err = NotARole;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let role = Role::ALL.into_iter().find(|role| role.name() == text);
        role.ok_or_else(|| NotARole { found: Excerpt::of(text) })
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The roles of one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roles(BTreeSet<Role>);

impl Roles {
    pub fn has(&self, role: Role) -> bool {
        self.0.contains(&role)
    }

    pub fn iter(&self) -> impl Iterator<Item = Role> + '_ {
        self.0.iter().copied()
    }

    /// Answers from a cache of its own.
    pub fn deliver(&self) -> bool {
        self.has(Role::Edge) || self.has(Role::Shield)
    }

    /// Whether the node must ask another one: for pictures, or for the purge log.
    pub fn need_upstream(&self) -> bool {
        (self.deliver() && !self.has(Role::Renderer)) || !self.has(Role::Control)
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        Self(roles.into_iter().collect())
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.iter().map(Role::name).collect();
        f.write_str(&names.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_needs_an_upstream_for_what_it_lacks() {
        use Role::*;
        for (roles, needs) in [
            (&Role::ALL[..], false),
            (&[Renderer, Control], false),
            (&[Control], false),
            (&[Edge, Renderer, Control], false),
            (&[Edge], true),
            (&[Shield], true),
            (&[Edge, Control], true),
            (&[Renderer], true),
            (&[Edge, Renderer], true),
        ] {
            let roles: Roles = roles.iter().copied().collect();
            assert_eq!(roles.need_upstream(), needs, "{roles}");
        }
    }
}
