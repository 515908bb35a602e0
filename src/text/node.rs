//! The tree that every stage works on: a value and the place where it was written.
//!
//! A node is immutable and shared: cloning one copies a pointer, a subtree that no instance changes is one
//! allocation in all of them, and two nodes at one address are equal. A plain scalar keeps its text until the type of
//! the field that it stands in is known; numbers are text all the way through and never pass through floats.

use std::sync::Arc;

use smol_str::SmolStr;

use super::Origin;
use super::hole::{Ask, Hole, Looks, Make};
use super::map::Map;
use super::scalar::{self, Meaning};

/// A value and the place where it was written.
#[derive(Clone, Debug)]
pub struct Node(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    held: Held,
    origin: Origin,
}

#[derive(Debug)]
enum Held {
    Value(Value),
    /// What each instance has its own of.
    Hole(Box<Hole>),
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
            || self.as_hole().zip(other.as_hole()).is_some_and(|(one, other)| one.is_like(other))
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

    /// Returns the text of a scalar that is neither null nor a boolean, once settled.
    pub fn as_text(&self) -> Option<&SmolStr> {
        match self {
            Self::String(text) | Self::Raw(text) | Self::Plain(text) | Self::Number(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is null: settled, or written as one in YAML.
    pub fn is_null(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Plain(text) => scalar::is_null(text),
            _ => false,
        }
    }
}

impl Node {
    /// Returns a node of that value, written there.
    pub fn new(value: Value, origin: Origin) -> Self {
        // Wherever it is moved to, there is no more to say about what is broken, and what is made of it is broken too.
        if origin.is_broken() || matches!(value, Value::Broken) {
            return Self(Arc::new(Inner { held: Held::Value(Value::Broken), origin: Origin::BROKEN }));
        }
        Self(Arc::new(Inner { held: Held::Value(value), origin }))
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

    /// Returns a node that shows a value of one instance, and stands for that of each.
    pub fn hole(slot: usize, sample: &Self, looks: &Arc<Looks>) -> Self {
        let hole = Hole::new(slot, sample.value().clone(), sample.origin(), looks.clone());
        Self(Arc::new(Inner { held: Held::Hole(Box::new(hole)), origin: sample.origin() }))
    }

    /// Returns what each instance has its own of.
    pub fn as_hole(&self) -> Option<&Hole> {
        match &self.0.held {
            Held::Value(_) => None,
            Held::Hole(hole) => Some(hole),
        }
    }

    /// Returns the value.
    pub fn value(&self) -> &Value {
        match &self.0.held {
            Held::Value(value) => value,
            Held::Hole(hole) => hole.look(),
        }
    }

    /// Returns the value, without a look at what differs between instances: for what is done anew for each of them.
    pub fn sample(&self) -> &Value {
        match &self.0.held {
            Held::Value(value) => value,
            Held::Hole(hole) => hole.sample(),
        }
    }

    /// Returns the text of the value, without a look at what differs between instances.
    pub fn sample_text(&self) -> Option<&SmolStr> {
        self.sample().as_text()
    }

    /// Returns the same value, or that of each instance, as written at another place.
    #[must_use]
    pub fn moved(&self, origin: Origin) -> Self {
        match &self.0.held {
            _ if origin == self.origin() => self.clone(),
            Held::Value(value) => Self::new(value.clone(), origin),
            Held::Hole(hole) => Self(Arc::new(Inner { held: Held::Hole(hole.clone()), origin })),
        }
    }

    /// Returns what is made of the value, of that of each instance where each has its own.
    #[must_use]
    pub fn made(&self, make: Make) -> Self {
        let Some(hole) = self.as_hole() else { return make(self) };
        let made = make(&Self::new(hole.sample().clone(), self.origin()));
        let origin = made.origin();
        Self(Arc::new(Inner { held: Held::Hole(Box::new(hole.then(make, made.sample().clone(), origin))), origin }))
    }

    /// Returns what is said of the value, which must be the same of that of each instance.
    pub fn says(&self, ask: Ask) -> bool {
        let Some(hole) = self.as_hole() else { return ask(self) };
        let answer = ask(&Self::new(hole.sample().clone(), self.origin()));
        hole.ask(ask, answer);
        answer
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
        self.value().as_text()
    }

    /// Returns the text as `&str`, as [`Node::text`] does.
    pub fn as_str(&self) -> Option<&str> {
        self.text().map(SmolStr::as_str)
    }

    /// Returns the items of a list.
    pub fn as_seq(&self) -> Option<&[Self]> {
        match self.sample() {
            Value::Seq(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the mapping.
    pub fn as_map(&self) -> Option<&Map> {
        match self.sample() {
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
        self.sample().is_null()
    }

    /// Whether it is a text, a number, or an unquoted scalar.
    pub fn is_text(&self) -> bool {
        self.sample_text().is_some()
    }

    /// Whether it has no value because of a reported mistake.
    pub fn is_broken(&self) -> bool {
        matches!(self.sample(), Value::Broken)
    }

    /// Whether it, or a part of it, has no value because of a reported mistake.
    pub fn holds_broken(&self) -> bool {
        match self.sample() {
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

#[cfg(test)]
mod tests;
