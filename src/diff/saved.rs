//! Objects that were saved from a server, without what it had added to them.
//!
//! Two sides enter; where one holds objects of a server and the other what somebody wrote, the saved ones leave with the
//! status, the defaults, what was assigned, and what belongs to others gone, as far as the written ones do not state it:
//! what is left is what can differ. A field that nobody can have added stays; so do defaults of custom resources, which
//! only their definition knows.

mod made;
mod owned;

use std::collections::HashMap;

use serde_json::Value as Json;

use self::owned::Owned;
use crate::kubernetes::{
    Facts, Manifest, Merge, ObjectKey, SERVER_ANNOTATIONS, SERVER_METADATA, Schema, Shape, Storage, Tree, Type,
    is_same_item,
};
use crate::text::{Entry, Map, Node};

/// Takes out of saved objects what the server added, in the light of what the other side says of them.
pub fn settle(sides: [&mut Vec<Manifest>; 2], facts: &Facts) {
    let [old, new] = sides;
    if !old.iter().chain(&*new).any(|object| is_saved(&object.node)) {
        return;
    }
    let written = [&*old, &*new].map(|side| {
        let written = side.iter().filter(|object| !is_saved(&object.node));
        written.map(|object| (object.key.clone(), object.node.clone())).collect::<HashMap<ObjectKey, Node>>()
    });
    let [of_old, of_new] = written;
    for (side, others) in [(old, of_new), (new, of_old)] {
        if !others.is_empty() {
            made::without(side, |object| is_saved(&object.node) && !others.contains_key(&object.key));
        }
        for object in side.iter_mut().filter(|object| is_saved(&object.node)) {
            let mut node = without_records(&object.node);
            if let Some(stated) = others.get(&object.key) {
                node = settled(&object.key, &node, stated, &Owned::of(&object.node), facts);
            }
            object.node = node;
        }
    }
}

/// Returns a saved object as it can differ from what is stated of it.
fn settled(key: &ObjectKey, saved: &Node, stated: &Node, owned: &Owned<'_>, facts: &Facts) -> Node {
    let metadata = facts.named("meta/v1.ObjectMeta");
    if let Some(id) = facts.kind(&key.group, &key.version, &key.kind).and_then(|kind| facts.type_of(kind)) {
        let ty = facts.ty(id);
        let settling = Settling { facts, storage: Storage::of(facts, ty), pod: key.kind == "Pod" };
        let filled = settling.storage.object(stated);
        return settling.mapping(saved, Stated { written: Some(stated), filled: Some(&filled) }, owned, Some(ty));
    }
    // Of custom resources, the metadata is known.
    let Some(mut map) = saved.as_map().cloned() else { return saved.clone() };
    let settling = Settling { facts, storage: Storage::of(facts, metadata), pod: false };
    if let Some(entry) = map.entry("metadata").cloned() {
        let stated = Stated { written: stated.get("metadata"), filled: None };
        map.set(entry.key, settling.mapping(&entry.value, stated, &owned.member("metadata"), Some(metadata)));
    }
    Node::map(map, saved.origin())
}

/// Whether a server wrote the object.
fn is_saved(node: &Node) -> bool {
    ["uid", "resourceVersion", "managedFields"].iter().any(|field| node.at(&["metadata", field]).is_some())
}

/// Leaves out the status, and what is written by the server and by kubectl alone.
fn without_records(node: &Node) -> Node {
    without(node, &["status"], |key, value| match key {
        "metadata" => {
            let own = |map: &Map| map.iter().all(|entry| is_record(&entry.key.text));
            let only_records = value.get("annotations").and_then(Node::as_map).is_some_and(own);
            let value =
                if only_records { without(value, &["annotations"], |_, value| value.clone()) } else { value.clone() };
            without(&value, &SERVER_METADATA, |key, value| match key {
                "annotations" => Node::map(
                    value.as_map().into_iter().flatten().filter(|entry| !is_record(&entry.key.text)).cloned().collect(),
                    value.origin(),
                ),
                _ => value.clone(),
            })
        }
        _ => value.clone(),
    })
}

/// Whether an annotation is one in which the server's controllers or kubectl keep their books.
fn is_record(annotation: &str) -> bool {
    annotation == APPLIED || SERVER_ANNOTATIONS.contains(&annotation)
}

/// What kubectl applied last.
const APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Returns a mapping without some keys, each value as it is made of the old one.
fn without(node: &Node, keys: &[&str], value: impl Fn(&str, &Node) -> Node) -> Node {
    let Some(map) = node.as_map() else { return node.clone() };
    let kept = map.iter().filter(|entry| !keys.contains(&entry.key.text.as_str()));
    let kept = kept.map(|entry| Entry { key: entry.key.clone(), value: value(&entry.key.text, &entry.value) });
    Node::map(Map::of_distinct(kept.collect()), node.origin())
}

/// Labels and annotations that no manifest has.
const MARKS: &[&str] = &[
    "kubernetes.io/metadata.name",
    "kubectl.kubernetes.io/restartedAt",
    "applyset.kubernetes.io/part-of",
    "batch.kubernetes.io/job-tracking",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name",
    "controller-uid",
    "job-name",
    "pv.kubernetes.io/bind-completed",
    "pv.kubernetes.io/bound-by-controller",
    "volume.kubernetes.io/selected-node",
    "volume.kubernetes.io/storage-provisioner",
    "volume.beta.kubernetes.io/storage-provisioner",
];

/// Items of lists that admission and controllers add: finalizers, tolerations by their keys.
const ITEMS: &[&str] = &[
    "kubernetes",
    "kubernetes.io/pvc-protection",
    "kubernetes.io/pv-protection",
    "node.kubernetes.io/not-ready",
    "node.kubernetes.io/unreachable",
];

/// What is assigned where nothing is said: it may have any value.
const ASSIGNED: &[(&str, &str)] = &[
    ("apps/v1.DeploymentSpec", "replicas"),
    ("apps/v1.ReplicaSetSpec", "replicas"),
    ("apps/v1.StatefulSetSpec", "replicas"),
    ("batch/v1.JobSpec", "selector"),
    ("core/v1.PersistentVolumeClaimSpec", "storageClassName"),
    ("core/v1.PersistentVolumeClaimSpec", "volumeName"),
    ("core/v1.PersistentVolumeSpec", "claimRef"),
    ("core/v1.PodSpec", "nodeName"),
    ("core/v1.ServicePort", "nodePort"),
    ("core/v1.ServiceSpec", "clusterIP"),
    ("core/v1.ServiceSpec", "clusterIPs"),
    ("core/v1.ServiceSpec", "healthCheckNodePort"),
    ("core/v1.ServiceSpec", "ipFamilies"),
    ("core/v1.ServiceSpec", "ipFamilyPolicy"),
    ("resource/v1.DeviceTaint", "timeAdded"),
];

/// The same for Pods alone, whose admission looks things up that a template leaves open.
const ASSIGNED_TO_PODS: &[&str] = &["priority", "preemptionPolicy", "serviceAccount", "serviceAccountName"];
/// Where admission mounts a Pod's token, from a volume of its own.
const TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

struct Settling<'a> {
    facts: &'a Facts,
    storage: Storage<'a>,
    pod: bool,
}

/// What the other side says of a place.
#[derive(Clone, Copy)]
struct Stated<'a> {
    /// What is written there.
    written: Option<&'a Node>,
    /// What the server makes of that.
    filled: Option<&'a Json>,
}

impl Stated<'_> {
    fn member(self, key: &str) -> Self {
        let filled = self.filled.and_then(|filled| filled.get(key));
        Self { written: self.written.and_then(|written| written.get(key)), filled }
    }
}

impl Settling<'_> {
    fn mapping(&self, saved: &Node, stated: Stated<'_>, owned: &Owned<'_>, ty: Option<&Type>) -> Node {
        let Some(map) = saved.as_map() else { return saved.clone() };
        let mut kept = Vec::with_capacity(map.len());
        for entry in map {
            let key = &entry.key.text;
            let (other, owned) = (stated.member(key), owned.member(key));
            let field = ty.and_then(|ty| ty.field(key));
            if other.written.is_none() && (owned.is_foreign() || self.is_added(entry, saved, other, ty)) {
                continue;
            }
            let value = match field {
                Some(field) => self.value(&entry.value, other, &owned, &field.schema),
                None => entry.value.clone(),
            };
            let value = match key.as_str() {
                "labels" | "annotations" => without_marks(&value, other.written),
                _ => value,
            };
            // What held nothing but what was added was added with it.
            let is_emptied = other.written.is_none() && is_empty(&value) && !is_empty(&entry.value);
            if !is_emptied {
                let mut entry = entry.clone();
                entry.value = value;
                kept.push(entry);
            }
        }
        Node::map(Map::of_distinct(kept), saved.origin())
    }

    fn value(&self, saved: &Node, stated: Stated<'_>, owned: &Owned<'_>, schema: &Schema) -> Node {
        match &schema.shape {
            Shape::Type(id) => self.mapping(saved, stated, owned, Some(self.facts.ty(*id))),
            Shape::List(item) => self.list(saved, stated, owned, item, &schema.merge),
            Shape::Map(_) => self.mapping(saved, stated, owned, None),
            _ => saved.clone(),
        }
    }

    fn list(&self, saved: &Node, stated: Stated<'_>, owned: &Owned<'_>, schema: &Schema, merge: &Merge) -> Node {
        let Some(items) = saved.as_seq() else { return saved.clone() };
        let others = stated.written.and_then(Node::as_seq).unwrap_or_default();
        let ty = self.facts.inner_type(schema);
        let kept = items.iter().enumerate().filter_map(|(at, item)| {
            let place = match merge {
                Merge::Keys(keys) => others.iter().position(|other| is_same_item(item, other, keys, ty)),
                Merge::Set => others.iter().position(|other| other.scalar() == item.scalar()),
                Merge::Replace => Some(at).filter(|_| others.len() == items.len()),
            };
            let owned = owned.item(item, merge);
            if place.is_none() && (is_injected(item) || (self.pod && is_token(item)) || owned.is_foreign()) {
                return None;
            }
            let Some(place) = place else { return Some(item.clone()) };
            let filled = stated.filled.and_then(|filled| filled.get(place));
            Some(self.value(item, Stated { written: others.get(place), filled }, &owned, schema))
        });
        Node::seq(kept.collect(), saved.origin())
    }

    /// Whether the server has put a field where it was left out.
    fn is_added(&self, entry: &Entry, saved: &Node, other: Stated<'_>, ty: Option<&Type>) -> bool {
        let key = entry.key.text.as_str();
        let Some((ty, field)) = ty.and_then(|ty| Some((ty, ty.field(key)?))) else { return false };
        let assigned = ASSIGNED.iter().any(|(of, name)| *of == ty.name && *name == key)
            || (self.pod && ty.name == "core/v1.PodSpec" && ASSIGNED_TO_PODS.contains(&key));
        let stored = || self.storage.value(&entry.value, &field.schema);
        // What is filled in depends on what is written, and on what was written when it was.
        assigned
            || stored().is_none_or(|stored| other.filled == Some(&stored))
            || self.storage.is_default(&entry.value, ty, key, saved)
    }
}

/// Whether an item of a list comes from admission or a controller.
fn is_injected(item: &Node) -> bool {
    let name = item.scalar().or_else(|| item.get("key").and_then(Tree::scalar));
    name.is_some_and(|name| ITEMS.contains(&name.as_str()))
}

/// Whether an item of a Pod is the volume of its token, or mounts it.
fn is_token(item: &Node) -> bool {
    let says = |key: &str| item.get(key).and_then(Node::as_str).unwrap_or_default();
    says("mountPath") == TOKEN || (says("name").starts_with("kube-api-access-") && item.get("projected").is_some())
}

fn without_marks(saved: &Node, stated: Option<&Node>) -> Node {
    let Some(map) = saved.as_map() else { return saved.clone() };
    let says = |key: &str| stated.is_some_and(|stated| stated.get(key).is_some());
    let kept = map.iter().filter(|entry| says(&entry.key.text) || !MARKS.contains(&entry.key.text.as_str()));
    Node::map(Map::of_distinct(kept.cloned().collect()), saved.origin())
}

fn is_empty(value: &Node) -> bool {
    value.as_map().map_or_else(|| value.as_seq().is_some_and(<[Node]>::is_empty), Map::is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_the_table_is_known() {
        let facts = Facts::newest();
        for (ty, field) in ASSIGNED {
            assert!(facts.named(ty).field(field).is_some(), "{ty} has no {field}");
        }
    }
}
