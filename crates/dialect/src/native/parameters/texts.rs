//! The parameters of what is written on a picture, once for each that may be: `txt`, `txt2`, `txt3`, `txt4`.

use plan::{Amount, Colour, Content, FontName, Opacity, Rotation, Text, TextFit};

use super::laid_over::{after, defaulted, perhaps};
use super::parameter::{COLOUR, LENGTH, Needs, PLACE, Parameter, SIDE_OR_PART, START, read, read_some};

macro_rules! of_text {
    ($($parameter:tt)*) => {
        defaulted!(texts, content, $($parameter)*)
    };
}

macro_rules! perhaps_of_text {
    ($($parameter:tt)*) => {
        perhaps!(texts, content, $($parameter)*)
    };
}

macro_rules! text {
    ($index:literal, $stem:literal, $needs:expr) => {
        [
            Parameter {
                name: $stem,
                allowed: "1 to 500 characters, lines divided by a line feed (%0A)",
                read: |text, _, plan| read_some(text, &mut plan.texts[$index].content),
                write: |plan| plan.texts[$index].content.as_ref().map(written),
                needs: $needs,
            },
            of_text!(
                $index,
                $stem,
                "-font",
                "a font's name: 1 to 63 of a-z, 0-9 and -",
                font,
                FontName::default()
            ),
            of_text!($index, $stem, "-size", "a whole number from 1 to 1000", size, Text::SIZE),
            of_text!($index, $stem, "-fit", "wrap or max", fit, TextFit::Wrap),
            Parameter {
                needs: Some(Needs {
                    what: concat!($stem, ", and not ", $stem, "-fit=max"),
                    met: |plan| {
                        let text = &plan.texts[$index];
                        text.content.is_some() && text.fit != TextFit::Max
                    },
                }),
                ..perhaps_of_text!(
                    $index,
                    $stem,
                    "-clip",
                    "start, middle or end, each alone or with a comma and ellipsis",
                    clip
                )
            },
            perhaps_of_text!($index, $stem, "-width", SIDE_OR_PART, width),
            of_text!($index, $stem, "-color", COLOUR, colour, Colour::BLACK),
            of_text!($index, $stem, "-align", PLACE, align, Text::ALIGN),
            perhaps_of_text!($index, $stem, "-x", START, x),
            perhaps_of_text!($index, $stem, "-y", START, y),
            of_text!($index, $stem, "-pad", LENGTH, pad, Text::PAD),
            of_text!($index, $stem, "-lead", "a whole number from 50 to 300", leading, Text::LEADING),
            of_text!($index, $stem, "-track", "a whole number from -20 to 100", tracking, Amount::default()),
            of_text!($index, $stem, "-line", "a whole number from 0 to 20", outline, Amount::default()),
            Parameter {
                needs: Some(Needs {
                    what: concat!($stem, "-line"),
                    met: |plan| plan.texts[$index].content.is_some() && !plan.texts[$index].outline.is_zero(),
                }),
                ..of_text!($index, $stem, "-line-color", COLOUR, outline_colour, Colour::WHITE)
            },
            of_text!($index, $stem, "-shad", "a whole number from 0 to 10", shadow, Amount::default()),
            of_text!(
                $index,
                $stem,
                "-rot",
                "a number of degrees from 0 to 359.9 with at most one decimal",
                rotation,
                Rotation::default()
            ),
            of_text!($index, $stem, "-alpha", "a whole number from 0 to 100", opacity, Opacity::default()),
        ]
    };
}

pub(in super::super) static TEXTS: [[Parameter; 18]; Text::MAX] = [
    text!(0, "txt", None),
    text!(1, "txt2", after!(texts, content, 0, "txt")),
    text!(2, "txt3", after!(texts, content, 1, "txt2")),
    text!(3, "txt4", after!(texts, content, 2, "txt3")),
];

/// As it stands in a query.
fn written(content: &Content) -> String {
    percent_encoding::utf8_percent_encode(content.as_str(), plan::ENCODED).to_string()
}
