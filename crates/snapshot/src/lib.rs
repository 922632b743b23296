//! What a data-plane node must know to serve without asking.
