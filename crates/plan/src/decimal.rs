//! Plain decimals: digits with at most one point. No sign, no exponent, and no floating point that could round them.

use std::fmt;

/// `text` counted in units of its last allowed decimal: `1.5` with two `places` is 150.
///
/// Trailing zeros are let pass; a decimal too many is refused rather than rounded, for it would make two URLs of one
/// picture.
pub(crate) fn read(text: &str, places: usize) -> Option<u32> {
    let (whole, decimals) = match text.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (text, ""),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let padded = whole.len() > 1 && whole.starts_with('0');
    if whole.is_empty() || padded || decimals.len() > places || !digits(whole) || !digits(decimals) {
        return None;
    }
    format!("{whole}{decimals:0<places$}").parse().ok()
}

/// The shortest text that [`read`] gives `value` for.
pub(crate) fn write(f: &mut fmt::Formatter<'_>, value: u32, places: usize) -> fmt::Result {
    let unit = 10u32.pow(places as u32);
    let decimals = format!("{:0places$}", value % unit);
    match decimals.trim_end_matches('0') {
        "" => write!(f, "{}", value / unit),
        decimals => write!(f, "{}.{decimals}", value / unit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Shown(u32, usize);

    impl fmt::Display for Shown {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write(f, self.0, self.1)
        }
    }

    #[test]
    fn a_decimal_is_read_to_its_places() {
        for (text, places, expected) in [
            ("0", 2, Some(0)),
            ("1.5", 2, Some(150)),
            ("1.50", 2, Some(150)),
            ("0.001", 3, Some(1)),
            ("12", 0, Some(12)),
            ("1.125", 2, None),
            ("1.", 2, None),
            (".5", 2, None),
            ("", 2, None),
            ("01", 2, None),
            ("-1", 2, None),
            ("+1", 2, None),
            ("1e0", 2, None),
            ("1,5", 2, None),
            ("1.٣", 2, None),
            ("1.2.3", 4, None),
            ("99999999999", 0, None),
        ] {
            assert_eq!(read(text, places), expected, "{text:?} to {places} places");
        }
    }

    proptest! {
        #[test]
        fn every_decimal_survives_being_written_and_read(value: u32, places in 0usize..=4) {
            prop_assert_eq!(read(&Shown(value, places).to_string(), places), Some(value));
        }

        #[test]
        fn no_text_panics(text in "\\PC*|[0-9.]{0,24}", places in 0usize..=4) {
            let _ = read(&text, places);
        }
    }
}
