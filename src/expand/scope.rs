//! What expressions may read: `params`, `matrix`, `index`, `name`, `batch`.
//!
//! A path is looked up in the nodes themselves, so that a value keeps its text, type and place.

use std::collections::BTreeMap;

use smol_str::SmolStr;

use super::expression::engine_value;
use crate::limits;
use crate::text::{Map, Node, Origin};

/// The values that one instance's expressions see.
#[derive(Clone, Debug, Default)]
pub struct Scope<'a> {
    /// The parameters.
    pub params: Option<&'a Node>,
    /// The axis values of the instance.
    pub matrix: Option<&'a Node>,
    /// The number of the instance, from 0.
    pub index: Option<usize>,
    /// The name of the instance.
    pub name: Option<&'a str>,
    /// Name and namespace of the batch.
    pub batch: Option<&'a Node>,
}

/// Why a path leads nowhere.
#[derive(Debug)]
pub struct Missing {
    /// The part of the path that is not there.
    pub word: SmolStr,
    /// What is there instead.
    pub known: Vec<SmolStr>,
    /// What was looked into: `params`.
    pub place: String,
}

impl Scope<'_> {
    /// Returns what stands at the end of a path; all below what is broken is broken.
    pub fn lookup(&self, path: &[SmolStr], origin: Origin) -> Result<Node, Missing> {
        let (root, rest) = path.split_first().expect("a path has a first part");
        let generated = match root.as_str() {
            "params" => self.params.cloned(),
            "matrix" => self.matrix.cloned(),
            "batch" => self.batch.cloned(),
            "index" => self.index.map(|index| Node::integer(i64::try_from(index).unwrap_or(i64::MAX), origin)),
            "name" => self.name.map(|name| Node::string(name, origin)),
            _ => None,
        };
        let mut node =
            generated.ok_or_else(|| Missing { word: root.clone(), known: self.roots(), place: String::new() })?;
        for (at, part) in rest.iter().enumerate() {
            if node.is_broken() {
                break;
            }
            let next = match part.parse::<usize>() {
                Ok(at) if node.as_seq().is_some() => node.as_seq().and_then(|items| items.get(at)).cloned(),
                _ => node.get(part).cloned(),
            };
            node = next.ok_or_else(|| Missing {
                word: part.clone(),
                known: {
                    let keys = node.as_map().map(Map::iter).into_iter().flatten().map(|entry| entry.key.text.clone());
                    keys.take(limits::NEAR_WORDS).collect()
                },
                place: path[..=at].join("."),
            })?;
        }
        Ok(node)
    }

    /// Returns the names that are there.
    fn roots(&self) -> Vec<SmolStr> {
        let there = [
            ("params", self.params.is_some()),
            ("matrix", self.matrix.is_some()),
            ("index", self.index.is_some()),
            ("name", self.name.is_some()),
            ("batch", self.batch.is_some()),
        ];
        there.into_iter().filter(|(_, there)| *there).map(|(name, _)| name.into()).collect()
    }

    /// Whether a path leads to what is broken, be it in a part.
    pub fn is_broken(&self, path: &[SmolStr]) -> bool {
        !path.is_empty() && self.lookup(path, Origin::NOWHERE).is_ok_and(|found| found.holds_broken())
    }

    /// Returns all values as the expression engine takes them.
    pub(super) fn engine_values(&self) -> minijinja::Value {
        let mut values: BTreeMap<&str, minijinja::Value> = BTreeMap::new();
        for (name, node) in [("params", self.params), ("matrix", self.matrix), ("batch", self.batch)] {
            if let Some(node) = node {
                values.insert(name, engine_value(node));
            }
        }
        if let Some(index) = self.index {
            values.insert("index", minijinja::Value::from(index));
        }
        if let Some(name) = self.name {
            values.insert("name", minijinja::Value::from(name));
        }
        minijinja::Value::from_pairs(values)
    }
}
