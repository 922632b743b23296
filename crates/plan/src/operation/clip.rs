//! Where a line of text that is too long loses what there is no room for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Clip {
    pub place: ClipPlace,
    /// Whether three dots stand for what is missing.
    pub ellipsis: bool,
}

/// In the order in which a line is read, whatever its direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ClipPlace {
    Start,
    Middle,
    End,
}

impl fmt::Display for Clip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.place {
            ClipPlace::Start => "start",
            ClipPlace::Middle => "middle",
            ClipPlace::End => "end",
        })?;
        if self.ellipsis { f.write_str(",ellipsis") } else { Ok(()) }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a line is cut off at its start, middle or end, with an ellipsis or without")]
pub struct InvalidClip;

impl FromStr for Clip {
    type Err = InvalidClip;

    /// An ellipsis alone is one at the end.
    fn from_str(text: &str) -> Result<Clip, InvalidClip> {
        let (place, ellipsis) = match text.split_once(',') {
            None if text == "ellipsis" => ("end", true),
            None => (text, false),
            Some((place, "ellipsis")) => (place, true),
            Some(_) => return Err(InvalidClip),
        };
        let place = match place {
            "start" => ClipPlace::Start,
            "middle" => ClipPlace::Middle,
            "end" => ClipPlace::End,
            _ => return Err(InvalidClip),
        };
        Ok(Clip { place, ellipsis })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_is_cut_off_at_one_place() {
        for (text, shown) in [
            ("start", Some("start")),
            ("middle,ellipsis", Some("middle,ellipsis")),
            ("ellipsis", Some("end,ellipsis")),
            ("ellipsis,end", None),
            ("end,end", None),
            ("end,", None),
            ("", None),
        ] {
            let read = text.parse::<Clip>().ok().map(|clip| clip.to_string());
            assert_eq!(read.as_deref(), shown, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(text in "\\PC*|[a-z,]{0,16}") {
            if let Ok(clip) = text.parse::<Clip>() {
                prop_assert_eq!(clip.to_string().parse(), Ok(clip));
            }
        }
    }
}
