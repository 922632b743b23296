//! What each encoder is told of quality: a number of its own, for which there is a type of its own.

use plan::{Format, Quality};

use crate::calibration;

/// libjpeg's, from 1 to 100 (best).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct JpegQuality(u8);

/// libwebp's, from 0 to 100 (best), which knows numbers in between.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(crate) struct WebpQuality(f32);

/// libaom's, from 63 to 2 (best): 0 would be lossless and huge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AvifQuantizer(u8);

impl JpegQuality {
    pub fn get(self) -> u8 {
        self.0
    }
}

impl WebpQuality {
    /// The quality of what nobody has asked another of is so much less than the library's. Files are packed with less effort
    /// than its own, so those of its quality would be 5 % larger than its; now they are 2 % larger and score 0.4 less
    /// (SSIMULACRA2, in the middle of sixteen photographs of 800 pixels).
    const LESS: f32 = 0.7;

    pub fn get(self) -> f32 {
        self.0
    }
}

impl AvifQuantizer {
    const BEST: u8 = 2;
    const WORST: u8 = 63;

    /// The nearest that there is.
    pub fn new(quantizer: u8) -> AvifQuantizer {
        AvifQuantizer(quantizer.clamp(AvifQuantizer::BEST, AvifQuantizer::WORST))
    }

    /// For what its tools call quality, as avifenc and its like count from 0 to 100.
    fn of(quality: u8) -> AvifQuantizer {
        let coarse = 100 - u32::from(quality.min(100));
        AvifQuantizer::new(((coarse * u32::from(AvifQuantizer::WORST) + 50) / 100) as u8)
    }

    pub fn get(self) -> u8 {
        self.0
    }

    /// For pictures that follow each other, of which only the first is as good as a still one: with 20 instead of 26 all of them
    /// together are about as good as those of a WebP by default.
    pub fn of_movie(self) -> AvifQuantizer {
        AvifQuantizer::new((u16::from(self.0) * 10 / 13) as u8)
    }

    /// The one that keeps more.
    pub fn finer(self, other: AvifQuantizer) -> AvifQuantizer {
        AvifQuantizer(self.0.min(other.0))
    }
}

/// How much an encoder keeps: a number, and who counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Level {
    quality: Quality,
    scale: Scale,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scale {
    /// The one on which the same number looks alike in every format.
    Alike,
    Codec,
    /// The codec's, but for [`WebpQuality::LESS`].
    Default,
}

impl Level {
    pub fn alike(quality: Quality) -> Level {
        Level { quality, scale: Scale::Alike }
    }

    pub fn of_codec(quality: Quality) -> Level {
        Level { quality, scale: Scale::Codec }
    }

    /// What suits the format where nothing is asked for. An AVIF keeps less than the others, about as much as those who
    /// ask for AVIF expect of its encoders' defaults.
    pub fn by_default(format: Format) -> Level {
        let quality = match format {
            Format::Avif => number(59),
            Format::Jpeg | Format::Webp | Format::Png | Format::Gif => number(80),
        };
        Level { quality, scale: Scale::Default }
    }

    pub fn get(self) -> u8 {
        self.quality.get()
    }

    /// Another one on the same scale.
    pub fn with(self, quality: Quality) -> Level {
        Level { quality, ..self }
    }

    pub fn jpeg(self) -> JpegQuality {
        // JPEG's is the one scale.
        JpegQuality(self.quality.get())
    }

    pub fn webp(self) -> WebpQuality {
        match self.scale {
            Scale::Alike => WebpQuality(f32::from(calibration::webp(self.quality))),
            Scale::Codec => WebpQuality(f32::from(self.quality.get())),
            Scale::Default => WebpQuality(f32::from(self.quality.get()) - WebpQuality::LESS),
        }
    }

    pub fn avif(self) -> AvifQuantizer {
        match self.scale {
            Scale::Alike => AvifQuantizer::of(calibration::avif(self.quality)),
            Scale::Codec | Scale::Default => AvifQuantizer::of(self.quality.get()),
        }
    }
}

/// A quality that is written here.
pub(crate) const fn number(quality: u8) -> Quality {
    match Quality::new(quality) {
        Ok(quality) => quality,
        Err(_) => Quality::BEST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_quality_never_keeps_less() {
        for level in [Level::alike, Level::of_codec] {
            let levels: Vec<Level> = (1..=100).map(|quality| level(number(quality))).collect();
            assert!(levels.is_sorted_by_key(|level| level.jpeg().get()));
            assert!(levels.is_sorted_by(|one, next| one.webp() <= next.webp()));
            assert!(levels.is_sorted_by_key(|level| u8::MAX - level.avif().get()));
        }
    }

    #[test]
    fn a_number_of_the_codec_is_the_codecs() {
        for (quality, quantizer) in [(1, 62), (59, 26), (80, 13), (99, 2), (100, 2)] {
            let level = Level::of_codec(number(quality));
            assert_eq!((level.jpeg().get(), level.avif().get()), (quality, quantizer));
            assert_eq!(level.webp(), WebpQuality(f32::from(quality)));
        }
    }

    #[test]
    fn nothing_asked_is_what_suits_the_format() {
        assert_eq!(Level::by_default(Format::Jpeg).jpeg().get(), 80);
        assert_eq!(Level::by_default(Format::Webp).webp(), WebpQuality(79.3));
        assert_eq!(Level::by_default(Format::Avif).avif().get(), 26);
        assert_eq!(Level::by_default(Format::Avif).avif().of_movie().get(), 20);
    }
}
