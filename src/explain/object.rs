//! A compiled object in, where it came from out: the workload and its axis values, the parts of the spec that took part,
//! and the line behind every field.
//!
//! All of it is read from the places that the nodes of the object carry; values are not shown, since some are secret.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use smol_str::SmolStr;

use super::line::AtLine;
use super::table::Topic;
use crate::compile::Compilation;
use crate::expand::{Expanded, Plan, describe, label_text};
use crate::kubernetes::Manifest;
use crate::spec::{Section, as_label, axis_label};
use crate::text::{Entry, Node, Origin, Sources, Value};

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

/// What made each object of a compilation.
#[derive(Debug)]
pub struct Makers<'c> {
    /// Those of workloads by their names.
    instances: HashMap<&'c str, Vec<Maker<'c>>>,
    /// Those of other sections by the place and the name of the object.
    entries: HashMap<(Origin, &'c str), Vec<Maker<'c>>>,
}

/// A batch, an entry of it, and the number of the instance.
type Maker<'c> = (&'c Expanded, &'c Plan, usize);

impl<'c> Makers<'c> {
    /// Looks through all instances once.
    pub fn of(compilation: &'c Compilation) -> Self {
        let mut makers = Self { instances: HashMap::new(), entries: HashMap::new() };
        for batch in compilation.batches() {
            for plan in &batch.plans {
                for at in 0..plan.len() {
                    let name = plan.name(at).as_str();
                    let known = match plan.section {
                        Section::Workloads => makers.instances.entry(name).or_default(),
                        _ => makers.entries.entry((plan.origin, name)).or_default(),
                    };
                    known.push((batch, plan, at));
                }
            }
        }
        makers
    }

    /// Returns the instance that an object belongs to, as its labels or its place say.
    fn of_object(&self, object: &Manifest) -> Option<Maker<'c>> {
        let label = |name: &str| object.node.at(&["metadata", "labels", name]).and_then(Node::as_str);
        let name = object.key.name.as_str();
        // The name of a ConfigMap or Secret may end with a hash.
        let without_hash = name.rsplit_once('-').map_or(name, |(name, _)| name);
        let of_entry = [name, without_hash].into_iter().find_map(|name| self.entries.get(&(object.origin, name)));
        // Labels tell what a companion with a name of its own belongs to, where these are the labels that select pods.
        let told = label("app.kubernetes.io/instance").filter(|told| self.instances.contains_key(told));
        let of_workload = || {
            let entry = label("app.kubernetes.io/name").filter(|_| told.is_some());
            let is_its = |(batch, plan, _): &&Maker<'c>| match entry {
                Some(entry) => plan.entry == entry,
                None => batch.batch.holds(object.origin),
            };
            let known: Vec<Maker<'c>> =
                self.instances.get(told.unwrap_or(name))?.iter().filter(is_its).copied().collect();
            (!known.is_empty()).then_some(known)
        };
        let known = of_entry.cloned().or_else(of_workload)?;
        // Instances of one name stand in namespaces of their own: their axes tell them apart.
        let agrees = |(_, plan, at): &&Maker<'c>| {
            let value = |axis: &str| plan.cell(*at).and_then(|cell| label_text(cell.get(axis)?));
            let is_same = |axis: &SmolStr| {
                let told = axis_label(axis).and_then(|name| label(&name));
                told.is_none() || told == value(axis).and_then(|text| as_label(&text)).as_deref()
            };
            plan.axes.iter().all(is_same)
        };
        known.iter().find(agrees).or(known.first()).copied()
    }

    /// Says in one line where an object comes from: its line, its workload, the cells of its axes, the layers in it.
    pub fn provenance(&self, object: &Manifest, sources: &Sources) -> Option<String> {
        sources.place(object.origin)?;
        let mut parts = vec![place(object.origin, sources)];
        parts.extend(sources.template(object.origin).map(|template| format!("from {template}")));
        if let Some((batch, plan, at)) = self.of_object(object) {
            parts.push(format!("{} {}", plan.noun(), plan.entry));
            let cell = plan.cell(at);
            let shown = cell.map(|cell| shown(cell, sources));
            for axis in &plan.axes {
                let Some(value) = cell.and_then(|cell| cell.get(axis)) else { continue };
                let text = shown.as_ref().and_then(|cell| label_text(cell.get(axis)?)).unwrap_or_else(|| "…".into());
                parts.push(format!("{axis}={text} at {}", place(value.origin(), sources)));
            }
            parts.extend(took_part(object, batch, plan, sources));
        }
        Some(parts.join(", "))
    }
}

/// Tells where an object came from.
pub fn story(object: &Manifest, makers: &Makers<'_>, sources: &Sources) -> Topic {
    let mut topic = Topic::new(object.key.to_string()).row("written at", place(object.origin, sources));
    if let Some((batch, plan, at)) = makers.of_object(object) {
        topic = topic
            .row(plan.noun(), format!("{} of the batch {}", plan.entry, batch.batch.name))
            .row("axis values", describe(plan.cell(at).map(|cell| shown(cell, sources)).as_ref()))
            .row("made with", took_part(object, batch, plan, sources).join("\n"));
    }
    let (mut path, mut fields) = (String::new(), Vec::new());
    leaves(&object.node, sources, &mut path, &mut |path, origin| {
        fields.push((path.to_owned(), place(origin, sources)));
    });
    topic.row("pods", pods(object).join("\n")).list("fields", fields)
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

/// Returns the parts of the spec beside the workload that a line of the object comes from.
fn took_part(object: &Manifest, batch: &Expanded, plan: &Plan, sources: &Sources) -> Vec<String> {
    let mut origins = BTreeSet::new();
    leaves(&object.node, sources, &mut String::new(), &mut |_, origin| {
        origins.insert(origin);
    });
    let layers = batch.layers(Some(plan));
    let took_part = layers.into_iter().filter(|layer| origins.iter().any(|origin| layer.holds(*origin)));
    took_part.map(|layer| format!("{} at {}", layer.name, place(layer.origin, sources))).collect()
}

/// Tells where one field of an object came from: what a line of the output shows.
pub fn field_story(title: &str, at: &AtLine, object: &Manifest, makers: &Makers<'_>, sources: &Sources) -> Topic {
    let mut topic = story(object, makers, sources);
    title.clone_into(&mut topic.title);
    let field = at.field();
    let written = at.node(&object.node).map(|node| place(node.origin(), sources));
    let named = (!field.is_empty()).then_some(field);
    let first = [("object", Some(object.key.to_string())), ("field", named), ("comes from", written)];
    let rows = first.into_iter().filter_map(|(name, text)| Some((name, text?)));
    topic.rows = rows.chain(std::mem::take(&mut topic.rows)).collect();
    topic.lists.clear();
    topic
}

/// Calls `each` with the path and the place of all values that hold no others; a key may be made of a secret.
fn leaves(node: &Node, sources: &Sources, path: &mut String, each: &mut impl FnMut(&str, Origin)) {
    let length = path.len();
    match node.value() {
        Value::Map(map) if !map.is_empty() => {
            for entry in map {
                let is_secret = sources.is_tainted(entry.key.origin);
                let key = if is_secret { "(not shown)" } else { entry.key.text.as_str() };
                if key.contains(['.', '/', ' ']) {
                    let _ = write!(path, "[{key}]");
                } else {
                    let dot = if length == 0 { "" } else { "." };
                    let _ = write!(path, "{dot}{key}");
                }
                leaves(&entry.value, sources, path, each);
                path.truncate(length);
            }
        }
        Value::Seq(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                let _ = write!(path, "[{at}]");
                leaves(item, sources, path, each);
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
