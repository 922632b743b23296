//! The colours that stand for all of a picture's, the most frequent first.

use std::fmt::Write;

use plan::PaletteForm;
use serde::Serialize;

use crate::colour;
use crate::error::TransformError;
use crate::limits::Deadline;
use crate::palette::{Palette, Rgba};
use crate::pixels::Pixels;

/// Of so many, the most frequent is dominant.
const DOMINANT_OF: usize = 8;

#[derive(Serialize)]
struct Told {
    colors: Vec<ToldColour>,
    /// 0 is black, 1 is white.
    average_luminance: f64,
    dominant_color: String,
}

#[derive(Serialize)]
struct ToldColour {
    hex: String,
    red: u8,
    green: u8,
    blue: u8,
    /// How much of the picture it stands for.
    share: f64,
}

pub(super) fn written(
    form: PaletteForm,
    size: usize,
    pixels: &Pixels,
    deadline: &Deadline,
) -> Result<String, TransformError> {
    let colours = by_share(pixels, size, deadline)?;
    match form {
        PaletteForm::Css => Ok(css(&colours)),
        PaletteForm::Json => {
            let told = Told {
                average_luminance: thousandths(luminance(pixels)),
                dominant_color: hexadecimal(dominant(pixels, deadline)?),
                colors: colours
                    .into_iter()
                    .map(|([red, green, blue, alpha], share)| ToldColour {
                        hex: hexadecimal([red, green, blue, alpha]),
                        red,
                        green,
                        blue,
                        share: thousandths(share),
                    })
                    .collect(),
            };
            serde_json::to_string(&told).map_err(|error| TransformError::failed("describing", error))
        }
    }
}

/// Classes named as others have named them: a colour as text, and as background.
fn css(colours: &[(Rgba, f64)]) -> String {
    let mut css = String::new();
    for (index, (colour, _)) in colours.iter().enumerate() {
        let (number, colour) = (index + 1, hexadecimal(*colour));
        // Writing to a string cannot fail.
        let _ = writeln!(css, ".image-fg-{number} {{ color: {colour} !important; }}");
        let _ = writeln!(css, ".image-bg-{number} {{ background-color: {colour} !important; }}");
    }
    css
}

pub(super) fn dominant(pixels: &Pixels, deadline: &Deadline) -> Result<Rgba, TransformError> {
    let colours = by_share(pixels, DOMINANT_OF, deadline)?;
    Ok(colours.first().map_or([0, 0, 0, 255], |(colour, _)| *colour))
}

/// As CSS writes it; what can be seen through has its colour told, not how much of it is seen.
pub(super) fn hexadecimal([r, g, b, _]: Rgba) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// What cannot be seen has no say.
fn by_share(pixels: &Pixels, size: usize, deadline: &Deadline) -> Result<Vec<(Rgba, f64)>, TransformError> {
    let rgba: Vec<Rgba> =
        pixels.rgba.iter().filter(|pixel| pixel[3] >= 128).map(|&[r, g, b, _]| [r, g, b, 255]).collect();
    if rgba.is_empty() {
        return Ok(Vec::new());
    }
    let seen = Pixels { size: plan::Size::new(rgba.len() as u32, 1), rgba };
    let palette = Palette::of(&seen, size, deadline)?;
    let shares = palette.shares(&seen);
    let mut colours: Vec<_> =
        palette.colours.into_iter().zip(shares).filter(|(_, share)| *share > 0.0).collect();
    colours.sort_by(|(one, less), (other, more)| more.total_cmp(less).then(one.cmp(other)));
    Ok(colours)
}

fn luminance(pixels: &Pixels) -> f64 {
    let mut sums = (0.0, 0.0);
    for &[r, g, b, a] in &pixels.rgba {
        let weight = f64::from(a);
        sums.0 += weight * f64::from(colour::luma_of([r, g, b])) / 255.0;
        sums.1 += weight;
    }
    if sums.1 > 0.0 { sums.0 / sums.1 } else { 0.0 }
}

fn thousandths(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}
