//! One object to the server: server-side apply, and deleting and making anew where the policy allows it.

mod migrate;
mod remove;

use std::time::Duration;

use serde_json::Value;

use self::migrate::migration;
pub(super) use self::remove::{Remove, delete};
use super::desired::Desired;
use super::engine::{Effect, Next, Task};
use super::event::Outcome;
use super::heard::Heard;
use super::managed::MANAGER;
use super::set::PART_OF;
use crate::cluster::answer::{Conflict, Expects, Passing, Refusal, Verdict, judge, whole};
use crate::cluster::{Answer, Call, Live, METADATA, Reply, Verb, WHOLE};
use crate::kubernetes::{Facts, ObjectKey};
use crate::limits;

const JSON: &str = "application/json";
const JSON_PATCH: &str = "application/json-patch+json";

/// How objects are written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Manner {
    /// The server only says what it would do.
    pub(super) dry_run: bool,
    /// Fields of other managers become ours.
    pub(super) force: bool,
}

/// Whether an object whose fields cannot be changed is made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recreate {
    /// It stays as it is, and the run fails.
    Never,
    /// It is deleted and made anew.
    OnChange,
}

/// One object on its way.
#[derive(Debug)]
pub(super) struct Write<'a> {
    pub(super) desired: &'a Desired,
    pub(super) manner: Manner,
    pub(super) expects: Expects,
    pub(super) recreate: Recreate,
    /// The uid and version of what was there.
    pub(super) existing: Option<(String, String)>,
    /// Whether it is being deleted, so that its end has to be awaited.
    pub(super) leaving: bool,
    /// What was there, for a dry run to compare with.
    pub(super) before: Option<&'a Live>,
    /// Whether it was no member of the set.
    adopting: bool,
    /// What makes its managed fields ours.
    migration: Option<Value>,
    phase: Phase,
    /// Whether the server may have made it without saying so.
    maybe_made: bool,
    /// The version that the server answered with.
    pub(super) version: String,
    pub(super) uid: String,
    pub(super) generation: Option<i64>,
    /// When the server took it.
    pub(super) written: Option<jiff::Timestamp>,
    /// The server's last words about trouble.
    pub(super) said: String,
    /// Why it is made anew.
    pub(super) immutable: Vec<Refusal>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// What client-side apply managed is ours from now on.
    Migrate,
    /// Somebody wrote it in between.
    Look,
    Apply,
    /// Would the server take it if it were not there?
    Rehearse,
    /// Whose end are we about to cause?
    Identify,
    Delete,
    AwaitEnd,
}

impl<'a> Write<'a> {
    pub(super) fn new(
        desired: &'a Desired,
        manner: Manner,
        expects: Expects,
        recreate: Recreate,
        live: Option<&Live>,
    ) -> Self {
        let leaving = live.is_some_and(is_going);
        Self {
            desired,
            manner,
            expects,
            recreate,
            existing: live.map(|live| (live.uid().to_owned(), live.resource_version().to_owned())),
            leaving,
            before: None,
            adopting: false,
            migration: None,
            phase: if leaving { Phase::AwaitEnd } else { Phase::Apply },
            maybe_made: false,
            version: String::new(),
            uid: String::new(),
            generation: None,
            written: None,
            said: String::new(),
            immutable: Vec::new(),
        }
    }

    /// Makes a member of an object that was none.
    pub(super) fn adopt(&mut self, live: &Live) {
        self.adopting = true;
        self.take_over(live);
    }

    /// Makes ours what client-side apply managed.
    pub(super) fn take_over(&mut self, live: &Live) {
        if !self.manner.dry_run && self.phase == Phase::Apply {
            self.migrate(live);
        }
    }

    fn migrate(&mut self, live: &Live) {
        self.migration = migration(live);
        self.phase = if self.migration.is_some() { Phase::Migrate } else { Phase::Apply };
    }

    /// Asks whether the object could be made, under a name that nobody has.
    fn rehearsal(&self) -> Call {
        let mut body: Value = serde_json::from_slice(&self.desired.body()).unwrap_or_default();
        if let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.shift_remove("name");
            let stem: String = self.desired.key.name.chars().take(50).collect();
            // What is added must not begin a part of the name.
            let stem = stem.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric());
            metadata.insert("generateName".into(), Value::String(format!("{stem}-")));
        }
        let path = self.desired.resource.collection(Some(&self.desired.key.namespace));
        let query = format!("{path}?fieldManager={MANAGER}&dryRun=All");
        // Its name is the server's choice.
        let reply = Reply::object(&self.desired.resource, &self.desired.key.namespace, "");
        Call::send(Verb::POST, query, JSON, body.to_string()).expecting(reply)
    }

    fn done(&mut self, answer: &Answer, created: bool) -> Next {
        let live = Live(answer.json());
        live.resource_version().clone_into(&mut self.version);
        live.uid().clone_into(&mut self.uid);
        self.generation = live.generation();
        self.written = answer.date;
        let outcome = if !self.immutable.is_empty() {
            Outcome::Recreated
        } else if created || (self.existing.is_none() && self.maybe_made) || self.leaving {
            // Where an answer was lost, the second request finds what the first one made.
            Outcome::Created
        } else if self.is_as_before(&live) {
            Outcome::Unchanged
        } else {
            Outcome::Configured
        };
        Next::Done(outcome)
    }

    /// Waits for the end of what the server took the write for: nothing of it stays.
    fn leave(&mut self, live: &Live) -> Next {
        if self.manner.dry_run || self.leaving {
            let message = "the server says of it that it is being deleted, whatever is written";
            return Next::Judge(Verdict::Refused(vec![whole(message, 0)]));
        }
        self.existing = Some((live.uid().to_owned(), live.resource_version().to_owned()));
        self.leaving = true;
        self.phase = Phase::AwaitEnd;
        Next::Go
    }

    /// Whether a write changed nothing. What is only tried keeps its version, whatever it would change.
    fn is_as_before(&self, live: &Live) -> bool {
        match self.before {
            Some(before) => contents(before) == contents(live),
            None => self.existing.as_ref().is_some_and(|(_, version)| *version == self.version),
        }
    }

    fn after_refusal(&mut self, verdict: Verdict) -> Next {
        match verdict {
            Verdict::Immutable(refusals) if self.recreate == Recreate::OnChange && self.phase == Phase::Apply => {
                if self.manner.dry_run {
                    return Next::Done(Outcome::Recreated);
                }
                self.immutable = refusals;
                self.phase = Phase::Rehearse;
                Next::Go
            }
            Verdict::Conflict(conflicts) if self.adopting && !self.manner.force => {
                let label = format!(".metadata.labels.{PART_OF}");
                let fields: Vec<Conflict> = conflicts.into_iter().filter(|conflict| conflict.field != label).collect();
                if fields.is_empty() {
                    // The label of another set is what adopting takes; nothing else is in conflict.
                    self.manner.force = true;
                    return Next::Go;
                }
                Next::Judge(Verdict::Conflict(fields))
            }
            Verdict::Passing(Passing::NotYetVisible)
                if self.manner.dry_run && (self.expects.namespace || self.expects.definition) =>
            {
                Next::Judge(Verdict::Untestable)
            }
            Verdict::Passing(passing) => {
                self.maybe_made |= matches!(passing, Passing::Server | Passing::Unknown);
                Next::Judge(verdict)
            }
            verdict => Next::Judge(verdict),
        }
    }
}

/// Whether an object is being deleted.
fn is_going(live: &Live) -> bool {
    live.at(&["metadata", "deletionTimestamp"]).is_some()
}

/// Waits for the end of an object that is still there, for as long as it may take beyond the time that it was given.
fn ending(live: &Live, after: Duration) -> Next {
    let grace = live.integer(&["metadata", "deletionGracePeriodSeconds"]).and_then(|grace| u64::try_from(grace).ok());
    let overdue = match live.list(&["metadata", "finalizers"]) {
        _ if !is_going(live) => "the server said that it is deleted, and it is still there",
        [] => "it is still being deleted",
        _ => "it is still being deleted: something holds it back with a finalizer",
    };
    let patience = limits::END_TIME + Duration::from_secs(grace.unwrap_or_default()).min(limits::FLAG_TIME);
    Next::Wait { after, patience, overdue }
}

/// Applies an object as it is desired.
pub(super) fn apply(desired: &Desired, Manner { dry_run, force }: Manner) -> Call {
    let key = &desired.key;
    // The server refuses unknown fields of its own kinds in every mode; to find keys that stand twice, which JSON of ours
    // has not, it would read each body a second time.
    let own = Facts::newest().kind(&key.group, &key.version, &key.kind).is_some();
    let validation = if own && !dry_run { "Ignore" } else { "Strict" };
    let dry_run = if dry_run { "&dryRun=All" } else { "" };
    let query = format!("fieldManager={MANAGER}&fieldValidation={validation}&force={force}{dry_run}");
    Call::apply(format!("{}?{query}", desired.path()), desired.body()).expecting(desired.written())
}

/// Returns an object without what every write changes, and what lists leave out.
fn contents(live: &Live) -> Value {
    let mut value = live.0.clone();
    if let Some(object) = value.as_object_mut() {
        object.retain(|key, _| !matches!(key.as_str(), "apiVersion" | "kind"));
    }
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|key, _| !matches!(key.as_str(), "resourceVersion" | "generation"));
        for entry in metadata.get_mut("managedFields").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(entry) = entry.as_object_mut() {
                entry.retain(|key, _| key != "time");
            }
        }
    }
    value
}

impl Task for Write<'_> {
    fn call(&self) -> Call {
        match self.phase {
            Phase::Apply => {
                let call = apply(self.desired, self.manner);
                if self.before.is_some() { Call { accept: WHOLE, ..call } } else { call }
            }
            Phase::Migrate => {
                let path = format!("{}?fieldManager={MANAGER}", self.desired.path());
                let patch = self.migration.as_ref().map(Value::to_string).unwrap_or_default();
                Call::send(Verb::PATCH, path, JSON_PATCH, patch).expecting(self.desired.reply())
            }
            Phase::Rehearse => self.rehearsal(),
            Phase::Look | Phase::Identify | Phase::AwaitEnd => {
                Call { accept: METADATA, ..Call::get(self.desired.path()) }.expecting(self.desired.reply())
            }
            Phase::Delete => {
                let uid = self.existing.as_ref().map(|(uid, _)| uid.clone()).unwrap_or_default();
                // Pods and claims of a StatefulSet survive it: the new one takes them over.
                let orphan = self.desired.key.kind == "StatefulSet";
                let Desired { resource, key, .. } = self.desired;
                delete(resource, &key.namespace, &key.name, &uid, if orphan { "Orphan" } else { "Background" }, false)
            }
        }
    }

    fn answered(&mut self, answer: &Answer, effects: &mut Vec<Effect>) -> Next {
        if !answer.is_success() {
            self.said = answer.message();
        }
        let verdict = judge(answer.code, answer.retry_after, &answer.body, self.expects);
        match (self.phase, verdict) {
            (Phase::Apply, Verdict::Done { .. }) if is_going(&Live(answer.json())) => self.leave(&Live(answer.json())),
            (Phase::Apply, Verdict::Done { created }) => {
                effects.extend(answer.warnings.iter().cloned().map(Effect::Warning));
                self.done(answer, created)
            }
            (Phase::Apply, verdict) => self.after_refusal(verdict),
            (Phase::Migrate, Verdict::Done { .. }) => {
                self.phase = Phase::Apply;
                Next::Go
            }
            (Phase::Migrate, verdict @ Verdict::Passing(Passing::Race)) => {
                self.phase = Phase::Look;
                Next::Judge(verdict)
            }
            // Without it, fields of before stay; that is no reason not to apply.
            (Phase::Migrate, Verdict::Refused(_) | Verdict::Immutable(_) | Verdict::Conflict(_)) => {
                self.phase = Phase::Apply;
                Next::Go
            }
            (Phase::Look, Verdict::Done { .. }) => {
                self.migrate(&Live(answer.json()));
                Next::Go
            }
            (Phase::Rehearse, Verdict::Done { .. }) => {
                self.phase = if self.existing.is_some() { Phase::Delete } else { Phase::Identify };
                Next::Go
            }
            (Phase::Identify, Verdict::Done { .. }) => {
                let live = Live(answer.json());
                self.existing = Some((live.uid().to_owned(), live.resource_version().to_owned()));
                self.phase = Phase::Delete;
                Next::Go
            }
            (Phase::Look | Phase::Identify | Phase::AwaitEnd, _) if answer.code == 404 => {
                self.phase = Phase::Apply;
                Next::Go
            }
            (Phase::Delete, Verdict::Done { .. }) => {
                self.phase = Phase::AwaitEnd;
                Next::Go
            }
            // It is gone, or another one is in its place: see which.
            (Phase::Delete, _) if matches!(answer.code, 404 | 409) => {
                self.phase = Phase::AwaitEnd;
                Next::Go
            }
            (Phase::AwaitEnd, Verdict::Done { .. }) => {
                let live = Live(answer.json());
                if self.existing.as_ref().is_some_and(|(uid, _)| uid == live.uid()) {
                    ending(&live, Duration::from_millis(200))
                } else {
                    self.phase = Phase::Apply;
                    Next::Go
                }
            }
            (_, verdict) => Next::Judge(verdict),
        }
    }

    fn key(&self) -> &ObjectKey {
        &self.desired.key
    }

    fn heard(&self) -> Heard<'_> {
        self.desired.heard()
    }

    fn is_half_done(&self) -> bool {
        // It was deleted to be made anew.
        !self.immutable.is_empty() && matches!(self.phase, Phase::Delete | Phase::AwaitEnd | Phase::Apply)
    }

    fn unanswered(&mut self) {
        self.maybe_made |= self.phase == Phase::Apply;
    }
}
