//! The axis values of what refers to an entry in, the instance of the entry that is meant out.
//!
//! An instance is found by the axes that both have: those that name it first, then all others. One that does not fan out
//! is its own only instance.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use smol_str::SmolStr;

use super::plan::{Plan, label_text};
use crate::text::{Map, Node, Origin};

/// The instances of an entry, as references find them.
#[derive(Debug)]
pub struct Instances {
    /// The axes that name an instance.
    naming: Vec<SmolStr>,
    /// The axis values of each, then those of the ones that `when` leaves out.
    cells: Vec<Option<Node>>,
    made: usize,
    when: Origin,
    /// The numbers of the instances by the values of some axes.
    known: RwLock<HashMap<Vec<SmolStr>, ByValues>>,
}

type ByValues = HashMap<Vec<SmolStr>, Vec<usize>>;

/// What a reference finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Joined {
    /// The instance of that number.
    One(usize),
    /// Several: these axes would tell them apart.
    Several(Vec<usize>, Vec<SmolStr>),
    /// One that the condition at that place leaves out.
    LeftOut(Origin),
    /// None has these axis values.
    Nothing(Vec<SmolStr>),
}

impl Instances {
    /// Returns the instances of a plan.
    pub fn of(plan: &Plan) -> Self {
        let made = plan.instances.iter().map(|planned| planned.cell.clone());
        Self {
            naming: plan.axes.clone(),
            cells: made.chain(plan.left_out.iter().cloned()).collect(),
            made: plan.instances.len(),
            when: plan.when,
            known: RwLock::default(),
        }
    }

    /// Returns the instance that is meant by something with these axis values.
    pub fn joined(&self, cell: Option<&Node>) -> Joined {
        let shared: Vec<SmolStr> = self.naming.iter().filter(|axis| has(cell, axis)).cloned().collect();
        let found = self.with(&shared, cell);
        if found.len() == 1 {
            return self.one(found[0]);
        }
        if found.is_empty() {
            return Joined::Nothing(shared);
        }
        // What names an instance does not tell them apart: further columns of rows may.
        let mut all: Vec<SmolStr> = self.columns().filter(|axis| has(cell, axis)).cloned().collect();
        all.sort_unstable();
        let found = if all.len() > shared.len() { self.with(&all, cell) } else { found };
        let made: Vec<usize> = found.iter().copied().filter(|at| *at < self.made).collect();
        match (found.as_slice(), made.as_slice()) {
            ([], _) => Joined::Nothing(all),
            ([only], _) | (_, [only]) => self.one(*only),
            (_, []) => Joined::LeftOut(self.when),
            _ => Joined::Several(made, self.naming.iter().filter(|axis| !has(cell, axis)).cloned().collect()),
        }
    }

    fn one(&self, at: usize) -> Joined {
        if at < self.made { Joined::One(at) } else { Joined::LeftOut(self.when) }
    }

    /// Returns the names of all axes, those of the first instance first.
    fn columns(&self) -> impl Iterator<Item = &SmolStr> {
        self.cells
            .first()
            .into_iter()
            .flatten()
            .filter_map(Node::as_map)
            .flat_map(Map::iter)
            .map(|entry| &entry.key.text)
    }

    /// Returns the instances that have the values of a cell on some axes.
    fn with(&self, axes: &[SmolStr], cell: Option<&Node>) -> Vec<usize> {
        if axes.is_empty() {
            return (0..self.cells.len()).collect();
        }
        let wanted = values(axes, cell);
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(by_values) = known.get(axes) {
            return by_values.get(&wanted).cloned().unwrap_or_default();
        }
        drop(known);
        let mut by_values = ByValues::with_capacity(self.cells.len());
        for (at, cell) in self.cells.iter().enumerate() {
            by_values.entry(values(axes, cell.as_ref())).or_default().push(at);
        }
        let found = by_values.get(&wanted).cloned().unwrap_or_default();
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(axes.to_vec(), by_values);
        found
    }
}

fn has(cell: Option<&Node>, axis: &str) -> bool {
    cell.is_some_and(|cell| cell.get(axis).is_some())
}

/// Returns the texts that stand for the values of axes.
fn values(axes: &[SmolStr], cell: Option<&Node>) -> Vec<SmolStr> {
    axes.iter().map(|axis| cell.and_then(|cell| label_text(cell.get(axis)?)).unwrap_or_default()).collect()
}
