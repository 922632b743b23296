//! What pictures that move are drawn on: each over what is left of those before it.

use std::mem;

use plan::{Rect, Size};

use crate::pixels::Pixels;

/// What is left of a picture when the next one is drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Disposal {
    Keep,
    /// Its area becomes transparent, as in browsers, whatever the file calls its background.
    Clear,
    /// What was there before it.
    Restore,
}

pub(crate) struct Canvas {
    pub pixels: Pixels,
    /// Before the next picture is drawn.
    then: Then,
}

enum Then {
    Keep,
    Clear(Rect),
    Restore(Pixels),
}

impl Canvas {
    pub fn new(size: Size) -> Self {
        Self { pixels: Pixels::filled(size, [0; 4]), then: Then::Keep }
    }

    /// Leaves of the picture before what is to be left; the next one is going to be drawn in `area`.
    pub fn make_ready(&mut self, area: Rect, disposal: Disposal) {
        match mem::replace(&mut self.then, Then::Keep) {
            Then::Keep => {}
            Then::Clear(area) => {
                for y in 0..area.height {
                    if let Some(row) = self.row(area, y) {
                        row.fill([0; 4]);
                    }
                }
            }
            Then::Restore(before) => self.pixels = before,
        }
        self.then = match disposal {
            Disposal::Keep => Then::Keep,
            Disposal::Clear => Then::Clear(area),
            Disposal::Restore => Then::Restore(self.pixels.clone()),
        };
    }

    /// A line of an area; `None` where that lies outside.
    pub fn row(&mut self, area: Rect, y: u32) -> Option<&mut [[u8; 4]]> {
        self.pixels.row_of(area, y)
    }
}
