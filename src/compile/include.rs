//! Parts that specs include: a spec in, the same spec out with what it includes merged under it.
//!
//! A part is read once in a run, whoever includes it, and stands once in a spec, where it is included first. Its nodes keep
//! their places in its own file.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::expand::{World, has_expression, included};
use crate::limits;
use crate::read::{Document, Files, read_document};
use crate::spec::{PART, check_part};
use crate::text::{FileId, Node, Origin, Sources};

/// The parts of a run, and the door to more of them.
pub(super) struct Includer<'a> {
    pub(super) files: &'a dyn Files,
    pub(super) sources: &'a mut Sources,
    pub(super) diagnostics: &'a mut Diagnostics,
    parts: BTreeMap<String, Part>,
}

/// A part, by its file.
struct Part {
    document: Document,
    /// Whether a spec includes it.
    is_included: bool,
    /// What of it takes part in the batches that include it; nothing of what is none, and before it is included.
    layer: Option<Node>,
}

/// What was read so far of what a spec includes.
#[derive(Default)]
struct Path {
    /// The files that include one another, the spec first, each with the place where the one before it names it.
    open: Vec<(String, Origin)>,
    seen: BTreeSet<String>,
    layers: Vec<Node>,
    /// Whether one of them is not to be had.
    is_broken: bool,
    /// Whether parts include each other in a circle, which is reported once.
    is_circular: bool,
}

impl<'a> Includer<'a> {
    /// Returns the includer of a run that has some parts among its inputs.
    pub(super) fn new(
        given: &[Document],
        files: &'a dyn Files,
        sources: &'a mut Sources,
        diagnostics: &'a mut Diagnostics,
    ) -> Self {
        let name = |document: &Document| sources.file(document.file).map(|file| file.name.clone());
        let parts = given.iter().filter_map(|document| {
            Some((name(document)?, Part { document: document.clone(), is_included: false, layer: None }))
        });
        Self { parts: parts.collect(), files, sources, diagnostics }
    }

    /// Merges what a spec includes under it; whether all of that is there, without which nobody knows what the spec means.
    pub(super) fn include(&mut self, spec: &mut Document) -> bool {
        if spec.root.get("include").is_none() {
            return true;
        }
        let name = self.sources.file(spec.file).map_or_else(String::new, |file| file.name.clone());
        let mut path = Path { open: vec![(name, Origin::NOWHERE)], ..Path::default() };
        self.collect(&spec.root, spec.file, &mut path);
        if path.is_broken && !self.diagnostics.has_errors() {
            // Whatever keeps a batch from being made is an error: what it made before would be taken for what is gone.
            let place = spec.root.get("include").map_or(spec.root.origin(), Node::origin);
            self.diagnostics.push(Diagnostic::new(Code::InvalidValue, place, "a part is not to be had"));
        }
        if !path.layers.is_empty() {
            path.layers.push(spec.root.clone());
            spec.root = included(&path.layers);
            spec.layers = path.layers;
        }
        !path.is_broken
    }

    /// Tells of the parts among the inputs that no spec includes: so much is known of them.
    pub(super) fn tell_idle(self) {
        for Part { document, .. } in self.parts.into_values().filter(|part| !part.is_included) {
            let root = &document.root;
            check_part(root, self.diagnostics);
            let place = root.get("kind").map_or(root.origin().at_start(), Node::origin);
            let message = "no batch of the run includes this part: nothing is made of it";
            let finding = Diagnostic::new(Code::WithoutEffect, place, message).severity(Severity::Note);
            self.diagnostics.push(finding.help("a batch names it: `include: [FILE]`"));
        }
    }

    /// Collects what a document includes, the lowest layer first.
    fn collect(&mut self, root: &Node, file: FileId, path: &mut Path) {
        let Some(node) = root.get("include").filter(|node| !node.is_null()) else { return };
        for item in node.as_seq().unwrap_or(std::slice::from_ref(node)) {
            let Some(text) = item.as_str().filter(|text| !item.is_null() && !has_expression(text)) else {
                self.diagnostics.push(no_path(item));
                path.is_broken = true;
                continue;
            };
            let world = World { files: self.files, sources: self.sources, spec: file, parts: &[] };
            let names = match world.glob(text, item.origin()) {
                Ok(names) => names,
                Err(finding) => {
                    self.diagnostics.push(*finding);
                    path.is_broken = true;
                    continue;
                }
            };
            if names.is_empty() {
                path.is_broken = true;
                let message = format!("no file fits `{text}`");
                let finding = Diagnostic::new(Code::UnreadableFile, item.origin(), message);
                self.diagnostics.push(finding.help("paths are relative to the file that names them"));
            }
            for name in names {
                self.add(name, item.origin(), file, path);
            }
        }
    }

    /// Adds a part that a document includes at a place, and below it what it includes itself.
    fn add(&mut self, name: String, place: Origin, file: FileId, path: &mut Path) {
        if let Some(at) = path.open.iter().position(|(open, _)| *open == name) {
            if std::mem::replace(&mut path.is_circular, true) {
                return;
            }
            let message = format!("`{name}` includes itself");
            let mut finding = Diagnostic::new(Code::InvalidValue, place, message);
            for (between, origin) in &path.open[at + 1..] {
                finding = finding.also(*origin, format!("by way of `{between}`"));
            }
            self.diagnostics.push(finding.help("take one of these out of its `include`"));
            return;
        }
        if path.open.len() > limits::INCLUDES {
            let message = format!("expected at most {} parts that include one another", limits::INCLUDES);
            self.diagnostics.push(Diagnostic::new(Code::InvalidValue, place, message));
            return;
        }
        if !path.seen.insert(name.clone()) {
            return;
        }
        let Some((document, layer)) = self.part(&name, place, file) else {
            path.is_broken = true;
            return;
        };
        path.open.push((name, place));
        self.collect(&document.root, document.file, path);
        path.open.pop();
        path.layers.push(layer);
    }

    /// Returns a part and what of it takes part in what includes it.
    fn part(&mut self, name: &str, place: Origin, file: FileId) -> Option<(Document, Node)> {
        if !self.parts.contains_key(name) {
            let world = World { files: self.files, sources: self.sources, spec: file, parts: &[] };
            let bytes = world.read_resolved(name, place, self.diagnostics)?;
            let id = self.sources.next_id();
            let root = read_document(self.sources, name, bytes, self.diagnostics);
            let root = root.unwrap_or_else(|| Node::new(crate::text::Value::Null, Origin::new(id, 0, 0)));
            self.parts
                .insert(name.to_owned(), Part { document: Document::new(root, id), is_included: false, layer: None });
        }
        let part = self.parts.get_mut(name)?;
        let root = &part.document.root;
        let is_first = !std::mem::replace(&mut part.is_included, true);
        if is_first && root.is_null() {
            let file = part.document.file;
            let is_of_part = |finding: &Diagnostic| finding.origin.file == file;
            if !self.diagnostics.iter().any(|found| is_of_part(found) && found.severity == Severity::Error) {
                // Nothing is made of the batch then, which is more than a warning.
                self.diagnostics.retain(|finding| !is_of_part(finding));
                let message = format!("expected a document of `kind: Part` in `{name}`, found none");
                let finding = Diagnostic::new(Code::InvalidValue, place, message);
                self.diagnostics.push(finding.help(HOW).also(Origin::new(file, 0, 0), "this file is empty"));
            }
        } else if is_first {
            let kind = root.get("kind").and_then(Node::as_str);
            if kind.is_some_and(|kind| kind != PART) || root.as_map().is_none() {
                let found = kind.map_or(root.type_name().to_owned(), |kind| format!("`{kind}`"));
                let at = root.get("kind").map_or(root.origin().at_start(), Node::origin);
                let message = format!("expected a document of `kind: Part`, found {found}");
                let finding = Diagnostic::new(Code::InvalidValue, at, message).also(place, "it is included here");
                self.diagnostics.push(finding.help(HOW));
            } else {
                part.layer = check_part(root, self.diagnostics);
            }
        }
        Some((part.document.clone(), part.layer.clone()?))
    }
}

/// How a part is written.
const HOW: &str = "what batches share is written as `apiVersion: fanfold.dev/v1`, `kind: Part`";

fn no_path(item: &Node) -> Diagnostic {
    let is_expression = item.as_str().is_some_and(has_expression);
    let found = if is_expression { "an expression" } else { item.type_name() };
    let message = format!("expected the path of a file in `include`, found {found}");
    let help = "what is included may declare the parameters: it cannot depend on them";
    Diagnostic::new(Code::WrongType, item.origin(), message).maybe_help(is_expression.then_some(help))
}
