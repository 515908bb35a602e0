//! Which parameters are secret: those that reach a Secret, on whatever way, and what is made of them.
//!
//! The places of Secrets were marked when they were read. What the expressions there read is secret wherever it was
//! written and given; an expression that reads such a value is marked in turn, and so is what a template puts out.

mod merged;

use std::collections::BTreeSet;

use self::merged::hide_merged;
use crate::diagnostic::{Diagnostics, is_near};
use crate::expand::{Expanded, Path, SCHEMA_WORDS, has_expression, overlap, reads, reads_bare};
use crate::read::{Document, hide_unread_values, hide_value};
use crate::spec::Section;
use crate::text::{FileId, Key, Map, Node, Origin, Sources};

/// The values of expressions that are secret, and what may hold more of them.
#[derive(Debug)]
pub(super) struct Flow<'a> {
    roots: Vec<&'a Node>,
    /// What the roots are merged of, where they include others: what is replaced in them stands there all the same.
    layers: Vec<&'a Node>,
    given: &'a [Map],
    secret: BTreeSet<Path>,
}

/// What a template put out, and what each piece of it was made of.
#[derive(Debug)]
pub(super) struct Made {
    /// Where the piece stands in the text that was rendered.
    pub(super) origin: Origin,
    /// What the expression may read.
    pub(super) reads: Vec<Path>,
    /// Whether the piece shows the value, or is the text of the template.
    pub(super) is_value: bool,
}

impl<'a> Flow<'a> {
    /// Finds the secrets among what specs and the command line say, and marks them.
    ///
    /// This comes before anything is resolved: a finding about a parameter may be the first one.
    pub(super) fn of(specs: &'a [Document], given: &'a [Map], sources: &mut Sources) -> Self {
        let roots: Vec<&Node> = specs.iter().map(|spec| &spec.root).collect();
        let layers: Vec<&Node> = specs.iter().flat_map(|spec| &spec.layers).collect();
        let mut flow = Self { roots, layers, given, secret: BTreeSet::new() };
        flow.hide_undeclared(sources);
        for spec in specs {
            let merged: Vec<&Node> =
                if spec.layers.is_empty() { vec![&spec.root] } else { spec.layers.iter().collect() };
            hide_merged(&merged, sources);
        }
        let mut secret = BTreeSet::new();
        for root in flow.roots.iter().chain(&flow.layers) {
            each(root, &mut |text, origin, value, is_where| {
                if sources.is_hidden(origin) || value.is_some_and(|value| sources.is_hidden(value.origin())) {
                    secret.extend(read_by(text, is_where));
                }
            });
        }
        flow.reach(secret, sources);
        flow
    }

    /// Marks further values that reach a Secret.
    pub(super) fn reach(&mut self, paths: impl IntoIterator<Item = Path>, sources: &mut Sources) {
        let known = self.secret.len();
        self.secret.extend(paths);
        if self.secret.len() == known {
            return;
        }
        while self.pass_on() {}
        self.hide_parameters(sources);
        let mut tainted = Vec::new();
        for root in self.roots.iter().chain(&self.layers) {
            each(root, &mut |text, origin, _, is_where| {
                if self.is_secret(&read_by(text, is_where)) {
                    tainted.push(origin);
                }
            });
        }
        self.roots.iter().for_each(|root| self.named_entries(root, &mut tainted));
        tainted.into_iter().for_each(|origin| sources.taint(origin));
    }

    /// Collects the keys of entries whose instances have names that are made of a secret: the key is the place of a name.
    fn named_entries(&self, root: &Node, found: &mut Vec<Origin>) {
        let by_axis = self.secret.iter().any(|path| path[0] == "matrix");
        let is_named = |entry: &Node| {
            let name = entry.get("name").or_else(|| entry.at(&["metadata", "name"]));
            name.is_some_and(|name| self.flows_into(name))
                || entry.get("matrix").is_some_and(|matrix| by_axis || self.flows_into(matrix))
        };
        let is_any_named = |node: &Node| members(node).any(is_named);
        // What all of them have, and what any of them may take, names all of them.
        let shares = |layer: &Node| {
            layer.get("defaults").is_some_and(is_named) || layer.get("templates").is_some_and(is_any_named)
        };
        let is_shared = layers(root).any(shares);
        for section in Section::ALL.map(Section::key) {
            let changed = || layers(root).skip(1).filter_map(|layer| layer.get(section)).any(is_any_named);
            let all = is_shared || changed();
            for entries in layers(root).filter_map(|layer| layer.get(section)?.as_map()) {
                let named = entries.iter().filter(|entry| all || is_named(&entry.value));
                found.extend(named.map(|entry| entry.key.origin));
            }
        }
    }

    /// Marks what templates put out: the parameters that reach a Secret through them first, then what is made of any.
    pub(super) fn through(&mut self, made: &[Made], sources: &mut Sources) {
        let reaching: Vec<Path> = made
            .iter()
            .filter(|piece| piece.is_value && sources.is_hidden(piece.origin))
            .flat_map(|piece| piece.reads.iter().cloned())
            .collect();
        self.reach(reaching, sources);
        for piece in made.iter().filter(|piece| self.is_secret(&piece.reads)) {
            if piece.is_value { sources.hide(piece.origin) } else { sources.taint(piece.origin) }
        }
    }

    /// Hides the files from a number on that something is wrong with, where axes are secret: rows that could not be read are
    /// no cells of any axis.
    pub(super) fn hide_wrong_rows(&self, from: FileId, found: &Diagnostics, sources: &mut Sources) {
        if self.secret.iter().any(|path| path[0] == "matrix") {
            let files: BTreeSet<FileId> =
                found.iter().map(|finding| finding.origin.file).filter(|file| *file >= from).collect();
            files.into_iter().for_each(|file| hide_unread_values(sources, file));
        }
    }

    /// Marks the values of axes that are secret in the rows of files.
    pub(super) fn hide_cells(&self, batch: &Expanded, sources: &mut Sources) {
        let columns: Vec<&Path> = self.secret.iter().filter(|path| path[0] == "matrix").collect();
        if columns.is_empty() {
            return;
        }
        for cell in batch.plans.iter().flat_map(|plan| (0..plan.len()).filter_map(|at| plan.cell(at))) {
            for path in &columns {
                match path.get(1) {
                    Some(column) => {
                        cell.get(column).into_iter().for_each(|value| hide_value(value, |_| false, sources));
                    }
                    None => cell
                        .as_map()
                        .into_iter()
                        .flatten()
                        .for_each(|entry| hide_value(&entry.value, |_| false, sources)),
                }
            }
        }
    }

    /// Whether a value of expressions is secret.
    pub(super) fn is_any(&self) -> bool {
        !self.secret.is_empty()
    }

    fn is_secret(&self, read: &[Path]) -> bool {
        read.iter().any(|path| self.secret.iter().any(|secret| overlap(path, secret)))
    }

    /// Adds what takes its value from a secret under a name of its own: axes, names, the batch; whether there is any more.
    fn pass_on(&mut self) -> bool {
        let mut found: Vec<Path> = Vec::new();
        for root in &self.roots {
            let metadata = root.get("metadata");
            if metadata.is_some_and(|metadata| self.flows_into(metadata)) {
                found.push(vec!["batch".into()]);
            }
            self.names_and_axes(root, &mut found);
        }
        let known = self.secret.len();
        self.secret.extend(found);
        self.secret.len() > known
    }

    fn names_and_axes(&self, node: &Node, found: &mut Vec<Path>) {
        for entry in node.as_map().into_iter().flatten() {
            match entry.key.text.as_str() {
                "name" if self.flows_into(&entry.value) => found.push(vec!["name".into()]),
                "matrix" => match entry.value.as_map() {
                    Some(axes) => self.axes(axes, found),
                    None if self.flows_into(&entry.value) => found.push(vec!["matrix".into()]),
                    None => {}
                },
                "matrices" => {
                    let named = entry.value.as_map().into_iter().flatten();
                    named.filter_map(|one| one.value.as_map()).for_each(|axes| self.axes(axes, found));
                }
                // Beside `matrix` they are a mistake, and read all the same.
                "rows" | "zip" | "include" => self.axes(&std::iter::once(entry.clone()).collect(), found),
                _ => {}
            }
            self.names_and_axes(&entry.value, found);
        }
        node.as_seq().into_iter().flatten().for_each(|item| self.names_and_axes(item, found));
    }

    fn axes(&self, axes: &Map, found: &mut Vec<Path>) {
        for axis in axes.iter().filter(|axis| self.flows_into(&axis.value)) {
            let rows = axis.value.as_seq().filter(|_| matches!(axis.key.text.as_str(), "rows" | "include"));
            match (axis.key.text.as_str(), axis.value.as_map(), rows) {
                ("zip", Some(zipped), _) => self.axes(zipped, found),
                (_, _, Some(rows)) => rows.iter().filter_map(Node::as_map).for_each(|row| self.axes(row, found)),
                ("zip" | "rows" | "include", ..) => found.push(vec!["matrix".into()]),
                (name, ..) => found.push(vec!["matrix".into(), name.into()]),
            }
        }
    }

    fn flows_into(&self, node: &Node) -> bool {
        let mut flows = false;
        each(node, &mut |text, _, _, is_where| flows |= self.is_secret(&read_by(text, is_where)));
        flows
    }

    /// Hides secret parameters wherever a value of theirs, or a word about their values, was written.
    fn hide_parameters(&self, sources: &mut Sources) {
        let named = |key: &Key| self.is_secret(&[vec!["params".into(), key.text.clone()]]);
        let any = self.secret.iter().any(|path| path[0] == "params");
        for (at, layer) in self.roots.iter().chain(&self.layers).flat_map(|root| layers(root).enumerate()) {
            let Some(params) = layer.get("params").filter(|_| any) else { continue };
            // The words of a schema are no values; a profile gives values alone.
            let is_word = |key: &str| at == 0 && SCHEMA_WORDS.iter().any(|word| is_near(key, word));
            match params.as_map() {
                Some(params) => params
                    .iter()
                    .filter(|entry| named(&entry.key))
                    .for_each(|entry| hide_value(&entry.value, is_word, sources)),
                None => hide_value(params, |_| false, sources),
            }
        }
        for entry in self.given.iter().flatten().filter(|entry| named(&entry.key)) {
            hide_value(&entry.value, |_| false, sources);
        }
        let axes = self.secret.iter().filter(|path| path[0] == "matrix").map(|path| path.get(1)).collect::<Vec<_>>();
        if !axes.is_empty() {
            self.roots.iter().chain(&self.layers).for_each(|root| hide_axes(root, &axes, sources));
        }
    }

    /// A name with a slip in it may be that of a secret.
    fn hide_undeclared(&self, sources: &mut Sources) {
        let declares = |root: &Node, name: &str| root.get("params").is_some_and(|params| params.get(name).is_some());
        for entry in self.given.iter().flatten() {
            if !self.roots.iter().any(|root| declares(root, &entry.key.text)) {
                hide_value(&entry.value, |_| false, sources);
            }
        }
        for root in &self.roots {
            for profile in layers(root).skip(1) {
                for entry in profile.get("params").and_then(Node::as_map).into_iter().flatten() {
                    if !declares(root, &entry.key.text) {
                        hide_value(&entry.value, |_| false, sources);
                    }
                }
            }
        }
    }
}

/// Returns a spec and its profiles, also where these stand in a list.
fn layers(root: &Node) -> impl Iterator<Item = &Node> {
    let profiles = root.get("profiles");
    let items = profiles.and_then(Node::as_seq).unwrap_or_default();
    let listed = items.iter().flat_map(|item| std::iter::once(item).chain(members(item)));
    std::iter::once(root).chain(profiles.into_iter().flat_map(members)).chain(listed)
}

/// Returns the values of a mapping.
fn members(node: &Node) -> impl Iterator<Item = &Node> {
    node.as_map().into_iter().flatten().map(|entry| &entry.value)
}

/// Hides the values that axes have in the spec.
fn hide_axes(node: &Node, axes: &[Option<&smol_str::SmolStr>], sources: &mut Sources) {
    for entry in node.as_map().into_iter().flatten() {
        if matches!(entry.key.text.as_str(), "matrix" | "matrices") {
            each_entry(&entry.value, &mut |axis, value| {
                if axes.iter().any(|name| name.is_none_or(|name| *name == axis.text)) {
                    hide_value(value, |_| false, sources);
                }
            });
        } else {
            hide_axes(&entry.value, axes, sources);
        }
    }
    node.as_seq().into_iter().flatten().for_each(|item| hide_axes(item, axes, sources));
}

fn each_entry(node: &Node, call: &mut impl FnMut(&Key, &Node)) {
    for entry in node.as_map().into_iter().flatten() {
        call(&entry.key, &entry.value);
        each_entry(&entry.value, call);
    }
    node.as_seq().into_iter().flatten().for_each(|item| each_entry(item, call));
}

/// Calls `call` with every text that may hold expressions, its place, the value where it is a key, and whether all of it
/// is one expression.
fn each(node: &Node, call: &mut impl FnMut(&str, Origin, Option<&Node>, bool)) {
    for entry in node.as_map().into_iter().flatten() {
        if has_expression(&entry.key.text) {
            call(&entry.key.text, entry.key.origin, Some(&entry.value), false);
        }
        match entry.value.as_str() {
            Some(text) if matches!(entry.key.text.as_str(), "where" | "when") => {
                call(text, entry.value.origin(), None, true);
            }
            _ => each(&entry.value, call),
        }
    }
    node.as_seq().into_iter().flatten().for_each(|item| each(item, call));
    if let Some(text) = node.as_str().filter(|text| has_expression(text)) {
        call(text, node.origin(), None, false);
    }
}

fn read_by(text: &str, is_where: bool) -> Vec<Path> {
    if is_where { reads_bare(text) } else { reads(text) }
}
