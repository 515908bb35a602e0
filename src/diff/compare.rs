//! Two objects of one identity in, the fields in which they differ out.
//!
//! Lists are compared item by item where Kubernetes, or a definition, says which keys tell their items apart; those of
//! custom resources also by the ids in them; and as wholes everywhere else. What is stored of both sides is followed
//! beside what is written: where it is the same, the difference is told all the same, with the effect that it has: none.

use smol_str::SmolStr;

use super::lists::{Known, Lists, guess, part};
use super::matching::Renames;
use super::meaning::{Pair, Stored, are_kept, type_of};
use super::secret::Veil;
use super::{Change, Effect, Path, Step, What};
use crate::kubernetes::{Facts, Manifest, Merge, ObjectKey, Schema, Shape, Tree, Type, same};
use crate::text::{Key, Node, Origin};

/// Returns what differs.
pub(super) fn compare(
    old: &Manifest,
    new: &Manifest,
    facts: &Facts,
    veil: Veil<'_>,
    renames: &Renames,
    lists: &Lists<'_>,
    is_scaled: bool,
) -> Vec<Change> {
    let ty = type_of(new, facts).or_else(|| type_of(old, facts));
    let metadata = facts.type_id("meta/v1.ObjectMeta").map(|id| facts.ty(id));
    let (key, custom) = (&new.key, ty.is_none());
    let (path, found) = (Vec::new(), Vec::new());
    let mut walk = Walk { facts, metadata, veil, renames, lists, is_scaled, key, custom, path, found };
    let stored = Pair::of_objects(old, new, facts);
    walk.mapping(&old.node, &new.node, &stored.whole(), ty, None);
    walk.found
}

/// Lists that are one value to the server, though it refuses two items of one name in them: by kind, place and key.
const NAMED: &[(&str, &str, &str)] = &[
    ("CustomResourceDefinition", "spec.versions", "name"),
    ("CustomResourceDefinition", "spec.versions.additionalPrinterColumns", "name"),
    ("StatefulSet", "spec.volumeClaimTemplates", "metadata.name"),
];

/// What tells an item of a list apart from the others.
type Identity = Vec<(SmolStr, SmolStr)>;

struct Walk<'a> {
    facts: &'a Facts,
    metadata: Option<&'a Type>,
    veil: Veil<'a>,
    renames: &'a Renames,
    lists: &'a Lists<'a>,
    /// Whether an autoscaler holds the replicas, where they are left out.
    is_scaled: bool,
    key: &'a ObjectKey,
    /// Whether nothing is known of the kind.
    custom: bool,
    path: Vec<Step>,
    found: Vec<Change>,
}

impl Walk<'_> {
    /// Compares two mappings, of a type or with values of one schema.
    fn mapping(&mut self, old: &Node, new: &Node, stored: &Stored<'_>, ty: Option<&Type>, value: Option<&Schema>) {
        let (Some(olds), Some(news)) = (old.as_map(), new.as_map()) else { return };
        for entry in olds {
            let key = &entry.key.text;
            let (named, new) = news.entry(key).map_or((&entry.key, None), |new| (&new.key, Some(&new.value)));
            self.member(named, Some(&entry.value), new, &stored.member(key), ty, value);
        }
        for entry in news {
            let key = &entry.key.text;
            if !olds.contains(key) {
                self.member(&entry.key, None, Some(&entry.value), &stored.member(key), ty, value);
            }
        }
    }

    fn member(
        &mut self,
        named: &Key,
        old: Option<&Node>,
        new: Option<&Node>,
        stored: &Stored<'_>,
        ty: Option<&Type>,
        value: Option<&Schema>,
    ) {
        let key = &named.text;
        let field = ty.and_then(|ty| ty.field(key));
        let schema = field.map(|field| &field.schema).or(value);
        // Custom resources have the metadata of all others.
        let custom = (ty.is_none() && self.path.is_empty() && key == "metadata").then_some(self.metadata).flatten();
        self.path.push(Step::Key(if field.is_some() { key.clone() } else { self.veil.key(named) }));
        match (old, new) {
            (Some(old), Some(new)) => match custom {
                Some(custom) => {
                    let stored = Pair::of([old, new], custom, self.facts);
                    self.mapping(old, new, &stored.whole(), Some(custom), None);
                }
                None => self.value(old, new, stored, schema),
            },
            (Some(old), None) => {
                let shown = self.veil.shown(&self.path, old);
                let effect = effect(stored.alike(Some(old), None) && !self.is_held());
                self.push(What::Removed(shown), effect, false, old.origin());
            }
            (None, Some(new)) => {
                let shown = self.veil.shown(&self.path, new);
                let effect = effect(stored.alike(None, Some(new)) && !self.is_held());
                self.push(What::Added(shown, None), effect, false, new.origin());
            }
            (None, None) => {}
        }
        self.path.pop();
    }

    /// Compares two values that stand in one place.
    fn value(&mut self, old: &Node, new: &Node, stored: &Stored<'_>, schema: Option<&Schema>) {
        if old.same(new) {
            return;
        }
        if old.as_map().is_some() && new.as_map().is_some() {
            let (ty, value) = match schema.map(|schema| &schema.shape) {
                Some(Shape::Type(id)) => (Some(self.facts.ty(*id)), None),
                Some(Shape::Map(value)) => (None, Some(&**value)),
                _ => (None, None),
            };
            return self.mapping(old, new, stored, ty, value);
        }
        if let (Some(olds), Some(news)) = (old.as_seq(), new.as_seq()) {
            let known = self.known_list(olds, news, schema);
            if let Some((item, merge, defaults)) = &known
                && let (Some(old_items), Some(new_items)) = (
                    self.identities(olds, *item, merge, defaults.as_ref()),
                    self.identities(news, *item, merge, defaults.as_ref()),
                )
            {
                return self.items([olds, news], [old_items, new_items], stored, *item);
            }
        }
        if same(old, new) {
            return;
        }
        // The object that has the new name does not follow itself.
        let own = Path::is_name(&self.path);
        let follows = !own && self.renames.explain(&self.key.namespace, old, new);
        let (before, after) = self.veil.both(&self.path, old, new);
        let alike = !are_kept(old, new, schema, self.key) && stored.alike(Some(old), Some(new));
        let effect = effect(alike);
        self.push(What::Changed(before, after), effect, follows, new.origin());
    }

    /// Whether an autoscaler holds the field here where nobody states it.
    fn is_held(&self) -> bool {
        self.is_scaled && Path::is_at(&self.path, "spec.replicas")
    }

    /// Whether this is the field of those keys, whatever lists it is in.
    fn is_at(&self, keys: &str) -> bool {
        let steps = self.path.iter().filter_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Item(_) | Step::Member(_) => None,
        });
        steps.eq(keys.split('.'))
    }

    /// Returns the type of the items of the list here, what tells them apart, and what is known of it beside its type.
    fn known_list<'s>(
        &self,
        olds: &[Node],
        news: &[Node],
        schema: Option<&'s Schema>,
    ) -> Option<(Option<&'s Schema>, Merge, Option<Known<'_>>)> {
        match schema.map(|schema| (&schema.shape, &schema.merge)) {
            Some((Shape::List(item), Merge::Replace)) => {
                let named = NAMED.iter().find(|(kind, place, _)| *kind == self.key.kind && self.is_at(place));
                named.map(|(_, _, key)| (Some(&**item), Merge::Keys(vec![SmolStr::new_static(key)]), None))
            }
            Some((Shape::List(item), merge)) => Some((Some(&**item), merge.clone(), None)),
            None if self.custom => match self.lists.at(self.key, &self.path) {
                Some(known) => Some((None, known.merge.clone(), Some(known))),
                None => guess(olds, news).map(|merge| (None, merge, None)),
            },
            _ => None,
        }
    }

    /// Compares two lists whose items are told apart.
    fn items(
        &mut self,
        [olds, news]: [&[Node]; 2],
        [old_ids, new_ids]: [Vec<Identity>; 2],
        stored: &Stored<'_>,
        item: Option<&Schema>,
    ) {
        let of_old = Index::of(&old_ids);
        let of_new = Index::of(&new_ids);
        let mut kept = Vec::new();
        for (at, identity) in old_ids.iter().enumerate() {
            match of_new.find(identity) {
                Some(now) => kept.push((at, now)),
                None => self.lone_item(self.step(identity, &olds[at]), &olds[at], news, None),
            }
        }
        if !kept.is_sorted_by_key(|(_, now)| *now) {
            let before = kept.iter().map(|(at, _)| self.step(&old_ids[*at], &olds[*at])).collect();
            let mut places: Vec<usize> = kept.iter().map(|(_, now)| *now).collect();
            places.sort_unstable();
            let after = places.into_iter().map(|now| self.step(&new_ids[now], &news[now])).collect();
            let origin = news.first().map_or(Origin::NOWHERE, Node::origin);
            self.push(What::Reordered(before, after), Effect::InPlace, false, origin);
        }
        for (at, identity) in new_ids.iter().enumerate() {
            match of_old.find(identity) {
                Some(before) => {
                    self.path.push(self.step(identity, &news[at]));
                    self.value(&olds[before], &news[at], &stored.items([before, at]), item);
                    self.path.pop();
                }
                None => self.lone_item(self.step(identity, &news[at]), &news[at], olds, Some(at)),
            }
        }
    }

    /// Takes an item that only one side has, the new one where it has a place `at`: one with the new name of another object
    /// in it follows that object.
    fn lone_item(&mut self, step: Step, item: &Node, others: &[Node], at: Option<usize>) {
        let explains = |other: &Node| match at {
            Some(_) => self.renames.explain(&self.key.namespace, other, item),
            None => self.renames.explain(&self.key.namespace, item, other),
        };
        let follows = others.iter().any(explains);
        self.path.push(step);
        let shown = self.veil.shown(&self.path, item);
        let what = if at.is_some() { What::Added(shown, at) } else { What::Removed(shown) };
        self.push(what, Effect::InPlace, follows, item.origin());
        self.path.pop();
    }

    /// Returns what tells the items of a list apart; nothing where two are the same, or one has none of the keys.
    fn identities(
        &self,
        items: &[Node],
        item: Option<&Schema>,
        merge: &Merge,
        known: Option<&Known<'_>>,
    ) -> Option<Vec<Identity>> {
        let ty = item.and_then(|item| self.facts.inner_type(item));
        let default = |key: &str| match known {
            Some(known) => known.default(key),
            None => ty?.field(key)?.schema.default.as_ref()?.scalar(),
        };
        let identities: Option<Vec<Identity>> = match merge {
            Merge::Replace => None,
            Merge::Set => items.iter().map(|item| Some(vec![(SmolStr::default(), item.scalar()?)])).collect(),
            Merge::Keys(keys) => items.iter().map(|item| identity(item, keys, default)).collect(),
        };
        identities.filter(|identities| Index::of(identities).is_unique())
    }

    fn step(&self, identity: &Identity, item: &Node) -> Step {
        self.veil.step(step(identity), item)
    }

    fn push(&mut self, what: What, effect: Effect, follows: bool, origin: Origin) {
        let path = Path(self.path.clone());
        self.found.push(Change { path, what, effect, follows, ..Change::whole(origin) });
    }
}

/// Returns what a difference does by itself: nothing where the server stores the same.
fn effect(is_alike: bool) -> Effect {
    if is_alike { Effect::None } else { Effect::InPlace }
}

fn step(identity: &Identity) -> Step {
    match identity.as_slice() {
        [(key, value)] if key.is_empty() => Step::Member(value.clone()),
        values => Step::Item(values.to_vec()),
    }
}

/// Returns the values of the keys; what an item leaves out is what the server puts there.
fn identity(item: &Node, keys: &[SmolStr], default: impl Fn(&str) -> Option<SmolStr>) -> Option<Identity> {
    if !keys.iter().any(|key| part(item, key).is_some()) {
        return None;
    }
    keys.iter()
        .map(|key| {
            let written = part(item, key).and_then(Tree::scalar);
            Some((key.clone(), written.or_else(|| default(key))?))
        })
        .collect()
}

/// The places of identities: short lists are searched, long ones looked up.
enum Index<'a> {
    Short(&'a [Identity]),
    Long(std::collections::HashMap<&'a Identity, usize>, usize),
}

impl<'a> Index<'a> {
    const SHORT: usize = 16;

    fn of(identities: &'a [Identity]) -> Self {
        if identities.len() <= Self::SHORT {
            return Self::Short(identities);
        }
        let places = identities.iter().enumerate().map(|(at, identity)| (identity, at)).collect();
        Self::Long(places, identities.len())
    }

    fn find(&self, identity: &Identity) -> Option<usize> {
        match self {
            Self::Short(all) => all.iter().position(|known| known == identity),
            Self::Long(places, _) => places.get(identity).copied(),
        }
    }

    fn is_unique(&self) -> bool {
        match self {
            Self::Short(all) => all.iter().enumerate().all(|(at, identity)| !all[..at].contains(identity)),
            Self::Long(places, len) => places.len() == *len,
        }
    }
}
