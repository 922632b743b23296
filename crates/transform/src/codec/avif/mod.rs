//! AVIF in and out: the container here, AV1 by libaom.

mod container;
mod decode;
mod encode;
mod obu;

pub(crate) use decode::{decode, header, size};
pub(crate) use encode::{encode_pixels, encode_planes};
