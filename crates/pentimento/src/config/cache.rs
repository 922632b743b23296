//! `[cache]`: how much a node keeps.

use dialect::Excerpt;

use super::section::Section;
use super::writer::Writer;

/// In bytes where nothing else is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cache {
    pub memory: u64,
    /// None is kept on disk where this is 0.
    pub disk: u64,
    /// How many stored responses the disk tier has at most: each is a file.
    pub disk_files: u64,
    pub disk_admission: DiskAdmission,
    /// A response with a larger body is passed on but not stored.
    pub entry_max: u64,
    /// What all bodies may take together that are still coming.
    pub fill_memory: u64,
    /// Originals and derivatives of a renderer.
    pub store: u64,
}

/// What the disk tier takes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiskAdmission {
    /// What fits; once that is full, what is wanted a second time.
    SecondSight,
    Always,
}

impl DiskAdmission {
    fn name(self) -> &'static str {
        match self {
            DiskAdmission::SecondSight => "second-sight",
            DiskAdmission::Always => "always",
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let all = [DiskAdmission::SecondSight, DiskAdmission::Always];
        let named = all.into_iter().find(|admission| admission.name() == text);
        named.ok_or_else(|| {
            format!("{} is not allowed: allowed are second-sight and always", Excerpt::of(text))
        })
    }
}

impl Cache {
    pub(super) fn read(section: &mut Section) -> Self {
        const TIB: u64 = 1 << 40;
        Self {
            memory: section.size("memory", 256 << 20, 1 << 20..=64 * TIB),
            disk: section.size("disk", 10 << 30, 0..=1024 * TIB),
            disk_files: section.count("disk_files", 1_000_000, 1..=1_000_000_000),
            disk_admission: section
                .parsed_with("disk_admission", "a text in quotes", DiskAdmission::parse)
                .unwrap_or(DiskAdmission::SecondSight),
            entry_max: section.size("entry_max", 64 << 20, 1 << 10..=16 << 30),
            fill_memory: section.size("fill_memory", 256 << 20, 1 << 20..=64 * TIB),
            store: section.size("store", 20 << 30, 64 << 20..=1024 * TIB),
        }
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.section("[cache]");
        out.size("memory", self.memory);
        out.size("disk", self.disk);
        out.plain("disk_files", self.disk_files);
        out.text("disk_admission", self.disk_admission.name());
        out.size("entry_max", self.entry_max);
        out.size("fill_memory", self.fill_memory);
        out.size("store", self.store);
    }
}
