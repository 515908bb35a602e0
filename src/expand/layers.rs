//! The layers of a workload in, one flat workload out: native bodies, `pod` and the fields of the main container are spelled
//! out in each layer before it merges with the next.
//!
//! In what leaves, a field stands in one place only: those of containers under `containers` and `initContainers`, those of
//! pods beside them, and in `pod` and in native bodies what can be written nowhere else.

use std::collections::{HashMap, HashSet};

use smol_str::SmolStr;

use super::bodies::{check_body, lift_metadata, put_back, take_out, without_alias, without_all, without_bodies};
use super::containers::ALL;
use super::expression::is_expression;
use super::forms;
use super::merge::Merging;
use super::place::Place;
use super::reported::reported;
use crate::diagnostic::{Code, Diagnostic, words};
use crate::kubernetes::Facts;
use crate::spec::{Home, Union, budgeted, slug};
use crate::text::{Entry, Key, Map, Node, Origin};

/// What makes a container the program that it is: in `defaults` it is said of the main one alone.
const OF_ONE: &[&str] = &[
    "command",
    "args",
    "workingDir",
    "ports",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
    "mounts",
    "volumeMounts",
    "volumeDevices",
    "stdin",
    "stdinOnce",
    "tty",
];
/// The short forms of affinity.
pub(super) const AFFINITIES: [&str; 3] = ["nodeAffinity", "podAffinity", "podAntiAffinity"];

/// How the layers of a workload are put on each other.
#[derive(Debug)]
pub(super) struct Stack<'a> {
    pub(super) facts: &'static Facts,
    pub(super) union: &'a Union,
    /// The name of the workload, and where it is written.
    pub(super) workload: &'a SmolStr,
    pub(super) origin: Origin,
    /// How many of the lowest layers say what holds for all workloads.
    pub(super) shared: usize,
    /// Whether parts are among them, of which a list does not replace a mapping, nor a mapping a list.
    pub(super) is_strict: bool,
}

/// The layers of a workload as one.
#[derive(Clone, Debug)]
pub(super) struct Merged {
    pub(super) fields: Node,
    /// Whether expressions of an instance decide how the layers merge.
    pub(super) is_open: bool,
    pub(super) findings: Vec<Diagnostic>,
    /// The container that flat fields mean.
    pub(super) target: Option<SmolStr>,
}

/// Returns the name of the container that flat fields are of, where no other is meant.
pub fn main_container(workload: &str) -> SmolStr {
    budgeted(&slug(workload), 63)
}

/// A layer in which each field stands in one place.
pub(super) struct Lifted {
    pub(super) fields: Map,
    /// Whether its containers come from a native body.
    has_body: bool,
    /// The containers that it names beside a body.
    named: HashSet<SmolStr>,
}

impl Stack<'_> {
    /// Merges layers, lowest first.
    pub(super) fn merged(&self, layers: &[Node]) -> Merged {
        let mut merging = Merging { is_strict: self.is_strict, ..Merging::new(self.facts) };
        let layers = without_bodies(layers);
        let mut lifted: Vec<Lifted> = layers.iter().map(|layer| self.lifted(layer, &mut merging)).collect();
        take_out(&mut lifted);
        let mut findings = Vec::new();
        let target = self.target(&lifted, &mut findings);
        let listed: Vec<SmolStr> = lifted
            .iter()
            .filter(|layer| layer.fields.get("containers").is_some_and(|node| node.as_seq().is_some()))
            .flat_map(|layer| containers_of(&layer.fields).map(|(name, _)| name))
            .collect();
        let is_there = |layer: &Lifted| containers_of(&layer.fields).any(|(name, _)| Some(name) == target);
        let is_new = target.is_some() && !lifted.iter().any(is_there);
        let last = lifted.len().saturating_sub(1);
        for (at, layer) in lifted.iter_mut().enumerate() {
            let of_defaults = at < self.shared;
            self.with_main(&mut layer.fields, target.as_ref(), of_defaults, &mut merging);
            // Without any container of its own a workload has the main one, whatever is said of it.
            if at == last && is_new {
                self.add_main(&mut layer.fields, target.as_ref(), &[], &mut merging);
            }
        }
        let mut fields = Node::map(Map::new(), self.origin);
        for layer in &lifted {
            let layer = Node::map(layer.fields.clone(), self.origin);
            fields = merging.merge(&fields, &layer, Place::Workload(self.union));
        }
        let mut map = fields.as_map().cloned().unwrap_or_default();
        for key in ["containers", "initContainers"] {
            without_all(&mut map, key);
        }
        if let (Some(target), Some(entry)) = (&target, map.entry("containers").cloned())
            && !listed.contains(target)
            && let Some(items) = entry.value.as_seq()
        {
            // No list says where it stands.
            let is_main = |item: &&Node| item.get("name").and_then(Node::text) == Some(target);
            let (main, others): (Vec<_>, Vec<_>) = items.iter().partition(is_main);
            let all = main.into_iter().chain(others).cloned().collect();
            map.set(entry.key, Node::seq(all, entry.value.origin()));
        }
        findings.extend(reported(&merging.notes, &map));
        Merged { fields: Node::map(map, self.origin), is_open: merging.notes.is_open, findings, target }
    }

    /// Merges an override over merged layers: one that [`Stack::is_plain`] says can be put on them as they are.
    pub(super) fn over(&self, below: &Merged, over: &Node) -> Merged {
        let mut merging = Merging::new(self.facts);
        let mut lifted = self.lifted(over, &mut merging);
        self.with_main(&mut lifted.fields, below.target.as_ref(), false, &mut merging);
        let over = Node::map(lifted.fields, over.origin());
        let fields = merging.merge(&below.fields, &over, Place::Workload(self.union));
        let findings = reported(&merging.notes, fields.as_map().unwrap_or(&Map::new()));
        Merged { fields, is_open: merging.notes.is_open, findings, target: below.target.clone() }
    }

    /// Whether an override changes neither which containers there are, nor which of them flat fields mean.
    pub(super) fn is_plain(&self, below: &Merged, over: &Node) -> bool {
        const DECIDING: &[&str] =
            &["containers", "initContainers", "template", "jobTemplate", "pod", "affinity", "image"];
        let mut fields = over.as_map().into_iter().flatten();
        fields.all(|entry| {
            !DECIDING.contains(&entry.key.text.as_str()) && (below.target.is_some() || !self.is_of_container(entry))
        })
    }

    /// Lifts native bodies, `pod` and native affinity out of a layer; its flat fields count more than the bodies, and `pod`
    /// counts more than its flat fields.
    fn lifted(&self, layer: &Node, merging: &mut Merging<'_>) -> Lifted {
        let mut rest = layer.as_map().cloned().unwrap_or_default();
        let named = containers_of(&rest).map(|(name, _)| name).collect();
        let mut ground = Map::new();
        let mut templates = Vec::new();
        if let Some(job) = rest.get("jobTemplate").cloned() {
            check_body(&job, "jobTemplate", &["spec", "metadata"], merging);
            merging.notes.is_open |= is_expression(&job) || job.get("spec").is_some_and(is_expression);
            if let Some(spec) = job.get("spec").and_then(Node::as_map) {
                let (template, fields): (Vec<_>, Vec<_>) =
                    spec.iter().cloned().partition(|entry| entry.key.text == "template");
                templates.extend(template.into_iter().map(|entry| entry.value));
                let is_job = |entry: &Entry| matches!(self.union.field(&entry.key.text), Some((Home::Job, _)));
                let (lifted, kept): (Vec<_>, Vec<_>) = fields.into_iter().partition(is_job);
                ground = lifted.into_iter().collect();
                put_back(&mut rest, "jobTemplate", &job, "spec", kept);
            }
        }
        if let Some(template) = rest.get("template").cloned() {
            merging.notes.is_open |= is_expression(&template) || template.get("spec").is_some_and(is_expression);
            if template.as_map().is_some() {
                templates.push(template.clone());
            }
            if !is_expression(&template) {
                rest.remove("template");
                check_body(&template, "template", &[], merging);
            }
        }
        for template in &templates {
            check_body(template, "template", &["spec", "metadata"], merging);
            self.lift_template(template, &mut ground, &mut rest);
        }
        let has_body = ground.contains("containers");
        let mut fields = if ground.is_empty() {
            rest
        } else {
            let origin = layer.origin();
            let merged =
                merging.within(&Node::map(ground, origin), &Node::map(rest, origin), Place::Workload(self.union));
            merged.as_map().cloned().unwrap_or_default()
        };
        if let Some(pod) = fields.entry("pod").cloned() {
            merging.notes.is_open |= is_expression(&pod.value);
            if let Some(written) = pod.value.as_map() {
                let (lifted, kept): (Vec<_>, Vec<_>) = written.iter().cloned().partition(|entry| self.is_of_pod(entry));
                fields.remove("pod");
                if !kept.is_empty() {
                    fields.push(pod.key, Node::map(kept.into_iter().collect(), pod.value.origin()));
                }
                let over = Node::map(lifted.into_iter().collect(), pod.value.origin());
                let merged = merging.told(&Node::map(fields, layer.origin()), &over, Place::Workload(self.union));
                fields = merged.as_map().cloned().unwrap_or_default();
            }
        }
        self.lift_affinity(&mut fields, merging);
        let fields = self.with_update(fields, merging);
        Lifted { fields: without_alias(fields, merging), has_body, named }
    }

    fn is_of_pod(&self, entry: &Entry) -> bool {
        matches!(self.union.field(&entry.key.text), Some((Home::Pod, _)))
    }

    fn lift_template(&self, template: &Node, ground: &mut Map, rest: &mut Map) {
        let mut pod = Vec::new();
        for entry in template.get("spec").and_then(Node::as_map).into_iter().flatten() {
            if self.is_of_pod(entry) {
                ground.set(entry.key.clone(), entry.value.clone());
            } else {
                pod.push(entry.clone());
            }
        }
        if let Some(spec) = template.get("spec").filter(|_| !pod.is_empty()) {
            ground.put("pod", Node::map(pod.into_iter().collect(), spec.origin()));
        }
        let mut kept: Map = Map::new();
        for entry in template.as_map().into_iter().flatten() {
            match entry.key.text.as_str() {
                "spec" if entry.value.as_map().is_some() => {}
                "metadata" if entry.value.as_map().is_some() => {
                    let metadata = lift_metadata(&entry.value, ground, rest);
                    if !metadata.is_empty() {
                        kept.push(entry.key.clone(), Node::map(metadata, entry.value.origin()));
                    }
                }
                _ => kept.push(entry.key.clone(), entry.value.clone()),
            }
        }
        if !kept.is_empty() {
            rest.put("template", Node::map(kept, template.origin()));
        }
    }

    /// Moves native affinity to where the short forms are, which take it as it is.
    fn lift_affinity(&self, fields: &mut Map, merging: &mut Merging<'_>) {
        let Some(native) = fields.entry("affinity").cloned() else { return };
        let Some(written) = native.value.as_map() else { return };
        let mut ground = Map::new();
        let mut kept = Map::new();
        for entry in written {
            let known = AFFINITIES.contains(&entry.key.text.as_str()) && entry.value.as_map().is_some();
            if known { &mut ground } else { &mut kept }.push(entry.key.clone(), entry.value.clone());
        }
        if ground.is_empty() {
            return;
        }
        fields.remove("affinity");
        if !kept.is_empty() {
            fields.push(native.key, Node::map(kept, native.value.origin()));
        }
        let (ground, over) = (Node::map(ground, self.origin), Node::map(std::mem::take(fields), self.origin));
        let merged = merging.told(&ground, &over, Place::Workload(self.union));
        *fields = merged.as_map().cloned().unwrap_or_default();
    }

    /// Writes a native strategy as `update`, and the fields of a rolling update as a strategy.
    fn with_update(&self, fields: Map, merging: &mut Merging<'_>) -> Map {
        let mut fields = fields;
        let native = ["strategy", "updateStrategy"].into_iter().find(|key| self.union.spec.field(key).is_some());
        let native = native.and_then(|key| fields.entry(key)).filter(|entry| entry.value.as_map().is_some()).cloned();
        let update = fields.entry("update").filter(|entry| !entry.value.is_null()).cloned();
        if let Some(native) = &native {
            fields.remove(&native.key.text);
        }
        match (native, update) {
            (Some(native), Some(update)) => {
                // Both are `update`, in two forms.
                let [below, above] = [&native.value, &forms::as_strategy(&update.value)]
                    .map(|value| single("update", value.clone(), update.key.origin));
                let merged = merging.told(&below, &above, Place::Workload(self.union));
                fields.set(update.key, merged.get("update").cloned().unwrap_or(native.value));
            }
            (Some(native), None) => fields.set(Key::new("update", native.key.origin), native.value),
            (None, Some(update)) => fields.set(update.key, forms::strategy(&update.value)),
            (None, None) => {}
        }
        fields
    }

    /// Says which container flat fields mean: the one named after the workload, the only one, or a further one.
    fn target(&self, layers: &[Lifted], findings: &mut Vec<Diagnostic>) -> Option<SmolStr> {
        let own = main_container(self.workload);
        let is_own = |at: usize| at >= self.shared;
        let of_own = layers.iter().enumerate().filter(|(at, _)| is_own(*at));
        let mut names: Vec<SmolStr> = Vec::new();
        let mut is_there: HashMap<SmolStr, bool> = HashMap::new();
        for (name, is_gone) in of_own.flat_map(|(_, layer)| containers_of(&layer.fields)) {
            if is_there.insert(name.clone(), !is_gone).is_none() {
                names.push(name);
            }
        }
        names.retain(|name| is_there[name]);
        if names.is_empty() || names.contains(&own) {
            return Some(own);
        }
        let has_image = layers.iter().any(|layer| layer.fields.get("image").is_some_and(|image| !image.is_null()));
        let has_body = layers.iter().any(|layer| layer.has_body);
        // What is first named beside a body stands beside the main one, whatever a body says of it too.
        let is_of_body = |name: &&SmolStr| {
            let mut saying = layers.iter().filter(|layer| containers_of(&layer.fields).any(|(one, _)| one == **name));
            saying.next().is_some_and(|layer| !layer.named.contains(*name))
        };
        let of_body: Vec<&SmolStr> = names.iter().filter(|_| has_body).filter(is_of_body).collect();
        match (names.as_slice(), of_body.as_slice()) {
            ([only], _) if !has_image => return Some(only.clone()),
            (_, []) if has_image => return Some(own),
            (_, [only]) if has_image => return Some((*only).clone()),
            _ => {}
        }
        let of_one = layers.iter().enumerate().flat_map(|(at, layer)| {
            let flat = layer.fields.iter().filter(|entry| self.is_of_container(entry) && !entry.value.is_null());
            flat.filter(move |entry| is_own(at) || OF_ONE.contains(&entry.key.text.as_str()))
        });
        let entry = of_one.last()?;
        let listed = words::list(names.iter().map(SmolStr::as_str), "and");
        let message = format!("`{}` means one container, and `{}` has {listed}", entry.key.text, self.workload);
        findings.push(Diagnostic::new(Code::InvalidShorthand, entry.key.origin, message).help(format!(
            "write it under `containers.{}`, under `containers.\"*\"` for all of them, or name the one that is meant `{own}`",
            names[0]
        )));
        names.first().cloned()
    }

    fn is_of_container(&self, entry: &Entry) -> bool {
        let key = entry.key.text.as_str();
        key == "mounts" || matches!(self.union.field(key), Some((Home::Container, _)))
    }

    /// Moves the flat fields of a layer to the container that they mean; those of `defaults` to all of them.
    fn with_main(&self, fields: &mut Map, target: Option<&SmolStr>, of_defaults: bool, merging: &mut Merging<'_>) {
        let is_known = |node: &Node| node.as_map().is_some() || node.as_seq().is_some() || node.is_broken();
        let is_unknown = |key: &str| fields.get(key).is_some_and(|node| !node.is_null() && !is_known(node));
        if is_unknown("containers") || is_unknown("initContainers") {
            merging.notes.is_open |=
                ["containers", "initContainers"].iter().any(|key| fields.get(key).is_some_and(is_expression));
        }
        if is_unknown("containers") {
            return;
        }
        let (flat, kept): (Vec<_>, Vec<_>) = fields.iter().cloned().partition(|entry| self.is_of_container(entry));
        *fields = kept.into_iter().collect();
        let reaches = |entry: &Entry| of_defaults && !OF_ONE.contains(&entry.key.text.as_str());
        let (all, own): (Vec<_>, Vec<_>) = flat.into_iter().partition(reaches);
        if !all.is_empty() {
            for key in ["containers", "initContainers"] {
                let star: Map = all.iter().cloned().collect();
                let ground = single(ALL, Node::map(star, self.origin), self.origin);
                self.ground(fields, key, ground, merging);
            }
        }
        if !own.is_empty() {
            self.add_main(fields, target, &own, merging);
        }
    }

    /// Puts fields over those that a layer says of a container by name.
    fn add_main(&self, fields: &mut Map, target: Option<&SmolStr>, own: &[Entry], merging: &mut Merging<'_>) {
        let Some(target) = target else { return };
        let over = single(target, Node::map(own.iter().cloned().collect(), self.origin), self.origin);
        let Some(written) = fields.entry("containers").filter(|entry| !entry.value.is_null()).cloned() else {
            fields.set(Key::new("containers", self.origin), over);
            return;
        };
        if written.value.is_broken() {
            // They may bring the image of this one.
            let mut own: Map = own.iter().cloned().collect();
            if !own.contains("image") {
                own.put("image", Node::broken());
            }
            fields.set(written.key, single(target, Node::map(own, self.origin), self.origin));
            return;
        }
        if containers_of(fields).any(|(name, is_gone)| name == *target && !is_gone) {
            let place = Place::Containers { ty: self.union.container, in_order: false };
            fields.set(written.key, merging.within(&written.value, &over, place));
        } else if let Some(map) = written.value.as_map() {
            // A new one stands first; what the layer says of all lies under it.
            let mut all = over.as_map().cloned().unwrap_or_default();
            map.iter()
                .filter(|entry| entry.key.text != *target)
                .for_each(|entry| all.push(entry.key.clone(), entry.value.clone()));
            fields.set(written.key, Node::map(all, written.value.origin()));
        } else {
            let place = Place::Containers { ty: self.union.container, in_order: true };
            fields.set(written.key, merging.within(&over, &written.value, place));
        }
    }

    /// Puts something under what a layer says of containers.
    fn ground(&self, fields: &mut Map, key: &str, ground: Node, merging: &mut Merging<'_>) {
        match fields.entry(key).cloned() {
            Some(written) if !written.value.is_null() => {
                let place = Place::Containers { ty: self.union.container, in_order: true };
                fields.set(written.key, merging.within(&ground, &written.value, place));
            }
            _ => fields.set(Key::new(key, self.origin), ground),
        }
    }
}

/// Returns the names of the containers of a layer, and whether it takes them out.
fn containers_of(fields: &Map) -> impl Iterator<Item = (SmolStr, bool)> {
    let written = fields.get("containers");
    let by_name = written.and_then(Node::as_map).into_iter().flatten();
    let by_name = by_name.map(|entry| (entry.key.text.clone(), entry.value.is_null()));
    let listed = written.and_then(Node::as_seq).into_iter().flatten();
    let listed = listed.filter_map(|item| Some((item.get("name")?.text()?.clone(), false)));
    by_name.chain(listed).filter(|(name, _)| name != ALL)
}

fn single(key: &str, value: Node, origin: Origin) -> Node {
    let mut map = Map::with_capacity(1);
    map.push(Key::new(key, origin), value);
    Node::map(map, origin)
}
