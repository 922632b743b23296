//! What kind of picture it is, as far as that decides how it is best encoded.

use plan::Size;

use crate::pixels::Pixels;

/// The most rows that are looked at.
const ROWS: usize = 256;
/// Of a hundred pixels that differ in nothing from their neighbour, so many make a graphic. Photographs have a handful:
/// a sky has grain, and what is white for good is rarely half of a picture.
const ALIKE: usize = 60;

/// Whether a picture was drawn rather than photographed: even areas with hard edges, which lossy formats blur and
/// lossless ones hardly notice. Found out row by row.
pub(crate) struct Evenness {
    /// How many rows from one that is looked at to the next.
    step: usize,
    rows: usize,
    alike: usize,
    seen: usize,
}

impl Evenness {
    pub fn of(size: Size) -> Evenness {
        Evenness { step: (size.height as usize).div_ceil(ROWS).max(1), rows: 0, alike: 0, seen: 0 }
    }

    pub fn row(&mut self, row: &[[u8; 4]]) {
        if self.rows.is_multiple_of(self.step) {
            for pair in row.windows(2) {
                // What nobody sees is neither.
                let seen = pair[0][3] > 0 || pair[1][3] > 0;
                self.seen += usize::from(seen);
                self.alike += usize::from(seen && pair[0] == pair[1]);
            }
        }
        self.rows += 1;
    }

    pub fn is_graphic(&self) -> bool {
        self.seen > 0 && self.alike * 100 >= self.seen * ALIKE
    }
}

pub(crate) fn is_graphic(pixels: &Pixels) -> bool {
    let mut evenness = Evenness::of(pixels.size);
    pixels.rgba.chunks_exact((pixels.size.width as usize).max(1)).for_each(|row| evenness.row(row));
    evenness.is_graphic()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(colour: impl Fn(usize, usize) -> [u8; 4]) -> Pixels {
        let rgba = (0..64 * 64).map(|at| colour(at % 64, at / 64)).collect();
        Pixels { size: Size::new(64, 64), rgba }
    }

    #[test]
    fn what_is_even_with_hard_edges_is_a_graphic() {
        assert!(is_graphic(&picture(|x, y| if x / 9 == y / 7 { [200, 0, 0, 255] } else { [255; 4] })));
        assert!(is_graphic(&Pixels::filled(Size::new(2, 1), [9; 4])));
    }

    #[test]
    fn what_has_grain_or_a_gradient_is_none() {
        let grain = |x: usize, y: usize| ((x * 7919 + y * 104_729) % 13) as u8;
        assert!(!is_graphic(&picture(|x, y| [120 + grain(x, y), 90, 40, 255])));
        assert!(!is_graphic(&picture(|x, _| [(x * 4) as u8; 4])));
        // Only what is seen counts.
        assert!(!is_graphic(&picture(|x, y| if x < 40 { [0; 4] } else { [grain(x, y), 9, 9, 255] })));
        assert!(!is_graphic(&Pixels::filled(Size::new(1, 1), [9; 4])));
        assert!(!is_graphic(&Pixels::filled(Size::new(9, 9), [0; 4])));
    }
}
