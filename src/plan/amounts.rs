//! Sums of resources: requests and limits by name, exactly.

use std::collections::BTreeMap;

use smol_str::SmolStr;

use super::pods::{Load, PodDemand};
use crate::kubernetes::Quantity;
use crate::source::Node;

/// The resources that every container had better name.
const USUAL: [&str; 2] = ["cpu", "memory"];

/// Amounts of resources by name.
#[derive(Clone, Debug, Default)]
pub struct Amounts(BTreeMap<SmolStr, Quantity>);

/// What a number of pods asks for.
#[derive(Clone, Debug, Default)]
pub struct Share {
    /// The pods that are there at one time.
    pub pods: u64,
    /// What they reserve.
    pub requests: Amounts,
    /// What they may use, so far as it is limited.
    pub limits: Amounts,
    /// The pods in which a container reserves none of a resource.
    pub without_request: BTreeMap<&'static str, u64>,
    /// The pods in which a container may use any amount of a resource.
    pub without_limit: BTreeMap<&'static str, u64>,
}

impl Amounts {
    /// Reads amounts by name; what is no quantity is left out, for `check` to report.
    pub(super) fn read(node: Option<&Node>) -> Self {
        let entries = node.and_then(Node::as_map).into_iter().flatten();
        let read = entries.filter_map(|entry| {
            let amount = Quantity::parse(entry.value.text()?).ok()?;
            Some((entry.key.text.clone(), amount))
        });
        Self(read.collect())
    }

    /// Returns the amount of a resource.
    pub fn get(&self, name: &str) -> Option<&Quantity> {
        self.0.get(name)
    }

    /// Returns all amounts, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&SmolStr, &Quantity)> {
        self.0.iter()
    }

    /// Adds other amounts.
    pub(super) fn add(&mut self, other: &Self) {
        for (name, amount) in &other.0 {
            let known = self.0.entry(name.clone()).or_insert(Quantity::ZERO);
            *known = &*known + amount;
        }
    }

    /// Takes the larger of both amounts of each resource.
    pub(super) fn raise(&mut self, other: &Self) {
        for (name, amount) in &other.0 {
            let known = self.0.entry(name.clone()).or_insert(Quantity::ZERO);
            if *known < *amount {
                *known = amount.clone();
            }
        }
    }

    /// Sets the amounts that another one names.
    pub(super) fn replace(&mut self, other: &Self) {
        self.0.extend(other.0.iter().map(|(name, amount)| (name.clone(), amount.clone())));
    }

    /// Fills in the amounts that only another one names.
    pub(super) fn complete(&mut self, other: &Self) {
        for (name, amount) in &other.0 {
            self.0.entry(name.clone()).or_insert_with(|| amount.clone());
        }
    }

    fn times(&self, count: u64) -> Self {
        Self(self.0.iter().map(|(name, amount)| (name.clone(), amount.times(count))).collect())
    }
}

impl Share {
    /// Adds the pods of one object.
    pub(super) fn add(&mut self, load: &Load) {
        let PodDemand { requests, limits, unrequested, unlimited } = &load.pod;
        self.pods += load.pods;
        self.requests.add(&requests.times(load.pods));
        self.limits.add(&limits.times(load.pods));
        for name in USUAL {
            if unrequested.contains(&name) {
                *self.without_request.entry(name).or_default() += load.pods;
            }
            if unlimited.contains(&name) {
                *self.without_limit.entry(name).or_default() += load.pods;
            }
        }
    }
}

/// Returns the usual resources that amounts do not name.
pub(super) fn lacking(amounts: &Amounts) -> impl Iterator<Item = &'static str> {
    USUAL.into_iter().filter(|name| amounts.get(name).is_none())
}
