//! The workers of a node: started when needed, kept while they behave, replaced now and then.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use plan::Plan;
use tokio::time::{Instant, sleep};
use transform::{Derivative, Limits, Normalisation};

use crate::confinement::Files;
use crate::error::WorkerError;
use crate::process::Process;

/// The environment of workers whose allocator is mimalloc. It takes a gigabyte of addresses beforehand, which would be beside
/// the limit of memory; and what is freed it keeps for a second, while the next transform, whose buffers are not of the
/// same sizes, takes others. Twenty milliseconds cost a hundredth of the processor time and spare two fifths of the memory.
pub const MIMALLOC: [(&str, &str); 2] = [("MIMALLOC_ARENA_RESERVE", "32MiB"), ("MIMALLOC_PURGE_DELAY", "20")];

#[derive(Debug, Clone)]
pub struct Settings {
    /// What calls [`crate::serve`], with which arguments.
    pub program: PathBuf,
    pub arguments: Vec<String>,
    /// The worker's whole environment.
    pub environment: Vec<(String, String)>,
    /// A worker is replaced after this many jobs, so that whatever it has leaked or kept ends.
    pub jobs: u32,
    /// And after this long at work.
    pub busy: Duration,
    /// One that nobody has needed for this long is ended; what it had kept of memory goes back to the machine.
    pub idle: Duration,
    /// What sees the foreground. A worker gets it with the first plan that needs it, and keeps it.
    pub model: Option<Model>,
}

/// A file that [`transform::Network::read`] understands, and how it wants pictures.
#[derive(Debug, Clone)]
pub struct Model {
    pub onnx: Arc<[u8]>,
    pub normalisation: Normalisation,
}

impl Settings {
    pub fn new(program: PathBuf, arguments: Vec<String>) -> Self {
        Self {
            program,
            arguments,
            environment: Vec::new(),
            jobs: 500,
            busy: Duration::from_secs(10 * 60),
            idle: Duration::from_secs(30),
            model: None,
        }
    }
}

/// How many work at a time is the caller's business: there are as many as calls under way.
pub struct Workers {
    settings: Settings,
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    process: Process,
    since: Instant,
}

impl Workers {
    /// Starts a first worker, to see that there can be any, and says what keeps it from files.
    pub async fn start(settings: Settings) -> Result<(Arc<Self>, Files), WorkerError> {
        let first = Process::start(&settings).await?;
        let files = first.files;
        let workers = Arc::new(Self { settings, idle: Mutex::default() });
        workers.keep(first);
        tokio::spawn(end_the_idle(Arc::downgrade(&workers), workers.settings.idle));
        Ok((workers, files))
    }

    /// As [`transform::compose_with`], elsewhere. Dropped before its end, it ends the worker with it.
    pub async fn transform(
        &self,
        originals: &[&[u8]],
        plan: &Plan,
        limits: &Limits,
    ) -> Result<Derivative, WorkerError> {
        let model = self.settings.model.as_ref().filter(|_| plan.background_removed);
        let mut process = match self.idle_one(model.is_some()) {
            Some(process) => process,
            None => Process::start(&self.settings).await?,
        };
        let began = Instant::now();
        // Whoever fails is dropped here, and so killed: what has broken one picture is not let near the next.
        let derivative = process.make(originals, model, plan, limits).await?;
        process.jobs += 1;
        process.busy += began.elapsed();
        if process.jobs < self.settings.jobs && process.busy < self.settings.busy {
            self.keep(process);
        }
        Ok(derivative)
    }

    /// One that has the model where that is wanted, and one that has it not where it is not, as far as there are such.
    fn idle_one(&self, with_model: bool) -> Option<Process> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        // The last that was used has the warmest memory; one that died meanwhile costs nobody a request.
        let suited = |idle: &Vec<Idle>| idle.iter().rposition(|idle| idle.process.has_model == with_model);
        while let Some(place) = suited(&idle).or_else(|| idle.len().checked_sub(1)) {
            let Idle { mut process, .. } = idle.remove(place);
            if process.is_alive() {
                return Some(process);
            }
        }
        None
    }

    fn keep(&self, process: Process) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(Idle { process, since: Instant::now() });
    }
}

async fn end_the_idle(workers: Weak<Workers>, after: Duration) {
    loop {
        sleep(after / 2).await;
        let Some(workers) = workers.upgrade() else { return };
        let mut idle = workers.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|idle| idle.since.elapsed() < after);
    }
}
