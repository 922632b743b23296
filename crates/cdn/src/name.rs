//! The vendors, as configurations name them.

use std::fmt;
use std::str::FromStr;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VendorName {
    Cloudflare,
    CloudFront,
    Cloudimage,
    Fastly,
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
    pub const ALL: [VendorName; 7] = [
        VendorName::Cloudflare,
        VendorName::CloudFront,
        VendorName::Cloudimage,
        VendorName::Fastly,
        VendorName::Nginx,
        VendorName::Varnish,
        VendorName::Webhook,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            VendorName::Cloudflare => "cloudflare",
            VendorName::CloudFront => "cloudfront",
            VendorName::Cloudimage => "cloudimage",
            VendorName::Fastly => "fastly",
            VendorName::Nginx => "nginx",
            VendorName::Varnish => "varnish",
            VendorName::Webhook => "webhook",
        }
    }

    /// Where its API is, unless somebody says otherwise.
    pub fn api(self) -> Option<&'static str> {
        match self {
            VendorName::Cloudflare => Some("https://api.cloudflare.com"),
            VendorName::CloudFront => Some("https://cloudfront.amazonaws.com"),
            VendorName::Cloudimage => Some("https://api.cloudimage.com"),
            VendorName::Fastly => Some("https://api.fastly.com"),
            VendorName::Nginx | VendorName::Varnish | VendorName::Webhook => None,
        }
    }

    /// Whether it is a set of servers of one's own instead of an API.
    pub fn has_nodes(self) -> bool {
        matches!(self, VendorName::Nginx | VendorName::Varnish)
    }

    pub fn needs_secret(self) -> bool {
        !self.has_nodes()
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
        match self {
            VendorName::Cloudflare => const { &[needed("zone")] },
            VendorName::CloudFront => const { &[needed("distribution"), needed("access_key")] },
            VendorName::Fastly => const { &[needed("service")] },
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
