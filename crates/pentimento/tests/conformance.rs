//! The public HTTP cache test suite, run against a pass-through site of a real node (`tests/conformance`).

use std::path::Path;
use std::process::Command;

#[test]
fn the_public_suite_finds_nothing_worse_than_expected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance");
    if !folder.join("node_modules").exists() {
        eprintln!("SKIPPED: the suite is not there; `make test` installs it (npm ci in tests/conformance)");
        return;
    }
    let output = Command::new("node")
        .arg(folder.join("run.mjs"))
        .args(["--binary", env!("CARGO_BIN_EXE_pentimento")])
        .output()
        .expect("node starts");
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
}
