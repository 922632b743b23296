//! The operation that mirrors a picture.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Which sides change places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Flip {
    /// Left and right.
    pub horizontal: bool,
    /// Top and bottom.
    pub vertical: bool,
}

impl fmt::Display for Flip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.horizontal, self.vertical) {
            (true, true) => "hv",
            (true, false) => "h",
            (false, true) => "v",
            (false, false) => "",
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a flip is h, v or hv")]
pub struct InvalidFlip;

impl FromStr for Flip {
    type Err = InvalidFlip;

    fn from_str(word: &str) -> Result<Flip, InvalidFlip> {
        let (horizontal, vertical) = match word {
            "h" => (true, false),
            "v" => (false, true),
            "hv" => (true, true),
            _ => return Err(InvalidFlip),
        };
        Ok(Flip { horizontal, vertical })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flip_is_read_as_it_is_written() {
        for word in ["h", "v", "hv"] {
            assert_eq!(word.parse::<Flip>().map(|flip| flip.to_string()).as_deref(), Ok(word));
        }
        for wrong in ["", "vh", "x", "H"] {
            assert_eq!(wrong.parse::<Flip>(), Err(InvalidFlip), "{wrong:?}");
        }
    }
}
