//! Which numbers of the encoders score alike: where the engine's one scale of quality comes from.
//!
//! Each photograph is made small by our engine, once without loss and once with each number of each encoder; the former
//! is what the others are scored against. JPEG's numbers are the scale. For each of them, and each photograph, the
//! numbers of the others that reach the same score are found between those that were tried; the median over
//! photographs is what `transform` has in its table.

use std::fs;
use std::io::Cursor;
use std::path::PathBuf;

use anyhow::{Context, anyhow, ensure};
use clap::Args;
use fast_ssim2::Ssimulacra2Reference;
use plan::{Fit, Format, FormatWish, Plan, Quality, QualityWish, Resize};
use transform::{InputFormat, Limits, header, sniff, transform};

use crate::measure::median;
use crate::score::Shown;

/// Finds out which numbers of the encoders score alike, for the engine's table of quality
#[derive(Args)]
pub struct Calibrate {
    /// Folders of photographs; what is no JPEG, or too small, is left out
    #[arg(default_values = [".tools/bench-images/photographs", "../shared/data/images"])]
    folders: Vec<PathBuf>,
    /// At most so many of them
    #[arg(long, default_value_t = 40)]
    photographs: usize,
    /// Of what is made of them
    #[arg(long, default_value_t = 800)]
    width: u32,
}

/// The numbers that the table has.
const POINTS: [u8; 16] = [1, 5, 10, 15, 20, 30, 40, 50, 60, 70, 75, 80, 85, 90, 95, 100];

const FORMATS: [Format; 3] = [Format::Jpeg, Format::Webp, Format::Avif];

/// What the numbers of one encoder come to on one photograph, from the least number up.
struct Curve(Vec<Tried>);

#[derive(Clone, Copy)]
struct Tried {
    number: f64,
    score: f64,
    bytes: f64,
}

impl Curve {
    /// A higher number that scores less is luck, and does as well as the one before.
    fn new(mut tried: Vec<Tried>) -> Curve {
        let mut best = f64::MIN;
        for one in &mut tried {
            best = best.max(one.score);
            one.score = best;
        }
        Curve(tried)
    }

    /// Where a value that rises along the curve is reached: the outermost point where it is not.
    fn at(&self, value: f64, of: impl Fn(&Tried) -> f64) -> Option<Tried> {
        let above = self.0.iter().position(|one| of(one) >= value).unwrap_or(self.0.len().checked_sub(1)?);
        let (from, to) = (self.0.get(above.saturating_sub(1))?, self.0.get(above)?);
        let span = of(to) - of(from);
        let part = if span > 0.0 { ((value - of(from)) / span).clamp(0.0, 1.0) } else { 1.0 };
        let mixed = |from: f64, to: f64| from + (to - from) * part;
        Some(Tried {
            number: mixed(from.number, to.number),
            score: mixed(from.score, to.score),
            bytes: mixed(from.bytes, to.bytes),
        })
    }
}

pub fn calibrate(arguments: &Calibrate) -> anyhow::Result<()> {
    let mut photographs = Vec::new();
    for folder in &arguments.folders {
        let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
        for entry in entries {
            photographs.push(entry.context("cannot list the photographs")?.path());
        }
    }
    // The same ones on every machine that has them.
    photographs.sort_by(|one, other| one.file_name().cmp(&other.file_name()));
    let mut found = Vec::new();
    for path in photographs {
        let original = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let fits = sniff(&original) == Some(InputFormat::Jpeg)
            && header(&original, &Limits::default())
                .is_ok_and(|header| header.upright.width >= arguments.width);
        if fits && found.len() < arguments.photographs {
            found.push(curves(&original, arguments.width).with_context(|| path.display().to_string())?);
            println!("{}", path.display());
        }
    }
    ensure!(!found.is_empty(), "there is no photograph to calibrate with");
    print!("\n{}", table(&found));
    Ok(())
}

/// By [`FORMATS`].
fn curves(original: &[u8], width: u32) -> anyhow::Result<[Curve; FORMATS.len()]> {
    let resize = Resize { width: Some(width), fit: Fit::Clip, ..Resize::default() };
    let made = |format: Format, quality: Option<QualityWish>| {
        let plan = Plan { resize, format: FormatWish::Exactly(format), quality, ..Plan::default() };
        transform(original, &plan, &Limits::default())
    };
    let exact = Shown::decode(Cursor::new(made(Format::Png, None)?.bytes))?;
    let reference = Ssimulacra2Reference::new(&exact.slice()?).map_err(|error| anyhow!("{error}"))?;
    let curve = |format: Format| -> anyhow::Result<Curve> {
        let mut tried = Vec::new();
        for number in (1..=100).filter(|number| matches!(number, 1 | 3 | 98) || number % 5 == 0) {
            let derivative = made(format, Some(QualityWish::Codec(Quality::new(number)?)))?;
            let as_png = Plan { format: FormatWish::Exactly(Format::Png), ..Plan::default() };
            let seen = transform(&derivative.bytes, &as_png, &Limits::default())?;
            let seen = Shown::decode(Cursor::new(seen.bytes))?;
            let score = reference.compare(&seen.slice()?).map_err(|error| anyhow!("{error}"))?;
            tried.push(Tried { number: number.into(), score, bytes: derivative.bytes.len() as f64 });
        }
        Ok(Curve::new(tried))
    };
    Ok([curve(FORMATS[0])?, curve(FORMATS[1])?, curve(FORMATS[2])?])
}

fn table(photographs: &[[Curve; FORMATS.len()]]) -> String {
    let mut text = format!(
        "| quality | libwebp | libaom | score | bytes of WebP and AVIF, of 100 of JPEG ({} photographs) |\n",
        photographs.len()
    );
    text.push_str("| --: | --: | --: | --: | --: |\n");
    for point in POINTS {
        let found: Vec<[Tried; FORMATS.len()]> = photographs
            .iter()
            .filter_map(|[jpeg, webp, avif]| {
                let jpeg = jpeg.at(point.into(), |one| one.number)?;
                let alike = |curve: &Curve| curve.at(jpeg.score, |one| one.score);
                Some([jpeg, alike(webp)?, alike(avif)?])
            })
            .collect();
        let middle = |value: fn(&[Tried; FORMATS.len()]) -> f64| median(found.iter().map(value));
        text.push_str(&format!(
            "| {point} | {:.1} | {:.1} | {:.1} | {:.0}, {:.0} |\n",
            middle(|[_, webp, _]| webp.number),
            middle(|[_, _, avif]| avif.number),
            middle(|[jpeg, ..]| jpeg.score),
            middle(|[jpeg, webp, _]| 100.0 * webp.bytes / jpeg.bytes),
            middle(|[jpeg, _, avif]| 100.0 * avif.bytes / jpeg.bytes),
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(tried: &[(f64, f64)]) -> Curve {
        let tried = tried.iter().map(|&(number, score)| Tried { number, score, bytes: 10.0 * number });
        Curve::new(tried.collect())
    }

    #[test]
    fn what_lies_between_two_tries_is_found_between_them() {
        let curve = curve(&[(10.0, 30.0), (20.0, 50.0), (30.0, 60.0)]);
        for (score, number) in [(40.0, 15.0), (50.0, 20.0), (58.0, 28.0), (20.0, 10.0), (99.0, 30.0)] {
            let found = curve.at(score, |one| one.score).unwrap();
            assert!((found.number - number).abs() < 1e-9, "{score}: {}", found.number);
            assert!((found.bytes - 10.0 * number).abs() < 1e-9, "{score}: {}", found.bytes);
        }
        assert!((curve.at(15.0, |one| one.number).unwrap().score - 40.0).abs() < 1e-9);
    }

    #[test]
    fn a_number_that_scores_less_than_a_lower_one_does_as_well() {
        let curve = curve(&[(10.0, 30.0), (20.0, 50.0), (30.0, 45.0), (40.0, 60.0)]);
        assert!((curve.at(30.0, |one| one.number).unwrap().score - 50.0).abs() < 1e-9);
        assert!((curve.at(55.0, |one| one.score).unwrap().number - 35.0).abs() < 1e-9);
        assert!(Curve::new(Vec::new()).at(1.0, |one| one.score).is_none());
    }
}
