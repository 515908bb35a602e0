//! A place in the tree of a spec in, how what stands there merges out.
//!
//! What is known of a place comes from the facts, and from the words of the language; the keys of lists are never guessed.

use smol_str::SmolStr;

use super::ports::port_type;
use crate::kubernetes::{Facts, Merge, Schema, Shape, Type};
use crate::spec::Union;
use crate::text::{Map, Node, Value};

/// What stands at a place of the tree, so far as merging must know.
#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    /// Nothing is known: maps merge, lists replace.
    Free,
    /// It is replaced as a whole.
    Atomic,
    /// A flat workload.
    Workload(&'a Union),
    /// A mapping of the language itself, such as `labels`.
    Mapping,
    /// A Service over the ports of a workload.
    Service,
    /// Several of them by name.
    Services,
    /// Affinity to nodes or pods, natively or in short.
    Affinity,
    /// A list that may also be written as a mapping by name, with the type that named values merge by.
    Named(&'a Schema, Option<&'a Type>),
    /// The containers of a pod, by name or as a list; `*` stands for all of them.
    Containers {
        /// The type of each.
        ty: &'a Type,
        /// Whether they run one after the other.
        in_order: bool,
    },
    /// The mounts of a container by path.
    Mounts,
    /// What is mounted at one path.
    Mount,
    /// Requests and limits of a container, natively or in short.
    Resources,
    /// Patches by kind.
    Patches,
    /// The patches of one kind: those of the later layer come behind those of the earlier one.
    Layered,
    /// A value of a type.
    Type(&'a Type),
    /// A value of a field.
    Schema(&'a Schema),
}

/// The handlers of a probe or of a lifecycle event, of which it can hold only one.
const HANDLERS: &[&str] = &["httpGet", "tcpSocket", "exec", "grpc", "sleep"];
/// Fields of a workload that say the same thing: what a later layer says, in any of them, counts.
const ALTERNATIVES: &[&[&str]] = &[
    &["update", "strategy", "updateStrategy"],
    &["serviceAccount", "serviceAccountName"],
    &["selector", "selectorLabels"],
];
/// Affinity in short, and natively.
const AFFINITIES: &[&[&str]] = &[
    &["require", "requiredDuringSchedulingIgnoredDuringExecution"],
    &["prefer", "preferredDuringSchedulingIgnoredDuringExecution"],
];
/// The keys of a mount that do not say what is mounted.
pub const MOUNT_OPTIONS: &[&str] = &[
    "readOnly",
    "recursiveReadOnly",
    "subPath",
    "subPathExpr",
    "mountPropagation",
    "name",
    "size",
    "storageClassName",
    "accessModes",
    "volumeMode",
    "items",
    "defaultMode",
    "optional",
];

/// Whether a mapping stands at a place, or a list that merges with others.
pub(super) fn is_structure(place: Place<'_>) -> bool {
    match place {
        Place::Free | Place::Atomic | Place::Workload(_) | Place::Patches | Place::Layered => false,
        Place::Mapping
        | Place::Service
        | Place::Services
        | Place::Affinity
        | Place::Named(..)
        | Place::Containers { .. }
        | Place::Mounts
        | Place::Mount
        | Place::Resources => true,
        Place::Type(ty) => !ty.atomic,
        Place::Schema(schema) => matches!(schema.shape, Shape::Map(_)) || list_keys(place).is_some(),
    }
}

/// Whether something of both values stays when they are put on each other.
pub(super) fn merges(base: &Node, over: &Node, place: Place<'_>) -> bool {
    let is_one = |node: &Node| node.as_map().is_some() || node.as_seq().is_some();
    match (base.value(), over.value()) {
        (Value::Map(_), Value::Map(_)) => !is_atomic(place),
        _ => is_one(base) && is_one(over) && takes_lists(place),
    }
}

/// Whether a list may stand at a place.
pub(super) fn takes_lists(place: Place<'_>) -> bool {
    is_named(place) || matches!(place, Place::Containers { .. }) || list_keys(place).is_some()
}

/// Whether a place holds variables by name.
pub(super) fn is_variables(facts: &Facts, place: Place<'_>) -> bool {
    match place {
        Place::Named(schema, None) => facts.inner_type(schema).is_some_and(|ty| ty.name == "core/v1.EnvVar"),
        _ => false,
    }
}

pub(super) fn is_atomic(place: Place<'_>) -> bool {
    match place {
        Place::Atomic => true,
        Place::Type(ty) => ty.atomic,
        _ => false,
    }
}

pub(super) fn is_named(place: Place<'_>) -> bool {
    matches!(place, Place::Named(..))
}

/// Whether a key cannot stand beside what `above` holds.
pub(super) fn is_excluded(key: &str, above: &Map, place: Place<'_>) -> bool {
    let others = |is_choice: &dyn Fn(&str) -> bool| {
        is_choice(key) && !above.contains(key) && above.iter().any(|entry| is_choice(&entry.key.text))
    };
    match place {
        Place::Workload(_) => ALTERNATIVES.iter().any(|group| others(&|key| group.contains(&key))),
        Place::Affinity => AFFINITIES.iter().any(|group| others(&|key| group.contains(&key))),
        Place::Mount => others(&|key| !MOUNT_OPTIONS.contains(&key)),
        Place::Type(ty) => match ty.name.as_str() {
            "core/v1.Probe" | "core/v1.LifecycleHandler" => others(&|key| HANDLERS.contains(&key)),
            "core/v1.EnvVar" => others(&|key| matches!(key, "value" | "valueFrom")),
            "core/v1.Volume" => others(&|key| key != "name"),
            "apps/v1.DeploymentStrategy" | "apps/v1.DaemonSetUpdateStrategy" | "apps/v1.StatefulSetUpdateStrategy" => {
                let ty = above.get("type").and_then(Node::as_str);
                key == "rollingUpdate" && !above.contains(key) && ty.is_some_and(|ty| ty != "RollingUpdate")
            }
            _ => false,
        },
        _ => false,
    }
}

pub(super) fn list_keys(place: Place<'_>) -> Option<(&[SmolStr], &Schema)> {
    match place {
        Place::Schema(schema) | Place::Named(schema, _) => match schema {
            Schema { shape: Shape::List(item), merge: Merge::Keys(keys), .. } => Some((keys, item)),
            _ => None,
        },
        _ => None,
    }
}

pub(super) fn child<'a>(facts: &'a Facts, place: Place<'a>, key: &str) -> Place<'a> {
    match place {
        Place::Free | Place::Mapping | Place::Affinity | Place::Mount | Place::Resources => Place::Free,
        Place::Named(_, None) => port_type(facts, place).map_or(Place::Atomic, Place::Type),
        Place::Atomic => Place::Atomic,
        Place::Named(_, Some(ty)) | Place::Containers { ty, .. } => Place::Type(ty),
        Place::Service => match facts.named("core/v1.ServiceSpec").field(key) {
            Some(field) if key == "ports" => Place::Named(&field.schema, None),
            Some(field) => field_place(facts, &field.schema),
            None => Place::Free,
        },
        Place::Services => Place::Service,
        Place::Mounts => Place::Mount,
        Place::Patches => Place::Layered,
        Place::Layered => Place::Free,
        Place::Workload(union) => match key {
            "pod" => Place::Type(union.pod),
            "mounts" => Place::Mounts,
            "patch" | "patchJSON6902" => Place::Patches,
            "containers" => Place::Containers { ty: union.container, in_order: false },
            "initContainers" => Place::Containers { ty: union.container, in_order: true },
            "service" => Place::Service,
            "services" => Place::Services,
            "labels" | "annotations" | "podLabels" | "podAnnotations" | "objectLabels" | "objectAnnotations"
            | "selectorLabels" => Place::Mapping,
            "nodeAffinity" | "podAffinity" | "podAntiAffinity" => Place::Affinity,
            "update" => match union.spec.field("strategy").or_else(|| union.spec.field("updateStrategy")) {
                Some(field) => field_place(facts, &field.schema),
                None => Place::Free,
            },
            _ => match union.field(key) {
                Some((_, field)) => field_place(facts, &field.schema),
                None => Place::Free,
            },
        },
        Place::Type(_) if key == "mounts" => Place::Mounts,
        Place::Type(ty) => ty.field(key).map_or(Place::Free, |field| field_place(facts, &field.schema)),
        Place::Schema(Schema { shape: Shape::Map(value), .. }) => schema_place(facts, value),
        // The items of a list that merges by key.
        Place::Schema(Schema { shape: Shape::Type(id), .. }) => {
            facts.ty(*id).field(key).map_or(Place::Free, |field| field_place(facts, &field.schema))
        }
        Place::Schema(_) => Place::Free,
    }
}

pub(super) fn field_place<'a>(facts: &'a Facts, schema: &'a Schema) -> Place<'a> {
    match facts.inner_type(schema) {
        Some(item) if matches!(item.name.as_str(), "core/v1.EnvVar" | "core/v1.ContainerPort") => {
            Place::Named(schema, None)
        }
        Some(ty) if ty.name == "core/v1.Volume" => Place::Named(schema, Some(ty)),
        Some(ty) if ty.name == "core/v1.ResourceRequirements" => Place::Resources,
        _ => schema_place(facts, schema),
    }
}

pub(super) fn schema_place<'a>(facts: &'a Facts, schema: &'a Schema) -> Place<'a> {
    match &schema.shape {
        Shape::Type(id) => Place::Type(facts.ty(*id)),
        Shape::List(_) | Shape::Map(_) => Place::Schema(schema),
        _ => Place::Free,
    }
}
