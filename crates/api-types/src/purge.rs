//! Purges as the API shows them.

use std::fmt;
use std::str::FromStr;

use purge_protocol::{LogId, Mode, Outcome, Position};
use serde::{Deserialize, Serialize};

use crate::look::{ExternalReceipt, HostReceipt, Look, Rounds, Sample};

/// The body of `POST /v1/purges`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PurgeRequest {
    pub selectors: Vec<Selector>,
    #[serde(default)]
    pub mode: Mode,
    /// Fence also what has not changed at its source.
    #[serde(default)]
    pub force: bool,
    /// Of an erasure that the law demands: what is told to whoever asks for it (451 instead of 410).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Other people's CDNs are told at once, whatever their windows.
    #[serde(default, skip_serializing_if = "is_false")]
    pub urgent: bool,
    /// When it is to begin, in Unix milliseconds; without it, now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<u64>,
    /// How many of the derivatives that are asked for most are made from the new version before it becomes current.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub warm: u32,
    /// Nothing is to be purged: the answer is what it would come to ([`crate::impact`]).
    #[serde(default, skip_serializing_if = "is_false")]
    pub dry_run: bool,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// What a purge covers, in an operator's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Selector {
    /// `source/path`
    Original(String),
    /// `source/path`: everything below that folder
    Folder(String),
    Source(String),
    /// One URL, as a client asks for it
    Url(String),
    /// Everything at and below one URL, whatever the query
    Prefix(String),
    /// A label that a pass-through site's upstream gave
    Tag(String),
    /// A preset by its name, a tenant's as `tenant/name`
    Preset(String),
    /// A pack by its id, as `tenant/id`
    Pack(String),
    /// A location of all packs, as `tenant/name`
    Location(String),
    /// `true`: everything
    All(bool),
    /// A URL that is not ours, at a CDN that we can tell
    External {
        /// Its name in the configuration
        cdn: String,
        url: String,
    },
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Selector::Original(name) => write!(f, "original {name}"),
            Selector::Folder(name) => write!(f, "folder {name}"),
            Selector::Source(name) => write!(f, "source {name}"),
            Selector::Url(name) => write!(f, "url {name}"),
            Selector::Prefix(name) => write!(f, "prefix {name}"),
            Selector::Tag(name) => write!(f, "tag {name}"),
            Selector::Preset(name) => write!(f, "preset {name}"),
            Selector::Pack(name) => write!(f, "pack {name}"),
            Selector::Location(name) => write!(f, "location {name}"),
            Selector::All(_) => f.write_str("all"),
            Selector::External { cdn, url } => write!(f, "{url} at {cdn}"),
        }
    }
}

/// Where a purge is in its life; the names are PURGE.md's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PurgeState {
    Received,
    Preparing,
    FlushingOrigin,
    FlushingServers,
    FlushingCdn,
    Verifying,
    Done,
    /// Every original was found as it was; nothing had to be fenced.
    Unchanged,
    Error,
    /// A CDN of somebody else's could not be told; the receipt says which, and why.
    ErrorCdn,
    /// Something outside still shows old bytes; the receipt has the evidence.
    ErrorCdnNode,
    /// Taken back before anything was done.
    Cancelled,
}

impl PurgeState {
    pub const ALL: [PurgeState; 12] = [
        PurgeState::Received,
        PurgeState::Preparing,
        PurgeState::FlushingOrigin,
        PurgeState::FlushingServers,
        PurgeState::FlushingCdn,
        PurgeState::Verifying,
        PurgeState::Done,
        PurgeState::Unchanged,
        PurgeState::Error,
        PurgeState::ErrorCdn,
        PurgeState::ErrorCdnNode,
        PurgeState::Cancelled,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            PurgeState::Received => "received",
            PurgeState::Preparing => "preparing",
            PurgeState::FlushingOrigin => "flushing_origin",
            PurgeState::FlushingServers => "flushing_servers",
            PurgeState::FlushingCdn => "flushing_cdn",
            PurgeState::Verifying => "verifying",
            PurgeState::Done => "done",
            PurgeState::Unchanged => "unchanged",
            PurgeState::Error => "error",
            PurgeState::ErrorCdn => "error_cdn",
            PurgeState::ErrorCdnNode => "error_cdn_node",
            PurgeState::Cancelled => "cancelled",
        }
    }

    pub fn has_ended(self) -> bool {
        self.succeeded() || self.failed() || self == PurgeState::Cancelled
    }

    pub fn failed(self) -> bool {
        matches!(self, PurgeState::Error | PurgeState::ErrorCdn | PurgeState::ErrorCdnNode)
    }

    pub fn succeeded(self) -> bool {
        matches!(self, PurgeState::Done | PurgeState::Unchanged)
    }
}

impl fmt::Display for PurgeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for PurgeState {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(())
    }
}

/// `GET /v1/purges/{id}`. Times are Unix milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurgeView {
    pub id: String,
    pub state: PurgeState,
    pub selectors: Vec<Selector>,
    pub mode: Mode,
    pub force: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub urgent: bool,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub warm: u32,
    /// What asked for it: `api`, `console`, `key:NAME`, or what found a change by itself.
    pub cause: String,
    /// Whose it is, if its asker was bounded to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    pub received: u64,
    /// When it begins, if that is not when it was received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<u64>,
    /// The purge that failed and that this one is another try of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_of: Option<String>,
    pub events: Vec<Event>,
    pub receipt: Receipt,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// `GET /v1/purges`, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurgeList {
    pub purges: Vec<PurgeView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    pub state: PurgeState,
    pub at: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// What whoever doubts a purge reads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Its place in the purge log, once it was appended.
    pub position: Option<Position>,
    pub log: Option<LogId>,
    /// What the record fences, in words.
    pub subjects: Vec<String>,
    pub originals: Vec<OriginalReceipt>,
    /// What was asked for most of what it covers, before it began: to be warmed, and to be looked at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hottest: Vec<HotUrl>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warm: Option<WarmReceipt>,
    pub nodes: Vec<NodeReceipt>,
    /// Other people's CDNs that had to be told.
    pub cdns: Vec<CdnReceipt>,
    /// URLs that are not ours, and what was there before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub externals: Vec<ExternalReceipt>,
    /// What the verifier saw from outside, the latest looks of many.
    pub looks: Vec<Look>,
    /// Public addresses behind other people's CDNs, and what all looks at each of them come to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<HostReceipt>,
    /// Of a purge of many originals: how many URLs the verifier looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<Sample>,
    #[serde(default, skip_serializing_if = "Rounds::have_not_begun")]
    pub rounds: Rounds,
    pub notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginalReceipt {
    pub original: String,
    pub outcome: OriginalOutcome,
    /// Digest of the bytes that we had.
    pub before: Option<String>,
    /// Digest of the bytes at the source now.
    pub after: Option<String>,
    /// How many URLs of other originals show this one too (a watermark, a mask), and are fenced with it.
    #[serde(default)]
    pub dependents: u64,
    pub at: u64,
}

/// A picture of ours as clients ask for it: its canonical URL, and the `Accept` class that chooses its format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HotUrl {
    pub url: String,
    pub accept: String,
}

/// What became of the hottest derivatives before the new version became current.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarmReceipt {
    /// How many were asked for.
    pub wanted: u32,
    pub warmed: u32,
    pub failed: u32,
    /// There was no time for them, or nothing new.
    pub skipped: u32,
    /// Milliseconds.
    pub took: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OriginalOutcome {
    Changed,
    Unchanged,
    /// The source says that it has it no more.
    Gone,
    /// We never had it; it is fenced all the same, for a fill may be on its way.
    Unknown,
    /// The bytes were erased and will not be fetched again.
    Erased,
    /// The source could not be asked, and `force` said to fence without its word.
    Unasked,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeReceipt {
    pub name: String,
    pub incarnation: u64,
    pub outcome: NodeOutcome,
    pub position: Option<Position>,
    pub at: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeOutcome {
    Acknowledged,
    /// It was silent until its lease ran out; since then it answers nothing unasked.
    LeaseExpired,
    /// It holds a lease and has not acknowledged yet.
    Awaited,
    /// It is cut off, and by its operator's choice answers from before the purge, saying so: the purge waits for it.
    ServingStale,
    /// An operator declared it gone for good while the purge waited for it.
    DeclaredGone,
}

impl From<Outcome> for NodeOutcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Acknowledged => NodeOutcome::Acknowledged,
            Outcome::Expired => NodeOutcome::LeaseExpired,
            Outcome::Awaited => NodeOutcome::Awaited,
            Outcome::ServingStale => NodeOutcome::ServingStale,
            Outcome::DeclaredGone => NodeOutcome::DeclaredGone,
        }
    }
}

/// What one CDN of somebody else's was told, and what it said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CdnReceipt {
    pub name: String,
    pub outcome: CdnOutcome,
    /// When the window ends that the purge waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_until: Option<u64>,
    /// Calls are shared with other purges of the same window.
    pub calls: Vec<CallReceipt>,
    /// What it could not be told, or in part only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CdnOutcome {
    /// For the end of its window.
    Waiting,
    UnderWay,
    Done,
    Failed,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallReceipt {
    /// Ours for it; the vendor is told, where it has a place for that.
    pub reference: String,
    /// `12 prefixes`
    pub what: String,
    pub outcome: CdnOutcome,
    /// The vendor's own name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    pub attempts: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<u64>,
}
