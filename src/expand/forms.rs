//! Short forms that meet native ones: both in, both in the native form out, so that they merge alike.
//!
//! Nothing is looked up here: what depends on the instance, or on other objects, stays short. Expressions may still stand
//! in what is spelled.

use std::collections::HashSet;

use smol_str::SmolStr;

use super::expression::is_expression;
use super::place::Place;
use super::ports;
use super::resources::{is_short, spelled};
use crate::text::{Entry, Key, Map, Node, Origin};

/// Returns two values of a field that merge alike: where one is short and the other a mapping, both are mappings.
pub(super) fn alike(place: Place<'_>, key: &str, below: &Node, above: &Node) -> Option<(Node, Node)> {
    let as_map: &dyn Fn(&Node) -> Option<Node> = match (place, key) {
        (Place::Workload(_), "service") | (Place::Services, _) => &service,
        (Place::Type(ty), _) if matches!(ty.name.as_str(), "core/v1.Probe" | "core/v1.LifecycleHandler") => {
            &|node| handler(key, node)
        }
        _ => return None,
    };
    if is_expression(below) || is_expression(above) {
        return None;
    }
    match (below.as_map(), above.as_map()) {
        (Some(_), None) => Some((below.clone(), as_map(above)?)),
        (None, Some(_)) => Some((as_map(below)?, above.clone())),
        _ => None,
    }
}

/// Fields that say the same thing, as a mapping by a key and as a list of items with that key.
const TWINS: [(&str, &str, &str); 2] =
    [("mounts", "volumeMounts", "mountPath"), ("spread", "topologySpreadConstraints", "topologyKey")];

/// Returns what is left of a layer when a later one says some of it in another form; `None` if that is all of it.
pub(super) fn without_twins(below: &Map, above: &Map) -> Option<Map> {
    let mut left: Option<Map> = None;
    for (by_key, listed, key) in TWINS {
        let of_item = |item: &Node| item.get(key).and_then(Node::text).cloned();
        if let (Some(entry), Some(over)) = (below.entry(listed), above.get(by_key).and_then(Node::as_map))
            && let Some(items) = entry.value.as_seq()
        {
            let is_kept = |item: &&Node| of_item(item).is_none_or(|key| !over.contains(&key));
            let kept: Vec<Node> = items.iter().filter(is_kept).cloned().collect();
            if kept.len() < items.len() {
                left.get_or_insert_with(|| below.clone()).set(entry.key.clone(), Node::seq(kept, entry.value.origin()));
            }
        }
        if let (Some(entry), Some(over)) = (below.entry(by_key), above.get(listed).and_then(Node::as_seq))
            && let Some(map) = entry.value.as_map()
        {
            let said: HashSet<SmolStr> = over.iter().filter_map(of_item).collect();
            let is_kept = |one: &&Entry| !said.contains(&one.key.text);
            let kept: Map = map.iter().filter(is_kept).cloned().collect();
            if kept.len() < map.len() {
                left.get_or_insert_with(|| below.clone()).set(entry.key.clone(), Node::map(kept, entry.value.origin()));
            }
        }
    }
    left
}

/// Returns requests and limits that merge alike: where one layer is short and the other is not, both are spelled out.
pub(super) fn resources(below: &Map, above: &Map) -> Option<(Map, Map)> {
    let short = |map: &Map| map.iter().any(|entry| is_short(&entry.key.text));
    let native = |map: &Map| map.iter().any(|entry| !is_short(&entry.key.text));
    let differ = (short(below) && native(above)) || (native(below) && short(above));
    differ.then(|| {
        let below = spelled(below);
        let above = with_nulls(spelled(above), above, &below);
        (below, above)
    })
}

/// Takes amounts that are null in short form out of what stands below.
fn with_nulls(spelled: Map, written: &Map, below: &Map) -> Map {
    let mut spelled = spelled;
    for entry in written.iter().filter(|entry| is_short(&entry.key.text) && entry.value.is_null()) {
        let is_below = |key: &str| below.get(key).is_some_and(|amounts| amounts.get(&entry.key.text).is_some());
        for key in ["limits", "requests"].into_iter().filter(|key| is_below(key)) {
            let mut amounts = spelled.get(key).and_then(Node::as_map).cloned().unwrap_or_default();
            if !amounts.contains(&entry.key.text) {
                amounts.push(entry.key.clone(), entry.value.clone());
            }
            spelled.put(key, Node::map(amounts, entry.key.origin));
        }
    }
    spelled
}

/// Returns `service: headless` as a mapping.
fn service(node: &Node) -> Option<Node> {
    node.text().map(|_| one("type", node))
}

/// Returns the short form of a handler as a mapping.
fn handler(key: &str, node: &Node) -> Option<Node> {
    let is_text = node.text().is_some();
    match key {
        "httpGet" if is_text => Some(one("path", node)),
        "tcpSocket" | "grpc" if is_text => Some(one("port", node)),
        "exec" if node.as_seq().is_some() => Some(one("command", node)),
        _ => None,
    }
}

/// Returns an update in the form of a strategy, be it one word.
pub(super) fn as_strategy(update: &Node) -> Node {
    match update.text() {
        Some(_) => one("type", update),
        None => strategy(update),
    }
}

/// Returns a rolling update in the form of a strategy; what has it already, or is none, stays as it is.
pub(super) fn strategy(update: &Node) -> Node {
    let Some(map) = update.as_map().filter(|map| !map.contains("rollingUpdate")) else { return update.clone() };
    let rolling: Map = map.iter().filter(|entry| entry.key.text != "type").cloned().collect();
    let mut strategy = Map::with_capacity(2);
    let of_type = map.entry("type").cloned();
    match of_type {
        Some(entry) => strategy.push(entry.key, entry.value),
        None => strategy.put("type", Node::string("RollingUpdate", update.origin())),
    }
    if !rolling.is_empty() {
        strategy.put("rollingUpdate", Node::map(rolling, update.origin()));
    }
    Node::map(strategy, update.origin())
}

/// Returns a native list as a mapping by name; `None` if an item is no mapping, or cannot be told from others.
pub(super) fn by_name(list: &Node) -> Option<Node> {
    let items = list.as_seq()?;
    let mut map = Map::with_capacity(items.len());
    for item in items {
        map.set(name_of(item)?, item.clone());
    }
    Some(Node::map(map, list.origin()))
}

/// Returns the key by which an item of a named list is known: its name, or the port that it opens.
pub(super) fn name_of(item: &Node) -> Option<Key> {
    if let Some(name) = item.get("name").filter(|name| !name.is_null()) {
        return Some(Key::new(name.text()?.clone(), name.origin()));
    }
    Some(Key::new(ports::numbered(item)?, item.origin()))
}

/// Returns an item that is written as its name alone in the native form.
pub(super) fn named_item(key: &str, item: &Node) -> Node {
    match item.text() {
        Some(_) if !item.is_null() => one(key, item),
        _ => item.clone(),
    }
}

fn one(key: &str, value: &Node) -> Node {
    let mut map = Map::with_capacity(1);
    map.put(key, value.clone());
    Node::map(map, value.origin())
}

/// Returns a container of a mapping by name as an item of a list.
pub(super) fn with_name(key: &Key, container: &Node, origin: Origin) -> Node {
    let mut map = Map::new();
    map.push(Key::new("name", key.origin), Node::string(key.text.clone(), key.origin));
    for entry in container.as_map().into_iter().flatten() {
        map.set(entry.key.clone(), entry.value.clone());
    }
    Node::map(map, origin)
}
