//! What AVIF and HEIC share (ISO/IEC 23008-12): a container of items, and how what is coded in them becomes one picture.

pub(crate) mod boxes;
pub(crate) mod container;
pub(crate) mod look;
pub(crate) mod samples;
