//! The prefix code (a Huffman table) that writes given symbols in the fewest bits: ITU-T T.81, Annex K.2.

/// How many codes there are of each length from 1 to 16, and what they stand for, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PrefixCode {
    pub lengths: [u8; 16],
    pub symbols: Vec<u8>,
}

/// The marker of a segment that defines one.
pub(super) const CODES: u8 = 0xc4;
const LENGTH_MAX: usize = 16;
/// No sum of 32-bit counts needs longer ones: the counts of a code that long grow as Fibonacci's numbers do.
const UNLIMITED: usize = 64;
/// A code that is all ones is for no symbol, because a byte of ones begins a marker.
const RESERVED: usize = 256;

impl PrefixCode {
    pub fn of(counts: &[u32]) -> Self {
        let sizes = sizes(counts);
        let mut lengths = [0u32; UNLIMITED + 1];
        for &size in &sizes {
            lengths[usize::from(size).min(UNLIMITED)] += u32::from(size > 0);
        }
        limit(&mut lengths);
        let mut symbols: Vec<u8> = (0..=u8::MAX).filter(|&symbol| sizes[usize::from(symbol)] > 0).collect();
        symbols.sort_by_key(|&symbol| sizes[usize::from(symbol)]);
        let mut code = Self { lengths: [0; 16], symbols };
        for (length, count) in code.lengths.iter_mut().zip(&lengths[1..=LENGTH_MAX]) {
            *length = u8::try_from(*count).unwrap_or(u8::MAX);
        }
        code
    }

    /// The segment that defines it, by the name that the scan knows it by (T.81 §B.2.4.2).
    pub fn write(&self, name: u8, file: &mut Vec<u8>) {
        file.extend([0xff, CODES]);
        // There are 256 symbols at most.
        file.extend((2 + 1 + 16 + self.symbols.len() as u16).to_be_bytes());
        file.push(name);
        file.extend(self.lengths);
        file.extend(&self.symbols);
    }

    /// Each symbol with its code and how many bits that has, as T.81 Annex C assigns them.
    pub fn codes(&self) -> impl Iterator<Item = (u8, u16, u8)> {
        let mut code = 0u32;
        let by_length =
            self.lengths.iter().zip(1u8..).flat_map(|(&count, length)| (0..count).map(move |_| length));
        let mut before = 1;
        self.symbols.iter().zip(by_length).map(move |(&symbol, length)| {
            code <<= length - before;
            before = length;
            let own = (symbol, code as u16, length);
            code += 1;
            own
        })
    }
}

/// How many bits each symbol takes, and the reserved one, if no length is too long. Two that are seldom become one that
/// counts as both, until there is only one.
fn sizes(counts: &[u32]) -> [u8; RESERVED + 1] {
    let mut sizes = [0u8; RESERVED + 1];
    let mut trees: Vec<(u64, usize)> = Vec::with_capacity(RESERVED + 1);
    let given = counts.iter().take(RESERVED).enumerate().filter(|(_, count)| **count > 0);
    trees.extend(given.map(|(symbol, count)| (u64::from(*count), symbol)));
    trees.push((1, RESERVED));
    // Whose tree each symbol is in: each list is chained from its first.
    let mut next = [None; RESERVED + 1];
    while trees.len() > 1 {
        // Of those that count the same, the one with the larger symbol, as the standard's figure K.1 has it.
        let mut seldomest = || {
            let place = (0..trees.len()).min_by_key(|&at| (trees[at].0, usize::MAX - trees[at].1));
            trees.remove(place.unwrap_or(0))
        };
        let (one, other) = (seldomest(), seldomest());
        let mut last = one.1;
        for first in [one.1, other.1] {
            let mut at = Some(first);
            while let Some(symbol) = at {
                sizes[symbol] = sizes[symbol].saturating_add(1);
                if first == one.1 {
                    last = symbol;
                }
                at = next[symbol];
            }
        }
        next[last] = Some(other.1);
        let place = trees.partition_point(|tree| tree.1 < one.1);
        trees.insert(place, (one.0 + other.0, one.1));
    }
    sizes
}

/// Takes back codes that are too long, two at a time: one goes to its parent's length, and the other makes two of a shorter
/// one. Then the longest is given up that is all ones.
fn limit(lengths: &mut [u32; UNLIMITED + 1]) {
    for long in (LENGTH_MAX + 1..=UNLIMITED).rev() {
        while lengths[long] > 0 {
            let Some(shorter) = (1..=long - 2).rev().find(|&length| lengths[length] > 0) else { break };
            lengths[long] -= 2;
            lengths[long - 1] += 1;
            lengths[shorter + 1] += 2;
            lengths[shorter] -= 1;
        }
    }
    if let Some(longest) = (1..=LENGTH_MAX).rev().find(|&length| lengths[length] > 0) {
        lengths[longest] -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_frequent_is_short() {
        let mut counts = [0; 256];
        for (symbol, count) in [(7, 1000), (1, 10), (200, 10), (3, 1)] {
            counts[symbol] = count;
        }
        let code = PrefixCode::of(&counts);
        let codes: Vec<_> = code.codes().collect();
        assert_eq!(codes, [(7, 0b0, 1), (1, 0b10, 2), (200, 0b110, 3), (3, 0b1110, 4)]);
    }

    /// The one that stands for no symbol is the last of them: it takes the longest code, which nobody pays for.
    #[test]
    fn of_those_that_are_as_seldom_the_last_gets_the_longer_code() {
        let mut counts = [0; 256];
        for (symbol, count) in [(1, 2), (2, 2), (3, 1)] {
            counts[symbol] = count;
        }
        let codes: Vec<_> = PrefixCode::of(&counts).codes().collect();
        assert_eq!(codes, [(1, 0b0, 1), (2, 0b10, 2), (3, 0b110, 3)]);
    }

    #[test]
    fn a_single_symbol_takes_one_bit_that_is_not_set() {
        let mut counts = [0; 256];
        counts[0] = 5;
        assert_eq!(PrefixCode::of(&counts).codes().collect::<Vec<_>>(), [(0, 0, 1)]);
    }

    #[test]
    fn no_code_is_longer_than_a_file_can_say() {
        // As Fibonacci's numbers grow, each is a branch of its own.
        let mut counts = [0; 256];
        let (mut one, mut other) = (1u32, 1u32);
        for count in counts.iter_mut().take(45) {
            *count = one;
            (one, other) = (other, one + other);
        }
        let code = PrefixCode::of(&counts);
        assert_eq!(code.codes().count(), 45);
        assert!(code.lengths[15] > 0);
    }

    proptest! {
        #[test]
        fn every_symbol_has_a_code_that_begins_no_other_and_is_not_all_ones(
            counts in proptest::collection::vec(prop_oneof![Just(0u32), 1u32..9, any::<u32>()], 256)
        ) {
            let code = PrefixCode::of(&counts);
            let codes: Vec<_> = code.codes().collect();
            prop_assert_eq!(codes.len(), counts.iter().filter(|count| **count > 0).count());
            let mut taken: Vec<(u32, u32)> = codes
                .iter()
                .map(|&(_, code, length)| {
                    let start = u32::from(code) << (16 - length);
                    (start, start + (1 << (16 - length)))
                })
                .collect();
            taken.sort_unstable();
            prop_assert!(taken.windows(2).all(|pair| pair[0].1 <= pair[1].0));
            prop_assert!(taken.last().is_none_or(|last| last.1 < 1 << 16), "all ones");
        }
    }
}
