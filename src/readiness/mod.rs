//! When an object is ready, and if it is not, why.
//!
//! An object as the server has it enters, with what is known of its write; a verdict leaves, or reasons, the most
//! telling first. Nothing is asked of a server or a clock: the same object gets the same verdict at any time.
//!
//! # What is decided otherwise than kstatus does
//!
//! Most tools judge by the kstatus library. These verdicts differ on purpose:
//!
//! | object | kstatus | here |
//! |---|---|---|
//! | any that shows an older generation than was written | judged by what it shows | waits |
//! | any whose status tells of a later generation than its own | waits | judged |
//! | Deployment, StatefulSet, ReplicaSet, ReplicationController, PodDisruptionBudget without `observedGeneration` | judged | waits |
//! | paused Deployment | waits for the rollout that is not to come, or fails by its deadline | ready once observed, with a note |
//! | Deployment whose deadline ran out before the last write | failed | waits: the controller has yet to judge the new rollout |
//! | Deployment with all replicas updated and available | waits for its conditions, or fails by them | ready: the controller sets them from these counts |
//! | StatefulSet with `OnDelete` | ready at once | ready when its replicas are, old or new, with a note |
//! | StatefulSet with `minReadySeconds` | ready replicas count | available replicas count |
//! | DaemonSet with `OnDelete` | waits for what nobody updates | ready with the pods it has, with a note |
//! | ReplicaSet that adopted pods with fewer labels | waits | ready |
//! | `ReplicationController` | judged by conditions that it never has: ready | as a ReplicaSet |
//! | running Job or JobSet | ready | waits until it is complete |
//! | finished Job or Pod that is being removed | terminating | as it ended |
//! | Job that is suspended | waits | ready with a note; in a Kueue queue: waits |
//! | Job that is bound to fail, its last pods still ending | ready | failed |
//! | Pod that failed | ready | failed |
//! | Pod whose node does not answer | an error | waits |
//! | Pod in a crash loop, or that no node fits for 15 seconds | failed | waits: what it needs may still come |
//! | Pod whose image name is invalid, or whose image is never pulled | waits | failed |
//! | claim that binds with its first pod | waits | ready with a note |
//! | claim that lost its volume | waits | failed |
//! | PersistentVolume that failed, or that nobody has looked at | ready | failed, waits |
//! | Service of type `LoadBalancer` | ready with its cluster address | waits for the address of the balancer |
//! | CustomResourceDefinition that is held back by its CA bundle | failed | waits: the bundle is often filled in later |
//! | APIService that is not available | ready | waits |
//! | Namespace that is being deleted, or not active yet | terminating, ready | failed: it never comes back; waits |
//! | custom resource with an `observedGeneration` that is text | an error | read as a number, passed over where it is none |
//! | condition with an older `observedGeneration` of its own | believed | waits; a failure is passed over |
//! | custom resource that says `Available`, `Failed` or `Complete` instead of `Ready` | ready | as it says |
//! | custom resource that is suspended or paused | waits for a controller that holds still | ready with a note |
//! | custom resource that nobody has reported on yet | ready | [`Readiness::Silent`]: ready after a grace |

mod custom;
mod kinds;
mod pod;
mod reasons;

use jiff::Timestamp;
use serde_json::Value;

use crate::cluster::Live;

pub use reasons::{Reason, Related, owned_by, pods_of, why};

/// The most characters of a message of the server that are repeated.
const LONGEST: usize = 300;
/// The label by which Kueue finds the queue of a workload; it suspends what waits there.
const QUEUE: &str = "kueue.x-k8s.io/queue-name";

/// Whether an object works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It does; the note says what may surprise, as that it is paused.
    Ready(Option<String>),
    /// Not yet, and it may still come.
    Waiting(String),
    /// Nobody has reported on it yet, and perhaps nobody ever will: some kinds have a status that no one fills in. Give it
    /// a short grace, then take it as ready.
    Silent(String),
    /// It does not, and waiting will not change that.
    Failed(String),
}

/// What is known of an object beside what the server shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expected {
    /// The generation that the answer to the write named; an object that shows an older one is out of date.
    pub generation: Option<i64>,
    /// The uid that the answer to the write named; none where any object of the name will do.
    pub uid: Option<String>,
    /// When it was written, by the clock of the server: failures that are older are not about this write. None where
    /// nothing was written: then a failure of any age counts.
    pub written: Option<Timestamp>,
    /// Whether the storage class of this PersistentVolumeClaim binds with the first pod (`WaitForFirstConsumer`).
    pub binds_late: bool,
    /// Whether the API server has a status subresource for this kind.
    pub has_status: bool,
}

impl Readiness {
    /// Whether the object works.
    pub fn is_ready(&self) -> bool {
        matches!(self, Self::Ready(_))
    }

    /// Returns why it is so, where there is more to say than that it is ready.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Ready(note) => note.as_deref(),
            Self::Waiting(text) | Self::Silent(text) | Self::Failed(text) => Some(text),
        }
    }

    fn ready() -> Self {
        Self::Ready(None)
    }

    fn noted(note: impl Into<String>) -> Self {
        Self::Ready(Some(note.into()))
    }

    fn waiting(text: impl Into<String>) -> Self {
        Self::Waiting(text.into())
    }

    fn failed(text: impl Into<String>) -> Self {
        Self::Failed(text.into())
    }
}

/// Says whether an object works.
pub fn judge(live: &Live, expected: &Expected) -> Readiness {
    if expected.uid.as_deref().is_some_and(|uid| uid != live.uid()) {
        return Readiness::waiting("the server shows another object of this name, not the one that was written");
    }
    // First what has run to its end: the time to live of a Job deletes it, and may well do so before anyone looks.
    if let Some(end) = kinds::end(live) {
        return end;
    }
    if live.at(&["metadata", "deletionTimestamp"]).is_some() {
        let text = leaving(live);
        let never = api(live) == ("", "Namespace");
        return if never { Readiness::Failed(text) } else { Readiness::Waiting(text) };
    }
    if let (Some(written), Some(shown)) = (expected.generation, live.generation())
        && shown < written
    {
        return Readiness::Waiting(format!("generation {written} does not show yet ({shown})"));
    }
    kinds::judge(live, expected)
}

/// Says how an object ended that is no longer there, by its last state: that of the event which told that it is gone,
/// or the last that was seen.
pub fn judge_gone(last: &Live) -> Readiness {
    kinds::end(last).unwrap_or_else(|| {
        Readiness::failed(if last.at(&["spec", "ttlSecondsAfterFinished"]).is_some() {
            "it was removed when its time to live was over, and how it ended was not seen"
        } else {
            "it was deleted"
        })
    })
}

/// Says that an object is being deleted, and what holds it.
fn leaving(live: &Live) -> String {
    let holders: Vec<&str> = live.list(&["metadata", "finalizers"]).iter().filter_map(Value::as_str).collect();
    match holders.as_slice() {
        [] => {
            // Namespaces say what is left in them.
            let left: Vec<&str> = ["NamespaceContentRemaining", "NamespaceFinalizersRemaining"]
                .iter()
                .filter_map(|kind| Condition::holding(live, kind).map(|condition| condition.field("message")))
                .collect();
            said(&["is being deleted"].iter().chain(&left).copied().collect::<Vec<_>>().join(": "))
        }
        [one] => said(&format!("is being deleted, held by the finalizer `{one}`")),
        many => said(&format!("is being deleted, held by the finalizers `{}`", many.join("`, `"))),
    }
}

/// Returns the API group and the kind.
fn api(live: &Live) -> (&str, &str) {
    let version = live.text(&["apiVersion"]).unwrap_or_default();
    (version.split_once('/').map_or("", |(group, _)| group), live.text(&["kind"]).unwrap_or_default())
}

/// Returns a message of the server as it is repeated: on one line, cut where it is long, without control characters.
fn said(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut line = line.chars().filter(|character| !character.is_control());
    let mut said: String = line.by_ref().take(LONGEST).collect();
    if line.next().is_some() {
        said.push('…');
    }
    said
}

/// A condition of a status.
#[derive(Clone, Copy)]
struct Condition<'a>(&'a Value);

impl<'a> Condition<'a> {
    /// Returns all conditions of an object.
    fn all(live: &'a Live) -> impl Iterator<Item = Self> {
        live.list(&["status", "conditions"]).iter().map(Condition)
    }

    /// Finds the condition of a type.
    fn find(live: &'a Live, kind: &str) -> Option<Self> {
        Self::all(live).find(|condition| condition.field("type") == kind)
    }

    /// Finds the condition of a type where it holds.
    fn holding(live: &'a Live, kind: &str) -> Option<Self> {
        Self::find(live, kind).filter(|condition| condition.is("True"))
    }

    fn field(self, name: &str) -> &'a str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether it has a status: `True`, `False` or `Unknown`.
    fn is(self, status: &str) -> bool {
        self.field("status") == status
    }

    /// Returns the generation that it is about, where it says so.
    fn observed(self) -> Option<i64> {
        number(self.0.get("observedGeneration")?)
    }

    /// Returns its reason and message; its type where it has neither.
    fn text(self) -> String {
        match (self.field("reason"), self.field("message")) {
            ("", "") => format!("{} is {}", self.field("type"), self.field("status")),
            ("", message) => said(message),
            (reason, "") => said(reason),
            (reason, message) if message.starts_with(reason) => said(message),
            (reason, message) => said(&format!("{reason}: {message}")),
        }
    }
}

/// Reads a generation; some controllers write it as text.
fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}
