//! AVIF in and out: the container here, AV1 in by dav1d and out by libaom.

mod boxes;
mod container;
mod dav1d;
mod decode;
mod encode;
mod obu;

pub(crate) use decode::{decode, header, size};
pub(crate) use encode::{encode_losslessly, encode_pixels, encode_planes};
