//! The configuration: one TOML file, over it the environment, over both the command line.
//!
//! A file is not given to serde, which stops at its first error: `document` keeps the place of each value, `section`
//! hands out what is asked for and complains about the rest, and each part of [`Config`] reads and writes itself in the
//! file of its name. All complaints appear together.

mod acme;
mod background_removal;
mod bucket;
mod cache;
mod catalog;
mod cdn;
mod certificate;
mod cluster;
mod complaint;
mod delivery;
mod document;
mod duration;
mod face;
mod jwt;
mod key;
mod limits;
mod listen;
mod node;
mod outside;
mod purge;
mod role;
mod secret;
mod section;
mod sender;
mod site;
mod size;
mod source;
mod suggestion;
mod tenant;
mod tls;
mod upstream;
mod web_address;
mod writer;

#[cfg(test)]
mod tests;

pub use acme::Acme;
pub use background_removal::BackgroundRemoval;
pub use cache::{Cache, DiskAdmission};
pub use catalog::Catalog;
pub use cdn::Cdn;
pub use cluster::{Cluster, Isolated};
pub use complaint::ConfigErrors;
pub use delivery::{Delivery, Lifetimes};
pub use face::Face;
pub use key::Key;
pub use limits::Limits;
pub use listen::Listen;
pub use node::{Node, NodesAbove};
pub use outside::Overrides;
pub use purge::Purge;
pub use role::{NotARole, Role, Roles};
pub use secret::{Secret, SecretFrom};
pub use sender::Sender;
pub use source::{Source, SourceKind};
pub use tls::Tls;

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ::purge::Tenant;
use api::{BucketSource, JwtSettings};
use dialect::pack;
use listener::tls::CertificateFiles;
use purge_protocol::TagKey;
use snapshot::{HostPattern, Site, SiteKind, Snapshot};

use complaint::Complaint;
use document::{Table, Value};
use section::{Reading, Section};
use writer::Writer;

/// The name of the file that is looked for in the data directory.
pub const FILE_NAME: &str = "pentimento.toml";

/// What the embedded default writes into its data directory when it starts for the first time.
pub const GENERATED: &str = include_str!("generated.toml");

/// Everything resolved: no setting is left out, each is in its bounds, and they go together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    pub node: Node,
    pub cluster: Cluster,
    /// The file in the data directory, if it is not a server.
    pub catalog: Option<Catalog>,
    pub cache: Cache,
    pub listen: Listen,
    pub tls: Tls,
    pub acme: Acme,
    pub certificates: Vec<CertificateFiles>,
    pub delivery: Delivery,
    pub limits: Limits,
    pub background_removal: Option<BackgroundRemoval>,
    pub purge: Purge,
    pub sources: Vec<Source>,
    /// As written; see [`Config::snapshot`] for the one that is always there.
    pub sites: Vec<Site>,
    pub keys: Vec<Key>,
    pub cdns: Vec<Cdn>,
    pub tenants: Vec<Tenant>,
    pub jwts: Vec<JwtSettings>,
    pub faces: Vec<Face>,
    pub buckets: Vec<BucketSource>,
    pub senders: Vec<Sender>,
}

impl Config {
    /// What nodes must know to serve by this configuration. Hosts that no site names get signed pictures.
    pub fn snapshot(&self, tag_key: TagKey) -> Snapshot {
        let mut sites = self.sites.clone();
        if !sites.iter().flat_map(|site| &site.hosts).any(HostPattern::is_any) {
            sites.push(site::implicit(self.delivery.lifetimes));
        }
        let keys = self.keys.iter().map(|key| key.signing.clone()).collect();
        Snapshot { sites, keys, tag_key, limits: self.delivery.requests }
    }
}

/// Reads `file`, or without one the [`FILE_NAME`] in the data directory if there is one, or else the defaults.
///
/// `environment` is all of it that is text: a secret may be in a variable of any name. Relative paths count from the
/// working directory, wherever the file lies.
pub fn load(
    file: Option<&Path>,
    environment: impl Iterator<Item = (String, String)>,
    overrides: Overrides,
) -> Result<Config, ConfigErrors> {
    let variables: BTreeMap<_, _> = environment.collect();
    if let Some(path) = file {
        let name = path.display().to_string();
        let text = read_file(path).map_err(|error| cannot_read(&name, &error))?;
        return read(&name, &text, variables, &overrides, DataDirectory::AsSet);
    }
    let from_variable = || variables.get("PENTIMENTO__NODE__DATA").map(PathBuf::from);
    let data = overrides.data.clone().or_else(from_variable).unwrap_or_else(|| default_data(&overrides));
    let path = data.join(FILE_NAME);
    let name = path.display().to_string();
    let text = match read_file(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(cannot_read(&name, &error)),
    };
    read(&name, &text, variables, &overrides, DataDirectory::Holds(data))
}

/// The resolved whole as TOML that loads again to the same configuration, but for secrets, which it does not show: a
/// key whose secret is written in the file itself stands in a comment.
pub fn resolved_toml(config: &Config) -> String {
    let mut out = Writer::default();
    config.node.write(&mut out);
    config.cluster.write(&mut out);
    config.catalog.iter().for_each(|catalog| catalog.write(&mut out));
    config.cache.write(&mut out);
    config.listen.write(&mut out);
    config.tls.write(&mut out);
    config.acme.write(&mut out);
    config.certificates.iter().for_each(|files| certificate::write(files, &mut out));
    config.delivery.write(&mut out);
    config.limits.write(&mut out);
    config.background_removal.iter().for_each(|removal| removal.write(&mut out));
    config.purge.write(&mut out);
    config.sources.iter().for_each(|source| source.write(&mut out));
    config.sites.iter().for_each(|site| site::write(site, &mut out));
    config.keys.iter().for_each(|key| key.write(&mut out));
    config.cdns.iter().for_each(|cdn| cdn.write(&mut out));
    config.tenants.iter().for_each(|tenant| tenant::write(tenant, &mut out));
    config.jwts.iter().for_each(|jwt| jwt::write(jwt, &mut out));
    config.faces.iter().for_each(|face| face.write(&mut out));
    config.buckets.iter().for_each(|bucket| bucket::write(bucket, &mut out));
    config.senders.iter().for_each(|sender| sender.write(&mut out));
    out.finish()
}

/// A node below another one, started beside it without a word about its data, must not take the other's.
fn default_data(overrides: &Overrides) -> PathBuf {
    match (&overrides.upstream, overrides.listen) {
        (Some(_), Some(listen)) => format!("{}-{}", node::DEFAULT_DATA, listen.port()).into(),
        _ => node::DEFAULT_DATA.into(),
    }
}

enum DataDirectory {
    /// By the file, or by what counts more.
    AsSet,
    /// The file was found in it, and cannot say that it is elsewhere.
    Holds(PathBuf),
}

fn read(
    file: &str,
    text: &str,
    variables: BTreeMap<String, String>,
    overrides: &Overrides,
    data: DataDirectory,
) -> Result<Config, ConfigErrors> {
    let mut reading = Reading { complaints: Vec::new(), variables };
    let Ok(mut root) = document::parse(text, &mut reading.complaints) else {
        return Err(ConfigErrors::new(file, reading.complaints));
    };
    if let DataDirectory::Holds(folder) = &data {
        reading.complaints.extend(data_elsewhere(&root, folder));
    }
    outside::put_variables(&mut root, &reading.variables, &mut reading.complaints);
    outside::put_flags(&mut root, overrides, &mut reading.complaints);

    let mut config = Section::read_file(&root, &mut reading, read_config);
    if !reading.complaints.is_empty() {
        return Err(ConfigErrors::new(file, reading.complaints));
    }
    match data {
        DataDirectory::Holds(folder) => config.node.data = folder,
        DataDirectory::AsSet => config.node.data = overrides.data.clone().unwrap_or(config.node.data),
    }
    Ok(config)
}

fn read_config(file: &mut Section) -> Config {
    let node = file.section("node", Node::read);
    let cluster = file.section("cluster", Cluster::read);
    let catalog = file.section("catalog", |section| Catalog::read(section, &node));
    let cache = file.section("cache", Cache::read);
    let listen = file.section("listen", Listen::read);
    let acme = file.section("acme", Acme::read);
    let certificates = file.sections("certificate", certificate::read);
    // One that could not be read has left its complaint, and another would only confuse.
    let has_certificates = file.is_set("certificate") || !acme.hosts.is_empty();
    let tls = file.section("tls", |section| Tls::read(section, &node, has_certificates));
    let delivery = file.section("delivery", Delivery::read);
    let limits = file.section("limits", Limits::read);
    let background_removal =
        file.section("background_removal", |section| BackgroundRemoval::read(section, &node));
    let purge = file.section("purge", Purge::read);

    let mut names = HashSet::new();
    let sources = file.sections("source", |section| {
        let source = Source::read(section, limits.fetch_time)?;
        if !names.insert(source.name.clone()) {
            section.complain("name", format!("`name`: there are two sources named {}", source.name));
        }
        if pack::tenant_of(&source.name).is_some() {
            let message = format!("`name`: {} is how the packs of a tenant go", source.name);
            section.complain("name", message);
        }
        Some(source)
    });
    let mut hosts = HashSet::new();
    let sites = file.sections("site", |section| site::read(section, delivery.lifetimes, &mut hosts));
    let mut ids = HashSet::new();
    let keys = file.sections("key", |section| {
        let key = Key::read(section)?;
        if !ids.insert(key.signing.id().to_string()) {
            section.complain("id", format!("`id`: there are two keys named {}", key.signing.id()));
        }
        Some(key)
    });
    let mut cdn_names = HashSet::new();
    let mut tag_fields = BTreeMap::new();
    let cdns = file.sections("cdn", |section| {
        let cdn = Cdn::read(section)?;
        if !cdn_names.insert(cdn.name.clone()) {
            section.complain("name", format!("`name`: there are two CDNs named {}", cdn.name));
        }
        // One field cannot be written in two ways.
        if let Some((name, separator)) = cdn.tag_field()
            && *tag_fields.entry(name).or_insert(separator) != separator
        {
            let message = format!("`tags`: {} and another CDN read `{name}` in different ways", cdn.name);
            section.complain("tags", message);
        }
        Some(cdn)
    });
    if cdns.len() > cdn::MOST {
        file.complain("cdn", format!("there are {} CDNs: at most {} are allowed", cdns.len(), cdn::MOST));
    }
    let mut tenant_names = HashSet::new();
    let tenants =
        file.sections("tenant", |section| tenant::read(section, &mut tenant_names, &sources, &sites));
    for site in &sites {
        let SiteKind::Images { packs: Some(packs), .. } = &site.kind else { continue };
        let named = pack::tenant_of(packs).unwrap_or_default();
        if !tenants.iter().any(|tenant| tenant.name == named) {
            file.complain("site", format!("`packs`: there is no tenant named {named}"));
        }
    }
    let mut issuers = HashSet::new();
    let jwts = file.sections("jwt", |section| jwt::read(section, &mut issuers));
    let buckets = file.sections("bucket", |section| bucket::read(section, &sources));
    let mut sender_names = HashSet::new();
    let senders = file.sections("sender", |section| Sender::read(section, &mut sender_names, &tenants));
    let mut faces_taken = HashSet::new();
    let faces = file.sections("face", |section| Face::read(section, &mut faces_taken));
    if !faces.is_empty() && !node.roles.has(Role::Control) {
        file.complain("face", "a face is served by a node with the control role".to_owned());
    }
    Config {
        node,
        cluster,
        catalog,
        cache,
        listen,
        tls,
        acme,
        certificates,
        delivery,
        limits,
        background_removal,
        purge,
        sources,
        sites,
        keys,
        cdns,
        tenants,
        jwts,
        faces,
        buckets,
        senders,
    }
}

fn data_elsewhere(root: &Table, folder: &Path) -> Option<Complaint> {
    let Value::Table(node) = &root.entries.get("node")?.item.value else { return None };
    let data = &node.entries.get("data")?.item;
    match &data.value {
        Value::Text(text) if Path::new(text) != folder => Some(Complaint {
            at: data.at.clone(),
            message: format!(
                "`data` is {} already, where this file was found: leave it out, or name the file by --config",
                folder.display()
            ),
        }),
        _ => None,
    }
}

fn read_file(path: &Path) -> io::Result<String> {
    const LEN_MAX: u64 = 1 << 20;
    let mut text = String::new();
    File::open(path)?.take(LEN_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LEN_MAX {
        return Err(io::Error::other("it has more than 1 MiB"));
    }
    Ok(text)
}

fn cannot_read(name: &str, error: &io::Error) -> ConfigErrors {
    ConfigErrors::whole(name, format!("cannot be read: {error}"))
}
