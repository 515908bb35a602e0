//! What needs no instance: a tree in, the same tree with parameters, the batch and constants filled in.
//!
//! Comes before layers merge, so that a mapping that an expression gives merges as a mapping. What does not change is the
//! very same node, and no text is read as an expression twice.

use super::expression::{Template, has_expression, named_by};
use super::scope::Scope;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::text::{Entry, Key, Map, Node, Sources, Value};

/// Fills in all expressions of a tree that read nothing of an instance; one that fails is a finding, and broken.
pub(super) fn filled(node: &Node, scope: &Scope<'_>, sources: &Sources, diagnostics: &mut Diagnostics) -> Node {
    match node.value() {
        Value::String(_) | Value::Plain(_) => match Template::of(node, sources) {
            None => node.clone(),
            Some(Ok(template)) if template.needs_instance() => node.clone(),
            Some(template) => template.and_then(|template| template.fill(scope)).map_or_else(
                |finding| {
                    diagnostics.push(*finding);
                    Node::broken()
                },
                |value| inert(&value),
            ),
        },
        Value::Seq(items) => {
            let filled: Vec<Node> = items.iter().map(|item| self::filled(item, scope, sources, diagnostics)).collect();
            let is_same = filled.iter().zip(items).all(|(filled, item)| filled.same(item));
            if is_same { node.clone() } else { Node::seq(filled, node.origin()) }
        }
        Value::Map(map) => {
            let mut is_same = true;
            let mut filled = Map::with_capacity(map.len());
            for entry in map {
                // A condition is no value: it is read for each instance.
                let is_condition =
                    matches!(entry.key.text.as_str(), "where" | "when") && entry.value.as_str().is_some();
                let value = if is_condition {
                    entry.value.clone()
                } else {
                    self::filled(&entry.value, scope, sources, diagnostics)
                };
                let key = filled_key(&entry.key, scope, sources);
                is_same &= key.text == entry.key.text && value.same(&entry.value);
                if let Some(first) = filled.entry(&key.text) {
                    diagnostics.push(twice(&key, first));
                } else {
                    filled.push(key, value);
                }
            }
            if is_same { node.clone() } else { Node::map(filled, node.origin()) }
        }
        _ => node.clone(),
    }
}

/// Returns the finding about a key that two expressions of a mapping give.
pub(super) fn twice(key: &Key, first: &Entry) -> Diagnostic {
    let message = format!("the key `{}` stands twice in one mapping", key.text);
    Diagnostic::new(Code::DuplicateKey, key.origin, message).also(first.key.origin, "first here")
}

/// Returns a key with its expressions filled in; one that cannot be is as it was, and reported where it is used.
fn filled_key(key: &Key, scope: &Scope<'_>, sources: &Sources) -> Key {
    if !has_expression(&key.text) {
        return key.clone();
    }
    let template = Template::cut(&key.text, key.origin, false, sources).ok();
    let value = template.filter(|template| !template.needs_instance()).and_then(|template| template.fill(scope).ok());
    let value = value.filter(|value| !value.text().is_some_and(|text| has_expression(text)));
    value.and_then(|value| named_by(key, &value).ok()).unwrap_or_else(|| key.clone())
}

/// Returns a value in which braces are text.
fn inert(node: &Node) -> Node {
    match node.value() {
        Value::String(text) | Value::Plain(text) if has_expression(text) => {
            Node::new(Value::Raw(text.clone()), node.origin())
        }
        Value::Seq(items) => Node::seq(items.iter().map(inert).collect(), node.origin()),
        Value::Map(map) => {
            let entries = map.iter().map(|entry| Entry { key: entry.key.clone(), value: inert(&entry.value) });
            Node::map(entries.collect(), node.origin())
        }
        _ => node.clone(),
    }
}
