//! The edition's number on a picture, in letters of five by seven dots.

use crate::canvas::Canvas;

const COLUMNS: i32 = 5;
const ROWS: i32 = 7;

/// Rows from the top; the highest of five bits is the leftmost dot.
fn glyph(letter: char) -> [u8; ROWS as usize] {
    match letter {
        '0' => [0x0e, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0e],
        '1' => [0x04, 0x0c, 0x04, 0x04, 0x04, 0x04, 0x0e],
        '2' => [0x0e, 0x11, 0x01, 0x02, 0x04, 0x08, 0x1f],
        '3' => [0x1f, 0x02, 0x04, 0x02, 0x01, 0x11, 0x0e],
        '4' => [0x02, 0x06, 0x0a, 0x12, 0x1f, 0x02, 0x02],
        '5' => [0x1f, 0x10, 0x1e, 0x01, 0x01, 0x11, 0x0e],
        '6' => [0x06, 0x08, 0x10, 0x1e, 0x11, 0x11, 0x0e],
        '7' => [0x1f, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08],
        '8' => [0x0e, 0x11, 0x11, 0x0e, 0x11, 0x11, 0x0e],
        '9' => [0x0e, 0x11, 0x11, 0x0f, 0x01, 0x02, 0x0c],
        'E' => [0x1f, 0x10, 0x10, 0x1e, 0x10, 0x10, 0x1f],
        'D' => [0x1e, 0x11, 0x11, 0x11, 0x11, 0x11, 0x1e],
        'I' => [0x0e, 0x04, 0x04, 0x04, 0x04, 0x04, 0x0e],
        'T' => [0x1f, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04],
        'O' => [0x0e, 0x11, 0x11, 0x11, 0x11, 0x11, 0x0e],
        'N' => [0x11, 0x19, 0x15, 0x13, 0x11, 0x11, 0x11],
        _ => [0; ROWS as usize],
    }
}

/// Writes "EDITION n" on a dark plate in the lower right corner, large enough to be read on a thumbnail.
pub(crate) fn stamp(canvas: &mut Canvas, edition: u32) {
    let text: Vec<char> = format!("EDITION {edition}").chars().collect();
    let letters = i32::try_from(text.len()).unwrap_or(0);
    let (width, height) = (canvas.width as i32, canvas.height as i32);
    let dot = (width / 220).max(1);
    let advance = (COLUMNS + 1) * dot;
    let (plate_width, plate_height) = (letters * advance + 5 * dot, (ROWS + 6) * dot);
    let (left, top) = (width - plate_width - 5 * dot, height - plate_height - 5 * dot);

    for (x, y) in places(plate_width, plate_height) {
        canvas.blend(left + x, top + y, [12, 14, 18], 0.62);
    }
    for (letter, number) in text.into_iter().zip(0..) {
        for (row, bits) in (0..).zip(glyph(letter)) {
            for column in (0..COLUMNS).filter(|column| bits >> (COLUMNS - 1 - column) & 1 == 1) {
                let (x0, y0) = (left + 3 * dot + number * advance + column * dot, top + (3 + row) * dot);
                for (x, y) in places(dot, dot) {
                    canvas.blend(x0 + x, y0 + y, [255, 250, 235], 1.0);
                }
            }
        }
    }
}

fn places(width: i32, height: i32) -> impl Iterator<Item = (i32, i32)> {
    (0..height).flat_map(move |y| (0..width).map(move |x| (x, y)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn the_number_can_be_read() {
        let mut canvas = Canvas::by_pixels(90, 20, |_, _| [0, 0, 0, 255]);
        stamp(&mut canvas, 27);
        let rows = canvas.pixels.chunks(canvas.width).skip(5).take(7);
        let shown: String = rows
            .map(|row| {
                let row: String =
                    row[23..].iter().map(|pixel| if pixel[0] > 128 { '#' } else { ' ' }).collect();
                format!("{}\n", row.trim_end())
            })
            .collect();
        expect![[r#"
             ##### ####   ###  #####  ###   ###  #   #        ###  #####
             #     #   #   #     #     #   #   # ##  #       #   #     #
             #     #   #   #     #     #   #   # # # #           #    #
             ####  #   #   #     #     #   #   # #  ##          #    #
             #     #   #   #     #     #   #   # #   #         #    #
             #     #   #   #     #     #   #   # #   #        #     #
             ##### ####   ###    #    ###   ###  #   #       #####  #
        "#]]
        .assert_eq(&shown);
    }
}
