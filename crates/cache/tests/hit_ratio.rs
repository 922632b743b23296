//! How many hits the memory tier gets out of its bytes, beside S3-FIFO and LRU written down plainly.
//!
//! `cargo test -p cache --test hit_ratio -- --nocapture` prints the table.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use cache::{Admission, Cache, Key, Settings, StoredResponse};
use http::{HeaderMap, StatusCode};
use purge_protocol::{AsOf, CheckedAt, LogId, Position, Tags};

const PICTURES: usize = 40_000;
const REQUESTS: usize = 200_000;
/// Requests for what nobody asks for again, in a hundred.
const WONDERS: u64 = 20;
const ENTRY_MAX: usize = 128 << 10;
static PIXELS: [u8; ENTRY_MAX] = [0; ENTRY_MAX];

/// Xorshift: the same trace in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: u64) -> u64 {
        (self.next() >> 11) % bound
    }

    /// From 0 to 1.
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[derive(Clone, Copy)]
struct Request {
    picture: u64,
    bytes: usize,
}

/// Zipf's law over the pictures, with one-hit wonders in between; half way through, other pictures become the popular
/// ones.
fn trace(exponent: f64) -> Vec<Request> {
    let mut random = Random(4711);
    let mut sum = 0.0;
    let shares: Vec<f64> = (1..=PICTURES)
        .map(|rank| {
            sum += (rank as f64).powf(-exponent);
            sum
        })
        .collect();
    let mut wonders = PICTURES as u64;
    let request = |number| {
        let picture = if random.below(100) < WONDERS {
            wonders += 1;
            wonders
        } else {
            let wish = random.share() * sum;
            let rank = shares.partition_point(|share| *share < wish).min(PICTURES - 1);
            let shift = if number < REQUESTS / 2 { 0 } else { PICTURES / 2 };
            ((rank + shift) % PICTURES) as u64
        };
        Request { picture, bytes: size_of_picture(picture) }
    };
    (0..REQUESTS).map(request).collect()
}

/// 2 KB to 128 KB, small ones more often.
fn size_of_picture(picture: u64) -> usize {
    let mut random = Random(picture.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    random.next();
    (2048.0 * 64_f64.powf(random.share() * random.share())) as usize
}

trait Policy {
    /// Whether it was a hit; after a miss it has been stored.
    fn ask(&mut self, request: Request) -> bool;
}

/// Our memory tier, through the front door.
struct Ours(Cache);

impl Ours {
    fn new(bytes: usize) -> Self {
        let settings = Settings {
            dir: None,
            memory_bytes: bytes as u64,
            disk_bytes: 0,
            disk_files: 0,
            disk_admission: Admission::Always,
            entry_bytes_max: ENTRY_MAX as u64,
        };
        Self(Cache::open(settings).unwrap())
    }
}

impl Policy for Ours {
    fn ask(&mut self, Request { picture, bytes }: Request) -> bool {
        let mut key = [0; 16];
        key[..8].copy_from_slice(&picture.to_le_bytes());
        if self.0.get_memory(&Key(key)).is_some() {
            return true;
        }
        let mut response = StoredResponse {
            key_text: String::new(),
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            tags: Tags::default(),
            as_of: AsOf { log: LogId(1), position: Position::new(1) },
            varied_on: Vec::new(),
            stored_at: 0,
            initial_age: 0,
            lifetime: 0,
            stale_if_error: 0,
            stale_while_revalidate: 0,
            checked: CheckedAt::default(),
            heat: Default::default(),
        };
        // So that all policies weigh the same.
        let body = bytes - response.bytes() as usize;
        response.body = Bytes::from_static(&PIXELS[..body]);
        self.0.insert(Key(key), Arc::new(response));
        false
    }
}

/// The least recently used goes.
#[derive(Default)]
struct Lru {
    room: usize,
    used: usize,
    clock: u64,
    by_picture: HashMap<u64, (u64, usize)>,
    by_time: BTreeMap<u64, u64>,
}

impl Policy for Lru {
    fn ask(&mut self, Request { picture, bytes }: Request) -> bool {
        self.clock += 1;
        self.by_time.insert(self.clock, picture);
        if let Some((time, _)) = self.by_picture.insert(picture, (self.clock, bytes)) {
            self.by_time.remove(&time);
            return true;
        }
        self.used += bytes;
        while self.used > self.room {
            let (_, oldest) = self.by_time.pop_first().unwrap();
            self.used -= self.by_picture.remove(&oldest).unwrap().1;
        }
        false
    }
}

/// Yang et al., "FIFO queues are all you need for cache eviction" (SOSP 2023), algorithm 1, in bytes.
#[derive(Default)]
struct S3Fifo {
    room: usize,
    small: VecDeque<u64>,
    main: VecDeque<u64>,
    small_used: usize,
    main_used: usize,
    entries: HashMap<u64, (u8, usize)>,
    ghosts: HashSet<u64>,
    ghost_order: VecDeque<u64>,
}

impl S3Fifo {
    fn make_room(&mut self, bytes: usize) {
        while self.small_used + self.main_used + bytes > self.room {
            if self.small_used > self.room / 10 || self.main.is_empty() {
                self.evict_small();
            } else {
                self.evict_main();
            }
        }
    }

    fn evict_small(&mut self) {
        while let Some(picture) = self.small.pop_front() {
            let (uses, bytes) = self.entries[&picture];
            self.small_used -= bytes;
            if uses > 1 {
                self.entries.insert(picture, (0, bytes));
                self.main_used += bytes;
                self.main.push_back(picture);
                continue;
            }
            self.entries.remove(&picture);
            self.ghosts.insert(picture);
            self.ghost_order.push_back(picture);
            while self.ghost_order.len() > self.main.len().max(64) {
                let forgotten = self.ghost_order.pop_front().unwrap();
                self.ghosts.remove(&forgotten);
            }
            return;
        }
    }

    fn evict_main(&mut self) {
        while let Some(picture) = self.main.pop_front() {
            let (uses, bytes) = self.entries[&picture];
            if uses == 0 {
                self.entries.remove(&picture);
                self.main_used -= bytes;
                return;
            }
            self.entries.insert(picture, (uses - 1, bytes));
            self.main.push_back(picture);
        }
    }
}

impl Policy for S3Fifo {
    fn ask(&mut self, Request { picture, bytes }: Request) -> bool {
        if let Some((uses, _)) = self.entries.get_mut(&picture) {
            *uses = (*uses + 1).min(3);
            return true;
        }
        let was_ghost = self.ghosts.remove(&picture);
        self.make_room(bytes);
        self.entries.insert(picture, (0, bytes));
        if was_ghost {
            self.main_used += bytes;
            self.main.push_back(picture);
        } else {
            self.small_used += bytes;
            self.small.push_back(picture);
        }
        false
    }
}

fn hit_percent(policy: &mut dyn Policy, trace: &[Request]) -> f64 {
    let hits = trace.iter().filter(|request| policy.ask(**request)).count();
    hits as f64 * 100.0 / trace.len() as f64
}

#[test]
fn the_memory_tier_hits_at_least_as_often_as_s3_fifo_would() {
    let all: usize = (0..PICTURES as u64).map(size_of_picture).sum();
    println!("exponent  room  ours   S3-FIFO  LRU");
    for exponent in [0.9, 1.0, 1.1] {
        let trace = trace(exponent);
        for share in [2, 5, 10] {
            let room = all * share / 100;
            let ours = hit_percent(&mut Ours::new(room), &trace);
            let s3_fifo = hit_percent(&mut S3Fifo { room, ..S3Fifo::default() }, &trace);
            let lru = hit_percent(&mut Lru { room, ..Lru::default() }, &trace);
            println!("{exponent:8} {share:4}% {ours:5.1}% {s3_fifo:6.1}% {lru:6.1}%");
            let others = format!(
                "exponent {exponent}, {share} %: {ours:.2} %, S3-FIFO {s3_fifo:.2} %, LRU {lru:.2} %"
            );
            assert!(ours >= s3_fifo && ours > lru, "{others}");
        }
    }
}
