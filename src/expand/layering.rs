//! How the layers of an entry are put on each other: as flat workloads, or by the one rule of [`merge`](super::merge) alone.

use smol_str::SmolStr;

use super::layers::{Merged, Stack};
use super::merge::Merging;
use super::order::in_documented_order;
use super::place::Place;
use super::reported::reported;
use crate::kubernetes::Facts;
use crate::spec::{Section, Union, WorkloadKind};
use crate::text::{Entry, Key, Map, Node, Origin};

/// What the fields of an entry are.
#[derive(Debug)]
pub enum Form {
    /// Those of a flat workload.
    Workload(Union),
    /// Those of a kind, or of a part of it, with our own keys beside them.
    Plain(Place<'static>),
    /// Those of an object, which may have them in `metadata` too.
    Object(Place<'static>, SmolStr),
}

/// How the layers of one entry are put on each other.
pub(super) enum Layering<'a> {
    Workload(Stack<'a>),
    Plain { facts: &'static Facts, place: Place<'static>, origin: Origin, is_strict: bool, is_object: bool },
}

impl Form {
    /// Returns the form of the entries of a section; `None` where each says its own.
    pub(super) fn of(facts: &'static Facts, section: Section) -> Option<Self> {
        Some(Self::Plain(match section {
            Section::Namespaces | Section::ConfigMaps | Section::Secrets => Place::Free,
            Section::Claims => Place::Type(facts.named("core/v1.PersistentVolumeClaimSpec")),
            Section::ServiceAccounts => Place::Type(facts.named("core/v1.ServiceAccount")),
            Section::Services => Place::Service,
            Section::Objects | Section::Workloads => return None,
        }))
    }

    /// Returns the form of objects of a kind.
    pub(super) fn of_object(facts: &'static Facts, api_version: Option<&str>, kind: &SmolStr) -> Self {
        Self::Object(object_place(facts, api_version, kind), kind.clone())
    }

    /// Returns the fields that a flat workload may have; `None` for all else.
    pub fn union(&self) -> Option<&Union> {
        match self {
            Self::Workload(union) => Some(union),
            _ => None,
        }
    }

    /// Returns the kind of an object that says it itself; `None` for all else.
    pub fn object(&self) -> Option<&SmolStr> {
        match self {
            Self::Object(_, kind) => Some(kind),
            _ => None,
        }
    }

    /// Returns the kind of workload; `None` for all else.
    pub fn workload(&self) -> Option<WorkloadKind> {
        self.union().map(|union| union.kind)
    }

    pub(super) fn layering<'a>(
        &'a self,
        facts: &'static Facts,
        entry: &'a SmolStr,
        origin: Origin,
        shared: usize,
        is_strict: bool,
    ) -> Layering<'a> {
        match self {
            Self::Workload(union) => {
                Layering::Workload(Stack { facts, union, workload: entry, origin, shared, is_strict })
            }
            Self::Plain(place) => Layering::Plain { facts, place: *place, origin, is_strict, is_object: false },
            Self::Object(place, _) => Layering::Plain { facts, place: *place, origin, is_strict, is_object: true },
        }
    }
}

/// Returns how objects of a kind merge; of one that is not native, nothing is known.
pub(super) fn object_place(facts: &'static Facts, api_version: Option<&str>, kind: &str) -> Place<'static> {
    let known = match api_version.map(|text| text.split_once('/').unwrap_or(("", text))) {
        Some((group, version)) => facts.kind(group, version, kind),
        None => facts.preferred(kind).ok(),
    };
    known.and_then(|kind| facts.type_of(kind)).map_or(Place::Free, |id| Place::Type(facts.ty(id)))
}

impl Layering<'_> {
    /// Merges layers, lowest first.
    pub(super) fn merged(&self, layers: &[Node]) -> Merged {
        match self {
            Self::Workload(stack) => stack.merged(layers),
            Self::Plain { facts, origin, is_strict, .. } => {
                let nothing = Merged {
                    fields: Node::map(Map::new(), *origin),
                    is_open: false,
                    findings: Vec::new(),
                    target: None,
                };
                let mut merging = Merging { is_strict: *is_strict, ..Merging::new(facts) };
                let fields =
                    layers.iter().fold(nothing.fields.clone(), |below, layer| self.put(&mut merging, &below, layer));
                Merged {
                    fields,
                    is_open: merging.notes.is_open,
                    findings: reported(&merging.notes, &Map::new()),
                    ..nothing
                }
            }
        }
    }

    /// Merges an override over merged layers: one that [`Layering::is_plain`] says can be put on them as they are.
    pub(super) fn over(&self, below: &Merged, over: &Node) -> Merged {
        match self {
            Self::Workload(stack) => stack.over(below, over),
            Self::Plain { facts, .. } => {
                let mut merging = Merging::new(facts);
                let fields = self.put(&mut merging, &below.fields, over);
                Merged {
                    fields,
                    is_open: merging.notes.is_open,
                    findings: reported(&merging.notes, &Map::new()),
                    target: None,
                }
            }
        }
    }

    /// Whether an override can be put on merged layers as they are.
    pub(super) fn is_plain(&self, below: &Merged, over: &Node) -> bool {
        match self {
            Self::Workload(stack) => stack.is_plain(below, over),
            Self::Plain { .. } => true,
        }
    }

    /// Puts the fields of a merged entry in the order in which Kubernetes documents them.
    pub(super) fn in_order(&self, merged: &Node) -> Node {
        match self {
            Self::Workload(stack) => in_documented_order(stack.facts, stack.union, merged),
            // It is done when the object is settled.
            Self::Plain { .. } => merged.clone(),
        }
    }

    fn put(&self, merging: &mut Merging<'_>, below: &Node, layer: &Node) -> Node {
        let Self::Plain { place, origin, is_object, .. } = self else { return layer.clone() };
        let layer = if *is_object { lifted(layer, merging) } else { layer.clone() };
        let merged = merging.merge(below, &layer, *place);
        Node::new(merged.value().clone(), *origin)
    }
}

/// Writes what names and marks an object beside its other fields, as all entries have it.
fn lifted(layer: &Node, merging: &mut Merging<'_>) -> Node {
    const LIFTED: [&str; 4] = ["name", "namespace", "labels", "annotations"];
    let Some(metadata) = layer.as_map().and_then(|map| map.entry("metadata")) else { return layer.clone() };
    let Some(written) = metadata.value.as_map() else { return layer.clone() };
    let (ground, kept): (Vec<Entry>, Vec<Entry>) =
        written.iter().cloned().partition(|entry| LIFTED.contains(&entry.key.text.as_str()));
    let mut rest = layer.as_map().cloned().unwrap_or_default();
    rest.remove("metadata");
    if !kept.is_empty() {
        let key = Key::new("metadata", metadata.key.origin);
        rest.push(key, Node::map(kept.into_iter().collect(), metadata.value.origin()));
    }
    let ground = Node::map(ground.into_iter().collect(), metadata.value.origin());
    merging.within(&ground, &Node::map(rest, layer.origin()), Place::Free)
}
