//! The operations of a plan, one file each. When each is carried out: `order.rs`.

pub(crate) mod adjustments;
pub(crate) mod aspect_ratio;
pub(crate) mod background;
pub(crate) mod blend;
pub(crate) mod border;
pub(crate) mod clip;
pub(crate) mod crop;
pub(crate) mod cut;
pub(crate) mod dpr;
pub(crate) mod duotone;
pub(crate) mod face_area;
pub(crate) mod flip;
pub(crate) mod gradient;
pub(crate) mod grid;
pub(crate) mod lettering;
pub(crate) mod mark;
pub(crate) mod mask;
pub(crate) mod pad;
pub(crate) mod resize;
pub(crate) mod rotation;
pub(crate) mod shadow;
pub(crate) mod sheet;
pub(crate) mod text;
pub(crate) mod trim;
pub(crate) mod unsharp;
pub(crate) mod veil;
