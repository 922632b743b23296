//! Originals that are drawn: drawings, handed on as they are meant or drawn at the size at which they are seen, and pages.

use plan::{CropBox, FormatWish, OutputFormat, Page, Plan, Size};

use crate::codec::{Decoded, pdf, svg};
use crate::error::TransformError;
use crate::limits::{Deadline, Limits};
use crate::making::Making;
use crate::other::ENLARGED;
use crate::resample::Resampler;
use crate::sniff::{InputFormat, sniff};
use crate::{Derivative, Header, animation};

/// The larger side of what is looked at, to see where there is something to see.
const LOOKED_AT: f64 = 512.0;

/// Whether there are letters in an original that only fonts can draw.
pub fn needs_letters(original: &[u8]) -> bool {
    sniff(original) == Some(InputFormat::Svg) && svg::has_letters(original)
}

/// The drawing as a drawing, if that is what is wished for.
pub(crate) fn kept(
    original: &[u8],
    header: &Header,
    plan: &Plan,
) -> Result<Option<Derivative>, TransformError> {
    if !plan.keeps_drawing() {
        return Ok(None);
    }
    match (header.format, plan.format) {
        (InputFormat::Svg, _) => {
            let bytes = svg::sanitised(original)?;
            Ok(Some(Derivative { bytes, format: OutputFormat::Svg, size: header.upright }))
        }
        (found, FormatWish::Svg) => Err(TransformError::NotDrawn { found }),
        _ => Ok(None),
    }
}

/// What is drawn, understood and not drawn yet.
enum Drawn<'a> {
    Drawing(Box<svg::Drawing>),
    Page { page: pdf::Page<'a>, on_paper: bool, limits: &'a Limits },
}

impl<'a> Drawn<'a> {
    fn drawing(
        original: &[u8],
        header: &Header,
        letters: &[&[u8]],
        limits: &Limits,
        deadline: &Deadline,
    ) -> Result<Drawn<'a>, TransformError> {
        let drawing = svg::Drawing::of(original, header.size, letters, limits, deadline)?;
        Ok(Drawn::Drawing(Box::new(drawing)))
    }

    fn whole(&self) -> CropBox {
        match self {
            Drawn::Drawing(drawing) => drawing.whole(),
            Drawn::Page { page, .. } => page.whole(),
        }
    }

    /// A part of it on so many pixels, or on fewer if these would take too much.
    fn draw(&self, part: CropBox, to: Size, deadline: &Deadline) -> Result<Decoded, TransformError> {
        match self {
            Drawn::Drawing(drawing) => drawing.draw(part, to, deadline),
            Drawn::Page { page, on_paper, limits } => page.draw(part, to, *on_paper, limits, deadline),
        }
    }

    /// All of it.
    fn draw_exactly(&self, size: Size, deadline: &Deadline) -> Result<Decoded, TransformError> {
        match self {
            Drawn::Drawing(drawing) => drawing.draw_exactly(size, deadline),
            Drawn::Page { .. } => self.draw(self.whole(), size, deadline),
        }
    }
}

/// Draws what is seen of it, as large as it is seen.
pub(crate) fn begin(
    original: &[u8],
    header: &Header,
    letters: &[&[u8]],
    plan: &Plan,
    limits: &Limits,
    deadline: &Deadline,
    resampler: &mut Resampler,
) -> Result<(Making, Decoded), TransformError> {
    let drawing = match header.format {
        InputFormat::Pdf => Drawn::Page {
            page: pdf::Page::of(original, plan.page.size(), deadline)?,
            // Whoever names what is behind the page gets that instead.
            on_paper: plan.background.colour.is_none(),
            limits,
        },
        _ => Drawn::drawing(original, header, letters, limits, deadline)?,
    };
    if let Some(frame) = plan.frame {
        // There is but one.
        animation::frame(original, header, frame.size(), limits, deadline)?;
    }
    let mut making = if plan.trim.by.is_some() {
        let whole = drawing.draw_exactly(header.size, deadline)?;
        Making::trimmed(plan, header, &whole.picture, limits)?
    } else {
        Making::new(plan, header, limits)?
    };
    if making.looks() {
        let larger = f64::from(header.size.width.max(header.size.height));
        let seen = drawing.draw(drawing.whole(), scaled(header.size, LOOKED_AT / larger), deadline)?;
        making.look(&seen.picture, seen.view, deadline, resampler)?;
    }
    let all = || (drawing.whole(), enlarged(header.size, 1.0 / making.decoded_shrink()));
    let (part, size) = making.drawn().unwrap_or_else(all);
    let decoded = drawing.draw(part, size, deadline)?;
    Ok((making, decoded))
}

/// All of a drawing, or of a document's first page without paper, so many times smaller, or larger within bounds.
pub(crate) fn at_scale(
    original: &[u8],
    header: &Header,
    shrink: f64,
    letters: &[&[u8]],
    limits: &Limits,
    deadline: &Deadline,
) -> Result<Decoded, TransformError> {
    let drawing = match header.format {
        InputFormat::Pdf => Drawn::Page {
            page: pdf::Page::of(original, Page::default().size(), deadline)?,
            on_paper: false,
            limits,
        },
        _ => Drawn::drawing(original, header, letters, limits, deadline)?,
    };
    drawing.draw(drawing.whole(), enlarged(header.size, 1.0 / shrink), deadline)
}

/// All of a drawing at a scale, enlarged no further than it may be.
fn enlarged(size: Size, scale: f64) -> Size {
    let largest = (ENLARGED as f64 / size.pixels() as f64).sqrt().max(1.0);
    scaled(size, scale.min(largest))
}

fn scaled(size: Size, scale: f64) -> Size {
    let side = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
    Size { width: side(size.width), height: side(size.height) }
}
