//! What a URL of a pack comes to now: an original, and what is made of it at a location.

use catalog::CatalogError;
use dialect::native;
use dialect::pack::{self, PackId};
use dialect::{Delivery, PresetName};
use edge::request::Image;
use plan::OriginalName;
use purge_protocol::Subject;

use crate::presets::{PresetError, Presets, parameters};

impl Presets {
    /// What a pack of a tenant shows at a location.
    pub(crate) async fn packed(&self, tenant: &str, image: &Image) -> Result<Image, PresetError> {
        let path = &image.delivery.path;
        let unknown = || PresetError::UnknownPack { id: path.as_str().chars().take(200).collect() };
        let id = PackId::of(path).ok_or_else(unknown)?;
        let found = self.catalog.pack(tenant, id.as_str()).await?.ok_or_else(unknown)?;
        let wish = image.delivery.preset.as_ref().map_or("", |wish| wish.name.as_str());
        let name = if wish == pack::MAIN { found.main.as_str() } else { wish };
        let unknown = || PresetError::UnknownLocation { id: id.clone(), name: name.to_owned() };
        let place = found.locations.get(name).ok_or_else(unknown)?;
        let location = self.catalog.location(tenant, name).await?.ok_or_else(unknown)?;
        let unreadable = |what: String| CatalogError::Unreadable(format!("the pack {id} at {name}: {what}"));
        let original: OriginalName =
            place.original.parse().map_err(|error| unreadable(format!("{error}")))?;
        let name: PresetName = name.parse().map_err(|error| unreadable(format!("{error}")))?;
        let mut plan = image.delivery.plan.clone();
        if let Some(crop) = place.crop {
            let rectangle = format!("{},{},{},{}", crop.x, crop.y, crop.width, crop.height);
            plan.cut = Some(rectangle.parse().map_err(|error| unreadable(format!("{error}")))?);
        }
        let OriginalName { source, path } = original;
        let asked = Delivery { source, path, plan, preset: image.delivery.preset.clone() };
        let parameters = parameters(&name, &location.parameters)?;
        let delivery = native::with_preset(&asked, &parameters)
            .map_err(|error| PresetError::Together { name: name.clone(), error })?;
        let made_with =
            vec![Subject::Pack(format!("{tenant}/{id}")), Subject::Location(format!("{tenant}/{name}"))];
        Ok(Image { delivery, made_with, ..image.clone() })
    }
}
