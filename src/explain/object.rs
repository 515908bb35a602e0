//! A compiled object in, where it came from out: the workload and its axis values, the parts of the spec that took part,
//! and the line behind every field.
//!
//! All of it is read from the places that the nodes of the object carry; values are not shown, since some are secret.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::table::Topic;
use crate::compile::Compilation;
use crate::expand::{Expanded, Plan, describe};
use crate::kubernetes::Manifest;
use crate::text::{Entry, Map, Node, Origin, Sources, Value};

/// How many names of pods are listed at either end.
const SHOWN_PODS: i64 = 3;

/// An object as the user names it: `Kind/namespace/name`, `Kind/name` or `name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    kind: Option<String>,
    namespace: Option<String>,
    name: String,
}

impl Wanted {
    /// Reads the name of an object; none where it has too many parts.
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('/').collect();
        let (kind, namespace, name) = match parts.as_slice() {
            [name] => (None, None, *name),
            [kind, name] => (Some(*kind), None, *name),
            [kind, namespace, name] => (Some(*kind), Some(*namespace), *name),
            _ => return None,
        };
        Some(Self { kind: kind.map(str::to_owned), namespace: namespace.map(str::to_owned), name: name.to_owned() })
    }

    /// Whether it names this object.
    pub fn is(&self, object: &Manifest) -> bool {
        let key = &object.key;
        key.name == self.name
            && self.kind.as_ref().is_none_or(|kind| key.kind.eq_ignore_ascii_case(kind))
            && self.namespace.as_ref().is_none_or(|namespace| key.namespace == *namespace)
    }

    /// Returns the name itself.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Tells where an object came from.
pub fn story(object: &Manifest, compilation: &Compilation, sources: &Sources) -> Topic {
    let mut topic = Topic::new(object.key.to_string()).row("written at", place(object.origin, sources));
    if let Some((batch, plan, at)) = maker(object, compilation) {
        topic = topic
            .row("workload", format!("{} of the batch {}", plan.workload, batch.batch.name))
            .row("axis values", describe(plan.cell(at).map(|cell| shown(cell, sources)).as_ref()))
            .row("made with", took_part(object, batch, plan, sources).join("\n"));
    }
    topic = topic.row("pods", pods(object).join("\n"));
    topic.heading = "fields";
    let mut path = String::new();
    leaves(&object.node, &mut path, &mut |path, origin| topic.parts.push((path.to_owned(), place(origin, sources))));
    topic
}

/// Returns axis values without those that are secret.
fn shown(cell: &Node, sources: &Sources) -> Node {
    let entries = cell.as_map().into_iter().flatten().map(|entry| {
        let is_secret = sources.hold_secret_of(&entry.value);
        let value = if is_secret { Node::string("(not shown)", entry.value.origin()) } else { entry.value.clone() };
        Entry { key: entry.key.clone(), value }
    });
    Node::map(entries.collect(), cell.origin())
}

fn place(origin: Origin, sources: &Sources) -> String {
    sources.place(origin).map_or_else(|| "made by fanfold".to_owned(), |(file, place)| format!("{file}:{}", place.line))
}

/// Returns the instance that an object belongs to, as its labels say.
fn maker<'c>(object: &Manifest, compilation: &'c Compilation) -> Option<(&'c Expanded, &'c Plan, usize)> {
    let label = |name: &str| object.node.at(&["metadata", "labels", name]).and_then(Node::as_str);
    let (workload, instance) = (label("app.kubernetes.io/name")?, label("app.kubernetes.io/instance")?);
    compilation.batches().find_map(|batch| {
        let plan = batch.plans.iter().find(|plan| plan.workload == workload)?;
        let at = (0..plan.len()).find(|at| plan.name(*at) == instance)?;
        Some((batch, plan, at))
    })
}

/// Returns the parts of the spec beside the workload that a line of the object comes from.
fn took_part(object: &Manifest, batch: &Expanded, plan: &Plan, sources: &Sources) -> Vec<String> {
    let mut origins = BTreeSet::new();
    leaves(&object.node, &mut String::new(), &mut |_, origin| {
        origins.insert(origin);
    });
    let root = &batch.batch.root;
    let mut parts: Vec<(String, Origin)> = Vec::new();
    parts.extend(root.get("defaults").map(|node| ("defaults".to_owned(), node.origin())));
    for (section, word) in [("templates", "template"), ("profiles", "profile")] {
        for entry in root.get(section).and_then(Node::as_map).map(Map::iter).into_iter().flatten() {
            parts.push((format!("{word} {}", entry.key.text), entry.value.origin()));
        }
    }
    let overrides = root.at(&["workloads", &plan.workload, "overrides"]).and_then(Node::as_seq).unwrap_or_default();
    parts.extend(overrides.iter().map(|one| ("override".to_owned(), one.origin())));
    let within =
        |part: Origin, origin: Origin| part.file == origin.file && part.start <= origin.start && origin.end <= part.end;
    parts
        .into_iter()
        .filter(|(_, part)| origins.iter().any(|origin| within(*part, *origin)))
        .map(|(name, part)| format!("{name} at {}", place(part, sources)))
        .collect()
}

/// Calls `each` with the path and the place of all values that hold no others.
fn leaves(node: &Node, path: &mut String, each: &mut impl FnMut(&str, Origin)) {
    let length = path.len();
    match node.value() {
        Value::Map(map) if !map.is_empty() => {
            for entry in map {
                let key = &entry.key.text;
                if key.contains(['.', '/', ' ']) {
                    let _ = write!(path, "[{key}]");
                } else {
                    let dot = if length == 0 { "" } else { "." };
                    let _ = write!(path, "{dot}{key}");
                }
                leaves(&entry.value, path, each);
                path.truncate(length);
            }
        }
        Value::Seq(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                let _ = write!(path, "[{at}]");
                leaves(item, path, each);
                path.truncate(length);
            }
        }
        _ => each(path, node.origin()),
    }
}

/// Returns the stable DNS names of the pods of a `StatefulSet`; of many, the first and the last.
fn pods(object: &Manifest) -> Vec<String> {
    if object.key.kind != "StatefulSet" {
        return Vec::new();
    }
    let spec = |path: &[&str]| object.node.at(path).and_then(Node::text);
    let number = |path: &[&str], fallback: i64| spec(path).map_or(Some(fallback), |text| text.parse().ok());
    let Some(service) = spec(&["spec", "serviceName"]) else {
        return vec!["have no stable names: no `serviceName` is written".to_owned()];
    };
    let (Some(count), Some(start)) = (number(&["spec", "replicas"], 1), number(&["spec", "ordinals", "start"], 0))
    else {
        return Vec::new();
    };
    let namespace = if object.key.namespace.is_empty() { "NAMESPACE" } else { object.key.namespace.as_str() };
    let name = |at: i64| format!("{}-{}.{service}.{namespace}.svc.cluster.local", object.key.name, start + at);
    if count <= 2 * SHOWN_PODS {
        return (0..count).map(name).collect();
    }
    let hidden = format!("… {} more", count - SHOWN_PODS - 1);
    (0..SHOWN_PODS).map(name).chain([hidden, name(count - 1)]).collect()
}
