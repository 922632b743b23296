//! How small and how large a side may become that follows from the other, or from the picture.

use serde::{Deserialize, Serialize};

/// In CSS pixels, `1..=Resize::MAX_SIDE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Bounds {
    pub min_width: Option<u32>,
    pub max_width: Option<u32>,
    pub min_height: Option<u32>,
    pub max_height: Option<u32>,
}

impl Bounds {
    pub fn is_none(&self) -> bool {
        *self == Bounds::default()
    }
}
