//! Symbols and values out of bits: what sequential and progressive scans have in common.

use crate::entropy::Bits;
use crate::huffman::{AcTable, DcTable, Entry, LOOK, LongCodes, extended};

/// The longest code there can be.
const LONGEST: u32 = 16;

/// The difference to the mean before.
#[inline(always)]
pub(crate) fn difference(bits: &mut Bits, table: &DcTable) -> i32 {
    let short = table.short(bits.look(LOOK));
    let size = if short > 0 {
        bits.pass(short >> 8);
        short & 0xff
    } else {
        long(bits, table.long())
    };
    extended(bits.take(size), size)
}

/// Run above size, of an entry that is not whole.
#[inline(always)]
pub(crate) fn symbol(bits: &mut Bits, table: &AcTable, entry: Entry) -> u32 {
    if entry.is_long() {
        return long(bits, table.long());
    }
    bits.pass(entry.bits());
    entry.symbol()
}

#[inline(always)]
fn long(bits: &mut Bits, codes: &LongCodes) -> u32 {
    match codes.find(bits.ahead()) {
        Some((symbol, length)) => {
            bits.pass(length);
            symbol
        }
        None => {
            bits.break_off();
            bits.pass(LONGEST);
            0
        }
    }
}
