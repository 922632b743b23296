//! The fonts that texts are set in: one that is built in, and those of the operator's folder.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use blobs::Digest;
use bytes::Bytes;
use plan::FontName;

/// DejaVu Sans: Latin, Greek, Cyrillic, Arabic, Hebrew, Armenian, Georgian and more. Its licence is beside it.
const BUILT_IN: &[u8] = include_bytes!("../fonts/DejaVuSans.ttf");

/// Of one file.
const BYTES_MAX: u64 = 64 << 20;
const FONTS_MAX: usize = 256;
/// Of all, as they are kept in memory.
const ALL_BYTES_MAX: u64 = 256 << 20;
/// Of those that a drawing's letters may be in, which go to a worker with it.
const LETTERS_BYTES_MAX: usize = 32 << 20;

pub struct Fonts(BTreeMap<FontName, Font>);

/// One font file, and what its derivatives' keys know it by.
#[derive(Debug, Clone)]
pub struct Font {
    pub digest: Digest,
    pub bytes: Bytes,
}

#[derive(Debug, thiserror::Error)]
pub enum FontsError {
    #[error("the folder of fonts {0:?} cannot be read: {1}")]
    Folder(PathBuf, io::Error),
    #[error("the font {0:?} cannot be read: {1}")]
    File(PathBuf, io::Error),
    #[error("the font {0:?} has {1} bytes where {BYTES_MAX} are allowed")]
    TooLarge(PathBuf, u64),
    #[error("the file {0:?} is no TrueType or OpenType font with outlines of Unicode letters")]
    NoFont(PathBuf),
    #[error(
        "the font {0:?} cannot be called by its file's name: that takes a letter or digit, and 63 characters at most"
    )]
    Nameless(PathBuf),
    #[error("two fonts are called {0}, one of them {1:?}")]
    Twice(FontName, PathBuf),
    #[error(
        "the folder of fonts {0:?} has more than {FONTS_MAX} fonts, or more than {ALL_BYTES_MAX} bytes of them"
    )]
    TooMany(PathBuf),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no font {found}; there are {}", known.join(", "))]
pub struct UnknownFont {
    pub found: FontName,
    pub known: Vec<String>,
}

impl Default for Fonts {
    fn default() -> Self {
        Self(BTreeMap::from([(FontName::default(), Font::of(Bytes::from_static(BUILT_IN)))]))
    }
}

impl Font {
    fn of(bytes: Bytes) -> Self {
        Self { digest: Digest::of(&bytes), bytes }
    }
}

impl Fonts {
    /// The built-in font, and every `.ttf` and `.otf` of a folder by its file's name: `Noto Sans JP.otf` is
    /// `noto-sans-jp`. One that is called `sans` takes the place of the built-in one.
    pub fn with(folder: Option<&Path>) -> Result<Self, FontsError> {
        let Some(folder) = folder else { return Ok(Self::default()) };
        let mut fonts = Self::default();
        for (name, path) in files(folder)? {
            fonts.0.insert(name, read(&path)?);
        }
        Ok(fonts)
    }

    pub fn get(&self, name: &FontName) -> Result<&Font, UnknownFont> {
        self.0.get(name).ok_or_else(|| UnknownFont {
            found: name.clone(),
            known: self.0.keys().map(ToString::to_string).collect(),
        })
    }

    /// Those that the letters of a drawing may be in: the one that is called `sans` first, for whatever a drawing asks
    /// for that is not here, then as many as may go along, by their names.
    pub fn letters(&self) -> Vec<&Font> {
        let first = self.0.get(&FontName::default());
        let others = self.0.iter().filter(|(name, _)| **name != FontName::default()).map(|(_, font)| font);
        let mut room = LETTERS_BYTES_MAX;
        let mut fits = |font: &&Font| match room.checked_sub(font.bytes.len()) {
            Some(rest) => {
                room = rest;
                true
            }
            None => false,
        };
        first.into_iter().chain(others).filter(|font| fits(font)).collect()
    }
}

/// What a folder has of fonts, unread: one that has too much is refused before anything of it is in memory.
fn files(folder: &Path) -> Result<BTreeMap<FontName, PathBuf>, FontsError> {
    let unreadable = |error| FontsError::Folder(folder.to_owned(), error);
    let (mut found, mut bytes) = (BTreeMap::new(), 0);
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        if !matches!(extension.to_ascii_lowercase().as_str(), "ttf" | "otf") {
            continue;
        }
        let name = name_of(&path).ok_or_else(|| FontsError::Nameless(path.clone()))?;
        let length = fs::metadata(&path).map_err(|error| FontsError::File(path.clone(), error))?.len();
        if length > BYTES_MAX {
            return Err(FontsError::TooLarge(path, length));
        }
        bytes += length;
        if let Some(other) = found.insert(name.clone(), path) {
            return Err(FontsError::Twice(name, other));
        }
        if found.len() > FONTS_MAX || bytes > ALL_BYTES_MAX {
            return Err(FontsError::TooMany(folder.to_owned()));
        }
    }
    Ok(found)
}

fn read(path: &Path) -> Result<Font, FontsError> {
    let unreadable = |error| FontsError::File(path.to_owned(), error);
    let bytes = fs::read(path).map_err(unreadable)?;
    if !transform::is_font(&bytes) {
        return Err(FontsError::NoFont(path.to_owned()));
    }
    Ok(Font::of(bytes.into()))
}

/// The file's name without its ending, in the letters that a name may have.
fn name_of(path: &Path) -> Option<FontName> {
    let stem = path.file_stem()?.to_str()?.to_ascii_lowercase();
    let plain: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    plain.trim_matches('-').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, bytes) in files {
            fs::write(folder.path().join(name), bytes).expect("it can be written");
        }
        folder
    }

    fn names(fonts: &Fonts) -> Vec<String> {
        fonts.0.keys().map(ToString::to_string).collect()
    }

    #[test]
    fn a_font_is_called_as_its_file() {
        let folder = folder(&[("My Corporate_Font.TTF", BUILT_IN), ("readme.txt", b"hello")]);
        let fonts = Fonts::with(Some(folder.path())).expect("fonts");
        assert_eq!(names(&fonts), ["my-corporate-font", "sans"]);
        let unknown = fonts.get(&"comic".parse().expect("a name")).expect_err("it is not there");
        assert_eq!(unknown.to_string(), "there is no font comic; there are my-corporate-font, sans");
    }

    /// Files without anything in them, of these lengths: none of them may be read before all are counted.
    fn of_lengths(lengths: &[u64]) -> FontsError {
        let folder = folder(&[]);
        for (number, length) in lengths.iter().enumerate() {
            let file = fs::File::create(folder.path().join(format!("{number}.ttf"))).expect("a file");
            file.set_len(*length).expect("it can be that long");
        }
        Fonts::with(Some(folder.path())).err().expect("they are no fonts")
    }

    #[test]
    fn fonts_have_a_most_of_bytes_each_and_together_and_a_most_number() {
        assert!(matches!(of_lengths(&[BYTES_MAX]), FontsError::NoFont(_)));
        assert!(
            matches!(of_lengths(&[BYTES_MAX + 1]), FontsError::TooLarge(_, length) if length == BYTES_MAX + 1)
        );
        assert!(matches!(of_lengths(&[0; FONTS_MAX]), FontsError::NoFont(_)));
        assert!(matches!(of_lengths(&[0; FONTS_MAX + 1]), FontsError::TooMany(_)));
        let whole = [BYTES_MAX; (ALL_BYTES_MAX / BYTES_MAX) as usize];
        assert!(matches!(of_lengths(&whole), FontsError::NoFont(_)));
        assert!(matches!(of_lengths(&[&whole[..], &[1]].concat()), FontsError::TooMany(_)));
    }

    #[test]
    fn a_drawing_takes_as_many_fonts_along_as_there_is_room_for() {
        let font = |length: usize| Font { digest: Digest::of(b""), bytes: vec![0; length].into() };
        let taken = |fonts: &[(&str, usize)]| -> Vec<usize> {
            let fonts = fonts.iter().map(|(name, length)| (name.parse().expect("a name"), font(*length)));
            Fonts(fonts.collect()).letters().iter().map(|font| font.bytes.len()).collect()
        };
        let most = LETTERS_BYTES_MAX;
        assert_eq!(taken(&[("a", most - 9), ("sans", 9)]), [9, most - 9]);
        assert_eq!(taken(&[("a", most - 8), ("sans", 9)]), [9]);
        // What is smaller may still have room behind what has none.
        assert_eq!(taken(&[("a", 1), ("b", most), ("c", 2), ("sans", 9)]), [9, 1, 2]);
        assert_eq!(taken(&[("a", 1), ("sans", most + 1)]), [1]);
    }

    #[test]
    fn what_cannot_be_used_is_said_with_its_file() {
        for (files, expected) in [
            (
                &[("a.ttf", &b"<html>"[..])][..],
                "is no TrueType or OpenType font with outlines of Unicode letters",
            ),
            (
                &[("a.ttf", &BUILT_IN[..100])],
                "is no TrueType or OpenType font with outlines of Unicode letters",
            ),
            (&[("A b.ttf", BUILT_IN), ("a-b.otf", BUILT_IN)], "two fonts are called a-b"),
            (&[("+.ttf", BUILT_IN)], "cannot be called by its file's name"),
        ] {
            let folder = folder(files);
            let error = Fonts::with(Some(folder.path())).err().expect("an error").to_string();
            assert!(error.contains(expected), "{error}");
        }
        assert!(matches!(Fonts::with(Some(Path::new("/nowhere"))), Err(FontsError::Folder(..))));
    }
}
