//! Which part of an original a decoded picture shows, and in how many samples.

use plan::{CropBox, Size};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum View {
    /// All of it, in so many samples for each of its pixels: 1, or less where the decoder has made the picture smaller.
    Whole(f64),
    /// A part of a drawing, on so many pixels.
    Part { part: CropBox, size: Size },
}

impl View {
    /// Whether there is less than there could be.
    pub fn is_smaller(&self) -> bool {
        matches!(self, View::Whole(scale) if *scale < 1.0)
    }

    /// Where in the decoded picture a part of the original is seen.
    pub fn of(&self, seen: CropBox) -> CropBox {
        match *self {
            View::Whole(scale) => seen.scaled(scale),
            // Nothing is resampled that need not be.
            View::Part { part, size } if part == seen => CropBox::whole(size),
            View::Part { part, size } => {
                let (across, down) =
                    (f64::from(size.width) / part.width, f64::from(size.height) / part.height);
                CropBox {
                    x: (seen.x - part.x) * across,
                    y: (seen.y - part.y) * down,
                    width: seen.width * across,
                    height: seen.height * down,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_found_where_it_was_drawn() {
        let whole = CropBox { x: 0.0, y: 0.0, width: 90.0, height: 60.0 };
        assert_eq!(View::Whole(0.5).of(whole), CropBox { x: 0.0, y: 0.0, width: 45.0, height: 30.0 });
        let part = CropBox { x: 30.0, y: 20.0, width: 30.0, height: 40.0 };
        let view = View::Part { part, size: Size::new(300, 200) };
        assert_eq!(view.of(part), CropBox::whole(Size::new(300, 200)));
        let seen = CropBox { x: 33.0, y: 30.0, width: 3.0, height: 4.0 };
        assert_eq!(view.of(seen), CropBox { x: 30.0, y: 50.0, width: 30.0, height: 20.0 });
    }
}
