//! A profile and EXIF put into a WebP that has neither (RFC 9649 §2.7).

use plan::Size;

use super::Beside;
use crate::codec::webp::riff::{self, ALPHA, EXIF, ICC};

/// The file, extended by what there is beside it; as it is where there is nothing, or where it is none of our encoder's.
pub(crate) fn with_chunks(webp: Vec<u8>, size: Size, beside: &Beside) -> Vec<u8> {
    if beside.icc.is_none() && beside.exif.is_none() {
        return webp;
    }
    let Some(chunks) = webp.get(12..) else { return webp };
    let (mut header, rest) = match chunks.split_at_checked(18) {
        Some((header, rest)) if header.starts_with(b"VP8X") => {
            (header.get(8..).unwrap_or_default().to_vec(), rest)
        }
        _ => (new_header(chunks, size), chunks),
    };
    let Some(flags) = header.first_mut() else { return webp };
    *flags |= if beside.icc.is_some() { ICC } else { 0 } | if beside.exif.is_some() { EXIF } else { 0 };
    let mut body = b"WEBP".to_vec();
    riff::push(&mut body, b"VP8X", &header);
    // The profile before the picture, all else after it.
    if let Some(icc) = &beside.icc {
        riff::push(&mut body, b"ICCP", icc);
    }
    body.extend_from_slice(rest);
    if let Some(exif) = &beside.exif {
        riff::push(&mut body, b"EXIF", exif);
    }
    riff::file(&body)
}

fn new_header(chunks: &[u8], size: Size) -> Vec<u8> {
    // The first chunk's only word on alpha is a bit behind the sizes of a lossless picture (§3.4).
    let alpha = chunks.starts_with(b"VP8L") && chunks.get(12).is_some_and(|byte| byte & 0x10 != 0);
    riff::header(if alpha { ALPHA } else { 0 }, size)
}
