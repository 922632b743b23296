//! Renders in worker processes: a bounded number at a time within a bounded amount of memory, sources by turns.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use edge::FillError;
use plan::Plan;
use render_worker::{WorkerError, Workers};
use telemetry::Metrics;
use tokio::sync::oneshot;
use transform::{Derivative, Limits, memory_needed};

use crate::cutter::Cutter;
use crate::turns::{Arrival, Claim, Room, Turns};

pub struct RenderPool {
    turns: Arc<Mutex<Turns<Waiting>>>,
    workers: Arc<Workers>,
    limits: Limits,
    metrics: Arc<Metrics>,
}

/// Dropped instead of answered, it says that there is no room.
type Waiting = oneshot::Sender<Place>;

#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    #[error(transparent)]
    Worker(#[from] WorkerError),
    #[error("too many renders are waiting already")]
    Busy { retry_after: Duration },
}

impl RenderPool {
    pub fn new(room: Room, workers: Arc<Workers>, limits: Limits, metrics: Arc<Metrics>) -> Self {
        Self { turns: Arc::new(Mutex::new(Turns::new(room))), workers, limits, metrics }
    }

    /// Each `source` has its turns, so that one whose pictures take long does not keep those of others waiting. `cutter` is
    /// there if the plan needs it.
    pub async fn render(
        &self,
        source: &str,
        originals: &[&[u8]],
        cutter: Option<&Cutter>,
        plan: &Plan,
    ) -> Result<Derivative, RenderError> {
        let memory = needed(originals, cutter, plan, &self.limits);
        let _place = self.place(source, memory).await?;
        let began = Instant::now();
        let rendered = self.workers.transform(originals, plan, &self.limits).await;
        let took = began.elapsed();
        lock(&self.turns).note(took);
        self.metrics.rendered(took.as_secs_f64());
        if matches!(rendered, Err(WorkerError::Died(_) | WorkerError::Unbelievable(_))) {
            self.metrics.render_worker_lost();
        }
        Ok(rendered?)
    }

    async fn place(&self, source: &str, memory: u64) -> Result<Place, RenderError> {
        let (turn, given) = oneshot::channel();
        let arrival = lock(&self.turns).arrive(source, memory, turn);
        match arrival {
            Arrival::Begins(claim, _) => return Ok(Place { claim, turns: Arc::clone(&self.turns) }),
            Arrival::Waits => {}
            Arrival::SentAway(turn) => drop(turn),
        }
        let _waits = Leaving(&self.turns);
        given.await.map_err(|_| {
            self.metrics.render_refused();
            RenderError::Busy { retry_after: lock(&self.turns).patience() }
        })
    }
}

/// What a render may take, with what following the model takes.
fn needed(originals: &[&[u8]], cutter: Option<&Cutter>, plan: &Plan, limits: &Limits) -> u64 {
    memory_needed(originals, plan, limits) + cutter.map_or(0, |cutter| cutter.memory)
}

/// Takes out of the queue whoever has stopped waiting, this one above all.
struct Leaving<'a>(&'a Arc<Mutex<Turns<Waiting>>>);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        lock(self.0).forget(oneshot::Sender::is_closed);
        give_turns(self.0);
    }
}

/// The right to render, given back when it is dropped.
struct Place {
    claim: Claim,
    turns: Arc<Mutex<Turns<Waiting>>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.turns).leave(self.claim);
        give_turns(&self.turns);
    }
}

/// Lets all begin for whom there is room now.
fn give_turns(turns: &Arc<Mutex<Turns<Waiting>>>) {
    // One at a time, and unlocked: one who has gone meanwhile hands its place back, which comes here again.
    loop {
        let next = lock(turns).next();
        let Some((claim, turn)) = next else { return };
        let _gone = turn.send(Place { claim, turns: Arc::clone(turns) });
    }
}

fn lock(turns: &Mutex<Turns<Waiting>>) -> MutexGuard<'_, Turns<Waiting>> {
    turns.lock().unwrap_or_else(PoisonError::into_inner)
}

impl From<RenderError> for FillError {
    fn from(error: RenderError) -> Self {
        match error {
            RenderError::Worker(error) => crate::problem::of_worker(&error),
            RenderError::Busy { retry_after } => FillError::Overloaded { retry_after },
        }
    }
}

#[cfg(test)]
mod tests {
    use render_worker::{Model, Settings};

    use super::*;

    /// A worker that says that it is there, and then nothing more.
    const SILENT: &str =
        r"printf '\002\000\000\000\000\000\000\000\000\000\000\000\000\000'; while read -r _; do :; done";

    #[tokio::test]
    async fn how_long_renders_take_says_when_to_come_again() {
        let settings = Settings::new("/bin/sh".into(), vec!["-c".to_owned(), SILENT.to_owned()]);
        let (workers, _) = Workers::start(settings).await.expect("a worker");
        let room = Room { places: 1, memory: 1 << 40, waiting: 79 };
        let limits = Limits { time: Duration::ZERO, ..Limits::default() };
        let pool = RenderPool::new(room, workers, limits, Arc::new(Metrics::new()));
        let render = async || pool.render("demo", &[b"GIF89a"], None, &Plan::default()).await.unwrap_err();
        assert!(matches!(render().await, RenderError::Worker(_)));
        // One has the place, and as many wait as may.
        let (turns, _given): (Vec<Waiting>, Vec<_>) = (0..80).map(|_| oneshot::channel()).unzip();
        for turn in turns {
            drop(lock(&pool.turns).arrive("demo", 0, turn));
        }
        let RenderError::Busy { retry_after } = render().await else { panic!("there is room") };
        // Were it still the tenth of a second of before the first, it would be eight.
        assert!(retry_after > Duration::from_secs(8), "{retry_after:?}");
    }

    #[test]
    fn the_model_takes_its_memory_beside_the_picture() {
        let model = Model { onnx: [].into(), normalisation: transform::Normalisation::default() };
        let cutter = Cutter { key: String::new(), memory: 5 << 20, model };
        let memory = |cutter| needed(&[b"GIF89a"], cutter, &Plan::default(), &Limits::default());
        assert_eq!(memory(Some(&cutter)) - memory(None), 5 << 20);
    }
}
