//! The picture of a batch: all objects in; each workload with its axes, and what is at each place of them, out.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::super::one_line;
use crate::diff::{Changes, Known};

/// The instances of a workload along its axes.
#[derive(Serialize)]
pub(super) struct Batch {
    name: String,
    axes: Vec<Axis>,
    cells: Vec<Cell>,
}

#[derive(Serialize)]
struct Axis {
    name: String,
    values: Vec<String>,
}

/// An instance: its values, the objects of it that differ, and how many are the same.
#[derive(Serialize)]
struct Cell(Vec<usize>, Vec<usize>, usize);

#[derive(Default)]
struct Gathered<'a> {
    differ: Vec<usize>,
    same: usize,
    values: Vec<&'a str>,
}

/// Returns the workloads that have axes, by name; values stand in the order in which people count.
pub(super) fn batches(changes: &Changes) -> Vec<Batch> {
    type Place<'a> = (&'a str, Vec<&'a str>);
    let mut all: BTreeMap<Place<'_>, BTreeMap<Vec<Counted<'_>>, Gathered<'_>>> = BTreeMap::new();
    let differ = changes.objects.iter().enumerate().map(|(at, object)| (Some(at), &object.known));
    for (at, known) in differ.chain(changes.same.iter().map(|known| (None, known))) {
        let Some((workload, axes)) = instance(known) else { continue };
        let names = axes.iter().map(|(name, _)| *name).collect();
        let values: Vec<&str> = axes.iter().map(|(_, value)| *value).collect();
        let place = values.iter().map(|value| counted(value)).collect();
        let cell = all.entry((workload, names)).or_default().entry(place).or_default();
        cell.values = values;
        match at {
            Some(at) => cell.differ.push(at),
            None => cell.same += 1,
        }
    }
    all.into_iter().map(|((workload, names), cells)| batch(workload, &names, cells)).collect()
}

fn batch(workload: &str, names: &[&str], cells: BTreeMap<Vec<Counted<'_>>, Gathered<'_>>) -> Batch {
    if is_table(names, &cells) {
        return rows(workload, names, cells);
    }
    let mut places: Vec<BTreeMap<Counted<'_>, usize>> = vec![BTreeMap::new(); names.len()];
    for cell in cells.values() {
        for (axis, value) in places.iter_mut().zip(&cell.values) {
            axis.insert(counted(value), 0);
        }
    }
    for axis in &mut places {
        axis.values_mut().enumerate().for_each(|(at, place)| *place = at);
    }
    let axes = names.iter().zip(&places).map(|(name, axis)| Axis {
        name: one_line(name),
        values: axis.keys().map(|(_, _, value)| one_line(value)).collect(),
    });
    let axes = axes.collect();
    let cells = cells.into_values().map(|cell| {
        let at = cell.values.iter().zip(&places).map(|(value, axis)| axis.get(&counted(value)).copied().unwrap_or(0));
        Cell(at.collect(), cell.differ, cell.same)
    });
    Batch { name: one_line(workload), axes, cells: cells.collect() }
}

/// Whether the instances are rows of a table: a grid of all columns would be empty but for a few cells of each line.
fn is_table(names: &[&str], cells: &BTreeMap<Vec<Counted<'_>>, Gathered<'_>>) -> bool {
    let mut values: Vec<BTreeSet<&str>> = vec![BTreeSet::new(); names.len()];
    for cell in cells.values() {
        for (axis, value) in values.iter_mut().zip(&cell.values) {
            axis.insert(value);
        }
    }
    let places = values.iter().fold(1_usize, |places, axis| places.saturating_mul(axis.len()));
    names.len() > 1 && places > cells.len().saturating_mul(2)
}

/// Returns the rows of a table along one axis: the column that tells all of them apart, or all columns together.
fn rows(workload: &str, names: &[&str], cells: BTreeMap<Vec<Counted<'_>>, Gathered<'_>>) -> Batch {
    let is_key = |column: &usize| {
        let values: BTreeSet<&str> = cells.values().map(|cell| cell.values[*column]).collect();
        values.len() == cells.len()
    };
    let is_word = |column: &usize| cells.values().all(|cell| cell.values[*column].parse::<f64>().is_err());
    let keys: Vec<usize> = (0..names.len()).filter(is_key).collect();
    let key = keys.iter().copied().find(is_word).or_else(|| keys.first().copied());
    let name = key.map_or_else(|| names.join(", "), |column| names[column].to_owned());
    let mut rows: Vec<(String, Gathered<'_>)> = cells
        .into_values()
        .map(|cell| (key.map_or_else(|| cell.values.join(", "), |column| cell.values[column].to_owned()), cell))
        .collect();
    if key.is_some() {
        rows.sort_by(|(one, _), (other, _)| counted(one).cmp(&counted(other)));
    }
    let values = rows.iter().map(|(value, _)| one_line(value)).collect();
    let cells = rows.into_iter().enumerate().map(|(at, (_, cell))| Cell(vec![at], cell.differ, cell.same)).collect();
    Batch { name: one_line(workload), axes: vec![Axis { name: one_line(&name), values }], cells }
}

/// A value by which to sort: what stands before its digits, their number, and all of it.
type Counted<'a> = (&'a str, u64, &'a str);

fn counted(value: &str) -> Counted<'_> {
    let stem = value.trim_end_matches(|letter: char| letter.is_ascii_digit());
    (stem, value[stem.len()..].parse().unwrap_or(0), value)
}

/// Returns the workload of an object, and its axes with their values.
fn instance(known: &Known) -> Option<(&str, Vec<(&str, &str)>)> {
    let mut axes: Vec<(&str, &str)> = Vec::new();
    let mut workload = "";
    // An axis may be called `workload`: what is said of the object beside its axes stands last.
    for (at, (name, value)) in known.traits.iter().enumerate() {
        let rest = &known.traits[at + 1..];
        let said = |name: &str| !rest.iter().any(|(other, _)| other == name);
        match name.as_str() {
            "workload" if said("workload") => workload = value,
            "namespace" if said("namespace") && !known.key.namespace.is_empty() => {}
            _ => axes.push((name, value)),
        }
    }
    (!axes.is_empty()).then_some((workload, axes))
}
