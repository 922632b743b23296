//! Stories about sources and upstreams, told over real sockets.

mod fetching;
mod forwarding;
mod hostile;
mod pools;
mod server;
