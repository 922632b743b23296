//! Frequencies come out of a sequential file as they were written into it.

mod writer;

use jpeg_scaled::{Budget, DecodeError, Frequencies, Frequency};
use proptest::prelude::*;
use writer::{Picture, step};

const SAMPLINGS: &[&[(usize, usize)]] =
    &[&[(1, 1)], &[(1, 1), (1, 1), (1, 1)], &[(2, 1), (1, 1), (1, 1)], &[(2, 2), (1, 1), (1, 1)]];

type Blocks = Vec<(usize, Vec<Frequency>)>;

fn read(file: &[u8], budget: Budget) -> Result<Blocks, DecodeError> {
    let mut blocks = Blocks::new();
    Frequencies::open(file, budget)?
        .read(|| true, |component, block| blocks.push((component, block.to_vec())))?;
    Ok(blocks)
}

/// In the order of an interleaved scan.
fn written(picture: &Picture) -> Blocks {
    let members: Vec<usize> = (0..picture.components.len()).collect();
    let places = picture.units(&members).into_iter().flatten();
    let frequencies = |block: &[i16; 64]| {
        let all = (0..).zip(block).map(|(index, &level)| Frequency { index, level });
        all.filter(|one| one.index == 0 || one.level != 0).collect()
    };
    places
        .map(|(component, at)| (component, frequencies(&picture.components[component].blocks[at])))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn each_block_is_what_was_written(
        width in 1usize..70, height in 1usize..60, seed: u64, restarts in 0u16..4, sampling in 0..SAMPLINGS.len()
    ) {
        let sampling = SAMPLINGS[sampling];
        let picture = Picture::new(width, height, sampling, seed);
        let file = picture.sequential(true, restarts);
        let frequencies = Frequencies::open(&file, Budget::default()).unwrap();
        prop_assert_eq!((frequencies.width(), frequencies.height()), (width as u32, height as u32));
        prop_assert_eq!(frequencies.sampling(), sampling);
        prop_assert!(frequencies.quantization().iter().all(|table| (0..64).all(|at| table[at] == u16::from(step(at)))));
        prop_assert!(read(&file, Budget::default()) == Ok(written(&picture)));
    }

    #[test]
    fn what_is_broken_is_refused_or_comes_out_as_something(at in 0usize..3000, byte: u8) {
        let mut file = Picture::new(48, 40, SAMPLINGS[3], 5).sequential(true, 2);
        let place = at % file.len();
        file[place] = byte;
        let mut inside = true;
        if let Ok(frequencies) = Frequencies::open(&file, Budget::default()) {
            let _ = frequencies.read(|| true, |_, block| {
                inside &= block.windows(2).all(|two| two[0].index < two[1].index);
                inside &= block.first().is_some_and(|one| one.index == 0) && block.len() <= 64;
            });
        }
        prop_assert!(inside, "places do not rise");
    }
}

#[test]
fn a_file_that_ends_early_says_so_wherever_it_ends() {
    let file = Picture::new(70, 50, SAMPLINGS[3], 5).sequential(true, 2);
    for keep in (0..file.len()).step_by(7).chain(file.len() - 3..file.len()) {
        assert_eq!(read(&file[..keep], Budget::default()), Err(DecodeError::Truncated), "{keep}");
    }
}

#[test]
fn what_is_not_sequential_in_one_scan_is_for_somebody_else() {
    let picture = Picture::new(70, 50, SAMPLINGS[3], 5);
    for (file, what) in [
        (picture.progressive(0), "a progressive JPEG"),
        (picture.sequential(false, 0), "a sequential JPEG of several scans"),
    ] {
        assert_eq!(read(&file, Budget::default()), Err(DecodeError::NotOurs { what }));
    }
}

#[test]
fn each_limit_is_kept_and_it_stops_when_it_is_told_to() {
    let file = Picture::new(160, 80, SAMPLINGS[3], 5).sequential(true, 0);
    let all = Budget::default();
    for budget in [Budget { pixels: 12_799, ..all }, Budget { blocks: 299, ..all }] {
        assert!(read(&file, budget).is_err(), "{budget:?}");
    }
    assert!(read(&file, Budget { pixels: 12_800, blocks: 300, ..all }).is_ok());
    let mut rows = 0;
    let stopped = Frequencies::open(&file, all).unwrap().read(
        || {
            rows += 1;
            rows < 3
        },
        |_, _| {},
    );
    assert_eq!((stopped, rows), (Err(DecodeError::Stopped), 3));
}
