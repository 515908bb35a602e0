//! The order of the output: by the rank of the kind, then by what makes the object, then by instance.
//!
//! The order depends on names alone, never on the order of files or of keys in a spec.

use smol_str::SmolStr;

use super::Unit;
use crate::kubernetes::{Manifest, install_rank};

/// What makes a run of objects of one kind.
#[derive(Clone, Debug)]
pub struct Batched {
    /// The group and kind.
    pub kind: (SmolStr, SmolStr),
    /// What makes them.
    pub producer: Producer,
}

/// A maker of objects.
#[derive(Clone, Copy, Debug)]
pub enum Producer {
    /// The manifest of that number.
    Manifest(usize),
    /// The object of that number of a batch.
    Own(usize, usize),
    /// The instances of a plan of a batch.
    Plan(usize, usize),
}

/// Rank, group, kind, name of the maker, and its namespace or batch.
type SortKey = (usize, SmolStr, SmolStr, SmolStr, SmolStr);

/// Returns all makers in the order of the output.
pub(super) fn sequence(units: &[Unit], manifests: &[Manifest]) -> Vec<Batched> {
    let mut keyed: Vec<(SortKey, Batched)> = Vec::new();
    let mut add = |group: &SmolStr, kind: &SmolStr, name: &SmolStr, namespace: &SmolStr, producer| {
        let key = (install_rank(group, kind), group.clone(), kind.clone(), name.clone(), namespace.clone());
        keyed.push((key, Batched { kind: (group.clone(), kind.clone()), producer }));
    };
    for (at, manifest) in manifests.iter().enumerate() {
        let key = &manifest.key;
        add(&key.group, &key.kind, &key.name, &key.namespace, Producer::Manifest(at));
    }
    for (at, unit) in units.iter().enumerate() {
        for (number, object) in unit.own.iter().enumerate() {
            let key = &object.key;
            add(&key.group, &key.kind, &key.name, &key.namespace, Producer::Own(at, number));
        }
        for (number, (plan, stamped)) in unit.expanded.plans.iter().zip(&unit.stamped).enumerate() {
            for (group, kind) in stamped.kinds() {
                add(group, kind, &plan.entry, &unit.expanded.batch.name, Producer::Plan(at, number));
            }
        }
    }
    keyed.sort_by(|left, right| left.0.cmp(&right.0));
    keyed.into_iter().map(|(_, batched)| batched).collect()
}
