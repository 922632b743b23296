//! JPEGs that are a strip or a tile of a TIFF.

use plan::Size;
use turbojpeg_sys as tj;

use super::Decoder;
use crate::error::TransformError;
use crate::pixels::Pixels;
use crate::sniff::InputFormat;

const START_OF_IMAGE: [u8; 2] = [0xff, 0xd8];
const END_OF_IMAGE: [u8; 2] = [0xff, 0xd9];

/// What Adobe writes where the colours are not to be transformed. Without it, three of them are taken for YCbCr (ITU-T T.872 §6.5.3).
const AS_THEY_ARE: [u8; 16] = [0xff, 0xee, 0, 14, b'A', b'd', b'o', b'b', b'e', 0, 100, 0, 0, 0, 0, 0];

/// What the TIFF says of its colours.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Colours {
    /// Or YCbCr: the JPEG says which.
    Grey,
    Rgb,
    /// Inks, of which 255 is all there is.
    Cmyk,
}

/// Its pixels (of inks, these four), if there are no more than may be. `tables` are a JPEG without a picture, whose tables this one uses.
pub(crate) fn part(
    tables: Option<&[u8]>,
    jpeg: &[u8],
    colours: Colours,
    most: Size,
) -> Result<Pixels, TransformError> {
    let tables = tables.and_then(|tables| tables.strip_prefix(&START_OF_IMAGE)).unwrap_or_default();
    let tables = tables.strip_suffix(&END_OF_IMAGE).unwrap_or(tables);
    let picture = jpeg.strip_prefix(&START_OF_IMAGE).unwrap_or(jpeg);
    let told: &[u8] = if colours == Colours::Rgb { &AS_THEY_ARE } else { &[] };
    let whole = [&START_OF_IMAGE, told, tables, picture].concat();
    let decoder = Decoder::open(&whole)?;
    let size = decoder.size()?;
    if size.width > most.width || size.height > most.height {
        return Err(TransformError::corrupt(InputFormat::Jpeg, "it is larger than its place"));
    }
    if decoder.get(tj::TJPARAM_TJPARAM_PRECISION) != 8 {
        return Err(TransformError::unsupported(InputFormat::Jpeg, "more than eight bits a sample"));
    }
    let inks = matches!(
        decoder.get(tj::TJPARAM_TJPARAM_COLORSPACE) as tj::TJCS,
        tj::TJCS_TJCS_CMYK | tj::TJCS_TJCS_YCCK
    );
    if inks != (colours == Colours::Cmyk) {
        return Err(TransformError::corrupt(
            InputFormat::Jpeg,
            "it has other colours than the file around it",
        ));
    }
    decoder.pixels(&whole, size, if inks { tj::TJPF_TJPF_CMYK } else { tj::TJPF_TJPF_RGBA })
}
