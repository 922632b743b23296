//! Where a build for tests ends by itself, as by `kill -9`, so that each life comes one step further.
//!
//! A release has none of it: nothing in its environment makes it end.

use std::fmt::Display;

/// A step is about to be written down; whatever it did outside has been done.
pub(crate) fn before(step: impl Display) {
    #[cfg(debug_assertions)]
    armed::before(&step);
    #[cfg(not(debug_assertions))]
    drop(step);
}

/// A step has been written down.
pub(crate) fn after(step: impl Display) {
    #[cfg(debug_assertions)]
    armed::after(&step);
    #[cfg(not(debug_assertions))]
    drop(step);
}

#[cfg(debug_assertions)]
mod armed {
    use std::fmt::Display;
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicBool, Ordering};

    /// `after`: when it has written one step down. `before`: when it has, and is about to write down another. Or one step by
    /// its name: `before done`.
    const VARIABLE: &str = "PENTIMENTO_DIES";

    static MOMENT: LazyLock<Option<String>> = LazyLock::new(|| std::env::var(VARIABLE).ok());
    static HAS_WRITTEN: AtomicBool = AtomicBool::new(false);

    pub(super) fn before(step: &dyn Display) {
        die_if_told("before", HAS_WRITTEN.load(Ordering::SeqCst), step);
    }

    pub(super) fn after(step: &dyn Display) {
        HAS_WRITTEN.store(true, Ordering::SeqCst);
        die_if_told("after", true, step);
    }

    fn die_if_told(moment: &str, at_any: bool, step: &dyn Display) {
        let Some(told) = MOMENT.as_deref() else { return };
        let here = format!("{moment} {step}");
        if told == here || at_any && told == moment {
            // The last words of a process, for the test that reads them.
            eprintln!("dies {here}");
            std::process::abort();
        }
    }
}
