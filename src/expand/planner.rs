//! An entry of a section in, its plan out: layers merged, axes expanded, what `when` leaves out left out, names given.
//!
//! Layers merge in one order: defaults, templates as `use` names them, the entry with its profiles, overrides.

use std::collections::{HashMap, HashSet};

use smol_str::SmolStr;

use super::axes::Room;
use super::bind::Bindable;
use super::condition::Condition;
use super::expression::{Template, has_expression};
use super::fan_out::{moved_into, without_fan_out};
use super::labels::{self, Named};
use super::layering::Form;
use super::layers::Merged;
use super::matrices::{self, Matrices};
use super::matrix::{self, Cells};
use super::naming::name_instances;
use super::overrides::{Override, read_overrides};
use super::patterns::Patterns;
use super::plan::{Plan, Planned, Variant};
use super::scope::Scope;
use super::world::World;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, words};
use crate::kubernetes::Facts;
use crate::limits;
use crate::spec::{Batch, Section, Union, WorkloadKind};
use crate::text::{Entry, Map, Node, Origin, Sources};

/// What all plans of a batch are made with.
pub(super) struct Planner<'a> {
    pub(super) facts: &'static Facts,
    pub(super) batch: &'a Batch,
    /// What the batch is merged of, lowest first: the parts that it includes, the batch as it is written, profiles.
    pub(super) written: &'a [Node],
    pub(super) scope: Scope<'a>,
    pub(super) matrices: Matrices<'a>,
    /// The axes that entries name to become labels.
    pub(super) labels: Named,
}

/// The layers of an entry, lowest first.
struct Layers {
    each: Vec<Node>,
    /// How many of the lowest say what holds for all entries of the section.
    shared: usize,
    /// Whether all of them are there.
    is_whole: bool,
}

impl Planner<'_> {
    /// Plans one entry of a section; what cannot be planned is a finding.
    pub(super) fn plan(
        &mut self,
        section: Section,
        entry: &Entry,
        world: &mut World<'_>,
        room: Room,
        diagnostics: &mut Diagnostics,
    ) -> Option<Plan> {
        let Layers { each: layers, shared, is_whole } = self.layers(section, entry, diagnostics);
        let (mut fan_out, layers) = without_fan_out(self.facts, section, layers);
        if !is_whole && kind_in(&layers).is_none() {
            return None;
        }
        let mut plan = Plan {
            section,
            entry: entry.key.text.clone(),
            origin: entry.key.origin,
            form: self.form(section, &layers, entry, diagnostics)?,
            key: key(section, entry, world.sources).map_err(|finding| diagnostics.push(*finding)).ok()?,
            axes: Vec::new(),
            labels: Vec::new(),
            instances: Vec::new(),
            left_out: Vec::new(),
            when: Origin::NOWHERE,
            variants: Vec::new(),
            facts: self.facts,
            shared,
            has_parts: !self.batch.parts.is_empty(),
            fixed: HashSet::new(),
            is_whole,
        };
        let matrix = moved_into(section, fan_out.remove("matrix"), &mut fan_out, diagnostics);
        let instances = fan_out.remove("instances");
        let overrides = fan_out.remove("overrides");
        let when = fan_out.remove("when");
        if let Some(pack) = fan_out.remove("pack") {
            diagnostics.push(
                Diagnostic::new(Code::UnknownField, pack.key.origin, "folding instances with `pack` is not there yet")
                    .help("remove it: each instance becomes an object of its own"),
            );
        }

        let fans_out = matrix.is_some() || instances.is_some();
        let cells = if fans_out {
            let (matrix, instances) = (matrix.as_ref(), instances.as_ref());
            matrices::expand(matrix, instances, &mut self.matrices, &self.scope, world, room, diagnostics)
                .unwrap_or_else(Cells::broken)
        } else {
            Cells::default()
        };
        if overrides.is_some() && !fans_out && !is_whole {
            return None;
        }
        // Which instances they would match is not known where no values are.
        let overrides = overrides.filter(|_| !cells.are_broken());
        let overrides = read_overrides(overrides.as_ref(), section, &cells, &self.scope, world, diagnostics)?;
        let when = when.filter(|when| !when.value.is_null()).and_then(|entry| {
            plan.when = entry.key.origin;
            Condition::read("when", &entry.value, world.sources, diagnostics)
        });
        let written: Vec<&Node> = layers.iter().chain(overrides.iter().map(|one| &one.fields)).collect();
        plan.labels = labels::by_default(&cells, &entry.key.text, &written);
        let each: Vec<Option<Node>> = if fans_out { cells.each.into_iter().map(Some).collect() } else { vec![None] };
        plan.axes = cells.naming;
        fill(&mut plan, &layers, &overrides, each, world.sources, diagnostics)?;
        if let Some(when) = when {
            leave_out(&mut plan, &when, &self.scope, diagnostics);
        }
        // Deep enough for the fields of the probes of containers.
        for variant in &plan.variants {
            if let Variant::Merged(tree) = variant {
                tree.collect_fixed(6, &mut plan.fixed);
            }
        }
        name_instances(&mut plan, &self.scope, diagnostics);
        labels::check(&plan, &cells.names, &mut self.labels, &self.scope, diagnostics);
        Some(plan)
    }

    /// Returns the partial entries that make up an entry.
    fn layers(&self, section: Section, entry: &Entry, diagnostics: &mut Diagnostics) -> Layers {
        let batch = self.batch;
        let Entry { key: name, value: entry } = entry;
        let mut all = Layers { each: Vec::new(), shared: 0, is_whole: true };
        let of_workloads = batch.selector_labels.iter().filter(|_| section == Section::Workloads);
        let of_batch: Map = batch.axis_labels.iter().chain(of_workloads).cloned().collect();
        if !of_batch.is_empty() {
            all.each.push(Node::map(of_batch, batch.root.origin()));
        }
        let defaults = batch.defaults.as_ref().filter(|_| section == Section::Workloads);
        all.each.extend(defaults.into_iter().flat_map(|_| self.said(&["defaults"], diagnostics)));
        all.shared = all.each.len();
        // Defaults may name templates for all workloads: a `use` of the workload's own replaces them, as lists do.
        let used = entry.get("use").or_else(|| defaults?.get("use"));
        let mut uses = match used.filter(|node| !node.is_null()) {
            None => Vec::new(),
            Some(node) if node.as_seq().is_some() => node.as_seq().unwrap_or_default().to_vec(),
            Some(node) => vec![node.clone()],
        };
        if let Some(first) = uses.first().filter(|_| !section.uses_templates()) {
            let message = format!("an entry of `{}` has no field `use`", section.key());
            let origin = entry.as_map().and_then(|map| map.entry("use")).map_or(first.origin(), |use_| use_.key.origin);
            let finding = Diagnostic::new(Code::UnknownField, origin, message);
            diagnostics.push(finding.help("templates are for `workloads` and `objects`"));
            uses.clear();
        }
        if let Some(name) = uses.get(limits::TEMPLATES_OF_A_WORKLOAD) {
            let message =
                format!("expected at most {} templates, found {}", limits::TEMPLATES_OF_A_WORKLOAD, uses.len());
            let finding = Diagnostic::new(Code::InvalidValue, name.origin(), message);
            diagnostics.push(finding.help("each is merged with all before it: write some of them as one"));
            all.is_whole = false;
            uses.truncate(limits::TEMPLATES_OF_A_WORKLOAD);
        }
        for name in uses {
            if let Some(template) = name.as_str().and_then(|text| batch.templates.get(text)) {
                if let Some(entry) = template.as_map().and_then(|map| map.entry("use")) {
                    let message = "a template does not use other templates";
                    let help =
                        format!("name both in the `use` of the {}, in the order in which they merge", section.noun());
                    diagnostics.push(Diagnostic::new(Code::UnknownField, entry.key.origin, message).help(help));
                }
                all.each.extend(self.said(&["templates", name.as_str().unwrap_or_default()], diagnostics));
            } else {
                let known = batch.templates.iter().map(|entry| entry.key.text.as_str());
                let word = name.as_str().unwrap_or_default();
                let message = format!("the batch has no template `{word}`");
                let finding = Diagnostic::new(Code::UnknownTemplate, name.origin(), message);
                diagnostics.push(finding.did_you_mean(word, known));
                all.is_whole = false;
            }
        }
        let own = self.said(&[section.key(), &name.text], diagnostics);
        // The name alone says nothing of it.
        all.each.extend(if own.is_empty() { vec![entry.clone()] } else { own });
        all
    }

    /// Returns what the layers of the batch say of one thing, lowest first; what a later one takes out is out.
    fn said(&self, path: &[&str], diagnostics: &mut Diagnostics) -> Vec<Node> {
        let mut said: Vec<Node> = Vec::new();
        for layer in self.written {
            let mut at = Some(layer);
            for key in path {
                at = at.and_then(|node| node.get(key));
                if at.is_some_and(Node::is_null) {
                    said.clear();
                    at = None;
                }
            }
            let Some(node) = at else { continue };
            if node.as_map().is_none() && !node.is_broken() {
                let message = format!("expected a mapping for `{}`, found {}", path.join("."), node.type_name());
                diagnostics.push(Diagnostic::new(Code::WrongType, node.origin(), message));
                continue;
            }
            said.push(node.clone());
        }
        said
    }

    /// Says what the fields of an entry are; one without a kind is a finding where its section has none.
    fn form(&self, section: Section, layers: &[Node], entry: &Entry, diagnostics: &mut Diagnostics) -> Option<Form> {
        if let Some(form) = Form::of(self.facts, section) {
            return Some(form);
        }
        if section == Section::Workloads {
            return Some(Form::Workload(Union::of(self.facts, workload_kind(layers, entry, diagnostics)?)));
        }
        let Some(node) = kind_in(layers) else {
            let message = format!("the object `{}` needs a `kind`", entry.key.text);
            let finding = Diagnostic::new(Code::MissingField, entry.key.origin, message);
            diagnostics.push(finding.help("write the kind, and the `apiVersion` of one that is not Kubernetes' own"));
            return None;
        };
        let Some(kind) = node.text() else {
            let message = format!("expected a string for `kind`, found {}", node.type_name());
            diagnostics.push(Diagnostic::new(Code::WrongType, node.origin(), message));
            return None;
        };
        let api_version = layers.iter().rev().find_map(|layer| layer.get("apiVersion")).filter(|node| !node.is_null());
        if api_version.is_none()
            && let Err(versions) = self.facts.preferred(kind)
        {
            diagnostics.push(without_version(self.facts, kind, node, &versions));
            return None;
        }
        if kind == "Secret" && entry.value.get("kind").is_none_or(|own| own.text() != Some(kind)) {
            // What is secret is known where it is read, by the kind that stands beside it.
            let message = "the kind `Secret` is written in the object itself";
            let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message);
            diagnostics.push(finding.help("a template cannot give it: write `kind: Secret` there, or use `secrets`"));
            return None;
        }
        Some(Form::of_object(self.facts, api_version.and_then(Node::as_str), kind))
    }
}

/// Returns the finding about a kind that does not say its version by itself.
fn without_version(facts: &Facts, kind: &str, node: &Node, versions: &[String]) -> Diagnostic {
    if versions.is_empty() {
        let known = facts.kinds().iter().map(|known| known.kind.as_str());
        let message = format!("`{kind}` is no kind of Kubernetes: it needs an `apiVersion`");
        return Diagnostic::new(Code::UnknownKind, node.origin(), message)
            .did_you_mean_word(kind, known)
            .help("write the `apiVersion` of its definition beside the `kind`");
    }
    let message = format!("several groups have a kind `{kind}`: it needs an `apiVersion`");
    let shown = words::list(versions.iter().map(String::as_str), "or");
    Diagnostic::new(Code::MissingField, node.origin(), message).help(format!("write {shown}"))
}

/// Returns the name of an entry where expressions of its instances stand in it.
fn key(section: Section, entry: &Entry, sources: &Sources) -> Result<Option<Template>, Box<Diagnostic>> {
    let (text, origin) = (&entry.key.text, entry.key.origin);
    if !has_expression(text) {
        return Ok(None);
    }
    if section == Section::Workloads {
        let message = "the name of a workload is the same for all its instances";
        let finding = Diagnostic::new(Code::InvalidName, origin, message);
        return Err(Box::new(finding.help("write the name that differs as `name` in the workload")));
    }
    Template::cut(text, origin, false, sources).map(Some)
}

/// Gives the plan its instances, and the trees that they share; too many overrides are a finding.
fn fill(
    plan: &mut Plan,
    layers: &[Node],
    overrides: &[Override],
    cells: Vec<Option<Node>>,
    sources: &Sources,
    diagnostics: &mut Diagnostics,
) -> Option<()> {
    let base = plan.layering().merged(layers);
    base.findings.iter().for_each(|finding| diagnostics.push(finding.clone()));
    let mut known: HashMap<Vec<usize>, usize> = HashMap::new();
    let mut used = vec![false; overrides.len()];
    let mut changing = vec![false; overrides.len()];
    let mut planned = Vec::with_capacity(cells.len());
    let patterns = Patterns::new(overrides.iter().map(|entry| &entry.pattern));
    let (mut looks, mut merges) = (0, 0);
    for (number, cell) in cells.into_iter().enumerate() {
        let matching: Vec<usize> = cell.as_ref().map(|cell| patterns.of(cell)).unwrap_or_default();
        for at in &matching {
            used[*at] = true;
        }
        looks += patterns.cost() + matching.len();
        if !known.contains_key(&matching) {
            let is_plain = matching.iter().all(|at| plan.layering().is_plain(&base, &overrides[*at].fields));
            merges += if is_plain { matching.len() } else { (matching.len() + layers.len()) * matching.len() };
        }
        if looks > limits::MATCHES || merges > limits::MERGES || matching.len() > limits::OVERRIDES_OF_AN_INSTANCE {
            let message = format!("`{}` has too many overrides for its instances", plan.entry);
            let finding = Diagnostic::new(Code::TooManyInstances, plan.origin, message);
            diagnostics.push(finding.help("put values that differ in each instance into `rows`"));
            return None;
        }
        let variant = if let Some(variant) = known.get(&matching) {
            *variant
        } else {
            let over: Vec<&Override> = matching.iter().map(|at| &overrides[*at]).collect();
            let (variant, changes) = variant(plan, layers, &base, &over, sources, diagnostics);
            matching.iter().zip(changes).for_each(|(at, changes)| changing[*at] |= changes);
            plan.variants.push(variant);
            known.insert(matching, plan.variants.len() - 1);
            plan.variants.len() - 1
        };
        let stands_in = cell.as_ref().is_some_and(Node::is_broken);
        planned.push(Planned { name: SmolStr::default(), cell, number, variant, stands_in });
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
    plan.instances = planned;
    Some(())
}

/// Leaves out the instances for which the condition does not hold; where it cannot be told, all else can be looked at.
fn leave_out(plan: &mut Plan, when: &Condition, scope: &Scope<'_>, diagnostics: &mut Diagnostics) {
    let mut kept = Vec::with_capacity(plan.instances.len());
    for planned in std::mem::take(&mut plan.instances) {
        let scope = Scope { matrix: planned.cell.as_ref(), index: Some(planned.number), ..scope.clone() };
        match when.holds(&scope) {
            Ok(true) => kept.push(planned),
            Ok(false) => plan.left_out.push(planned.cell),
            Err(finding) => {
                diagnostics.push(*finding);
                kept.push(planned);
            }
        }
    }
    plan.instances = kept;
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
    let layering = plan.layering();
    let mut changes = vec![true; over.len()];
    let all: Vec<Node> = layers.iter().cloned().chain(over.iter().map(|one| one.fields.clone())).collect();
    let mut merged = base.clone();
    for (at, (one, changes)) in over.iter().zip(&mut changes).enumerate() {
        let is_plain = over[..=at].iter().all(|one| layering.is_plain(base, &one.fields));
        let above =
            if is_plain { layering.over(&merged, &one.fields) } else { layering.merged(&all[..=layers.len() + at]) };
        *changes = above.is_open || above.fields != merged.fields;
        merged = Merged { is_open: merged.is_open || above.is_open, ..above };
    }
    if merged.is_open {
        let layers = all.iter().map(|layer| Bindable::of(layer, sources, diagnostics)).collect();
        return (Variant::Layers(layers), changes);
    }
    merged.findings.into_iter().for_each(|finding| diagnostics.push(finding));
    let tree = layering.in_order(&merged.fields);
    (Variant::Merged(Bindable::of(&tree, sources, diagnostics)), changes)
}

fn kind_in(layers: &[Node]) -> Option<&Node> {
    layers.iter().rev().find_map(|layer| layer.get("kind")).filter(|node| !node.is_null())
}

fn workload_kind(layers: &[Node], workload: &Entry, diagnostics: &mut Diagnostics) -> Option<WorkloadKind> {
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
                .did_you_mean_word(word, known())
                .help(format!("kinds are {}; others are written under `objects`", list())),
        );
    }
    kind
}
