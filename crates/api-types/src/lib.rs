//! The wire types of the management API and of the node protocol.

pub mod erasure;
pub mod impact;
pub mod key;
pub mod look;
pub mod node;
pub mod pack;
pub mod preset;
pub mod problem;
pub mod purge;
pub mod receipt;
pub mod why;

pub use erasure::{AuditList, AuditView, ErasureList, ErasureView};
pub use impact::{
    CdnImpact, CountQuestion, Expected, HotDelivery, Impact, NodeCount, NodeImpact, StoredCount,
};
pub use key::{KeyList, KeyRequest, KeyView, NewKey, NotAScope, Scope};
pub use look::{
    Evidence, ExternalReceipt, HostReceipt, Look, Rounds, Sample, Sight, Verdict, Verification, VerifyRequest,
};
pub use node::{FollowAnswer, FollowRequest, NodeList, NodeView};
pub use pack::{CropBox, ImageLocation, LocationConfig, LocationView, PackRequest, PackView};
pub use preset::{PresetList, PresetRequest, PresetView};
pub use problem::Problem;
pub use purge::{
    CallReceipt, CdnOutcome, CdnReceipt, Event, HotUrl, NodeOutcome, NodeReceipt, OriginalOutcome,
    OriginalReceipt, PurgeList, PurgeRequest, PurgeState, PurgeView, Receipt, Selector, WarmReceipt,
};
