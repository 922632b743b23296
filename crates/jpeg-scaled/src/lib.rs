//! JPEG decoded small: at a half, a quarter or an eighth, straight to planes of luma and chroma.
//!
//! A block of a JPEG holds its picture by frequencies, the low ones first. A smaller picture needs only those, and what
//! comes after them is passed over by a table that knows several of them at once. Samples are those of the inverse
//! transform of the frequencies that are kept; there is no filter, no upsampling and no RGB.
//!
//! It takes baseline, extended sequential and progressive files of eight bits with Huffman coding, in grey or YCbCr,
//! whose chroma has a whole share of luma's samples. Anything else is [`DecodeError::NotOurs`], which says that the
//! file may be sound and another decoder should see it: lossless, hierarchical and arithmetic coding, more bits, CMYK
//! and RGB, and full size.
//!
//! A file that ends before its end marker is an error, [`DecodeError::Truncated`], and so is one whose data makes no
//! sense: a picture that is half grey would be stored and served for as long as a good one. What does no harm is
//! passed over: bytes between segments and before restarts, and whatever comes after the end.
//!
//! No input makes it panic, and what a file may cost is bounded by a [`Budget`] that is checked against headers before
//! anything is allocated. Nothing here is unsafe but the call of code for the processor at hand, in `simd`.

mod block;
mod budget;
mod colour;
mod components;
mod decoder;
mod entropy;
mod error;
mod frame;
mod frequencies;
mod huffman;
mod inverse;
mod markers;
mod plane;
mod progressive;
mod scale;
mod scan;
mod sequential;
mod simd;
mod tables;

pub use crate::budget::Budget;
pub use crate::colour::{exif, icc_profile};
pub use crate::decoder::{Header, header};
pub use crate::error::DecodeError;
pub use crate::frequencies::{Frequencies, Frequency};
pub use crate::plane::{Plane, Planes};
pub use crate::scale::{Precision, Scale, Scales};

/// Decodes a whole file.
///
/// `go_on` is asked before each row of blocks and each scan, and ends the work by answering no.
///
/// ```
/// use jpeg_scaled::{Budget, DecodeError, Scale, Scales, decode};
///
/// let scales = Scales::both(Scale::Quarter);
/// assert_eq!(decode(b"\xff\xd8", scales, Budget::default(), || true), Err(DecodeError::Truncated));
/// ```
pub fn decode(
    file: &[u8],
    scales: Scales,
    budget: Budget,
    mut go_on: impl FnMut() -> bool,
) -> Result<Planes, DecodeError> {
    decoder::decode(file, scales, budget, &mut go_on)
}
