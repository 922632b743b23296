//! `[[cdn]]`: a CDN of somebody else's before ours, and how it is told of purges.

use std::collections::BTreeMap;
use std::time::Duration;

use cdn::{Driver, SettingKind, Terms, VendorName, VendorSettings};
use dialect::Excerpt;
use url::Url;

use super::secret::Secret;
use super::section::Section;
use super::web_address;
use super::writer::Writer;

/// Each has a worker of its own.
pub(super) const MOST: usize = 32;

const MINUTE: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cdn {
    /// In receipts, logs and metrics; what was begun under a name is ended under it.
    pub name: String,
    pub vendor: VendorName,
    /// Where its clients ask.
    pub sites: Vec<Url>,
    pub window: Duration,
    pub attempts: u32,
    /// Permission to purge everything for want of something more precise.
    pub purge_all: bool,
    /// Whether pictures carry their tags for it.
    pub tags: bool,
    /// Whether it stands before somebody else's server, and is told of nothing but what names it.
    pub only_by_name: bool,
    /// Whether purges look at its sites afterwards.
    pub verify: bool,
    /// Whether these looks may reach loopback and private networks.
    pub allow_private: bool,
    api: Option<Url>,
    nodes: Vec<Url>,
    own: BTreeMap<&'static str, String>,
    secret: Option<Secret>,
}

impl Cdn {
    pub(super) fn read(section: &mut Section) -> Option<Self> {
        for (key, example) in [("name", "cloudfront-shop"), ("vendor", "cloudfront")] {
            if !section.is_set(key) {
                section.complain(key, format!("a CDN needs `{key}`, such as \"{example}\""));
            }
        }
        let name = section.parsed_with("name", "a text in quotes", valid_name);
        let vendor: Option<VendorName> = section.parsed("vendor");
        let sites = addresses(section, "sites", true);
        if !section.is_set("sites") || sites.as_ref().is_some_and(Vec::is_empty) {
            let message = "a CDN needs `sites`, where its clients ask, such as [\"https://img.example.com\"]";
            section.complain("sites", message.to_owned());
        }
        let window = section.duration("window", MINUTE * 5, Duration::ZERO..=MINUTE * 60 * 24);
        let attempts = section.count("attempts", 8, 1..=100);
        let [purge_all, tags] = ["purge_all", "tags"].map(|key| section.boolean(key).unwrap_or(false));
        let only_by_name = section.boolean("only_by_name").unwrap_or(false);
        let verify = section.boolean("verify").unwrap_or(true);
        let allow_private = section.boolean("allow_private").unwrap_or(false);
        let api = section.parsed_with("api", "a URL in quotes", web_address::base);
        let nodes = addresses(section, "nodes", false);
        // Whose own settings are meant is known only with the vendor.
        let Some(vendor) = vendor else {
            VendorName::ALL.into_iter().for_each(|vendor| _ = read_own(section, vendor));
            Secret::read(section, false);
            return None;
        };
        let own = read_own(section, vendor);
        let secret = Secret::read(section, vendor.needs_secret());
        let cdn = Self {
            name: name?,
            vendor,
            sites: sites?,
            window,
            attempts,
            purge_all,
            tags,
            only_by_name,
            verify,
            allow_private,
            api: api.or_else(|| vendor.api().and_then(|api| api.parse().ok())),
            nodes: nodes.unwrap_or_default(),
            own,
            secret,
        };
        cdn.check(section);
        Some(cdn)
    }

    /// What the vendor itself has to say to its settings.
    fn check(&self, section: &mut Section) {
        if self.vendor.has_nodes() && section.is_set("api") {
            section.complain("api", format!("`api` has no meaning for {}: name its `nodes`", self.vendor));
        }
        if !self.vendor.has_nodes() && section.is_set("nodes") {
            section.complain("nodes", format!("`nodes` has no meaning for {}", self.vendor));
        }
        if self.tags && self.vendor.tag_field().is_none() {
            section.complain("tags", format!("`tags` has no meaning for {}, which reads none", self.vendor));
        }
        if !self.vendor.needs_secret() && self.secret.is_some() {
            section.complain("secret", format!("{} takes no secret: leave it out", self.vendor));
        }
        let complained = self.vendor.needs_secret() && self.secret.is_none();
        if !complained && let Err(error) = Driver::new(self.vendor, &self.settings(), origin::Client::new()) {
            section.complain("vendor", format!("{}: {error}", self.vendor));
        }
    }

    pub fn settings(&self) -> VendorSettings {
        let text = |secret: &Secret| String::from_utf8_lossy(secret.bytes()).into_owned();
        VendorSettings {
            api: self.api.clone(),
            nodes: self.nodes.clone(),
            own: self.own.clone(),
            secret: self.secret.as_ref().map(text),
        }
    }

    /// The field that pictures have for it, and what separates tags there.
    pub fn tag_field(&self) -> Option<(&'static str, &'static str)> {
        self.vendor.tag_field().filter(|_| self.tags)
    }

    pub fn terms(&self) -> Terms {
        let sites = self.sites.iter().map(|url| web_address::written(url).to_owned()).collect();
        Terms { sites, may_purge_all: self.purge_all }
    }

    pub(super) fn write(&self, out: &mut Writer) {
        match &self.secret {
            // It cannot be loaded again without its secret, which is not shown.
            Some(secret) if secret.is_written() => out.as_comment(|out| self.write_settings(out)),
            _ => self.write_settings(out),
        }
    }

    fn write_settings(&self, out: &mut Writer) {
        out.section("[[cdn]]");
        out.text("name", &self.name);
        out.text("vendor", self.vendor);
        out.list("sites", self.sites.iter().map(web_address::written));
        out.duration("window", self.window);
        out.plain("attempts", self.attempts);
        out.plain("purge_all", self.purge_all);
        out.plain("only_by_name", self.only_by_name);
        out.plain("verify", self.verify);
        out.plain("allow_private", self.allow_private);
        if self.vendor.tag_field().is_some() {
            out.plain("tags", self.tags);
        }
        write_vendor(self.vendor, &self.settings(), out);
        if let Some(secret) = &self.secret {
            secret.from.write(out);
        }
    }

    /// To be put into a configuration, for a rehearsal with a fake.
    pub fn example(vendor: VendorName, settings: &VendorSettings) -> String {
        let mut out = Writer::default();
        out.section("[[cdn]]");
        out.text("name", format!("{vendor}-rehearsal"));
        out.text("vendor", vendor);
        out.list("sites", ["http://127.0.0.1:8080"]);
        out.text("window", "10s");
        // Where it stands is this machine.
        out.plain("allow_private", true);
        write_vendor(vendor, settings, &mut out);
        if let Some(secret) = &settings.secret {
            out.text("secret", secret);
        }
        out.finish()
    }
}

fn write_vendor(vendor: VendorName, settings: &VendorSettings, out: &mut Writer) {
    if let Some(api) = &settings.api {
        out.text("api", web_address::written(api));
    }
    if !settings.nodes.is_empty() {
        out.list("nodes", settings.nodes.iter().map(web_address::written));
    }
    for one in vendor.own_settings() {
        match (settings.own.get(one.name), one.kind) {
            (Some(value), SettingKind::Text) => out.text(one.name, value),
            (Some(value), SettingKind::Flag) => out.plain(one.name, value),
            (None, _) => {}
        }
    }
}

fn read_own(section: &mut Section, vendor: VendorName) -> BTreeMap<&'static str, String> {
    let mut own = BTreeMap::new();
    for one in vendor.own_settings() {
        let value = match one.kind {
            SettingKind::Text => section.text(one.name),
            SettingKind::Flag => section.boolean(one.name).map(|flag| flag.to_string()),
        };
        own.extend(value.map(|value| (one.name, value)));
    }
    own
}

/// Servers: scheme, host and port.
fn addresses(section: &mut Section, key: &'static str, may_be_many: bool) -> Option<Vec<Url>> {
    let most = if may_be_many { 64 } else { 256 };
    let mut urls = Vec::new();
    for (at, text) in section.list(key)? {
        match web_address::server(&text) {
            Ok(url) if urls.contains(&url) => {
                section.complain_at(at, format!("`{key}`: {} is named twice", web_address::written(&url)));
            }
            Ok(url) if urls.len() < most => urls.push(url),
            Ok(_) => section.complain_at(at, format!("`{key}`: at most {most} are allowed")),
            Err(error) => section.complain_at(at, format!("`{key}`: {error}")),
        }
    }
    Some(urls)
}

fn valid_name(text: &str) -> Result<String, String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if (1..=63).contains(&text.len()) && text.bytes().all(allowed) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "{} is not a CDN's name: allowed are 1 to 63 of a-z, A-Z, 0-9, -, _ and .",
        Excerpt::of(text)
    ))
}
