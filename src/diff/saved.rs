//! Objects that were saved from a server, without what it had added to them.
//!
//! Two sides enter; where one holds objects of a server and the other what somebody wrote, the saved ones leave with the
//! status, the defaults and what was assigned gone, as far as the written ones do not state it: what is left is what can
//! differ. A field that nobody can have added stays; so do defaults of custom resources, which only their definition knows.

use std::collections::HashMap;

use super::meaning::is_nothing;
use crate::kubernetes::{
    Facts, Manifest, Merge, ObjectKey, SERVER_ANNOTATIONS, SERVER_METADATA, Schema, Shape, Tree, Type, is_same_item,
    same,
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
        for object in side.iter_mut().filter(|object| is_saved(&object.node)) {
            let mut node = without_records(&object.node);
            if let Some(stated) = others.get(&object.key) {
                node = Settling { facts, pod: object.key.kind == "Pod" }.object(&object.key, &node, stated);
            }
            object.node = node;
        }
    }
}

/// Whether a server wrote the object.
fn is_saved(node: &Node) -> bool {
    ["uid", "resourceVersion", "managedFields"].iter().any(|field| node.at(&["metadata", field]).is_some())
}

/// Leaves out the status, and what is written by the server alone.
fn without_records(node: &Node) -> Node {
    without(node, &["status"], |key, value| match key {
        "metadata" => without(value, &SERVER_METADATA, |key, value| match key {
            "annotations" => without(value, &SERVER_ANNOTATIONS, |_, value| value.clone()),
            _ => value.clone(),
        }),
        _ => value.clone(),
    })
}

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
    "kubectl.kubernetes.io/last-applied-configuration",
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

/// How an autoscaler scales where nobody says it.
const DOWN: &str = r#"[{"type": "Percent", "value": 100, "periodSeconds": 15}]"#;
const UP: &str =
    r#"[{"type": "Pods", "value": 4, "periodSeconds": 15}, {"type": "Percent", "value": 100, "periodSeconds": 15}]"#;

/// What the server puts where nothing is said, beside the tables that `apply` proves with: type, field and value in JSON;
/// without a value it is whatever was assigned.
const ADDED: &[(&str, &str, Option<&str>)] = &[
    ("apiextensions/v1.CustomResourceDefinitionSpec", "conversion", None),
    ("apiextensions/v1.CustomResourceDefinitionNames", "listKind", None),
    ("apiextensions/v1.CustomResourceDefinitionNames", "singular", None),
    ("apps/v1.DaemonSetUpdateStrategy", "type", Some("\"RollingUpdate\"")),
    ("apps/v1.DeploymentSpec", "replicas", None),
    ("apps/v1.DeploymentStrategy", "type", Some("\"RollingUpdate\"")),
    ("apps/v1.ReplicaSetSpec", "replicas", None),
    ("apps/v1.RollingUpdateDaemonSet", "maxSurge", Some("0")),
    ("apps/v1.RollingUpdateDaemonSet", "maxUnavailable", Some("1")),
    ("apps/v1.RollingUpdateDeployment", "maxSurge", Some("\"25%\"")),
    ("apps/v1.RollingUpdateDeployment", "maxUnavailable", Some("\"25%\"")),
    ("apps/v1.RollingUpdateStatefulSetStrategy", "maxUnavailable", Some("1")),
    ("apps/v1.RollingUpdateStatefulSetStrategy", "partition", Some("0")),
    ("apps/v1.StatefulSetPersistentVolumeClaimRetentionPolicy", "whenDeleted", Some("\"Retain\"")),
    ("apps/v1.StatefulSetPersistentVolumeClaimRetentionPolicy", "whenScaled", Some("\"Retain\"")),
    ("apps/v1.StatefulSetSpec", "replicas", None),
    ("apps/v1.StatefulSetUpdateStrategy", "type", Some("\"RollingUpdate\"")),
    ("autoscaling/v2.HPAScalingRules", "policies", Some(DOWN)),
    ("autoscaling/v2.HPAScalingRules", "policies", Some(UP)),
    ("autoscaling/v2.HPAScalingRules", "selectPolicy", Some("\"Max\"")),
    ("autoscaling/v2.HPAScalingRules", "stabilizationWindowSeconds", Some("0")),
    ("batch/v1.JobSpec", "backoffLimit", Some("2147483647")),
    ("batch/v1.JobSpec", "completions", Some("1")),
    ("batch/v1.JobSpec", "manualSelector", Some("false")),
    ("batch/v1.JobSpec", "parallelism", Some("1")),
    ("batch/v1.JobSpec", "podReplacementPolicy", None),
    ("batch/v1.JobSpec", "selector", None),
    ("core/v1.HostPathVolumeSource", "type", Some("\"\"")),
    ("core/v1.PersistentVolumeClaimSpec", "storageClassName", None),
    ("core/v1.PersistentVolumeClaimSpec", "volumeName", None),
    ("core/v1.PersistentVolumeSpec", "claimRef", None),
    ("core/v1.PersistentVolumeSpec", "volumeMode", Some("\"Filesystem\"")),
    ("core/v1.PodSpec", "nodeName", None),
    ("core/v1.PodSpec", "serviceAccount", None),
    ("core/v1.ServicePort", "nodePort", None),
    ("core/v1.ServiceSpec", "allocateLoadBalancerNodePorts", Some("true")),
    ("core/v1.ServiceSpec", "clusterIP", None),
    ("core/v1.ServiceSpec", "clusterIPs", None),
    ("core/v1.ServiceSpec", "externalTrafficPolicy", Some("\"Cluster\"")),
    ("core/v1.ServiceSpec", "healthCheckNodePort", None),
    ("core/v1.ServiceSpec", "internalTrafficPolicy", Some("\"Cluster\"")),
    ("core/v1.ServiceSpec", "ipFamilies", None),
    ("core/v1.ServiceSpec", "ipFamilyPolicy", None),
    ("core/v1.ServiceSpec", "sessionAffinityConfig", None),
];

/// The same for Pods alone, whose admission looks things up that a template leaves open.
const ADDED_TO_PODS: &[&str] = &["priority", "preemptionPolicy", "serviceAccountName"];

struct Settling<'a> {
    facts: &'a Facts,
    pod: bool,
}

impl Settling<'_> {
    fn object(&self, key: &ObjectKey, saved: &Node, stated: &Node) -> Node {
        let kind = self.facts.kind(&key.group, &key.version, &key.kind);
        if let Some(id) = kind.and_then(|kind| self.facts.type_of(kind)) {
            return self.mapping(saved, Some(stated), Some(self.facts.ty(id)));
        }
        // Of custom resources, the metadata is known.
        let Some(mut map) = saved.as_map().cloned() else { return saved.clone() };
        let metadata = self.facts.type_id("meta/v1.ObjectMeta").map(|id| self.facts.ty(id));
        if let Some(entry) = map.entry("metadata").cloned() {
            map.set(entry.key, self.mapping(&entry.value, stated.get("metadata"), metadata));
        }
        Node::map(map, saved.origin())
    }

    fn mapping(&self, saved: &Node, stated: Option<&Node>, ty: Option<&Type>) -> Node {
        let Some(map) = saved.as_map() else { return saved.clone() };
        let mut kept = Vec::with_capacity(map.len());
        for entry in map {
            let key = &entry.key.text;
            let other = stated.and_then(|stated| stated.get(key));
            let field = ty.and_then(|ty| ty.field(key));
            if other.is_none() && field.is_some() && self.is_added(&entry.value, map, ty, key) {
                continue;
            }
            let value = match field {
                _ if ["labels", "annotations"].contains(&key.as_str()) => without_marks(&entry.value, other),
                Some(field) => self.value(&entry.value, other, &field.schema),
                None => entry.value.clone(),
            };
            // What held nothing but what was added was added with it.
            let is_emptied = other.is_none() && is_empty(&value) && !is_empty(&entry.value);
            if !is_emptied {
                let mut entry = entry.clone();
                entry.value = value;
                kept.push(entry);
            }
        }
        Node::map(Map::of_distinct(kept), saved.origin())
    }

    fn value(&self, saved: &Node, stated: Option<&Node>, schema: &Schema) -> Node {
        match &schema.shape {
            Shape::Type(id) => self.mapping(saved, stated, Some(self.facts.ty(*id))),
            Shape::List(item) => self.list(saved, stated, item, &schema.merge),
            _ => saved.clone(),
        }
    }

    fn list(&self, saved: &Node, stated: Option<&Node>, schema: &Schema, merge: &Merge) -> Node {
        let Some(items) = saved.as_seq() else { return saved.clone() };
        let others = stated.and_then(Node::as_seq).unwrap_or_default();
        let ty = self.facts.inner_type(schema);
        let kept = items.iter().enumerate().filter_map(|(at, item)| {
            let other = match merge {
                Merge::Keys(keys) => others.iter().find(|other| is_same_item(item, *other, keys, ty)),
                Merge::Set => others.iter().find(|other| other.scalar() == item.scalar()),
                Merge::Replace if others.len() == items.len() => others.get(at),
                Merge::Replace => None,
            };
            let name = item.scalar().or_else(|| item.get("key").and_then(Tree::scalar));
            if other.is_none() && name.is_some_and(|name| ITEMS.contains(&name.as_str())) {
                return None;
            }
            Some(if other.is_some() { self.value(item, other, schema) } else { item.clone() })
        });
        Node::seq(kept.collect(), saved.origin())
    }

    /// Whether the server has put a field where it was left out.
    fn is_added(&self, value: &Node, parent: &Map, ty: Option<&Type>, field: &str) -> bool {
        let Some(ty) = ty else { return false };
        let of = ty.name.as_str();
        let beside = |key: &str| parent.get(key).and_then(Tree::scalar);
        match (of, field) {
            ("core/v1.Container", "imagePullPolicy") => {
                let default = if is_latest(&beside("image").unwrap_or_default()) { "Always" } else { "IfNotPresent" };
                value.scalar().as_deref() == Some(default)
            }
            ("core/v1.ServicePort", "targetPort") => value.scalar() == beside("port"),
            ("core/v1.PodSpec", field) if self.pod && ADDED_TO_PODS.contains(&field) => true,
            _ => {
                let nothing = Node::map(Map::new(), value.origin());
                let is_listed = |(listed, name, default): &(&str, &str, Option<&str>)| {
                    *listed == of && *name == field && default.is_none_or(|default| is_json(value, default))
                };
                ADDED.iter().any(is_listed) || is_nothing(value, &nothing, Some((ty, field)))
            }
        }
    }
}

fn is_json(value: &Node, text: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(text).is_ok_and(|json| same(value, &json))
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

/// Whether an image is pulled anew each time: by the tag `latest`, which stands where neither tag nor digest does.
fn is_latest(image: &str) -> bool {
    let (name, digest) = image.split_once('@').map_or((image, false), |(name, _)| (name, true));
    let last = name.rsplit('/').next().unwrap_or_default();
    last.split_once(':').map_or(!digest, |(_, tag)| tag == "latest")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_the_table_is_known() {
        let facts = Facts::newest();
        for (ty, field, value) in ADDED {
            assert!(facts.named(ty).field(field).is_some(), "{ty} has no {field}");
            assert!(value.is_none_or(|text| serde_json::from_str::<serde_json::Value>(text).is_ok()), "{value:?}");
        }
    }

    #[test]
    fn only_what_is_latest_is_pulled_each_time() {
        for image in ["nginx", "nginx:latest", "host:5000/nginx", "nginx:latest@sha256:0"] {
            assert!(is_latest(image), "{image}");
        }
        for image in ["nginx:1.27", "nginx@sha256:0", "host:5000/nginx:1"] {
            assert!(!is_latest(image), "{image}");
        }
    }
}
