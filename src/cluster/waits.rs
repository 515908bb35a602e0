//! What is waited for, and for how long: for whoever tells the user.
//!
//! A good answer to any request ends the wait for the server; one that only says that it is in trouble does not.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// What a connection waits for; clones are one.
#[derive(Clone, Debug, Default)]
pub struct Waits(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    server: String,
    /// The requests under way.
    open: usize,
    /// Since when none of them had a good answer.
    since: Option<Instant>,
    /// The program that runs, and since when.
    program: Option<(String, Instant)>,
}

/// One request under way.
#[derive(Debug)]
pub(super) struct Wait<'a>(&'a Waits);

impl Waits {
    /// Returns what is waited for, and for how long already.
    pub fn longest(&self) -> Option<(String, Duration)> {
        let state = self.state();
        match (&state.program, state.since) {
            (Some((program, since)), _) => Some((format!("the credential program `{program}`"), since.elapsed())),
            (None, Some(since)) => Some((state.server.clone(), since.elapsed())),
            (None, None) => None,
        }
    }

    pub(super) fn name(&self, server: &str) {
        server.clone_into(&mut self.state().server);
    }

    /// Returns for how long the server has given no good answer, although it was asked.
    pub(super) fn silence(&self) -> Duration {
        self.state().since.map(|since| since.elapsed()).unwrap_or_default()
    }

    pub(super) fn begin(&self) -> Wait<'_> {
        let mut state = self.state();
        state.open += 1;
        state.since.get_or_insert_with(Instant::now);
        Wait(self)
    }

    pub(super) fn run(&self, program: Option<&str>) {
        self.state().program = program.map(|program| (program.to_owned(), Instant::now()));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wait<'_> {
    /// Ends it, with a good answer or without.
    pub(super) fn end(self, well: bool) {
        if well {
            self.0.state().since = Some(Instant::now());
        } else {
            // Whoever asked may ask again: until there is an answer, it is waited for.
            let mut state = self.0.state();
            state.open -= 1;
            drop(state);
            std::mem::forget(self);
        }
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.open -= 1;
        if state.open == 0 {
            state.since = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_a_good_answer_ends_the_wait() {
        let waits = Waits::default();
        waits.name("https://host");
        let second = || tokio::time::advance(Duration::from_secs(1));
        let first = waits.begin();
        second().await;
        waits.begin().end(false);
        second().await;
        assert_eq!(waits.longest(), Some(("https://host".into(), Duration::from_secs(2))));
        waits.begin().end(true);
        assert_eq!(waits.silence(), Duration::ZERO, "the first is still open");
        second().await;
        assert_eq!(waits.silence(), Duration::from_secs(1));
        drop(first);
        assert_eq!(waits.longest(), None);
    }
}
