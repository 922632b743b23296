//! What drawing a page would cost: its content is gone through once without being drawn, and counted.
//!
//! There is no other way to know: a few bytes may draw a form that draws another one twice, and so on, a pattern of a million
//! cells, a line of a billion dashes, a picture that is larger than it says.

use std::collections::HashSet;

use hayro::hayro_interpret::font::{Glyph, GlyphRun};
use hayro::hayro_interpret::hayro_syntax::object::Stream;
use hayro::hayro_interpret::hayro_syntax::page::Page;
use hayro::hayro_interpret::pattern::{Pattern, TilingPattern};
use hayro::hayro_interpret::util::x_y_advances;
use hayro::hayro_interpret::{
    BlendMode, CacheKey, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageDrawProps,
    InterpreterCache, InterpreterSettings, Paint, SoftMask, StrokeProps, interpret_page,
};
use hayro::kurbo::{Affine, BezPath, Point, Rect};

use super::unsupported;
use super::watched::stop;
use crate::dimensions::dimensions;
use crate::error::TransformError;
use crate::limits::{Deadline, Limits};

/// Shapes, letters, pictures, groups and clips.
const DRAWN_MAX: u64 = 1_000_000;
/// Pixels, each as often as something is drawn there.
const COVERED_MAX: f64 = 8e9;
const DASHES_MAX: f64 = 100_000.0;
/// Pixels of the masks that are kept while the page is drawn.
const MASKED_MAX: f64 = 512e6;
/// Pixels of one cell of a pattern.
const CELL_MAX: f64 = 64e6;

/// A letter is drawn in thousandths of its size: the square that it stands in, and about how long its outline is.
const EM: Rect = Rect::new(0.0, -300.0, 1000.0, 1000.0);
const OUTLINE: f64 = 10_000.0;

/// To be called where the document is watched.
pub(super) fn check<'a>(
    page: &Page<'a>,
    transform: Affine,
    canvas: Rect,
    settings: &InterpreterSettings,
    limits: &Limits,
    deadline: &Deadline,
) {
    let cache = InterpreterCache::new();
    let mut context = Context::new(transform, canvas, &cache, page.xref(), settings.clone());
    let mut weight = Weight {
        limits,
        deadline,
        canvas,
        drawn: 0,
        covered: 0.0,
        dashes: 0.0,
        masks: HashSet::new(),
        pictures: HashSet::new(),
        pixels: 0,
    };
    interpret_page(page, &mut context, &mut weight);
}

struct Weight<'l> {
    limits: &'l Limits,
    deadline: &'l Deadline,
    canvas: Rect,
    drawn: u64,
    covered: f64,
    dashes: f64,
    /// Those that have been seen: each is drawn once.
    masks: HashSet<u128>,
    pictures: HashSet<u128>,
    /// Of the pictures.
    pixels: u64,
}

impl Weight<'_> {
    fn add(&mut self, covered: f64) {
        self.drawn += 1;
        // What cannot be computed covers everything.
        self.covered += if covered.is_finite() { covered } else { self.canvas.area() };
        if self.deadline.has_passed() {
            stop(self.deadline.error());
        }
        if self.drawn > DRAWN_MAX {
            stop(unsupported(format!("more than {DRAWN_MAX} shapes on a page")));
        }
        if self.covered > COVERED_MAX {
            stop(unsupported("more shapes over each other than can be drawn at this size"));
        }
    }

    fn covered_by(&self, bounds: Rect) -> f64 {
        let seen = bounds.intersect(self.canvas);
        if seen.is_finite() { seen.area().abs() } else { self.canvas.area() }
    }

    fn path(&mut self, path: &BezPath, transform: Affine, mode: &DrawMode) {
        let (filled, stroke) = match mode {
            DrawMode::Fill(_) => (true, None),
            DrawMode::Stroke(stroke) => (false, Some(stroke)),
            DrawMode::FillAndStroke(_, stroke) => (true, Some(stroke)),
            DrawMode::Invisible => return,
        };
        if filled {
            self.add(self.covered_by(transform.transform_rect_bbox(path.control_box())));
        }
        if let Some(stroke) = stroke {
            self.line(length(path), scale(transform), stroke);
        }
    }

    /// A line of that length, in units that are so many pixels.
    fn line(&mut self, length: f64, scale: f64, stroke: &StrokeProps) {
        /// Whatever is drawn takes as many pixels as are drawn at a time.
        const LEAST_WIDTH: f64 = 4.0;
        let width = (f64::from(stroke.line_width) * scale).max(LEAST_WIDTH);
        self.add((length * scale * width).min(2.0 * self.canvas.area()));
        if stroke.dash_array.is_empty() {
            return;
        }
        let period: f64 = stroke.dash_array.iter().map(|&dash| f64::from(dash)).sum();
        self.dashes += length / period * stroke.dash_array.len() as f64;
        if period <= 0.0 || self.dashes.is_nan() || self.dashes > DASHES_MAX {
            stop(unsupported("lines of more dashes than can be drawn"));
        }
    }

    fn picture(&mut self, stream: &Stream<'_>) {
        self.pixels = self.pixels.saturating_add(pixels_of(stream));
        if let Some(mask) = stream.dict().get::<Stream<'_>>("SMask") {
            self.pixels = self.pixels.saturating_add(pixels_of(&mask));
        }
        if self.pixels > self.limits.pixels {
            let (found, limit) = (self.pixels, self.limits.pixels);
            stop(TransformError::TooManyPixels { found, limit });
        }
    }

    fn mask<'a>(&mut self, mask: Option<&SoftMask<'a>>) {
        let Some(mask) = mask else { return };
        if !self.masks.insert(mask.cache_key()) {
            return;
        }
        self.add(self.canvas.area());
        if self.masks.len() as f64 * self.canvas.area() > MASKED_MAX {
            stop(unsupported("more masks than can be drawn at this size"));
        }
        mask.interpret(self);
    }

    fn paint<'a>(&mut self, paint: &Paint<'a>, bounds: Rect) {
        if let Paint::Pattern(pattern) = paint
            && let Pattern::Tiling(pattern) = &**pattern
        {
            self.pattern(pattern, bounds.intersect(self.canvas));
        }
    }

    /// Of a pattern one cell is drawn, and whatever of its neighbours reaches into that; or what is seen of it, if that is less.
    fn pattern<'a>(&mut self, pattern: &TilingPattern<'a>, bounds: Rect) {
        let (across, down) = x_y_advances(&pattern.matrix);
        let area = pattern.matrix.inverse().transform_rect_bbox(bounds);
        let (step_x, step_y) = (f64::from(pattern.x_step.abs()), f64::from(pattern.y_step.abs()));
        let width = area.width().min(step_x) * across.length();
        let height = area.height().min(step_y) * down.length();
        let cell = width.max(1.0) * height.max(1.0);
        if cell.is_nan() || cell > CELL_MAX {
            stop(unsupported("patterns whose cells are larger than can be drawn"));
        }
        let reaching = |size: f64, step: f64| (size / step).ceil().abs() + 1.0;
        let copies = reaching(pattern.bbox.width(), step_x) * reaching(pattern.bbox.height(), step_y);
        if copies.is_nan() || copies > DRAWN_MAX as f64 {
            stop(unsupported("patterns of more cells than can be drawn"));
        }
        self.add(cell);
        let before = (self.drawn, self.covered, self.dashes);
        pattern.interpret(self, Affine::IDENTITY, false);
        // As often as that is done.
        let again = copies - 1.0;
        self.drawn += ((self.drawn - before.0) as f64 * again) as u64;
        self.dashes += (self.dashes - before.2) * again;
        self.covered = before.1;
        self.add(cell * again);
    }
}

impl<'a> Device<'a> for Weight<'_> {
    fn draw_path(&mut self, path: &BezPath, props: DrawProps<'a>, mode: &DrawMode) {
        self.mask(props.soft_mask.as_ref());
        self.paint(&props.paint, props.transform.transform_rect_bbox(path.control_box()));
        self.path(path, props.transform, mode);
    }

    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, mode: &DrawMode) {
        self.mask(props.soft_mask.as_ref());
        for glyph in run.glyphs() {
            let transform = props.transform * glyph.transform();
            match &**glyph {
                Glyph::Outline(_) => {
                    let bounds = transform.transform_rect_bbox(EM);
                    self.paint(&props.paint, bounds);
                    self.add(self.covered_by(bounds));
                    if let DrawMode::Stroke(stroke) | DrawMode::FillAndStroke(_, stroke) = mode {
                        self.line(OUTLINE * scale(glyph.transform()), scale(props.transform), stroke);
                    }
                }
                Glyph::Type3(glyph_of_shapes) => {
                    self.add(0.0);
                    glyph_of_shapes.interpret(self, props.transform, glyph.transform(), &props.paint);
                }
            }
        }
    }

    fn draw_image(&mut self, image: Image<'a, '_>, props: ImageDrawProps<'a>) {
        self.mask(props.soft_mask.as_ref());
        if self.pictures.insert(image.cache_key()) {
            match &image {
                Image::Raster(picture) => self.picture(picture.stream()),
                Image::Stencil(picture) => self.picture(picture.stream()),
            }
        }
        let (width, height) = (f64::from(image.width()), f64::from(image.height()));
        let bounds = props.transform.transform_rect_bbox(Rect::new(0.0, 0.0, width, height));
        // Each time it is unpacked anew.
        self.add(self.covered_by(bounds) + width * height);
    }

    fn push_clip_path(&mut self, clip: &ClipPath) {
        self.add(self.covered_by(clip.path.control_box()));
    }

    fn push_transparency_group(&mut self, _: f32, mask: Option<SoftMask<'a>>, _: BlendMode) {
        self.mask(mask.as_ref());
        self.add(0.0);
    }

    fn pop_clip(&mut self) {}

    fn pop_transparency_group(&mut self) {}
}

/// How many pixels a unit becomes, in the direction in which it becomes more.
fn scale(transform: Affine) -> f64 {
    let (across, down) = x_y_advances(&transform);
    across.length().max(down.length())
}

/// Of the lines between the points of a path, which no curve is longer than.
fn length(path: &BezPath) -> f64 {
    use hayro::kurbo::PathEl;
    let (mut length, mut start, mut last) = (0.0, Point::ZERO, Point::ZERO);
    for element in path.elements() {
        let through: &[Point] = match element {
            PathEl::MoveTo(point) => {
                (start, last) = (*point, *point);
                &[]
            }
            PathEl::LineTo(point) => &[*point],
            PathEl::QuadTo(one, point) => &[*one, *point],
            PathEl::CurveTo(one, two, point) => &[*one, *two, *point],
            PathEl::ClosePath => &[start],
        };
        for &point in through {
            length += last.distance(point);
            last = point;
        }
    }
    length
}

/// Of a picture.
fn pixels_of(stream: &Stream<'_>) -> u64 {
    let side = |long: &str, short: &str| {
        let dict = stream.dict();
        dict.get::<u32>(short).or_else(|| dict.get::<u32>(long)).map_or(0, u64::from)
    };
    let told = side("Width", "W").saturating_mul(side("Height", "H"));
    let data = stream.raw_data();
    // A JPEG or JPEG 2000 has a size of its own, whatever is told of it.
    let own = dimensions(&data).map(|(_, size)| size.pixels()).or_else(|| jpeg_2000(&data)).unwrap_or(0);
    told.max(own)
}

/// By the marker SIZ, which is the first in a codestream (ISO/IEC 15444-1 §A.5.1); boxes may stand before that.
fn jpeg_2000(data: &[u8]) -> Option<u64> {
    let at = memchr::memmem::find(data.get(..data.len().min(1 << 16))?, b"\xff\x4f\xff\x51")?;
    let number = |offset: usize| {
        let bytes = data.get(at + offset..at + offset + 4)?;
        Some(bytes.iter().fold(0, |number: u64, byte| number << 8 | u64::from(*byte)))
    };
    Some(number(8)?.saturating_mul(number(12)?))
}

/// Bytes that drawing a page on so many pixels may take, the pictures in it being of the usual size.
pub(crate) fn memory(pixels: u64, bytes: u64) -> u64 {
    /// The canvas, and pixels; a group that is mixed with what is below it, and a mask.
    const PIXEL: u64 = 4 + 4 + 4 + 1;
    /// A page that was scanned, in its colours and brought to ours.
    const PICTURES: u64 = 96 << 20;
    // What is read is a copy; fonts, forms and paths are unpacked.
    PICTURES + pixels * PIXEL + 3 * bytes
}
