//! The rules of HTTP caching, pure: one file per section.
