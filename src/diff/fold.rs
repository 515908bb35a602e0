//! Equal changes of many objects in one: what a batch of a thousand instances needs, so that one line changed in a spec
//! is one entry of a report.
//!
//! Changes enter, groups leave, the worst first: each change is in one entry, entries that the same objects share are
//! one group, and what tells those objects apart from the others of their kind stands beside it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use smol_str::{SmolStr, format_smolstr};

use super::{Change, Changes, Demand, Effect, Fate, Known, Object, Shown, What};
use crate::kubernetes::{Look, ObjectKey, Tree};
use crate::text::{Node, Origin};

/// Objects of one kind with the changes that all of them share.
#[derive(Debug)]
pub struct Group {
    /// The API group of their kind.
    pub group: SmolStr,
    /// Their kind.
    pub kind: SmolStr,
    /// What became of them, in a word.
    pub fate: &'static str,
    /// The worst of the effects, those of objects that follow a new name among them.
    pub effect: Effect,
    /// The objects, by their places in [`Changes::objects`].
    pub members: Vec<usize>,
    /// What differs in each of them.
    pub entries: Vec<Entry>,
    /// How many objects of the kind stand on both sides; those of this group where they come or go.
    pub total: usize,
    /// What holds for these objects and for no other of their kind.
    pub condition: Vec<Condition>,
    /// The objects of the kind that do not change so, where they are few.
    pub exceptions: Vec<SmolStr>,
    /// Their pods before.
    pub before: Demand,
    /// Their pods afterwards.
    pub after: Demand,
    /// Objects that differ in nothing but the new names of these, and their pods.
    pub followers: Vec<usize>,
}

/// One change that many objects share.
#[derive(Clone, Debug)]
pub struct Entry {
    /// An object and a change of it that stand for all.
    pub sample: (usize, usize),
    /// How many pairs of values there are: more than one where the values differ from object to object, and of words that
    /// are counted alone.
    pub values: usize,
    /// The line that it comes from, where it is one line.
    pub origin: Option<Origin>,
}

/// A trait of objects, and the values that those of a group have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The axis, `workload` or `namespace`.
    pub name: SmolStr,
    /// The values.
    pub values: Vec<SmolStr>,
    /// Whether these are the values that those of the group do not have, as there are fewer of them.
    pub but: bool,
}

/// So many different values of one field are told apart; more are one entry.
const TOLD: usize = 4;
/// So many exceptions are named.
const NAMED: usize = 5;
/// Conditions are looked for in so many groups; a report of more is read by nobody.
const EXPLAINED: usize = 200;
/// A condition names so many values.
const LISTED: usize = 8;

struct Gathered {
    sample: (usize, usize),
    members: Vec<usize>,
    values: usize,
    origin: Option<Origin>,
}

/// Folds changes into groups, the worst first.
pub fn fold(changes: &Changes) -> Vec<Group> {
    let gathered = merge_values(gather(changes), changes);
    let mut places: HashMap<(u64, Vec<usize>), usize> = HashMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for entry in gathered {
        let object = &changes.objects[entry.sample.0];
        let mark = digest(&(object.known.key.group.as_str(), object.known.key.kind.as_str(), object.fate.as_str()));
        let at = *places.entry((mark, entry.members.clone())).or_insert_with(|| {
            groups.push(group(changes, object, entry.members));
            groups.len() - 1
        });
        let change = &object.changes[entry.sample.1];
        groups[at].effect = groups[at].effect.max(change.effect);
        groups[at].entries.push(Entry { sample: entry.sample, values: entry.values, origin: entry.origin });
    }
    follow(changes, &mut groups);
    explain(changes, &mut groups);
    for group in &mut groups {
        group.entries.sort_by_key(|entry| {
            let change = &changes.objects[entry.sample.0].changes[entry.sample.1];
            (std::cmp::Reverse(change.effect), entry.sample)
        });
    }
    groups.sort_by(|one, other| {
        let rank = |group: &Group| (std::cmp::Reverse(group.effect), std::cmp::Reverse(group.members.len()));
        rank(one).cmp(&rank(other)).then_with(|| one.members.cmp(&other.members))
    });
    groups
}

fn group(changes: &Changes, object: &Object, members: Vec<usize>) -> Group {
    let (mut before, mut after) = (Demand::default(), Demand::default());
    for member in &members {
        before.add(changes.objects[*member].before);
        after.add(changes.objects[*member].after);
    }
    Group {
        group: object.known.key.group.clone(),
        kind: object.known.key.kind.clone(),
        fate: object.fate.as_str(),
        effect: Effect::None,
        total: members.len(),
        members,
        entries: Vec::new(),
        condition: Vec::new(),
        exceptions: Vec::new(),
        before,
        after,
        followers: Vec::new(),
    }
}

/// Gathers equal changes of objects of one kind.
fn gather(changes: &Changes) -> Vec<Gathered> {
    let mut known: HashMap<u64, Vec<usize>> = HashMap::new();
    let mut gathered: Vec<Gathered> = Vec::new();
    for (at, object) in changes.objects.iter().enumerate() {
        for (number, change) in object.changes.iter().enumerate().filter(|(_, change)| !change.follows) {
            let places = known.entry(mark(object, change)).or_default();
            let equal = places.iter().copied().find(|place| {
                let (other, sample) = gathered[*place].sample;
                let other = &changes.objects[other];
                is_equal((object, change), (other, &other.changes[sample]))
            });
            if let Some(place) = equal {
                let entry = &mut gathered[place];
                if entry.members.last() != Some(&at) {
                    entry.members.push(at);
                }
                entry.values += usize::from(change.words);
                entry.origin = entry.origin.filter(|origin| *origin == change.origin);
            } else {
                places.push(gathered.len());
                let origin = Some(change.origin).filter(|origin| !origin.is_nowhere());
                gathered.push(Gathered { sample: (at, number), members: vec![at], values: 1, origin });
            }
        }
    }
    gathered
}

/// Makes one entry of many that differ in their values alone; the few that most objects share stay.
fn merge_values(gathered: Vec<Gathered>, changes: &Changes) -> Vec<Gathered> {
    let mut by_place: HashMap<u64, Vec<usize>> = HashMap::new();
    for (at, entry) in gathered.iter().enumerate() {
        let object = &changes.objects[entry.sample.0];
        let change = &object.changes[entry.sample.1];
        if change.words {
            continue;
        }
        let place = (kind_of(object), &change.path, change.effect, &change.note, tag(&change.what));
        by_place.entry(digest(&place)).or_default().push(at);
    }
    let mut into: Vec<usize> = (0..gathered.len()).collect();
    let mut buckets: Vec<Vec<usize>> = by_place.into_values().filter(|all| all.len() > TOLD).collect();
    buckets.sort_unstable();
    for mut all in buckets {
        let whole: usize = all.iter().map(|at| gathered[*at].members.len()).sum();
        // What a tenth of the objects share is told by itself.
        all.retain(|at| gathered[*at].members.len() * 10 < whole);
        let Some(first) = all.first().copied().filter(|_| all.len() > TOLD) else { continue };
        for at in all {
            into[at] = first;
        }
    }
    let mut merged: Vec<Gathered> = Vec::new();
    let mut places: HashMap<usize, usize> = HashMap::new();
    for (at, entry) in gathered.into_iter().enumerate() {
        if let Some(place) = places.get(&into[at]) {
            let known = &mut merged[*place];
            known.members.extend(entry.members);
            known.values += 1;
            known.origin = known.origin.filter(|origin| Some(*origin) == entry.origin);
        } else {
            places.insert(into[at], merged.len());
            merged.push(entry);
        }
    }
    for entry in &mut merged {
        entry.members.sort_unstable();
        entry.members.dedup();
    }
    merged
}

fn kind_of(object: &Object) -> (&str, &str, &'static str) {
    (&object.known.key.group, &object.known.key.kind, object.fate.as_str())
}

fn tag(what: &What) -> u8 {
    match what {
        What::Added(..) => 0,
        What::Removed(..) => 1,
        What::Changed(..) => 2,
        What::Reordered(..) => 3,
        What::Note => 4,
    }
}

/// Whether the values are part of the sameness: names of objects and objects as wholes differ from one to the next.
fn counts(object: &Object, change: &Change) -> bool {
    let named = object.fate.was().is_some() && change.path.is_below("metadata.name");
    !change.path.0.is_empty() && !named
}

fn mark(object: &Object, change: &Change) -> u64 {
    let mut hasher = DefaultHasher::new();
    if change.words {
        return digest(&(kind_of(object), "words"));
    }
    (kind_of(object), &change.path, change.effect, tag(&change.what)).hash(&mut hasher);
    if counts(object, change) {
        change.note.hash(&mut hasher);
        match &change.what {
            What::Added(shown, _) | What::Removed(shown) => hash(shown, &mut hasher),
            What::Changed(old, new) => {
                hash(old, &mut hasher);
                hash(new, &mut hasher);
            }
            What::Reordered(old, new) => (old, new).hash(&mut hasher),
            What::Note => {}
        }
    } else if matches!(change.what, What::Note) {
        change.note.hash(&mut hasher);
    }
    hasher.finish()
}

fn is_equal((object, change): (&Object, &Change), (other, known): (&Object, &Change)) -> bool {
    if change.words || known.words {
        return change.words && known.words && kind_of(object) == kind_of(other);
    }
    if kind_of(object) != kind_of(other)
        || change.path != known.path
        || change.effect != known.effect
        || tag(&change.what) != tag(&known.what)
    {
        return false;
    }
    if !counts(object, change) {
        return !matches!(change.what, What::Note) || change.note == known.note;
    }
    let same = match (&change.what, &known.what) {
        (What::Added(one, _), What::Added(other, _)) | (What::Removed(one), What::Removed(other)) => one == other,
        (What::Changed(old, new), What::Changed(was, is)) => old == was && new == is,
        (What::Reordered(old, new), What::Reordered(was, is)) => old == was && new == is,
        _ => true,
    };
    same && change.note == known.note
}

fn hash(shown: &Shown, hasher: &mut DefaultHasher) {
    match shown {
        Shown::Hidden => 0_u8.hash(hasher),
        Shown::Value(node) => hash_node(node, hasher),
    }
}

fn hash_node(node: &Node, hasher: &mut DefaultHasher) {
    match node.look() {
        Look::Map(len) => {
            (1_u8, len).hash(hasher);
            for (key, value) in node.members() {
                key.hash(hasher);
                hash_node(value, hasher);
            }
        }
        Look::List(items) => {
            (2_u8, items.len()).hash(hasher);
            for item in items {
                hash_node(item, hasher);
            }
        }
        _ => (3_u8, node.text()).hash(hasher),
    }
}

fn digest(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Puts those who only follow a new name to the group of the object that has it.
fn follow(changes: &Changes, groups: &mut [Group]) {
    let mut followers: HashMap<(SmolStr, SmolStr), Vec<usize>> = HashMap::new();
    for (at, object) in changes.objects.iter().enumerate() {
        for change in object.changes.iter().filter(|change| change.follows) {
            let mut names = BTreeSet::new();
            if let What::Changed(_, Shown::Value(new)) | What::Added(Shown::Value(new), _) = &change.what {
                texts(new, &mut names);
            }
            for name in names {
                let all = followers.entry((object.known.key.namespace.clone(), name)).or_default();
                if all.last() != Some(&at) {
                    all.push(at);
                }
            }
        }
    }
    if followers.is_empty() {
        return;
    }
    for group in groups.iter_mut().filter(|group| group.fate == "renamed") {
        let all = group.members.iter().filter_map(|member| {
            let key = &changes.objects[*member].known.key;
            followers.get(&(key.namespace.clone(), key.name.clone()))
        });
        let all: BTreeSet<usize> = all.flatten().copied().collect();
        group.effect = all
            .iter()
            .flat_map(|at| &changes.objects[*at].changes)
            .filter(|change| change.follows)
            .map(|change| change.effect)
            .fold(group.effect, Effect::max);
        group.followers = all.into_iter().collect();
    }
}

fn texts(node: &Node, found: &mut BTreeSet<SmolStr>) {
    match node.look() {
        Look::Map(_) => node.members().for_each(|(_, value)| texts(value, found)),
        Look::List(items) => items.iter().for_each(|item| texts(item, found)),
        Look::Text(text) => drop(found.insert(text.into())),
        _ => {}
    }
}

/// An object on both sides, with its place among those that differ.
type Standing<'a> = (Option<usize>, &'a Known);

/// Finds what tells the objects of each group apart from the others of their kind.
fn explain(changes: &Changes, groups: &mut [Group]) {
    let mut kinds: HashMap<(&str, &str), Vec<Standing<'_>>> = HashMap::new();
    let standing =
        changes.objects.iter().enumerate().filter(|(_, object)| !matches!(object.fate, Fate::Added | Fate::Removed));
    let all =
        standing.map(|(at, object)| (Some(at), &object.known)).chain(changes.same.iter().map(|known| (None, known)));
    for (at, known) in all {
        kinds.entry((&known.key.group, &known.key.kind)).or_default().push((at, known));
    }
    for group in groups.iter_mut().take(EXPLAINED) {
        let members: HashSet<usize> = group.members.iter().copied().collect();
        let inside: Vec<&Known> = group.members.iter().map(|at| &changes.objects[*at].known).collect();
        if matches!(group.fate, "added" | "removed") {
            continue;
        }
        let Some(all) = kinds.get(&(group.group.as_str(), group.kind.as_str())) else { continue };
        group.total = all.len();
        let outside: Vec<&Known> =
            all.iter().filter(|(at, _)| at.is_none_or(|at| !members.contains(&at))).map(|(_, known)| *known).collect();
        if group.members.len() < 2 || outside.is_empty() {
            continue;
        }
        group.condition = condition(&inside, &outside);
        if group.condition.is_empty() && outside.len() <= NAMED && outside.len() < inside.len() {
            let spread = inside.iter().any(|known| known.key.namespace != inside[0].key.namespace);
            group.exceptions = outside.iter().map(|known| name(&known.key, spread)).collect();
        }
    }
}

/// Returns the name of an object, with its namespace where there are several.
fn name(key: &ObjectKey, spread: bool) -> SmolStr {
    if spread && !key.namespace.is_empty() {
        format_smolstr!("{}/{}", key.namespace, key.name)
    } else {
        key.name.clone()
    }
}

/// Returns the fewest traits that hold for all of the first objects and for none of the others.
fn condition(inside: &[&Known], outside: &[&Known]) -> Vec<Condition> {
    let Some(first) = inside.first() else { return Vec::new() };
    let of =
        |known: &Known, name: &str| known.traits.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    // What all of them have, with the values that occur among them.
    let traits: Vec<(SmolStr, BTreeSet<SmolStr>)> = first
        .traits
        .iter()
        .filter_map(|(name, _)| {
            let values: Option<BTreeSet<SmolStr>> = inside.iter().map(|known| of(known, name)).collect();
            Some((name.clone(), values.filter(|values| values.len() <= LISTED)?))
        })
        .collect();
    let excludes = |(name, values): &(SmolStr, BTreeSet<SmolStr>), known: &Known| {
        of(known, name).is_none_or(|value| !values.contains(&value))
    };
    let named = |(name, values): &(SmolStr, BTreeSet<SmolStr>), but| Condition {
        name: name.clone(),
        values: values.iter().cloned().collect(),
        but,
    };
    let told = |traits: &[&(SmolStr, BTreeSet<SmolStr>)]| traits.iter().map(|one| named(one, false)).collect();
    let alone = traits.iter().filter(|one| outside.iter().all(|known| excludes(one, known)));
    // The same from the other side: all but the few values that no object of the group has.
    let others = first.traits.iter().filter_map(|(name, _)| {
        let values: Option<BTreeSet<SmolStr>> = outside.iter().map(|known| of(known, name)).collect();
        let others = (name.clone(), values.filter(|values| values.len() <= LISTED)?);
        let has = |known: &&&Known| of(known, name).is_some_and(|value| !others.1.contains(&value));
        (inside.iter().filter(has).count() == inside.len()).then_some(others)
    });
    let mut all: Vec<Condition> = alone.map(|one| named(one, false)).collect();
    all.extend(others.map(|one| named(&one, true)));
    all.sort_by_key(|condition| condition.values.len());
    if !all.is_empty() {
        all.truncate(1);
        return all;
    }
    for (at, one) in traits.iter().enumerate() {
        for other in &traits[at + 1..] {
            if outside.iter().all(|known| excludes(one, known) || excludes(other, known))
                && is_whole(inside, one, other, of)
            {
                return told(&[one, other]);
            }
        }
    }
    Vec::new()
}

/// Whether every combination of the values is among the objects, so that both conditions together say no more.
fn is_whole(
    inside: &[&Known],
    one: &(SmolStr, BTreeSet<SmolStr>),
    other: &(SmolStr, BTreeSet<SmolStr>),
    of: impl Fn(&Known, &str) -> Option<SmolStr>,
) -> bool {
    let pairs: BTreeSet<(Option<SmolStr>, Option<SmolStr>)> =
        inside.iter().map(|known| (of(known, &one.0), of(known, &other.0))).collect();
    pairs.len() == one.1.len() * other.1.len()
}

impl Group {
    /// Returns a change that stands for those of an entry.
    pub fn change<'a>(&self, entry: &Entry, changes: &'a Changes) -> &'a Change {
        &changes.objects[entry.sample.0].changes[entry.sample.1]
    }

    /// Returns the worst effect of its own changes, those who follow it apart.
    pub fn own_effect(&self, changes: &Changes) -> Effect {
        self.entries.iter().map(|entry| self.change(entry, changes).effect).max().unwrap_or(Effect::None)
    }

    /// Returns the names of the first objects.
    pub fn names(&self, changes: &Changes, most: usize) -> Vec<SmolStr> {
        let keys = || self.members.iter().map(|at| &changes.objects[*at].known.key);
        let spread = keys().any(|key| Some(&key.namespace) != keys().next().map(|first| &first.namespace));
        keys().take(most).map(|key| name(key, spread)).collect()
    }
}
