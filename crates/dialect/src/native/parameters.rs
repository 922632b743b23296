//! Every parameter of the dialect, in the order of the canonical URL: what it is called, what it takes, where it goes.
//!
//! The names are those of imgix, and of Cloudimage for what imgix does not have.

#[macro_use]
mod parameter;
mod laid_over;
mod marks;
mod texts;

pub(super) use self::marks::MARKS;
pub(super) use self::parameter::Parameter;
pub(super) use self::texts::TEXTS;

use self::parameter::{
    COLOUR, FRACTION, LENGTH, MODE, Needs, PERCENT, PLACE, SIDE, SWING, read, read_some, side, written,
    written_name,
};

use plan::{
    Background, Blend, BlendWith, Crop, Description, Fill, Fit, Format, FormatWish, Fraction, GradientShape,
    MaskShape, OutputFormat, Plan, Resize, TrimBy,
};

const FOCAL_POINT: Option<Needs> =
    Some(Needs { what: "crop=focalpoint", met: |plan| plan.resize.crop == Crop::FocalPoint });

const PRIMITIVE: Option<Needs> = Some(Needs {
    what: "format=primitive",
    met: |plan| plan.format == FormatWish::Described(Description::Primitive),
});
const FACE_AREA: Option<Needs> = Some(Needs {
    what: "fit=facearea, and w and h, or ar",
    met: |plan| plan.resize.fit == Fit::FaceArea && plan.resize.has_box(),
});

fn written_coordinate(coordinate: Fraction) -> Option<String> {
    (coordinate != Fraction::HALF).then(|| coordinate.to_string())
}

const SHEET_FIT: &str = "clip, crop or scale";
const BLEND_PICTURE: Option<Needs> = Some(Needs {
    what: "blend with an original",
    met: |plan| plan.blend.with.as_ref().and_then(BlendWith::picture).is_some(),
});
const FILL_PICTURE: Option<Needs> = Some(Needs {
    what: "fill=blur, or fill with an original",
    met: |plan| plan.background.fill == Fill::Blur || plan.background.fill.picture().is_some(),
});
const MASK_PICTURE: Option<Needs> = Some(Needs {
    what: "mask with an original",
    met: |plan| plan.mask.as_ref().and_then(MaskShape::picture).is_some(),
});

fn fills(plan: &Plan) -> bool {
    plan.resize.fills() && plan.resize.has_box()
}

/// Whether the URL names one of these formats, or leaves the choice to us.
fn may_be(plan: &Plan, formats: &[Format]) -> bool {
    match plan.format {
        FormatWish::Auto(_) => true,
        FormatWish::Exactly(format) => formats.contains(&format),
        FormatWish::Original | FormatWish::Described(_) | FormatWish::Svg => false,
    }
}

const FORMAT_AUTO: &str = "auto";
const FORMAT_ORIGINAL: &str = "original";

fn read_format(text: &str, accept: Option<&str>, plan: &mut Plan) -> Option<()> {
    plan.format = match text {
        FORMAT_AUTO => FormatWish::Auto(plan::accepted(accept)),
        FORMAT_ORIGINAL => FormatWish::Original,
        OutputFormat::SVG => FormatWish::Svg,
        _ => match Description::FORMATS.into_iter().find(|description| description.as_str() == text) {
            Some(description) => FormatWish::Described(description),
            None => FormatWish::Exactly(text.parse().ok()?),
        },
    };
    Some(())
}

fn written_format(plan: &Plan) -> Option<String> {
    match plan.format {
        FormatWish::Original => None,
        FormatWish::Auto(_) => Some(FORMAT_AUTO.to_owned()),
        FormatWish::Exactly(format) => Some(format.to_string()),
        FormatWish::Described(description) => Some(description.to_string()),
        FormatWish::Svg => Some(OutputFormat::SVG.to_owned()),
    }
}

pub(super) const TABLE: &[Parameter] = &[
    Parameter {
        name: "w",
        allowed: SIDE,
        read: |text, _, plan| side(text).map(|width| plan.resize.width = Some(width)),
        write: |plan| plan.resize.width.as_ref().map(ToString::to_string),
        needs: None,
    },
    Parameter {
        name: "h",
        allowed: SIDE,
        read: |text, _, plan| side(text).map(|height| plan.resize.height = Some(height)),
        write: |plan| plan.resize.height.as_ref().map(ToString::to_string),
        needs: None,
    },
    parameter!(
        "fit",
        "clip, max, crop, min, fill, fillmax, cropfit, scale, boundmin or facearea",
        resize.fit
    ),
    bound!("min-w", width, min_width),
    bound!("max-w", width, max_width),
    bound!("min-h", height, min_height),
    bound!("max-h", height, max_height),
    Parameter {
        name: "ar",
        allowed: "an aspect ratio from 1:100 to 100:1, as W:H or as a number, with at most three decimals",
        read: |text, _, plan| read_some(text, &mut plan.resize.aspect_ratio),
        write: |plan| plan.resize.aspect_ratio.as_ref().map(ToString::to_string),
        needs: Some(Needs {
            what: "at most one of w and h, and fit=crop, min, fill, fillmax, cropfit, scale or facearea",
            met: |plan| {
                let Resize { width, height, fit, .. } = plan.resize;
                fit.has_proportions_of_the_box() && (width.is_none() || height.is_none())
            },
        }),
    },
    parameter!(
        "crop",
        "top, middle or bottom, left, center or right, or one of each with a comma; or focalpoint, entropy or faces; or faces and one of these but focalpoint",
        resize.crop,
        needs "fit=crop, min, cropfit or facearea, and w and h, or ar",
        |plan| plan.resize.crops() && plan.resize.has_box()
    ),
    Parameter {
        name: "fp-x",
        allowed: FRACTION,
        read: |text, _, plan| read(text, &mut plan.resize.focal_point.x),
        write: |plan| written_coordinate(plan.resize.focal_point.x),
        needs: FOCAL_POINT,
    },
    Parameter {
        name: "fp-y",
        allowed: FRACTION,
        read: |text, _, plan| read(text, &mut plan.resize.focal_point.y),
        write: |plan| written_coordinate(plan.resize.focal_point.y),
        needs: FOCAL_POINT,
    },
    parameter!(
        "fp-z",
        "a number from 1 to 100 with at most two decimals",
        resize.focal_point.zoom,
        FOCAL_POINT
    ),
    optional!("faceindex", "a whole number from 1 to 100", resize.face_area.index, FACE_AREA),
    parameter!("facepad", "a number from 1 to 10 with at most two decimals", resize.face_area.pad, FACE_AREA),
    flag!("org_if_sml", resize.never_enlarge),
    optional!("frame", "a whole number from 1 to 1000", frame),
    parameter!("page", "a whole number from 1 to 9999", page),
    optional!("trim", "auto, color or alpha", trim.by),
    optional!("trim-color", COLOUR, trim.colour, needs "trim=auto or color", |plan| {
        matches!(plan.trim.by, Some(TrimBy::Auto | TrimBy::Colour))
    }),
    parameter!("trim-tol", PERCENT, trim.tolerance, needs "trim", |plan| plan.trim.by.is_some()),
    parameter!("trim-pad", LENGTH, trim.pad, needs "trim", |plan| plan.trim.by.is_some()),
    optional!(
        "rect",
        "x,y,width,height, each a number of pixels or a decimal from 0.0 to 1.0; x may also be left, center or right, \
         y top, middle or bottom",
        cut
    ),
    parameter!("flip", "h, v or hv", flip),
    parameter!("rot", "a number of degrees from 0 to 359.9 with at most one decimal", rotation),
    parameter!(
        "rot-type",
        "pivot or straighten",
        rotation_frame,
        needs "a rot that is no multiple of 90",
        |plan| plan.rotation.rest() != plan::Rotation::default()
    ),
    flag!("bg-remove", background_removed),
    Parameter {
        name: "alpha",
        allowed: "extract",
        read: |text, _, plan| (text == "extract").then(|| plan.only_alpha = true),
        write: |plan| plan.only_alpha.then(|| "extract".to_owned()),
        needs: None,
    },
    parameter!("exposure", SWING, adjustments.exposure),
    parameter!("bri", SWING, adjustments.brightness),
    parameter!("con", SWING, adjustments.contrast),
    parameter!("gam", SWING, adjustments.gamma),
    parameter!("high", "a whole number from -100 to 0", adjustments.highlights),
    parameter!("shad", PERCENT, adjustments.shadows),
    parameter!("hue", "a whole number from 0 to 359", adjustments.hue),
    parameter!("sat", SWING, adjustments.saturation),
    parameter!("vib", SWING, adjustments.vibrance),
    flag!("gray", adjustments.greyscale),
    flag!("invert", adjustments.invert),
    optional!("monochrome", COLOUR, monochrome),
    parameter!("sepia", PERCENT, sepia),
    optional!("duotone", "two opaque colours with a comma, for the dark and for the light", duotone),
    parameter!("duotone-alpha", PERCENT, duotone_opacity, needs "duotone", |plan| plan.duotone.is_some()),
    Parameter {
        name: "blend",
        allowed: "a colour as of bg, or an original, as in brand/paper.jpg: its source and its path",
        read: |text, _, plan| read_some(text, &mut plan.blend.with),
        write: |plan| {
            plan.blend.with.as_ref().map(|with| match with {
                BlendWith::Colour(colour) => colour.to_string(),
                BlendWith::Picture(name) => written_name(name),
            })
        },
        needs: None,
    },
    parameter!(
        "blend-mode",
        MODE,
        blend.mode,
        needs "blend",
        |plan| plan.blend.with.is_some()
    ),
    parameter!("blend-alpha", PERCENT, blend.opacity, needs "blend", |plan| plan.blend.with.is_some()),
    Parameter {
        name: "blend-fit",
        allowed: SHEET_FIT,
        read: |text, _, plan| read(text, &mut plan.blend.fit),
        write: |plan| (plan.blend.fit != Blend::FIT).then(|| plan.blend.fit.to_string()),
        needs: BLEND_PICTURE,
    },
    parameter!("blend-align", PLACE, blend.align, BLEND_PICTURE),
    parameter!("sharp", PERCENT, sharpness),
    parameter!("usm", SWING, unsharp.amount),
    parameter!(
        "usmrad",
        "a number from 0.1 to 100 with at most one decimal",
        unsharp.radius,
        needs "usm",
        |plan| !plan.unsharp.amount.is_zero()
    ),
    parameter!("px", PERCENT, pixelate),
    parameter!("htn", PERCENT, halftone),
    parameter!("blur", "a whole number from 0 to 2000", blur),
    parameter!("face-pixel", PERCENT, veil.squares),
    parameter!("face-blur", PERCENT, veil.blur),
    optional!("face-fill", COLOUR, veil.colour),
    optional!("bg", COLOUR, background.colour),
    Parameter {
        name: "fill",
        allowed: "solid, blur, gradient, or an original, as in brand/wood.jpg: its source and its path",
        read: |text, _, plan| read(text, &mut plan.background.fill),
        write: |plan| match &plan.background.fill {
            Fill::Solid => None,
            Fill::Blur => Some("blur".to_owned()),
            Fill::Gradient => Some("gradient".to_owned()),
            Fill::Picture(name) => Some(written_name(name)),
        },
        needs: Some(Needs { what: "fit=fill, fillmax or cropfit, and w and h, or ar", met: fills }),
    },
    parameter!(
        "fill-align",
        PLACE,
        background.align,
        needs "fit=fill, fillmax or cropfit, and w and h, or ar",
        fills
    ),
    optional!("fill-blur", "a whole number from 0 to 2000", background.blur, FILL_PICTURE),
    parameter!("fill-alpha", PERCENT, background.opacity, FILL_PICTURE),
    parameter!("fill-gradient-type", "linear or radial", background.gradient.shape, needs "fill=gradient", |plan| {
        plan.background.fill == Fill::Gradient
    }),
    parameter!("fill-gradient-colors", "two colours with a comma", background.gradient.colours, needs "fill=gradient", |plan| {
        plan.background.fill == Fill::Gradient
    }),
    parameter!(
        "fill-gradient-direction",
        "top or bottom, left or right, or one of each with a comma",
        background.gradient.towards,
        needs "fill=gradient and fill-gradient-type=linear",
        |plan| {
            let Background { fill, gradient, .. } = &plan.background;
            *fill == Fill::Gradient && gradient.shape == GradientShape::Linear
        }
    ),
    optional!("border", "a width from 1 to 1000 and a colour, as in 10,red", border),
    Parameter {
        name: "mask",
        allowed: "ellipse, corners, or an original, as in brand/heart.png: its source and its path",
        read: |text, _, plan| read_some(text, &mut plan.mask),
        write: |plan| {
            plan.mask.as_ref().map(|mask| match mask {
                MaskShape::Ellipse => "ellipse".to_owned(),
                MaskShape::Corners => "corners".to_owned(),
                MaskShape::Picture(name) => written_name(name),
            })
        },
        needs: None,
    },
    parameter!("mask-fit", SHEET_FIT, mask_fit, MASK_PICTURE),
    parameter!("mask-mode", "auto, alpha or luminance", mask_mode, MASK_PICTURE),
    parameter!(
        "corner-radius",
        "a whole number from 0 to 1000 or max, or four of them with commas",
        corner_radius,
        needs "mask=corners",
        |plan| plan.mask == Some(MaskShape::Corners)
    ),
    optional!("shadow", "a blur from 0 to 100 and a colour, as in 8,80000000", shadow),
    parameter!("shadow-x", SWING, shadow_offset.x, needs "shadow", |plan| plan.shadow.is_some()),
    parameter!("shadow-y", SWING, shadow_offset.y, needs "shadow", |plan| plan.shadow.is_some()),
    parameter!("opacity", PERCENT, opacity),
    parameter!("pad", LENGTH, pad.all),
    optional!("pad-top", LENGTH, pad.top),
    optional!("pad-right", LENGTH, pad.right),
    optional!("pad-bottom", LENGTH, pad.bottom),
    optional!("pad-left", LENGTH, pad.left),
    Parameter {
        name: "transparency",
        allowed: "grid",
        read: |text, _, plan| (text == "grid").then(|| plan.grid.shown = true),
        write: |plan| plan.grid.shown.then(|| "grid".to_owned()),
        needs: None,
    },
    parameter!("grid-size", "a whole number from 1 to 1000", grid.side, needs "transparency=grid", |plan| {
        plan.grid.shown
    }),
    parameter!("grid-colors", "two colours with a comma", grid.colours, needs "transparency=grid", |plan| {
        plan.grid.shown
    }),
    Parameter {
        name: "format",
        allowed: "jpeg (or jpg), png, webp, avif, gif, auto or original; svg; or json, blurhash, thumbhash, lqip or primitive",
        read: read_format,
        write: written_format,
        needs: Some(Needs {
            what: "to stand alone where it is svg",
            met: |plan| {
                plan.format != FormatWish::Svg || *plan == Plan { format: FormatWish::Svg, ..Plan::default() }
            },
        }),
    },
    optional!(
        "q",
        "a whole number from 1 to 100, such a number after codec:, auto, or auto: and a score from 30 to 95",
        quality
    ),
    flag!("lossless", encoding.lossless, needs "format=webp, avif or auto, and no q", |plan| {
        plan.quality.is_none() && may_be(plan, &[Format::Webp, Format::Avif])
    }),
    flag!("jpg-progressive", encoding.progressive, needs "format=jpeg or auto, and not lossless", |plan| {
        !plan.encoding.lossless && may_be(plan, &[Format::Jpeg])
    }),
    parameter!(
        "chromasub",
        "420, 422 or 444",
        encoding.chroma,
        needs "format=jpeg, avif or auto, and not lossless",
        |plan| !plan.encoding.lossless && may_be(plan, &[Format::Jpeg, Format::Avif])
    ),
    optional!("colorquant", "a whole number from 2 to 256", encoding.colours, needs "format=png or gif", |plan| {
        matches!(plan.format, FormatWish::Exactly(Format::Png | Format::Gif))
    }),
    optional!(
        "max-bytes",
        "a whole number from 100 to 100000000",
        encoding.max_bytes,
        needs "a format, and not lossless",
        |plan| !plan.encoding.lossless && may_be(plan, &Format::ALL)
    ),
    optional!("palette", "json or css", palette.form, needs "no format", |plan| {
        plan.format == FormatWish::Original
    }),
    parameter!("colors", "a whole number from 1 to 16", palette.colours, needs "palette", |plan| {
        plan.palette.form.is_some()
    }),
    flag!("faces", faces, needs "format=json", |plan| {
        plan.format == FormatWish::Described(Description::Info)
    }),
    parameter!("shape", "triangle, rectangle or ellipse", primitive.shape, PRIMITIVE),
    parameter!("shapes", "a whole number from 1 to 200", primitive.count, PRIMITIVE),
    parameter!("cs", "srgb or origin", metadata.colour_space),
    Parameter {
        name: "metadata",
        allowed: "copyright",
        read: |text, _, plan| (text == "copyright").then(|| plan.metadata.copyright = true),
        write: |plan| plan.metadata.copyright.then(|| "copyright".to_owned()),
        needs: None,
    },
    optional!("dpi", "a whole number from 1 to 10000", metadata.dpi),
    parameter!("dpr", "a number from 0.1 to 5 with at most two decimals", resize.dpr),
];
