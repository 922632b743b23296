//! Those who erase pictures, and look whether a byte of them is left.

use std::sync::Arc;
use std::time::Duration;

use api_types::{NodeOutcome, PurgeRequest, PurgeState, Selector};
use purge_protocol::Mode;
use simulation::Chance;

use crate::journal::Broken;
use crate::member::Member;
use crate::sabotage::Sabotage;
use crate::web::{FileNumber, Kind, SOURCE};
use crate::world::World;
use crate::writer;

/// One erasure each so many seconds of a storm.
pub const EVERY: Duration = Duration::from_secs(4);
/// What is stored of responses.
const CACHE: [&str; 1] = ["cache"];
/// And originals and derivatives with it.
const ALL: [&str; 2] = ["cache", "store"];
/// What is under way when an erasure is done may write behind its back, and removes what it wrote.
const CLEAN_WITHIN: Duration = Duration::from_secs(15);

/// Erases one picture after the other, each once; gives those of which the end was reported.
pub async fn erase_on(world: Arc<World>, mut chance: Chance) -> Vec<FileNumber> {
    let mut erased = Vec::new();
    for file in world.web.files_of(|kind| kind == Kind::Once) {
        let pause = EVERY.mul_f64(chance.within(50, 100) as f64 / 100.0);
        tokio::time::sleep(pause).await;
        if !world.is_storm() {
            break;
        }
        let selectors = vec![Selector::Original(format!("{SOURCE}/{}", world.web.files[file].path))];
        let request =
            PurgeRequest { selectors: selectors.clone(), mode: Mode::Erase, ..PurgeRequest::default() };
        if writer::purge(&world, request, &mut chance).await == Some(PurgeState::Done) {
            erased.push(file);
            look_where_it_was_acknowledged(&world, file, &selectors);
            if world.sabotage == Some(Sabotage::ReturningBytes) {
                put_back(&world, file);
            }
        }
    }
    erased
}

/// A node that acknowledged has no byte of it in its cache any more.
fn look_where_it_was_acknowledged(world: &World, file: FileNumber, selectors: &[Selector]) {
    let receipt = world.journal.records().purges.iter().find_map(|purge| {
        let is_this = purge.request.mode == Mode::Erase && purge.request.selectors == selectors;
        purge.view.as_ref().filter(|_| is_this).map(|view| view.receipt.clone())
    });
    let acknowledged = receipt.into_iter().flat_map(|receipt| receipt.nodes);
    for node in acknowledged.filter(|node| node.outcome == NodeOutcome::Acknowledged) {
        if let Some(member) = world.stage.members.iter().find(|member| member.name == node.name) {
            look(world, member, &CACHE, file, "it acknowledged");
        }
    }
}

/// After everything was healed: no node has a byte of any of these.
pub async fn look_everywhere(world: &World, erased: &[FileNumber]) {
    let deadline = tokio::time::Instant::now() + CLEAN_WITHIN;
    for file in erased {
        let needles: Vec<_> = world.web.needles(*file).into_iter().collect();
        for member in &world.stage.members {
            while member.find(&ALL, &needles).is_some() && tokio::time::Instant::now() < deadline {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            look(world, member, &ALL, *file, "all was healed");
        }
    }
}

fn look(world: &World, member: &Member, folders: &[&str], file: FileNumber, when: &str) {
    let needles: Vec<_> = world.web.needles(file).into_iter().collect();
    if let Some(found) = member.find(folders, &needles) {
        let path = &world.web.files[file].path;
        let story = format!("bytes of {path} are in {} of {} after {when}", found.display(), member.name);
        world.journal.violation(Broken::ErasedBytes, Some(member.number), story);
    }
}

fn put_back(world: &World, file: FileNumber) {
    let cache = world.stage.sabotaged().data.join("cache");
    let bytes: Vec<u8> = world.web.needles(file).into_iter().flatten().collect();
    // If it cannot be written, the sabotage is not found, and that is reported.
    let _written = std::fs::write(cache.join("returned"), bytes);
}
