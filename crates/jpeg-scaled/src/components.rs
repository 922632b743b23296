//! The components of a picture on their way to planes.

use crate::entropy::EntropyCoded;
use crate::error::{DecodeError, corrupt};
use crate::frame::Frame;
use crate::plane::{Plane, Planes};
use crate::progressive::{MeansTarget, Store};
use crate::scale::{Scale, Scales};
use crate::scan::{Scan, ScanComponent};
use crate::sequential::{Steps, Target, Units};
use crate::simd;
use crate::tables::Tables;

/// What planes take and, in a progressive file, coefficients.
pub(crate) fn memory(frame: &Frame, scales: Scales) -> u64 {
    let mut bytes = 0;
    for (index, component) in frame.components.iter().enumerate() {
        let scale = scale_of(index, scales);
        let (width, height) = frame.scaled(component, scale.denominator() as usize);
        bytes += width as u64 * height as u64;
        if frame.progressive {
            let (columns, rows) = frame.units();
            let blocks = (columns * component.across) as u64 * (rows * component.down) as u64;
            bytes += Store::bytes(scale, blocks);
        }
    }
    bytes
}

fn scale_of(index: usize, scales: Scales) -> Scale {
    if index == 0 { scales.luma } else { scales.chroma }
}

pub(crate) struct Components {
    progressive: bool,
    parts: Vec<Part>,
}

struct Part {
    scale: Scale,
    plane: Plane,
    /// As it was at the component's first scan, whatever is defined later.
    quantization: Option<[u16; 64]>,
    /// Of a progressive file.
    store: Option<Store>,
}

impl Components {
    /// Allocates what [`memory`] says.
    pub fn new(frame: &Frame, scales: Scales) -> Components {
        let (columns, rows) = frame.units();
        let parts = frame.components.iter().enumerate().map(|(index, component)| {
            let scale = scale_of(index, scales);
            let (width, height) = frame.scaled(component, scale.denominator() as usize);
            let store = frame.progressive.then(|| {
                Store::new(scale, scales.precision, columns * component.across, rows * component.down)
            });
            Part { scale, plane: Plane::blank(width, height), quantization: None, store }
        });
        Components { progressive: frame.progressive, parts: parts.collect() }
    }

    /// Takes note of what a scan will bring.
    pub fn expect(&mut self, frame: &Frame, scan: &Scan, tables: &Tables) -> Result<(), DecodeError> {
        for (one, part) in self.parts_of(scan) {
            if part.quantization.is_none() {
                let table = frame.components.get(one.index).map_or(0, |component| component.quantization);
                part.quantization = Some(*tables.quantization(table)?);
            }
            if let Some(store) = &mut part.store {
                store.expect(scan.band)?;
            }
        }
        Ok(())
    }

    /// Whether a scan has to be decoded.
    pub fn needs(&mut self, scan: &Scan) -> bool {
        let mut parts = self.parts_of(scan).into_iter();
        parts.any(|(_, part)| part.store.as_ref().is_none_or(|store| store.needs(scan.band)))
    }

    /// Those of a scan, in the scan's order.
    fn parts_of<'a>(&mut self, scan: &'a Scan) -> Vec<(&'a ScanComponent, &mut Part)> {
        let mut parts: Vec<Option<&mut Part>> = self.parts.iter_mut().map(Some).collect();
        let taken = scan.components.iter().filter_map(|one| Some((one, parts.get_mut(one.index)?.take()?)));
        taken.collect()
    }

    pub fn scan(
        &mut self,
        scan: &Scan,
        tables: &mut Tables,
        data: &mut EntropyCoded<'_>,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<(), DecodeError> {
        let units = Units { columns: scan.columns, rows: scan.rows, restart_interval: scan.restart_interval };
        if !self.progressive {
            self.sequential(scan, tables, &units, data, go_on)
        } else if scan.band.first == 0 {
            self.means(scan, tables, &units, data, go_on)
        } else {
            self.rest(scan, tables, &units, data, go_on)
        }
    }

    fn sequential(
        &mut self,
        scan: &Scan,
        tables: &mut Tables,
        units: &Units,
        data: &mut EntropyCoded<'_>,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<(), DecodeError> {
        for one in &scan.components {
            tables.build_dc(one.dc_table)?;
            tables.build_ac(one.ac_table, true)?;
        }
        let parts = self.parts_of(scan);
        let steps: Vec<Steps> = parts
            .iter()
            .map(|(_, part)| Steps::new(&part.quantization.unwrap_or([0; 64]), part.scale))
            .collect();
        let mut targets = Vec::with_capacity(parts.len());
        for ((one, part), steps) in parts.into_iter().zip(&steps) {
            let ac = tables.ac(one.ac_table)?;
            targets.push(Target {
                dc: tables.dc(one.dc_table)?,
                ac,
                leaps: ac.leaps(),
                steps,
                plane: &mut part.plane,
                scale: part.scale,
                across: one.across,
                down: one.down,
            });
        }
        simd::sequential(&mut targets, units, data, go_on)
    }

    fn means(
        &mut self,
        scan: &Scan,
        tables: &mut Tables,
        units: &Units,
        data: &mut EntropyCoded<'_>,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<(), DecodeError> {
        let refines = scan.band.refines.is_some();
        for one in scan.components.iter().filter(|_| !refines) {
            tables.build_dc(one.dc_table)?;
        }
        let mut targets = Vec::with_capacity(scan.components.len());
        for (one, part) in self.parts_of(scan) {
            let Some(store) = &mut part.store else { continue };
            let table = if refines { None } else { Some(tables.dc(one.dc_table)?) };
            targets.push(MeansTarget { table, store, across: one.across, down: one.down });
        }
        simd::means(&mut targets, scan.band.lowest_bit, units, data, go_on)
    }

    fn rest(
        &mut self,
        scan: &Scan,
        tables: &mut Tables,
        units: &Units,
        data: &mut EntropyCoded<'_>,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<(), DecodeError> {
        for (one, part) in self.parts_of(scan) {
            let Some(store) = &mut part.store else { continue };
            tables.build_ac(one.ac_table, false)?;
            simd::rest(store, tables.ac(one.ac_table)?, scan.band, units, data, go_on)?;
        }
        Ok(())
    }

    /// The planes, if there has been a scan for each.
    pub fn finish(self, go_on: &mut dyn FnMut() -> bool) -> Result<Planes, DecodeError> {
        let mut planes = Vec::with_capacity(self.parts.len());
        for mut part in self.parts {
            let Some(quantization) = &part.quantization else {
                return corrupt("a component has no scan");
            };
            if let Some(store) = &part.store {
                if !store.has_means() {
                    return corrupt("a component has no scan of its means");
                }
                simd::finish(store, quantization, &mut part.plane, go_on)?;
            }
            planes.push(part.plane);
        }
        let mut planes = planes.into_iter();
        match (planes.next(), planes.next(), planes.next()) {
            (Some(luma), Some(cb), Some(cr)) => Ok(Planes { luma, chroma: Some([cb, cr]) }),
            (Some(luma), _, _) => Ok(Planes { luma, chroma: None }),
            _ => corrupt("it has no components"),
        }
    }
}
