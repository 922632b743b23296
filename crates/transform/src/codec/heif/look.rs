//! How what is coded is to be seen: the properties of a picture, or of all samples of a track.

use plan::{Rect, Size};

use super::boxes::{Bytes, Kind, Result, Unreadable};
use crate::orientation::Orientation;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Look<'a> {
    /// What is seen of it, if that is not all: cut out first, then turned.
    pub aperture: Option<Rect>,
    pub orientation: Orientation,
    /// Overrides what the coded data says (ISO/IEC 23000-22 §7.3.6.4).
    pub coding: Option<Coding>,
    pub icc: Option<&'a [u8]>,
}

/// How RGB became YCbCr, and which colours it was, in the numbers of ITU-T H.273.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Coding {
    pub primaries: u16,
    pub transfer: u16,
    pub matrix: u16,
    pub full_range: bool,
}

/// One box that says something of a picture.
pub(crate) struct Property<'a> {
    pub kind: Kind,
    pub bytes: &'a [u8],
    pub essential: bool,
}

impl<'a> Look<'a> {
    /// Of what is `coded` in this size. Properties are carried out in their order.
    pub fn of(properties: impl IntoIterator<Item = Property<'a>>, coded: Size) -> Result<Look<'a>> {
        let mut look = Look { aperture: None, orientation: Orientation::UPRIGHT, coding: None, icc: None };
        for property in properties {
            let mut bytes = Bytes(property.bytes);
            match &property.kind {
                // Quarter turns anticlockwise.
                b"irot" => {
                    for _ in 0..bytes.u8()? & 3 {
                        look.orientation = look.orientation.turned_left();
                    }
                }
                // 0 exchanges top and bottom, 1 left and right.
                b"imir" => {
                    look.orientation = match bytes.u8()? & 1 {
                        0 => look.orientation.then_mirrored_y(),
                        _ => look.orientation.then_mirrored_x(),
                    }
                }
                b"clap" => look.aperture = Some(clean_aperture(bytes, coded)?),
                b"colr" => match &bytes.kind()? {
                    b"nclx" => {
                        look.coding = Some(Coding {
                            primaries: bytes.u16()?,
                            transfer: bytes.u16()?,
                            matrix: bytes.u16()?,
                            full_range: bytes.u8()? & 0x80 != 0,
                        });
                    }
                    b"prof" | b"rICC" => look.icc = Some(bytes.0),
                    _ => {}
                },
                b"ispe" | b"av1C" | b"hvcC" | b"pixi" | b"pasp" | b"clli" | b"mdcv" => {}
                // "Readers shall not process the item" if they do not know one that is essential (23008-12 §9.3.1).
                _ if property.essential => {
                    return Err(Unreadable::Unsupported("a property that is not known here"));
                }
                _ => {}
            }
        }
        Ok(look)
    }

    /// The size of what is seen, before it is turned.
    pub fn seen(&self, coded: Size) -> Size {
        self.aperture.map_or(coded, Rect::size)
    }
}

/// The part that a `clap` box leaves, on whole pixels as MIAF has it (14496-12 §12.1.4, 23000-22 §7.3.6.7): size and
/// distance of the two middles, each a fraction.
fn clean_aperture(mut bytes: Bytes<'_>, size: Size) -> Result<Rect> {
    let uneven = Unreadable::Unsupported("a clean aperture that is not on whole pixels");
    let mut side = |whole: u32| -> Result<(i128, u32)> {
        let (length, divisor) = (bytes.u32()?, bytes.u32()?);
        match length.checked_rem(divisor) {
            Some(0) => Ok((i128::from(whole), length / divisor)),
            _ => Err(uneven),
        }
    };
    let (across, down) = (side(size.width)?, side(size.height)?);
    let mut start = |(whole, length): (i128, u32)| -> Result<u32> {
        let (offset, divisor) = (i128::from(bytes.u32()? as i32), i128::from(bytes.u32()?));
        let twice = 2 * offset + divisor * (whole - i128::from(length));
        match twice.checked_rem(2 * divisor) {
            Some(0) => u32::try_from(twice / (2 * divisor)),
            _ => return Err(uneven),
        }
        .map_err(|_| Unreadable::Corrupt("its clean aperture lies outside of it"))
    };
    let (x, y) = (start(across)?, start(down)?);
    let (width, height) = (across.1, down.1);
    let inside = |start: u32, length: u32, whole: u32| {
        length > 0 && start.checked_add(length).is_some_and(|end| end <= whole)
    };
    if !inside(x, width, size.width) || !inside(y, height, size.height) {
        return Err(Unreadable::Corrupt("its clean aperture lies outside of it"));
    }
    Ok(Rect { x, y, width, height })
}

pub(crate) fn is_alpha(auxiliary_type: &[u8]) -> bool {
    let name = auxiliary_type.split(|byte| *byte == 0).next().unwrap_or_default();
    name == b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha" || name == b"urn:mpeg:hevc:2015:auxid:1"
}
