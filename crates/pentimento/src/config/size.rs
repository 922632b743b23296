//! Sizes as people write them: `64MiB`, `10GB`, `512`.

/// The largest first.
const UNITS: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("TB", 1_000_000_000_000),
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("KB", 1_000),
    ("B", 1),
];

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a size: a whole number and one of B, KiB, MiB, GiB, TiB, KB, MB, GB, TB, such as \"64MiB\"")]
pub(super) struct NotASize;

/// In bytes. Units may be written in any case, and apart from the number; without one, bytes are meant.
pub(super) fn parse(text: &str) -> Result<u64, NotASize> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| NotASize)?;
    let factor = match unit.trim_start() {
        "" => 1,
        unit => UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)).ok_or(NotASize)?.1,
    };
    number.checked_mul(factor).ok_or(NotASize)
}

/// In the largest unit that keeps it whole; what [`parse`] reads.
pub(super) fn written(bytes: u64) -> String {
    let whole = |(_, factor): &&(&str, u64)| bytes >= *factor && bytes.is_multiple_of(*factor);
    match UNITS.iter().find(whole) {
        Some((name, factor)) => format!("{}{name}", bytes / factor),
        None => format!("{bytes}B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes_are_read_and_written() {
        for (text, bytes, normal) in [
            ("0", 0, "0B"),
            ("512", 512, "512B"),
            ("64MiB", 64 << 20, "64MiB"),
            ("64 mib", 64 << 20, "64MiB"),
            ("10GB", 10_000_000_000, "10GB"),
            ("1024KiB", 1 << 20, "1MiB"),
            ("1536MiB", 1536 << 20, "1536MiB"),
            ("1001B", 1001, "1001B"),
        ] {
            assert_eq!(parse(text), Ok(bytes), "{text}");
            assert_eq!(written(bytes), normal);
        }
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for bad in
            ["", "MiB", "-1", "+1", "1.5GiB", "1 2", "64Mi", "64MiBs", "18446744073709551616", "16777216TiB"]
        {
            assert_eq!(parse(bad), Err(NotASize), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn a_written_size_comes_back(bytes: u64) {
            prop_assert_eq!(parse(&written(bytes)), Ok(bytes));
        }

        #[test]
        fn any_text_is_a_size_or_an_error(text in "[0-9]{0,24}[ kKMBiüb]{0,4}") {
            let _ = parse(&text);
        }
    }
}
