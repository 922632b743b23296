//! Where what is laid over a picture stands, and how large it is.

use crate::geometry::{aligned, inside, scaled, turned};
use crate::measure::Measure;
use crate::operation::crop::Side;
use crate::operation::mark::{Overlay, OverlaySize};
use crate::operation::rotation::{Rotation, RotationFrame};
use crate::rectangle::Rect;
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
    let frame = frame_of(size, overlay.rotation);
    let start = |explicit: Option<Measure<0>>, towards: Side, length: u32, of: u32| match explicit {
        Some(Measure::Pixels(pixels)) => pixels,
        Some(Measure::Part(part)) if part.units() == 0 => 0,
        Some(Measure::Part(part)) => part_of(part.units(), of) as u32,
        None => {
            let room = of.saturating_sub(overlay.pad.saturating_mul(2)).saturating_sub(length);
            // Where there is no room for two paddings, the middle of what there is.
            let pad = overlay.pad.min(of.saturating_sub(length) / 2);
            pad + aligned(towards, room)
        }
    };
    let x = start(overlay.x, overlay.align.x, frame.width, output.width);
    let y = start(overlay.y, overlay.align.y, frame.height, output.height);
    Placement { size, frame: Rect { x, y, width: frame.width, height: frame.height } }
}

fn part_of(units: u16, side: u32) -> u64 {
    scaled(side.into(), units.into(), 10_000)
}

fn frame_of(size: Size, rotation: Rotation) -> Size {
    let size = if rotation.quarters() % 2 == 1 { size.transposed() } else { size };
    match rotation.rest() {
        rest if rest == Rotation::default() => size,
        rest => turned(size, rest, RotationFrame::Pivot).frame,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Mark;
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

    proptest! {
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
            let overlay = mark.overlay(0, crate::Dpr::from_hundredths(dpr).unwrap());
            let output = Size::new(output.0, output.1);
            let Placement { size, frame } = placement(&overlay, Size::new(own.0, own.1), output);
            prop_assert!(!size.is_empty() && !frame.size().is_empty());
            prop_assert!(size.width <= output.width && size.height <= output.height);
            prop_assert!(frame.x + frame.width.min(output.width) <= output.width);
            prop_assert!(frame.y + frame.height.min(output.height) <= output.height);
        }
    }
}
