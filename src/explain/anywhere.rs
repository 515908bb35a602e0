//! The name of a field in, the types that have it out, with the shortest way to each.
//!
//! What a flat workload reaches comes first, then what the kinds reach, each in its stable version.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::field::native_kind;
use super::path::{Found, find};
use crate::kubernetes::{Facts, Type};
use crate::spec::{Union, WorkloadKind};

/// A type, and a way to it.
pub(super) struct Reached {
    /// The type.
    pub(super) ty: &'static Type,
    /// The way: `livenessProbe.httpGet` in a workload, or `Ingress.spec.rules`.
    pub(super) path: String,
    /// The names of all fields that hold it.
    pub(super) parents: BTreeSet<&'static str>,
}

/// Returns all types, nearest first.
pub(super) fn types(facts: &'static Facts) -> Vec<Reached> {
    let mut queue: VecDeque<(&'static Type, String, &'static str)> = VecDeque::new();
    for kind in WorkloadKind::ALL {
        let union = Union::of(facts, kind);
        for name in union.names() {
            let found: Option<Found> = find(facts, kind, &[name]);
            let inner = found.and_then(|found| Some((found.field, facts.inner_type(&found.field.schema)?)));
            queue.extend(inner.map(|(field, ty)| (ty, name.to_owned(), field.name.as_str())));
        }
        // Fields of the PodSpec whose names mean something else in a workload.
        queue.push_back((union.pod, "pod".to_owned(), "pod"));
    }
    let kinds: BTreeSet<&str> = facts.kinds().iter().map(|kind| kind.kind.as_str()).collect();
    let preferred = kinds.into_iter().filter_map(|name| Some((name, facts.type_of(native_kind(facts, name)?)?)));
    let preferred = preferred.map(|(name, id)| (facts.ty(id), name.to_owned(), ""));
    walk(facts, queue, preferred.collect::<Vec<_>>().into_iter())
}

/// Walks along all fields, first from the workloads alone.
fn walk(
    facts: &'static Facts,
    first: VecDeque<(&'static Type, String, &'static str)>,
    then: impl Iterator<Item = (&'static Type, String, &'static str)>,
) -> Vec<Reached> {
    let mut found: Vec<Reached> = Vec::new();
    let mut known: BTreeMap<&'static str, usize> = BTreeMap::new();
    for mut queue in [first, then.collect()] {
        while let Some((ty, path, parent)) = queue.pop_front() {
            if let Some(at) = known.get(ty.name.as_str()) {
                found[*at].parents.insert(parent);
                continue;
            }
            known.insert(&ty.name, found.len());
            for field in &ty.fields {
                if let Some(inner) = facts.inner_type(&field.schema) {
                    let dot = if path.is_empty() { "" } else { "." };
                    queue.push_back((inner, format!("{path}{dot}{}", field.name), &field.name));
                }
            }
            found.push(Reached { ty, path, parents: BTreeSet::from([parent]) });
        }
    }
    found
}
