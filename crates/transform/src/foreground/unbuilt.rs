//! The network of a build that has none.

use std::convert::Infallible;

use plan::Size;

use super::model::{ModelError, Normalisation};
use crate::error::TransformError;
use crate::limits::Deadline;
use crate::pixels::Pixels;
use crate::planes::Plane;

/// There is none, so nothing of this can be asked.
#[derive(Clone)]
pub struct Network(Infallible);

impl Network {
    pub(super) fn load(_: &[u8], _: Normalisation) -> Result<Self, ModelError> {
        Err(ModelError::NotBuilt)
    }

    pub(crate) fn size(&self) -> Size {
        match self.0 {}
    }

    /// What it takes to load and to follow it, in bytes.
    pub fn memory(&self) -> u64 {
        match self.0 {}
    }

    pub(crate) fn follow(&self, _: &Pixels, _: &Deadline) -> Result<Plane, TransformError> {
        match self.0 {}
    }
}
