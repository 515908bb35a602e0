//! One view of values, whoever holds them: the nodes of manifests and the JSON of the server.
//!
//! What is asked of both is written once over [`Tree`]. A plain scalar of a node is what kubectl takes it for.

use smol_str::{SmolStr, ToSmolStr};

use super::Type;
use crate::text::{Map, Node, Origin, Scalar, Value};

/// A value that can be looked into.
pub trait Tree: Sized + PartialEq {
    /// Returns what it is.
    fn look(&self) -> Look<'_, Self>;

    /// Returns the value of a key as it is written, null included, or `None` if this is no mapping that has the key.
    fn get(&self, key: &str) -> Option<&Self>;

    /// Returns the members of a mapping, in its order; nothing where it is none.
    fn members(&self) -> impl Iterator<Item = (&str, &Self)>;

    /// Returns the value at the end of a path of keys, as [`Tree::get`] does.
    fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |tree, key| tree.get(key))
    }

    /// Returns the text, where it is one.
    fn as_text(&self) -> Option<&str> {
        match self.look() {
            Look::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is null.
    fn is_null(&self) -> bool {
        matches!(self.look(), Look::Null)
    }

    /// Returns the items of a list; none where it is no list.
    fn items(&self) -> &[Self] {
        match self.look() {
            Look::List(items) => items,
            _ => &[],
        }
    }

    /// Returns where it was written; JSON comes from nowhere.
    fn place(&self) -> Origin;

    /// Returns the value of a key, or `None` if that is missing or null: to the server both are a field that is not set.
    fn present(&self, key: &str) -> Option<&Self> {
        self.get(key).filter(|value| value.look() != Look::Null)
    }

    /// Returns the value at the end of a path of keys, or `None` if that, or one before it, is missing or null.
    fn present_at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |value, key| value.present(key))
    }

    /// Returns a text, a number or a boolean as text.
    fn scalar(&self) -> Option<SmolStr> {
        match self.look() {
            Look::Text(text) => Some(text.into()),
            Look::Number(number) => Some(number),
            Look::Bool(value) => Some(value.to_smolstr()),
            _ => None,
        }
    }

    /// Returns the items of the list at a key; none where there is none.
    fn list(&self, key: &str) -> &[Self] {
        self.present(key).map_or(&[], Self::items)
    }

    /// Returns the text at a key.
    fn word(&self, key: &str) -> Option<SmolStr> {
        self.present(key)?.scalar()
    }

    /// Returns the integer at a key.
    fn number(&self, key: &str) -> Option<i64> {
        self.word(key)?.parse().ok()
    }

    /// Whether the key is there and true.
    fn is_set(&self, key: &str) -> bool {
        self.word(key).as_deref() == Some("true")
    }
}

/// What a value is.
#[derive(Debug, PartialEq)]
pub enum Look<'a, T> {
    /// Nothing.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number, in JSON's notation.
    Number(SmolStr),
    /// A text.
    Text(&'a str),
    /// A list.
    List(&'a [T]),
    /// A mapping of that many members.
    Map(usize),
}

impl Tree for Node {
    fn look(&self) -> Look<'_, Self> {
        match self.value() {
            Value::Seq(items) => Look::List(items),
            Value::Map(map) => Look::Map(map.len()),
            value => match value.meaning() {
                Some(Scalar::Bool(value)) => Look::Bool(value),
                Some(Scalar::Number(number)) => Look::Number(number),
                Some(Scalar::Text(text)) => Look::Text(text),
                Some(Scalar::Null) | None => Look::Null,
            },
        }
    }

    fn get(&self, key: &str) -> Option<&Self> {
        // The inherent method of that name, which means the same.
        Self::get(self, key)
    }

    fn members(&self) -> impl Iterator<Item = (&str, &Self)> {
        self.as_map().into_iter().flat_map(Map::iter).map(|entry| (entry.key.text.as_str(), &entry.value))
    }

    fn place(&self) -> Origin {
        self.origin()
    }
}

impl Tree for serde_json::Value {
    fn look(&self) -> Look<'_, Self> {
        match self {
            Self::Null => Look::Null,
            Self::Bool(value) => Look::Bool(*value),
            Self::Number(number) => Look::Number(number.to_smolstr()),
            Self::String(text) => Look::Text(text),
            Self::Array(items) => Look::List(items),
            Self::Object(map) => Look::Map(map.len()),
        }
    }

    fn get(&self, key: &str) -> Option<&Self> {
        // The inherent method of that name, which means the same.
        Self::get(self, key)
    }

    fn members(&self) -> impl Iterator<Item = (&str, &Self)> {
        self.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value))
    }

    fn place(&self) -> Origin {
        Origin::NOWHERE
    }
}

/// Whether two items of a list are one by its keys, whose defaults count where a key is left out.
pub fn is_same_item<A: Tree, B: Tree>(left: &A, right: &B, keys: &[SmolStr], ty: Option<&Type>) -> bool {
    keys.iter().all(|key| {
        let default = || ty.and_then(|ty| ty.field(key)).and_then(|field| field.schema.default.as_ref());
        match (left.get(key), right.get(key)) {
            (Some(left), Some(right)) => same(left, right),
            (Some(one), None) => default().is_some_and(|default| same(one, default)),
            (None, Some(other)) => default().is_some_and(|default| same(other, default)),
            (None, None) => true,
        }
    })
}

/// Whether two values are the same to JSON; numbers are compared by their texts, `1` and `1.0` are two.
pub fn same<A: Tree, B: Tree>(left: &A, right: &B) -> bool {
    match (left.look(), right.look()) {
        (Look::Null, Look::Null) => true,
        (Look::Bool(left), Look::Bool(right)) => left == right,
        (Look::Number(left), Look::Number(right)) => left == right,
        (Look::Text(left), Look::Text(right)) => left == right,
        (Look::List(left), Look::List(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Look::Map(ours), Look::Map(theirs)) => {
            ours == theirs && left.members().all(|(key, value)| right.get(key).is_some_and(|other| same(value, other)))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::text::Origin;

    #[test]
    fn values_are_compared_whoever_holds_them() {
        let plain = |text: &str| Node::new(Value::Plain(text.into()), Origin::NOWHERE);
        assert!(same(&plain("8080"), &json!(8080)));
        assert!(!same(&plain("8080"), &json!("8080")));
        assert!(same(&plain("web"), &json!("web")));
        assert!(same(&plain("~"), &json!(null)));
        assert!(same(&plain("true"), &json!(true)));
        assert!(!same(&json!(1), &json!(1.0)));
        assert!(same(&json!({"a": [1], "b": {}}), &json!({"b": {}, "a": [1]})));
        assert!(!same(&json!({"a": [1, 2]}), &json!({"a": [2, 1]})));
        assert!(!same(&json!({"a": 1}), &json!({"b": 1})));
    }

    #[test]
    fn trees_are_looked_into() {
        let value = json!({"spec": {"ports": [1], "name": "web"}});
        assert_eq!(value.at(&["spec", "name"]).and_then(Tree::as_text), Some("web"));
        assert_eq!(value.at(&["spec", "ports"]).map(Tree::items), Some(&[json!(1)][..]));
        assert!(value.at(&["spec", "name", "deeper"]).is_none());
    }
}
