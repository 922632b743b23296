//! Which file is read, and what counts more than what.

use std::fs;
use std::path::Path;
use std::time::Duration;

use expect_test::expect;

use super::super::{FILE_NAME, Overrides, Secret, load};
use super::try_load;

#[test]
fn the_environment_counts_more_than_the_file_and_flags_more_than_both() {
    let text =
        "[node]\nname = \"file\"\nlisten = \"127.0.0.1:1\"\n[cluster]\nsecret = \"sixteen bytes ..\"\n";
    let variables = [
        ("PENTIMENTO__NODE__NAME", "variable"),
        ("PENTIMENTO__NODE__LISTEN", "127.0.0.1:2"),
        ("PENTIMENTO__NODE__ROLES", "edge, shield"),
        ("PENTIMENTO__CACHE__MEMORY", "1GiB"),
        ("PENTIMENTO__LIMITS__PIXELS", "1000"),
        ("PENTIMENTO__CLUSTER__TRUST_LOOPBACK", "false"),
        ("PENTIMENTO__CLUSTER__LEASE", "10s"),
        ("PENTIMENTO__CLUSTER__SECRET_ENV", "ELSEWHERE"),
        ("ELSEWHERE", "another sixteen bytes"),
        ("PENTIMENTO_OTHER", "is not ours"),
    ];
    let overrides = Overrides {
        listen: "127.0.0.1:3".parse().ok(),
        upstream: Some("http://127.0.0.1:8080".to_owned()),
        data: Some("elsewhere".into()),
        ..Overrides::default()
    };
    let config = try_load(text, &variables, &overrides).expect("a configuration");
    assert_eq!(config.node.name, "variable");
    assert_eq!(config.node.listen, "127.0.0.1:3".parse().expect("an address"));
    assert_eq!(config.node.roles.to_string(), "edge,shield");
    assert_eq!(config.node.data, Path::new("elsewhere"));
    assert_eq!(config.cache.memory, 1 << 30);
    assert_eq!(config.limits.pixels, 1000);
    assert_eq!(config.cluster.lease, Duration::from_secs(10));
    assert!(!config.cluster.trust_loopback);
    assert_eq!(config.cluster.secret.as_ref().map(Secret::bytes), Some(&b"another sixteen bytes"[..]));
}

#[test]
fn the_file_is_the_one_that_is_named_else_the_one_in_the_data_directory() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    fs::create_dir(&data).expect("a folder");
    let in_data = Overrides { data: Some(data.clone()), ..Overrides::default() };
    let load_in_data = || load(None, std::iter::empty(), in_data.clone());

    assert_eq!(load_in_data().expect("defaults").node.name, "node-1");
    fs::write(data.join(FILE_NAME), "[node]\nname = \"inside\"\n").expect("written");
    let config = load_in_data().expect("found");
    assert_eq!((config.node.name.as_str(), config.node.data.as_path()), ("inside", data.as_path()));

    let variable = ("PENTIMENTO__NODE__DATA".to_owned(), data.display().to_string());
    let config = load(None, [variable].into_iter(), Overrides::default()).expect("found by the environment");
    assert_eq!((config.node.name.as_str(), config.node.data.as_path()), ("inside", data.as_path()));

    let named = folder.path().join("named.toml");
    fs::write(&named, "[node]\nname = \"named\"\n").expect("written");
    let config = load(Some(&named), std::iter::empty(), in_data.clone()).expect("read");
    assert_eq!((config.node.name.as_str(), config.node.data.as_path()), ("named", data.as_path()));
}

#[test]
fn a_file_that_cannot_be_taken_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let errors_of = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, content).expect("written");
        load(Some(&path), std::iter::empty(), Overrides::default()).expect_err("a bad file")
    };
    let here = Overrides { data: Some(folder.path().into()), ..Overrides::default() };
    fs::write(folder.path().join(FILE_NAME), "[node]\ndata = \"/elsewhere\"\n").expect("written");
    let errors = [
        load(Some(&folder.path().join("no.toml")), std::iter::empty(), Overrides::default())
            .expect_err("no file"),
        errors_of("binary.toml", b"\xff\xfe"),
        errors_of("huge.toml", &vec![b'#'; 2 << 20]),
        load(None, std::iter::empty(), here).expect_err("it says that the data is elsewhere"),
    ];
    let shown = errors.map(|errors| format!("{errors}\n")).concat();
    expect![[r#"
        FOLDER/no.toml: cannot be read: No such file or directory (os error 2)
        FOLDER/binary.toml: cannot be read: stream did not contain valid UTF-8
        FOLDER/huge.toml: cannot be read: it has more than 1 MiB
        FOLDER/pentimento.toml:2:8: `data` is FOLDER already, where this file was found: leave it out, or name the file by --config
    "#]].assert_eq(&shown.replace(&folder.path().display().to_string(), "FOLDER"));
}
