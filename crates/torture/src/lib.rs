//! The torture run: real processes under real faults, held to the promises of the purge protocol.
//!
//! Five nodes, a [`link`] between each two that can be cut, stalled and slowed; clients that read, writers that change
//! files and purge them by every name they have; and a [`plan`] of kills, stops, lost data, broken links and restarts.
//! What a read must show is judged by the rule that the simulation uses ([`simulation::Promises`]).
//!
//! Read [`stage`] for who is there, [`web`] for what there is to read, [`run`] for the run, [`sabotage`] for how it
//! proves that it can fail. The seed decides the plan; what the faults meet is never twice the same.

pub mod api;
pub mod cli;
pub mod eraser;
pub mod journal;
pub mod link;
pub mod member;
pub mod plan;
pub mod reader;
pub mod report;
pub mod run;
pub mod sabotage;
pub mod stage;
pub mod summary;
pub mod watcher;
pub mod weather;
pub mod web;
pub mod world;
pub mod writer;

pub use cli::cli;
pub use run::{Findings, Options, run};
pub use sabotage::Sabotage;
