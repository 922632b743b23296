//! How a stored picture is turned and mirrored to stand upright: EXIF's orientations 1 to 8.
//!
//! Turning costs time with every pixel, so it is done last, on the small result. Until then the geometry, which
//! speaks of the upright picture, is translated to the stored one.

use std::io::Cursor;

use plan::{CropBox, Size};

use crate::sniff::InputFormat;

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
    pub(crate) const fn turned_left(self) -> Orientation {
        // A transposition exchanges what the two mirrorings mean; a left turn is one, then top to bottom.
        Orientation::new(!self.transposed, self.mirrored_y, !self.mirrored_x)
    }

    /// This one, and then left to right.
    pub(crate) const fn then_mirrored_x(self) -> Orientation {
        Orientation::new(self.transposed, !self.mirrored_x, self.mirrored_y)
    }

    /// This one, and then top to bottom.
    pub(crate) const fn then_mirrored_y(self) -> Orientation {
        Orientation::new(self.transposed, self.mirrored_x, !self.mirrored_y)
    }

    /// The size that a stored picture of `size` has when upright, and the other way round.
    pub const fn size(self, size: Size) -> Size {
        if self.transposed { size.transposed() } else { size }
    }

    /// The box of the stored picture that is `upright_crop` of the upright one.
    pub(crate) fn stored_crop(self, upright_crop: CropBox, upright: Size) -> CropBox {
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
    pub(crate) const fn backwards(self) -> (bool, bool) {
        if self.transposed { (self.mirrored_y, self.mirrored_x) } else { (self.mirrored_x, self.mirrored_y) }
    }

    /// Samples of a stored picture of this width, made upright.
    pub(crate) fn apply<T: Copy>(self, samples: Vec<T>, width: usize) -> Vec<T> {
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

/// The orientation that EXIF metadata in the file asks for; unreadable metadata is no reason to refuse a picture.
///
/// AVIF is not read here: there the container's own properties count, and EXIF's value must not be applied on top
/// of them (ISO/IEC 23000-22 §7.3.6.7 speaks of `irot` and `imir` as the only transformations).
pub(crate) fn of_exif(original: &[u8], format: InputFormat) -> Orientation {
    if !matches!(format, InputFormat::Jpeg | InputFormat::Png | InputFormat::Webp) {
        return Orientation::UPRIGHT;
    }
    let value = exif::Reader::new()
        .continue_on_error(true)
        .read_from_container(&mut Cursor::new(original))
        .or_else(|error| error.distill_partial_result(|_| {}))
        .ok()
        .and_then(|exif| exif.get_field(exif::Tag::Orientation, exif::In::PRIMARY)?.value.get_uint(0));
    Orientation::from_exif(value.unwrap_or(1))
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
            for (then, both) in [
                (left_turn, orientation.turned_left()),
                (Orientation::from_exif(2), orientation.then_mirrored_x()),
                (Orientation::from_exif(4), orientation.then_mirrored_y()),
            ] {
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
