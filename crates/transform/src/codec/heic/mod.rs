//! HEIC in: the container is the one of AVIF (`heif`), and HEVC is decoded by heic-rs, which is safe Rust. What that is given
//! has been looked over here, so that it costs no more than a header says.

mod bits;
mod configuration;
mod decode;
mod sequence;

pub(crate) use decode::{decode, header, size};
