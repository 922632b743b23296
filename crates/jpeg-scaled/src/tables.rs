//! The tables that are in force at a place of the file (T.81, annexes B.2.4.1 and B.2.4.2).

use crate::error::{DecodeError, corrupt};
use crate::huffman::{AcTable, DcTable, Definition};
use crate::markers::number;

#[derive(Debug, Default)]
pub(crate) struct Tables {
    quantization: [Option<[u16; 64]>; 4],
    dc: [Slot<DcTable>; 4],
    ac: [Slot<AcTable>; 4],
    pub restart_interval: u16,
}

/// A Huffman table, built when a scan first uses it: files may define as many as they like.
#[derive(Debug)]
struct Slot<T> {
    definition: Option<Definition>,
    built: Option<T>,
}

impl<T> Default for Slot<T> {
    fn default() -> Slot<T> {
        Slot { definition: None, built: None }
    }
}

impl<T> Slot<T> {
    fn define(&mut self, definition: Definition) {
        if self.definition.as_ref() != Some(&definition) {
            *self = Slot { definition: Some(definition), built: None };
        }
    }

    fn build(
        &mut self,
        build: impl FnOnce(&Definition) -> Result<T, DecodeError>,
    ) -> Result<(), DecodeError> {
        let Some(definition) = &self.definition else { return Err(NO_TABLE) };
        if self.built.is_none() {
            self.built = Some(build(definition)?);
        }
        Ok(())
    }
}

/// Frames of films leave out what all of them share.
const NO_TABLE: DecodeError = DecodeError::NotOurs { what: "a JPEG without Huffman tables of its own" };

impl Tables {
    pub fn define_quantization(&mut self, mut content: &[u8]) -> Result<(), DecodeError> {
        while let Some((&kind, rest)) = content.split_first() {
            let (wide, index) = (kind >> 4 > 0, usize::from(kind & 15));
            let length = if wide { 128 } else { 64 };
            let (Some(slot), Some((steps, rest))) =
                (self.quantization.get_mut(index), rest.split_at_checked(length))
            else {
                return corrupt("a quantization table is cut short");
            };
            let step = |at| if wide { number(steps, 2 * at).unwrap_or(0) } else { u16::from(steps[at]) };
            *slot = Some(std::array::from_fn(step));
            content = rest;
        }
        Ok(())
    }

    pub fn define_huffman(&mut self, mut content: &[u8]) -> Result<(), DecodeError> {
        while let Some((&kind, rest)) = content.split_first() {
            let (definition, rest) = Definition::read(rest)?;
            let index = usize::from(kind & 15);
            match (kind >> 4, self.dc.get_mut(index), self.ac.get_mut(index)) {
                (0, Some(slot), _) => slot.define(definition),
                (1, _, Some(slot)) => slot.define(definition),
                _ => return corrupt("a Huffman table has a number that cannot be"),
            }
            content = rest;
        }
        Ok(())
    }

    pub fn define_restarts(&mut self, content: &[u8]) -> Result<(), DecodeError> {
        match *content {
            [high, low] => {
                self.restart_interval = u16::from_be_bytes([high, low]);
                Ok(())
            }
            _ => corrupt("a restart interval has another length than it needs"),
        }
    }

    pub fn quantization(&self, index: usize) -> Result<&[u16; 64], DecodeError> {
        match self.quantization.get(index) {
            Some(Some(table)) => Ok(table),
            _ => corrupt("a quantization table is missing"),
        }
    }

    pub fn build_dc(&mut self, index: usize) -> Result<(), DecodeError> {
        self.dc.get_mut(index).ok_or(NO_TABLE)?.build(DcTable::build)
    }

    /// `leaping`: whether there will be coefficients to be passed over. It is the same in all of a file.
    pub fn build_ac(&mut self, index: usize, leaping: bool) -> Result<(), DecodeError> {
        self.ac.get_mut(index).ok_or(NO_TABLE)?.build(|definition| AcTable::build(definition, leaping))
    }

    /// A table that was built before.
    pub fn dc(&self, index: usize) -> Result<&DcTable, DecodeError> {
        self.dc.get(index).and_then(|slot| slot.built.as_ref()).ok_or(NO_TABLE)
    }

    /// A table that was built before.
    pub fn ac(&self, index: usize) -> Result<&AcTable, DecodeError> {
        self.ac.get(index).and_then(|slot| slot.built.as_ref()).ok_or(NO_TABLE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantization_tables_come_narrow_and_wide() {
        let mut tables = Tables::default();
        let wide: Vec<u8> = (0..64u16).flat_map(|step| (step + 300).to_be_bytes()).collect();
        let narrow: Vec<u8> = (1..=64).collect();
        tables.define_quantization(&[&[0x00][..], &narrow, &[0x13], &wide].concat()).unwrap();
        assert_eq!(tables.quantization(0).unwrap()[63], 64);
        assert_eq!(tables.quantization(3).unwrap()[..2], [300, 301]);
        assert!(tables.quantization(1).is_err());
        for wrong in [&[0x00, 1][..], &[[0x04].as_slice(), &narrow].concat()] {
            assert!(tables.define_quantization(wrong).is_err());
        }
    }

    #[test]
    fn a_huffman_table_is_built_when_it_is_used_and_again_when_it_has_changed() {
        let mut tables = Tables::default();
        let define = |tables: &mut Tables, symbol: u8| {
            let mut content = vec![0x11, 1];
            content.extend([0; 15]);
            content.push(symbol);
            tables.define_huffman(&content)
        };
        assert!(matches!(tables.build_ac(1, false), Err(DecodeError::NotOurs { .. })));
        define(&mut tables, 5).unwrap();
        assert!(tables.ac(1).is_err());
        tables.build_ac(1, false).unwrap();
        assert_eq!(tables.ac(1).unwrap().entry(0).value(), -31);
        define(&mut tables, 6).unwrap();
        assert!(tables.ac(1).is_err());
        tables.build_ac(1, false).unwrap();
        assert_eq!(tables.ac(1).unwrap().entry(0).value(), -63);
        let mut wrong = vec![0x24];
        wrong.extend([0; 16]);
        assert!(tables.define_huffman(&wrong).is_err());
    }
}
