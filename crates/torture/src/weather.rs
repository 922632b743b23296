//! The one who does what the plan of faults says, and puts it right again.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::journal::{Happened, Phase};
use crate::plan::{Fault, Loss, Planned};
use crate::sabotage::Sabotage;
use crate::world::World;

/// Returns when every fault has happened and is over.
pub async fn weather(world: Arc<World>, plan: Vec<Planned>) {
    let began = tokio::time::Instant::now();
    let mut faults = JoinSet::new();
    for planned in plan {
        tokio::time::sleep_until(began + planned.at).await;
        if !world.is_storm() {
            break;
        }
        faults.spawn(happen(Arc::clone(&world), planned));
    }
    faults.join_all().await;
}

async fn happen(world: Arc<World>, planned: Planned) {
    let members = &world.stage.members;
    let mut turns = Vec::new();
    match planned.fault {
        Fault::Kill { node, .. } | Fault::Freeze { node } => turns.push(members[node].turn().await),
        Fault::RestartAll => {
            // Always in this order, so that two of them do not wait for each other.
            for member in members {
                turns.push(member.turn().await);
            }
        }
        Fault::Link { .. } => {}
    }
    if !world.is_storm() {
        return;
    }
    let from = world.journal.now();
    let number = {
        let mut records = world.journal.records();
        records.faults.push(Happened { from, to: None, planned: planned.clone() });
        records.faults.len() - 1
    };
    match &planned.fault {
        Fault::Kill { node, loss } => {
            members[*node].kill(*loss).await;
            last(&world, planned.lasts).await;
            members[*node].begin().await;
        }
        Fault::Freeze { node } => {
            members[*node].freeze().await;
            last(&world, planned.lasts).await;
            members[*node].thaw().await;
        }
        Fault::Link { link, trouble } => {
            world.stage.links[*link].trouble(*trouble);
            last(&world, planned.lasts).await;
            world.stage.links[*link].heal();
        }
        Fault::RestartAll => {
            each(&world, |world, node| async move { world.stage.members[node].end().await }).await;
            last(&world, planned.lasts).await;
            each(&world, |world, node| async move { world.stage.members[node].begin().await }).await;
        }
    }
    let to = world.journal.now();
    world.journal.records().faults[number].to = Some(to);
}

/// So long, or until the storm is over.
async fn last(world: &World, lasts: Duration) {
    let mut phase = world.phase.subscribe();
    let _whichever_is_first =
        tokio::time::timeout(lasts, phase.wait_for(|phase| *phase != Phase::Storm)).await;
}

/// All members at once.
pub async fn each<F: Future<Output = ()> + Send + 'static>(
    world: &Arc<World>,
    what: impl Fn(Arc<World>, usize) -> F,
) {
    let mut all = JoinSet::new();
    for node in 0..world.stage.members.len() {
        all.spawn(what(Arc::clone(world), node));
    }
    all.join_all().await;
}

/// What a sabotage does in the middle of the storm.
pub async fn sabotage(world: Arc<World>) {
    if world.sabotage == Some(Sabotage::LostCatalog) {
        let origin = world.stage.origin();
        tokio::time::sleep(Duration::from_secs(2)).await;
        origin.kill(Loss::Nothing).await;
        for name in ["catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-shm"] {
            // Which of these there are depends on the moment of its end.
            let _was_there = std::fs::remove_file(origin.data.join(name));
        }
        origin.begin().await;
    }
}
