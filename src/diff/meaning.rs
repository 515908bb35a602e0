//! When two values are the same to the server although they are written in different words.
//!
//! What the server stores of both sides enters beside what is written there, and is followed to the place of each
//! difference. A yes is certain; where nothing is known of a type, only equal values are the same.

use serde_json::Value as Json;

use crate::kubernetes::{Facts, Manifest, Storage, Type, same};
use crate::text::Node;

/// What is stored of both sides of one place; `None` where the type of the object is not known.
#[derive(Clone, Copy)]
pub(super) struct Stored<'a>(Option<[Option<&'a Json>; 2]>);

/// What is stored of two objects, to be looked into.
pub(super) struct Pair(pub(super) [Json; 2]);

impl Pair {
    /// Stores two parts of a type.
    pub(super) fn of(parts: [&Node; 2], ty: &Type, facts: &Facts) -> Self {
        Self(parts.map(|part| Storage::of(facts, ty).object(part)))
    }

    /// Stores two objects, each by its own version; returns `None` if nothing is known of their kind.
    pub(super) fn of_objects(old: &Manifest, new: &Manifest, facts: &Facts) -> Option<Self> {
        let either = type_of(new, facts).or_else(|| type_of(old, facts))?;
        let stored = |object| Storage::of(facts, type_of(object, facts).unwrap_or(either)).object(&object.node);
        Some(Self([stored(old), stored(new)]))
    }

    pub(super) fn get(&self) -> Stored<'_> {
        let Self([old, new]) = self;
        Stored(Some([Some(old), Some(new)]))
    }
}

/// Returns the type of an object; `None` if nothing is known of its kind.
pub(super) fn type_of<'a>(object: &Manifest, facts: &'a Facts) -> Option<&'a Type> {
    let kind = facts.kind(&object.key.group, &object.key.version, &object.key.kind)?;
    Some(facts.ty(facts.type_of(kind)?))
}

impl Stored<'_> {
    /// Of an object whose type is not known.
    pub(super) const UNKNOWN: Self = Self(None);

    /// Goes to the value of a key.
    pub(super) fn member(self, key: &str) -> Self {
        Self(self.0.map(|sides| sides.map(|side| side.and_then(|side| side.get(key)))))
    }

    /// Goes to the items that stand at these places.
    pub(super) fn items(self, places: [usize; 2]) -> Self {
        Self(self.0.map(|[old, new]| {
            let [of_old, of_new] = places;
            [old.and_then(|list| list.get(of_old)), new.and_then(|list| list.get(of_new))]
        }))
    }

    /// Whether what is written there, if it is, means the same on both sides.
    pub(super) fn alike(self, old: Option<&Node>, new: Option<&Node>) -> bool {
        let is_null = |node: Option<&Node>| node.is_none_or(Node::is_null);
        let stored = self.0.is_some_and(|[old, new]| old == new);
        stored || (is_null(old) && is_null(new)) || old.zip(new).is_some_and(|(old, new)| same(old, new))
    }
}
