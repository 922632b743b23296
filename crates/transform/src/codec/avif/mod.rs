//! AVIF in and out: the container here, AV1 in by dav1d and out by libaom.

mod animation;
mod boxes;
mod container;
mod dav1d;
mod decode;
mod encode;
mod look;
mod movie;
mod obu;
mod samples;
mod sequence;
mod writer;

pub(crate) use animation::{AnimationEncoder, Fidelity};
pub(crate) use decode::{decode, header, size};
pub(crate) use encode::{encode_losslessly, encode_pixels, encode_planes};
pub(crate) use sequence::{Frames, frames, moves};
