//! The eight ways in which a picture can be turned and mirrored without touching a pixel.

use crate::rectangle::CropBox;
use crate::size::Size;

/// What makes a stored picture upright: first the transposition, then the two mirrorings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Orientation {
    /// Rows become columns.
    pub transposed: bool,
    /// Left and right change places.
    pub mirrored_x: bool,
    /// Top and bottom change places.
    pub mirrored_y: bool,
}

impl Orientation {
    pub const UPRIGHT: Orientation = Orientation::new(false, false, false);

    const fn new(transposed: bool, mirrored_x: bool, mirrored_y: bool) -> Orientation {
        Orientation { transposed, mirrored_x, mirrored_y }
    }

    /// The value of EXIF's tag 0x0112 (Exif 3.0 §4.6.5.1.6); what is out of range counts as upright.
    pub const fn from_exif(value: u32) -> Orientation {
        match value {
            2 => Orientation::new(false, true, false),
            3 => Orientation::new(false, true, true),
            4 => Orientation::new(false, false, true),
            5 => Orientation::new(true, false, false),
            6 => Orientation::new(true, true, false),
            7 => Orientation::new(true, true, true),
            8 => Orientation::new(true, false, true),
            _ => Orientation::UPRIGHT,
        }
    }

    /// This one, and then a quarter turn anticlockwise.
    pub const fn turned_left(self) -> Orientation {
        // A transposition exchanges what the two mirrorings mean; a left turn is one, then top to bottom.
        Orientation::new(!self.transposed, self.mirrored_y, !self.mirrored_x)
    }

    /// This one, and then left to right.
    pub const fn then_mirrored_x(self) -> Orientation {
        Orientation::new(self.transposed, !self.mirrored_x, self.mirrored_y)
    }

    /// This one, and then top to bottom.
    pub const fn then_mirrored_y(self) -> Orientation {
        Orientation::new(self.transposed, self.mirrored_x, !self.mirrored_y)
    }

    /// This one, and then the other.
    pub const fn then(self, other: Orientation) -> Orientation {
        let (x, y) = if other.transposed {
            (self.mirrored_y, self.mirrored_x)
        } else {
            (self.mirrored_x, self.mirrored_y)
        };
        Orientation::new(self.transposed != other.transposed, x != other.mirrored_x, y != other.mirrored_y)
    }

    /// What undoes this one.
    pub const fn inverse(self) -> Orientation {
        if self.transposed { Orientation::new(true, self.mirrored_y, self.mirrored_x) } else { self }
    }

    /// The size that a stored picture of `size` has when upright, and the other way round.
    pub const fn size(self, size: Size) -> Size {
        if self.transposed { size.transposed() } else { size }
    }

    /// The box of the stored picture that is `upright_crop` of the upright one.
    pub fn stored_crop(self, upright_crop: CropBox, upright: Size) -> CropBox {
        let CropBox { mut x, mut y, width, height } = upright_crop;
        if self.mirrored_x {
            x = f64::from(upright.width) - x - width;
        }
        if self.mirrored_y {
            y = f64::from(upright.height) - y - height;
        }
        if self.transposed {
            CropBox { x: y, y: x, width: height, height: width }
        } else {
            CropBox { x, y, width, height }
        }
    }

    /// Whether the stored picture's own rows and columns, as `(x, y)`, run backwards in the upright one.
    pub const fn backwards(self) -> (bool, bool) {
        if self.transposed { (self.mirrored_y, self.mirrored_x) } else { (self.mirrored_x, self.mirrored_y) }
    }

    /// Samples of a stored picture of this width, made upright.
    pub fn apply<T: Copy>(self, samples: Vec<T>, width: usize) -> Vec<T> {
        if self == Orientation::UPRIGHT || width == 0 {
            return samples;
        }
        let height = samples.len() / width;
        let (x_backwards, y_backwards) = self.backwards();
        let mut upright = Vec::with_capacity(samples.len());
        if self.transposed {
            for column in 0..width {
                let x = if x_backwards { width - 1 - column } else { column };
                let down = samples.iter().copied().skip(x).step_by(width);
                if y_backwards { upright.extend(down.rev()) } else { upright.extend(down) }
            }
        } else {
            for line in 0..height {
                let y = if y_backwards { height - 1 - line } else { line };
                let row = samples[y * width..][..width].iter().copied();
                if x_backwards { upright.extend(row.rev()) } else { upright.extend(row) }
            }
        }
        upright
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The letter F, which no turn or mirroring maps onto itself, as each EXIF value stores it.
    #[test]
    fn every_exif_value_makes_an_upright_f() {
        let upright = ["###", "#..", "##.", "#..", "#.."];
        let stored: [(u32, &[&str]); 8] = [
            (1, &["###", "#..", "##.", "#..", "#.."]),
            (2, &["###", "..#", ".##", "..#", "..#"]),
            (3, &["..#", "..#", ".##", "..#", "###"]),
            (4, &["#..", "#..", "##.", "#..", "###"]),
            (5, &["#####", "#.#..", "#...."]),
            (6, &["#....", "#.#..", "#####"]),
            (7, &["....#", "..#.#", "#####"]),
            (8, &["#####", "..#.#", "....#"]),
        ];
        for (value, rows) in stored {
            let orientation = Orientation::from_exif(value);
            let samples: Vec<u8> = rows.concat().into_bytes();
            let made = orientation.apply(samples, rows[0].len());
            assert_eq!(String::from_utf8_lossy(&made), upright.concat(), "orientation {value}");
        }
    }

    #[test]
    fn turns_and_mirrorings_follow_each_other() {
        let samples: Vec<u32> = (0..15).collect();
        let left_turn = Orientation::UPRIGHT.turned_left();
        assert_eq!(left_turn, Orientation::from_exif(8));
        for value in 1..=8 {
            let orientation = Orientation::from_exif(value);
            let first = orientation.apply(samples.clone(), 5);
            let width = orientation.size(Size::new(5, 3)).width as usize;
            assert_eq!(orientation.then(orientation.inverse()), Orientation::UPRIGHT);
            let named = [
                (left_turn, orientation.turned_left()),
                (Orientation::from_exif(2), orientation.then_mirrored_x()),
                (Orientation::from_exif(4), orientation.then_mirrored_y()),
            ];
            let others = (1..=8).map(Orientation::from_exif).map(|other| (other, orientation.then(other)));
            for (then, both) in named.into_iter().chain(others) {
                assert_eq!(
                    then.apply(first.clone(), width),
                    both.apply(samples.clone(), 5),
                    "{value}, {then:?}"
                );
            }
        }
    }

    #[test]
    fn a_crop_of_the_upright_picture_is_found_in_the_stored_one() {
        let stored_size = Size::new(5, 3);
        let samples: Vec<u32> = (0..15).collect();
        for value in 1..=8 {
            let orientation = Orientation::from_exif(value);
            let upright_size = orientation.size(stored_size);
            let upright = orientation.apply(samples.clone(), 5);
            let crop = CropBox { x: 1.0, y: 0.0, width: 2.0, height: 1.0 };
            let stored = orientation.stored_crop(crop, upright_size);
            let mut expected: Vec<u32> = upright[1..3].to_vec();
            let mut found = Vec::new();
            for y in stored.y as usize..(stored.y + stored.height) as usize {
                for x in stored.x as usize..(stored.x + stored.width) as usize {
                    found.push(samples[y * 5 + x]);
                }
            }
            expected.sort();
            found.sort();
            assert_eq!(found, expected, "orientation {value}");
        }
    }
}
