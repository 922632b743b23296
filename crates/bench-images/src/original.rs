//! The pictures that are measured on.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::case::Case;

#[derive(Debug, Clone, PartialEq)]
pub struct Original {
    pub name: String,
    pub path: PathBuf,
    pub kind: String,
    pub width: u32,
    pub height: u32,
}

impl Original {
    /// Those that `prepare.py` has collected, the largest first.
    pub fn all(folder: &Path) -> anyhow::Result<Vec<Original>> {
        let list = folder.join("originals.tsv");
        let text = fs::read_to_string(&list).with_context(|| format!("cannot read {}", list.display()))?;
        let mut originals =
            text.lines().map(|line| read(folder, line)).collect::<anyhow::Result<Vec<_>>>()?;
        originals.sort_by_key(|one| std::cmp::Reverse(one.pixels()));
        Ok(originals)
    }

    pub fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// Whether the case makes it smaller by a step that is worth one, if at all.
    fn fits(&self, case: &Case) -> bool {
        self.kind == case.kind && u64::from(self.width) * 2 >= u64::from(case.width) * 3
    }

    pub fn of(case: &Case, all: &[Original]) -> Vec<Original> {
        all.iter().filter(|one| one.fits(case)).take(case.originals).cloned().collect()
    }
}

fn read(folder: &Path, line: &str) -> anyhow::Result<Original> {
    let [name, kind, width, height] = line.split('\t').collect::<Vec<_>>()[..] else {
        anyhow::bail!("the list of originals has a line that is none: {line:?}");
    };
    Ok(Original {
        name: name.to_owned(),
        path: folder.join(name),
        kind: kind.to_owned(),
        width: width.parse()?,
        height: height.parse()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_takes_the_largest_of_its_kind() {
        let folder = tempfile::tempdir().unwrap();
        let list = "a.jpg\tjpeg\t1000\t500\nb.jpg\tjpeg\t1200\t900\nc.png\tpng\t5000\t5000\nd.jpg\tjpeg\t2000\t900\n";
        fs::write(folder.path().join("originals.tsv"), list).unwrap();
        let all = Original::all(folder.path()).unwrap();
        let case = Case { width: 800, originals: 2, ..Case::ALL[0] };
        let names: Vec<_> = Original::of(&case, &all).into_iter().map(|one| one.name).collect();
        assert_eq!(names, ["d.jpg", "b.jpg"]);
    }
}
