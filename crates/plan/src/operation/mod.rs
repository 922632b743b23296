//! The operations of a plan, one file each.

pub(crate) mod resize;
