//! What a leaf of the tree is to every writer.
//!
//! A [`Value`] that is neither list nor mapping enters; a settled scalar leaves: a plain one is what kubectl takes it for.

use smol_str::SmolStr;

use crate::text::Value;
use crate::text::scalar::{self, Meaning};

/// A settled scalar.
pub(super) enum Scalar<'a> {
    /// `null`, `true` or `false`.
    Word(&'static str),
    /// A number in JSON's notation.
    Number(SmolStr),
    /// An infinity, or what is no number, as YAML writes it; JSON cannot.
    Endless(&'a str),
    /// A text.
    Text(&'a str),
}

/// Settles a value; lists and mappings are the business of the writers.
pub(super) fn scalar(value: &Value) -> Scalar<'_> {
    match value {
        Value::String(text) | Value::Raw(text) => Scalar::Text(text),
        Value::Number(number) => Scalar::Number(number.clone()),
        Value::Bool(value) => Scalar::Word(word(*value)),
        Value::Plain(text) => match scalar::resolve(text) {
            Meaning::Text => Scalar::Text(text),
            Meaning::Null => Scalar::Word("null"),
            Meaning::Bool(value) => Scalar::Word(word(value)),
            Meaning::Integer(number) | Meaning::Float(Some(number)) => Scalar::Number(number),
            Meaning::Float(None) => Scalar::Endless(text),
        },
        // What is broken is never written, since there is an error.
        Value::Null | Value::Seq(_) | Value::Map(_) | Value::Broken => Scalar::Word("null"),
    }
}

fn word(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}
