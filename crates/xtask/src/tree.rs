//! The files of the workspace: all their paths, and the text of those that rules read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

/// Folders that are made, fetched, or none of ours.
const SKIPPED: [&str; 5] = [".git", ".tools", "demo-data", "node_modules", "target"];
/// Cargo and others put it into folders that can be made again.
const CACHE_MARK: &str = "CACHEDIR.TAG";
const READ: [&str; 3] = ["md", "rs", "toml"];

/// Paths are relative to the root, with slashes; folders end in one.
#[derive(Debug, Default)]
pub struct Tree {
    paths: BTreeSet<String>,
    texts: BTreeMap<String, String>,
}

impl Tree {
    pub fn read(root: &Path) -> io::Result<Self> {
        let mut tree = Self::default();
        tree.walk(root, "")?;
        Ok(tree)
    }

    fn walk(&mut self, folder: &Path, prefix: &str) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{prefix}{name}");
            if entry.file_type()?.is_dir() {
                if !SKIPPED.contains(&name.as_str()) && !entry.path().join(CACHE_MARK).exists() {
                    let path = format!("{path}/");
                    self.walk(&entry.path(), &path)?;
                    self.paths.insert(path);
                }
                continue;
            }
            if READ.contains(&extension(&path)) {
                self.texts.insert(path.clone(), fs::read_to_string(entry.path())?);
            }
            self.paths.insert(path);
        }
        Ok(())
    }

    pub fn len(&self) -> usize {
        self.paths.len()
    }

    pub fn has(&self, path: &str) -> bool {
        self.paths.contains(path)
    }

    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().map(String::as_str)
    }

    pub fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// The files with this extension, and their texts.
    pub fn texts(&self, wanted: &str) -> impl Iterator<Item = (&str, &str)> {
        let texts = self.texts.iter().map(|(path, text)| (path.as_str(), text.as_str()));
        texts.filter(move |(path, _)| extension(path) == wanted)
    }
}

pub fn extension(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or("", |(_, extension)| extension)
}

#[cfg(test)]
impl Tree {
    /// A tree that exists in a test only.
    pub fn made_up(files: &[(&str, &str)]) -> Self {
        let mut tree = Self::default();
        for (path, text) in files {
            let folders = path.match_indices('/').map(|(slash, _)| path[..=slash].to_owned());
            tree.paths.extend(folders);
            tree.paths.insert((*path).to_owned());
            tree.texts.insert((*path).to_owned(), (*text).to_owned());
        }
        tree
    }
}
