//! What of a picture stands before its background, as a model of the operator's sees it.
//!
//! A model looks at a small picture, squeezed into the shape that it takes ([`Network`]). What it saw is brought to the
//! picture as that is made, where the picture's own light says how sharp a cut is ([`Matte`]).

mod edges;
mod matte;
mod model;
#[cfg(feature = "background-removal")]
mod network;
#[cfg(not(feature = "background-removal"))]
#[path = "unbuilt.rs"]
mod network;

use std::panic::{self, AssertUnwindSafe};

use crate::panic_message;

pub(crate) use self::matte::Matte;
pub(crate) use self::model::SIDE_MAX;
pub use self::model::{ModelError, Normalisation, UnknownNormalisation};
pub use self::network::Network;

impl Network {
    /// Reads an ONNX file that sees the foreground of a picture, and checks that it does nothing else.
    pub fn read(onnx: &[u8], normalisation: Normalisation) -> Result<Network, ModelError> {
        panic::catch_unwind(AssertUnwindSafe(|| Network::load(onnx, normalisation)))
            .unwrap_or_else(|panic| Err(ModelError::Panicked(panic_message(panic.as_ref()).to_owned())))
    }
}
