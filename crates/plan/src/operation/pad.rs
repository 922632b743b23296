//! The operation that adds room around a picture.

use serde::{Deserialize, Serialize};

use crate::amount::Length;

/// Room on each side, in CSS pixels: what is said of a side counts there instead of what is said of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Pad {
    pub all: Length,
    pub top: Option<Length>,
    pub right: Option<Length>,
    pub bottom: Option<Length>,
    pub left: Option<Length>,
}

impl Pad {
    /// Top, right, bottom and left.
    pub fn sides(&self) -> [Length; 4] {
        [self.top, self.right, self.bottom, self.left].map(|side| side.unwrap_or(self.all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_of_its_own_counts_instead_of_what_is_said_of_all() {
        let [all, left] = [10, 3].map(Length::new);
        let pad = Pad { all: all.unwrap(), left, ..Pad::default() };
        assert_eq!(pad.sides().map(Length::get), [10, 10, 10, 3]);
    }
}
