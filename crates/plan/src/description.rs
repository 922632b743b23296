//! What can be told of a picture instead of showing it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::amount::{Amount, InvalidAmount};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Description {
    /// What is known of the original, and how large the picture would be.
    Info,
    /// The colours that stand for all of them.
    Palette(PaletteForm),
    /// What is seen from afar, in about thirty characters (<https://blurha.sh>).
    BlurHash,
    /// The same with proportions and transparency (<https://evanw.github.io/thumbhash>).
    ThumbHash,
    /// The picture, tiny, as an address that holds it whole.
    Placeholder,
    /// A few shapes that look like it from afar.
    Primitive,
}

impl Description {
    pub const ALL: [Description; 7] = [
        Description::Info,
        Description::Palette(PaletteForm::Json),
        Description::Palette(PaletteForm::Css),
        Description::BlurHash,
        Description::ThumbHash,
        Description::Placeholder,
        Description::Primitive,
    ];

    /// Those that a URL asks for as a format.
    pub const FORMATS: [Description; 5] = [
        Description::Info,
        Description::BlurHash,
        Description::ThumbHash,
        Description::Placeholder,
        Description::Primitive,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Description::Info => "json",
            Description::Palette(PaletteForm::Json) => "palette-json",
            Description::Palette(PaletteForm::Css) => "palette-css",
            Description::BlurHash => "blurhash",
            Description::ThumbHash => "thumbhash",
            Description::Placeholder => "lqip",
            Description::Primitive => "primitive",
        }
    }

    pub const fn media_type(self) -> &'static str {
        match self {
            Description::Info | Description::Palette(PaletteForm::Json) => "application/json",
            Description::Palette(PaletteForm::Css) => "text/css; charset=utf-8",
            Description::BlurHash | Description::ThumbHash | Description::Placeholder => {
                "text/plain; charset=utf-8"
            }
            Description::Primitive => "image/svg+xml",
        }
    }
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether the colours are wished for, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct PaletteWish {
    pub form: Option<PaletteForm>,
    pub colours: PaletteSize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PaletteForm {
    Json,
    /// Classes for text and background.
    Css,
}

impl fmt::Display for PaletteForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PaletteForm::Json => "json",
            PaletteForm::Css => "css",
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a palette is written as json or css")]
pub struct UnknownPaletteForm;

impl FromStr for PaletteForm {
    type Err = UnknownPaletteForm;

    fn from_str(text: &str) -> Result<PaletteForm, UnknownPaletteForm> {
        match text {
            "json" => Ok(PaletteForm::Json),
            "css" => Ok(PaletteForm::Css),
            _ => Err(UnknownPaletteForm),
        }
    }
}

/// How many colours are told: 1 to 16, 6 unless a wish says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PaletteSize(Amount<1, 16>);

impl PaletteSize {
    const DEFAULT: i16 = 6;

    pub const fn get(self) -> u32 {
        self.0.size()
    }
}

impl Default for PaletteSize {
    fn default() -> PaletteSize {
        PaletteSize(Amount::new(PaletteSize::DEFAULT).unwrap_or_default())
    }
}

impl fmt::Display for PaletteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for PaletteSize {
    type Err = InvalidAmount;

    fn from_str(text: &str) -> Result<PaletteSize, InvalidAmount> {
        text.parse().map(PaletteSize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for form in [PaletteForm::Json, PaletteForm::Css] {
            assert_eq!(form.to_string().parse(), Ok(form));
        }
        assert_eq!(PaletteSize::default().get(), 6);
        for (text, expected) in [("1", Some(1)), ("16", Some(16)), ("0", None), ("17", None)] {
            assert_eq!(text.parse().ok().map(PaletteSize::get), expected, "{text:?}");
        }
    }

    #[test]
    fn every_description_has_a_name_of_its_own() {
        let mut names = Description::ALL.map(Description::as_str);
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
