//! `format=json`: what is known of an original, and how large the picture would be.
//!
//! Places are never told, nor what tells one camera from another of its kind.

use std::io::Cursor;

use exif::{Exif, Field, In, Tag, Value};
use plan::{Rect, Size};
use serde::Serialize;

use crate::Header;
use crate::animation;
use crate::codec::{Decoded, Picture, pdf};
use crate::error::TransformError;
use crate::limits::{Deadline, Limits};
use crate::metadata::Copyright;
use crate::pixels::Pixels;
use crate::profile;
use crate::sniff::InputFormat;

/// The longest text of a field, in characters.
const LONGEST: usize = 200;

#[derive(Serialize)]
struct Info<'a> {
    original: &'a Facts,
    picture: Seen,
}

/// As the URL asks for it, but for the format.
#[derive(Serialize)]
struct Seen {
    width: u32,
    height: u32,
    opaque: bool,
    dominant_color: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    faces: Option<Vec<Face>>,
}

/// Where one is, in pixels of the picture.
#[derive(Serialize)]
struct Face {
    x: u32,
    y: u32,
    width: u32,
    height: u32,
}

#[derive(Serialize)]
pub(super) struct Facts {
    format: String,
    media_type: &'static str,
    bytes: usize,
    /// Upright.
    width: u32,
    height: u32,
    /// As EXIF counts them: 1 is upright.
    orientation: u8,
    alpha: bool,
    frames: u32,
    /// Of a document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pages: Option<u32>,
    color_space: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    creator: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    copyright: Option<String>,
    #[serde(skip_serializing_if = "Photograph::is_unknown")]
    photograph: Photograph,
}

/// How a photograph was taken.
#[derive(Debug, Default, PartialEq, Serialize)]
struct Photograph {
    #[serde(skip_serializing_if = "Option::is_none")]
    make: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lens: Option<String>,
    /// As the camera's clock said, in a form that EXIF does not tell the time zone of.
    #[serde(skip_serializing_if = "Option::is_none")]
    taken: Option<String>,
    /// In seconds, as in 1/250.
    #[serde(skip_serializing_if = "Option::is_none")]
    exposure_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    f_number: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iso: Option<u32>,
    /// In millimetres.
    #[serde(skip_serializing_if = "Option::is_none")]
    focal_length: Option<f64>,
}

impl Facts {
    pub fn of(
        original: &[u8],
        header: &Header,
        decoded: &Decoded,
        limits: &Limits,
        deadline: &Deadline,
    ) -> Result<Facts, TransformError> {
        let frames = animation::frames(original, header.format)?;
        let pages = match header.format {
            InputFormat::Pdf => Some(pdf::pages(original, deadline)?),
            _ => None,
        };
        let Copyright { creator, notice } = Copyright::of(original, header.format);
        Ok(Facts {
            format: header.format.to_string().to_ascii_lowercase(),
            media_type: header.format.media_type(),
            bytes: original.len(),
            width: header.upright.width,
            height: header.upright.height,
            orientation: orientation(header),
            alpha: header.alpha,
            frames: frames.min(limits.frames),
            pages,
            color_space: colour_space(decoded),
            creator,
            copyright: notice,
            photograph: Photograph::of(original),
        })
    }
}

pub(super) fn json(
    facts: &Facts,
    size: Size,
    pixels: &Pixels,
    faces: Option<Vec<Rect>>,
    deadline: &Deadline,
) -> Result<String, TransformError> {
    let dominant = super::palette::dominant(pixels, deadline)?;
    let picture = Seen {
        width: size.width,
        height: size.height,
        opaque: pixels.is_opaque(),
        dominant_color: super::palette::hexadecimal(dominant),
        faces: faces.map(|faces| {
            faces.into_iter().map(|Rect { x, y, width, height }| Face { x, y, width, height }).collect()
        }),
    };
    let info = Info { original: facts, picture };
    serde_json::to_string(&info).map_err(|error| TransformError::failed("describing", error))
}

fn orientation(header: &Header) -> u8 {
    (1..=8).find(|value| plan::Orientation::from_exif(u32::from(*value)) == header.orientation).unwrap_or(1)
}

fn colour_space(decoded: &Decoded) -> String {
    match (&decoded.picture, &decoded.icc) {
        (Picture::Planes(planes), _) if planes.chroma.is_none() => "gray".to_owned(),
        (_, Some(icc)) => profile::name(icc).map_or("srgb".to_owned(), |name| shortened(&name)),
        (_, None) => "srgb".to_owned(),
    }
}

fn shortened(text: &str) -> String {
    text.trim().chars().filter(|character| !character.is_control()).take(LONGEST).collect()
}

impl Photograph {
    fn is_unknown(&self) -> bool {
        *self == Photograph::default()
    }

    fn of(original: &[u8]) -> Photograph {
        let read = exif::Reader::new()
            .continue_on_error(true)
            .read_from_container(&mut Cursor::new(original))
            .or_else(|error| error.distill_partial_result(|_| {}));
        let Ok(exif) = read else { return Photograph::default() };
        Photograph {
            make: text(&exif, Tag::Make),
            model: text(&exif, Tag::Model),
            lens: text(&exif, Tag::LensModel),
            taken: text(&exif, Tag::DateTimeOriginal),
            exposure_time: field(&exif, Tag::ExposureTime)
                .map(|field| shortened(&field.display_value().to_string())),
            f_number: number(&exif, Tag::FNumber),
            iso: field(&exif, Tag::PhotographicSensitivity).and_then(|field| field.value.get_uint(0)),
            focal_length: number(&exif, Tag::FocalLength),
        }
    }
}

fn field(exif: &Exif, tag: Tag) -> Option<&Field> {
    exif.get_field(tag, In::PRIMARY)
}

fn text(exif: &Exif, tag: Tag) -> Option<String> {
    match &field(exif, tag)?.value {
        Value::Ascii(texts) => texts
            .first()
            .map(|text| shortened(&String::from_utf8_lossy(text)))
            .filter(|text| !text.is_empty()),
        _ => None,
    }
}

fn number(exif: &Exif, tag: Tag) -> Option<f64> {
    match &field(exif, tag)?.value {
        Value::Rational(numbers) => {
            numbers.first().map(|number| number.to_f64()).filter(|number| number.is_finite())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_where_it_is_too_long_and_has_no_lines() {
        assert_eq!(shortened(" a\0b\r\nc "), "abc");
        assert_eq!(shortened(&"é".repeat(300)), "é".repeat(LONGEST));
    }
}
