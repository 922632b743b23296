//! The model that backgrounds are removed by: the operator's file, read and tried once.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use blobs::Digest;
use render_worker::Model;
use transform::{ModelError, Network, Normalisation};

/// Of the file. What sees a foreground well has some 170 MB; what is quick, 5.
pub const BYTES_MAX: u64 = 256 << 20;

pub struct Cutter {
    /// What derivatives' keys know it by.
    pub key: String,
    /// What following it takes in a worker, in bytes.
    pub memory: u64,
    pub model: Model,
}

#[derive(Debug, thiserror::Error)]
pub enum CutterError {
    #[error("the model {0:?} cannot be read: {1}")]
    File(PathBuf, io::Error),
    #[error("the model {0:?} has more than the {BYTES_MAX} bytes that are allowed")]
    TooLarge(PathBuf),
    #[error("the model {0:?} cannot be used: {1}")]
    Model(PathBuf, ModelError),
    #[error(
        "the model {path:?} needs {needed} bytes of memory to remove a background, and `render_memory` in [limits] is {limit}"
    )]
    TooLittleMemory { path: PathBuf, needed: u64, limit: u64 },
}

impl Cutter {
    /// `memory` is what one render may take.
    pub fn with(path: &Path, normalisation: Normalisation, memory: u64) -> Result<Self, CutterError> {
        let unreadable = |error| CutterError::File(path.to_owned(), error);
        let mut onnx = Vec::new();
        let file = File::open(path).map_err(unreadable)?;
        file.take(BYTES_MAX + 1).read_to_end(&mut onnx).map_err(unreadable)?;
        if onnx.len() as u64 > BYTES_MAX {
            return Err(CutterError::TooLarge(path.to_owned()));
        }
        let network = Network::read(&onnx, normalisation)
            .map_err(|error| CutterError::Model(path.to_owned(), error))?;
        let needed = network.memory();
        if needed > memory {
            return Err(CutterError::TooLittleMemory { path: path.to_owned(), needed, limit: memory });
        }
        let key = format!("{} {normalisation}", Digest::of(&onnx));
        Ok(Self { key, memory: needed, model: Model { onnx: onnx.into(), normalisation } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(path: &Path) -> String {
        Cutter::with(path, Normalisation::default(), 1 << 30).err().expect("an error").to_string()
    }

    #[test]
    fn what_cannot_be_used_is_said_with_its_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("model.onnx");
        assert!(refusal(&path).contains("model.onnx\" cannot be read: No such file"), "{}", refusal(&path));
        std::fs::write(&path, b"<html>").expect("it can be written");
        assert!(refusal(&path).contains("model.onnx\" cannot be used: "), "{}", refusal(&path));
        let file = File::create(&path).expect("it can be written");
        file.set_len(BYTES_MAX + 1).expect("a large file");
        assert!(refusal(&path).contains("has more than the 268435456 bytes"), "{}", refusal(&path));
    }
}
