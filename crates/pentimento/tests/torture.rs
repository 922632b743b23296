//! A short torture of real processes, and proof that it would notice; `make torture` goes on for as long as you like.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use torture::{Findings, Options, Sabotage, run};

async fn torture(storm: u64, sabotage: Option<Sabotage>) -> (Findings, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        seed: 3,
        storm: Duration::from_secs(storm),
        quiet: Duration::from_secs(1),
        binary: PathBuf::from(env!("CARGO_BIN_EXE_pentimento")),
        folder: folder.path().join("nodes"),
        sabotage,
    };
    let findings = run(options).await.unwrap();
    println!("{findings}");
    (findings, folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_purged_stays_purged_while_processes_die_stop_and_lose_each_other() {
    let (findings, folder) = torture(8, None).await;
    assert!(findings.is_clean(), "{findings}");
    assert!(!findings.records.faults.is_empty(), "the storm was none");
    assert!(!findings.records.purges.is_empty(), "nobody purged");
    report(&findings, folder.path());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cache_that_no_purge_reaches_is_found() {
    let (findings, _folder) = torture(3, Some(Sabotage::CachingFront)).await;
    assert!(findings.has_found(Sabotage::CachingFront.breaks()), "{findings}");
}

fn report(findings: &Findings, folder: &Path) {
    let file = folder.join("report.html");
    torture::report::write(&file, findings).unwrap();
    let page = std::fs::read_to_string(file).unwrap();
    for node in ["origin", "shield", "edge-1", "edge-2", "edge-3"] {
        assert!(page.contains(&format!("{node} has applied the log up to")), "{node} has no lane");
    }
}
