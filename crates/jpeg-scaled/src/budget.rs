//! What decoding one file may cost. All of it is known from headers, and checked before it is spent.

use crate::error::DecodeError;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Of the picture at its full size.
    pub pixels: u64,
    /// Bytes for planes and, in a progressive file, for coefficients.
    pub memory: u64,
    /// A progressive file may pass over the picture as often as it likes; encoders write about ten scans.
    pub scans: u32,
    /// Blocks of coefficients, counted anew in every scan that visits them.
    pub blocks: u64,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget { pixels: 100_000_000, memory: 512 << 20, scans: 100, blocks: 200_000_000 }
    }
}

/// What is left of a budget in the middle of a file.
#[derive(Debug)]
pub(crate) struct Spending {
    budget: Budget,
    scans: u32,
    blocks: u64,
}

impl Spending {
    pub fn new(budget: Budget) -> Spending {
        Spending { budget, scans: 0, blocks: 0 }
    }

    pub fn pixels(&self, found: u64) -> Result<(), DecodeError> {
        let limit = self.budget.pixels;
        if found > limit { Err(DecodeError::TooManyPixels { found, limit }) } else { Ok(()) }
    }

    pub fn memory(&self, needed: u64) -> Result<(), DecodeError> {
        let limit = self.budget.memory;
        if needed > limit { Err(DecodeError::TooMuchMemory { needed, limit }) } else { Ok(()) }
    }

    pub fn scan(&mut self) -> Result<(), DecodeError> {
        self.scans += 1;
        let limit = self.budget.scans;
        if self.scans > limit { Err(DecodeError::TooManyScans { limit }) } else { Ok(()) }
    }

    pub fn blocks(&mut self, visited: u64) -> Result<(), DecodeError> {
        self.blocks = self.blocks.saturating_add(visited);
        let limit = self.budget.blocks;
        if self.blocks > limit { Err(DecodeError::TooManyBlocks { limit }) } else { Ok(()) }
    }
}
