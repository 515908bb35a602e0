//! How long a run of tests may take: all of it, or seconds, for whoever waits for it (`make quick`).
//!
//! With `FANFOLD_QUICK` set, inputs that show what grows too fast are smaller, and what needs a clock is skipped by name.

use std::sync::LazyLock;

static QUICK: LazyLock<bool> =
    LazyLock::new(|| std::env::var_os("FANFOLD_QUICK").is_some_and(|value| !value.is_empty()));

/// Whether somebody waits.
pub(crate) fn is_quick() -> bool {
    *QUICK
}

/// Returns all of many alike, which hold one law; one of so many where somebody waits.
pub(crate) fn some<T>(all: impl IntoIterator<Item = T>, each: usize) -> impl Iterator<Item = T> {
    all.into_iter().step_by(if is_quick() { each } else { 1 })
}

/// Returns a size that is large enough to show what grows too fast; a tenth of it where somebody waits.
pub(crate) fn size(whole: usize) -> usize {
    if is_quick() { whole / 10 } else { whole }
}
