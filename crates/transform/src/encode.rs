//! From the picture that was made to the bytes of a format, as was wished.

use std::time::Duration;

use plan::{
    Accepted, Chroma, ColourSpace, Colours, Encoding, Format, FormatWish, MaxBytes, Plan, QualityWish,
};

use crate::codec::{Picture, avif, gif, jpeg, png, webp};
use crate::colour;
use crate::error::TransformError;
use crate::judge::Judge;
use crate::limits::{Deadline, Limits};
use crate::metadata::{self, Beside};
use crate::palette::Palette;
use crate::quality::{Level, number};
use crate::resample::Resampler;
use crate::search;

/// What an AVIF has around its picture takes a few hundred bytes, which count for one that has no more than this.
const SMALL_AVIF: usize = 4096;

/// What a picture is to become.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    pub format: Format,
    pub quality: Option<QualityWish>,
    pub encoding: Encoding,
    pub colour_space: ColourSpace,
}

impl Target {
    pub fn new(plan: &Plan, format: Format) -> Target {
        Target {
            format,
            quality: plan.quality,
            encoding: plan.encoding,
            colour_space: plan.metadata.colour_space,
        }
    }

    /// The same, but that nothing gets lost.
    pub fn without_loss(&self, format: Format) -> Target {
        Target { format, encoding: Encoding { lossless: true, ..self.encoding }, ..*self }
    }

    /// Whether each pixel is kept as it is (as near as a palette comes to it), so that luma and chroma would lose
    /// something.
    pub fn is_lossless(&self) -> bool {
        matches!(self.format, Format::Png | Format::Gif) || self.encoding.lossless
    }

    /// How many pixels share a sample of chroma, across and down. WebP leaves no choice.
    pub fn shared_chroma(&self) -> (u8, u8) {
        match self.format {
            Format::Webp => Chroma::Quarter.shared(),
            Format::Jpeg | Format::Png | Format::Avif | Format::Gif => self.encoding.chroma.shared(),
        }
    }

    /// Whether colours stay what the original's profile says of them. Nobody writes a profile into an AVIF for us, and
    /// a GIF has no place for it that anybody looks at.
    pub fn keeps_profile(&self) -> bool {
        self.colour_space == ColourSpace::Original && !matches!(self.format, Format::Avif | Format::Gif)
    }

    pub fn encode(
        &self,
        made: &Picture,
        beside: &Beside,
        deadline: &Deadline,
    ) -> Result<Vec<u8>, TransformError> {
        if self.is_lossless() {
            return self.encode_losslessly(made, beside, deadline);
        }
        let judge = || Judge::new(made, self.shared_chroma(), &mut Resampler::default());
        let level = self.level(judge, deadline)?;
        self.within(level, |level| self.encode_at(level, made, beside, deadline))
    }

    /// What an encoder is told first: what is wished, or what suits the format.
    pub fn level(
        &self,
        judge: impl FnOnce() -> Result<Judge, TransformError>,
        deadline: &Deadline,
    ) -> Result<Level, TransformError> {
        let score = match self.quality {
            None => return Ok(Level::by_default(self.format)),
            Some(QualityWish::Alike(quality)) => return Ok(Level::alike(quality)),
            Some(QualityWish::Codec(quality)) => return Ok(Level::of_codec(quality)),
            Some(QualityWish::Reaching(score)) => score,
        };
        let judge = judge()?;
        let mut resampler = Resampler::default();
        let quality = search::reaching(score, |quality| {
            let bytes =
                self.encode_at(Level::alike(quality), judge.sample(), &Beside::default(), deadline)?;
            let seen = match self.format {
                Format::Webp => webp::decode(&bytes, 1.0)?,
                Format::Avif => avif::decode(&bytes, 1.0, deadline, &mut resampler)?,
                Format::Jpeg | Format::Png | Format::Gif => {
                    jpeg::decode(&bytes, 1.0, &Limits::default(), deadline)?
                }
            };
            judge.score(&seen.picture, &mut resampler)
        })?;
        Ok(Level::alike(quality))
    }

    fn encode_at(
        &self,
        level: Level,
        made: &Picture,
        beside: &Beside,
        deadline: &Deadline,
    ) -> Result<Vec<u8>, TransformError> {
        deadline.check()?;
        match (self.format, made) {
            (Format::Webp, made) => {
                let webp = match made {
                    Picture::Planes(planes) => webp::encode_planes(planes, level.webp(), deadline),
                    Picture::Pixels(pixels) => {
                        webp::encode_pixels(pixels, webp::Fidelity::Lossy(level.webp()), deadline)
                    }
                }?;
                Ok(metadata::with_chunks(webp, made.size(), beside))
            }
            (Format::Avif, Picture::Planes(planes)) => avif::encode_planes(planes, level.avif(), beside),
            (Format::Avif, Picture::Pixels(pixels)) => {
                avif::encode_pixels(pixels, self.shared_chroma(), level.avif(), beside, deadline)
            }
            (Format::Jpeg | Format::Png | Format::Gif, made) => {
                let settings =
                    jpeg::Settings { quality: level.jpeg(), progressive: self.encoding.progressive, beside };
                match made {
                    Picture::Planes(planes) => jpeg::encode(planes, &settings),
                    Picture::Pixels(pixels) => {
                        jpeg::encode(&colour::to_planes(pixels, self.shared_chroma()), &settings)
                    }
                }
            }
        }
    }

    /// Another format that may hold what was made in fewer bytes, and looks no worse, where the choice is ours.
    pub fn rival(&self, wish: FormatWish, made: &Picture, bytes: usize) -> Option<Target> {
        let Encoding { max_bytes, chroma, .. } = self.encoding;
        // A WebP has chroma for two by two pixels, whatever is wished.
        if self.is_lossless() || max_bytes.is_some() || chroma != Chroma::Quarter {
            return None;
        }
        let alike = matches!(self.quality, Some(QualityWish::Alike(_) | QualityWish::Reaching(_)));
        let format = match (wish, made) {
            // By default a WebP keeps more.
            (FormatWish::Auto(Accepted::Avif), _)
                if bytes < SMALL_AVIF && (alike || self.quality.is_none()) =>
            {
                Format::Webp
            }
            (FormatWish::Auto(Accepted::Webp), Picture::Planes(_)) if alike => Format::Jpeg,
            _ => return None,
        };
        Some(Target { format, ..*self })
    }

    fn encode_losslessly(
        &self,
        made: &Picture,
        beside: &Beside,
        deadline: &Deadline,
    ) -> Result<Vec<u8>, TransformError> {
        let turned;
        let pixels = match made {
            Picture::Pixels(pixels) => pixels,
            Picture::Planes(planes) => {
                turned = colour::to_pixels(planes);
                &turned
            }
        };
        match self.format {
            Format::Webp => {
                let webp = webp::encode_pixels(pixels, webp::Fidelity::Lossless, deadline)?;
                Ok(metadata::with_chunks(webp, pixels.size, beside))
            }
            Format::Avif => avif::encode_losslessly(pixels, beside, deadline),
            Format::Gif => self.within_colours(|colours| {
                let mut still = gif::AnimationEncoder::new(colours.unwrap_or(Colours::MOST as usize));
                still.add(pixels.clone(), Duration::ZERO, deadline)?;
                still.finish(pixels.size, 1)
            }),
            Format::Jpeg | Format::Png => self.within_colours(|colours| {
                let Some(colours) = colours else {
                    return match Palette::exactly(pixels) {
                        Some((palette, indices)) => {
                            png::encode_indexed(pixels.size, &palette, &indices, beside)
                        }
                        None => png::encode(pixels, beside),
                    };
                };
                let palette = Palette::of(pixels, colours, deadline)?;
                png::encode_indexed(pixels.size, &palette, &palette.dithered(pixels, deadline)?, beside)
            }),
        }
    }

    /// Whether these are no more bytes than were allowed.
    pub fn fits(&self, bytes: &[u8]) -> bool {
        self.encoding.max_bytes.is_none_or(|limit| bytes.len() as u64 <= u64::from(limit.get()))
    }

    /// With as much quality as was wished, or as fits into the bytes that were allowed.
    pub fn within(
        &self,
        level: Level,
        mut encode: impl FnMut(Level) -> Result<Vec<u8>, TransformError>,
    ) -> Result<Vec<u8>, TransformError> {
        let bytes = encode(level)?;
        let Some(limit) = self.encoding.max_bytes.map(MaxBytes::get) else { return Ok(bytes) };
        if self.fits(&bytes) {
            return Ok(bytes);
        }
        // Halving a hundred, that is seven times at most.
        self.most_that_fits(limit, bytes.len(), level.get() - 1, |quality| {
            encode(level.with(number(quality)))
        })
    }

    /// In as many colours as were wished (nothing: as many as there can be), or as fit into the bytes that were allowed.
    pub fn within_colours(
        &self,
        mut encode: impl FnMut(Option<usize>) -> Result<Vec<u8>, TransformError>,
    ) -> Result<Vec<u8>, TransformError> {
        let wished = self.encoding.colours.map(|colours| colours.get() as usize);
        let bytes = encode(wished)?;
        // What is to lose nothing keeps all of them.
        let limit = self.encoding.max_bytes.filter(|_| !self.encoding.lossless).map(MaxBytes::get);
        let Some(limit) = limit.filter(|_| !self.fits(&bytes)) else { return Ok(bytes) };
        // Halved, and halved again: from 256 down to two in four tries at most.
        let all = if self.format == Format::Gif { Colours::MOST } else { 2 * Colours::MOST };
        let fewer = (wished.unwrap_or(all as usize) - 1).max(1).ilog2();
        self.most_that_fits(limit, bytes.len(), fewer as u8, |halvings| encode(Some(1 << halvings)))
    }

    /// The most, from one on, with which it fits. `least` are the bytes that did not.
    fn most_that_fits(
        &self,
        limit: u32,
        mut least: usize,
        mut high: u8,
        mut encode: impl FnMut(u8) -> Result<Vec<u8>, TransformError>,
    ) -> Result<Vec<u8>, TransformError> {
        let (mut fitting, mut low) = (None, 1);
        while low <= high {
            let middle = low.midpoint(high);
            let bytes = encode(middle)?;
            if self.fits(&bytes) {
                fitting = Some(bytes);
                low = middle + 1;
            } else {
                least = least.min(bytes.len());
                high = middle - 1;
            }
        }
        fitting.ok_or(TransformError::CannotFit { least, limit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(max_bytes: &str) -> Target {
        let encoding = Encoding { max_bytes: max_bytes.parse().ok(), ..Encoding::default() };
        Target { encoding, ..Target::new(&Plan::default(), Format::Jpeg) }
    }

    #[test]
    fn the_best_quality_that_fits_is_found_in_few_tries() {
        // A picture that has ten bytes for each step of quality, and fifty beside.
        for wished in 1..=100u8 {
            for limit in [100u16, 101, 119, 120, 500, 549, 1049, 1050, 5000] {
                let mut tries = 0;
                let level = Level::alike(number(wished));
                let made = target(&limit.to_string()).within(level, |level| {
                    tries += 1;
                    let quality = level.jpeg().get();
                    Ok(vec![quality; 50 + 10 * usize::from(quality)])
                });
                let best = ((limit - 50) / 10).min(wished.into());
                assert_eq!(u16::from(made.unwrap()[0]), best, "{wished} within {limit}");
                assert!(tries <= 8, "{tries}");
            }
        }
    }

    #[test]
    fn as_many_colours_as_fit_are_found_in_few_tries() {
        for (wished, limit, expected) in [
            (None, 2000, Ok(512)),
            (None, 400, Ok(256)),
            (None, 256, Ok(128)),
            (None, 103, Ok(2)),
            (Some(100), 200, Ok(100)),
            (Some(100), 199, Ok(64)),
            (Some(64), 163, Ok(32)),
            (Some(2), 101, Err(TransformError::CannotFit { least: 102, limit: 101 })),
            (None, 101, Err(TransformError::CannotFit { least: 102, limit: 101 })),
        ] {
            let mut tries = 0;
            let colours = wished.and_then(|wished: u16| wished.to_string().parse().ok());
            let target = target(&limit.to_string());
            let target = Target { encoding: Encoding { colours, ..target.encoding }, ..target };
            let made = target.within_colours(|colours| {
                tries += 1;
                Ok(vec![0; 100 + colours.unwrap_or(512)])
            });
            assert_eq!(made.map(|bytes| bytes.len() - 100), expected, "{wished:?} within {limit}");
            assert!(tries <= 5, "{tries}");
        }
    }

    #[test]
    fn what_never_fits_says_how_small_it_would_be() {
        for wished in [1, 2, 80, 100] {
            let level = Level::alike(number(wished));
            let made =
                target("100").within(level, |level| Ok(vec![0; 200 + usize::from(level.jpeg().get())]));
            assert_eq!(made, Err(TransformError::CannotFit { least: 201, limit: 100 }));
        }
    }
}
