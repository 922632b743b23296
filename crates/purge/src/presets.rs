//! Presets are kept and dropped here, because every change of one is a purge.

use std::future::Future;

use api_types::{PresetView, PurgeState, Selector};
use bus::clock::unix_millis;
use catalog::{CatalogError, KeptPreset, NewPurge, Preset};
use dialect::native::{self, PresetParameters};
use dialect::{InvalidPresetName, PresetName};
use purge_protocol::Mode;
use uuid::Uuid;

use crate::failpoint;
use crate::purges::{AcceptError, Purges};
use crate::tenant::Asker;

/// Of the owner, and of each tenant.
const PRESETS_MAX: u32 = 1000;

#[derive(Debug, thiserror::Error)]
pub enum PresetError {
    #[error(transparent)]
    Name(#[from] InvalidPresetName),
    #[error(transparent)]
    Parameters(#[from] native::PresetError),
    #[error("there are {PRESETS_MAX} presets already: drop one first")]
    Full,
    #[error("there is no preset named {name}")]
    Unknown { name: PresetName },
    #[error(transparent)]
    Accept(#[from] AcceptError),
}

impl From<CatalogError> for PresetError {
    fn from(error: CatalogError) -> Self {
        PresetError::Accept(error.into())
    }
}

impl Purges {
    /// Keeps these parameters under a name. What was made with others before is purged; with `force`, in any case. Says
    /// whether the preset is a new one.
    pub async fn keep_preset(
        &self,
        name: &str,
        parameters: &str,
        force: bool,
        asker: &Asker,
    ) -> Result<(PresetView, bool), PresetError> {
        let (name, parameters) = (name.parse::<PresetName>()?, parameters.parse::<PresetParameters>()?);
        if let Some(tenant) = &asker.tenant {
            // Who may write no URL of another's picture shall not see it through a preset.
            let shown =
                parameters.originals().iter().map(|name| Selector::Original(name.to_string())).collect();
            self.selectors.within(shown, tenant)?;
        }
        let parameters = parameters.to_string();
        let tenant = asker.tenant.as_ref().map(|tenant| tenant.name.as_str());
        let before = self.catalog.preset(tenant, name.as_str()).await?;
        if let Some(before) = before.filter(|before| before.parameters == parameters && !force) {
            return Ok((view(before, None), false));
        }
        let selector = Selector::Preset(name.to_string());
        let announce = self.announcement(selector, force, asker).await?;
        let kept = self.catalog.keep_preset(
            tenant,
            name.as_str(),
            &parameters,
            &announce,
            PRESETS_MAX,
            unix_millis(),
        );
        let (preset, is_new) = match self.announced(&announce, kept).await? {
            KeptPreset::New(preset) => (preset, true),
            KeptPreset::Changed(preset) => (preset, false),
            KeptPreset::Unchanged(preset) if force => (preset, false),
            // Somebody else was quicker with the same.
            KeptPreset::Unchanged(preset) => return Ok((view(preset, None), false)),
            KeptPreset::Full => return Err(PresetError::Full),
        };
        Ok((view(preset, Some(announce.id)), is_new))
    }

    /// What was made with it is purged, and not made any more. Gives the purge.
    pub async fn drop_preset(&self, name: &str, asker: &Asker) -> Result<String, PresetError> {
        let name = name.parse::<PresetName>()?;
        let tenant = asker.tenant.as_ref().map(|tenant| tenant.name.as_str());
        if self.catalog.preset(tenant, name.as_str()).await?.is_none() {
            return Err(PresetError::Unknown { name });
        }
        let selector = Selector::Preset(name.to_string());
        let announce = self.announcement(selector, false, asker).await?;
        let dropped = self.catalog.drop_preset(tenant, name.as_str(), &announce, unix_millis());
        match self.announced(&announce, dropped).await? {
            true => Ok(announce.id),
            false => Err(PresetError::Unknown { name }),
        }
    }

    pub async fn preset(&self, name: &str, asker: &Asker) -> Result<PresetView, PresetError> {
        let name = name.parse::<PresetName>()?;
        let tenant = asker.tenant.as_ref().map(|tenant| tenant.name.as_str());
        match self.catalog.preset(tenant, name.as_str()).await? {
            Some(preset) => Ok(view(preset, None)),
            None => Err(PresetError::Unknown { name }),
        }
    }

    /// Those of the asker's tenant, or the owner's, by name.
    pub async fn presets(&self, asker: &Asker) -> Result<Vec<PresetView>, CatalogError> {
        let tenant = asker.tenant.as_ref().map(|tenant| tenant.name.as_str());
        Ok(self.catalog.presets(tenant).await?.into_iter().map(|preset| view(preset, None)).collect())
    }

    /// Of a change that is the asker's to make, and of which there are not too many.
    pub(crate) async fn announcement(
        &self,
        selector: Selector,
        force: bool,
        asker: &Asker,
    ) -> Result<NewPurge, AcceptError> {
        if let Some(tenant) = &asker.tenant {
            self.meter(tenant, false, Mode::Hard)?;
        }
        let announce = self.announcing(selector, force, asker);
        self.room.take(&self.catalog, announce.whose()).await??;
        Ok(announce)
    }

    pub(crate) fn announcing(&self, selector: Selector, force: bool, asker: &Asker) -> NewPurge {
        let (mut selectors, mut whose) = (vec![selector], None);
        if let Some(tenant) = &asker.tenant {
            selectors = selectors.into_iter().map(|selector| tenant.own(selector)).collect();
            whose = Some(tenant.name.clone());
        }
        let id = Uuid::now_v7().to_string();
        NewPurge { force, tenant: whose, ..NewPurge::of(id, asker.name.clone(), selectors) }
    }

    /// Writes a change and its purge down, as one.
    pub(crate) async fn announced<T>(
        &self,
        announce: &NewPurge,
        write: impl Future<Output = Result<T, CatalogError>>,
    ) -> Result<T, CatalogError> {
        failpoint::before(PurgeState::Received);
        let written = write.await?;
        failpoint::after(PurgeState::Received);
        self.changed(&announce.id);
        Ok(written)
    }
}

fn view(preset: Preset, purge: Option<String>) -> PresetView {
    let Preset { tenant, name, parameters, version, changed_ms } = preset;
    PresetView { name, tenant, parameters, version, changed: changed_ms, purge }
}
