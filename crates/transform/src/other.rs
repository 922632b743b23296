//! The originals that a plan names beside the one it is for: read, bounded, decoded, and brought to its colours.

use plan::{CropBox, OriginalName, Page, Plan, Size};

use crate::codec::Picture;
use crate::error::TransformError;
use crate::foreground::Network;
use crate::limits::{Deadline, Limits};
use crate::pixels::Pixels;
use crate::resample::Resampler;
use crate::sniff::InputFormat;
use crate::text::{self, Font};
use crate::{Header, colour, decode, drawing, profile, read_header};

/// A further original, upright.
pub(crate) struct Other {
    /// Its own size; its pixels may be fewer.
    pub size: Size,
    pub pixels: Pixels,
}

/// One whose header is known.
pub(crate) struct Announced<'a> {
    name: &'a OriginalName,
    original: &'a [u8],
    header: Header,
}

/// All that a plan names beside its original.
pub(crate) struct Named<'a> {
    pub originals: Vec<Announced<'a>>,
    /// Those of [`Plan::fonts`].
    pub fonts: Vec<Font>,
    /// The files of fonts that drawings are lettered in.
    pub letters: Vec<&'a [u8]>,
    /// What sees the foreground.
    pub network: Option<Network>,
}

/// How many pixels a drawing may be enlarged to that is used beside another picture.
pub(crate) const ENLARGED: u64 = 4 << 20;

/// Reads the headers of all before anything is decoded: together with the original they have to keep the limits.
pub(crate) fn named<'a>(
    inputs: &[&'a [u8]],
    plan: &'a Plan,
    of_original: &Header,
    limits: &Limits,
) -> Result<Named<'a>, TransformError> {
    let names = plan.originals();
    let split = inputs.split_at_checked(names.len());
    let split =
        split.and_then(|(others, rest)| rest.split_at_checked(plan.fonts().len()).map(|rest| (others, rest)));
    let Some((others, (fonts, letters))) = split else {
        return Err(TransformError::failed("composing", "the inputs are not those of the plan"));
    };
    let mut originals = Vec::with_capacity(names.len());
    let mut found = of_original.size.pixels();
    for (name, &original) in names.into_iter().zip(others) {
        let header = read_header(original, Page::default(), limits).map_err(|error| of(name, error))?;
        found = found.saturating_add(header.size.pixels());
        originals.push(Announced { name, original, header });
    }
    if found > limits.pixels {
        return Err(TransformError::TooManyPixelsTogether { found, limit: limits.pixels });
    }
    if !letters.iter().all(|letters| text::is_font(letters)) {
        return Err(TransformError::failed("composing", "the inputs are not those of the plan"));
    }
    Ok(Named { originals, fonts: text::fonts(fonts)?, letters: letters.to_vec(), network: None })
}

impl Announced<'_> {
    pub fn upright(&self) -> Size {
        self.header.upright
    }

    /// Of what moves, the first picture. `shrink` is how many times smaller it may be, `icc` the profile it is to be
    /// seen with, `letters` the fonts of drawings.
    pub fn decode(
        &self,
        shrink: f64,
        letters: &[&[u8]],
        icc: Option<&[u8]>,
        limits: &Limits,
        deadline: &Deadline,
        resampler: &mut Resampler,
    ) -> Result<Other, TransformError> {
        let of = |error| of(self.name, error);
        deadline.check()?;
        let decoded = match self.header.format {
            InputFormat::Svg | InputFormat::Pdf => {
                drawing::at_scale(self.original, &self.header, shrink, letters, limits, deadline)
            }
            _ => decode(self.original, &self.header, shrink.max(1.0), limits, deadline, resampler),
        };
        let decoded = decoded.map_err(of)?;
        let pixels = match decoded.picture {
            Picture::Pixels(pixels) => pixels,
            Picture::Planes(planes) => {
                let size = planes.size();
                let planes = planes.resized_444(CropBox::whole(size), size, resampler).map_err(of)?;
                colour::to_pixels(&planes)
            }
        };
        let pixels = pixels.upright(self.header.orientation);
        Ok(Other { size: self.upright(), pixels: profile::converted(pixels, decoded.icc.as_deref(), icc) })
    }
}

/// The limit of time is that of the whole; everything else is the fault of this one.
fn of(name: &OriginalName, error: TransformError) -> TransformError {
    match error {
        TransformError::OutOfTime { .. } => error,
        _ => TransformError::Other { original: name.to_string(), error: Box::new(error) },
    }
}
