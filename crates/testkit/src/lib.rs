//! The stage of the stories: real processes of the binary, a source that does as told, clients that keep what they saw.

pub mod client;
pub mod deaf;
mod halved_body;
pub mod picture;
pub mod postgres;
pub mod process;
pub mod source;
pub mod varnish;

pub use client::{Seen, get, get_with, head, post, send};
pub use deaf::Deaf;
pub use postgres::Postgres;
pub use process::{Node, free_port};
pub use source::Source;
pub use varnish::Varnish;
