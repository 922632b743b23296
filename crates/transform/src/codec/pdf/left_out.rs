//! PDF, in builds without the feature `pdf`: named when it is refused, and not read.

use std::convert::Infallible;
use std::marker::PhantomData;

use plan::{CropBox, Size};

use crate::codec::{Decoded, Shape};
use crate::error::TransformError;
use crate::limits::{Deadline, Limits};

pub(crate) fn is_pdf(_: &[u8]) -> bool {
    false
}

pub(crate) fn header(_: &[u8], _: u32, _: &Limits) -> Result<Shape, TransformError> {
    Err(unread())
}

pub(crate) fn pages(_: &[u8], _: &Deadline) -> Result<u32, TransformError> {
    Err(unread())
}

pub(crate) fn memory(_: u64, _: u64) -> u64 {
    0
}

fn unread() -> TransformError {
    TransformError::Unbuilt { format: "PDF".into(), feature: "pdf".into() }
}

/// There is none.
pub(crate) struct Page<'a>(Infallible, PhantomData<&'a [u8]>);

impl<'a> Page<'a> {
    pub fn of(_: &'a [u8], _: u32, _: &Deadline) -> Result<Page<'a>, TransformError> {
        Err(unread())
    }

    pub fn whole(&self) -> CropBox {
        match self.0 {}
    }

    pub fn draw(
        &self,
        _: CropBox,
        _: Size,
        _: bool,
        _: &Limits,
        _: &Deadline,
    ) -> Result<Decoded, TransformError> {
        match self.0 {}
    }
}
