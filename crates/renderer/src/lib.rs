//! From originals to derivatives.
