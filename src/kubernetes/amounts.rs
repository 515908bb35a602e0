//! Sums of resources by name, exactly.

use std::collections::BTreeMap;

use smol_str::SmolStr;

use super::{Quantity, Tree};

/// Amounts of resources by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Amounts(BTreeMap<SmolStr, Quantity>);

impl Amounts {
    /// Reads amounts by name; what is no quantity is left out, for `check` to report.
    pub fn read(node: Option<&impl Tree>) -> Self {
        let mut all = BTreeMap::new();
        for (name, value) in node.into_iter().flat_map(Tree::members) {
            if let Some(amount) = value.scalar().and_then(|text| Quantity::decode(&text).ok()) {
                all.insert(name.into(), amount);
            }
        }
        Self(all)
    }

    /// Returns the amount of a resource.
    pub fn get(&self, name: &str) -> Option<&Quantity> {
        self.0.get(name)
    }

    /// Returns all amounts, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&SmolStr, &Quantity)> {
        self.0.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sets an amount.
    pub fn set(&mut self, name: impl Into<SmolStr>, amount: Quantity) {
        self.0.insert(name.into(), amount);
    }

    /// Adds other amounts.
    pub fn add(&mut self, other: &Self) {
        for (name, amount) in &other.0 {
            let known = self.0.entry(name.clone()).or_insert(Quantity::ZERO);
            *known = &*known + amount;
        }
    }

    /// Takes the larger of both amounts of each resource.
    pub fn raise(&mut self, other: &Self) {
        for (name, amount) in &other.0 {
            let known = self.0.entry(name.clone()).or_insert(Quantity::ZERO);
            if *known < *amount {
                *known = amount.clone();
            }
        }
    }

    /// Sets the amounts that another one names.
    pub fn replace(&mut self, other: &Self) {
        self.0.extend(other.0.iter().map(|(name, amount)| (name.clone(), amount.clone())));
    }

    /// Fills in the amounts that only another one names.
    pub fn complete(&mut self, other: &Self) {
        for (name, amount) in &other.0 {
            self.0.entry(name.clone()).or_insert_with(|| amount.clone());
        }
    }

    /// Returns them times `count`.
    #[must_use]
    pub fn times(&self, count: u64) -> Self {
        Self(self.0.iter().map(|(name, amount)| (name.clone(), amount.times(count))).collect())
    }
}
