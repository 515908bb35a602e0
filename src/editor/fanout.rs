//! Fan-out: templates in use, axes, ranges, rows, exceptions.

use serde_json::{Value as Json, json};

use super::{Members, members, open, reference};
use crate::spec::keys;

/// Returns the form of a key that fans out.
pub(super) fn own(key: &str) -> Option<Json> {
    Some(match key {
        "use" => json!({"type": ["array", "string", "null"], "items": {"type": "string"}}),
        "matrix" => matrix_or_names(),
        "when" => json!({"type": ["string", "boolean", "null"]}),
        "instances" => open(&["integer"], json!({"minimum": 1})),
        "overrides" => json!({"type": ["array", "null"], "items": reference("override")}),
        _ => return None,
    })
}

/// Returns axes, the name of a fan-out, or a list of both; what is wrong in axes is refused where it stands.
fn matrix_or_names() -> Json {
    let axes = |types: &[&str], other: Json| {
        let mut form = json!({"type": types, "if": {"type": "object"}, "then": reference("matrix")});
        if !other.is_null() {
            form["else"] = other;
        }
        form
    };
    let item = axes(&["string", "object"], Json::Null);
    axes(&["string", "array", "object", "null"], json!({"items": item, "minItems": 1}))
}

/// Returns the keys that fan an entry out of any section but `workloads` and `objects`, with the exceptions to its fields.
pub(super) fn of_entry(fields: &Members) -> Members {
    let mut all = fields.clone();
    let own = |name: &str| reference(&format!("own.{name}"));
    all.extend(
        keys::names(&[keys::FAN_OUT]).into_iter().filter(|name| *name != "use").map(|name| (name.into(), own(name))),
    );
    let mut exception = fields.clone();
    exception.insert("match".into(), matching());
    all.insert("overrides".into(), open(&["array"], json!({"items": closed_with(exception, "match")})));
    all
}

/// Returns the axis values of an exception.
pub(super) fn matching() -> Json {
    super::below("overrides", "match", json!({"type": "object"}))
}

/// Returns a closed object that needs one of its members.
pub(super) fn closed_with(members: Members, required: &str) -> Json {
    let mut all = super::closed(members);
    all["required"] = json!([required]);
    all
}

/// Returns the definitions of matrices.
pub(super) fn defs() -> Members {
    let said = |name: &str, form: Json| super::described(keys::summary(keys::MATRIX, name), form);
    let cells = || open(&["array", "object"], json!({"items": {"type": "object"}}));
    let range: Members = [
        ("from", reference("integer")),
        ("to", reference("integer")),
        ("step", reference("integer")),
        ("format", json!({"type": "string"})),
    ]
    .map(|(name, form)| (name.to_owned(), super::below("matrix", name, form)))
    .into_iter()
    .collect();
    let axis = open(
        &["array", "object"],
        json!({
            "items": {"type": ["string", "number", "boolean", "object"]},
            "minItems": 1,
            "properties": range,
            "additionalProperties": false,
        }),
    );
    let zip = json!({"type": ["object", "null"], "additionalProperties": reference("axis")});
    let words = json!({
        "rows": said("rows", rows()),
        "zip": said("zip", zip),
        "include": said("include", cells()),
        "exclude": said("exclude", cells()),
        "where": said("where", json!({"type": ["string", "boolean", "null"]})),
    });
    members([
        ("matrix", open(&["object"], json!({"properties": words, "additionalProperties": reference("axis")}))),
        ("axis", axis),
    ])
}

/// Returns a table: a file or a list of rows.
pub(super) fn rows() -> Json {
    json!({"type": ["string", "array", "null"], "items": {"type": "object"}})
}
