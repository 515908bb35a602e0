//! What a batch asks of a cluster, counted: objects, pods, cpu, memory, names, calls.
//!
//! A [`Compilation`] enters, an [`Estimate`] leaves. Objects pass by one after the other and are forgotten, so that a
//! batch of any size needs the memory of its sums alone. Values of axes and fields stay out: only their number is told.

mod json;
mod share;
mod table;

pub use share::Share;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use smol_str::SmolStr;

use crate::compile::{Compilation, Measured};
use crate::expand::{Expanded, Plan, label_text, name_budget_of};
use crate::kubernetes::{Basis, Minor, ObjectKey, install_rank};
use crate::preflight::Room;
use crate::spec::WorkloadKind;
use crate::text::{Node, Origin};

/// The most objects that are told one by one.
const MOST_LISTED: usize = 50;

/// What a compilation makes, in numbers.
#[derive(Debug)]
pub struct Estimate {
    /// The name of the output as a whole.
    pub name: SmolStr,
    /// The Kubernetes version that was compiled for.
    pub kubernetes: Minor,
    /// The number of objects; applying them takes one call each.
    pub objects: usize,
    /// The length of the output of `build` in bytes.
    pub bytes: u64,
    /// Objects by apiVersion and kind, in install order.
    pub kinds: Vec<(SmolStr, SmolStr, usize)>,
    /// Objects by namespace; those without one come under the empty name.
    pub namespaces: BTreeMap<SmolStr, usize>,
    /// The workloads, batch by batch.
    pub workloads: Vec<Workload>,
    /// What all pods ask for, by how often there is one: at once, on each node, in each run of a CronJob.
    pub totals: BTreeMap<Basis, Share>,
    /// The pods that all Jobs run to their end.
    pub completions: u64,
    /// The name with the least room left.
    pub longest: Option<Longest>,
    /// The room that a cluster has for it, where it was held against one.
    pub room: Option<Room>,
    listed: Vec<Listed>,
}

/// One workload of a spec.
#[derive(Debug)]
pub struct Workload {
    /// The batch.
    pub batch: SmolStr,
    /// The name in the spec.
    pub name: SmolStr,
    /// The kind.
    pub kind: WorkloadKind,
    /// The number of instances.
    pub instances: usize,
    /// The axes, each with the number of its values.
    pub axes: Vec<(SmolStr, usize)>,
    /// How often its pods are there.
    pub basis: Basis,
    /// What its pods ask for.
    pub share: Share,
}

/// A name, and how long it may be.
#[derive(Clone, Debug)]
pub struct Longest {
    /// The object.
    pub key: ObjectKey,
    /// The most characters that its name may have.
    pub budget: usize,
}

/// An object that is told on its own.
#[derive(Debug)]
struct Listed {
    key: ObjectKey,
    bytes: usize,
    share: Option<(Basis, Share)>,
}

impl Estimate {
    /// Counts all objects of a compilation.
    pub fn of(compilation: &Compilation) -> Self {
        let mut workloads = Vec::new();
        let mut places: HashMap<Origin, usize> = HashMap::new();
        for batch in compilation.batches() {
            for plan in &batch.plans {
                let Some(kind) = plan.form.workload() else { continue };
                places.insert(plan.origin, workloads.len());
                workloads.push(workload(batch, plan, kind));
            }
        }
        let mut estimate = Self {
            name: compilation.name().into(),
            kubernetes: compilation.facts().minor,
            objects: 0,
            bytes: 0,
            kinds: Vec::new(),
            namespaces: BTreeMap::new(),
            workloads,
            totals: BTreeMap::new(),
            completions: 0,
            longest: None,
            room: None,
            listed: Vec::new(),
        };
        let mut kinds: BTreeMap<(usize, SmolStr, SmolStr, SmolStr), usize> = BTreeMap::new();
        compilation.measure(|object| {
            let ObjectKey { group, kind, .. } = &object.key;
            let rank = (install_rank(group, kind), group.clone(), kind.clone(), object.key.api_version());
            *kinds.entry(rank).or_default() += 1;
            estimate.add(object, &places);
        });
        estimate.kinds =
            kinds.into_iter().map(|((_, _, kind, api_version), count)| (api_version, kind, count)).collect();
        estimate
    }

    /// Returns the estimate as JSON, by the schema in `schemas/plan.schema.json`.
    pub fn to_json(&self) -> String {
        json::write(self)
    }

    /// Returns the estimate as tables for people.
    pub fn to_table(&self) -> String {
        table::write(self)
    }

    fn add(&mut self, object: Measured, places: &HashMap<Origin, usize>) {
        let Measured { key, origin, bytes, load } = object;
        self.objects += 1;
        self.bytes += bytes as u64;
        *self.namespaces.entry(key.namespace.clone()).or_default() += 1;
        if let Some(load) = &*load {
            self.totals.entry(load.basis).or_default().add(load);
            self.completions += if load.basis == Basis::Running { load.completions } else { 0 };
            let owner = places.get(&origin).map(|at| &mut self.workloads[*at]);
            if let Some(owner) = owner.filter(|owner| owner.kind.as_str() == key.kind) {
                owner.share.add(load);
            }
        }
        let budget = name_budget_of(&key.kind);
        let room = |longest: &Longest| longest.budget.saturating_sub(longest.key.name.len());
        if self.longest.as_ref().is_none_or(|known| budget.saturating_sub(key.name.len()) < room(known)) {
            self.longest = Some(Longest { key: key.clone(), budget });
        }
        if self.objects > MOST_LISTED {
            self.listed = Vec::new();
        } else {
            let share = load.as_ref().as_ref().map(|load| {
                let mut share = Share::default();
                share.add(load);
                (load.basis, share)
            });
            self.listed.push(Listed { key, bytes, share });
        }
    }
}

fn workload(batch: &Expanded, plan: &Plan, kind: WorkloadKind) -> Workload {
    let mut axes: Vec<(SmolStr, BTreeSet<SmolStr>)> = Vec::new();
    for cell in (0..plan.len()).filter_map(|at| plan.cell(at)) {
        for (number, entry) in cell.as_map().into_iter().flatten().enumerate() {
            let known = match axes.get(number) {
                Some((name, _)) if *name == entry.key.text => Some(number),
                _ => axes.iter().position(|(name, _)| *name == entry.key.text),
            };
            let at = known.unwrap_or_else(|| {
                axes.push((entry.key.text.clone(), BTreeSet::new()));
                axes.len() - 1
            });
            axes[at].1.insert(text_of(&entry.value));
        }
    }
    Workload {
        batch: batch.batch.name.clone(),
        name: plan.entry.clone(),
        kind,
        instances: plan.len(),
        axes: axes.into_iter().map(|(name, values)| (name, values.len())).collect(),
        basis: Basis::of(kind.as_str()),
        share: Share::default(),
    }
}

/// Returns a text by which values of an axis are told apart.
fn text_of(value: &Node) -> SmolStr {
    label_text(value).unwrap_or_default()
}
