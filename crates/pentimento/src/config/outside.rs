//! Settings from outside the file: environment variables, and over them the flags of the command line.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::complaint::{Complaint, Origin};
use super::document::Table;
use super::role::Role;

const PREFIX: &str = "PENTIMENTO__";

/// What the command line says; it counts more than the environment, and that more than the file.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    pub data: Option<PathBuf>,
    pub listen: Option<SocketAddr>,
    pub control_listen: Option<SocketAddr>,
    pub roles: Option<Vec<Role>>,
    pub upstream: Option<String>,
    pub node: Option<String>,
}

/// `PENTIMENTO__CACHE__MEMORY` sets `memory` in `[cache]`.
pub(super) fn put_variables(
    root: &mut Table,
    variables: &BTreeMap<String, String>,
    complaints: &mut Vec<Complaint>,
) {
    for (name, value) in variables {
        let Some(path) = name.strip_prefix(PREFIX) else { continue };
        let at = Origin::Variable(name.clone());
        let set = match path.to_ascii_lowercase().split("__").collect::<Vec<_>>()[..] {
            [section, key] => root.set(section, key, at, value.clone()),
            _ => Err(Complaint {
                at,
                message: "does not name a setting: allowed is PENTIMENTO__SECTION__KEY, \
                          such as PENTIMENTO__CACHE__MEMORY"
                    .to_owned(),
            }),
        };
        complaints.extend(set.err());
    }
}

/// All but `data`, which need not be a text.
pub(super) fn put_flags(root: &mut Table, overrides: &Overrides, complaints: &mut Vec<Complaint>) {
    let roles = overrides.roles.as_ref().map(|roles| {
        let names: Vec<_> = roles.iter().map(|role| role.name()).collect();
        names.join(",")
    });
    for (flag, key, value) in [
        ("--node", "name", overrides.node.clone()),
        ("--role", "roles", roles),
        ("--listen", "listen", overrides.listen.map(|address| address.to_string())),
        ("--control-listen", "control_listen", overrides.control_listen.map(|address| address.to_string())),
        ("--upstream", "upstream", overrides.upstream.clone()),
    ] {
        if let Some(value) = value {
            complaints.extend(root.set("node", key, Origin::Flag(flag), value).err());
        }
    }
}
