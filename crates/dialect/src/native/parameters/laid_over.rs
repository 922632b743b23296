//! What marks and texts have in common: there may be several, in a list of the plan's, and each is there if one of its
//! fields is set.

/// A parameter of one, and what it is without a wish.
macro_rules! defaulted {
    ($list:ident, $there:ident, $index:literal, $stem:literal, $rest:literal, $allowed:expr, $field:ident, $default:expr) => {
        Parameter {
            name: concat!($stem, $rest),
            allowed: $allowed,
            read: |text, _, plan| read(text, &mut plan.$list[$index].$field),
            write: |plan| {
                let value = &plan.$list[$index].$field;
                (*value != $default).then(|| value.to_string())
            },
            needs: Some(Needs { what: $stem, met: |plan| plan.$list[$index].$there.is_some() }),
        }
    };
}

/// A parameter of one that there need not be.
macro_rules! perhaps {
    ($list:ident, $there:ident, $index:literal, $stem:literal, $rest:literal, $allowed:expr, $field:ident) => {
        Parameter {
            name: concat!($stem, $rest),
            allowed: $allowed,
            read: |text, _, plan| read_some(text, &mut plan.$list[$index].$field),
            write: |plan| plan.$list[$index].$field.map(|value| value.to_string()),
            needs: Some(Needs { what: $stem, met: |plan| plan.$list[$index].$there.is_some() }),
        }
    };
}

/// One that others stand before has a name for each number of them, so the first free number has to be used.
macro_rules! after {
    ($list:ident, $there:ident, $index:literal, $stem:literal) => {
        Some(Needs { what: $stem, met: |plan| plan.$list[$index].$there.is_some() })
    };
}

pub(super) use {after, defaulted, perhaps};
