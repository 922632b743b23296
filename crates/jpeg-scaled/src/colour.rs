//! What application segments say: whether colours are YCbCr, the profile they are meant in, and EXIF metadata.

use crate::error::DecodeError;
use crate::frame::Frame;
use crate::markers::{END_OF_IMAGE, Marker, Markers, START_OF_SCAN};

const APP0: u8 = 0xe0;
const APP1: u8 = 0xe1;
const APP2: u8 = 0xe2;
const APP14: u8 = 0xee;

/// What application segments have said so far.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Hints {
    jfif: bool,
    /// The transform that Adobe's segment names: 0 for none.
    adobe: Option<u8>,
}

impl Hints {
    pub fn notice(&mut self, marker: Marker<'_>) {
        match (marker.code, marker.content) {
            (APP0, [b'J', b'F', b'I', b'F', 0, ..]) => self.jfif = true,
            // "Adobe", a version and flags before the transform.
            (APP14, [b'A', b'd', b'o', b'b', b'e', _, _, _, _, _, _, transform, ..]) => {
                self.adobe = Some(*transform);
            }
            _ => {}
        }
    }

    /// Whether the components are luma and chroma, by the rules that libjpeg has made customary.
    pub fn is_luma_and_chroma(self, frame: &Frame) -> bool {
        let ids = frame.components.iter().map(|one| one.id);
        match self.adobe {
            _ if frame.components.len() == 1 || self.jfif => true,
            Some(transform) => transform != 0,
            None => !ids.eq(*b"RGB"),
        }
    }
}

/// The ICC profile in a file's application segments, if it is there whole (ICC.1:2022, annex B.4).
pub fn icc_profile(file: &[u8]) -> Option<Vec<u8>> {
    let mut markers = Markers::new(file).ok()?;
    let mut parts: Vec<Option<&[u8]>> = Vec::new();
    loop {
        let marker = match markers.next() {
            Ok(Marker { code: END_OF_IMAGE | START_OF_SCAN, .. }) | Err(DecodeError::Truncated) => break,
            Ok(marker) => marker,
            Err(_) => return None,
        };
        let Some(&[place, count, ref part @ ..]) = marker.content.strip_prefix(b"ICC_PROFILE\0") else {
            continue;
        };
        if marker.code != APP2 {
            continue;
        }
        if parts.is_empty() {
            parts = vec![None; usize::from(count)];
        }
        let slot = parts.get_mut(usize::from(place).checked_sub(1)?)?;
        if slot.replace(part).is_some() {
            return None;
        }
    }
    let parts: Option<Vec<&[u8]>> = parts.into_iter().collect();
    Some(parts?.concat()).filter(|profile| !profile.is_empty())
}

/// The EXIF metadata before a file's first scan, beginning with its TIFF header (EXIF 2.32, §4.5.4).
pub fn exif(file: &[u8]) -> Option<&[u8]> {
    let mut markers = Markers::new(file).ok()?;
    loop {
        match markers.next().ok()? {
            Marker { code: END_OF_IMAGE | START_OF_SCAN, .. } => return None,
            Marker { code: APP1, content } if content.starts_with(b"Exif\0\0") => return content.get(6..),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(segments: &[(u8, &[u8])]) -> Vec<u8> {
        let mut file = vec![0xff, 0xd8];
        for (code, content) in segments {
            file.extend([0xff, *code]);
            file.extend((content.len() as u16 + 2).to_be_bytes());
            file.extend(*content);
        }
        file.extend([0xff, 0xda, 0, 2]);
        file
    }

    #[test]
    fn a_profile_is_put_together_from_its_parts_or_not_at_all() {
        let part = |place: u8, count: u8, what: &[u8]| [b"ICC_PROFILE\0", &[place, count][..], what].concat();
        let whole = file(&[(APP2, &part(2, 2, b"cd")), (0xe1, b"x"), (APP2, &part(1, 2, b"ab"))]);
        assert_eq!(icc_profile(&whole).as_deref(), Some(&b"abcd"[..]));
        for parts in [
            &[part(1, 2, b"ab")][..],
            &[part(1, 1, b"ab"), part(1, 1, b"ab")],
            &[part(3, 2, b"ab")],
            &[part(0, 1, b"ab")],
            &[part(1, 0, b"ab")],
            &[part(1, 1, b"")],
            &[],
        ] {
            let segments: Vec<(u8, &[u8])> = parts.iter().map(|part| (APP2, part.as_slice())).collect();
            assert_eq!(icc_profile(&file(&segments)), None, "{parts:?}");
        }
    }

    #[test]
    fn exif_metadata_is_found_before_the_picture_and_not_behind() {
        let segments: [(u8, &[u8]); 3] = [(APP0, b"JFIF\0"), (APP1, b"http://"), (APP1, b"Exif\0\0MM")];
        assert_eq!(exif(&file(&segments)), Some(&b"MM"[..]));
        assert_eq!(exif(&file(&segments[..2])), None);
        assert_eq!(exif(&[&file(&[])[..], &file(&segments)[2..]].concat()), None);
        assert_eq!(exif(&file(&segments)[..20]), None);
    }

    #[test]
    fn three_components_are_luma_and_chroma_unless_something_says_otherwise() {
        let frame = |ids: [u8; 3]| {
            let [a, b, c] = ids;
            Frame::read(0xc0, &[8, 0, 8, 0, 8, 3, a, 0x11, 0, b, 0x11, 0, c, 0x11, 0]).unwrap()
        };
        let jfif: (u8, &[u8]) = (APP0, b"JFIF\0\x01");
        let adobe = |transform: u8| (APP14, [&b"Adobe\0\x64\0\0\0\0"[..], &[transform]].concat());
        for (segments, ids, expected) in [
            (vec![], [1, 2, 3], true),
            (vec![], *b"RGB", false),
            (vec![], *b"abc", true),
            (vec![jfif], *b"RGB", true),
            (vec![(APP14, adobe(0).1.as_slice())], [1, 2, 3], false),
            (vec![(APP14, adobe(1).1.as_slice())], *b"RGB", true),
            (vec![jfif, (APP14, adobe(0).1.as_slice())], [1, 2, 3], true),
        ] {
            let mut hints = Hints::default();
            for (code, content) in &segments {
                hints.notice(Marker { code: *code, content });
            }
            assert_eq!(hints.is_luma_and_chroma(&frame(ids)), expected, "{segments:?} {ids:?}");
        }
    }
}
