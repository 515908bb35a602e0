//! Which values are secret: those of Secrets, whatever was hidden where it was read, and copies of both.
//!
//! A value enters, what may be shown of it leaves. Nothing else makes a [`Shown`] of a value, so that whoever shows one
//! need not know of secrets.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use base64::Engine;
use smol_str::SmolStr;

use super::lists::part;
use super::{Shown, Step};
use crate::kubernetes::{Manifest, Tree, is_base64};
use crate::read::is_secret_type;
use crate::text::{Entry, Key, Map, Node, Sources, Value};

/// The annotation in which kubectl repeats the whole object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// The parts of a Secret that hold its values.
const PARTS: [&str; 2] = ["data", "stringData"];
/// What an object says of itself beside its values.
const OPEN: [&str; 3] = ["apiVersion", "kind", "immutable"];
/// What stands in the place of a secret in a value that may be shown.
const NOT_SHOWN: &str = "(not shown)";
/// A text of a Secret that is so long is known again inside of other texts too; shorter ones are parts of others' words.
const TELLING: usize = 12;

/// What must not be shown of two sides.
#[derive(Debug)]
pub(super) struct Secrets<'a> {
    sources: &'a Sources,
    /// The values of all Secrets, as they are and in base64.
    values: HashSet<String>,
    /// The telling ones among them, by their first bytes.
    telling: HashMap<[u8; TELLING], Vec<String>>,
    hides: bool,
}

/// Says what may be shown of the values of an object.
#[derive(Clone, Copy)]
pub(super) struct Veil<'a> {
    is_secret: bool,
    /// Whether the places of values are asked: those of other sources say nothing.
    by_place: bool,
    secrets: &'a Secrets<'a>,
}

impl<'a> Secrets<'a> {
    /// Gathers what is secret in two sides.
    pub(super) fn of(sides: [&[Manifest]; 2], sources: &'a Sources) -> Self {
        let mut all: BTreeSet<String> = BTreeSet::new();
        for object in sides.into_iter().flatten().filter(|object| is_secret(object)) {
            let node = &object.node;
            let written = PARTS.iter().filter_map(|part| node.get(part)).flat_map(Tree::members);
            let written = written.filter_map(|(_, value)| value.scalar().map(String::from));
            for text in written {
                all.insert(text.trim().to_owned());
            }
            for bytes in values(node).into_values() {
                let encoded = base64::engine::general_purpose::STANDARD.encode(&bytes);
                all.insert(encoded.trim_end_matches('=').to_owned());
                all.insert(encoded);
                if let Ok(text) = String::from_utf8(bytes) {
                    let bare = text.trim();
                    all.insert(base64::engine::general_purpose::STANDARD.encode(bare));
                    all.insert(bare.to_owned());
                }
            }
        }
        all.remove("");
        let mut telling: HashMap<[u8; TELLING], Vec<String>> = HashMap::new();
        for text in &all {
            if let Some(start) = text.as_bytes().first_chunk::<TELLING>() {
                telling.entry(*start).or_default().push(text.clone());
            }
        }
        Self { sources, values: all.into_iter().collect(), telling, hides: sources.has_secrets() }
    }

    /// Says what may be shown of two objects that are one.
    pub(super) fn veil(&'a self, objects: [&Manifest; 2]) -> Veil<'a> {
        Veil { is_secret: objects.iter().any(|object| is_secret(object)), by_place: true, secrets: self }
    }

    /// Says what may be shown of values whatever they are in.
    pub(super) fn open(&'a self) -> Veil<'a> {
        Veil { is_secret: false, by_place: true, secrets: self }
    }

    /// Whether a text is a value of a Secret, or repeats a telling one.
    fn repeats(&self, text: &str) -> bool {
        !self.values.is_empty()
            && (self.values.contains(text.trim())
                || text.as_bytes().windows(TELLING).enumerate().any(|(at, window)| {
                    let known = window.first_chunk::<TELLING>().and_then(|window| self.telling.get(window));
                    known.is_some_and(|values| {
                        values.iter().any(|value| text.as_bytes()[at..].starts_with(value.as_bytes()))
                    })
                }))
    }
}

impl Veil<'_> {
    /// Says the same of values that come from other sources: only copies are known.
    pub(super) fn of_values_alone(self) -> Self {
        Self { by_place: false, ..self }
    }

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
            // The very same node says that nothing of it is secret.
            return Shown::Value(value.clone());
        }
        match self.without(&keys, value) {
            Some(node) => Shown::Value(node),
            None => Shown::Hidden,
        }
    }

    /// Returns what may be shown of two values that are one: where a part of one is secret, that of the other one was, or
    /// will be, and only what both show is told.
    pub(super) fn both(self, path: &[Step], old: &Node, new: &Node) -> (Shown, Shown) {
        let partial = |shown: &Shown, value: &Node| matches!(shown, Shown::Value(shown) if !shown.same(value));
        match (self.shown(path, old), self.shown(path, new)) {
            (Shown::Hidden, _) | (_, Shown::Hidden) => (Shown::Hidden, Shown::Hidden),
            (before @ Shown::Value(_), Shown::Value(after)) if partial(&before, old) => {
                let after = with_leaves_of(&after, &before);
                (before, Shown::Value(after))
            }
            (Shown::Value(before), after @ Shown::Value(_)) if partial(&after, new) => {
                let before = with_leaves_of(&before, &after);
                (Shown::Value(before), after)
            }
            both => both,
        }
    }

    /// Returns the step to an item of a list, as it may be shown: what tells it apart may be a secret.
    pub(super) fn step(self, step: Step, item: &Node) -> Step {
        let masked = |value: SmolStr, node: Option<&Node>| match node {
            Some(node) if self.hides(&["", ""], node) => NOT_SHOWN.into(),
            _ => value,
        };
        match step {
            Step::Member(value) => Step::Member(masked(value, Some(item))),
            Step::Item(values) => Step::Item(
                values
                    .into_iter()
                    .map(|(key, value)| {
                        let value = masked(value, part(item, &key));
                        (key, value)
                    })
                    .collect(),
            ),
            key @ Step::Key(_) => key,
        }
    }

    /// Returns a key as it may be shown: one that no type knows may be made of a secret.
    pub(super) fn key(self, key: &Key) -> SmolStr {
        if self.hides_key(key) { NOT_SHOWN.into() } else { key.text.clone() }
    }

    fn hides_key(self, key: &Key) -> bool {
        self.by_place && self.secrets.hides && self.secrets.sources.is_tainted(key.origin)
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
                    self.hides_key(&entry.key) || self.holds(&keys, &entry.value)
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
            // The name of what is hidden is no secret, but for one that is made of it.
            Value::Map(map) => {
                let entries = map.iter().map(|entry| Entry {
                    key: Key { text: self.key(&entry.key), ..entry.key.clone() },
                    value: inner(&entry.key.text, &entry.value),
                });
                Node::map(entries.collect::<Map>(), value.origin())
            }
            Value::Seq(items) => Node::seq(items.iter().map(|item| inner("", item)).collect(), value.origin()),
            _ => value.clone(),
        })
    }

    /// Whether a value is secret as a whole. Tools repeat objects in annotations under names of their own, so that no
    /// annotation of a Secret is shown.
    fn hides(self, keys: &[&str], value: &Node) -> bool {
        let is_leaf = value.as_map().is_none() && value.as_seq().is_none();
        let by_place = match keys {
            [.., "annotations", LAST_APPLIED] | ["metadata", "annotations", _, ..] if self.is_secret => true,
            [.., "annotations", LAST_APPLIED] => true,
            [] | ["metadata", ..] => false,
            ["type"] if self.is_secret => !value.as_str().is_some_and(is_secret_type),
            [part] => self.is_secret && !OPEN.contains(part) && value.as_map().is_none(),
            [_, _, ..] => self.is_secret,
        };
        if by_place || !is_leaf {
            return by_place;
        }
        let origin = value.origin();
        // What names a Secret is written in a document whose places are all marked.
        let by_origin = match keys {
            _ if !self.by_place => false,
            _ => self.secrets.hides && self.secrets.sources.is_secret(origin),
        };
        // What is true of a secret is true of much else.
        by_origin || (value.text().is_some() && value.scalar().is_some_and(|text| self.secrets.repeats(&text)))
    }
}

/// Returns the value with a mark in the place of each scalar that another one does not show.
fn with_leaves_of(value: &Node, shown: &Shown) -> Node {
    fn leaves(node: &Node, found: &mut HashSet<SmolStr>) {
        node.as_map().into_iter().flatten().for_each(|entry| leaves(&entry.value, found));
        node.as_seq().into_iter().flatten().for_each(|item| leaves(item, found));
        found.extend(node.scalar());
    }
    fn marked(node: &Node, known: &HashSet<SmolStr>) -> Node {
        match node.value() {
            Value::Map(map) => {
                let entries =
                    map.iter().map(|entry| Entry { key: entry.key.clone(), value: marked(&entry.value, known) });
                Node::map(entries.collect::<Map>(), node.origin())
            }
            Value::Seq(items) => Node::seq(items.iter().map(|item| marked(item, known)).collect(), node.origin()),
            _ if node.scalar().is_none_or(|text| known.contains(&text)) => node.clone(),
            _ => Node::string(NOT_SHOWN, node.origin()),
        }
    }
    let mut known = HashSet::new();
    if let Shown::Value(shown) = shown {
        leaves(shown, &mut known);
    }
    marked(value, &known)
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
