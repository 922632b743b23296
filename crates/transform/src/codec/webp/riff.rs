//! The chunks of which a WebP file is made (WebP container specification).

use plan::Size;

/// Flags of the extended header, from its first byte.
pub(crate) const ICC: u8 = 1 << 5;
pub(crate) const ALPHA: u8 = 1 << 4;
pub(crate) const EXIF: u8 = 1 << 3;
pub(crate) const ANIMATION: u8 = 1 << 1;

/// Adds a chunk; those of odd length are filled up.
pub(crate) fn push(body: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) {
    body.extend(name);
    body.extend((data.len() as u32).to_le_bytes());
    body.extend(data);
    if !data.len().is_multiple_of(2) {
        body.push(0);
    }
}

/// The data of the first chunk of this name.
pub(crate) fn find<'a>(file: &'a [u8], name: &[u8; 4]) -> Option<&'a [u8]> {
    let mut rest = file.get(12..)?;
    loop {
        let (found, after) = rest.split_first_chunk::<4>()?;
        let (length, after) = after.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length) as usize;
        let data = after.get(..length)?;
        if found == name {
            return Some(data);
        }
        rest = after.get(length.checked_next_multiple_of(2)?..)?;
    }
}

/// What a `VP8X` chunk says: flags, three bytes that are reserved, and the sides less one, in three bytes each.
pub(crate) fn header(flags: u8, size: Size) -> Vec<u8> {
    let mut header = vec![flags, 0, 0, 0];
    for side in [size.width, size.height] {
        header.extend_from_slice(&side.saturating_sub(1).to_le_bytes()[..3]);
    }
    header
}

/// The file around `WEBP` and its chunks.
pub(crate) fn file(body: &[u8]) -> Vec<u8> {
    let mut file = b"RIFF".to_vec();
    file.extend((body.len() as u32).to_le_bytes());
    file.extend(body);
    file
}
