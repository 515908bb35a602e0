//! Objects that are one to a server, and names that lead to none: the identities of all objects of a run in, findings out.

use std::collections::{HashMap, HashSet};

use rayon::prelude::*;
use smol_str::SmolStr;

use super::anew::Anew;
use super::rendered::Rendered;
use super::stamp::Maker;
use super::{Unit, stamp};
use crate::check::Roles;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::kubernetes::{Manifest, ObjectKey};
use crate::lower::undeclared;
use crate::spec::Section;
use crate::text::{Node, Origin};

/// Which object of a run one is.
#[derive(Clone, Copy)]
enum Which {
    Manifest(usize),
    Own(usize, usize),
    /// Of a batch, of one of its plans.
    Planned(usize, usize, usize),
}

/// Finds objects of one identity in one set, among all batches and manifests.
pub(super) fn check(units: &[Unit], manifests: &[Manifest], anew: &Anew, roles: &Roles, diagnostics: &mut Diagnostics) {
    // Mostly there are none, which takes little memory to find.
    let mut all: Vec<u64> =
        units.iter().flat_map(|unit| &unit.stamped).flat_map(|plan| &plan.identities).copied().collect();
    all.extend(units.iter().flat_map(|unit| &unit.own).chain(manifests).map(|object| stamp::identity(&object.key)));
    all.par_sort_unstable();
    if all.is_sorted_by(|one, next| one < next) {
        return;
    }
    let key = |which| match which {
        Which::Manifest(at) => manifests[at].key.clone(),
        Which::Own(unit, at) => units[unit].own[at].key.clone(),
        Which::Planned(unit, plan, at) => {
            let unit = &units[unit];
            let context = &unit.context(anew);
            unit.stamped[plan].key(Maker { context, anew, plan: &unit.expanded.plans[plan] }, at)
        }
    };
    let mut seen: HashMap<(u32, u64), (Origin, Which)> = HashMap::new();
    // Manifests were held against each other already. The server names those without a name.
    for (at, manifest) in manifests.iter().enumerate().filter(|(_, manifest)| !manifest.key.name.is_empty()) {
        for set in roles.of(manifest.origin.file).sets() {
            seen.insert((*set, stamp::identity(&manifest.key)), (place(manifest), Which::Manifest(at)));
        }
    }
    let mut check = |identity: u64, at: Origin, which: Which| {
        let sets = roles.of(at.file).sets().iter();
        let first = sets.fold(None, |first, set| seen.insert((*set, identity), (at, which)).or(first));
        if let Some((first, other)) = first {
            let key_of_this = key(which);
            if key_of_this == key(other) {
                diagnostics.push(duplicate(&key_of_this, first, at));
            }
        }
    };
    for (number, unit) in units.iter().enumerate() {
        for (at, object) in unit.own.iter().enumerate() {
            check(stamp::identity(&object.key), object.origin, Which::Own(number, at));
        }
        for (plan_number, (stamped, plan)) in unit.stamped.iter().zip(&unit.expanded.plans).enumerate() {
            for (at, identity) in stamped.identities.iter().enumerate() {
                check(*identity, plan.origin, Which::Planned(number, plan_number, at));
            }
        }
    }
}

/// Finds claims and accounts that pods use, and that nothing of the run makes or declares.
pub(super) fn check_uses(units: &[Unit], rendered: &[Rendered], diagnostics: &mut Diagnostics) {
    if units.iter().all(|unit| unit.declared.uses().is_empty()) {
        return;
    }
    let mut made: HashSet<u64> = HashSet::new();
    for unit in units {
        made.extend(unit.own.iter().map(|object| stamp::identity(&object.key)));
        made.extend(unit.stamped.iter().flat_map(|stamped| &stamped.identities));
    }
    made.extend(rendered.iter().map(|object| stamp::identity(&object.manifest.key)));
    for unit in units {
        for ((used, namespace, name), origin) in unit.declared.uses() {
            let is_claimed =
                used == Section::Claims && units.iter().any(|unit| unit.declared.claims(&namespace, &name));
            let (group, version, kind) = (SmolStr::default(), "v1".into(), used.kind().into());
            let key = ObjectKey { group, version, kind, namespace, name };
            if !is_claimed && !made.contains(&stamp::identity(&key)) {
                diagnostics.push(undeclared(used, &key.name, origin, &unit.expanded.batch));
            }
        }
    }
}

/// Finds rendered objects to which a patch has given the identity of another one.
pub(super) fn check_patched(manifests: &[Manifest], rendered: &[Rendered], diagnostics: &mut Diagnostics) {
    if !rendered.iter().any(|object| object.changed) {
        return;
    }
    let as_they_were = rendered.iter().filter(|object| !object.changed).map(|object| &object.manifest);
    let mut seen: HashMap<u64, Origin> =
        manifests.iter().chain(as_they_were).map(|object| (stamp::identity(&object.key), place(object))).collect();
    for object in rendered.iter().filter(|object| object.changed).map(|object| &object.manifest) {
        if let Some(first) = seen.insert(stamp::identity(&object.key), place(object)) {
            let found = duplicate(&object.key, first, place(object));
            // Where two were one before, that is known.
            let known = Diagnostic { message: format!("`{}` stands twice in the input", object.key), ..found.clone() };
            if !diagnostics.contains(&known) {
                diagnostics.push(found);
            }
        }
    }
}

fn place(manifest: &Manifest) -> Origin {
    manifest.node.at(&["metadata", "name"]).map_or(manifest.origin, Node::origin)
}

fn duplicate(key: &ObjectKey, first: Origin, again: Origin) -> Diagnostic {
    Diagnostic::new(Code::DuplicateObject, again, format!("`{key}` is made twice"))
        .also(first, "first here")
        .help("rename one of them, or give it another namespace: the later one would replace the other")
        .subject(key.to_string(), "metadata.name")
}
