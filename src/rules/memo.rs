//! What rules said nothing of: the structures that were judged last, each where it stands in objects of its kind.
//!
//! Objects of a batch are much alike. A rule that found nothing, and that looked at fields which the
//! next structure has as well, would find nothing again: it is not asked. Rules find the same with a memo and without.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::Path;
use crate::kubernetes::{Facts, ObjectKey, Schema, Shape, Type};
use crate::text::{Node, Value};

/// The fields of a structure that a rule looked at, one bit each by their place in the mapping.
pub(super) type Fields = u64;

/// The bit for what is around the structure: its object, and where it stands in it.
pub(super) const AROUND: Fields = 1 << 63;
/// All fields, and what is around.
pub(super) const ALL: Fields = u64::MAX;
/// Structures with more fields are not remembered.
const MOST_FIELDS: usize = 63;
/// A memo that knows so many structures starts anew: files may hold objects of any shape.
pub const MOST_STRUCTURES: usize = 4096;

/// Texts that no rule reads, beside whether they are empty and whether they name a variable.
const UNREAD: &[(&str, &str)] =
    &[("core/v1.Container", "args"), ("core/v1.Container", "command"), ("core/v1.EnvVar", "value")];

/// The structures that were judged last.
#[derive(Debug, Default)]
pub struct Memo {
    last: HashMap<u64, Judged>,
}

/// A structure, and what each rule of its type looked at in it.
#[derive(Debug)]
struct Judged {
    node: Node,
    looked: Vec<Fields>,
}

impl Memo {
    /// Returns the fields that are others than when the structure was judged last, and what each rule of its type looked at
    /// then; nothing where all rules are to be asked.
    pub(super) fn recall(&self, place: u64, node: &Node, ty: &Type, facts: &Facts) -> Option<(Fields, &[Fields])> {
        let Judged { node: last, looked } = self.last.get(&place)?;
        Some((changed(last, node, ty, facts)?, looked))
    }

    /// Remembers a structure, and what each rule of its type has looked at.
    pub(super) fn insert(&mut self, place: u64, node: &Node, looked: Vec<Fields>) {
        if self.last.len() >= MOST_STRUCTURES {
            self.last.clear();
        }
        self.last.insert(place, Judged { node: node.clone(), looked });
    }
}

/// Returns a number for the place of something of a type in objects of a kind, where things are that are likely alike;
/// several may share one.
pub fn place<T>(ty: &T, path: &Path<'_>, object: Option<&ObjectKey>) -> u64 {
    let mut hasher = DefaultHasher::new();
    std::ptr::from_ref(ty).hash(&mut hasher);
    object.map(|object| &object.kind).hash(&mut hasher);
    let mut path = path;
    loop {
        path = match path {
            Path::Root | Path::At(_) => break,
            Path::Field(above, _) => above,
            Path::Key(above, key) | Path::Below(above, key) => {
                key.hash(&mut hasher);
                above
            }
            Path::Item(above, index) => {
                index.hash(&mut hasher);
                above
            }
        };
        hasher.write_u8(0);
    }
    hasher.finish()
}

/// Whether two values of a schema differ in texts alone that no rule reads, and were written at the same places but for
/// these.
pub fn differ_unread(one: &Node, other: &Node, schema: &Schema, facts: &Facts) -> bool {
    Look { facts, places: true }.alike(one, other, schema)
}

/// Returns the fields of which rules may think otherwise, where both structures have the same ones.
fn changed(last: &Node, node: &Node, ty: &Type, facts: &Facts) -> Option<Fields> {
    let (ours, theirs) = (node.as_map()?, last.as_map()?);
    let is_alike = ours.len() == theirs.len() && ours.len() <= MOST_FIELDS;
    let look = Look { facts, places: false };
    let mut changed = AROUND;
    for (at, (ours, theirs)) in ours.iter().zip(theirs).enumerate().filter(|_| is_alike) {
        if ours.key != theirs.key {
            return None;
        }
        if !look.field(&ours.value, &theirs.value, ty, &ours.key.text) {
            changed |= 1 << at;
        }
    }
    is_alike.then_some(changed)
}

/// A comparison of what rules may see.
struct Look<'a> {
    facts: &'a Facts,
    /// Whether it counts where values were written.
    places: bool,
}

impl Look<'_> {
    /// Whether no rule tells two values of a field apart.
    fn field(&self, one: &Node, other: &Node, ty: &Type, name: &str) -> bool {
        if one.same(other) {
            return true;
        }
        let Some(schema) = ty.field(name).map(|field| &field.schema) else { return self.equal(one, other) };
        if UNREAD.contains(&(ty.name.as_str(), name)) {
            self.unread(one, other)
        } else {
            self.alike(one, other, schema)
        }
    }

    fn alike(&self, one: &Node, other: &Node, schema: &Schema) -> bool {
        if one.same(other) {
            return true;
        }
        match (&schema.shape, one.value(), other.value()) {
            (Shape::Type(id), Value::Map(ours), Value::Map(theirs)) => {
                let ty = self.facts.ty(*id);
                self.stands_alike(one, other)
                    && ours.len() == theirs.len()
                    && ours.iter().zip(theirs).all(|(ours, theirs)| {
                        ours.key == theirs.key
                            && (!self.places || ours.key.origin == theirs.key.origin)
                            && self.field(&ours.value, &theirs.value, ty, &ours.key.text)
                    })
            }
            (Shape::List(item), Value::Seq(ours), Value::Seq(theirs)) => {
                self.stands_alike(one, other)
                    && ours.len() == theirs.len()
                    && ours.iter().zip(theirs).all(|(ours, theirs)| self.alike(ours, theirs, item))
            }
            _ => self.equal(one, other),
        }
    }

    fn stands_alike(&self, one: &Node, other: &Node) -> bool {
        !self.places || one.origin() == other.origin()
    }

    /// Whether two values are written alike: rules may tell a number from a text.
    fn equal(&self, one: &Node, other: &Node) -> bool {
        if one.same(other) {
            return true;
        }
        let same = match (one.value(), other.value()) {
            (Value::Map(ours), Value::Map(theirs)) => {
                ours.len() == theirs.len()
                    && ours.iter().zip(theirs).all(|(ours, theirs)| {
                        ours.key == theirs.key
                            && (!self.places || ours.key.origin == theirs.key.origin)
                            && self.equal(&ours.value, &theirs.value)
                    })
            }
            (Value::Seq(ours), Value::Seq(theirs)) => {
                ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| self.equal(ours, theirs))
            }
            (Value::Null, Value::Null) => true,
            (Value::Bool(ours), Value::Bool(theirs)) => ours == theirs,
            (Value::Number(ours), Value::Number(theirs))
            | (Value::String(ours), Value::String(theirs))
            | (Value::Raw(ours), Value::Raw(theirs))
            | (Value::Plain(ours), Value::Plain(theirs)) => ours == theirs,
            _ => false,
        };
        same && self.stands_alike(one, other)
    }

    /// Whether two texts, or lists of them, are such that no rule reads them.
    fn unread(&self, one: &Node, other: &Node) -> bool {
        match (one.value(), other.value()) {
            (Value::Seq(ours), Value::Seq(theirs)) => {
                self.stands_alike(one, other)
                    && ours.len() == theirs.len()
                    && ours.iter().zip(theirs).all(|(ours, theirs)| self.unread(ours, theirs))
            }
            (Value::String(ours), Value::String(theirs)) => {
                ours == theirs || [ours, theirs].iter().all(|text| !text.is_empty() && !text.contains("$("))
            }
            _ => self.equal(one, other),
        }
    }
}
