//! What a plan comes to in pixels, by example and by property.

use super::*;
use crate::amount::Length;
use crate::operation::aspect_ratio::AspectRatio;
use crate::operation::border::Border;
use crate::operation::bounds::Bounds;
use crate::operation::crop::FocalPoint;
use crate::operation::flip::Flip;
use crate::operation::pad::Pad;
use proptest::prelude::*;

fn of(resize: Resize) -> Plan {
    Plan { resize, ..Plan::default() }
}

fn resize(width: Option<u32>, height: Option<u32>, fit: Fit, dpr: &str) -> Plan {
    of(Resize { width, height, fit, dpr: dpr.parse().unwrap(), ..Resize::default() })
}

fn show(geometry: Geometry) -> String {
    let Geometry { crop: c, placed: p, canvas, .. } = geometry;
    format!("{},{} {}x{} -> {},{} {} on {canvas}", c.x, c.y, c.width, c.height, p.x, p.y, p.size())
}

#[test]
fn where_everything_goes() {
    let photo = Size::new(4000, 3000);
    use Fit::*;
    for (w, h, fit, dpr, expected) in [
        (None, None, Clip, "1", "0,0 4000x3000 -> 0,0 4000x3000 on 4000x3000"),
        // The ratio has nothing to multiply.
        (None, None, Crop, "2", "0,0 4000x3000 -> 0,0 4000x3000 on 4000x3000"),
        (Some(800), None, Clip, "1", "0,0 4000x3000 -> 0,0 800x600 on 800x600"),
        (Some(800), None, Crop, "1", "0,0 4000x3000 -> 0,0 800x600 on 800x600"),
        (Some(800), None, Fill, "1", "0,0 4000x3000 -> 0,0 800x600 on 800x600"),
        (None, Some(600), Scale, "1", "0,0 4000x3000 -> 0,0 800x600 on 800x600"),
        (Some(800), None, Clip, "2", "0,0 4000x3000 -> 0,0 1600x1200 on 1600x1200"),
        (Some(300), Some(300), Clip, "1", "0,0 4000x3000 -> 0,0 300x225 on 300x225"),
        (Some(300), Some(200), Clip, "1", "0,0 4000x3000 -> 0,0 267x200 on 267x200"),
        (Some(8000), Some(8000), Clip, "1", "0,0 4000x3000 -> 0,0 8000x6000 on 8000x6000"),
        (Some(8000), Some(8000), Max, "1", "0,0 4000x3000 -> 0,0 4000x3000 on 4000x3000"),
        (Some(5000), None, Max, "1", "0,0 4000x3000 -> 0,0 4000x3000 on 4000x3000"),
        (Some(300), Some(300), Max, "1", "0,0 4000x3000 -> 0,0 300x225 on 300x225"),
        (Some(300), Some(300), Crop, "1", "500,0 3000x3000 -> 0,0 300x300 on 300x300"),
        (Some(400), Some(200), Crop, "1", "0,500 4000x2000 -> 0,0 400x200 on 400x200"),
        (Some(5000), Some(5000), Crop, "1", "500,0 3000x3000 -> 0,0 5000x5000 on 5000x5000"),
        (Some(5000), Some(5000), Min, "1", "500,0 3000x3000 -> 0,0 3000x3000 on 3000x3000"),
        (Some(300), Some(300), Min, "1", "500,0 3000x3000 -> 0,0 300x300 on 300x300"),
        (Some(300), Some(300), Fill, "1", "0,0 4000x3000 -> 0,37 300x225 on 300x300"),
        (Some(5000), Some(5000), Fill, "1", "0,0 4000x3000 -> 0,625 5000x3750 on 5000x5000"),
        (Some(5000), Some(5000), FillMax, "1", "0,0 4000x3000 -> 500,1000 4000x3000 on 5000x5000"),
        (Some(300), Some(300), Scale, "1", "0,0 4000x3000 -> 0,0 300x300 on 300x300"),
        (Some(300), Some(300), BoundMin, "1", "0,0 4000x3000 -> 0,0 400x300 on 400x300"),
        (Some(400), Some(200), BoundMin, "1", "0,0 4000x3000 -> 0,0 400x300 on 400x300"),
        (Some(500), Some(350), CropFit, "1", "0,100 4000x2800 -> 0,0 500x350 on 500x350"),
        (Some(5000), Some(3500), CropFit, "1", "0,0 4000x3000 -> 500,250 4000x3000 on 5000x3500"),
        (Some(2000), Some(3500), CropFit, "1", "0,0 4000x3000 -> 0,1000 2000x1500 on 2000x3500"),
        // 333 x 1.5 = 499.5: half a pixel is rounded up.
        (Some(333), None, Clip, "1.5", "0,0 4000x3000 -> 0,0 500x375 on 500x375"),
        (Some(1), Some(1), Clip, "0.1", "0,0 4000x3000 -> 0,0 1x1 on 1x1"),
    ] {
        let geometry = geometry(&resize(w, h, fit, dpr), photo, 8192).unwrap();
        assert_eq!(show(geometry), expected, "w={w:?} h={h:?} fit={fit} dpr={dpr}");
    }
}

#[test]
fn where_the_rest_of_a_wish_puts_everything() {
    let photo = Size::new(4000, 3000);
    let sized = |width, height, fit| Resize { width, height, fit, ..Resize::default() };
    let ratio = |text: &str, resize| Resize { aspect_ratio: text.parse().ok(), ..resize };
    let never = |resize| Resize { never_enlarge: true, ..resize };
    let kept = |text: &str, resize| Resize { crop: text.parse().unwrap(), ..resize };
    let around = |x: &str, y: &str, zoom: &str, resize| Resize {
        crop: Crop::FocalPoint,
        focal_point: FocalPoint { x: x.parse().unwrap(), y: y.parse().unwrap(), zoom: zoom.parse().unwrap() },
        ..resize
    };
    let within = |least: u32, most: u32, resize| {
        let given = |bound: u32| (bound > 0).then_some(bound);
        let bounds = Bounds { min_height: given(least), max_height: given(most), ..Bounds::default() };
        Resize { bounds, ..resize }
    };
    let square = |fit| sized(Some(300), Some(300), fit);
    for (resize, expected) in [
        (ratio("1:1", sized(Some(300), None, Fit::Crop)), "500,0 3000x3000 -> 0,0 300x300 on 300x300"),
        (ratio("2:1", sized(None, Some(300), Fit::Fill)), "0,0 4000x3000 -> 100,0 400x300 on 600x300"),
        (ratio("2:1", sized(None, None, Fit::Crop)), "0,500 4000x2000 -> 0,0 4000x2000 on 4000x2000"),
        (ratio("2:1", sized(None, None, Fit::Fill)), "0,0 4000x3000 -> 1000,0 4000x3000 on 6000x3000"),
        (ratio("1:1", sized(None, None, Fit::Scale)), "0,0 4000x3000 -> 0,0 3000x3000 on 3000x3000"),
        (within(0, 200, sized(Some(400), None, Fit::Crop)), "0,500 4000x2000 -> 0,0 400x200 on 400x200"),
        (within(0, 400, sized(Some(400), None, Fit::Crop)), "0,0 4000x3000 -> 0,0 400x300 on 400x300"),
        (within(400, 0, sized(Some(400), None, Fit::Crop)), "500,0 3000x3000 -> 0,0 400x400 on 400x400"),
        (within(400, 200, sized(Some(400), None, Fit::Crop)), "0,500 4000x2000 -> 0,0 400x200 on 400x200"),
        (within(0, 2000, sized(None, None, Fit::Crop)), "0,500 4000x2000 -> 0,0 4000x2000 on 4000x2000"),
        (
            kept("top", within(0, 200, sized(Some(400), None, Fit::Crop))),
            "0,0 4000x2000 -> 0,0 400x200 on 400x200",
        ),
        // A side that is given has no bounds, and other fits have none.
        (within(0, 200, sized(None, Some(300), Fit::Crop)), "0,0 4000x3000 -> 0,0 400x300 on 400x300"),
        (within(0, 200, sized(Some(400), None, Fit::Clip)), "0,0 4000x3000 -> 0,0 400x300 on 400x300"),
        (
            Resize { dpr: "2".parse().unwrap(), ..within(0, 200, sized(Some(400), None, Fit::Crop)) },
            "0,500 4000x2000 -> 0,0 800x400 on 800x400",
        ),
        (never(sized(Some(5000), None, Fit::Clip)), "0,0 4000x3000 -> 0,0 4000x3000 on 4000x3000"),
        (never(sized(Some(5000), Some(5000), Fit::Crop)), "500,0 3000x3000 -> 0,0 3000x3000 on 3000x3000"),
        (never(sized(Some(5000), Some(2000), Fit::Scale)), "0,0 4000x3000 -> 0,0 4000x2000 on 4000x2000"),
        (never(sized(Some(5000), Some(10), Fit::BoundMin)), "0,0 4000x3000 -> 0,0 4000x3000 on 4000x3000"),
        (kept("left", square(Fit::Crop)), "0,0 3000x3000 -> 0,0 300x300 on 300x300"),
        (kept("bottom,right", square(Fit::Crop)), "1000,0 3000x3000 -> 0,0 300x300 on 300x300"),
        (around("0.5", "0.5", "1", square(Fit::Crop)), "500,0 3000x3000 -> 0,0 300x300 on 300x300"),
        (around("0.4", "0.9", "1", square(Fit::Crop)), "100,0 3000x3000 -> 0,0 300x300 on 300x300"),
        (around("0", "0", "2", square(Fit::Crop)), "0,0 1500x1500 -> 0,0 300x300 on 300x300"),
        (around("0.5", "1", "10", square(Fit::Crop)), "1850,2700 300x300 -> 0,0 300x300 on 300x300"),
        // Ten times closer there are 300 pixels to be seen, and no more are made of them.
        (
            never(around("0.5", "0.5", "10", sized(Some(600), Some(600), Fit::Crop))),
            "1850,1350 300x300 -> 0,0 300x300 on 300x300",
        ),
    ] {
        let geometry = geometry(&of(resize), photo, 8192).unwrap();
        assert_eq!(show(geometry), expected, "{resize:?}");
    }
}

#[test]
fn a_rectangle_is_cut_out_in_whole_pixels() {
    for (text, expected) in [
        ("10,20,300,200", Some((10, 20, 300, 200))),
        ("0.25,0.5,0.5,0.25", Some((250, 250, 500, 125))),
        ("center,middle,100,101", Some((450, 199, 100, 101))),
        ("right,bottom,0.5,0.5", Some((500, 250, 500, 250))),
        // What reaches beyond ends with the original, and a part of it has at least one pixel.
        ("900,400,300,200", Some((900, 400, 100, 100))),
        ("0.0,0,0.0001,2", Some((0, 0, 1, 2))),
        ("left,top,2000,2000", Some((0, 0, 1000, 500))),
        ("1000,0,10,10", None),
        ("0,0.9999,10,10", None),
    ] {
        let cut: Cut = text.parse().unwrap();
        let found = cut_out(cut, Size::new(1000, 500)).map(|r| (r.x, r.y, r.width, r.height));
        assert_eq!(found.ok(), expected, "{text}");
    }
    let error = cut_out("1000,0,10,10".parse().unwrap(), Size::new(1000, 500)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the rectangle 1000,0,10,10 lies outside of the original, which has 1000x500 pixels"
    );
}

#[test]
fn what_is_cut_out_and_turned_is_found_again_in_the_original() {
    let plan = Plan {
        cut: "100,200,300,100".parse().ok(),
        flip: Flip { horizontal: true, vertical: false },
        rotation: "90".parse().unwrap(),
        resize: Resize { width: Some(50), height: Some(50), fit: Fit::Crop, ..Resize::default() },
        ..Plan::default()
    };
    let geometry = geometry(&plan, Size::new(1000, 500), 8192).unwrap();
    assert_eq!(geometry.oriented(), Size::new(100, 300));
    assert_eq!(geometry.crop, CropBox { x: 0.0, y: 100.0, width: 100.0, height: 100.0 });
    let found = geometry.in_original(geometry.crop);
    assert_eq!(found, CropBox { x: 200.0, y: 200.0, width: 100.0, height: 100.0 });
}

#[test]
fn a_turned_picture_has_a_frame_that_holds_it_or_that_it_fills() {
    for (size, angle, frame, expected) in [
        (Size::new(100, 100), "45", RotationFrame::Pivot, Size::new(141, 141)),
        (Size::new(100, 100), "45", RotationFrame::Straighten, Size::new(71, 71)),
        (Size::new(400, 300), "10", RotationFrame::Pivot, Size::new(446, 365)),
        (Size::new(400, 300), "10", RotationFrame::Straighten, Size::new(329, 247)),
        (Size::new(1, 1), "30", RotationFrame::Straighten, Size::new(1, 1)),
    ] {
        assert_eq!(turned(size, angle.parse().unwrap(), frame).frame, expected, "{size} by {angle}");
    }
}

#[test]
fn border_and_padding_are_added_in_device_pixels() {
    let length = |value| Length::new(value);
    let plan = Plan {
        border: Some(Border { size: "3".parse().unwrap(), colour: crate::Colour::BLACK }),
        pad: Pad { all: length(5).unwrap(), left: length(0), ..Pad::default() },
        ..resize(Some(100), Some(100), Fit::Scale, "1.5")
    };
    // 150, twice 4.5 rounded up, and 7.5 rounded up.
    let geometry = geometry(&plan, Size::new(10, 10), 8192).unwrap();
    assert_eq!(geometry.output, Size::new(150 + 10 + 8, 150 + 10 + 16));
    assert!(super::geometry(&plan, Size::new(10, 10), 160).is_err());
}

#[test]
fn what_is_put_around_a_picture_keeps_the_limit_too() {
    let plain = resize(Some(100), Some(100), Fit::Scale, "1");
    let border = Some(Border { size: "3".parse().unwrap(), colour: crate::Colour::BLACK });
    let pad = Pad { all: Length::new(4).unwrap(), ..Pad::default() };
    let shadow = "2,black".parse().ok();
    for (plan, side) in [
        (Plan { border, ..plain.clone() }, 106),
        (Plan { pad, ..plain.clone() }, 108),
        // Three standard deviations each way.
        (Plan { shadow, ..plain.clone() }, 112),
    ] {
        assert_eq!(geometry(&plan, Size::new(10, 10), side).unwrap().output, Size::new(side, side));
        let beyond =
            GeometryError::OutputTooLarge { width: side.into(), height: side.into(), limit: side - 1 };
        assert_eq!(geometry(&plan, Size::new(10, 10), side - 1), Err(beyond));
    }
}

#[test]
fn a_very_flat_picture_keeps_one_pixel_of_height() {
    let plan = resize(Some(10), None, Fit::Clip, "1");
    assert_eq!(geometry(&plan, Size::new(10_000, 2), 8192).unwrap().canvas, Size::new(10, 1));
}

#[test]
fn an_output_beyond_the_limit_is_refused_and_the_limit_named() {
    let plan = resize(Some(5000), None, Fit::Clip, "2");
    let error = geometry(&plan, Size::new(100, 50), 8192).unwrap_err();
    assert_eq!(error.to_string(), "the output would be 10000x5000 pixels; neither side may exceed 8192");
    assert!(geometry(&Plan::default(), Size::new(9000, 10), 8192).is_err());
}

#[test]
fn an_original_without_pixels_is_an_error() {
    assert_eq!(geometry(&Plan::default(), Size::new(0, 10), 8192), Err(GeometryError::EmptyOriginal));
}

fn any_fit() -> impl Strategy<Value = Fit> {
    proptest::sample::select(Fit::ALL.to_vec())
}

fn any_ratio() -> impl Strategy<Value = Option<AspectRatio>> {
    proptest::option::weighted(0.3, (1u32..=40, 1u32..=40).prop_map(|(w, h)| AspectRatio::new(w, h).unwrap()))
}

fn any_crop() -> impl Strategy<Value = Crop> {
    let word = proptest::sample::select(vec![
        "center",
        "top,left",
        "right",
        "bottom",
        "focalpoint",
        "entropy",
        "faces",
        "faces,top",
    ]);
    word.prop_map(|word| word.parse().unwrap())
}

prop_compose! {
    fn any_focal_point()(x in 0u16..=10_000, y in 0u16..=10_000, zoom in 100u16..=10_000) -> FocalPoint {
        FocalPoint {
            x: crate::Fraction::from_units(x).unwrap(),
            y: crate::Fraction::from_units(y).unwrap(),
            zoom: crate::Zoom::from_hundredths(zoom).unwrap(),
        }
    }
}

prop_compose! {
    fn any_resize()(
        width in proptest::option::of(1..=Resize::MAX_SIDE),
        height in proptest::option::of(1..=Resize::MAX_SIDE),
        fit in any_fit(),
        aspect_ratio in any_ratio(),
        crop in any_crop(),
        focal_point in any_focal_point(),
        never_enlarge: bool,
        dpr in 10u16..=500,
    ) -> Resize {
        let dpr = Dpr::from_hundredths(dpr).unwrap();
        Resize { width, height, fit, aspect_ratio, crop, focal_point, never_enlarge, dpr, ..Resize::default() }
    }
}

prop_compose! {
    fn any_plan()(
        resize in any_resize(),
        cut in proptest::option::of(proptest::sample::select(vec![
            "0,0,1,1", "left,top,0.5,0.3", "right,middle,0.9,1.0", "0.1,0.1,0.1,9000",
        ])),
        horizontal: bool,
        vertical: bool,
        tenths in prop_oneof![Just(0u16), 0u16..3600],
        straighten: bool,
    ) -> Plan {
        Plan {
            resize,
            cut: cut.and_then(|text| text.parse().ok()),
            flip: Flip { horizontal, vertical },
            rotation: Rotation::from_tenths(tenths).unwrap(),
            rotation_frame: if straighten { RotationFrame::Straighten } else { RotationFrame::Pivot },
            ..Plan::default()
        }
    }
}

fn any_size() -> impl Strategy<Value = Size> {
    prop_oneof![(1u32..=40, 1u32..=40), (1u32..=20_000, 1u32..=20_000), (1u32.., 1u32..)]
        .prop_map(|(width, height)| Size { width, height })
}

proptest! {
    #[test]
    fn nothing_lies_outside(plan in any_plan(), original in any_size()) {
        let Ok(geometry) = geometry(&plan, original, 8192) else { return Ok(()) };
        let Geometry { cut, crop, placed, canvas, .. } = geometry;
        prop_assert!(!canvas.is_empty() && !placed.size().is_empty() && !cut.size().is_empty());
        prop_assert!(canvas.width <= 8192 && canvas.height <= 8192);
        prop_assert!(placed.x + placed.width <= canvas.width && placed.y + placed.height <= canvas.height);
        prop_assert!(cut.x + cut.width <= original.width && cut.y + cut.height <= original.height);
        let seen = geometry.seen();
        prop_assert!(crop.x >= 0.0 && crop.y >= 0.0 && crop.width > 0.0 && crop.height > 0.0);
        prop_assert!(crop.x + crop.width <= f64::from(seen.width) + 1e-6);
        prop_assert!(crop.y + crop.height <= f64::from(seen.height) + 1e-6);
        let part = geometry.in_original(CropBox::whole(geometry.oriented()));
        prop_assert_eq!((part.x, part.width), (f64::from(cut.x), f64::from(cut.width)));
        prop_assert_eq!((part.y, part.height), (f64::from(cut.y), f64::from(cut.height)));
    }

    #[test]
    fn proportions_are_kept_to_the_nearest_pixel(resize in any_resize(), original in any_size()) {
        let Ok(geometry) = geometry(&of(resize), original, 8192) else { return Ok(()) };
        let Geometry { crop, placed, .. } = geometry;
        if resize.fit == Fit::Scale {
            return Ok(());
        }
        let (w, h) = (f64::from(placed.width), f64::from(placed.height));
        // One of the two sides is exact; the other is within half a pixel of what it should be, or is one pixel.
        let width_off = (w - h * crop.width / crop.height).abs();
        let height_off = (h - w * crop.height / crop.width).abs();
        prop_assert!(
            width_off <= 0.5 + 1e-6 || height_off <= 0.5 + 1e-6 || w == 1.0 || h == 1.0,
            "{resize:?} {original} -> {placed:?}"
        );
    }

    #[test]
    fn two_sides_make_exactly_that_box_in_the_fits_that_say_so(
        w in 1u32..=8192, h in 1u32..=8192, fit in any_fit(), original in any_size()
    ) {
        let resize = Resize { width: Some(w), height: Some(h), fit, ..Resize::default() };
        let Ok(Geometry { canvas, placed, .. }) = geometry(&of(resize), original, 8192) else { return Ok(()) };
        match fit {
            Fit::Clip | Fit::Max => prop_assert!(canvas.width <= w && canvas.height <= h),
            Fit::BoundMin => prop_assert!(canvas.width >= w && canvas.height >= h),
            Fit::Min => prop_assert!(canvas.width <= w && canvas.height <= h),
            _ => prop_assert_eq!(canvas, Size::new(w, h)),
        }
        if matches!(fit, Fit::Clip | Fit::BoundMin) {
            prop_assert!(canvas.width == w || canvas.height == h);
        }
        // Padding differs by at most one pixel between the two sides.
        prop_assert!(canvas.width - placed.width - 2 * placed.x <= 1);
        prop_assert!(canvas.height - placed.height - 2 * placed.y <= 1);
    }

    #[test]
    fn what_shall_not_be_enlarged_is_not(resize in any_resize(), original in any_size()) {
        let resize = Resize { never_enlarge: true, ..resize };
        let Ok(geometry) = geometry(&of(resize), original, 8192) else { return Ok(()) };
        let Size { width, height } = geometry.placed.size();
        if width == 1 || height == 1 {
            // One pixel is the least there is, and what is seen of the other side follows from it.
            return Ok(());
        }
        // Rounding may go half a pixel beyond what is seen, closer than which it is nowhere near.
        prop_assert!(f64::from(geometry.placed.width) <= geometry.crop.width.max(0.5) + 0.5 + 1e-6);
        prop_assert!(f64::from(geometry.placed.height) <= geometry.crop.height.max(0.5) + 0.5 + 1e-6);
    }

    #[test]
    fn a_turned_original_gives_a_turned_result(resize in any_resize(), original in any_size()) {
        let turned = Resize {
            width: resize.height,
            height: resize.width,
            aspect_ratio: resize.aspect_ratio.map(|r| AspectRatio::new(r.height(), r.width()).unwrap()),
            ..resize
        };
        match (geometry(&of(resize), original, 8192), geometry(&of(turned), original.transposed(), 8192)) {
            (Ok(one), Ok(other)) => {
                prop_assert_eq!(one.canvas, other.canvas.transposed());
                prop_assert_eq!(one.placed.size(), other.placed.size().transposed());
            }
            (one, other) => prop_assert!(one.is_err() && other.is_err()),
        }
    }
}
