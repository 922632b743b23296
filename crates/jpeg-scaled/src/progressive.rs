//! Scans of progressive files into a store of coefficients, and from there into planes (T.81, annex G).
//!
//! Only the coefficients that a scale keeps are stored. Of the others it is known whether they are zero, since that
//! decides which bits of a refining scan are whose.

use crate::block::{difference, symbol};
use crate::entropy::{Bits, EntropyCoded, LONGEST};
use crate::error::{DecodeError, corrupt};
use crate::huffman::{AcTable, DcTable, LOOK, extended};
use crate::inverse::{self, padded};
use crate::plane::Plane;
use crate::scale::{OUTSIDE, Precision, Scale};
use crate::scan::{Band, Restarts};
use crate::sequential::Units;

/// The coefficients of one component.
pub(crate) struct Store {
    scale: Scale,
    precision: Precision,
    /// Blocks across, those included that only fill up units.
    columns: usize,
    kept: Vec<i16>,
    /// For each block the coefficients that are not zero, in the order of the file. None if only means are kept.
    nonzero: Vec<u64>,
    /// By coefficient: the lowest bit that scans have brought so far.
    known: [Option<u32>; 64],
    /// By coefficient: the lowest bit that has been decoded.
    decoded: [u32; 64],
}

impl Store {
    pub fn bytes(scale: Scale, blocks: u64) -> u64 {
        let masks = if scale == Scale::Eighth { 0 } else { 8 };
        blocks * (scale.kept() as u64 * 2 + masks)
    }

    pub fn new(scale: Scale, precision: Precision, columns: usize, rows: usize) -> Store {
        let blocks = columns * rows;
        let masks = if scale == Scale::Eighth { 0 } else { blocks };
        Store {
            scale,
            precision,
            columns,
            kept: vec![0; blocks * scale.kept()],
            nonzero: vec![0; masks],
            known: [None; 64],
            decoded: [0; 64],
        }
    }

    /// Whether a scan of these coefficients has to be decoded. Where more than means are kept, later scans may refine
    /// what this one says together with what is kept; unless these are ones that may be missing.
    pub fn needs(&self, band: Band) -> bool {
        let missing = self.precision.missing_bits();
        let may_be_missing = match band.refines {
            Some(_) => band.lowest_bit < missing,
            None => band.first > self.scale.last() && band.lowest_bit <= missing,
        };
        band.first == 0 || (self.scale != Scale::Eighth && !may_be_missing)
    }

    /// Takes note of what a scan brings, if that follows on what earlier ones have brought.
    pub fn expect(&mut self, band: Band) -> Result<(), DecodeError> {
        let means_are_known = self.known[0].is_some();
        for known in &mut self.known[band.first..=band.last] {
            if *known != band.refines {
                return corrupt("a progressive scan does not follow on the scans before it");
            }
            *known = Some(band.lowest_bit);
        }
        if band.first > 0 && !means_are_known {
            return corrupt("a progressive file begins without its means");
        }
        Ok(())
    }

    /// Whether any scan has brought the least that makes a picture.
    pub fn has_means(&self) -> bool {
        self.known[0].is_some()
    }

    /// Fills the plane. `go_on` is asked before each row of blocks.
    #[inline(always)]
    pub fn finish(
        &self,
        quantization: &[u16; 64],
        plane: &mut Plane,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<(), DecodeError> {
        let steps = Steps::new(self, quantization);
        match self.scale {
            Scale::Half => {
                for (row, blocks) in self.rows().enumerate() {
                    ask(go_on)?;
                    for (column, stored) in blocks.iter().enumerate() {
                        plane.set(column, row, inverse::four(&padded(steps.of(stored))));
                    }
                }
            }
            Scale::Quarter => {
                for (row, blocks) in self.rows().enumerate() {
                    ask(go_on)?;
                    let mut whole = 0;
                    // What no edge cuts off is done line by line: the compiler then does several blocks at once.
                    if let Some([upper, lower]) = plane.two_lines(2 * row) {
                        let (upper, lower) = (upper.as_chunks_mut().0, lower.as_chunks_mut().0);
                        whole = upper.len();
                        for ((stored, upper), lower) in blocks.iter().zip(upper).zip(lower) {
                            [*upper, *lower] = inverse::two(steps.of(stored));
                        }
                    }
                    for (column, stored) in blocks.iter().enumerate().skip(whole) {
                        plane.set(column, row, inverse::two(steps.of(stored)));
                    }
                }
            }
            Scale::Eighth => {
                let lines = plane.samples.chunks_exact_mut(plane.width.max(1));
                for (line, blocks) in lines.zip(self.rows()) {
                    ask(go_on)?;
                    for (sample, stored) in line.iter_mut().zip(blocks) {
                        let [mean] = steps.of(stored);
                        [[*sample]] = inverse::one(mean);
                    }
                }
            }
        }
        Ok(())
    }

    /// Rows of blocks with `KEPT` coefficients. How many these are has to be known to the compiler, or a block takes ten times
    /// as long.
    #[inline(always)]
    fn rows<const KEPT: usize>(&self) -> impl Iterator<Item = &[[i16; KEPT]]> {
        self.kept.chunks_exact((self.columns * KEPT).max(1)).map(|row| row.as_chunks().0)
    }
}

fn ask(go_on: &mut dyn FnMut() -> bool) -> Result<(), DecodeError> {
    if go_on() { Ok(()) } else { Err(DecodeError::Stopped) }
}

/// From stored coefficients to those that samples are made of.
struct Steps {
    /// What a step is.
    size: [i16; 16],
    /// Half of what the bits stand for that were not decoded, in steps.
    half: [i16; 16],
}

impl Steps {
    fn new(store: &Store, quantization: &[u16; 64]) -> Steps {
        let mut steps = Steps { size: [0; 16], half: [0; 16] };
        let coefficients = quantization.iter().zip(store.decoded).zip(store.scale.places());
        for ((size, lowest_bit), place) in coefficients.filter(|(_, place)| **place < OUTSIDE) {
            let place = usize::from(*place);
            (steps.size[place], steps.half[place]) = (*size as i16, (1 << lowest_bit) / 2);
        }
        steps
    }

    #[inline(always)]
    fn of<const KEPT: usize>(&self, stored: &[i16; KEPT]) -> [i16; KEPT] {
        std::array::from_fn(|at| {
            let value = stored[at];
            value.wrapping_add(self.half[at] * value.signum()).wrapping_mul(self.size[at])
        })
    }
}

/// What a scan of means needs to know of one of its components.
pub(crate) struct MeansTarget<'a> {
    /// A refining scan has bits, not symbols.
    pub table: Option<&'a DcTable>,
    pub store: &'a mut Store,
    pub across: usize,
    pub down: usize,
}

/// Decodes a scan of means. `go_on` is asked before each row of units.
#[inline(always)]
pub(crate) fn means(
    targets: &mut [MeansTarget<'_>],
    lowest_bit: u32,
    units: &Units,
    data: &mut EntropyCoded<'_>,
    go_on: &mut dyn FnMut() -> bool,
) -> Result<(), DecodeError> {
    let mut bits = Bits::default();
    let mut restarts = Restarts::new(units.restart_interval);
    let mut means = [0i32; 4];
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
            // Enough for a refining scan, which has a bit for each of a unit's ten blocks at most.
            bits.fill(window);
            for (target, mean) in targets.iter_mut().zip(&mut means) {
                let count = target.store.scale.kept();
                for down in 0..target.down {
                    for across in 0..target.across {
                        let (x, y) = (column * target.across + across, row * target.down + down);
                        let place = (y * target.store.columns + x) * count;
                        let Some(kept) = target.store.kept.get_mut(place) else { continue };
                        match target.table {
                            Some(table) => {
                                // To fill up takes longer than what it is for; after one difference there is mostly
                                // enough for another.
                                if across.is_multiple_of(2) {
                                    bits.fill(window);
                                } else {
                                    bits.fill_if_below(LONGEST, window);
                                }
                                *mean = mean.wrapping_add(difference(&mut bits, table));
                                *kept = (*mean << lowest_bit) as i16;
                            }
                            None => *kept |= (bits.take(1) as i16) << lowest_bit,
                        }
                    }
                }
            }
        }
        data.judge(&bits)?;
    }
    Ok(())
}

/// Decodes a scan of other coefficients of one component. `go_on` is asked before each row of blocks.
#[inline(always)]
pub(crate) fn rest(
    store: &mut Store,
    table: &AcTable,
    band: Band,
    units: &Units,
    data: &mut EntropyCoded<'_>,
    go_on: &mut dyn FnMut() -> bool,
) -> Result<(), DecodeError> {
    store.decoded[band.first..=band.last].fill(band.lowest_bit);
    let mut bits = Bits::default();
    let mut restarts = Restarts::new(units.restart_interval);
    // How many further blocks have nothing new in this band.
    let mut without = 0;
    let count = store.scale.kept();
    let places = store.scale.places();
    let in_band = u64::MAX >> (63 - band.last) & u64::MAX << band.first;
    for row in 0..units.rows {
        if !go_on() {
            return Err(DecodeError::Stopped);
        }
        for column in 0..units.columns {
            if let Some(number) = restarts.before_unit() {
                data.judge(&bits)?;
                bits = data.restart(number)?;
                without = 0;
            }
            let index = row * store.columns + column;
            let kept = store.kept.get_mut(index * count..(index + 1) * count);
            let (Some(kept), Some(nonzero)) = (kept, store.nonzero.get_mut(index)) else { continue };
            let mut block =
                Block { kept, nonzero, places, last: store.scale.last(), lowest_bit: band.lowest_bit };
            if without > 0 && (band.refines.is_none() || *block.nonzero & in_band == 0) {
                without -= 1;
                continue;
            }
            bits = data.fill_for_unit(bits);
            let window = data.window();
            without = match band.refines {
                None => block.begin(&mut bits, window, table, band),
                Some(_) => block.refine(&mut bits, window, table, band, without),
            };
        }
        data.judge(&bits)?;
    }
    Ok(())
}

/// One block while a scan is at it.
struct Block<'a> {
    kept: &'a mut [i16],
    nonzero: &'a mut u64,
    places: &'static [u8; 64],
    /// The last coefficient that is kept.
    last: usize,
    lowest_bit: u32,
}

impl Block<'_> {
    #[inline(always)]
    fn put(&mut self, index: usize, value: i32) {
        *self.nonzero |= 1 << (index & 63);
        if let Some(kept) = self.kept.get_mut(usize::from(self.places[index & 63])) {
            *kept = (value << self.lowest_bit) as i16;
        }
    }

    /// T.81, annex G.1.2.2. Gives for how many further blocks there is nothing.
    #[inline(always)]
    fn begin(&mut self, bits: &mut Bits, window: &[u8], table: &AcTable, band: Band) -> u32 {
        let mut index = band.first;
        while index <= band.last {
            bits.fill_if_below(LONGEST, window);
            let entry = table.entry(bits.look(LOOK));
            if entry.is_whole() {
                index += entry.run();
                bits.pass(entry.bits());
                self.put(index, i32::from(entry.value()));
                index += 1;
                continue;
            }
            let symbol = symbol(bits, table, entry);
            let (run, size) = (symbol >> 4, symbol & 15);
            if size > 0 {
                index += run as usize;
                self.put(index, extended(bits.take(size), size));
                index += 1;
            } else if run == 15 {
                index += 16;
            } else {
                return (1 << run) - 1 + bits.take(run);
            }
        }
        0
    }

    /// T.81, annex G.1.2.3. `without`: for how many blocks, this one included, there is nothing new.
    #[inline(always)]
    fn refine(&mut self, bits: &mut Bits, window: &[u8], table: &AcTable, band: Band, without: u32) -> u32 {
        let through = u64::MAX >> (63 - band.last);
        let before = *self.nonzero;
        let mut index = band.first;
        if without > 0 {
            self.correct(bits, window, before & through & u64::MAX << index);
            return without - 1;
        }
        while index <= band.last {
            bits.fill(window);
            let entry = table.entry(bits.look(LOOK));
            let (run, new) = if entry.is_whole() && entry.value().unsigned_abs() == 1 {
                bits.pass(entry.bits());
                (entry.run() as u32, i32::from(entry.value()))
            } else if entry.is_whole() {
                // Counted as taken: it may be that only half of it is left before the end.
                bits.pass(entry.bits());
                bits.break_off();
                return 0;
            } else {
                let symbol = symbol(bits, table, entry);
                match (symbol >> 4, symbol & 15) {
                    (15, 0) => (15, 0),
                    (run, 0) => {
                        let without = (1 << run) - 1 + bits.take(run);
                        self.correct(bits, window, before & through & u64::MAX << index);
                        return without;
                    }
                    (run, 1) => (run, extended(bits.take(1), 1)),
                    _ => {
                        bits.break_off();
                        return 0;
                    }
                }
            };
            // Goes over as many zeros as the run says, and corrects what is not zero on the way.
            let mut zeros = !before & through & u64::MAX << index;
            for _ in 0..run {
                zeros &= zeros.wrapping_sub(1);
            }
            let start = index;
            index = (zeros.trailing_zeros() as usize).min(band.last + 1);
            let passed = if index > start { u64::MAX << start & u64::MAX >> (64 - index) } else { 0 };
            self.correct(bits, window, before & passed);
            if new != 0 && index <= band.last {
                self.put(index, new);
            }
            index += 1;
        }
        0
    }

    /// A bit for each of these coefficients: whether it grows by this scan's bit.
    #[inline(always)]
    fn correct(&mut self, bits: &mut Bits, window: &[u8], these: u64) {
        let mut stored = these & u64::MAX >> (63 - self.last);
        let mut others = (these ^ stored).count_ones();
        while stored != 0 {
            let index = stored.trailing_zeros() as usize;
            stored &= stored - 1;
            bits.fill_if_below(LONGEST, window);
            let grows = bits.take(1) != 0;
            if let Some(kept) = self.kept.get_mut(usize::from(self.places[index & 63]))
                && grows
            {
                let step = 1i16 << self.lowest_bit;
                *kept = if *kept >= 0 { kept.wrapping_add(step) } else { kept.wrapping_sub(step) };
            }
        }
        while others > 0 {
            bits.fill(window);
            let some = others.min(48);
            bits.pass(some);
            others -= some;
        }
    }
}
