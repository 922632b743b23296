//! Those who change files and purge them.

use std::sync::Arc;
use std::time::Duration;

use api_types::{PurgeRequest, PurgeState, Selector};
use purge_protocol::Mode;
use simulation::Chance;

use crate::api::ApiError;
use crate::journal::{Broken, Phase};
use crate::web::{File, FileNumber, Kind, SOURCE, UrlNumber, Version};
use crate::world::World;

/// After everything was healed a purge has this long to end.
const ENDS_WITHIN: Duration = Duration::from_secs(45);
/// How many URLs are read on each node in the moment in which a purge is done.
const PROBES: usize = 3;

/// Changes and purges for as long as the storm lasts; returns when its last purge has ended.
pub async fn write_on(world: Arc<World>, mut chance: Chance) {
    let files = world.web.files_of(|kind| kind != Kind::Once);
    while world.is_storm() {
        let file = files[chance.index(files.len())];
        if chance.percent(90) {
            world.web.change(file);
        }
        if chance.percent(20) {
            // Two at once that cover the same, perhaps by other names.
            let (one, other) = (request(&world, file, &mut chance), request(&world, file, &mut chance));
            let mut others = chance.clone();
            tokio::join!(purge(&world, one, &mut chance), async {
                world.web.change(file);
                purge(&world, other, &mut others).await;
            });
        } else {
            let wanted = request(&world, file, &mut chance);
            purge(&world, wanted, &mut chance).await;
        }
        tokio::time::sleep(Duration::from_millis(chance.within(20, 500))).await;
    }
}

/// One of the ways to name a file, or everything.
fn request(world: &World, file: FileNumber, chance: &mut Chance) -> PurgeRequest {
    let File { path, kind } = &world.web.files[file];
    let mut names = Vec::new();
    match kind {
        Kind::Text(labels) => names.extend(labels.iter().map(|label| Selector::Tag((*label).to_owned()))),
        Kind::Picture | Kind::Once => {
            let name = format!("{SOURCE}/{path}");
            let folders =
                name.match_indices('/').skip(1).map(|(end, _)| Selector::Folder(name[..end].to_owned()));
            names.extend(folders);
            names.push(Selector::Original(name.clone()));
            if chance.percent(10) {
                names.push(Selector::Source(SOURCE.to_owned()));
            }
        }
    }
    names.extend(world.web.urls_of(file).map(|url| Selector::Url(world.web.urls[url].absolute.clone())));
    let selectors = if chance.percent(4) {
        vec![Selector::All(true)]
    } else {
        vec![names.swap_remove(chance.index(names.len()))]
    };
    let mode = if chance.percent(25) { Mode::Soft } else { Mode::Hard };
    PurgeRequest { selectors, mode, force: chance.percent(15), ..PurgeRequest::default() }
}

/// One purge, from the wish to its end. What it announces is what the servers have in this moment.
pub async fn purge(world: &Arc<World>, request: PurgeRequest, chance: &mut Chance) -> Option<PurgeState> {
    let announced = match request.mode {
        Mode::Erase => gone(world, &request.selectors),
        Mode::Soft | Mode::Hard => world.web.announced(&request.selectors),
    };
    let mode = request.mode;
    let number = world.journal.purge_asked(request.clone(), announced.clone());
    let key = format!("torture-{}-{number}", world.seed);
    let id = accepted(world, &request, number, &key).await?;
    let state = ended(world, number, &id).await?;
    if state.succeeded() {
        world.promises().done(mode, announced.iter().copied());
        probe(world, &announced, chance);
    }
    Some(state)
}

fn gone(world: &World, selectors: &[Selector]) -> Vec<(UrlNumber, Version)> {
    world.web.announced(selectors).into_iter().map(|(url, _)| (url, Version::GONE)).collect()
}

/// Asks again with the same key until somebody has accepted it.
async fn accepted(world: &World, request: &PurgeRequest, number: usize, key: &str) -> Option<String> {
    loop {
        match world.api.purge(request, key).await {
            Ok(view) => {
                let now = world.journal.now();
                let id = view.id.clone();
                world.journal.with_purge(number, |purge| {
                    purge.accepted = Some(now);
                    purge.view = Some(view);
                });
                return Some(id);
            }
            Err(ApiError::Later(why)) if is_too_late(world) => {
                let story = format!("the purge {key} is not accepted: {why}");
                world.journal.violation(Broken::NoProgress, None, story);
                return None;
            }
            Err(ApiError::Later(_)) => tokio::time::sleep(Duration::from_millis(100)).await,
            Err(ApiError::Refused(why)) => {
                let story = format!("the purge {key} was refused: {why}");
                world.journal.violation(Broken::NoProgress, None, story);
                return None;
            }
        }
    }
}

async fn ended(world: &World, number: usize, id: &str) -> Option<PurgeState> {
    let mut pause = Duration::from_millis(5);
    loop {
        let why = match world.api.view(id).await {
            Ok(view) => {
                let (now, state) = (world.journal.now(), view.state);
                world.journal.with_purge(number, |purge| {
                    purge.view = Some(view);
                    purge.ended = state.has_ended().then_some(now);
                });
                if state.has_ended() {
                    return Some(state);
                }
                format!("it is {state}")
            }
            Err(ApiError::Later(why)) => why,
            Err(ApiError::Refused(why)) => {
                let story = format!("the accepted purge {id} is not known any more: {why}");
                world.journal.violation(Broken::PurgeLost, None, story);
                return None;
            }
        };
        if is_too_late(world) {
            let story = format!("the accepted purge {id} does not end: {why}");
            world.journal.violation(Broken::PurgeLost, None, story);
            return None;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(40));
    }
}

/// Whether everything was healed so long ago that every purge should have ended.
fn is_too_late(world: &World) -> bool {
    let records = world.journal.records();
    let healed = records.phases.iter().find(|(_, phase)| *phase == Phase::Heal).map(|(since, _)| *since);
    drop(records);
    healed.is_some_and(|since| world.journal.now() > since + ENDS_WITHIN)
}

/// Reads what was purged on every node, in the moment in which it is said to be gone.
fn probe(world: &Arc<World>, announced: &[(UrlNumber, Version)], chance: &mut Chance) {
    let mut urls: Vec<UrlNumber> = announced.iter().map(|(url, _)| *url).collect();
    while urls.len() > PROBES {
        urls.swap_remove(chance.index(urls.len()));
    }
    for member in world.stage.read().map(|member| member.number) {
        for url in urls.iter().copied() {
            let reading = Arc::clone(world);
            // Nobody waits for a node that is stopped; its answer is judged when it comes.
            world.probes().spawn(async move {
                reading.read(&reading.stage.members[member], url).await;
            });
        }
    }
}
