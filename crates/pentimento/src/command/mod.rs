//! What the command line can do: one file a command.

pub mod check_config;
pub mod control;
pub mod demo;
pub mod demo_source;
pub mod erasures;
pub mod fake_cdn;
pub mod impact;
pub mod invalidate_and_verify;
pub mod keys;
pub mod nodes;
pub mod purge;
pub mod purges;
pub mod receipt;
pub mod run;
pub mod sign;
pub mod stop;
pub mod token;
pub mod verify;
pub mod why;

pub use control::ControlAddress;
