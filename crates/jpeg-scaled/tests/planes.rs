//! Files of known coefficients become the samples that those stand for, in whatever way they are written.

mod writer;

use std::f64::consts::PI;

use jpeg_scaled::{Budget, DecodeError, Plane, Planes, Precision, Scale, Scales, decode, header};
use proptest::prelude::*;
use writer::{Component, Picture, step};

const LAYOUTS: [&[(usize, usize)]; 9] = [
    &[(1, 1)],
    &[(2, 2)],
    &[(1, 1), (1, 1), (1, 1)],
    &[(2, 1), (1, 1), (1, 1)],
    &[(2, 2), (1, 1), (1, 1)],
    &[(1, 2), (1, 1), (1, 1)],
    &[(4, 1), (1, 1), (1, 1)],
    &[(4, 2), (1, 1), (1, 1)],
    &[(2, 2), (2, 1), (2, 1)],
];

fn decoded(file: &[u8], scales: Scales) -> Planes {
    decode(file, scales, Budget::default(), || true).unwrap()
}

fn planes(planes: &Planes) -> Vec<&Plane> {
    std::iter::once(&planes.luma).chain(planes.chroma.iter().flatten()).collect()
}

/// What the definition of the transform (T.81, annex A.3.3) says of a component, its high frequencies left out.
fn exact(picture: &Picture, component: &Component, scale: Scale) -> (usize, usize, Vec<f64>) {
    const COLUMN_OF: [(usize, usize); 25] = [
        (0, 0),
        (0, 1),
        (1, 0),
        (2, 0),
        (1, 1),
        (0, 2),
        (0, 3),
        (1, 2),
        (2, 1),
        (3, 0),
        (4, 0),
        (3, 1),
        (2, 2),
        (1, 3),
        (0, 4),
        (0, 5),
        (1, 4),
        (2, 3),
        (3, 2),
        (4, 1),
        (5, 0),
        (6, 0),
        (5, 1),
        (4, 2),
        (3, 3),
    ];
    let denominator = scale.denominator() as usize;
    let side = 8 / denominator;
    let most =
        if picture.components.len() == 1 { (component.across, component.down) } else { picture.most() };
    let width = (picture.width * component.across).div_ceil(most.0 * denominator);
    let height = (picture.height * component.down).div_ceil(most.1 * denominator);
    let basis = |frequency: usize, at: usize| {
        let weight = if frequency == 0 { 0.5f64.sqrt() } else { 1.0 };
        weight * ((2 * at + 1) as f64 * frequency as f64 * PI / (2 * side) as f64).cos()
    };
    let mut samples = Vec::new();
    for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
        let block = &component.blocks[y / side * component.columns + x / side];
        let mut sum = 0.0;
        for (index, (row, column)) in COLUMN_OF.into_iter().enumerate() {
            if row < side && column < side {
                let value = f64::from(block[index]) * f64::from(step(index));
                sum += value * basis(row, y % side) * basis(column, x % side);
            }
        }
        samples.push((sum / 4.0 + 128.0).clamp(0.0, 255.0));
    }
    (width, height, samples)
}

#[test]
fn every_layout_scale_and_odd_size_is_decoded_as_the_definition_has_it() {
    for layout in LAYOUTS {
        for (width, height) in [(1, 1), (8, 8), (17, 9), (31, 33), (64, 40), (75, 50)] {
            // A grey picture's sampling has nothing to relate to, so its blocks lie as they are.
            let layout = if let [_] = layout { &[(1, 1)][..] } else { layout };
            let picture = Picture::new(width, height, layout, (width * height) as u64 + 7);
            let file = picture.sequential(true, 0);
            for scale in Scale::ALL {
                let decoded = decoded(&file, Scales::both(scale));
                for (plane, component) in planes(&decoded).into_iter().zip(&picture.components) {
                    let (width, height, samples) = exact(&picture, component, scale);
                    assert_eq!((plane.width, plane.height), (width, height), "{layout:?} {scale:?}");
                    for (found, exact) in plane.samples.iter().zip(samples) {
                        let off = (f64::from(*found) - exact).abs();
                        assert!(off <= 0.6, "{found} where {exact} is right: {layout:?} {scale:?}");
                    }
                }
            }
        }
    }
}

proptest! {
    /// One scan or several, with restarts or without, at once or bit by bit: the coefficients are the same.
    #[test]
    fn however_a_picture_is_written_its_samples_are_the_same(
        (width, height) in (1usize..120, 1usize..90),
        layout in prop::sample::select(LAYOUTS.to_vec()),
        seed: u64,
        interval in prop::sample::select(vec![0u16, 1, 2, 5, 1000]),
        scale in prop::sample::select(Scale::ALL.to_vec()),
        finer: bool,
    ) {
        let layout = if let [_] = layout { &[(1, 1)][..] } else { layout };
        let picture = Picture::new(width, height, layout, seed);
        let chroma = if finer { Scale::Half } else { scale };
        let scales = Scales { luma: scale, chroma, precision: Precision::Exact };
        let plain = decoded(&picture.sequential(true, 0), scales);
        prop_assert_eq!(&decoded(&picture.sequential(true, interval), scales), &plain);
        prop_assert_eq!(&decoded(&picture.sequential(false, interval), scales), &plain);
        prop_assert_eq!(&decoded(&picture.progressive(interval), scales), &plain);
    }
}

#[test]
fn what_may_be_missing_changes_samples_by_little_and_nothing_where_all_is_there() {
    let picture = Picture::new(75, 50, &[(2, 2), (1, 1), (1, 1)], 11);
    let (sequential, progressive) = (picture.sequential(true, 0), picture.progressive(0));
    for scale in Scale::ALL {
        let exact = decoded(&sequential, Scales::both(scale));
        let mut off_before = 0;
        for precision in Precision::ALL {
            let scales = Scales { precision, ..Scales::both(scale) };
            assert_eq!(decoded(&sequential, scales), exact, "{scale:?} {precision:?}");
            let rough = decoded(&progressive, scales);
            let pairs = planes(&exact).into_iter().zip(planes(&rough));
            let off: u64 = pairs
                .flat_map(|(exact, rough)| exact.samples.iter().zip(&rough.samples))
                .map(|(exact, rough)| u64::from(exact.abs_diff(*rough)))
                .sum();
            let samples: usize = planes(&exact).iter().map(|plane| plane.samples.len()).sum();
            println!("{scale:?} {precision:?}: {off} in {samples}");
            assert!(off >= off_before && off <= 12 * samples as u64, "{scale:?} {precision:?}: {off}");
            assert_eq!(
                off > 0,
                precision != Precision::Exact && scale != Scale::Eighth,
                "{scale:?} {precision:?}"
            );
            off_before = off;
        }
    }
}

#[test]
fn a_header_says_what_will_come() {
    let file = Picture::new(75, 50, &[(2, 2), (1, 1), (1, 1)], 3).progressive(0);
    let header = header(&file).unwrap();
    assert_eq!((header.width, header.height, header.components), (75, 50, 3));
    assert!(header.progressive);
    assert_eq!(header.subsampling, Ok((2, 2)));
}

#[test]
fn chroma_that_is_finer_than_luma_is_for_another_decoder() {
    let file = Picture::new(16, 16, &[(1, 1), (2, 2), (2, 2)], 3).sequential(true, 0);
    let error = decode(&file, Scales::both(Scale::Half), Budget::default(), || true).unwrap_err();
    assert_eq!(error.to_string(), "a JPEG with chroma sampled in an unusual way, which is not decoded here");
    assert!(matches!(header(&file).unwrap().subsampling, Err(DecodeError::NotOurs { .. })));
}
