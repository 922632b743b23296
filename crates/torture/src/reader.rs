//! A client that reads one node for as long as the run lasts.

use std::sync::Arc;
use std::time::Duration;

use simulation::Chance;

use crate::member::Member;
use crate::web::{Kind, UrlNumber};
use crate::world::{Outcome, World};

/// Reads until it is dropped. Some URLs are asked for much more often than others.
pub async fn read_on(world: Arc<World>, node: usize, mut chance: Chance) {
    let member = &world.stage.members[node];
    loop {
        let url = chance.skewed(world.web.urls.len());
        let outcome = world.read(member, url).await;
        let pause = match outcome {
            Outcome::Failed(_) => chance.within(20, 100),
            _ => chance.within(2, 20),
        };
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
}

/// What the journal says of a node that does not get there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotWarm {
    pub url: UrlNumber,
    pub last: Outcome,
}

/// Reads every URL until it is a hit, or gone where it was erased; gives those that are not within this time.
pub async fn warm(world: &World, member: &Member, patience: Duration) -> Vec<NotWarm> {
    let deadline = tokio::time::Instant::now() + patience;
    let mut cold = Vec::new();
    for (url, target) in world.web.urls.iter().enumerate() {
        loop {
            let last = world.read(member, url).await;
            let may_be_gone = world.web.files[target.file].kind == Kind::Once;
            if last == Outcome::Hit || may_be_gone && last == Outcome::Gone {
                break;
            }
            if tokio::time::Instant::now() >= deadline {
                cold.push(NotWarm { url, last });
                break;
            }
            if last != Outcome::Forwarded {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    cold
}
