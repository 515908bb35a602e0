//! An instance that stands for many: what differs between them is a hole in its tree.
//!
//! The values of an instance are those that its holes take, in one order for all instances of a plan: its name, its axis
//! values, and what its texts with expressions come to.

use std::sync::Arc;

use smol_str::SmolStr;

use super::plan::{Instance, Plan, Variant};
use super::scope::Scope;
use crate::diagnostic::Diagnostics;
use crate::text::hole::{Looks, is_single};
use crate::text::{Entry, Map, Node};

/// What instances must have in common for one of them to stand for the others.
#[derive(Debug)]
pub struct Likeness {
    variant: usize,
    axes: Vec<SmolStr>,
}

impl Plan {
    /// Returns the values of an instance; none where its expressions cannot be filled in, or only layer by layer.
    pub fn values(&self, at: usize, scope: &Scope<'_>) -> Option<Vec<Node>> {
        let planned = &self.instances[at];
        let Variant::Merged(tree) = &self.variants[planned.variant] else { return None };
        if planned.stands_in {
            return None;
        }
        let mut values = vec![Node::string(planned.name.clone(), self.origin)];
        values.extend(axes_of(planned.cell.as_ref()).map(|axis| axis.value.clone()));
        let mut findings = Diagnostics::new();
        tree.values(&self.scope(at, scope), &mut values, &mut findings);
        (findings.is_empty() && values.iter().all(|value| !value.holds_broken())).then_some(values)
    }

    /// Returns what others must have in common with an instance.
    pub fn likeness(&self, at: usize) -> Likeness {
        let planned = &self.instances[at];
        let axes = axes_of(planned.cell.as_ref()).map(|axis| axis.key.text.clone()).collect();
        Likeness { variant: planned.variant, axes }
    }

    /// Returns an instance with a hole for each of its values.
    pub fn model(&self, at: usize, values: &[Node], looks: &Arc<Looks>) -> Option<Instance> {
        let planned = &self.instances[at];
        let Variant::Merged(tree) = &self.variants[planned.variant] else { return None };
        let mut slots = Slots { values, next: 0, looks };
        let name = slots.next()?;
        let cell = match &planned.cell {
            Some(cell) if cell.as_map().is_some() => {
                let mut axes = Map::new();
                for Entry { key, .. } in axes_of(Some(cell)) {
                    axes.push(key.clone(), slots.next()?);
                }
                Some(Node::map(axes, cell.origin()))
            }
            cell => cell.clone(),
        };
        let fields = tree.model(&mut slots)?;
        Some(Instance { entry: self.entry.clone(), name, fields, cell, origin: self.origin })
    }
}

impl Likeness {
    /// Whether an instance has it.
    pub fn holds(&self, plan: &Plan, at: usize) -> bool {
        let planned = &plan.instances[at];
        planned.variant == self.variant && axes_of(planned.cell.as_ref()).map(|axis| &axis.key.text).eq(&self.axes)
    }
}

fn axes_of(cell: Option<&Node>) -> impl Iterator<Item = &Entry> {
    cell.and_then(Node::as_map).into_iter().flatten()
}

/// The values of one instance, taken one after the other.
pub(super) struct Slots<'a> {
    values: &'a [Node],
    next: usize,
    looks: &'a Arc<Looks>,
}

impl Slots<'_> {
    /// Returns the next value as what stands in the tree for it: a list or mapping itself, which all must have alike.
    pub(super) fn next(&mut self) -> Option<Node> {
        let (slot, value) = (self.next, self.values.get(self.next)?);
        self.next += 1;
        if is_single(value.value()) {
            return Some(Node::hole(slot, value, self.looks));
        }
        self.looks.add_value(slot, value);
        Some(value.clone())
    }

    /// Returns the next value as one that all have alike.
    pub(super) fn next_fixed(&mut self) -> Option<Node> {
        let (slot, value) = (self.next, self.values.get(self.next)?);
        self.next += 1;
        self.looks.add_value(slot, value);
        Some(value.clone())
    }
}
