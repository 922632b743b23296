//! What a node writes down about the log, so that a restart knows what it knew (invariant 8).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use purge_protocol::SavedFences;
use serde::{Deserialize, Serialize};

/// The file may be older than what is stored: records after it come from the log again before the node may
/// answer, because a restarted node holds no lease until it has caught up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeState {
    /// Which life of the node wrote this.
    pub incarnation: u64,
    pub fences: Option<SavedFences>,
}

#[derive(Debug, Clone)]
pub struct StateFile {
    path: PathBuf,
}

impl StateFile {
    pub fn in_folder(folder: &Path) -> Self {
        Self { path: folder.join("node-state.json") }
    }

    /// What an earlier life left; `None` when there is nothing that can be read. A file that is damaged counts as
    /// absent: then the whole log is followed from its start, or all that is stored is unusable.
    pub fn read(&self) -> Option<NodeState> {
        let text = fs::read(&self.path).ok()?;
        match serde_json::from_slice(&text) {
            Ok(state) => Some(state),
            Err(error) => {
                tracing::warn!(file = %self.path.display(), %error, "the node's state cannot be read; starting without");
                None
            }
        }
    }

    /// Whole or not at all.
    pub fn write(&self, state: &NodeState) -> io::Result<()> {
        let temporary = self.path.with_extension("tmp");
        fs::write(&temporary, serde_json::to_vec(state)?)?;
        fs::rename(&temporary, &self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use purge_protocol::Fences;

    #[test]
    fn what_is_written_is_read_and_a_damaged_file_counts_as_absent() {
        let folder = tempfile::tempdir().unwrap();
        let file = StateFile::in_folder(folder.path());
        assert_eq!(file.read(), None);
        let state = NodeState { incarnation: 7, fences: Some(Fences::unfollowed(10).save()) };
        file.write(&state).unwrap();
        assert_eq!(file.read(), Some(state));
        fs::write(folder.path().join("node-state.json"), b"{\"incarnation\":7,").unwrap();
        assert_eq!(file.read(), None);
    }
}
