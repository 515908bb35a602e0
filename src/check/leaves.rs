//! What of objects with holes waits for the values of each instance: leaves, their names, and rules that looked at a leaf.
//!
//! A walk over an object with holes settles and checks at once what all instances have in common; the rest leaves it as
//! [`Waiting`], to be checked for each instance. An instance whose own values give a finding is made by itself, so that its
//! findings are those of any object.

use std::sync::Arc;

use super::name;
use super::shape::{Mode, Walk};
use crate::kubernetes::{Facts, ObjectKey, Schema, Shape};
use crate::rules::{self, Path};
use crate::text::hole::{Hole, Looks, is_of_sort};
use crate::text::{Entry, Node, Origin, Value};

/// What waits for the values of each instance.
#[derive(Debug, Default)]
pub struct Waiting {
    /// The holes of the settled objects by their numbers: what stands there of an instance.
    pub leaves: Vec<Leaf>,
    /// Whether a value of the sample gives a finding.
    is_unsound: bool,
    /// Parts of the object at hand, and rules that looked there into holes.
    asks: Vec<(Node, rules::Waiting)>,
    /// What was seen of the leaves by checks of all instances at once.
    pub looks: Arc<Looks>,
}

/// Where a hole stands in a settled object, or in several places that make the same of it.
#[derive(Debug)]
pub struct Leaf {
    hole: Hole,
    /// Where it stands in the sample.
    place: Origin,
    /// Whether it stands for what is written elsewhere: at the place of the sample, in all instances.
    is_moved: bool,
    schema: Option<&'static Schema>,
    /// What the sample is settled to.
    settled: Value,
    /// The checks of it as a name.
    names: Vec<name::Check>,
    /// Whether it only ever stands in names, namespaces and labels.
    is_identity: bool,
    /// Whether it only ever stands there, or where the pods of an object are counted.
    is_told: bool,
}

impl Waiting {
    /// Whether no value of the sample gives a finding.
    pub fn is_sound(&self) -> bool {
        !self.is_unsound
    }

    pub(super) fn ask_rules(&mut self, part: &Node, rules: Vec<rules::Waiting>) {
        self.asks.extend(rules.into_iter().map(|rule| (part.clone(), rule)));
    }

    /// Takes the parts of the object that was settled last that rules looked at with what stands in their holes.
    pub fn take_asks(&mut self) -> Vec<(Node, rules::Waiting)> {
        std::mem::take(&mut self.asks)
    }

    /// Keeps names in holes to be checked in each instance; returns those that are the same in all.
    fn without_names(&mut self, rule: name::Rule, value: &Node) -> Node {
        let Some(check) = name::Check::of(rule) else { return value.clone() };
        let mut known = |value: &Node| {
            let Some(hole) = value.as_hole() else { return value.clone() };
            let names = &mut self.leaves[hole.slot()].names;
            if !names.contains(&check) {
                names.push(check);
            }
            // An empty text gives no finding.
            Node::string("", value.origin())
        };
        let Some(map) = value.as_map() else { return known(value) };
        let entries = map.iter().map(|Entry { key, value }| Entry { key: key.clone(), value: known(value) });
        Node::map(entries.collect(), value.origin())
    }

    /// Returns the number of the leaf that a hole is, if there is one that makes the same of it.
    fn known(&self, leaf: &Leaf) -> Option<usize> {
        self.leaves.iter().position(|known| {
            known.hole.is_like(&leaf.hole)
                && known.is_moved == leaf.is_moved
                && (!known.is_moved || known.place == leaf.place)
                && settle_alike(known.schema, leaf.schema)
        })
    }
}

/// Whether two schemas make the same of every scalar.
fn settle_alike(one: Option<&Schema>, other: Option<&Schema>) -> bool {
    let is_text = |schema: &Schema| matches!(schema.shape, Shape::String) && schema.values.is_empty();
    match (one, other) {
        (Some(one), Some(other)) => std::ptr::eq(one, other) || is_text(one) && is_text(other),
        (None, None) => true,
        _ => false,
    }
}

impl Leaf {
    /// Returns the number of the value that it is made of.
    pub fn slot(&self) -> usize {
        self.hole.slot()
    }

    /// Returns what the sample is settled to.
    pub fn sample(&self) -> &Value {
        &self.settled
    }

    /// Whether it only ever stands in names, namespaces and labels, by which objects are distinguished.
    pub fn is_identity(&self) -> bool {
        self.is_identity
    }

    /// Whether it only ever stands there, or where the pods of an object are counted.
    pub fn is_told(&self) -> bool {
        self.is_told
    }

    /// Returns what stands at the place of an instance, given the values of its holes as they are written; none where the
    /// value gives a finding.
    pub fn filled(&self, values: &[Node], facts: &'static Facts, key: &ObjectKey) -> Option<Node> {
        let filled = self.hole.filled(values.get(self.hole.slot())?);
        let filled = if self.is_moved { filled.moved(self.place) } else { filled };
        let mut walk = Walk::new(facts, Mode::Spec).about(key);
        let settled = walk.leaf(&filled, self.schema, &Path::Root).unwrap_or(filled);
        let is_sound = walk.found() == 0 && self.names.iter().all(|check| check.takes(&settled));
        (is_sound && is_of_sort(&self.settled, settled.value())).then_some(settled)
    }
}

impl Walk<'_> {
    /// Settles what stands in a hole: the sample at once, and that of each instance when it is there.
    pub(super) fn hole(&mut self, node: &Node, hole: &Hole, schema: Option<&'static Schema>, path: &Path<'_>) -> Node {
        let written = Node::new(node.sample().clone(), node.origin());
        let found = self.found();
        let settled = self.leaf(&written, schema, path).unwrap_or_else(|| written.clone());
        let is_sound = self.found() == found;
        let Some(waiting) = &mut self.waiting else { return settled };
        waiting.is_unsound |= !is_sound;
        let leaf = Leaf {
            hole: hole.clone(),
            is_moved: hole.is_moved(node.origin()),
            place: node.origin(),
            schema,
            settled: settled.value().clone(),
            names: Vec::new(),
            is_identity: path.is_identity(),
            is_told: path.is_identity() || path.is_count(),
        };
        let number = waiting.known(&leaf).unwrap_or(waiting.leaves.len());
        if let Some(known) = waiting.leaves.get_mut(number) {
            known.is_identity &= leaf.is_identity;
            known.is_told &= leaf.is_told;
        } else {
            waiting.leaves.push(leaf);
        }
        Node::hole(number, &settled, &waiting.looks)
    }

    /// Reports what is wrong with the names in a field: of what stands in holes, when it is there.
    pub(super) fn check_names(&mut self, rule: name::Rule, value: &Node, path: &Path<'_>) {
        let known = match &mut self.waiting {
            None => value.clone(),
            Some(waiting) => waiting.without_names(rule, value),
        };
        for finding in name::refused_in(rule, &known, self.masked) {
            self.note(finding, path);
        }
    }
}
