//! What a run tells while it goes on, and what it says in the end.

use std::time::Duration;

use jiff::Timestamp;

use crate::diagnostic::Diagnostics;
use crate::kubernetes::ObjectKey;
use crate::text::Origin;

/// How an object ended; each ends in exactly one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It was not there.
    Created,
    /// It was there, and is different now.
    Configured,
    /// It was there as it should be.
    Unchanged,
    /// It was deleted and made anew, since a field of it cannot be changed.
    Recreated,
    /// It was deleted, since it is no longer in the set.
    Pruned,
    /// It was deleted, as asked.
    Deleted,
    /// It was not there to be deleted.
    Absent,
    /// The server did not take it.
    Failed,
    /// It was not tried: what it needs failed, or the run ended before.
    Skipped,
}

impl Outcome {
    /// All outcomes, in the order in which summaries name them.
    pub const ALL: [Self; 9] = [
        Self::Created,
        Self::Configured,
        Self::Recreated,
        Self::Unchanged,
        Self::Pruned,
        Self::Deleted,
        Self::Absent,
        Self::Failed,
        Self::Skipped,
    ];

    /// Returns the word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Configured => "configured",
            Self::Unchanged => "unchanged",
            Self::Recreated => "recreated",
            Self::Pruned => "pruned",
            Self::Deleted => "deleted",
            Self::Absent => "absent",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }

    /// Whether the object is as it should be.
    pub fn is_fine(self) -> bool {
        !matches!(self, Self::Failed | Self::Skipped)
    }
}

/// The end of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The object.
    pub key: ObjectKey,
    /// Where it comes from; nowhere for what only the cluster has.
    pub origin: Origin,
    /// How it ended.
    pub outcome: Outcome,
    /// Why, where that needs saying.
    pub reason: String,
    /// Whether a finding says that in full.
    pub is_found: bool,
    /// Whether it was somebody's or nobody's before, and is a member of the set now.
    pub adopted: bool,
    /// What tells the object from a later one of the same name; empty where that is not known.
    pub uid: String,
    /// The generation of its specification, where it has one.
    pub generation: Option<i64>,
    /// When the server took it, by its own clock; none for what was not sent.
    pub written: Option<Timestamp>,
    /// How many requests it took.
    pub tries: u32,
    /// How long it took from the first request to the end.
    pub took: Duration,
}

/// Something that happens in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// What is going to be done is known.
    Planned {
        /// The number of objects.
        total: usize,
        /// How many of them are proven to be as they should be.
        unchanged: usize,
        /// How many are going to be deleted.
        prune: usize,
    },
    /// An object came to its end.
    Settled(Settled),
    /// An object is tried again.
    Retrying {
        /// The object.
        key: ObjectKey,
        /// Why.
        reason: String,
        /// When.
        after: Duration,
    },
    /// How many requests are in flight, and how many may be.
    Pace {
        /// In flight.
        flying: usize,
        /// At most.
        limit: usize,
    },
    /// How many objects work of those that are waited for.
    Waiting {
        /// Those that work.
        ready: usize,
        /// All of them.
        total: usize,
    },
    /// An object works, or never will.
    Ready {
        /// The object.
        key: ObjectKey,
        /// Why it never will; none where it works.
        failed: Option<String>,
    },
    /// Something that is good to know.
    Note(String),
    /// Something that is not as it should be.
    Warning(String),
}

/// What a run did.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// All objects, in the order of the plan, pruned ones last.
    pub settled: Vec<Settled>,
    /// What the server said, at the places that caused it.
    pub findings: Diagnostics,
    /// Whether the user ended it early.
    pub interrupted: bool,
    /// How many objects stay that were to be deleted, for want of a flag.
    pub held: usize,
    /// Why the run as a whole did not go on.
    pub stopped: Option<String>,
    /// What does not work yet, and why; empty where all works or nothing was waited for.
    pub waiting: Vec<Unready>,
    /// The number of write requests that were sent.
    pub requests: usize,
    /// How long it took.
    pub took: Duration,
    /// How much of that was spent waiting for objects to work.
    pub waited: Duration,
}

/// An object that was waited for in vain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unready {
    /// The object.
    pub key: ObjectKey,
    /// Where it comes from.
    pub origin: Origin,
    /// What is missing.
    pub state: String,
    /// Why, the most telling first.
    pub reasons: Vec<String>,
    /// The same for all objects that do not work for the same reasons, whatever their names.
    pub cause: String,
    /// Whether it will never work as it is.
    pub failed: bool,
}

impl Settled {
    /// Returns what stands for an object that should be there, whoever made it.
    pub fn expected(desired: &super::Desired) -> Self {
        Self::unsent(desired.key.clone(), desired.origin, Outcome::Unchanged, "")
    }

    /// Returns the end of an object for which nothing was sent.
    pub(super) fn unsent(key: ObjectKey, origin: Origin, outcome: Outcome, reason: impl Into<String>) -> Self {
        Self {
            key,
            origin,
            outcome,
            reason: reason.into(),
            is_found: false,
            adopted: false,
            uid: String::new(),
            generation: None,
            written: None,
            tries: 0,
            took: Duration::ZERO,
        }
    }
}

impl Report {
    /// Counts the objects of an outcome.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.settled.iter().filter(|settled| settled.outcome == outcome).count()
    }

    /// Whether all that was asked for is done.
    pub fn is_fine(&self) -> bool {
        // What is skipped is skipped because of something else: that is what counts.
        !self.interrupted && self.stopped.is_none() && self.count(Outcome::Failed) == 0
    }
}
