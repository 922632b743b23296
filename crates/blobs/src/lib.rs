//! Bytes by digest, on local disk.
