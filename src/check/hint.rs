//! Ways out of findings about shapes: where a misplaced field belongs, which Kubernetes has it, how a list is written.

use std::collections::HashSet;

use crate::diagnostic::{Edit, Fix, words};
use crate::kubernetes::{Facts, Minor, Schema, Shape, Type, TypeId};
use crate::text::{Entry, Node, Value};

/// How far below a type a misplaced field is looked for.
const DEPTH: usize = 4;

/// Says how to write a mapping where something else was found.
pub(super) fn for_mapping(found: &Node) -> Option<String> {
    match found.value() {
        Value::Seq(items) if items.len() == 1 && items[0].as_map().is_some() => {
            Some("the field takes one mapping: remove the `-`".to_owned())
        }
        _ => None,
    }
}

/// Says how to write a list where something else was found.
pub(super) fn for_list(found: &Node, named: bool) -> String {
    match found.value() {
        Value::Map(_) if named => "the items of the list are written `- name: …`".to_owned(),
        Value::Map(_) => "the items of the list start with `- `".to_owned(),
        _ => "a list is written `[a, b]`, or one item a line after `- `".to_owned(),
    }
}

/// Whether a value may be one of a type, as far as its kind tells: a mapping, a list or a scalar.
pub(super) fn may_be(value: &Node, schema: &Schema) -> bool {
    match (value.value(), &schema.shape) {
        (_, Shape::Any) => true,
        (Value::Map(_), shape) => matches!(shape, Shape::Type(_) | Shape::Map(_)),
        (Value::Seq(_), shape) => matches!(shape, Shape::List(_)),
        (_, shape) => !matches!(shape, Shape::Type(_) | Shape::Map(_) | Shape::List(_)),
    }
}

/// Says which structure around the one at hand has the field.
pub(super) fn above(entry: &Entry, around: &[(&Type, Node)]) -> Option<(String, Option<Fix>)> {
    let name = entry.key.text.as_str();
    let (_, outer) = around.split_last()?;
    let (owner, node) = outer.iter().rev().find(|(ty, _)| ty.field(name).is_some())?;
    let help = format!("`{name}` is a field of `{}`: indent it less", words::type_name(&owner.name));
    Some((help, moved(entry, Some(node))))
}

/// Returns the move of an entry into another mapping, where that is written and has no such field yet.
fn moved(entry: &Entry, into: Option<&Node>) -> Option<Fix> {
    let into = into?.as_map().filter(|map| !map.contains(&entry.key.text))?;
    // One that holds what is moved would move with it.
    let holds = |other: &&Entry| other.key.origin.to(other.value.origin()).holds(entry.key.origin);
    let beside = into.iter().find(|other| !holds(other))?;
    Some(Fix::unsure([Edit::without_entry(entry), Edit::copy_beside(beside, entry)]))
}

/// Says at which one place below a type, nearest first, a field of that name belongs, and in which field of the type that is.
pub(super) fn below(entry: &Entry, ty: &Type, node: &Node, facts: &Facts) -> Option<(String, String, Option<Fix>)> {
    let name = entry.key.text.as_str();
    let mut level: Vec<(String, &Type)> = vec![(String::new(), ty)];
    let mut seen = HashSet::new();
    for _ in 0..DEPTH {
        let mut next: Vec<(String, &Type)> = Vec::new();
        for (place, ty) in &level {
            for field in ty.fields.iter().filter(|field| field.name != "status") {
                let Some((id, suffix)) = inner(&field.schema) else { continue };
                let dot = if place.is_empty() { "" } else { "." };
                next.push((format!("{place}{dot}{}{suffix}", field.name), facts.ty(id)));
            }
        }
        let mut places = next.iter().filter(|(_, ty)| ty.field(name).is_some()).map(|(place, _)| place.as_str());
        if let Some(first) = places.next() {
            let only = if places.next().is_none() {
                first
            } else {
                // Fields of all containers are mostly meant for the main ones.
                let all = next.iter().map(|(place, _)| place.as_str());
                all.into_iter().find(|place| *place == "containers[]" || place.ends_with(".containers[]"))?
            };
            let there: Vec<&str> = only.split('.').collect();
            let first = there.first().map_or("", |first| first.trim_end_matches("[]")).to_owned();
            return Some((first, format!("`{name}` belongs in `{only}`"), moved(entry, node.at(&there))));
        }
        level = next.into_iter().filter(|(_, ty)| seen.insert(ty.name.clone())).collect();
    }
    None
}

/// Says that another minor has the field.
pub(super) fn other_minor(name: &str, ty: &Type, facts: &Facts) -> Option<String> {
    let has = |minor: Minor| {
        let other = Facts::of(minor)?;
        other.type_id(&ty.name).map(|id| other.ty(id).field(name).is_some())
    };
    let having: Vec<Minor> = Minor::bundled().filter(|minor| has(*minor) == Some(true)).collect();
    let (first, last) = (having.first()?, having.last()?);
    Some(if *first > facts.minor {
        format!("Kubernetes has it since {first}; checked against {}", facts.minor)
    } else {
        format!("Kubernetes had it until {last}; checked against {}", facts.minor)
    })
}

fn inner(schema: &Schema) -> Option<(TypeId, &'static str)> {
    match &schema.shape {
        Shape::Type(id) => Some((*id, "")),
        Shape::List(item) => match item.shape {
            Shape::Type(id) => Some((id, "[]")),
            _ => None,
        },
        _ => None,
    }
}
