//! Where an even border ends.

use plan::{Colour, CropBox, Rect, Size, Trim, TrimBy};

use crate::codec::Picture;
use crate::colour::{chroma_of, luma_of};

/// The part of a stored picture that is not border, with what of the border stays; all of it where there is nothing
/// else.
pub(crate) fn trimmed(trim: &Trim, by: TrimBy, picture: &Picture) -> CropBox {
    let (size, is_border) = border(trim, by, picture);
    let Some(Rect { x, y, width, height }) = rest(size, is_border) else { return CropBox::whole(size) };
    let pad = trim.pad.size();
    let (left, top) = (x.saturating_sub(pad), y.saturating_sub(pad));
    let (right, bottom) = ((x + width + pad).min(size.width), (y + height + pad).min(size.height));
    CropBox {
        x: f64::from(left),
        y: f64::from(top),
        width: f64::from(right - left),
        height: f64::from(bottom - top),
    }
}

/// Whether the sample there is like the border.
type IsBorder<'a> = Box<dyn Fn(usize, usize) -> bool + 'a>;

fn border<'a>(trim: &Trim, by: TrimBy, picture: &'a Picture) -> (Size, IsBorder<'a>) {
    let tolerance = i32::from(trim.tolerance.percent()) * 255 / 100;
    match picture {
        Picture::Pixels(pixels) => {
            let width = pixels.size.width as usize;
            let by_alpha = match by {
                TrimBy::Alpha => true,
                TrimBy::Colour => false,
                TrimBy::Auto => !pixels.is_opaque(),
            };
            let at = move |x: usize, y: usize| pixels.rgba[y * width + x].map(i32::from);
            if by_alpha {
                return (pixels.size, Box::new(move |x, y| at(x, y)[3] <= tolerance));
            }
            let like = trim.colour.map_or_else(|| at(0, 0), |colour| colour.rgba().map(i32::from));
            let is_border = move |x, y| {
                let off = at(x, y).into_iter().zip(like).map(|(one, other)| (one - other).abs()).max();
                off <= Some(tolerance)
            };
            (pixels.size, Box::new(is_border))
        }
        // Nothing is transparent here.
        Picture::Planes(planes) if by == TrimBy::Alpha => (planes.size(), Box::new(|_, _| false)),
        Picture::Planes(planes) => {
            let (across, down) = (usize::from(planes.subsampling.0), usize::from(planes.subsampling.1));
            let at = move |x: usize, y: usize| {
                let luma = i32::from(planes.luma.samples[y * planes.luma.width + x]);
                let chroma = planes.chroma.as_ref().map_or([128; 2], |chroma| {
                    [0, 1].map(|index: usize| {
                        let plane = &chroma[index];
                        let x = (x / across).min(plane.width - 1);
                        i32::from(plane.samples[(y / down).min(plane.height - 1) * plane.width + x])
                    })
                });
                [luma, chroma[0], chroma[1]]
            };
            let like = trim.colour.map_or_else(|| at(0, 0), in_planes);
            let is_border = move |x, y| {
                let off = at(x, y).into_iter().zip(like).map(|(one, other)| (one - other).abs()).max();
                off <= Some(tolerance)
            };
            (planes.size(), Box::new(is_border))
        }
    }
}

fn in_planes(colour: Colour) -> [i32; 3] {
    let [r, g, b, _] = colour.rgba();
    let luma = luma_of([r, g, b]);
    let (cb, cr) = chroma_of([r, g, b], luma);
    [luma.round() as i32, (cb + 128.0).round() as i32, (cr + 128.0).round() as i32]
}

fn rest(size: Size, is_border: IsBorder<'_>) -> Option<Rect> {
    let (width, height) = (size.width as usize, size.height as usize);
    let row = |y: usize| (0..width).all(|x| is_border(x, y));
    let top = (0..height).find(|y| !row(*y))?;
    let bottom = (top..height).rev().find(|y| !row(*y))?;
    let column = |x: usize| (top..=bottom).all(|y| is_border(x, y));
    let left = (0..width).find(|x| !column(*x))?;
    let right = (left..width).rev().find(|x| !column(*x))?;
    Some(Rect {
        x: left as u32,
        y: top as u32,
        width: (right - left + 1) as u32,
        height: (bottom - top + 1) as u32,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::colour::to_planes;
    use crate::pixels::Pixels;

    /// Red at 10..30, 6..20 of 40 by 24, on this colour.
    fn framed(colour: [u8; 4]) -> Pixels {
        let mut pixels = Pixels::filled(Size::new(40, 24), colour);
        for row in pixels.rgba.chunks_exact_mut(40).skip(6).take(14) {
            row[10..30].fill([200, 20, 20, 255]);
        }
        pixels
    }

    fn found(trim: Trim, by: TrimBy, picture: Picture) -> [f64; 4] {
        let CropBox { x, y, width, height } = trimmed(&trim, by, &picture);
        [x, y, width, height]
    }

    #[test]
    fn an_even_border_is_found_by_colour_or_alpha() {
        let trim = Trim::default();
        let inner = [10.0, 6.0, 20.0, 14.0];
        let grey = || Picture::Pixels(framed([240, 240, 240, 255]));
        let clear = || Picture::Pixels(framed([240, 240, 240, 0]));
        for (by, picture, expected) in [
            (TrimBy::Auto, grey(), inner),
            (TrimBy::Colour, grey(), inner),
            (TrimBy::Alpha, grey(), [0.0, 0.0, 40.0, 24.0]),
            (TrimBy::Auto, clear(), inner),
            (TrimBy::Alpha, clear(), inner),
            (TrimBy::Auto, Picture::Planes(to_planes(&framed([240, 240, 240, 255]), (2, 2))), inner),
            (
                TrimBy::Alpha,
                Picture::Planes(to_planes(&framed([0, 0, 0, 255]), (2, 2))),
                [0.0, 0.0, 40.0, 24.0],
            ),
            // Nothing but border: all of it stays.
            (
                TrimBy::Auto,
                Picture::Pixels(Pixels::filled(Size::new(40, 24), [7; 4])),
                [0.0, 0.0, 40.0, 24.0],
            ),
        ] {
            assert_eq!(found(trim, by, picture), expected, "{by}");
        }
    }

    #[test]
    fn a_colour_a_tolerance_and_room_can_be_asked_for() {
        let grey = || Picture::Pixels(framed([240, 240, 240, 255]));
        let colour = |text: &str| Trim { colour: text.parse().ok(), ..Trim::default() };
        assert_eq!(found(colour("eeeeee"), TrimBy::Colour, grey()), [10.0, 6.0, 20.0, 14.0]);
        assert_eq!(found(colour("red"), TrimBy::Colour, grey()), [0.0, 0.0, 40.0, 24.0]);
        let exact = Trim { tolerance: "0".parse().unwrap(), ..colour("eeeeee") };
        assert_eq!(found(exact, TrimBy::Colour, grey()), [0.0, 0.0, 40.0, 24.0]);
        let pad = Trim { pad: "8".parse().unwrap(), ..Trim::default() };
        assert_eq!(found(pad, TrimBy::Auto, grey()), [2.0, 0.0, 36.0, 24.0]);
    }
}
