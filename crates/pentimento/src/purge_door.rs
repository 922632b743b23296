//! The way of a `PURGE` to whoever carries it out.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use api::problem::Refused;
use api_types::node::PurgeOrder;
use api_types::{Problem, PurgeRequest, PurgeView};
use bus::HttpFeed;
use edge::purge_method::{PATIENCE, PurgeDoor};
use purge::{Asker, Purges};
use tokio::sync::broadcast::error::RecvError;

/// The control plane in this process.
pub struct ToControl(pub Arc<Purges>);

/// The tier above.
pub struct Upwards(pub Arc<HttpFeed>);

impl PurgeDoor for ToControl {
    fn purge<'a>(
        &'a self,
        request: &'a PurgeRequest,
        cause: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<PurgeView, Problem>> + Send + 'a>> {
        Box::pin(async move {
            let mut changes = self.0.changes();
            let accepted = self.0.accept(request.clone(), None, &Asker::owner(cause)).await;
            let mut view = accepted.map_err(|error| Refused::from(error).0)?.view;
            let patience = tokio::time::sleep(PATIENCE);
            tokio::pin!(patience);
            while !view.state.has_ended() {
                tokio::select! {
                    changed = changes.recv() => match changed {
                        Ok(id) if id != view.id => continue,
                        Ok(_) | Err(RecvError::Lagged(_)) => {}
                        Err(RecvError::Closed) => break,
                    },
                    () = &mut patience => break,
                }
                if let Some(now) = self.0.get(&view.id).await.map_err(|error| Refused::from(error).0)? {
                    view = now;
                }
            }
            Ok(view)
        })
    }
}

impl PurgeDoor for Upwards {
    fn purge<'a>(
        &'a self,
        request: &'a PurgeRequest,
        cause: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<PurgeView, Problem>> + Send + 'a>> {
        Box::pin(async move {
            let order = PurgeOrder { request: request.clone(), cause: cause.to_owned() };
            self.0.purge(&order).await
        })
    }
}
