//! JSON Schemas over nodes: parameters and custom resources; the only door to the schema library.
//!
//! A schema and an instance enter as nodes, and what the schema does not allow leaves with its place in the source. The
//! instance is read where it stands, without a copy; unquoted scalars mean what YAML 1.2 says.

mod form;
mod format;
mod go_pattern;
mod instance;
mod unique;
mod wording;

pub use format::is_format;
pub use go_pattern::{GoPattern, Patterns};

use std::collections::HashSet;

use jsonschema::error::ValidationErrorKind;
use jsonschema::json::Node as _;
use jsonschema::{Draft, Keyword, PatternOptions, ValidationError};
use serde_json::Value as Json;

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::limits;
use crate::text::{Node, Origin, Value, scalar};
use instance::{Instance, NodeJson, within};
use unique::{Items, LIST_TYPE, Unique};

/// A schema, ready to check any number of instances.
#[derive(Debug)]
pub struct Validator {
    compiled: jsonschema::Validator<NodeJson>,
    schema: Json,
    /// The most choices of an `enum`.
    choices: u64,
}

/// Which rules a schema is written by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// JSON Schema 2020-12, formats included.
    JsonSchema,
    /// The `OpenAPI` 3.0 of custom resource definitions, whose patterns stand under [`GO_PATTERN`].
    OpenApi,
}

/// The keyword of a pattern that is read as Go reads it.
pub const GO_PATTERN: &str = "x-go-pattern";

/// The keyword [`GO_PATTERN`]. A pattern that cannot be read allows all: the definition has its finding.
struct OfGo(Option<GoPattern>);

impl<'i> Keyword<'i, NodeJson> for OfGo {
    fn validate(&self, instance: Instance<'i>) -> Result<(), ValidationError<'i>> {
        if self.is_valid(instance) { Ok(()) } else { Err(ValidationError::custom("the pattern does not match")) }
    }

    fn is_valid(&self, instance: Instance<'i>) -> bool {
        let Some(pattern) = &self.0 else { return true };
        instance.as_string().is_none_or(|text| pattern.is_match(&text))
    }
}

/// What a schema does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The value, or the key, that is wrong.
    pub origin: Origin,
    /// The path of the value, as the API server writes paths.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// The way out, where there is one.
    pub help: Option<String>,
    /// Whether the type of the value is wrong.
    pub typed: bool,
}

impl Validator {
    /// Reads a JSON Schema.
    pub fn new(schema: &Node) -> Result<Self, Diagnostics> {
        Self::compile(to_json(schema), Dialect::JsonSchema).map_err(|(path, message)| {
            let (origin, _) = find(schema, &path);
            std::iter::once(Diagnostic::new(Code::InvalidValue, origin, message)).collect()
        })
    }

    /// Compiles a schema; refused ones come back as the path of the mistake and what is wrong there.
    pub fn compile(schema: Json, dialect: Dialect) -> Result<Self, (Vec<String>, String)> {
        let patterns = Patterns::default();
        let mut options = jsonschema::options_for::<NodeJson>()
            .with_draft(if dialect == Dialect::OpenApi { Draft::Draft4 } else { Draft::Draft202012 })
            // Of a definition's formats those are left in that are the same to all.
            .should_validate_formats(true)
            .with_pattern_options(PatternOptions::regex())
            .with_keyword(GO_PATTERN, move |_, pattern, _| {
                Ok(Box::new(OfGo(pattern.as_str().and_then(|pattern| patterns.compile(pattern).ok()))))
            })
            .with_keyword(LIST_TYPE, |schema, _, _| Ok(Box::new(Unique(Items::of(schema)))))
            .offline();
        if dialect == Dialect::OpenApi {
            for (name, test) in format::FORMATS {
                options = options.with_format(name, test);
            }
        }
        match options.build(&schema) {
            Ok(compiled) => Ok(Self { choices: most_choices(&schema), compiled, schema }),
            Err(error) => Err((segments(&error), format!("expected a JSON Schema: {}", wording::of_schema(&error)))),
        }
    }

    /// Returns all that the schema does not allow, in the order of the schema.
    pub fn validate(&self, instance: &Node) -> Vec<Violation> {
        let is_valid = || self.compiled.is_valid(Instance::Node(instance));
        match within(limits::SCHEMA_LOOKS, self.choices, is_valid) {
            Some(true) => return Vec::new(),
            Some(false) => {}
            None => return vec![Self::unsaid(instance, "is too much to check: its schema has too many forms")],
        }
        let found = || {
            let mut violations = Vec::new();
            let mut mistyped = HashSet::new();
            for error in self.compiled.iter_errors(Instance::Node(instance)) {
                if let ValidationErrorKind::Type { .. } = error.kind() {
                    mistyped.insert(find(instance, &segments(&error)).0);
                }
                self.explain(&error, instance, &mut violations);
            }
            // Of a value of the wrong type nothing else needs saying.
            violations.retain(|violation| violation.typed || !mistyped.contains(&violation.origin));
            violations
        };
        within(limits::SCHEMA_REASONS, self.choices, found).unwrap_or_else(|| {
            vec![Self::unsaid(instance, "does not fit its schema, which has too many forms to say where")]
        })
    }

    /// Says of a whole instance what cannot be said of a part of it.
    fn unsaid(instance: &Node, message: &str) -> Violation {
        let (origin, message) = (first_key(instance), format!("{} {message}", instance.type_name()));
        Violation { origin, path: String::new(), message, help: None, typed: false }
    }

    fn explain(&self, error: &ValidationError<'_>, instance: &Node, violations: &mut Vec<Violation>) {
        let path = segments(error);
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected }
            | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                let (_, parent) = find(instance, &path);
                for name in unexpected {
                    let key =
                        parent.and_then(Node::as_map).and_then(|map| map.entry(name)).map(|entry| entry.key.origin);
                    let mut path = path.clone();
                    path.push(name.clone());
                    violations.push(Violation {
                        origin: key.unwrap_or(instance.origin()),
                        path: display(instance, &path),
                        message: format!("unknown field `{name}`"),
                        help: wording::nearby(&self.schema, error, name),
                        typed: false,
                    });
                }
            }
            ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
                // The form that was meant is the one that fits deepest.
                let depth = |branch: &Vec<ValidationError<'static>>| {
                    branch.iter().map(|error| segments(error).len()).max().unwrap_or(0)
                };
                // One that asks for another word than is there is not the one that was meant.
                let is_meant = |branch: &Vec<ValidationError<'static>>| {
                    use ValidationErrorKind::{Constant, Enum, Not};
                    !branch.iter().any(|error| matches!(error.kind(), Constant { .. } | Enum { .. } | Not { .. }))
                };
                let deepest = context.iter().max_by_key(|branch| (depth(branch), is_meant(branch)));
                match deepest.filter(|branch| depth(branch) > path.len()) {
                    Some(branch) => branch.iter().for_each(|error| self.explain(error, instance, violations)),
                    None => violations.push(self.plain(error, instance, &path)),
                }
            }
            ValidationErrorKind::Custom { .. } if error.schema_path().as_str().ends_with(LIST_TYPE) => {
                self.twice(error, instance, &path, violations);
            }
            _ => violations.push(self.plain(error, instance, &path)),
        }
    }

    /// Reports each item of a list that is there before.
    fn twice(&self, error: &ValidationError<'_>, instance: &Node, path: &[String], violations: &mut Vec<Violation>) {
        let pointer = error.schema_path().as_str();
        let above = pointer.rsplit_once('/').map_or("", |(above, _)| above);
        let items = self.schema.pointer(above).and_then(Json::as_object).and_then(Items::of);
        let Some((items, list)) = items.zip(find(instance, path).1) else { return };
        for (at, known) in items.again(list) {
            let mut path = path.to_vec();
            path.push(at.to_string());
            violations.push(Violation {
                origin: first_key(find(instance, &path).1.unwrap_or(list)),
                path: display(instance, &path),
                message: format!("the item `{known}` stands twice in the list"),
                help: Some("the schema tells items apart by that: take one away".into()),
                typed: false,
            });
        }
    }

    fn plain(&self, error: &ValidationError<'_>, instance: &Node, path: &[String]) -> Violation {
        let (origin, found) = find(instance, path);
        let mut path = path.to_vec();
        let origin = match error.kind() {
            ValidationErrorKind::Required { property } => {
                path.extend(property.as_str().map(str::to_owned));
                missing_in(instance, &path)
            }
            _ => origin,
        };
        let found = found.unwrap_or(instance);
        // Nobody knows whether what is broken in it would fit.
        let origin = if found.holds_broken() { Origin::BROKEN } else { origin };
        let of_go = || self.schema.pointer(error.schema_path().as_str()).and_then(Json::as_str);
        let pattern = match error.kind() {
            ValidationErrorKind::Custom { .. } => of_go(),
            ValidationErrorKind::Pattern { pattern } => Some(pattern.as_str()),
            _ => None,
        };
        let message = pattern.map_or_else(|| wording::of(error, found), |pattern| wording::of_pattern(pattern, found));
        Violation {
            origin,
            path: display(instance, &path),
            message,
            help: pattern.and_then(wording::pattern_itself),
            typed: matches!(error.kind(), ValidationErrorKind::Type { .. }),
        }
    }
}

/// Returns the number of choices of the longest `enum`.
fn most_choices(schema: &Json) -> u64 {
    let below = |inner: &mut dyn Iterator<Item = &Json>| inner.map(most_choices).max().unwrap_or_default();
    match schema {
        Json::Array(items) => below(&mut items.iter()),
        Json::Object(words) => {
            let here = words.get("enum").and_then(Json::as_array).map_or(0, Vec::len) as u64;
            here.max(below(&mut words.values()))
        }
        _ => 0,
    }
}

/// Returns the value of a tree; unquoted scalars mean what YAML 1.2 says.
pub fn to_json(node: &Node) -> Json {
    match node.value() {
        Value::Null | Value::Broken => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Number(text) => number(text),
        Value::String(text) | Value::Raw(text) => Json::from(text.as_str()),
        Value::Plain(text) => match scalar::resolve_core(text) {
            scalar::Meaning::Null => Json::Null,
            scalar::Meaning::Bool(value) => Json::Bool(value),
            scalar::Meaning::Integer(text) | scalar::Meaning::Float(Some(text)) => number(&text),
            scalar::Meaning::Float(None) | scalar::Meaning::Text => Json::from(text.as_str()),
        },
        Value::Seq(items) => items.iter().map(to_json).collect(),
        Value::Map(map) => map.iter().map(|entry| (entry.key.text.to_string(), to_json(&entry.value))).collect(),
    }
}

/// Reads a number in JSON's notation; integers of more than 64 bits become floats.
fn number(text: &str) -> Json {
    serde_json::from_str::<serde_json::Number>(text).map_or(Json::Null, Json::Number)
}

fn segments(error: &ValidationError<'_>) -> Vec<String> {
    error.instance_path().into_iter().map(|segment| segment.to_string()).collect()
}

/// Returns the node at a path, or how far the path leads.
fn find<'a>(root: &'a Node, path: &[String]) -> (Origin, Option<&'a Node>) {
    let mut node = root;
    for segment in path {
        match child(node, segment) {
            Some(child) => node = child,
            None => return (node.origin(), None),
        }
    }
    (node.origin(), Some(node))
}

fn child<'a>(node: &'a Node, segment: &str) -> Option<&'a Node> {
    match node.value() {
        Value::Seq(items) => items.get(segment.parse::<usize>().ok()?),
        _ => node.get(segment),
    }
}

/// Returns where a field is missed: at the key of its mapping, or at the first key in it.
fn missing_in(root: &Node, path: &[String]) -> Origin {
    let [outer @ .., key, _] = path else { return first_key(root) };
    let (_, parent) = find(root, outer);
    let entry = parent.and_then(Node::as_map).and_then(|map| map.entry(key));
    entry.map_or_else(|| first_key(find(root, &path[..path.len() - 1]).1.unwrap_or(root)), |entry| entry.key.origin)
}

fn first_key(node: &Node) -> Origin {
    node.as_map().and_then(|map| map.iter().next()).map_or(node.origin(), |entry| entry.key.origin)
}

fn display(root: &Node, path: &[String]) -> String {
    let mut text = String::new();
    let mut node = Some(root);
    for segment in path {
        if node.is_some_and(|node| node.as_seq().is_some()) {
            text.extend(["[", segment, "]"]);
        } else {
            text.extend([if text.is_empty() { "" } else { "." }, segment]);
        }
        node = node.and_then(|node| child(node, segment));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::read_document;
    use crate::text::Sources;

    fn read(sources: &mut Sources, text: &str) -> Node {
        read_document(sources, "a.yaml", text.into(), &mut Diagnostics::new()).unwrap()
    }

    /// Returns what a schema does not allow, each as the text that it points at and the message.
    fn found(schema: &str, instance: &str) -> Vec<String> {
        let mut sources = Sources::default();
        let validator = Validator::new(&read(&mut sources, schema)).unwrap();
        let instance = read(&mut sources, instance);
        let found = validator.validate(&instance);
        found.iter().map(|one| format!("{}: {} ({})", one.path, one.message, sources.text(one.origin))).collect()
    }

    #[test]
    fn instances_are_read_where_they_stand() {
        let schema = "{type: object, additionalProperties: false, required: [a], properties: {a: {type: array, \
             items: {type: [integer, boolean]}}, b: {type: string, format: ipv4}}}";
        assert_eq!(found(schema, "{a: [1, true, -3], b: 10.0.0.1}"), [""; 0]);
        assert_eq!(
            found(schema, "{a: [yes]}"),
            ["a[0]: expected a boolean or an integer, found the string `yes` (yes)"]
        );
        assert_eq!(
            found(schema, "{b: 10.0.0}"),
            [
                "b: expected an IPv4 address such as `10.0.0.1`, found the string `10.0.0` (10.0.0)",
                "a: missing field `a` (b)"
            ]
        );
        assert_eq!(found(schema, "{a: [], c: 1}"), ["c: unknown field `c` (c)"]);
    }

    #[test]
    fn a_shared_subtree_is_no_cycle() {
        let schema = "{$defs: {t: {type: object, additionalProperties: {$ref: '#/$defs/t'}}}, $ref: '#/$defs/t'}";
        assert_eq!(found(schema, "{a: &a {b: {}}, c: *a, d: {e: *a}}"), [""; 0]);
        assert_eq!(found(schema, "{a: {b: 1}}"), ["a.b: expected a mapping, found the integer `1` (1)"]);
    }

    #[test]
    fn of_several_forms_the_nearest_explains() {
        let schema = "{anyOf: [{type: integer}, {type: object, properties: {from: {type: integer}}}]}";
        assert_eq!(found(schema, "{from: a}"), ["from: expected an integer, found the string `a` (a)"]);
        assert_eq!(found("{oneOf: [{type: integer}, {type: boolean}]}", "a").len(), 1);
    }

    #[test]
    fn a_schema_that_is_none_says_where() {
        let mut sources = Sources::default();
        for (schema, place) in [("{type: strng}", "strng"), ("{properties: {a: {minimum: b}}}", "b")] {
            let schema = read(&mut sources, schema);
            let refused = Validator::new(&schema).unwrap_err();
            let finding = refused.iter().next().unwrap();
            assert_eq!(sources.text(finding.origin), place, "{}", finding.message);
        }
        let schema = read(&mut sources, "{$ref: 'https://example.com/schema.json'}");
        assert!(Validator::new(&schema).is_err(), "nothing is fetched");
    }
}
