//! AVIF in: any depth, layout and number of tiles, brought to eight full-range bits and cut to what is seen.

use plan::{CropBox, Rect, Size};

use super::boxes::Unreadable;
use super::container::{self, Coded, Container};
use super::dav1d::{self, Decoder};
use super::look::Coding;
use super::{movie, obu, sequence};
use crate::codec::{Decoded, EdgeFilter, Picture, Shape, describes_rgb};
use crate::colour::{self, Matrix, Range};
use crate::error::TransformError;
use crate::limits::{Deadline, Limits};
use crate::pixels::{Pixels, divided};
use crate::planes::{Plane, Planes};
use crate::profile;
use crate::resample::Resampler;
use crate::sniff::InputFormat;

pub(crate) fn header(original: &[u8], limits: &Limits) -> Result<Shape, TransformError> {
    if let Some(shape) = sequence::header(original, limits)? {
        return Ok(shape);
    }
    let container = open(original)?;
    // More than is seen of it may have to be decoded.
    for coded in [Some(&container.colour), container.alpha.as_ref()].into_iter().flatten() {
        if coded.pixels() > limits.pixels {
            return Err(TransformError::TooManyPixels { found: coded.pixels(), limit: limits.pixels });
        }
    }
    Ok(Shape {
        size: container.look.seen(container.colour.size),
        alpha: container.alpha.is_some(),
        orientation: container.look.orientation,
    })
}

/// As it is decoded, by the container alone.
pub(crate) fn size(original: &[u8]) -> Option<Size> {
    match movie::size(original).ok()? {
        Some(size) => Some(size),
        None => container::size(original).ok(),
    }
}

/// As planes, unless there is alpha or the file holds RGB itself. Of what moves, the first picture.
pub(crate) fn decode(
    original: &[u8],
    shrink: f64,
    deadline: &Deadline,
    resampler: &mut Resampler,
) -> Result<Decoded, TransformError> {
    if let Some(first) = sequence::first(original)? {
        return Ok(first);
    }
    let Container { colour, alpha, premultiplied, look } = open(original)?;
    let samples = Samples::decode(&colour, look.coding, EdgeFilter::where_seen(shrink), deadline)?;
    let icc = profile_of(look.icc, &samples);
    let alpha = match alpha {
        Some(alpha) => Some(fitted(
            Samples::decode(&alpha, None, EdgeFilter::Applied, deadline)?,
            colour.size,
            resampler,
        )?),
        None => None,
    };
    let picture = assembled(samples, alpha, premultiplied, look.aperture, resampler)?;
    Ok(Decoded { icc, ..Decoded::full_size(picture) })
}

/// The embedded profile, or the one that the numbers stand for.
pub(super) fn profile_of(icc: Option<&[u8]>, samples: &Samples) -> Option<Vec<u8>> {
    match icc {
        Some(icc) => Some(icc.to_vec()).filter(|icc| describes_rgb(icc)),
        None => profile::of_code_points(samples.coding.primaries, samples.coding.transfer),
    }
}

/// The picture that these samples make up with their alpha, cut to what is seen.
pub(super) fn assembled(
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

fn open(original: &[u8]) -> Result<Container<'_>, TransformError> {
    container::parse(original).map_err(refused)
}

pub(super) fn refused(unreadable: Unreadable) -> TransformError {
    match unreadable {
        Unreadable::Truncated => TransformError::Truncated { format: InputFormat::Avif },
        Unreadable::Corrupt(why) => TransformError::corrupt(InputFormat::Avif, why),
        Unreadable::Unsupported(what) => TransformError::unsupported(InputFormat::Avif, what),
    }
}

/// What a stream or its tiles hold, at eight full-range bits.
pub(super) struct Samples {
    luma: Plane,
    chroma: Option<[Plane; 2]>,
    subsampling: (u8, u8),
    coding: Coding,
}

impl Samples {
    /// `coding`, if the container has one, overrides what the stream says.
    fn decode(
        coded: &Coded,
        coding: Option<Coding>,
        filter: EdgeFilter,
        deadline: &Deadline,
    ) -> Result<Samples, TransformError> {
        let tile = |data: &[u8]| {
            deadline.check()?;
            let frames = obu::check(data).map_err(refused)?;
            // Of a picture in layers each is predicted from what of the one before it was filtered.
            let filter = if frames == 1 { filter } else { EdgeFilter::Applied };
            let decoded = Decoder::open(coded.tile, filter)?.decode(data)?;
            let decoded =
                decoded.ok_or_else(|| TransformError::corrupt(InputFormat::Avif, "it has no frame"))?;
            if decoded.size() != coded.tile {
                return Err(TransformError::corrupt(
                    InputFormat::Avif,
                    "the picture has not the size that its header says",
                ));
            }
            Samples::of(&decoded, coding)
        };
        if let [only] = coded.tiles.as_slice() {
            return tile(only);
        }
        let mut whole: Option<Samples> = None;
        for (index, data) in coded.tiles.iter().enumerate() {
            let tile = tile(data)?;
            let whole = whole.get_or_insert_with(|| tile.sized(coded.size));
            let (column, row) = ((index % coded.columns) as u32, (index / coded.columns) as u32);
            whole.lay(&tile, column * coded.tile.width, row * coded.tile.height)?;
        }
        whole.ok_or_else(|| TransformError::corrupt(InputFormat::Avif, "it has no tiles"))
    }

    pub fn of(decoded: &dav1d::Decoded, coding: Option<Coding>) -> Result<Samples, TransformError> {
        let coding = coding.unwrap_or(decoded.coding());
        let table = colour::luma_to_full(decoded.bits(), coding.range());
        let luma = decoded.plane(0, &table)?;
        let Some(subsampling) = decoded.subsampling() else {
            return Ok(Samples { luma, chroma: None, subsampling: (1, 1), coding });
        };
        // Without a matrix all planes are colours.
        let table = match coding.matrix {
            IDENTITY => table,
            _ => colour::chroma_to_full(decoded.bits(), coding.range()),
        };
        let chroma = Some([decoded.plane(1, &table)?, decoded.plane(2, &table)?]);
        Ok(Samples { luma, chroma, subsampling, coding })
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
            return Err(TransformError::corrupt(InputFormat::Avif, "its tiles are not of one kind"));
        }
        if !x.is_multiple_of(across) || !y.is_multiple_of(down) {
            return Err(TransformError::corrupt(InputFormat::Avif, "its tiles meet between two samples"));
        }
        self.luma.lay(&tile.luma, x, y);
        for (plane, tile) in self.chroma.iter_mut().flatten().zip(tile.chroma.iter().flatten()) {
            plane.lay(tile, x / across, y / down);
        }
        Ok(())
    }

    pub fn picture(self) -> Result<Picture, TransformError> {
        let Samples { luma, chroma, subsampling, coding } = self;
        if coding.matrix != IDENTITY {
            return Ok(Picture::Planes(Planes {
                luma,
                chroma,
                subsampling,
                matrix: matrix_of(coding.matrix)?,
            }));
        }
        let size = Size { width: luma.width as u32, height: luma.height as u32 };
        // The planes are green, blue and red.
        let Some([blue, red]) = chroma.filter(|_| subsampling == (1, 1)) else {
            return Err(TransformError::corrupt(InputFormat::Avif, "RGB planes are not of one size"));
        };
        let rgba = (red.samples.iter().zip(&luma.samples).zip(&blue.samples))
            .map(|((&r, &g), &b)| [r, g, b, 255])
            .collect();
        Ok(Picture::Pixels(Pixels { size, rgba }))
    }
}

/// `MatrixCoefficients` of ITU-T H.273 table 4: no matrix.
const IDENTITY: u16 = 0;

fn matrix_of(number: u16) -> Result<Matrix, TransformError> {
    match number {
        1 => Ok(Matrix::Bt709),
        // Unspecified is read as what most pictures are (ISO/IEC 23000-22 §7.3.6.4).
        2 | 5 | 6 => Ok(Matrix::Bt601),
        9 => Ok(Matrix::Bt2020),
        other => Err(TransformError::unsupported(InputFormat::Avif, format!("matrix coefficients {other}"))),
    }
}

impl Coding {
    fn range(self) -> Range {
        if self.full_range { Range::Full } else { Range::Limited }
    }
}

/// The alpha, at the size of the colours.
pub(super) fn fitted(alpha: Samples, size: Size, resampler: &mut Resampler) -> Result<Plane, TransformError> {
    let alpha = alpha.luma;
    let (width, height) = (size.width as usize, size.height as usize);
    if (alpha.width, alpha.height) == (width, height) {
        return Ok(alpha);
    }
    let whole = CropBox::whole(Size { width: alpha.width as u32, height: alpha.height as u32 });
    alpha.resized(whole, (width, height), resampler)
}

pub(super) fn pixels(picture: Picture, resampler: &mut Resampler) -> Result<Pixels, TransformError> {
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::encode::encode_planes;
    use super::*;
    use crate::metadata::Beside;
    use crate::quality::AvifQuantizer;

    #[test]
    fn the_filter_of_edges_is_left_out_of_what_is_seen_at_half_its_size_and_hardly_seen() {
        let wave = |at: usize| {
            (128.0 + 90.0 * ((at % 96) as f64 / 7.0).sin() * ((at / 96) as f64 / 5.0).cos()) as u8
        };
        let luma = Plane { width: 96, height: 64, samples: (0..96 * 64).map(wave).collect() };
        let coarse = Planes { luma, chroma: None, subsampling: (1, 1), matrix: Matrix::Bt601 };
        let original = encode_planes(&coarse, AvifQuantizer::new(50), &Beside::default()).unwrap();
        let luma = |shrink: f64| {
            let deadline = Deadline::after(Duration::from_secs(60));
            match decode(&original, shrink, &deadline, &mut Resampler::default()).unwrap().picture {
                Picture::Planes(planes) => planes.luma.samples,
                Picture::Pixels(_) => panic!("it holds planes"),
            }
        };
        let filtered = luma(1.0);
        assert_eq!(luma(1.9), filtered);
        let unfiltered = luma(2.0);
        assert_ne!(unfiltered, filtered);
        let off: u32 = unfiltered.iter().zip(&filtered).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
        assert!(off < 8 * filtered.len() as u32, "{off} in {} samples", filtered.len());
    }
}
