//! How a run is meant, and why it may end before it began.

use std::collections::BTreeMap;
use std::time::Duration;

use super::set::guard::Guard;
use super::set::hold::HoldError;
use super::set::prune::PruneLimit;
use super::set::shard::Shard;
use super::set::survey::SurveyError;
use super::write::Recreate;
use super::{Desired, finding};
use crate::cluster::Lost;

/// How a run is meant.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The server only says what it would do.
    pub dry_run: bool,
    /// Fields of other managers become ours.
    pub force_conflicts: bool,
    /// Objects of other tools become ours.
    pub adopt: bool,
    /// Which kinds are made anew where a field cannot be changed.
    pub recreate: RecreatePolicy,
    /// Whether what left the set goes, and how much at once.
    pub prune: Option<PruneLimit>,
    /// What goes beside what can be made anew.
    pub guard: Guard,
    /// A number of requests in flight instead of one that adapts.
    pub concurrency: Option<usize>,
    /// The part of the set that is applied.
    pub shard: Option<Shard>,
    /// Whether the run ends only when all works.
    pub wait: bool,
    /// How long that may take; none for as long as it takes.
    pub timeout: Option<Duration>,
}

/// Which kinds are made anew where a field cannot be changed.
#[derive(Clone, Debug, Default)]
pub struct RecreatePolicy {
    all: Option<Recreate>,
    kinds: BTreeMap<String, Recreate>,
}

impl RecreatePolicy {
    /// Adds `on-change`, `never`, or `KIND=on-change`.
    pub fn add(&mut self, text: &str) -> Result<(), String> {
        let (kind, word) = match text.split_once('=') {
            Some((kind, word)) => (Some(kind), word),
            None => (None, text),
        };
        let policy = match word {
            "on-change" => Recreate::OnChange,
            "never" => Recreate::Never,
            _ => return Err(format!("expected `on-change`, `never` or `KIND=on-change`, found `{text}`")),
        };
        match kind {
            Some(kind) => drop(self.kinds.insert(kind.to_owned(), policy)),
            None => self.all = Some(policy),
        }
        Ok(())
    }

    /// Returns what holds for an object: its annotation, its kind, all kinds; what holds data only when it is named.
    pub(super) fn of(&self, desired: &Desired) -> Recreate {
        const PRECIOUS: &[&str] =
            &["Namespace", "PersistentVolume", "PersistentVolumeClaim", "CustomResourceDefinition"];
        let kind = desired.key.kind.as_str();
        let named = finding::recreate_annotation(desired).or_else(|| self.kinds.get(kind).copied());
        named.or_else(|| self.all.filter(|_| !PRECIOUS.contains(&kind))).unwrap_or(Recreate::Never)
    }
}

/// Why a run ended before it began.
#[derive(Clone, Debug)]
pub enum RunError {
    /// The cluster could not be read.
    Survey(SurveyError),
    /// Another run has the set.
    Held(String),
    /// The set could not be taken or written.
    Set(String),
}

impl std::fmt::Display for RunError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Survey(error) => error.fmt(f),
            Self::Held(holder) => {
                write!(f, "another run is applying this set: {holder}; nothing was sent, run again when it is done")
            }
            Self::Set(problem) => f.write_str(problem),
        }
    }
}

impl From<HoldError> for RunError {
    fn from(error: HoldError) -> Self {
        match error {
            HoldError::Held(holder) => Self::Held(holder),
            HoldError::Failed(reason) => Self::Set(format!("cannot take the set: {reason}")),
        }
    }
}

impl From<Lost> for RunError {
    fn from(lost: Lost) -> Self {
        Self::Set(format!("cannot write the set: {lost}"))
    }
}
