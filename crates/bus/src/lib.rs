//! How a node follows the purge log: in process or over HTTP.
