//! Names of instances, from the values of their axes alone.

use std::collections::{BTreeMap, HashMap};

use smol_str::SmolStr;

use super::layering::Form;
use super::matrix;
use super::plan::{Plan, Planned, describe, label_text};
use super::scope::Scope;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::kubernetes::name;
use crate::spec::{Section, WorkloadKind, budgeted, slug};
use crate::text::{Node, Origin};

/// Gives each instance its name; two of one name in one namespace are a finding.
pub(super) fn name_instances(plan: &mut Plan, scope: &Scope<'_>, diagnostics: &mut Diagnostics) {
    let budget = name_budget(plan);
    let mut names: HashMap<(Option<SmolStr>, SmolStr), usize> = HashMap::with_capacity(plan.instances.len());
    let mut collisions: BTreeMap<Origin, Vec<(usize, usize, SmolStr)>> = BTreeMap::new();
    for at in 0..plan.instances.len() {
        let Planned { cell, variant, number, .. } = &plan.instances[at];
        let scope = Scope { matrix: cell.as_ref(), index: Some(*number), name: None, ..scope.clone() };
        let written = plan.variants[*variant].bind_key("name", &scope, diagnostics).filter(|name| !name.is_null());
        let own = match (written, plan.key.as_ref().map(|key| key.fill(&scope))) {
            (None, Some(Err(finding))) => {
                diagnostics.push(*finding);
                Some(Node::broken())
            }
            (None, Some(Ok(name))) => Some(name),
            (written, _) => written,
        };
        let values = || plan.axes.iter().filter_map(|axis| cell.as_ref()?.get(axis));
        let is_broken = own.as_ref().map_or_else(|| values().any(Node::holds_broken), Node::is_broken);
        if is_broken {
            // Any name will do for what else is wrong with the instance.
            let name = budgeted(&slug(&format!("{}-broken-{number}", plan.entry)), budget);
            plan.instances[at] = Planned { name, stands_in: true, ..plan.instances[at].clone() };
            continue;
        }
        let name = match own.as_ref().map(|name| (name, name.text())) {
            Some((node, Some(text))) if text.is_empty() => {
                let message = "expected a name, found an empty text";
                diagnostics.push(Diagnostic::new(Code::InvalidName, node.origin(), message));
                continue;
            }
            Some((_, Some(text))) => text.clone(),
            Some((node, None)) => {
                diagnostics.push(Diagnostic::new(
                    Code::WrongType,
                    node.origin(),
                    format!("expected a string for `name`, found {}", node.type_name()),
                ));
                continue;
            }
            None => match composed_name(&plan.entry, &plan.axes, cell.as_ref(), budget) {
                Ok(name) => name,
                Err(origin) => {
                    diagnostics.push(
                        Diagnostic::new(
                            Code::InvalidName,
                            origin,
                            "this value leaves nothing for the name of the instance",
                        )
                        .help("give the instances a `name` of their own"),
                    );
                    continue;
                }
            },
        };
        let namespace = own.as_ref().and_then(|_| namespace(plan, at, &scope));
        let key = (namespace, name.clone());
        if let Some(first) = names.get(&key) {
            collisions.entry(own.as_ref().map_or(plan.origin, Node::origin)).or_default().push((*first, at, name));
            continue;
        }
        names.insert(key, at);
        plan.instances[at].name = name;
    }
    for (origin, colliding) in collisions {
        diagnostics.extend(collision(plan, origin, &colliding));
    }
    // What has no name of its own was reported: no more comes of it.
    plan.instances.retain(|instance| !instance.name.is_empty());
}

/// Returns the longest name that leaves room for what is appended to it.
fn name_budget(plan: &Plan) -> usize {
    /// The hash of the content, and the `-` before it.
    const HASH: usize = 11;
    match (&plan.form, plan.section) {
        (Form::Workload(union), _) => union.kind.name_budget(),
        (Form::Object(_, kind), _) => name_budget_of(kind),
        (Form::Plain(_), Section::ConfigMaps | Section::Secrets) => name::SUBDOMAIN_LENGTH - HASH,
        (Form::Plain(_), section) => name_budget_of(section.kind()),
    }
}

/// Returns the most characters that the name of an object of a kind may have, with room for what controllers append.
pub fn name_budget_of(kind: &str) -> usize {
    match WorkloadKind::parse(kind) {
        Some(kind) => kind.name_budget(),
        None if matches!(kind, "Namespace" | "Service") => name::LABEL_LENGTH,
        None => name::SUBDOMAIN_LENGTH,
    }
}

/// Returns one finding for all collisions of one cause: a name that leaves an axis out makes many.
fn collision(plan: &Plan, origin: Origin, colliding: &[(usize, usize, SmolStr)]) -> Option<Diagnostic> {
    let (first, again, name) = colliding.first()?;
    let (first, again) = (plan.cell(*first), plan.cell(*again));
    let message =
        format!("two instances of `{}` are named `{name}`: {} and {}", plan.entry, describe(first), describe(again));
    let differing = first.and_then(Node::as_map).into_iter().flatten().find_map(|entry| {
        let other = again?.get(&entry.key.text)?;
        (!matrix::same_value(&entry.value, other) && entry.value.origin() != other.origin())
            .then(|| (entry.value.origin(), other.origin()))
    });
    if let Some((one, other)) = same_row(plan, first, again) {
        let message = format!("`{}` is there already: it names an instance", label_text(other).unwrap_or_default());
        let finding = Diagnostic::new(Code::NameCollision, other.origin(), message).also(one.origin(), "the first");
        return Some(finding.help("take one of both out, or write a value that differs"));
    }
    let composed = origin == plan.origin;
    // A composed name collides because of its values, a written one because of what it leaves out.
    let mut finding = match differing {
        Some((one, other)) if composed => Diagnostic::new(Code::NameCollision, other, message)
            .label(format!("makes `{name}`"))
            .also(one, "and so does this"),
        _ => Diagnostic::new(Code::NameCollision, origin, message),
    };
    finding = finding.repeats(places(first).chain(places(again)));
    if colliding.len() > 1 {
        finding = finding.help(format!("{} more instances have names that are taken", colliding.len() - 1));
    }
    Some(finding.help(if composed {
        "values are lowered and other characters become `-`: write values that differ, or a `name` with another part"
    } else {
        "name every axis in it: `name: \"…{{ matrix.AXIS }}…\"`"
    }))
}

/// Returns the values that name two instances, where they are the same and stand twice: no name can tell these apart.
fn same_row<'c>(plan: &Plan, first: Option<&'c Node>, again: Option<&'c Node>) -> Option<(&'c Node, &'c Node)> {
    let (first, again) = (first?, again?);
    let mut pairs = plan.axes.iter().filter_map(|axis| Some((first.get(axis)?, again.get(axis)?)));
    let is_same = pairs.clone().all(|(one, other)| matrix::same_value(one, other));
    pairs.find(|(one, other)| is_same && one.origin() != other.origin())
}

/// Returns the places of the values of a cell.
pub(super) fn places(cell: Option<&Node>) -> impl Iterator<Item = Origin> {
    cell.and_then(Node::as_map).into_iter().flatten().map(|entry| entry.value.origin())
}

/// Returns `<entry>-<value>-<value>`; the place of a value that leaves no text otherwise.
fn composed_name(entry: &str, axes: &[SmolStr], cell: Option<&Node>, budget: usize) -> Result<SmolStr, Origin> {
    let mut name = entry.to_owned();
    for axis in axes {
        let Some(value) = cell.and_then(|cell| cell.get(axis)) else { continue };
        let text = label_text(value).map(|text| slug(&text)).unwrap_or_default();
        if text.is_empty() {
            return Err(value.origin());
        }
        name.push('-');
        name.push_str(&text);
    }
    Ok(budgeted(&name, budget))
}

/// Returns the namespace of an instance where it has one of its own.
fn namespace(plan: &Plan, at: usize, scope: &Scope<'_>) -> Option<SmolStr> {
    let variant = &plan.variants[plan.instances[at].variant];
    // What is wrong with it is found when the instance is filled in.
    variant.bind_key("namespace", scope, &mut Diagnostics::new())?.text().cloned()
}
