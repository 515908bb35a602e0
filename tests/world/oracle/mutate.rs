//! Objects that are nearly right: one place of a right one is altered, in the way of a slip or of a guess.

use fanfold::kubernetes::{Facts, Schema, Shape, Type};
use serde_json::{Map, Value as Json, json};

use crate::dice::Dice;

/// A place of an object, as a pointer (RFC 6901), with what is known of its value.
struct Place<'a> {
    pointer: String,
    at: At<'a>,
}

#[derive(Clone, Copy)]
enum At<'a> {
    Fields(&'a Type),
    Schema(&'a Schema),
    Unknown,
}

impl<'a> At<'a> {
    fn of(schema: &'a Schema, facts: &'a Facts) -> Self {
        match schema.shape {
            Shape::Type(id) => At::Fields(facts.ty(id)),
            _ => At::Schema(schema),
        }
    }

    fn below(self, key: &str, facts: &'a Facts) -> Self {
        match self {
            At::Fields(ty) => ty.field(key).map_or(At::Unknown, |field| At::of(&field.schema, facts)),
            At::Schema(Schema { shape: Shape::Map(inner) | Shape::List(inner), .. }) => At::of(inner, facts),
            _ => At::Unknown,
        }
    }
}

/// Returns the type of an object of a kind that is known.
pub(super) fn type_of<'a>(object: &Json, facts: &'a Facts) -> Option<&'a Type> {
    let version = object["apiVersion"].as_str()?;
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    let kind = facts.kind(group, version, object["kind"].as_str()?)?;
    facts.type_of(kind).map(|id| facts.ty(id))
}

/// Alters an object in one place; says where and how. `None` where the lot fell on nothing to do.
pub(super) fn mutate(object: &mut Json, facts: &Facts, dice: &mut Dice) -> Option<String> {
    let mut places = Vec::new();
    walk(object, At::Fields(type_of(object, facts)?), String::new(), facts, &mut places);
    let texts = texts(object);
    // Lists of containers, paths, names: structures say more than the many labels do.
    let structures: Vec<&Place> = places.iter().filter(|place| matches!(place.at, At::Fields(_))).collect();
    let place = if dice.one_in(2) { *dice.pick(&structures) } else { dice.pick(&places) };
    let value = object.pointer_mut(&place.pointer)?;
    let is_root = place.pointer.is_empty();
    let how = match (value, place.at) {
        (Json::Object(map), At::Fields(ty)) => alter_structure(map, ty, is_root, facts, &texts, dice),
        (Json::Object(map), at) => alter_map(map, at, facts, dice),
        (Json::Array(items), at) => alter_list(items, at, facts, &texts, dice),
        (value, at) => alter_scalar(value, at, &texts, dice),
    }?;
    Some(format!("{how} at {}", if is_root { "/" } else { &place.pointer }))
}

fn walk<'a>(value: &Json, at: At<'a>, pointer: String, facts: &'a Facts, places: &mut Vec<Place<'a>>) {
    match value {
        Json::Object(map) => {
            for (key, value) in map {
                // Another kind is another object.
                if pointer.is_empty() && ["apiVersion", "kind"].contains(&key.as_str()) {
                    continue;
                }
                let below = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
                walk(value, at.below(key, facts), below, facts, places);
            }
        }
        Json::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                walk(item, at.below("", facts), format!("{pointer}/{number}"), facts, places);
            }
        }
        _ => {}
    }
    places.push(Place { pointer, at });
}

/// Returns the short texts of an object: names of its parts, and references to them.
fn texts(object: &Json) -> Vec<String> {
    fn collect(value: &Json, texts: &mut Vec<String>) {
        match value {
            Json::Object(map) => map.values().for_each(|value| collect(value, texts)),
            Json::Array(items) => items.iter().for_each(|item| collect(item, texts)),
            Json::String(text) if !text.is_empty() && text.len() < 40 => texts.push(text.clone()),
            _ => {}
        }
    }
    let mut texts = vec!["a".to_owned()];
    collect(object, &mut texts);
    texts
}

fn alter_structure(
    map: &mut Map<String, Json>,
    ty: &Type,
    is_root: bool,
    facts: &Facts,
    texts: &[String],
    dice: &mut Dice,
) -> Option<String> {
    let keys: Vec<String> =
        map.keys().filter(|key| !(is_root && ["apiVersion", "kind"].contains(&key.as_str()))).cloned().collect();
    match dice.below(8) {
        0 | 1 if !keys.is_empty() => {
            let key = dice.pick(&keys);
            map.remove(key);
            Some(format!("drop `{key}`"))
        }
        2 if !keys.is_empty() && dice.one_in(3) => {
            let key = dice.pick(&keys);
            let value = map.remove(key)?;
            map.insert(format!("{key}s"), value);
            Some(format!("misspell `{key}`"))
        }
        3 if keys.len() > 1 && dice.one_in(3) => {
            let (one, other) = (dice.pick(&keys).clone(), dice.pick(&keys).clone());
            let (first, second) = (map[&one].clone(), map[&other].clone());
            map.insert(one.clone(), second);
            map.insert(other.clone(), first);
            (one != other).then(|| format!("swap `{one}` and `{other}`"))
        }
        _ => {
            let free: Vec<_> = ty
                .fields
                .iter()
                .filter(|field| !(map.contains_key(field.name.as_str()) || is_root && field.name == "status"))
                .collect();
            if free.is_empty() {
                return None;
            }
            let field = *dice.pick(&free);
            map.insert(field.name.to_string(), guess(&field.name, &field.schema, facts, texts, 0, dice)?);
            Some(format!("add `{}`", field.name))
        }
    }
}

fn alter_map(map: &mut Map<String, Json>, at: At, facts: &Facts, dice: &mut Dice) -> Option<String> {
    let keys: Vec<String> = map.keys().cloned().collect();
    if dice.one_in(3) && !keys.is_empty() {
        let key = dice.pick(&keys);
        map.remove(key);
        return Some(format!("drop `{key}`"));
    }
    let key = *dice.pick(&["a", "A.b", "", "a b", "example.com/a", "/a", "a/b/c", "-a", "_a", "cpu", "nvidia.com/gpu"]);
    let value = match at {
        At::Schema(Schema { shape: Shape::Map(inner), .. }) => guess(key, inner, facts, &[], 0, dice)?,
        _ => json!("a"),
    };
    map.insert(key.to_owned(), value);
    Some(format!("add the key `{key}`"))
}

fn alter_list(items: &mut Vec<Json>, at: At, facts: &Facts, texts: &[String], dice: &mut Dice) -> Option<String> {
    if items.is_empty() || dice.one_in(6) {
        let At::Schema(Schema { shape: Shape::List(inner), .. }) = at else { return None };
        items.push(guess("", inner, facts, texts, 0, dice)?);
        return Some("add an item".into());
    }
    let number = dice.below(items.len());
    match dice.below(5) {
        0 | 1 => {
            items.push(items[number].clone());
            Some(format!("double item {number}"))
        }
        2 => {
            items.remove(number);
            Some(format!("drop item {number}"))
        }
        3 => {
            items.clear();
            Some("empty the list".into())
        }
        _ => {
            let other = dice.below(items.len());
            items.swap(number, other);
            (number != other).then(|| format!("swap items {number} and {other}"))
        }
    }
}

fn alter_scalar(value: &mut Json, at: At, texts: &[String], dice: &mut Dice) -> Option<String> {
    let before = value.clone();
    let is_mixed = matches!(at, At::Schema(Schema { shape: Shape::IntOrString, .. }));
    *value = match (&before, at) {
        _ if dice.one_in(12) => retyped(&before, dice),
        (Json::String(_), At::Schema(schema)) if !schema.values.is_empty() && !dice.one_in(3) => {
            json!(dice.pick(&schema.values).as_str())
        }
        _ if is_mixed && dice.one_in(2) => mixed(dice),
        (_, At::Schema(Schema { shape: Shape::Quantity, .. })) => json!(dice.pick(QUANTITIES)),
        (Json::String(_), _) if dice.one_in(4) => json!(dice.pick(texts)),
        (Json::String(text), _) => odd_text(text, dice),
        (Json::Number(_), _) => json!(dice.pick(NUMBERS)),
        (Json::Bool(value), _) => json!(!value),
        _ => return None,
    };
    let shown: String = value.to_string().chars().take(40).collect();
    (*value != before).then(|| format!("set {shown}"))
}

const NUMBERS: &[i64] = &[0, 0, -1, -1, 1, 2, 3, 80, 101, 511, 512, 30000, 65535, 65536, 2_147_483_648];
const QUANTITIES: &[&str] = &["0", "-1", "1", "1.5", "500m", "1m", "1n", "1Gi", "1Ki", "many", ""];

fn mixed(dice: &mut Dice) -> Json {
    let all = [
        json!(0),
        json!(-1),
        json!(70000),
        json!("http"),
        json!(""),
        json!("50%"),
        json!("150%"),
        json!("HTTP"),
        json!("80"),
        json!("0%"),
    ];
    dice.pick(&all).clone()
}

fn odd_text(text: &str, dice: &mut Dice) -> Json {
    json!(match dice.below(14) {
        0 | 1 => String::new(),
        2 => "a".repeat(300),
        3 => "a".repeat(64),
        4 => format!("{text}.b"),
        5 => text.to_uppercase(),
        6 => format!("{text}_a"),
        7 => "unknown".to_owned(),
        8 => format!("-{text}"),
        9 => format!("{text} "),
        10 => format!("/{text}"),
        11 => format!("../{text}"),
        12 => text.to_lowercase(),
        _ => "1".to_owned(),
    })
}

fn retyped(value: &Json, dice: &mut Dice) -> Json {
    match value {
        Json::String(_) => dice.pick(&[json!(1), json!(true), json!(null), json!([]), json!({})]).clone(),
        Json::Number(number) => dice.pick(&[json!(number.to_string()), json!(1.5), json!(null), json!(false)]).clone(),
        _ => dice.pick(&[json!("true"), json!(null), json!(0)]).clone(),
    }
}

/// Guesses a value of a field that is not there, mostly of the right shape.
fn guess(name: &str, schema: &Schema, facts: &Facts, texts: &[String], depth: usize, dice: &mut Dice) -> Option<Json> {
    Some(match &schema.shape {
        Shape::String if !schema.values.is_empty() && !dice.one_in(8) => json!(dice.pick(&schema.values).as_str()),
        Shape::String => guessed_text(name, texts, dice),
        Shape::Integer | Shape::Number => json!(dice.pick(NUMBERS)),
        Shape::Boolean => json!(!dice.one_in(3)),
        Shape::Quantity => json!(dice.pick(QUANTITIES)),
        Shape::IntOrString => mixed(dice),
        Shape::Time => json!(dice.pick(&["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000000Z"])),
        Shape::Duration => json!(dice.pick(&["1h", "90s"])),
        Shape::Bytes => json!(dice.pick(&["YQ==", "", "not base64"])),
        Shape::Any => return None,
        Shape::List(inner) if dice.one_in(8) && depth == 0 => {
            let item = guess(name, inner, facts, texts, depth + 1, dice)?;
            json!([item, item])
        }
        Shape::List(_) if dice.one_in(8) => json!([]),
        Shape::List(inner) => json!([guess(name, inner, facts, texts, depth + 1, dice)?]),
        Shape::Map(_) if dice.one_in(8) => json!({}),
        Shape::Map(inner) => {
            let key = dice.pick(&["a", "app", "cpu", "memory", "storage", "A.b"]);
            json!({ *key: guess(key, inner, facts, texts, depth + 1, dice)? })
        }
        Shape::Type(id) => {
            let ty = facts.ty(*id);
            let mut map = Map::new();
            let more = if depth > 3 { 0 } else { dice.below(3) };
            let extra: Vec<usize> = (0..more).map(|_| dice.below(ty.fields.len())).collect();
            for (number, field) in ty.fields.iter().enumerate() {
                let is_required = ty.required.contains(&field.name) && !dice.one_in(12);
                if is_required && depth < 6 || extra.contains(&number) {
                    let value = guess(&field.name, &field.schema, facts, texts, depth + 1, dice);
                    value.and_then(|value| map.insert(field.name.to_string(), value));
                }
            }
            Json::Object(map)
        }
    })
}

fn guessed_text(name: &str, texts: &[String], dice: &mut Dice) -> Json {
    let lower = name.to_lowercase();
    let fitting: &[&str] = match lower.as_str() {
        _ if lower.contains("path") => &["/a", "a", "a/b", "../a"],
        _ if lower.ends_with("version") => &["v1", "apps/v1"],
        _ if lower.ends_with("ip") || lower.ends_with("ips") => &["10.0.0.1", "fd00::1", "10.0.0.300"],
        _ if lower.contains("cidr") || lower.contains("ranges") => &["10.0.0.0/8", "10.0.0.1/8", "10.0.0.1"],
        _ if lower.contains("host") => &["example.com", "*.example.com", "10.0.0.1"],
        _ => &["a", "example.com/a"],
    };
    match dice.below(4) {
        0 if !texts.is_empty() => json!(dice.pick(texts)),
        1 => odd_text("a", dice),
        _ => json!(dice.pick(fitting)),
    }
}
