//! Deletes one object from the cluster and, where the caller wants it, waits until the object is gone.
//!
//! The request names the object by its uid, so that no other object of its name is deleted. A watch reports the end;
//! without one the object is looked up until it is gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use super::{JSON, ending};
use crate::apply::engine::{Effect, Next, Task};
use crate::apply::event::Outcome;
use crate::cluster::answer::{Expects, judge};
use crate::cluster::{Answer, Call, Live, METADATA, Reply, Resource, Verb};
use crate::kubernetes::ObjectKey;

/// How often an object is looked for whose end nobody watches for.
const LOOK: Duration = Duration::from_millis(200);
/// The same, where somebody does: news may be lost.
const WATCHED: Duration = Duration::from_secs(10);

/// Deletes one object, and no other that has its name.
pub(in crate::apply) fn delete(
    resource: &Resource,
    namespace: &str,
    name: &str,
    uid: &str,
    propagation: &str,
    dry_run: bool,
) -> Call {
    let mut options = json!({
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": propagation,
    });
    if !uid.is_empty() {
        options["preconditions"] = json!({ "uid": uid });
    }
    if dry_run {
        options["dryRun"] = json!(["All"]);
    }
    let path = resource.object(namespace, name);
    Call::send(Verb::DELETE, path, JSON, options.to_string()).expecting(Reply::end(resource, namespace, name))
}

/// Takes one object out of the cluster.
#[derive(Clone, Debug)]
pub(in crate::apply) struct Remove {
    pub(in crate::apply) key: ObjectKey,
    pub(in crate::apply) resource: Arc<Resource>,
    pub(in crate::apply) uid: String,
    pub(in crate::apply) outcome: Outcome,
    pub(in crate::apply) dry_run: bool,
    /// Whether it has to be gone before what it needed may go.
    pub(in crate::apply) await_end: bool,
    /// Whether somebody watches for its end; without, it is looked for.
    pub(in crate::apply) is_watched: Option<Arc<AtomicBool>>,
    pub(in crate::apply) is_gone: bool,
    pub(in crate::apply) ending: bool,
    pub(in crate::apply) said: String,
}

impl Remove {
    /// Returns what takes an object out of the cluster as it was seen there.
    pub(in crate::apply) fn new(key: ObjectKey, resource: &Arc<Resource>, live: &Live, outcome: Outcome) -> Self {
        Self {
            key,
            resource: Arc::clone(resource),
            uid: live.uid().to_owned(),
            outcome,
            dry_run: false,
            await_end: false,
            is_watched: None,
            is_gone: false,
            ending: false,
            said: String::new(),
        }
    }

    fn pause(&self) -> Duration {
        let is_watched = self.is_watched.as_ref().is_some_and(|watched| watched.load(Ordering::Relaxed));
        if is_watched { WATCHED } else { LOOK }
    }
}

impl Task for Remove {
    fn call(&self) -> Call {
        let ObjectKey { namespace, name, .. } = &self.key;
        if self.ending {
            let reply = Reply::object(&self.resource, namespace, name);
            Call { accept: METADATA, ..Call::get(self.resource.object(namespace, name)) }.expecting(reply)
        } else {
            delete(&self.resource, namespace, name, &self.uid, "Background", self.dry_run)
        }
    }

    fn answered(&mut self, answer: &Answer, _effects: &mut Vec<Effect>) -> Next {
        if !answer.is_success() {
            self.said = answer.message();
        }
        match (self.ending, answer.code) {
            (true, 404) => Next::Done(self.outcome),
            (true, 200) if Live(answer.json()).uid() != self.uid => Next::Done(self.outcome),
            (true, 200) => ending(&Live(answer.json()), self.pause()),
            (false, 404) => Next::Done(self.outcome),
            // Another object has its name now, which is not ours to delete.
            (false, 409) if answer.message().to_ascii_lowercase().contains("uid") => {
                "it was deleted, and another object has its name now".clone_into(&mut self.said);
                Next::Done(Outcome::Absent)
            }
            (false, 200 | 202) if self.await_end && !self.dry_run && !self.is_gone => {
                self.ending = true;
                if self.pause() == WATCHED { ending(&Live(answer.json()), WATCHED) } else { Next::Go }
            }
            (false, 200 | 202) => Next::Done(self.outcome),
            _ => Next::Judge(judge(answer.code, answer.retry_after, &answer.body, Expects::default())),
        }
    }

    fn key(&self) -> &ObjectKey {
        &self.key
    }

    fn gone(&mut self) -> Option<Next> {
        self.is_gone = true;
        self.ending.then_some(Next::Done(self.outcome))
    }

    fn awaited(&self) -> String {
        format!("`{}` to be gone", self.key)
    }
}
