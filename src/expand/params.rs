//! The parameters of a batch: declarations and given values in, one mapping of values out.
//!
//! A declaration is a default, whose type the parameter has, or a JSON Schema, in which `rows` may stand for the default.
//! Values come, later ones first, from `--set`, `--params` and profiles. Unknown, missing and unused parameters are findings.

use smol_str::SmolStr;

use super::tables;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, suggestion, words};
use crate::limits;
use crate::schema::Validator;
use crate::text::{Entry, Key, Map, Node, Origin, Value, scalar};

/// The words of JSON Schema that a declaration may use, and `rows`, of a table that is the default.
pub const SCHEMA_WORDS: &[&str] = &[
    "type",
    "rows",
    "default",
    "description",
    "title",
    "enum",
    "const",
    "items",
    "prefixItems",
    "properties",
    "required",
    "additionalProperties",
    "patternProperties",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "anyOf",
    "oneOf",
    "allOf",
    "not",
    "if",
    "then",
    "else",
    "$defs",
    "$ref",
    "examples",
    "deprecated",
];

/// Resolves the values of all parameters; those that cannot be are findings, and broken.
///
/// `given` is the lowest layer first.
pub(super) fn resolve(declared: &Map, given: &[&Map], diagnostics: &mut Diagnostics) -> Node {
    let mut values = Map::with_capacity(declared.len());
    let mut origin = Origin::NOWHERE;
    for entry in declared {
        origin = entry.key.origin;
        let set = given.iter().rev().find_map(|layer| layer.entry(&entry.key.text));
        values.push(entry.key.clone(), value_of(entry, set, diagnostics).unwrap_or_else(Node::broken));
    }
    Node::map(values, origin)
}

/// Returns the finding about a value for a parameter that no batch declares.
pub(super) fn unknown<'a>(key: &Key, declared: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    let known: Vec<&str> = declared.into_iter().take(limits::NEAR_WORDS).collect();
    let finding =
        Diagnostic::new(Code::UnknownParameter, key.origin, format!("no parameter `{}` is declared", key.text));
    match suggestion(&key.text, known.iter().copied()) {
        Some(hint) => finding.help(hint),
        None if known.is_empty() => finding.help("no parameters are declared: `params: {NAME: default}` declares one"),
        None => finding.help(format!("declared is {}", words::list(known, "and"))),
    }
}

fn value_of(declaration: &Entry, set: Option<&Entry>, diagnostics: &mut Diagnostics) -> Option<Node> {
    let name = &declaration.key.text;
    if set.is_some_and(|set| tables::lone_rows(&set.value).is_some()) && tables::takes_rows(&declaration.value) {
        // They could not be read.
        return None;
    }
    let Some(schema) = declaration.value.as_map() else {
        return Some(match set {
            Some(set) => {
                typed_like(name, &declaration.value, set, diagnostics).unwrap_or_else(|| declaration.value.clone())
            }
            None => declaration.value.clone(),
        });
    };
    if let Some(entry) = schema.iter().find(|entry| !SCHEMA_WORDS.contains(&entry.key.text.as_str())) {
        diagnostics.push(
            Diagnostic::new(
                Code::UnknownField,
                entry.key.origin,
                format!("the schema of the parameter `{name}` has no word `{}`", entry.key.text),
            )
            .did_you_mean_word(&entry.key.text, SCHEMA_WORDS.iter().copied())
            .help("a mapping declares a JSON Schema; for a mapping as value write `{type: object, default: {…}}`"),
        );
        return None;
    }
    let rows = schema.entry("rows");
    if let (Some(_), Some(default)) = (rows, schema.entry("default")) {
        let message = format!("the parameter `{name}` has two defaults: `rows` and `default`");
        diagnostics
            .push(Diagnostic::new(Code::InvalidParameter, default.key.origin, message).help("keep one of the two"));
        return None;
    }
    let of_rows = rows.map(|rows| list_of_rows(schema, rows.key.origin));
    let schema = of_rows.as_ref().unwrap_or(schema);
    let default = rows.map(|rows| &rows.value).or(schema.get("default"));
    if set.is_none() && rows.is_some_and(|rows| rows.value.is_null()) {
        return None;
    }
    let value = if let Some(value) = set.map(|set| &set.value).or(default) {
        as_text_where_asked(value, schema)
    } else {
        diagnostics.push(
            Diagnostic::new(
                Code::MissingParameter,
                declaration.key.origin,
                format!("the parameter `{name}` has no default and was not given"),
            )
            .help(format!("give it with `--set {name}=…`, or in a file with `--params`")),
        );
        return None;
    };
    let validator = match Validator::new(&Node::map(schema.clone(), declaration.value.origin())) {
        Ok(validator) => validator,
        Err(findings) => {
            diagnostics.append(findings);
            return None;
        }
    };
    let violations = validator.validate(&value);
    let valid = violations.is_empty();
    for violation in violations {
        diagnostics.push(
            Diagnostic::new(
                Code::InvalidParameter,
                violation.origin,
                format!("parameter `{name}`: {}", violation.message),
            )
            .maybe_help(violation.help)
            .maybe_help(
                rows.filter(|_| value.as_seq().is_none()).map(|_| format!("`--params {name}=FILE` reads its rows")),
            )
            .also(declaration.key.origin, "declared here"),
        );
    }
    if valid {
        return Some(value);
    }
    // With the default in place of the refused value, all else can still be looked at.
    let fallback = default.filter(|_| set.is_some()).map(|default| as_text_where_asked(default, schema))?;
    validator.validate(&fallback).is_empty().then_some(fallback)
}

/// Returns the schema of a parameter with `rows`, which without another word is a list of mappings.
fn list_of_rows(schema: &Map, origin: Origin) -> Map {
    let mut list = schema.clone();
    list.remove("rows");
    let typed = |name: &str| Node::string(name, origin);
    if !list.contains("type") {
        list.put("type", typed("array"));
    }
    let mut row = match list.get("items") {
        Some(items) => items.as_map().cloned(),
        None => Some(Map::new()),
    };
    if let Some(row) = row.as_mut().filter(|row| !row.contains("type")) {
        row.push(Key::new("type", origin), typed("object"));
        list.put("items", Node::map(row.clone(), origin));
    }
    list
}

/// Takes an unquoted value as a text where the schema asks for one: `--set tag=1.28` is no number, and neither is the cell
/// `01234` of a column of texts.
fn as_text_where_asked(value: &Node, schema: &Map) -> Node {
    let below = |value: &Node, schema: Option<&Node>| match schema.and_then(Node::as_map) {
        Some(schema) => as_text_where_asked(value, schema),
        None => value.clone(),
    };
    match (value.value(), schema.get("type").and_then(Node::as_str)) {
        (Value::Plain(text), Some("string")) if !scalar::is_null(text) => Node::string(text.clone(), value.origin()),
        (Value::Seq(items), _) if schema.contains("items") => {
            let items = items.iter().map(|item| below(item, schema.get("items")));
            Node::seq(items.collect(), value.origin())
        }
        (Value::Map(map), _) if schema.contains("properties") => {
            let of = |key: &str| schema.get("properties").and_then(|properties| properties.get(key));
            let entries = map.iter().map(|entry| {
                let value = below(&entry.value, of(&entry.key.text));
                Entry { key: entry.key.clone(), value }
            });
            Node::map(entries.collect(), value.origin())
        }
        _ => value.clone(),
    }
}

/// Returns a given value with the type that the default has.
fn typed_like(name: &SmolStr, default: &Node, set: &Entry, diagnostics: &mut Diagnostics) -> Option<Node> {
    let value = &set.value;
    let wanted = kind(default);
    let found = kind(value);
    let fits = match (wanted, found) {
        (Kind::Null, _) => true,
        (Kind::Text, _) if value.text().is_some() && !value.is_null() => {
            return Some(Node::string(value.text().cloned().unwrap_or_default(), value.origin()));
        }
        (Kind::Number, Kind::Integer) => true,
        (wanted, found) => wanted == found,
    };
    if fits {
        return Some(value.clone());
    }
    diagnostics.push(
        Diagnostic::new(
            Code::InvalidParameter,
            value.origin(),
            format!("parameter `{name}`: expected {}, as its default is, found {}", wanted.name(), found.name()),
        )
        .also(default.origin(), "the default is here")
        .help("a JSON Schema in place of the default allows other types"),
    );
    None
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Null,
    Bool,
    Integer,
    Number,
    Text,
    List,
    Mapping,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "a boolean",
            Self::Integer => "an integer",
            Self::Number => "a number",
            Self::Text => "a string",
            Self::List => "a list",
            Self::Mapping => "a mapping",
        }
    }
}

fn kind(node: &Node) -> Kind {
    match node.value() {
        Value::Null | Value::Broken => Kind::Null,
        Value::Bool(_) => Kind::Bool,
        Value::Number(text) if text.contains(['.', 'e', 'E']) => Kind::Number,
        Value::Number(_) => Kind::Integer,
        Value::String(_) | Value::Raw(_) => Kind::Text,
        Value::Seq(_) => Kind::List,
        Value::Map(_) => Kind::Mapping,
        Value::Plain(text) => match scalar::resolve_core(text) {
            scalar::Meaning::Null => Kind::Null,
            scalar::Meaning::Bool(_) => Kind::Bool,
            scalar::Meaning::Integer(_) => Kind::Integer,
            scalar::Meaning::Float(_) => Kind::Number,
            scalar::Meaning::Text => Kind::Text,
        },
    }
}
