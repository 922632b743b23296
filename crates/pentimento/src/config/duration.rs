//! Durations as people write them: `4s`, `1h30m`, `30d`, `500ms`.

use std::time::Duration;

/// In milliseconds, the longest first.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "is not a duration: whole numbers with d, h, m, s or ms, the longest first, such as \"30s\" or \"1h30m\""
)]
pub(super) struct NotADuration;

/// Each unit once, the longest first; a number without a unit is refused, because nobody knows what it means.
pub(super) fn parse(text: &str) -> Result<Duration, NotADuration> {
    let mut rest = text;
    let mut millis: u64 = 0;
    let mut units = UNITS.iter();
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or(NotADuration)?;
        let number: u64 = rest[..digits].parse().map_err(|_| NotADuration)?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(rest.len());
        // Continues behind the unit before: that is what keeps them in order.
        let (_, factor) = units.find(|(name, _)| *name == &rest[..letters]).ok_or(NotADuration)?;
        rest = &rest[letters..];
        let part = number.checked_mul(*factor).ok_or(NotADuration)?;
        millis = millis.checked_add(part).ok_or(NotADuration)?;
    }
    if text.is_empty() { Err(NotADuration) } else { Ok(Duration::from_millis(millis)) }
}

/// What [`parse`] reads; whatever is shorter than a millisecond is left out.
pub(super) fn written(duration: Duration) -> String {
    let mut millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if millis == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (name, factor) in UNITS {
        let number = millis / factor;
        millis %= factor;
        if number > 0 {
            text.push_str(&format!("{number}{name}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_are_read_and_written() {
        for (text, millis, normal) in [
            ("4s", 4_000, "4s"),
            ("1h30m", 5_400_000, "1h30m"),
            ("90m", 5_400_000, "1h30m"),
            ("30d", 2_592_000_000, "30d"),
            ("500ms", 500, "500ms"),
            ("1m1ms", 60_001, "1m1ms"),
            ("0s", 0, "0s"),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
            assert_eq!(written(Duration::from_millis(millis)), normal);
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for bad in [
            "",
            "4",
            "s",
            "4 s",
            "-4s",
            "1.5h",
            "30m1h",
            "1h1h",
            "4S",
            "4sec",
            "1w",
            "4sü",
            "99999999999999d",
        ] {
            assert_eq!(parse(bad), Err(NotADuration), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn a_written_duration_comes_back(millis: u64) {
            let duration = Duration::from_millis(millis);
            prop_assert_eq!(parse(&written(duration)), Ok(duration));
        }

        #[test]
        fn any_text_is_a_duration_or_an_error(text in "([0-9]{0,20}[dhmsü ]{0,2}){0,4}") {
            let _ = parse(&text);
        }
    }
}
