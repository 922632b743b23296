//! The decoder of small JPEGs.
//!
//! Input: a file. What must hold: no panic at any scale, planes of the size that the header promises, and the same
//! verdict and the same samples each time. And of the reader of frequencies, that those of a block are in order.

#![no_main]

use jpeg_scaled::{Budget, Frequencies, Precision, Scale, Scales, decode, header, icc_profile};
use libfuzzer_sys::fuzz_target;

/// Small enough that a file of a few bytes cannot make the fuzzer slow.
const BUDGET: Budget = Budget { pixels: 1 << 18, memory: 1 << 22, scans: 20, blocks: 1 << 15 };

fuzz_target!(|file: &[u8]| {
    let _ = icc_profile(file);
    if let Ok(frequencies) = Frequencies::open(file, BUDGET) {
        let components = frequencies.quantization().len();
        let _ = frequencies.read(
            || true,
            |component, block| {
                assert!(component < components && block.first().is_some_and(|one| one.index == 0));
                assert!(block.windows(2).all(|two| two[0].index < two[1].index) && block.last().unwrap().index < 64);
            },
        );
    }
    let header = header(file);
    for scale in Scale::ALL {
        let finer = Scales { chroma: Scale::Half, ..Scales::both(scale) };
        let rough = Scales { precision: Precision::TwoBitsLess, ..finer };
        for scales in [Scales::both(scale), finer, rough] {
            let decoded = decode(file, scales, BUDGET, || true);
            assert_eq!(decoded, decode(file, scales, BUDGET, || true), "the same each time");
            let Ok(planes) = decoded else { continue };
            let header = header.as_ref().expect("what can be decoded has a header");
            let (across, down) = header.subsampling.clone().expect("and one that says it can be");
            let denominator = scale.denominator();
            let size = (header.width.div_ceil(denominator), header.height.div_ceil(denominator));
            assert_eq!((planes.luma.width, planes.luma.height), (size.0 as usize, size.1 as usize));
            assert_eq!(planes.luma.samples.len(), planes.luma.width * planes.luma.height);
            let denominator = scales.chroma.denominator();
            for plane in planes.chroma.iter().flatten() {
                let width = header.width.div_ceil(u32::from(across) * denominator) as usize;
                let height = header.height.div_ceil(u32::from(down) * denominator) as usize;
                assert_eq!((plane.width, plane.height), (width, height));
                assert_eq!(plane.samples.len(), plane.width * plane.height);
            }
        }
    }
});
