//! Overrides: what an entry writes in, patterns of axis values and the fields for what they match out.

use std::collections::HashSet;

use smol_str::SmolStr;

use super::axes::formatted;
use super::bind::Bindable;
use super::matrix::{self, Cells};
use super::scope::Scope;
use super::world::World;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::spec::{Section, keys};
use crate::text::{Entry, Map, Node, Origin};

/// An exception: fields for the instances that it matches.
pub(super) struct Override {
    pub(super) pattern: Map,
    pub(super) fields: Node,
    pub(super) origin: Origin,
}

/// Reads the exceptions of an entry; one that names no axis of it is a finding.
pub(super) fn read_overrides(
    entry: Option<&Entry>,
    section: Section,
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
    let axes: Vec<&SmolStr> = cells.names.iter().collect();
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
                    format!("{} without fan-out has no instances to override", section.any()),
                )
                .help(format!("write the fields in the {} itself", section.noun())),
            );
            return None;
        }
        if let Some(entry) = pattern.iter().find(|entry| !names.contains(&entry.key.text)) {
            diagnostics.push(matrix::unknown_axis(entry, &axes));
            return None;
        }
        let said = fields.len();
        for key in keys::names(&[keys::FAN_OUT]).into_iter().chain(["kind"]) {
            if let Some(entry) = fields.remove(key) {
                diagnostics.push(
                    Diagnostic::new(Code::UnknownField, entry.key.origin, format!("an override cannot set `{key}`"))
                        .help(format!("it belongs to the {} as a whole", section.noun())),
                );
            }
        }
        // What is left of one that says nothing else has no effect, of which nothing more is to be told.
        if fields.is_empty() && said > 0 {
            continue;
        }
        overrides.push(Override { pattern, fields: Node::map(fields, item.origin()), origin: item.origin() });
    }
    Some(overrides)
}
