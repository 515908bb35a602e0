//! Which object of one side is which of the other.
//!
//! Two lists enter; pairs, and what stands alone, leave. Identity comes first (objects that name no namespace are in the one
//! that the side is applied to), then another version of an API, then names that end in the hash of their content, then
//! names that all changed in one way, and last the likeness of what is in two objects.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use smol_str::SmolStr;

use super::Fate;
use super::axes::are_apart;
use super::crowd::Crowd;
use super::naming::systematic;
use super::resemblance::Traits;
use crate::kubernetes::{Facts, Look, Manifest, ObjectKey, Tree};
use crate::text::{Node, Sources};

/// Pairs and what stands alone, by their places in the lists.
#[derive(Debug, Default)]
pub(super) struct Matched {
    pub(super) pairs: Vec<Pair>,
    pub(super) added: Vec<usize>,
    pub(super) removed: Vec<usize>,
    /// Those of the old side that stand on the new one as another of their name.
    pub(super) doubles: Vec<usize>,
}

/// Two objects that are one.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) old: usize,
    pub(super) new: usize,
    pub(super) fate: Fate,
}

/// Objects that share what so many have are not compared for it.
const COMMON: usize = 24;

/// What decides which objects are one, beside the objects.
#[derive(Clone, Copy)]
pub(super) struct Ground<'a> {
    pub(super) facts: &'a Facts,
    pub(super) sources: &'a Sources,
    /// The namespace of objects that name none.
    pub(super) namespace: &'a str,
}

pub(super) fn matched(old: &[Manifest], new: &[Manifest], ground: Ground<'_>) -> Matched {
    let mut matched = Matched::default();
    let mut slots: HashMap<Identity<'_>, Slot> = HashMap::with_capacity(old.len());
    for (at, object) in old.iter().enumerate() {
        slots.entry(identity(object, ground)).or_insert(Slot { first: at, olds: 0, news: 0 }).olds += 1;
    }
    for object in new {
        if let Some(slot) = slots.get_mut(&identity(object, ground)) {
            slot.news += 1;
        }
    }
    let mut crowds: BTreeMap<Identity<'_>, Crowd> = BTreeMap::new();
    for (at, object) in new.iter().enumerate() {
        let identity = identity(object, ground);
        match slots.get(&identity) {
            Some(Slot { first, olds: 1, news: 1 }) => matched.pair_of(*first, at, old, new),
            Some(_) => crowds.entry(identity).or_default().new.push(at),
            None => matched.added.push(at),
        }
    }
    for (at, object) in old.iter().enumerate() {
        let identity = identity(object, ground);
        match slots.get(&identity) {
            Some(Slot { olds: 1, news: 1, .. }) => {}
            Some(Slot { news: 0, .. }) | None => matched.removed.push(at),
            Some(_) => crowds.entry(identity).or_default().old.push(at),
        }
    }
    for crowd in crowds.into_values() {
        let pairs = crowd.pairs(old, new, ground.sources);
        let (gone, come): (HashSet<usize>, HashSet<usize>) = pairs.iter().copied().unzip();
        let (doubles, removed): (Vec<usize>, Vec<usize>) =
            (crowd.old.into_iter().filter(|at| !gone.contains(at))).partition(|at| !old[*at].key.name.is_empty());
        matched.doubles.extend(doubles);
        matched.removed.extend(removed);
        matched.added.extend(crowd.new.into_iter().filter(|at| !come.contains(at)));
        pairs.into_iter().for_each(|(was, is)| matched.pair_of(was, is, old, new));
    }
    matched.removed.sort_unstable();
    matched.doubles.sort_unstable();
    matched.added.sort_unstable();
    matched.migrate(old, new, ground.facts);
    matched.rehash(old, new);
    matched.rename_all(old, new);
    matched.rename(old, new);
    matched
}

/// Group, kind, namespace and name.
type Identity<'a> = (&'a str, &'a str, &'a str, &'a str);

fn identity<'a>(object: &'a Manifest, ground: Ground<'_>) -> Identity<'a> {
    let key = &object.key;
    let namespace = if key.namespace == ground.namespace { "" } else { &key.namespace };
    (&key.group, &key.kind, namespace, &key.name)
}

/// How often an identity stands on each side.
struct Slot {
    first: usize,
    olds: usize,
    news: usize,
}
impl Matched {
    /// Makes two objects of one identity a pair.
    fn pair_of(&mut self, at: usize, now: usize, old: &[Manifest], new: &[Manifest]) {
        let (was, is) = (&old[at].key, &new[now].key);
        let fate = if was.version != is.version {
            Fate::Migrated(was.clone())
        } else if was.namespace != is.namespace {
            Fate::Restated(was.clone())
        } else {
            Fate::Changed
        };
        self.pairs.push(Pair { old: at, new: now, fate });
    }

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

    /// Pairs objects whose names all changed in one way.
    fn rename_all(&mut self, old: &[Manifest], new: &[Manifest]) {
        self.pair(|removed, added| {
            let pairs = systematic(removed, added, old, new).into_iter();
            pairs.map(|(was, is)| (was, is, Fate::Renamed(old[was].key.clone()))).collect()
        });
    }

    /// Pairs objects of one kind that have most in common.
    fn rename(&mut self, old: &[Manifest], new: &[Manifest]) {
        if self.added.is_empty() || self.removed.is_empty() {
            return;
        }
        self.pair(|removed, added| {
            let kinds: HashSet<(&str, &str)> = removed.iter().map(|at| kind(&old[*at])).collect();
            let traits = |side: &[Manifest], places: &[usize]| -> Vec<(usize, Traits)> {
                let wanted = places.iter().filter(|at| {
                    let object = &side[**at];
                    !object.key.name.is_empty() && kinds.contains(&kind(object))
                });
                wanted.map(|at| (*at, Traits::of(&side[*at]))).collect()
            };
            let (was, is) = (traits(old, removed), traits(new, added));
            let mut having: HashMap<u64, Vec<usize>> = HashMap::new();
            for (number, (_, traits)) in was.iter().enumerate() {
                for leaf in traits.leaves() {
                    having.entry(leaf).or_default().push(number);
                }
            }
            // The likest pairs first; of two equally like ones those that come first.
            let mut candidates: BTreeSet<(u64, usize, usize)> = BTreeSet::new();
            for (place, (at, traits)) in is.iter().enumerate() {
                let mut near: Vec<usize> = traits
                    .leaves()
                    .filter_map(|leaf| having.get(&leaf).filter(|numbers| numbers.len() <= COMMON))
                    .flatten()
                    .copied()
                    .collect();
                near.sort_unstable();
                near.dedup();
                for number in near {
                    let (before, theirs) = &was[number];
                    let one_place = old[*before].key.namespace == new[*at].key.namespace;
                    if kind(&old[*before]) != kind(&new[*at])
                        || are_apart(&old[*before], &new[*at])
                        || !one_place && old[*before].key.name != new[*at].key.name
                    {
                        continue;
                    }
                    if let Some(likeness) = traits.resemblance(theirs) {
                        #[expect(
                            clippy::cast_possible_truncation,
                            clippy::cast_sign_loss,
                            reason = "at most a million"
                        )]
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
pub(super) fn stem(key: &ObjectKey) -> Option<(&str, &str, &str)> {
    const LETTERS: &str = "bcdfghkmt2456789";
    const LENGTH: usize = 10;
    if !key.group.is_empty() || !matches!(key.kind.as_str(), "ConfigMap" | "Secret") {
        return None;
    }
    let (stem, hash) = key.name.rsplit_once('-')?;
    let is_hash = hash.len() == LENGTH && hash.chars().all(|letter| LETTERS.contains(letter));
    is_hash.then_some((key.kind.as_str(), key.namespace.as_str(), stem))
}

/// The new names of ConfigMaps and Secrets, which those who refer to them follow, and of service accounts.
#[derive(Debug, Default)]
pub(super) struct Renames {
    names: HashMap<SmolStr, HashMap<SmolStr, SmolStr>>,
    accounts: HashSet<(SmolStr, SmolStr)>,
}

impl Renames {
    pub(super) fn of(pairs: &[Pair], old: &[Manifest], new: &[Manifest]) -> Self {
        let mut names: HashMap<SmolStr, HashMap<SmolStr, SmolStr>> = HashMap::new();
        let mut accounts = HashSet::new();
        for pair in pairs {
            let (was, is) = (&old[pair.old].key, &new[pair.new].key);
            if was.name != is.name && was.group.is_empty() && was.kind == "ServiceAccount" {
                accounts.insert((was.name.clone(), is.name.clone()));
            }
            if was.name != is.name && was.group.is_empty() && matches!(was.kind.as_str(), "ConfigMap" | "Secret") {
                // Those who refer to it moved with it.
                for namespace in [&was.namespace, &is.namespace] {
                    names.entry(namespace.clone()).or_default().insert(was.name.clone(), is.name.clone());
                }
            }
        }
        Self { names, accounts }
    }

    /// Whether a service account has another name now, and is the one that it was.
    pub(super) fn is_account(&self, was: &SmolStr, is: &SmolStr) -> bool {
        self.accounts.contains(&(was.clone(), is.clone()))
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
