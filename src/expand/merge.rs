//! The one rule by which layers merge: maps merge, scalars replace, lists with list-map keys merge by key, other lists
//! replace, `null` removes.
//!
//! Two trees in, one out; what only one side has is shared, not copied. The keys of lists come from the facts, never from
//! guessing. Of things that exclude each other (the handlers of a probe, the sources of a volume) the later one stays.

use std::collections::{HashMap, HashSet};

use smol_str::SmolStr;

use super::expression::is_expression;
use super::place::{
    Place, child, is_atomic, is_excluded, is_named, is_structure, is_variables, list_keys, merges, schema_place,
    takes_lists,
};
use super::ports::{self, port_type};
use super::{forms, variables};
use crate::diagnostic::Diagnostic;
use crate::kubernetes::{Facts, Schema};
use crate::text::{Key, Map, Node, Origin, Value};

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
    /// Lists and mappings that stand at one place, of which only the earlier one stays.
    pub(super) differing: Vec<(Node, Node)>,
    /// What one layer says twice, in two forms, and not alike.
    pub(super) twice: Vec<(Key, Key)>,
    /// What cannot be lifted.
    pub(super) wrong: Vec<Diagnostic>,
    /// Variables that are taken out of no layer.
    pub(super) idle: Vec<Key>,
    /// Variables that are taken out of a layer.
    pub(super) removed: Vec<Key>,
}

/// The merging of layers.
pub(super) struct Merging<'f> {
    pub(super) facts: &'f Facts,
    pub(super) notes: Notes,
    /// Whether a list does not replace a mapping, nor a mapping a list.
    pub(super) is_strict: bool,
    /// Whether both sides are parts of one layer: what it takes away must still be taken out of the layers below.
    pub(super) is_within: bool,
    /// Whether these are two forms of the same things, of which none counts more.
    pub(super) is_told: bool,
}

impl<'f> Merging<'f> {
    /// Returns a merging of which nothing is noted yet.
    pub(super) fn new(facts: &'f Facts) -> Self {
        Self { facts, notes: Notes::default(), is_strict: false, is_within: false, is_told: false }
    }

    /// Merges parts of one layer: a `null` stays, for what the layers below say.
    pub(super) fn within(&mut self, base: &Node, over: &Node, place: Place<'_>) -> Node {
        self.is_within = true;
        let merged = self.merge(base, over, place);
        self.is_within = false;
        merged
    }

    /// Merges two forms in which one layer says the same things: what they say differently is noted.
    pub(super) fn told(&mut self, base: &Node, over: &Node, place: Place<'_>) -> Node {
        self.is_told = true;
        let merged = self.within(base, over, place);
        self.is_told = false;
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
                let alike = match place {
                    Place::Resources => forms::resources(below, above),
                    _ => port_type(self.facts, place).map(|ty| ports::called_alike(ty, below, above)),
                };
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
        if base.is_null() || over.is_null() || over.text().is_some() || base.is_broken() || over.is_broken() {
            return over.clone();
        }
        if self.is_strict && base.text().is_none() && base.type_name() != over.type_name() {
            self.notes.differing.push((base.clone(), over.clone()));
            // What is wrong with it is told: nothing else has to be.
            return base.clone();
        }
        // What is no mapping where only mappings stand is told where it is lowered.
        let is_wrong =
            over.as_seq().is_some_and(|items| !takes_lists(place) || items.iter().any(|item| item.as_map().is_none()));
        if is_structure(place) && !has_words && !is_wrong {
            self.notes.lost.push((base.clone(), over.clone()));
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
                if self.is_told {
                    self.notes.twice.extend(above.iter().next().map(|over| (entry.key.clone(), over.key.clone())));
                }
                continue;
            }
            match above.entry(key) {
                None => merged.push(entry.key.clone(), entry.value.clone()),
                Some(over) if over.value.is_null() && self.is_within => {
                    if self.is_told && !entry.value.is_null() {
                        self.notes.twice.push((entry.key.clone(), over.key.clone()));
                    }
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
                    let alike = match port_type(facts, place) {
                        Some(ty) => ports::alike(ty, &entry.value, &over.value),
                        None => forms::alike(place, key, &entry.value, &over.value),
                    };
                    let (base, above) = alike.unwrap_or_else(|| (entry.value.clone(), over.value.clone()));
                    // A list of axes may take the place of that of all of them.
                    let is_strict = self.is_strict;
                    self.is_strict &= key != "axisLabels";
                    let place = child(facts, place, key);
                    if self.is_told && base != above && !merges(&base, &above, place) {
                        self.notes.twice.push((entry.key.clone(), over.key.clone()));
                    }
                    let value = self.merge(&base, &above, place);
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
        let has_names = ty.is_some_and(ports::is_port);
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
        let below = merged[..below.len()].iter().flatten().count();
        let merged = merged.into_iter().flatten().collect();
        if ty.is_some_and(|ty| ty.name == "core/v1.EnvVar") { variables::behind_used(merged, below) } else { merged }
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
