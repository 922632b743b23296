//! The purge protocol under everything that can go wrong, deterministic: one seed is one run.
//!
//! The nodes and the control plane of the simulation call `purge-protocol` for every decision, as the real ones do;
//! here they are given messages that are lost, late, repeated or overtaken, partitions, crashes, torn disks, clocks
//! that drift and machines that sleep. The [`checker`] knows what is really so, and judges reads by
//! [`promises`], as the torture run does over real processes. [`sabotage`] proves that it can fail.
//!
//! Read [`scenario`] for what a seed decides, [`world`] for the run, [`node`] for what a node does, [`campaign`] for
//! many runs at once.

pub mod agenda;
pub mod campaign;
pub mod chance;
pub mod checker;
pub mod cli;
pub mod clock;
pub mod control;
pub mod message;
pub mod network;
pub mod node;
pub mod promises;
pub mod sabotage;
pub mod scenario;
pub mod truth;
pub mod world;

pub use campaign::{Campaign, Findings};
pub use chance::Chance;
pub use cli::cli;
pub use promises::{Breach, Promises, Required, Versions};
pub use sabotage::Sabotage;
pub use scenario::Weather;
pub use world::{Options, Outcome, run};
