//! What a URL with a preset, or of a pack, comes to now.

use std::collections::BTreeMap;

use catalog::{Catalog, CatalogError};
use dialect::native::{self, PresetParameters};
use dialect::pack::{self, PackId};
use dialect::{BadRequest, PresetName};
use edge::request::Image;
use purge_protocol::Subject;

pub struct Presets {
    pub(crate) catalog: Catalog,
    tenants: TenantsOfSources,
}

/// Whose presets hold for the pictures of a source: its tenant's. Where several share it, and where it is nobody's, they
/// are the owner's, so that no tenant changes what another one's pictures look like.
#[derive(Debug, Clone, Default)]
pub struct TenantsOfSources(BTreeMap<String, Option<String>>);

#[derive(Debug, thiserror::Error)]
pub enum PresetError {
    #[error("there is no preset {name} for the pictures of {source_name}")]
    Unknown { name: PresetName, source_name: String },
    #[error("with the preset {name}: {error}")]
    Together { name: PresetName, error: BadRequest },
    #[error("there is no pack {id}")]
    UnknownPack { id: String },
    #[error("the pack {id} has no location {name}, or nobody has said how large its pictures are")]
    UnknownLocation { id: PackId, name: String },
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

impl TenantsOfSources {
    /// Of pairs of a tenant and a source of theirs.
    pub fn new<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut tenants = BTreeMap::new();
        for (tenant, source) in pairs {
            let only = |held: &mut Option<String>| *held = None;
            tenants.entry(source.to_owned()).and_modify(only).or_insert_with(|| Some(tenant.to_owned()));
        }
        Self(tenants)
    }

    fn of(&self, source: &str) -> Option<&str> {
        self.0.get(source)?.as_deref()
    }
}

impl Presets {
    pub fn new(catalog: Catalog, tenants: TenantsOfSources) -> Self {
        Self { catalog, tenants }
    }

    /// The same picture with all that its preset says, or its pack and location, as the catalog has it at this moment; nothing
    /// if its URL says all.
    pub async fn applied(&self, image: &Image) -> Result<Option<Image>, PresetError> {
        if let Some(tenant) = pack::tenant_of(&image.delivery.source) {
            return self.packed(tenant, image).await.map(Some);
        }
        let Some(wish) = &image.delivery.preset else { return Ok(None) };
        let source = image.delivery.source.as_str();
        let (tenant, name) = (self.tenants.of(source), wish.name.clone());
        let Some(preset) = self.catalog.preset(tenant, name.as_str()).await? else {
            return Err(PresetError::Unknown { name, source_name: source.to_owned() });
        };
        let parameters = parameters(&name, &preset.parameters)?;
        let delivery = native::with_preset(&image.delivery, &parameters)
            .map_err(|error| PresetError::Together { name, error })?;
        let made_with = vec![Subject::of_preset(tenant, &preset.name)];
        Ok(Some(Image { delivery, made_with, ..image.clone() }))
    }
}

pub(crate) fn parameters(name: &PresetName, kept: &str) -> Result<PresetParameters, CatalogError> {
    kept.parse().map_err(|error| {
        CatalogError::Unreadable(format!("the preset {name}, which an older version took: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_several_share_has_the_owners_presets() {
        let tenants =
            TenantsOfSources::new([("cats", "own"), ("cats", "both"), ("dogs", "both"), ("dogs", "theirs")]);
        let of = ["own", "theirs", "both", "nobodys"].map(|source| tenants.of(source));
        assert_eq!(of, [Some("cats"), Some("dogs"), None, None]);
    }
}
