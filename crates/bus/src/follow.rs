//! The loop that keeps a node up with the log, and with that its lease alive.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use api_types::FollowRequest;
use purge_protocol::{Erasure, NodeId, Received};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::clock;
use crate::feed::{Feed, FeedError};
use crate::log_view::LogView;
use crate::state_file::{NodeState, StateFile};

/// After a failure the node asks again this soon: its lease is running.
const RETRY: Duration = Duration::from_millis(200);
/// The state file is written at most this often, since it holds every fence; what is missing from it the log gives again.
const SAVE_EVERY: Duration = Duration::from_secs(1);

/// Removes the bytes of an erasure from every store of this node.
pub type Erase =
    Arc<dyn Fn(Erasure) -> Pin<Box<dyn Future<Output = std::io::Result<()>> + Send>> + Send + Sync>;

/// Everything the loop needs.
pub struct Follow {
    pub node: NodeId,
    /// The earlier life whose stored responses this one found, if any.
    pub inherits_from: Option<u64>,
    pub roles: Vec<String>,
    pub delivery: Option<String>,
    /// How long the tier above may keep a question open: well below the lease.
    pub wait: Duration,
    pub view: Arc<LogView>,
    pub feed: Arc<dyn Feed>,
    pub state_file: Option<StateFile>,
    pub erase: Erase,
    /// Told the snapshot's digest with every answer.
    pub snapshot: watch::Sender<Option<String>>,
}

/// Follows the log until it is dropped.
pub async fn follow(mut follow: Follow) {
    let mut failing = false;
    let mut saving = Saving { is_due: false, not_before: Instant::now() };
    loop {
        let sent = clock::now();
        // Whoever answers again after a failure need not wait for news: the lease is running.
        let wait = if failing { Duration::ZERO } else { follow.wait };
        match saving.meanwhile(&follow, ask(&follow, wait)).await {
            Ok(answer) => {
                if std::mem::take(&mut failing) {
                    tracing::info!("following the purge log again");
                }
                let received = follow.view.receive(&answer.batch, sent);
                report(&received);
                follow.snapshot.send_replace(Some(answer.snapshot));
                for erasure in received.erasures {
                    tokio::spawn(carry_out(Arc::clone(&follow.view), Arc::clone(&follow.erase), erasure));
                }
                saving.is_due = true;
            }
            Err(FeedError::DeclaredGone) => {
                begin_anew(&mut follow);
                tokio::time::sleep(RETRY).await;
            }
            Err(error) => {
                if !std::mem::replace(&mut failing, true) {
                    tracing::warn!(%error, "cannot follow the purge log; answering unasked ends with the lease");
                }
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

/// When what is known of the log is written down: while the next question is open, so that no purge waits for it.
struct Saving {
    is_due: bool,
    not_before: Instant,
}

impl Saving {
    async fn meanwhile<T>(&mut self, follow: &Follow, asked: impl Future<Output = T>) -> T {
        tokio::pin!(asked);
        loop {
            tokio::select! {
                answer = &mut asked => return answer,
                () = tokio::time::sleep_until(self.not_before), if self.is_due => {
                    save(follow);
                    *self = Self { is_due: false, not_before: Instant::now() + SAVE_EVERY };
                }
            }
        }
    }
}

/// An operator has declared this life gone: purges were done without it. What was written down stays that of the
/// earlier life until all is wiped, so that a crash in between changes nothing.
fn begin_anew(follow: &mut Follow) {
    tracing::warn!("this node was declared gone by an operator; it starts anew, with an empty cache");
    follow.view.begin_anew();
    follow.node.incarnation = follow.node.incarnation.saturating_add(1).max(clock::unix_millis());
    follow.inherits_from = None;
}

async fn ask(follow: &Follow, wait: Duration) -> Result<api_types::FollowAnswer, FeedError> {
    let request = FollowRequest {
        renewal: follow.view.renewal(&follow.node, follow.inherits_from),
        roles: follow.roles.clone(),
        delivery: follow.delivery.clone(),
        wait_millis: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
    };
    // The tier above may be stopped, not dead: a question without an answer must not outlive the lease for long.
    let patience = wait + Duration::from_secs(2);
    match tokio::time::timeout(patience, follow.feed.ask(&request)).await {
        Ok(answer) => answer,
        Err(_) => Err(FeedError::Unreachable(format!("no answer within {patience:?}"))),
    }
}

fn report(received: &Received) {
    if received.voided {
        tracing::warn!("the purge log starts anew or was trimmed: nothing stored before is usable");
    }
    if received.gap {
        tracing::warn!("a record of the purge log was missing; asking again");
    }
}

/// Acknowledges an erasure only when it is true. A disk that refuses keeps the purge open, and says so; meanwhile
/// the node goes on following, with the fence of the erasure already raised.
async fn carry_out(view: Arc<LogView>, erase: Erase, erasure: Erasure) {
    let position = erasure.position;
    loop {
        match erase(erasure.clone()).await {
            Ok(()) => return view.carried_out(&erasure),
            Err(error) => {
                tracing::error!(%position, %error, "cannot erase; trying again");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

fn save(follow: &Follow) {
    let (Some(file), Some(fences)) = (&follow.state_file, follow.view.to_save()) else { return };
    let state = NodeState { incarnation: follow.node.incarnation, fences: Some(fences) };
    if let Err(error) = file.write(&state) {
        // Harmless: the next life follows the log from further back.
        tracing::warn!(%error, "the node's state cannot be written");
    }
}
