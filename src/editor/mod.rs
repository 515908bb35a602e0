//! The JSON Schema of batch specs, by which editors complete and check what is typed.
//!
//! The facts of one Kubernetes minor and the table of Fanfold's own keys enter, a closed schema (2020-12) leaves. It
//! never refuses what compiles: every field may hold an expression or be taken away with null, and nothing that a
//! template could give is required. What it lets pass, `fanfold check` may still find.

mod batch;
mod fanout;
mod native;
mod short;
mod text;
mod volumes;
mod workload;

use serde_json::{Map, Value as Json, json};

use self::native::Types;
use crate::kubernetes::Facts;
use crate::spec::keys;

/// The start of every expression, by which a text is let through where a field takes none.
const EXPRESSION: &str = r"\{[{%]";

/// What editors say of a text that does not match a pattern, in place of the pattern itself.
const MESSAGE: &str = "patternErrorMessage";

/// The members of an object.
type Members = Map<String, Json>;

/// Returns the schema of specs for a minor, as text with a line break at its end.
pub fn schema(facts: &'static Facts) -> String {
    let mut types = Types::new(facts);
    let mut root = batch::root(&mut types);
    let mut defs = batch::defs(&mut types);
    defs.extend(workload::defs(&mut types));
    defs.extend(short::defs(&mut types));
    defs.extend(native::scalars());
    defs.extend(types.defs());
    root.insert("$defs".into(), defs.into());
    text::write(&root.into())
}

/// Returns a reference to a definition.
fn reference(name: &str) -> Json {
    json!({"$ref": format!("#/$defs/{name}")})
}

/// Returns a closed object, or an expression that makes one, or null.
fn closed(members: Members) -> Json {
    let mut schema = open(&["object"], json!({}));
    schema["properties"] = members.into();
    schema["additionalProperties"] = false.into();
    schema
}

/// Returns a mapping of any keys to values of one form.
fn mapping(value: impl Into<Json>) -> Json {
    open(&["object"], json!({"additionalProperties": value.into()}))
}

/// Returns a list of items of one form.
fn list(item: impl Into<Json>) -> Json {
    open(&["array"], json!({"items": item.into()}))
}

/// Returns one item, or a list of them.
fn one_or_more(item: &Json) -> Json {
    json!({"anyOf": [item, {"type": "array", "items": item}]})
}

/// Returns what takes the given types, an expression, or null, with more words beside them.
fn open(types: &[&str], words: Json) -> Json {
    let mut schema = Members::new();
    let text = !types.contains(&"string");
    let all: Vec<&str> = types.iter().copied().chain(text.then_some("string")).chain(["null"]).collect();
    schema.insert("type".into(), all.into());
    if text {
        schema.insert("pattern".into(), EXPRESSION.into());
        schema.insert(MESSAGE.into(), format!("expected {}, or an expression {{{{ … }}}}", nouns(types)).into());
    }
    if let Json::Object(words) = words {
        schema.extend(words);
    }
    schema.into()
}

/// Names types for people.
fn nouns(types: &[&str]) -> String {
    let noun = |ty: &&str| match *ty {
        "object" => "a mapping",
        "array" => "a list",
        "integer" => "a whole number",
        "boolean" => "true or false",
        _ => "a number",
    };
    types.iter().map(noun).collect::<Vec<_>>().join(" or ")
}

/// Returns a form whose texts match a pattern; editors say in words what was expected.
fn with_pattern(mut form: Json, pattern: &str, expected: &str) -> Json {
    form["pattern"] = pattern.into();
    form[MESSAGE] = format!("expected {expected}").into();
    form
}

/// Returns what takes one of a few words, an expression, or null.
fn words<'w>(values: impl IntoIterator<Item = &'w str>) -> Json {
    json!({"anyOf": [words_alone(values), reference("expression")]})
}

/// Returns what takes one of a few words, or null.
fn words_alone<'w>(values: impl IntoIterator<Item = &'w str>) -> Json {
    let mut all: Vec<Json> = values.into_iter().map(Json::from).collect();
    all.push(Json::Null);
    json!({"enum": all})
}

/// Returns a schema with a description in front.
fn described(description: &str, schema: Json) -> Json {
    let mut all = Members::new();
    all.insert("description".into(), description.into());
    // Where anything is allowed, there is nothing to say beside the description.
    if let Json::Object(schema) = schema {
        all.extend(schema);
    }
    all.into()
}

/// Returns the form of a key below another one, with what it is for.
fn below(key: &str, name: &str, form: Json) -> Json {
    described(keys::below(key, name), form)
}

/// Returns members from pairs.
fn members<const N: usize>(pairs: [(&str, Json); N]) -> Members {
    pairs.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}
