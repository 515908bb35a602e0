//! A flat workload taken apart: which field belongs to the object's spec, to the Jobs', to the pods' and to the container.

use super::Lowering;
use crate::diagnostic::{Code, Diagnostic, Edit, Fix};
use crate::expand::Plan;
use crate::spec::{Home, Level, Union, WorkloadKind, keys, ours, renamed};
use crate::text::{Entry, Map, Node, Origin};

/// The fields of a flat workload by the part that they go into; own keys are left out.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) spec: Map,
    pub(super) job: Map,
    pub(super) pod: Map,
}

/// Fields that are read by name wherever they stand: native bodies, and those whose shorthand changes their home.
const HANDLED: &[&str] = &[
    "template",
    "jobTemplate",
    "selector",
    "volumeClaimTemplates",
    "containers",
    "initContainers",
    "volumes",
    "affinity",
    "tolerations",
    "topologySpreadConstraints",
    "serviceAccount",
    "strategy",
    "updateStrategy",
];

impl Lowering<'_> {
    /// Takes the instance's fields apart; unknown ones are findings.
    pub(super) fn parts(&mut self) -> Parts {
        let mut parts = Parts::default();
        let mut unknown = Vec::new();
        for entry in self.instance.fields.as_map().into_iter().flatten() {
            let key = entry.key.text.as_str();
            if entry.value.is_null() || keys::knows(keys::WORKLOAD, key) {
                continue;
            }
            match self.union.field(key) {
                Some(_) if HANDLED.contains(&key) => {}
                Some((home, _)) => {
                    let Entry { key, value } = entry.clone();
                    match home {
                        Home::Spec => parts.spec.push(key, value),
                        Home::Job => parts.job.push(key, value),
                        Home::Pod => parts.pod.push(key, value),
                        // They stand under `containers`; where those cannot be read, that is reported.
                        Home::Container => {}
                    }
                }
                None => unknown.push(entry),
            }
        }
        self.unknown(&unknown);
        if let Some(pod) = self.field("pod")
            && let Some(written) = self.expect_map(pod, "pod", "write the fields of a PodSpec in it")
        {
            // What is left of it has another meaning in a flat workload.
            for Entry { key, value } in written.iter().filter(|entry| !entry.value.is_null()) {
                parts.pod.set(key.clone(), value.clone());
            }
        }
        parts
    }

    fn unknown(&mut self, entries: &[&Entry]) {
        if entries.is_empty() {
            return;
        }
        let kind = self.kind();
        let tables = [keys::WORKLOAD, keys::FAN_OUT];
        let known: Vec<&str> = self.union.names().into_iter().chain(keys::names(&tables)).collect();
        let others = WorkloadKind::ALL.map(|other| Union::of(self.context.facts, other));
        let empty = Empty::fields(self.plan, self.union, &self.context.batch.batch.root);
        for entry in entries {
            let word = entry.key.text.as_str();
            let elsewhere = || others.iter().find(|other| other.field(word).is_some());
            let help = match word {
                "metadata" => Some("write `name`, `labels` and `annotations` beside the other fields".to_owned()),
                "spec" => Some("write the fields of the spec themselves: a workload is flat".to_owned()),
                "apiVersion" => Some("the `kind` alone decides it".to_owned()),
                "status" => Some("the server writes it itself".to_owned()),
                word if keys::knows(keys::BATCH, word) => {
                    Some(format!("`{word}` is a key of the batch: write it beside `workloads`"))
                }
                word => ours(Level::Workload, word)
                    .or_else(|| empty.above(entry))
                    .or_else(|| elsewhere().map(|other| format!("`{word}` is a field of a {}", other.kind))),
            };
            let near = known.iter().copied().filter(|_| help.is_none());
            let message = format!("a {kind} workload has no field `{word}`");
            let finding = Diagnostic::new(Code::UnknownField, entry.key.origin, message)
                .maybe_help(help.clone())
                .did_you_mean_word(word, near);
            let is_free =
                |name: &&str| !entries.iter().any(|other| other.key.text == *name) && self.field(name).is_none();
            self.diagnostics.push(match renamed(word).filter(|(name, _)| is_free(name)) {
                Some((name, sure)) => finding.with_fix(Fix::safe_if(sure, [Edit::word(entry.key.origin, word, name)])),
                None => finding,
            });
        }
    }
}

/// The fields of a workload as they are written, each with its name where it is known and holds nothing, by their places.
struct Empty<'a>(Vec<(Origin, Option<&'a str>)>);

impl<'a> Empty<'a> {
    fn fields(plan: &Plan, union: &Union, root: &'a Node) -> Self {
        let written = root.at(&["workloads", plan.entry.as_str()]).and_then(Node::as_map);
        let is_known = |name: &str| keys::knows(keys::WORKLOAD, name) || union.field(name).is_some();
        let field = |field: &'a Entry| {
            let name = field.key.text.as_str();
            (field.key.origin, Some(name).filter(|name| field.value.is_null() && is_known(name)))
        };
        let mut fields: Vec<_> = written.into_iter().flatten().map(field).collect();
        fields.sort_unstable_by_key(|(place, _)| *place);
        Self(fields)
    }

    /// Says in which field an unknown one has its place, where it stands right below one that holds nothing.
    fn above(&self, entry: &Entry) -> Option<String> {
        let place = entry.key.origin;
        let after = self.0.partition_point(|(above, _)| *above < place);
        let (above, name) = self.0.get(after.checked_sub(1)?)?;
        let name = name.filter(|_| above.file == place.file)?;
        Some(format!("`{name}` above it holds nothing: to stand in it, `{}` is indented deeper", entry.key.text))
    }
}
