//! What the schema library found, in the words of this project.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use serde_json::Value as Json;

use super::form::described;
use crate::diagnostic::{did_you_mean, words};
use crate::text::{Node, Value, scalar};

/// The most values that a message lists.
const LISTED: usize = 12;

/// Says what is wrong with an instance.
pub(super) fn of(error: &ValidationError<'_>, node: &Node) -> String {
    let found = || found(node);
    let wanted = |expected: String| format!("expected {expected}, found {}", found());
    match error.kind() {
        Kind::Required { property } => format!("missing field `{}`", text(property)),
        Kind::MinLength { limit } => format!("expected at least {limit} characters, found {}", length(node)),
        Kind::MaxLength { limit } => format!("expected at most {limit} characters, found {}", length(node)),
        Kind::MinItems { limit } => format!("expected at least {}, found {}", count(*limit, "item"), length(node)),
        Kind::MaxItems { limit } => format!("expected at most {}, found {}", count(*limit, "item"), length(node)),
        Kind::MinProperties { limit } => {
            format!("expected at least {}, found {}", count(*limit, "field"), length(node))
        }
        Kind::MaxProperties { limit } => format!("expected at most {}, found {}", count(*limit, "field"), length(node)),
        Kind::UniqueItems => "expected unique items, found the same one twice".to_owned(),
        Kind::AdditionalItems { limit } => format!("expected at most {limit} items, found {} items", length(node)),
        Kind::Contains => "expected an item of the form that the schema asks for, found none".to_owned(),
        Kind::FalseSchema => wanted("nothing here".to_owned()),
        Kind::OneOfMultipleValid { .. } => {
            "expected exactly one of the allowed forms, found several at once".to_owned()
        }
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => forms(context, node),
        Kind::PropertyNames { error } => format!("a key is not allowed: {}", of_key(error)),
        other => {
            wanted(value(error).unwrap_or_else(|| format!("a value that the schema allows by `{}`", other.keyword())))
        }
    }
}

/// Says what value is wanted, where the schema asks for one.
fn value(error: &ValidationError<'_>) -> Option<String> {
    Some(match error.kind() {
        Kind::Type { kind } => types(kind),
        Kind::Enum { options } => one_of(options),
        Kind::Constant { expected_value } => format!("`{}`", text(expected_value)),
        Kind::Minimum { limit } => format!("at least `{limit}`"),
        Kind::Maximum { limit } => format!("at most `{limit}`"),
        Kind::ExclusiveMinimum { limit } => format!("more than `{limit}`"),
        Kind::ExclusiveMaximum { limit } => format!("less than `{limit}`"),
        Kind::MultipleOf { multiple_of } => format!("a multiple of `{multiple_of}`"),
        Kind::MinLength { limit } => format!("at least {}", count(*limit, "character")),
        Kind::MaxLength { limit } => format!("at most {}", count(*limit, "character")),
        Kind::Pattern { pattern } => form(pattern),
        Kind::Format { format } => of_format(format),
        Kind::Not { schema } => other_than(schema),
        _ => return None,
    })
}

/// Says that a text has not the form of a pattern.
pub(super) fn of_pattern(pattern: &str, node: &Node) -> String {
    format!("expected {}, found {}", form(pattern), found(node))
}

/// Returns the form of a pattern in words.
fn form(pattern: &str) -> String {
    described(pattern).unwrap_or_else(|| "a text of the form that the schema asks for".to_owned())
}

/// Returns the pattern itself, where no words say it.
pub(super) fn pattern_itself(pattern: &str) -> Option<String> {
    described(pattern).is_none().then(|| format!("the form is that of the regular expression `{pattern}`"))
}

/// Says what a text of a format is.
fn of_format(format: &str) -> String {
    let known = match format {
        "date-time" => "a time such as `2026-01-31T09:30:00Z`",
        "date" => "a date such as `2026-01-31`",
        "time" => "a time of day such as `09:30:00Z`",
        "duration" => "a duration such as `1h30m`",
        "email" | "idn-email" => "an email address such as `team@example.com`",
        "hostname" | "idn-hostname" => "a host name such as `app.example.com`",
        "ipv4" => "an IPv4 address such as `10.0.0.1`",
        "ipv6" => "an IPv6 address such as `2001:db8::1`",
        "uri" | "iri" => "a URI such as `https://example.com/path`",
        "uri-reference" | "iri-reference" => "a URI or a path such as `/path`",
        "uri-template" => "a URI with variables such as `/users/{id}`",
        "uuid" => "a UUID such as `123e4567-e89b-12d3-a456-426614174000`",
        "regex" => "a regular expression",
        "json-pointer" => "a JSON pointer such as `/spec/replicas`",
        "relative-json-pointer" => "a relative JSON pointer such as `1/name`",
        _ => return format!("a text of the format `{format}`"),
    };
    known.to_owned()
}

/// Says what is not allowed, where that is a value, a type or a field.
fn other_than(schema: &Json) -> String {
    let words = schema.as_object().filter(|words| words.len() == 1).and_then(|words| words.iter().next());
    match words.map(|(word, value)| (word.as_str(), value)) {
        Some(("const", value)) => format!("another value than `{}`", text(value)),
        Some(("enum", options)) => format!("another value than {}", one_of(options)),
        Some(("pattern", pattern)) => match pattern.as_str().and_then(described) {
            Some(form) => format!("anything but {form}"),
            None => "a text that has not the form which the schema rules out".to_owned(),
        },
        Some(("required", fields)) => match fields.as_array().map(Vec::as_slice) {
            Some([field]) => format!("a mapping without the field `{}`", text(field)),
            _ => format!("a mapping without all of {}", all_of(fields)),
        },
        Some(("type", ty)) if ty.is_string() => format!("anything but the type `{}`", text(ty)),
        _ => "another value than those that the schema rules out".to_owned(),
    }
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
    let values: Option<Vec<String>> = context.iter().map(|branch| values(branch)).collect();
    match values {
        Some(values) => format!("expected {}, found {}", values.join(", or "), found(node)),
        None => format!("expected one of {} forms, found {} that fits none", context.len(), found(node)),
    }
}

/// Says what value a form of several wants, where it wants one and words say which.
fn values(branch: &[ValidationError<'static>]) -> Option<String> {
    let [error] = branch else { return None };
    match error.kind() {
        Kind::Pattern { pattern } => described(pattern),
        Kind::Not { .. } => None,
        _ => value(error),
    }
}

fn found(node: &Node) -> String {
    words::found_by(node, false, scalar::resolve_core)
}

fn of_key(error: &ValidationError<'_>) -> String {
    let expected = value(error);
    expected.map_or_else(
        || format!("expected a text that the schema allows by `{}`", error.kind().keyword()),
        |expected| format!("expected {expected}"),
    )
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

fn all_of(values: &Json) -> String {
    let values: Vec<String> = values.as_array().into_iter().flatten().map(text).collect();
    words::list(values.iter().map(String::as_str), "and")
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
