//! The vendors, as configurations name them.

use std::fmt;
use std::str::FromStr;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VendorName {
    Akamai,
    Azure,
    Bunny,
    Cloudflare,
    CloudFront,
    Cloudimage,
    Fastly,
    Google,
    KeyCdn,
    Nginx,
    Varnish,
    Webhook,
}

/// A setting of a vendor that is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnSetting {
    pub name: &'static str,
    pub kind: SettingKind,
    pub required: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingKind {
    Text,
    /// Kept as the text `true` or `false`.
    Flag,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is no vendor: allowed are {}", names())]
pub struct NotAVendor {
    found: String,
}

impl VendorName {
    pub const ALL: [VendorName; 12] = [
        VendorName::Akamai,
        VendorName::Azure,
        VendorName::Bunny,
        VendorName::Cloudflare,
        VendorName::CloudFront,
        VendorName::Cloudimage,
        VendorName::Fastly,
        VendorName::Google,
        VendorName::KeyCdn,
        VendorName::Nginx,
        VendorName::Varnish,
        VendorName::Webhook,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            VendorName::Akamai => "akamai",
            VendorName::Azure => "azure",
            VendorName::Bunny => "bunny",
            VendorName::Cloudflare => "cloudflare",
            VendorName::CloudFront => "cloudfront",
            VendorName::Cloudimage => "cloudimage",
            VendorName::Fastly => "fastly",
            VendorName::Google => "google",
            VendorName::KeyCdn => "keycdn",
            VendorName::Nginx => "nginx",
            VendorName::Varnish => "varnish",
            VendorName::Webhook => "webhook",
        }
    }

    /// Where its API is, unless somebody says otherwise.
    pub fn api(self) -> Option<&'static str> {
        match self {
            VendorName::Azure => Some("https://management.azure.com"),
            VendorName::Bunny => Some("https://api.bunny.net"),
            VendorName::Cloudflare => Some("https://api.cloudflare.com"),
            VendorName::CloudFront => Some("https://cloudfront.amazonaws.com"),
            VendorName::Cloudimage => Some("https://api.cloudimage.com"),
            VendorName::Fastly => Some("https://api.fastly.com"),
            VendorName::Google => Some("https://compute.googleapis.com"),
            VendorName::KeyCdn => Some("https://api.keycdn.com"),
            // Akamai has another one for each client.
            VendorName::Akamai | VendorName::Nginx | VendorName::Varnish | VendorName::Webhook => None,
        }
    }

    /// Whether it is a set of servers of one's own instead of an API.
    pub fn has_nodes(self) -> bool {
        matches!(self, VendorName::Nginx | VendorName::Varnish)
    }

    pub fn needs_secret(self) -> bool {
        !self.has_nodes()
    }

    /// The response field in which it reads tags, and what separates them there.
    pub fn tag_field(self) -> Option<(&'static str, &'static str)> {
        match self {
            VendorName::Akamai => Some(("edge-cache-tag", ",")),
            VendorName::Bunny => Some(("cdn-tag", ",")),
            VendorName::Cloudflare | VendorName::CloudFront | VendorName::Google => Some(("cache-tag", ",")),
            VendorName::Fastly => Some(("surrogate-key", " ")),
            VendorName::KeyCdn => Some(("cache-tag", " ")),
            VendorName::Varnish => Some(("xkey", " ")),
            VendorName::Azure | VendorName::Cloudimage | VendorName::Nginx | VendorName::Webhook => None,
        }
    }

    /// What else it needs to be told.
    pub fn own_settings(self) -> &'static [OwnSetting] {
        const fn needed(name: &'static str) -> OwnSetting {
            OwnSetting { name, kind: SettingKind::Text, required: true }
        }
        const NGINX: [OwnSetting; 2] = [
            OwnSetting { name: "purge_path", kind: SettingKind::Text, required: false },
            OwnSetting { name: "wildcards", kind: SettingKind::Flag, required: false },
        ];
        const AZURE: [OwnSetting; 7] = [
            needed("subscription"),
            needed("resource_group"),
            needed("profile"),
            needed("endpoint"),
            needed("tenant"),
            needed("client_id"),
            OwnSetting { name: "login", kind: SettingKind::Text, required: false },
        ];
        match self {
            VendorName::Akamai => const { &[needed("client_token"), needed("access_token")] },
            VendorName::Azure => &AZURE,
            VendorName::Bunny => const { &[needed("pull_zone")] },
            VendorName::Cloudflare | VendorName::KeyCdn => const { &[needed("zone")] },
            VendorName::CloudFront => const { &[needed("distribution"), needed("access_key")] },
            VendorName::Fastly => const { &[needed("service")] },
            VendorName::Google => const { &[needed("project"), needed("url_map")] },
            VendorName::Nginx => &NGINX,
            VendorName::Cloudimage | VendorName::Varnish | VendorName::Webhook => &[],
        }
    }
}

impl fmt::Display for VendorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for VendorName {
    type Err = NotAVendor;

    fn from_str(text: &str) -> Result<Self, NotAVendor> {
        let found = || NotAVendor { found: text.chars().take(64).collect() };
        Self::ALL.into_iter().find(|name| name.as_str() == text).ok_or_else(found)
    }
}

fn names() -> String {
    VendorName::ALL.map(VendorName::as_str).join(", ")
}
