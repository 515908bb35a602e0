//! When two values are the same to the server although they are written in different words.
//!
//! What the server stores of both sides enters beside what is written there, and is followed to the place of each
//! difference. A yes is certain; where nothing is known of a type, only equal values are the same.

use std::cell::OnceCell;

use serde_json::Value as Json;

use crate::kubernetes::{Facts, Manifest, ObjectKey, Schema, Shape, Storage, Type, same};
use crate::text::Node;

/// What is stored of two objects, or of two parts of a type: computed on first use, since most are equal as they are
/// written.
pub(super) struct Pair<'a> {
    /// Both sides with their types; nothing where nothing is known of their kind.
    sides: Option<[(&'a Node, &'a Type); 2]>,
    facts: &'a Facts,
    stored: OnceCell<[Json; 2]>,
}

/// What is stored of both sides of one place of a pair.
#[derive(Clone, Copy)]
pub(super) struct Stored<'a> {
    pair: &'a Pair<'a>,
    above: Option<(&'a Stored<'a>, Step<'a>)>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Member(&'a str),
    Items([usize; 2]),
}

impl<'a> Pair<'a> {
    /// Takes two parts of a type.
    pub(super) fn of([old, new]: [&'a Node; 2], ty: &'a Type, facts: &'a Facts) -> Self {
        Self { sides: Some([(old, ty), (new, ty)]), facts, stored: OnceCell::new() }
    }

    /// Takes two objects, each of its own version.
    pub(super) fn of_objects(old: &'a Manifest, new: &'a Manifest, facts: &'a Facts) -> Self {
        let either = type_of(new, facts).or_else(|| type_of(old, facts));
        let side = |object: &'a Manifest, either| (&object.node, type_of(object, facts).unwrap_or(either));
        let sides = either.map(|either| [side(old, either), side(new, either)]);
        Self { sides, facts, stored: OnceCell::new() }
    }

    /// Returns what is stored of both; `None` if nothing is known of their kind.
    pub(super) fn stored(&self) -> Option<&[Json; 2]> {
        let sides = self.sides?;
        Some(self.stored.get_or_init(|| sides.map(|(node, ty)| Storage::of(self.facts, ty).object(node))))
    }

    /// Returns the place of the whole.
    pub(super) fn whole(&self) -> Stored<'_> {
        Stored { pair: self, above: None }
    }
}

/// Returns the type of an object; `None` if nothing is known of its kind.
pub(super) fn type_of<'a>(object: &Manifest, facts: &'a Facts) -> Option<&'a Type> {
    let kind = facts.kind(&object.key.group, &object.key.version, &object.key.kind)?;
    Some(facts.ty(facts.type_of(kind)?))
}

impl<'a> Stored<'a> {
    /// Goes to the value of a key.
    pub(super) fn member(&'a self, key: &'a str) -> Self {
        Self { pair: self.pair, above: Some((self, Step::Member(key))) }
    }

    /// Goes to the items that stand at these places.
    pub(super) fn items(&'a self, places: [usize; 2]) -> Self {
        Self { pair: self.pair, above: Some((self, Step::Items(places))) }
    }

    fn sides(&self) -> Option<[Option<&'a Json>; 2]> {
        let Some((above, step)) = self.above else {
            return self.pair.stored().map(|[old, new]| [Some(old), Some(new)]);
        };
        let [old, new] = above.sides()?;
        Some(match step {
            Step::Member(key) => [old.and_then(|side| side.get(key)), new.and_then(|side| side.get(key))],
            Step::Items([of_old, of_new]) => {
                [old.and_then(|list| list.get(of_old)), new.and_then(|list| list.get(of_new))]
            }
        })
    }

    /// Whether what is written there, if it is, means the same on both sides.
    pub(super) fn alike(&self, old: Option<&Node>, new: Option<&Node>) -> bool {
        let is_null = |node: Option<&Node>| node.is_none_or(Node::is_null);
        (is_null(old) && is_null(new))
            || old.zip(new).is_some_and(|(old, new)| same(old, new))
            || self.sides().is_some_and(|[old, new]| old == new)
    }
}

/// Whether two values of a field are stored as they are written, whatever stands around them: texts that say something.
pub(super) fn are_kept(old: &Node, new: &Node, schema: Option<&Schema>, key: &ObjectKey) -> bool {
    // The server itself writes a label of a Namespace, and takes a part of a Service away.
    let is_plain = schema.is_some_and(|schema| matches!(schema.shape, Shape::String));
    let says = |node: &Node| node.as_str().is_some_and(|text| !text.is_empty()) && !node.is_null();
    is_plain && !matches!(key.kind.as_str(), "Namespace" | "Service") && says(old) && says(new)
}
