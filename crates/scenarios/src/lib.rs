//! Stories told over real sockets and real processes.
