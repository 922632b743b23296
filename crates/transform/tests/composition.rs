//! Several originals in one picture: in their order, within their limits, each blamed for what is its own.

mod pictures;

use plan::{Format, FormatWish, Mark, Plan, Size};
use transform::{InputFormat, Limits, TransformError, compose};

use crate::pictures::{Painting, moving_gif, with_orientation};

const RED: [u8; 4] = [200, 0, 0, 255];
const BLUE: [u8; 4] = [0, 0, 200, 255];

fn plain(width: u32, height: u32, colour: [u8; 4]) -> Vec<u8> {
    Painting::new(width, height, |_, _| colour).png()
}

fn mark(name: &str, align: &str) -> Mark {
    let (pad, align) = ("0".parse().unwrap(), align.parse().unwrap());
    Mark { picture: name.parse().ok(), pad, align, ..Mark::default() }
}

fn plan<const N: usize>(marks: [Mark; N]) -> Plan {
    let mut plan = Plan { format: FormatWish::Exactly(Format::Png), ..Plan::default() };
    for (place, mark) in plan.marks.iter_mut().zip(marks) {
        *place = mark;
    }
    plan
}

fn seen(originals: &[&[u8]], plan: &Plan) -> Painting {
    pictures::seen(&compose(originals, plan, &Limits::default()).unwrap().bytes)
}

#[test]
fn marks_lie_over_the_picture_in_their_order_and_one_original_serves_several() {
    let plan = plan([mark("a/red", "top,left"), mark("a/blue", "top,left"), mark("a/red", "bottom,right")]);
    let (red, blue) = (plain(6, 6, RED), plain(3, 3, BLUE));
    let seen = seen(&[&plain(12, 12, [255; 4]), &red, &blue], &plan);
    assert_eq!((seen.at(0, 0), seen.at(4, 4), seen.at(11, 11), seen.at(7, 0)), (BLUE, RED, RED, [255; 4]));
}

#[test]
fn a_mark_is_turned_upright_as_its_metadata_say() {
    let tall = Painting::quarters().original(InputFormat::Jpeg);
    let turned = with_orientation(&tall, 6);
    let base = plain(40, 40, [255; 4]);
    let plan = plan([mark("a/b", "top,left")]);
    // 24 x 16 stored, seen as 16 x 24: red is upper left as stored, and goes to the upper right.
    let [turned, straight] = [&turned, &tall].map(|mark| seen(&[&base, mark], &plan));
    let is_red = |[r, g, b, _]: [u8; 4]| r > 200 && g < 60 && b < 60;
    assert!(is_red(turned.at(12, 4)) && !is_red(turned.at(4, 4)));
    assert!(is_red(straight.at(4, 4)) && turned.at(18, 4) == [255; 4]);
}

#[test]
fn in_what_moves_every_frame_is_marked() {
    let plan = Plan { format: FormatWish::Exactly(Format::Webp), ..plan([mark("a/red", "top,left")]) };
    let made = compose(&[&moving_gif(), &plain(8, 8, RED)], &plan, &Limits::default()).unwrap();
    let plain_size =
        compose(&[&moving_gif()], &Plan { marks: Plan::default().marks, ..plan }, &Limits::default());
    assert_eq!(made.size, plain_size.unwrap().size);
    assert!(made.bytes.windows(4).filter(|window| window == b"ANMF").count() == 3);
    let [r, g, b, _] = pictures::seen(&made.bytes).at(3, 3);
    assert!(r > 150 && g < 60 && b < 60);
}

#[test]
fn a_mark_that_cannot_be_read_is_named() {
    let base = plain(12, 12, [255; 4]);
    let plan = plan([mark("brand/logo.png", "top")]);
    let red = plain(6, 6, RED);
    for (bytes, expected) in [
        (&b"<html>"[..], "brand/logo.png: the original is not a picture in a format that can be read"),
        (&red[..40], "brand/logo.png: the PNG original"),
    ] {
        let error = compose(&[&base, bytes], &plan, &Limits::default()).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
    }
    // What is wrong with the picture itself is not the mark's fault.
    let error = compose(&[b"<html>", &red], &plan, &Limits::default()).unwrap_err();
    assert_eq!(error, TransformError::UnknownFormat);
}

#[test]
fn all_originals_together_have_to_keep_the_limits() {
    let (base, red) = (plain(10, 10, [255; 4]), plain(6, 6, RED));
    let plan = plan([mark("a/b", "top")]);
    let limits = |pixels| Limits { pixels, ..Limits::default() };
    assert!(compose(&[&base, &red], &plan, &limits(136)).is_ok());
    let error = compose(&[&base, &red], &plan, &limits(135)).unwrap_err();
    assert_eq!(error, TransformError::TooManyPixelsTogether { found: 136, limit: 135 });
}

#[test]
fn originals_that_are_not_those_of_the_plan_are_an_error_not_a_panic() {
    let (base, red) = (plain(10, 10, [255; 4]), plain(6, 6, RED));
    let plan = plan([mark("a/b", "top")]);
    for originals in [&[][..], &[&base[..]], &[&base[..], &red, &red]] {
        let error = compose(originals, &plan, &Limits::default()).unwrap_err();
        assert!(matches!(error, TransformError::Failed { .. }), "{error}");
    }
}

#[test]
fn a_mark_is_at_most_as_large_as_the_picture_and_never_makes_it_larger() {
    let huge = plain(400, 100, RED);
    let made =
        compose(&[&plain(40, 40, [255; 4]), &huge], &plan([mark("a/b", "top")]), &Limits::default()).unwrap();
    assert_eq!(made.size, Size::new(40, 40));
    let seen = pictures::seen(&made.bytes);
    assert_eq!((seen.at(0, 0), seen.at(39, 9), seen.at(0, 10)), (RED, RED, [255; 4]));
}

#[test]
fn what_blends_masks_and_fills_each_has_its_own_original() {
    let mut plan = plan([mark("a/red", "bottom,right")]);
    plan.resize =
        plan::Resize { width: Some(24), height: Some(12), fit: plan::Fit::Fill, ..plan::Resize::default() };
    plan.blend = plan::Blend {
        with: "a/blue".parse().ok(),
        mode: plan::BlendMode::Normal,
        fit: plan::SheetFit::Scale,
        ..plan::Blend::default()
    };
    plan.mask = "a/half".parse().ok();
    plan.background.fill = "a/green".parse().unwrap();
    let names: Vec<String> = plan.originals().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["a/red", "a/blue", "a/half", "a/green"]);
    let green = [0, 200, 0, 255];
    // Its upper half stays.
    let half = Painting::new(4, 4, |_, y| if y < 2 { [0, 0, 0, 255] } else { [0; 4] }).png();
    let (red, blue, behind) = (plain(2, 2, RED), plain(5, 5, BLUE), plain(9, 9, green));
    let seen = seen(&[&plain(12, 12, [255; 4]), &red, &blue, &half, &behind], &plan);
    // The picture in the middle of its canvas, mixed with blue; the canvas green; the mark over what is masked away.
    assert_eq!((seen.at(12, 1), seen.at(1, 1), seen.at(22, 1)), (BLUE, green, green));
    assert_eq!((seen.at(12, 10)[3], seen.at(1, 10)[3], seen.at(23, 11)), (0, 0, RED));
}

#[test]
fn a_picture_shines_through_to_what_is_behind_it_even_where_it_fills_its_canvas() {
    let mut plan = plan([]);
    plan.resize =
        plan::Resize { width: Some(12), height: Some(12), fit: plan::Fit::Fill, ..plan::Resize::default() };
    plan.background.fill = "a/blue".parse().unwrap();
    let seen = seen(&[&plain(12, 12, [255, 255, 255, 0]), &plain(3, 3, BLUE)], &plan);
    assert_eq!((seen.at(0, 0), seen.at(11, 11)), (BLUE, BLUE));
}
