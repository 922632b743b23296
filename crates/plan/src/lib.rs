//! What to do with a picture: operations, geometry, output.
//!
//! A URL of any dialect ends as a [`Plan`]; `transform` carries it out. Pure: no pixels, no I/O, no clock.

mod amount;
mod colour;
mod colour_names;
mod decimal;
mod description;
mod encoding;
mod excerpt;
mod fingerprint;
mod font_name;
mod geometry;
mod measure;
mod metadata;
mod operation;
mod order;
mod orientation;
mod original_name;
mod output;
mod page;
mod path;
mod primitive;
mod quality;
mod rectangle;
mod size;
mod source;

use serde::{Deserialize, Serialize};

pub use amount::{Amount, Fraction, InvalidAmount, InvalidFraction, Length, Opacity, Percent, Swing};
pub use colour::{Colour, InvalidColour};
pub use description::{Description, PaletteForm, PaletteSize, PaletteWish, UnknownPaletteForm};
pub use encoding::{Chroma, Colours, Encoding, InvalidMaxBytes, MaxBytes, UnknownChroma};
pub use excerpt::Excerpt;
pub use font_name::{FontName, InvalidFontName};
pub use geometry::{
    Geometry, GeometryError, Placement, Sigma, Turned, device_pixels, face_area, geometry, geometry_within,
    moved_to_faces, placement, sheet_placement, text_placement, text_room, turned_frame,
};
pub use measure::{InvalidMeasure, Measure};
pub use metadata::{ColourSpace, Dpi, Metadata, UnknownColourSpace};
pub use operation::adjustments::Adjustments;
pub use operation::aspect_ratio::{AspectRatio, InvalidAspectRatio};
pub use operation::background::{Background, Behind, Covering, Fill, InvalidFill};
pub use operation::blend::{Blend, BlendMode, BlendWith, InvalidBlend, UnknownBlendMode};
pub use operation::border::{Border, InvalidBorder};
pub use operation::bounds::Bounds;
pub use operation::clip::{Clip, ClipPlace, InvalidClip};
pub use operation::crop::{Align, Crop, FocalPoint, InvalidAlign, InvalidZoom, Side, WithoutFaces, Zoom};
pub use operation::cut::{Cut, Extent, InvalidCut, Start};
pub use operation::dpr::{Dpr, InvalidDpr};
pub use operation::duotone::{Duotone, InvalidDuotone};
pub use operation::face_area::{FaceArea, FacePad, InvalidFacePad};
pub use operation::flip::{Flip, InvalidFlip};
pub use operation::gradient::{
    Gradient, GradientColours, GradientShape, InvalidGradientColours, Towards, UnknownGradientShape,
};
pub use operation::grid::{Grid, GridColours, GridSide, InvalidGridColours};
pub use operation::lettering::Lettering;
pub use operation::mark::{Mark, Overlay, OverlaySize, Tiling, UnknownTiling};
pub use operation::mask::{
    Corner, CornerRadius, InvalidCornerRadius, Mask, MaskMode, MaskShape, UnknownMaskMode, UnknownMaskShape,
};
pub use operation::pad::Pad;
pub use operation::resize::{Fit, Resize, UnknownFit};
pub use operation::rotation::{InvalidRotation, Rotation, RotationFrame, UnknownRotationFrame};
pub use operation::shadow::{InvalidShadow, Shadow, ShadowOffset};
pub use operation::sheet::{Sheet, SheetFit, UnknownSheetFit};
pub use operation::text::{Content, InvalidContent, Text, TextFit, UnknownTextFit};
pub use operation::trim::{Tolerance, Trim, TrimBy, UnknownTrim};
pub use operation::unsharp::{InvalidRadius, Radius, Unsharp};
pub use operation::veil::Veil;
pub use order::Operation;
pub use orientation::Orientation;
pub use original_name::{InvalidOriginalName, OriginalName};
pub use output::{
    Accepted, Format, FormatWish, OutputFormat, UnknownFormat, accepted, moving_format, output_format,
};
pub use page::Page;
pub use path::{ENCODED, InvalidPath, OriginalPath};
pub use primitive::{Primitive, PrimitiveCount, PrimitiveShape, UnknownPrimitiveShape};
pub use quality::{InvalidQuality, InvalidQualityWish, Quality, QualityWish, Score};
pub use rectangle::{CropBox, Rect};
pub use size::Size;
pub use source::{InvalidSourceName, SourceName};

/// What is wished of one picture: each operation at most once, and the output.
///
/// Lengths are CSS pixels, as asked for. [`Plan::operations`] says what is done, in which order and in which pixels.
/// It is serialised to reach the process that carries it out, never to be kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Plan {
    /// Of an original that moves: this of its pictures, counted from one, and nothing that moves.
    pub frame: Option<Amount<1, 1000>>,
    pub page: Page,
    pub trim: Trim,
    pub cut: Option<Cut>,
    pub flip: Flip,
    pub rotation: Rotation,
    pub rotation_frame: RotationFrame,
    pub resize: Resize,
    /// Makes transparent whatever does not stand in the foreground.
    pub background_removed: bool,
    /// Shows how much could be seen instead of what.
    pub only_alpha: bool,
    pub adjustments: Adjustments,
    /// The colour that middle grey becomes; black and white stay.
    pub monochrome: Option<Colour>,
    pub sepia: Percent,
    pub duotone: Option<Duotone>,
    pub duotone_opacity: Opacity,
    pub blend: Blend,
    /// Fiftieths of the difference from a slightly blurred copy, added.
    pub sharpness: Percent,
    pub unsharp: Unsharp,
    /// The side of the squares that the picture is made of, in CSS pixels.
    pub pixelate: Percent,
    /// The distance of the dots that the picture is printed with, in CSS pixels.
    pub halftone: Percent,
    /// The standard deviation of a Gaussian blur, in tenths of a CSS pixel.
    pub blur: Amount<0, 2000>,
    pub veil: Veil,
    pub background: Background,
    pub border: Option<Border>,
    pub mask: Option<MaskShape>,
    /// Of another picture.
    pub mask_fit: SheetFit,
    pub mask_mode: MaskMode,
    pub corner_radius: CornerRadius,
    pub shadow: Option<Shadow>,
    pub shadow_offset: ShadowOffset,
    pub opacity: Opacity,
    pub pad: Pad,
    /// Other pictures over it, the first undermost.
    pub marks: [Mark; Mark::MAX],
    /// What is written over all that.
    pub texts: [Text; Text::MAX],
    pub grid: Grid,
    pub format: FormatWish,
    pub palette: PaletteWish,
    /// Whether [`Description::Info`] says where faces are.
    pub faces: bool,
    /// How [`Description::Primitive`] draws.
    pub primitive: Primitive,
    /// Nothing asked: what suits the format.
    pub quality: Option<QualityWish>,
    pub encoding: Encoding,
    pub metadata: Metadata,
}

impl Plan {
    /// What is to be told instead of shown, if that is the wish.
    pub fn description(&self) -> Option<Description> {
        match (self.palette.form, self.format) {
            (Some(form), _) => Some(Description::Palette(form)),
            (None, FormatWish::Described(description)) => Some(description),
            (None, _) => None,
        }
    }
}

impl Plan {
    /// Whether it has to be known where in the picture there are faces.
    pub fn looks_for_faces(&self) -> bool {
        self.resize.follows_faces() || self.veil.hides() || self.faces
    }

    /// Whether an original that is drawn stays so: nothing is to be done to its pixels, and no format of pixels is named.
    pub fn keeps_drawing(&self) -> bool {
        match (self.description(), self.format) {
            (Some(_), _) => false,
            (None, FormatWish::Svg) => true,
            (None, FormatWish::Original) => self.leaves_alone(),
            (None, _) => false,
        }
    }

    /// The originals that it needs beside the one it is for, each once.
    pub fn originals(&self) -> Vec<&OriginalName> {
        let mut originals = Vec::new();
        let sheets = [
            self.blend.with.as_ref().and_then(BlendWith::picture),
            self.mask.as_ref().and_then(MaskShape::picture),
            self.background.fill.picture(),
        ];
        let marks = self.marks.iter().map(|mark| mark.picture.as_ref());
        for name in marks.chain(sheets).flatten() {
            if !originals.contains(&name) {
                originals.push(name);
            }
        }
        originals
    }

    /// The fonts that its texts need, each once: those that are wished, and the one that lends them letters.
    pub fn fonts(&self) -> Vec<FontName> {
        let mut fonts = Vec::new();
        for text in self.texts.iter().filter(|text| text.content.is_some()) {
            for font in [text.font.clone(), FontName::default()] {
                if !fonts.contains(&font) {
                    fonts.push(font);
                }
            }
        }
        fonts
    }

    /// Where among [`Plan::originals`] this one stands.
    pub(crate) fn place_of(&self, name: &OriginalName) -> Option<usize> {
        self.originals().iter().position(|original| *original == name)
    }
}
