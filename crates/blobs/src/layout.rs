//! Where files lie: `<kind>/<first byte of the digest>/<digest>`, and what of a folder is ours.

use std::ffi::OsStr;
use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::digest::Digest;
use crate::kind::Kind;

/// The folder of a blob's file, and the file.
pub(crate) fn place_of(dir: &Path, kind: Kind, digest: &Digest) -> (PathBuf, PathBuf) {
    let name = digest.to_string();
    let folder = dir.join(kind.folder()).join(first_byte(&name));
    let file = folder.join(name);
    (folder, file)
}

/// A file that has the name of a blob. Whether it is one shows when it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) kind: Kind,
    pub(crate) digest: Digest,
    pub(crate) bytes: u64,
}

/// All blobs below a folder, the longest unchanged first. What has no name of ours is left alone.
pub(crate) fn walk(dir: &Path) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    for kind in Kind::ALL {
        let kind_dir = dir.join(kind.folder());
        fs::create_dir_all(&kind_dir)?;
        for folder in fs::read_dir(&kind_dir)? {
            let folder = folder?;
            if !folder.file_type()?.is_dir() {
                continue;
            }
            for file in fs::read_dir(folder.path())? {
                found.extend(recognise(kind, &folder.file_name(), &file?));
            }
        }
    }
    found.sort_by_key(|(changed, _)| *changed);
    Ok(found.into_iter().map(|(_, found)| found).collect())
}

fn recognise(kind: Kind, folder: &OsStr, file: &DirEntry) -> Option<(SystemTime, Found)> {
    let name = file.file_name();
    let name = name.to_str()?;
    let digest = name.parse().ok()?;
    let metadata = file.metadata().ok()?;
    if !metadata.is_file() || folder != first_byte(name) {
        return None;
    }
    Some((metadata.modified().ok()?, Found { kind, digest, bytes: metadata.len() }))
}

/// Spreads files over 256 folders. `name` is that of a digest, 64 ASCII digits.
fn first_byte(name: &str) -> &str {
    name.get(..2).unwrap_or(name)
}
