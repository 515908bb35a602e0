//! Trees out and back in: no reader may see another tree than the one that was written.

mod folder;
pub(crate) mod go;
mod identity;
mod layout;
mod notation;
mod speed;
mod strings;

use fanfold::diagnostic::Diagnostics;
use fanfold::read::read_document;
use fanfold::text::{Node, Origin, Sources, Value, scalar};

/// Reads a text that holds one document without a finding.
fn read_one(bytes: &[u8]) -> Node {
    let mut sources = Sources::default();
    let mut findings = Diagnostics::new();
    let root = read_document(&mut sources, "output.yaml", bytes.to_vec(), &mut findings);
    let findings: Vec<_> = findings.iter().map(|finding| (&finding.message, finding.origin)).collect();
    assert!(findings.is_empty(), "{findings:?} in\n{}", String::from_utf8_lossy(bytes));
    root.unwrap_or_else(|| panic!("no document in {:?}", String::from_utf8_lossy(bytes)))
}

fn text(text: &str) -> Node {
    Node::string(text, Origin::NOWHERE)
}

/// Returns what the tree means to kubectl.
fn meaning(node: &Node) -> serde_json::Value {
    let number = |text: &str| serde_json::json!({ "a number": text });
    match node.value() {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Number(text) => number(text),
        Value::String(text) | Value::Raw(text) => text.as_str().into(),
        Value::Plain(text) => match scalar::resolve(text) {
            scalar::Meaning::Null => serde_json::Value::Null,
            scalar::Meaning::Bool(value) => value.into(),
            scalar::Meaning::Integer(text) | scalar::Meaning::Float(Some(text)) => number(&text),
            scalar::Meaning::Float(None) => serde_json::json!({ "endless": text.to_lowercase() }),
            scalar::Meaning::Text => text.as_str().into(),
        },
        Value::Seq(items) => items.iter().map(meaning).collect(),
        Value::Map(map) => map.iter().map(|entry| (entry.key.text.to_string(), meaning(&entry.value))).collect(),
    }
}
