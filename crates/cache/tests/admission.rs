//! What gets to disk, and when: told from outside, by the files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use cache::{Admission, Cache, Insert, Key, Settings, StoredResponse};
use http::{HeaderMap, HeaderValue, StatusCode};
use purge_protocol::{AsOf, CheckedAt, LogId, Position, Tag, Tags};
use tempfile::TempDir;

const NOW: u64 = 1_800_000_000;

/// With room for two on disk.
fn open(dir: &TempDir, disk_admission: Admission) -> Cache {
    let settings = Settings {
        dir: Some(dir.path().to_owned()),
        memory_bytes: 8 << 20,
        disk_bytes: 1 << 30,
        disk_files: 2,
        disk_admission,
        entry_bytes_max: 1 << 20,
    };
    Cache::open(settings).unwrap()
}

async fn full(dir: &TempDir, admission: Admission) -> Cache {
    let cache = open(dir, admission);
    cache.erase(&[], |_| false).await.unwrap();
    for name in ["first", "second"] {
        assert_eq!(insert(&cache, &response(name)), Insert::Stored { memory: true, disk: true });
    }
    cache.flush().await;
    cache
}

fn response(name: &str) -> StoredResponse {
    let mut headers = HeaderMap::new();
    headers.insert("etag", HeaderValue::from_static("\"1\""));
    StoredResponse {
        key_text: name.to_owned(),
        status: StatusCode::OK,
        headers,
        body: Bytes::from(format!("the pixels of {name}")),
        tags: Tags::new(vec![Tag(1)]).unwrap(),
        as_of: AsOf { log: LogId(1), position: Position::new(1) },
        varied_on: Vec::new(),
        stored_at: NOW * 1000,
        initial_age: 0,
        lifetime: 30,
        stale_if_error: 0,
        stale_while_revalidate: 0,
        checked: CheckedAt::default(),
        heat: Default::default(),
    }
}

/// The same, confirmed at its upstream later.
fn confirmed(name: &str, seconds_later: u64, position: u64) -> StoredResponse {
    let mut confirmed = response(name);
    confirmed.stored_at += seconds_later * 1000;
    confirmed.as_of.position = Position::new(position);
    confirmed.headers.insert("date", HeaderValue::from_str(&seconds_later.to_string()).unwrap());
    confirmed
}

fn insert(cache: &Cache, response: &StoredResponse) -> Insert {
    let response = StoredResponse {
        key_text: response.key_text.clone(),
        headers: response.headers.clone(),
        body: response.body.clone(),
        tags: response.tags.clone(),
        varied_on: response.varied_on.clone(),
        checked: CheckedAt::default(),
        heat: Default::default(),
        ..*response
    };
    cache.insert(Key::of(&response.key_text), Arc::new(response))
}

fn file_of(dir: &TempDir, name: &str) -> PathBuf {
    let key = Key::of(name).to_string();
    dir.path().join(&key[..2]).join(key)
}

fn inode(path: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).unwrap().ino()
}

#[tokio::test]
async fn on_a_full_disk_what_is_seen_once_takes_nobodys_place() {
    let dir = TempDir::new().unwrap();
    let cache = full(&dir, Admission::SecondSight).await;
    for number in 0..100 {
        let once = insert(&cache, &response(&format!("seen once {number}")));
        assert_eq!(once, Insert::Stored { memory: true, disk: false });
    }
    cache.flush().await;
    assert!(file_of(&dir, "first").exists() && file_of(&dir, "second").exists());
}

#[tokio::test]
async fn the_first_hit_of_what_memory_has_alone_gets_it_to_disk() {
    let dir = TempDir::new().unwrap();
    let cache = full(&dir, Admission::SecondSight).await;
    insert(&cache, &response("new"));
    assert!(cache.get_memory(&Key::of("new")).is_some());
    cache.flush().await;
    assert!(file_of(&dir, "new").exists());
}

#[tokio::test]
async fn what_memory_has_lost_gets_to_disk_when_it_is_stored_again() {
    let dir = TempDir::new().unwrap();
    let cache = full(&dir, Admission::SecondSight).await;
    insert(&cache, &response("new"));
    // As the memory tier does when it needs the room.
    cache.remove(&Key::of("new"));
    assert_eq!(insert(&cache, &response("new")), Insert::Stored { memory: true, disk: true });
}

#[tokio::test]
async fn what_memory_cannot_take_goes_to_disk_at_once() {
    let dir = TempDir::new().unwrap();
    let cache = full(&dir, Admission::SecondSight).await;
    drop(cache);
    let small = Settings {
        dir: Some(dir.path().to_owned()),
        memory_bytes: 0,
        disk_bytes: 1 << 30,
        disk_files: 2,
        disk_admission: Admission::SecondSight,
        entry_bytes_max: 1 << 20,
    };
    let cache = Cache::open(small).unwrap();
    assert_eq!(insert(&cache, &response("new")), Insert::Stored { memory: false, disk: true });
}

#[tokio::test]
async fn where_everything_is_admitted_the_oldest_makes_room() {
    let dir = TempDir::new().unwrap();
    let cache = full(&dir, Admission::Always).await;
    assert_eq!(insert(&cache, &response("new")), Insert::Stored { memory: true, disk: true });
    cache.flush().await;
    assert!(file_of(&dir, "new").exists());
}

#[tokio::test]
async fn a_newer_response_replaces_what_is_on_disk_however_full_it_is() {
    let dir = TempDir::new().unwrap();
    let cache = full(&dir, Admission::SecondSight).await;
    let other = StoredResponse { body: Bytes::from_static(b"other pixels"), ..response("first") };
    assert_eq!(insert(&cache, &other), Insert::Stored { memory: true, disk: true });
    cache.flush().await;
    drop(cache);
    let cache = open(&dir, Admission::SecondSight);
    let (stored, _) = cache.get(&Key::of("first"), "first").await.unwrap();
    assert_eq!(stored.body, other.body);
}

#[tokio::test]
async fn what_was_removed_between_its_two_sights_is_not_written() {
    let dir = TempDir::new().unwrap();
    let cache = full(&dir, Admission::SecondSight).await;
    insert(&cache, &response("new"));
    cache.erase(&[Tag(1)], |_| true).await.unwrap();
    assert!(cache.get_memory(&Key::of("new")).is_none());
    cache.flush().await;
    assert!(!file_of(&dir, "new").exists());
}

#[tokio::test]
async fn a_lifetime_of_half_a_minute_does_not_write_each_half_minute() {
    let dir = TempDir::new().unwrap();
    let cache = open(&dir, Admission::SecondSight);
    insert(&cache, &response("popular"));
    cache.flush().await;
    let path = file_of(&dir, "popular");
    let (inode_before, mut content) = (inode(&path), fs::read(&path).unwrap());
    let mut writes = 0;
    // For an hour.
    for round in 1..=120 {
        insert(&cache, &confirmed("popular", 30 * round, round));
        cache.flush().await;
        let now = fs::read(&path).unwrap();
        writes += u32::from(now != content);
        content = now;
    }
    assert_eq!(writes, 6, "the head, every ten minutes");
    assert_eq!(inode(&path), inode_before, "and never the body");

    drop(cache);
    let cache = open(&dir, Admission::SecondSight);
    let (stored, _) = cache.get(&Key::of("popular"), "popular").await.unwrap();
    assert_eq!((stored.stored_at / 1000, stored.as_of.position), (NOW + 3600, Position::new(120)));
    assert_eq!(stored.headers["date"], "3600");
}

#[tokio::test]
async fn a_confirmation_that_changes_fields_is_on_disk_at_once_and_the_body_is_not_written_again() {
    let dir = TempDir::new().unwrap();
    let cache = open(&dir, Admission::SecondSight);
    insert(&cache, &response("cat"));
    cache.flush().await;
    let before = inode(&file_of(&dir, "cat"));
    let mut changed = confirmed("cat", 1, 2);
    changed.headers.insert("etag", HeaderValue::from_static("\"2\""));
    insert(&cache, &changed);
    cache.flush().await;
    assert_eq!(inode(&file_of(&dir, "cat")), before);
    assert_eq!(cache.stats().disk_entries, 1);
    drop(cache);
    let cache = open(&dir, Admission::SecondSight);
    let (stored, _) = cache.get(&Key::of("cat"), "cat").await.unwrap();
    assert_eq!((&stored.headers["etag"], &stored.body), (&changed.headers["etag"], &changed.body));
}

#[tokio::test]
async fn a_head_that_no_longer_fits_takes_a_new_file() {
    let dir = TempDir::new().unwrap();
    let cache = open(&dir, Admission::SecondSight);
    insert(&cache, &response("cat"));
    cache.flush().await;
    let mut grown = confirmed("cat", 1, 2);
    grown.headers.insert("etag", HeaderValue::from_str(&"e".repeat(2000)).unwrap());
    insert(&cache, &grown);
    cache.flush().await;
    drop(cache);
    let cache = open(&dir, Admission::SecondSight);
    let (stored, _) = cache.get(&Key::of("cat"), "cat").await.unwrap();
    assert_eq!(stored.headers["etag"].len(), 2000);
}
