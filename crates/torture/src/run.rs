//! One run, from an empty stage to the last look.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use simulation::Chance;
use tokio::task::JoinSet;

use crate::api::Api;
use crate::eraser::{self, erase_on, look_everywhere};
use crate::journal::{Answers, Broken, Journal, Phase, Records};
use crate::plan::plan;
use crate::reader::{read_on, warm};
use crate::sabotage::Sabotage;
use crate::stage::{NODES, Setting, Stage, own_address};
use crate::watcher::{is_ready, watch};
use crate::weather::{each, sabotage, weather};
use crate::web::Web;
use crate::world::World;
use crate::writer::write_on;

const READERS_A_NODE: usize = 2;
const WRITERS: usize = 8;
/// Without a fault at least so many percent of all answers are hits.
pub const HITS_AT_LEAST: f64 = 95.0;
const READY_WITHIN: Duration = Duration::from_secs(60);
const WARM_WITHIN: Duration = Duration::from_secs(20);

#[derive(Debug, Clone)]
pub struct Options {
    pub seed: u64,
    /// How long faults, purges and reads go on together.
    pub storm: Duration,
    /// How long only reads go on, before the storm and after it.
    pub quiet: Duration,
    /// The program that is tortured.
    pub binary: PathBuf,
    /// Where the nodes keep their data; emptied first.
    pub folder: PathBuf,
    pub sabotage: Option<Sabotage>,
}

/// What came out of a run.
pub struct Findings {
    pub options: Options,
    pub records: Records,
    /// To place the times that receipts give.
    pub journal: Arc<Journal>,
    pub urls: Vec<String>,
    pub took: Duration,
}

impl Findings {
    pub fn is_clean(&self) -> bool {
        self.records.violations.is_empty()
    }

    pub fn has_found(&self, broken: Broken) -> bool {
        self.records.violations.iter().any(|violation| violation.broken == broken)
    }
}

pub async fn run(options: Options) -> std::io::Result<Findings> {
    if options.folder.exists() {
        std::fs::remove_dir_all(&options.folder)?;
    }
    let journal = Arc::new(Journal::begin(NODES.len()));
    let world = Arc::new(set_up(&options, &journal).await?);
    let mut chance = Chance::new(options.seed);
    let mut watchers = JoinSet::new();
    for node in 0..NODES.len() {
        watchers.spawn(watch(Arc::clone(&world), node));
    }
    all_warm(&world, Broken::ColdCache).await;

    let mut readers = JoinSet::new();
    for member in world.stage.read() {
        for _ in 0..READERS_A_NODE {
            readers.spawn(read_on(Arc::clone(&world), member.number, Chance::new(chance.draw())));
        }
    }
    stay_quiet(&world, options.quiet).await;
    let erased = storm(&world, &options, &mut chance).await;
    all_warm(&world, Broken::NoProgress).await;
    stay_quiet(&world, options.quiet).await;
    readers.shutdown().await;
    look_everywhere(&world, &erased).await;

    watchers.shutdown().await;
    if options.sabotage == Some(Sabotage::FrozenEdge) {
        world.stage.sabotaged().thaw().await;
    }
    each(&world, |world, node| async move { world.stage.members[node].end().await }).await;
    let took = journal.now();
    let urls = world.web.urls.iter().map(|url| url.absolute.clone()).collect();
    let records = journal.records().clone();
    Ok(Findings { options, records, journal, urls, took })
}

/// Files at their servers, and every process ready.
async fn set_up(options: &Options, journal: &Arc<Journal>) -> std::io::Result<World> {
    let address = own_address();
    let erasures = (options.storm.as_secs() / eraser::EVERY.as_secs()).clamp(1, 9_999);
    let mut noise = Chance::new(options.seed);
    let web = Web::start(address, usize::try_from(erasures).unwrap_or(1), &mut noise).await;
    let setting = Setting {
        binary: &options.binary,
        folder: &options.folder,
        address,
        more: options.sabotage.map_or("", Sabotage::settings),
    };
    let stage = Stage::set(&setting, &web, journal).await?;
    let origin = stage.origin();
    origin.begin().await;
    let token = read_token(origin.data.join("api.token")).await?;
    let api = Api { address: origin.control, token: format!("Bearer {token}") };
    let world = World::new(stage, web, Arc::clone(journal), api, options.seed, options.sabotage);
    world.enter(Phase::Warm);
    for member in &world.stage.members {
        member.begin().await;
    }
    all_ready(&world).await;
    Ok(world)
}

/// The origin makes it at its first start.
async fn read_token(path: PathBuf) -> std::io::Result<String> {
    let deadline = tokio::time::Instant::now() + READY_WITHIN;
    loop {
        match std::fs::read_to_string(&path) {
            Ok(token) if !token.trim().is_empty() => return Ok(token.trim().to_owned()),
            Err(error) if tokio::time::Instant::now() > deadline => return Err(error),
            _ => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// Everything that can go wrong goes wrong; then it is put right, and what was begun ends. Gives what was erased.
async fn storm(world: &Arc<World>, options: &Options, chance: &mut Chance) -> Vec<usize> {
    let faults = if options.sabotage.is_some() { Vec::new() } else { plan(options.seed, options.storm) };
    world.enter(Phase::Storm);
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        writers.spawn(write_on(Arc::clone(world), Chance::new(chance.draw())));
    }
    let eraser = tokio::spawn(erase_on(Arc::clone(world), Chance::new(chance.draw())));
    let weather = tokio::spawn(weather(Arc::clone(world), faults));
    let sabotage = tokio::spawn(sabotage(Arc::clone(world)));
    tokio::time::sleep(options.storm).await;

    world.enter(Phase::Heal);
    let _ended = tokio::join!(weather, sabotage);
    if options.sabotage == Some(Sabotage::FrozenEdge) {
        world.stage.sabotaged().freeze().await;
    }
    all_ready(world).await;
    writers.join_all().await;
    let probes = std::mem::take(&mut *world.probes());
    probes.join_all().await;
    eraser.await.unwrap_or_default()
}

async fn all_ready(world: &World) {
    let deadline = tokio::time::Instant::now() + patience(world, READY_WITHIN);
    for member in &world.stage.members {
        while !is_ready(world, member.number).await {
            if tokio::time::Instant::now() > deadline || !member.still_runs().await {
                let story = format!("{} does not get ready", member.name);
                world.journal.violation(Broken::NoProgress, Some(member.number), story);
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Every node answers every URL from what it has stored, sooner or later.
async fn all_warm(world: &Arc<World>, otherwise: Broken) {
    each(world, move |world, node| async move {
        let member = &world.stage.members[node];
        if !NODES[node].is_read {
            return;
        }
        let patience = patience(&world, WARM_WITHIN);
        if let Err((url, last)) = warm(&world, member, patience).await {
            let target = &world.web.urls[url].target;
            let story = format!("{}: {target} is no hit after {patience:?}: {last:?}", member.name);
            world.journal.violation(otherwise, Some(node), story);
        }
    })
    .await;
}

/// What is broken on purpose need not be waited for as long.
fn patience(world: &World, otherwise: Duration) -> Duration {
    if world.sabotage.is_some() { Duration::from_secs(8) } else { otherwise }
}

/// Only reads: hits stay hits.
async fn stay_quiet(world: &World, quiet: Duration) {
    let before = world.journal.records().quiet;
    world.enter(Phase::Quiet);
    tokio::time::sleep(quiet).await;
    let after = world.journal.records().quiet;
    let here = Answers {
        hits: after.hits - before.hits,
        stale: after.stale - before.stale,
        forwarded: after.forwarded - before.forwarded,
        failed: after.failed - before.failed,
    };
    if here.hit_percent() < HITS_AT_LEAST || here.failed > 0 {
        let (percent, failed) = (here.hit_percent(), here.failed);
        let story = format!("{percent:.1} % of {} reads were hits, and {failed} failed", here.reads());
        world.journal.violation(Broken::ColdCache, None, story);
    }
}
