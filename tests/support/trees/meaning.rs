//! A tree in, what it means to kubectl out: numbers are told from texts that look the same.
//!
//! The fuzz targets judge by it too, and include this file.

use fanfold::text::{Node, Value, scalar};
use serde_json::Value as Json;

/// Returns what the tree means to kubectl.
pub(crate) fn meaning(node: &Node) -> Json {
    let number = |text: &str| serde_json::json!({ "a number": text });
    match node.value() {
        Value::Null | Value::Broken => Json::Null,
        Value::Bool(value) => (*value).into(),
        Value::Number(text) => number(text),
        Value::String(text) | Value::Raw(text) => text.as_str().into(),
        Value::Plain(text) => match scalar::resolve(text) {
            scalar::Meaning::Null => Json::Null,
            scalar::Meaning::Bool(value) => value.into(),
            scalar::Meaning::Integer(text) | scalar::Meaning::Float(Some(text)) => number(&text),
            scalar::Meaning::Float(None) => serde_json::json!({ "endless": text.to_lowercase() }),
            scalar::Meaning::Text => text.as_str().into(),
        },
        Value::Seq(items) => items.iter().map(meaning).collect(),
        Value::Map(map) => map.iter().map(|entry| (entry.key.text.to_string(), meaning(&entry.value))).collect(),
    }
}
