//! Bytes in, bytes out: codecs, the planar path, limits.
