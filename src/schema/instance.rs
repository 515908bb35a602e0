//! Nodes as the schema library reads instances: where they stand, without a copy.

use std::borrow::Cow;
use std::cell::Cell;

use jsonschema::JsonType;
use jsonschema::json::{Array, Json, JsonNumber, Node as JsonNode, NodeIdentity, Object};
use serde_json::Value as JsonValue;
use smol_str::SmolStr;

use super::to_json;
use crate::text::scalar::{self, Meaning};
use crate::text::{Entry, Map, Node, Value};

/// The representation of JSON that nodes are.
#[derive(Debug)]
pub(super) struct NodeJson;

/// A node, or a key that a schema checks as if it were one.
#[derive(Clone, Copy)]
pub(super) enum Instance<'a> {
    Node(&'a Node),
    Key(&'a str),
}

/// A number in JSON's notation.
pub(super) struct Digits(SmolStr);

impl Digits {
    /// A number without a fraction is an integer, however it is written: kubectl sends `1.0` and `1e3` as `1` and `1000`.
    fn of(text: SmolStr) -> Self {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let is_point = text.contains(['.', 'e', 'E']);
        let whole = text.parse().ok().filter(|number: &f64| is_point && number.fract() == 0.0 && number.abs() < EXACT);
        Self(whole.map_or(text, |number| smol_str::format_smolstr!("{number:.0}")))
    }
}

impl Json for NodeJson {
    type Node<'a> = Instance<'a>;
    type PreparedKey = SmolStr;
    type StringBuffer = ();

    const ACYCLIC: bool = true;

    fn prepare_key(key: &str) -> SmolStr {
        key.into()
    }

    fn with_string_node<T>((): &mut (), string: &str, f: impl FnOnce(Instance<'_>) -> T) -> T {
        f(Instance::Key(string))
    }
}

thread_local! {
    /// How many looks at values are left to the schema at work on this thread, and what comparing one with its choices costs.
    static LEFT: Cell<(u64, u64)> = const { Cell::new((u64::MAX, 1)) };
}

/// Lets a schema take so many looks at values; returns `None` if it takes more. Each look at all choices of an `enum` is
/// as many as there are choices.
///
/// Forms within forms can ask for any number of looks. Whoever has none left sees texts without any content, in which there
/// is nothing further to look at: the library comes to an end at once.
pub(super) fn within<T>(looks: u64, choices: u64, work: impl FnOnce() -> T) -> Option<T> {
    let before = LEFT.replace((looks, choices.max(1)));
    let done = work();
    let (left, _) = LEFT.replace(before);
    (left > 0).then_some(done)
}

/// Whether there is one more look, at so many values.
fn may_look(at: u64) -> bool {
    let (left, choices) = LEFT.get();
    LEFT.set((left.saturating_sub(at), choices));
    left > 0
}

impl<'a> Instance<'a> {
    fn value(self) -> Option<&'a Value> {
        match self {
            Self::Node(node) if may_look(1) => Some(node.value()),
            _ => None,
        }
    }

    fn meaning(self) -> Option<Meaning> {
        match self.value()? {
            Value::Plain(text) => Some(scalar::resolve_core(text)),
            _ => None,
        }
    }
}

impl<'a> JsonNode<'a, NodeJson> for Instance<'a> {
    type Object = &'a Map;
    type Array = &'a [Node];
    type Number = Digits;

    fn as_object(&self) -> Option<&'a Map> {
        match self.value()? {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    fn as_array(&self) -> Option<&'a [Node]> {
        match self.value()? {
            Value::Seq(items) => Some(items),
            _ => None,
        }
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        match self {
            Self::Key(text) => Some(Cow::Borrowed(text)),
            Self::Node(_) if !may_look(1) => None,
            Self::Node(node) => match node.value() {
                Value::String(text) | Value::Raw(text) => Some(Cow::Borrowed(text)),
                Value::Plain(text) if matches!(self.meaning(), Some(Meaning::Text | Meaning::Float(None))) => {
                    Some(Cow::Borrowed(text))
                }
                _ => None,
            },
        }
    }

    fn as_number(&self) -> Option<Digits> {
        match (self.value()?, self.meaning()) {
            (Value::Number(text), _) => Some(Digits::of(text.clone())),
            (_, Some(Meaning::Integer(text) | Meaning::Float(Some(text)))) => Some(Digits::of(text)),
            _ => None,
        }
    }

    fn as_boolean(&self) -> Option<bool> {
        match (self.value()?, self.meaning()) {
            (Value::Bool(value), _) => Some(*value),
            (_, Some(Meaning::Bool(value))) => Some(value),
            _ => None,
        }
    }

    fn is_null(&self) -> bool {
        matches!(self, Self::Node(node) if node.is_null())
    }

    fn json_type(&self) -> JsonType {
        match (self.value(), self.meaning()) {
            (Some(Value::Null), _) | (_, Some(Meaning::Null)) => JsonType::Null,
            (Some(Value::Bool(_)), _) | (_, Some(Meaning::Bool(_))) => JsonType::Boolean,
            (Some(Value::Number(_)), _) | (_, Some(Meaning::Integer(_) | Meaning::Float(Some(_)))) => JsonType::Number,
            (Some(Value::Seq(_)), _) => JsonType::Array,
            (Some(Value::Map(_)), _) => JsonType::Object,
            _ => JsonType::String,
        }
    }

    fn to_value(&self) -> Cow<'a, JsonValue> {
        Cow::Owned(match self {
            _ if !may_look(LEFT.get().1) => JsonValue::Null,
            Self::Node(node) => to_json(node),
            Self::Key(text) => JsonValue::from(*text),
        })
    }

    /// The place in the tree counts, not the shared allocation: one subtree may stand in two places.
    fn identity(&self) -> Option<NodeIdentity> {
        match self {
            Self::Node(node) => Some(NodeIdentity::new(std::ptr::from_ref::<Node>(node).addr())),
            Self::Key(_) => None,
        }
    }
}

impl<'a> Object<'a, NodeJson> for &'a Map {
    type Node = Instance<'a>;
    type MemberName = &'a str;
    type MembersIter = std::iter::Map<std::slice::Iter<'a, Entry>, fn(&'a Entry) -> (&'a str, Instance<'a>)>;

    fn len(&self) -> usize {
        Map::len(self)
    }

    fn get(&self, key: &SmolStr) -> Option<Instance<'a>> {
        Map::get(self, key).map(Instance::Node)
    }

    fn members(&self) -> Self::MembersIter {
        self.iter().map(|entry| (entry.key.text.as_str(), Instance::Node(&entry.value)))
    }
}

impl<'a> Array<'a, NodeJson> for &'a [Node] {
    type Node = Instance<'a>;
    type ElementsIter = std::iter::Map<std::slice::Iter<'a, Node>, fn(&'a Node) -> Instance<'a>>;

    fn len(&self) -> usize {
        <[Node]>::len(self)
    }

    fn elements(&self) -> Self::ElementsIter {
        self.iter().map(Instance::Node)
    }
}

impl JsonNumber for Digits {
    fn as_u64(&self) -> Option<u64> {
        self.0.parse().ok()
    }

    fn as_i64(&self) -> Option<i64> {
        self.0.parse().ok()
    }

    fn as_f64(&self) -> Option<f64> {
        self.0.parse().ok()
    }

    fn as_str(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.0)
    }

    fn to_number(&self) -> Cow<'_, serde_json::Number> {
        Cow::Owned(serde_json::from_str(&self.0).unwrap_or_else(|_| 0.into()))
    }
}
