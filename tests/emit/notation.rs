//! The three notations against four readers, and against how kubectl writes.

use std::collections::BTreeSet;

use fanfold::emit::{Output, Stream, json, kyaml, yaml};
use fanfold::text::{Key, Map, Node, Origin};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::Value;

use super::identity::texts;
use super::strings::{nasty, vectors};
use super::{go, meaning, read_one, text};

const OUTPUTS: [Output; 3] = [Output::Yaml, Output::Kyaml, Output::Json];

fn written(output: Output, node: &Node) -> Vec<u8> {
    let mut out = Vec::new();
    match output {
        Output::Yaml => yaml::write(node, &mut out),
        Output::Kyaml => kyaml::write(node, &mut out),
        Output::Json => json::write(node, &mut out),
    }
    out
}

fn list(items: Vec<Node>) -> Node {
    Node::seq(items, Origin::NOWHERE)
}

fn mapping(entries: impl IntoIterator<Item = (String, Node)>) -> Node {
    let mut map = Map::new();
    for (key, value) in entries {
        map.push(Key::new(key, Origin::NOWHERE), value);
    }
    Node::map(map, Origin::NOWHERE)
}

/// All texts at every place where a text can stand: item, nested item, value, value in an item, key.
fn all_places(texts: &[String]) -> Node {
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
fn fits_as_json_key(text: &str) -> bool {
    text.len() < 900
}

#[track_caller]
fn assert_same(output: Output, reader: &str, found: &Value, expected: &Value) {
    if found == expected {
        return;
    }
    // Name the first difference: the whole is thousands of lines.
    let mut pair = (found, expected);
    let mut path = String::new();
    loop {
        let step = match pair {
            (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
                left.iter().zip(right).enumerate().find(|(_, (l, r))| l != r).map(|(at, both)| (at.to_string(), both))
            }
            (Value::Object(left), Value::Object(right)) if left.keys().eq(right.keys()) => left
                .iter()
                .zip(right.values())
                .find(|((_, l), r)| l != r)
                .map(|((key, l), r)| (format!("{key:?}"), (l, r))),
            (Value::Object(left), Value::Object(right)) => {
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

#[test]
fn every_reader_reads_nasty_texts_back() {
    let texts = nasty();
    assert!(texts.len() >= 150, "{}", texts.len());
    every_reader_reads_back(&texts);
}

#[test]
fn every_reader_reads_random_texts_back() {
    let mut runner = TestRunner::deterministic();
    let texts: BTreeSet<String> =
        (0..1000).map(|_| texts().new_tree(&mut runner).expect("there is a text").current()).collect();
    every_reader_reads_back(&texts.into_iter().collect::<Vec<_>>());
}

fn every_reader_reads_back(texts: &[String]) {
    for output in OUTPUTS {
        let texts: Vec<String> =
            texts.iter().filter(|text| output != Output::Json || fits_as_json_key(text)).cloned().collect();
        let tree = all_places(&texts);
        let expected = meaning(&tree);
        let bytes = written(output, &tree);
        assert_same(output, "fanfold", &meaning(&read_one(&bytes)), &expected);
        let independent: Value = serde_yaml::from_slice(&bytes).unwrap_or_else(|error| panic!("{output:?}: {error}"));
        assert_same(output, "a YAML 1.2 reader", &independent, &expected);
        for [kubectl, kustomize] in go::read(&bytes) {
            assert_same(output, "kubectl", &kubectl, &expected);
            assert_same(output, "kustomize", &kustomize, &expected);
        }
        if output == Output::Json {
            assert_same(output, "a JSON reader", &serde_json::from_slice(&bytes).unwrap(), &expected);
            let mut compact = Vec::new();
            json::write_compact(&tree, &mut compact);
            assert_same(output, "a JSON reader", &serde_json::from_slice(&compact).unwrap(), &expected);
            assert!(!compact.contains(&b'\n'));
        }
    }
}

#[test]
fn the_vectors_are_written_as_they_stand() {
    let file = include_str!("vectors.yaml");
    let tree = mapping([("list".to_owned(), list(vectors()))]);
    let expected = file.split_once('\n').unwrap().1;
    similar_asserts(expected, std::str::from_utf8(&written(Output::Yaml, &tree)).unwrap());
}

#[track_caller]
fn similar_asserts(expected: &str, found: &str) {
    for (number, (expected, found)) in expected.lines().zip(found.lines()).enumerate() {
        assert_eq!(found, expected, "line {}", number + 1);
    }
    assert_eq!(found, expected);
}

/// Returns what kubectl writes for each text: as an item, and as a key.
fn kubectl_writes(texts: &[String]) -> Vec<[String; 2]> {
    let printed = go::run("marshal", serde_json::to_vec(texts).unwrap()).unwrap();
    serde_json::from_str(&printed).unwrap()
}

#[test]
fn texts_look_as_kubectl_writes_them() {
    // Go escapes characters beyond the basic plane, and turns keys of several lines into `? key`.
    let vectors: Vec<String> = vectors().iter().filter_map(|node| node.as_str().map(str::to_owned)).collect();
    let (mut items, mut keys) = (0, 0);
    for (text_, [item, key]) in vectors.iter().zip(kubectl_writes(&vectors)) {
        if text_.chars().any(|character| character > '\u{FFFF}') {
            continue;
        }
        assert_eq!(String::from_utf8(written(Output::Yaml, &list(vec![text(text_)]))).unwrap(), item, "{text_:?}");
        items += 1;
        if !key.starts_with("? ") {
            let tree = mapping([(text_.clone(), text("value"))]);
            assert_eq!(String::from_utf8(written(Output::Yaml, &tree)).unwrap(), key, "{text_:?}");
            keys += 1;
        }
    }
    assert!(items >= 95 && keys >= 90, "{items} items, {keys} keys");
}

#[test]
fn texts_that_look_otherwise_than_kubectl_writes_them_are_known() {
    let texts = nasty();
    let mut others = Vec::new();
    for (text_, [item, _]) in texts.iter().zip(kubectl_writes(&texts)) {
        let ours = String::from_utf8(written(Output::Yaml, &list(vec![text(text_)]))).unwrap();
        let known = text_
            .chars()
            .any(|character| character > '\u{FFFF}' || "\t\u{85}\u{FEFF}\u{2028}\u{2029}".contains(character))
            || text_.trim_end_matches('\n').is_empty()
            || text_.len() > 80;
        if ours != item && !item.is_empty() && !known {
            others.push(text_.as_str());
        }
    }
    assert_eq!(others, KNOWN_OTHERS);
}

/// Go leaves them bare, and some other reader takes them for something else. Beside these, it escapes characters beyond
/// the basic plane and folds long lines; we keep the lines of a text with tabs, and do not keep them for one of nothing
/// but line breaks.
const KNOWN_OTHERS: &[&str] = &[
    "0o-7",
    "-0b-1",
    "0x-1",
    "-0xFFFFFFFFFFFFFFFF",
    "0x1FFFFFFFFFFFFFFFF",
    "2001-13-01",
    "2001-02-30",
    "2001-12-14 21:59:43.10 -5",
    "<<",
    "=",
];

#[test]
fn kyaml_is_what_kubectl_writes() {
    // The library writes a lone backslash before some lines, which changes the text; it leaves keys bare that readers
    // take for numbers; and it knows no `? key`.
    let is_changed =
        |line: &str| line.starts_with(|first: char| first.is_whitespace() && first != ' ' && first != '\t');
    let numbers = ["0b-1", "0b+1", "0xFFFFFFFFFFFFFFFF"];
    let is_kept = |text: &String| {
        let is_known = KNOWN_OTHERS.contains(&text.as_str()) || numbers.contains(&text.as_str());
        let is_broken = text.contains('\n') && text.split('\n').any(is_changed);
        text.len() < 900 && !is_known && !is_broken
    };
    let texts: Vec<String> = nasty().into_iter().filter(is_kept).collect();
    let tree = all_places(&texts);
    let mut ours = Vec::new();
    Output::Kyaml.write_document(&tree, None, &mut ours);
    let theirs = go::run("kyaml", written(Output::Yaml, &tree)).unwrap();
    similar_asserts(&theirs, std::str::from_utf8(&ours).unwrap());
}

#[test]
fn a_stream_passes_objects_on_as_they_come() {
    let object = |name: &str| mapping([("kind".to_owned(), text("ConfigMap")), ("name".to_owned(), text(name))]);
    let stream = |output, sources: [Option<&str>; 2]| {
        let mut stream = Stream::new(Vec::new(), output);
        stream.push(&object("a"), sources[0]).unwrap();
        stream.push(&object("b"), sources[1]).unwrap();
        String::from_utf8(stream.finish().unwrap()).unwrap()
    };
    assert_eq!(
        stream(Output::Yaml, [Some("specs/shop.yaml:12"), None]),
        "---\n# source: specs/shop.yaml:12\nkind: ConfigMap\nname: a\n---\nkind: ConfigMap\nname: b\n"
    );
    assert_eq!(
        stream(Output::Kyaml, [Some("odd\nname"), None]),
        "---\n# source: odd\\nname\n{\n  kind: \"ConfigMap\",\n  name: \"a\",\n}\n---\n{\n  kind: \"ConfigMap\",\n  name: \"b\",\n}\n"
    );
    let json = stream(Output::Json, [None, None]);
    assert!(
        json.starts_with("{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"List\",\n  \"items\": [\n    {\n      \"kind\""),
        "{json}"
    );
    let list: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(list["items"][1]["name"], "b");
    let empty = Stream::new(Vec::new(), Output::Json).finish().unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&empty).unwrap()["items"], Value::Array(Vec::new()));
}
