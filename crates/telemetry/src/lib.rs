//! The one table of metrics, and the access log.
