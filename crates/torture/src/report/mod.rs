//! The report: one HTML file that needs nothing else, with what happened on each node and each link, and when.

mod lives;
mod page;
mod timeline;

use std::path::Path;

use askama::Template;

use crate::run::Findings;

/// Writes the report of a run.
pub fn write(path: &Path, findings: &Findings) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let text = page::Page::of(findings).render().map_err(std::io::Error::other)?;
    std::fs::write(path, text)
}
