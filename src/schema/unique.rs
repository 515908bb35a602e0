//! Lists whose items are known by their keys, or are a set: the same one twice is refused.
//!
//! The list of a field enters with the schema of the field, the places of items that were there before leave.

use std::collections::HashSet;

use jsonschema::{Keyword, ValidationError};
use serde_json::{Map as JsonMap, Value as Json};

use super::instance::{Instance, NodeJson};
use super::to_json;
use crate::text::Node;

/// The keyword that says how items are told apart.
pub(super) const LIST_TYPE: &str = "x-kubernetes-list-type";
const LIST_KEYS: &str = "x-kubernetes-list-map-keys";

/// How items are told apart: by these keys, or as wholes where there are none.
pub(super) struct Items {
    keys: Option<Vec<String>>,
}

impl Items {
    /// Reads a schema; `None` where items may be there any number of times.
    pub(super) fn of(schema: &JsonMap<String, Json>) -> Option<Self> {
        let keys = || schema.get(LIST_KEYS).and_then(Json::as_array).into_iter().flatten();
        match schema.get(LIST_TYPE).and_then(Json::as_str) {
            Some("set") => Some(Self { keys: None }),
            Some("map") => Some(Self { keys: Some(keys().filter_map(Json::as_str).map(str::to_owned).collect()) }),
            _ => None,
        }
    }

    /// Returns the items that are there before, each with what it is known by.
    pub(super) fn again(&self, list: &Node) -> Vec<(usize, String)> {
        let mut seen = HashSet::new();
        let items = list.as_seq().unwrap_or_default().iter().enumerate();
        items
            .filter_map(|(at, item)| {
                let known = match &self.keys {
                    None => told(item),
                    Some(_) if item.as_map().is_none() => return None,
                    Some(keys) => {
                        let value = |key: &String| item.get(key).map(|value| format!("{key}: {}", told(value)));
                        keys.iter().filter_map(value).collect::<Vec<_>>().join(", ")
                    }
                };
                (!seen.insert(known.clone())).then_some((at, known))
            })
            .collect()
    }
}

/// Returns a value as a message names it: a text as it is.
fn told(value: &Node) -> String {
    match to_json(value) {
        Json::String(text) => text,
        other => other.to_string(),
    }
}

/// The keyword, for the library; a list that names no type allows all.
pub(super) struct Unique(pub(super) Option<Items>);

impl<'i> Keyword<'i, NodeJson> for Unique {
    fn validate(&self, instance: Instance<'i>) -> Result<(), ValidationError<'i>> {
        if self.is_valid(instance) { Ok(()) } else { Err(ValidationError::custom("an item is there twice")) }
    }

    fn is_valid(&self, instance: Instance<'i>) -> bool {
        match (&self.0, instance) {
            (Some(items), Instance::Node(list)) => items.again(list).is_empty(),
            _ => true,
        }
    }
}
