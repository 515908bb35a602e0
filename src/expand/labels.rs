//! Which axes become labels: what the layers of an entry say under `axisLabels` in, the axis values of an instance out.
//!
//! Where no layer says it, the axes that name an instance do: a further column of a table changes no label.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use smol_str::SmolStr;

use super::expression::has_expression;
use super::matrix::Cells;
use super::naming::places;
use super::plan::{Instance, Plan, describe, label_text};
use super::reads::{Path, reads};
use super::scope::Scope;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, words};
use crate::kubernetes::name::{label_key, label_value};
use crate::limits;
use crate::spec::{as_label, axis_label};
use crate::text::scalar::boolean;
use crate::text::{Entry, Node, Origin};

const FORM: &str = "write `true` for all axes, `false` for none, or their names: `axisLabels: [region]`";

/// Returns the axis values of an instance that become labels.
pub fn labeled<'i>(plan: &Plan, instance: &'i Instance) -> Vec<&'i Entry> {
    let Some(cell) = instance.cell.as_ref().and_then(Node::as_map) else { return Vec::new() };
    // What is wrong with it was reported when the instances were planned.
    let chosen = Chosen::of(instance.fields.get("axisLabels")).unwrap_or(Chosen::Default);
    cell.iter().filter(|entry| chosen.has(plan, &entry.key.text)).collect()
}

/// What an instance says about the labels of its axes.
enum Chosen {
    Default,
    All(bool),
    These(Vec<Node>),
}

impl Chosen {
    fn of(written: Option<&Node>) -> Result<Self, Box<Diagnostic>> {
        let Some(node) = written.filter(|node| !node.is_null()) else { return Ok(Self::Default) };
        let wrong = |node: &Node, expected: &str| {
            let message = format!("expected {expected}, found {}", node.type_name());
            Box::new(Diagnostic::new(Code::WrongType, node.origin(), message).help(FORM))
        };
        if let Some(all) = boolean(node) {
            return Ok(Self::All(all));
        }
        let names = match node.as_seq() {
            Some(names) => names.to_vec(),
            None if node.text().is_some() => vec![node.clone()],
            None => return Err(wrong(node, "a boolean or a list of axes for `axisLabels`")),
        };
        match names.iter().find(|name| name.text().is_none()) {
            Some(name) => Err(wrong(name, "the name of an axis")),
            None => Ok(Self::These(names)),
        }
    }

    fn has(&self, plan: &Plan, axis: &SmolStr) -> bool {
        match self {
            Self::Default => plan.labels.contains(axis),
            Self::All(all) => *all,
            Self::These(names) => names.iter().any(|name| name.text() == Some(axis)),
        }
    }
}

/// Returns the axes that become labels where no layer says which: those of lists, and of a table the columns that name an
/// instance, be it in a `name` and `namespace` of its own.
pub(super) fn by_default(cells: &Cells, key: &str, layers: &[&Node]) -> Vec<SmolStr> {
    let columns: HashSet<&SmolStr> = cells.columns.iter().collect();
    let written = |field: &'static str| {
        let of = layers.iter().filter_map(move |layer| layer.get(field).or_else(|| layer.at(&["metadata", field])));
        of.filter_map(Node::as_str)
    };
    let names: Vec<&str> = written("name").chain(Some(key).filter(|key| has_expression(key))).collect();
    let read: Vec<Path> = names.iter().copied().chain(written("namespace")).flat_map(reads).collect();
    let of_matrix = || read.iter().filter(|path| path[0] == "matrix");
    // Which axes a name takes of all of them may differ from one instance to the next.
    let is_composed = names.is_empty() || of_matrix().any(|path| path.len() == 1);
    let names_one = |axis: &SmolStr| {
        if is_composed { cells.naming.contains(axis) } else { of_matrix().any(|path| path.get(1) == Some(axis)) }
    };
    cells.names.iter().filter(|axis| !columns.contains(axis) || names_one(axis)).cloned().collect()
}

/// The axes that entries name, with the places where each is named: several entries may share one.
#[derive(Debug, Default)]
pub(super) struct Named(BTreeMap<(Origin, SmolStr), Asked>);

/// What is known of the name of an axis at one place.
#[derive(Debug, Default)]
struct Asked {
    is_known: bool,
    /// The entries that it is for, and their axes.
    entries: BTreeSet<SmolStr>,
    axes: BTreeSet<SmolStr>,
}

impl Named {
    fn note(&mut self, name: &Node, axes: &[SmolStr], plan: &Plan) {
        let Some(text) = name.text() else { return };
        let asked = self.0.entry((name.origin(), text.clone())).or_default();
        // A layer that was not found may bring more of them.
        asked.is_known |= axes.contains(text) || !plan.is_whole;
        if !asked.is_known {
            asked.entries.insert(plan.entry.clone());
            asked.axes.extend(axes.iter().cloned());
        }
    }

    /// Reports names that none of the entries has that they are for.
    pub(super) fn judge(&self, diagnostics: &mut Diagnostics) {
        for ((origin, name), Asked { entries, axes, .. }) in self.0.iter().filter(|(_, asked)| !asked.is_known) {
            let message = match entries.first().filter(|_| entries.len() == 1) {
                Some(entry) => format!("`{entry}` has no axis `{name}`"),
                None => format!("none of the {} entries that this is for has an axis `{name}`", entries.len()),
            };
            let finding = Diagnostic::new(Code::UnknownField, *origin, message);
            let finding = finding.did_you_mean(name, axes.iter().map(SmolStr::as_str));
            diagnostics.push(if axes.is_empty() {
                finding.help("without `matrix` and `instances` there are no axes: remove it")
            } else {
                let shown = axes.iter().take(limits::LISTED_WORDS).map(SmolStr::as_str);
                finding.help(format!(
                    "{} {}",
                    if axes.len() == 1 { "its axis is" } else { "its axes are" },
                    words::list(shown, "and")
                ))
            });
        }
    }
}

/// A value that is no label, of those of one axis.
struct Unfit {
    origin: Origin,
    text: Option<SmolStr>,
    at: usize,
    count: usize,
}

/// Looks at what the instances of a plan say, and reports axes and values that cannot be labels: once for each axis.
pub(super) fn check(
    plan: &Plan,
    axes: &[SmolStr],
    named: &mut Named,
    scope: &Scope<'_>,
    diagnostics: &mut Diagnostics,
) {
    let mut by_variant: HashMap<usize, Chosen> = HashMap::new();
    let mut known: HashSet<usize> = HashSet::new();
    let mut labels: HashMap<&SmolStr, bool> = HashMap::new();
    let mut keys: BTreeMap<&SmolStr, Origin> = BTreeMap::new();
    let mut unfit: BTreeMap<&SmolStr, Unfit> = BTreeMap::new();
    for (at, planned) in plan.instances.iter().enumerate() {
        let is_fixed = plan.variants[planned.variant].is_fixed_at("axisLabels");
        if !is_fixed || !by_variant.contains_key(&planned.variant) {
            let written = plan.field(at, "axisLabels", scope);
            let chosen = Chosen::of(written.as_ref()).unwrap_or_else(|finding| {
                diagnostics.push(*finding);
                Chosen::Default
            });
            if let Chosen::These(names) = &chosen {
                names.iter().for_each(|name| named.note(name, axes, plan));
            }
            by_variant.insert(planned.variant, chosen);
        }
        let chosen = &by_variant[&planned.variant];
        for entry in planned.cell.as_ref().and_then(Node::as_map).into_iter().flatten() {
            let (axis, value) = (&entry.key.text, &entry.value);
            if !chosen.has(plan, axis) || !known.insert(value.address()) || value.is_null() {
                continue;
            }
            if !*labels.entry(axis).or_insert_with(|| axis_label(axis).is_some()) {
                keys.entry(axis).or_insert(entry.key.origin);
                continue;
            }
            let text = label_text(value);
            if text.as_ref().is_none_or(|text| label_value(text).is_err()) {
                let new = || Unfit { origin: value.origin(), text, at, count: 0 };
                unfit.entry(axis).or_insert_with(new).count += 1;
            }
        }
    }
    for (axis, origin) in keys {
        let reason = label_key(axis).err().map(|reason| format!(": {reason}")).unwrap_or_default();
        let message = format!("the name of the axis `{axis}` cannot be that of a label{reason}");
        let finding = Diagnostic::new(Code::AxisLabel, origin, message);
        diagnostics
            .push(finding.help("its instances have no label for it: rename it, or leave it out of `axisLabels`"));
    }
    for (axis, one) in unfit {
        diagnostics.push(no_label(plan, axis, &one));
    }
}

/// Returns the finding about a value that is no label.
fn no_label(plan: &Plan, axis: &SmolStr, unfit: &Unfit) -> Diagnostic {
    let Unfit { origin, text, at, count } = unfit;
    let cell = plan.cell(*at);
    // The value is shown already; what else names the instance tells where it stands.
    let others = cell.and_then(Node::as_map).into_iter().flatten();
    let others = others.filter(|entry| entry.key.text != *axis && plan.axes.contains(&entry.key.text)).cloned();
    let others = Node::map(others.collect(), *origin);
    let cell_of = match describe(Some(&others)) {
        named if named.is_empty() => String::new(),
        named => format!(" in the cell `{named}`"),
    };
    let more = if *count > 1 { format!(", like {} more of its values", count - 1) } else { String::new() };
    let value = text.as_ref().map_or("a mapping".to_owned(), |text| format!("`{text}`"));
    let message = format!("{value} of the axis `{axis}`{cell_of} cannot be a label as it is{more}");
    let finding = Diagnostic::new(Code::AxisLabel, *origin, message).repeats(places(cell));
    match text.as_ref().and_then(|text| as_label(text)) {
        Some(label) => finding.help(format!(
            "its label is `{label}`: values of letters, digits, `-`, `_` and `.` are kept; `axisLabels` says which axes become labels"
        )),
        None => finding.help("the instance has no label for it; `axisLabels` says which axes become labels"),
    }
}
