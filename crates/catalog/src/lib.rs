//! The truth in SQL: originals, purges, the purge log, nodes.
