//! What objects that are applied together say of one another.
//!
//! What each object offers and asks for enters as it is made, and objects are forgotten again: of thousands of instances
//! only what they leave open among themselves is kept. Findings leave when all is there. What nobody can mend from outside
//! is told wherever it is seen; what may come from elsewhere, as loudly as the run asks for.

mod alone;
mod doomed;
mod budgets;
mod claims;
mod gather;
mod missing;
mod overlaps;
mod ports;
mod selectors;

pub use gather::Gathered;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use smol_str::SmolStr;

pub(super) use self::alone::HANDLERS;
use self::claims::Users;
use self::gather::{About, Asked, Backend, Budget, Governed, Labels, Offer, Pods, Scaled, Selects, Target};
use self::overlaps::Owner;
use self::selectors::Index;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::text::Origin;

/// So many objects of a namespace are looked through for the one that was meant.
const NEAR: usize = 100;

/// The ports of so many workloads behind one Service are compared.
const MOST: usize = 100;

/// How loud it is that something is not among the inputs that may come from elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outside {
    /// Nothing is said: the inputs are a part of what is applied.
    #[default]
    Silent,
    /// It is a note.
    Note,
    /// It is a warning.
    Warning,
    /// It is an error: the inputs are all that there is.
    Error,
}

/// What a set is asked.
pub struct Asking<'a> {
    /// How loud it is that something is not there.
    pub outside: Outside,
    /// Whether all objects could be made and read.
    pub is_whole: bool,
    /// Whether it is said already that the name at a place leads nowhere.
    pub is_told: &'a dyn Fn(Origin) -> bool,
    /// Whether an object is somewhere among the inputs.
    pub is_there: &'a dyn Fn(Name<'_>) -> bool,
}

/// The name of an object; its namespace is empty where it has none, or none is written.
#[derive(Clone, Copy, Debug)]
pub struct Name<'a> {
    pub(super) group: &'a str,
    pub(super) kind: &'a str,
    pub(super) namespace: &'a str,
    pub(super) text: &'a str,
}

/// A number that stands for a text, or several.
type Hashed = u64;

/// A number that stands for group, kind, namespace and name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Id(Hashed);

impl Id {
    fn of(group: &str, kind: &str, namespace: &str, name: &str) -> Self {
        Self(hashed(&[group, kind, namespace, name]))
    }
}

fn hashed(value: &impl Hash) -> Hashed {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// What is known of an object that others name.
#[derive(Clone, Copy, Debug)]
enum Known {
    /// That it is there.
    There,
    /// The pods that it makes, by their number.
    Pods(u32),
    /// What it is as a Service, by its number.
    Service(u32),
    /// The keys of a ConfigMap or Secret, by their number.
    Keys(u32),
    /// That it is a claim for one node at a time.
    Once,
}

/// The pods of an object, in few bytes.
#[derive(Clone, Copy, Debug)]
struct Row {
    /// The number of the labels that it has in common with the row before.
    common: u32,
    /// Where its other labels start among those of all.
    start: u32,
    others: u16,
    /// Whether an autoscaler that was made with it chooses how many there are.
    is_scaled: bool,
    /// The number of what is told of their ports.
    shape: u32,
    /// How many there are; 0 where that is not known.
    count: u32,
}

/// The pods of an object, as a person reads them.
#[derive(Debug)]
struct NearPods {
    about: Arc<About>,
    labels: Labels,
    at: Origin,
    /// Their number.
    row: u32,
}

/// A Service, as a person reads it.
#[derive(Debug)]
struct NearService {
    name: SmolStr,
    selector: Labels,
}

/// Values that are kept once each, by their numbers.
#[derive(Debug)]
struct Shelf<T> {
    numbers: HashMap<Arc<T>, u32>,
    all: Vec<Arc<T>>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self { numbers: HashMap::new(), all: Vec::new() }
    }
}

impl<T: Eq + Hash> Shelf<T> {
    fn put(&mut self, value: T) -> u32 {
        if let Some(number) = self.numbers.get(&value) {
            return *number;
        }
        let (number, value) = (small(self.all.len()), Arc::new(value));
        self.numbers.insert(Arc::clone(&value), number);
        self.all.push(value);
        number
    }

    fn get(&self, number: u32) -> Option<&T> {
        self.all.get(number as usize).map(Arc::as_ref)
    }
}

/// Objects that are applied together.
#[derive(Debug, Default)]
pub struct Set {
    names: HashMap<Id, Known>,
    /// Kinds and names of what exists already, as the inputs say.
    external: HashSet<(SmolStr, SmolStr)>,
    /// Labels that rows have in common, and those that each has beside them.
    common: Shelf<Vec<Hashed>>,
    labels: Vec<Hashed>,
    pods: Vec<Row>,
    /// The owners of pods that are made of a spec, by the numbers of their pods.
    owners: Vec<Owner>,
    /// The names of the ports of pods, and where the pods are written.
    shapes: Shelf<(Vec<SmolStr>, Origin)>,
    services: Shelf<ports::Offered>,
    keys: Shelf<Vec<SmolStr>>,
    near_pods: HashMap<SmolStr, Vec<NearPods>>,
    near_services: HashMap<SmolStr, Vec<NearService>>,
    /// Some names of objects, by kind and namespace.
    near_names: BTreeMap<(SmolStr, SmolStr), Vec<SmolStr>>,
    /// Namespaces, and what the names of the claims of StatefulSets begin with.
    claimed: HashSet<(SmolStr, SmolStr)>,
    selects: Vec<Selects>,
    targets: Vec<Target>,
    backends: Vec<Backend>,
    governed: Vec<Governed>,
    budgets: Vec<Budget>,
    scaled: Vec<Scaled>,
    /// What is scaled, by whom, and where that is written.
    scalers: HashMap<Id, (Id, Origin)>,
    asked: BTreeMap<(Id, Origin), Asked>,
    asked_keys: BTreeMap<(Id, Hashed, Origin), missing::KeyAsked>,
    users: BTreeMap<Id, Users>,
    node_ports: HashMap<SmolStr, (Id, Origin)>,
    clashes: Vec<Diagnostic>,
    /// Whether something else may make pods, and other things, too.
    has_others: bool,
    found: Vec<Diagnostic>,
}

impl Set {
    /// Notes that an object exists already, as the inputs say.
    pub fn external(&mut self, kind: &str, name: &str) {
        self.external.insert((kind.into(), name.into()));
    }

    /// Adds what is known of objects.
    pub fn add(&mut self, gathered: Gathered) {
        self.has_others |= gathered.has_others;
        self.found.extend(gathered.found);
        for (about, id, offer) in gathered.offers {
            self.offer(&about, id, offer);
        }
        for id in gathered.promised {
            self.names.entry(id).or_insert(Known::There);
        }
        self.claimed.extend(gathered.claimed);
        self.selects.extend(gathered.selects);
        self.targets.extend(gathered.targets);
        self.backends.extend(gathered.backends);
        self.governed.extend(gathered.governed);
        self.budgets.extend(gathered.budgets);
        for (target, own, scaled) in gathered.scalers {
            let made = if scaled.about.made { self.row_of(target) } else { None };
            match made.and_then(|number| self.pods.get_mut(number as usize)).filter(|row| !row.is_scaled) {
                // That is all there is to know of it, and takes no room.
                Some(row) if !self.scalers.contains_key(&target) => row.is_scaled = true,
                _ => self.scale(target, own, scaled),
            }
        }
        for asked in gathered.asked {
            missing::note_keys(&mut self.asked_keys, &asked);
            if asked.kind == "PersistentVolumeClaim" {
                self.users.entry(asked.id).or_insert_with(|| Users::new(&asked)).add(&asked);
            }
            match self.asked.entry((asked.id, asked.at)) {
                Entry::Occupied(known) => known.into_mut().count += asked.count,
                Entry::Vacant(free) => drop(free.insert(asked)),
            }
        }
        for (port, about, at, number) in gathered.node_ports {
            self.node_port(&port, &about, at, number);
        }
    }

    /// Returns what is wrong between the objects.
    pub fn judge(&self, asking: &Asking<'_>) -> Vec<Diagnostic> {
        let mut found = self.found.clone();
        // Files of a folder may stand for one another, and not be applied at once.
        let several = asking.outside == Outside::Note;
        let severity = if several { Severity::Warning } else { Severity::Error };
        found.extend(self.clashes.iter().cloned().map(|finding| finding.severity(severity)));
        let index = Index::of(self);
        self.judge_selects(&index, asking.outside, &mut found);
        self.judge_owners(&index, &mut found);
        self.judge_targets(&index, &mut found);
        self.judge_budgets(&index, &mut found);
        self.judge_backends(&mut found);
        self.judge_governed(asking, &mut found);
        self.judge_scaled(asking, &mut found);
        self.judge_claims(&mut found);
        self.judge_keys(asking, &mut found);
        self.judge_missing(asking, &mut found);
        found
    }

    fn offer(&mut self, about: &Arc<About>, id: Option<Id>, offer: Offer) {
        let key = &about.key;
        if id.is_some() {
            let near = self.near_names.entry((key.kind.clone(), about.namespace.clone())).or_default();
            if near.len() < 10 * NEAR {
                near.push(key.name.clone());
            }
        }
        let known = match offer {
            Offer::There => Known::There,
            Offer::Once => Known::Once,
            Offer::Keys(keys) => Known::Keys(self.keys.put(keys)),
            Offer::Service(offered, selector) => {
                let near = self.near_services.entry(about.namespace.clone()).or_default();
                if near.len() < NEAR {
                    near.push(NearService { name: key.name.clone(), selector });
                }
                Known::Service(self.services.put(offered))
            }
            Offer::Pods(pods) => Known::Pods(self.pods(pods)),
        };
        if let Some(id) = id {
            self.names.entry(id).or_insert(known);
        }
    }

    fn pods(&mut self, pods: Pods) -> u32 {
        let Pods { about, labels, selector, ports, count, at } = pods;
        let (start, number) = (small(self.labels.len()), small(self.pods.len()));
        let common = self.in_common(&labels.hashes);
        let shared = self.common.get(common).map_or(&[][..], Vec::as_slice);
        let own = labels.hashes.iter().filter(|label| !shared.contains(label)).take(usize::from(u16::MAX));
        self.labels.extend(own);
        let others = u16::try_from(self.labels.len() - start as usize).unwrap_or(u16::MAX);
        let (shape, count) = (self.shapes.put((ports, at)), count.unwrap_or_default());
        self.pods.push(Row { common, start, others, is_scaled: false, shape, count });
        self.owners.extend(selector.map(|wanted| Owner { about: Arc::clone(&about), wanted, row: number }));
        let near = self.near_pods.entry(about.namespace.clone()).or_default();
        if near.len() < NEAR {
            near.push(NearPods { about, labels, at, row: number });
        }
        number
    }

    /// Returns the number of the labels that pods have in common with those before them: instances differ in few.
    fn in_common(&mut self, labels: &[Hashed]) -> u32 {
        let Some(last) = self.pods.last() else { return self.common.put(Vec::new()) };
        let known = self.common.get(last.common).filter(|known| known.iter().all(|label| labels.contains(label)));
        if known.is_some_and(|known| !known.is_empty()) {
            return last.common;
        }
        let (common, own) = self.labels_of(last);
        let shared = common.iter().chain(own).filter(|label| labels.contains(label)).copied().collect();
        self.common.put(shared)
    }

    fn scale(&mut self, target: Id, own: Id, scaled: Scaled) {
        let made = self.row_of(target).and_then(|number| self.pods.get(number as usize));
        let made = made.filter(|row| row.is_scaled).map(|_| Origin::NOWHERE);
        let first = match self.scalers.get(&target) {
            // One object may stand in several files.
            Some((known, _)) if *known == own => return,
            Some((_, first)) => Some(*first),
            None => made,
        };
        if let Some(first) = first {
            let Scaled { about, kind, name, at } = &scaled;
            let message = format!("two autoscalers scale the {kind} `{name}`: neither of them does");
            let finding = Diagnostic::new(Code::WithoutEffect, *at, message)
                .also(first, "the first is here")
                .help("take one of them out, and give its metrics to the other");
            self.found.push(about.subject(finding, "spec.scaleTargetRef.name"));
        } else {
            self.scalers.insert(target, (own, scaled.at));
        }
        if !self.names.contains_key(&target) {
            self.scaled.push(scaled);
        }
    }

    /// Returns the number of the pods that an object makes.
    fn row_of(&self, id: Id) -> Option<u32> {
        match self.names.get(&id)? {
            Known::Pods(number) => Some(*number),
            _ => None,
        }
    }

    fn node_port(&mut self, port: &SmolStr, about: &Arc<About>, at: Origin, number: usize) {
        let own = about.id("", "Service", &about.key.name);
        match self.node_ports.get(port) {
            // A Service may have one for several protocols.
            Some((known, _)) if *known == own => {}
            Some((_, first)) => {
                let finding = Diagnostic::new(
                    Code::DuplicateValue,
                    at,
                    format!("two Services want the port `{port}` of all nodes"),
                )
                .also(*first, "the first is here")
                .help("leave `nodePort` out, and the cluster chooses one that is free");
                self.clashes.push(about.subject(finding, format_args!("spec.ports[{number}].nodePort")));
            }
            None => drop(self.node_ports.insert(port.clone(), (own, at))),
        }
    }
}

/// A number of things that are counted in few bytes: there are never so many.
fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
