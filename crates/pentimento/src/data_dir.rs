//! One folder that holds everything a node keeps, and the lock that says whose it is.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use crate::config::{FILE_NAME, GENERATED};

/// Held for as long as the process lives. The lock is the proof that the node's earlier life has ended.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    #[error("the data directory {} is in use by another process; give this one its own with --data", .0.display())]
    InUse(PathBuf),
    #[error("the data directory {} cannot be used: {}", .0.display(), .1)]
    Unusable(PathBuf, io::Error),
    #[error("there is no API token in {}: is a node with the control role running on this data directory?", .0.display())]
    NoToken(PathBuf),
}

impl DataDir {
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        let unusable = |error| DataDirError::Unusable(path.to_owned(), error);
        fs::create_dir_all(path).map_err(unusable)?;
        let lock = File::create(path.join("lock")).map_err(unusable)?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| DataDirError::InUse(path.to_owned()))?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn catalog(&self) -> PathBuf {
        self.path.join("catalog.sqlite")
    }

    pub fn cache(&self) -> PathBuf {
        self.path.join("cache")
    }

    pub fn store(&self) -> PathBuf {
        self.path.join("store")
    }

    /// The account at a certificate authority, and the certificates that it issued.
    pub fn acme(&self) -> PathBuf {
        self.path.join("acme")
    }

    /// Writes the commented configuration where there is none.
    pub fn write_config_once(&self, text: Option<&str>) -> Result<(), DataDirError> {
        let path = self.path.join(FILE_NAME);
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => file
                .write_all(text.unwrap_or(GENERATED).as_bytes())
                .map_err(|error| DataDirError::Unusable(path, error)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(DataDirError::Unusable(path, error)),
        }
    }

    /// The API token, made when it is first asked for; readable by its owner only.
    pub fn token(&self) -> Result<String, DataDirError> {
        if let Ok(token) = read_token(&self.path) {
            return Ok(token);
        }
        let path = token_file(&self.path);
        let unusable = |error| DataDirError::Unusable(path.clone(), error);
        let mut random = [0; 32];
        File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut random)).map_err(unusable)?;
        let token: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .map_err(unusable)?;
        writeln!(file, "{token}").map_err(unusable)?;
        Ok(token)
    }
}

/// The token of a node that runs on this data directory.
pub fn read_token(data: &Path) -> Result<String, DataDirError> {
    let path = token_file(data);
    let token = fs::read_to_string(&path).map_err(|_| DataDirError::NoToken(data.to_owned()))?;
    let token = token.trim();
    if token.is_empty() { Err(DataDirError::NoToken(data.to_owned())) } else { Ok(token.to_owned()) }
}

fn token_file(data: &Path) -> PathBuf {
    data.join("api.token")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_directory_belongs_to_one_process_and_keeps_its_token() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(folder.path()).unwrap();
        assert!(matches!(DataDir::open(folder.path()), Err(DataDirError::InUse(_))));
        assert!(matches!(read_token(folder.path()), Err(DataDirError::NoToken(_))));
        let token = data.token().unwrap();
        assert_eq!(token.len(), 64);
        assert_eq!(data.token().unwrap(), token);
        assert_eq!(read_token(folder.path()).unwrap(), token);
    }
}
