//! The format of the derivative: what is wished for, what a client accepts, what is made.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::description::Description;

/// A format that we write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Format {
    Jpeg,
    Png,
    Webp,
    Avif,
    Gif,
}

impl Format {
    pub const ALL: [Format; 5] = [Format::Jpeg, Format::Png, Format::Webp, Format::Avif, Format::Gif];

    pub const fn as_str(self) -> &'static str {
        match self {
            Format::Jpeg => "jpeg",
            Format::Png => "png",
            Format::Webp => "webp",
            Format::Avif => "avif",
            Format::Gif => "gif",
        }
    }

    pub const fn media_type(self) -> &'static str {
        match self {
            Format::Jpeg => "image/jpeg",
            Format::Png => "image/png",
            Format::Webp => "image/webp",
            Format::Avif => "image/avif",
            Format::Gif => "image/gif",
        }
    }

    /// Whether the format can hold transparent pixels.
    pub const fn holds_alpha(self) -> bool {
        !matches!(self, Format::Jpeg)
    }

    /// Whether we write pictures that move in it.
    pub const fn moves(self) -> bool {
        !matches!(self, Format::Jpeg)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown format; allowed are jpg, jpeg, png, webp, avif, gif")]
pub struct UnknownFormat;

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(word: &str) -> Result<Format, UnknownFormat> {
        match word {
            "jpg" | "jpeg" => Ok(Format::Jpeg),
            "png" => Ok(Format::Png),
            "webp" => Ok(Format::Webp),
            "avif" => Ok(Format::Avif),
            "gif" => Ok(Format::Gif),
            _ => Err(UnknownFormat),
        }
    }
}

/// What a derivative is: a picture, or words about one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OutputFormat {
    Picture(Format),
    Described(Description),
    /// An original that is drawn stays so.
    Svg,
}

impl OutputFormat {
    /// What a URL calls a drawing.
    pub const SVG: &str = "svg";

    /// All that there are, those that were there first first.
    pub fn all() -> impl Iterator<Item = OutputFormat> {
        let pictures = Format::ALL.into_iter().map(OutputFormat::Picture);
        let described = Description::ALL.into_iter().map(OutputFormat::Described);
        pictures.chain(described).chain([OutputFormat::Svg])
    }

    /// Whether it is SVG, made by us or by somebody else.
    pub const fn is_drawing(self) -> bool {
        matches!(self, OutputFormat::Svg | OutputFormat::Described(Description::Primitive))
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            OutputFormat::Picture(format) => format.as_str(),
            OutputFormat::Described(description) => description.as_str(),
            OutputFormat::Svg => OutputFormat::SVG,
        }
    }

    pub const fn media_type(self) -> &'static str {
        match self {
            OutputFormat::Picture(format) => format.media_type(),
            OutputFormat::Described(description) => description.media_type(),
            OutputFormat::Svg => "image/svg+xml",
        }
    }
}

impl fmt::Display for OutputFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<Format> for OutputFormat {
    fn from(format: Format) -> OutputFormat {
        OutputFormat::Picture(format)
    }
}

impl From<Description> for OutputFormat {
    fn from(description: Description) -> OutputFormat {
        OutputFormat::Described(description)
    }
}

impl PartialEq<Format> for OutputFormat {
    fn eq(&self, other: &Format) -> bool {
        *self == OutputFormat::Picture(*other)
    }
}

/// The best that a client takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Accepted {
    Avif,
    Webp,
    /// JPEG, PNG where the picture has transparent pixels, GIF where it moves: what every client has always taken.
    Basic,
}

/// The format that a request wishes for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum FormatWish {
    /// That of the original if we write it, else as [`Accepted::Basic`].
    #[default]
    Original,
    /// The best that this client accepts.
    Auto(Accepted),
    Exactly(Format),
    /// No picture, but something about it.
    Described(Description),
    /// A drawing, as a drawing.
    Svg,
}

/// The format that is made of an original with (or without) transparent pixels, `lossless` or not.
///
/// `original` is nothing where we read the original's format but do not write it (TIFF).
pub fn output_format(wish: FormatWish, original: Option<Format>, has_alpha: bool, lossless: bool) -> Format {
    let basic = if has_alpha || lossless { Format::Png } else { Format::Jpeg };
    match wish {
        FormatWish::Exactly(format) => format,
        // Looked at as it is.
        FormatWish::Described(_) | FormatWish::Svg => Format::Png,
        FormatWish::Original => original.unwrap_or(basic),
        // Without loss, AVIF is the larger; whoever takes it takes WebP.
        FormatWish::Auto(Accepted::Avif) if lossless => Format::Webp,
        FormatWish::Auto(Accepted::Avif) => Format::Avif,
        FormatWish::Auto(Accepted::Webp) => Format::Webp,
        FormatWish::Auto(Accepted::Basic) => basic,
    }
}

/// The format in which an original that moves goes on moving; nothing where the wish is for a still picture.
///
/// Whoever takes AVIF takes WebP, and has it here unless AVIF is named: a client that says it takes AVIF need not know those
/// that move, and would show the first picture for good.
pub fn moving_format(wish: FormatWish, original: Option<Format>, lossless: bool) -> Option<Format> {
    match wish {
        FormatWish::Exactly(format) => Some(format).filter(|format| format.moves()),
        FormatWish::Original => original.filter(|format| format.moves()),
        FormatWish::Auto(Accepted::Avif | Accepted::Webp) => Some(Format::Webp),
        FormatWish::Auto(Accepted::Basic) => Some(if lossless { Format::Png } else { Format::Gif }),
        FormatWish::Described(_) | FormatWish::Svg => None,
    }
}

/// The best format that an `Accept` field asks for (RFC 9110 §12.5.1); several field lines joined with commas.
///
/// AVIF and WebP must be named: `*/*` and `image/*` come from clients that have never heard of either.
/// Of those named the higher weight wins, then the smaller file; and neither is sent to a client that
/// gives JPEG a higher weight.
pub fn accepted(accept_header: Option<&str>) -> Accepted {
    let Some(header) = accept_header else { return Accepted::Basic };
    // (exact JPEG, image/*, */*), then the two that count only when named.
    let (mut jpeg, mut any_image, mut anything) = (None, None, None);
    let (mut avif, mut webp) = (None, None);
    for element in split_outside_quotes(header, b',') {
        let Some((range, weight)) = media_range(element) else { continue };
        let slot = match range.to_ascii_lowercase().as_str() {
            "image/avif" => &mut avif,
            "image/webp" => &mut webp,
            "image/jpeg" => &mut jpeg,
            "image/*" => &mut any_image,
            "*/*" => &mut anything,
            _ => continue,
        };
        *slot = (*slot).max(Some(weight));
    }
    // "The most specific reference has precedence": an exact range beats a wildcard, whatever its weight.
    let basic = jpeg.or(any_image).or(anything).unwrap_or(0);
    let (avif, webp) = (avif.unwrap_or(0), webp.unwrap_or(0));
    if avif > 0 && avif >= webp && avif >= basic {
        Accepted::Avif
    } else if webp > 0 && webp >= basic {
        Accepted::Webp
    } else {
        Accepted::Basic
    }
}

/// A media range without parameters of its own, and its weight in thousandths.
///
/// A range with parameters (`image/webp;level=2`) matches only representations that have them; ours have none.
fn media_range(element: &str) -> Option<(&str, u16)> {
    let mut parts = split_outside_quotes(element, b';').map(str::trim);
    let range = parts.next()?;
    match parts.next() {
        None => Some((range, 1000)),
        // What follows the weight is an extension that RFC 9110 has retired; it changes nothing.
        Some(weight) => {
            let (name, value) = weight.split_once('=')?;
            if !name.eq_ignore_ascii_case("q") {
                return None;
            }
            Some((range, thousandths(value)?))
        }
    }
}

/// A qvalue (RFC 9110 §12.4.2): `0` or `1` with up to three decimals, at most one.
fn thousandths(qvalue: &str) -> Option<u16> {
    let (whole, decimals) = qvalue.split_once('.').unwrap_or((qvalue, ""));
    if !matches!(whole, "0" | "1")
        || decimals.len() > 3
        || !decimals.bytes().all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    format!("{whole}{decimals:0<3}").parse().ok().filter(|weight| *weight <= 1000)
}

fn split_outside_quotes(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c: char| {
        if escaped {
            escaped = false;
        } else if quoted && c == '\\' {
            escaped = true;
        } else if c == '"' {
            quoted = !quoted;
        } else {
            return !quoted && c == char::from(separator);
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_clients_accept() {
        use Accepted::*;
        for (header, expected) in [
            // Chrome, Firefox and Safari of today, Chrome before AVIF, curl.
            ("image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", Avif),
            ("image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5", Avif),
            (
                "image/webp,image/avif,image/jxl,image/heic,video/*;q=0.8,image/png,image/*;q=0.8,*/*;q=0.5",
                Avif,
            ),
            ("image/webp,image/apng,image/*,*/*;q=0.8", Webp),
            ("*/*", Basic),
            ("image/*", Basic),
            ("image/jpeg", Basic),
            ("", Basic),
            (",, ,", Basic),
            ("text/html", Basic),
            // Weights.
            ("image/avif;q=0, image/webp", Webp),
            ("image/avif;q=0,image/webp;q=0.000", Basic),
            ("image/avif;q=0.5, image/webp;q=0.9", Webp),
            ("image/webp;q=0.3, image/jpeg", Basic),
            ("image/webp;q=0.3, */*;q=0.1", Webp),
            ("image/webp;q=0.3, image/jpeg;q=0.1, image/*", Webp),
            ("image/avif ; q=1.000 , */*", Avif),
            ("IMAGE/AVIF;Q=1", Avif),
            // Not a weight, so no range at all.
            ("image/avif;q=2", Basic),
            ("image/avif;q=", Basic),
            ("image/avif;q=0.0001", Basic),
            ("image/avif;q=1.001", Basic),
            ("image/avif;profile=x", Basic),
            ("text/html;x=\"a, image/avif, b\", image/webp", Webp),
        ] {
            assert_eq!(accepted(Some(header)), expected, "{header:?}");
        }
        assert_eq!(accepted(None), Basic);
    }

    #[test]
    fn what_is_made_of_what() {
        use Format::*;
        use FormatWish::*;
        assert_eq!(output_format(Auto(Accepted::Basic), Some(Jpeg), false, true), Png);
        assert_eq!(output_format(Auto(Accepted::Avif), Some(Jpeg), false, true), Webp);
        for (wish, original, has_alpha, expected) in [
            (Original, Some(Webp), false, Webp),
            (Original, Some(Png), true, Png),
            (Original, None, false, Jpeg),
            (Original, None, true, Png),
            (Auto(Accepted::Avif), Some(Jpeg), false, Avif),
            (Auto(Accepted::Webp), Some(Png), true, Webp),
            (Auto(Accepted::Basic), Some(Webp), false, Jpeg),
            (Auto(Accepted::Basic), Some(Jpeg), true, Png),
            (Exactly(Jpeg), Some(Png), true, Jpeg),
        ] {
            assert_eq!(
                output_format(wish, original, has_alpha, false),
                expected,
                "{wish:?} {original:?} {has_alpha}"
            );
        }
    }

    #[test]
    fn what_moves_goes_on_moving_where_the_format_can() {
        use Format::*;
        use FormatWish::*;
        for (wish, original, lossless, expected) in [
            (Original, Some(Gif), false, Some(Gif)),
            (Original, Some(Png), false, Some(Png)),
            (Original, Some(Webp), false, Some(Webp)),
            (Original, Some(Avif), false, Some(Avif)),
            (Original, None, false, None),
            (Auto(Accepted::Avif), Some(Gif), false, Some(Webp)),
            (Auto(Accepted::Webp), Some(Gif), true, Some(Webp)),
            (Auto(Accepted::Basic), Some(Webp), false, Some(Gif)),
            (Auto(Accepted::Basic), Some(Webp), true, Some(Png)),
            (Exactly(Jpeg), Some(Gif), false, None),
            (Exactly(Avif), Some(Gif), false, Some(Avif)),
            (Exactly(Gif), Some(Png), false, Some(Gif)),
            (Described(Description::Info), Some(Gif), false, None),
        ] {
            assert_eq!(moving_format(wish, original, lossless), expected, "{wish:?} {original:?} {lossless}");
        }
    }

    #[test]
    fn a_format_is_read_as_it_is_written() {
        for format in Format::ALL {
            assert_eq!(format.to_string().parse(), Ok(format));
        }
        assert_eq!("jpg".parse(), Ok(Format::Jpeg));
        assert_eq!("tiff".parse::<Format>(), Err(UnknownFormat));
    }

    proptest! {
        #[test]
        fn no_accept_field_panics(header in ".*") {
            accepted(Some(&header));
        }

        #[test]
        fn a_format_that_is_not_named_is_never_chosen(
            header in "((image|text|\\*)/(webp|avif|jpeg|\\*)(;q=(0|1|0\\.[0-9]{1,3}))?[, ]{1,2}){0,6}"
        ) {
            match accepted(Some(&header)) {
                Accepted::Avif => prop_assert!(header.contains("image/avif")),
                Accepted::Webp => prop_assert!(header.contains("image/webp")),
                Accepted::Basic => {}
            }
        }
    }
}
