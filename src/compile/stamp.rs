//! The instances of a plan, in runs over all cores: checked once, emitted kind by kind.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use smol_str::SmolStr;

use super::whole::Whole;
use super::{Unit, behind};
use crate::check::{self, Definitions, Mode, Roles, Walk};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, words};
use crate::expand::{Plan, metered};
use crate::kubernetes::{Facts, Manifest, ObjectKey, TypeId};
use crate::limits;
use crate::lower::{self, Context, Identify};
use crate::rules::{Asked, Beside, Enforced, Gathered, Path, Policies};
use crate::spec::Section;
use crate::text::{Node, Origin, Sources};

/// Instances that are stamped between two looks at the output: enough to keep all cores busy, few enough to forget.
const RUN: usize = 512;
/// Instances in a row that share what they know.
const LEAST: usize = 64;
/// Plans with so few instances keep their objects, so that they are not made twice.
const KEPT: usize = 1024;

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
    steps: Steps,
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
        Self { facts, definitions, beside, policies, enforced, steps, is_sound }
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
                let context = unit.context(self);
                let mut each = |object: Manifest| -> Result<(), std::convert::Infallible> {
                    enforced.add(&object, sets, self.facts.minor);
                    Ok(())
                };
                let Ok(()) = emit(&context, self, plan, &Stamped::default(), &kind, &Manifest::clone, &mut each);
            }
        }
        self.enforced = enforced;
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

/// What one plan makes.
#[derive(Debug, Default)]
pub(super) struct Stamped {
    /// The identities of all objects, by instance.
    pub(super) identities: Vec<u128>,
    kinds: BTreeSet<(SmolStr, SmolStr)>,
    kept: Vec<Manifest>,
}

impl Stamped {
    /// Returns the groups and kinds of the objects.
    pub(super) fn kinds(&self) -> impl Iterator<Item = &(SmolStr, SmolStr)> {
        self.kinds.iter()
    }

    /// Returns the identity of an object, so far as it was kept.
    pub(super) fn key(&self, number: usize) -> ObjectKey {
        self.kept.get(number).map_or_else(
            || ObjectKey {
                group: SmolStr::default(),
                version: SmolStr::default(),
                kind: "object".into(),
                namespace: SmolStr::default(),
                name: SmolStr::default(),
            },
            |object| object.key.clone(),
        )
    }
}

/// Returns a number that stands for group, kind, namespace and name.
pub(super) fn identity(key: &ObjectKey) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, &key.group, &key.kind, &key.namespace, &key.name).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}

/// The steps that all expressions of a run take, and how many they may.
#[derive(Debug)]
pub(super) struct Steps {
    spent: AtomicU64,
    most: u64,
}

impl Steps {
    /// Returns what a run of at most so many instances may take.
    pub(super) fn of(instances: usize) -> Self {
        Self { spent: AtomicU64::new(0), most: limits::STEPS_AN_INSTANCE.saturating_mul(instances as u64) }
    }

    fn are_spent(&self) -> bool {
        self.spent.load(Ordering::Relaxed) > self.most
    }
}

/// Makes and checks all objects of a plan.
pub(super) fn check(
    context: &Context<'_>,
    anew: &Anew,
    held: Held<'_>,
    plan: &Plan,
    sources: &Sources,
    whole: &mut Whole<'_>,
    diagnostics: &mut Diagnostics,
) -> Stamped {
    let (mut stamped, steps) = (Stamped::default(), &anew.steps);
    let keep = plan.len() <= KEPT;
    let sets = whole.sets_of(context.batch.batch.file);
    for start in (0..plan.len()).step_by(RUN) {
        let run: Vec<(Vec<Manifest>, Vec<Gathered>, Diagnostics)> =
            over(start..plan.len().min(start + RUN), |memos, at| {
                let mut findings = Diagnostics::new();
                if steps.are_spent() {
                    return (Vec::new(), Vec::new(), findings);
                }
                let (objects, spent) = metered(|| stamp(context, anew, plan, at, &mut findings, None, memos));
                steps.spent.fetch_add(spent, Ordering::Relaxed);
                check_applied(&objects, anew, held, &mut findings);
                name_subjects(&objects, &mut findings);
                if !findings.is_empty() {
                    let scope = plan.scope(at, &context.batch.scope());
                    let told = findings.into_iter().filter(|finding| plan.is_whole || holds_in_part(finding, plan));
                    findings =
                        told.map(|finding| behind::tell(finding, context.batch, Some(plan), &scope, sources)).collect();
                }
                let there = if plan.stands_in(at) { &[][..] } else { objects.as_slice() };
                let gathered = sets.iter().map(|_| Gathered::of(there, true, false)).collect();
                (objects, gathered, findings)
            });
        // Which instances were still made then is chance: none of them says anything.
        if steps.are_spent() {
            let most = words::grouped(steps.most);
            let message = format!("the expressions of all instances take more than {most} steps");
            let finding = Diagnostic::new(Code::TooManyInstances, plan.origin, message);
            diagnostics.push(finding.help("work a value out once, as a parameter, where it is the same for many"));
            break;
        }
        for (objects, gathered, findings) in run {
            diagnostics.append(findings);
            objects.iter().for_each(|object| whole.veiled.note(object, sources));
            whole.add(&sets, gathered);
            for object in objects {
                stamped.identities.push(identity(&object.key));
                if !stamped.kinds.iter().any(|(group, kind)| *group == object.key.group && *kind == object.key.kind) {
                    stamped.kinds.insert((object.key.group.clone(), object.key.kind.clone()));
                }
                if keep {
                    stamped.kept.push(object);
                }
            }
        }
    }
    stamped
}

/// Whether a finding is one whatever a layer that was not found may bring.
fn holds_in_part(finding: &Diagnostic, plan: &Plan) -> bool {
    match finding.code {
        Code::UnknownField
        | Code::WrongType
        | Code::InvalidValue
        | Code::InvalidShorthand
        | Code::InvalidName
        | Code::InvalidExpression
        | Code::AmbiguousScalar => true,
        // The layer may bring the axes.
        Code::UndefinedVariable => !plan.axes.is_empty(),
        _ => false,
    }
}

/// Renders the objects of one kind, in the order of the instances.
pub(super) fn emit<T: Send, E>(
    context: &Context<'_>,
    anew: &Anew,
    plan: &Plan,
    stamped: &Stamped,
    kind: &(SmolStr, SmolStr),
    render: &(impl Fn(&Manifest) -> T + Sync),
    each: &mut impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    let wanted = |key: &ObjectKey| key.group == kind.0 && key.kind == kind.1;
    if !stamped.kept.is_empty() {
        return stamped.kept.iter().filter(|object| wanted(&object.key)).try_for_each(|object| each(render(object)));
    }
    for start in (0..plan.len()).step_by(RUN) {
        let run: Vec<Vec<T>> = over(start..plan.len().min(start + RUN), |memos, at| {
            let objects = stamp(context, anew, plan, at, &mut Diagnostics::new(), Some(kind), memos);
            objects.iter().filter(|object| wanted(&object.key)).map(render).collect()
        });
        run.into_iter().flatten().try_for_each(&mut *each)?;
    }
    Ok(())
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

/// Settles an object that was checked before.
fn settle_again(object: Manifest, anew: &Anew, memo: &mut check::Memo) -> Manifest {
    let Manifest { key, node, origin } = object;
    let (walk, ty) = walk(&key, anew, memo);
    let node = settled(&mut walk.again(), ty, &node);
    Manifest { key, node, origin }
}

/// Returns a walk over an object, and its type where Kubernetes has it. What an expression or a patch brought comes in any
/// order.
fn walk<'a>(key: &'a ObjectKey, anew: &'a Anew, memo: &'a mut check::Memo) -> (Walk<'a>, Option<TypeId>) {
    let walk = Walk::new(anew.facts, Mode::Spec).about(key).ordering().remembering(memo);
    let kind = anew.facts.kind(&key.group, &key.version, &key.kind);
    (walk, kind.and_then(|kind| anew.facts.type_of(kind)))
}

fn settled(walk: &mut Walk<'_>, ty: Option<TypeId>, node: &Node) -> Node {
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

fn stamp(
    context: &Context<'_>,
    anew: &Anew,
    plan: &Plan,
    at: usize,
    diagnostics: &mut Diagnostics,
    kind: Option<&(SmolStr, SmolStr)>,
    memos: &mut Memos,
) -> Vec<Manifest> {
    let instance = plan.instance(at, &context.batch.scope(), diagnostics);
    let named = kind.map(|(_, kind)| kind.as_str());
    let objects = lower::instance_objects_of(context, plan, &instance, named, &mut memos.lowered, diagnostics);
    let memo = &mut memos.settled;
    let Some((group, kind)) = kind else {
        return objects.into_iter().map(|object| settle(object, anew, memo, diagnostics)).collect();
    };
    let wanted = objects.into_iter().filter(|object| object.key.group == *group && object.key.kind == *kind);
    wanted.map(|object| settle_again(object, anew, memo)).collect()
}

/// What instances know from those before them; each run of them starts anew, so that memory stays bounded.
#[derive(Default)]
struct Memos {
    lowered: lower::Memo,
    settled: check::Memo,
}

/// Maps a range of instances, on all cores where there are many.
fn over<T: Send>(range: std::ops::Range<usize>, map: impl Fn(&mut Memos, usize) -> T + Sync + Send) -> Vec<T> {
    if range.len() < 16 {
        let mut memos = Memos::default();
        range.map(|at| map(&mut memos, at)).collect()
    } else {
        range.into_par_iter().with_min_len(LEAST).map_init(Memos::default, map).collect()
    }
}
