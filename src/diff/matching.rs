//! Which object of one side is which of the other.
//!
//! Two lists enter; pairs, and what stands alone, leave. Identity comes first, then another version of an API, then
//! names that end in the hash of their content, and last the likeness of what is in two objects.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use smol_str::SmolStr;

use super::Fate;
use crate::kubernetes::{Facts, Look, Manifest, ObjectKey, Tree};
use crate::text::Node;

/// Pairs and what stands alone, by their places in the lists.
#[derive(Debug, Default)]
pub(super) struct Matched {
    pub(super) pairs: Vec<Pair>,
    pub(super) added: Vec<usize>,
    pub(super) removed: Vec<usize>,
}

/// Two objects that are one.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) old: usize,
    pub(super) new: usize,
    pub(super) fate: Fate,
}

/// How much two objects must have in common to be one under another name.
const ALIKE: f64 = 0.6;
/// Objects that share what so many have are not held against each other for it.
const COMMON: usize = 24;

pub(super) fn matched(old: &[Manifest], new: &[Manifest], facts: &Facts) -> Matched {
    let mut matched = Matched::default();
    // Objects that stand twice are told apart by their order: the first is the first.
    let mut places: HashMap<Identity<'_>, usize> = HashMap::with_capacity(old.len());
    let mut again: HashMap<usize, usize> = HashMap::new();
    for (at, object) in old.iter().enumerate().rev() {
        if let Some(next) = places.insert(identity(&object.key), at) {
            again.insert(at, next);
        }
    }
    let mut paired = vec![false; old.len()];
    for (at, object) in new.iter().enumerate() {
        let identity = identity(&object.key);
        match places.get(&identity).copied() {
            Some(place) => {
                paired[place] = true;
                match again.get(&place) {
                    Some(next) => places.insert(identity, *next),
                    None => places.remove(&identity),
                };
                let was = &old[place].key;
                let fate = if was.version == object.key.version { Fate::Changed } else { Fate::Migrated(was.clone()) };
                matched.pairs.push(Pair { old: place, new: at, fate });
            }
            None => matched.added.push(at),
        }
    }
    matched.removed = (0..old.len()).filter(|at| !paired[*at]).collect();
    matched.migrate(old, new, facts);
    matched.rehash(old, new);
    matched.rename(old, new);
    matched
}

type Identity<'a> = (&'a str, &'a str, &'a str, &'a str);

fn identity(key: &ObjectKey) -> Identity<'_> {
    (&key.group, &key.kind, &key.namespace, &key.name)
}

impl Matched {
    /// Pairs objects whose kind has moved to another group: `extensions/v1beta1` to `apps/v1`.
    fn migrate(&mut self, old: &[Manifest], new: &[Manifest], facts: &Facts) {
        let moved = |was: &ObjectKey, is: &ObjectKey| {
            let replacement =
                facts.lifecycle(&was.group, &was.version, &was.kind).and_then(|known| known.replacement.as_ref());
            replacement.is_some_and(|words| {
                let group = words.split([' ', '/']).next().unwrap_or_default();
                group == is.group && words.ends_with(is.kind.as_str())
            })
        };
        let named: BTreeSet<(&str, &str)> =
            self.added.iter().map(|at| (new[*at].key.kind.as_str(), new[*at].key.name.as_str())).collect();
        let may_move = |key: &ObjectKey| named.contains(&(key.kind.as_str(), key.name.as_str()));
        self.pair(|removed, added| {
            let mut found = Vec::new();
            for at in removed {
                let was = &old[*at].key;
                let same = |place: &&usize| {
                    let is = &new[**place].key;
                    is.name == was.name
                        && is.namespace == was.namespace
                        && is.group != was.group
                        && (moved(was, is) || moved(is, was))
                };
                // Hardly any kind has ever moved, so that nearly always nothing is looked for.
                if may_move(was) {
                    found.extend(added.iter().find(same).map(|place| (*at, *place, Fate::Migrated(was.clone()))));
                }
            }
            found
        });
    }

    /// Pairs ConfigMaps and Secrets whose names differ in the hash at their end.
    fn rehash(&mut self, old: &[Manifest], new: &[Manifest]) {
        self.pair(|removed, added| {
            let mut stems: HashMap<(&str, &str, &str), Vec<usize>> = HashMap::new();
            for at in removed {
                if let Some(stem) = stem(&old[*at].key) {
                    stems.entry(stem).or_default().push(*at);
                }
            }
            let mut found = Vec::new();
            for at in added {
                let Some(stem) = stem(&new[*at].key) else { continue };
                if let Some(was) = stems.get_mut(&stem).and_then(Vec::pop) {
                    found.push((was, *at, Fate::Rehashed(old[was].key.clone())));
                }
            }
            found
        });
    }

    /// Pairs objects of one kind that have most in common.
    fn rename(&mut self, old: &[Manifest], new: &[Manifest]) {
        if self.added.is_empty() || self.removed.is_empty() {
            return;
        }
        self.pair(|removed, added| {
            let kinds: HashSet<(&str, &str)> = removed.iter().map(|at| kind(&old[*at])).collect();
            let traits = |side: &[Manifest], places: &[usize]| -> Vec<(usize, BTreeSet<u64>)> {
                let wanted = places.iter().filter(|at| kinds.contains(&kind(&side[**at])));
                wanted.map(|at| (*at, leaves(&side[*at]))).collect()
            };
            let (was, is) = (traits(old, removed), traits(new, added));
            let mut having: HashMap<u64, Vec<usize>> = HashMap::new();
            for (number, (_, leaves)) in was.iter().enumerate() {
                for leaf in leaves {
                    having.entry(*leaf).or_default().push(number);
                }
            }
            // The likest pairs first; of two equally like ones those that come first.
            let mut candidates: BTreeSet<(u64, usize, usize)> = BTreeSet::new();
            for (place, (at, leaves)) in is.iter().enumerate() {
                let mut near: Vec<usize> = leaves
                    .iter()
                    .filter_map(|leaf| having.get(leaf).filter(|numbers| numbers.len() <= COMMON))
                    .flatten()
                    .copied()
                    .collect();
                near.sort_unstable();
                near.dedup();
                for number in near {
                    let (before, theirs) = &was[number];
                    let one_place = old[*before].key.namespace == new[*at].key.namespace;
                    if kind(&old[*before]) != kind(&new[*at])
                        || !one_place && old[*before].key.name != new[*at].key.name
                    {
                        continue;
                    }
                    let common = leaves.intersection(theirs).count();
                    let all = leaves.len() + theirs.len() - common;
                    #[allow(clippy::cast_precision_loss)]
                    let likeness = common as f64 / all.max(1) as f64;
                    if likeness >= ALIKE {
                        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                        let rank = 1_000_000 - (likeness * 1_000_000.0) as u64;
                        candidates.insert((rank, number, place));
                    }
                }
            }
            let (mut gone, mut come) = (HashSet::new(), HashSet::new());
            let mut found = Vec::new();
            for (_, number, place) in candidates {
                if !gone.contains(&number) && !come.contains(&place) {
                    gone.insert(number);
                    come.insert(place);
                    let (before, at) = (was[number].0, is[place].0);
                    found.push((before, at, Fate::Renamed(old[before].key.clone())));
                }
            }
            found
        });
    }

    fn pair(&mut self, find: impl FnOnce(&[usize], &[usize]) -> Vec<(usize, usize, Fate)>) {
        let mut taken = (HashSet::new(), HashSet::new());
        for (old, new, fate) in find(&self.removed, &self.added) {
            if !taken.0.contains(&old) && !taken.1.contains(&new) {
                taken.0.insert(old);
                taken.1.insert(new);
                self.pairs.push(Pair { old, new, fate });
            }
        }
        self.removed.retain(|at| !taken.0.contains(at));
        self.added.retain(|at| !taken.1.contains(at));
    }
}

fn kind(object: &Manifest) -> (&str, &str) {
    (&object.key.group, &object.key.kind)
}

/// Returns kind, namespace and name without the hash at its end, as kustomize and specs with `nameHash` write it.
fn stem(key: &ObjectKey) -> Option<(&str, &str, &str)> {
    const LETTERS: &str = "bcdfghkmt2456789";
    const LENGTH: usize = 10;
    if !key.group.is_empty() || !matches!(key.kind.as_str(), "ConfigMap" | "Secret") {
        return None;
    }
    let (stem, hash) = key.name.rsplit_once('-')?;
    let is_hash = hash.len() == LENGTH && hash.chars().all(|letter| LETTERS.contains(letter));
    is_hash.then_some((key.kind.as_str(), key.namespace.as_str(), stem))
}

/// Returns a number for each leaf of an object, its own name apart: what tells how like two objects are.
fn leaves(object: &Manifest) -> BTreeSet<u64> {
    fn walk(node: &Node, above: u64, name: &str, found: &mut BTreeSet<u64>) {
        let below = |step: &str| {
            let mut hasher = DefaultHasher::new();
            (above, step).hash(&mut hasher);
            hasher.finish()
        };
        match node.look() {
            Look::Map(_) => node.members().for_each(|(key, value)| walk(value, below(key), name, found)),
            // An item that moves is still the same item.
            Look::List(items) => items.iter().for_each(|item| walk(item, below("[]"), name, found)),
            _ => {
                let text = node.scalar().unwrap_or_default();
                // What is made of the name differs with it.
                let text = if name.is_empty() { text } else { text.replace(name, "\u{0}").into() };
                found.insert(below(&text));
            }
        }
    }
    let mut found = BTreeSet::new();
    for (key, value) in object.node.members() {
        if !matches!(key, "apiVersion" | "kind") {
            let mut hasher = DefaultHasher::new();
            key.hash(&mut hasher);
            walk(value, hasher.finish(), &object.key.name, &mut found);
        }
    }
    found
}

/// The new names of ConfigMaps and Secrets, which those who refer to them follow.
#[derive(Debug, Default)]
pub(super) struct Renames {
    names: HashMap<SmolStr, HashMap<SmolStr, SmolStr>>,
}

impl Renames {
    pub(super) fn of(pairs: &[Pair], old: &[Manifest], new: &[Manifest]) -> Self {
        let mut names: HashMap<SmolStr, HashMap<SmolStr, SmolStr>> = HashMap::new();
        for pair in pairs {
            let (was, is) = (&old[pair.old].key, &new[pair.new].key);
            if was.name != is.name && was.group.is_empty() && matches!(was.kind.as_str(), "ConfigMap" | "Secret") {
                names.entry(was.namespace.clone()).or_default().insert(was.name.clone(), is.name.clone());
            }
        }
        Self { names }
    }

    /// Whether two values differ in nothing but names that objects of that namespace have left for new ones.
    pub(super) fn explain(&self, namespace: &str, old: &Node, new: &Node) -> bool {
        let Some(names) = self.names.get(namespace) else { return false };
        follows(names, old, new)
    }
}

fn follows(names: &HashMap<SmolStr, SmolStr>, old: &Node, new: &Node) -> bool {
    match (old.look(), new.look()) {
        (Look::Map(ours), Look::Map(theirs)) => {
            ours == theirs && old.members().all(|(key, old)| new.get(key).is_some_and(|new| follows(names, old, new)))
        }
        (Look::List(olds), Look::List(news)) => {
            olds.len() == news.len() && olds.iter().zip(news).all(|(old, new)| follows(names, old, new))
        }
        (Look::Text(old), Look::Text(new)) => old == new || names.get(old).is_some_and(|name| name == new),
        (old, new) => format!("{old:?}") == format!("{new:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kind: &str, name: &str) -> ObjectKey {
        ObjectKey {
            group: SmolStr::default(),
            version: "v1".into(),
            kind: kind.into(),
            namespace: "shop".into(),
            name: name.into(),
        }
    }

    #[test]
    fn a_hash_at_the_end_of_a_name_is_told_from_a_word() {
        assert_eq!(stem(&key("ConfigMap", "settings-6ct58987ht")), Some(("ConfigMap", "shop", "settings")));
        assert_eq!(stem(&key("ConfigMap", "settings-production")), None, "no hash has an `r`");
        assert_eq!(stem(&key("ConfigMap", "settings-6ct58987h")), None, "too short");
        assert_eq!(stem(&key("Service", "settings-6ct58987ht")), None, "its name is its own");
    }
}
