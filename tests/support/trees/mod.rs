//! Trees that writers get wrong, what they mean, and how each notation writes them.

mod meaning;
pub(crate) mod strings;

use fanfold::diagnostic::Diagnostics;
use fanfold::emit::{Output, json, kyaml, yaml};
use fanfold::read::read_document;
use fanfold::text::{Key, Map, Node, Origin, Sources};
use proptest::prelude::*;
use serde_json::Value as Json;

pub(crate) use meaning::meaning;

/// Reads a text that holds one document without a finding.
pub(crate) fn read_one(bytes: &[u8]) -> Node {
    let mut sources = Sources::default();
    let mut findings = Diagnostics::new();
    let root = read_document(&mut sources, "output.yaml", bytes.to_vec(), &mut findings);
    let findings: Vec<_> = findings.iter().map(|finding| (&finding.message, finding.origin)).collect();
    assert!(findings.is_empty(), "{findings:?} in\n{}", String::from_utf8_lossy(bytes));
    root.unwrap_or_else(|| panic!("no document in {:?}", String::from_utf8_lossy(bytes)))
}

pub(crate) fn text(text: &str) -> Node {
    Node::string(text, Origin::NOWHERE)
}

/// Texts, most of them close to what YAML treats specially.
pub(crate) fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ \\t\\n#:|>'\"{}a-c-]{0,12}",
        "[0-9xobeEinfa._+: TZ-]{0,10}",
        "(y|n|yes|no|on|off|true|null|~|<<|=|---|\\.\\.\\.)[ \\n:]{0,2}",
        "([a-z \\t]{0,6}\\n){1,4}",
    ]
}

pub(crate) const OUTPUTS: [Output; 3] = [Output::Yaml, Output::Kyaml, Output::Json];

pub(crate) fn written(output: Output, node: &Node) -> Vec<u8> {
    let mut out = Vec::new();
    match output {
        Output::Yaml => yaml::write(node, &mut out),
        Output::Kyaml => kyaml::write(node, &mut out),
        Output::Json => json::write(node, &mut out),
    }
    out
}

pub(crate) fn list(items: Vec<Node>) -> Node {
    Node::seq(items, Origin::NOWHERE)
}

pub(crate) fn mapping(entries: impl IntoIterator<Item = (String, Node)>) -> Node {
    let mut map = Map::new();
    for (key, value) in entries {
        map.push(Key::new(key, Origin::NOWHERE), value);
    }
    Node::map(map, Origin::NOWHERE)
}

/// All texts at every place where a text can stand: item, nested item, value, value in an item, key.
pub(crate) fn all_places(texts: &[String]) -> Node {
    let node = |all: &String| text(all);
    let keys = mapping(texts.iter().map(|all| (all.clone(), text(all))));
    let nested = texts.iter().map(|all| list(vec![list(vec![node(all), node(all)])])).collect();
    let in_items =
        texts.iter().map(|all| mapping([("k".to_owned(), node(all)), ("l".to_owned(), node(all))])).collect();
    let lists_below = mapping(texts.iter().map(|all| (all.clone(), list(vec![node(all)]))));
    let maps_below =
        list(texts.iter().map(|all| mapping([(all.clone(), mapping([(all.clone(), node(all))]))])).collect());
    mapping([
        ("items".to_owned(), list(texts.iter().map(node).collect())),
        ("keys".to_owned(), keys),
        ("nested".to_owned(), list(nested)),
        ("in-items".to_owned(), list(in_items)),
        ("deeper".to_owned(), mapping([("lists".to_owned(), lists_below), ("maps".to_owned(), maps_below)])),
    ])
}

/// JSON has no other notation for a long key, and Go's YAML readers look only so far for its colon.
pub(crate) fn fits_as_json_key(text: &str) -> bool {
    text.len() < 900
}

#[track_caller]
pub(crate) fn assert_same(output: Output, reader: &str, found: &Json, expected: &Json) {
    if found == expected {
        return;
    }
    // Name the first difference: the whole is thousands of lines.
    let mut pair = (found, expected);
    let mut path = String::new();
    loop {
        let step = match pair {
            (Json::Array(left), Json::Array(right)) if left.len() == right.len() => {
                left.iter().zip(right).enumerate().find(|(_, (l, r))| l != r).map(|(at, both)| (at.to_string(), both))
            }
            (Json::Object(left), Json::Object(right)) if left.keys().eq(right.keys()) => left
                .iter()
                .zip(right.values())
                .find(|((_, l), r)| l != r)
                .map(|((key, l), r)| (format!("{key:?}"), (l, r))),
            (Json::Object(left), Json::Object(right)) => {
                let missing: Vec<_> = right.keys().filter(|key| !left.contains_key(*key)).collect();
                let extra: Vec<_> = left.keys().filter(|key| !right.contains_key(*key)).collect();
                panic!("{output:?} to {reader} at {path}: missing keys {missing:?}, extra keys {extra:?}");
            }
            _ => None,
        };
        match step {
            Some((name, both)) => {
                path = format!("{path}/{name}");
                pair = both;
            }
            None => panic!("{output:?} to {reader} at {path}: found {:?}, expected {:?}", pair.0, pair.1),
        }
    }
}

#[track_caller]
pub(crate) fn same_lines(expected: &str, found: &str) {
    for (number, (expected, found)) in expected.lines().zip(found.lines()).enumerate() {
        assert_eq!(found, expected, "line {}", number + 1);
    }
    assert_eq!(found, expected);
}
