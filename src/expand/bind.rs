//! A tree with expressions, cut once and filled in for every instance.
//!
//! What holds no expression is the very same node in all instances: binding copies only the spines above expressions.

use std::collections::HashSet;

use smol_str::SmolStr;

use super::early::twice;
use super::expression::{Template, broken_key, named_by};
use super::model::Slots;
use super::scope::Scope;
use crate::diagnostic::Diagnostics;
use crate::text::{Key, Map, Node, Origin, Sources, Value};

/// A tree whose expressions are cut and wait for their values.
#[derive(Debug)]
pub(super) enum Bindable {
    /// No expression stands in it.
    Fixed(Node),
    /// A text with expressions.
    Text(Template),
    /// A list, some items of which hold expressions.
    Seq(Vec<Self>, Origin),
    /// A mapping, some keys or values of which hold expressions.
    Map(Vec<(BindableKey, Self)>, Origin),
}

/// A key that may hold expressions.
#[derive(Debug)]
pub(super) enum BindableKey {
    /// A key as written.
    Fixed(Key),
    /// A key with expressions.
    Text(Template, Key),
}

impl Bindable {
    /// Cuts all texts of a tree; what cannot be cut is a finding, and broken.
    pub(super) fn of(node: &Node, sources: &Sources, diagnostics: &mut Diagnostics) -> Self {
        match node.value() {
            Value::String(_) | Value::Plain(_) => match Template::of(node, sources) {
                None => Self::Fixed(node.clone()),
                Some(Ok(template)) => Self::Text(template),
                Some(Err(finding)) => {
                    diagnostics.push(*finding);
                    Self::Fixed(Node::broken())
                }
            },
            Value::Seq(items) => {
                let parts: Vec<Self> = items.iter().map(|item| Self::of(item, sources, diagnostics)).collect();
                if parts.iter().all(Self::is_fixed) {
                    Self::Fixed(node.clone())
                } else {
                    Self::Seq(parts, node.origin())
                }
            }
            Value::Map(map) => {
                let mut fixed = true;
                let mut parts = Vec::with_capacity(map.len());
                for entry in map {
                    let value = Self::of(&entry.value, sources, diagnostics);
                    let key = BindableKey::of(&entry.key, sources, diagnostics);
                    fixed &= value.is_fixed() && matches!(key, BindableKey::Fixed(_));
                    parts.push((key, value));
                }
                if fixed { Self::Fixed(node.clone()) } else { Self::Map(parts, node.origin()) }
            }
            _ => Self::Fixed(node.clone()),
        }
    }

    /// Returns the number of values in it, of which 64 bytes of a text are one too.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Fixed(node) => weight(node),
            Self::Text(_) => 1,
            Self::Seq(items, _) => 1 + items.iter().map(Self::weight).sum::<usize>(),
            Self::Map(entries, _) => 1 + entries.iter().map(|(_, value)| value.weight()).sum::<usize>(),
        }
    }

    /// Whether no expression stands in it.
    pub(super) fn is_fixed(&self) -> bool {
        matches!(self, Self::Fixed(_))
    }

    /// Whether no expression stands in the value of one key of a mapping.
    pub(super) fn is_fixed_at(&self, key: &str) -> bool {
        match self {
            Self::Map(entries, _) => {
                let of_key = |name: &BindableKey| !matches!(name, BindableKey::Fixed(name) if name.text != key);
                entries.iter().filter(|(name, _)| of_key(name)).all(|(_, value)| value.is_fixed())
            }
            _ => self.is_fixed(),
        }
    }

    /// Collects the addresses of the nodes near the top that are the same in all instances.
    pub(super) fn collect_fixed(&self, depth: usize, addresses: &mut HashSet<usize>) {
        let Some(deeper) = depth.checked_sub(1) else { return };
        match self {
            Self::Fixed(node) => collect_addresses(node, depth, addresses),
            Self::Text(_) => {}
            Self::Seq(items, _) => items.iter().for_each(|item| item.collect_fixed(deeper, addresses)),
            Self::Map(entries, _) => entries.iter().for_each(|(_, value)| value.collect_fixed(deeper, addresses)),
        }
    }

    /// Fills in the value of one key of a mapping.
    pub(super) fn bind_key(&self, key: &str, scope: &Scope<'_>, diagnostics: &mut Diagnostics) -> Option<Node> {
        match self {
            Self::Fixed(node) => node.get(key).cloned(),
            Self::Map(entries, _) => entries
                .iter()
                .find(|(name, _)| matches!(name, BindableKey::Fixed(name) if name.text == key))
                .map(|(_, value)| value.bind(scope, diagnostics)),
            _ => None,
        }
    }

    /// Adds what the texts with expressions come to, each in its turn.
    pub(super) fn values(&self, scope: &Scope<'_>, values: &mut Vec<Node>, diagnostics: &mut Diagnostics) {
        match self {
            Self::Fixed(_) => {}
            Self::Text(template) => values.push(filled(template, scope, diagnostics)),
            Self::Seq(items, _) => items.iter().for_each(|item| item.values(scope, values, diagnostics)),
            Self::Map(entries, _) => {
                for (key, value) in entries {
                    if let BindableKey::Text(template, _) = key {
                        values.push(filled(template, scope, diagnostics));
                    }
                    value.values(scope, values, diagnostics);
                }
            }
        }
    }

    /// Puts what stands for a value in the place of each text with expressions; none where they do not fit.
    pub(super) fn model(&self, slots: &mut Slots<'_>) -> Option<Node> {
        Some(match self {
            Self::Fixed(node) => node.clone(),
            Self::Text(_) => slots.next()?,
            Self::Seq(items, origin) => {
                let items: Option<Vec<Node>> = items.iter().map(|item| item.model(slots)).collect();
                Node::seq(items?, *origin)
            }
            Self::Map(entries, origin) => {
                let mut map = Map::with_capacity(entries.len());
                for (key, value) in entries {
                    let key = match key {
                        BindableKey::Fixed(key) => key.clone(),
                        BindableKey::Text(_, key) => named_by(key, &slots.next_fixed()?).ok()?,
                    };
                    if map.contains(&key.text) {
                        return None;
                    }
                    map.push(key, value.model(slots)?);
                }
                Node::map(map, *origin)
            }
        })
    }

    /// Fills all expressions in; a text that cannot be filled in is a finding, and broken.
    pub(super) fn bind(&self, scope: &Scope<'_>, diagnostics: &mut Diagnostics) -> Node {
        match self {
            Self::Fixed(node) => node.clone(),
            Self::Text(template) => filled(template, scope, diagnostics),
            Self::Seq(items, origin) => {
                Node::seq(items.iter().map(|item| item.bind(scope, diagnostics)).collect(), *origin)
            }
            Self::Map(entries, origin) => {
                let mut map = Map::with_capacity(entries.len());
                for (key, value) in entries {
                    let key = key.bind(scope, diagnostics);
                    let value = value.bind(scope, diagnostics);
                    if let Some(first) = map.entry(&key.text) {
                        diagnostics.push(twice(&key, first));
                    } else {
                        map.push(key, value);
                    }
                }
                Node::map(map, *origin)
            }
        }
    }
}

fn filled(template: &Template, scope: &Scope<'_>, diagnostics: &mut Diagnostics) -> Node {
    template.fill(scope).unwrap_or_else(|finding| {
        diagnostics.push(*finding);
        Node::broken()
    })
}

pub(super) fn weight(node: &Node) -> usize {
    1 + match node.value() {
        Value::Seq(items) => items.iter().map(weight).sum(),
        Value::Map(map) => map.iter().map(|entry| weight(&entry.value)).sum(),
        _ => node.text().map_or(0, SmolStr::len) / 64,
    }
}

fn collect_addresses(node: &Node, depth: usize, addresses: &mut HashSet<usize>) {
    addresses.insert(node.address());
    let Some(deeper) = depth.checked_sub(1) else { return };
    match node.value() {
        Value::Seq(items) => items.iter().for_each(|item| collect_addresses(item, deeper, addresses)),
        Value::Map(map) => map.iter().for_each(|entry| collect_addresses(&entry.value, deeper, addresses)),
        _ => {}
    }
}

impl BindableKey {
    fn of(key: &Key, sources: &Sources, diagnostics: &mut Diagnostics) -> Self {
        if !super::expression::has_expression(&key.text) {
            return Self::Fixed(key.clone());
        }
        match Template::cut(&key.text, key.origin, false, sources) {
            Ok(template) => Self::Text(template, key.clone()),
            Err(finding) => {
                diagnostics.push(*finding);
                Self::Fixed(broken_key(key))
            }
        }
    }

    fn bind(&self, scope: &Scope<'_>, diagnostics: &mut Diagnostics) -> Key {
        match self {
            Self::Fixed(key) => key.clone(),
            Self::Text(template, key) => {
                template.fill(scope).and_then(|given| named_by(key, &given)).unwrap_or_else(|finding| {
                    diagnostics.push(*finding);
                    broken_key(key)
                })
            }
        }
    }
}
