//! An entry of a section whose instances are known and named; their fields are bound when they are asked for.
//!
//! The instances that the same overrides match share one tree, whose expressions are cut once.

use std::collections::HashSet;

use smol_str::{SmolStr, format_smolstr};

use super::bind::Bindable;
use super::expression::Template;
use super::layering::{Form, Layering};
use super::matrix;
use super::scope::Scope;
use crate::diagnostic::Diagnostics;
use crate::kubernetes::Facts;
use crate::spec::Section;
use crate::text::{Node, Origin};

/// An entry of a section whose instances are known and named.
#[derive(Debug)]
pub struct Plan {
    /// The section that it stands in.
    pub section: Section,
    /// The name of the entry in the spec.
    pub entry: SmolStr,
    /// Where that name was written.
    pub origin: Origin,
    /// What its fields are.
    pub form: Form,
    /// The name of the entry, where expressions of the instances stand in it.
    pub(super) key: Option<Template>,
    /// The axes that name an instance; none without fan-out.
    pub axes: Vec<SmolStr>,
    /// The axes that become labels where no layer says which.
    pub(super) labels: Vec<SmolStr>,
    pub(super) instances: Vec<Planned>,
    /// The axis values of the instances that `when` leaves out, and where it stands.
    pub(super) left_out: Vec<Option<Node>>,
    pub(super) when: Origin,
    pub(super) variants: Vec<Variant>,
    pub(super) facts: &'static Facts,
    /// How many of the lowest layers say what holds for all entries of the section.
    pub(super) shared: usize,
    /// Whether the batch includes parts.
    pub(super) has_parts: bool,
    /// The addresses of nodes that `variants` hold.
    pub(super) fixed: HashSet<usize>,
    /// Whether all of its layers are there: what is missed in one that is not may stand in a layer that was not found.
    pub is_whole: bool,
}

/// The tree that the instances with the same overrides share.
#[derive(Debug)]
pub(super) enum Variant {
    /// Its layers are merged.
    Merged(Bindable),
    /// Only in each instance it is known how its layers merge.
    Layers(Vec<Bindable>),
}

/// An instance before its fields are filled in.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub(super) name: SmolStr,
    pub(super) cell: Option<Node>,
    /// Its number in the fan-out, of which `when` may leave some out.
    pub(super) number: usize,
    pub(super) variant: usize,
    /// Whether its name, or its values, are not known because of a reported mistake.
    pub(super) stands_in: bool,
}

/// One instance of an entry, its expressions filled in.
#[derive(Clone, Debug)]
pub struct Instance {
    /// The name of the entry in the spec.
    pub entry: SmolStr,
    /// The name of the instance, as its objects have it.
    pub name: Node,
    /// Its fields.
    pub fields: Node,
    /// Its axis values.
    pub cell: Option<Node>,
    /// Where the entry was written.
    pub origin: Origin,
}

impl Plan {
    /// Whether it is made in several instances.
    pub fn fans_out(&self) -> bool {
        !self.axes.is_empty()
    }

    /// Returns what messages call it.
    pub fn noun(&self) -> &'static str {
        self.section.noun()
    }

    /// Returns the number of instances.
    pub fn len(&self) -> usize {
        self.instances.len()
    }

    /// Whether there is no instance.
    pub fn is_empty(&self) -> bool {
        self.instances.is_empty()
    }

    /// Returns the name of an instance.
    pub fn name(&self, at: usize) -> &SmolStr {
        &self.instances[at].name
    }

    /// Returns the axis values of an instance.
    pub fn cell(&self, at: usize) -> Option<&Node> {
        self.instances[at].cell.as_ref()
    }

    /// Whether an instance stands for those that a reported mistake keeps from being made: it is there to be looked at, and
    /// not for others to refer to.
    pub fn stands_in(&self, at: usize) -> bool {
        self.instances[at].stands_in
    }

    /// Whether a node of an instance is the same in all instances of its variant, and stays as long as the plan does.
    pub fn is_fixed(&self, node: &Node) -> bool {
        self.fixed.contains(&node.address())
    }

    /// Returns how many of the instances that a run may have it takes.
    pub(super) fn counted(&self) -> usize {
        if self.section == Section::Workloads || self.fans_out() { self.len() } else { 0 }
    }

    /// Returns the number of values that all instances hold before their expressions are filled in.
    pub(super) fn weight(&self) -> usize {
        let weight = |variant: &Variant| match variant {
            Variant::Merged(tree) => tree.weight(),
            Variant::Layers(layers) => layers.iter().map(Bindable::weight).sum(),
        };
        let variants: Vec<usize> = self.variants.iter().map(weight).collect();
        self.instances.iter().map(|planned| variants[planned.variant]).fold(0, usize::saturating_add)
    }

    /// Returns what the expressions of an instance see.
    pub fn scope<'s>(&'s self, at: usize, scope: &Scope<'s>) -> Scope<'s> {
        let Planned { name, cell, number, .. } = &self.instances[at];
        Scope { matrix: cell.as_ref(), index: Some(*number), name: Some(name), ..scope.clone() }
    }

    /// Fills one field of an instance in; what is wrong with it is found when the instance is filled in.
    pub fn field(&self, at: usize, key: &str, scope: &Scope<'_>) -> Option<Node> {
        let variant = &self.variants[self.instances[at].variant];
        variant.bind_key(key, &self.scope(at, scope), &mut Diagnostics::new())
    }

    /// Fills an instance in.
    pub fn instance(&self, at: usize, scope: &Scope<'_>, diagnostics: &mut Diagnostics) -> Instance {
        let Planned { name, cell, variant, .. } = &self.instances[at];
        let scope = self.scope(at, scope);
        Instance {
            entry: self.entry.clone(),
            name: Node::string(name.clone(), self.origin),
            fields: self.bind(&self.variants[*variant], &scope, diagnostics),
            cell: cell.clone(),
            origin: self.origin,
        }
    }

    fn bind(&self, variant: &Variant, scope: &Scope<'_>, diagnostics: &mut Diagnostics) -> Node {
        match variant {
            Variant::Merged(tree) => tree.bind(scope, diagnostics),
            Variant::Layers(layers) => {
                let layers: Vec<Node> = layers.iter().map(|layer| layer.bind(scope, diagnostics)).collect();
                let layering = self.layering();
                let merged = layering.merged(&layers);
                merged.findings.into_iter().for_each(|finding| diagnostics.push(finding));
                layering.in_order(&merged.fields)
            }
        }
    }

    /// Returns how its layers are put on each other.
    pub(super) fn layering(&self) -> Layering<'_> {
        let Self { facts, entry, origin, shared, has_parts, .. } = self;
        self.form.layering(facts, entry, *origin, *shared, *has_parts)
    }
}

impl Variant {
    /// Whether the value of a key is the same in all instances.
    pub(super) fn is_fixed_at(&self, key: &str) -> bool {
        match self {
            Self::Merged(tree) => tree.is_fixed_at(key),
            Self::Layers(layers) => layers.iter().all(|layer| layer.is_fixed_at(key)),
        }
    }

    /// Fills in the value of one key that layers replace.
    pub(super) fn bind_key(&self, key: &str, scope: &Scope<'_>, diagnostics: &mut Diagnostics) -> Option<Node> {
        match self {
            Self::Merged(tree) => tree.bind_key(key, scope, diagnostics),
            Self::Layers(layers) => layers.iter().rev().find_map(|layer| layer.bind_key(key, scope, diagnostics)),
        }
    }
}

/// Returns the text that stands for an axis value in names and labels: its own, or its `name`.
pub fn label_text(value: &Node) -> Option<SmolStr> {
    match value.as_map() {
        None => matrix::scalar_text(value),
        Some(map) => {
            map.get("name").or_else(|| map.iter().next().map(|entry| &entry.value)).and_then(matrix::scalar_text)
        }
    }
}

/// Writes a cell as `region=eu, seed=7`.
pub fn describe(cell: Option<&Node>) -> String {
    let values =
        cell.and_then(Node::as_map).into_iter().flatten().map(|entry| {
            format_smolstr!("{}={}", entry.key.text, label_text(&entry.value).unwrap_or_else(|| "…".into()))
        });
    values.collect::<Vec<_>>().join(", ")
}
