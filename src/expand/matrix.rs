//! A `matrix` in, its cells out: one mapping of axis values for each instance.
//!
//! The first axis is the outer loop. The matrix is the one mapping of the language whose order counts. Excludes, includes
//! and overrides that match nothing are findings, and so are two axes of one name.

use smol_str::{SmolStr, ToSmolStr, format_smolstr};

use super::bind::Bindable;
use super::expression::{Template, has_expression};
use super::rows;
use super::scope::Scope;
use super::world::World;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, words};
use crate::source::{Entry, Key, Map, Node, Origin, Sources, Value, scalar};

/// The most combinations that are looked at before `exclude` and `where`.
const MAX_COMBINATIONS: usize = 10_000_000;

/// The instances of one matrix.
#[derive(Clone, Debug, Default)]
pub(super) struct Cells {
    /// The values of each instance: a mapping from axis to value.
    pub cells: Vec<Node>,
    /// The axes that name an instance, in order.
    pub naming: Vec<SmolStr>,
}

/// A group of axes that move together: one axis, rows, or zipped ones.
struct Axis {
    /// The mappings that it goes through.
    steps: Vec<Map>,
    /// The names that it defines, in order.
    names: Vec<SmolStr>,
    /// How many of the names take part in an instance's name.
    naming: usize,
    origin: Origin,
}

/// Expands `matrix` and `instances`.
pub(super) fn expand(
    matrix: Option<&Entry>,
    instances: Option<&Entry>,
    scope: &Scope<'_>,
    world: &mut World<'_>,
    limit: usize,
    diagnostics: &mut Diagnostics,
) -> Option<Cells> {
    let mut axes = Vec::new();
    let mut rest = Map::new();
    if let Some(entry) = matrix {
        let bound = bind(&entry.value, scope, world.sources, diagnostics);
        let Some(map) = bound.as_map() else {
            diagnostics.push(
                invalid(entry.value.origin(), format!("expected a mapping of axes, found {}", bound.type_name()))
                    .help("write `matrix: {region: [eu, us]}`"),
            );
            return None;
        };
        for axis in map {
            if matches!(axis.key.text.as_str(), "include" | "exclude" | "where") {
                rest.push(axis.key.clone(), axis.value.clone());
            } else {
                axes.push(read_axis(axis, world, diagnostics)?);
            }
        }
    }
    if let Some(entry) = instances {
        axes.push(read_instances(entry, scope, world.sources, limit, diagnostics)?);
    }
    check_names(&axes, diagnostics)?;
    let origin = matrix.or(instances).map_or(Origin::NOWHERE, |entry| entry.key.origin);
    let filters = Filters::read(&rest, &axes, world.sources, diagnostics)?;
    let mut cells = product(&axes, &filters, scope, limit, origin, diagnostics)?;
    cells.extend(filters.include);
    if cells.is_empty() {
        diagnostics.push(
            Diagnostic::new(Code::EmptyMatrix, origin, "the matrix has no instances")
                .help("remove the workload, or mend its axes, `exclude` and `where`"),
        );
        return None;
    }
    let naming = axes.iter().flat_map(|axis| axis.names.iter().take(axis.naming)).cloned().collect();
    Some(Cells { cells, naming })
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

fn invalid(origin: Origin, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::InvalidMatrix, origin, message)
}

fn bind(node: &Node, scope: &Scope<'_>, sources: &Sources, diagnostics: &mut Diagnostics) -> Node {
    // `where` reads the cells themselves: it is bound for each of them.
    let Some(map) = node.as_map() else { return Bindable::of(node, sources, diagnostics).bind(scope, diagnostics) };
    let mut bound = Map::with_capacity(map.len());
    for entry in map {
        let value = if entry.key.text == "where" {
            entry.value.clone()
        } else {
            Bindable::of(&entry.value, sources, diagnostics).bind(scope, diagnostics)
        };
        bound.push(entry.key.clone(), value);
    }
    Node::map(bound, node.origin())
}

fn read_axis(entry: &Entry, world: &mut World<'_>, diagnostics: &mut Diagnostics) -> Option<Axis> {
    match entry.key.text.as_str() {
        "rows" => {
            let (rows, origin) = rows::read(&entry.value, world, diagnostics)?;
            let mut names: Vec<SmolStr> = Vec::new();
            for name in rows.iter().flat_map(Map::iter).map(|entry| &entry.key.text) {
                if !names.contains(name) {
                    names.push(name.clone());
                }
            }
            Some(Axis { steps: rows, names, naming: 1, origin })
        }
        "zip" => read_zip(entry, diagnostics),
        _ => {
            let values = read_values(entry, diagnostics)?;
            let step = |value: Node| {
                let mut map = Map::with_capacity(1);
                map.push(entry.key.clone(), value);
                map
            };
            Some(Axis {
                steps: values.into_iter().map(step).collect(),
                names: vec![entry.key.text.clone()],
                naming: 1,
                origin: entry.key.origin,
            })
        }
    }
}

fn read_zip(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<Axis> {
    let Some(map) = entry.value.as_map() else {
        diagnostics.push(invalid(
            entry.value.origin(),
            format!("expected a mapping of lists to zip, found {}", entry.value.type_name()),
        ));
        return None;
    };
    let mut columns: Vec<(&Entry, Vec<Node>)> = Vec::new();
    for column in map {
        columns.push((column, read_values(column, diagnostics)?));
    }
    let (first, length) = columns.first().map(|(column, values)| (column.key.text.clone(), values.len()))?;
    for (column, values) in &columns {
        if values.len() != length {
            diagnostics.push(invalid(
                column.key.origin,
                format!(
                    "zipped lists are of one length: `{first}` has {length}, `{}` has {}",
                    column.key.text,
                    values.len()
                ),
            ));
            return None;
        }
    }
    let step = |at: usize| {
        columns.iter().map(|(column, values)| Entry { key: column.key.clone(), value: values[at].clone() }).collect()
    };
    Some(Axis {
        steps: (0..length).map(step).collect(),
        names: columns.iter().map(|(column, _)| column.key.text.clone()).collect(),
        naming: columns.len(),
        origin: entry.key.origin,
    })
}

fn read_values(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<Vec<Node>> {
    let node = &entry.value;
    match node.value() {
        Value::Seq(items) => {
            if let Some(bad) = items.iter().find(|item| item.is_null() || item.as_seq().is_some()) {
                diagnostics.push(invalid(
                    bad.origin(),
                    format!(
                        "a value of the axis `{}` is {}: expected a scalar or a mapping",
                        entry.key.text,
                        bad.type_name()
                    ),
                ));
                return None;
            }
            Some(items.clone())
        }
        Value::Map(map) => read_range(&entry.key.text, map, node.origin(), diagnostics),
        _ => {
            diagnostics.push(
                invalid(
                    node.origin(),
                    format!("expected a list or a range for `{}`, found {}", entry.key.text, node.type_name()),
                )
                .help("write `[a, b]`, or `{from: 0, to: 9}`"),
            );
            None
        }
    }
}

/// Reads `{from, to, step, format}`; both ends belong to the range.
fn read_range(axis: &str, map: &Map, origin: Origin, diagnostics: &mut Diagnostics) -> Option<Vec<Node>> {
    const KEYS: [&str; 4] = ["from", "to", "step", "format"];
    if let Some(entry) = map.iter().find(|entry| !KEYS.contains(&entry.key.text.as_str())) {
        diagnostics.push(
            Diagnostic::new(Code::UnknownField, entry.key.origin, format!("a range has no field `{}`", entry.key.text))
                .maybe_help(crate::diagnostic::suggestion(&entry.key.text, KEYS))
                .help("a range is `{from, to, step, format}`"),
        );
        return None;
    }
    let mut number = |key: &str, fallback: Option<i64>| -> Option<i64> {
        let Some(node) = map.get(key) else {
            if fallback.is_none() {
                diagnostics.push(invalid(origin, format!("the range of `{axis}` needs `{key}`")));
            }
            return fallback;
        };
        let number = integer(node);
        if number.is_none() {
            diagnostics
                .push(invalid(node.origin(), format!("expected an integer for `{key}`, found {}", node.type_name())));
        }
        number
    };
    let (from, to, step) = (number("from", Some(0))?, number("to", None)?, number("step", Some(1))?);
    if step == 0 {
        let at = map.get("step").map_or(origin, Node::origin);
        diagnostics.push(
            invalid(at, format!("the range of `{axis}` never ends: expected a step that is not 0"))
                .help("leave `step` out to count by 1"),
        );
        return None;
    }
    if (step > 0 && from > to) || (step < 0 && from < to) {
        diagnostics.push(
            invalid(origin, format!("the range of `{axis}` from {from} to {to} by {step} has no values"))
                .help("both ends belong to the range; a negative `step` counts down"),
        );
        return None;
    }
    let count = (i128::from(to) - i128::from(from)) / i128::from(step) + 1;
    if count > MAX_COMBINATIONS as i128 {
        diagnostics.push(Diagnostic::new(
            Code::TooManyInstances,
            origin,
            format!("the range of `{axis}` has {count} values"),
        ));
        return None;
    }
    let format = match map.get("format") {
        Some(node) => {
            if let Some(Some(format)) = node.as_str().map(Format::parse) {
                Some(format)
            } else {
                diagnostics.push(
                    invalid(node.origin(), "expected a format with one `%d`")
                        .help("write `%03d` for three digits, `shard-%d` for a word before"),
                );
                return None;
            }
        }
        None => None,
    };
    let values = (0..i64::try_from(count).unwrap_or(0)).map(|at| {
        let value = from + at * step;
        match &format {
            Some(format) => Node::string(format.write(value), origin),
            None => Node::integer(value, origin),
        }
    });
    Some(values.collect())
}

/// `prefix%0Ndsuffix`
struct Format {
    before: SmolStr,
    width: usize,
    after: SmolStr,
}

impl Format {
    fn parse(text: &str) -> Option<Self> {
        let (before, rest) = text.split_once('%')?;
        let (digits, after) = rest.split_once('d')?;
        let width =
            if digits.is_empty() { 0 } else { digits.strip_prefix('0')?.parse().ok().filter(|width| *width <= 20)? };
        (!after.contains('%')).then(|| Self { before: before.into(), width, after: after.into() })
    }

    fn write(&self, value: i64) -> SmolStr {
        format_smolstr!("{}{value:0width$}{}", self.before, self.after, width = self.width)
    }
}

fn integer(node: &Node) -> Option<i64> {
    match node.value() {
        Value::Number(text) => text.parse().ok(),
        Value::Plain(text) => match scalar::resolve_core(text) {
            scalar::Meaning::Integer(digits) => digits.parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

fn read_instances(
    entry: &Entry,
    scope: &Scope<'_>,
    sources: &Sources,
    limit: usize,
    diagnostics: &mut Diagnostics,
) -> Option<Axis> {
    let node = Bindable::of(&entry.value, sources, diagnostics).bind(scope, diagnostics);
    let count = integer(&node).and_then(|count| usize::try_from(count).ok());
    let Some(count) = count.filter(|count| *count > 0) else {
        if !node.is_null() {
            diagnostics.push(invalid(
                entry.value.origin(),
                format!(
                    "expected a positive integer for `instances`, found {}",
                    node.as_str().map_or(node.type_name().to_owned(), |text| format!("`{text}`"))
                ),
            ));
        }
        return None;
    };
    if count > limit {
        diagnostics.push(too_many(entry.key.origin, count, limit));
        return None;
    }
    let origin = entry.value.origin();
    let step = |at: usize| {
        let mut map = Map::with_capacity(1);
        map.push(Key::new("index", origin), Node::integer(i64::try_from(at).unwrap_or(i64::MAX), origin));
        map
    };
    Some(Axis { steps: (0..count).map(step).collect(), names: vec!["index".into()], naming: 1, origin })
}

fn too_many(origin: Origin, count: usize, limit: usize) -> Diagnostic {
    Diagnostic::new(
        Code::TooManyInstances,
        origin,
        format!("the fan-out makes {count} instances, the limit is {limit}"),
    )
    .help(format!("`--max-instances {count}` allows them"))
}

fn check_names(axes: &[Axis], diagnostics: &mut Diagnostics) -> Option<()> {
    let mut seen: Vec<(&SmolStr, Origin)> = Vec::new();
    for axis in axes {
        for name in &axis.names {
            if let Some((_, first)) = seen.iter().find(|(known, _)| *known == name) {
                diagnostics.push(
                    invalid(axis.origin, format!("two axes of the matrix are named `{name}`"))
                        .also(*first, "the first is here"),
                );
                return None;
            }
            seen.push((name, axis.origin));
        }
    }
    Some(())
}

/// What keeps cells out, and adds some.
struct Filters {
    exclude: Vec<Map>,
    exclude_origins: Vec<Origin>,
    include: Vec<Node>,
    condition: Option<Template>,
}

impl Filters {
    fn read(rest: &Map, axes: &[Axis], sources: &Sources, diagnostics: &mut Diagnostics) -> Option<Self> {
        let known: Vec<&SmolStr> = axes.iter().flat_map(|axis| &axis.names).collect();
        let mut filters =
            Self { exclude: Vec::new(), exclude_origins: Vec::new(), include: Vec::new(), condition: None };
        for entry in entries_of(rest, "exclude", &known, diagnostics)? {
            filters.exclude_origins.push(entry.origin());
            filters.exclude.push(entry.as_map().cloned().unwrap_or_default());
        }
        for entry in entries_of(rest, "include", &known, diagnostics)? {
            if let Some(lacking) = known.iter().find(|name| entry.get(name).is_none()) {
                diagnostics.push(
                    invalid(entry.origin(), format!("an included instance names every axis: `{lacking}` is missing"))
                        .help("for other fields of some instances, use `overrides`"),
                );
                return None;
            }
            filters.include.push(entry);
        }
        if let Some(node) = rest.get("where") {
            filters.condition = Some(read_condition(node, sources, diagnostics)?);
        }
        Some(filters)
    }
}

fn entries_of(rest: &Map, key: &str, known: &[&SmolStr], diagnostics: &mut Diagnostics) -> Option<Vec<Node>> {
    let Some(node) = rest.get(key).filter(|node| !node.is_null()) else { return Some(Vec::new()) };
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
        if let Some(entry) = map.iter().find(|entry| !known.iter().any(|name| **name == entry.key.text)) {
            diagnostics.push(unknown_axis(entry, known));
            return None;
        }
    }
    Some(items)
}

/// Returns the finding about a key that is no axis.
pub(super) fn unknown_axis(entry: &Entry, known: &[&SmolStr]) -> Diagnostic {
    let names = known.iter().map(|name| name.as_str());
    Diagnostic::new(Code::UnknownField, entry.key.origin, format!("the matrix has no axis `{}`", entry.key.text))
        .maybe_help(crate::diagnostic::suggestion(&entry.key.text, names))
        .help(format!("its axes are {}", known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")))
}

fn read_condition(node: &Node, sources: &Sources, diagnostics: &mut Diagnostics) -> Option<Template> {
    let Some(text) = node.text() else {
        diagnostics
            .push(invalid(node.origin(), format!("expected an expression for `where`, found {}", node.type_name())));
        return None;
    };
    let template = if has_expression(text) {
        Template::cut(text, node.origin(), true, sources)
    } else {
        // A bare expression needs no braces: its place is the whole text.
        Template::cut(&format_smolstr!("{{{{ {text} }}}}"), node.origin(), true, sources)
    };
    template.map_err(|finding| diagnostics.push(*finding)).ok()
}

fn product(
    axes: &[Axis],
    filters: &Filters,
    scope: &Scope<'_>,
    limit: usize,
    origin: Origin,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<Node>> {
    let combinations =
        axes.iter().try_fold(1_usize, |total, axis| total.checked_mul(axis.steps.len())).unwrap_or(usize::MAX);
    let filtered = !filters.exclude.is_empty() || filters.condition.is_some();
    let bound = if filtered { MAX_COMBINATIONS } else { limit.saturating_sub(filters.include.len()) };
    if combinations > bound {
        diagnostics.push(too_many(origin, combinations, limit));
        return None;
    }
    let mut cells = Vec::new();
    let mut used = vec![false; filters.exclude.len()];
    for at in 0..combinations {
        let cell = combination(axes, at, origin);
        let excluded = filters.exclude.iter().enumerate().filter(|(_, pattern)| matches(pattern, &cell));
        let mut out = false;
        for (which, _) in excluded {
            used[which] = true;
            out = true;
        }
        if out {
            continue;
        }
        if let Some(condition) = &filters.condition {
            let scope = Scope { matrix: Some(&cell), index: Some(at), ..scope.clone() };
            match condition.fill(&scope) {
                Ok(node) => match truth(&node) {
                    Some(true) => {}
                    Some(false) => continue,
                    None => {
                        diagnostics.push(invalid(
                            node.origin(),
                            format!("expected a boolean from `where`, found {}", node.type_name()),
                        ));
                        return None;
                    }
                },
                Err(finding) => {
                    diagnostics.push(*finding);
                    return None;
                }
            }
        }
        cells.push(cell);
        if cells.len() + filters.include.len() > limit {
            diagnostics.push(too_many(origin, combinations, limit));
            return None;
        }
    }
    for (at, _) in used.iter().enumerate().filter(|(_, used)| !**used) {
        let steps = axes.iter().flat_map(|axis| &axis.steps);
        diagnostics.push(unmatched("exclude", &filters.exclude[at], filters.exclude_origins[at], &steps));
    }
    Some(cells)
}

/// Says that an entry matches no instance: because of one value that no axis has, or of their combination.
pub(super) fn unmatched<'a>(
    what: &str,
    pattern: &Map,
    origin: Origin,
    cells: &(impl Iterator<Item = &'a Map> + Clone),
) -> Diagnostic {
    /// How many values are listed.
    const SHOWN: usize = 8;
    for entry in pattern.iter().filter(|entry| entry.value.as_seq().is_none()) {
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
    let steps = axes.iter().zip(chosen).flat_map(|(axis, at)| axis.steps[at].iter().cloned());
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

fn truth(node: &Node) -> Option<bool> {
    match node.value() {
        Value::Bool(value) => Some(*value),
        Value::Plain(text) => match scalar::resolve_core(text) {
            scalar::Meaning::Bool(value) => Some(value),
            _ => None,
        },
        _ => None,
    }
}
