//! What the schema library found, in the words of this project.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use serde_json::Value as Json;

use crate::diagnostic::{did_you_mean, words};
use crate::text::{Node, Value, scalar};

/// The most values that a message lists.
const LISTED: usize = 12;

/// Says what is wrong with an instance.
pub(super) fn of(error: &ValidationError<'_>, node: &Node) -> String {
    let found = || found(node);
    let size = |unit: &str| format!("{} {unit}", length(node));
    match error.kind() {
        Kind::Type { kind } => format!("expected {}, found {}", types(kind), found()),
        Kind::Required { property } => format!("missing field `{}`", text(property)),
        Kind::Enum { options } => format!("expected {}, found {}", one_of(options), found()),
        Kind::Constant { expected_value } => format!("expected `{}`, found {}", text(expected_value), found()),
        Kind::Minimum { limit } => format!("expected at least `{limit}`, found {}", found()),
        Kind::Maximum { limit } => format!("expected at most `{limit}`, found {}", found()),
        Kind::ExclusiveMinimum { limit } => format!("expected more than `{limit}`, found {}", found()),
        Kind::ExclusiveMaximum { limit } => format!("expected less than `{limit}`, found {}", found()),
        Kind::MultipleOf { multiple_of } => format!("expected a multiple of `{multiple_of}`, found {}", found()),
        Kind::MinLength { limit } => format!("expected at least {limit} characters, found {}", length(node)),
        Kind::MaxLength { limit } => format!("expected at most {limit} characters, found {}", length(node)),
        Kind::MinItems { limit } => format!("expected at least {}, found {}", count(*limit, "item"), length(node)),
        Kind::MaxItems { limit } => format!("expected at most {}, found {}", count(*limit, "item"), length(node)),
        Kind::MinProperties { limit } => {
            format!("expected at least {}, found {}", count(*limit, "field"), length(node))
        }
        Kind::MaxProperties { limit } => format!("expected at most {}, found {}", count(*limit, "field"), length(node)),
        Kind::Pattern { pattern } => of_pattern(pattern, node),
        Kind::Format { format } => format!("expected a text of the format `{format}`, found {}", found()),
        Kind::UniqueItems => "expected unique items, found the same one twice".to_owned(),
        Kind::AdditionalItems { limit } => format!("expected at most {limit} items, found {}", size("items")),
        Kind::Contains => "expected an item that the schema asks for, found none".to_owned(),
        Kind::FalseSchema => format!("expected nothing here, found {}", found()),
        Kind::Not { .. } => format!("expected another value than the schema rules out, found {}", found()),
        Kind::OneOfMultipleValid { .. } => {
            "expected exactly one of the allowed forms, found several at once".to_owned()
        }
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => forms(context, node),
        Kind::PropertyNames { error } => format!("a key is not allowed: {}", of_key(error)),
        other => format!("expected a value that the schema allows by `{}`, found {}", other.keyword(), found()),
    }
}

/// Says which pattern a text does not match.
pub(super) fn of_pattern(pattern: &str, node: &Node) -> String {
    format!("expected a text that matches `{pattern}`, found {}", found(node))
}

/// Says what is wrong with a schema.
pub(super) fn of_schema(error: &ValidationError<'_>) -> String {
    match error.kind() {
        Kind::Referencing(_) => "a reference leads nowhere, or out of the schema".to_owned(),
        Kind::Format { format } if format == "regex" => "a pattern is no regular expression".to_owned(),
        Kind::Enum { options } => format!("expected {}", one_of(options)),
        Kind::Type { kind } => format!("expected {}", types(kind)),
        _ => error.masked_with("the value").to_string(),
    }
}

/// Returns the known field that an unknown one was meant to be.
pub(super) fn nearby(schema: &Json, error: &ValidationError<'_>, name: &str) -> Option<String> {
    let pointer = error.schema_path().as_str();
    let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
    let known = schema.pointer(parent)?.get("properties")?.as_object()?;
    did_you_mean(name, known.keys().map(String::as_str)).map(|meant| format!("did you mean `{meant}`?"))
}

/// Names the forms of which none fits: their types where they differ in type, their fields where in fields.
fn forms(context: &[Vec<ValidationError<'static>>], node: &Node) -> String {
    let only = |branch: &Vec<ValidationError<'static>>| match branch.as_slice() {
        [error] => match error.kind() {
            Kind::Type { kind } => Some(Ok(types(kind))),
            Kind::Required { property } => Some(Err(text(property))),
            _ => None,
        },
        _ => None,
    };
    let names: Option<Vec<Result<String, String>>> = context.iter().map(only).collect();
    if let Some(names) = names {
        let types: Result<Vec<String>, String> = names.iter().cloned().collect();
        if let Ok(types) = types {
            return format!("expected {}, found {}", types.join(" or "), found(node));
        }
        let fields: Vec<String> = names.into_iter().filter_map(Result::err).collect();
        return format!("missing field: one of {}", words::list(fields.iter().map(String::as_str), "and"));
    }
    format!("expected one of {} forms, found {} that fits none", context.len(), found(node))
}

fn found(node: &Node) -> String {
    words::found_by(node, false, scalar::resolve_core)
}

fn of_key(error: &ValidationError<'_>) -> String {
    match error.kind() {
        Kind::Pattern { pattern } => format!("expected a text that matches `{pattern}`"),
        Kind::MaxLength { limit } => format!("expected at most {limit} characters"),
        Kind::MinLength { limit } => format!("expected at least {limit} characters"),
        Kind::Enum { options } => format!("expected {}", one_of(options)),
        other => format!("expected a text that the schema allows by `{}`", other.keyword()),
    }
}

fn types(kind: &TypeKind) -> String {
    let name = |ty: jsonschema::JsonType| match ty.to_string().as_str() {
        "array" => "a list".to_owned(),
        "object" => "a mapping".to_owned(),
        "integer" => "an integer".to_owned(),
        "null" => "null".to_owned(),
        other => format!("a {other}"),
    };
    match kind {
        TypeKind::Single(ty) => name(*ty),
        TypeKind::Multiple(set) => {
            // That a field may be left empty is no help to who filled it.
            let names: Vec<String> = set.iter().filter(|ty| *ty != jsonschema::JsonType::Null).map(name).collect();
            names.join(" or ")
        }
    }
}

fn one_of(options: &Json) -> String {
    let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
    let shown: Vec<String> = options.iter().filter(|option| !option.is_null()).take(LISTED).map(text).collect();
    let listed = words::list(shown.iter().map(String::as_str), "or");
    if options.len() > LISTED { format!("one of {} values, such as {listed}", options.len()) } else { listed }
}

fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn count(number: u64, unit: &str) -> String {
    if number == 1 { format!("1 {unit}") } else { format!("{number} {unit}s") }
}

fn length(node: &Node) -> usize {
    match node.value() {
        Value::Seq(items) => items.len(),
        Value::Map(map) => map.len(),
        _ => node.as_str().map_or(0, |text| text.chars().count()),
    }
}
