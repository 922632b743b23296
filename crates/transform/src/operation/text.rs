//! A text over the picture.

use plan::{BlendMode, Lettering};

use crate::error::TransformError;
use crate::operation::{Bench, mark};
use crate::pixels::Pixels;
use crate::text;

pub(super) fn pixels(
    lettering: &Lettering,
    mut pixels: Pixels,
    bench: &mut Bench<'_>,
) -> Result<Pixels, TransformError> {
    let text = bench.texts.get(lettering.text);
    let Some(content) = text.and_then(|text| text.content.as_ref()) else {
        return Err(TransformError::failed("writing", "the plan's texts are not there"));
    };
    let room = plan::text_room(lettering, pixels.size);
    let text = text::lettered(lettering, content.as_str(), bench.fonts, room, bench.deadline)?;
    let frame = plan::text_placement(lettering, text.size(), pixels.size);
    let whole = plan::turned_frame(text.pixels.size, lettering.rotation);
    let turned = mark::turned(text.pixels, lettering.rotation, whole, bench)?;
    // Both are turned about the same middle.
    let before = |of: u32, whole: u32| (i64::from(whole) - i64::from(of)).div_euclid(2);
    let x = i64::from(frame.x) - before(frame.width, whole.width);
    let y = i64::from(frame.y) - before(frame.height, whole.height);
    let letters = mark::faded(turned, lettering.opacity.percent());
    mark::lay(&letters, &mut pixels, (x, y), BlendMode::Normal);
    Ok(pixels)
}
