//! The name of an original: whose it is, and where it lies there.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::path::{InvalidPath, OriginalPath};
use crate::source::{InvalidSourceName, SourceName};

/// Written `source/path`, decoded. It names a source that an operator has set up, never an address elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OriginalName {
    pub source: SourceName,
    pub path: OriginalPath,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidOriginalName {
    #[error("an original is named by its source and its path, as in demo/cat.jpg")]
    NoSource,
    #[error(transparent)]
    Source(#[from] InvalidSourceName),
    #[error(transparent)]
    Path(#[from] InvalidPath),
}

impl fmt::Display for OriginalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.source, self.path)
    }
}

impl FromStr for OriginalName {
    type Err = InvalidOriginalName;

    fn from_str(text: &str) -> Result<OriginalName, InvalidOriginalName> {
        let (source, path) = text.split_once('/').ok_or(InvalidOriginalName::NoSource)?;
        Ok(OriginalName { source: source.parse()?, path: path.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_address_elsewhere_is_no_name() {
        for wrong in
            ["", "logo.png", "https://example.com/a.png", "//example.com/a.png", "brand/", "brand/../a"]
        {
            assert!(wrong.parse::<OriginalName>().is_err(), "{wrong:?}");
        }
        let name: OriginalName = "brand/logos/red & white.png".parse().unwrap();
        assert_eq!((name.source.as_str(), name.path.as_str()), ("brand", "logos/red & white.png"));
    }

    proptest! {
        #[test]
        fn a_name_is_read_as_it_is_written(text in "\\PC*|[a-z]{1,3}/[a-z./]{1,9}") {
            if let Ok(name) = text.parse::<OriginalName>() {
                prop_assert_eq!(name.to_string(), text);
            }
        }
    }
}
