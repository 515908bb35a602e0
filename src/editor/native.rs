//! Kubernetes types as definitions: those that are asked for, and all that they reach.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::{
    EXPRESSION, MESSAGE, Members, closed, described, list, mapping, open, reference, short, with_pattern, words,
};
use crate::kubernetes::{Facts, Schema, Shape, TypeId, sentence};

/// What the API server takes as an amount.
pub(super) const AMOUNT: &str = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?";

/// The types that were referred to so far.
#[derive(Debug)]
pub(super) struct Types {
    facts: &'static Facts,
    wanted: BTreeMap<String, TypeId>,
}

impl Types {
    /// Returns none of the types of a minor.
    pub(super) fn new(facts: &'static Facts) -> Self {
        Self { facts, wanted: BTreeMap::new() }
    }

    /// Returns the facts.
    pub(super) fn facts(&self) -> &'static Facts {
        self.facts
    }

    /// Returns the form of a value.
    pub(super) fn of(&mut self, schema: &Schema) -> Json {
        if !schema.values.is_empty() {
            return words(schema.values.iter().map(smol_str::SmolStr::as_str));
        }
        match &schema.shape {
            Shape::String => reference("text"),
            Shape::Integer => reference("integer"),
            Shape::Number => reference("number"),
            Shape::Boolean => reference("boolean"),
            Shape::Any => Json::Bool(true),
            Shape::Quantity => reference("quantity"),
            Shape::IntOrString => reference("integerOrText"),
            Shape::Time | Shape::Duration | Shape::Bytes => reference("string"),
            Shape::Type(id) => self.refer(*id),
            Shape::List(item) => list(self.of(item)),
            Shape::Map(value) => mapping(self.of(value)),
        }
    }

    /// Returns a reference to a type by its name.
    pub(super) fn named(&mut self, name: &str) -> Json {
        let id = self.facts.type_id(name).expect("a test makes the schema of every minor, and so asks for every name");
        self.refer(id)
    }

    /// Returns the fields of a type, each with its short forms.
    pub(super) fn fields(&mut self, name: &str) -> Members {
        let ty = self.facts.named(name);
        let mut fields = Members::new();
        for field in &ty.fields {
            let schema = self.field(name, &field.name, &field.schema);
            fields.insert(field.name.to_string(), schema);
        }
        if name == "core/v1.Container" {
            fields.insert("mounts".into(), reference("own.mounts"));
        }
        fields
    }

    /// Returns the form of a field of a type: with its short forms, where it has some.
    pub(super) fn field(&mut self, of: &str, name: &str, schema: &Schema) -> Json {
        let mut form = match short::field(of, name) {
            Some(short) => reference(short),
            None => self.of(schema),
        };
        // Pods of jobs have another one, in the same field.
        let default = schema.default.as_ref().filter(|_| (of, name) != ("core/v1.PodSpec", "restartPolicy"));
        let scalar = default.filter(|default| !default.is_object() && !default.is_array());
        if let (Some(default), Json::Object(form)) = (scalar, &mut form) {
            form.insert("default".into(), default.clone());
        }
        // A short form says itself how it is written.
        let says_itself = short::field(of, name).is_some_and(|short| short.ends_with(&format!(".{name}")));
        match sentence(self.facts.named(of), name).filter(|_| !says_itself) {
            Some(known) => described(known.text, form),
            None => form,
        }
    }

    /// Returns a reference to the form of a field where its type has it, so that many places share one.
    pub(super) fn shared(&mut self, of: &str, name: &str) -> Json {
        self.named(of);
        reference(&format!("{}/properties/{name}", of.replace('/', ".")))
    }

    /// Returns the definitions of all types that were referred to, and of those that they refer to, sorted by name.
    pub(super) fn defs(mut self) -> Members {
        let mut done: BTreeMap<String, Json> = BTreeMap::new();
        while let Some((name, id)) = self.wanted.iter().find(|(name, _)| !done.contains_key(*name)) {
            let (name, id) = (name.clone(), *id);
            let of = self.facts.ty(id).name.clone();
            let mut schema = closed(self.fields(&of));
            // kubectl's word for taking a list item away; it is no field that an editor should offer.
            schema["patternProperties"] = json!({r"^\$patch$": {"enum": ["delete", "merge", "replace"]}});
            done.insert(name, schema);
        }
        done.into_iter().collect()
    }

    fn refer(&mut self, id: TypeId) -> Json {
        // A slash would have to be escaped in every pointer.
        let name = self.facts.ty(id).name.replace('/', ".");
        let schema = reference(&name);
        self.wanted.insert(name, id);
        schema
    }
}

/// Returns the definitions of what is no object.
pub(super) fn scalars() -> Members {
    let amount = format!("^{AMOUNT}$|{EXPRESSION}");
    super::members([
        (
            "expression",
            json!({
                "type": "string",
                "pattern": EXPRESSION,
                MESSAGE: "expected one of the values, or an expression {{ … }}",
            }),
        ),
        // A scalar is read as its field asks: an unquoted 8080 is a text where a text is wanted.
        ("text", json!({"type": ["string", "number", "boolean", "null"]})),
        ("texts", mapping(reference("text"))),
        ("string", json!({"type": ["string", "null"]})),
        // Readers of YAML that take `0644` for a text send it here as one.
        (
            "integer",
            with_pattern(
                json!({"type": ["integer", "string", "null"]}),
                &format!("^0o?[0-7]+$|{EXPRESSION}"),
                "a whole number, or an expression {{ … }}",
            ),
        ),
        ("integerOrText", json!({"type": ["integer", "string", "null"]})),
        ("number", open(&["number"], json!({}))),
        ("boolean", open(&["boolean"], json!({}))),
        (
            "quantity",
            with_pattern(json!({"type": ["string", "number", "null"]}), &amount, "an amount such as 500m or 1Gi"),
        ),
    ])
}
