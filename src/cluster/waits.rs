//! What is waited for, and for how long: for whoever tells the user.
//!
//! Whoever waits says so for as long as it lasts, however many requests that takes. A good answer to any request ends the
//! wait for the server; one that only says that it is in trouble does not.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// What a connection waits for; clones are one.
#[derive(Clone, Debug, Default)]
pub struct Waits(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    server: String,
    open: BTreeMap<u64, Open>,
    begun: u64,
    /// Since when nothing that is waited for had a good answer.
    since: Option<Instant>,
    /// The program that runs, and since when.
    program: Option<(String, Instant)>,
}

/// One thing that is waited for.
#[derive(Debug)]
struct Open {
    /// What it is; `None` for any answer of the server.
    what: Option<String>,
    since: Instant,
}

/// Something that is waited for until this is dropped.
#[derive(Debug)]
pub struct Wait {
    waits: Waits,
    number: u64,
}

impl Waits {
    /// Returns what is waited for, and for how long already.
    pub fn longest(&self) -> Option<(String, Duration)> {
        let state = self.state();
        if let Some((program, since)) = &state.program {
            return Some((format!("the credential program `{program}`"), since.elapsed()));
        }
        let longest = state.open.values().min_by_key(|open| open.since)?;
        // While nobody gets an answer it is not this one thing that is waited for.
        let silent = state.since.filter(|since| longest.what.is_none() || *since <= longest.since);
        let what = match (&longest.what, silent) {
            (Some(what), None) => what.clone(),
            _ => state.server.clone(),
        };
        Some((what, longest.since.elapsed()))
    }

    /// Begins to wait for something of which an answer alone is not the end.
    pub fn begin_for(&self, what: impl Into<String>) -> Wait {
        self.open(Some(what.into()))
    }

    pub(super) fn name(&self, server: &str) {
        server.clone_into(&mut self.state().server);
    }

    /// Returns for how long the server has given no good answer, although it was asked.
    pub(super) fn silence(&self) -> Duration {
        self.state().since.map(|since| since.elapsed()).unwrap_or_default()
    }

    /// Begins to wait for an answer of the server.
    pub(super) fn begin(&self) -> Wait {
        self.open(None)
    }

    pub(super) fn run(&self, program: Option<&str>) {
        self.state().program = program.map(|program| (program.to_owned(), Instant::now()));
    }

    fn open(&self, what: Option<String>) -> Wait {
        let mut state = self.state();
        let now = Instant::now();
        state.begun += 1;
        let number = state.begun;
        state.open.insert(number, Open { what, since: now });
        state.since.get_or_insert(now);
        drop(state);
        Wait { waits: self.clone(), number }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wait {
    /// Notes a good answer of the server.
    pub(super) fn answered(&self) {
        self.waits.state().since = Some(Instant::now());
    }

    /// Begins anew: what was waited for came, and the next thing is on its way.
    pub fn renew(&self) {
        if let Some(open) = self.waits.state().open.get_mut(&self.number) {
            open.since = Instant::now();
        }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let mut state = self.waits.state();
        state.open.remove(&self.number);
        if state.open.is_empty() {
            state.since = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    async fn second() {
        tokio::time::advance(SECOND).await;
    }

    #[tokio::test(start_paused = true)]
    async fn only_a_good_answer_ends_the_wait() {
        let waits = Waits::default();
        waits.name("https://host");
        let first = waits.begin();
        second().await;
        drop(waits.begin());
        second().await;
        assert_eq!(waits.longest(), Some(("https://host".into(), SECOND * 2)));
        waits.begin().answered();
        assert_eq!(waits.silence(), Duration::ZERO, "the first is still open");
        second().await;
        assert_eq!(waits.silence(), SECOND);
        drop(first);
        assert_eq!(waits.longest(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn one_thing_is_waited_for_while_others_are_answered() {
        let waits = Waits::default();
        waits.name("https://host");
        let web = waits.begin_for("`web` to be gone");
        second().await;
        assert_eq!(waits.longest(), Some(("https://host".into(), SECOND)), "nobody is answered");
        waits.begin().answered();
        assert_eq!(waits.longest(), Some(("`web` to be gone".into(), SECOND)));
        second().await;
        assert_eq!(waits.longest(), Some(("`web` to be gone".into(), SECOND * 2)));
        web.renew();
        assert_eq!(waits.longest().map(|(_, waited)| waited), Some(Duration::ZERO));
    }
}
