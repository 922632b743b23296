//! The wire types of the management API and of the node protocol.
