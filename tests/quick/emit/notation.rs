//! The three notations against three readers; those of kubectl and kustomize are in the other binary.

use std::collections::BTreeSet;

use fanfold::emit::{Output, Stream, json};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::Value;

use crate::trees::strings::{nasty, vectors};
use crate::trees::{
    OUTPUTS, all_places, assert_same, fits_as_json_key, list, mapping, meaning, read_one, same_lines, text, texts,
    written,
};

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
    let file = include_str!("../../support/trees/vectors.yaml");
    let tree = mapping([("list".to_owned(), list(vectors()))]);
    let expected = file.split_once('\n').unwrap().1;
    same_lines(expected, std::str::from_utf8(&written(Output::Yaml, &tree)).unwrap());
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
