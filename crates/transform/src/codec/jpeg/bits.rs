//! The bits of a scan on their way into bytes.

pub(super) struct Bits {
    written: Vec<u8>,
    /// The lowest `count` of it, which are fewer than 32 between two calls.
    pending: u64,
    count: u32,
}

impl Bits {
    /// To follow what is written already.
    pub fn after(written: Vec<u8>) -> Self {
        Self { written, pending: 0, count: 0 }
    }

    /// At most 31.
    #[inline]
    pub fn push(&mut self, bits: u64, count: u32) {
        self.pending = self.pending << count | bits;
        self.count += count;
        if self.count >= 32 {
            self.count -= 32;
            let four = (self.pending >> self.count) as u32;
            let bytes = four.to_be_bytes();
            // Seldom is a byte of them all ones.
            if (!four).wrapping_sub(0x0101_0101) & four & 0x8080_8080 == 0 {
                self.written.extend(bytes);
            } else {
                bytes.into_iter().for_each(|byte| self.byte(byte));
            }
        }
    }

    fn byte(&mut self, byte: u8) {
        self.written.push(byte);
        if byte == 0xff {
            self.written.push(0);
        }
    }

    /// What is open at the end is filled with ones (T.81 §F.1.2.3).
    pub fn end(mut self) -> Vec<u8> {
        let open = self.count.next_multiple_of(8) - self.count;
        self.pending = self.pending << open | ((1 << open) - 1);
        self.count += open;
        while self.count > 0 {
            self.count -= 8;
            self.byte((self.pending >> self.count) as u8);
        }
        self.written
    }
}
