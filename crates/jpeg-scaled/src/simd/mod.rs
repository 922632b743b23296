//! The inner loops, once for every processor and once for those with quicker instructions on bits.
//!
//! Both are made of the same code and give the same samples. On this machine's newer instructions a shift by a number
//! of bits that is only known now is one step instead of three, and that is what these loops mostly do.

#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
mod sse2;

use crate::entropy::EntropyCoded;
use crate::error::DecodeError;
use crate::frequencies::{self, Source, Take};
use crate::huffman::AcTable;
#[cfg(target_arch = "x86_64")]
use crate::inverse::Kept;
use crate::plane::Plane;
use crate::progressive::{self, MeansTarget, Store};
use crate::scan::Band;
use crate::sequential::{self, Target, Units};

/// The samples of a block, four a side.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(crate) fn four(kept: &Kept) -> [[u8; 4]; 4] {
    // SAFETY: SSE2 is part of x86-64: there is no such processor without it.
    unsafe { sse2::four(kept) }
}

/// Defines a function that runs `$inner`, compiled for the processor that is there.
macro_rules! dispatched {
    ($name:ident, $inner:path, ($($argument:ident: $type:ty),* $(,)?)) => {
        pub(crate) fn $name($($argument: $type),*) -> Result<(), DecodeError> {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
                fn quick($($argument: $type),*) -> Result<(), DecodeError> {
                    $inner($($argument),*)
                }
                if is_quick() {
                    // SAFETY: the processor has just said that it has each of these features.
                    return unsafe { quick($($argument),*) };
                }
            }
            $inner($($argument),*)
        }
    };
}

#[cfg(target_arch = "x86_64")]
fn is_quick() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("popcnt")
}

dispatched!(sequential, sequential::scan, (
    targets: &mut [Target<'_>],
    units: &Units,
    data: &mut EntropyCoded<'_>,
    go_on: &mut dyn FnMut() -> bool,
));

dispatched!(frequencies, frequencies::scan, (
    sources: &[Source<'_>],
    units: &Units,
    data: &mut EntropyCoded<'_>,
    go_on: &mut dyn FnMut() -> bool,
    take: &mut Take<'_>,
));

dispatched!(means, progressive::means, (
    targets: &mut [MeansTarget<'_>],
    lowest_bit: u32,
    units: &Units,
    data: &mut EntropyCoded<'_>,
    go_on: &mut dyn FnMut() -> bool,
));

dispatched!(rest, progressive::rest, (
    store: &mut Store,
    table: &AcTable,
    band: Band,
    units: &Units,
    data: &mut EntropyCoded<'_>,
    go_on: &mut dyn FnMut() -> bool,
));

dispatched!(finish, Store::finish, (
    store: &Store,
    quantization: &[u16; 64],
    plane: &mut Plane,
    go_on: &mut dyn FnMut() -> bool,
));
