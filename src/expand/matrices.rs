//! What an entry writes under `matrix` and `instances` in, its cells out: axes, fan-outs with a name, or both in a list.
//!
//! A fan-out with a name is closed: its filters see its own axes. Those of a list hold for all of it.

use std::collections::HashMap;
use std::sync::Arc;

use smol_str::SmolStr;

use super::axes::{Axis, Room, invalid, read_axis, read_instances};
use super::bind::Bindable;
use super::matrix::{Cells, Filters, product};
use super::scope::Scope;
use super::world::World;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, words};
use crate::limits;
use crate::text::{Entry, Map, Node, Origin, Sources};

/// The most values of all axes, however many instances are asked for.
const MOST_STEPS: usize = 10_000_000;

/// The fan-outs of a batch that have names, each expanded when it is first used.
#[derive(Debug)]
pub(super) struct Matrices<'a> {
    declared: &'a Map,
    known: HashMap<SmolStr, Option<Arc<Cells>>>,
}

impl<'a> Matrices<'a> {
    /// Takes the `matrices` of a batch.
    pub(super) fn new(declared: &'a Map) -> Self {
        Self { declared, known: HashMap::new() }
    }

    /// Returns the one of a name; one that is not there, or cannot be expanded, is a finding.
    fn named(
        &mut self,
        name: &Node,
        scope: &Scope<'_>,
        world: &mut World<'_>,
        room: Room,
        diagnostics: &mut Diagnostics,
    ) -> Option<Arc<Cells>> {
        let text = name.text()?;
        if let Some(known) = self.known.get(text) {
            return known.clone();
        }
        let Some(entry) = self.declared.entry(text) else {
            let names = self.declared.iter().map(|entry| entry.key.text.as_str());
            let finding = invalid(name.origin(), format!("the batch has no matrix `{text}`"));
            let finding = finding.did_you_mean(text, names.clone());
            diagnostics.push(match (finding.help.is_empty(), names.clone().next()) {
                (false, _) => finding,
                (true, None) => finding.help(format!("declare it: `matrices: {{{text}: {{AXIS: [a, b]}}}}`")),
                (true, Some(_)) => {
                    let shown = names.take(limits::LISTED_WORDS);
                    finding.help(format!("its `matrices` are {}", words::list(shown, "and")))
                }
            });
            return None;
        };
        let mut parts = Parts::default();
        let cells = parts.axes_of(&entry.value, scope, world, room, diagnostics);
        let cells = cells.and_then(|()| parts.cells(entry.key.origin, scope, world, room, diagnostics)).map(Arc::new);
        self.known.insert(text.clone(), cells.clone());
        cells
    }
}

/// What a fan-out is made of.
#[derive(Default)]
struct Parts {
    axes: Vec<Axis>,
    rest: Map,
    /// How many values the axes have.
    values: usize,
}

/// Expands `matrix` and `instances`.
pub(super) fn expand(
    matrix: Option<&Entry>,
    instances: Option<&Entry>,
    matrices: &mut Matrices<'_>,
    scope: &Scope<'_>,
    world: &mut World<'_>,
    room: Room,
    diagnostics: &mut Diagnostics,
) -> Option<Cells> {
    let mut parts = Parts::default();
    if let Some(entry) = matrix {
        let items = match entry.value.as_seq() {
            Some(items) => items.to_vec(),
            None => vec![entry.value.clone()],
        };
        for item in items {
            let bound = bind(&item, scope, world.sources, diagnostics);
            match bound.text().filter(|_| !bound.is_null()) {
                Some(_) => {
                    let cells = matrices.named(&bound, scope, world, room, diagnostics)?;
                    parts.axes.push(Axis::of(&cells, bound.origin()));
                }
                None => parts.axes_of(&bound, scope, world, room, diagnostics)?,
            }
        }
    }
    if let Some(entry) = instances {
        parts.axes.push(read_instances(entry, scope, world.sources, room, diagnostics)?);
    }
    let origin = matrix.or(instances).map_or(Origin::NOWHERE, |entry| entry.key.origin);
    parts.cells(origin, scope, world, room, diagnostics)
}

impl Axis {
    /// Returns all axes of a fan-out as one that goes through its instances.
    fn of(cells: &Cells, origin: Origin) -> Self {
        Self {
            steps: cells.each.clone(),
            names: cells.names.clone(),
            naming: cells.naming.clone(),
            columns: cells.columns.clone(),
            formats: cells.formats.clone(),
            origin,
        }
    }
}

impl Parts {
    /// Reads the axes of a mapping, and what filters their product.
    fn axes_of(
        &mut self,
        written: &Node,
        scope: &Scope<'_>,
        world: &mut World<'_>,
        room: Room,
        diagnostics: &mut Diagnostics,
    ) -> Option<()> {
        let bound = bind(written, scope, world.sources, diagnostics);
        let Some(map) = bound.as_map() else {
            let message = format!("expected a mapping of axes, found {}", bound.type_name());
            diagnostics.push(
                invalid(written.origin(), message)
                    .help("write `matrix: {region: [eu, us]}`, or the name of one of `matrices`"),
            );
            return None;
        };
        // Who asks for more instances may have more values.
        let most = room.left.clamp(limits::COMBINATIONS, MOST_STEPS);
        for axis in map {
            if !matches!(axis.key.text.as_str(), "include" | "exclude" | "where") {
                let values = Room { left: most.saturating_sub(self.values), of: most };
                let axis = read_axis(axis, values, world, diagnostics)?;
                self.values = self.values.saturating_add(axis.steps.len().saturating_mul(axis.names.len()));
                self.axes.push(axis);
            } else if let Some(first) = self.rest.entry(&axis.key.text) {
                let message = format!("`{}` stands twice in one fan-out", axis.key.text);
                let finding = invalid(axis.key.origin, message).also(first.key.origin, "first here");
                diagnostics.push(finding.help("write all of it in one of them: it holds for the whole fan-out"));
                return None;
            } else {
                self.rest.push(axis.key.clone(), axis.value.clone());
            }
        }
        Some(())
    }

    /// Returns the instances of all axes together.
    fn cells(
        self,
        origin: Origin,
        scope: &Scope<'_>,
        world: &World<'_>,
        room: Room,
        diagnostics: &mut Diagnostics,
    ) -> Option<Cells> {
        let Self { axes, rest, .. } = self;
        check_names(&axes, diagnostics)?;
        let filters = Filters::read(&rest, &axes, world.sources, diagnostics)?;
        let mut each = product(&axes, &filters, scope, room, origin, diagnostics)?;
        each.extend(filters.include);
        if each.is_empty() {
            diagnostics.push(
                Diagnostic::new(Code::EmptyMatrix, origin, "the matrix has no instances")
                    .help("remove it, or mend its axes, `exclude` and `where`"),
            );
            return None;
        }
        let names = axes.iter().flat_map(|axis| &axis.names).cloned().collect();
        let naming = axes.iter().flat_map(|axis| &axis.naming).cloned().collect();
        let columns = axes.iter().flat_map(|axis| &axis.columns).cloned().collect();
        let formats = axes.into_iter().flat_map(|axis| axis.formats).collect();
        Some(Cells { each, names, naming, columns, formats })
    }
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

fn check_names(axes: &[Axis], diagnostics: &mut Diagnostics) -> Option<()> {
    let mut seen: HashMap<&SmolStr, Origin> = HashMap::new();
    for axis in axes {
        for name in &axis.names {
            if let Some(first) = seen.get(name) {
                diagnostics.push(
                    invalid(axis.origin, format!("two axes of the matrix are named `{name}`"))
                        .also(*first, "the first is here"),
                );
                return None;
            }
            seen.insert(name, axis.origin);
        }
    }
    Some(())
}
