//! The two kinds of bytes, and how each proves on disk that it is whole.

use bytes::{Bytes, BytesMut};

use crate::digest::Digest;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Named by the digest of its bytes; the file is exactly these bytes.
    Original,
    /// Named by the digest of all that it was made from, which says nothing about its bytes: the file begins with a
    /// seal over both.
    Derivative,
}

/// Names the layout; a file that begins otherwise is none of ours.
const MAGIC: &[u8; 8] = b"pentim.1";
const SEAL: usize = MAGIC.len() + 32;

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::Original, Self::Derivative];

    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::Original => "originals",
            Self::Derivative => "derivatives",
        }
    }

    /// What is written before the bytes.
    pub(crate) fn header(self, digest: &Digest, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Original => Vec::new(),
            Self::Derivative => [MAGIC.as_slice(), &seal(digest, bytes)].concat(),
        }
    }

    /// How many bytes of disk `bytes` take.
    pub(crate) fn file_len(self, bytes: &[u8]) -> u64 {
        let header = match self {
            Self::Original => 0,
            Self::Derivative => SEAL,
        };
        (header + bytes.len()) as u64
    }

    /// The bytes in a file, if they are whole and are what the name says.
    pub(crate) fn open(self, digest: &Digest, file: Vec<u8>) -> Option<Bytes> {
        let mut bytes = Bytes::from(file);
        match self {
            Self::Original => (Digest::of(&bytes) == *digest).then_some(bytes),
            Self::Derivative => {
                let (header, _) = bytes.split_at_checked(SEAL)?;
                let header = BytesMut::from(header);
                let bytes = bytes.split_off(SEAL);
                let (magic, sealed) = header.split_at(MAGIC.len());
                (magic == MAGIC && sealed == seal(digest, &bytes)).then_some(bytes)
            }
        }
    }
}

/// Binds the bytes to their name: a whole file under another's name is as wrong as a torn one.
fn seal(digest: &Digest, bytes: &[u8]) -> [u8; 32] {
    blake3::keyed_hash(digest.as_bytes(), bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(kind: Kind, digest: &Digest, bytes: &[u8]) -> Vec<u8> {
        [kind.header(digest, bytes).as_slice(), bytes].concat()
    }

    proptest! {
        #[test]
        fn what_was_written_can_be_read(bytes: Vec<u8>, name: [u8; 32]) {
            for (kind, digest) in [(Kind::Original, Digest::of(&bytes)), (Kind::Derivative, Digest::from_bytes(name))] {
                let file = file(kind, &digest, &bytes);
                prop_assert_eq!(file.len() as u64, kind.file_len(&bytes));
                prop_assert_eq!(kind.open(&digest, file), Some(Bytes::from(bytes.clone())));
            }
        }

        #[test]
        fn a_file_that_is_cut_or_changed_anywhere_is_absent(bytes: Vec<u8>, name: [u8; 32], at: prop::sample::Index) {
            for (kind, digest) in [(Kind::Original, Digest::of(&bytes)), (Kind::Derivative, Digest::from_bytes(name))] {
                let whole = file(kind, &digest, &bytes);
                if whole.is_empty() { continue }
                let at = at.index(whole.len());
                prop_assert_eq!(kind.open(&digest, whole[..at].to_vec()), None);
                let mut changed = whole;
                changed[at] ^= 1;
                prop_assert_eq!(kind.open(&digest, changed), None);
            }
        }
    }

    #[test]
    fn a_whole_file_under_another_name_is_absent() {
        let (one, other) = (Digest::of(b"one plan"), Digest::of(b"another plan"));
        assert_eq!(Kind::Derivative.open(&other, file(Kind::Derivative, &one, b"pixels")), None);
        assert_eq!(Kind::Original.open(&other, b"one plan".to_vec()), None);
    }
}
