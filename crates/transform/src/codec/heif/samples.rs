//! What the tiles of a picture hold, at eight full-range bits: put together, with their alpha, and cut to what is seen.

use plan::{CropBox, Rect, Size};

use super::boxes::Unreadable;
use super::container::{Coded, Tile};
use super::look::Coding;
use crate::codec::halving::half;
use crate::codec::{Picture, describes_rgb};
use crate::colour::{self, Matrix, Range};
use crate::error::TransformError;
use crate::pixels::{Pixels, divided};
use crate::planes::{Plane, Planes};
use crate::profile;
use crate::resample::Resampler;
use crate::sniff::InputFormat;

/// Of one tile, or of all of them.
pub(crate) struct Samples {
    pub format: InputFormat,
    pub luma: Plane,
    pub chroma: Option<[Plane; 2]>,
    /// How many luma samples share one chroma sample, across and down.
    pub subsampling: (u8, u8),
    pub coding: Coding,
}

impl Samples {
    /// All that is coded, as `decode` reads each tile of it: whole, or halved.
    pub fn of(
        coded: &Coded<'_>,
        halved: bool,
        mut decode: impl FnMut(&Tile<'_>) -> Result<Samples, TransformError>,
    ) -> Result<Samples, TransformError> {
        let [first, others @ ..] = coded.tiles.as_slice() else {
            return Err(TransformError::failed("putting tiles together", "there are none"));
        };
        let first = decode(first)?;
        if others.is_empty() && coded.tile == coded.size {
            return Ok(first);
        }
        let (size, tile) = match halved {
            true => (half(coded.size), half(coded.tile)),
            false => (coded.size, coded.tile),
        };
        let mut whole = first.sized(size);
        whole.lay(&first, 0, 0)?;
        drop(first);
        for (index, coded_tile) in (1..).zip(others) {
            let (column, row) = ((index % coded.columns) as u32, (index / coded.columns) as u32);
            whole.lay(&decode(coded_tile)?, column * tile.width, row * tile.height)?;
        }
        Ok(whole)
    }

    /// Grey, and otherwise of the same kind.
    fn sized(&self, size: Size) -> Samples {
        let (width, height) = (size.width as usize, size.height as usize);
        let (across, down) = (usize::from(self.subsampling.0), usize::from(self.subsampling.1));
        let chroma = || Plane::filled(width.div_ceil(across), height.div_ceil(down), 128);
        Samples {
            luma: Plane::filled(width, height, 128),
            chroma: self.chroma.is_some().then(|| [chroma(), chroma()]),
            ..*self
        }
    }

    /// A tile at its place; what reaches beyond the picture is not seen.
    fn lay(&mut self, tile: &Samples, x: u32, y: u32) -> Result<(), TransformError> {
        let (x, y) = (x as usize, y as usize);
        let (across, down) = (usize::from(self.subsampling.0), usize::from(self.subsampling.1));
        if (tile.subsampling, tile.coding) != (self.subsampling, self.coding)
            || tile.chroma.is_some() != self.chroma.is_some()
        {
            return Err(self.corrupt("its tiles are not of one kind"));
        }
        if !x.is_multiple_of(across) || !y.is_multiple_of(down) {
            return Err(self.corrupt("its tiles meet between two samples"));
        }
        self.luma.lay(&tile.luma, x, y);
        for (plane, tile) in self.chroma.iter_mut().flatten().zip(tile.chroma.iter().flatten()) {
            plane.lay(tile, x / across, y / down);
        }
        Ok(())
    }

    fn corrupt(&self, why: &'static str) -> TransformError {
        Unreadable::Corrupt(why).of(self.format)
    }

    /// The embedded profile, or the one that the numbers stand for.
    pub fn profile(&self, icc: Option<&[u8]>) -> Option<Vec<u8>> {
        match icc {
            Some(icc) => Some(icc.to_vec()).filter(|icc| describes_rgb(icc)),
            None => profile::of_code_points(self.coding.primaries, self.coding.transfer),
        }
    }

    /// As an alpha channel of so many pixels.
    pub fn alpha(self, size: Size, resampler: &mut Resampler) -> Result<Plane, TransformError> {
        let alpha = self.luma;
        let (width, height) = (size.width as usize, size.height as usize);
        if (alpha.width, alpha.height) == (width, height) {
            return Ok(alpha);
        }
        let whole = CropBox::whole(Size { width: alpha.width as u32, height: alpha.height as u32 });
        alpha.resized(whole, (width, height), resampler)
    }

    fn picture(self) -> Result<Picture, TransformError> {
        let Samples { format, luma, chroma, subsampling, coding } = self;
        if coding.matrix != IDENTITY {
            let matrix = matrix_of(coding.matrix).ok_or_else(|| {
                TransformError::unsupported(format, format!("matrix coefficients {}", coding.matrix))
            })?;
            return Ok(Picture::Planes(Planes { luma, chroma, subsampling, matrix }));
        }
        let size = Size { width: luma.width as u32, height: luma.height as u32 };
        // The planes are green, blue and red.
        let Some([blue, red]) = chroma.filter(|_| subsampling == (1, 1)) else {
            return Err(TransformError::corrupt(format, "RGB planes are not of one size"));
        };
        let rgba = (red.samples.iter().zip(&luma.samples).zip(&blue.samples))
            .map(|((&r, &g), &b)| [r, g, b, 255])
            .collect();
        Ok(Picture::Pixels(Pixels { size, rgba }))
    }
}

/// The picture that these samples make up with their alpha, cut to what is seen.
pub(crate) fn assembled(
    samples: Samples,
    alpha: Option<Plane>,
    premultiplied: bool,
    aperture: Option<Rect>,
    resampler: &mut Resampler,
) -> Result<Picture, TransformError> {
    let mut picture = samples.picture()?;
    if let Some(alpha) = alpha {
        let mut pixels = pixels(picture, resampler)?;
        for (pixel, alpha) in pixels.rgba.iter_mut().zip(alpha.samples) {
            if premultiplied {
                *pixel = divided(*pixel, alpha);
            }
            pixel[3] = alpha;
        }
        picture = Picture::Pixels(pixels);
    }
    match aperture {
        Some(aperture) => cut(picture, aperture, resampler),
        None => Ok(picture),
    }
}

/// `MatrixCoefficients` of ITU-T H.273 table 4: no matrix.
const IDENTITY: u16 = 0;

fn matrix_of(number: u16) -> Option<Matrix> {
    match number {
        1 => Some(Matrix::Bt709),
        // Unspecified is read as what most pictures are (ISO/IEC 23000-22 §7.3.6.4).
        2 | 5 | 6 => Some(Matrix::Bt601),
        9 => Some(Matrix::Bt2020),
        _ => None,
    }
}

impl Coding {
    /// What stored samples of luma and of chroma become at eight full-range bits.
    pub fn to_full(self, bits: u8) -> [Vec<u8>; 2] {
        let range = if self.full_range { Range::Full } else { Range::Limited };
        let luma = colour::luma_to_full(bits, range);
        // Without a matrix all planes are colours.
        let chroma = match self.matrix {
            IDENTITY => luma.clone(),
            _ => colour::chroma_to_full(bits, range),
        };
        [luma, chroma]
    }
}

pub(crate) fn pixels(picture: Picture, resampler: &mut Resampler) -> Result<Pixels, TransformError> {
    match picture {
        Picture::Pixels(pixels) => Ok(pixels),
        Picture::Planes(planes) => {
            let size = planes.size();
            Ok(colour::to_pixels(&planes.resized_444(CropBox::whole(size), size, resampler)?))
        }
    }
}

/// The part of a picture that is seen; as planes only where no chroma sample would be cut in two.
fn cut(picture: Picture, seen: Rect, resampler: &mut Resampler) -> Result<Picture, TransformError> {
    let (x, y) = (seen.x as usize, seen.y as usize);
    let (width, height) = (seen.width as usize, seen.height as usize);
    match picture {
        Picture::Planes(planes)
            if seen.x.is_multiple_of(u32::from(planes.subsampling.0))
                && seen.y.is_multiple_of(u32::from(planes.subsampling.1)) =>
        {
            let (across, down) = (usize::from(planes.subsampling.0), usize::from(planes.subsampling.1));
            let chroma = |plane: &Plane| {
                plane.part(x / across, y / down, width.div_ceil(across), height.div_ceil(down))
            };
            let luma = planes.luma.part(x, y, width, height);
            let chroma = planes.chroma.as_ref().map(|[cb, cr]| [chroma(cb), chroma(cr)]);
            Ok(Picture::Planes(Planes { luma, chroma, ..planes }))
        }
        picture => Ok(Picture::Pixels(pixels(picture, resampler)?.part(seen))),
    }
}
