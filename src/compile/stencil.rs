//! Objects cut once and stamped for each instance that looks alike.
//!
//! One instance is lowered and settled with holes for its values. What was made of it holds for all instances in which
//! every look into a hole would have seen the same; of these only what stands in the holes is settled, and only the rules
//! that looked there run. An instance whose own values give a finding is made by itself. So the result is the same as if
//! each was.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use smol_str::{SmolStr, format_smolstr};

use super::anew::{Anew, Held, settled};
use super::made::Measured;
use super::spine::{self, Spine};
use super::stamp::{Maker, kind_of};
use crate::check::{self, Mode, Waiting, Walk};
use crate::diagnostic::Diagnostics;
use crate::emit::yaml::{self, Gap};
use crate::expand::{Likeness, Plan};
use crate::kubernetes::{Facts, Load, Manifest, ObjectKey};
use crate::lower;
use crate::rules::{self, Gathered};
use crate::text::hole::{Look, Looks, is_of_sort, is_single};
use crate::text::{Node, Origin, Value};

/// For fewer instances a stencil costs more than it wins.
const LEAST: usize = 3;
/// A plan whose instances differ in more ways than this is made instance by instance, so far as it does.
const MOST: usize = 64;
/// Instances with more values of their own are made each by itself.
const MOST_VALUES: usize = 1024;
/// A stencil is cut for so many instances at least.
const SHARE: usize = 8;
/// So many instances more may find no stencil than one is of use to.
const MISSED: usize = 64;

/// The number of a stencil among those of a plan.
pub(super) type Number = u16;

/// The stencils of a plan, cut as they are needed.
#[derive(Debug, Default)]
pub(super) struct Stencils {
    cut: RwLock<Vec<Arc<Stencil>>>,
    tried: AtomicUsize,
    /// How many instances were stamped, and how many were not.
    uses: AtomicUsize,
    missed: AtomicUsize,
}

/// What instances that look alike are made with.
#[derive(Debug)]
pub(super) struct Stencil {
    likeness: Likeness,
    /// The values of the instance that it was cut from.
    sample: Vec<Node>,
    looks: Vec<Look>,
    waiting: Waiting,
    /// Leaves that are one text, as they were in the sample.
    twins: Vec<(usize, usize)>,
    objects: Vec<Cut>,
    /// What is found in all of them.
    findings: Diagnostics,
    /// Whether no more is asked of the objects as wholes than whether their names and sizes are taken.
    is_plain: bool,
    /// Whether they ask nothing of one another, or of others, that they do not have.
    is_quiet: bool,
}

/// What was stamped for an instance.
pub(super) struct Stamp {
    /// The number of the stencil.
    pub(super) by: Number,
    pub(super) keys: Vec<ObjectKey>,
    /// The objects, where more is to be asked of them, or they are wanted.
    pub(super) objects: Option<Vec<Manifest>>,
    /// What was found until they were settled.
    pub(super) findings: Diagnostics,
    /// Whether nothing more is to be asked of the objects as wholes.
    pub(super) is_plain: bool,
}

/// One object with holes.
#[derive(Debug)]
struct Cut {
    key: ObjectKey,
    origin: Origin,
    root: Spine,
    /// Rules to ask of a part, with what stands in the holes that they look into.
    asks: Vec<(Spine, rules::Waiting)>,
    /// What is looked at of the object by itself, where that is more than is the same in all.
    alone: Option<Spine>,
    written: OnceLock<Around>,
    /// What its pods ask for, where that is the same of all.
    load: OnceLock<Option<Arc<Option<Load>>>>,
    /// The holes that the name and the namespace stand in.
    name: Option<usize>,
    namespace: Option<usize>,
    /// What its size is below but for its holes, and which these are.
    size: usize,
    holes: Vec<usize>,
}

/// An object as it is written, but for its holes.
#[derive(Debug)]
struct Around {
    text: Vec<u8>,
    gaps: Vec<Gap>,
}

impl Stencils {
    /// Makes the objects of an instance; none where its own values give a finding. Objects that no check needs are left out
    /// unless they are `wanted`.
    pub(super) fn stamp(&self, maker: Maker<'_>, held: Held<'_>, at: usize, wanted: bool) -> Option<Stamp> {
        let Maker { anew, plan, .. } = maker;
        if anew.each_alone || plan.len() < LEAST || self.is_useless() {
            return None;
        }
        let stamp = self.stamp_by(maker, held, at, wanted);
        let counted = if stamp.is_some() { &self.uses } else { &self.missed };
        counted.fetch_add(1, Ordering::Relaxed);
        stamp
    }

    fn stamp_by(&self, maker: Maker<'_>, held: Held<'_>, at: usize, wanted: bool) -> Option<Stamp> {
        let Maker { anew, plan, .. } = maker;
        let values = maker.values(at)?;
        let fits = |(_, stencil): &(usize, &Arc<Stencil>)| stencil.fits(plan, at, &values);
        let known = self.cut.read().unwrap_or_else(PoisonError::into_inner);
        let found = known.iter().enumerate().find(fits).map(|(number, stencil)| (number, stencil.clone()));
        drop(known);
        let (number, stencil) = match found {
            Some(found) => found,
            None => self.cut_from(maker, held, at, &values)?,
        };
        stencil.stamp(Number::try_from(number).ok()?, &values, anew.facts, wanted)
    }

    /// Whether to look for stencils costs more than it wins, since most instances are alike to none.
    fn is_useless(&self) -> bool {
        self.missed.load(Ordering::Relaxed) > self.uses.load(Ordering::Relaxed) + MISSED
    }

    fn cut_from(&self, maker: Maker<'_>, held: Held<'_>, at: usize, values: &[Node]) -> Option<(usize, Arc<Stencil>)> {
        let most = (maker.plan.len() / SHARE).clamp(1, MOST);
        if self.tried.fetch_add(1, Ordering::Relaxed) >= most {
            return None;
        }
        let stencil = Arc::new(Stencil::cut(maker, held, at, values)?);
        let mut cut = self.cut.write().unwrap_or_else(PoisonError::into_inner);
        cut.push(stencil.clone());
        stencil.fits(maker.plan, at, values).then_some((cut.len() - 1, stencil))
    }

    /// Returns the stencils by their numbers.
    pub(super) fn cut(&self) -> Vec<Arc<Stencil>> {
        self.cut.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Stencil {
    /// Cuts a stencil from an instance; none where its values give a finding, or where its objects hang on each instance.
    fn cut(maker: Maker<'_>, held: Held<'_>, at: usize, values: &[Node]) -> Option<Self> {
        let Maker { context, anew, plan } = maker;
        // What is compared with each other must not be too much.
        if values.len() > MOST_VALUES {
            return None;
        }
        let looks = Arc::new(Looks::default());
        let model = plan.model(at, values, &looks)?;
        let mut findings = Diagnostics::new();
        let lowered = lower::instance_objects(context, plan, &model, &mut findings);
        let mut waiting = Waiting::default();
        let mut objects: Vec<Cut> = Vec::with_capacity(lowered.len());
        for Manifest { key, node, origin } in lowered {
            let ty = anew.facts.kind(&key.group, &key.version, &key.kind).and_then(|kind| anew.facts.type_of(kind));
            // A definition reads values as it likes.
            if ty.is_none() && anew.has_definition(&key, &node) {
                return None;
            }
            let mut walk = Walk::new(anew.facts, Mode::Spec).about(&key).ordering().of_many(waiting);
            let done = settled(&mut walk, ty, &node);
            waiting = walk.take_waiting()?;
            let found = walk.into_findings_after(&findings);
            findings.extend(found);
            if ty.is_none() {
                anew.check_custom(&key, &done, &node, &mut findings);
            }
            // What has no sound shape is not settled, and its holes neither.
            if !spine::is_settled(&done, &waiting.looks) {
                return None;
            }
            objects.push(Cut::of(Manifest { key, node: done, origin }, waiting.take_asks()));
        }
        // What all have alike must not hang on what differs.
        if !waiting.is_sound() || !waiting.looks.take().is_empty() {
            return None;
        }
        let mut distinct: Vec<Look> = Vec::new();
        for look in looks.take() {
            if !distinct.iter().any(|known| known.is_like(&look)) {
                distinct.push(look);
            }
        }
        let twins = twins(&waiting);
        let samples: Vec<Manifest> = objects.iter().map(Cut::sample).collect();
        let samples: Vec<&Manifest> = samples.iter().collect();
        let is_plain = findings.is_empty() && is_plain(&samples, &waiting, anew, held);
        let is_fine = objects.iter_mut().all(|object| object.judge_alone(&waiting.looks));
        let is_quiet = is_fine && is_quiet(&objects, &samples, &waiting, &twins);
        if looks.are_lost() || waiting.looks.are_lost() {
            return None;
        }
        let (likeness, sample) = (plan.likeness(at), values.to_vec());
        Some(Self { likeness, sample, looks: distinct, waiting, twins, objects, findings, is_plain, is_quiet })
    }

    /// Whether an instance looks alike.
    fn fits(&self, plan: &Plan, at: usize, values: &[Node]) -> bool {
        let is_alike = |(sample, value): (&Node, &Node)| {
            is_of_sort(sample.value(), value.value()) || !is_single(sample.value()) && !is_single(value.value())
        };
        self.likeness.holds(plan, at)
            && self.sample.len() == values.len()
            && self.sample.iter().zip(values).all(is_alike)
            && self.looks.iter().all(|look| look.is_same(values))
    }

    fn stamp(&self, by: Number, values: &[Node], facts: &'static Facts, wanted: bool) -> Option<Stamp> {
        let filled = self.filled(values, facts)?;
        if !self.twins.iter().all(|(one, other)| filled[*one].text() == filled[*other].text()) {
            return None;
        }
        let keys: Vec<ObjectKey> = self.objects.iter().map(|object| object.named(&filled)).collect();
        let (is_plain, is_quiet) = (self.is_plain, self.is_quiet);
        let has_fine_names = || keys.iter().all(|key| check::name::is_taken(key, facts));
        let fits = || self.objects.iter().all(|object| object.is_small(&filled));
        if is_plain && !(has_fine_names() && fits()) {
            return None;
        }
        let looks = &self.waiting.looks;
        let seen = looks.number();
        let is_sound = self.objects.iter().all(|object| object.is_sound(&filled, facts));
        // A rule may look into a hole that it passed by in the sample, and sees what the sample has there.
        if !is_sound || looks.number() != seen {
            return None;
        }
        let is_quiet = is_quiet && self.objects.iter().zip(&keys).all(|(cut, key)| cut.is_sound_alone(key, &filled));
        if looks.number() != seen {
            return None;
        }
        let objects = (wanted || !is_plain || !is_quiet).then(|| made(&self.objects, &filled));
        let findings = self.found(&keys);
        Some(Stamp { by, keys, objects, findings, is_plain })
    }

    /// Returns what stands in the holes of an instance; none where it gives a finding.
    fn filled(&self, values: &[Node], facts: &'static Facts) -> Option<Vec<Node>> {
        let key = &self.objects.first()?.key;
        self.waiting.leaves.iter().map(|leaf| leaf.filled(values, facts, key)).collect()
    }

    /// Returns the findings of all instances as those of one.
    fn found(&self, keys: &[ObjectKey]) -> Diagnostics {
        let mut findings = Diagnostics::new();
        for finding in self.findings.iter() {
            let mut finding = finding.clone();
            if let Some(subject) = &mut finding.subject
                && let Some(own) = self.objects.iter().position(|cut| subject.object == cut.key.to_string().trim_end())
            {
                keys[own].to_string().trim_end().clone_into(&mut subject.object);
            }
            findings.push(finding);
        }
        findings
    }

    /// Returns all objects of an instance that was checked.
    pub(super) fn objects(&self, values: &[Node], facts: &'static Facts) -> Option<Vec<Manifest>> {
        Some(made(&self.objects, &self.filled(values, facts)?))
    }

    /// Returns the groups and kinds of the objects.
    pub(super) fn kinds(&self) -> impl Iterator<Item = (SmolStr, SmolStr)> {
        self.objects.iter().map(|object| kind_of(&object.key))
    }

    /// Writes the objects of one kind of an instance that was checked, as YAML.
    pub(super) fn write(
        &self,
        kind: &(SmolStr, SmolStr),
        values: &[Node],
        facts: &'static Facts,
        out: &mut Vec<u8>,
    ) -> Option<()> {
        let filled = self.filled(values, facts)?;
        self.of_kind(kind).for_each(|object| object.write(&filled, out));
        Some(())
    }

    /// Measures the objects of one kind of an instance that was checked.
    pub(super) fn measure(
        &self,
        kind: &(SmolStr, SmolStr),
        values: &[Node],
        facts: &'static Facts,
    ) -> Option<Vec<Measured>> {
        let filled = self.filled(values, facts)?;
        let measure = |object: &Cut| {
            let mut gaps = Vec::new();
            object.fill_gaps(&filled, &mut gaps);
            let (key, origin) = (object.named(&filled), object.origin);
            let load = object.load_of_all(&self.waiting.looks).unwrap_or_else(|| {
                let node = object.root.filled(&filled);
                Arc::new(Load::of(&Manifest { key: key.clone(), node, origin }))
            });
            Measured { key, origin, bytes: object.around().text.len() + gaps.len(), load }
        };
        Some(self.of_kind(kind).map(measure).collect())
    }

    fn of_kind(&self, kind: &(SmolStr, SmolStr)) -> impl Iterator<Item = &Cut> {
        self.objects.iter().filter(|cut| cut.key.group == kind.0 && cut.key.kind == kind.1)
    }
}

/// Returns pairs of names and labels that are one text made of one value: the name of an instance, and the label that it is.
fn twins(waiting: &Waiting) -> Vec<(usize, usize)> {
    let leaves: Vec<_> = waiting.leaves.iter().enumerate().filter(|(_, leaf)| leaf.is_identity()).collect();
    let pairs = leaves.iter().enumerate().flat_map(|(at, one)| leaves[at + 1..].iter().map(move |other| (one, other)));
    let is_pair = |one: &check::Leaf, other: &check::Leaf| {
        one.slot() == other.slot() && one.sample().as_text().is_some_and(|text| other.sample().as_text() == Some(text))
    };
    pairs.filter(|((_, one), (_, other))| is_pair(one, other)).map(|((one, _), (other, _))| (*one, *other)).collect()
}

/// Whether nothing hangs on objects as wholes but whether their names and sizes are taken.
fn is_plain(objects: &[&Manifest], waiting: &Waiting, anew: &Anew, held: Held<'_>) -> bool {
    let has_start = |object: &&Manifest| object.node.at(&["metadata", "generateName"]).is_some();
    let says_nothing = anew.asks_no_more(held) && !objects.iter().any(has_start) && anew.advises_nothing(objects, held);
    says_nothing && waiting.looks.take().is_empty()
}

/// Whether objects ask nothing of one another, or of others, that they do not have, whatever stands in their holes.
///
/// Who asks looks at what tells objects apart, to compare it, and at how many pods there are, which is nobody's question
/// alone; and with values that are all different, but for twins, nothing is left to ask.
fn is_quiet(objects: &[Cut], samples: &[&Manifest], waiting: &Waiting, twins: &[(usize, usize)]) -> bool {
    drop(Gathered::among(samples, true, false));
    if waiting.looks.take().iter().any(|look| !waiting.leaves[look.slot()].is_told()) {
        return false;
    }
    let apart: Vec<Node> = waiting
        .leaves
        .iter()
        .enumerate()
        .map(|(number, leaf)| {
            let first = twins.iter().find(|(_, other)| *other == number).map_or(number, |(one, _)| *one);
            match leaf.sample() {
                Value::String(_) if leaf.is_identity() => {
                    Node::string(format_smolstr!("hole-{first}-of-many"), Origin::NOWHERE)
                }
                sample => Node::new(sample.clone(), Origin::NOWHERE),
            }
        })
        .collect();
    Gathered::among(&made(objects, &apart).iter().collect::<Vec<_>>(), true, false).is_quiet()
}

/// Makes objects, given what stands in their holes.
fn made(objects: &[Cut], filled: &[Node]) -> Vec<Manifest> {
    let made =
        |object: &Cut| Manifest { key: object.named(filled), node: object.root.filled(filled), origin: object.origin };
    objects.iter().map(made).collect()
}

impl Cut {
    fn of(object: Manifest, asks: Vec<(Node, rules::Waiting)>) -> Self {
        let Manifest { key, node, origin } = object;
        let asks = asks.into_iter().map(|(part, rule)| (Spine::of(&part, Some(rule.holes())), rule)).collect();
        let root = Spine::of(&node, None);
        let of_metadata = |field: &str| Some(node.at(&["metadata", field])?.as_hole()?.slot());
        let (name, namespace) = (of_metadata("name"), of_metadata("namespace"));
        let mut holes = Vec::new();
        root.holes(&mut holes);
        let size = check::size_bound(&node);
        Self {
            key,
            origin,
            root,
            asks,
            alone: None,
            written: OnceLock::new(),
            load: OnceLock::new(),
            name,
            namespace,
            size,
            holes,
        }
    }

    /// Returns the object with its holes.
    fn sample(&self) -> Manifest {
        Manifest { key: self.key.clone(), node: self.root.node.clone(), origin: self.origin }
    }

    /// Whether the object by itself gives no finding; the holes that this looked into are kept, to check each instance.
    fn judge_alone(&mut self, looks: &Looks) -> bool {
        let found = Gathered::alone(&self.sample());
        let holes: Vec<usize> = looks.take().iter().map(Look::slot).collect();
        self.alone = (!holes.is_empty()).then(|| Spine::of(&self.root.node, Some(&holes)));
        found.is_empty()
    }

    /// Whether rules find nothing that look at what stands in the holes.
    fn is_sound(&self, filled: &[Node], facts: &'static Facts) -> bool {
        self.asks.iter().all(|(part, rule)| rule.is_sound(&part.filled(filled), facts, &self.key))
    }

    /// Whether the object of an instance gives no finding by itself.
    fn is_sound_alone(&self, key: &ObjectKey, filled: &[Node]) -> bool {
        self.alone.as_ref().is_none_or(|spine| {
            let (key, node, origin) = (key.clone(), spine.filled(filled), self.origin);
            Gathered::alone(&Manifest { key, node, origin }).is_empty()
        })
    }

    /// Whether the object is far below every limit of size.
    fn is_small(&self, filled: &[Node]) -> bool {
        let held: usize = self.holes.iter().map(|hole| check::size_bound(&filled[*hole])).sum();
        check::is_small(self.size + held)
    }

    fn named(&self, filled: &[Node]) -> ObjectKey {
        let text = |slot: Option<usize>, own: &SmolStr| match slot {
            Some(slot) => filled[slot].text().cloned().unwrap_or_default(),
            None => own.clone(),
        };
        let (name, namespace) = (text(self.name, &self.key.name), text(self.namespace, &self.key.namespace));
        ObjectKey { namespace, name, ..self.key.clone() }
    }

    fn around(&self) -> &Around {
        self.written.get_or_init(|| {
            let (mut text, mut gaps) = (b"---\n".to_vec(), Vec::new());
            yaml::write_around(&self.root.node, &mut text, &mut gaps);
            Around { text, gaps }
        })
    }

    /// Writes what stands in the gaps.
    fn fill_gaps(&self, filled: &[Node], out: &mut Vec<u8>) {
        self.around().gaps.iter().for_each(|gap| gap.fill(&filled[gap.slot], out));
    }

    /// Returns what the pods of each instance ask for, where that does not hang on what stands in the holes.
    fn load_of_all(&self, looks: &Looks) -> Option<Arc<Option<Load>>> {
        let load = self.load.get_or_init(|| {
            let seen = looks.number();
            let load = Load::of(&self.sample());
            (looks.number() == seen).then(|| Arc::new(load))
        });
        load.clone()
    }

    fn write(&self, filled: &[Node], out: &mut Vec<u8>) {
        let around = self.around();
        let mut start = 0;
        for gap in &around.gaps {
            out.extend_from_slice(&around.text[start..gap.start]);
            gap.fill(&filled[gap.slot], out);
            start = gap.start;
        }
        out.extend_from_slice(&around.text[start..]);
    }
}
