//! The renderer's errors in words for a client.

use std::time::Duration;

use api_types::Problem;
use edge::FillError;
use edge::request::Refusal;
use plan::{GeometryError, OriginalName};
use purge_protocol::Gone;
use render_worker::{Death, WorkerError};
use transform::TransformError;

use crate::fonts::UnknownFont;
use crate::originals::OriginalError;
use crate::presets::PresetError;

pub fn of_transform(error: &TransformError) -> Problem {
    let detail = error.to_string();
    match error {
        TransformError::UnknownFormat => Problem::new(422, "not-a-picture", "Not a picture", detail),
        TransformError::Unsupported { .. }
        | TransformError::Unread { .. }
        | TransformError::Unbuilt { .. } => {
            Problem::new(422, "unsupported-picture", "Unsupported picture", detail)
        }
        TransformError::NotDrawn { .. } => Problem::new(422, "not-a-drawing", "Not a drawing", detail),
        TransformError::Corrupt { .. }
        | TransformError::Truncated { .. }
        | TransformError::Panicked { .. } => Problem::new(422, "corrupt-picture", "Corrupt picture", detail),
        TransformError::TooManyBytes { .. }
        | TransformError::TooManyPixels { .. }
        | TransformError::TooManyPixelsInFrames { .. }
        | TransformError::TooManyFrames { .. } => {
            Problem::new(422, "picture-too-large", "Picture too large", detail)
        }
        TransformError::TooManyPixelsTogether { .. } => {
            Problem::new(422, "picture-too-large", "Picture too large", detail)
        }
        TransformError::NoSuchFrame { .. } | TransformError::NoSuchPage { .. } => {
            Problem::new(400, "outside-original", "Outside of the original", detail)
        }
        TransformError::Other { error, .. } => Problem { detail, ..of_transform(error) },
        TransformError::CannotFit { .. } => {
            Problem::new(422, "bytes-out-of-reach", "Bytes out of reach", detail)
        }
        TransformError::Geometry(error) => match error {
            GeometryError::OutputTooLarge { .. } => {
                Problem::new(400, "output-too-large", "Output too large", detail)
            }
            GeometryError::CutOutside { .. } => {
                Problem::new(400, "outside-original", "Outside of the original", detail)
            }
            GeometryError::EmptyOriginal => Problem::new(422, "corrupt-picture", "Corrupt picture", detail),
        },
        TransformError::NoModel => of_no_model(),
        TransformError::OutOfTime { .. } => Problem::new(422, "render-timeout", "Render timeout", detail),
        TransformError::Failed { .. } | TransformError::Model(_) => {
            Problem::new(500, "render-failed", "Render failed", detail)
        }
    }
}

/// Who breaks a worker is told so, and not to come again: the same picture would break the next one too.
pub fn of_worker(error: &WorkerError) -> FillError {
    let detail = error.to_string();
    match error {
        WorkerError::Transform(error) => FillError::Problem(of_transform(error)),
        // Somebody short of memory has killed what was large, whosever fault it is.
        WorkerError::Died(Death::Killed) => {
            tracing::warn!(%detail, "a render worker was lost");
            FillError::Overloaded { retry_after: Duration::from_secs(2) }
        }
        WorkerError::Died(_) | WorkerError::Unbelievable(_) => {
            tracing::warn!(%detail, "a render worker was lost");
            FillError::Problem(Problem::new(422, "render-crashed", "Render crashed", detail))
        }
        WorkerError::Start(_) => {
            tracing::error!(%detail, "pictures cannot be made");
            FillError::Overloaded { retry_after: Duration::from_secs(5) }
        }
    }
}

/// The URL names a font that the operator has not.
pub fn of_font(error: &UnknownFont) -> Problem {
    Problem::new(404, "unknown-font", "Unknown font", error.to_string())
}

/// The URL wants the background removed, and the operator has named no model.
pub fn of_no_model() -> Problem {
    let detail = "backgrounds are removed by a model, and this node has none: `model` in [background_removal] of its \
                  configuration names it";
    Problem::new(501, "background-removal-off", "Background removal off", detail)
}

/// The URL names a preset that there is not, or adds to it what does not go with it.
pub fn of_preset(error: PresetError) -> FillError {
    let detail = error.to_string();
    match error {
        PresetError::Unknown { .. } => {
            FillError::Problem(Problem::new(404, "unknown-preset", "Unknown preset", detail))
        }
        PresetError::UnknownPack { .. } => {
            FillError::Problem(Problem::new(404, "unknown-pack", "Unknown pack", detail))
        }
        PresetError::UnknownLocation { .. } => {
            FillError::Problem(Problem::new(404, "unknown-location", "Unknown location", detail))
        }
        PresetError::Together { error, .. } => {
            let problem = edge::problem::of_refusal(&Refusal::Url(error));
            FillError::Problem(Problem { detail, ..problem })
        }
        PresetError::Catalog(error) => of_original(OriginalError::Catalog(error)),
    }
}

/// Of an original that a plan names beside the one it is for: says which.
pub fn of_other(name: &OriginalName, error: OriginalError) -> FillError {
    match of_original(error) {
        FillError::Problem(problem) => {
            let detail = format!("{name}: {}", problem.detail);
            FillError::Problem(Problem { detail, ..problem })
        }
        FillError::Unreachable(why) => FillError::Unreachable(format!("{name}: {why}")),
        FillError::TimedOut(why) => FillError::TimedOut(format!("{name}: {why}")),
        error => error,
    }
}

pub fn of_original(error: OriginalError) -> FillError {
    let detail = error.to_string();
    match error {
        OriginalError::UnknownSource(_) => {
            FillError::Problem(Problem::new(404, "unknown-source", "Unknown source", detail))
        }
        OriginalError::NotFound => {
            FillError::Problem(Problem::new(404, "no-original", "No such original", detail))
        }
        OriginalError::Erased(gone) => FillError::Problem(match gone {
            Gone::Removed => Problem::new(410, "erased", "Erased", detail),
            Gone::Forbidden { .. } => Problem::new(451, "forbidden-by-law", "Forbidden by law", detail),
        }),
        OriginalError::Fetch(error) => error.into(),
        OriginalError::Catalog(error) if error.is_away() => {
            tracing::error!(%error, "the catalog is away");
            let detail = "which version of the picture is current cannot be asked now; try again shortly";
            FillError::Problem(Problem::new(503, "catalog-away", "Catalog away", detail))
        }
        OriginalError::Contended | OriginalError::Catalog(_) | OriginalError::Store(_) => {
            tracing::error!(%detail, "an original cannot be had");
            FillError::Unreachable(detail)
        }
    }
}
