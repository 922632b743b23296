//! PDF in, through `hayro`: a page of a document, drawn at the size at which it is seen.
//!
//! Nothing outside of the document is looked for. The fonts that each reader has to have (ISO 32000-2 §9.6.2.2) are built in,
//! and stand in for those that a document names and does not bring along.

mod streams;
mod watched;
mod weight;

use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_interpret::util::TransformExt;
use hayro::hayro_syntax::{DecryptionError, LoadPdfError, Pdf, page};
use hayro::kurbo::{Affine, Rect};
use hayro::vello_cpu::color::palette::css::{TRANSPARENT, WHITE};
use hayro::vello_cpu::{Pixmap, RasterizerSettings, RenderContext, Resources, TargetInit};
use hayro::{RenderCache, RenderSettings, render_into};
use plan::{CropBox, Size};

use crate::codec::{Decoded, Picture, Shape, View};
use crate::error::TransformError;
use crate::limits::{Deadline, Limits};
use crate::orientation::Orientation;
use crate::pixels::{Pixels, unmultiplied};
use crate::sniff::InputFormat;

use self::watched::watched;

pub(crate) use self::weight::memory;

/// CSS pixels for each point, of which there are 72 to the inch (ISO 32000-2 §8.3.2.3).
const CSS_PIXELS: f64 = 96.0 / 72.0;

pub(crate) fn is_pdf(original: &[u8]) -> bool {
    original.starts_with(b"%PDF-")
}

pub(crate) fn header(original: &[u8], page: u32, limits: &Limits) -> Result<Shape, TransformError> {
    let deadline = Deadline::after(limits.time);
    streams::check(original, &deadline)?;
    let page = Page::of(original, page, &deadline)?;
    Ok(Shape { size: page.size, alpha: true, orientation: Orientation::UPRIGHT })
}

pub(crate) fn pages(original: &[u8], deadline: &Deadline) -> Result<u32, TransformError> {
    watched(original, deadline, |bytes| Ok(count(&opened(bytes)?)))
}

fn count(document: &Pdf) -> u32 {
    u32::try_from(document.pages().len()).unwrap_or(u32::MAX)
}

/// A page of a document that has been found, and not drawn yet.
pub(crate) struct Page<'a> {
    original: &'a [u8],
    index: usize,
    size: Size,
}

impl<'a> Page<'a> {
    /// Counted from one; of a document whose header is known.
    pub fn of(original: &'a [u8], number: u32, deadline: &Deadline) -> Result<Page<'a>, TransformError> {
        watched(original, deadline, |bytes| {
            let document = opened(bytes)?;
            let index = number.saturating_sub(1) as usize;
            let page = document.pages().get(index);
            let found = count(&document);
            let page = page.ok_or(TransformError::NoSuchPage { wished: number, found })?;
            Ok(Page { original, index, size: size_of(page) })
        })
    }

    pub fn whole(&self) -> CropBox {
        CropBox::whole(self.size)
    }

    /// A part of it on so many pixels, on white paper or on nothing.
    pub fn draw(
        &self,
        part: CropBox,
        size: Size,
        paper: bool,
        limits: &Limits,
        deadline: &Deadline,
    ) -> Result<Decoded, TransformError> {
        watched(self.original, deadline, |bytes| {
            let document = opened(bytes)?;
            let page = document.pages().get(self.index).ok_or_else(|| corrupt("its pages change"))?;
            let side = |side: u32| {
                u16::try_from(side).map_err(|_| TransformError::failed("drawing", "the canvas is too large"))
            };
            let (width, height) = (side(size.width)?, side(size.height)?);
            let transform = self.placed(page, part, size);
            let canvas = Rect::new(0.0, 0.0, f64::from(width), f64::from(height));
            let settings = InterpreterSettings::default();
            weight::check(page, transform, canvas, &settings, limits, deadline);
            let mut context = RenderContext::new(width, height);
            let rendering = RenderSettings::default();
            render_into(page, &RenderCache::new(), &settings, &rendering, &mut context, transform);
            context.flush();
            deadline.check()?;
            let mut canvas = Pixmap::new(width, height);
            let under = if paper { WHITE } else { TRANSPARENT };
            let settings = RasterizerSettings { target_init: TargetInit::Clear(under), ..Default::default() };
            context.render_with(&mut canvas, &mut Resources::default(), settings);
            deadline.check()?;
            let rgba = canvas.data_as_u8_slice().as_chunks().0.iter().map(|pixel| {
                let [r, g, b, alpha] = unmultiplied(*pixel);
                // Where edges overlap, what is drawn on paper is less than opaque by rounding.
                [r, g, b, if paper { u8::MAX } else { alpha }]
            });
            let picture = Picture::Pixels(Pixels { size, rgba: rgba.collect() });
            Ok(Decoded { view: View::Part { part, size }, ..Decoded::full_size(picture) })
        })
    }

    /// From the page's own units to pixels.
    fn placed(&self, page: &page::Page<'_>, part: CropBox, size: Size) -> Affine {
        let (across, down) = (f64::from(size.width) / part.width, f64::from(size.height) / part.height);
        // The header's size is in whole pixels, the page's own may not be.
        let (width, height) = page.render_dimensions();
        Affine::translate((-part.x * across, -part.y * down))
            * Affine::scale_non_uniform(
                across * f64::from(self.size.width) / f64::from(width),
                down * f64::from(self.size.height) / f64::from(height),
            )
            * page.initial_transform(true).to_kurbo()
    }
}

fn opened(bytes: watched::Bytes) -> Result<Pdf, TransformError> {
    let document = Pdf::new(std::sync::Arc::new(bytes)).map_err(|error| match error {
        LoadPdfError::Invalid => corrupt("it has no table of its objects, or no pages"),
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => unsupported("a password"),
        LoadPdfError::Decryption(DecryptionError::UnsupportedAlgorithm) => {
            unsupported("an encryption that is not known")
        }
        LoadPdfError::Decryption(_) => corrupt("its encryption is damaged"),
    })?;
    if document.pages().is_empty() {
        return Err(corrupt("it has no pages"));
    }
    Ok(document)
}

/// In whole CSS pixels, as one sees it.
fn size_of(page: &page::Page<'_>) -> Size {
    let (width, height) = page.render_dimensions();
    let side = |points: f32| ((f64::from(points) * CSS_PIXELS).round() as u32).max(1);
    Size { width: side(width), height: side(height) }
}

fn corrupt(why: impl ToString) -> TransformError {
    TransformError::corrupt(InputFormat::Pdf, why)
}

fn unsupported(what: impl ToString) -> TransformError {
    TransformError::unsupported(InputFormat::Pdf, what)
}
