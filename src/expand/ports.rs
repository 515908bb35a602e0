//! Ports of two layers in, those of both out, called alike: a port is known by its name, and by its number without one.
//!
//! A port by name is short, `80`, `53/UDP` or `80:8080`, or a mapping in the native form.

use smol_str::{SmolStr, format_smolstr};

use super::expression::is_expression;
use super::place::Place;
use crate::kubernetes::{Facts, Type};
use crate::text::{Entry, Key, Map, Node, Value};

/// Begins the key of an item that has no name; no name does.
const NAMELESS: char = '#';

/// Returns whether the key of a named item stands for an item without a name.
pub fn is_nameless(key: &str) -> bool {
    key.starts_with(NAMELESS)
}

/// Whether a type is that of a port, which a number and a protocol tell from others.
pub(super) fn is_port(ty: &Type) -> bool {
    matches!(ty.name.as_str(), "core/v1.ContainerPort" | "core/v1.ServicePort")
}

/// Returns the field that holds the number of a port.
fn number_of(ty: &Type) -> &'static str {
    if ty.name == "core/v1.ServicePort" { "port" } else { "containerPort" }
}

/// Returns the type of the ports that stand at a place by name.
pub(super) fn port_type<'a>(facts: &'a Facts, place: Place<'a>) -> Option<&'a Type> {
    match place {
        Place::Named(schema, None) => facts.inner_type(schema).filter(|ty| is_port(ty)),
        _ => None,
    }
}

/// Returns ports by name as those of both layers are called: one without a name is the one of its number.
pub(super) fn called_alike(ty: &Type, below: &Map, above: &Map) -> (Map, Map) {
    let number = number_of(ty);
    (named_as(number, below, above), named_as(number, above, below))
}

fn named_as(number: &'static str, ports: &Map, others: &Map) -> Map {
    let named = |entry: &Entry| -> Option<Key> {
        let same = |other: &&Entry| {
            let native = port(number, &other.value, None);
            let known = numbered(native.as_ref().unwrap_or(&other.value));
            !is_nameless(&other.key.text) && known.as_ref() == Some(&entry.key.text)
        };
        let other = others.iter().filter(|_| is_nameless(&entry.key.text)).find(same)?;
        (!ports.contains(&other.key.text)).then(|| Key { text: other.key.text.clone(), ..entry.key.clone() })
    };
    let renamed = |entry: &Entry| {
        let key = named(entry).unwrap_or_else(|| entry.key.clone());
        Entry { key, value: entry.value.clone() }
    };
    ports.iter().map(renamed).collect()
}

/// Returns two ports of one name that merge alike, where one is short and the other is not.
pub(super) fn alike(ty: &Type, below: &Node, above: &Node) -> Option<(Node, Node)> {
    if is_expression(below) || is_expression(above) {
        return None;
    }
    let number = number_of(ty);
    match (below.as_map(), above.as_map()) {
        (Some(_), None) => Some((below.clone(), port(number, above, Some(below))?)),
        (None, Some(_)) => Some((port(number, below, Some(above))?, above.clone())),
        _ => None,
    }
}

/// Returns `53/UDP`, or `80:8080` of a Service, as a mapping. It means TCP where it names no protocol, whatever the other
/// port says.
fn port(number: &'static str, short: &Node, other: Option<&Node>) -> Option<Node> {
    let text = short.text().filter(|_| !short.is_null())?;
    let (text, protocol) =
        text.split_once('/').map_or((text.as_str(), None), |(text, protocol)| (text, Some(protocol)));
    let plain = |text: &str| Node::new(Value::Plain(text.into()), short.origin());
    let mut map = Map::with_capacity(3);
    let (own, target) = text.split_once(':').map_or((text, None), |(own, target)| (own, Some(target)));
    map.put(number, plain(own));
    if let Some(target) = target {
        map.put("targetPort", plain(target));
    }
    let is_told = other.is_some_and(|other| other.get("protocol").is_some());
    if let Some(protocol) = protocol.or(is_told.then_some("TCP")) {
        map.put("protocol", Node::string(protocol, short.origin()));
    }
    Some(Node::map(map, short.origin()))
}

/// Returns what tells a port from others: its number and protocol, as the key of one without a name.
pub(super) fn numbered(port: &Node) -> Option<SmolStr> {
    let number = port.get("containerPort").or_else(|| port.get("port"))?;
    let protocol = port.get("protocol").and_then(Node::text).map_or("TCP", SmolStr::as_str);
    Some(format_smolstr!("{NAMELESS}{}/{protocol}", number.text()?))
}
