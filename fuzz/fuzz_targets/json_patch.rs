//! JSON patches do to any object what RFC 6902 says, as the `json-patch` crate has it, or are refused with it.
#![no_main]

use fanfold::diagnostic::{Diagnostic, Diagnostics};
use fanfold::kubernetes::{Facts, Manifest, ObjectKey};
use fanfold::lower::{BatchPatches, Identify};
use fanfold::text::{Key, Map, Node, Origin, Value};
use fanfold_fuzz::Bytes;
use libfuzzer_sys::fuzz_target;
use serde_json::json;

const MAX_OPERATIONS: usize = 8;

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = Bytes(bytes);
    let mut object = Map::new();
    for (key, text) in [("apiVersion", "v1"), ("kind", "ConfigMap")] {
        object.put(key, Node::string(text, Origin::NOWHERE));
    }
    for key in ["a", "b"] {
        object.put(key, bytes.tree(false));
    }
    let object = Node::map(object, Origin::NOWHERE);
    let mut operations = Vec::new();
    while !bytes.is_empty() && operations.len() < MAX_OPERATIONS {
        operations.push(operation(&mut bytes));
    }
    check(&object, operations);
});

fn operation(bytes: &mut Bytes) -> Node {
    const NAMES: [&str; 6] = ["add", "remove", "replace", "move", "copy", "test"];
    let name = NAMES[usize::from(bytes.byte() % 6)];
    let mut map = Map::new();
    let text = |text: &str| Node::string(text, Origin::NOWHERE);
    map.put("op", text(name));
    map.put("path", text(&path(bytes)));
    if matches!(name, "move" | "copy") {
        map.put("from", text(&path(bytes)));
    }
    if matches!(name, "add" | "replace" | "test") {
        map.set(Key::new("value", Origin::NOWHERE), bytes.tree(false));
    }
    Node::map(map, Origin::NOWHERE)
}

fn path(bytes: &mut Bytes) -> String {
    let mut path = String::new();
    for _ in 0..bytes.byte() % 5 {
        match bytes.byte() % 4 {
            0 => path.push_str(&format!("/{}", bytes.byte() % 6)),
            1 => path.push_str(&bytes.text()),
            _ => path.push_str(&format!("/{}", bytes.key().replace('~', "~0").replace('/', "~1"))),
        }
    }
    path
}

fn check(object: &Node, operations: Vec<Node>) {
    let patch: json_patch::Patch = match serde_json::from_value(json(&Node::seq(operations.clone(), Origin::NOWHERE))) {
        Ok(patch) => patch,
        // A pointer that is none is refused there when it is read.
        Err(refused) => {
            assert!(patched(object, operations.clone()).is_err(), "taken, and {refused}: {operations:?}");
            return;
        }
    };
    let mut expected = json(object);
    // The other way takes operations back that did not all apply, and panics where it cannot.
    let taken = json_patch::patch_unsafe(&mut expected, &patch);
    match (patched(object, operations), taken) {
        (Ok(found), Ok(())) => assert_eq!(json(&found), expected, "{patch}"),
        (Err(_), Err(_)) => {}
        (Ok(_), Err(refused)) => panic!("taken, and {refused}: {patch} of {}", json(object)),
        (Err(refused), Ok(())) => panic!("refused, {refused}: {patch} of {}", json(object)),
    }
}

fn patched(object: &Node, operations: Vec<Node>) -> Result<Node, String> {
    let mut by_kind = Map::new();
    by_kind.put("ConfigMap", Node::seq(operations, Origin::NOWHERE));
    let mut findings = Diagnostics::new();
    let patches = BatchPatches::read(None, Some(&Node::map(by_kind, Origin::NOWHERE)), &mut findings);
    let key = ObjectKey::of(object).expect("the object has a kind");
    let manifest = Manifest { key: key.clone(), node: object.clone(), origin: Origin::NOWHERE };
    let patched = patches.apply(Facts::newest(), &AsBefore(key), manifest, &mut findings);
    match findings.iter().next() {
        Some(finding) => Err(finding.message.clone()),
        None => Ok(patched.node),
    }
}

/// Takes what a patch leaves for the object that it was: the target is about operations alone.
#[derive(Debug)]
struct AsBefore(ObjectKey);

impl Identify for AsBefore {
    fn identify(&self, _object: &Node, _findings: &mut Vec<Diagnostic>) -> Option<ObjectKey> {
        Some(self.0.clone())
    }
}

fn json(node: &Node) -> serde_json::Value {
    match node.value() {
        Value::Null | Value::Broken => json!(null),
        Value::Bool(value) => json!(value),
        Value::Number(text) => json!(text.parse::<i64>().expect("an integer")),
        Value::String(text) | Value::Raw(text) | Value::Plain(text) => json!(text.as_str()),
        Value::Seq(items) => items.iter().map(json).collect(),
        Value::Map(map) => map.iter().map(|entry| (entry.key.text.to_string(), json(&entry.value))).collect(),
    }
}
