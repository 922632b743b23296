//! `[[face]]`: another vendor's API, for tools that speak it already, on a listener of its own.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::Duration;

use api::faces::{FaceKind, FaceRates};
use dialect::Excerpt;
use purge::Rate;
use url::Url;

use super::section::Section;
use super::web_address;
use super::writer::Writer;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Face {
    pub kind: FaceKind,
    /// Several faces may share it, each vendor's once.
    pub listen: SocketAddr,
    /// The host whose paths are meant.
    pub site: Option<Url>,
    pub rates: FaceRates,
}

impl Face {
    pub(super) fn read(section: &mut Section, taken: &mut HashSet<(SocketAddr, FaceKind)>) -> Option<Self> {
        for (key, example) in [("api", "cloudimage"), ("listen", "127.0.0.1:8082")] {
            if !section.is_set(key) {
                section.complain(key, format!("a face needs `{key}`, such as \"{example}\""));
            }
        }
        let kind = section.parsed_with("api", "a text in quotes", kind_of);
        let listen = section.parsed_with("listen", "an address in quotes", |text| {
            text.parse::<SocketAddr>().map_err(|_| {
                format!("{} is no address with a port, such as \"127.0.0.1:8082\"", Excerpt::of(text))
            })
        });
        let site = section.parsed_with("site", "a URL in quotes", web_address::server);
        let needs_site = matches!(kind, Some(FaceKind::Cloudimage | FaceKind::Imgix));
        if needs_site && !section.is_set("site") {
            let message =
                "this face needs `site`, whose paths are meant, such as \"https://img.example.com\"";
            section.complain("site", message.to_owned());
        } else if kind.is_some() && !needs_site && section.is_set("site") {
            let message = "`site` has no meaning for this face: its tenants have sources";
            section.complain("site", message.to_owned());
        }
        let rates = read_rates(section);
        let face = Self { kind: kind?, listen: listen?, site, rates };
        if !taken.insert((face.listen, face.kind)) {
            let message = format!("`api`: {} is on {} already", face.kind.as_str(), face.listen);
            section.complain("api", message);
        }
        Some(face)
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.section("[[face]]");
        out.text("api", self.kind.as_str());
        out.text("listen", self.listen);
        if let Some(site) = &self.site {
            out.text("site", web_address::written(site));
        }
        out.plain("imgix_per_second", self.rates.imgix.count);
        out.plain("images_per_hour", self.rates.images.count);
        out.plain("aliases_per_hour", self.rates.aliases.count);
        out.plain("stacks_per_hour", self.rates.stacks.count);
    }
}

/// The vendors' own.
fn read_rates(section: &mut Section) -> FaceRates {
    let mut rate = |key, count, per| Rate { count: section.count(key, count, 0..=1_000_000), per };
    let (second, hour) = (Duration::from_secs(1), Duration::from_secs(3600));
    FaceRates {
        imgix: rate("imgix_per_second", 10, second),
        images: rate("images_per_hour", 5, hour),
        aliases: rate("aliases_per_hour", 10, hour),
        stacks: rate("stacks_per_hour", 5, hour),
    }
}

fn kind_of(text: &str) -> Result<FaceKind, String> {
    let named = FaceKind::ALL.into_iter().find(|kind| kind.as_str() == text);
    named.ok_or_else(|| {
        let all = FaceKind::ALL.map(FaceKind::as_str).join(", ");
        format!("{} is no face: allowed are {all}", Excerpt::of(text))
    })
}
