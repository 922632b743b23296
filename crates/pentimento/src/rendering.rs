//! The renderer as it is configured: its limits, its room and workers, its fonts, its model.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::HeaderName;
use render_worker::{Files, Workers};
use renderer::{
    Cutter, Fonts, Originals, Presets, RenderPool, Renderer, Room, TagField, TagFields, TenantsOfSources,
};
use telemetry::Metrics;

use crate::config::{self, Config};

pub(crate) async fn renderer(
    config: &Config,
    originals: Arc<Originals>,
    metrics: &Arc<Metrics>,
) -> anyhow::Result<Renderer> {
    let limits = transform::Limits {
        input_bytes: usize::try_from(config.limits.input_bytes).unwrap_or(usize::MAX),
        pixels: config.limits.pixels,
        frames: config.limits.frames,
        output_side: config.limits.output_side,
        time: config.limits.render_time,
    };
    let fonts = Fonts::with(config.node.fonts.as_deref())?;
    let cutter = match &config.background_removal {
        Some(removal) => Some(Cutter::with(&removal.model, removal.colours, config.limits.render_memory)?),
        None => None,
    };
    let workers = workers(config, cutter.as_ref()).await?;
    let pool = RenderPool::new(room(config), workers, limits, Arc::clone(metrics));
    let presets = Presets::new(originals.catalog.clone(), tenants_of_sources(config));
    Ok(Renderer { originals, pool, tag_fields: tag_fields(config), fonts, cutter, presets })
}

fn tenants_of_sources(config: &Config) -> TenantsOfSources {
    let each = config.tenants.iter();
    TenantsOfSources::new(
        each.flat_map(|tenant| {
            tenant.sources.iter().map(move |source| (tenant.name.as_str(), source.as_str()))
        }),
    )
}

fn tag_fields(config: &Config) -> TagFields {
    let fields: BTreeMap<_, _> = config.cdns.iter().filter_map(config::Cdn::tag_field).collect();
    let field = |(name, separator)| TagField { name: HeaderName::from_static(name), separator };
    TagFields(fields.into_iter().map(field).collect())
}

fn room(config: &Config) -> Room {
    Room {
        places: config.limits.renders as usize,
        memory: config.limits.render_memory,
        waiting: config.limits.queue as usize,
    }
}

/// Workers are this binary again, whatever lies at its path by now.
async fn workers(config: &Config, cutter: Option<&Cutter>) -> anyhow::Result<Arc<Workers>> {
    let arguments = ["render-worker".to_owned(), config.limits.render_memory.to_string()];
    let mut settings = render_worker::Settings::new("/proc/self/exe".into(), arguments.into());
    let environment = render_worker::MIMALLOC.map(|(name, value)| (name.to_owned(), value.to_owned()));
    settings.environment = environment.to_vec();
    settings.model = cutter.map(|cutter| cutter.model.clone());
    let (workers, files) = Workers::start(settings).await?;
    if files == Files::SystemCallsOnly {
        tracing::warn!(
            "this kernel has no landlock: only a filter of system calls keeps render workers from files"
        );
    }
    Ok(workers)
}
