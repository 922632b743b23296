//! One binary, any set of roles: configuration, composition, commands.

pub mod config;
