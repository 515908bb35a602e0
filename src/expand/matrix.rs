//! A `matrix` in, its cells out: one mapping of axis values for each instance.
//!
//! The first axis is the outer loop. The matrix is the one mapping of the language whose order counts. Excludes, includes
//! and overrides that match nothing are findings, and so are two axes of one name.

use std::collections::HashSet;

use smol_str::{SmolStr, ToSmolStr};

use super::axes::{Axis, Formats, Room, formatted, invalid, too_many};
use super::condition::Condition;
use super::patterns::Patterns;
use super::scope::Scope;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, words};
use crate::limits;
use crate::text::{Entry, Map, Node, Origin, Sources, Value};

/// So many axes an instance may have, whatever their number.
const USUAL_AXES: usize = 50;

/// What `include` of GitHub Actions does beside adding combinations.
const BY_OVERRIDES: &str = "`include` adds whole instances: other fields of some instances are written as `overrides: [{match: {AXIS: value}, …}]`";

/// The instances of one matrix.
#[derive(Clone, Debug, Default)]
pub(super) struct Cells {
    /// The values of each instance: a mapping from axis to value.
    pub each: Vec<Node>,
    /// All axes, in order.
    pub names: Vec<SmolStr>,
    /// The axes that name an instance, in order.
    pub naming: Vec<SmolStr>,
    /// The axes that are columns of tables.
    pub columns: Vec<SmolStr>,
    /// How the numbers of axes are written.
    pub formats: Formats,
}

impl Cells {
    /// Returns one instance of which no value is known: all else of its entry can still be looked at.
    pub(super) fn broken() -> Self {
        Self { each: vec![Node::broken()], ..Self::default() }
    }

    /// Whether no value is known.
    pub(super) fn are_broken(&self) -> bool {
        self.each.iter().any(Node::is_broken)
    }
}

/// Whether two values are the same to `exclude` and `match`: the same text, however it is quoted.
pub fn same_value(left: &Node, right: &Node) -> bool {
    match (scalar_text(left), scalar_text(right)) {
        (Some(left), Some(right)) => left == right,
        _ => left == right,
    }
}

/// Returns the text of a scalar value of an axis.
pub(super) fn scalar_text(node: &Node) -> Option<SmolStr> {
    match node.value() {
        Value::Bool(value) => Some(value.to_smolstr()),
        Value::Null => None,
        _ => node.text().cloned(),
    }
}

/// What keeps cells out, and adds some.
pub(super) struct Filters {
    exclude: Vec<Map>,
    exclude_origins: Vec<Origin>,
    pub(super) include: Vec<Node>,
    condition: Option<Condition>,
}

impl Filters {
    pub(super) fn read(rest: &Map, axes: &[Axis], sources: &Sources, diagnostics: &mut Diagnostics) -> Option<Self> {
        let known: Vec<&SmolStr> = axes.iter().flat_map(|axis| &axis.names).collect();
        let formats: Formats = axes.iter().flat_map(|axis| axis.formats.clone()).collect();
        let mut filters =
            Self { exclude: Vec::new(), exclude_origins: Vec::new(), include: Vec::new(), condition: None };
        for entry in entries_of(rest, "exclude", &known, diagnostics)? {
            filters.exclude_origins.push(entry.origin());
            filters.exclude.push(formatted(&entry.as_map().cloned().unwrap_or_default(), &formats));
        }
        for entry in entries_of(rest, "include", &known, diagnostics)? {
            if let Some(lacking) = known.iter().find(|name| entry.get(name).is_none()) {
                diagnostics.push(
                    invalid(entry.origin(), format!("an included instance names every axis: `{lacking}` is missing"))
                        .help(BY_OVERRIDES),
                );
                return None;
            }
            filters
                .include
                .push(Node::map(formatted(&entry.as_map().cloned().unwrap_or_default(), &formats), entry.origin()));
        }
        if let Some(node) = rest.get("where") {
            filters.condition = Some(Condition::read("where", node, sources, diagnostics)?);
        }
        Some(filters)
    }
}

fn entries_of(rest: &Map, key: &str, known: &[&SmolStr], diagnostics: &mut Diagnostics) -> Option<Vec<Node>> {
    let Some(node) = rest.get(key).filter(|node| !node.is_null()) else { return Some(Vec::new()) };
    let names: HashSet<&SmolStr> = known.iter().copied().collect();
    let items = match node.value() {
        Value::Seq(items) => items.clone(),
        Value::Map(_) => vec![node.clone()],
        _ => {
            diagnostics.push(invalid(
                node.origin(),
                format!("expected a list of mappings for `{key}`, found {}", node.type_name()),
            ));
            return None;
        }
    };
    for item in &items {
        let Some(map) = item.as_map() else {
            diagnostics
                .push(invalid(item.origin(), format!("expected a mapping of axis values, found {}", item.type_name())));
            return None;
        };
        if let Some(entry) = map.iter().find(|entry| !names.contains(&entry.key.text)) {
            let finding = unknown_axis(entry, known);
            diagnostics.push(if key == "include" { finding.help(BY_OVERRIDES) } else { finding });
            return None;
        }
    }
    Some(items)
}

/// Returns the finding about a key that is no axis.
pub(super) fn unknown_axis(entry: &Entry, known: &[&SmolStr]) -> Diagnostic {
    let names = known.iter().map(|name| name.as_str());
    Diagnostic::new(Code::UnknownField, entry.key.origin, format!("the matrix has no axis `{}`", entry.key.text))
        .did_you_mean(&entry.key.text, names)
        .help(format!("its axes are {}", words::list(known.iter().map(|name| name.as_str()), "and")))
}

pub(super) fn product(
    axes: &[Axis],
    filters: &Filters,
    scope: &Scope<'_>,
    room: Room,
    origin: Origin,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<Node>> {
    let (limit, included) = (room.left, filters.include.len());
    let combinations =
        axes.iter().try_fold(1_usize, |total, axis| total.checked_mul(axis.steps.len())).unwrap_or(usize::MAX);
    let filtered = !filters.exclude.is_empty() || filters.condition.is_some();
    if !filtered && combinations > limit.saturating_sub(included) {
        diagnostics.push(too_many(origin, combinations.saturating_add(included), room));
        return None;
    }
    let patterns = Patterns::new(&filters.exclude);
    let names: usize = axes.iter().map(|axis| axis.names.len()).sum();
    let refused = if combinations > limit.max(limits::COMBINATIONS) {
        Some(format!("the matrix has {combinations} combinations, of which {} may be looked at", limits::COMBINATIONS))
    } else if combinations.saturating_mul(patterns.cost()) > limits::MATCHES {
        Some(format!("`exclude` has too many different entries for the {combinations} combinations of the matrix"))
    } else if combinations.saturating_mul(names) > limits::VALUES.max(limit.saturating_mul(USUAL_AXES)) {
        Some(format!("the {combinations} combinations of the matrix have {names} values each"))
    } else {
        None
    };
    if let Some(message) = refused {
        let finding = Diagnostic::new(Code::TooManyInstances, origin, message);
        diagnostics.push(finding.help("narrow the axes, or write the instances as `rows`"));
        return None;
    }
    let mut cells = Vec::new();
    let mut used = vec![false; filters.exclude.len()];
    let mut removing = vec![false; filters.exclude.len()];
    let mut is_condition_needed = false;
    for at in 0..combinations {
        let cell = combination(axes, at, origin);
        let excluded = patterns.of(&cell);
        excluded.iter().for_each(|which| used[*which] = true);
        if let Some(first) = excluded.first() {
            removing[*first] = true;
            continue;
        }
        if let Some(condition) = &filters.condition {
            let scope = Scope { matrix: Some(&cell), index: Some(at), ..scope.clone() };
            match condition.holds(&scope) {
                Ok(true) => {}
                Ok(false) => {
                    is_condition_needed = true;
                    continue;
                }
                Err(finding) => {
                    diagnostics.push(*finding);
                    return None;
                }
            }
        }
        cells.push(cell);
        if cells.len() + included > limit {
            diagnostics.push(too_many(origin, combinations.saturating_add(included), room));
            return None;
        }
    }
    if let Some(condition) = filters.condition.as_ref().filter(|_| !is_condition_needed) {
        // One that reads a parameter may remove some for another value of it.
        if condition.is_of_cells() {
            let message = "this `where` removes nothing: it holds for all combinations";
            let finding = Diagnostic::new(Code::WithoutEffect, condition.origin(), message);
            diagnostics.push(finding.help("remove it, or mend what it compares"));
        }
    }
    for (at, _) in used.iter().enumerate().filter(|(at, used)| **used && !removing[*at]) {
        let message = "this `exclude` removes nothing: other entries take out all that it matches";
        let finding = Diagnostic::new(Code::WithoutEffect, filters.exclude_origins[at], message);
        diagnostics.push(finding.help("remove it, or mend its values"));
    }
    for (number, (at, _)) in used.iter().enumerate().filter(|(_, used)| !**used).enumerate() {
        let steps = axes.iter().flat_map(|axis| &axis.steps).filter_map(Node::as_map);
        diagnostics.push(unmatched("exclude", number, &filters.exclude[at], filters.exclude_origins[at], &steps));
    }
    Some(cells)
}

/// Says that an entry matches no instance: because of one value that no axis has, or of their combination.
///
/// The reason is looked for only in the first ones, by `number`: each takes a look at all cells.
pub(super) fn unmatched<'a>(
    what: &str,
    number: usize,
    pattern: &Map,
    origin: Origin,
    cells: &(impl Iterator<Item = &'a Map> + Clone),
) -> Diagnostic {
    /// How many values are listed.
    const SHOWN: usize = 8;
    /// How many entries are told with their reason.
    const REASONED: usize = 20;
    for entry in pattern.iter().filter(|entry| entry.value.as_seq().is_none() && number < REASONED) {
        let axis = &entry.key.text;
        let mut values: Vec<SmolStr> = Vec::new();
        for value in cells.clone().filter_map(|cell| cell.get(axis)).filter_map(scalar_text) {
            if values.len() > SHOWN {
                break;
            }
            if !values.contains(&value) {
                values.push(value);
            }
        }
        let taken = cells.clone().filter_map(|cell| cell.get(axis)).any(|value| same_value(value, &entry.value));
        let Some(word) = scalar_text(&entry.value).filter(|_| !taken && !values.is_empty()) else { continue };
        let message = format!("this `{what}` matches no instance: none has the {axis} `{word}`");
        let finding = Diagnostic::new(Code::UnmatchedEntry, entry.value.origin(), message)
            .did_you_mean(&word, values.iter().map(SmolStr::as_str));
        if !finding.help.is_empty() {
            return finding;
        }
        let listed = words::list(values.iter().take(SHOWN).map(SmolStr::as_str), "and");
        let more = if values.len() > SHOWN { " and more" } else { "" };
        return finding.help(format!("the values of `{axis}` are {listed}{more}"));
    }
    Diagnostic::new(Code::UnmatchedEntry, origin, format!("this `{what}` matches no instance"))
        .help("remove it, or mend its values: no instance has all of them")
}

/// Returns the cell of that number; the last axis turns fastest.
fn combination(axes: &[Axis], number: usize, origin: Origin) -> Node {
    let mut rest = number;
    let mut chosen = vec![0; axes.len()];
    for (at, axis) in axes.iter().enumerate().rev() {
        chosen[at] = rest % axis.steps.len();
        rest /= axis.steps.len();
    }
    if let [axis] = axes {
        return axis.steps[number].clone();
    }
    let steps = axes.iter().zip(chosen).flat_map(|(axis, at)| axis.steps[at].as_map().into_iter().flatten().cloned());
    let mut map = Map::with_capacity(axes.len());
    steps.for_each(|entry| map.push(entry.key, entry.value));
    Node::map(map, origin)
}

/// Whether a cell has all values of a pattern; a list stands for any of its values.
pub(super) fn matches(pattern: &Map, cell: &Node) -> bool {
    pattern.iter().all(|entry| {
        cell.get(&entry.key.text).is_some_and(|value| match entry.value.as_seq() {
            Some(any) => any.iter().any(|one| same_value(one, value)),
            None => same_value(&entry.value, value),
        })
    })
}
