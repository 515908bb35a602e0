//! What the entries of sections declare, as references see it: the instances of each, with the names of their objects.
//!
//! References by the declared name are rewritten to the name of the instance that is meant, with its hash where it has one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use smol_str::SmolStr;

use super::configs::{Content, check_fields};
use super::draft::is_true;
use super::memo::Memo;
use super::metadata::entry_metadata;
use crate::diagnostic::Diagnostics;
use crate::expand::{Expanded, Instances, Options, Plan, World};
use crate::kubernetes::Manifest;
use crate::spec::Section;
use crate::text::{Map, Node, Origin};

/// An entry of a section.
#[derive(Debug)]
pub struct Declaration {
    /// Where it was declared.
    pub(super) origin: Origin,
    /// Its instances by their axis values.
    pub(super) instances: Instances,
    /// The objects of its instances.
    pub(super) made: Vec<Made>,
    /// The instances that are referred to from other namespaces, with those.
    elsewhere: Mutex<BTreeSet<(usize, SmolStr)>>,
}

/// What is known of one instance of an entry.
#[derive(Debug)]
pub(super) struct Made {
    /// The name of the object.
    pub(super) name: SmolStr,
    /// Its namespace, where the entry says one.
    pub(super) namespace: Option<SmolStr>,
    /// Whether it exists already.
    pub(super) is_external: bool,
    /// The keys that it has, so far as they are known.
    pub(super) keys: Option<BTreeSet<SmolStr>>,
    /// The ConfigMap or Secret; none where it exists already.
    object: Option<Manifest>,
    /// Whether its name has no hash: others may refer to it by name.
    plain: bool,
    /// The fields of the entry, where they patch the object.
    patches: Option<Node>,
    /// Whether an object in its own namespace refers to it.
    at_home: AtomicBool,
}

/// Entries by their sections and names.
pub type Declared = BTreeMap<(Section, SmolStr), Arc<Declaration>>;

/// What a batch declares, and what its objects use.
#[derive(Debug, Default)]
pub struct Declarations {
    own: Declared,
    /// The instances that have names of their own.
    named: BTreeMap<(Section, SmolStr), (Arc<Declaration>, Vec<usize>)>,
    /// What all batches of its namespace declare, this one included.
    others: Arc<Declared>,
    /// The entries that cannot be made: what is wrong with them was told.
    broken: BTreeSet<(Section, SmolStr)>,
    pub(super) known: Arc<BTreeSet<(SmolStr, SmolStr)>>,
    /// The workloads whose instances have other names, with the numbers of their plans.
    pub(super) workloads: BTreeMap<SmolStr, (usize, Instances)>,
    /// The claims and accounts that pods use and the batch does not declare, with the first place of each.
    uses: Mutex<BTreeMap<(Section, SmolStr, SmolStr), Origin>>,
    /// What the names of the claims of StatefulSets begin with, by namespace.
    claimed: Mutex<BTreeSet<(SmolStr, SmolStr)>>,
}

impl Declarations {
    /// Reads what a batch declares; `known` are the kinds and names of objects that come as manifests.
    pub fn read(
        expanded: &Expanded,
        known: Arc<BTreeSet<(SmolStr, SmolStr)>>,
        options: &Options,
        world: &mut World<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let mut declared = Self { known, ..Self::default() };
        let referable = |section: &Section| !matches!(section, Section::Objects | Section::Workloads);
        for plan in expanded.plans.iter().filter(|plan| referable(&plan.section)) {
            let is_config = matches!(plan.section, Section::ConfigMaps | Section::Secrets);
            let hashed = !(plan.section == Section::Secrets && options.secrets_elsewhere);
            let mut memo = Memo::default();
            let make = |at| {
                if is_config {
                    config(expanded, plan, at, hashed, &mut memo, world, diagnostics)
                } else {
                    Made::of(expanded, plan, at)
                }
            };
            let made: Vec<Made> = (0..plan.len()).map(make).collect();
            let (origin, instances) = (plan.origin, Instances::of(plan));
            let one = Arc::new(Declaration { origin, instances, made, elsewhere: Mutex::default() });
            for at in (0..plan.len()).filter(|at| *plan.name(*at) != plan.entry) {
                let key = (plan.section, plan.name(at).clone());
                declared.named.entry(key).or_insert_with(|| (one.clone(), Vec::new())).1.push(at);
            }
            declared.own.insert((plan.section, plan.entry.clone()), one);
        }
        for (number, plan) in expanded.plans.iter().enumerate().filter(|(_, plan)| plan.section == Section::Workloads) {
            if (0..plan.len()).any(|at| *plan.name(at) != plan.entry) {
                declared.workloads.insert(plan.entry.clone(), (number, Instances::of(plan)));
            }
        }
        for section in Section::ALL {
            let all = expanded.batch.section(section).iter().map(|entry| (section, entry.key.text.clone()));
            declared.broken.extend(all.filter(|key| !declared.own.contains_key(key)));
        }
        declared
    }

    /// Notes that pods of a namespace use an object that the batch does not declare.
    pub(super) fn note_use(&self, used: Section, namespace: SmolStr, name: SmolStr, origin: Origin) {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        let first = uses.entry((used, namespace, name)).or_insert(origin);
        *first = origin.min(*first);
    }

    /// Notes what the names of claims begin with that a StatefulSet makes.
    pub(super) fn note_claims(&self, namespace: SmolStr, prefix: SmolStr) {
        self.claimed.lock().unwrap_or_else(PoisonError::into_inner).insert((namespace, prefix));
    }

    /// Returns the objects that pods use, with their namespaces and names, and the first place of each.
    pub fn uses(&self) -> BTreeMap<(Section, SmolStr, SmolStr), Origin> {
        self.uses.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether a StatefulSet makes a claim: the name ends with the number of a pod.
    pub fn claims(&self, namespace: &SmolStr, name: &str) -> bool {
        let prefix = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
        let claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
        prefix.len() < name.len() && claimed.contains(&(namespace.clone(), prefix.into()))
    }

    /// Returns the ConfigMaps and Secrets, once all references are known, each with the fields of its entry where they patch it.
    pub(super) fn objects(&self) -> Vec<(Manifest, Option<Node>)> {
        self.own.values().flat_map(|one| one.objects()).collect()
    }

    /// Returns the kinds and names of what exists already.
    pub fn external(&self) -> impl Iterator<Item = (&'static str, &SmolStr)> {
        self.own.iter().flat_map(|((section, _), declaration)| {
            let made = declaration.made.iter().filter(|made| made.is_external);
            made.map(|made| (section.kind(), &made.name))
        })
    }

    /// Returns the ConfigMaps and Secrets that the batch declares: batches of one namespace share them.
    pub fn shared(&self) -> impl Iterator<Item = (&(Section, SmolStr), &Arc<Declaration>)> {
        self.own.iter().filter(|((section, _), _)| matches!(section, Section::ConfigMaps | Section::Secrets))
    }

    /// Adds what the batches of its namespace declare; own declarations hold.
    pub fn import(&mut self, others: Arc<Declared>) {
        self.others = others;
    }

    /// Returns what a declared name stands for, or the name of an instance, with the numbers of those that have it.
    pub(super) fn get(&self, section: Section, name: &SmolStr) -> Option<(&Declaration, Option<&[usize]>)> {
        let key = (section, name.clone());
        let entry = self.own.get(&key).map(|one| (&**one, None));
        let instance = || self.named.get(&key).map(|(one, numbers)| (&**one, Some(numbers.as_slice())));
        let other = || self.others.get(&key).map(|one| (&**one, None));
        entry.or_else(instance).or_else(other)
    }

    /// Whether an entry is there that cannot be made.
    pub(super) fn is_broken(&self, section: Section, name: &SmolStr) -> bool {
        self.broken.contains(&(section, name.clone()))
    }

    /// Returns the names that references may use.
    pub(super) fn names(&self, section: Section) -> impl Iterator<Item = &str> {
        let all = self.own.keys().chain(self.others.keys()).chain(self.named.keys());
        all.filter(move |(of, _)| *of == section).map(|(_, name)| name.as_str())
    }
}

impl Declaration {
    /// Whether an instance is in a namespace, or may be: those without one of their own are in the batch's.
    pub(super) fn is_in(&self, namespace: Option<&SmolStr>, home: Option<&SmolStr>) -> bool {
        self.made.iter().any(|made| made.namespace.as_ref().or(home) == namespace)
    }

    /// Notes that an object refers to an instance: one in another namespace than the batch's, where that is given.
    pub(super) fn note(&self, at: usize, elsewhere: Option<&SmolStr>) {
        match elsewhere.filter(|_| self.made[at].namespace.is_none()) {
            None => self.made[at].at_home.store(true, Ordering::Relaxed),
            Some(namespace) => {
                let mut noted = self.elsewhere.lock().unwrap_or_else(PoisonError::into_inner);
                noted.insert((at, namespace.clone()));
            }
        }
    }

    /// Returns the objects.
    ///
    /// They live in the namespace that the entry says, or in that of the batch, and a copy in every other one that refers to
    /// them. What is referred to from other namespaces only, and by nobody who could know its hashed name, lives there alone.
    fn objects(&self) -> Vec<(Manifest, Option<Node>)> {
        let elsewhere = self.elsewhere.lock().unwrap_or_else(PoisonError::into_inner);
        let is_elsewhere: BTreeSet<usize> = elsewhere.iter().map(|(at, _)| *at).collect();
        let mut objects = Vec::new();
        for (at, made) in self.made.iter().enumerate() {
            let Some(object) = &made.object else { continue };
            if made.plain || made.at_home.load(Ordering::Relaxed) || !is_elsewhere.contains(&at) {
                objects.push((object.clone(), made.patches.clone()));
            }
        }
        for (at, namespace) in elsewhere.iter() {
            let Made { object, patches, .. } = &self.made[*at];
            objects.extend(object.as_ref().map(|object| (moved(object, namespace), patches.clone())));
        }
        objects
    }
}

impl Made {
    /// Returns what is known of an instance that is made elsewhere.
    fn of(expanded: &Expanded, plan: &Plan, at: usize) -> Self {
        let field = |key: &str| plan.field(at, key, &expanded.scope()).filter(|node| !node.is_null());
        Self {
            name: plan.name(at).clone(),
            namespace: field("namespace").as_ref().and_then(Node::text).cloned(),
            is_external: field("external").as_ref().is_some_and(is_true),
            keys: None,
            object: None,
            plain: true,
            patches: None,
            at_home: AtomicBool::new(false),
        }
    }
}

/// Makes a ConfigMap or Secret.
fn config(
    expanded: &Expanded,
    plan: &Plan,
    at: usize,
    hashed: bool,
    memo: &mut Memo,
    world: &mut World<'_>,
    diagnostics: &mut Diagnostics,
) -> Made {
    let mut made = Made::of(expanded, plan, at);
    let instance = plan.instance(at, &expanded.scope(), diagnostics);
    let definition: Map = instance.fields.as_map().cloned().unwrap_or_default();
    check_fields(plan.section, &definition, diagnostics);
    if made.is_external {
        return made;
    }
    let content = Content::of(plan.section, &definition, world, diagnostics);
    let name = content.name(super::name_of(&instance.name), &definition, hashed);
    let metadata =
        entry_metadata(&expanded.batch, plan, &instance, &Node::string(name.clone(), instance.origin), true, memo);
    let namespace = metadata.get("namespace").and_then(Node::text).cloned().unwrap_or_default();
    made.object = Some(content.object(&name, namespace, metadata, &definition, instance.origin));
    made.plain = name == made.name;
    made.name = name;
    made.keys = Some(content.keys());
    made.patches = ["patch", "patchJSON6902"].iter().any(|key| definition.contains(key)).then_some(instance.fields);
    made
}

/// Returns a copy of an object in another namespace.
fn moved(object: &Manifest, namespace: &SmolStr) -> Manifest {
    let mut root = object.node.as_map().cloned().unwrap_or_default();
    let mut metadata = root.get("metadata").and_then(Node::as_map).cloned().unwrap_or_default();
    metadata.put("namespace", Node::string(namespace.clone(), object.origin));
    root.put("metadata", Node::map(metadata, object.origin));
    let mut key = object.key.clone();
    key.namespace = namespace.clone();
    Manifest { key, node: Node::map(root, object.node.origin()), origin: object.origin }
}
