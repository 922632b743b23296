//! What stands in a JPEG before its codes, as libjpeg-turbo writes it.

use super::super::encode::{Codes, Settings, compressed};
use super::super::prefix_code::CODES;
use crate::colour::Matrix;
use crate::error::TransformError;
use crate::planes::{Plane, Planes};

const QUANTIZATION: u8 = 0xdb;
const START_OF_FRAME: u8 = 0xc0;
const START_OF_SCAN: u8 = 0xda;

pub(super) struct Head {
    /// Up to the codes.
    pub before: Vec<u8>,
    /// The header of the scan, which follows them.
    pub scan: Vec<u8>,
    /// Of each component the size of a step, in the order of the file.
    pub quantization: Vec<[u16; 64]>,
}

impl Head {
    /// Of a picture of this size in grey, or with chroma for so many pixels.
    pub fn of(
        size: (u32, u32),
        sampling: Option<(u8, u8)>,
        settings: &Settings<'_>,
    ) -> Result<Head, TransformError> {
        let unit = unit(sampling);
        let jpeg = compressed(&unit, settings, Codes::Standard)?;
        let read = read(&jpeg, size);
        read.ok_or_else(|| TransformError::failed("encoding JPEG", "its own header cannot be read again"))
    }
}

/// The smallest picture that there is to such a header.
fn unit(sampling: Option<(u8, u8)>) -> Planes {
    let (across, down) = sampling.unwrap_or((1, 1));
    let plane = |across: u8, down: u8| Plane::filled(8 * usize::from(across), 8 * usize::from(down), 128);
    Planes {
        luma: plane(across, down),
        chroma: sampling.map(|_| [plane(1, 1), plane(1, 1)]),
        subsampling: (across, down),
        matrix: Matrix::Bt601,
    }
}

fn read(jpeg: &[u8], (width, height): (u32, u32)) -> Option<Head> {
    let (mut at, mut before, mut tables) = (2, None, <[Option<[u16; 64]>; 2]>::default());
    let mut quantization = Vec::new();
    loop {
        let &[0xff, marker, high, low] = jpeg.get(at..at + 4)? else { return None };
        let end = at + 2 + usize::from(u16::from_be_bytes([high, low]));
        let content = jpeg.get(at + 4..end)?;
        match marker {
            QUANTIZATION => {
                let (id, table) = content.split_first()?;
                let table: &[u8; 64] = table.try_into().ok()?;
                *tables.get_mut(usize::from(*id))? = Some(table.map(u16::from));
            }
            START_OF_FRAME => {
                for [_, _, table] in content.get(6..)?.as_chunks::<3>().0 {
                    quantization.push((*tables.get(usize::from(*table))?)?);
                }
                let mut start = jpeg[..end].to_vec();
                start.get_mut(at + 5..at + 7)?.copy_from_slice(&u16::try_from(height).ok()?.to_be_bytes());
                start.get_mut(at + 7..at + 9)?.copy_from_slice(&u16::try_from(width).ok()?.to_be_bytes());
                before = Some(start);
            }
            CODES => {}
            START_OF_SCAN => {
                return Some(Head { before: before?, scan: jpeg[at..end].to_vec(), quantization });
            }
            // Nothing else comes between the frame and the scan.
            _ if before.is_some() => return None,
            _ => {}
        }
        at = end;
    }
}
