//! Scans of baseline and extended sequential files, block by block straight into the planes (T.81, annex F.2).

use crate::block::{difference, symbol};
use crate::entropy::{Bits, EntropyCoded, HELD, LONGEST};
use crate::error::DecodeError;
use crate::huffman::{AcTable, DcTable, LEAP, LOOK, extended, leap};
use crate::inverse::{self, Kept};
use crate::plane::Plane;
use crate::scale::Scale;
use crate::scan::Restarts;

/// What a scan needs to know of one of its components.
pub(crate) struct Target<'a> {
    pub dc: &'a DcTable,
    pub ac: &'a AcTable,
    pub leaps: &'a [u16; 1 << LEAP],
    pub steps: &'a Steps,
    pub plane: &'a mut Plane,
    pub scale: Scale,
    /// Blocks of a unit, across and down.
    pub across: usize,
    pub down: usize,
}

/// For each coefficient in the order of the file: its quantization step above its place.
#[derive(Debug, Clone)]
pub(crate) struct Steps([u32; 64]);

impl Steps {
    pub fn new(quantization: &[u16; 64], scale: Scale) -> Steps {
        let places = scale.places();
        Steps(std::array::from_fn(|index| u32::from(quantization[index]) << 16 | u32::from(places[index])))
    }

    #[inline(always)]
    fn put(&self, kept: &mut Kept, index: usize, value: i16) {
        let step = self.0[index & 63];
        kept[(step & 31) as usize] = value.wrapping_mul((step >> 16) as i16);
    }

    #[inline(always)]
    fn mean(&self, value: i32) -> i16 {
        (value as i16).wrapping_mul((self.0[0] >> 16) as i16)
    }
}

/// A scan's units and where restarts stand among them.
pub(crate) struct Units {
    pub columns: usize,
    pub rows: usize,
    pub restart_interval: Option<usize>,
}

/// Decodes a scan. `go_on` is asked before each row of units.
#[inline(always)]
pub(crate) fn scan(
    targets: &mut [Target<'_>],
    units: &Units,
    data: &mut EntropyCoded<'_>,
    go_on: &mut dyn FnMut() -> bool,
) -> Result<(), DecodeError> {
    let mut bits = Bits::default();
    let mut restarts = Restarts::new(units.restart_interval);
    // At most ten blocks make a unit, so there are at most four components.
    let mut means = [0; 4];
    for row in 0..units.rows {
        if !go_on() {
            return Err(DecodeError::Stopped);
        }
        for column in 0..units.columns {
            if let Some(number) = restarts.before_unit() {
                data.judge(&bits)?;
                bits = data.restart(number)?;
                means = [0; 4];
            }
            bits = data.fill_for_unit(bits);
            let window = data.window();
            for (target, mean) in targets.iter_mut().zip(&mut means) {
                for down in 0..target.down {
                    for across in 0..target.across {
                        let place = (column * target.across + across, row * target.down + down);
                        match target.scale {
                            Scale::Half => {
                                let kept = block::<{ Scale::Half.last() }>(&mut bits, window, target, mean);
                                target.plane.set(place.0, place.1, inverse::four(&kept));
                            }
                            Scale::Quarter => {
                                let kept =
                                    block::<{ Scale::Quarter.last() }>(&mut bits, window, target, mean);
                                let kept = [kept[0], kept[1], kept[2], kept[3]];
                                target.plane.set(place.0, place.1, inverse::two(kept));
                            }
                            Scale::Eighth => {
                                let kept = block::<{ Scale::Eighth.last() }>(&mut bits, window, target, mean);
                                target.plane.set(place.0, place.1, inverse::one(kept[0]));
                            }
                        }
                    }
                }
            }
        }
        data.judge(&bits)?;
    }
    Ok(())
}

/// The coefficients of a block up to the one numbered `LAST`; the others are passed over.
#[inline(always)]
fn block<const LAST: usize>(bits: &mut Bits, window: &[u8], target: &Target<'_>, mean: &mut i32) -> Kept {
    let mut kept = [0; 32];
    bits.fill(window);
    *mean = mean.wrapping_add(difference(bits, target.dc));
    kept[0] = target.steps.mean(*mean);
    let mut index = 1;
    // As many entries as can be held: to ask each time would take longer than the entry itself.
    let at_once = (HELD / LOOK).min(LAST as u32);
    'kept: while index <= LAST {
        if LAST > 4 {
            bits.fill(window);
        } else {
            // What the mean has left is mostly enough.
            bits.fill_if_below(at_once * LOOK, window);
        }
        let entry = 'entry: {
            for _ in 0..at_once {
                let entry = target.ac.entry(bits.look(LOOK));
                if !entry.is_whole() || index > LAST {
                    break 'entry entry;
                }
                index += entry.run();
                bits.pass(entry.bits());
                target.steps.put(&mut kept, index, entry.value());
                index += 1;
            }
            continue 'kept;
        };
        if index > LAST {
            break;
        }
        bits.fill_if_below(LONGEST, window);
        let symbol = symbol(bits, target.ac, entry);
        let (run, size) = ((symbol >> 4) as usize, symbol & 15);
        if size > 0 {
            index += run;
            target.steps.put(&mut kept, index, extended(bits.take(size), size) as i16);
            index += 1;
        } else if run == 15 {
            index += 16;
        } else {
            return kept;
        }
    }
    'others: while index < 64 {
        bits.fill(window);
        let next = 'next: {
            for _ in 0..HELD / LEAP {
                let next = leap(target.leaps, bits.look(LEAP));
                if !next.is_within(index) {
                    break 'next next;
                }
                bits.pass(next.bits());
                index += next.coefficients();
            }
            continue 'others;
        };
        // The table does not know where the block ends, and may have looked into the next one.
        if next.ends(index) {
            bits.pass(next.bits());
            return kept;
        }
        bits.fill_if_below(LONGEST, window);
        let entry = target.ac.entry(bits.look(LOOK));
        if entry.is_whole() {
            bits.pass(entry.bits());
            index += entry.run() + 1;
            continue;
        }
        let symbol = symbol(bits, target.ac, entry);
        let (run, size) = ((symbol >> 4) as usize, symbol & 15);
        if size > 0 {
            bits.pass(size);
            index += run + 1;
        } else if run == 15 {
            index += 16;
        } else {
            return kept;
        }
    }
    kept
}
