//! The stage of the stories: real processes of the binary, a source that does as told, clients that keep what they saw.

pub mod client;
pub mod deaf;
mod eventually;
mod halved_body;
pub mod installed;
mod machine;
pub mod onnx;
pub mod picture;
mod ports;
pub mod postgres;
pub mod process;
pub mod source;

pub use client::{Begun, Seen, begin, get, get_with, head, post, send};
pub use deaf::Deaf;
pub use eventually::{eventually, until};
pub use installed::Installed;
pub use machine::Machine;
pub use ports::free_port;
pub use postgres::Postgres;
pub use process::Node;
pub use source::Source;
