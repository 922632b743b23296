//! Which page of a document is meant.

use crate::amount::Amount;

/// Counted from one, which is the page that is meant where none is named.
pub type Page = Amount<1, 9999>;
