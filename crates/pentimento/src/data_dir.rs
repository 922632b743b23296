//! One folder that holds everything a node keeps, and the lock that says whose it is.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use api::ReceiptKey;
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

    /// The name by which a catalog on a server knows this directory; made when it is first asked for.
    pub fn holder(&self, node: &str) -> Result<String, DataDirError> {
        let path = self.path.join("catalog.holder");
        let unusable = |error| DataDirError::Unusable(path.clone(), error);
        match fs::read_to_string(&path) {
            Ok(name) if !name.trim().is_empty() => return Ok(name.trim().to_owned()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(unusable(error)),
        }
        let name = format!("{node}-{}", random::<8>().map_err(unusable)?);
        // Whole or not at all: half a name would be another one.
        let draft = self.path.join("catalog.holder.new");
        let mut file = File::create(&draft).map_err(unusable)?;
        writeln!(file, "{name}").and_then(|()| file.sync_all()).map_err(unusable)?;
        fs::rename(&draft, &path).map_err(unusable)?;
        Ok(name)
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
        self.write_secret(&token_file(&self.path))
    }

    /// What receipts are signed with, made when it is first asked for; readable by its owner only.
    pub fn receipt_key(&self) -> Result<ReceiptKey, DataDirError> {
        let path = self.path.join("receipt.key");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.write_secret(&path)?,
            Err(error) => return Err(DataDirError::Unusable(path, error)),
        };
        // A new one in place of one that is broken would make all receipts so far worthless without a word.
        let broken = || io::Error::new(io::ErrorKind::InvalidData, "it is no key of 32 bytes in hex");
        let seed = unhex(text.trim()).and_then(|seed| ReceiptKey::from_seed(&seed));
        seed.ok_or_else(|| DataDirError::Unusable(path, broken()))
    }

    /// 32 random bytes in hex, in a file of their own.
    fn write_secret(&self, path: &Path) -> Result<String, DataDirError> {
        let unusable = |error| DataDirError::Unusable(path.to_owned(), error);
        let secret = random::<32>().map_err(unusable)?;
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(path)
            .map_err(unusable)?;
        writeln!(file, "{secret}").map_err(unusable)?;
        Ok(secret)
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.bytes().map(|byte| char::from(byte).to_digit(16)).collect::<Option<Vec<u32>>>()?;
    let pairs = digits.chunks_exact(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok());
    if digits.len() % 2 == 0 { pairs.collect() } else { None }
}

/// So many random bytes, as text.
fn random<const BYTES: usize>() -> io::Result<String> {
    let mut random = [0; BYTES];
    File::open("/dev/urandom")?.read_exact(&mut random)?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
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
        let public = data.receipt_key().unwrap().public();
        assert_eq!(data.receipt_key().unwrap().public(), public);
        for broken in ["", "00", "zz", &"0".repeat(63)] {
            fs::write(folder.path().join("receipt.key"), broken).unwrap();
            assert!(data.receipt_key().is_err(), "{broken:?}");
        }
        let holder = data.holder("node-1").unwrap();
        assert!(holder.starts_with("node-1-"));
        assert_eq!(data.holder("called otherwise by now").unwrap(), holder);
    }
}
