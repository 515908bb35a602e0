//! Files that were written, and those that would be, as a diff of their lines may show them: without secrets.
//!
//! The objects that are written know which of their values are secret. Those are found in a text by reading it: the same
//! fields of the same object are secret in it, and so is every copy of a value of a Secret.

use std::collections::HashMap;

use super::secret::{Secrets, Veil, is_secret};
use super::{Shown, Step};
use crate::diagnostic::{Diagnostics, words::MASK};
use crate::kubernetes::{Manifest, ObjectKey};
use crate::read::read_documents;
use crate::text::{Node, Sources};

/// The objects of a run, and what is secret in them.
#[derive(Debug)]
pub struct Committed<'a> {
    /// The objects by kind: one whose name holds a hash is another one by name each time.
    objects: HashMap<(&'a str, &'a str), Vec<&'a Manifest>>,
    secrets: Secrets<'a>,
    confidential: bool,
}

impl<'a> Committed<'a> {
    /// Takes the objects of a run, Secrets that are not written among them.
    pub fn of(objects: &'a [Manifest], sources: &'a Sources) -> Self {
        let confidential = sources.has_secrets() || objects.iter().any(is_secret);
        let secrets = Secrets::of([objects, &[]], sources);
        let mut by_kind: HashMap<(&str, &str), Vec<&Manifest>> = HashMap::new();
        for object in objects.iter().filter(|object| sources.hold_secret_of(&object.node)) {
            by_kind.entry((&object.key.group, &object.key.kind)).or_default().push(object);
        }
        Self { objects: by_kind, secrets, confidential }
    }

    /// Returns the objects that one in a file may have been, or become: that of its name, else all of its kind.
    fn counterparts(&self, object: &Node) -> Vec<&Node> {
        let Some(key) = ObjectKey::of(object) else { return Vec::new() };
        let of_kind = self.objects.get(&(key.group.as_str(), key.kind.as_str())).map(Vec::as_slice).unwrap_or_default();
        let named: Vec<&Node> = of_kind.iter().filter(|object| object.key == key).map(|object| &object.node).collect();
        if named.is_empty() { of_kind.iter().map(|object| &object.node).collect() } else { named }
    }

    /// Returns the lines of a text as they may be shown, with their breaks; nothing where a Secret is, or may be, in it.
    pub fn lines(&self, text: &str) -> Option<Vec<String>> {
        let mut sources = Sources::default();
        let file = sources.next_id();
        let mut found = Diagnostics::new();
        let documents = read_documents(&mut sources, "", text.into(), &mut found);
        let has_secret = sources.has_secrets() && documents.iter().any(|document| !of_batch(&document.root));
        if has_secret || (self.confidential && found.has_errors() && !text.trim().is_empty()) {
            return None;
        }
        if self.confidential {
            for object in documents.iter().flat_map(|document| objects(&document.root)) {
                hide(object, &self.counterparts(object), self.secrets.open(), &mut sources);
            }
        }
        let file = sources.file(file)?;
        let mut lines = Vec::new();
        let mut hidden = file.hidden().iter().peekable();
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            let (start, end) = (at, at + line.len());
            at = end;
            let mut shown = String::with_capacity(line.len());
            let mut from = start;
            while let Some(range) = hidden.peek().filter(|range| (range.start as usize) < end) {
                let (first, last) = ((range.start as usize).max(from), (range.end as usize).min(end));
                shown.push_str(&text[from..first]);
                shown.push_str(MASK);
                from = last;
                if range.end as usize > end {
                    break;
                }
                hidden.next();
            }
            shown.push_str(&text[from..end]);
            if line.ends_with('\n') && !shown.ends_with('\n') {
                shown.push('\n');
            }
            lines.push(shown);
        }
        Some(lines)
    }
}

/// Returns the objects of a document: itself, or the items of a list.
fn objects(root: &Node) -> impl Iterator<Item = &Node> {
    let items = root.as_seq().or_else(|| root.get("items").and_then(Node::as_seq));
    let alone = items.is_none().then_some(root);
    alone.into_iter().chain(items.unwrap_or_default())
}

fn of_batch(root: &Node) -> bool {
    root.get("apiVersion").and_then(Node::as_str).is_some_and(|version| version.starts_with("fanfold.dev/"))
}

/// Hides the places of what is secret in the objects that are written now, and of copies of secrets.
fn hide(node: &Node, own: &[&Node], veil: Veil<'_>, sources: &mut Sources) {
    if let Some(map) = node.as_map() {
        for entry in map {
            let own: Vec<&Node> = own.iter().filter_map(|own| own.get(&entry.key.text)).collect();
            hide(&entry.value, &own, veil, sources);
        }
        return;
    }
    if let Some(items) = node.as_seq() {
        let own: Vec<&[Node]> = own.iter().filter_map(|own| own.as_seq()).collect();
        // Items may have moved: what is secret in one of them may have been in any.
        let moved = own.iter().any(|own| own.len() != items.len() && own.iter().any(|item| is_hidden(item, veil)));
        for (at, item) in items.iter().enumerate() {
            if moved {
                hide_leaves(item, &own, veil, sources);
            } else {
                let own: Vec<&Node> = own.iter().filter_map(|own| own.get(at)).collect();
                hide(item, &own, veil, sources);
            }
        }
        return;
    }
    if own.iter().any(|own| is_hidden(own, veil)) || is_hidden(node, veil.of_values_alone()) {
        sources.hide(node.origin());
    }
}

/// Hides all that no item shows now.
fn hide_leaves(node: &Node, own: &[&[Node]], veil: Veil<'_>, sources: &mut Sources) {
    if own.iter().copied().flatten().any(|own| own == node && !is_hidden(own, veil)) {
        return;
    }
    node.as_map().into_iter().flatten().for_each(|entry| {
        // The name of an item says which one it was.
        if entry.key.text != "name" {
            hide_leaves(&entry.value, &[], veil, sources);
        }
    });
    node.as_seq().into_iter().flatten().for_each(|item| hide_leaves(item, &[], veil, sources));
    if node.as_map().is_none() && node.as_seq().is_none() {
        sources.hide(node.origin());
    }
}

fn is_hidden(node: &Node, veil: Veil<'_>) -> bool {
    // Below a path of its own nothing is secret by its name.
    let path = [Step::Key("spec".into()), Step::Key("".into())];
    match veil.shown(&path, node) {
        Shown::Hidden => true,
        Shown::Value(shown) => !shown.same(node),
    }
}
