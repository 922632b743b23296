//! The operation that writes on a picture.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::amount::{Amount, Length, Opacity};
use crate::colour::Colour;
use crate::font_name::FontName;
use crate::measure::Measure;
use crate::operation::clip::Clip;
use crate::operation::crop::{Align, Side};
use crate::operation::rotation::Rotation;

/// Lengths are CSS pixels.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Text {
    pub content: Option<Content>,
    pub font: FontName,
    /// Of the letters: their em.
    pub size: Amount<1, 1000>,
    pub fit: TextFit,
    /// Instead of that: a line that is too long is cut off.
    pub clip: Option<Clip>,
    /// Of the lines; without it, as much as there is between the paddings.
    pub width: Option<Measure<1>>,
    pub colour: Colour,
    /// Where the text stands, and how its lines stand to each other.
    pub align: Align,
    pub x: Option<Measure<0>>,
    pub y: Option<Measure<0>>,
    pub pad: Length,
    /// From line to line, in percent of the size.
    pub leading: Amount<50, 300>,
    /// What there is more from letter to letter.
    pub tracking: Amount<-20, 100>,
    /// The width of a line around the letters.
    pub outline: Amount<0, 20>,
    pub outline_colour: Colour,
    /// How far a black shadow lies to the right and below.
    pub shadow: Amount<0, 10>,
    pub rotation: Rotation,
    pub opacity: Opacity,
}

impl Text {
    /// How many there may be on one picture.
    pub const MAX: usize = 4;

    pub const SIZE: Amount<1, 1000> = in_range(Amount::new(12));
    pub const ALIGN: Align = Align { x: Side::End, y: Side::End };
    pub const PAD: Length = in_range(Length::new(10));
    pub const LEADING: Amount<50, 300> = in_range(Amount::new(120));
}

const fn in_range<const MIN: i16, const MAX: i16>(amount: Option<Amount<MIN, MAX>>) -> Amount<MIN, MAX> {
    match amount {
        Some(amount) => amount,
        None => panic!("a default is in its range"),
    }
}

impl Default for Text {
    fn default() -> Text {
        Text {
            content: None,
            font: FontName::default(),
            size: Text::SIZE,
            fit: TextFit::Wrap,
            clip: None,
            width: None,
            colour: Colour::BLACK,
            align: Text::ALIGN,
            x: None,
            y: None,
            pad: Text::PAD,
            leading: Text::LEADING,
            tracking: Amount::default(),
            outline: Amount::default(),
            outline_colour: Colour::WHITE,
            shadow: Amount::default(),
            rotation: Rotation::default(),
            opacity: Opacity::default(),
        }
    }
}

/// What is written.
///
/// Invariant: 1 to 500 characters, lines divided by `\n`, no other control characters and no separators that would divide
/// lines in another way.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Content(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a text has 1 to 500 characters, none of them a control character but the line feed")]
pub struct InvalidContent;

impl Content {
    pub const CHARS_MAX: usize = 500;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Content {
    type Error = InvalidContent;

    fn try_from(text: String) -> Result<Content, InvalidContent> {
        let refused =
            |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{2028}' | '\u{2029}' | '\u{fffd}');
        let valid = (1..=Content::CHARS_MAX).contains(&text.chars().count()) && !text.contains(refused);
        if valid { Ok(Content(text)) } else { Err(InvalidContent) }
    }
}

impl FromStr for Content {
    type Err = InvalidContent;

    fn from_str(text: &str) -> Result<Content, InvalidContent> {
        text.to_owned().try_into()
    }
}

impl From<Content> for String {
    fn from(content: Content) -> String {
        content.0
    }
}

/// What becomes of a line that is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum TextFit {
    /// It becomes several.
    #[default]
    Wrap,
    /// The letters become smaller, until all of it has room: their size is the most there may be.
    Max,
}

impl fmt::Display for TextFit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TextFit::Wrap => "wrap",
            TextFit::Max => "max",
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a text is fitted by wrap or max")]
pub struct UnknownTextFit;

impl FromStr for TextFit {
    type Err = UnknownTextFit;

    fn from_str(word: &str) -> Result<TextFit, UnknownTextFit> {
        match word {
            "wrap" => Ok(TextFit::Wrap),
            "max" => Ok(TextFit::Max),
            _ => Err(UnknownTextFit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_written_is_short_and_divided_in_one_way() {
        for good in ["a", "two\nlines", "שלום", &"é".repeat(500)] {
            assert_eq!(good.parse::<Content>().map(String::from).as_deref(), Ok(good));
        }
        for wrong in ["", "a\tb", "a\r\nb", "a\u{2028}b", "\u{fffd}", "a\0", &"é".repeat(501)] {
            assert_eq!(wrong.parse::<Content>(), Err(InvalidContent), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".*") {
            let _ = (text.parse::<Content>(), text.parse::<TextFit>());
        }
    }
}
