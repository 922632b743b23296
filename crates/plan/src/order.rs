//! The order of operations: one list, whatever the order in which a URL names them.

use crate::Plan;
use crate::amount::{Opacity, Percent};
use crate::colour::Colour;
use crate::geometry::{Sigma, device_length};
use crate::operation::adjustments::Adjustments;
use crate::operation::background::Covering;
use crate::operation::blend::{BlendMode, BlendWith};
use crate::operation::crop::Align;
use crate::operation::cut::Cut;
use crate::operation::duotone::Duotone;
use crate::operation::grid::GridColours;
use crate::operation::lettering::Lettering;
use crate::operation::mark::Overlay;
use crate::operation::mask::{Corner, Mask, MaskMode, MaskShape};
use crate::operation::resize::Resize;
use crate::operation::rotation::{Rotation, RotationFrame};
use crate::operation::sheet::{Sheet, SheetFit};
use crate::operation::trim::{Trim, TrimBy};
use crate::operation::unsharp::Radius;
use crate::operation::veil::Veil;
use crate::orientation::Orientation;
use crate::original_name::OriginalName;

/// One step of what is done to a picture, its lengths in device pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Before anything is known of the size.
    Trim {
        by: TrimBy,
        trim: Trim,
    },
    Cut(Cut),
    /// The quarter turns of a rotation, and a flip before them.
    Orient(Orientation),
    /// By less than a quarter turn.
    Rotate {
        angle: Rotation,
        frame: RotationFrame,
    },
    Resize(Resize),
    /// Leaves nothing but the foreground, as a model sees it in all that is used of the original.
    CutOut,
    /// White where it can be seen, black where not.
    ShowAlpha,
    Adjust(Adjustments),
    Monochrome(Colour),
    Sepia(Percent),
    Duotone {
        duotone: Duotone,
        opacity: Opacity,
    },
    Blend {
        colour: Colour,
        mode: BlendMode,
        opacity: Opacity,
    },
    /// The same with another picture.
    BlendSheet {
        sheet: Sheet,
        mode: BlendMode,
        opacity: Opacity,
    },
    /// Adds so many hundredths of the difference from a copy that is blurred with `sigma`.
    Unsharp {
        hundredths: i32,
        sigma: Sigma,
    },
    Pixelate {
        side: u32,
    },
    Halftone {
        distance: u32,
    },
    Blur(Sigma),
    /// Hides faces.
    Veil(Veil),
    /// Puts a picture that does not fill its box on a canvas that does.
    Place(Covering),
    /// Around the picture, or around the part of it that `inner` leaves.
    Border {
        width: u32,
        colour: Colour,
        inner: Option<Mask>,
    },
    Mask(Mask),
    /// Cuts to what another picture says.
    MaskSheet {
        sheet: Sheet,
        mode: MaskMode,
    },
    /// On a canvas that is larger by `margins`: top, right, bottom, left.
    Shadow {
        sigma: Option<Sigma>,
        offset: (i32, i32),
        colour: Colour,
        margins: [u32; 4],
    },
    /// Makes that much of it to be seen.
    Fade(Opacity),
    /// Top, right, bottom, left.
    Pad([u32; 4]),
    /// Lays another picture over all that.
    Mark(Overlay),
    /// Writes over all that.
    Text(Lettering),
    /// Shows what is still transparent.
    Grid {
        side: u32,
        colours: GridColours,
    },
    /// Closes what is still transparent.
    Flatten(Colour),
}

/// The width of the blur that `sharp` compares with, in tenths of a CSS pixel.
const SHARP_RADIUS: Option<Radius> = Radius::from_tenths(8);

impl Plan {
    /// What is done, in the order in which it is done; what would change nothing is left out.
    ///
    /// First what decides which part of the original is seen and how large, so that everything after works on as few
    /// pixels as will be seen. Then light, colour and detail of the picture; then what is around and behind it, which
    /// those leave alone.
    pub fn operations(&self) -> Vec<Operation> {
        // By name, so that what a plan gets new has to find its place here.
        let Plan {
            frame: _,
            page: _,
            trim,
            cut,
            flip,
            rotation,
            rotation_frame,
            resize,
            background_removed,
            only_alpha,
            adjustments,
            monochrome,
            sepia,
            duotone,
            duotone_opacity,
            ref blend,
            sharpness,
            unsharp,
            pixelate,
            halftone,
            blur,
            veil,
            ref background,
            border,
            ref mask,
            mask_fit,
            mask_mode,
            corner_radius,
            shadow,
            shadow_offset,
            opacity,
            pad,
            ref marks,
            ref texts,
            grid,
            format: _,
            palette: _,
            faces: _,
            primitive: _,
            quality: _,
            encoding: _,
            metadata: _,
        } = *self;
        let dpr = resize.dpr;
        let length = |css: u32| device_length(css, dpr);

        let orientation = {
            let mut orientation = Orientation::UPRIGHT;
            if flip.horizontal {
                orientation = orientation.then_mirrored_x();
            }
            if flip.vertical {
                orientation = orientation.then_mirrored_y();
            }
            (0..rotation.quarters()).fold(orientation, |turned, _| turned.turned_left())
        };
        let sides = pad.sides().map(|side| length(side.size()));
        let rest = rotation.rest();
        let sheet = |name: Option<&OriginalName>, fit: SheetFit, align: Align| {
            Some(Sheet { picture: self.place_of(name?)?, fit, align })
        };
        let masking = mask.as_ref().and_then(MaskShape::picture);
        let mask = mask.as_ref().and_then(|shape| match shape {
            MaskShape::Ellipse => Some(Mask::Ellipse),
            MaskShape::Corners => Some(Mask::Corners(corner_radius.0.map(|corner| match corner {
                Corner::Radius(radius) => Some(length(radius.size())),
                Corner::Max => None,
            }))),
            MaskShape::Picture(_) => None,
        });
        let blending = blend.with.as_ref().filter(|_| blend.opacity.percent() > 0);
        let blending = blending.and_then(|with| match with {
            BlendWith::Colour(colour) if colour.alpha == 0 => None,
            BlendWith::Colour(colour) => {
                Some(Operation::Blend { colour: *colour, mode: blend.mode, opacity: blend.opacity })
            }
            BlendWith::Picture(name) => {
                let sheet = sheet(Some(name), blend.fit, blend.align)?;
                Some(Operation::BlendSheet { sheet, mode: blend.mode, opacity: blend.opacity })
            }
        });
        let covering =
            background.covering(background.fill.picture().and_then(|name| self.place_of(name)), dpr);
        let shadow = shadow.map(|shadow| {
            let signed =
                |amount: i16| i64::from(length(amount.unsigned_abs().into())) * i64::from(amount.signum());
            let (x, y) = (signed(shadow_offset.x.get()), signed(shadow_offset.y.get()));
            let sigma = (!shadow.blur.is_zero()).then(|| Sigma::of(10 * shadow.blur.size(), dpr));
            // Beyond three standard deviations nothing is seen.
            let reach = sigma.map_or(0, |sigma| i64::from((3 * sigma.tenths()).div_ceil(10)));
            let margin = |towards: i64| u32::try_from(reach + towards).unwrap_or(0);
            Operation::Shadow {
                sigma,
                offset: (x as i32, y as i32),
                colour: shadow.colour,
                margins: [margin(-y), margin(x), margin(y), margin(-x)],
            }
        });

        let marks = marks.iter().filter_map(|mark| {
            let picture = self.place_of(mark.picture.as_ref()?)?;
            (mark.opacity.percent() > 0).then(|| Operation::Mark(mark.overlay(picture, dpr)))
        });
        let fonts = self.fonts();
        let texts = texts.iter().enumerate().filter_map(|(place, text)| {
            text.content.as_ref()?;
            let font = fonts.iter().position(|font| *font == text.font)?;
            (text.opacity.percent() > 0).then(|| Operation::Text(text.lettering(place, font, dpr)))
        });

        let before = [
            trim.by.map(|by| Operation::Trim { by, trim }),
            cut.map(Operation::Cut),
            (orientation != Orientation::UPRIGHT).then_some(Operation::Orient(orientation)),
            (rest != Rotation::default()).then_some(Operation::Rotate { angle: rest, frame: rotation_frame }),
            Some(Operation::Resize(resize)),
            background_removed.then_some(Operation::CutOut),
            only_alpha.then_some(Operation::ShowAlpha),
            (adjustments != Adjustments::default()).then_some(Operation::Adjust(adjustments)),
            monochrome.map(Operation::Monochrome),
            (!sepia.is_zero()).then_some(Operation::Sepia(sepia)),
            duotone
                .filter(|_| duotone_opacity.percent() > 0)
                .map(|duotone| Operation::Duotone { duotone, opacity: duotone_opacity }),
            blending,
            SHARP_RADIUS.filter(|_| !sharpness.is_zero()).map(|radius| Operation::Unsharp {
                hundredths: 2 * i32::from(sharpness.get()),
                sigma: Sigma::of(u32::from(radius.tenths()), dpr),
            }),
            (!unsharp.amount.is_zero()).then(|| Operation::Unsharp {
                hundredths: 2 * i32::from(unsharp.amount.get()),
                sigma: Sigma::of(u32::from(unsharp.radius.tenths()), dpr),
            }),
            Some(length(pixelate.size())).filter(|side| *side > 1).map(|side| Operation::Pixelate { side }),
            Some(length(halftone.size()))
                .filter(|distance| *distance > 0)
                .map(|distance| Operation::Halftone { distance }),
            (!blur.is_zero()).then(|| Operation::Blur(Sigma::of(blur.size(), dpr))),
            veil.hides().then_some(Operation::Veil(veil)),
            Some(Operation::Place(covering)),
            border.map(|border| {
                let width = length(border.size.size());
                Operation::Border { width, colour: border.colour, inner: mask.map(|mask| mask.inside(width)) }
            }),
            mask.map(Operation::Mask),
            sheet(masking, mask_fit, Align::MIDDLE)
                .map(|sheet| Operation::MaskSheet { sheet, mode: mask_mode }),
            shadow,
            (opacity.percent() < 100).then_some(Operation::Fade(opacity)),
            (sides != [0; 4]).then_some(Operation::Pad(sides)),
        ];
        let after = [
            grid.shown.then(|| Operation::Grid { side: length(grid.side.get()), colours: grid.colours }),
            background.colour.map(Operation::Flatten),
        ];
        before.into_iter().flatten().chain(marks).chain(texts).chain(after.into_iter().flatten()).collect()
    }
}
