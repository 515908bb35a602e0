//! Mappings: entries in the order written, each found by its key.

use std::collections::HashMap;

use smol_str::SmolStr;

use super::node::{Entry, Key, Node};

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
pub(super) const FEW: usize = 256;

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
