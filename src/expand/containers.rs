//! The containers of two layers in, those of both out: by name, whether they are written as a mapping or as a list.
//!
//! What is said of `*` holds for all containers: for those of the layers below, of the same layer and of later ones.

use std::collections::HashMap;

use smol_str::SmolStr;

use super::forms;
use super::merge::Merging;
use super::place::Place;
use crate::kubernetes::Type;
use crate::text::{Entry, Key, Map, Node, Value};

/// Stands for all containers.
pub(super) const ALL: &str = "*";

impl Merging<'_> {
    /// Merges containers by name, in the order of the lower layer, or of the one that is a list. What a layer says of `*`
    /// holds for all that are there, and for those that come later.
    ///
    /// Returns `None` if one of both is no mapping and no list of named ones.
    pub(super) fn containers(&mut self, base: &Node, over: &Node, ty: &Type, in_order: bool) -> Option<Node> {
        let is_list = base.as_seq().is_some_and(|items| !items.is_empty()) || over.as_seq().is_some();
        let (below, above) = (named(base)?, named(over)?);
        let place = Place::Type(ty);
        let [star_below, star_above] = [&below, &above].map(of_all);
        let star = match (&star_below, &star_above) {
            (Some(below), Some(above)) => Some(self.merge(below, above, place)),
            (below, above) => above.as_ref().or(below.as_ref()).cloned(),
        };
        let mut merged = Map::with_capacity(below.len() + above.len());
        for Entry { key, value } in below.iter().filter(|entry| entry.key.text != ALL) {
            let own = above.entry(&key.text);
            if let Some(gone) = own.filter(|own| own.value.is_null()) {
                if self.is_within {
                    merged.push(gone.key.clone(), gone.value.clone());
                }
                continue;
            }
            if value.is_null() {
                let again = own.map_or(value, |own| &own.value);
                merged.push(key.clone(), again.clone());
                continue;
            }
            let all = star_above
                .as_ref()
                .map(|star| Node::new(self.merge(value, star, place).value().clone(), value.origin()));
            let value = all.unwrap_or_else(|| value.clone());
            match own {
                Some(own) => merged.push(own.key.clone(), self.merge(&value, &own.value, place)),
                None => merged.push(key.clone(), value),
            }
        }
        for Entry { key, value } in above.iter().filter(|entry| entry.key.text != ALL) {
            if value.is_null() && self.is_within && !below.contains(&key.text) {
                merged.push(key.clone(), value.clone());
            } else if !below.contains(&key.text) && !value.is_null() {
                let value = star.as_ref().map_or_else(|| value.clone(), |star| self.merge(star, value, place));
                merged.push(key.clone(), value);
            }
        }
        // A list of a later layer says in which order its containers stand.
        if !in_order && over.as_seq().is_some() && base.as_map().is_some() {
            let places: HashMap<&SmolStr, usize> = above.iter().map(|entry| &entry.key.text).zip(0..).collect();
            merged.sort_by_key(|entry| places.get(&entry.key.text).copied().unwrap_or(places.len()));
        }
        if let Some(star) = star {
            let key = above.entry(ALL).or_else(|| below.entry(ALL)).map(|entry| entry.key.clone());
            merged.push(key.unwrap_or_else(|| Key::new(ALL, star.origin())), star);
        }
        Some(if is_list && merged.iter().all(|entry| entry.value.as_map().is_some()) {
            let item = |entry: &Entry| forms::with_name(&entry.key, &entry.value, entry.value.origin());
            Node::seq(merged.iter().map(item).collect(), over.origin())
        } else {
            Node::map(merged, over.origin())
        })
    }
}

/// Returns what a layer says of all containers, which have names of their own.
fn of_all(layer: &Map) -> Option<Node> {
    let star = layer.get(ALL).filter(|star| !star.is_null())?;
    let Some(fields) = star.as_map().filter(|fields| fields.contains("name")) else { return Some(star.clone()) };
    let fields = fields.iter().filter(|entry| entry.key.text != "name").cloned().collect();
    Some(Node::map(fields, star.origin()))
}

/// Returns containers by name; `None` if they are neither a mapping nor a list of named ones.
fn named(node: &Node) -> Option<Map> {
    match node.value() {
        Value::Map(map) => Some(map.clone()),
        Value::Seq(_) => forms::by_name(node)?.as_map().cloned(),
        _ => None,
    }
}
