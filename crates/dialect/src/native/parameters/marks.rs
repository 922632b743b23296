//! The parameters of what is laid over a picture, once for each that may be: `mark`, `mark2`, `mark3`, `mark4`.

use plan::{BlendMode, Mark, Opacity, Rotation, Tiling};

use super::laid_over::{after, defaulted, perhaps};
use super::parameter::{
    LENGTH, MODE, NAME, Needs, PLACE, Parameter, SIDE_OR_PART, START, read, read_some, written_name,
};

macro_rules! of_mark {
    ($($parameter:tt)*) => {
        defaulted!(marks, picture, $($parameter)*)
    };
}

macro_rules! perhaps_of_mark {
    ($($parameter:tt)*) => {
        perhaps!(marks, picture, $($parameter)*)
    };
}

/// How large it is, where nothing else says it.
macro_rules! otherwise {
    ($index:literal, $stem:literal, $rest:literal, $allowed:expr, $field:ident, $what:expr, $open:expr) => {
        Parameter {
            needs: Some(Needs {
                what: concat!($stem, $what),
                met: |plan| {
                    let (mark, open): (&Mark, fn(&Mark) -> bool) = (&plan.marks[$index], $open);
                    mark.picture.is_some() && open(mark)
                },
            }),
            ..perhaps_of_mark!($index, $stem, $rest, $allowed, $field)
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
            otherwise!(
                $index,
                $stem,
                "-scale",
                "a whole number from 1 to 100",
                scale,
                concat!(", and neither ", $stem, "-w nor ", $stem, "-h"),
                |mark| mark.width.is_none() && mark.height.is_none()
            ),
            otherwise!(
                $index,
                $stem,
                "-zoom",
                "a whole number from 1 to 1000",
                zoom,
                concat!(", and none of ", $stem, "-w, ", $stem, "-h and ", $stem, "-scale"),
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

pub(in super::super) static MARKS: [[Parameter; 13]; Mark::MAX] = [
    mark!(0, "mark", None),
    mark!(1, "mark2", after!(marks, picture, 0, "mark")),
    mark!(2, "mark3", after!(marks, picture, 1, "mark2")),
    mark!(3, "mark4", after!(marks, picture, 2, "mark3")),
];
