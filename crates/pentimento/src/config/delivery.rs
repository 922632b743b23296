//! `[delivery]`: what clients may send, and how long answers live unless a site says otherwise.

use std::time::Duration;

use snapshot::RequestLimits;

use super::section::Section;
use super::writer::Writer;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub requests: RequestLimits,
    /// From the first byte of a request to the last one of its answer's header.
    pub request_timeout: Duration,
    pub lifetimes: Lifetimes,
}

/// In seconds; see [`snapshot::Site`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    pub edge: u32,
    pub browser: u32,
    pub stale_if_error: u32,
    pub stale_while_revalidate: u32,
    pub error: u32,
}

impl Delivery {
    pub(super) fn read(section: &mut Section) -> Self {
        let second = Duration::from_secs(1);
        Self {
            requests: read_requests(section),
            request_timeout: section.duration("request_timeout", 60 * second, second..=3600 * second),
            lifetimes: Lifetimes::read(section, Lifetimes::default()),
        }
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.section("[delivery]");
        out.size("url_bytes", self.requests.url_bytes);
        out.size("header_bytes", self.requests.header_bytes);
        out.size("body_bytes", self.requests.body_bytes);
        out.duration("request_timeout", self.request_timeout);
        self.lifetimes.write(out);
    }
}

fn read_requests(section: &mut Section) -> RequestLimits {
    let default = RequestLimits::default();
    let mut size = |key, default: u32, min: u32, max: u32| {
        let bytes = section.size(key, default.into(), min.into()..=max.into());
        // Both the default and what is in bounds fit.
        u32::try_from(bytes).unwrap_or(max)
    };
    RequestLimits {
        url_bytes: size("url_bytes", default.url_bytes, 256, 64 << 10),
        header_bytes: size("header_bytes", default.header_bytes, 1 << 10, 1 << 20),
        body_bytes: section.size("body_bytes", default.body_bytes, 0..=1 << 30),
    }
}

impl Lifetimes {
    pub(super) fn read(section: &mut Section, default: Lifetimes) -> Self {
        Self {
            edge: section.lifetime("edge_lifetime", default.edge),
            browser: section.lifetime("browser_lifetime", default.browser),
            stale_if_error: section.lifetime("stale_if_error", default.stale_if_error),
            stale_while_revalidate: section
                .lifetime("stale_while_revalidate", default.stale_while_revalidate),
            error: section.lifetime("error_lifetime", default.error),
        }
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.lifetime("edge_lifetime", self.edge);
        out.lifetime("browser_lifetime", self.browser);
        out.lifetime("stale_if_error", self.stale_if_error);
        out.lifetime("stale_while_revalidate", self.stale_while_revalidate);
        out.lifetime("error_lifetime", self.error);
    }

    pub(super) fn of(site: &snapshot::Site) -> Self {
        Self {
            edge: site.edge_lifetime,
            browser: site.browser_lifetime,
            stale_if_error: site.stale_if_error,
            stale_while_revalidate: site.stale_while_revalidate,
            error: site.error_lifetime,
        }
    }
}

/// Those of the site that answers where none is named.
impl Default for Lifetimes {
    fn default() -> Self {
        Self::of(&snapshot::Site::default())
    }
}
