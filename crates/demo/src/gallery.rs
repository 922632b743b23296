//! A folder of pictures, each in its current edition.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, TryLockError};

use serde::{Deserialize, Serialize};
use tracing::info;

use crate::encode::EncodeError;
use crate::picture::{PICTURES, Picture};

/// Remembers editions beside the pictures. What begins with a dot is never served.
const EDITIONS: &str = ".editions.json";

/// The folder that the demo source serves. Clones share it.
#[derive(Debug, Clone)]
pub struct Gallery {
    dir: PathBuf,
    shrink: u16,
    /// One edit at a time: each takes all processors.
    editing: Arc<Mutex<()>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PictureInfo {
    pub path: String,
    pub edition: u32,
    pub bytes: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum EditError {
    #[error("there is no demo picture at {path:?} (there are: {})", PICTURES.map(|picture| picture.path).join(", "))]
    Unknown { path: String },
    #[error("another picture is being changed; try again in a few seconds")]
    Busy,
    #[error(transparent)]
    Encode(#[from] EncodeError),
    #[error("the folder of the demo pictures cannot be used: {0}")]
    Io(#[from] io::Error),
}

/// Renders what is missing in a folder, and says what is there.
pub fn prepare(dir: &Path) -> io::Result<Vec<PictureInfo>> {
    Gallery::in_folder(dir).prepare()
}

impl Gallery {
    pub fn in_folder(dir: impl Into<PathBuf>) -> Self {
        Self::shrunk(dir, 1)
    }

    /// The same pictures with their sides divided by `shrink`, for those who cannot wait (tests).
    pub fn shrunk(dir: impl Into<PathBuf>, shrink: u16) -> Self {
        Self { dir: dir.into(), shrink, editing: Arc::new(Mutex::new(())) }
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub fn prepare(&self) -> io::Result<Vec<PictureInfo>> {
        fs::create_dir_all(&self.dir)?;
        let editions = self.editions()?;
        for picture in &PICTURES {
            if !self.dir.join(picture.path).try_exists()? {
                info!(path = picture.path, "painting");
                let edition = editions.get(picture.path).copied().unwrap_or(1);
                let file = picture.render(edition, self.shrink).map_err(io::Error::other)?;
                self.replace(picture.path, &file)?;
            }
        }
        self.list()
    }

    pub fn list(&self) -> io::Result<Vec<PictureInfo>> {
        let editions = self.editions()?;
        let mut list = Vec::new();
        for picture in &PICTURES {
            match fs::metadata(self.dir.join(picture.path)) {
                Ok(metadata) => list.push(PictureInfo {
                    path: picture.path.to_owned(),
                    edition: editions.get(picture.path).copied().unwrap_or(1),
                    bytes: metadata.len(),
                }),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(list)
    }

    /// Replaces a picture with its next edition.
    pub fn edit(&self, path: &str) -> Result<PictureInfo, EditError> {
        let picture = Picture::at(path).ok_or_else(|| EditError::Unknown { path: path.to_owned() })?;
        let _editing = match self.editing.try_lock() {
            Ok(editing) => editing,
            // Nothing is half done after a panic: pictures are replaced whole.
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(EditError::Busy),
        };
        let mut editions = self.editions()?;
        let edition = editions.get(picture.path).copied().unwrap_or(1).saturating_add(1);
        let file = picture.render(edition, self.shrink)?;
        self.replace(picture.path, &file)?;
        editions.insert(picture.path.to_owned(), edition);
        self.replace(EDITIONS, &serde_json::to_vec_pretty(&editions).map_err(io::Error::other)?)?;
        Ok(PictureInfo { path: path.to_owned(), edition, bytes: file.len() as u64 })
    }

    fn editions(&self) -> io::Result<BTreeMap<String, u32>> {
        match fs::read(self.dir.join(EDITIONS)) {
            Ok(json) => serde_json::from_slice(&json).map_err(io::Error::other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(error) => Err(error),
        }
    }

    /// Whoever reads meanwhile gets all of the old file or all of the new one.
    fn replace(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let place = self.dir.join(path);
        let beside = self.dir.join(format!(".new-{}", path.replace('/', "-")));
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = File::create(&beside)?;
        file.write_all(bytes)?;
        drop(file);
        fs::rename(&beside, &place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHRINK: u16 = 40;

    #[test]
    fn what_is_missing_is_painted_and_what_is_there_stays() {
        let dir = tempfile::tempdir().expect("a folder");
        let gallery = Gallery::shrunk(dir.path().join("new"), SHRINK);
        let list = gallery.prepare().expect("it paints");
        assert_eq!(list.len(), PICTURES.len());
        assert!(list.iter().all(|info| info.edition == 1 && info.bytes > 100));

        let own = dir.path().join("new/badge.png");
        fs::write(&own, "put here by hand").expect("a file");
        fs::remove_file(dir.path().join("new/harbour/boats.jpg")).expect("it is there");
        assert_eq!(gallery.prepare().expect("it paints").len(), PICTURES.len());
        assert_eq!(fs::read(own).expect("it stays"), b"put here by hand");
    }

    #[test]
    fn an_edit_replaces_the_picture_by_its_next_edition_also_after_a_restart() {
        let dir = tempfile::tempdir().expect("a folder");
        let gallery = Gallery::shrunk(dir.path(), SHRINK);
        gallery.prepare().expect("it paints");
        let read = || fs::read(dir.path().join("cat.jpg")).expect("it is there");
        let first = read();

        assert_eq!(gallery.edit("cat.jpg").expect("it paints").edition, 2);
        assert_ne!(read(), first);
        let gallery = Gallery::shrunk(dir.path(), SHRINK);
        assert_eq!(gallery.edit("cat.jpg").expect("it paints").edition, 3);

        fs::remove_file(dir.path().join("cat.jpg")).expect("it is there");
        let list = gallery.prepare().expect("it paints");
        assert_eq!(
            list[0],
            PictureInfo { bytes: read().len() as u64, path: "cat.jpg".to_owned(), edition: 3 }
        );
    }

    #[test]
    fn only_our_pictures_can_be_edited() {
        let dir = tempfile::tempdir().expect("a folder");
        let gallery = Gallery::shrunk(dir.path(), SHRINK);
        for path in ["dog.jpg", "", "../cat.jpg", "/cat.jpg", ".editions.json", "harbour"] {
            assert!(matches!(gallery.edit(path), Err(EditError::Unknown { .. })), "{path}");
        }
    }
}
