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

/// Reads every URL until it is a hit, or gone where it was erased. If that takes too long, says where it was then.
pub async fn warm(world: &World, member: &Member, patience: Duration) -> Result<(), (UrlNumber, Outcome)> {
    let deadline = tokio::time::Instant::now() + patience;
    for (url, target) in world.web.urls.iter().enumerate() {
        let may_be_gone = world.web.files[target.file].kind == Kind::Once;
        loop {
            let last = world.read(member, url).await;
            if last == Outcome::Hit || may_be_gone && last == Outcome::Gone {
                break;
            }
            if tokio::time::Instant::now() >= deadline {
                return Err((url, last));
            }
            tokio::time::sleep(Duration::from_millis(if last == Outcome::Forwarded { 5 } else { 50 })).await;
        }
    }
    Ok(())
}
