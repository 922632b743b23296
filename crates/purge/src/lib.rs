//! The life of a purge: a durable state machine, leases, verifier, receipts.
