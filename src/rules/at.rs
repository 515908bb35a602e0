//! A structure as a rule sees it: what is written, what is filled in where nothing is, and where findings go.

use std::cell::Cell;
use std::fmt::Display;

use smol_str::SmolStr;

use super::memo::{ALL, AROUND, Fields};
use crate::diagnostic::{Code, Diagnostic};
use crate::kubernetes::{Facts, Minor, ObjectKey, Quantity, Type};
use crate::text::{Node, Origin, Value};

/// A structure that a rule looks at. A null is nothing.
#[derive(Debug)]
pub struct At<'a> {
    node: &'a Node,
    ty: &'a Type,
    facts: &'a Facts,
    origin: Origin,
    top: Option<&'a str>,
    object: Option<&'a ObjectKey>,
    findings: Vec<(String, Diagnostic)>,
    /// What was looked at.
    looked: Cell<Fields>,
}

impl<'a> At<'a> {
    pub(super) fn new(node: &'a Node, ty: &'a Type, facts: &'a Facts, origin: Origin) -> Self {
        Self { node, ty, facts, origin, top: None, object: None, findings: Vec::new(), looked: Cell::new(0) }
    }

    /// Says where the structure stands, and in what.
    pub(super) fn placed(self, top: Option<&'a str>, object: Option<&'a ObjectKey>) -> Self {
        Self { top, object, ..self }
    }

    /// Returns how much was found so far.
    pub(super) fn found(&self) -> usize {
        self.findings.len()
    }

    /// Forgets what was found since then.
    pub(super) fn forget(&mut self, found: usize) {
        self.findings.truncate(found);
    }

    pub(super) fn into_findings(self) -> Vec<(String, Diagnostic)> {
        self.findings
    }

    /// Returns what `rule` looked at of the structure: all of it where it found something.
    pub(super) fn watch(&mut self, rule: impl FnOnce(&mut Self)) -> Fields {
        let found = self.findings.len();
        self.looked.set(0);
        rule(self);
        if self.findings.len() > found { ALL } else { self.looked.get() }
    }

    fn look(&self, at: Fields) {
        self.looked.set(self.looked.get() | at);
    }

    /// The structure itself.
    pub fn node(&self) -> &'a Node {
        self.look(ALL);
        self.node
    }

    /// The object that the structure is a part of, where it is known.
    pub fn object(&self) -> Option<&'a ObjectKey> {
        self.look(AROUND);
        self.object
    }

    /// Whether the object is of a kind that Kubernetes itself has.
    pub fn is_native(&self) -> bool {
        self.object().is_some_and(|key| self.facts.kind(&key.group, &key.version, &key.kind).is_some())
    }

    /// Whether the structure is in the metadata of the object itself, and not in that of objects that are made from it.
    pub fn is_own_metadata(&self) -> bool {
        self.look(AROUND);
        self.top == Some("metadata")
    }

    /// The minor whose server is asked.
    pub fn minor(&self) -> Minor {
        self.facts.minor
    }

    /// Whether the server keeps a field of a type, which it may not know, or drop since its feature gate is off.
    pub fn keeps(&self, ty: &str, field: &str) -> bool {
        let ty = self.facts.type_id(ty).map(|id| self.facts.ty(id));
        ty.and_then(|ty| ty.field(field)).is_some_and(|field| !self.facts.drops(field))
    }

    /// Whether the published type requires a field, whose absence is found without a rule.
    pub fn requires(&self, field: &str) -> bool {
        self.ty.required.iter().any(|required| required == field)
    }

    /// Whether the server has a feature gate on that is off unless it is set.
    pub fn has_gate(&self, name: &str) -> bool {
        self.facts.has_gate(name)
    }

    /// Returns the value at the end of a path of keys, where there is one.
    pub fn get(&self, path: &[&str]) -> Option<&'a Node> {
        let Some((first, rest)) = path.split_first() else { return Some(self.node()) };
        let (place, entry) = self.node.as_map()?.iter().enumerate().find(|(_, entry)| entry.key.text == *first)?;
        // A field that is not there is not there either in what has the same fields.
        self.look(if place < 63 { 1 << place } else { ALL });
        get(&entry.value, rest)
    }

    /// Returns the text at the end of a path, where it is not empty.
    pub fn text(&self, path: &[&str]) -> Option<&'a str> {
        self.get(path)?.as_str().filter(|text| !text.is_empty())
    }

    /// Returns the text of a field of the structure, or what the server puts there.
    pub fn word(&self, field: &str) -> Option<SmolStr> {
        let default = || {
            let schema = &self.ty.field(field)?.schema;
            schema.default.as_ref().filter(|_| schema.within.is_none())?.as_str().map(SmolStr::new)
        };
        self.text(&[field]).map(SmolStr::new).or_else(default)
    }

    /// Returns the items of the list at the end of a path, with their numbers; none where there is no list.
    pub fn items(&self, path: &[&str]) -> impl Iterator<Item = (usize, &'a Node)> + use<'a> {
        self.get(path).and_then(Node::as_seq).into_iter().flatten().enumerate()
    }

    /// Adds a finding about a place below the structure, which is empty for the structure itself.
    pub fn report(&mut self, place: impl Display, finding: Diagnostic) {
        self.findings.push((place.to_string(), finding));
    }

    /// Reports a value that the server does not take; `message` says what it expects and found.
    pub fn invalid(&mut self, place: impl Display, node: &Node, message: impl Into<String>) {
        self.report(place, Diagnostic::new(Code::InvalidValue, node.origin(), message));
    }

    /// Reports a field of the structure that must be there: `message` says which, and why; its place is the structure's.
    pub fn missing(&mut self, place: impl Display, message: impl Into<String>) {
        self.report(place, Diagnostic::new(Code::MissingField, self.origin, message));
    }

    /// Reports what the server takes, and warns of.
    pub fn warn(&mut self, place: impl Display, code: Code, origin: Origin, message: impl Into<String>, help: &str) {
        let help = Some(help).filter(|help| !help.is_empty());
        self.report(place, Diagnostic::new(code, origin, message).maybe_help(help));
    }

    /// Where the structure as a whole is written.
    pub fn origin(&self) -> Origin {
        self.origin
    }
}

/// Returns the value at the end of a path of keys, where there is one.
pub(super) fn get<'a>(node: &'a Node, path: &[&str]) -> Option<&'a Node> {
    node.at(path).filter(|node| !node.is_null())
}

/// Returns the text at the end of a path, where it is not empty.
pub(super) fn text<'a>(node: &'a Node, path: &[&str]) -> Option<&'a str> {
    get(node, path)?.as_str().filter(|text| !text.is_empty())
}

/// Returns the items of the list at the end of a path, with their numbers; none where there is no list.
pub(super) fn items<'a>(node: &'a Node, path: &[&str]) -> impl Iterator<Item = (usize, &'a Node)> + use<'a> {
    get(node, path).and_then(Node::as_seq).into_iter().flatten().enumerate()
}

/// Returns a whole number, where the node is one that fits.
pub(super) fn number(node: &Node) -> Option<i64> {
    match node.value() {
        Value::Number(text) => text.parse().ok(),
        _ => None,
    }
}

/// Returns the whole number at the end of a path.
pub(super) fn number_at(node: &Node, path: &[&str]) -> Option<i64> {
    get(node, path).and_then(number)
}

/// Whether there is a `true` at the end of a path.
pub(super) fn is_true(node: &Node, path: &[&str]) -> bool {
    matches!(node.at(path).map(Node::value), Some(Value::Bool(true)))
}

/// Returns an amount.
pub(super) fn quantity(node: &Node) -> Option<Quantity> {
    Quantity::decode(node.text()?).ok()
}
