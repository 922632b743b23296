//! Stories about a folder of blobs: torn, foreign, full, reopened.

use std::fs;
use std::path::{Path, PathBuf};

use blobs::{Blobs, Digest, Kind, OpenError, PutError};
use bytes::Bytes;
use tempfile::TempDir;

const ROOM: u64 = 1 << 20;

struct World {
    dir: TempDir,
    blobs: Blobs,
}

impl World {
    fn new(max_bytes: u64) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let blobs = Blobs::open(dir.path(), max_bytes).expect("an empty folder opens");
        Self { dir, blobs }
    }

    fn reopened(self, max_bytes: u64) -> Self {
        drop(self.blobs);
        let blobs = Blobs::open(self.dir.path(), max_bytes).expect("it opened before");
        Self { dir: self.dir, blobs }
    }

    async fn put_original(&self, bytes: &'static [u8]) -> Digest {
        let digest = Digest::of(bytes);
        self.blobs.put(Kind::Original, digest, Bytes::from_static(bytes)).await.expect("there is room");
        digest
    }

    async fn put_derivative(&self, plan: &str, bytes: &'static [u8]) -> Digest {
        let digest = Digest::of(plan.as_bytes());
        self.blobs.put(Kind::Derivative, digest, Bytes::from_static(bytes)).await.expect("there is room");
        digest
    }

    fn file(&self, kind: Kind, digest: &Digest) -> PathBuf {
        let kind = match kind {
            Kind::Original => "originals",
            Kind::Derivative => "derivatives",
        };
        let name = digest.to_string();
        self.dir.path().join(kind).join(&name[..2]).join(name)
    }

    fn bytes_on_disk(&self) -> u64 {
        fn below(dir: &Path) -> u64 {
            let entries = fs::read_dir(dir).expect("a folder").map(|entry| entry.expect("an entry"));
            entries
                .map(|entry| match entry.metadata().expect("its metadata") {
                    metadata if metadata.is_dir() => below(&entry.path()),
                    metadata => metadata.len(),
                })
                .sum()
        }
        below(self.dir.path())
    }
}

#[tokio::test]
async fn what_is_put_can_be_got_until_it_is_deleted_also_after_a_restart() {
    let mut world = World::new(ROOM);
    let original = world.put_original(b"a photograph").await;
    let derivative = world.put_derivative("w=300", b"a small photograph").await;
    let nothing = world.put_original(b"").await;

    for _ in 0..2 {
        assert_eq!(world.blobs.get(Kind::Original, &original).await, Some("a photograph".into()));
        assert_eq!(world.blobs.get(Kind::Derivative, &derivative).await, Some("a small photograph".into()));
        assert_eq!(world.blobs.get(Kind::Original, &nothing).await, Some(Bytes::new()));
        assert_eq!(world.blobs.get(Kind::Derivative, &original).await, None, "kinds are apart");
        world = world.reopened(ROOM);
    }
    for _ in 0..2 {
        world.blobs.delete(Kind::Original, &original).await.expect("absent is deleted");
        assert_eq!(world.blobs.get(Kind::Original, &original).await, None);
        assert!(!world.file(Kind::Original, &original).exists());
        world = world.reopened(ROOM);
    }
    let usage = world.blobs.usage();
    assert_eq!((usage.originals, usage.derivatives), (1, 1));
}

#[tokio::test]
async fn a_torn_changed_or_empty_file_is_absent_and_can_be_put_again() {
    for restarts in [false, true] {
        for damage in ["torn", "changed", "empty", "grown", "missing"] {
            let mut world = World::new(ROOM);
            let original = world.put_original(b"a photograph").await;
            let derivative = world.put_derivative("w=300", b"a photograph").await;
            for (kind, digest) in [(Kind::Original, original), (Kind::Derivative, derivative)] {
                let file = world.file(kind, &digest);
                let mut bytes = fs::read(&file).expect("it was put");
                match damage {
                    "torn" => bytes.truncate(bytes.len() - 1),
                    "changed" => bytes[3] ^= 0x20,
                    "empty" => bytes.clear(),
                    _ => bytes.push(0),
                }
                fs::write(&file, bytes).expect("it can be damaged");
                if damage == "missing" {
                    fs::remove_file(&file).expect("it can be removed");
                }
            }
            if restarts {
                world = world.reopened(ROOM);
            }

            for (kind, digest) in [(Kind::Original, original), (Kind::Derivative, derivative)] {
                assert_eq!(world.blobs.get(kind, &digest).await, None, "{damage} {kind:?}");
                assert!(!world.file(kind, &digest).exists(), "{damage} {kind:?}");
                world.blobs.put(kind, digest, "a photograph".into()).await.expect("there is room");
                assert_eq!(world.blobs.get(kind, &digest).await, Some("a photograph".into()));
            }
        }
    }
}

#[tokio::test]
async fn a_file_under_a_name_that_is_not_its_own_is_absent() {
    let world = World::new(ROOM);
    let small = world.put_derivative("w=300", b"a small one").await;
    let large = world.put_derivative("w=900", b"a large one").await;

    fs::copy(world.file(Kind::Derivative, &large), world.file(Kind::Derivative, &small))
        .expect("same folder");

    assert_eq!(world.blobs.get(Kind::Derivative, &small).await, None);
    assert_eq!(world.blobs.get(Kind::Derivative, &large).await, Some("a large one".into()));
}

#[tokio::test]
async fn junk_in_the_folder_is_neither_counted_nor_touched() {
    let world = World::new(ROOM);
    let original = world.put_original(b"a photograph").await;
    let dir = world.dir.path().to_owned();
    let name = Digest::of(b"elsewhere").to_string();
    let junk = [
        "README".to_owned(),
        "originals/.DS_Store".to_owned(),
        "originals/zz/thumbs.db".to_owned(),
        format!("originals/zz/{name}"),
        format!("originals/{name}"),
        format!("derivatives/{}/{}", &name[..2], name.to_uppercase()),
        format!("derivatives/{}/{name}.tmp", &name[..2]),
    ];
    for path in &junk {
        let path = dir.join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, "junk").expect("a file");
    }
    fs::create_dir_all(dir.join(format!("derivatives/{}/{name}", &name[..2])))
        .expect("a folder with a blob's name");
    fs::write(dir.join("incoming/17"), "half a photo").expect("a file that a crash left behind");

    let world = world.reopened(ROOM);

    let usage = world.blobs.usage();
    assert_eq!((usage.originals, usage.original_bytes, usage.derivatives), (1, 12, 0));
    assert_eq!(world.blobs.get(Kind::Original, &original).await, Some("a photograph".into()));
    assert!(junk.iter().all(|path| dir.join(path).exists()));
    assert!(!dir.join("incoming/17").exists());
}

#[tokio::test]
async fn the_bound_holds_and_what_was_used_last_stays() {
    let world = World::new(10_000);
    let favourite = world.put_derivative("favourite", &[7; 960]).await;
    for n in 0..40 {
        world.put_derivative(&n.to_string(), &[8; 960]).await;
        assert!(world.blobs.get(Kind::Derivative, &favourite).await.is_some(), "used all the time");
        assert!(world.bytes_on_disk() <= 10_000);
    }
    assert_eq!(world.blobs.usage().derivative_bytes, 10_000);
    assert_eq!(world.blobs.get(Kind::Derivative, &Digest::of(b"0")).await, None);
    assert!(world.blobs.get(Kind::Derivative, &Digest::of(b"39")).await.is_some());

    let world = world.reopened(3_000);
    assert_eq!(world.blobs.usage().derivative_bytes, 3_000);
    assert_eq!(world.bytes_on_disk(), 3_000);
}

#[tokio::test]
async fn what_takes_more_than_half_of_the_room_is_not_stored() {
    let world = World::new(1_000);
    let error = world.blobs.put(Kind::Original, Digest::of(&[7; 501]), vec![7; 501].into()).await;
    assert!(matches!(error, Err(PutError::TooLarge { found: 501, limit: 500 })));

    let error = world.blobs.put(Kind::Original, Digest::of(b"this"), "that".into()).await;
    assert!(matches!(error, Err(PutError::WrongDigest { .. })));

    assert_eq!(world.bytes_on_disk(), 0);
}

#[tokio::test]
async fn a_disk_that_takes_nothing_more_is_an_error_to_live_with() {
    let world = World::new(ROOM);
    let original = world.put_original(b"a photograph").await;
    // Root may write anywhere, so a folder without the right to would prove nothing.
    fs::remove_dir(world.dir.path().join("incoming")).expect("it is empty");
    fs::write(world.dir.path().join("incoming"), "").expect("a file in its place");

    let error = world.blobs.put(Kind::Original, Digest::of(b"another"), "another".into()).await;

    assert!(matches!(error, Err(PutError::Io(_))));
    assert_eq!(world.blobs.get(Kind::Original, &original).await, Some("a photograph".into()));
    assert_eq!(world.blobs.usage().originals, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_may_put_get_and_delete_the_same_blob_at_once() {
    let world = World::new(ROOM);
    let bytes = Bytes::from(vec![7; 50_000]);
    let digest = Digest::of(&bytes);
    let tasks: Vec<_> = (0..48)
        .map(|n| {
            let (blobs, bytes) = (world.blobs.clone(), bytes.clone());
            tokio::spawn(async move {
                for kind in [Kind::Original, Kind::Derivative] {
                    if n % 8 == 0 {
                        blobs.delete(kind, &digest).await.expect("a working disk");
                    }
                    blobs.put(kind, digest, bytes.clone()).await.expect("there is room");
                    if let Some(got) = blobs.get(kind, &digest).await {
                        assert_eq!(got, bytes);
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no task panics");
    }

    for kind in [Kind::Original, Kind::Derivative] {
        world.blobs.put(kind, digest, bytes.clone()).await.expect("there is room");
        assert_eq!(world.blobs.get(kind, &digest).await, Some(bytes.clone()));
    }
    let usage = world.blobs.usage();
    assert_eq!((usage.originals, usage.derivatives), (1, 1));
    assert_eq!(world.bytes_on_disk(), usage.original_bytes + usage.derivative_bytes);
}

#[tokio::test]
async fn a_folder_has_one_process_at_a_time() {
    let world = World::new(ROOM);
    assert!(matches!(Blobs::open(world.dir.path(), ROOM), Err(OpenError::InUse { .. })));
    world.reopened(ROOM);
}

#[test]
fn a_folder_that_cannot_be_one_is_named() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("file");
    fs::write(&file, "").expect("a file");
    let error = Blobs::open(file.join("blobs"), ROOM).expect_err("a file has no folders");
    assert!(
        error.to_string().starts_with(&format!("the blob folder {}/blobs cannot be used", file.display()))
    );
}
