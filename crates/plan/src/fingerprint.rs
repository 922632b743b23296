//! The canonical text of a plan: what a derivative's key is made of, beside the original and the engine.

use percent_encoding::utf8_percent_encode;

use crate::Plan;
use crate::description::Description;
use crate::encoding::{Chroma, Encoding};
use crate::geometry::{device_length, device_pixels};
use crate::metadata::{ColourSpace, Metadata};
use crate::operation::background::{Behind, Covering};
use crate::operation::bounds::Bounds;
use crate::operation::crop::{Align, Crop};
use crate::operation::face_area::FaceArea;
use crate::operation::mask::Mask;
use crate::operation::resize::{Fit, Resize};
use crate::operation::text::Content;
use crate::operation::veil::Veil;
use crate::order::Operation;
use crate::output::{Accepted, FormatWish, OutputFormat};
use crate::page::Page;
use crate::path::ENCODED;
use crate::quality::QualityWish;

impl Plan {
    /// A text that is equal for two plans only if they make the same derivative of every original.
    ///
    /// Written in device pixels and with defaults filled in, so that `w=200` and `w=100&dpr=2` share their
    /// derivative. Further originals and fonts are told by their place in [`Plan::originals`] and [`Plan::fonts`]. The
    /// leading word names this notation: change it together with anything below.
    pub fn fingerprint(&self) -> String {
        let mut text = "plan-2".to_owned();
        if let Some(frame) = self.frame {
            text.push_str(&format!(";frame {frame}"));
        }
        if self.page != Page::default() {
            text.push_str(&format!(";page {}", self.page));
        }
        text.push_str(&self.steps());
        let format = match self.format {
            FormatWish::Original => "original",
            FormatWish::Auto(Accepted::Avif) => "auto-avif",
            FormatWish::Auto(Accepted::Webp) => "auto-webp",
            FormatWish::Auto(Accepted::Basic) => "auto-basic",
            FormatWish::Exactly(format) => format.as_str(),
            FormatWish::Described(description) => description.as_str(),
            FormatWish::Svg => OutputFormat::SVG,
        };
        let palette = match self.palette.form {
            Some(form) => format!(";palette {form},{}", self.palette.colours),
            None => String::new(),
        };
        let faces = if self.faces { ";faces" } else { "" };
        let primitive = match self.format {
            FormatWish::Described(Description::Primitive) => {
                format!(";{} {}", self.primitive.count, self.primitive.shape)
            }
            _ => String::new(),
        };
        let quality = match self.quality {
            // Each format's default, which was once the number 80 for all of them.
            None => "q80".to_owned(),
            Some(QualityWish::Alike(quality)) => format!("quality {quality}"),
            Some(QualityWish::Codec(quality)) => format!("codec quality {quality}"),
            Some(QualityWish::Reaching(score)) => format!("score {}", score.get()),
        };
        format!(
            "{text};{format}{palette}{faces}{primitive};{quality}{}{}",
            encoded(&self.encoding),
            beside(&self.metadata)
        )
    }

    /// Whether nothing is done to the picture but to write it.
    pub(crate) fn leaves_alone(&self) -> bool {
        self.frame.is_none() && self.page == Page::default() && self.steps() == Plan::default().steps()
    }

    fn steps(&self) -> String {
        let operations = self.operations();
        let steps = operations.iter().filter_map(|operation| step(operation, self));
        steps.map(|step| format!(";{step}")).collect()
    }
}

/// Nothing where nothing is wished.
fn encoded(encoding: &Encoding) -> String {
    let Encoding { lossless, progressive, chroma, colours, max_bytes } = *encoding;
    let wishes = [
        lossless.then(|| "lossless".to_owned()),
        progressive.then(|| "progressive".to_owned()),
        (chroma != Chroma::default()).then(|| format!("chroma {chroma}")),
        colours.map(|colours| format!("palette {colours}")),
        max_bytes.map(|bytes| format!("bytes {bytes}")),
    ];
    wishes.into_iter().flatten().map(|wish| format!(";{wish}")).collect()
}

fn beside(metadata: &Metadata) -> String {
    let Metadata { copyright, colour_space, dpi } = *metadata;
    let wishes = [
        copyright.then(|| "copyright".to_owned()),
        (colour_space != ColourSpace::default()).then(|| format!("colours {colour_space}")),
        dpi.map(|dpi| format!("dpi {dpi}")),
    ];
    wishes.into_iter().flatten().map(|wish| format!(";{wish}")).collect()
}

fn step(operation: &Operation, plan: &Plan) -> Option<String> {
    let size = &plan.resize;
    Some(match operation {
        Operation::Trim { by, trim } => {
            let colour = trim.colour.map(|colour| colour.to_string()).unwrap_or_default();
            format!("trim {by},{colour},{},{}", trim.tolerance, trim.pad)
        }
        Operation::Cut(cut) => format!("cut {cut}"),
        Operation::Orient(orientation) => {
            let flag = |set: bool, word: &'static str| if set { word } else { "" };
            let turn = flag(orientation.transposed, "t");
            format!("orient {turn}{}{}", flag(orientation.mirrored_x, "x"), flag(orientation.mirrored_y, "y"))
        }
        Operation::Rotate { angle, frame } => format!("rotate {angle},{frame}"),
        Operation::Resize(resize) => resized(resize) + &bounded(resize),
        // By which model, the renderer adds.
        Operation::CutOut => "cut-out".to_owned(),
        Operation::ShowAlpha => "show-alpha".to_owned(),
        Operation::Adjust(adjust) => {
            let grey = if adjust.is_grey() { "grey".to_owned() } else { adjust.saturation.to_string() };
            format!(
                "adjust {},{},{},{},{},{},{},{grey},{},{}",
                adjust.exposure,
                adjust.brightness,
                adjust.contrast,
                adjust.gamma,
                adjust.highlights,
                adjust.shadows,
                adjust.hue,
                adjust.vibrance,
                if adjust.invert { "invert" } else { "" },
            )
        }
        Operation::Monochrome(colour) => format!("monochrome {colour}"),
        Operation::Sepia(amount) => format!("sepia {amount}"),
        Operation::Duotone { duotone, opacity } => format!("duotone {duotone},{opacity}"),
        Operation::Blend { colour, mode, opacity } => format!("blend {colour},{mode},{opacity}"),
        Operation::BlendSheet { sheet, mode, opacity } => format!("blend-with {sheet},{mode},{opacity}"),
        Operation::Unsharp { hundredths, sigma } => format!("unsharp {hundredths},{}", sigma.tenths()),
        Operation::Pixelate { side } => format!("pixelate {side}"),
        Operation::Halftone { distance } => format!("halftone {distance}"),
        Operation::Blur(sigma) => format!("blur {}", sigma.tenths()),
        Operation::Veil(Veil { squares, blur, colour }) => {
            let colour = colour.map(|colour| colour.to_string()).unwrap_or_default();
            format!("veil {squares},{blur},{colour}")
        }
        // The background's colour is told by what flattens.
        Operation::Place(Covering { align, behind })
            if (size.fills() && size.has_box()) || matches!(behind, Behind::Sheet { .. }) =>
        {
            format!("place {align},{behind}")
        }
        Operation::Place(_) => return None,
        // Its inner edge follows from the mask.
        Operation::Border { width, colour, inner: _ } => format!("border {width},{colour}"),
        Operation::Mask(Mask::Ellipse) => "ellipse".to_owned(),
        Operation::Mask(Mask::Corners(radii)) => {
            let radii = radii.map(|radius| radius.map_or("max".to_owned(), |radius| radius.to_string()));
            format!("corners {}", radii.join(","))
        }
        Operation::MaskSheet { sheet, mode } => format!("mask {sheet},{mode}"),
        Operation::Shadow { sigma, offset: (x, y), colour, margins: _ } => {
            format!("shadow {},{x},{y},{colour}", sigma.map_or(0, |sigma| sigma.tenths()))
        }
        Operation::Mark(overlay) => format!("mark {overlay}"),
        Operation::Text(lettering) => {
            let content = plan.texts.get(lettering.text).and_then(|text| text.content.as_ref());
            let content = utf8_percent_encode(content.map_or("", Content::as_str), ENCODED);
            format!("text {lettering},{content}")
        }
        Operation::Grid { side, colours } => format!("grid {side},{colours}"),
        Operation::Fade(opacity) => format!("fade {opacity}"),
        Operation::Pad([top, right, bottom, left]) => format!("pad {top},{right},{bottom},{left}"),
        Operation::Flatten(colour) => format!("flatten {colour}"),
    })
}

/// What a side may become that is not given, and what then stays.
fn bounded(resize: &Resize) -> String {
    if !resize.has_bounds() {
        return String::new();
    }
    let bound = |name: &str, bound: Option<u32>| {
        let bound = bound.map(|bound| device_length(bound, resize.dpr));
        bound.map_or(String::new(), |bound| format!(" {name}{bound}"))
    };
    let Bounds { min_width, max_width, min_height, max_height } = resize.bounds;
    let width = bound("w>", min_width) + &bound("w<", max_width);
    let height = bound("h>", min_height) + &bound("h<", max_height);
    format!(",within{width}{height}{}", cropped(resize))
}

fn cropped(resize: &Resize) -> String {
    match resize.crop {
        Crop::Align(Align::MIDDLE) => String::new(),
        Crop::Align(_) | Crop::Entropy | Crop::Faces(_) => format!(",{}", resize.crop),
        Crop::FocalPoint => {
            let point = &resize.focal_point;
            format!(",{}/{}/{}", point.x, point.y, point.zoom)
        }
    }
}

fn resized(resize: &Resize) -> String {
    let limit = if resize.enlarges() { "" } else { ",never-larger" };
    let crop = cropped(resize);
    let fit = match resize.fit {
        Fit::Clip | Fit::Max => "clip".to_owned(),
        Fit::Crop | Fit::Min => format!("crop{crop}"),
        Fit::CropFit => format!("cropfit{crop}"),
        Fit::Fill | Fit::FillMax => "fill".to_owned(),
        Fit::Scale => "scale".to_owned(),
        Fit::BoundMin => "boundmin".to_owned(),
        Fit::FaceArea => {
            let FaceArea { index, pad } = &resize.face_area;
            let index = index.map(|index| index.to_string()).unwrap_or_default();
            format!("facearea{crop},{index},{pad}")
        }
    };
    match (device_pixels(resize), resize.aspect_ratio) {
        ((None, None), None) => "as-is".to_owned(),
        ((None, None), Some(ratio)) if resize.fit.has_proportions_of_the_box() => format!("{ratio},{fit}"),
        ((None, None), Some(_)) => "as-is".to_owned(),
        // One side alone means the same in every fit.
        ((Some(w), None), _) => format!("w{w}{limit}"),
        ((None, Some(h)), _) => format!("h{h}{limit}"),
        ((Some(w), Some(h)), _) => format!("w{w},h{h},{fit}{limit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::description::PaletteWish;
    use crate::output::Format;
    use crate::{Adjustments, Colour, Swing};
    use expect_test::{Expect, expect};
    use std::collections::HashSet;

    fn plan(width: Option<u32>, height: Option<u32>, fit: Fit, dpr: &str) -> Plan {
        Plan {
            resize: Resize { width, height, fit, dpr: dpr.parse().unwrap(), ..Resize::default() },
            format: FormatWish::Auto(Accepted::Webp),
            ..Plan::default()
        }
    }

    #[track_caller]
    fn check(plan: Plan, expected: Expect) {
        expected.assert_eq(&plan.fingerprint());
    }

    #[test]
    fn the_text_is_stable() {
        check(Plan::default(), expect!["plan-2;as-is;original;q80"]);
        check(plan(Some(300), Some(200), Fit::Crop, "2"), expect!["plan-2;w600,h400,crop;auto-webp;q80"]);
        check(plan(Some(300), None, Fit::Crop, "1.5"), expect!["plan-2;w450;auto-webp;q80"]);
        check(
            everything(),
            expect![
                "plan-2;trim auto,,8,0;cut 10,20,0.5,0.5;orient t;rotate 5.5,pivot;w600,h400,fill,never-larger;cut-out;show-alpha;adjust 0,0,10,0,0,0,0,grey,0,;monochrome ff0000;sepia 50;duotone 000080,ffffff,100;blend 8000ff00,overlay,100;unsharp 20,16;unsharp -40,30;pixelate 16;halftone 10;blur 200;veil 0,20,;place top,left,blur;border 4,ff0000;corners 16,max,0,2;shadow 80,0,0,000000;fade 50;pad 8,8,8,8;mark 0,own 20000,bottom,right,/,10,0,100,normal,once;mark 1,own 20000,bottom,right,/,10,0,100,normal,once;mark 0,own 20000,bottom,right,/,10,0,100,normal,once;text 0,24,wrap,,000000,bottom,right,/,20,120,0,0 ffffff,0,0,100,a%3Bb;grid 16,d0d7dd,ffffff;flatten ffffff;auto-webp;q80"
            ],
        );
    }

    /// A plan in which every operation has something to do.
    fn everything() -> Plan {
        let swing = |value| Swing::new(value).unwrap();
        Plan {
            cut: "10,20,0.5,0.5".parse().ok(),
            flip: "h".parse().unwrap(),
            rotation: "95.5".parse().unwrap(),
            adjustments: Adjustments { contrast: swing(10), greyscale: true, ..Adjustments::default() },
            monochrome: "ff0000".parse().ok(),
            sepia: "50".parse().unwrap(),
            duotone: "navy,white".parse().ok(),
            blend: crate::Blend { with: "8000ff00".parse().ok(), ..crate::Blend::default() },
            sharpness: "10".parse().unwrap(),
            unsharp: crate::Unsharp { amount: swing(-20), radius: "1.5".parse().unwrap() },
            pixelate: "8".parse().unwrap(),
            halftone: "5".parse().unwrap(),
            blur: "100".parse().unwrap(),
            veil: crate::Veil { blur: "20".parse().unwrap(), ..crate::Veil::default() },
            background: crate::Background {
                colour: Some(Colour::WHITE),
                fill: crate::Fill::Blur,
                align: "top,left".parse().unwrap(),
                ..crate::Background::default()
            },
            trim: crate::Trim { by: Some(crate::TrimBy::Auto), ..crate::Trim::default() },
            border: "2,red".parse().ok(),
            mask: Some(crate::MaskShape::Corners),
            corner_radius: "8,max,0,1".parse().unwrap(),
            background_removed: true,
            only_alpha: true,
            opacity: "50".parse().unwrap(),
            shadow: "4,black".parse().ok(),
            texts: {
                let [_, two, three, four] = Plan::default().texts;
                [crate::Text { content: "a;b".parse().ok(), ..crate::Text::default() }, two, three, four]
            },
            grid: crate::Grid { shown: true, ..crate::Grid::default() },
            pad: crate::Pad { all: "4".parse().unwrap(), ..crate::Pad::default() },
            marks: ["brand/logo.png", "brand/badge.png", "brand/logo.png"]
                .map(|name| crate::Mark { picture: name.parse().ok(), ..crate::Mark::default() })
                .into_iter()
                .chain([crate::Mark::default()])
                .collect::<Vec<_>>()
                .try_into()
                .unwrap(),
            ..plan(Some(300), Some(200), Fit::FillMax, "2")
        }
    }

    #[test]
    fn every_operation_is_in_the_text() {
        for plan in [everything(), with_sheets(everything())] {
            let text = plan.fingerprint();
            // The notation, format and quality stand around them.
            assert_eq!(text.split(';').count(), plan.operations().len() + 3, "{text}");
        }
    }

    fn with_sheets(plan: Plan) -> Plan {
        let (mask, fill) = ("brand/heart.png".parse().ok(), "brand/wood.jpg".parse().unwrap());
        let with = "brand/paper.jpg".parse().ok();
        let blend = crate::Blend { with, ..plan.blend.clone() };
        let background = crate::Background { fill, ..plan.background.clone() };
        Plan { mask, blend, background, ..plan }
    }

    #[test]
    fn sheets_are_told_by_their_place_among_the_originals() {
        let plan = with_sheets(plan(Some(300), Some(200), Fit::Fill, "1"));
        check(
            plan,
            expect![
                "plan-2;w300,h200,fill;blend-with 0 clip center,overlay,100;place center,2 crop center 0 100;mask 1 scale center,auto;auto-webp;q80"
            ],
        );
    }

    #[test]
    fn plans_that_make_the_same_picture_share_their_text() {
        let text = |plan: Plan| plan.fingerprint();
        assert_eq!(text(plan(Some(200), None, Fit::Clip, "1")), text(plan(Some(100), None, Fit::Crop, "2")));
        assert_eq!(text(plan(None, None, Fit::Clip, "1")), text(plan(None, None, Fit::Fill, "3")));
        let mut never = plan(Some(9), Some(9), Fit::Clip, "1");
        never.resize.never_enlarge = true;
        assert_eq!(text(never), text(plan(Some(9), Some(9), Fit::Max, "1")));
        let blurred =
            |blur: &str, dpr| Plan { blur: blur.parse().unwrap(), ..plan(None, None, Fit::Clip, dpr) };
        assert_eq!(text(blurred("40", "1")), text(blurred("20", "2")));
        let grey = |adjustments| text(Plan { adjustments, ..Plan::default() });
        assert_eq!(
            grey(Adjustments { greyscale: true, ..Adjustments::default() }),
            grey(Adjustments { saturation: Swing::new(-100).unwrap(), ..Adjustments::default() })
        );
    }

    #[test]
    fn bounds_and_what_they_keep_are_told_where_they_count() {
        let bounds = crate::Bounds { max_height: Some(100), ..crate::Bounds::default() };
        let within = |height, fit, crop: &str| {
            let Plan { resize, .. } = plan(Some(300), height, fit, "2");
            let resize = Resize { bounds, crop: crop.parse().unwrap(), ..resize };
            Plan { resize, frame: crate::Amount::new(3), ..Plan::default() }
        };
        check(
            within(None, Fit::Crop, "faces"),
            expect!["plan-2;frame 3;w600,within h<200,faces;original;q80"],
        );
        check(within(Some(200), Fit::Crop, "top"), expect!["plan-2;frame 3;w600,h400,crop,top;original;q80"]);
        check(within(None, Fit::Clip, "center"), expect!["plan-2;frame 3;w600;original;q80"]);
    }

    #[test]
    fn plans_that_differ_in_anything_differ_in_their_text() {
        let encodings = [
            Encoding { lossless: true, ..Encoding::default() },
            Encoding { progressive: true, ..Encoding::default() },
            Encoding { chroma: Chroma::Half, ..Encoding::default() },
            Encoding { chroma: Chroma::Full, ..Encoding::default() },
            Encoding { colours: "16".parse().ok(), ..Encoding::default() },
            Encoding { max_bytes: "1600".parse().ok(), ..Encoding::default() },
        ];
        let mut seen: HashSet<String> =
            encodings.iter().map(|&encoding| Plan { encoding, ..Plan::default() }.fingerprint()).collect();
        let metadata = [
            Metadata { copyright: true, ..Metadata::default() },
            Metadata { colour_space: ColourSpace::Original, ..Metadata::default() },
            Metadata { dpi: "72".parse().ok(), ..Metadata::default() },
        ];
        seen.extend(metadata.iter().map(|&metadata| Plan { metadata, ..Plan::default() }.fingerprint()));
        assert_eq!(seen.len(), encodings.len() + metadata.len());
        for (form, colours) in [("json", "6"), ("json", "5"), ("css", "6")] {
            let palette = PaletteWish { form: form.parse().ok(), colours: colours.parse().unwrap() };
            assert!(seen.insert(Plan { palette, ..Plan::default() }.fingerprint()), "{form} {colours}");
        }
        for frame in [1, 3] {
            let plan = Plan { frame: crate::Amount::new(frame), ..Plan::default() };
            assert!(seen.insert(plan.fingerprint()), "{frame}");
        }
        for page in ["2", "22"] {
            let plan = Plan { page: page.parse().unwrap(), ..Plan::default() };
            assert!(seen.insert(plan.fingerprint()), "{page}");
        }
        for description in Description::FORMATS {
            let format = FormatWish::Described(description);
            assert!(seen.insert(Plan { format, ..Plan::default() }.fingerprint()), "{description}");
        }
        let wishes = [
            FormatWish::Original,
            FormatWish::Auto(Accepted::Avif),
            FormatWish::Auto(Accepted::Webp),
            FormatWish::Auto(Accepted::Basic),
            FormatWish::Exactly(Format::Jpeg),
            FormatWish::Exactly(Format::Png),
            FormatWish::Exactly(Format::Webp),
            FormatWish::Exactly(Format::Avif),
            FormatWish::Exactly(Format::Gif),
        ];
        for format in wishes {
            for quality in
                [None, Some("1"), Some("8"), Some("80"), Some("100"), Some("codec:80"), Some("auto")]
            {
                let quality: Option<QualityWish> = quality.and_then(|wish| wish.parse().ok());
                for width in [Some(1), Some(11), Some(111)] {
                    for height in [Some(1), Some(11)] {
                        for fit in Fit::ALL {
                            let plan = Plan { format, quality, ..plan(width, height, fit, "1") };
                            assert!(seen.insert(plan.fingerprint()), "{plan:?}");
                        }
                    }
                    let plan = Plan { format, quality, ..plan(width, None, Fit::Clip, "1") };
                    assert!(seen.insert(plan.fingerprint()), "{plan:?}");
                }
            }
        }
    }
}
