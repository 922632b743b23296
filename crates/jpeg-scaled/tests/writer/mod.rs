//! Writes JPEGs of given coefficients, in every way that the decoder knows, with the same tables for all.

// Each test binary uses its own part of this module.
#![allow(dead_code)]

/// A picture as its coefficients, in the order of a file.
#[derive(Debug, Clone)]
pub struct Picture {
    pub width: usize,
    pub height: usize,
    pub components: Vec<Component>,
}

#[derive(Debug, Clone)]
pub struct Component {
    /// Blocks of an interleaved unit, across and down.
    pub across: usize,
    pub down: usize,
    /// Blocks across, those included that fill up units.
    pub columns: usize,
    pub blocks: Vec<[i16; 64]>,
}

/// The same quantization everywhere, rising with the frequency.
pub fn step(index: usize) -> u8 {
    1 + index as u8 % 5
}

/// Numbers that look random and are the same in every run (xorshift).
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

impl Picture {
    /// Blocks as photographs have them: mostly zeros, large numbers first, now and then a full one.
    pub fn new(width: usize, height: usize, sampling: &[(usize, usize)], seed: u64) -> Picture {
        let most = (sampling.iter().map(|one| one.0).max(), sampling.iter().map(|one| one.1).max());
        let (most_across, most_down) = (most.0.unwrap(), most.1.unwrap());
        let units = (width.div_ceil(8 * most_across), height.div_ceil(8 * most_down));
        let mut dice = Dice(seed | 1);
        let components = sampling.iter().map(|&(across, down)| {
            let (columns, rows) = (units.0 * across, units.1 * down);
            let blocks = (0..columns * rows).map(|_| block(&mut dice)).collect();
            Component { across, down, columns, blocks }
        });
        Picture { width, height, components: components.collect() }
    }

    pub fn most(&self) -> (usize, usize) {
        let across = self.components.iter().map(|one| one.across).max().unwrap();
        (across, self.components.iter().map(|one| one.down).max().unwrap())
    }

    fn beginning(&self, frame: u8, restart_interval: u16) -> Vec<u8> {
        let mut file = vec![0xff, 0xd8];
        let quantization: Vec<u8> = std::iter::once(0).chain((0..64).map(step)).collect();
        segment(&mut file, 0xdb, &quantization);
        let mut content = vec![8];
        content.extend((self.height as u16).to_be_bytes());
        content.extend((self.width as u16).to_be_bytes());
        content.push(self.components.len() as u8);
        for (index, one) in self.components.iter().enumerate() {
            content.extend([index as u8 + 1, (one.across << 4 | one.down) as u8, 0]);
        }
        segment(&mut file, frame, &content);
        for (kind, codes) in [(0x00, Codes::of_means()), (0x10, Codes::of_others())] {
            let mut content = vec![kind];
            content.extend(codes.counts);
            content.extend(codes.symbols);
            segment(&mut file, 0xc4, &content);
        }
        if restart_interval > 0 {
            segment(&mut file, 0xdd, &restart_interval.to_be_bytes());
        }
        file
    }

    /// The units of a scan: for each, its blocks by component and place.
    pub fn units(&self, members: &[usize]) -> Vec<Vec<(usize, usize)>> {
        let (most_across, most_down) = self.most();
        let mut units = Vec::new();
        if let &[index] = members {
            let one = &self.components[index];
            let grey = self.components.len() == 1;
            let (across, down) = if grey { (1, 1) } else { (one.across, one.down) };
            let (most_across, most_down) = if grey { (1, 1) } else { (most_across, most_down) };
            let columns = (self.width * across).div_ceil(8 * most_across);
            let rows = (self.height * down).div_ceil(8 * most_down);
            for (y, x) in (0..rows).flat_map(|y| (0..columns).map(move |x| (y, x))) {
                units.push(vec![(index, y * one.columns + x)]);
            }
            return units;
        }
        let (columns, rows) = (self.width.div_ceil(8 * most_across), self.height.div_ceil(8 * most_down));
        for (y, x) in (0..rows).flat_map(|y| (0..columns).map(move |x| (y, x))) {
            let mut unit = Vec::new();
            for &index in members {
                let one = &self.components[index];
                for (v, u) in (0..one.down).flat_map(|v| (0..one.across).map(move |u| (v, u))) {
                    unit.push((index, (y * one.down + v) * one.columns + x * one.across + u));
                }
            }
            units.push(unit);
        }
        units
    }

    /// A baseline file, in one scan or one for each component.
    pub fn sequential(&self, interleaved: bool, restart_interval: u16) -> Vec<u8> {
        let mut file = self.beginning(0xc0, restart_interval);
        let all: Vec<usize> = (0..self.components.len()).collect();
        let scans: Vec<&[usize]> = if interleaved { vec![&all] } else { all.chunks(1).collect() };
        for members in scans {
            begin_scan(&mut file, members, [0, 63, 0]);
            let mut bits = Bits::default();
            let mut means = vec![0i32; self.components.len()];
            for (number, unit) in self.units(members).into_iter().enumerate() {
                if bits.restart(&mut file, number, restart_interval) {
                    means.fill(0);
                }
                for (index, place) in unit {
                    let block = &self.components[index].blocks[place];
                    bits.mean(i32::from(block[0]) - means[index]);
                    means[index] = i32::from(block[0]);
                    let mut run = 0;
                    for &value in &block[1..] {
                        if value == 0 {
                            run += 1;
                            continue;
                        }
                        while run > 15 {
                            bits.other(0xf0);
                            run -= 16;
                        }
                        bits.value(run, i32::from(value));
                        run = 0;
                    }
                    if run > 0 {
                        bits.other(0);
                    }
                }
            }
            bits.flush(&mut file);
        }
        file.extend([0xff, 0xd9]);
        file
    }

    /// A progressive file: means in two scans, other coefficients in bands that are refined twice.
    pub fn progressive(&self, restart_interval: u16) -> Vec<u8> {
        let mut file = self.beginning(0xc2, restart_interval);
        let all: Vec<usize> = (0..self.components.len()).collect();
        self.means(&mut file, &all, None, 1, restart_interval);
        for &index in &all {
            self.band(&mut file, index, (1, 5), None, 2, restart_interval);
            self.band(&mut file, index, (6, 63), None, 2, restart_interval);
            self.band(&mut file, index, (1, 63), Some(2), 1, restart_interval);
        }
        self.means(&mut file, &all, Some(1), 0, restart_interval);
        for &index in &all {
            self.band(&mut file, index, (1, 63), Some(1), 0, restart_interval);
        }
        file.extend([0xff, 0xd9]);
        file
    }

    fn means(&self, file: &mut Vec<u8>, members: &[usize], refines: Option<u8>, low: u8, interval: u16) {
        begin_scan(file, members, [0, 0, refines.unwrap_or(0) << 4 | low]);
        let mut bits = Bits::default();
        let mut means = vec![0i32; self.components.len()];
        for (number, unit) in self.units(members).into_iter().enumerate() {
            if bits.restart(file, number, interval) {
                means.fill(0);
            }
            for (index, place) in unit {
                let mean = i32::from(self.components[index].blocks[place][0]) >> low;
                if refines.is_some() {
                    bits.put(mean as u32 & 1, 1);
                } else {
                    bits.mean(mean - means[index]);
                    means[index] = mean;
                }
            }
        }
        bits.flush(file);
    }

    fn band(
        &self,
        file: &mut Vec<u8>,
        index: usize,
        (first, last): (usize, usize),
        refines: Option<u8>,
        low: u8,
        interval: u16,
    ) {
        begin_scan(file, &[index], [first as u8, last as u8, refines.unwrap_or(0) << 4 | low]);
        let mut bits = Bits::default();
        let mut empty = Empty::default();
        for (number, unit) in self.units(&[index]).into_iter().enumerate() {
            if interval > 0 && number > 0 && number % usize::from(interval) == 0 {
                empty.flush(&mut bits);
            }
            bits.restart(file, number, interval);
            let block = &self.components[index].blocks[unit[0].1];
            let shifted = |index: usize| {
                let value = i32::from(block[index]);
                (value.abs() >> low) * value.signum()
            };
            // After the last new coefficient there is nothing to say but corrections.
            let is_new = |value: i32| value.abs() == 1 || refines.is_none() && value != 0;
            let end = (first..=last).rev().find(|at| is_new(shifted(*at))).map_or(first, |at| at + 1);
            let mut run = 0;
            let mut corrections = Vec::new();
            for at in first..end {
                let value = shifted(at);
                if value == 0 {
                    run += 1;
                } else if is_new(value) {
                    empty.flush(&mut bits);
                    if refines.is_some() {
                        // Corrections belong to the run that passes over them, so runs are written as they fill up.
                        bits.other(run << 4 | 1);
                        bits.put(u32::from(value > 0), 1);
                        bits.put_all(&mut corrections);
                    } else {
                        while run > 15 {
                            bits.other(0xf0);
                            run -= 16;
                        }
                        bits.value(run, value);
                    }
                    run = 0;
                } else {
                    corrections.push(value.unsigned_abs() & 1);
                }
                if refines.is_some() && run == 16 {
                    empty.flush(&mut bits);
                    bits.other(0xf0);
                    bits.put_all(&mut corrections);
                    run = 0;
                }
            }
            if end <= last {
                for at in end..=last {
                    let value = shifted(at);
                    if value != 0 {
                        corrections.push(value.unsigned_abs() & 1);
                    }
                }
                empty.add(&mut bits, corrections);
            }
        }
        empty.flush(&mut bits);
        bits.flush(file);
    }
}

/// Blocks with nothing new, which are counted, and their corrections.
#[derive(Default)]
struct Empty {
    count: u32,
    corrections: Vec<u32>,
}

impl Empty {
    fn add(&mut self, bits: &mut Bits, corrections: Vec<u32>) {
        self.count += 1;
        self.corrections.extend(corrections);
        if self.count == 0x7fff {
            self.flush(bits);
        }
    }

    fn flush(&mut self, bits: &mut Bits) {
        if self.count > 0 {
            let size = self.count.ilog2();
            bits.other((size << 4) as usize);
            bits.put(self.count - (1 << size), size);
            bits.put_all(&mut self.corrections);
            self.count = 0;
        }
    }
}

fn block(dice: &mut Dice) -> [i16; 64] {
    let mut block = [0; 64];
    let kind = dice.below(8);
    let reach = [1, 3, 6, 12, 26, 40, 64, 64][kind];
    for (index, value) in block.iter_mut().enumerate().take(reach) {
        let range = 400 / (index + 1) + 3;
        let is_there = index == 0 || kind == 7 || dice.below(3) == 0;
        *value = if is_there { dice.below(2 * range + 1) as i16 - range as i16 } else { 0 };
        // A full block ends without saying so, and in codes that are short.
        if kind == 7 && index > 24 {
            *value = 1 - 2 * dice.below(2) as i16;
        }
    }
    block
}

fn segment(file: &mut Vec<u8>, code: u8, content: &[u8]) {
    file.extend([0xff, code]);
    file.extend((content.len() as u16 + 2).to_be_bytes());
    file.extend(content);
}

fn begin_scan(file: &mut Vec<u8>, members: &[usize], band: [u8; 3]) {
    let mut content = vec![members.len() as u8];
    for index in members {
        content.extend([*index as u8 + 1, 0x00]);
    }
    content.extend(band);
    segment(file, 0xda, &content);
}

/// A Huffman table: short codes for what is frequent, so that several fit into one look, and long ones for the rest.
struct Codes {
    counts: [u8; 16],
    symbols: Vec<u8>,
}

impl Codes {
    fn of_means() -> Codes {
        let mut counts = [0; 16];
        (counts[1], counts[4]) = (2, 14);
        Codes { counts, symbols: (0..16).collect() }
    }

    fn of_others() -> Codes {
        let mut counts = [0; 16];
        (counts[1], counts[2], counts[3], counts[4]) = (1, 1, 2, 1);
        (counts[8], counts[15]) = (100, 151);
        let frequent = [0x01, 0x02, 0x00, 0x11, 0x03];
        let rest = (0..=255).filter(|symbol| !frequent.contains(symbol));
        Codes { counts, symbols: frequent.into_iter().chain(rest).collect() }
    }

    /// The code of a symbol and its length.
    fn code(&self, symbol: u8) -> (u32, u32) {
        let wanted = self.symbols.iter().position(|one| *one == symbol).unwrap();
        let (mut code, mut place) = (0, 0);
        for (length, count) in (1..).zip(self.counts) {
            let count = usize::from(count);
            if wanted < place + count {
                return (code + (wanted - place) as u32, length);
            }
            place += count;
            code = (code + count as u32) << 1;
        }
        unreachable!("every symbol has a code")
    }
}

#[derive(Default)]
struct Bits {
    ahead: u64,
    held: u32,
    bytes: Vec<u8>,
    others: Option<Codes>,
}

impl Bits {
    fn put(&mut self, value: u32, count: u32) {
        self.ahead = self.ahead << count | u64::from(value);
        self.held += count;
        while self.held >= 8 {
            self.held -= 8;
            let byte = (self.ahead >> self.held) as u8;
            self.bytes.push(byte);
            if byte == 0xff {
                self.bytes.push(0);
            }
        }
        self.ahead &= (1 << self.held) - 1;
    }

    fn put_all(&mut self, bits: &mut Vec<u32>) {
        for bit in bits.drain(..) {
            self.put(bit, 1);
        }
    }

    fn number(&mut self, value: i32) {
        let size = u32::BITS - value.unsigned_abs().leading_zeros();
        let bits = if value < 0 { value + (1 << size) - 1 } else { value };
        self.put(bits as u32, size);
    }

    fn mean(&mut self, difference: i32) {
        let size = u32::BITS - difference.unsigned_abs().leading_zeros();
        let (code, length) = Codes::of_means().code(size as u8);
        self.put(code, length);
        self.number(difference);
    }

    fn value(&mut self, run: usize, value: i32) {
        let size = u32::BITS - value.unsigned_abs().leading_zeros();
        self.other(run << 4 | size as usize);
        self.number(value);
    }

    fn other(&mut self, symbol: usize) {
        let (code, length) = self.others.get_or_insert_with(Codes::of_others).code(symbol as u8);
        self.put(code, length);
    }

    /// Before the unit of this number, if a restart belongs there.
    fn restart(&mut self, file: &mut Vec<u8>, number: usize, interval: u16) -> bool {
        let interval = usize::from(interval);
        let due = interval > 0 && number > 0 && number.is_multiple_of(interval);
        if due {
            self.flush(file);
            file.extend([0xff, 0xd0 + ((number / interval - 1) % 8) as u8]);
        }
        due
    }

    fn flush(&mut self, file: &mut Vec<u8>) {
        if self.held > 0 {
            let rest = 8 - self.held;
            self.put((1 << rest) - 1, rest);
        }
        file.append(&mut self.bytes);
    }
}
