//! Files that are broken, cut short or made to hurt are refused, within what they may cost.

mod writer;

use jpeg_scaled::{Budget, DecodeError, Scale, Scales, decode, header, icc_profile};
use proptest::prelude::*;
use writer::{Dice, Picture};

const COLOUR: &[(usize, usize)] = &[(2, 2), (1, 1), (1, 1)];

fn attempt(file: &[u8], scale: Scale) -> Result<(), DecodeError> {
    let budget = Budget { pixels: 1_000_000, ..Budget::default() };
    decode(file, Scales::both(scale), budget, || true).map(drop)
}

#[test]
fn a_file_that_ends_early_says_so_wherever_it_ends() {
    let picture = Picture::new(70, 50, COLOUR, 5);
    for file in [picture.sequential(true, 0), picture.sequential(false, 2), picture.progressive(3)] {
        for keep in (0..file.len()).step_by(7).chain(file.len() - 3..file.len()) {
            for scale in Scale::ALL {
                let error = attempt(&file[..keep], scale).unwrap_err();
                assert_eq!(error, DecodeError::Truncated, "{keep} of {} bytes", file.len());
            }
        }
        let with_more = [&file[..], b"and more \xff\xd8"].concat();
        assert_eq!(attempt(&with_more, Scale::Half), Ok(()), "what follows the end is nobody's business");
    }
}

#[test]
fn a_scan_with_fewer_blocks_than_its_picture_is_corrupt() {
    let mut file = Picture::new(70, 50, COLOUR, 5).sequential(true, 0);
    file.drain(file.len() - 200..file.len() - 2);
    let error = attempt(&file, Scale::Eighth).unwrap_err();
    assert!(matches!(error, DecodeError::Corrupt { .. }), "{error}");
}

#[test]
fn a_restart_that_is_missing_or_out_of_order_is_corrupt() {
    let file = Picture::new(70, 50, COLOUR, 5).sequential(true, 2);
    let at = file.windows(2).position(|two| two == [0xff, 0xd1]).unwrap();
    let renamed = [&file[..at], &[0xff, 0xd2], &file[at + 2..]].concat();
    let dropped = [&file[..at], &file[at + 2..]].concat();
    for wrong in [renamed, dropped] {
        let error = attempt(&wrong, Scale::Quarter).unwrap_err();
        assert!(matches!(error, DecodeError::Corrupt { .. }), "{error}");
    }
    let with_more = [&file[..at], &[0x55; 3], &file[at..]].concat();
    assert_eq!(attempt(&with_more, Scale::Quarter), Ok(()), "bytes before a restart do no harm");
}

#[test]
fn each_limit_is_kept_and_named() {
    let picture = Picture::new(160, 80, COLOUR, 5);
    let (plain, progressive) = (picture.sequential(true, 0), picture.progressive(0));
    let all = Budget::default();
    let refused = |file: &[u8], budget: Budget| {
        decode(file, Scales::both(Scale::Half), budget, || true).unwrap_err().to_string()
    };
    assert_eq!(
        refused(&plain, Budget { pixels: 12_799, ..all }),
        "the picture has 12800 pixels where 12799 are allowed"
    );
    // Samples: 80 x 40 of luma and twice 40 x 20.
    assert_eq!(
        refused(&plain, Budget { memory: 4799, ..all }),
        "the picture needs 4800 bytes of memory where 4799 are allowed"
    );
    // And for each of 20 x 10 and twice 10 x 5 blocks, sixteen coefficients of two bytes and a mask of eight.
    assert_eq!(
        refused(&progressive, Budget { memory: 16_799, ..all }),
        "the picture needs 16800 bytes of memory where 16799 are allowed"
    );
    assert_eq!(
        refused(&progressive, Budget { scans: 13, ..all }),
        "the file has more than the 13 scans that are allowed"
    );
    assert_eq!(
        refused(&plain, Budget { blocks: 299, ..all }),
        "the file's scans visit more than the 299 blocks that are allowed"
    );
    let exactly = Budget { pixels: 12_800, memory: 16_800, scans: 14, blocks: 1800 };
    assert!(decode(&progressive, Scales::both(Scale::Half), exactly, || true).is_ok());
    assert!(
        decode(&progressive, Scales::both(Scale::Half), Budget { blocks: 1799, ..exactly }, || true).is_err()
    );
}

#[test]
fn a_caller_can_stop_at_every_row() {
    let picture = Picture::new(70, 500, COLOUR, 5);
    for file in [picture.sequential(true, 0), picture.progressive(0)] {
        let mut asked = 0;
        decode(&file, Scales::both(Scale::Quarter), Budget::default(), || {
            asked += 1;
            true
        })
        .unwrap();
        assert!(asked >= 500 / 16, "asked {asked} times");
        for stop in 0..asked {
            let mut left = stop;
            let stopped = decode(&file, Scales::both(Scale::Quarter), Budget::default(), || {
                left -= 1;
                left >= 0
            });
            assert_eq!(stopped, Err(DecodeError::Stopped));
        }
    }
}

#[test]
fn a_million_tables_cost_no_more_than_their_bytes() {
    let file = Picture::new(16, 16, COLOUR, 5).sequential(true, 0);
    let at = file.windows(2).position(|two| two == [0xff, 0xc4]).unwrap();
    let mut table = vec![0xff, 0xc4, 0, 20, 0x10, 1];
    table.extend([0; 15]);
    let mut many = file[..at].to_vec();
    for symbol in 0..1_000_000u32 {
        many.extend(&table);
        many.push(symbol as u8);
    }
    many.extend(&file[at..]);
    assert_eq!(attempt(&many, Scale::Half), Ok(()));
}

#[test]
fn scans_that_refine_what_was_never_begun_are_corrupt() {
    let file = Picture::new(40, 40, &[(1, 1)], 5).progressive(0);
    let scans: Vec<usize> =
        file.windows(2).enumerate().filter(|(_, two)| *two == [0xff, 0xda]).map(|(at, _)| at).collect();
    for without in 0..scans.len() {
        let end = scans.get(without + 1).copied().unwrap_or(file.len() - 2);
        let cut = [&file[..scans[without]], &file[end..]].concat();
        // Of what nothing follows on, a file may simply have less.
        let last = without + 1 == scans.len() || without == 4;
        assert_eq!(attempt(&cut, Scale::Half).is_ok(), last, "without scan {without}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn changed_files_never_panic(seed: u64, way in 0..4u8, changes in 1..12usize, cut: bool) {
        let layout = if seed % 5 == 0 { &[(1, 1)][..] } else { COLOUR };
        let picture = Picture::new(60, 41, layout, 9);
        let mut file = match way {
            0 => picture.sequential(true, 0),
            1 => picture.sequential(false, 2),
            2 => picture.sequential(true, 1),
            _ => picture.progressive((seed % 3) as u16),
        };
        let mut dice = Dice(seed | 1);
        for _ in 0..changes {
            // Half of the time in the headers, where it hurts most.
            let reach = if dice.below(2) == 0 { file.len() } else { file.len().min(700) };
            let at = dice.below(reach);
            file[at] = dice.below(256) as u8;
        }
        if cut {
            file.truncate(dice.below(file.len()));
        }
        let _ = (header(&file), icc_profile(&file));
        for scale in Scale::ALL {
            let _ = attempt(&file, scale);
        }
    }

    #[test]
    fn noise_never_panics(noise: Vec<u8>) {
        let file = [&[0xff, 0xd8][..], &noise].concat();
        let _ = (header(&file), icc_profile(&file), attempt(&file, Scale::Half));
    }
}
