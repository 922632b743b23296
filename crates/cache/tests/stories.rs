//! What the cache promises, told from outside.

use std::fs;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Wake};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use cache::{Admission, Cache, Counting, Insert, Key, OpenError, Refusal, Settings, StoredResponse, Tier};
use http::{HeaderMap, HeaderValue, StatusCode};
use purge_protocol::{AsOf, CheckedAt, LogId, Position, Tag, Tags};
use tempfile::TempDir;

fn settings(dir: &Path) -> Settings {
    Settings {
        dir: Some(dir.to_owned()),
        memory_bytes: 8 << 20,
        disk_bytes: 1 << 30,
        disk_files: 100_000,
        disk_admission: Admission::SecondSight,
        entry_bytes_max: 1 << 20,
    }
}

fn open(dir: &TempDir) -> Cache {
    Cache::open(settings(dir.path())).unwrap()
}

/// As after a restart: nothing in memory but what comes from disk.
fn reopen(cache: Cache, dir: &TempDir) -> Cache {
    drop(cache);
    open(dir)
}

fn as_of(position: u64) -> AsOf {
    AsOf { log: LogId(1), position: Position::new(position) }
}

fn picture(name: &str, tags: &[u64], position: u64) -> Arc<StoredResponse> {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("image/webp"));
    Arc::new(StoredResponse {
        key_text: name.to_owned(),
        status: StatusCode::OK,
        headers,
        body: Bytes::from(format!("the pixels of {name} at {position}")),
        tags: Tags::new(tags.iter().copied().map(Tag).collect()).unwrap(),
        as_of: as_of(position),
        varied_on: Vec::new(),
        stored_at: 1_800_000_000_000,
        initial_age: 0,
        lifetime: 60,
        stale_if_error: 0,
        stale_while_revalidate: 0,
        checked: CheckedAt::default(),
        heat: Default::default(),
    })
}

fn insert(cache: &Cache, name: &str, tags: &[u64], position: u64) -> Insert {
    cache.insert(Key::of(name), picture(name, tags, position))
}

async fn get(cache: &Cache, name: &str) -> Option<(String, Tier)> {
    let (response, tier) = cache.get(&Key::of(name), name).await?;
    Some((String::from_utf8(response.body.to_vec()).unwrap(), tier))
}

async fn body(cache: &Cache, name: &str) -> Option<String> {
    get(cache, name).await.map(|(body, _)| body)
}

/// Of entries, junk and drafts alike.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for file in fs::read_dir(dir).unwrap() {
        let path = file.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.file_name().unwrap() != "lock" {
            found.push(path);
        }
    }
    found
}

fn file_of(dir: &TempDir, name: &str) -> PathBuf {
    let key = Key::of(name).to_string();
    dir.path().join(&key[..2]).join(key)
}

/// An erasure that concerns nothing waits for the walk, as every erasure does.
async fn walk_has_ended(cache: &Cache) {
    cache.erase(&[], |_| false).await.unwrap();
}

const BOTH: Insert = Insert::Stored { memory: true, disk: true };

#[tokio::test]
async fn a_stored_response_survives_a_restart_and_comes_back_into_memory() {
    let dir = TempDir::new().unwrap();
    let cache = open(&dir);
    assert_eq!(insert(&cache, "cat", &[1, 2], 7), BOTH);
    assert_eq!(get(&cache, "cat").await.unwrap().1, Tier::Memory);
    cache.flush().await;

    let cache = reopen(cache, &dir);
    walk_has_ended(&cache).await;
    assert!(cache.get_memory(&Key::of("cat")).is_none());
    assert_eq!(get(&cache, "cat").await, Some(("the pixels of cat at 7".to_owned(), Tier::Disk)));
    assert_eq!(get(&cache, "cat").await.unwrap().1, Tier::Memory);
    let stored = cache.get_memory(&Key::of("cat")).unwrap();
    assert_eq!((stored.as_of, stored.tags.contains_any(&[Tag(2)])), (as_of(7), true));
    assert_eq!(stored.headers["content-type"], "image/webp");
}

#[tokio::test]
async fn what_is_on_disk_answers_before_it_is_listed() {
    let dir = TempDir::new().unwrap();
    let cache = open(&dir);
    for number in 0..500 {
        insert(&cache, &format!("picture {number}"), &[1], 1);
    }
    cache.flush().await;
    let cache = reopen(cache, &dir);
    for number in 0..500 {
        assert!(body(&cache, &format!("picture {number}")).await.is_some(), "{number}");
    }
    walk_has_ended(&cache).await;
    assert_eq!(cache.stats().disk_entries, 500);
}

#[tokio::test]
async fn a_file_torn_anywhere_never_answers_and_is_removed() {
    let dir = TempDir::new().unwrap();
    let cache = open(&dir);
    insert(&cache, "cat", &[1, 2], 7);
    cache.flush().await;
    let whole = fs::read(file_of(&dir, "cat")).unwrap();
    let mut cache = Some(cache);
    let mut tear = async |torn: Vec<u8>| {
        drop(cache.take());
        fs::write(file_of(&dir, "cat"), torn).unwrap();
        let reopened = open(&dir);
        walk_has_ended(&reopened).await;
        let found = body(&reopened, "cat").await;
        reopened.flush().await;
        if found.is_none() {
            assert_eq!(reopened.stats().rejected_files, 1);
            assert_eq!(files(dir.path()), Vec::<PathBuf>::new());
        }
        cache = Some(reopened);
        found
    };
    for len in (0..whole.len()).step_by(7) {
        assert_eq!(tear(whole[..len].to_vec()).await, None, "cut at {len}");
    }
    for at in (0..whole.len()).step_by(11) {
        let mut changed = whole.clone();
        changed[at] ^= 0x10;
        // There is room that nothing reads; what is read is as it was.
        if let Some(found) = tear(changed).await {
            assert_eq!(found, "the pixels of cat at 7", "byte {at} changed");
            assert_eq!(whole[at], 0, "byte {at} changed, and it answers");
        }
    }
    assert_eq!(tear(vec![0; whole.len()]).await, None, "zeros");
}

#[tokio::test]
async fn a_file_that_is_spoilt_while_the_cache_is_open_never_answers() {
    let dir = TempDir::new().unwrap();
    let cache = Cache::open(Settings { memory_bytes: 0, ..settings(dir.path()) }).unwrap();
    walk_has_ended(&cache).await;
    assert_eq!(insert(&cache, "cat", &[1], 7), Insert::Stored { memory: false, disk: true });
    cache.flush().await;
    let mut file = fs::read(file_of(&dir, "cat")).unwrap();
    *file.last_mut().unwrap() ^= 1;
    fs::write(file_of(&dir, "cat"), file).unwrap();
    assert_eq!(body(&cache, "cat").await, None);
    cache.flush().await;
    assert!(!file_of(&dir, "cat").exists());
    assert_eq!(cache.stats().rejected_files, 1);
}

#[tokio::test]
async fn junk_in_the_folders_is_removed_and_counted() {
    let dir = TempDir::new().unwrap();
    let cache = open(&dir);
    insert(&cache, "cat", &[1], 1);
    cache.flush().await;
    drop(cache);
    let cat = fs::read(file_of(&dir, "cat")).unwrap();
    let other_shard = dir.path().join("00").join(Key::of("cat").to_string());
    fs::write(dir.path().join("00/notes.txt"), "junk").unwrap();
    fs::write(file_of(&dir, "empty"), "").unwrap();
    fs::write(file_of(&dir, "dog"), &cat).unwrap();
    fs::write(other_shard, &cat).unwrap();
    std::os::unix::fs::symlink("/dev/zero", file_of(&dir, "fish")).unwrap();
    let mut newer_version = cat.clone();
    newer_version[8] = 99;
    fs::write(file_of(&dir, "bird"), newer_version).unwrap();
    fs::write(dir.path().join("drafts/17"), &cat[..50]).unwrap();

    let cache = open(&dir);
    walk_has_ended(&cache).await;
    cache.flush().await;
    assert_eq!(files(dir.path()), [file_of(&dir, "cat")]);
    assert_eq!((cache.stats().rejected_files, cache.stats().disk_entries), (6, 1));
    assert!(body(&cache, "cat").await.is_some());
}

#[tokio::test]
async fn the_disk_stays_within_its_bytes_and_files() {
    for (disk_bytes, disk_files, expected) in [(40_960, 1000, 10), (1 << 30, 7, 7)] {
        let dir = TempDir::new().unwrap();
        let bounded = Settings { disk_bytes, disk_files, memory_bytes: 0, ..settings(dir.path()) };
        let cache = Cache::open(bounded).unwrap();
        for number in 0..100 {
            insert(&cache, &format!("picture {number}"), &[1], 1);
            cache.flush().await;
            let stats = cache.stats();
            assert!(stats.disk_bytes <= disk_bytes && stats.disk_entries <= disk_files);
        }
        assert_eq!(files(dir.path()).len(), expected);
        assert!(body(&cache, "picture 99").await.is_some());
        assert!(body(&cache, "picture 0").await.is_none());
    }
}

#[tokio::test]
async fn bounds_that_were_lowered_hold_after_a_restart() {
    let dir = TempDir::new().unwrap();
    let cache = open(&dir);
    for number in 0..20 {
        insert(&cache, &format!("picture {number}"), &[1], 1);
    }
    cache.flush().await;
    drop(cache);
    let cache = Cache::open(Settings { disk_files: 5, ..settings(dir.path()) }).unwrap();
    walk_has_ended(&cache).await;
    cache.flush().await;
    assert_eq!(files(dir.path()).len(), 5);
}

#[tokio::test]
async fn what_is_larger_than_the_whole_disk_evicts_nothing() {
    let dir = TempDir::new().unwrap();
    // Else a first sight that finds no room is not even tried.
    let disk_admission = Admission::Always;
    let cache = Cache::open(Settings { disk_bytes: 8192, disk_admission, ..settings(dir.path()) }).unwrap();
    insert(&cache, "cat", &[1], 1);
    let large = StoredResponse {
        body: Bytes::from(vec![0; 9000]),
        ..Arc::into_inner(picture("large", &[1], 1)).unwrap()
    };
    cache.insert(Key::of("large"), Arc::new(large));
    cache.flush().await;
    assert_eq!((cache.stats().disk_entries, cache.stats().dropped_writes), (1, 1));
}

#[tokio::test]
async fn an_entry_above_the_limit_is_refused() {
    let dir = TempDir::new().unwrap();
    let cache = Cache::open(Settings { entry_bytes_max: 600, ..settings(dir.path()) }).unwrap();
    assert_eq!(insert(&cache, "cat", &[1, 2, 3], 1), Insert::Refused(Refusal::TooLarge));
    assert_eq!(body(&cache, "cat").await, None);
}

#[tokio::test]
async fn without_a_folder_memory_alone_serves() {
    let cache = Cache::open(Settings { dir: None, ..settings(Path::new("")) }).unwrap();
    assert_eq!(insert(&cache, "cat", &[1], 1), Insert::Stored { memory: true, disk: false });
    cache.flush().await;
    assert!(body(&cache, "cat").await.is_some());
    assert_eq!(cache.erase(&[Tag(1)], |_| true).await.unwrap().entries, 1);
    assert_eq!(cache.sweep(|_, _| true).await.entries, 0);
    cache.remove(&Key::of("cat"));
    assert_eq!(body(&cache, "cat").await, None);
}

#[tokio::test]
async fn with_no_room_anywhere_a_response_is_refused() {
    let nowhere = Settings { dir: None, memory_bytes: 0, ..settings(Path::new("")) };
    let cache = Cache::open(nowhere).unwrap();
    assert_eq!(insert(&cache, "cat", &[1], 1), Insert::Refused(Refusal::NoRoom));
}

#[tokio::test]
async fn two_texts_of_one_key_do_not_answer_for_each_other() {
    let dir = TempDir::new().unwrap();
    let cache = open(&dir);
    let key = Key::of("cat");
    cache.insert(key, picture("cat", &[1], 1));
    assert!(cache.get(&key, "dog").await.is_none(), "from memory");
    cache.flush().await;
    let cache = reopen(cache, &dir);
    assert!(cache.get(&key, "dog").await.is_none(), "from disk");
    assert!(cache.get(&key, "cat").await.is_some(), "and the other is unharmed");
}

#[tokio::test]
async fn a_newer_response_is_never_replaced_by_an_older_one() {
    let dir = TempDir::new().unwrap();
    let cache = open(&dir);
    insert(&cache, "cat", &[1], 9);
    assert_eq!(insert(&cache, "cat", &[1], 8), Insert::Refused(Refusal::Older));
    assert_eq!(insert(&cache, "cat", &[1], 9), BOTH, "of the same position: the later one");
    cache.flush().await;

    // After a restart the newer one is only on disk, and perhaps not even listed.
    let cache = reopen(cache, &dir);
    insert(&cache, "cat", &[1], 8);
    cache.flush().await;
    let cache = reopen(cache, &dir);
    walk_has_ended(&cache).await;
    assert_eq!(insert(&cache, "cat", &[1], 8), Insert::Refused(Refusal::Older));
    assert_eq!(body(&cache, "cat").await.unwrap(), "the pixels of cat at 9");

    let other_log = AsOf { log: LogId(2), position: Position::new(1) };
    let restarted = StoredResponse { as_of: other_log, ..Arc::into_inner(picture("cat", &[1], 1)).unwrap() };
    assert_eq!(cache.insert(Key::of("cat"), Arc::new(restarted)), BOTH);
    assert_eq!(body(&cache, "cat").await.unwrap(), "the pixels of cat at 1");
}

#[tokio::test]
async fn what_is_removed_is_gone_at_once_and_for_good() {
    let dir = TempDir::new().unwrap();
    let cache = open(&dir);
    insert(&cache, "cat", &[1], 1);
    cache.flush().await;
    // Not listed yet, perhaps.
    let cache = reopen(cache, &dir);
    cache.remove(&Key::of("cat"));
    assert_eq!(body(&cache, "cat").await, None);
    cache.flush().await;
    assert_eq!(files(dir.path()), Vec::<PathBuf>::new());
    walk_has_ended(&cache).await;
    assert_eq!(cache.stats().disk_entries, 0);
}

#[tokio::test]
async fn what_is_removed_while_it_is_read_from_disk_does_not_get_into_memory() {
    /// Says when the reading is done, before its result is taken.
    #[derive(Default)]
    struct Read(AtomicBool);
    impl Wake for Read {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Relaxed);
        }
    }
    let dir = TempDir::new().unwrap();
    let cache = open(&dir);
    // Large enough to be read on another thread.
    let body = Bytes::from(vec![1; 500_000]);
    let stored = StoredResponse { body, ..Arc::into_inner(picture("cat", &[1], 1)).unwrap() };
    let key = Key::of("cat");
    cache.insert(key, Arc::new(stored));
    cache.flush().await;
    let cache = reopen(cache, &dir);
    walk_has_ended(&cache).await;

    let mut get = pin!(cache.get(&key, "cat"));
    let read = Arc::new(Read::default());
    assert!(get.as_mut().poll(&mut Context::from_waker(&read.clone().into())).is_pending());
    while !read.0.load(Relaxed) {
        std::thread::yield_now();
    }
    cache.remove(&key);
    assert!(get.await.is_some(), "who asked before still gets it");
    assert!(cache.get_memory(&key).is_none());
    assert!(cache.get(&key, "cat").await.is_none());
}

#[tokio::test]
async fn a_sweep_frees_what_is_fenced_and_nothing_else() {
    let dir = TempDir::new().unwrap();
    let cache = Arc::new(open(&dir));
    for number in 0..1000 {
        insert(&cache, &format!("picture {number}"), &[number % 4], number);
    }
    cache.flush().await;
    let sweeping = cache.clone();
    // On a task, as the node does it: its future must be free to move between threads.
    let swept = tokio::spawn(async move {
        sweeping
            .sweep(|tags, as_of| {
                tags.contains_any(&[Tag(1)]) && !as_of.position.has_reached(Position::new(500))
            })
            .await
    });
    assert_eq!(swept.await.unwrap().entries, 2 * 125, "from each tier");
    assert_eq!((cache.stats().disk_entries, cache.stats().memory_entries), (875, 875));
    assert_eq!(files(dir.path()).len(), 875);
    assert_eq!(body(&cache, "picture 1").await, None);
    assert!(body(&cache, "picture 2").await.is_some());
    assert!(body(&cache, "picture 501").await.is_some());
}

#[tokio::test]
async fn an_erasure_leaves_no_file_with_the_bytes_even_of_what_was_just_inserted() {
    let dir = TempDir::new().unwrap();
    let cache = open(&dir);
    insert(&cache, "old", &[1], 1);
    cache.flush().await;
    // Listed or not, queued or being written.
    let cache = reopen(cache, &dir);
    for number in 0..200 {
        insert(&cache, &format!("queued {number}"), &[1], 2);
    }
    insert(&cache, "of another tag", &[2], 1);
    insert(&cache, "newer", &[1], 9);
    cache.erase(&[Tag(1)], |as_of| !as_of.position.has_reached(Position::new(9))).await.unwrap();

    assert_eq!(cache.stats().memory_entries, 2);
    cache.flush().await;
    let mut left = files(dir.path());
    left.sort();
    let mut expected = [file_of(&dir, "newer"), file_of(&dir, "of another tag")];
    expected.sort();
    assert_eq!(left, expected);
    let cache = reopen(cache, &dir);
    assert_eq!(body(&cache, "old").await, None);
    assert_eq!(body(&cache, "queued 199").await, None);
    assert!(body(&cache, "newer").await.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_inserted_or_read_during_an_erasure_does_not_survive_it() {
    let dir = TempDir::new().unwrap();
    let tiny_memory = Settings { memory_bytes: 64 << 10, entry_bytes_max: 64 << 10, ..settings(dir.path()) };
    let cache = Arc::new(Cache::open(tiny_memory).unwrap());
    for round in 0..30 {
        let fenced = Arc::new(AtomicBool::new(false));
        let fills: Vec<_> = (0..4)
            .map(|task| {
                let (cache, fenced) = (cache.clone(), fenced.clone());
                tokio::spawn(async move {
                    for number in 0..200 {
                        let name = format!("{task} {number}");
                        let stored = picture(&name, &[1], round);
                        let usable = |_: &StoredResponse| !fenced.load(Relaxed);
                        cache.insert_if(Key::of(&name), stored, usable);
                        let other = format!("{} {number}", (task + 1) % 4);
                        cache.get(&Key::of(&other), &other).await;
                    }
                })
            })
            .collect();
        tokio::task::yield_now().await;
        fenced.store(true, Relaxed);
        let erased =
            cache.erase(&[Tag(1)], move |as_of| !as_of.position.has_reached(Position::new(round + 1))).await;
        erased.unwrap();
        assert_eq!(files(dir.path()), Vec::<PathBuf>::new(), "at the moment it returned");
        for fill in fills {
            fill.await.unwrap();
        }
        cache.flush().await;
        assert_eq!((files(dir.path()).len(), cache.stats().memory_entries), (0, 0), "and after");
    }
}

#[tokio::test]
async fn an_insert_that_became_unusable_is_refused() {
    let dir = TempDir::new().unwrap();
    let cache = open(&dir);
    let refused = cache.insert_if(Key::of("cat"), picture("cat", &[1], 1), |_| false);
    assert_eq!(refused, Insert::Refused(Refusal::Unusable));
    assert_eq!(body(&cache, "cat").await, None);
}

#[test]
fn a_folder_belongs_to_one_cache_at_a_time() {
    let dir = TempDir::new().unwrap();
    let cache = open(&dir);
    assert!(matches!(Cache::open(settings(dir.path())), Err(OpenError::InUse { .. })));
    drop(cache);
    assert!(Cache::open(settings(dir.path())).is_ok());
}

#[test]
fn a_folder_that_cannot_be_made_is_said_so() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Cache::open(settings(&file.join("cache"))).err().unwrap().to_string();
    assert!(error.contains("file/cache cannot be used: Not a directory"), "{error}");
}

fn carrying(tags: &[u64]) -> Tags {
    Tags::new(tags.iter().copied().map(Tag).collect()).unwrap()
}

const NOW: u64 = 1_800_000_000_000;

fn counting(tags: &Tags, patience: Duration) -> Counting<'_> {
    Counting { tags, hottest: 2, hottest_among: "c", now_ms: NOW, patience }
}

#[tokio::test]
async fn what_carries_a_tag_and_may_still_answer_is_counted_in_both_tiers() {
    let dir = TempDir::new().unwrap();
    let cache = open(&dir);
    for (name, tags, position) in
        [("cat", &[1, 2][..], 5), ("crow", &[2], 6), ("cow", &[2, 3], 7), ("dog", &[2], 8), ("eel", &[3], 9)]
    {
        cache.insert(Key::of(name), picture(name, tags, position));
    }
    cache.flush().await;
    for (name, hits) in [("cow", 3), ("cat", 20), ("crow", 10), ("dog", 50)] {
        let stored = cache.get_memory(&Key::of(name)).unwrap();
        (0..hits).for_each(|_| stored.heat.note(NOW));
    }
    // A fence has made one of them unusable.
    let usable = |_: &Tags, stamp: AsOf| stamp != as_of(7);
    let tags = carrying(&[2]);
    let counted = cache.count(&counting(&tags, Duration::from_secs(60)), usable).await;
    assert_eq!((counted.memory.responses, counted.disk.responses), (3, 3));
    assert_eq!((counted.memory.looked_at, counted.memory.of), (5, 5));
    assert_eq!((counted.disk.looked_at, counted.disk.of), (5, 5));
    assert_eq!(counted.disk.bytes, 3 * 4096);
    assert_eq!((counted.memory.hits_per_minute, counted.disk.hits_per_minute), (80.0, 0.0));
    let hottest: Vec<_> = counted.hottest.iter().map(|hot| hot.key_text.as_str()).collect();
    assert_eq!(hottest, ["cat", "crow"], "of those whose text begins with c");

    // What takes its place is asked for as often.
    cache.insert(Key::of("cat"), picture("cat", &[1], 10));
    let tags = carrying(&[1]);
    let counted = cache.count(&counting(&tags, Duration::from_secs(60)), |_, _| true).await;
    assert_eq!(counted.memory.hits_per_minute, 20.0);
}

#[tokio::test]
async fn look_ups_on_disk_are_counted_there() {
    let dir = TempDir::new().unwrap();
    let cache = open(&dir);
    cache.insert(Key::of("cat"), picture("cat", &[1], 1));
    cache.flush().await;
    let cache = reopen(cache, &dir);
    // An erasure waits until all files are listed.
    cache.erase(&[], |_| false).await.unwrap();
    let (_, tier) = cache.get(&Key::of("cat"), "cat").await.unwrap();
    assert_eq!(tier, Tier::Disk);
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
    let tags = carrying(&[1]);
    let counting = Counting { now_ms, ..counting(&tags, Duration::from_secs(60)) };
    let counted = cache.count(&counting, |_, _| true).await;
    assert!(counted.disk.hits_per_minute > 0.0, "{counted:?}");
}

#[tokio::test]
async fn a_count_without_time_is_reckoned_from_a_part_and_says_so() {
    let dir = TempDir::new().unwrap();
    let cache = open(&dir);
    for number in 0..2000 {
        let name = format!("picture {number}");
        cache.insert(Key::of(&name), picture(&name, &[number % 4], 1));
        if number % 500 == 0 {
            cache.flush().await;
        }
    }
    cache.flush().await;
    let tags = carrying(&[1]);
    let counted = cache.count(&counting(&tags, Duration::ZERO), |_, _| true).await;
    for tally in [counted.memory, counted.disk] {
        assert_eq!((tally.looked_at, tally.of), (256, 2000));
        assert!((350..650).contains(&tally.responses), "a quarter of them, about: {tally:?}");
    }
    let whole = cache.count(&counting(&tags, Duration::from_secs(60)), |_, _| true).await;
    assert_eq!((whole.memory.responses, whole.disk.responses), (500, 500));
}
