//! A workload in, its instances out: layers merged, axes expanded, names given; fields are bound when they are asked for.
//!
//! Layers merge in one order: defaults, templates as `use` names them, the workload with its profiles, overrides. The
//! instances that the same overrides match share one tree, whose expressions are cut once.

use std::collections::{HashMap, HashSet};

use smol_str::{SmolStr, format_smolstr};

use super::axes::{Room, formatted};
use super::bind::Bindable;
use super::fan_out::{moved_into, without_fan_out};
use super::layers::{Merged, Stack};
use super::matrix::{self, Cells};

use super::naming::{check_labels, check_selectors, name_instances};
use super::order::in_documented_order;
use super::patterns::Patterns;
use super::scope::Scope;
use super::world::World;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, suggestion};
use crate::kubernetes::Facts;
use crate::limits;
use crate::spec::{Batch, Union, WorkloadKind, keys};
use crate::text::{Entry, Map, Node, Origin, Sources};

/// A workload whose instances are known and named.
#[derive(Debug)]
pub struct Plan {
    /// The name of the workload in the spec.
    pub workload: SmolStr,
    /// Where that name was written.
    pub origin: Origin,
    /// The fields that a workload of its kind may hold.
    pub union: Union,
    /// The axes that name an instance; none without fan-out.
    pub axes: Vec<SmolStr>,
    pub(super) instances: Vec<Planned>,
    pub(super) variants: Vec<Variant>,
    facts: &'static Facts,
    /// Whether the lowest layer is the `defaults` of the batch.
    has_defaults: bool,
    /// The addresses of nodes that `variants` hold.
    fixed: HashSet<usize>,
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
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) name: SmolStr,
    pub(super) cell: Option<Node>,
    pub(super) variant: usize,
}

/// One instance of a workload, its expressions filled in.
#[derive(Clone, Debug)]
pub struct Instance {
    /// The name of the workload in the spec.
    pub workload: SmolStr,
    /// The name of the instance.
    pub name: SmolStr,
    /// Its fields.
    pub fields: Node,
    /// Its axis values.
    pub cell: Option<Node>,
    /// Where the workload was written.
    pub origin: Origin,
}

impl Plan {
    /// Returns the kind of its objects.
    pub fn kind(&self) -> WorkloadKind {
        self.union.kind
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

    /// Whether a node of an instance is the same in all instances of its variant, and stays as long as the plan does.
    pub fn is_fixed(&self, node: &Node) -> bool {
        self.fixed.contains(&node.address())
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
        let Planned { name, cell, .. } = &self.instances[at];
        Scope { matrix: cell.as_ref(), index: Some(at), name: Some(name), ..scope.clone() }
    }

    /// Fills an instance in.
    pub fn instance(&self, at: usize, scope: &Scope<'_>, diagnostics: &mut Diagnostics) -> Instance {
        let Planned { name, cell, variant } = &self.instances[at];
        let scope = self.scope(at, scope);
        Instance {
            workload: self.workload.clone(),
            name: name.clone(),
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
                let merged = self.stack().merged(&layers);
                merged.findings.into_iter().for_each(|finding| diagnostics.push(finding));
                in_documented_order(self.facts, &self.union, &merged.fields)
            }
        }
    }

    fn stack(&self) -> Stack<'_> {
        Stack {
            facts: self.facts,
            union: &self.union,
            workload: &self.workload,
            origin: self.origin,
            has_defaults: self.has_defaults,
        }
    }
}

impl Variant {
    /// Fills in the value of one key that layers replace.
    pub(super) fn bind_key(&self, key: &str, scope: &Scope<'_>, diagnostics: &mut Diagnostics) -> Option<Node> {
        match self {
            Self::Merged(tree) => tree.bind_key(key, scope, diagnostics),
            Self::Layers(layers) => layers.iter().rev().find_map(|layer| layer.bind_key(key, scope, diagnostics)),
        }
    }
}

/// Plans one workload of a batch; what cannot be planned is a finding.
pub(super) fn plan(
    facts: &'static Facts,
    batch: &Batch,
    workload: &Entry,
    scope: &Scope<'_>,
    world: &mut World<'_>,
    room: Room,
    diagnostics: &mut Diagnostics,
) -> Option<Plan> {
    let (layers, is_whole) = layers(batch, &workload.value, diagnostics);
    if !is_whole && kind_in(&layers).is_none() {
        return None;
    }
    let kind = kind_of(&layers, workload, diagnostics)?;
    let mut plan = Plan {
        workload: workload.key.text.clone(),
        origin: workload.key.origin,
        union: Union::of(facts, kind),
        axes: Vec::new(),
        instances: Vec::new(),
        variants: Vec::new(),
        facts,
        has_defaults: batch.defaults.is_some(),
        fixed: HashSet::new(),
        is_whole,
    };
    let (mut fan_out, layers) = without_fan_out(facts, layers);
    let matrix = moved_into(fan_out.remove("matrix"), &mut fan_out, diagnostics);
    let instances = fan_out.remove("instances");
    let overrides = fan_out.remove("overrides");
    if let Some(pack) = fan_out.remove("pack") {
        diagnostics.push(
            Diagnostic::new(Code::UnknownField, pack.key.origin, "folding instances with `pack` is not there yet")
                .help("remove it: each instance becomes an object of its own"),
        );
    }

    let fans_out = matrix.is_some() || instances.is_some();
    let cells = if fans_out {
        matrix::expand(matrix.as_ref(), instances.as_ref(), scope, world, room, diagnostics)?
    } else {
        Cells::default()
    };
    if overrides.is_some() && !fans_out && !is_whole {
        return None;
    }
    let overrides = read_overrides(overrides.as_ref(), &cells, scope, world, diagnostics)?;

    let base = plan.stack().merged(&layers);
    base.findings.iter().for_each(|finding| diagnostics.push(finding.clone()));
    let mut known: HashMap<Vec<usize>, usize> = HashMap::new();
    let mut used = vec![false; overrides.len()];
    let mut changing = vec![false; overrides.len()];
    let mut planned = Vec::new();
    let patterns = Patterns::new(overrides.iter().map(|entry| &entry.pattern));
    let (mut looks, mut merges) = (0, 0);
    let cells_or_one = if fans_out { cells.each.into_iter().map(Some).collect() } else { vec![None] };
    for cell in cells_or_one {
        let matching: Vec<usize> = cell.as_ref().map(|cell| patterns.of(cell)).unwrap_or_default();
        for at in &matching {
            used[*at] = true;
        }
        looks += patterns.cost() + matching.len();
        if !known.contains_key(&matching) {
            let is_plain = matching.iter().all(|at| plan.stack().is_plain(&base, &overrides[*at].fields));
            merges += if is_plain { matching.len() } else { (matching.len() + layers.len()) * matching.len() };
        }
        if looks > limits::MATCHES || merges > limits::MERGES || matching.len() > limits::OVERRIDES_OF_AN_INSTANCE {
            let message = format!("`{}` has too many overrides for its instances", workload.key.text);
            let finding = Diagnostic::new(Code::TooManyInstances, workload.key.origin, message);
            diagnostics.push(finding.help("put values that differ in each instance into `rows`"));
            return None;
        }
        let variant = *known.entry(matching).or_insert_with_key(|matching| {
            let over: Vec<&Override> = matching.iter().map(|at| &overrides[*at]).collect();
            let (variant, changes) = variant(&plan, &layers, &base, &over, world.sources, diagnostics);
            matching.iter().zip(changes).for_each(|(at, changes)| changing[*at] |= changes);
            plan.variants.push(variant);
            plan.variants.len() - 1
        });
        planned.push(Planned { name: SmolStr::default(), cell, variant });
    }
    for (number, (at, _)) in used.iter().enumerate().filter(|(_, used)| !**used).enumerate() {
        let Override { pattern, origin, .. } = &overrides[at];
        let cells = planned.iter().filter_map(|planned: &Planned| planned.cell.as_ref()?.as_map());
        diagnostics.push(matrix::unmatched("override", number, pattern, *origin, &cells));
    }
    for (at, _) in used.iter().enumerate().filter(|(at, used)| **used && !changing[*at]) {
        let message = "this override changes nothing: its instances have all that it sets";
        let finding = Diagnostic::new(Code::WithoutEffect, overrides[at].origin, message);
        diagnostics.push(finding.help("remove it, or mend what it sets"));
    }
    plan.axes = cells.naming;
    plan.instances = planned;
    // Deep enough for the fields of the probes of containers.
    for variant in &plan.variants {
        if let Variant::Merged(tree) = variant {
            tree.collect_fixed(6, &mut plan.fixed);
        }
    }
    name_instances(&mut plan, scope, diagnostics);
    check_selectors(&plan, scope, diagnostics);
    check_labels(&plan, diagnostics);
    Some(plan)
}

/// Returns what the instances that some overrides match share, and whether each override changes anything.
fn variant(
    plan: &Plan,
    layers: &[Node],
    base: &Merged,
    over: &[&Override],
    sources: &Sources,
    diagnostics: &mut Diagnostics,
) -> (Variant, Vec<bool>) {
    let stack = plan.stack();
    let mut changes = vec![true; over.len()];
    let all: Vec<Node> = layers.iter().cloned().chain(over.iter().map(|one| one.fields.clone())).collect();
    let mut merged = base.clone();
    for (at, (one, changes)) in over.iter().zip(&mut changes).enumerate() {
        let is_plain = over[..=at].iter().all(|one| stack.is_plain(base, &one.fields));
        let above = if is_plain { stack.over(&merged, &one.fields) } else { stack.merged(&all[..=layers.len() + at]) };
        *changes = above.is_open || above.fields != merged.fields;
        merged = Merged { is_open: merged.is_open || above.is_open, ..above };
    }
    if merged.is_open {
        return (
            Variant::Layers(layers.iter().map(|layer| Bindable::of(layer, sources, diagnostics)).collect()),
            changes,
        );
    }
    merged.findings.into_iter().for_each(|finding| diagnostics.push(finding));
    let tree = in_documented_order(plan.facts, &plan.union, &merged.fields);
    (Variant::Merged(Bindable::of(&tree, sources, diagnostics)), changes)
}

/// Returns the partial workloads that make up a workload, lowest first, and whether all of them are there.
fn layers(batch: &Batch, workload: &Node, diagnostics: &mut Diagnostics) -> (Vec<Node>, bool) {
    let mut is_whole = true;
    let mut layers: Vec<Node> = batch.defaults.iter().cloned().collect();
    // Defaults may name templates for all workloads: a `use` of the workload's own replaces them, as lists do.
    let used = workload.get("use").or_else(|| batch.defaults.as_ref()?.get("use"));
    let mut uses = match used.filter(|node| !node.is_null()) {
        None => Vec::new(),
        Some(node) if node.as_seq().is_some() => node.as_seq().unwrap_or_default().to_vec(),
        Some(node) => vec![node.clone()],
    };
    if let Some(name) = uses.get(limits::TEMPLATES_OF_A_WORKLOAD) {
        let message = format!("expected at most {} templates, found {}", limits::TEMPLATES_OF_A_WORKLOAD, uses.len());
        let finding = Diagnostic::new(Code::InvalidValue, name.origin(), message);
        diagnostics.push(finding.help("each is merged with all before it: write some of them as one"));
        is_whole = false;
        uses.truncate(limits::TEMPLATES_OF_A_WORKLOAD);
    }
    for name in uses {
        if let Some(template) = name.as_str().and_then(|text| batch.templates.get(text)) {
            if let Some(entry) = template.as_map().and_then(|map| map.entry("use")) {
                diagnostics.push(
                    Diagnostic::new(Code::UnknownField, entry.key.origin, "a template does not use other templates")
                        .help("name both in the `use` of the workload, in the order in which they merge"),
                );
            }
            layers.push(template.clone());
        } else {
            let known = batch.templates.iter().map(|entry| entry.key.text.as_str());
            let word = name.as_str().unwrap_or_default();
            diagnostics.push(
                Diagnostic::new(Code::UnknownTemplate, name.origin(), format!("the batch has no template `{word}`"))
                    .did_you_mean(word, known),
            );
            is_whole = false;
        }
    }
    layers.push(workload.clone());
    (layers, is_whole)
}

fn kind_in(layers: &[Node]) -> Option<&Node> {
    layers.iter().rev().find_map(|layer| layer.get("kind")).filter(|node| !node.is_null())
}

fn kind_of(layers: &[Node], workload: &Entry, diagnostics: &mut Diagnostics) -> Option<WorkloadKind> {
    let known = || WorkloadKind::ALL.iter().map(|kind| kind.as_str());
    let list = || known().map(|kind| format!("`{kind}`")).collect::<Vec<_>>().join(", ");
    let Some(node) = kind_in(layers) else {
        diagnostics.push(
            Diagnostic::new(
                Code::MissingField,
                workload.key.origin,
                format!("the workload `{}` needs a `kind`", workload.key.text),
            )
            .help(format!("kinds are {}", list())),
        );
        return None;
    };
    let word = node.as_str().unwrap_or(node.type_name());
    let kind = WorkloadKind::parse(word);
    if kind.is_none() {
        diagnostics.push(
            Diagnostic::new(Code::UnknownKind, node.origin(), format!("no workload is of the kind `{word}`"))
                .maybe_help(suggestion(word, known()))
                .help(format!("kinds are {}; others are written as plain manifests", list())),
        );
    }
    kind
}

struct Override {
    pattern: Map,
    fields: Node,
    origin: Origin,
}

fn read_overrides(
    entry: Option<&Entry>,
    cells: &Cells,
    scope: &Scope<'_>,
    world: &World<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<Override>> {
    let Some(entry) = entry else { return Some(Vec::new()) };
    let wrong = |node: &Node, expected: &str| {
        let message = format!("expected {expected}, found {}", node.type_name());
        Diagnostic::new(Code::WrongType, node.origin(), message)
    };
    let Some(items) = entry.value.as_seq() else {
        diagnostics.push(wrong(&entry.value, "a list of overrides"));
        return None;
    };
    let axes: Vec<&SmolStr> =
        cells.each.first().and_then(Node::as_map).into_iter().flatten().map(|entry| &entry.key.text).collect();
    let names: HashSet<&SmolStr> = axes.iter().copied().collect();
    let mut overrides = Vec::new();
    for item in items {
        let Some(map) = item.as_map() else {
            diagnostics.push(wrong(item, "an override to be a mapping"));
            return None;
        };
        let mut fields = map.clone();
        let Some(matching) = fields.remove("match") else {
            diagnostics.push(
                Diagnostic::new(Code::MissingField, item.origin().at_start(), "an override needs `match`")
                    .help("write `match: {axis: value}`"),
            );
            return None;
        };
        let bound = Bindable::of(&matching.value, world.sources, diagnostics).bind(scope, diagnostics);
        let Some(pattern) = bound.as_map().map(|pattern| formatted(pattern, &cells.formats)) else {
            diagnostics.push(Diagnostic::new(
                Code::WrongType,
                matching.value.origin(),
                format!("expected a mapping of axis values for `match`, found {}", bound.type_name()),
            ));
            return None;
        };
        if axes.is_empty() {
            diagnostics.push(
                Diagnostic::new(
                    Code::UnmatchedEntry,
                    item.origin(),
                    "a workload without fan-out has no instances to override",
                )
                .help("write the fields in the workload itself"),
            );
            return None;
        }
        if let Some(entry) = pattern.iter().find(|entry| !names.contains(&entry.key.text)) {
            diagnostics.push(matrix::unknown_axis(entry, &axes));
            return None;
        }
        for key in keys::names(&[keys::FAN_OUT]).into_iter().chain(["kind"]) {
            if let Some(entry) = fields.remove(key) {
                diagnostics.push(
                    Diagnostic::new(Code::UnknownField, entry.key.origin, format!("an override cannot set `{key}`"))
                        .help("it belongs to the workload as a whole"),
                );
            }
        }
        overrides.push(Override { pattern, fields: Node::map(fields, item.origin()), origin: item.origin() });
    }
    Some(overrides)
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
