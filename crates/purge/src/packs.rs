//! Packs and locations of tenants are kept here, because a change of what they show is a purge.

use api_types::{LocationConfig, LocationView, PackRequest, PackView, Selector};
use bus::clock::unix_millis;
use catalog::{CatalogError, KeptPack, Location, Pack};
use dialect::native::{self, PresetParameters};
use dialect::pack::{InvalidPackId, MAIN, PackId};
use dialect::{InvalidPresetName, PresetName};

use crate::purges::{AcceptError, Purges};
use crate::tenant::{Asker, Tenant};

/// Of each tenant.
const PACKS_MAX: u32 = 100_000;
const LOCATIONS_MAX: u32 = 1000;
/// Of each pack.
const LOCATIONS_OF_PACK_MAX: usize = 64;
const ASSET_CHARS_MAX: usize = 256;

#[derive(Debug, thiserror::Error)]
pub enum PackError {
    #[error(transparent)]
    Id(#[from] InvalidPackId),
    #[error("a location's name is as a preset's: {0}")]
    LocationName(#[from] InvalidPresetName),
    #[error("no location is called {MAIN}: it stands for a pack's main one")]
    ReservedName,
    #[error("a pack has 1 to {LOCATIONS_OF_PACK_MAX} imageLocations, this one has {found}")]
    Locations { found: usize },
    #[error("mainImageLocation is {found:?}, which is none of the imageLocations")]
    Main { found: String },
    #[error("assetId has at most {ASSET_CHARS_MAX} characters, and no control characters")]
    Asset,
    #[error("the crop of {location} has no width or no height")]
    Crop { location: PresetName },
    #[error(transparent)]
    Parameters(#[from] native::PresetError),
    #[error("there are {limit} {what} already")]
    Full { what: &'static str, limit: u32 },
    #[error("there is no pack {id}")]
    UnknownPack { id: PackId },
    #[error("there is no location {name}")]
    UnknownLocation { name: PresetName },
    #[error("packs and locations are a tenant's, and the key that was shown has none")]
    NoTenant,
    #[error(transparent)]
    Accept(#[from] AcceptError),
}

impl From<CatalogError> for PackError {
    fn from(error: CatalogError) -> Self {
        PackError::Accept(error.into())
    }
}

impl Purges {
    /// Keeps a pack; if it shows something else than before, that is purged. Says whether it is a new one.
    pub async fn keep_pack(
        &self,
        id: &str,
        wanted: PackRequest,
        asker: &Asker,
    ) -> Result<(PackView, bool), PackError> {
        let tenant = tenant_of(asker)?;
        let id = id.parse::<PackId>()?;
        self.check_pack(&wanted, tenant)?;
        let PackRequest { asset_id, main_image_location, image_locations } = wanted;
        let pack = Pack {
            tenant: tenant.name.clone(),
            id: id.to_string(),
            asset: asset_id,
            main: main_image_location,
            locations: image_locations,
            version: 0,
            changed_ms: 0,
        };
        let before = self.catalog.pack(&tenant.name, id.as_str()).await?;
        let selector = Selector::Pack(format!("{}/{id}", tenant.name));
        let announce = match before.is_some_and(|before| before.shows_the_same_as(&pack)) {
            // Not to be counted: nothing comes of it, unless somebody changes the pack at this moment.
            true => self.announcing(selector, false, asker),
            false => self.announcement(selector, false, asker).await?,
        };
        let kept = self.catalog.keep_pack(&pack, &announce, PACKS_MAX, unix_millis());
        match self.announced(&announce, kept).await? {
            KeptPack::New(pack) => Ok((pack_view(pack, Some(announce.id)), true)),
            KeptPack::Changed(pack) => Ok((pack_view(pack, Some(announce.id)), false)),
            KeptPack::Unchanged(pack) => Ok((pack_view(pack, None), false)),
            KeptPack::Full => Err(PackError::Full { what: "packs", limit: PACKS_MAX }),
        }
    }

    pub async fn pack(&self, id: &str, asker: &Asker) -> Result<PackView, PackError> {
        let id = id.parse::<PackId>()?;
        match self.catalog.pack(&tenant_of(asker)?.name, id.as_str()).await? {
            Some(pack) => Ok(pack_view(pack, None)),
            None => Err(PackError::UnknownPack { id }),
        }
    }

    /// What it showed is purged, and not shown any more. Gives the purge.
    pub async fn drop_pack(&self, id: &str, asker: &Asker) -> Result<String, PackError> {
        let tenant = tenant_of(asker)?;
        let id = id.parse::<PackId>()?;
        if self.catalog.pack(&tenant.name, id.as_str()).await?.is_none() {
            return Err(PackError::UnknownPack { id });
        }
        let selector = Selector::Pack(format!("{}/{id}", tenant.name));
        let announce = self.announcement(selector, false, asker).await?;
        let dropped = self.catalog.drop_pack(&tenant.name, id.as_str(), &announce, unix_millis());
        match self.announced(&announce, dropped).await? {
            true => Ok(announce.id),
            false => Err(PackError::UnknownPack { id }),
        }
    }

    /// Keeps a location. What was made for it before stays as it is, unless that is forced: then it is purged.
    pub async fn keep_location(
        &self,
        name: &str,
        config: &LocationConfig,
        force: bool,
        asker: &Asker,
    ) -> Result<LocationView, PackError> {
        let tenant = tenant_of(asker)?;
        let name = location_name(name)?;
        let location = Location {
            tenant: tenant.name.clone(),
            name: name.to_string(),
            config: config.clone(),
            parameters: parameters(config)?.to_string(),
            version: 0,
            changed_ms: 0,
        };
        let selector = Selector::Location(format!("{}/{name}", tenant.name));
        let announce = match force {
            true => Some(self.announcement(selector, true, asker).await?),
            false => None,
        };
        let now = unix_millis();
        let kept = self.catalog.keep_location(&location, announce.as_ref(), LOCATIONS_MAX, now);
        let kept = match &announce {
            Some(announce) => self.announced(announce, kept).await?,
            None => kept.await?,
        };
        let kept = kept.ok_or(PackError::Full { what: "locations", limit: LOCATIONS_MAX })?;
        Ok(location_view(kept, announce.map(|announce| announce.id)))
    }

    pub async fn location(&self, name: &str, asker: &Asker) -> Result<LocationView, PackError> {
        let name = location_name(name)?;
        match self.catalog.location(&tenant_of(asker)?.name, name.as_str()).await? {
            Some(location) => Ok(location_view(location, None)),
            None => Err(PackError::UnknownLocation { name }),
        }
    }

    fn check_pack(&self, wanted: &PackRequest, tenant: &Tenant) -> Result<(), PackError> {
        let PackRequest { asset_id, main_image_location, image_locations } = wanted;
        let is_asset =
            |asset: &String| asset.chars().count() <= ASSET_CHARS_MAX && !asset.chars().any(char::is_control);
        if asset_id.as_ref().is_some_and(|asset| !is_asset(asset)) {
            return Err(PackError::Asset);
        }
        let found = image_locations.len();
        if !(1..=LOCATIONS_OF_PACK_MAX).contains(&found) {
            return Err(PackError::Locations { found });
        }
        if !image_locations.contains_key(main_image_location) {
            return Err(PackError::Main { found: main_image_location.chars().take(100).collect() });
        }
        for (name, shown) in image_locations {
            let location = location_name(name)?;
            if shown.crop.is_some_and(|crop| crop.width == 0 || crop.height == 0) {
                return Err(PackError::Crop { location });
            }
            self.selectors.within(vec![Selector::Original(shown.original.clone())], tenant)?;
        }
        Ok(())
    }
}

fn tenant_of(asker: &Asker) -> Result<&Tenant, PackError> {
    asker.tenant.as_deref().ok_or(PackError::NoTenant)
}

fn location_name(text: &str) -> Result<PresetName, PackError> {
    let name = text.parse::<PresetName>()?;
    if name.as_str() == MAIN { Err(PackError::ReservedName) } else { Ok(name) }
}

/// As a URL would say it. What is not said stays open to nobody: URLs of packs have no parameters.
fn parameters(config: &LocationConfig) -> Result<PresetParameters, native::PresetError> {
    let LocationConfig { width, height, resize, format, quality } = config;
    let resize = match resize.as_deref() {
        None | Some("fit") => "clip",
        Some(fit) => fit,
    };
    let mut pairs = vec![("fit", resize.to_owned())];
    pairs.extend(width.map(|width| ("w", width.to_string())));
    pairs.extend(height.map(|height| ("h", height.to_string())));
    pairs.extend(format.clone().map(|format| ("format", format)));
    pairs.extend(quality.map(|quality| ("q", quality.to_string())));
    // What is no value of a parameter must not become another one.
    let plain = |text: &str| text.replace('%', "%25").replace('&', "%26").replace('+', "%2B");
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={}", plain(value))).collect();
    pairs.join("&").parse()
}

fn pack_view(pack: Pack, purge: Option<String>) -> PackView {
    let Pack { tenant, id, asset, main, locations, version, changed_ms } = pack;
    let pack = PackRequest { asset_id: asset, main_image_location: main, image_locations: locations };
    PackView { tenant, id, pack, version, updated_at: changed_ms, invalidation_id: purge }
}

fn location_view(location: Location, purge: Option<String>) -> LocationView {
    let Location { tenant, name, config, parameters, version, changed_ms } = location;
    LocationView { tenant, name, config, parameters, version, updated_at: changed_ms, invalidation_id: purge }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_is_what_a_url_would_say() {
        let config = |width, resize: Option<&str>, format: Option<&str>| LocationConfig {
            width,
            resize: resize.map(str::to_owned),
            format: format.map(str::to_owned),
            ..LocationConfig::default()
        };
        for (config, wanted) in [
            (config(None, None, None), Ok("fit=clip")),
            (config(Some(300), Some("fit"), Some("auto")), Ok("w=300&fit=clip&format=auto")),
            (config(Some(300), Some("crop"), None), Ok("w=300&fit=crop")),
            (config(Some(0), None, None), Err("the parameter w is \"0\"")),
            (config(None, Some("crop&w=9"), None), Err("the parameter fit is \"crop&w=9\"")),
        ] {
            let read = parameters(&config).map(|read| read.to_string()).map_err(|error| error.to_string());
            match wanted {
                Ok(wanted) => assert_eq!(read.as_deref(), Ok(wanted)),
                Err(words) => assert!(read.unwrap_err().starts_with(words), "{config:?}"),
            }
        }
    }
}
