//! Objects in, what is to be said of them out: those that instances make, and those that a patch has made anew.

use std::sync::atomic::{AtomicU64, Ordering};

use smol_str::SmolStr;

use super::Unit;
use super::made::OfKind;
use super::stamp::{Maker, Stamped};
use crate::check::{self, Definitions, Mode, Roles, Walk};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::expand::Plan;
use crate::kubernetes::{Facts, Manifest, ObjectKey, TypeId};
use crate::limits;
use crate::lower::Identify;
use crate::rules::{Asked, Beside, Enforced, Path, Policies};
use crate::spec::Section;
use crate::text::{Node, Origin};

/// What objects are checked against, also those that a patch has made anew.
#[derive(Debug)]
pub(super) struct Anew {
    pub(super) facts: &'static Facts,
    definitions: Definitions,
    /// Budgets and autoscalers among the inputs.
    beside: Beside,
    policies: Policies,
    /// What Namespaces hold their pods to.
    enforced: Enforced,
    pub(super) steps: Steps,
    /// Whether each instance is made by itself.
    pub(super) each_alone: bool,
    /// Plans with more instances do not keep their objects.
    pub(super) kept_instances: usize,
    /// Whether no error was found before objects are made.
    pub(super) is_sound: bool,
}

/// What is asked of the objects of a batch, beside the rules of the server.
#[derive(Clone, Copy)]
pub(super) struct Held<'a> {
    pub(super) asked: &'a Asked,
    /// The policies that the batch names.
    pub(super) policies: &'a Policies,
    /// The sets that it is in.
    pub(super) sets: &'a [u32],
}

impl Anew {
    /// Knows the definitions of custom resources among the inputs, and others beside them; and how many steps the expressions
    /// may take.
    pub(super) fn new(
        facts: &'static Facts,
        manifests: &[Manifest],
        known: &[Node],
        policies: Policies,
        steps: Steps,
        is_sound: bool,
    ) -> Self {
        let objects = manifests.iter().map(|manifest| &manifest.node);
        let definitions = Definitions::read(objects.filter(|object| Definitions::defines(object))).beside(known);
        let beside = Beside::of(manifests);
        let enforced = Enforced::default();
        Self { facts, definitions, beside, policies, enforced, steps, each_alone: false, kept_instances: 0, is_sound }
    }

    /// Knows the levels of the Namespaces among objects, those of a batch included, before any pod is judged.
    pub(super) fn enforce(&mut self, units: &[Unit], given: &[&Manifest], roles: &Roles) {
        let mut enforced = Enforced::default();
        for object in given {
            enforced.add(object, roles.of(object.origin.file).sets(), self.facts.minor);
        }
        let kind = (SmolStr::default(), SmolStr::new("Namespace"));
        for unit in units {
            let sets = roles.of(unit.expanded.batch.file).sets();
            let makes = |plan: &&Plan| {
                plan.section == Section::Namespaces || plan.form.object().is_some_and(|made| *made == kind.1)
            };
            for plan in unit.expanded.plans.iter().filter(makes) {
                let context = &unit.context(self);
                let mut each = |object: Manifest| -> Result<(), std::convert::Infallible> {
                    enforced.add(&object, sets, self.facts.minor);
                    Ok(())
                };
                let maker = Maker { context, anew: self, plan };
                let made = OfKind { maker, stamped: &Stamped::default(), kind: &kind };
                let Ok(()) = made.render(&Manifest::clone, &mut each);
            }
        }
        self.enforced = enforced;
    }

    /// Whether neither policies, nor Namespaces, nor what stands beside objects has anything to say of them.
    pub(super) fn asks_no_more(&self, held: Held<'_>) -> bool {
        self.policies.is_empty() && held.policies.is_empty() && self.enforced.is_empty() && self.beside.is_empty()
    }

    /// Whether nothing is said of objects that were asked for rules beside those of the server.
    pub(super) fn advises_nothing(&self, objects: &[&Manifest], held: Held<'_>) -> bool {
        held.asked.judge(objects, &self.beside).is_empty()
    }

    /// Returns what the Namespace of an object does not allow of its pods.
    pub(super) fn judge_level(&self, object: &Manifest, sets: &[u32], known: &[Diagnostic]) -> Vec<Diagnostic> {
        self.enforced.judge(object, sets, known)
    }

    /// Returns what policies refuse of an object of those sets: those of the run, and those of its batch.
    pub(super) fn judge(&self, object: &Manifest, own: &Policies, sets: &[u32]) -> Vec<Diagnostic> {
        // Nobody knows what a policy would make of what is broken.
        if self.policies.is_empty() && own.is_empty() || object.node.holds_broken() {
            return Vec::new();
        }
        let key = &object.key;
        let definition = self.definitions.get(&key.group, &key.kind, object.node.origin().file);
        let version = definition.and_then(|definition| definition.version(&key.version));
        let stored = version.map(|version| version.stored(&object.node));
        let by = |policies: &Policies| policies.judge(object, stored.as_ref(), sets, self.facts);
        let mut found = by(&self.policies);
        // A policy may be both among the inputs and named by the batch.
        for finding in by(own) {
            let is_same = |known: &&mut Diagnostic| known.origin == finding.origin && known.message == finding.message;
            match found.iter_mut().find(is_same) {
                Some(known) => known.severity = known.severity.min(finding.severity),
                None => found.push(finding),
            }
        }
        found
    }

    /// Whether a definition says what a custom resource holds.
    pub(super) fn has_definition(&self, key: &ObjectKey, written: &Node) -> bool {
        self.definitions.get(&key.group, &key.kind, written.origin().file).is_some()
    }

    /// Checks a custom resource against its definition, where there is one.
    pub(super) fn check_custom(&self, key: &ObjectKey, settled: &Node, written: &Node, diagnostics: &mut Diagnostics) {
        let definition = self.definitions.get(&key.group, &key.kind, written.origin().file);
        if let Some(version) = definition.and_then(|definition| definition.version(&key.version)) {
            diagnostics.extend(self.definitions.check(version, settled, written, key));
        } else {
            let place = written.get("kind").map_or(written.origin(), Node::origin);
            diagnostics.push(check::unknown_custom_kind(key, place));
        }
    }
}

impl Identify for Anew {
    fn identify(&self, object: &Node, findings: &mut Vec<Diagnostic>) -> Option<ObjectKey> {
        check::identify(object, self.facts, &self.definitions, findings).map(|identified| identified.key)
    }

    fn is_namespaced(&self, key: &ObjectKey) -> bool {
        let native = self.facts.kind(&key.group, &key.version, &key.kind).map(|kind| kind.namespaced);
        let custom = || self.definitions.all(&key.group, &key.kind).last().map(|definition| definition.namespaced);
        native.or_else(custom).unwrap_or(true)
    }
}

/// The steps that all expressions of a run take, and how many they may.
#[derive(Debug)]
pub(super) struct Steps {
    spent: AtomicU64,
    pub(super) most: u64,
}

impl Steps {
    /// Returns what a run of at most so many instances may take.
    pub(super) fn of(instances: usize) -> Self {
        Self { spent: AtomicU64::new(0), most: limits::STEPS_AN_INSTANCE.saturating_mul(instances as u64) }
    }

    /// Counts steps that were taken.
    pub(super) fn spend(&self, steps: u64) {
        self.spent.fetch_add(steps, Ordering::Relaxed);
    }

    /// Whether they have taken more.
    pub(super) fn are_spent(&self) -> bool {
        self.spent.load(Ordering::Relaxed) > self.most
    }
}

/// Settles an object: every scalar becomes what its field makes of it, and what the field does not take is a finding.
pub(super) fn settle(object: Manifest, anew: &Anew, memo: &mut check::Memo, diagnostics: &mut Diagnostics) -> Manifest {
    let Manifest { key, node: written, origin } = object;
    let (mut walk, ty) = walk(&key, anew, memo);
    let node = settled(&mut walk, ty, &written);
    let found = walk.into_findings_after(diagnostics);
    diagnostics.extend(found);
    if ty.is_none() {
        anew.check_custom(&key, &node, &written, diagnostics);
    }
    Manifest { key, node, origin }
}

/// Returns a walk over an object, and its type where Kubernetes has it. What an expression or a patch brought comes in any
/// order.
pub(super) fn walk<'a>(key: &'a ObjectKey, anew: &'a Anew, memo: &'a mut check::Memo) -> (Walk<'a>, Option<TypeId>) {
    let walk = Walk::new(anew.facts, Mode::Spec).about(key).ordering().remembering(memo);
    let kind = anew.facts.kind(&key.group, &key.version, &key.kind);
    (walk, kind.and_then(|kind| anew.facts.type_of(kind)))
}

pub(super) fn settled(walk: &mut Walk<'_>, ty: Option<TypeId>, node: &Node) -> Node {
    match ty {
        Some(ty) => walk.settle_type(node, ty, &Path::Root),
        None => walk.settle_custom(node),
    }
}

/// Returns the objects that hold nothing broken: nobody knows what such a part would have said. Where no error was found
/// nothing is broken.
pub(super) fn whole<'m>(objects: impl IntoIterator<Item = &'m Manifest>, is_sound: bool) -> Vec<&'m Manifest> {
    objects.into_iter().filter(|object| is_sound || !object.node.holds_broken()).collect()
}

/// Checks objects of a batch as wholes, as [`check_whole`] does; they are applied, and need names of their own.
pub(super) fn check_applied(objects: &[Manifest], anew: &Anew, held: Held<'_>, diagnostics: &mut Diagnostics) {
    for object in objects {
        diagnostics.extend(check::unnamed(&object.key, &object.node));
        check_whole(object, anew.facts, diagnostics);
    }
    let is_sound = anew.is_sound && !diagnostics.has_errors();
    let known = held.asked.judge(&whole(objects, is_sound), &anew.beside);
    let more: Vec<Diagnostic> = objects.iter().flat_map(|object| anew.judge_level(object, held.sets, &known)).collect();
    diagnostics.extend(known.into_iter().chain(more));
    diagnostics.extend(objects.iter().flat_map(|object| anew.judge(object, held.policies, held.sets)));
}

/// Checks what is true of a settled object as a whole: its name and its size.
pub(super) fn check_whole(object: &Manifest, facts: &'static Facts, diagnostics: &mut Diagnostics) {
    if let Some(finding) = check::name::check(&object.key, &object.node, facts) {
        diagnostics.push(finding);
    }
    diagnostics.extend(check::check_size(&object.key, &object.node, object.origin));
}

/// Says in findings about objects where their names come from: they may be made of a secret.
pub(super) fn name_subjects(objects: &[Manifest], findings: &mut Diagnostics) {
    if findings.is_empty() {
        return;
    }
    for object in objects {
        let place = |key| object.node.at(&["metadata", key]).map_or(Origin::NOWHERE, Node::origin);
        findings.name_subjects(&object.key.to_string(), ["name", "namespace"].map(place));
    }
}
