//! The tree that every stage works on: a value and the place where it was written.
//!
//! A node is immutable and shared: cloning one copies a pointer, a subtree that no instance changes is one
//! allocation in all of them, and two nodes at one address are equal. A plain scalar keeps its text until the type of
//! the field that it stands in is known; numbers are text all the way through and never pass through floats.

use std::collections::HashMap;
use std::sync::Arc;

use smol_str::SmolStr;

use super::Origin;
use super::scalar::{self, Meaning};

/// A value and the place where it was written.
#[derive(Clone, Debug)]
pub struct Node(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    value: Value,
    origin: Origin,
}

/// What a node holds.
#[derive(Clone, Debug)]
pub enum Value {
    /// Nothing, settled.
    Null,
    /// A boolean, settled.
    Bool(bool),
    /// A number in JSON's notation, settled.
    Number(SmolStr),
    /// A text: quoted in the source, or settled to be one.
    String(SmolStr),
    /// A text whose braces are no expressions (`!raw`).
    Raw(SmolStr),
    /// An unquoted scalar whose meaning waits for the type of its field.
    Plain(SmolStr),
    /// A list.
    Seq(Vec<Node>),
    /// A mapping, in the order written.
    Map(Map),
    /// No value, because of a mistake that is reported: it fits any type, and stages pass it over.
    Broken,
}

/// What a scalar means to JSON, and to kubectl.
#[derive(Debug, PartialEq)]
pub enum Scalar<'a> {
    /// Nothing.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number, in JSON's notation.
    Number(SmolStr),
    /// A text.
    Text(&'a str),
}

/// A mapping: entries in the order written, keys unique.
#[derive(Clone, Debug)]
pub struct Map(Entries);

/// The entries of a mapping. Both forms take the room of a vector, so that a node is none the larger for it.
#[derive(Clone, Debug)]
enum Entries {
    /// So few that a look at each is soon done.
    Few(Vec<Entry>),
    /// So many that each is found by its key.
    Many(Box<Indexed>),
}

#[derive(Clone, Debug)]
struct Indexed {
    entries: Vec<Entry>,
    places: HashMap<SmolStr, usize>,
}

/// Mappings with more entries know where each of their keys is.
const FEW: usize = 256;

/// A key and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: Key,
    /// The value.
    pub value: Node,
}

/// A key of a mapping, and where it was written.
#[derive(Clone, Debug)]
pub struct Key {
    /// The text.
    pub text: SmolStr,
    /// Where the key was written.
    pub origin: Origin,
    /// Whether it was written without quotes, so that readers may disagree on its type.
    pub plain: bool,
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl PartialEq for Node {
    /// Compares values as JSON means them: places, quotes and the order of keys do not count.
    fn eq(&self, other: &Self) -> bool {
        self.same(other)
            || match (self.value(), other.value()) {
                (Value::Seq(ours), Value::Seq(theirs)) => ours == theirs,
                (Value::Map(ours), Value::Map(theirs)) => ours == theirs,
                (Value::Broken, Value::Broken) => true,
                // Most scalars that are equal are so as they are written.
                (Value::Plain(ours), Value::Plain(theirs)) if ours == theirs => true,
                (ours, theirs) => ours.meaning().is_some_and(|meaning| theirs.meaning() == Some(meaning)),
            }
    }
}

impl PartialEq for Map {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self.iter().zip(other).all(|(ours, theirs)| {
                // Keys mostly stand in one order: only where they do not is the other mapping searched.
                let theirs = if ours.key == theirs.key { Some(&theirs.value) } else { other.get(&ours.key.text) };
                theirs.is_some_and(|theirs| ours.value == *theirs)
            })
    }
}

impl Key {
    /// Returns a key that stands for something written at `origin`.
    pub fn new(text: impl Into<SmolStr>, origin: Origin) -> Self {
        Self { text: text.into(), origin, plain: false }
    }
}

impl Value {
    /// Returns what a scalar means to JSON, or `None` if this is a list or a mapping.
    pub fn meaning(&self) -> Option<Scalar<'_>> {
        Some(match self {
            Self::Null => Scalar::Null,
            Self::Bool(value) => Scalar::Bool(*value),
            Self::Number(number) => Scalar::Number(number.clone()),
            Self::String(text) | Self::Raw(text) => Scalar::Text(text),
            Self::Plain(text) => match scalar::resolve(text) {
                Meaning::Null => Scalar::Null,
                Meaning::Bool(value) => Scalar::Bool(value),
                Meaning::Integer(number) | Meaning::Float(Some(number)) => Scalar::Number(number),
                Meaning::Float(None) | Meaning::Text => Scalar::Text(text),
            },
            Self::Seq(_) | Self::Map(_) | Self::Broken => return None,
        })
    }
}

impl Node {
    /// Returns a node of that value, written there.
    pub fn new(value: Value, origin: Origin) -> Self {
        // Wherever it is moved to, there is no more to say about what is broken, and what is made of it is broken too.
        if origin.is_broken() || matches!(value, Value::Broken) {
            return Self(Arc::new(Inner { value: Value::Broken, origin: Origin::BROKEN }));
        }
        Self(Arc::new(Inner { value, origin }))
    }

    /// Returns a text written at `origin`.
    pub fn string(text: impl Into<SmolStr>, origin: Origin) -> Self {
        Self::new(Value::String(text.into()), origin)
    }

    /// Returns an integer written at `origin`.
    pub fn integer(number: i64, origin: Origin) -> Self {
        Self::new(Value::Number(smol_str::format_smolstr!("{number}")), origin)
    }

    /// Returns a boolean written at `origin`.
    pub fn boolean(value: bool, origin: Origin) -> Self {
        Self::new(Value::Bool(value), origin)
    }

    /// Returns a list written at `origin`.
    pub fn seq(items: Vec<Self>, origin: Origin) -> Self {
        Self::new(Value::Seq(items), origin)
    }

    /// Returns a mapping written at `origin`.
    pub fn map(map: Map, origin: Origin) -> Self {
        Self::new(Value::Map(map), origin)
    }

    /// Returns what stands for a value that a reported mistake has kept from being made or read.
    pub fn broken() -> Self {
        Self::new(Value::Broken, Origin::BROKEN)
    }

    /// Returns the value.
    pub fn value(&self) -> &Value {
        &self.0.value
    }

    /// Returns where it was written.
    pub fn origin(&self) -> Origin {
        self.0.origin
    }

    /// Whether both are one allocation, and therefore equal in all.
    pub fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Returns a number that no other node has as long as this one is there.
    pub fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// Whether the same allocation is held elsewhere as well.
    pub fn is_shared(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    /// Returns the text of any scalar that is neither settled to be null nor a boolean.
    pub fn text(&self) -> Option<&SmolStr> {
        match self.value() {
            Value::String(text) | Value::Raw(text) | Value::Plain(text) | Value::Number(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the text as `&str`, as [`Node::text`] does.
    pub fn as_str(&self) -> Option<&str> {
        self.text().map(SmolStr::as_str)
    }

    /// Returns the items of a list.
    pub fn as_seq(&self) -> Option<&[Self]> {
        match self.value() {
            Value::Seq(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the mapping.
    pub fn as_map(&self) -> Option<&Map> {
        match self.value() {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// Returns the value of a key, where this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_map()?.get(key)
    }

    /// Returns the node at the end of a path of keys.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// Whether it is null: settled, or written as one in YAML.
    pub fn is_null(&self) -> bool {
        match self.value() {
            Value::Null => true,
            Value::Plain(text) => scalar::is_null(text),
            _ => false,
        }
    }

    /// Whether it has no value because of a reported mistake.
    pub fn is_broken(&self) -> bool {
        matches!(self.value(), Value::Broken)
    }

    /// Whether it, or a part of it, has no value because of a reported mistake.
    pub fn holds_broken(&self) -> bool {
        match self.value() {
            Value::Seq(items) => items.iter().any(Self::holds_broken),
            Value::Map(map) => map.iter().any(|entry| entry.key.origin.is_broken() || entry.value.holds_broken()),
            value => matches!(value, Value::Broken),
        }
    }

    /// Names the type of the value as a finding does.
    pub fn type_name(&self) -> &'static str {
        match self.value() {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) | Value::Raw(_) => "a string",
            Value::Plain(text) => scalar::resolve(text).type_name(),
            Value::Seq(_) => "a list",
            Value::Map(_) => "a mapping",
            Value::Broken => "no value",
        }
    }
}

impl Entry {
    /// Returns the range from the key to the end of the value, where both stand in one file.
    pub fn origin(&self) -> Origin {
        if self.key.origin.file == self.value.origin().file {
            self.key.origin.to(self.value.origin())
        } else if self.key.origin.is_broken() {
            self.value.origin()
        } else {
            self.key.origin
        }
    }
}

impl Default for Map {
    fn default() -> Self {
        Self(Entries::Few(Vec::new()))
    }
}

impl Map {
    /// Returns an empty mapping.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns an empty mapping with room for `capacity` entries.
    pub fn with_capacity(capacity: usize) -> Self {
        Self(Entries::Few(Vec::with_capacity(capacity)))
    }

    /// Returns the mapping of entries whose keys are known to be distinct.
    pub fn of_distinct(entries: Vec<Entry>) -> Self {
        if entries.len() <= FEW {
            return Self(Entries::Few(entries));
        }
        let places = entries.iter().enumerate().map(|(at, entry)| (entry.key.text.clone(), at)).collect();
        Self(Entries::Many(Box::new(Indexed { entries, places })))
    }

    fn entries(&self) -> &[Entry] {
        match &self.0 {
            Entries::Few(entries) => entries,
            Entries::Many(indexed) => &indexed.entries,
        }
    }

    fn into_entries(self) -> Vec<Entry> {
        match self.0 {
            Entries::Few(entries) => entries,
            Entries::Many(indexed) => indexed.entries,
        }
    }

    fn place(&self, key: &str) -> Option<usize> {
        match &self.0 {
            Entries::Few(entries) => entries.iter().position(|entry| entry.key.text == key),
            Entries::Many(indexed) => indexed.places.get(key).copied(),
        }
    }

    /// Returns the value of a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// Returns the entry of a key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.0 {
            Entries::Few(entries) => entries.iter().find(|entry| entry.key.text == key),
            Entries::Many(indexed) => indexed.places.get(key).map(|at| &indexed.entries[*at]),
        }
    }

    /// Whether the key is there.
    pub fn contains(&self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    /// Returns the entries in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Entry> {
        self.entries().iter()
    }

    /// Returns the number of entries.
    pub fn len(&self) -> usize {
        self.entries().len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.entries().is_empty()
    }

    /// Sets a key: in place where it is there already, at the end otherwise.
    pub fn set(&mut self, key: Key, value: Node) {
        match (self.place(&key.text), &mut self.0) {
            (Some(at), Entries::Few(entries)) => entries[at] = Entry { key, value },
            (Some(at), Entries::Many(indexed)) => indexed.entries[at] = Entry { key, value },
            (None, _) => self.add(Entry { key, value }),
        }
    }

    /// Sets a key that was generated for what stands at the origin of the value.
    pub fn put(&mut self, key: &str, value: Node) {
        let origin = value.origin();
        self.set(Key::new(key, origin), value);
    }

    /// Adds an entry whose key is known to be new.
    pub fn push(&mut self, key: Key, value: Node) {
        debug_assert!(!self.contains(&key.text), "duplicate key {}", key.text);
        self.add(Entry { key, value });
    }

    fn add(&mut self, entry: Entry) {
        match &mut self.0 {
            Entries::Few(entries) if entries.len() < FEW => entries.push(entry),
            Entries::Few(entries) => {
                let mut entries = std::mem::take(entries);
                entries.push(entry);
                *self = Self::of_distinct(entries);
            }
            Entries::Many(indexed) => {
                indexed.places.insert(entry.key.text.clone(), indexed.entries.len());
                indexed.entries.push(entry);
            }
        }
    }

    /// Takes a key out.
    pub fn remove(&mut self, key: &str) -> Option<Entry> {
        let at = self.place(key)?;
        if let Entries::Few(entries) = &mut self.0 {
            return Some(entries.remove(at));
        }
        let mut entries = std::mem::take(self).into_entries();
        let removed = entries.remove(at);
        *self = Self::of_distinct(entries);
        Some(removed)
    }

    /// Sorts the entries by what `rank` says of their keys; equal ones keep their order.
    pub fn sort_by_key<K: Ord>(&mut self, rank: impl FnMut(&Entry) -> K) {
        let mut entries = std::mem::take(self).into_entries();
        entries.sort_by_cached_key(rank);
        *self = Self::of_distinct(entries);
    }
}

impl<'a> IntoIterator for &'a Map {
    type Item = &'a Entry;
    type IntoIter = std::slice::Iter<'a, Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Map {
    type Item = Entry;
    type IntoIter = std::vec::IntoIter<Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.into_entries().into_iter()
    }
}

impl FromIterator<Entry> for Map {
    /// Collects entries; of two with one key the later one holds.
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        let mut map = Self::new();
        for Entry { key, value } in entries {
            map.set(key, value);
        }
        map
    }
}

#[cfg(test)]
mod tests;
