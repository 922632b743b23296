//! One parameter: what it is called, what it takes, where it goes; and the common kinds of them.

use std::str::FromStr;

use plan::{OriginalName, Plan, Resize};

pub(in super::super) struct Parameter {
    pub name: &'static str,
    /// Completes the sentence "allowed is ...".
    pub allowed: &'static str,
    pub read: fn(&str, Option<&str>, &mut Plan) -> Option<()>,
    /// Nothing where the plan has what it has without this parameter.
    pub write: fn(&Plan) -> Option<String>,
    /// What else a URL must say for the parameter to mean something.
    pub needs: Option<Needs>,
}

pub(in super::super) struct Needs {
    /// Completes the sentence "it needs ...".
    pub what: &'static str,
    pub met: fn(&Plan) -> bool,
}

pub(super) const SIDE: &str = "a whole number from 1 to 16384";
pub(super) const SWING: &str = "a whole number from -100 to 100";
pub(super) const PERCENT: &str = "a whole number from 0 to 100";
pub(super) const FRACTION: &str = "a number from 0 to 1 with at most four decimals";
pub(super) const LENGTH: &str = "a whole number from 0 to 1000";
pub(super) const COLOUR: &str = "a CSS colour name, or hexadecimal without #: RGB, ARGB, RRGGBB or AARRGGBB";
pub(super) const MODE: &str = "normal, darken, multiply, burn, lighten, screen, dodge, overlay, softlight, hardlight, difference, \
                    exclusion, hue, saturation, color or luminosity";
pub(super) const SIDE_OR_PART: &str =
    "a number of pixels from 1 to 16384, or a decimal up to 1.0 for a part of the output's side";
pub(super) const START: &str =
    "a number of pixels from 0 to 16384, or a decimal up to 1.0 for a part of the output's side";
pub(super) const NAME: &str = "an original, as in brand/logo.png: its source and its path";
pub(super) const PLACE: &str = "top, middle or bottom, left, center or right, or one of each with a comma";

/// A parameter whose text is that of a value with a default.
macro_rules! parameter {
    ($name:literal, $allowed:expr, $($field:ident).+) => {
        parameter!($name, $allowed, $($field).+, None)
    };
    ($name:literal, $allowed:expr, $($field:ident).+, needs $what:literal, $met:expr) => {
        parameter!($name, $allowed, $($field).+, Some(Needs { what: $what, met: $met }))
    };
    ($name:literal, $allowed:expr, $($field:ident).+, $needs:expr) => {
        Parameter {
            name: $name,
            allowed: $allowed,
            read: |text, _, plan| read(text, &mut plan.$($field).+),
            write: |plan| written(&plan.$($field).+),
            needs: $needs,
        }
    };
}

/// A parameter whose text is that of a value that there need not be.
macro_rules! optional {
    ($name:literal, $allowed:expr, $($field:ident).+) => {
        optional!($name, $allowed, $($field).+, None)
    };
    ($name:literal, $allowed:expr, $($field:ident).+, needs $what:literal, $met:expr) => {
        optional!($name, $allowed, $($field).+, Some(Needs { what: $what, met: $met }))
    };
    ($name:literal, $allowed:expr, $($field:ident).+, $needs:expr) => {
        Parameter {
            name: $name,
            allowed: $allowed,
            read: |text, _, plan| read_some(text, &mut plan.$($field).+),
            write: |plan| plan.$($field).+.as_ref().map(ToString::to_string),
            needs: $needs,
        }
    };
}

/// A parameter that is there or not.
macro_rules! flag {
    ($name:literal, $($field:ident).+) => {
        flag!($name, $($field).+, None)
    };
    ($name:literal, $($field:ident).+, needs $what:literal, $met:expr) => {
        flag!($name, $($field).+, Some(Needs { what: $what, met: $met }))
    };
    ($name:literal, $($field:ident).+, $needs:expr) => {
        Parameter {
            name: $name,
            allowed: "1",
            read: |text, _, plan| (text == "1").then(|| plan.$($field).+ = true),
            write: |plan| plan.$($field).+.then(|| "1".to_owned()),
            needs: $needs,
        }
    };
}

/// What a side may become that the URL leaves open.
macro_rules! bound {
    ($name:literal, $side:ident, $bound:ident) => {
        Parameter {
            name: $name,
            allowed: SIDE,
            read: |text, _, plan| side(text).map(|bound| plan.resize.bounds.$bound = Some(bound)),
            write: |plan| plan.resize.bounds.$bound.as_ref().map(ToString::to_string),
            needs: Some(Needs {
                what: concat!("fit=crop, no ar, and not ", bound!($side)),
                met: |plan| plan.resize.has_bounds() && plan.resize.$side.is_none(),
            }),
        }
    };
    (width) => {
        "w"
    };
    (height) => {
        "h"
    };
}

pub(super) fn read<T: FromStr>(text: &str, value: &mut T) -> Option<()> {
    *value = text.parse().ok()?;
    Some(())
}

pub(super) fn read_some<T: FromStr>(text: &str, value: &mut Option<T>) -> Option<()> {
    *value = Some(text.parse().ok()?);
    Some(())
}

pub(super) fn written<T: Default + PartialEq + ToString>(value: &T) -> Option<String> {
    (*value != T::default()).then(|| value.to_string())
}

/// A whole number from 1, written in the one way that has no sign and no leading zeros.
pub(super) fn side(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    let number = plain.then(|| text.parse().ok()).flatten()?;
    (1..=Resize::MAX_SIDE).contains(&number).then_some(number)
}

/// An original, as it stands in a query.
pub(super) fn written_name(name: &OriginalName) -> String {
    format!("{}/{}", name.source, name.path.encode())
}
