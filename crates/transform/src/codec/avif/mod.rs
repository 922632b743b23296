//! AVIF in and out: AV1 in by dav1d and out by libaom; what moves, and what is written, here, and the rest of the container in `heif`.

mod animation;
mod dav1d;
mod decode;
mod encode;
mod movie;
mod obu;
mod samples;
mod sequence;
mod writer;

pub(crate) use animation::{AnimationEncoder, Fidelity};
pub(crate) use decode::{decode, header, size};
pub(crate) use encode::{encode_losslessly, encode_pixels, encode_planes};
pub(crate) use sequence::{Frames, frames, moves};
