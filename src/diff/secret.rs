//! Which values are secret: those of Secrets, whatever was hidden where it was read, and copies of both.
//!
//! A value enters, what may be shown of it leaves. Nothing else makes a [`Shown`] of a value, so that whoever shows one
//! need not know of secrets.

use std::collections::{BTreeMap, HashMap};

use base64::Engine;
use smol_str::SmolStr;

use super::{Shown, Step};
use crate::kubernetes::{Manifest, Tree, is_base64};
use crate::text::{Entry, Map, Node, Sources, Value};

/// The annotation in which kubectl repeats the whole object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// The parts of a Secret that hold its values.
const PARTS: [&str; 2] = ["data", "stringData"];
/// What stands in the place of a secret in a value that may be shown.
const NOT_SHOWN: &str = "(not shown)";
/// A text of a Secret that is so long is known again wherever it is repeated; shorter ones are words of others too.
const TELLING: usize = 12;

/// What must not be shown of two sides.
#[derive(Debug)]
pub(super) struct Secrets<'a> {
    sources: &'a Sources,
    /// The telling values of all Secrets, by their first bytes.
    values: HashMap<[u8; TELLING], Vec<String>>,
    hides: bool,
}

/// Says what may be shown of the values of an object.
#[derive(Clone, Copy)]
pub(super) struct Veil<'a> {
    is_secret: bool,
    secrets: &'a Secrets<'a>,
}

impl<'a> Secrets<'a> {
    /// Gathers what is secret in two sides.
    pub(super) fn of(sides: [&[Manifest]; 2], sources: &'a Sources) -> Self {
        let mut values: HashMap<[u8; TELLING], Vec<String>> = HashMap::new();
        for object in sides.into_iter().flatten().filter(|object| is_secret(object)) {
            let node = &object.node;
            let written = PARTS.iter().filter_map(|part| node.get(part)).flat_map(Tree::members);
            let written = written.filter_map(|(_, value)| value.scalar().map(String::from));
            let decoded = self::values(node).into_values().filter_map(|bytes| String::from_utf8(bytes).ok());
            for text in written.chain(decoded) {
                let text = text.trim();
                if let Some(start) = text.as_bytes().first_chunk::<TELLING>() {
                    let known = values.entry(*start).or_default();
                    if !known.iter().any(|known| known == text) {
                        known.push(text.to_owned());
                    }
                }
            }
        }
        let hides = sources.files().any(|(_, file)| !file.hidden().is_empty());
        Self { sources, values, hides }
    }

    /// Says what may be shown of two objects that are one.
    pub(super) fn veil(&'a self, objects: [&Manifest; 2]) -> Veil<'a> {
        Veil { is_secret: objects.iter().any(|object| is_secret(object)), secrets: self }
    }

    /// Whether a text repeats a value of a Secret.
    fn repeats(&self, text: &str) -> bool {
        !self.values.is_empty()
            && text.as_bytes().windows(TELLING).enumerate().any(|(at, window)| {
                let known = window.first_chunk::<TELLING>().and_then(|window| self.values.get(window));
                known.is_some_and(|values| {
                    values.iter().any(|value| text.as_bytes()[at..].starts_with(value.as_bytes()))
                })
            })
    }
}

impl Veil<'_> {
    /// Returns what may be shown of a value at that path.
    pub(super) fn shown(self, path: &[Step], value: &Node) -> Shown {
        let keys: Vec<&str> = path
            .iter()
            .map(|step| match step {
                Step::Key(key) => key.as_str(),
                Step::Item(_) | Step::Member(_) => "",
            })
            .collect();
        if !self.holds(&keys, value) {
            return Shown::Value(value.clone());
        }
        match self.without(&keys, value) {
            Some(node) => Shown::Value(node),
            None => Shown::Hidden,
        }
    }

    /// Returns an object as it may be shown.
    pub(super) fn whole(self, object: &Manifest) -> Shown {
        self.shown(&[], &object.node)
    }

    /// Whether a part of a value is secret.
    fn holds(self, keys: &[&str], value: &Node) -> bool {
        self.hides(keys, value)
            || match value.value() {
                Value::Map(map) => map.iter().any(|entry| {
                    let mut keys = keys.to_vec();
                    keys.push(&entry.key.text);
                    self.holds(&keys, &entry.value)
                }),
                Value::Seq(items) => items.iter().any(|item| {
                    let mut keys = keys.to_vec();
                    keys.push("");
                    self.holds(&keys, item)
                }),
                _ => false,
            }
    }

    /// Returns the value with a mark in the place of what is secret in it; none where all of it is.
    fn without(self, keys: &[&str], value: &Node) -> Option<Node> {
        if self.hides(keys, value) {
            return None;
        }
        let inner = |key: &str, value: &Node| {
            let keys: Vec<&str> = keys.iter().copied().chain([key]).collect();
            self.without(&keys, value).unwrap_or_else(|| Node::string(NOT_SHOWN, value.origin()))
        };
        Some(match value.value() {
            // The name of what is hidden is no secret.
            Value::Map(map) => {
                let entries = map
                    .iter()
                    .map(|entry| Entry { key: entry.key.clone(), value: inner(&entry.key.text, &entry.value) });
                Node::map(entries.collect::<Map>(), value.origin())
            }
            Value::Seq(items) => Node::seq(items.iter().map(|item| inner("", item)).collect(), value.origin()),
            _ => value.clone(),
        })
    }

    /// Whether a value is secret as a whole. Tools repeat objects in annotations under names of their own, so that no
    /// annotation of a Secret is shown.
    fn hides(self, keys: &[&str], value: &Node) -> bool {
        let by_place = match keys {
            [.., "annotations", LAST_APPLIED] => true,
            ["metadata", "annotations", _, ..] => self.is_secret,
            [part, _, ..] => self.is_secret && PARTS.contains(part),
            [part] => self.is_secret && PARTS.contains(part) && value.as_map().is_none(),
            [] => false,
        };
        if by_place || value.as_map().is_some() || value.as_seq().is_some() {
            return by_place;
        }
        (self.secrets.hides && self.secrets.sources.hidden_in(value.origin()).next().is_some())
            || value.as_str().is_some_and(|text| self.secrets.repeats(text))
    }
}

/// Whether an object is a Secret.
pub(super) fn is_secret(object: &Manifest) -> bool {
    object.key.kind == "Secret" && object.key.group.is_empty()
}

/// Returns the values of a Secret as bytes; those of `stringData` come last, and hold.
pub(super) fn values(secret: &Node) -> BTreeMap<SmolStr, Vec<u8>> {
    let mut all = BTreeMap::new();
    for (part, encoded) in [("data", true), ("stringData", false)] {
        for (key, value) in secret.get(part).into_iter().flat_map(Tree::members) {
            let text = value.scalar().unwrap_or_default();
            let plain = if encoded && is_base64(&text) { decode(&text) } else { None };
            all.insert(key.into(), plain.unwrap_or_else(|| text.as_bytes().to_vec()));
        }
    }
    all
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let text: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}
