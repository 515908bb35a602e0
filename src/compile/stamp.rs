//! The instances of a plan, in runs over all cores: checked once, emitted kind by kind.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;
use smol_str::SmolStr;

use super::anew::{Anew, Held, check_applied, name_subjects, settle, settled, walk};
use super::behind;
use super::stencil::{Number, Stamp, Stencil, Stencils};
use super::whole::Whole;
use crate::check;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, words};
use crate::emit::Output;
use crate::expand::{Plan, metered};
use crate::kubernetes::{Load, Manifest, ObjectKey};
use crate::lower::{self, Context};
use crate::rules::Gathered;
use crate::text::{Origin, Sources};

/// Instances that are stamped between two looks at the output: enough to keep all cores busy, few enough to forget.
const RUN: usize = 512;
/// Instances that are written between two looks at the output.
const WRITTEN: usize = 4096;
/// Instances in a row that share what they know.
const LEAST: usize = 64;

/// What one plan makes.
#[derive(Debug, Default)]
pub(super) struct Stamped {
    /// The identities of all objects, by instance.
    pub(super) identities: Vec<u64>,
    /// Where the objects of each instance end among all.
    ends: Vec<u32>,
    kinds: BTreeSet<(SmolStr, SmolStr)>,
    /// The objects of each instance, where these are few.
    kept: Vec<Vec<Manifest>>,
    /// Whether nothing was gathered of the instances, which ask for nothing.
    pub(super) is_deferred: bool,
    stencils: Vec<Arc<Stencil>>,
    /// The number of the stencil of each instance.
    by: Vec<Option<Number>>,
}

impl Stamped {
    /// Returns the groups and kinds of the objects.
    pub(super) fn kinds(&self) -> impl Iterator<Item = &(SmolStr, SmolStr)> {
        self.kinds.iter()
    }

    /// Returns the objects of an instance that was checked.
    fn objects(&self, maker: &Maker<'_>, at: usize, memos: &mut Memos) -> Vec<Manifest> {
        let Maker { context, anew, plan, .. } = *maker;
        let stamped = self.stencil(at).and_then(|stencil| {
            let values = plan.values(at, &context.batch.scope())?;
            stencil.objects(&values, anew.facts)
        });
        stamped.unwrap_or_else(|| make(context, anew, plan, at, &mut Diagnostics::new(), None, memos))
    }

    fn stencil(&self, at: usize) -> Option<&Stencil> {
        let number = (*self.by.get(at)?)?;
        self.stencils.get(usize::from(number)).map(Arc::as_ref)
    }

    /// Returns the number of instances that were made.
    pub(super) fn len(&self) -> usize {
        self.by.len()
    }

    /// Returns the identity of the object of a number among all.
    pub(super) fn key(&self, maker: &Maker<'_>, number: usize) -> ObjectKey {
        let at = self.ends.partition_point(|end| *end as usize <= number);
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        let objects = || self.objects(maker, at, &mut Memos::default());
        let key = |objects: &[Manifest]| objects[number - start].key.clone();
        self.kept.get(at).map_or_else(|| key(&objects()), |kept| key(kept))
    }
}

/// What was made of one instance.
#[derive(Default)]
struct Run {
    by: Option<Number>,
    identities: Vec<u64>,
    kinds: Vec<(SmolStr, SmolStr)>,
    objects: Vec<Manifest>,
    gathered: Vec<Gathered>,
    findings: Diagnostics,
}

impl Run {
    fn of<'k>(keys: impl Iterator<Item = &'k ObjectKey> + Clone) -> Self {
        let kinds = keys.clone().map(|key| (key.group.clone(), key.kind.clone())).collect();
        Self { identities: keys.map(identity).collect(), kinds, ..Self::default() }
    }
}

/// Returns a number that stands for group, kind, namespace and name.
pub(super) fn identity(key: &ObjectKey) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&key.group, &key.kind, &key.namespace, &key.name).hash(&mut hasher);
    hasher.finish()
}

/// What instances of a plan are made with.
#[derive(Clone, Copy)]
pub(super) struct Maker<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) anew: &'a Anew,
    pub(super) held: Held<'a>,
    pub(super) plan: &'a Plan,
}

/// Makes and checks all objects of a plan.
pub(super) fn check(
    maker: Maker<'_>,
    sources: &Sources,
    whole: &mut Whole<'_, '_>,
    diagnostics: &mut Diagnostics,
) -> Stamped {
    let Maker { context, anew, plan, .. } = maker;
    let (mut stamped, stencils, steps) = (Stamped::default(), Stencils::default(), &anew.steps);
    let keep = plan.len() <= anew.kept_instances;
    stamped.is_deferred = !whole.is_asked();
    let sets = whole.sets_of(context.batch.batch.file);
    for start in (0..plan.len()).step_by(RUN) {
        let wanted = keep || !stamped.is_deferred || whole.veiled.notes_any();
        let run: Vec<Run> = over(start..plan.len().min(start + RUN), |memos, at| {
            if steps.are_spent() { Run::default() } else { maker.run(&stencils, at, wanted, sources, memos) }
        });
        // Which instances were still made then is chance: none of them says anything.
        if steps.are_spent() {
            let most = words::grouped(steps.most);
            let message = format!("the expressions of all instances take more than {most} steps");
            let finding = Diagnostic::new(Code::TooManyInstances, plan.origin, message);
            diagnostics.push(finding.help("work a value out once, as a parameter, where it is the same for many"));
            break;
        }
        stamped.stencils = stencils.cut();
        for run in run {
            let Run { by, identities, kinds, objects, gathered, findings } = run;
            let at = stamped.by.len();
            diagnostics.append(findings);
            objects.iter().for_each(|object| whole.veiled.note(object, sources));
            let asks = gathered.iter().any(|gathered| !gathered.is_quiet());
            if stamped.is_deferred && (asks || !keep && by.is_none()) {
                // Somebody asks: those before come first.
                whole.flush();
                maker.gather(&stamped, 0..at, &mut |gathered| whole.add(&sets, gathered));
                stamped.is_deferred = false;
            }
            stamped.by.push(by);
            stamped.identities.extend(identities);
            stamped.ends.push(u32::try_from(stamped.identities.len()).unwrap_or(u32::MAX));
            stamped.kinds.extend(kinds);
            if keep {
                stamped.kept.push(objects);
            }
            if !stamped.is_deferred {
                if gathered.is_empty() {
                    maker.gather(&stamped, at..at + 1, &mut |gathered| whole.add(&sets, gathered));
                } else {
                    whole.add(&sets, gathered);
                }
            }
        }
    }
    stamped
}

impl Maker<'_> {
    /// Makes an instance and checks it.
    fn run(&self, stencils: &Stencils, at: usize, wanted: bool, sources: &Sources, memos: &mut Memos) -> Run {
        let Self { context, anew, held, plan } = *self;
        let mut findings = Diagnostics::new();
        let (stamp, spent) = metered(|| stencils.stamp(*self, at, wanted));
        let spend = |spent| {
            anew.steps.spend(spent);
        };
        let (by, keys, objects, is_plain) = match stamp {
            Some(Stamp { by, keys, objects: None, .. }) => {
                spend(spent);
                return Run { by: Some(by), ..Run::of(keys.iter()) };
            }
            Some(Stamp { by, keys, objects: Some(objects), findings: found, is_plain }) => {
                spend(spent);
                findings = found;
                (Some(by), keys, objects, is_plain)
            }
            None => {
                let (objects, spent) = metered(|| make(context, anew, plan, at, &mut findings, None, memos));
                spend(spent);
                (None, objects.iter().map(|object| object.key.clone()).collect(), objects, false)
            }
        };
        if !is_plain {
            check_applied(&objects, anew, held, &mut findings);
            name_subjects(&objects, &mut findings);
        }
        if !findings.is_empty() {
            let scope = plan.scope(at, &context.batch.scope());
            let told = findings.into_iter().filter(|finding| plan.is_whole || holds_in_part(finding, plan));
            findings = told.map(|finding| behind::tell(finding, context.batch, Some(plan), &scope, sources)).collect();
        }
        let gathered = self.gathered(at, &objects);
        Run { by, objects, gathered, findings, ..Run::of(keys.iter()) }
    }

    /// Returns what the objects of an instance are to others, once for each set.
    fn gathered(&self, at: usize, objects: &[Manifest]) -> Vec<Gathered> {
        let there = if self.plan.stands_in(at) { &[][..] } else { objects };
        self.held.sets.iter().map(|_| Gathered::of(there, true, false)).collect()
    }

    /// Returns what instances that were checked are to others.
    pub(super) fn gather(&self, stamped: &Stamped, range: Range<usize>, each: &mut dyn FnMut(Vec<Gathered>)) {
        for start in range.clone().step_by(RUN) {
            let run = over(start..range.end.min(start + RUN), |memos, at| {
                let kept = stamped.kept.get(at);
                let mut objects = || stamped.objects(self, at, memos);
                kept.map_or_else(|| self.gathered(at, &objects()), |objects| self.gathered(at, objects))
            });
            run.into_iter().for_each(&mut *each);
        }
    }
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
        let kept = stamped.kept.iter().flatten();
        return kept.filter(|object| wanted(&object.key)).try_for_each(|object| each(render(object)));
    }
    for start in (0..plan.len()).step_by(RUN) {
        let run: Vec<Vec<T>> = over(start..plan.len().min(start + RUN), |memos, at| {
            let by_stencil = stamped.stencil(at).and_then(|stencil| {
                let values = plan.values(at, &context.batch.scope())?;
                stencil.objects(&values, anew.facts)
            });
            let objects =
                by_stencil.unwrap_or_else(|| make(context, anew, plan, at, &mut Diagnostics::new(), Some(kind), memos));
            objects.iter().filter(|object| wanted(&object.key)).map(render).collect()
        });
        run.into_iter().flatten().try_for_each(&mut *each)?;
    }
    Ok(())
}

/// An object in numbers.
#[derive(Debug)]
pub struct Measured {
    /// Its identity.
    pub key: ObjectKey,
    /// Where it is written.
    pub origin: Origin,
    /// The bytes of its document as YAML.
    pub bytes: usize,
    /// What its pods ask for, where it makes any.
    pub load: Arc<Option<Load>>,
}

impl Measured {
    /// Measures an object.
    pub(super) fn of(object: &Manifest) -> Self {
        let mut document = Vec::new();
        Output::Yaml.write_document(&object.node, None, &mut document);
        let load = Arc::new(Load::of(object));
        Self { key: object.key.clone(), origin: object.origin, bytes: document.len(), load }
    }
}

/// Measures the objects of one kind, in the order of the instances.
pub(super) fn measure(
    context: &Context<'_>,
    anew: &Anew,
    plan: &Plan,
    stamped: &Stamped,
    kind: &(SmolStr, SmolStr),
    each: &mut impl FnMut(Measured),
) {
    let wanted = |object: &&Manifest| object.key.group == kind.0 && object.key.kind == kind.1;
    if !stamped.kept.is_empty() {
        return stamped.kept.iter().flatten().filter(wanted).map(Measured::of).for_each(each);
    }
    for start in (0..plan.len()).step_by(RUN) {
        let run: Vec<Vec<Measured>> = over(start..plan.len().min(start + RUN), |memos, at| {
            let by_stencil = stamped.stencil(at).and_then(|stencil| {
                let values = plan.values(at, &context.batch.scope())?;
                stencil.measure(kind, &values, anew.facts)
            });
            by_stencil.unwrap_or_else(|| {
                let objects = make(context, anew, plan, at, &mut Diagnostics::new(), Some(kind), memos);
                objects.iter().filter(wanted).map(Measured::of).collect()
            })
        });
        run.into_iter().flatten().for_each(&mut *each);
    }
}

/// Writes the objects of one kind as YAML, in the order of the instances, many at a time.
pub(super) fn write<E>(
    context: &Context<'_>,
    anew: &Anew,
    plan: &Plan,
    stamped: &Stamped,
    kind: &(SmolStr, SmolStr),
    each: &mut impl FnMut(Vec<u8>) -> Result<(), E>,
) -> Result<(), E> {
    let document = |object: &Manifest, out: &mut Vec<u8>| Output::Yaml.write_document(&object.node, None, out);
    let wanted = |key: &ObjectKey| key.group == kind.0 && key.kind == kind.1;
    if !stamped.kept.is_empty() {
        let mut out = Vec::new();
        let kept = stamped.kept.iter().flatten();
        kept.filter(|object| wanted(&object.key)).for_each(|object| document(object, &mut out));
        return each(out);
    }
    for start in (0..plan.len()).step_by(WRITTEN) {
        let range = start..plan.len().min(start + WRITTEN);
        let runs: Vec<_> = range.clone().step_by(LEAST).map(|at| at..range.end.min(at + LEAST)).collect();
        let write = |run: Range<usize>| {
            let (mut out, mut memos) = (Vec::with_capacity(run.len() * 2048), Memos::default());
            for at in run {
                let by_stencil = |out: &mut Vec<u8>| {
                    let stencil = stamped.stencil(at)?;
                    stencil.write(kind, &plan.values(at, &context.batch.scope())?, anew.facts, out)
                };
                let before = out.len();
                if by_stencil(&mut out).is_none() {
                    out.truncate(before);
                    let objects = make(context, anew, plan, at, &mut Diagnostics::new(), Some(kind), &mut memos);
                    objects.iter().filter(|object| wanted(&object.key)).for_each(|object| document(object, &mut out));
                }
            }
            out
        };
        let written: Vec<Vec<u8>> = runs.into_par_iter().map(write).collect();
        written.into_iter().try_for_each(&mut *each)?;
    }
    Ok(())
}

/// Settles an object that was checked before.
fn settle_again(object: Manifest, anew: &Anew, memo: &mut check::Memo) -> Manifest {
    let Manifest { key, node, origin } = object;
    let (walk, ty) = walk(&key, anew, memo);
    let node = settled(&mut walk.again(), ty, &node);
    Manifest { key, node, origin }
}

fn make(
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
