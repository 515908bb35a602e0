//! The schema of a definition as a JSON Schema: what the server takes once it has filled in defaults.
//!
//! A structural schema enters, which describes the fields; a schema leaves that also refuses others.

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::schema::{GO_PATTERN, is_format};

/// Turns a structural schema into the JSON Schema of what the server takes.
pub(super) fn json_schema(mut schema: Json) -> Json {
    structural(&mut schema, true);
    values(&mut schema);
    schema
}

/// Closes mappings, and opens what is the same in all objects.
fn structural(schema: &mut Json, root: bool) {
    let Some(object) = schema.as_object_mut() else { return };
    let flag = |object: &JsonMap<String, Json>, name: &str| object.get(name) == Some(&Json::Bool(true));
    if flag(object, "x-kubernetes-int-or-string") {
        object.insert("type".into(), json!(["integer", "string"]));
        object.remove("anyOf");
    }
    let open = flag(object, "x-kubernetes-preserve-unknown-fields");
    let embedded = flag(object, "x-kubernetes-embedded-resource");
    if root || embedded {
        // What all objects have is checked as in native ones.
        let properties = object.entry("properties").or_insert_with(|| json!({}));
        for name in ["apiVersion", "kind", "metadata"] {
            if let Some(properties) = properties.as_object_mut() {
                properties.entry(name).or_insert_with(|| json!({}));
            }
        }
        if let Some(properties) = properties.as_object_mut().filter(|_| root) {
            properties.entry("status").or_insert_with(|| json!({"x-kubernetes-preserve-unknown-fields": true}));
        }
    }
    if embedded {
        let required = object.entry("required").or_insert_with(|| json!([]));
        if let Some(required) = required.as_array_mut() {
            required.extend([json!("apiVersion"), json!("kind")]);
        }
    }
    let is_object = object.get("type").is_none_or(|ty| ty == "object");
    let named = object.contains_key("properties") || object.get("type") == Some(&json!("object"));
    if !open && is_object && named && !object.contains_key("additionalProperties") {
        object.insert("additionalProperties".into(), Json::Bool(false));
    }
    if let Some(items) = object.get_mut("items") {
        structural(items, false);
    }
    if let Some(values) = object.get_mut("additionalProperties").filter(|values| values.is_object()) {
        structural(values, false);
    }
    let properties = object.get_mut("properties").and_then(Json::as_object_mut);
    for (name, property) in properties.into_iter().flatten() {
        if (root || embedded) && name == "metadata" {
            // The schema may restrict the name; everything else of it is native.
            if let Some(metadata) = property.as_object_mut() {
                metadata.insert("x-kubernetes-preserve-unknown-fields".into(), Json::Bool(true));
            }
        }
        structural(property, false);
    }
}

/// Calls `each` with the schemas that a schema holds.
fn inner(object: &mut JsonMap<String, Json>, mut each: impl FnMut(&mut Json)) {
    object
        .get_mut("properties")
        .and_then(Json::as_object_mut)
        .into_iter()
        .flatten()
        .for_each(|(_, schema)| each(schema));
    for name in ["items", "additionalProperties", "not"] {
        object.get_mut(name).into_iter().for_each(&mut each);
    }
    for name in ["allOf", "anyOf", "oneOf"] {
        object.get_mut(name).and_then(Json::as_array_mut).into_iter().flatten().for_each(&mut each);
    }
}

/// Writes what is said of values as JSON Schema has it: null, patterns, formats.
fn values(schema: &mut Json) {
    let Some(object) = schema.as_object_mut() else { return };
    inner(object, values);
    // The library knows no empty list of names or values.
    for name in ["required", "enum"] {
        if object.get(name).and_then(Json::as_array).is_some_and(Vec::is_empty) {
            object.remove(name);
        }
    }
    // An empty type is none.
    if object.get("type").and_then(Json::as_str) == Some("") {
        object.remove("type");
    }
    if object.get("nullable") == Some(&Json::Bool(true)) {
        nullable(object);
    }
    if let Some(pattern) = object.remove("pattern") {
        object.insert(GO_PATTERN.to_owned(), pattern);
    }
    if object.get("format").and_then(Json::as_str).is_some_and(|format| !is_format(format)) {
        object.remove("format");
    }
}

/// Lets a value be null.
fn nullable(object: &mut JsonMap<String, Json>) {
    match object.get_mut("type") {
        Some(Json::Array(types)) => types.push(json!("null")),
        Some(ty @ Json::String(_)) => *ty = json!([ty.take(), "null"]),
        _ => {}
    }
    if let Some(values) = object.get_mut("enum").and_then(Json::as_array_mut)
        && !values.contains(&Json::Null)
    {
        values.push(Json::Null);
    }
}
