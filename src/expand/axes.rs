//! The axes of a matrix: lists, ranges, rows, zipped lists, and plain counts.
//!
//! One entry of a matrix in, the mappings that its axis goes through out.

use std::collections::{HashMap, HashSet};

use smol_str::{SmolStr, format_smolstr};

use super::bind::Bindable;
use super::rows;
use super::scope::Scope;
use super::world::World;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::text::{Entry, Key, Map, Node, Origin, Sources, Value, scalar};

/// A group of axes that move together: one axis, rows, or zipped ones.
pub(super) struct Axis {
    /// The mappings that it goes through.
    pub(super) steps: Vec<Node>,
    /// The names that it defines, in order.
    pub(super) names: Vec<SmolStr>,
    /// Those of the names that take part in an instance's name.
    pub(super) naming: Vec<SmolStr>,
    /// Those of the names that are columns of a table.
    pub(super) columns: Vec<SmolStr>,
    /// How the numbers of an axis are written.
    pub(super) formats: Formats,
    pub(super) origin: Origin,
}

/// How many may still be made, of how many in all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    pub(super) left: usize,
    pub(super) of: usize,
}

/// Reads one axis, rows, or zipped axes; there is room for so many values.
pub(super) fn read_axis(
    entry: &Entry,
    room: Room,
    world: &mut World<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Axis> {
    match entry.key.text.as_str() {
        "rows" => {
            let (rows, origin) = rows::read(&entry.value, world, diagnostics)?;
            let mut names: Vec<SmolStr> = Vec::new();
            let mut seen: HashSet<&SmolStr> = HashSet::new();
            for name in rows.iter().flat_map(Map::iter).map(|entry| &entry.key.text) {
                if seen.insert(name) {
                    names.push(name.clone());
                }
            }
            let naming = names.iter().take(1).cloned().collect();
            let steps = rows.into_iter().map(|row| Node::map(row, origin)).collect();
            Some(Axis { steps, columns: names.clone(), names, naming, formats: Formats::new(), origin })
        }
        "zip" => read_zip(entry, room, diagnostics),
        _ => {
            let (values, format) = read_values(entry, room, diagnostics)?;
            let step = |value: Node| {
                let mut map = Map::with_capacity(1);
                map.push(entry.key.clone(), value);
                Node::map(map, entry.key.origin)
            };
            Some(Axis {
                steps: values.into_iter().map(step).collect(),
                names: vec![entry.key.text.clone()],
                naming: vec![entry.key.text.clone()],
                columns: Vec::new(),
                formats: format.map(|format| (entry.key.text.clone(), format)).into_iter().collect(),
                origin: entry.key.origin,
            })
        }
    }
}

fn read_zip(entry: &Entry, room: Room, diagnostics: &mut Diagnostics) -> Option<Axis> {
    let Some(map) = entry.value.as_map() else {
        diagnostics.push(invalid(
            entry.value.origin(),
            format!("expected a mapping of lists to zip, found {}", entry.value.type_name()),
        ));
        return None;
    };
    let mut columns: Vec<(&Entry, Vec<Node>)> = Vec::new();
    let mut formats = Formats::new();
    for column in map {
        let room = Room { left: room.left / map.len().max(1), ..room };
        let (values, format) = read_values(column, room, diagnostics)?;
        columns.push((column, values));
        formats.extend(format.map(|format| (column.key.text.clone(), format)));
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
        let cells = columns.iter().map(|(column, values)| (column.key.clone(), values[at].clone()));
        Node::map(cells.map(|(key, value)| Entry { key, value }).collect(), entry.key.origin)
    };
    let names: Vec<SmolStr> = columns.iter().map(|(column, _)| column.key.text.clone()).collect();
    Some(Axis {
        steps: (0..length).map(step).collect(),
        naming: names.clone(),
        columns: Vec::new(),
        names,
        formats,
        origin: entry.key.origin,
    })
}

/// Returns the values of an axis, and how its numbers are written where it is a range with a format.
fn read_values(entry: &Entry, room: Room, diagnostics: &mut Diagnostics) -> Option<(Vec<Node>, Option<Format>)> {
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
            Some((items.clone(), None))
        }
        Value::Map(map) => read_range(&entry.key.text, map, node.origin(), room, diagnostics),
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
fn read_range(
    axis: &str,
    map: &Map,
    origin: Origin,
    room: Room,
    diagnostics: &mut Diagnostics,
) -> Option<(Vec<Node>, Option<Format>)> {
    const KEYS: [&str; 4] = ["from", "to", "step", "format"];
    if let Some(entry) = map.iter().find(|entry| !KEYS.contains(&entry.key.text.as_str())) {
        diagnostics.push(
            Diagnostic::new(Code::UnknownField, entry.key.origin, format!("a range has no field `{}`", entry.key.text))
                .did_you_mean_word(&entry.key.text, KEYS)
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
    if count > room.left as i128 {
        let message = format!("the range of `{axis}` has {count} values, all axes of a matrix may have {}", room.of);
        diagnostics.push(Diagnostic::new(Code::TooManyInstances, origin, message).help("mend its ends or its `step`"));
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
    Some((values.collect(), format))
}

/// Returns entries of `include`, `exclude` or `match` with their numbers written as the axes write them.
pub(super) fn formatted(entry: &Map, formats: &Formats) -> Map {
    let write = |format: &Format, node: &Node| match integer(node) {
        Some(number) => Node::string(format.write(number), node.origin()),
        None => node.clone(),
    };
    let value = |entry: &Entry| {
        let Some(format) = formats.get(&entry.key.text) else {
            return entry.value.clone();
        };
        match entry.value.as_seq() {
            Some(any) => Node::seq(any.iter().map(|one| write(format, one)).collect(), entry.value.origin()),
            None => write(format, &entry.value),
        }
    };
    entry.iter().map(|entry| Entry { key: entry.key.clone(), value: value(entry) }).collect()
}

/// How the numbers of axes are written, by their names.
pub(super) type Formats = HashMap<SmolStr, Format>;

/// `prefix%0Ndsuffix`
#[derive(Clone, Debug)]
pub(super) struct Format {
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

/// Reads `instances`, which is the axis `index`.
pub(super) fn read_instances(
    entry: &Entry,
    scope: &Scope<'_>,
    sources: &Sources,
    room: Room,
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
    if count > room.left {
        diagnostics.push(too_many(entry.key.origin, count, room));
        return None;
    }
    let origin = entry.value.origin();
    let step = |at: usize| {
        let mut map = Map::with_capacity(1);
        map.push(Key::new("index", origin), Node::integer(i64::try_from(at).unwrap_or(i64::MAX), origin));
        Node::map(map, origin)
    };
    Some(Axis {
        steps: (0..count).map(step).collect(),
        names: vec!["index".into()],
        naming: vec!["index".into()],
        columns: Vec::new(),
        formats: Formats::new(),
        origin,
    })
}

/// Returns the finding about a matrix that cannot be expanded.
pub(super) fn invalid(origin: Origin, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::InvalidMatrix, origin, message)
}

/// Returns the finding about more instances than a run may have.
pub(super) fn too_many(origin: Origin, count: usize, room: Room) -> Diagnostic {
    let made = room.of - room.left;
    let beside = if made == 0 { String::new() } else { format!(" beside {made} others") };
    let message = format!("the fan-out makes {count} instances{beside}, the limit is {}", room.of);
    Diagnostic::new(Code::TooManyInstances, origin, message)
        .help(format!("`--max-instances {}` allows them", count.saturating_add(made)))
}
