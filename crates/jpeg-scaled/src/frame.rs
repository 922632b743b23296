//! The frame header: how large the picture is and what it consists of (T.81, annex B.2.2).

use crate::error::{DecodeError, corrupt};
use crate::markers::number;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub width: usize,
    pub height: usize,
    pub progressive: bool,
    pub precision: u8,
    pub components: Vec<Component>,
    /// Why it is for another decoder, as far as this header says.
    pub not_ours: Option<&'static str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Component {
    pub id: u8,
    /// Blocks of an interleaved unit, across and down.
    pub across: usize,
    pub down: usize,
    pub quantization: usize,
}

impl Frame {
    /// Whether this marker begins a frame (0xc4, 0xc8 and 0xcc in between do not).
    pub fn is_begun_by(code: u8) -> bool {
        matches!(code, 0xc0..=0xcf) && !matches!(code, 0xc4 | 0xc8 | 0xcc)
    }

    pub fn read(code: u8, content: &[u8]) -> Result<Frame, DecodeError> {
        let (Some(&precision), Some(height), Some(width), Some(&count)) =
            (content.first(), number(content, 1), number(content, 3), content.get(5))
        else {
            return corrupt("its frame header is too short");
        };
        let (listed, rest) = content[6..].as_chunks::<3>();
        if listed.len() != usize::from(count) || !rest.is_empty() {
            return corrupt("its frame header has another length than its components need");
        }
        if width == 0 || height == 0 || count == 0 {
            return corrupt("it has no pixels");
        }
        let mut components: Vec<Component> = Vec::with_capacity(listed.len());
        for &[id, sampling, quantization] in listed {
            let (across, down) = (usize::from(sampling >> 4), usize::from(sampling & 15));
            if !(1..=4).contains(&across) || !(1..=4).contains(&down) || quantization > 3 {
                return corrupt("a component's sampling or table is out of range");
            }
            if components.iter().any(|other| other.id == id) {
                return corrupt("two components have the same name");
            }
            components.push(Component { id, across, down, quantization: usize::from(quantization) });
        }
        if let [only] = components.as_mut_slice() {
            // There is nothing to sample it against.
            (only.across, only.down) = (1, 1);
        }
        let mut frame = Frame {
            width: usize::from(width),
            height: usize::from(height),
            progressive: code == 0xc2,
            precision,
            components,
            not_ours: None,
        };
        frame.not_ours = frame.strange(code);
        Ok(frame)
    }

    fn strange(&self, code: u8) -> Option<&'static str> {
        match code {
            0xc0..=0xc2 => {}
            0xc3 => return Some("a lossless JPEG"),
            0xc9 | 0xca => return Some("a JPEG with arithmetic coding"),
            _ => return Some("a hierarchical or lossless JPEG"),
        }
        if self.precision != 8 {
            return Some("a JPEG of more than eight bits a sample");
        }
        if !matches!(self.components.len(), 1 | 3) {
            return Some("a JPEG of neither one nor three components");
        }
        if self.subsampling().is_none() {
            return Some("a JPEG with chroma sampled in an unusual way");
        }
        None
    }

    /// How many samples of luma share one of chroma, across and down.
    pub fn subsampling(&self) -> Option<(u8, u8)> {
        match self.components.as_slice() {
            [_] => Some((1, 1)),
            [luma, cb, cr] => {
                let alike = (cb.across, cb.down) == (cr.across, cr.down);
                let whole =
                    luma.across.is_multiple_of(cb.across) && luma.down.is_multiple_of(cb.down) && alike;
                whole.then(|| ((luma.across / cb.across) as u8, (luma.down / cb.down) as u8))
            }
            _ => None,
        }
    }

    pub fn pixels(&self) -> u64 {
        self.width as u64 * self.height as u64
    }

    /// The blocks of an interleaved unit, of the component that has most.
    pub fn most(&self) -> (usize, usize) {
        let across = self.components.iter().map(|one| one.across).max().unwrap_or(1);
        let down = self.components.iter().map(|one| one.down).max().unwrap_or(1);
        (across, down)
    }

    /// How many interleaved units there are, across and down.
    pub fn units(&self) -> (usize, usize) {
        let (across, down) = self.most();
        (self.width.div_ceil(8 * across), self.height.div_ceil(8 * down))
    }

    /// How many blocks of a component there are where it has samples; interleaved units may hold more.
    pub fn blocks(&self, component: &Component) -> (usize, usize) {
        let (across, down) = self.most();
        (
            (self.width * component.across).div_ceil(8 * across),
            (self.height * component.down).div_ceil(8 * down),
        )
    }

    /// The size of a component with `denominator` full-size samples for each, across and down.
    pub fn scaled(&self, component: &Component, denominator: usize) -> (usize, usize) {
        let (across, down) = self.most();
        (
            (self.width * component.across).div_ceil(across * denominator),
            (self.height * component.down).div_ceil(down * denominator),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(code: u8, size: (u16, u16), components: &[[u8; 3]]) -> Result<Frame, DecodeError> {
        let mut content = vec![8];
        content.extend(size.1.to_be_bytes());
        content.extend(size.0.to_be_bytes());
        content.push(components.len() as u8);
        content.extend(components.as_flattened());
        Frame::read(code, &content)
    }

    #[test]
    fn layouts_of_chroma() {
        for (luma, chroma, expected) in [
            (0x11, 0x11, Some((1, 1))),
            (0x22, 0x11, Some((2, 2))),
            (0x41, 0x11, Some((4, 1))),
            (0x14, 0x11, Some((1, 4))),
            (0x22, 0x21, Some((1, 2))),
            (0x31, 0x21, None),
            (0x11, 0x22, None),
        ] {
            let frame = read(0xc0, (17, 9), &[[1, luma, 0], [2, chroma, 1], [3, chroma, 1]]).unwrap();
            assert_eq!(frame.subsampling(), expected, "{luma:x} {chroma:x}");
            assert_eq!(frame.not_ours.is_none(), expected.is_some());
        }
    }

    #[test]
    fn odd_sizes_are_rounded_up_at_every_step() {
        let frame = read(0xc2, (2725, 17), &[[1, 0x22, 0], [2, 0x11, 1], [3, 0x11, 1]]).unwrap();
        assert_eq!(frame.units(), (171, 2));
        let sizes: Vec<_> = frame
            .components
            .iter()
            .map(|one| (frame.blocks(one), frame.scaled(one, 2), frame.scaled(one, 8)))
            .collect();
        assert_eq!(sizes[0], ((341, 3), (1363, 9), (341, 3)));
        assert_eq!(sizes[1], ((171, 2), (682, 5), (171, 2)));
    }

    #[test]
    fn what_is_for_others_is_said_and_what_is_wrong_too() {
        let three = [[1, 0x11, 0], [2, 0x11, 0], [3, 0x11, 0]];
        for code in [0xc3, 0xc5, 0xc9, 0xca, 0xcf] {
            assert!(read(code, (8, 8), &three).unwrap().not_ours.is_some(), "{code:x}");
        }
        assert!(read(0xc0, (8, 8), &[[1, 0x11, 0]; 1]).unwrap().not_ours.is_none());
        for wrong in [
            read(0xc0, (0, 8), &three),
            read(0xc0, (8, 0), &three),
            read(0xc0, (8, 8), &[]),
            read(0xc0, (8, 8), &[[1, 0x11, 0]; 3]),
            read(0xc0, (8, 8), &[[1, 0x51, 0]]),
            read(0xc0, (8, 8), &[[1, 0x10, 0]]),
            read(0xc0, (8, 8), &[[1, 0x11, 4]]),
            Frame::read(0xc0, &[8, 0, 8, 0, 8, 2, 1, 0x11, 0]),
            Frame::read(0xc0, &[8, 0, 8]),
        ] {
            assert!(matches!(wrong, Err(DecodeError::Corrupt { .. })), "{wrong:?}");
        }
    }
}
