//! Under what a response is stored.

use std::fmt;

/// 128 bits of the BLAKE3 hash of the text that says what a response answers.
///
/// Two texts of one key are not to be expected, and would still be told apart: the text is stored beside the
/// response ([`crate::StoredResponse::key_text`]) and compared on [`crate::Cache::get`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub [u8; 16]);

impl Key {
    /// The text must be unambiguous: different requests, different texts.
    pub fn of(text: &str) -> Self {
        let hash = blake3::hash(text.as_bytes());
        let mut key = [0; 16];
        key.copy_from_slice(&hash.as_bytes()[..16]);
        Self(key)
    }

    /// What `Display` wrote, and nothing else: no upper case, no other length.
    pub fn from_hex(hex: &str) -> Option<Self> {
        let digits = hex.as_bytes();
        if digits.len() != 32 {
            return None;
        }
        let mut key = [0; 16];
        for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        Some(Self(key))
    }
}

impl Key {
    /// As `Display` writes it, without the machinery of formatting: a path is made of it for each read.
    pub(crate) fn hex(&self) -> [u8; 32] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut hex = [0; 32];
        for (pair, byte) in hex.chunks_exact_mut(2).zip(self.0) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        hex
    }
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(std::str::from_utf8(&self.hex()).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_key_is_the_same_in_every_release() {
        assert_eq!(Key::of("").to_string(), "af1349b9f5f9a1a6a0404dea36dcc949");
        assert_ne!(Key::of("a"), Key::of("b"));
    }

    #[test]
    fn only_lower_case_hexadecimal_of_the_right_length_is_a_key() {
        for junk in ["", "af", "AF1349b9f5f9a1a6a0404dea36dcc949", "af1349b9f5f9a1a6a0404dea36dcc949.tmp"] {
            assert_eq!(Key::from_hex(junk), None, "{junk}");
        }
    }

    proptest! {
        #[test]
        fn every_key_reads_back(key: [u8; 16]) {
            prop_assert_eq!(Key::from_hex(&Key(key).to_string()), Some(Key(key)));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC*") {
            let _ = Key::from_hex(&text);
        }
    }
}
