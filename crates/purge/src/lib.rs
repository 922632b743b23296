//! The life of a purge: a durable state machine, leases, verifier, receipts.
//!
//! [`Purges`] is the door for whoever wants one or wants to see one; [`Worker`] carries them through their states;
//! [`Authority`] owns the log that nodes follow, and knows who has acknowledged what.

mod authority;
mod cdns;
mod estimator;
mod external;
mod failpoint;
mod nodes;
mod packs;
mod presets;
mod purges;
mod rates;
mod room;
mod rounds;
mod selectors;
mod tenant;
mod verifier;
mod verifying;
mod warming;
mod worker;

pub use authority::{Authority, ForgetNodeError, Keeping, Settling, SnapshotDigest};
pub use catalog::PurgeFilter;
pub use cdns::{Cdn, CdnWorker};
pub use estimator::{EstimateError, Estimator};
pub use nodes::{Nodes, Question};
pub use packs::PackError;
pub use presets::PresetError;
pub use purges::{AcceptError, Accepted, ChangeError, LiftError, Purges};
pub use rates::{Kind, Meter, Rate, Rates, Standing};
pub use room::Full;
pub use selectors::{Resolved, Selectors, is_wholesale};
pub use tenant::{Asker, Tenant, Tenants};
pub use verifier::{ByHand, PublicHost, Verifier, VerifyError};
pub use worker::{Worker, WorkerSettings};
