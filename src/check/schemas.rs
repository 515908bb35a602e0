//! The schemas of a definition by the structural rules: every field has a type of its own, and what is said of values by
//! `allOf`, `anyOf`, `oneOf` and `not` is said of fields that have one.
//!
//! The rules are those of the server, `pkg/apiserver/schema/validation.go` and `complete.go` of `apiextensions-apiserver`.

use super::defaulting;
use super::definition::{Rules, is_true};
use super::structural::json_schema;
use crate::diagnostic::did_you_mean;
use crate::rules::Path;
use crate::schema::{self, Dialect, Validator, Violation};
use crate::text::{Map, Node, Value, scalar};

const TYPES: [&str; 6] = ["object", "array", "string", "integer", "number", "boolean"];
/// Keywords of JSON Schema that the server does not take.
const UNSUPPORTED: [&str; 7] =
    ["$schema", "$ref", "definitions", "dependencies", "id", "additionalItems", "patternProperties"];
/// What describes a field, and not its value.
const DESCRIBING: [&str; 9] = [
    "type",
    "title",
    "description",
    "default",
    "additionalProperties",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-map-type",
    "x-kubernetes-validations",
];
/// Switches that describe a field.
const SWITCHES: [&str; 4] = [
    "nullable",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-int-or-string",
];

/// The switch that keeps fields which no schema names.
const OPEN: &str = "x-kubernetes-preserve-unknown-fields";
/// The keys by which the items of a list are known.
const KEYS: &str = "x-kubernetes-list-map-keys";

/// Where a schema stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Item,
    Field,
}

/// A walk over the schemas of a version.
pub(super) struct Schemas<'a, 'b> {
    pub(super) rules: &'a mut Rules<'b>,
}

impl Schemas<'_, '_> {
    /// Checks the schema of a version.
    pub(super) fn root(&mut self, schema: &Node, path: &Path<'_>) {
        if let Some(node) = schema.get("nullable").filter(|node| is_true(Some(node))) {
            self.refuse(node, "expected the object itself not to be nullable", None, path, "nullable");
        }
        self.schema(schema, Level::Root, path);
    }

    fn refuse(&mut self, node: &Node, message: impl Into<String>, help: Option<&str>, path: &Path<'_>, field: &str) {
        self.rules.refuse(node, message, help, &Path::Field(path, field));
    }

    fn schema(&mut self, schema: &Node, level: Level, path: &Path<'_>) {
        let ty = text(schema, "type");
        let before = self.rules.found.len();
        self.own_type(schema, level, path);
        self.common(schema, path);
        self.lists(schema, ty, path);
        self.embedded(schema, ty, path);
        self.default(schema, ty, path);
        for (name, property) in map(schema, "properties") {
            let properties = Path::Field(path, "properties");
            let path = Path::Key(&properties, name);
            if level == Level::Root && name == "metadata" {
                self.metadata(property, &path);
            } else {
                self.schema(property, Level::Field, &path);
            }
        }
        if let Some(items) = schema.get("items").filter(|items| items.as_map().is_some()) {
            self.schema(items, Level::Item, &Path::Field(path, "items"));
        }
        if let Some(values) = schema.get("additionalProperties") {
            let is_open = matches!(values.value(), Value::Bool(true));
            if level == Level::Root {
                let message = "expected no `additionalProperties` at the root: it has `metadata`, `spec` and others";
                self.refuse(values, message, None, path, "additionalProperties");
            } else if !is_open && map(schema, "properties").next().is_some() {
                let message = "expected either `properties` or `additionalProperties`, found both";
                let help = "`properties` is for fields that are known, `additionalProperties` for keys that are not";
                self.refuse(values, message, Some(help), path, "additionalProperties");
            }
            if values.as_map().is_some() {
                self.schema(values, Level::Field, &Path::Field(path, "additionalProperties"));
            }
        }
        self.junctors(schema, Some(schema), path);
        if self.rules.found.len() == before {
            self.fit(schema, path);
        }
    }

    fn own_type(&mut self, schema: &Node, level: Level, path: &Path<'_>) {
        let any = ["x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields"];
        let own = schema.get("type").filter(|node| node.as_str() != Some(""));
        match own.map(|node| (node, node.as_str().unwrap_or_default())) {
            None if any.iter().any(|name| is_true(schema.get(name))) => {}
            None => {
                let why = match level {
                    Level::Root => "the schema of an object is of the type `object`",
                    Level::Item => "items have a type",
                    Level::Field => "each field has a type",
                };
                self.rules.miss(schema, "type", why, path);
            }
            Some((_, "object")) if level == Level::Root => {}
            Some((node, found)) if level == Level::Root => {
                self.refuse(node, format!("expected `object` at the root, found `{found}`"), None, path, "type");
            }
            Some((_, known)) if TYPES.contains(&known) => {}
            Some((node, found)) => {
                let near = did_you_mean(found, TYPES).map(|near| format!("did you mean `{near}`?"));
                let null = (found == "null").then(|| "write `nullable: true` beside another type".to_owned());
                let message = format!("expected a type, one of `{}`, found `{found}`", TYPES.join("`, `"));
                self.refuse(node, message, null.or(near).as_deref(), path, "type");
            }
        }
        if text(schema, "type") == "array" && schema.get("items").is_none() {
            self.rules.miss(schema, "items", "a list says what its items are", path);
        }
    }

    /// Checks what holds of every schema, wherever it stands.
    fn common(&mut self, schema: &Node, path: &Path<'_>) {
        for name in UNSUPPORTED {
            let says_nothing = |node: &Node| match name {
                "$schema" | "id" => node.as_str() == Some(""),
                "definitions" | "patternProperties" => node.as_map().is_some_and(Map::is_empty),
                _ => false,
            };
            if let Some(node) = schema.get(name).filter(|node| !node.is_null() && !says_nothing(node)) {
                let message = format!("`{name}` is not supported in the schema of a definition");
                self.refuse(node, message, Some("write the schema out where it is meant"), path, name);
            }
        }
        if let Some(node) = schema.get("uniqueItems").filter(|node| is_true(Some(node))) {
            let help = "`x-kubernetes-list-type: set` makes items unique";
            self.refuse(node, "`uniqueItems` cannot be true", Some(help), path, "uniqueItems");
        }
        if let Some(node) = schema.get(OPEN).filter(|node| matches!(node.value(), Value::Bool(false))) {
            self.refuse(node, format!("expected `{OPEN}` to be true or left out"), None, path, OPEN);
        }
        if let Some(node) = schema.get("items").filter(|items| items.as_seq().is_some()) {
            self.refuse(node, "expected one schema for all items, found a list", None, path, "items");
        }
        if let Some((node, pattern)) = schema.get("pattern").and_then(|node| Some((node, node.as_str()?)))
            && let Err(reason) = self.rules.patterns.compile(pattern)
        {
            let message = format!("expected a regular expression of Go, found `{pattern}`: {reason}");
            let looks = ["(?=", "(?!", "(?<=", "(?<!"].iter().any(|look| pattern.contains(look));
            let help = looks.then_some("RE2 has no lookaround: say it with `allOf`, `anyOf` and `not`");
            self.refuse(node, message, help, path, "pattern");
        }
    }

    fn lists(&mut self, schema: &Node, ty: &str, path: &Path<'_>) {
        for (name, wanted, values) in [
            ("x-kubernetes-list-type", "array", &["atomic", "set", "map"][..]),
            ("x-kubernetes-map-type", "object", &["atomic", "granular"]),
        ] {
            let Some((node, value)) = schema.get(name).and_then(|node| Some((node, node.as_str()?))) else { continue };
            if ty != wanted {
                self.refuse(node, format!("`{name}` is for the type `{wanted}`"), None, path, name);
            }
            if !values.contains(&value) {
                let message = format!("expected one of `{}`, found `{value}`", values.join("`, `"));
                self.refuse(node, message, None, path, name);
            }
        }
        if let ("set", Some(items)) = (text(schema, "x-kubernetes-list-type"), schema.get("items")) {
            let list = text(items, "x-kubernetes-list-type");
            let help = match text(items, "type") {
                "object" if text(items, "x-kubernetes-map-type") != "atomic" => {
                    Some("write `x-kubernetes-map-type: atomic` in `items`")
                }
                "array" if !list.is_empty() && list != "atomic" => {
                    Some("write `x-kubernetes-list-type: atomic` in `items`")
                }
                _ => None,
            };
            if help.is_some() {
                let message = "expected items that are replaced as a whole in a list of the type `set`";
                self.refuse(items, message, help, path, "items");
            }
        }
        let is_map = text(schema, "x-kubernetes-list-type") == "map";
        let keys = schema.get(KEYS).filter(|keys| keys.as_seq().is_some_and(|keys| !keys.is_empty()));
        let Some(keys) = keys else {
            if is_map {
                self.rules.miss(schema, KEYS, "a list of the type `map` has keys", path);
            }
            return;
        };
        if !is_map {
            let help = "write `x-kubernetes-list-type: map`";
            self.refuse(keys, format!("`{KEYS}` is for lists of the type `map`"), Some(help), path, KEYS);
            return;
        }
        let Some(items) = schema.get("items") else { return };
        if text(items, "type") != "object" {
            self.refuse(items, "expected items of the type `object` in a list of the type `map`", None, path, "items");
            return;
        }
        let required = items.get("required").and_then(Node::as_seq).unwrap_or_default();
        for key in keys.as_seq().unwrap_or_default() {
            let name = key.as_str().unwrap_or_default();
            match items.get("properties").and_then(|properties| properties.get(name)) {
                None => self.refuse(key, format!("the items have no field `{name}`"), None, path, KEYS),
                Some(field) if matches!(text(field, "type"), "array" | "object") => {
                    self.refuse(key, format!("the key `{name}` is no scalar"), None, path, KEYS);
                }
                Some(field) => {
                    let is_there = field.get("default").is_some() || required.iter().any(|known| known == key);
                    if !is_there {
                        let message = format!("the key `{name}` is neither required nor has it a default");
                        let help = "each item needs its keys, by which it is known";
                        self.refuse(key, message, Some(help), path, KEYS);
                    }
                }
            }
        }
    }

    fn embedded(&mut self, schema: &Node, ty: &str, path: &Path<'_>) {
        const EMBEDDED: &str = "x-kubernetes-embedded-resource";
        let is = |name: &str| is_true(schema.get(name));
        if is("x-kubernetes-int-or-string") {
            for name in [EMBEDDED, "x-kubernetes-preserve-unknown-fields"] {
                if let Some(node) = schema.get(name).filter(|node| is_true(Some(node))) {
                    let message = format!("`{name}` cannot stand beside `x-kubernetes-int-or-string`");
                    self.refuse(node, message, None, path, name);
                }
            }
        }
        let Some(node) = schema.get(EMBEDDED).filter(|node| is_true(Some(node))) else { return };
        if ty != "object" {
            self.refuse(node, "an embedded resource is of the type `object`", None, path, EMBEDDED);
        }
        if !is("x-kubernetes-preserve-unknown-fields") && map(schema, "properties").next().is_none() {
            let help = "write `x-kubernetes-preserve-unknown-fields: true` to keep all of it";
            self.refuse(node, "an embedded resource without `properties` keeps no field", Some(help), path, EMBEDDED);
        }
        if let Some(node) = schema.get("additionalProperties") {
            let message = "`additionalProperties` cannot stand in an embedded resource";
            self.refuse(node, message, None, path, "additionalProperties");
        }
    }

    fn default(&mut self, schema: &Node, ty: &str, path: &Path<'_>) {
        let Some(default) = schema.get("default").filter(|default| !default.is_null()) else { return };
        if !fits(default, ty) && !is_true(schema.get("x-kubernetes-int-or-string")) {
            let message = format!("expected a default of the type `{ty}`, found {}", default.type_name());
            self.refuse(default, message, None, path, "default");
        } else if let Some(values) = schema.get("enum").and_then(Node::as_seq).filter(|values| !values.is_empty())
            && !values.iter().any(|value| value == default)
        {
            let shown = default.as_str().unwrap_or_default();
            let message = format!("expected a default that `enum` has, found `{shown}`");
            self.refuse(default, message, None, path, "default");
        }
    }

    /// Checks a default against all that its schema says, which is sound.
    fn fit(&mut self, schema: &Node, path: &Path<'_>) {
        let default = schema.get("default").filter(|default| !default.is_null());
        let unfit = default.and_then(|default| Some((default, unfit(default, schema)?)));
        if let Some((default, Violation { message, help, origin, .. })) = unfit {
            let node = if origin.is_nowhere() { default } else { &Node::new(Value::Null, origin) };
            let message = format!("the default does not fit its schema: {message}");
            self.refuse(node, message, help.as_deref(), path, "default");
        }
    }

    fn metadata(&mut self, schema: &Node, path: &Path<'_>) {
        let other = map(schema, "properties").find(|(name, _)| !matches!(*name, "name" | "generateName"));
        if let Some((_, node)) = other {
            let message = "the schema may restrict `name` and `generateName` of `metadata` alone";
            self.refuse(node, message, None, path, "properties");
        }
    }

    /// Checks what is said of values; `fields` is the schema that describes them.
    fn junctors(&mut self, schema: &Node, fields: Option<&Node>, path: &Path<'_>) {
        let is_int_or_string = |forms: &Node| {
            let types: Option<Vec<&str>> =
                forms.as_seq().map(|forms| forms.iter().map(|form| text(form, "type")).collect());
            types.is_some_and(|types| types == ["integer", "string"])
        };
        for name in ["allOf", "anyOf", "oneOf"] {
            let Some(forms) = schema.get(name) else { continue };
            if name == "anyOf" && is_int_or_string(forms) {
                continue;
            }
            let path = Path::Field(path, name);
            for (at, form) in forms.as_seq().unwrap_or_default().iter().enumerate() {
                self.nested(form, fields, &Path::Item(&path, at));
            }
        }
        if let Some(form) = schema.get("not") {
            self.nested(form, fields, &Path::Field(path, "not"));
        }
    }

    fn nested(&mut self, form: &Node, fields: Option<&Node>, path: &Path<'_>) {
        const HELP: &str = "describe the field beside `allOf`, `anyOf`, `oneOf` and `not`, and not in them";
        let given = |name: &&&str| form.get(name).is_some_and(|node| !node.is_null());
        for name in DESCRIBING.iter().filter(given) {
            let node = form.get(name).unwrap_or(form);
            self.refuse(node, format!("`{name}` cannot stand here"), Some(HELP), path, name);
        }
        for name in SWITCHES.iter().filter(|name| is_true(form.get(name))) {
            let node = form.get(name).unwrap_or(form);
            self.refuse(node, format!("`{name}` cannot stand here"), Some(HELP), path, name);
        }
        self.common(form, path);
        for (name, property) in map(form, "properties") {
            let properties = Path::Field(path, "properties");
            let path = Path::Key(&properties, name);
            if name == "metadata" {
                self.rules.refuse(property, "`metadata` cannot be restricted here", None, &path);
                continue;
            }
            let described = fields.and_then(|fields| fields.get("properties")?.get(name));
            if fields.is_some() && described.is_none() {
                let message = format!("`{name}` is restricted here, and not described as a field");
                let help = "write it in `properties` beside `allOf`, `anyOf`, `oneOf` or `not`, with its type";
                self.rules.refuse(property, message, Some(help), &path);
            }
            // One cause, one finding: what stands in a field that nobody describes is not described either.
            self.nested(property, described, &path);
        }
        if let Some(items) = form.get("items").filter(|items| items.as_map().is_some()) {
            let described = fields.and_then(|fields| fields.get("items"));
            self.nested(items, described, &Path::Field(path, "items"));
        }
        self.junctors(form, fields, path);
    }
}

/// Returns what its schema does not allow in a default, once the defaults in it are filled in.
fn unfit(default: &Node, schema: &Node) -> Option<Violation> {
    if is_true(schema.get("x-kubernetes-embedded-resource")) {
        return None;
    }
    // A schema that is none has findings of its own.
    let validator = Validator::compile(json_schema(schema::to_json(schema)), Dialect::OpenApi).ok()?;
    validator.validate(&defaulting::as_stored(default, schema, false)).into_iter().next()
}

/// Whether a value is of a type of the schema.
fn fits(value: &Node, ty: &str) -> bool {
    let own = match value.value() {
        Value::Map(_) => "object",
        Value::Seq(_) => "array",
        Value::Bool(_) => "boolean",
        Value::Number(text) if matches!(scalar::resolve(text), scalar::Meaning::Integer(_)) => "integer",
        Value::Number(_) => "number",
        Value::String(_) | Value::Raw(_) => "string",
        Value::Null | Value::Plain(_) | Value::Broken => return true,
    };
    ty.is_empty() || own == ty || (own, ty) == ("integer", "number")
}

fn text<'n>(node: &'n Node, field: &str) -> &'n str {
    node.get(field).and_then(Node::as_str).unwrap_or_default()
}

fn map<'n>(node: &'n Node, field: &str) -> impl Iterator<Item = (&'n str, &'n Node)> {
    let entries = node.get(field).and_then(Node::as_map).into_iter().flatten();
    entries.map(|entry| (entry.key.text.as_str(), &entry.value))
}
