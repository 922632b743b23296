//! The parameters of what is laid over a picture, once for each that may be: `mark`, `mark2`, `mark3`, `mark4`.

use plan::{BlendMode, Mark, Opacity, Rotation, Tiling};

use super::parameter::{
    LENGTH, MODE, NAME, Needs, PLACE, Parameter, SIDE_OR_PART, START, read, read_some, written_name,
};

/// A parameter of one mark, and what it is without a wish.
macro_rules! of_mark {
    ($index:literal, $stem:literal, $rest:literal, $allowed:expr, $field:ident, $default:expr) => {
        Parameter {
            name: concat!($stem, $rest),
            allowed: $allowed,
            read: |text, _, plan| read(text, &mut plan.marks[$index].$field),
            write: |plan| {
                let value = plan.marks[$index].$field;
                (value != $default).then(|| value.to_string())
            },
            needs: Some(Needs { what: $stem, met: |plan| plan.marks[$index].picture.is_some() }),
        }
    };
}

/// A parameter of one mark that there need not be.
macro_rules! perhaps_of_mark {
    ($index:literal, $stem:literal, $rest:literal, $allowed:expr, $field:ident) => {
        perhaps_of_mark!($index, $stem, $rest, $allowed, $field, $stem, |_| true)
    };
    ($index:literal, $stem:literal, $rest:literal, $allowed:expr, $field:ident, $what:expr, $also:expr) => {
        Parameter {
            name: concat!($stem, $rest),
            allowed: $allowed,
            read: |text, _, plan| read_some(text, &mut plan.marks[$index].$field),
            write: |plan| plan.marks[$index].$field.map(|value| value.to_string()),
            needs: Some(Needs {
                what: $what,
                met: |plan| {
                    let mark = &plan.marks[$index];
                    let also: fn(&Mark) -> bool = $also;
                    mark.picture.is_some() && also(mark)
                },
            }),
        }
    };
}

macro_rules! mark {
    ($index:literal, $stem:literal, $needs:expr) => {
        [
            Parameter {
                name: $stem,
                allowed: NAME,
                read: |text, _, plan| read_some(text, &mut plan.marks[$index].picture),
                write: |plan| plan.marks[$index].picture.as_ref().map(written_name),
                needs: $needs,
            },
            perhaps_of_mark!($index, $stem, "-w", SIDE_OR_PART, width),
            perhaps_of_mark!($index, $stem, "-h", SIDE_OR_PART, height),
            perhaps_of_mark!(
                $index,
                $stem,
                "-scale",
                "a whole number from 1 to 100",
                scale,
                concat!($stem, ", and neither ", $stem, "-w nor ", $stem, "-h"),
                |mark| mark.width.is_none() && mark.height.is_none()
            ),
            perhaps_of_mark!(
                $index,
                $stem,
                "-zoom",
                "a whole number from 1 to 1000",
                zoom,
                concat!($stem, ", and none of ", $stem, "-w, ", $stem, "-h and ", $stem, "-scale"),
                |mark| mark.width.is_none() && mark.height.is_none() && mark.scale.is_none()
            ),
            of_mark!($index, $stem, "-align", PLACE, align, Mark::ALIGN),
            perhaps_of_mark!($index, $stem, "-x", START, x),
            perhaps_of_mark!($index, $stem, "-y", START, y),
            of_mark!($index, $stem, "-pad", LENGTH, pad, Mark::PAD),
            of_mark!(
                $index,
                $stem,
                "-rot",
                "a number of degrees from 0 to 359.9 with at most one decimal",
                rotation,
                Rotation::default()
            ),
            of_mark!($index, $stem, "-alpha", "a whole number from 0 to 100", opacity, Opacity::default()),
            of_mark!($index, $stem, "-mode", MODE, mode, BlendMode::Normal),
            of_mark!($index, $stem, "-tile", "grid or once", tiling, Tiling::Once),
        ]
    };
}

/// A mark that others stand before has one name for each number of them, so the first free number has to be used.
macro_rules! after {
    ($index:literal, $stem:literal) => {
        Some(Needs { what: $stem, met: |plan| plan.marks[$index].picture.is_some() })
    };
}

pub(in super::super) static MARKS: [[Parameter; 13]; Mark::MAX] = [
    mark!(0, "mark", None),
    mark!(1, "mark2", after!(0, "mark")),
    mark!(2, "mark3", after!(1, "mark2")),
    mark!(3, "mark4", after!(2, "mark3")),
];
