//! What a million stored responses on disk cost in memory, and how soon after a start the first of them answers.
//!
//! `cargo bench -p cache --bench million -- [FOLDER [COUNT]]` writes as many small files as that, and removes them.

use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, fs};

use bytes::Bytes;
use cache::{Admission, Cache, Counting, Key, Settings, StoredResponse};
use http::{HeaderMap, HeaderValue, StatusCode};
use purge_protocol::{AsOf, CheckedAt, LogId, Position, Tag, Tags};

/// As in the binary: what a table takes depends on it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What waits for the disk is bounded.
const AT_ONCE: u64 = 2000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if arguments.first().is_some_and(|argument| argument == "write") {
        return runtime.block_on(write(Path::new(&arguments[1]), arguments[2].parse()?));
    }
    let parent =
        if arguments.is_empty() { env!("CARGO_TARGET_TMPDIR").to_owned() } else { arguments.remove(0) };
    let count = arguments.first().map_or(Ok(1_000_000), |count| count.parse())?;
    let folder = tempfile::Builder::new().prefix("million").tempdir_in(parent)?;
    // In a process of its own: what that leaves behind in memory is not to be counted.
    let mut writing = Command::new(env::current_exe()?);
    let written = writing.arg("write").arg(folder.path()).arg(count.to_string()).status()?;
    if !written.success() {
        return Err("they could not be written".into());
    }
    runtime.block_on(start(folder.path(), count))
}

async fn write(folder: &Path, count: u64) -> Result<(), Box<dyn Error>> {
    let began = Instant::now();
    let cache = open(folder)?;
    for number in 0..count {
        cache.insert(Key::of(&url(number)), Arc::new(response(number)));
        if number % AT_ONCE == 0 {
            cache.flush().await;
        }
    }
    cache.flush().await;
    println!("{count} responses written in {:.1?}", began.elapsed());
    Ok(())
}

async fn start(folder: &Path, count: u64) -> Result<(), Box<dyn Error>> {
    let before = resident()?;
    let began = Instant::now();
    let cache = open(folder)?;
    let opened = began.elapsed();
    let last = url(count - 1);
    if cache.get(&Key::of(&last), &last).await.is_none() {
        return Err("the last one written does not answer".into());
    }
    println!("opened in {opened:.1?}, first hit after {:.1?}", began.elapsed());
    // An erasure waits for the walk, whatever it concerns.
    cache.erase(&[], |_| false).await?;
    let listed = cache.stats().disk_entries;
    let bytes = (resident()? as f64 - before as f64) / listed as f64;
    println!("{listed} listed after {:.1?}, {bytes:.0} bytes of memory each", began.elapsed());
    for (what, tag) in [("one original", 1_000_000_007 * 3), ("a folder of a thousandth", 7), ("all", 1)] {
        let tags = Tags::new(vec![Tag(tag)])?;
        let (hottest, hottest_among) = (0, "");
        let counting =
            Counting { tags: &tags, hottest, hottest_among, now_ms: 0, patience: Duration::from_secs(60) };
        let began = Instant::now();
        let counted = cache.count(&counting, |_, _| true).await;
        println!("{what}: {} counted in {:.1?}", counted.disk.responses, began.elapsed());
    }
    Ok(())
}

fn open(folder: &Path) -> Result<Cache, Box<dyn Error>> {
    Ok(Cache::open(Settings {
        dir: Some(folder.to_owned()),
        memory_bytes: 0,
        disk_bytes: u64::MAX,
        disk_files: u64::MAX,
        disk_admission: Admission::Always,
        entry_bytes_max: 1 << 20,
    })?)
}

fn url(number: u64) -> String {
    format!("image\n/shop/summer/dresses/{number:08}.jpg?w=300&format=auto\nimage/webp")
}

/// Small, so that the files are: a picture's tags are of its tenant, source, original, URL and two folders.
fn response(number: u64) -> StoredResponse {
    let tags = [1, 2, 1_000_000_007 * (number + 3), 998_244_353 * (number + 5), number % 50, number % 1000];
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("image/webp"));
    headers.insert("etag", HeaderValue::from_static("\"4a7d1ed414474e4033ac29ccb8653d9b\""));
    StoredResponse {
        key_text: url(number),
        status: StatusCode::OK,
        headers,
        body: Bytes::from_static(&[7; 2048]),
        tags: Tags::new(tags.map(Tag).into()).unwrap_or_default(),
        as_of: AsOf { log: LogId(1), position: Position::new(number) },
        varied_on: Vec::new(),
        stored_at: 1_800_000_000_000,
        initial_age: 0,
        lifetime: 86_400,
        stale_if_error: 0,
        stale_while_revalidate: 0,
        checked: CheckedAt::default(),
        heat: Default::default(),
    }
}

/// Of this process, in bytes: proc(5), `statm`, whose second field counts pages.
fn resident() -> Result<u64, Box<dyn Error>> {
    let statm = fs::read_to_string("/proc/self/statm")?;
    let pages: u64 = statm.split(' ').nth(1).ok_or("statm has no second field")?.parse()?;
    Ok(pages * rustix::param::page_size() as u64)
}
