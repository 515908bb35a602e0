//! The instances of a plan, in runs over all cores: made and checked, and what is to be known of them to make them again.

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
use crate::expand::{Plan, metered};
use crate::kubernetes::{Manifest, ObjectKey};
use crate::lower::{self, Context};
use crate::rules::Gathered;
use crate::text::{Node, Sources};

/// Instances that are stamped between two looks at the output: enough to keep all cores busy, few enough to forget.
pub(super) const RUN: usize = 512;
/// Instances in a row that share what they know.
pub(super) const LEAST: usize = 64;

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
    fn objects(&self, maker: Maker<'_>, at: usize, memos: &mut Memos) -> Vec<Manifest> {
        let stamped = self.by_stencil(maker, at, |stencil, values| stencil.objects(values, maker.anew.facts));
        stamped.unwrap_or_else(|| maker.make(at, &mut Diagnostics::new(), None, memos))
    }

    /// Returns what its stencil makes of an instance that was stamped.
    pub(super) fn by_stencil<T>(
        &self,
        maker: Maker<'_>,
        at: usize,
        make: impl FnOnce(&Stencil, &[Node]) -> Option<T>,
    ) -> Option<T> {
        let number = (*self.by.get(at)?)?;
        make(self.stencils.get(usize::from(number))?, &maker.values(at)?)
    }

    /// Returns the objects that were kept; none where all are made anew.
    pub(super) fn kept(&self) -> Option<impl Iterator<Item = &Manifest>> {
        (!self.kept.is_empty()).then(|| self.kept.iter().flatten())
    }

    /// Returns the number of instances that were made.
    pub(super) fn len(&self) -> usize {
        self.by.len()
    }

    /// Returns the identity of the object of a number among all.
    pub(super) fn key(&self, maker: Maker<'_>, number: usize) -> ObjectKey {
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
    /// The objects, where they were made by themselves or somebody asks for them.
    objects: Vec<Manifest>,
    gathered: Vec<Gathered>,
    findings: Diagnostics,
}

/// Returns the group and the kind of an object.
pub(super) fn kind_of(key: &ObjectKey) -> (SmolStr, SmolStr) {
    (key.group.clone(), key.kind.clone())
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
    pub(super) plan: &'a Plan,
}

/// Makes and checks all objects of a plan.
pub(super) fn check(
    maker: Maker<'_>,
    held: Held<'_>,
    sources: &Sources,
    whole: &mut Whole<'_, '_>,
    diagnostics: &mut Diagnostics,
) -> Stamped {
    let Maker { anew, plan, .. } = maker;
    let (mut stamped, stencils, steps) = (Stamped::default(), Stencils::default(), &anew.steps);
    let keep = plan.len() <= anew.kept_instances;
    stamped.is_deferred = !whole.is_asked();
    let mut used: BTreeSet<Number> = BTreeSet::new();
    for start in (0..plan.len()).step_by(RUN) {
        let wanted = keep || !stamped.is_deferred || whole.veiled.notes_any();
        let run: Vec<Run> = over(start..plan.len().min(start + RUN), |memos, at| {
            if steps.are_spent() { Run::default() } else { maker.run(&stencils, held, at, wanted, sources, memos) }
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
            let Run { by, identities, objects, gathered, findings } = run;
            let at = stamped.by.len();
            diagnostics.append(findings);
            objects.iter().for_each(|object| whole.veiled.note(object, sources));
            let asks = gathered.iter().any(|gathered| !gathered.is_quiet());
            if stamped.is_deferred && (asks || !keep && by.is_none()) {
                // Somebody asks: those before come first.
                whole.flush();
                maker.gather(&stamped, held.sets, 0..at, &mut |gathered| whole.add(held.sets, gathered));
                stamped.is_deferred = false;
            }
            stamped.by.push(by);
            stamped.identities.extend(identities);
            stamped.ends.push(u32::try_from(stamped.identities.len()).unwrap_or(u32::MAX));
            match by {
                Some(number) if used.insert(number) => {
                    stamped.kinds.extend(stamped.stencils[usize::from(number)].kinds());
                }
                Some(_) => {}
                None => stamped.kinds.extend(objects.iter().map(|object| kind_of(&object.key))),
            }
            if keep {
                stamped.kept.push(objects);
            }
            if !stamped.is_deferred {
                if gathered.is_empty() {
                    maker.gather(&stamped, held.sets, at..at + 1, &mut |gathered| whole.add(held.sets, gathered));
                } else {
                    whole.add(held.sets, gathered);
                }
            }
        }
    }
    stamped
}

impl Maker<'_> {
    /// Returns the values of an instance, where a stencil may take them.
    pub(super) fn values(&self, at: usize) -> Option<Vec<Node>> {
        self.plan.values(at, &self.context.batch.scope())
    }

    /// Makes the objects of an instance by itself; of one that was checked, those of a kind.
    pub(super) fn make(
        &self,
        at: usize,
        diagnostics: &mut Diagnostics,
        kind: Option<&(SmolStr, SmolStr)>,
        memos: &mut Memos,
    ) -> Vec<Manifest> {
        let Self { context, anew, plan } = *self;
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

    /// Makes an instance and checks it.
    fn run(
        &self,
        stencils: &Stencils,
        held: Held<'_>,
        at: usize,
        wanted: bool,
        sources: &Sources,
        memos: &mut Memos,
    ) -> Run {
        let Self { context, anew, plan } = *self;
        let (stamp, spent) = metered(|| stencils.stamp(*self, held, at, wanted));
        let (by, identities, objects, mut findings, is_plain) = if let Some(stamp) = stamp {
            anew.steps.spend(spent);
            let Stamp { by, keys, objects, findings, is_plain } = stamp;
            let identities = keys.iter().map(identity).collect();
            let Some(objects) = objects else { return Run { by: Some(by), identities, ..Run::default() } };
            (Some(by), identities, objects, findings, is_plain)
        } else {
            let mut findings = Diagnostics::new();
            let (objects, spent) = metered(|| self.make(at, &mut findings, None, memos));
            anew.steps.spend(spent);
            let identities = objects.iter().map(|object| identity(&object.key)).collect();
            (None, identities, objects, findings, false)
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
        let gathered = self.gathered(at, &objects, held.sets);
        Run { by, identities, objects, gathered, findings }
    }

    /// Returns what the objects of an instance are to others, once for each set.
    fn gathered(&self, at: usize, objects: &[Manifest], sets: &[u32]) -> Vec<Gathered> {
        let there = if self.plan.stands_in(at) { &[][..] } else { objects };
        sets.iter().map(|_| Gathered::of(there, true, false)).collect()
    }

    /// Returns what instances that were checked are to others.
    pub(super) fn gather(
        &self,
        stamped: &Stamped,
        sets: &[u32],
        range: Range<usize>,
        each: &mut dyn FnMut(Vec<Gathered>),
    ) {
        for start in range.clone().step_by(RUN) {
            let run = over(start..range.end.min(start + RUN), |memos, at| match stamped.kept.get(at) {
                Some(kept) => self.gathered(at, kept, sets),
                None => self.gathered(at, &stamped.objects(*self, at, memos), sets),
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

/// Settles an object that was checked before.
fn settle_again(object: Manifest, anew: &Anew, memo: &mut check::Memo) -> Manifest {
    let Manifest { key, node, origin } = object;
    let (walk, ty) = walk(&key, anew, memo);
    let node = settled(&mut walk.again(), ty, &node);
    Manifest { key, node, origin }
}

/// What instances know from those before them; each run of them starts anew, so that memory stays bounded.
#[derive(Default)]
pub(super) struct Memos {
    lowered: lower::Memo,
    settled: check::Memo,
}

/// Maps a range of instances, on all cores where there are many.
pub(super) fn over<T: Send>(range: Range<usize>, map: impl Fn(&mut Memos, usize) -> T + Sync + Send) -> Vec<T> {
    if range.len() < 16 {
        let mut memos = Memos::default();
        range.map(|at| map(&mut memos, at)).collect()
    } else {
        range.into_par_iter().with_min_len(LEAST).map_init(Memos::default, map).collect()
    }
}
