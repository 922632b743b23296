//! How small, and which coefficients of a block that takes.
//!
//! A block of 8 x 8 samples at a half is the inverse transform of its 4 x 4 lowest frequencies, at a quarter of 2 x 2,
//! at an eighth of the mean alone. Everything else is passed over undecoded.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    Half,
    Quarter,
    Eighth,
}

impl Scale {
    pub const ALL: [Scale; 3] = [Scale::Half, Scale::Quarter, Scale::Eighth];

    /// Full-size samples for each decoded one, across and down.
    pub const fn denominator(self) -> u32 {
        match self {
            Scale::Half => 2,
            Scale::Quarter => 4,
            Scale::Eighth => 8,
        }
    }

    /// Samples of a block, across and down.
    pub(crate) const fn side(self) -> usize {
        8 / self.denominator() as usize
    }

    /// Coefficients of a block that are kept.
    pub(crate) const fn kept(self) -> usize {
        self.side() * self.side()
    }

    /// The last coefficient that is kept, in the order of the file.
    pub(crate) const fn last(self) -> usize {
        match self {
            Scale::Half => 24,
            Scale::Quarter => 4,
            Scale::Eighth => 0,
        }
    }

    /// Where each coefficient is kept, by its place in the file; [`OUTSIDE`] if it is not.
    pub(crate) const fn places(self) -> &'static [u8; 64] {
        match self {
            Scale::Half => &const { places(4) },
            Scale::Quarter => &const { places(2) },
            Scale::Eighth => &const { places(1) },
        }
    }
}

/// The scale of each kind of plane, and how exact it has to be. Chroma may be finer than luma, where a file has less of
/// it to begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scales {
    pub luma: Scale,
    pub chroma: Scale,
    pub precision: Precision,
}

impl Scales {
    pub fn both(scale: Scale) -> Scales {
        Scales { luma: scale, chroma: scale, precision: Precision::Exact }
    }
}

/// How many of the lowest bits of a progressive file's frequencies may be missing. The means are exact in any case.
///
/// Each bit is a scan of its own, and the last ones are most of the file. What is missing is taken for half of what it
/// could be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    Exact,
    OneBitLess,
    TwoBitsLess,
}

impl Precision {
    pub const ALL: [Precision; 3] = [Precision::Exact, Precision::OneBitLess, Precision::TwoBitsLess];

    pub(crate) const fn missing_bits(self) -> u32 {
        match self {
            Precision::Exact => 0,
            Precision::OneBitLess => 1,
            Precision::TwoBitsLess => 2,
        }
    }
}

/// The place of coefficients that no scale keeps: one past the 4 x 4 of the finest.
pub(crate) const OUTSIDE: u8 = 16;

/// From the order in a file to rows and columns (T.81, figure A.6).
const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
    14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39,
    46, 53, 60, 61, 54, 47, 55, 62, 63,
];

const fn places(side: u8) -> [u8; 64] {
    let mut places = [OUTSIDE; 64];
    let mut index = 0;
    while index < 64 {
        let (row, column) = (ZIGZAG[index] / 8, ZIGZAG[index] % 8);
        if row < side && column < side {
            places[index] = row * side + column;
        }
        index += 1;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scale_keeps_its_corner_and_nothing_after_its_last() {
        for scale in Scale::ALL {
            let places = scale.places();
            let mut kept: Vec<u8> = places.iter().copied().filter(|place| *place != OUTSIDE).collect();
            kept.sort_unstable();
            assert_eq!(kept, (0..scale.kept() as u8).collect::<Vec<_>>(), "{scale:?}");
            assert_eq!(places.iter().rposition(|place| *place != OUTSIDE), Some(scale.last()), "{scale:?}");
        }
    }
}
