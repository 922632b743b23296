//! One binary, any set of roles: configuration, composition, commands.

mod catalog_place;
pub mod command;
pub mod compose;
pub mod config;
pub mod data_dir;
pub mod environment;
pub mod explainer;
mod faces;
mod gauges;
mod listeners;
pub mod log;
mod open_files;
pub mod purge_door;
mod redirect;
mod rendering;
mod secure;
mod split;
mod warmer;
