//! How much of a picture is kept by what is lossy: on one scale for all formats, by the encoder's own number, or as much
//! as reaches a score.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A number from 1 (least) to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Quality(u8);

impl Quality {
    pub const BEST: Quality = Quality(100);

    pub const fn new(quality: u8) -> Result<Quality, InvalidQuality> {
        match quality {
            1..=100 => Ok(Quality(quality)),
            _ => Err(InvalidQuality),
        }
    }

    pub const fn get(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the quality must be a whole number from 1 to 100")]
pub struct InvalidQuality;

impl FromStr for Quality {
    type Err = InvalidQuality;

    fn from_str(text: &str) -> Result<Quality, InvalidQuality> {
        // `u8` alone would take "+80" and "080".
        if !text.bytes().all(|byte| byte.is_ascii_digit()) || text.starts_with('0') {
            return Err(InvalidQuality);
        }
        text.parse().map_err(|_| InvalidQuality).and_then(Quality::new)
    }
}

/// What a URL says of quality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum QualityWish {
    /// On the one scale, which is JPEG's: what has the same number looks alike in every format.
    Alike(Quality),
    /// The number that the format's own encoder is told, as its tools count.
    Codec(Quality),
    /// For each picture the least that looks so good.
    Reaching(Score),
}

const CODEC: &str = "codec";
const AUTO: &str = "auto";

/// How good a picture looks beside what it was made of, by SSIMULACRA2: 30 to 95.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Score(u8);

impl Score {
    /// As JPEGs of quality 72 have it, in the middle of photographs.
    pub const DEFAULT: Score = Score(75);
    const LEAST: u8 = 30;
    const MOST: u8 = 95;

    pub const fn new(score: u8) -> Option<Score> {
        match score {
            Score::LEAST..=Score::MOST => Some(Score(score)),
            _ => None,
        }
    }

    pub const fn get(self) -> u8 {
        self.0
    }
}

impl fmt::Display for QualityWish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            QualityWish::Alike(quality) => quality.fmt(f),
            QualityWish::Codec(quality) => write!(f, "{CODEC}:{quality}"),
            QualityWish::Reaching(Score(score)) => write!(f, "{AUTO}:{score}"),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the quality must be a whole number from 1 to 100, such a number after codec:, or auto, also with a score from {} to {} \
     as in auto:75",
    Score::LEAST,
    Score::MOST
)]
pub struct InvalidQualityWish;

impl FromStr for QualityWish {
    type Err = InvalidQualityWish;

    fn from_str(text: &str) -> Result<QualityWish, InvalidQualityWish> {
        let wish = match text.split_once(':') {
            None if text == AUTO => Some(QualityWish::Reaching(Score::DEFAULT)),
            None => text.parse().ok().map(QualityWish::Alike),
            Some((CODEC, number)) => number.parse().ok().map(QualityWish::Codec),
            // Written as qualities are.
            Some((AUTO, score)) => {
                score.parse().ok().map(Quality::get).and_then(Score::new).map(QualityWish::Reaching)
            }
            Some(_) => None,
        };
        wish.ok_or(InvalidQualityWish)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_quality_is_a_whole_number_from_1_to_100() {
        assert_eq!("1".parse(), Quality::new(1));
        assert_eq!("100".parse(), Quality::new(100));
        for wrong in ["", "0", "101", "300", "+80", "-1", "80.0", " 80", "080"] {
            assert_eq!(wrong.parse::<Quality>(), Err(InvalidQuality), "{wrong:?}");
        }
    }

    #[test]
    fn a_wish_says_whose_number_it_is() {
        let quality = Quality::new(80).unwrap();
        assert_eq!("80".parse(), Ok(QualityWish::Alike(quality)));
        assert_eq!("codec:80".parse(), Ok(QualityWish::Codec(quality)));
        let auto = |score| Ok(QualityWish::Reaching(Score::new(score).unwrap()));
        assert_eq!("auto".parse(), auto(Score::DEFAULT.get()));
        assert_eq!("auto:30".parse(), auto(30));
        assert_eq!("auto:95".parse(), auto(95));
        for wrong in [
            "auto:",
            "auto:29",
            "auto:96",
            "auto:075",
            "auto:7.5",
            "auto75",
            "",
            "codec",
            "codec:",
            "codec:0",
            "codec:080",
            "codec: 80",
            "Codec:80",
            "80:codec",
        ] {
            assert_eq!(wrong.parse::<QualityWish>(), Err(InvalidQualityWish), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_alike(text in "((codec|auto):)?[0-9]{1,4}|\\PC{0,12}") {
            if let Ok(wish) = text.parse::<QualityWish>() {
                prop_assert_eq!(wish.to_string(), text);
            }
        }
    }
}
