//! What is read the same way wherever it comes from: a node of a manifest, or JSON from a server.
//!
//! A node knows where it was written; JSON comes from nowhere.

use serde_json::Value as Json;
use smol_str::{SmolStr, ToSmolStr};

use crate::source::{Node, Origin, Value};

/// A value with keys and items.
pub trait Tree: Sized {
    /// Returns the value of a key.
    fn get(&self, key: &str) -> Option<&Self>;

    /// Returns the items of a list; none where it is no list.
    fn items(&self) -> &[Self];

    /// Returns the keys and values of a mapping; none where it is no mapping.
    fn members(&self) -> impl Iterator<Item = (&str, &Self)>;

    /// Returns a text, a number or a boolean as text.
    fn scalar(&self) -> Option<SmolStr>;

    /// Returns where it was written.
    fn place(&self) -> Origin;

    /// Returns the value at the end of a path of keys.
    fn find(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |value, key| value.get(key))
    }

    /// Returns the items of the list at a key; none where there is none.
    fn list(&self, key: &str) -> &[Self] {
        self.get(key).map_or(&[], Self::items)
    }

    /// Returns the text at a key.
    fn word(&self, key: &str) -> Option<SmolStr> {
        self.get(key)?.scalar()
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

impl Tree for Node {
    fn get(&self, key: &str) -> Option<&Self> {
        self.as_map()?.get(key).filter(|value| !value.is_null())
    }

    fn items(&self) -> &[Self] {
        self.as_seq().unwrap_or_default()
    }

    fn members(&self) -> impl Iterator<Item = (&str, &Self)> {
        self.as_map().into_iter().flatten().map(|entry| (entry.key.text.as_str(), &entry.value))
    }

    fn scalar(&self) -> Option<SmolStr> {
        match self.value() {
            Value::Bool(value) => Some(value.to_smolstr()),
            _ => self.text().cloned(),
        }
    }

    fn place(&self) -> Origin {
        self.origin()
    }
}

impl Tree for Json {
    fn get(&self, key: &str) -> Option<&Self> {
        self.as_object()?.get(key).filter(|value| !value.is_null())
    }

    fn items(&self) -> &[Self] {
        self.as_array().map_or(&[], Vec::as_slice)
    }

    fn members(&self) -> impl Iterator<Item = (&str, &Self)> {
        self.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value))
    }

    fn scalar(&self) -> Option<SmolStr> {
        match self {
            Self::String(text) => Some(text.into()),
            Self::Number(number) => Some(number.to_smolstr()),
            Self::Bool(value) => Some(value.to_smolstr()),
            _ => None,
        }
    }

    fn place(&self) -> Origin {
        Origin::NOWHERE
    }
}
