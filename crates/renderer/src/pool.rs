//! A bounded number of renders at a time, and a bounded number that wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use edge::FillError;
use plan::Plan;
use telemetry::Metrics;
use tokio::sync::Semaphore;
use transform::{Derivative, Limits, TransformError};

pub struct RenderPool {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    waiting_max: usize,
    limits: Limits,
    metrics: Arc<Metrics>,
}

#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    #[error(transparent)]
    Transform(#[from] TransformError),
    #[error("too many renders are waiting already")]
    QueueFull,
    #[error("the render was abandoned")]
    Abandoned,
}

impl RenderPool {
    /// `concurrent` renders at a time, about as many as there are cores; `waiting_max` may wait for them.
    pub fn new(concurrent: usize, waiting_max: usize, limits: Limits, metrics: Arc<Metrics>) -> Self {
        Self {
            places: Arc::new(Semaphore::new(concurrent.max(1))),
            waiting: AtomicUsize::new(0),
            waiting_max,
            limits,
            metrics,
        }
    }

    pub async fn render(&self, original: Bytes, plan: Plan) -> Result<Derivative, RenderError> {
        let _place = match Arc::clone(&self.places).try_acquire_owned() {
            Ok(place) => place,
            Err(_) => {
                let _waiting = Waiting::enter(self)?;
                Arc::clone(&self.places).acquire_owned().await.map_err(|_| RenderError::Abandoned)?
            }
        };
        let limits = self.limits;
        let began = Instant::now();
        let rendered =
            tokio::task::spawn_blocking(move || transform::transform(&original, &plan, &limits)).await;
        self.metrics.rendered(began.elapsed().as_secs_f64());
        Ok(rendered.map_err(|_| RenderError::Abandoned)??)
    }
}

/// A place in the queue, left when it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn enter(pool: &'a RenderPool) -> Result<Self, RenderError> {
        let waiting = Self(&pool.waiting);
        if pool.waiting.fetch_add(1, Ordering::Relaxed) >= pool.waiting_max {
            pool.metrics.render_refused();
            return Err(RenderError::QueueFull);
        }
        Ok(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl From<RenderError> for FillError {
    fn from(error: RenderError) -> Self {
        match error {
            RenderError::Transform(error) => FillError::Problem(crate::problem::of_transform(&error)),
            RenderError::QueueFull => FillError::Overloaded { retry_after: Duration::from_secs(1) },
            RenderError::Abandoned => FillError::Abandoned,
        }
    }
}
