//! How good a derivative looks: SSIMULACRA2 against a careful resize of the whole original.
//!
//! 100 is the same picture, 90 cannot be told apart by eye, 70 is high quality. Original and derivative are decoded,
//! and the original resized, by one program for all contenders (`look.py`: Pillow, Lanczos, no decoding at a fraction).

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context, anyhow};
use ssimulacra2::{ColorPrimaries, Rgb, TransferCharacteristic, compute_frame_ssimulacra2};

use crate::contender::{Contenders, said};
use crate::original::Original;

pub fn score(contenders: &Contenders, original: &Original, derivative: &Path) -> anyhow::Result<f64> {
    let folder = tempfile::tempdir().context("cannot make a folder")?;
    let (expected, seen) = (folder.path().join("expected.png"), folder.path().join("seen.png"));
    let mut command = contenders.python();
    command.arg(contenders.script("look.py"));
    said(command.arg(&original.path).arg(derivative).arg(&expected).arg(&seen))?;
    let score = compute_frame_ssimulacra2(read(&expected)?, read(&seen)?);
    score.map_err(|error| anyhow!("{} cannot be scored: {error}", original.name))
}

fn read(path: &Path) -> anyhow::Result<Rgb> {
    let file = BufReader::new(File::open(path).with_context(|| format!("cannot read {}", path.display()))?);
    let mut reader = png::Decoder::new(file).read_info()?;
    let mut samples = vec![0; reader.output_buffer_size().context("a picture is too large")?];
    let info = reader.next_frame(&mut samples)?;
    let pixels = samples.as_chunks::<3>().0.iter();
    let pixels = pixels.map(|pixel| pixel.map(|sample| f32::from(sample) / 255.0)).collect();
    let (width, height) = (info.width as usize, info.height as usize);
    Rgb::new(pixels, width, height, TransferCharacteristic::SRGB, ColorPrimaries::BT709)
        .map_err(|error| anyhow!("{} cannot be scored: {error}", path.display()))
}
