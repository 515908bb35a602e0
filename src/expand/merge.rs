//! The one rule by which layers merge: maps merge, scalars replace, lists with list-map keys merge by key, other lists
//! replace, `null` removes.
//!
//! Two trees in, one out; what only one side has is shared, not copied. The keys of lists come from the facts, never from
//! guessing. Of things that exclude each other (the handlers of a probe, the sources of a volume) the later one stays.

use std::collections::{HashMap, HashSet};

use smol_str::SmolStr;

use super::expression::is_expression;
use super::forms;
use crate::kubernetes::{Facts, Merge, Schema, Shape, Type};
use crate::spec::Union;
use crate::text::{Key, Map, Node, Origin, Value};

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

/// Merges `over` on `base`.
pub fn merge(facts: &Facts, base: &Node, over: &Node, place: Place<'_>) -> Node {
    Merging::new(facts).merge(base, over, place)
}

/// What merging found that its result does not show.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// Whether an expression stands where mappings or lists merge: only an instance knows what it gives.
    pub(super) is_open: bool,
    /// Values that cannot merge with what a later layer says, and were replaced.
    pub(super) lost: Vec<(Node, Node)>,
    /// Variables that are taken out of no layer.
    pub(super) idle: Vec<Key>,
    /// Variables that are taken out of a layer.
    pub(super) removed: Vec<Key>,
}

/// The merging of layers.
pub(super) struct Merging<'f> {
    pub(super) facts: &'f Facts,
    pub(super) notes: Notes,
    /// Whether all is noted that is replaced although it could have been merged, were it written in another form.
    pub(super) is_strict: bool,
    /// Whether both sides are parts of one layer: what it takes away must still be taken out of the layers below.
    pub(super) is_within: bool,
}

impl<'f> Merging<'f> {
    /// Returns a merging of which nothing is noted yet.
    pub(super) fn new(facts: &'f Facts) -> Self {
        Self { facts, notes: Notes::default(), is_strict: false, is_within: false }
    }

    /// Merges parts of one layer: a `null` stays, for what the layers below say.
    pub(super) fn within(&mut self, base: &Node, over: &Node, place: Place<'_>) -> Node {
        self.is_within = true;
        let merged = self.merge(base, over, place);
        self.is_within = false;
        merged
    }

    /// Merges `over` on `base`.
    pub(super) fn merge(&mut self, base: &Node, over: &Node, place: Place<'_>) -> Node {
        if matches!(place, Place::Layered) {
            let items = |node: &Node| node.as_seq().map_or_else(|| vec![node.clone()], <[Node]>::to_vec);
            return Node::seq(items(base).into_iter().chain(items(over)).collect(), over.origin());
        }
        if is_open(base, over, place) {
            self.notes.is_open = true;
            if self.is_strict {
                self.notes.lost.push((base.clone(), over.clone()));
                return base.clone();
            }
            return over.clone();
        }
        if let Place::Containers { ty, in_order } = place {
            return self.containers(base, over, ty, in_order).unwrap_or_else(|| self.replaced(base, over, place));
        }
        match (base.value(), over.value()) {
            (Value::Map(_), Value::Map(above)) if is_atomic(place) || directive(above) == Some("replace") => {
                without_directive(over)
            }
            (Value::Map(below), Value::Map(above)) => {
                let alike = if matches!(place, Place::Resources) { forms::resources(below, above) } else { None };
                let (below, above) = alike.as_ref().map_or((below, above), |(below, above)| (below, above));
                Node::map(self.maps(below, above, place), over.origin())
            }
            (Value::Seq(below), Value::Seq(above)) => match list_keys(place) {
                Some((keys, item)) => Node::seq(self.lists(below, above, keys, item), over.origin()),
                None => over.clone(),
            },
            // A name alone is a list of one.
            (Value::Seq(_), _) if is_name(over) && list_keys(place).is_some() => {
                self.merge(base, &Node::seq(vec![over.clone()], over.origin()), place)
            }
            (_, Value::Seq(_)) if is_name(base) && list_keys(place).is_some() => {
                self.merge(&Node::seq(vec![base.clone()], base.origin()), over, place)
            }
            // The short form of a list is a mapping by name: the native form joins it as one.
            (Value::Seq(_), Value::Map(_)) if is_named(place) => match forms::by_name(base) {
                Some(named) => self.merge(&named, over, place),
                None => self.replaced(base, over, place),
            },
            (Value::Map(_), Value::Seq(_)) if is_named(place) => match forms::by_name(over) {
                Some(named) => self.merge(base, &named, place),
                None => self.replaced(base, over, place),
            },
            _ => self.replaced(base, over, place),
        }
    }

    /// Returns what replaces a value; one that should have been part of the result is noted.
    fn replaced(&mut self, base: &Node, over: &Node, place: Place<'_>) -> Node {
        if base.is_broken() || over.is_broken() {
            return over.clone();
        }
        // What stands for a whole mapping in one word is replaced by one.
        let has_words = match place {
            Place::Service => true,
            Place::Type(ty) => ty.name.ends_with("Strategy"),
            _ => false,
        };
        let is_mapping = !over.is_null() && over.text().is_none();
        let differs = self.is_strict && base.text().is_none() && base.type_name() != over.type_name();
        if (is_structure(place) && !has_words || differs) && is_mapping && !base.is_null() {
            self.notes.lost.push((base.clone(), over.clone()));
            if self.is_strict {
                // What is wrong with it is told: nothing else has to be.
                return base.clone();
            }
        }
        over.clone()
    }

    fn maps(&mut self, below: &Map, above: &Map, place: Place<'_>) -> Map {
        let facts = self.facts;
        let is_variables = is_variables(facts, place);
        let has_twins = match place {
            Place::Workload(_) => true,
            Place::Type(ty) => ty.name == "core/v1.Container",
            _ => false,
        };
        let left = if has_twins { forms::without_twins(below, above) } else { None };
        let below = left.as_ref().unwrap_or(below);
        let mut merged = Map::with_capacity(below.len() + above.len());
        for entry in below {
            let key = &entry.key.text;
            if is_excluded(key, above, place) {
                continue;
            }
            match above.entry(key) {
                None => merged.push(entry.key.clone(), entry.value.clone()),
                Some(over) if over.value.is_null() && self.is_within => {
                    // It is not in vain, whatever the layers below say.
                    let key = Key { origin: Origin::NOWHERE, ..over.key.clone() };
                    merged.push(key, over.value.clone());
                }
                Some(over) if over.value.is_null() => {
                    if is_variables {
                        self.notes.removed.push(over.key.clone());
                    }
                }
                Some(over) => {
                    let alike = forms::alike(place, key, &entry.value, &over.value);
                    let (base, above) = alike.unwrap_or_else(|| (entry.value.clone(), over.value.clone()));
                    // A fan-out may be another one, in whatever form, and so may its labels.
                    let is_strict = self.is_strict;
                    self.is_strict &= !matches!(key.as_str(), "matrix" | "axisLabels");
                    let value = self.merge(&base, &above, child(facts, place, key));
                    self.is_strict = is_strict;
                    merged.push(over.key.clone(), value);
                }
            }
        }
        for entry in above {
            let key = &entry.key;
            if below.contains(&key.text) || key.text == "$patch" {
                continue;
            }
            if entry.value.is_null() {
                if self.is_within {
                    merged.push(key.clone(), entry.value.clone());
                } else if is_variables {
                    self.notes.idle.push(key.clone());
                }
                continue;
            }
            // What is said of all containers holds for those of the same layer, too.
            let value = match child(facts, place, &key.text) {
                Place::Containers { ty, in_order } => {
                    let nothing = Node::map(Map::new(), entry.value.origin());
                    self.containers(&nothing, &entry.value, ty, in_order)
                }
                _ => None,
            };
            merged.push(key.clone(), value.unwrap_or_else(|| entry.value.clone()));
        }
        merged
    }

    fn lists(&mut self, below: &[Node], above: &[Node], keys: &[SmolStr], item: &Schema) -> Vec<Node> {
        let facts = self.facts;
        let ty = facts.inner_type(item);
        let identity = |node: &Node| -> Vec<Option<SmolStr>> {
            let default = |key: &str| {
                let default = ty.and_then(|ty| ty.field(key)).and_then(|field| field.schema.default.as_ref());
                default.and_then(|value| value.as_str()).map(SmolStr::new)
            };
            keys.iter().map(|key| node.get(key).and_then(Node::text).cloned().or_else(|| default(key))).collect()
        };
        // An item may be written as its name alone.
        let native = |node: &Node| match keys {
            [key] => forms::named_item(key, node),
            _ => node.clone(),
        };
        let above: Vec<Node> = above.iter().map(native).collect();
        let mut merged: Vec<Option<Node>> = below.iter().map(|node| Some(native(node))).collect();
        // Ports are merged by their numbers, and known by their names: one that keeps its name has a new number.
        let has_names = !keys.iter().any(|key| key == "name") && ty.is_some_and(|ty| ty.field("name").is_some());
        let name = |node: &Node| node.get("name").and_then(Node::text).filter(|_| has_names).cloned();
        let kept: HashSet<Vec<Option<SmolStr>>> =
            if has_names { above.iter().map(&identity).collect() } else { HashSet::new() };
        // Where the items of each identity, and of each name that is free, stand: the first one on top.
        let mut places: HashMap<Vec<Option<SmolStr>>, Vec<usize>> = HashMap::with_capacity(below.len());
        let mut by_name: HashMap<SmolStr, usize> = HashMap::new();
        for (at, node) in merged.iter().enumerate().rev().filter_map(|(at, node)| Some((at, node.as_ref()?))) {
            let identity = identity(node);
            if let Some(name) = name(node).filter(|_| !kept.contains(&identity)) {
                by_name.insert(name, at);
            }
            places.entry(identity).or_default().push(at);
        }
        for over in &above {
            let same_name = name(over).and_then(|name| by_name.remove(&name));
            let places = places.entry(identity(over)).or_default();
            let delete = over.as_map().and_then(directive) == Some("delete");
            match places.last().copied().or(same_name) {
                Some(at) if delete => {
                    merged[at] = None;
                    places.pop();
                }
                Some(at) => {
                    let place = schema_place(facts, item);
                    merged[at] = merged[at].take().map(|node| self.merge(&node, over, place));
                }
                None if delete => {}
                None => {
                    places.push(merged.len());
                    merged.push(Some(over.clone()));
                }
            }
        }
        merged.into_iter().flatten().collect()
    }
}

/// Whether a text stands at a place.
fn is_name(node: &Node) -> bool {
    node.text().is_some() && !node.is_null()
}

/// Whether it takes an instance to know how two values merge.
fn is_open(base: &Node, over: &Node, place: Place<'_>) -> bool {
    let merges = |node: &Node| match node.value() {
        Value::Map(map) => directive(map) != Some("replace"),
        Value::Seq(_) => list_keys(place).is_some() || is_named(place) || matches!(place, Place::Containers { .. }),
        _ => false,
    };
    if is_atomic(place) || matches!(place, Place::Patches) {
        return false;
    }
    match (is_expression(base), is_expression(over)) {
        (false, false) => false,
        (true, false) => merges(over) || (matches!(place, Place::Service) && !over.is_null()),
        (false, true) => merges(base) || (matches!(place, Place::Service) && !base.is_null()),
        (true, true) => is_structure(place),
    }
}

/// Whether a mapping stands at a place, or a list that merges with others.
fn is_structure(place: Place<'_>) -> bool {
    match place {
        Place::Free | Place::Atomic | Place::Workload(_) | Place::Patches | Place::Layered => false,
        Place::Mapping
        | Place::Service
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

/// Whether a place holds variables by name.
fn is_variables(facts: &Facts, place: Place<'_>) -> bool {
    match place {
        Place::Named(schema, None) => facts.inner_type(schema).is_some_and(|ty| ty.name == "core/v1.EnvVar"),
        _ => false,
    }
}

/// Returns the value of `$patch`, kubectl's word for how a strategic merge patch treats a mapping.
fn directive(map: &Map) -> Option<&str> {
    map.get("$patch").and_then(Node::as_str)
}

fn without_directive(node: &Node) -> Node {
    match node.as_map() {
        Some(map) if map.contains("$patch") => {
            let mut map = map.clone();
            map.remove("$patch");
            Node::map(map, node.origin())
        }
        _ => node.clone(),
    }
}

fn is_atomic(place: Place<'_>) -> bool {
    match place {
        Place::Atomic => true,
        Place::Type(ty) => ty.atomic,
        _ => false,
    }
}

fn is_named(place: Place<'_>) -> bool {
    matches!(place, Place::Named(..))
}

/// Whether a key cannot stand beside what `above` holds.
fn is_excluded(key: &str, above: &Map, place: Place<'_>) -> bool {
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

fn list_keys(place: Place<'_>) -> Option<(&[SmolStr], &Schema)> {
    match place {
        Place::Schema(schema) | Place::Named(schema, _) => match schema {
            Schema { shape: Shape::List(item), merge: Merge::Keys(keys), .. } => Some((keys, item)),
            _ => None,
        },
        _ => None,
    }
}

fn child<'a>(facts: &'a Facts, place: Place<'a>, key: &str) -> Place<'a> {
    match place {
        Place::Free | Place::Mapping | Place::Affinity | Place::Mount | Place::Resources => Place::Free,
        Place::Atomic | Place::Named(_, None) => Place::Atomic,
        Place::Named(_, Some(ty)) | Place::Containers { ty, .. } => Place::Type(ty),
        Place::Service => match facts.named("core/v1.ServiceSpec").field(key) {
            Some(field) if key == "ports" => Place::Named(&field.schema, None),
            Some(field) => field_place(facts, &field.schema),
            None => Place::Free,
        },
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

fn field_place<'a>(facts: &'a Facts, schema: &'a Schema) -> Place<'a> {
    match facts.inner_type(schema) {
        Some(item) if matches!(item.name.as_str(), "core/v1.EnvVar" | "core/v1.ContainerPort") => {
            Place::Named(schema, None)
        }
        Some(ty) if ty.name == "core/v1.Volume" => Place::Named(schema, Some(ty)),
        Some(ty) if ty.name == "core/v1.ResourceRequirements" => Place::Resources,
        _ => schema_place(facts, schema),
    }
}

fn schema_place<'a>(facts: &'a Facts, schema: &'a Schema) -> Place<'a> {
    match &schema.shape {
        Shape::Type(id) => Place::Type(facts.ty(*id)),
        Shape::List(_) | Shape::Map(_) => Place::Schema(schema),
        _ => Place::Free,
    }
}
