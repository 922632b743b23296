//! The part of a picture by which the whole is judged, so that judging costs the same however large it is.

use plan::Size;

use crate::codec::Picture;
use crate::pixels::Pixels;
use crate::planes::{Plane, Planes};

/// Of a longer side, so many windows are looked at, evenly apart.
const WINDOWS: u32 = 4;
const WINDOW: u32 = 128;
const SIDE: u32 = WINDOWS * WINDOW;
/// Windows begin where blocks of encoders do, so that these see the same blocks in the sample.
const BLOCK: u32 = 16;

/// The most pixels that a sample has.
pub(crate) const PIXELS_MAX: u64 = SIDE as u64 * SIDE as u64;

/// Some samples in a row, from the first one on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    start: usize,
    length: usize,
}

/// All of a short side, the windows of a longer one.
fn spans(side: u32) -> Vec<Span> {
    if side <= SIDE {
        return vec![Span { start: 0, length: side as usize }];
    }
    let start = |window: u32| u64::from(side - WINDOW) * u64::from(window) / u64::from(WINDOWS - 1);
    let aligned = |start: u64| start as usize / BLOCK as usize * BLOCK as usize;
    let span = |window| Span { start: aligned(start(window)), length: WINDOW as usize };
    (0..WINDOWS).map(span).collect()
}

/// The same spans in a plane whose samples are shared by so many pixels.
fn shared(spans: &[Span], by: u8) -> Vec<Span> {
    let by = usize::from(by.max(1));
    let span = |span: &Span| Span { start: span.start / by, length: span.length.div_ceil(by) };
    spans.iter().map(span).collect()
}

fn gathered<T: Copy>(samples: &[T], width: usize, columns: &[Span], rows: &[Span]) -> Vec<T> {
    let mut gathered = Vec::new();
    for y in rows.iter().flat_map(|rows| rows.start..rows.start + rows.length) {
        let row = samples.get(y * width..(y + 1) * width).unwrap_or_default();
        for span in columns {
            gathered.extend_from_slice(row.get(span.start..span.start + span.length).unwrap_or_default());
        }
    }
    gathered
}

fn length(spans: &[Span]) -> usize {
    spans.iter().map(|span| span.length).sum()
}

fn plane(plane: &Plane, columns: &[Span], rows: &[Span]) -> Plane {
    let samples = gathered(&plane.samples, plane.width, columns, rows);
    Plane { width: length(columns), height: length(rows), samples }
}

/// All of a small picture; of a larger one windows side by side.
pub(crate) fn sample(picture: &Picture) -> Picture {
    let size = picture.size();
    let (columns, rows) = (spans(size.width), spans(size.height));
    match picture {
        Picture::Pixels(pixels) => Picture::Pixels(Pixels {
            size: Size { width: length(&columns) as u32, height: length(&rows) as u32 },
            rgba: gathered(&pixels.rgba, size.width as usize, &columns, &rows),
        }),
        Picture::Planes(planes) => {
            let (across, down) = planes.subsampling;
            let (chroma_columns, chroma_rows) = (shared(&columns, across), shared(&rows, down));
            let chroma = planes.chroma.as_ref();
            Picture::Planes(Planes {
                luma: plane(&planes.luma, &columns, &rows),
                chroma: chroma
                    .map(|both| both.each_ref().map(|one| plane(one, &chroma_columns, &chroma_rows))),
                subsampling: planes.subsampling,
                matrix: planes.matrix,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::colour::Matrix;

    #[test]
    fn windows_are_evenly_apart_and_begin_with_a_block() {
        let starts = |side| spans(side).iter().map(|span| span.start).collect::<Vec<_>>();
        assert_eq!(spans(512), [Span { start: 0, length: 512 }]);
        assert_eq!(starts(513), [0, 128, 256, 384]);
        assert_eq!(starts(1000), [0, 288, 576, 864]);
        assert_eq!(starts(u32::MAX).len(), 4);
    }

    proptest! {
        #[test]
        fn a_sample_is_of_the_picture_and_has_all_of_its_planes(
            width in 1u32..1200, height in 1u32..700, across in 1u8..=2, down in 1u8..=2
        ) {
            let of = |width: usize, height: usize| Plane {
                width, height, samples: (0..width * height).map(|at| (at % width / 8) as u8).collect()
            };
            let (columns, rows) = (width.div_ceil(across.into()), height.div_ceil(down.into()));
            let chroma = of(columns as usize, rows as usize);
            let planes = Planes {
                luma: of(width as usize, height as usize),
                chroma: Some([chroma.clone(), chroma]),
                subsampling: (across, down),
                matrix: Matrix::Bt601,
            };
            let Picture::Planes(seen) = sample(&Picture::Planes(planes)) else { panic!() };
            let size = seen.size();
            prop_assert!(size.pixels() <= PIXELS_MAX);
            prop_assert_eq!((size.width, size.height), (width.min(SIDE), height.min(SIDE)));
            let [cb, cr] = seen.chroma.unwrap();
            prop_assert_eq!(cb.width, seen.luma.width.div_ceil(across.into()));
            prop_assert_eq!(cb.height, seen.luma.height.div_ceil(down.into()));
            prop_assert_eq!(cb.samples.len(), cb.width * cb.height);
            prop_assert_eq!(&cb, &cr);
            prop_assert_eq!(seen.luma.samples.len(), seen.luma.width * seen.luma.height);
            // Each window goes on to the right as the picture does.
            for row in seen.luma.samples.chunks(seen.luma.width) {
                prop_assert!(row.is_sorted());
            }
        }
    }
}
