//! What is measured: from which kind of original to what.

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Case {
    pub name: &'static str,
    pub title: &'static str,
    /// Of the originals, as `prepare.py` writes it.
    pub kind: &'static str,
    /// Of the derivative; 0 is the original's.
    pub width: u32,
    pub format: &'static str,
    pub quality: Quality,
    /// What the peers are told; ours has no such setting. None is each one's own default.
    pub effort: Option<u8>,
    /// At most so many originals, the largest first: some encoders take seconds, and so does scoring large derivatives.
    pub originals: usize,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Quality {
    /// The format has none.
    None,
    /// By number: JPEG and WebP mean the same by it everywhere.
    Same(u8),
    /// Each one's own default.
    Own,
    /// The peers' such that the score comes nearest to that of ours at its default.
    SameScore,
}

const MANY: usize = 100;

impl Case {
    pub const ALL: [Case; 16] = [
        case("jpeg-800", "JPEG to JPEG, 800 px", "jpeg", 800, "jpeg", Quality::Same(80), None, MANY),
        case("jpeg-300", "JPEG to JPEG, 300 px", "jpeg", 300, "jpeg", Quality::Same(80), None, MANY),
        case("jpeg-same", "JPEG to JPEG, size kept", "jpeg", 0, "jpeg", Quality::Same(80), None, 12),
        case(
            "progressive-800",
            "progressive JPEG to JPEG, 800 px",
            "progressive",
            800,
            "jpeg",
            Quality::Same(80),
            None,
            MANY,
        ),
        case(
            "progressive-300",
            "progressive JPEG to JPEG, 300 px",
            "progressive",
            300,
            "jpeg",
            Quality::Same(80),
            None,
            MANY,
        ),
        case(
            "webp-own",
            "JPEG to WebP, 800 px, each at its own settings",
            "jpeg",
            800,
            "webp",
            Quality::Own,
            None,
            MANY,
        ),
        case(
            "webp-same",
            "JPEG to WebP, 800 px, at our effort",
            "jpeg",
            800,
            "webp",
            Quality::Same(80),
            Some(2),
            MANY,
        ),
        case(
            "avif-own",
            "JPEG to AVIF, 800 px, each at its own settings",
            "jpeg",
            800,
            "avif",
            Quality::Own,
            None,
            6,
        ),
        case(
            "avif-score",
            "JPEG to AVIF, 800 px, at our speed and score",
            "jpeg",
            800,
            "avif",
            Quality::SameScore,
            Some(1),
            6,
        ),
        case(
            "webp-webp",
            "WebP to WebP, 800 px, at our effort and score",
            "webp",
            800,
            "webp",
            Quality::SameScore,
            Some(2),
            MANY,
        ),
        case(
            "gif-webp",
            "GIF that moves to WebP, 300 px, at our effort",
            "moving",
            300,
            "webp",
            Quality::Own,
            Some(2),
            MANY,
        ),
        case("gif-gif", "GIF that moves to GIF, 300 px", "moving", 300, "gif", Quality::None, None, MANY),
        case("avif-jpeg", "AVIF to JPEG, 800 px", "avif", 800, "jpeg", Quality::Same(80), None, MANY),
        case("alpha-png", "PNG with alpha to PNG, 400 px", "alpha", 400, "png", Quality::None, None, MANY),
        case(
            "alpha-webp",
            "PNG with alpha to WebP, 400 px, at our effort",
            "alpha",
            400,
            "webp",
            Quality::Same(80),
            Some(2),
            MANY,
        ),
        case("png-jpeg", "PNG to JPEG, 300 px", "png", 300, "jpeg", Quality::Same(80), None, MANY),
    ];

    pub fn named(names: &[String]) -> anyhow::Result<Vec<Case>> {
        if names.is_empty() {
            return Ok(Case::ALL.to_vec());
        }
        let find = |name: &String| {
            let known = Case::ALL.iter().map(|case| case.name).collect::<Vec<_>>().join(", ");
            let found = Case::ALL.iter().find(|case| case.name == name).copied();
            found.ok_or_else(|| anyhow::anyhow!("there is no case {name:?}, only {known}"))
        };
        names.iter().map(find).collect()
    }
}

#[expect(clippy::too_many_arguments, reason = "a row of the table")]
const fn case(
    name: &'static str,
    title: &'static str,
    kind: &'static str,
    width: u32,
    format: &'static str,
    quality: Quality,
    effort: Option<u8>,
    originals: usize,
) -> Case {
    Case { name, title, kind, width, format, quality, effort, originals }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_found_by_name_and_unknown_ones_are_listed() {
        assert_eq!(Case::named(&[]).unwrap().len(), Case::ALL.len());
        assert_eq!(Case::named(&["jpeg-300".to_owned()]).unwrap()[0].width, 300);
        let error = Case::named(&["jpeg-9".to_owned()]).unwrap_err().to_string();
        assert!(error.starts_with("there is no case \"jpeg-9\", only jpeg-800, "), "{error}");
    }
}
