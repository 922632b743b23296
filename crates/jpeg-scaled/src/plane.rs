//! A component of the picture, decoded.

/// Samples row by row without gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plane {
    pub width: usize,
    pub height: usize,
    pub samples: Vec<u8>,
}

impl Plane {
    pub(crate) fn blank(width: usize, height: usize) -> Plane {
        Plane { width, height, samples: vec![0; width * height] }
    }

    /// Two lines of samples one below the other, unless the plane ends before.
    pub(crate) fn two_lines(&mut self, y: usize) -> Option<[&mut [u8]; 2]> {
        let both = self.samples.get_mut(y * self.width..(y + 2) * self.width)?;
        Some(both.split_at_mut(self.width).into())
    }

    /// Sets the samples of a block. What lies over the edge of the picture is dropped.
    #[inline(always)]
    pub(crate) fn set<const SIDE: usize>(&mut self, column: usize, row: usize, block: [[u8; SIDE]; SIDE]) {
        let (x, y) = (column * SIDE, row * SIDE);
        if x + SIDE > self.width || y + SIDE > self.height {
            return self.set_at_edge(x, y, block.as_flattened(), SIDE);
        }
        let mut start = y * self.width + x;
        for line in block {
            if let Some(samples) = self.samples.get_mut(start..start + SIDE) {
                samples.copy_from_slice(&line);
            }
            start += self.width;
        }
    }

    #[cold]
    fn set_at_edge(&mut self, x: usize, y: usize, block: &[u8], side: usize) {
        let visible = self.width.saturating_sub(x).min(side);
        if visible == 0 {
            return;
        }
        let rows = self.samples.chunks_exact_mut(self.width).skip(y);
        for (samples, line) in rows.zip(block.chunks_exact(side)) {
            samples[x..x + visible].copy_from_slice(&line[..visible]);
        }
    }
}

/// A picture as luma and, unless it is grey, two planes of chroma.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planes {
    pub luma: Plane,
    pub chroma: Option<[Plane; 2]>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_over_the_edge_sets_what_is_there() {
        let mut plane = Plane::blank(5, 3);
        for (column, row) in [(0, 0), (1, 0), (0, 1), (1, 1), (2, 0), (0, 2)] {
            plane.set(column, row, [[1 + column as u8, 2], [3, 4 + row as u8]]);
        }
        assert_eq!(plane.samples, [1, 2, 2, 2, 3, 3, 4, 3, 4, 3, 1, 2, 2, 2, 0]);
    }
}
