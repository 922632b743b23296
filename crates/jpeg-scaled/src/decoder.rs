//! From markers to planes.

use crate::budget::{Budget, Spending};
use crate::colour::Hints;
use crate::components::{Components, memory};
use crate::entropy::EntropyCoded;
use crate::error::{DecodeError, corrupt};
use crate::frame::Frame;
use crate::markers::{END_OF_IMAGE, Marker, Markers, START_OF_SCAN};
use crate::plane::Planes;
use crate::scale::Scales;
use crate::scan::Scan;
use crate::tables::Tables;

const DEFINE_HUFFMAN: u8 = 0xc4;
const DEFINE_QUANTIZATION: u8 = 0xdb;
const DEFINE_RESTARTS: u8 = 0xdd;

/// What a file says before its first scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    pub width: u32,
    pub height: u32,
    pub components: usize,
    pub progressive: bool,
    /// How many samples of luma share one of chroma, across and down. [`crate::decode`] takes no others.
    pub subsampling: Result<(u8, u8), DecodeError>,
}

/// Reads up to the first scan. Nothing is decoded, and every kind of JPEG has a header.
pub fn header(file: &[u8]) -> Result<Header, DecodeError> {
    let mut decoder = Decoder::new(file)?;
    decoder.read_up_to_scan()?;
    let Some(frame) = &decoder.frame else { return corrupt("it has no frame before its end") };
    let not_ours = decoder.not_ours(frame);
    Ok(Header {
        width: frame.width as u32,
        height: frame.height as u32,
        components: frame.components.len(),
        progressive: frame.progressive,
        subsampling: match (not_ours, frame.subsampling()) {
            (None, Some(subsampling)) => Ok(subsampling),
            (what, _) => Err(DecodeError::NotOurs { what: what.unwrap_or("a JPEG of an unusual kind") }),
        },
    })
}

pub(crate) fn decode(
    file: &[u8],
    scales: Scales,
    budget: Budget,
    go_on: &mut dyn FnMut() -> bool,
) -> Result<Planes, DecodeError> {
    let mut decoder = Decoder::new(file)?;
    let mut spending = Spending::new(budget);
    let mut scan = decoder.read_up_to_scan()?;
    let Some(frame) = decoder.frame.clone() else { return corrupt("it has no frame before its end") };
    spending.pixels(frame.pixels())?;
    if let Some(what) = decoder.not_ours(&frame) {
        return Err(DecodeError::NotOurs { what });
    }
    spending.memory(memory(&frame, scales))?;
    let mut components = Components::new(&frame, scales);
    while let Some(content) = scan {
        spending.scan()?;
        let scan_header = Scan::read(&frame, decoder.tables.restart_interval, content)?;
        let (bytes, position) = decoder.markers.rest();
        let mut data = EntropyCoded::new(bytes, position);
        components.expect(&frame, &scan_header, &decoder.tables)?;
        if components.needs(&scan_header) {
            spending.blocks(scan_header.blocks())?;
            components.scan(&scan_header, &mut decoder.tables, &mut data, go_on)?;
        } else if !go_on() {
            return Err(DecodeError::Stopped);
        }
        decoder.markers.go_on_at(data.finish());
        scan = decoder.read_up_to_scan()?;
    }
    components.finish(go_on)
}

/// A file, its markers read up to some place.
pub(crate) struct Decoder<'a> {
    pub markers: Markers<'a>,
    pub tables: Tables,
    hints: Hints,
    pub frame: Option<Frame>,
}

impl<'a> Decoder<'a> {
    pub fn new(file: &'a [u8]) -> Result<Decoder<'a>, DecodeError> {
        Ok(Decoder {
            markers: Markers::new(file)?,
            tables: Tables::default(),
            hints: Hints::default(),
            frame: None,
        })
    }

    /// The header of the next scan, or none at the end of the picture.
    pub fn read_up_to_scan(&mut self) -> Result<Option<&'a [u8]>, DecodeError> {
        loop {
            let marker = self.markers.next()?;
            match marker.code {
                END_OF_IMAGE => return Ok(None),
                START_OF_SCAN if self.frame.is_none() => return corrupt("it has a scan before its frame"),
                START_OF_SCAN => return Ok(Some(marker.content)),
                DEFINE_HUFFMAN => self.tables.define_huffman(marker.content)?,
                DEFINE_QUANTIZATION => self.tables.define_quantization(marker.content)?,
                DEFINE_RESTARTS => self.tables.define_restarts(marker.content)?,
                code if Frame::is_begun_by(code) => self.begin_frame(marker)?,
                _ => self.hints.notice(marker),
            }
        }
    }

    fn begin_frame(&mut self, marker: Marker<'_>) -> Result<(), DecodeError> {
        if self.frame.is_some() {
            return corrupt("it has two frames");
        }
        self.frame = Some(Frame::read(marker.code, marker.content)?);
        Ok(())
    }

    /// Why the picture is for another decoder.
    pub fn not_ours(&self, frame: &Frame) -> Option<&'static str> {
        let rgb = !self.hints.is_luma_and_chroma(frame);
        frame.not_ours.or(rgb.then_some("a JPEG of RGB components"))
    }
}
