//! From originals to derivatives.
//!
//! [`Renderer`] answers the edge's misses: which version of the original is current ([`Originals`]), is the derivative
//! there already, else make it ([`RenderPool`], in a worker process). The pointer to the current version is mutable, small and fenced; the
//! bytes are addressed by digests of everything that went into them, and so are never stale, only unreachable.

mod beforehand;
mod cutter;
mod derivative_key;
mod fonts;
mod originals;
mod packs;
mod pool;
mod presets;
mod problem;
mod renderer;
mod tag_fields;
mod turns;

pub use beforehand::{Beforehand, Coming};
pub use cutter::{Cutter, CutterError};
pub use fonts::{Fonts, FontsError};
pub use originals::{Current, KnownSource, OriginalError, Originals, Revalidated};
pub use pool::RenderPool;
pub use presets::{Presets, TenantsOfSources};
pub use renderer::{Renderer, shown};
pub use tag_fields::{TagField, TagFields};
pub use turns::Room;
