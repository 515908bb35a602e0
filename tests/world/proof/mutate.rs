//! Objects that are nearly what they were: what people, controllers and other notations make of them.

use fanfold::kubernetes::{Facts, Schema, Shape, Type};
use serde_json::{Map, Value as Json, json};

use crate::dice::Dice;

/// What is at a place of an object.
#[derive(Clone, Copy)]
enum At<'a> {
    Fields(&'a Type),
    Schema(&'a Schema),
    Unknown,
}

/// Returns the pointers (RFC 6901) to all values in an object that may be altered, with what they are.
fn places<'a>(object: &Json, ty: Option<&'a Type>, facts: &'a Facts) -> Vec<(String, At<'a>)> {
    fn escaped(key: &str) -> String {
        key.replace('~', "~0").replace('/', "~1")
    }
    fn walk<'a>(value: &Json, at: At<'a>, pointer: &str, facts: &'a Facts, found: &mut Vec<(String, At<'a>)>) {
        let at = match at {
            At::Schema(Schema { shape: Shape::Type(id), .. }) => At::Fields(facts.ty(*id)),
            other => other,
        };
        found.push((pointer.to_owned(), at));
        match value {
            Json::Object(map) => {
                for (key, value) in map {
                    let fixed = ["apiVersion", "kind", "status", "name", "namespace"].contains(&key.as_str());
                    let is_meta = pointer == "/metadata" || pointer.is_empty();
                    if fixed && is_meta {
                        continue;
                    }
                    let below = match at {
                        At::Fields(ty) => ty.field(key).map_or(At::Unknown, |field| At::Schema(&field.schema)),
                        At::Schema(Schema { shape: Shape::Map(value), .. }) => At::Schema(value),
                        _ => At::Unknown,
                    };
                    walk(value, below, &format!("{pointer}/{}", escaped(key)), facts, found);
                }
            }
            Json::Array(items) => {
                let below = match at {
                    At::Schema(Schema { shape: Shape::List(item), .. }) => At::Schema(item),
                    _ => At::Unknown,
                };
                for (number, item) in items.iter().enumerate() {
                    walk(item, below, &format!("{pointer}/{number}"), facts, found);
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(object, ty.map_or(At::Unknown, At::Fields), "", facts, &mut found);
    found
}

fn type_of<'a>(object: &Json, facts: &'a Facts) -> Option<&'a Type> {
    let version = object["apiVersion"].as_str()?;
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    let kind = facts.kind(group, version, object["kind"].as_str()?)?;
    facts.type_of(kind).map(|id| facts.ty(id))
}

/// Alters an object in one place, in a way that may or may not matter; says how.
pub(super) fn mutate(object: &mut Json, live: Option<&Json>, facts: &Facts, dice: &mut Dice) -> &'static str {
    let places = places(object, type_of(object, facts), facts);
    let (pointer, at) = dice.pick(&places).clone();
    let is_root = pointer.is_empty();
    let fixed = is_root || pointer == "/metadata";
    let Some(value) = object.pointer_mut(&pointer) else { return "none" };
    match (value, at, dice.below(8)) {
        (Json::Object(map), At::Fields(ty), 0..=4) => add_field(map, ty, facts, is_root, dice),
        (Json::Object(map), _, 5) if !map.is_empty() && !fixed => {
            let key = dice.pick(&map.keys().cloned().collect::<Vec<_>>()).clone();
            map.remove(&key);
            "remove a field"
        }
        (Json::Object(map), At::Schema(Schema { shape: Shape::Map(_), .. }), 6) => {
            map.insert("added".into(), json!("1"));
            "add a key"
        }
        (value @ Json::Object(_), _, 7) if !fixed => {
            *value = json!({});
            "empty a mapping"
        }
        (Json::Object(_), _, _) => copy_from_live(object, live, &pointer, dice),
        (Json::Array(items), _, 0..=2) if items.len() > 1 => {
            let (one, other) = (dice.below(items.len()), dice.below(items.len()));
            items.swap(one, other);
            "reorder a list"
        }
        (Json::Array(items), _, 3) if !items.is_empty() => {
            let mut item = dice.pick(items).clone();
            change_keys(&mut item, dice);
            items.push(item);
            "double an item"
        }
        (Json::Array(items), _, 4) if !items.is_empty() => {
            let at = dice.below(items.len());
            items.remove(at);
            "remove an item"
        }
        (Json::Array(items), _, 5) => {
            items.clear();
            "empty a list"
        }
        (Json::Array(_), _, _) => copy_from_live(object, live, &pointer, dice),
        (value, _, 0) => {
            *value = Json::Null;
            "set null"
        }
        (value, At::Schema(Schema { shape: Shape::IntOrString, .. }), 1..=4) => {
            *value = match &*value {
                Json::Number(number) => json!(number.to_string()),
                Json::String(text) => text.parse::<i64>().map_or(json!("8080"), |number| json!(number)),
                other => other.clone(),
            };
            "a number as a text, or back"
        }
        (value, _, 5..=7) => respell(value, dice),
        (Json::Bool(value), ..) => {
            *value = !*value;
            "turn a boolean"
        }
        (value @ Json::Number(_), ..) => {
            *value = json!(value.as_i64().unwrap_or_default() + 1);
            "count on"
        }
        (Json::String(text), ..) => {
            text.push('x');
            "change a text"
        }
        (Json::Null, ..) => "none",
    }
}

/// Puts a value of little meaning into a field that is not there.
fn add_field(map: &mut Map<String, Json>, ty: &Type, facts: &Facts, is_root: bool, dice: &mut Dice) -> &'static str {
    if ty.fields.is_empty() {
        return "none";
    }
    let field = dice.pick(&ty.fields);
    // The server drops these: nobody may write them, their gates are closed, or empty ones are none to it.
    let dropped =
        ["resourceVersion", "selfLink", "defaultUser", "schedulingGroup", "lifecycle", "dataSource", "dataSourceRef"];
    if dropped.contains(&field.name.as_str()) {
        return "none";
    }
    let fixed = ["apiVersion", "kind", "metadata", "managedFields", "name", "namespace", "uid", "resourceVersion"];
    if map.contains_key(field.name.as_str()) || fixed.contains(&field.name.as_str()) && is_root {
        return "none";
    }
    let Some(value) = little(&field.schema, facts, dice) else { return "none" };
    map.insert(field.name.to_string(), value);
    "add a field of little meaning"
}

fn little(schema: &Schema, facts: &Facts, dice: &mut Dice) -> Option<Json> {
    if dice.one_in(12) {
        return Some(Json::Null);
    }
    Some(match &schema.shape {
        Shape::String => json!(if dice.one_in(4) { "x" } else { "" }),
        Shape::Integer | Shape::Number => json!(dice.below(2)),
        Shape::Boolean => json!(dice.one_in(3)),
        Shape::Quantity => json!(dice.pick(&["0", "1", "1000m", "1Ki"])),
        Shape::IntOrString => json!(dice.below(2)),
        Shape::Map(_) => json!({}),
        Shape::List(_) => json!([]),
        Shape::Type(id) if dice.one_in(3) => {
            let ty = facts.ty(*id);
            if ty.fields.is_empty() {
                return None;
            }
            let field = dice.pick(&ty.fields);
            let mut map = Map::new();
            map.insert(field.name.to_string(), little(&field.schema, facts, dice)?);
            Json::Object(map)
        }
        Shape::Type(_) => json!({}),
        Shape::Any | Shape::Time | Shape::Duration | Shape::Bytes => return None,
    })
}

/// Takes over what the server put where nothing was written.
fn copy_from_live(object: &mut Json, live: Option<&Json>, pointer: &str, dice: &mut Dice) -> &'static str {
    let Some(there) = live.and_then(|live| live.pointer(pointer)) else { return "none" };
    match (object.pointer_mut(pointer), there) {
        (Some(Json::Object(ours)), Json::Object(theirs)) if pointer.starts_with("/spec") && !theirs.is_empty() => {
            let keys: Vec<&String> = theirs.keys().collect();
            let key = *dice.pick(&keys);
            ours.insert(key.clone(), theirs[key].clone());
            "say a default"
        }
        (Some(ours @ Json::Array(_)), Json::Array(_)) => {
            *ours = there.clone();
            "say all defaults of a list"
        }
        _ => "none",
    }
}

/// Makes another item of a list of it, where it has keys.
fn change_keys(item: &mut Json, dice: &mut Dice) {
    let Json::Object(map) = item else { return };
    if dice.one_in(4) {
        return;
    }
    for (key, value) in [("protocol", "UDP"), ("name", "another"), ("mountPath", "/another"), ("key", "another")] {
        if map.contains_key(key) || key == "protocol" && (map.contains_key("containerPort") || map.contains_key("port"))
        {
            map.insert(key.into(), json!(value));
        }
    }
}

/// Writes a value in other words: equal ones, or nearly.
fn respell(value: &mut Json, dice: &mut Dice) -> &'static str {
    let Some(text) = value.as_str().map(str::to_owned) else {
        if let Some(number) = value.as_i64().filter(|_| dice.one_in(2)) {
            *value = json!(number.to_string());
            return "a number as a text";
        }
        return "none";
    };
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    let (Ok(number), suffix) = (digits.parse::<u64>(), &text[digits.len()..]) else { return "none" };
    *value = match suffix {
        "m" if number % 1000 == 0 || dice.one_in(3) => {
            json!(format!("{}.{:03}", number / 1000, number % 1000))
        }
        "m" => json!(format!("{}u", number * 1000)),
        "" if dice.one_in(2) => json!(number),
        "" => json!(dice.pick(&[
            format!("{number}000m"),
            format!("{number}.0"),
            format!("{number}e0"),
            format!("+{number}")
        ])),
        "Gi" => {
            json!(dice.pick(&[format!("{}Mi", number * 1024), format!("{}", number << 30), format!("{number}.0Gi")]))
        }
        "Mi" => {
            json!(dice.pick(&[format!("{}Ki", number * 1024), format!("{}", number << 20), format!("{number}.5Mi")]))
        }
        "Ki" => json!(format!("{}", number * 1024)),
        "G" => json!(format!("{}M", number * 1000)),
        "M" => json!(format!("{}k", number * 1000)),
        _ => return "none",
    };
    "respell an amount"
}
