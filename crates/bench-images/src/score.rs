//! How good a derivative looks: SSIMULACRA2 against a careful resize of the whole original.
//!
//! 100 is the same picture, 90 cannot be told apart by eye, 70 is high quality. Original and derivative are decoded,
//! and the original resized, by one program for all contenders (`look.py`: Pillow, Lanczos, no decoding at a fraction).

use std::fs::File;
use std::io::{BufRead, BufReader, Seek};
use std::path::Path;

use anyhow::{Context, anyhow, ensure};
use fast_ssim2::{PixelDescriptor, PixelSlice, compute_ssimulacra2};

use crate::contender::{Contenders, said};
use crate::original::Original;

pub fn score(contenders: &Contenders, original: &Original, derivative: &Path) -> anyhow::Result<f64> {
    let folder = tempfile::tempdir().context("cannot make a folder")?;
    let (expected, seen) = (folder.path().join("expected.png"), folder.path().join("seen.png"));
    let mut command = contenders.python();
    command.arg(contenders.script("look.py"));
    said(command.arg(&original.path).arg(derivative).arg(&expected).arg(&seen))?;
    let (expected, seen) = (Shown::read(&expected)?, Shown::read(&seen)?);
    let score = compute_ssimulacra2(&expected.slice()?, &seen.slice()?);
    score.map_err(|error| anyhow!("{} cannot be scored: {error}", original.name))
}

/// A picture as one sees it: red, green and blue, without alpha.
pub struct Shown {
    width: u32,
    height: u32,
    samples: Vec<u8>,
}

impl Shown {
    pub fn read(path: &Path) -> anyhow::Result<Shown> {
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        Shown::decode(BufReader::new(file))
    }

    /// From a PNG without transparency.
    pub fn decode(file: impl BufRead + Seek) -> anyhow::Result<Shown> {
        let mut decoder = png::Decoder::new(file);
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info()?;
        let mut samples = vec![0; reader.output_buffer_size().context("a picture is too large")?];
        let info = reader.next_frame(&mut samples)?;
        ensure!(info.color_type == png::ColorType::Rgb, "a picture to be scored is {:?}", info.color_type);
        Ok(Shown { width: info.width, height: info.height, samples })
    }

    pub fn slice(&self) -> anyhow::Result<PixelSlice<'_>> {
        let (width, stride) = (self.width, self.width as usize * 3);
        PixelSlice::new(&self.samples, width, self.height, stride, PixelDescriptor::RGB8_SRGB)
            .map_err(|error| anyhow!("a picture cannot be scored: {error}"))
    }
}
