//! stub
use crate::run::Findings;
use std::path::Path;
pub fn write(path: &Path, findings: &Findings) -> std::io::Result<()> {
    std::fs::write(path, findings.to_string())
}
