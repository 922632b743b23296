//! The symbols of a scan with the bits that follow them, until it is known how often each of them occurs.

use super::super::bits::Bits;
use super::super::prefix_code::PrefixCode;
use super::head::Head;

/// The names of the codes: of luma for means and for other frequencies, and of chroma.
const NAMES: [u8; 4] = [0x00, 0x10, 0x01, 0x11];
/// Sixteen zeros (T.81 §F.1.2.2.1).
const ZEROS: u8 = 0xf0;
const END_OF_BLOCK: u8 = 0x00;
const END: [u8; 2] = [0xff, 0xd9];

pub(super) struct Tokens {
    /// Symbols; those that have further bits are followed by these in one byte, or if they are more than eight in two, the
    /// lower first.
    bytes: Bytes,
    /// By table: how often each symbol occurs, of means and of other frequencies.
    counts: [[[u32; 256]; 2]; 2],
    /// By component: the mean of the block before.
    means: [i32; 3],
}

impl Default for Tokens {
    fn default() -> Tokens {
        Tokens { bytes: Bytes::default(), counts: [[[0; 256]; 2]; 2], means: [0; 3] }
    }
}

impl Tokens {
    pub fn len(&self) -> usize {
        self.bytes.0.len()
    }

    /// The next block: its mean, and the others of its frequencies that are not zero, in the order of the file with their
    /// places.
    #[inline]
    pub fn block(&mut self, component: usize, mean: i32, others: impl Iterator<Item = (u8, i32)>) {
        let table = table(component);
        let [means, counts] = &mut self.counts[table];
        let bytes = &mut self.bytes;
        if let Some(before) = self.means.get_mut(component) {
            bytes.put(means, 0, mean - *before);
            *before = mean;
        }
        let mut last = 0;
        for (index, level) in others {
            let mut run = index.saturating_sub(last + 1);
            while run > 15 {
                bytes.symbol(counts, ZEROS);
                run -= 16;
            }
            bytes.put(counts, run << 4, level);
            last = index;
        }
        if last < 63 {
            bytes.symbol(counts, END_OF_BLOCK);
        }
    }

    /// The file, with codes of its own. `blocks` are those of each component in a unit.
    pub fn written(self, head: Head, blocks: &[usize]) -> Vec<u8> {
        let mut file = head.before;
        file.reserve_exact(self.bytes.0.len());
        let mut codes = [[(0, 0); 256]; 4];
        let used = if blocks.len() == 1 { 2 } else { 4 };
        let counts = self.counts.as_flattened();
        for ((name, counts), codes) in NAMES.into_iter().zip(counts).zip(&mut codes).take(used) {
            let own = PrefixCode::of(counts);
            own.write(name, &mut file);
            for (symbol, code, length) in own.codes() {
                codes[usize::from(symbol)] = (u64::from(code), u32::from(length));
            }
        }
        file.extend(head.scan);
        let mut bits = Bits::after(file);
        let mut tokens = self.bytes.0.into_iter();
        let mut next = |table: usize| {
            let symbol = tokens.next()?;
            let size = u32::from(symbol & 15);
            let low = if size > 0 { tokens.next()? } else { 0 };
            let high = if size > 8 { tokens.next()? } else { 0 };
            let (code, length) = codes[table][usize::from(symbol)];
            bits.push(code << size | u64::from(u16::from_le_bytes([low, high])), length + size);
            Some(symbol)
        };
        let unit: Vec<usize> = (0..)
            .zip(blocks)
            .flat_map(|(component, blocks)| std::iter::repeat_n(2 * table(component), *blocks))
            .collect();
        'units: loop {
            for &table in &unit {
                if next(table).is_none() {
                    break 'units;
                }
                let mut index = 1;
                while index < 64 {
                    index += match next(table + 1) {
                        None | Some(END_OF_BLOCK) => 64,
                        Some(symbol) => 1 + (symbol >> 4),
                    };
                }
            }
        }
        let mut file = bits.end();
        file.extend(END);
        file
    }
}

/// Which codes a component has: those of luma, or those of chroma.
fn table(component: usize) -> usize {
    usize::from(component > 0)
}

#[derive(Default)]
struct Bytes(Vec<u8>);

impl Bytes {
    #[inline]
    fn symbol(&mut self, counts: &mut [u32; 256], symbol: u8) {
        counts[usize::from(symbol)] += 1;
        self.0.push(symbol);
    }

    /// Of a number its size, below the run before it, and what tells it from others of that size (T.81 §F.1.2.1).
    #[inline]
    fn put(&mut self, counts: &mut [u32; 256], run: u8, value: i32) {
        let size = 32 - value.unsigned_abs().leading_zeros();
        self.symbol(counts, run | size as u8);
        let bits = (value + (value >> 31)) & ((1 << size) - 1);
        if size > 0 {
            self.0.push(bits as u8);
        }
        if size > 8 {
            self.0.push((bits >> 8) as u8);
        }
    }
}
