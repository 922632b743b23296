//! What only shows from inside: a full disk, a write that is under way, a file that changes beneath the index.

use std::future::Future;
use std::os::unix::fs::symlink;

use bytes::Bytes;
use rustix::fs::{CWD, FileType, Mode};
use tempfile::TempDir;

use super::*;
use crate::stored_response::tests::response;

const BODY: &[u8] = b"the bytes of the picture that somebody wants to be gone";

/// Opened, and the walk has ended: it would take what these tests put in its way for junk.
async fn disk(dir: &TempDir, pause: Duration) -> Disk {
    let limits =
        Limits { bytes: 1 << 30, files: 1000, entry_bytes: 1 << 20, admission: Admission::Always, pause };
    let disk = Disk::open(dir.path().to_owned(), limits, Arc::new(Memory::new(0, 1 << 20))).unwrap();
    disk.walk_ended.clone().wait_for(|ended| *ended).await.unwrap();
    disk
}

fn picture(name: &str, tag: u64) -> (Key, Arc<StoredResponse>) {
    (Key::of(name), Arc::new(response(name, &[tag], 1, Bytes::from_static(BODY))))
}

async fn reads(disk: &Disk, key: &Key) -> bool {
    matches!(disk.get(key).await, Some(Found::Read(..)))
}

/// Whether any file under the folder holds the picture's bytes.
fn holds_body(dir: &Path) -> bool {
    fs::read_dir(dir).unwrap().any(|file| {
        let path = file.unwrap().path();
        if path.is_dir() {
            return holds_body(&path);
        }
        path.is_file() && fs::read(&path).unwrap().windows(BODY.len()).any(|bytes| bytes == BODY)
    })
}

/// Makes the writer stop in the middle of its next write, at opening a pipe that nobody reads. Dropped, it goes on.
struct StuckWrite {
    draft: PathBuf,
}

impl StuckWrite {
    fn next_of(disk: &Disk) -> Self {
        let number = disk.shared.drafts.load(Ordering::Relaxed);
        let draft = disk.shared.drafts_folder().join(number.to_string());
        rustix::fs::mknodat(CWD, &draft, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        Self { draft }
    }

    /// Until the write has begun.
    fn wait(&self, disk: &Disk) {
        while disk.shared.drafts.load(Ordering::Relaxed).to_string()
            == self.draft.file_name().unwrap().to_string_lossy()
        {
            thread::yield_now();
        }
    }

    fn go_on(self) {
        io::copy(&mut File::open(&self.draft).unwrap(), &mut io::sink()).unwrap();
    }
}

/// Polls it once: begun, not done.
async fn begin(future: std::pin::Pin<&mut impl Future>) {
    let mut future = future;
    std::future::poll_fn(|context| {
        assert!(future.as_mut().poll(context).is_pending());
        std::task::Poll::Ready(())
    })
    .await;
}

#[tokio::test]
async fn a_full_disk_pauses_storing_and_nothing_else() {
    let dir = TempDir::new().unwrap();
    let disk = disk(&dir, Duration::from_secs(3600)).await;
    let (before, stored) = picture("before", 1);
    assert!(disk.insert(before, stored));
    disk.flush().await;

    symlink("/dev/full", disk.shared.draft_path().with_file_name("2")).unwrap();
    let (key, stored) = picture("too much", 1);
    assert!(disk.insert(key, stored.clone()));
    disk.flush().await;

    assert!(disk.is_paused());
    assert_eq!(disk.counters().write_errors.load(Ordering::Relaxed), 1);
    assert!(!disk.insert(key, stored), "not even queued");
    assert_eq!(disk.counters().dropped_writes.load(Ordering::Relaxed), 1);
    assert!(disk.get(&key).await.is_none());
    assert!(reads(&disk, &before).await, "what is there still answers");
    assert_eq!(fs::read_dir(disk.shared.drafts_folder()).unwrap().count(), 0);
}

#[tokio::test]
async fn after_the_pause_it_stores_again_even_if_somebody_emptied_the_folder() {
    let dir = TempDir::new().unwrap();
    let disk = disk(&dir, Duration::ZERO).await;
    for folder in [disk.shared.drafts_folder(), disk.shared.folder.shard(Key::of("picture").0[0])] {
        fs::remove_dir_all(folder).unwrap();
    }
    let (key, stored) = picture("picture", 1);
    disk.insert(key, stored.clone());
    disk.flush().await;
    assert!(!reads(&disk, &key).await);
    disk.insert(key, stored);
    disk.flush().await;
    assert!(reads(&disk, &key).await);
}

#[tokio::test]
async fn an_erasure_waits_for_a_write_that_is_under_way_and_undoes_it() {
    let dir = TempDir::new().unwrap();
    let disk = disk(&dir, PAUSE).await;
    let stuck = StuckWrite::next_of(&disk);
    let (under_way, response) = picture("under way", 1);
    disk.insert(under_way, response);
    stuck.wait(&disk);
    for (name, tag) in [("waiting", 1), ("of another tag", 2)] {
        let (key, response) = picture(name, tag);
        disk.insert(key, response);
    }

    let concerns = |tags: &Tags, _: AsOf| tags.contains_any(&[purge_protocol::Tag(1)]);
    let mut erasing = std::pin::pin!(disk.erase(&concerns));
    begin(erasing.as_mut()).await;
    assert!(disk.get(&under_way).await.is_none(), "not found from here on");
    stuck.go_on();
    erasing.await.unwrap();

    assert_eq!(disk.entries_and_bytes().0, 1);
    assert!(holds_body(dir.path()));
    fs::remove_file(disk.shared.path(&Key::of("of another tag"))).unwrap();
    assert!(!holds_body(dir.path()));
}

#[tokio::test]
async fn what_is_removed_while_it_is_written_does_not_come_back() {
    let dir = TempDir::new().unwrap();
    let disk = disk(&dir, PAUSE).await;
    let (key, response) = picture("picture", 1);
    disk.insert(key, response.clone());
    disk.flush().await;

    let stuck = StuckWrite::next_of(&disk);
    let (_, replaced) = picture("picture", 2);
    disk.insert(key, replaced);
    stuck.wait(&disk);
    disk.remove(&key);
    stuck.go_on();
    disk.flush().await;
    assert!(disk.get(&key).await.is_none());
    assert!(!holds_body(dir.path()));

    disk.remove(&key);
    disk.insert(key, response);
    disk.flush().await;
    assert!(reads(&disk, &key).await, "removed and stored again: stored");
}

#[tokio::test]
async fn a_response_answers_while_it_waits_for_the_disk() {
    let dir = TempDir::new().unwrap();
    let disk = disk(&dir, PAUSE).await;
    let stuck = StuckWrite::next_of(&disk);
    let (first, response) = picture("first", 1);
    disk.insert(first, response);
    stuck.wait(&disk);
    let (second, response) = picture("second", 1);
    disk.insert(second, response);
    for key in [first, second] {
        assert!(matches!(disk.get(&key).await, Some(Found::Queued(_))));
        assert!(!disk.is_latest(&key, 1));
    }
    stuck.go_on();
}

#[tokio::test]
async fn a_file_that_somebody_removed_is_a_miss_and_forgotten() {
    let dir = TempDir::new().unwrap();
    let disk = disk(&dir, PAUSE).await;
    let (key, response) = picture("picture", 1);
    disk.insert(key, response);
    disk.flush().await;
    fs::remove_file(disk.shared.path(&key)).unwrap();
    assert!(disk.get(&key).await.is_none());
    assert_eq!(disk.entries_and_bytes(), (0, 0));
}

#[tokio::test]
async fn a_file_that_cannot_be_removed_fails_the_erasure_until_it_can() {
    let dir = TempDir::new().unwrap();
    let disk = disk(&dir, PAUSE).await;
    let (key, response) = picture("picture", 1);
    disk.insert(key, response);
    disk.flush().await;
    // A folder that is not empty resists `unlink`, for every user.
    let path = disk.shared.path(&key);
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(disk.erase(&|_, _| true).await.is_err());
    assert_eq!(disk.entries_and_bytes().0, 1, "still listed, so that it is tried again");
    fs::remove_dir(&path).unwrap();
    assert!(disk.erase(&|_, _| true).await.is_ok());
    assert_eq!(disk.entries_and_bytes(), (0, 0));
}

#[tokio::test]
async fn a_large_file_is_read_too() {
    let dir = TempDir::new().unwrap();
    let disk = disk(&dir, PAUSE).await;
    let body = Bytes::from(vec![7; 500_000]);
    let key = Key::of("large");
    disk.insert(key, Arc::new(response("large", &[1], 1, body.clone())));
    disk.flush().await;
    let Some(Found::Read(read, Some(_))) = disk.get(&key).await else {
        panic!("it was written");
    };
    assert_eq!(read.body, body);
}

#[tokio::test]
async fn a_file_that_was_replaced_after_it_was_looked_up_is_read_all_the_same() {
    let dir = TempDir::new().unwrap();
    let disk = disk(&dir, PAUSE).await;
    let (key, stored) = picture("picture", 1);
    disk.insert(key, stored);
    disk.flush().await;
    assert!(reads(&disk, &key).await);
    // As the writer does it just before it tells the index, once with a longer file, once with a shorter one.
    for body in [Bytes::from(vec![7; 5000]), Bytes::new()] {
        let other = response("picture", &[1], 2, body.clone());
        let mut file = file_format::encode(&key, &other).unwrap();
        file.extend_from_slice(&body);
        fs::write(disk.shared.path(&key), file).unwrap();
        let Some(Found::Read(read, _)) = disk.get(&key).await else { panic!("it is there") };
        assert_eq!(read.body, body);
    }
    assert_eq!(disk.counters().rejected_files.load(Ordering::Relaxed), 0);
}
