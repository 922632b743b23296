//! Amounts as URLs give them: whole numbers in a range, percentages, parts of one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::decimal;

/// A whole number from `MIN` to `MAX`; without a wish, 0 or what is nearest to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Amount<const MIN: i16, const MAX: i16>(i16);

/// How far to go in either direction.
pub type Swing = Amount<-100, 100>;
/// How far to go.
pub type Percent = Amount<0, 100>;
/// A length in CSS pixels.
pub type Length = Amount<0, 1000>;

impl<const MIN: i16, const MAX: i16> Amount<MIN, MAX> {
    pub const fn new(value: i16) -> Option<Self> {
        if MIN <= value && value <= MAX { Some(Amount(value)) } else { None }
    }

    pub const fn get(self) -> i16 {
        self.0
    }

    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The amount without its sign.
    pub const fn size(self) -> u32 {
        self.0.unsigned_abs() as u32
    }
}

impl<const MIN: i16, const MAX: i16> Default for Amount<MIN, MAX> {
    fn default() -> Self {
        Amount(0.clamp(MIN, MAX))
    }
}

impl<const MIN: i16, const MAX: i16> fmt::Display for Amount<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the amount must be a whole number from {min} to {max}")]
pub struct InvalidAmount {
    min: i16,
    max: i16,
}

impl<const MIN: i16, const MAX: i16> FromStr for Amount<MIN, MAX> {
    type Err = InvalidAmount;

    /// One spelling for each number: no plus, no leading zeros, no negative zero.
    fn from_str(text: &str) -> Result<Self, InvalidAmount> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let plain =
            digits.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !digits.starts_with('0'));
        let value = plain.then(|| text.parse().ok()).flatten();
        value.and_then(Self::new).ok_or(InvalidAmount { min: MIN, max: MAX })
    }
}

/// How much of something shows, in percent: all of it unless a wish says less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Opacity(Percent);

impl Opacity {
    pub const fn new(percent: u8) -> Option<Opacity> {
        match Percent::new(percent as i16) {
            Some(percent) => Some(Opacity(percent)),
            None => None,
        }
    }

    pub const fn percent(self) -> u32 {
        self.0.size()
    }
}

impl Default for Opacity {
    fn default() -> Opacity {
        Opacity(Amount(100))
    }
}

impl fmt::Display for Opacity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Opacity {
    type Err = InvalidAmount;

    fn from_str(text: &str) -> Result<Opacity, InvalidAmount> {
        text.parse().map(Opacity)
    }
}

/// A part of one, from 0 to 1 with at most four decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fraction(u16);

impl Fraction {
    const PLACES: usize = 4;
    /// How many of its units make one.
    pub const UNITS: u16 = 10_000;
    pub const HALF: Fraction = Fraction(Fraction::UNITS / 2);

    pub const fn from_units(units: u16) -> Option<Fraction> {
        if units <= Fraction::UNITS { Some(Fraction(units)) } else { None }
    }

    pub const fn units(self) -> u16 {
        self.0
    }

    pub fn get(self) -> f64 {
        f64::from(self.0) / f64::from(Fraction::UNITS)
    }
}

impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal::write(f, u32::from(self.0), Fraction::PLACES)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the fraction must be a number from 0 to 1 with at most four decimals")]
pub struct InvalidFraction;

impl FromStr for Fraction {
    type Err = InvalidFraction;

    fn from_str(text: &str) -> Result<Fraction, InvalidFraction> {
        let units = decimal::read(text, Fraction::PLACES).and_then(|units| u16::try_from(units).ok());
        units.and_then(Fraction::from_units).ok_or(InvalidFraction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_amount_is_a_whole_number_in_its_range() {
        for (text, expected) in [
            ("0", Some(0)),
            ("7", Some(7)),
            ("-100", Some(-100)),
            ("100", Some(100)),
            ("101", None),
            ("-101", None),
            ("+7", None),
            ("07", None),
            ("-0", None),
            ("-07", None),
            ("--7", None),
            ("7.0", None),
            ("", None),
            ("-", None),
            ("٣", None),
            ("99999", None),
        ] {
            assert_eq!(text.parse::<Swing>().ok().map(Swing::get), expected, "{text:?}");
        }
        let refused = "1001".parse::<Length>().unwrap_err();
        assert_eq!(refused.to_string(), "the amount must be a whole number from 0 to 1000");
    }

    #[test]
    fn without_a_wish_an_amount_is_as_near_to_nothing_as_it_may_be() {
        assert_eq!(Swing::default().get(), 0);
        assert_eq!(Amount::<1, 9>::default().get(), 1);
        assert_eq!(Opacity::default().percent(), 100);
    }

    #[test]
    fn a_fraction_is_a_part_of_one() {
        for (text, expected) in [
            ("0", Some(0)),
            ("1", Some(10_000)),
            ("0.5", Some(5000)),
            ("0.1234", Some(1234)),
            ("1.0", Some(10_000)),
        ] {
            assert_eq!(text.parse().ok().map(Fraction::units), expected, "{text:?}");
        }
        for wrong in ["1.0001", "2", "0.12345", ".5", "-0.5", "50%", "7"] {
            assert_eq!(wrong.parse::<Fraction>(), Err(InvalidFraction), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(value in -100i16..=100, units in 0u16..=10_000) {
            let amount = Swing::new(value).unwrap();
            prop_assert_eq!(amount.to_string().parse::<Swing>(), Ok(amount));
            let fraction = Fraction::from_units(units).unwrap();
            prop_assert_eq!(fraction.to_string().parse::<Fraction>(), Ok(fraction));
        }

        #[test]
        fn no_text_panics(text in "\\PC*|-?[0-9.]{0,12}") {
            let _ = text.parse::<Swing>();
            let _ = text.parse::<Opacity>();
            let _ = text.parse::<Fraction>();
        }
    }
}
