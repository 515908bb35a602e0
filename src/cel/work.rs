//! What evaluation takes here, beside what the server counts: a step for each value that is looked at.
//!
//! To the server an equality of lists is one unit, however much they hold, and values may share their parts. Whoever walks
//! over a value takes steps, and stops where none are left; nothing comes of the expression then, which is no verdict.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::limits;
use crate::schema::{GoPattern, Patterns};

thread_local! {
    static LAST: RefCell<Option<(String, Rc<GoPattern>)>> = const { RefCell::new(None) };
    static LEFT: Cell<u64> = const { Cell::new(limits::STEPS_AN_EXPRESSION) };
}

/// Takes steps; whether there were as many.
pub(super) fn take(steps: usize) -> bool {
    LEFT.with(|left| {
        let after = left.get().checked_sub(steps as u64);
        left.set(after.unwrap_or(0));
        after.is_some()
    })
}

/// Compiles a pattern that an expression made, once for the same text in a row.
pub(super) fn pattern(text: &str) -> Result<Rc<GoPattern>, String> {
    /// What any pattern takes.
    const LEAST: usize = 500;
    /// What each part of it takes, which becomes states of an automaton.
    const A_PART: usize = 4;
    if let Some(known) = LAST.with_borrow(|last| last.as_ref().filter(|(known, _)| known == text).cloned()) {
        return Ok(known.1);
    }
    let patterns = Patterns::default();
    let compiled = patterns.compile(text).map(Rc::new);
    take(patterns.taken() * A_PART + LEAST);
    let compiled = compiled?;
    LAST.set(Some((text.to_owned(), Rc::clone(&compiled))));
    Ok(compiled)
}

/// Whether all steps are taken.
pub(super) fn is_over() -> bool {
    LEFT.with(Cell::get) == 0
}

/// Evaluates an expression with steps of its own, and returns how many it took.
pub(super) fn counted<T>(evaluate: impl FnOnce() -> T) -> (T, u64) {
    LEFT.with(|left| left.set(limits::STEPS_AN_EXPRESSION));
    LAST.set(None);
    let value = evaluate();
    let left = LEFT.with(|left| left.replace(limits::STEPS_AN_EXPRESSION));
    (value, limits::STEPS_AN_EXPRESSION - left)
}

/// What the expressions of a run take together, over all its objects.
#[derive(Debug, Default)]
pub struct Meter(AtomicU64);

impl Meter {
    /// Adds what an expression took.
    pub fn add(&self, steps: u64) {
        self.0.fetch_add(steps, Ordering::Relaxed);
    }

    /// Whether the run has taken all that it may.
    pub fn is_over(&self) -> bool {
        self.0.load(Ordering::Relaxed) > limits::STEPS_OF_POLICIES
    }
}
