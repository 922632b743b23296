//! Secrets: in the file itself, in a file of their own, or in an environment variable.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::section::Section;
use super::writer::Writer;

#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    bytes: Vec<u8>,
    pub from: SecretFrom,
}

/// Where a secret is kept; this may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretFrom {
    Written,
    File(PathBuf),
    Variable(String),
}

impl Secret {
    /// In bytes: what HMAC-SHA256 keys of ours need at least, and nobody guesses.
    pub const LEN_MIN: usize = 16;
    const FILE_LEN_MAX: u64 = 64 << 10;

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn is_written(&self) -> bool {
        self.from == SecretFrom::Written
    }

    /// From exactly one of `secret`, `secret_file` and `secret_env`. One that comes from outside the file counts
    /// more than all in it.
    pub(super) fn read(section: &mut Section, required: bool) -> Option<Self> {
        Self::read_with(section, required, Self::LEN_MIN)
    }

    /// One that somebody else's server has set.
    pub(super) fn read_of_any_length(section: &mut Section) -> Option<Self> {
        Self::read_with(section, false, 1)
    }

    fn read_with(section: &mut Section, required: bool, len_min: usize) -> Option<Self> {
        const KEYS: [&str; 3] = ["secret", "secret_file", "secret_env"];
        let texts = KEYS.map(|key| section.text(key));
        let outside = KEYS.iter().any(|key| section.is_set_outside(key));
        let set: Vec<_> = KEYS
            .into_iter()
            .zip(texts)
            .filter(|(key, _)| if outside { section.is_set_outside(key) } else { section.is_set(key) })
            .collect();
        match set.as_slice() {
            [] => {
                if required {
                    let message =
                        "a secret is missing: write one of `secret`, `secret_file` and `secret_env`";
                    section.complain("secret", message.to_owned());
                }
                None
            }
            // A setting without its text has left a complaint already.
            [(key, text)] => Self::resolve(section, key, text.as_ref()?, len_min),
            [_, (key, _), ..] => {
                let message = "write only one of `secret`, `secret_file` and `secret_env`";
                section.complain(key, message.to_owned());
                None
            }
        }
    }

    fn resolve(section: &mut Section, key: &str, text: &str, len_min: usize) -> Option<Self> {
        let found = match key {
            "secret_file" => match read_file(Path::new(text)) {
                Ok(bytes) => Ok((bytes, SecretFrom::File(text.into()))),
                Err(error) => Err(format!("`{key}`: {text} cannot be read: {error}")),
            },
            "secret_env" => match section.variable(text) {
                Some(secret) => Ok((secret.as_bytes().to_vec(), SecretFrom::Variable(text.to_owned()))),
                None => Err(format!("`{key}`: the environment has no variable {text}")),
            },
            _ => Ok((text.as_bytes().to_vec(), SecretFrom::Written)),
        };
        let checked = found.and_then(|(bytes, from)| match bytes.len() {
            len if len < len_min => {
                Err(format!("`{key}`: the secret has {len} bytes: at least {len_min} are needed"))
            }
            _ => Ok(Self { bytes, from }),
        });
        checked.map_err(|message| section.complain(key, message)).ok()
    }
}

impl SecretFrom {
    pub(super) fn write(&self, out: &mut Writer) {
        match self {
            SecretFrom::Written => out.note("secret = (set)"),
            SecretFrom::File(path) => out.text("secret_file", path.display()),
            SecretFrom::Variable(name) => out.text("secret_env", name),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("from", &self.from).finish_non_exhaustive()
    }
}

/// Without the line break at its end, which editors and `echo` leave there.
fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(Secret::FILE_LEN_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > Secret::FILE_LEN_MAX {
        return Err(io::Error::other(format!("it has more than {} bytes", Secret::FILE_LEN_MAX)));
    }
    Ok(bytes.trim_ascii_end().to_vec())
}
