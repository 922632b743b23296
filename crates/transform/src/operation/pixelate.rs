//! Squares of one colour each: the mean of what can be seen there.

use crate::pixels::Pixels;

pub(super) fn pixels(side: u32, mut pixels: Pixels) -> Pixels {
    let side = side as usize;
    let (width, height) = (pixels.size.width as usize, pixels.size.height as usize);
    for top in (0..height).step_by(side) {
        for left in (0..width).step_by(side) {
            let (rows, columns) = (top..(top + side).min(height), left..(left + side).min(width));
            let mut sums = [0u64; 4];
            for y in rows.clone() {
                for &[r, g, b, a] in &pixels.rgba[y * width..][columns.clone()] {
                    let alpha = u64::from(a);
                    let weighed = [u64::from(r) * alpha, u64::from(g) * alpha, u64::from(b) * alpha, alpha];
                    sums = std::array::from_fn(|index| sums[index] + weighed[index]);
                }
            }
            let mean = |sum: u64, count: u64| (sum + count / 2).checked_div(count).unwrap_or(0) as u8;
            let [r, g, b, alpha] = sums;
            let count = (rows.len() * columns.len()) as u64;
            let colour = [mean(r, alpha), mean(g, alpha), mean(b, alpha), mean(alpha, count)];
            for y in rows {
                pixels.rgba[y * width..][columns.clone()].fill(colour);
            }
        }
    }
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;
    use plan::Size;

    #[test]
    fn each_square_has_the_mean_of_what_can_be_seen() {
        let rgba = vec![
            [100, 0, 0, 255],
            [200, 0, 0, 255],
            [9, 9, 9, 255],
            [0, 255, 0, 0],
            [0, 255, 0, 0],
            [9, 9, 9, 255],
            [50, 60, 70, 255],
            [50, 60, 70, 255],
            [1, 2, 3, 0],
        ];
        let made = pixels(2, Pixels { size: Size::new(3, 3), rgba });
        assert_eq!(made.rgba[0], [150, 0, 0, 128]);
        assert_eq!(made.rgba[4], made.rgba[0]);
        assert_eq!((made.rgba[2], made.rgba[5]), ([9, 9, 9, 255], [9, 9, 9, 255]));
        assert_eq!((made.rgba[7], made.rgba[8]), ([50, 60, 70, 255], [0, 0, 0, 0]));
    }
}
