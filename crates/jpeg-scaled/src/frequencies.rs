//! The frequencies of a sequential file as it stores them, block by block (T.81, annex F.2): for those who change a file
//! without making samples of it.

use crate::block::{difference, symbol};
use crate::budget::{Budget, Spending};
use crate::decoder::Decoder;
use crate::entropy::{Bits, EntropyCoded, HELD, LONGEST};
use crate::error::{DecodeError, corrupt};
use crate::frame::Frame;
use crate::huffman::{AcTable, DcTable, LOOK, extended};
use crate::scan::{Restarts, Scan};
use crate::sequential::Units;
use crate::simd;

/// One that is not zero, or the first of a block.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Frequency {
    /// Its place in the order of the file, from 0 to 63.
    pub index: u8,
    /// In steps of its component's quantization.
    pub level: i16,
}

/// A sequential file with all of its components in one scan, read up to that.
pub struct Frequencies<'a> {
    decoder: Decoder<'a>,
    frame: Frame,
    scan: Scan,
    quantization: Vec<[u16; 64]>,
}

/// What its units consist of.
pub(crate) struct Source<'a> {
    pub dc: &'a DcTable,
    pub ac: &'a AcTable,
    /// Its place in the frame.
    pub component: usize,
    /// Blocks of a unit.
    pub blocks: usize,
}

/// Is given a component and what one of its blocks holds.
pub(crate) type Take<'a> = dyn FnMut(usize, &[Frequency]) + 'a;

impl<'a> Frequencies<'a> {
    /// Progressive files, and those with a scan for each component, are [`DecodeError::NotOurs`] here.
    pub fn open(file: &'a [u8], budget: Budget) -> Result<Frequencies<'a>, DecodeError> {
        let mut decoder = Decoder::new(file)?;
        let content = decoder.read_up_to_scan()?;
        let Some(frame) = decoder.frame.clone() else { return corrupt("it has no frame before its end") };
        let mut spending = Spending::new(budget);
        spending.pixels(frame.pixels())?;
        if let Some(what) = decoder.not_ours(&frame) {
            return Err(DecodeError::NotOurs { what });
        }
        if frame.progressive {
            return Err(DecodeError::NotOurs { what: "a progressive JPEG" });
        }
        let Some(content) = content else { return corrupt("a component has no scan") };
        let scan = Scan::read(&frame, decoder.tables.restart_interval, content)?;
        spending.blocks(scan.blocks())?;
        if scan.components.iter().map(|one| one.index).ne(0..frame.components.len()) {
            return Err(SEVERAL_SCANS);
        }
        let table = |index: usize| decoder.tables.quantization(index).copied();
        let quantization =
            frame.components.iter().map(|one| table(one.quantization)).collect::<Result<_, _>>()?;
        for one in &scan.components {
            decoder.tables.build_dc(one.dc_table)?;
            decoder.tables.build_ac(one.ac_table, false)?;
        }
        Ok(Frequencies { decoder, frame, scan, quantization })
    }

    pub fn width(&self) -> u32 {
        self.frame.width as u32
    }

    pub fn height(&self) -> u32 {
        self.frame.height as u32
    }

    /// Of each component, how many of its blocks are in a unit, across and down.
    pub fn sampling(&self) -> Vec<(usize, usize)> {
        self.scan.components.iter().map(|one| (one.across, one.down)).collect()
    }

    /// Of each component, the size of a step, in the order of the file.
    pub fn quantization(&self) -> &[[u16; 64]] {
        &self.quantization
    }

    /// Gives each block in the order of the file, with the place of its component: the first frequency, which is the mean
    /// itself and not what it differs by from the one before, and those of the others that are not zero.
    ///
    /// `go_on` is asked before each row of units. What was given before an error is worth nothing.
    pub fn read(
        mut self,
        mut go_on: impl FnMut() -> bool,
        mut take: impl FnMut(usize, &[Frequency]),
    ) -> Result<(), DecodeError> {
        let (bytes, position) = self.decoder.markers.rest();
        let mut data = EntropyCoded::new(bytes, position);
        let Scan { columns, rows, restart_interval, .. } = self.scan;
        let mut sources = Vec::with_capacity(self.scan.components.len());
        for one in &self.scan.components {
            sources.push(Source {
                dc: self.decoder.tables.dc(one.dc_table)?,
                ac: self.decoder.tables.ac(one.ac_table)?,
                component: one.index,
                blocks: one.across * one.down,
            });
        }
        simd::frequencies(
            &sources,
            &Units { columns, rows, restart_interval },
            &mut data,
            &mut go_on,
            &mut take,
        )?;
        self.decoder.markers.go_on_at(data.finish());
        match self.decoder.read_up_to_scan()? {
            None => Ok(()),
            Some(_) => Err(SEVERAL_SCANS),
        }
    }
}

const SEVERAL_SCANS: DecodeError = DecodeError::NotOurs { what: "a sequential JPEG of several scans" };

/// Gives the blocks of a scan. From unit to unit it goes as the other scans do, each by itself: with a loop that all of them
/// share, those take 3 to 10 % longer.
#[inline(always)]
pub(crate) fn scan(
    sources: &[Source<'_>],
    units: &Units,
    data: &mut EntropyCoded<'_>,
    go_on: &mut dyn FnMut() -> bool,
    take: &mut Take<'_>,
) -> Result<(), DecodeError> {
    let mut bits = Bits::default();
    let mut restarts = Restarts::new(units.restart_interval);
    let mut means = [0; 4];
    let mut found = [Frequency::default(); 64];
    for _ in 0..units.rows {
        if !go_on() {
            return Err(DecodeError::Stopped);
        }
        for _ in 0..units.columns {
            if let Some(number) = restarts.before_unit() {
                data.judge(&bits)?;
                bits = data.restart(number)?;
                means = [0; 4];
            }
            bits = data.fill_for_unit(bits);
            let window = data.window();
            for (source, mean) in sources.iter().zip(&mut means) {
                for _ in 0..source.blocks {
                    let count = block(&mut bits, window, source, mean, &mut found);
                    take(source.component, &found[..count.min(64)]);
                }
            }
        }
        data.judge(&bits)?;
    }
    Ok(())
}

/// What a block holds, and how many there are of it.
#[inline(always)]
fn block(
    bits: &mut Bits,
    window: &[u8],
    source: &Source<'_>,
    mean: &mut i32,
    found: &mut [Frequency; 64],
) -> usize {
    bits.fill(window);
    *mean = mean.wrapping_add(difference(bits, source.dc));
    found[0] = Frequency { index: 0, level: *mean as i16 };
    let mut count = 1;
    let mut index = 1;
    'block: while index < 64 {
        bits.fill(window);
        let entry = 'entry: {
            // As many as can be held: to ask each time would take longer than the entry itself.
            for _ in 0..HELD / LOOK {
                let entry = source.ac.entry(bits.look(LOOK));
                if !entry.is_whole() || index > 63 {
                    break 'entry entry;
                }
                index += entry.run();
                bits.pass(entry.bits());
                found[count & 63] = Frequency { index: index as u8 & 63, level: entry.value() };
                count += 1;
                index += 1;
            }
            continue 'block;
        };
        if index > 63 {
            break;
        }
        bits.fill_if_below(LONGEST, window);
        let symbol = symbol(bits, source.ac, entry);
        let (run, size) = ((symbol >> 4) as usize, symbol & 15);
        if size > 0 {
            index += run;
            let level = extended(bits.take(size), size) as i16;
            found[count & 63] = Frequency { index: index as u8 & 63, level };
            count += 1;
            index += 1;
        } else if run == 15 {
            index += 16;
        } else {
            break;
        }
    }
    if index > 64 {
        // Something lies behind the end of the block.
        bits.break_off();
        return 1;
    }
    count
}
