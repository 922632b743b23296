//! The one table of metrics, and the access log.

mod access_log;
mod connections;
mod metrics;
mod upstreams;

pub use access_log::{Access, is_access_logged, log_access};
pub use connections::{Connections, Cut, OpenConnection};
pub use metrics::{Gauges, Metrics};
pub use upstreams::UpstreamGauges;
