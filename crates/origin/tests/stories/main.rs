//! Stories about sources and upstreams, told over real sockets.

mod fetching;
mod forwarding;
mod server;
