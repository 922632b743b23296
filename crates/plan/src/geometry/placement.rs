//! Where what is laid over a picture stands, and how large it is.

use crate::geometry::{aligned, inside, scaled, turned};
use crate::measure::Measure;
use crate::operation::crop::{Align, Side};
use crate::operation::lettering::Lettering;
use crate::operation::mark::{Overlay, OverlaySize};
use crate::operation::rotation::{Rotation, RotationFrame};
use crate::operation::sheet::{Sheet, SheetFit};
use crate::rectangle::{CropBox, Rect};
use crate::size::Size;

/// An overlay on an output of known size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    /// The overlay's own size there ...
    pub size: Size,
    /// ... and that of the frame that it fills once it is turned, with its upper left corner. What of it reaches beyond
    /// the output is not seen.
    pub frame: Rect,
}

/// Where `overlay`, whose picture has the size `own`, stands on an output of this size.
pub fn placement(overlay: &Overlay, own: Size, output: Size) -> Placement {
    let (ow, oh) = (u64::from(own.width).max(1), u64::from(own.height).max(1));
    let side = |measure: Measure<1>, of: u32| match measure {
        Measure::Pixels(pixels) => u64::from(pixels),
        Measure::Part(part) => part_of(part.units(), of),
    };
    let wished = match overlay.size {
        OverlaySize::OfItself(units) => (scaled(ow, units.into(), 10_000), scaled(oh, units.into(), 10_000)),
        OverlaySize::OfTheOutput(percent) => {
            let width = scaled(output.width.into(), percent.into(), 100);
            (width, scaled(oh, width, ow))
        }
        OverlaySize::Box(None, None) => (ow, oh),
        OverlaySize::Box(Some(width), None) => {
            let width = side(width, output.width);
            (width, scaled(oh, width, ow))
        }
        OverlaySize::Box(None, Some(height)) => {
            let height = side(height, output.height);
            (scaled(ow, height, oh), height)
        }
        OverlaySize::Box(Some(width), Some(height)) => {
            inside((ow, oh), (side(width, output.width), side(height, output.height)))
        }
    };
    let room = |side: u32| u64::from(side.saturating_sub(overlay.pad.saturating_mul(2)).max(1));
    let room = (room(output.width), room(output.height));
    let fits = wished.0 <= room.0 && wished.1 <= room.1;
    let (width, height) = if fits { wished } else { inside(wished, room) };
    // Within the room, which is within the output.
    let size = Size { width: width as u32, height: height as u32 };
    let frame = turned_frame(size, overlay.rotation);
    Placement { size, frame: standing(frame, overlay.align, (overlay.x, overlay.y), overlay.pad, output) }
}

/// What of a sheet of size `own` is seen, and where it lies in the frame that it was brought to.
pub fn sheet_placement(sheet: &Sheet, own: Size, frame: Size) -> (CropBox, Rect) {
    let whole = Rect { x: 0, y: 0, width: frame.width, height: frame.height };
    match sheet.fit {
        SheetFit::Scale => (CropBox::whole(own), whole),
        SheetFit::Clip => {
            let own_sides = (u64::from(own.width).max(1), u64::from(own.height).max(1));
            let (width, height) = inside(own_sides, (frame.width.into(), frame.height.into()));
            // Within the frame.
            let (width, height) = (width as u32, height as u32);
            let x = aligned(sheet.align.x, frame.width.saturating_sub(width));
            let y = aligned(sheet.align.y, frame.height.saturating_sub(height));
            (CropBox::whole(own), Rect { x, y, width, height })
        }
        SheetFit::Crop => {
            let CropBox { width, height, .. } = CropBox::covering(own, frame);
            let at = |side: Side, room: f64| match side {
                Side::Start => 0.0,
                Side::Middle => room / 2.0,
                Side::End => room,
            };
            let x = at(sheet.align.x, f64::from(own.width) - width);
            let y = at(sheet.align.y, f64::from(own.height) - height);
            (CropBox { x, y, width, height }, whole)
        }
    }
}

/// How much room a text has for its lines: from where it begins, or between the paddings.
pub fn text_room(lettering: &Lettering, output: Size) -> Size {
    let room = |begins: Option<Measure<0>>, of: u32| match begins {
        None => of.saturating_sub(lettering.pad.saturating_mul(2)),
        Some(begins) => of.saturating_sub(begin_of(begins, of)).saturating_sub(lettering.pad),
    };
    let width = match lettering.width {
        None => room(lettering.x, output.width),
        Some(Measure::Pixels(pixels)) => pixels.min(output.width),
        Some(Measure::Part(part)) => part_of(part.units(), output.width) as u32,
    };
    Size { width: width.max(1), height: room(lettering.y, output.height).max(1) }
}

/// Where a text whose lines take so much stands once it is turned.
pub fn text_placement(lettering: &Lettering, lines: Size, output: Size) -> Rect {
    let frame = turned_frame(lines, lettering.rotation);
    standing(frame, lettering.align, (lettering.x, lettering.y), lettering.pad, output)
}

/// Where a frame stands that is aligned, or begins at these places.
fn standing(
    frame: Size,
    align: Align,
    (x, y): (Option<Measure<0>>, Option<Measure<0>>),
    pad: u32,
    output: Size,
) -> Rect {
    let start = |explicit: Option<Measure<0>>, towards: Side, length: u32, of: u32| match explicit {
        Some(begins) => begin_of(begins, of),
        None => {
            let room = of.saturating_sub(pad.saturating_mul(2)).saturating_sub(length);
            // Where there is no room for two paddings, the middle of what there is.
            let pad = pad.min(of.saturating_sub(length) / 2);
            pad + aligned(towards, room)
        }
    };
    let x = start(x, align.x, frame.width, output.width);
    let y = start(y, align.y, frame.height, output.height);
    Rect { x, y, width: frame.width, height: frame.height }
}

fn begin_of(measure: Measure<0>, of: u32) -> u32 {
    match measure {
        Measure::Pixels(pixels) => pixels,
        Measure::Part(part) if part.units() == 0 => 0,
        Measure::Part(part) => part_of(part.units(), of) as u32,
    }
}

fn part_of(units: u16, side: u32) -> u64 {
    scaled(side.into(), units.into(), 10_000)
}

/// The frame of what is turned about its middle by any angle.
pub fn turned_frame(size: Size, rotation: Rotation) -> Size {
    let size = if rotation.quarters() % 2 == 1 { size.transposed() } else { size };
    match rotation.rest() {
        rest if rest == Rotation::default() => size,
        rest => turned(size, rest, RotationFrame::Pivot).frame,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Dpr, Mark, Text};
    use proptest::prelude::*;

    fn placed(mark: &Mark, dpr: &str, own: (u32, u32)) -> (u32, u32, u32, u32) {
        let overlay = mark.overlay(0, dpr.parse().unwrap());
        let Placement { frame, .. } = placement(&overlay, Size::new(own.0, own.1), Size::new(400, 300));
        (frame.x, frame.y, frame.width, frame.height)
    }

    #[test]
    fn where_a_mark_stands_on_400x300() {
        let mark = Mark::default;
        let (width, height) = ("0.25".parse().ok(), "30".parse().ok());
        let (x, y) = ("0".parse().ok(), "0.5".parse().ok());
        let align = |text: &str| text.parse().unwrap();
        for (mark, dpr, own, expected) in [
            (mark(), "1", (80, 40), (315, 255, 80, 40)),
            (mark(), "2", (80, 40), (230, 210, 160, 80)),
            (Mark { zoom: "50".parse().ok(), ..mark() }, "1", (80, 40), (355, 275, 40, 20)),
            (Mark { scale: "50".parse().ok(), ..mark() }, "1", (80, 40), (195, 195, 200, 100)),
            (Mark { width, ..mark() }, "1", (80, 40), (295, 245, 100, 50)),
            (Mark { height, ..mark() }, "1", (80, 40), (335, 265, 60, 30)),
            (Mark { width, height, ..mark() }, "1", (80, 40), (335, 265, 60, 30)),
            (Mark { align: align("top,left"), ..mark() }, "1", (80, 40), (5, 5, 80, 40)),
            (Mark { align: align("center"), ..mark() }, "1", (80, 40), (160, 130, 80, 40)),
            (Mark { x, y, ..mark() }, "1", (80, 40), (0, 150, 80, 40)),
            (Mark { rotation: "90".parse().unwrap(), ..mark() }, "1", (80, 40), (355, 215, 40, 80)),
            (Mark { rotation: "45".parse().unwrap(), ..mark() }, "1", (80, 40), (310, 210, 85, 85)),
            // Never larger than there is room.
            (mark(), "1", (4000, 4000), (105, 5, 290, 290)),
            (
                Mark { zoom: "1000".parse().ok(), pad: "0".parse().unwrap(), ..mark() },
                "1",
                (80, 40),
                (0, 100, 400, 200),
            ),
            (Mark { pad: "1000".parse().unwrap(), ..mark() }, "1", (80, 40), (199, 149, 1, 1)),
        ] {
            assert_eq!(placed(&mark, dpr, own), expected, "{mark:?} {dpr}");
        }
    }

    #[test]
    fn how_a_sheet_of_400x100_meets_a_frame_of_100x100() {
        let sheet = |fit, align: &str| Sheet { picture: 0, fit, align: align.parse().unwrap() };
        let (own, frame) = (Size::new(400, 100), Size::new(100, 100));
        let rect = |x, y, width, height| Rect { x, y, width, height };
        let part = |x, width| CropBox { x, y: 0.0, width, height: 100.0 };
        for (sheet, expected) in [
            (sheet(SheetFit::Scale, "center"), (part(0.0, 400.0), rect(0, 0, 100, 100))),
            (sheet(SheetFit::Clip, "center"), (part(0.0, 400.0), rect(0, 37, 100, 25))),
            (sheet(SheetFit::Clip, "bottom,right"), (part(0.0, 400.0), rect(0, 75, 100, 25))),
            (sheet(SheetFit::Crop, "center"), (part(150.0, 100.0), rect(0, 0, 100, 100))),
            (sheet(SheetFit::Crop, "top,left"), (part(0.0, 100.0), rect(0, 0, 100, 100))),
            (sheet(SheetFit::Crop, "right"), (part(300.0, 100.0), rect(0, 0, 100, 100))),
        ] {
            assert_eq!(sheet_placement(&sheet, own, frame), expected, "{sheet}");
        }
    }

    #[test]
    fn how_much_room_a_text_has_on_400x300() {
        let text = Text::default;
        for (text, expected) in [
            (text(), (380, 280)),
            (Text { pad: "0".parse().unwrap(), ..text() }, (400, 300)),
            (Text { pad: "1000".parse().unwrap(), ..text() }, (1, 1)),
            (Text { width: "0.5".parse().ok(), ..text() }, (200, 280)),
            (Text { width: "16384".parse().ok(), ..text() }, (400, 280)),
            // What begins somewhere ends before the other edge.
            (Text { x: "0.25".parse().ok(), y: "40".parse().ok(), ..text() }, (290, 250)),
            (Text { x: "1.0".parse().ok(), y: "16384".parse().ok(), ..text() }, (1, 1)),
        ] {
            let room = text_room(&text.lettering(0, 0, Dpr::default()), Size::new(400, 300));
            assert_eq!((room.width, room.height), expected, "{text:?}");
        }
    }

    #[test]
    fn where_a_text_of_100x40_stands_on_400x300() {
        let text = Text::default;
        for (text, expected) in [
            (text(), (290, 250, 100, 40)),
            (Text { align: "top,left".parse().unwrap(), ..text() }, (10, 10, 100, 40)),
            (Text { align: Align::MIDDLE, ..text() }, (150, 130, 100, 40)),
            (Text { x: "0.5".parse().ok(), y: "0".parse().ok(), ..text() }, (200, 0, 100, 40)),
            (Text { rotation: "90".parse().unwrap(), ..text() }, (350, 190, 40, 100)),
        ] {
            let lettering = text.lettering(0, 0, Dpr::default());
            let Rect { x, y, width, height } =
                text_placement(&lettering, Size::new(100, 40), Size::new(400, 300));
            assert_eq!((x, y, width, height), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_sheet_lies_in_its_frame_and_what_is_seen_of_it_in_itself(
            own in (1u32..=100_000, 1u32..=100_000),
            frame in (1u32..=8192, 1u32..=8192),
            fit in proptest::sample::select(vec![SheetFit::Clip, SheetFit::Crop, SheetFit::Scale]),
            align in proptest::sample::select(vec!["top,left", "center", "bottom,right"]),
        ) {
            let sheet = Sheet { picture: 0, fit, align: align.parse().unwrap() };
            let (own, frame) = (Size::new(own.0, own.1), Size::new(frame.0, frame.1));
            let (part, covered) = sheet_placement(&sheet, own, frame);
            prop_assert!(!covered.size().is_empty());
            prop_assert!(covered.x + covered.width <= frame.width && covered.y + covered.height <= frame.height);
            prop_assert!(part.x >= 0.0 && part.y >= 0.0 && part.width > 0.0 && part.height > 0.0);
            prop_assert!(part.x + part.width <= f64::from(own.width) + 1e-6);
            prop_assert!(part.y + part.height <= f64::from(own.height) + 1e-6);
        }

        #[test]
        fn an_overlay_is_never_larger_than_its_output_and_where_it_is_aligned_it_lies_inside(
            own in (1u32.., 1u32..),
            output in (1u32..=8192, 1u32..=8192),
            width in proptest::option::of(1u32..=16_384),
            scale in proptest::option::of(1i16..=100),
            zoom in proptest::option::of(1i16..=1000),
            pad in 0i16..=1000,
            tenths in 0u16..3600,
            dpr in 10u16..=500,
            align in proptest::sample::select(vec!["top,left", "center", "bottom", "bottom,right"]),
        ) {
            use crate::amount::Amount;
            let mark = Mark {
                width: width.map(Measure::Pixels),
                scale: scale.and_then(Amount::new),
                zoom: zoom.and_then(Amount::new),
                pad: Amount::new(pad).unwrap(),
                align: align.parse().unwrap(),
                rotation: Rotation::from_tenths(tenths).unwrap(),
                ..Mark::default()
            };
            let overlay = mark.overlay(0, Dpr::from_hundredths(dpr).unwrap());
            let output = Size::new(output.0, output.1);
            let Placement { size, frame } = placement(&overlay, Size::new(own.0, own.1), output);
            prop_assert!(!size.is_empty() && !frame.size().is_empty());
            prop_assert!(size.width <= output.width && size.height <= output.height);
            prop_assert!(frame.x + frame.width.min(output.width) <= output.width);
            prop_assert!(frame.y + frame.height.min(output.height) <= output.height);
        }
    }
}
