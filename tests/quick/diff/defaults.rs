//! Differences that are none: every default of every kind written out, and what a server adds to what it is sent.

use std::collections::{HashSet, VecDeque};

use fanfold::diff::{self, Effect, Fate};
use fanfold::kubernetes::{Facts, Merge, Minor, Schema, Shape, TypeId};
use serde_json::{Map, Value as Json, json};

use crate::cases;
use crate::pace::some;
use crate::sides::Sides;

#[test]
fn cases_differ_where_the_server_would_store_another_thing() {
    cases::hold("tests/quick/diff/stored", 11, |case| {
        let mut sides = Sides::read(case.input(), &case.section("new"));
        diff::settle([&mut sides.old, &mut sides.new], Facts::newest());
        let changes = sides.changes();
        let lines = changes.objects.iter().flat_map(|object| {
            let of = format!("{} {}", object.known.key.kind, object.known.key.name);
            let fate = if object.fate == Fate::Changed { "" } else { object.fate.as_str() };
            let show = move |change: &diff::Change| format!("{}: {of} {fate}{}", change.effect, change.path);
            object.changes.iter().map(show)
        });
        let lines: Vec<String> = lines.collect();
        if lines.is_empty() { vec!["nothing".to_owned()] } else { lines }
    });
}

/// A way down from an object: the shape of each step.
#[derive(Clone)]
enum Step {
    Key(String),
    Item(Map<String, Json>),
}

/// Returns a value at the end of a way, in the least object that has it.
fn at(way: &[Step], value: Json) -> Json {
    way.iter().rev().fold(value, |value, step| match step {
        Step::Key(key) => json!({key: value}),
        Step::Item(keys) => {
            let mut item = keys.clone();
            item.extend(value.as_object().cloned().unwrap_or_default());
            json!([item])
        }
    })
}

/// Returns an item that has nothing but what tells it apart.
fn item(facts: &Facts, schema: &Schema, merge: &Merge) -> Map<String, Json> {
    let Merge::Keys(keys) = merge else { return Map::new() };
    let ty = facts.inner_type(schema);
    let known = keys.iter().filter_map(|key| Some((key, &ty?.field(key)?.schema)));
    let open = known.filter(|(_, schema)| schema.default.is_none());
    open.map(|(key, schema)| {
        (key.to_string(), if matches!(schema.shape, Shape::Integer) { json!(7) } else { json!("a") })
    })
    .collect()
}

/// Returns the ways to the type that a field holds, through its lists and mappings.
fn down(facts: &Facts, mut way: Vec<Step>, schema: &Schema) -> Option<(Vec<Step>, TypeId)> {
    match &schema.shape {
        Shape::Type(id) => Some((way, *id)),
        Shape::List(inner) => {
            way.push(Step::Item(item(facts, inner, &schema.merge)));
            down(facts, way, inner)
        }
        Shape::Map(inner) => {
            way.push(Step::Key("a".into()));
            down(facts, way, inner)
        }
        _ => None,
    }
}

/// Returns the shortest way to every constant default below a type, each field of each type once.
fn defaults(facts: &Facts, root: TypeId) -> Vec<(Vec<Step>, Json)> {
    let mut found = Vec::new();
    let mut seen = HashSet::from([root]);
    let mut open = VecDeque::from([(Vec::new(), root)]);
    while let Some((way, id)) = open.pop_front() {
        for field in &facts.ty(id).fields {
            let mut way: Vec<Step> = way.clone();
            way.push(Step::Key(field.name.to_string()));
            let here = field.schema.within.as_ref().is_none_or(|within| *within == facts.ty(root).name);
            if let Some(default) = field.schema.default.clone().filter(|_| here) {
                found.push((way.clone(), default));
            }
            open.extend(down(facts, way, &field.schema).filter(|(_, id)| seen.insert(*id)));
        }
    }
    found
}

/// Puts one value into another: mappings and first items grow together.
fn join(into: &mut Json, from: Json) {
    match (into, from) {
        (Json::Object(into), Json::Object(from)) => {
            for (key, value) in from {
                join(into.entry(key).or_insert(Json::Null), value);
            }
        }
        (Json::Array(into), Json::Array(from)) => {
            for (into, from) in into.iter_mut().zip(from) {
                join(into, from);
            }
        }
        (into, from) if into.is_null() => *into = from,
        _ => {}
    }
}

#[test]
fn every_default_of_every_kind_is_the_same_written_out() {
    // Where somebody waits: the oldest and the newest.
    for minor in some(Minor::bundled(), 6) {
        let mut all = 0;
        let facts = Facts::of(minor).expect("a bundled minor");
        let (mut old, mut new) = (String::new(), String::new());
        for kind in facts.kinds() {
            let group = if kind.group.is_empty() { String::new() } else { format!("{}/", kind.group) };
            let head = |number: usize| {
                json!({
                    "apiVersion": format!("{group}{}", kind.version), "kind": kind.kind.as_str(),
                    "metadata": {"name": format!("n{number}-{}", kind.version)},
                })
            };
            let mut both = [head(0), head(0)];
            for (number, (way, default)) in
                defaults(facts, facts.type_of(kind).expect("a type")).into_iter().enumerate()
            {
                let (last, above) = way.split_last().expect("a field");
                // A block that is there is not filled in as one that is left out.
                let is_block = default.as_object().is_some_and(|block| !block.is_empty());
                let short = at(above, json!({}));
                let long = at(above, at(std::slice::from_ref(last), default));
                let [shorts, longs] = &mut both;
                join(shorts, short.clone());
                join(longs, if is_block { short.clone() } else { long.clone() });
                for (side, object) in [(&mut old, short), (&mut new, long)] {
                    let mut whole = head(number + 1);
                    join(&mut whole, object);
                    *side += &format!("---\n{whole}\n");
                }
                all += 1;
            }
            old += &format!("---\n{}\n", both[0]);
            new += &format!("---\n{}\n", both[1]);
        }
        let sides = Sides::read(&old, &new);
        let changes = diff::diff(&sides.old, &sides.new, facts, &sides.sources);
        let wrong = changes.objects.iter().flat_map(|object| {
            let of = format!("{minor}: {}", object.known.key);
            object
                .changes
                .iter()
                .filter(|change| change.effect != Effect::None)
                .map(move |change| format!("{of} {}", change.path))
        });
        assert_eq!(wrong.collect::<Vec<_>>(), Vec::<String>::new());
        assert!(changes.objects.len() > 400, "{minor}: {}", changes.objects.len());
        assert!(all > 280, "{minor}: {all}");
    }
}
