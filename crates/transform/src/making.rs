//! From the decoded picture to the one that is encoded: cut, resized and turned in one pass, then each operation in
//! its turn.

mod matte;

use plan::{
    Behind, Covering, Crop, CropBox, Fit, Geometry, Operation, Orientation, Plan, Rect, Resize, Sheet, Size,
    Text, Turned,
};

use crate::Header;
use crate::codec::{Picture, View};
use crate::colour::{self, Matrix};
use crate::encode::Target;
use crate::error::TransformError;
use crate::faces;
use crate::foreground::{self, Network};
use crate::limits::{Deadline, Limits};
use crate::operation::{self, Bench};
use crate::other::Other;
use crate::pixels::Pixels;
use crate::planes::Plane;
use crate::resample::Resampler;
use crate::saliency;
use crate::text::Font;

/// What is seen behind a picture whose format cannot leave it open.
const WHITE: [u8; 4] = [255; 4];

/// One plan for one original, before its pixels are known.
pub(crate) struct Making {
    operations: Vec<Operation>,
    geometry: Geometry,
    /// How the original is stored, and its size as one sees it.
    stored: Orientation,
    upright: Size,
    /// What trimming has left, or all.
    rest: Rect,
    resize: Resize,
    /// Whether it matters where there are faces.
    looks_for_faces: bool,
    /// Whether it matters what is foreground.
    cuts_out: bool,
    /// What sees that.
    pub network: Option<Network>,
    /// The further originals, once they are decoded.
    pub others: Vec<Other>,
    texts: [Text; Text::MAX],
    /// Those of [`Plan::fonts`].
    pub fonts: Vec<Font>,
}

impl Making {
    pub fn new(plan: &Plan, header: &Header, limits: &Limits) -> Result<Self, TransformError> {
        let Size { width, height } = header.upright;
        Self::of(plan, header, Rect { x: 0, y: 0, width, height }, limits)
    }

    /// For what trimming leaves of a picture, which has been decoded at full size.
    pub fn trimmed(
        plan: &Plan,
        header: &Header,
        picture: &Picture,
        limits: &Limits,
    ) -> Result<Self, TransformError> {
        let Some(by) = plan.trim.by else { return Self::new(plan, header, limits) };
        let stored = operation::trimmed(&plan.trim, by, picture);
        let CropBox { x, y, width, height } = header.orientation.inverse().stored_crop(stored, header.size);
        let rest = Rect { x: x as u32, y: y as u32, width: width as u32, height: height as u32 };
        Self::of(plan, header, rest, limits)
    }

    fn of(plan: &Plan, header: &Header, seen: Rect, limits: &Limits) -> Result<Self, TransformError> {
        Ok(Self {
            operations: plan.operations(),
            geometry: plan::geometry_within(plan, seen, limits.output_side)?,
            stored: header.orientation,
            upright: header.upright,
            rest: seen,
            resize: plan.resize,
            looks_for_faces: plan.looks_for_faces(),
            cuts_out: plan.background_removed,
            network: None,
            others: Vec::new(),
            texts: plan.texts.clone(),
            fonts: Vec::new(),
        })
    }

    /// The size of what is made.
    pub fn size(&self) -> Size {
        self.geometry.output
    }

    /// What another plan would make of the same part of the original.
    pub fn by(&self, plan: &Plan, header: &Header, limits: &Limits) -> Result<Self, TransformError> {
        Self::of(plan, header, self.rest, limits)
    }

    /// Whether the picture has to be looked at before it is known which part of it is seen.
    pub fn looks(&self) -> bool {
        self.resize.follows_faces() || self.seeks_detail()
    }

    fn seeks_detail(&self) -> bool {
        self.resize.crops() && self.resize.crop.without_faces() == Crop::Entropy
    }

    /// Whether each pixel of an opaque original stays what and where it is.
    pub fn moves_nothing(&self) -> bool {
        let Geometry { orientation, ref turned, crop, placed, output, .. } = self.geometry;
        let changes = |operation: &Operation| match operation {
            Operation::Trim { .. }
            | Operation::Cut(_)
            | Operation::Orient(_)
            | Operation::Resize(_)
            | Operation::Grid { .. }
            | Operation::Flatten(_) => false,
            Operation::Place(_) => self.geometry.is_padded(),
            _ => true,
        };
        self.stored.then(orientation) == Orientation::UPRIGHT
            && turned.is_none()
            && crop == CropBox::whole(self.upright)
            && self.geometry.cut == self.rest
            && self.rest.size() == self.upright
            && placed.size() == self.upright
            && output == self.upright
            && !self.looks()
            && !self.looks_for_faces
            && !self.cuts_out
            && !self.operations.iter().any(changes)
    }

    /// Which part of the original is seen, as it is stored, and on how many pixels; nothing where all of it matters.
    pub fn drawn(&self) -> Option<(CropBox, Size)> {
        if self.looks_for_faces || self.cuts_out {
            return None;
        }
        let whole = self.geometry.oriented();
        let (part, size) = match self.geometry.turned {
            None => (self.geometry.crop, self.geometry.placed.size()),
            Some(_) => (CropBox::whole(whole), scaled(whole, self.smaller())),
        };
        Some((self.in_stored(part), self.stored.then(self.geometry.orientation).size(size)))
    }

    /// A part of what is used of the original, as one sees it, in the original.
    fn in_stored(&self, part: CropBox) -> CropBox {
        self.stored.stored_crop(self.geometry.in_original(part), self.upright)
    }

    /// How many times smaller a picture may be before it is turned.
    fn smaller(&self) -> f64 {
        (1.0 / self.shrink()).min(1.0)
    }

    /// How many pixels of the original there are for each of the output, in the direction that has fewer.
    pub fn shrink(&self) -> f64 {
        let Geometry { crop, placed, .. } = self.geometry;
        (crop.width / f64::from(placed.width)).min(crop.height / f64::from(placed.height))
    }

    /// How many pixels of the original the decoder may make one of.
    pub fn decoded_shrink(&self) -> f64 {
        let Size { width, height } = self.geometry.oriented();
        let mut shrink = self.shrink();
        if self.looks_for_faces {
            // Whether a face is found does not depend on how large it is to be shown.
            let small = faces::looked_at(Size { width, height });
            shrink = shrink.min(f64::from(width.max(height)) / f64::from(small.width.max(small.height)));
        }
        if self.cuts_out {
            // Nor does what is foreground.
            shrink = shrink.min((f64::from(width.min(height)) / foreground::SIDE_MAX as f64).max(1.0));
        }
        shrink
    }

    /// How many pixels of a further original there are at least for each that is seen of it, wherever it is used.
    pub fn shrink_of(&self, place: usize, own: Size) -> f64 {
        let spread = |sheet: &Sheet, frame: Size| {
            let (part, covered) = plan::sheet_placement(sheet, own, frame);
            (part, covered.size())
        };
        let used = |operation: &Operation| match operation {
            Operation::Mark(overlay) if overlay.picture == place => {
                let size = plan::placement(overlay, own, self.geometry.output).size;
                Some((CropBox::whole(own), size))
            }
            Operation::BlendSheet { sheet, .. } if sheet.picture == place => {
                Some(spread(sheet, self.geometry.placed.size()))
            }
            Operation::Place(Covering { behind: Behind::Sheet { sheet, .. }, .. })
                if sheet.picture == place =>
            {
                Some(spread(sheet, self.geometry.canvas))
            }
            // With the border, and perhaps less than that.
            Operation::MaskSheet { sheet, .. } if sheet.picture == place => {
                Some(spread(sheet, self.geometry.output))
            }
            _ => None,
        };
        let shrink = |(part, size): (CropBox, Size)| {
            (part.width / f64::from(size.width)).min(part.height / f64::from(size.height))
        };
        self.operations.iter().filter_map(used).map(shrink).fold(f64::INFINITY, f64::min)
    }

    /// Whether what is made of a picture with (or without) transparent pixels needs a format that holds them.
    pub fn keeps_alpha(&self, has_alpha: bool) -> bool {
        let closed =
            |operation: &Operation| matches!(operation, Operation::Flatten(colour) if colour.alpha == 255);
        let opens = |operation: &Operation| {
            matches!(
                operation,
                Operation::Mask(_)
                    | Operation::MaskSheet { .. }
                    | Operation::Shadow { .. }
                    | Operation::Fade(_)
            )
        };
        let has_alpha = has_alpha || self.cuts_out;
        let has_alpha = has_alpha && !self.operations.contains(&Operation::ShowAlpha);
        let has_alpha = has_alpha || self.operations.iter().any(opens);
        has_alpha && !self.operations.iter().any(closed)
    }

    /// Settles what is seen where that depends on the picture: once, so that an animation does not jump about.
    pub fn look(
        &mut self,
        picture: &Picture,
        view: View,
        deadline: &Deadline,
        resampler: &mut Resampler,
    ) -> Result<(), TransformError> {
        if self.resize.follows_faces() {
            let faces = self.faces(picture, view, deadline, resampler)?;
            if !faces.is_empty() {
                let (crop, seen) = (self.geometry.crop, self.geometry.seen());
                self.geometry.crop = match self.resize.fit {
                    Fit::FaceArea => {
                        plan::face_area(&self.resize, seen, self.geometry.canvas, &faces).unwrap_or(crop)
                    }
                    _ => plan::moved_to_faces(crop, seen, &faces),
                };
                return Ok(());
            }
        }
        if self.seeks_detail() {
            let small = saliency::looked_at(self.geometry.oriented());
            let luma = self.luma(picture, view, small, deadline, resampler)?;
            self.geometry.crop = saliency::moved(self.geometry.crop, self.geometry.seen(), &luma);
        }
        Ok(())
    }

    /// Where there are faces, in pixels of [`Geometry::seen`], from left to right.
    fn faces(
        &self,
        picture: &Picture,
        view: View,
        deadline: &Deadline,
        resampler: &mut Resampler,
    ) -> Result<Vec<CropBox>, TransformError> {
        let small = faces::looked_at(self.geometry.oriented());
        let luma = self.luma(picture, view, small, deadline, resampler)?;
        let seen = self.geometry.seen();
        let (across, down) =
            (f64::from(seen.width) / luma.width as f64, f64::from(seen.height) / luma.height as f64);
        let enlarged = |face: CropBox| CropBox {
            x: face.x * across,
            y: face.y * down,
            width: face.width * across,
            height: face.height * down,
        };
        Ok(faces::found(&luma, deadline)?.into_iter().map(enlarged).collect())
    }

    /// Where in what is made of a picture there are faces.
    pub fn faces_in_output(
        &self,
        picture: &Picture,
        view: View,
        deadline: &Deadline,
        resampler: &mut Resampler,
    ) -> Result<Vec<Rect>, TransformError> {
        let faces = self.faces(picture, view, deadline, resampler)?;
        Ok(faces.into_iter().filter_map(|face| self.geometry.in_output(face)).collect())
    }

    /// The light in what is used of the original, as one sees it, brought to the size `small` before it is turned by less
    /// than a quarter.
    fn luma(
        &self,
        picture: &Picture,
        view: View,
        small: Size,
        deadline: &Deadline,
        resampler: &mut Resampler,
    ) -> Result<Plane, TransformError> {
        let whole = self.geometry.oriented();
        let orientation = self.stored.then(self.geometry.orientation);
        let part = view.of(self.in_stored(CropBox::whole(whole)));
        let stored = orientation.size(small);
        let luma = match picture {
            Picture::Planes(planes) => {
                planes.luma.resized(part, (stored.width as usize, stored.height as usize), resampler)?
            }
            Picture::Pixels(pixels) => luma_of(&pixels.resized(part, stored, resampler)?),
        };
        let luma = luma.upright(orientation);
        let Some(Turned { angle, frame }) = self.geometry.turned else { return Ok(luma) };
        let grey = luma.samples.iter().map(|&luma| [luma, luma, luma, 255]).collect();
        let grey = Pixels { size: small, rgba: grey };
        let frame = scaled(frame, f64::from(small.width) / f64::from(whole.width));
        Ok(luma_of(&operation::rotated(&grey, angle, frame, deadline)?))
    }

    /// `view` is that of the decoded picture, which may be smaller than the original, or a part of it.
    pub fn make(
        &self,
        picture: Picture,
        view: View,
        target: &Target,
        deadline: &Deadline,
        resampler: &mut Resampler,
    ) -> Result<Picture, TransformError> {
        // In each picture of what moves: faces do.
        let faces = if self.operations.iter().any(|operation| matches!(operation, Operation::Veil(_))) {
            let faces = self.faces(&picture, view, deadline, resampler)?;
            faces.into_iter().map(|face| self.geometry.resized(face)).collect()
        } else {
            Vec::new()
        };
        let matte = match &self.network {
            Some(network) if self.cuts_out => Some(self.matte(network, &picture, view, deadline, resampler)?),
            _ => None,
        };
        let mut picture = match &self.geometry.turned {
            None => {
                let to = self.geometry.placed.size();
                self.seen(picture, view, self.geometry.crop, to, self.planes(target), resampler)?
            }
            Some(turned) => Picture::Pixels(self.turned(turned, picture, view, deadline, resampler)?),
        };
        let mut bench = Bench {
            geometry: &self.geometry,
            faces: &faces,
            matte: matte.as_ref(),
            others: &self.others,
            texts: &self.texts,
            fonts: &self.fonts,
            deadline,
            resampler,
        };
        for operation in &self.operations {
            picture = operation::carry_out(operation, picture, &mut bench)?;
        }
        Ok(match picture {
            Picture::Planes(planes) => Picture::Planes(planes),
            Picture::Pixels(pixels) => as_encoded(pixels, target),
        })
    }

    /// How many pixels share a sample of chroma, where there is no need for pixels.
    fn planes(&self, target: &Target) -> Option<(u8, u8)> {
        let keeps = |operation: &Operation| operation::keeps_planes(operation, &self.geometry);
        let planar = !target.is_lossless() && self.operations.iter().all(keeps);
        planar.then(|| target.shared_chroma())
    }

    /// The part `crop` of what is used of the original, as one sees it, at size `to`.
    fn seen(
        &self,
        picture: Picture,
        view: View,
        crop: CropBox,
        to: Size,
        as_planes: Option<(u8, u8)>,
        resampler: &mut Resampler,
    ) -> Result<Picture, TransformError> {
        let orientation = self.stored.then(self.geometry.orientation);
        let crop = view.of(self.in_stored(crop));
        let to = orientation.size(to);
        let pixels = match picture {
            Picture::Planes(planes) => {
                if let Some(shared) = as_planes.filter(|_| planes.matrix == Matrix::Bt601) {
                    let resized = planes.resized_sharing(shared, crop, to, orientation, resampler)?;
                    return Ok(Picture::Planes(resized.upright(orientation)));
                }
                colour::to_pixels(&planes.resized_444(crop, to, resampler)?)
            }
            Picture::Pixels(pixels) => pixels.into_resized(crop, to, resampler)?,
        };
        Ok(Picture::Pixels(pixels.upright(orientation)))
    }

    /// Turned by less than a quarter, and then cut and resized: on no more pixels than will be seen.
    fn turned(
        &self,
        turned: &Turned,
        picture: Picture,
        view: View,
        deadline: &Deadline,
        resampler: &mut Resampler,
    ) -> Result<Pixels, TransformError> {
        let smaller = self.smaller();
        let whole = self.geometry.oriented();
        let to = scaled(whole, smaller);
        let picture = self.seen(picture, view, CropBox::whole(whole), to, None, resampler)?;
        let Picture::Pixels(pixels) = picture else {
            return Err(TransformError::failed("turning", "the picture has not become pixels"));
        };
        let frame = scaled(turned.frame, smaller);
        let made = operation::rotated(&pixels, turned.angle, frame, deadline)?;
        let (across, down) = (
            f64::from(frame.width) / f64::from(turned.frame.width),
            f64::from(frame.height) / f64::from(turned.frame.height),
        );
        let CropBox { x, y, width, height } = self.geometry.crop;
        let crop = CropBox { x: x * across, y: y * down, width: width * across, height: height * down };
        made.resized(crop, self.geometry.placed.size(), resampler)
    }
}

/// Pixels as the encoder of what they are to become takes them.
pub(crate) fn as_encoded(pixels: Pixels, target: &Target) -> Picture {
    let pixels = if target.format.holds_alpha() { pixels } else { pixels.flattened(WHITE) };
    if !target.is_lossless() && pixels.is_opaque() {
        Picture::Planes(colour::to_planes(&pixels, target.shared_chroma()))
    } else {
        Picture::Pixels(pixels)
    }
}

/// A size at another scale, at least one pixel each way.
fn scaled(size: Size, scale: f64) -> Size {
    let side = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
    Size { width: side(size.width), height: side(size.height) }
}

/// As it is seen on black: what is transparent has no detail.
fn luma_of(pixels: &Pixels) -> Plane {
    let luma = |&[r, g, b, a]: &[u8; 4]| (colour::luma_of([r, g, b]) * f32::from(a) / 255.0).round() as u8;
    let samples = pixels.rgba.iter().map(luma).collect();
    Plane { width: pixels.size.width as usize, height: pixels.size.height as usize, samples }
}
