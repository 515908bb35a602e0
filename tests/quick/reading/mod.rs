//! What may stand in a file: every way to break one has a finding with its place, and none a panic.
//!
//! A case (`crate::cases`) is read as it stands; found are the documents that are read all the same, and the code and the
//! place of each finding, both in order. What is no text stands in the table below.

mod limits;
mod random;

use std::fmt::Write;

use fanfold::compile::read_inputs;
use fanfold::diagnostic::Diagnostics;
use fanfold::read::MemoryFiles;
use fanfold::schema::to_json;
use fanfold::text::{Node, Sources, Value};
use serde_json::{Value as Json, json};

use crate::cases;

/// What is read from a file, and what is found in it as `code line:column`.
struct Outcome {
    documents: Vec<Json>,
    findings: Vec<String>,
}

/// Reads one file as the command line does; all places must be inside its text.
fn read(bytes: impl Into<Vec<u8>>) -> Outcome {
    let files = MemoryFiles::default().with("a.yaml", bytes);
    let (mut sources, mut diagnostics) = (Sources::default(), Diagnostics::new());
    let none = || Ok(Vec::new());
    let inputs = read_inputs(&["a.yaml".into()], &files, none, &mut sources, &mut diagnostics);
    let mut documents = Vec::new();
    for document in inputs.specs.iter().chain(&inputs.manifests) {
        assert_inside(&document.root, &sources);
        documents.push(to_json(&document.root));
    }
    let findings = diagnostics.iter().map(|finding| {
        assert_place(finding.origin, &sources);
        let (_, place) = sources.place(finding.origin).expect("a finding has a place");
        format!("{} {}:{}", finding.code.name(), place.line, place.column)
    });
    let findings = findings.collect();
    Outcome { documents, findings }
}

fn assert_place(origin: fanfold::text::Origin, sources: &Sources) {
    let text = &sources.file(origin.file).expect("the file is known").text;
    let range = origin.start as usize..origin.end as usize;
    assert!(range.start <= range.end && text.get(range.clone()).is_some(), "{range:?} is no part of {text:?}");
}

/// Asserts that the places of all nodes and keys are parts of their texts.
fn assert_inside(node: &Node, sources: &Sources) {
    assert_place(node.origin(), sources);
    match node.value() {
        Value::Seq(items) => items.iter().for_each(|item| assert_inside(item, sources)),
        Value::Map(map) => {
            for entry in map {
                assert_place(entry.key.origin, sources);
                assert_place(entry.origin(), sources);
                assert_inside(&entry.value, sources);
            }
        }
        _ => {}
    }
}

#[test]
fn every_case_reads_as_it_says() {
    cases::hold("tests/quick/reading/cases", 20, |case| {
        let shown = |text: &str| -> Vec<String> {
            let Outcome { documents, findings } = read(text);
            documents.iter().map(|document| format!("reads {document}")).chain(findings).collect()
        };
        let found = shown(case.input());
        let with_returns = case.input().replace('\n', "\r\n");
        assert_eq!(shown(&with_returns), found, "line breaks of either kind read the same: {}", case.path.display());
        found
    });
}

#[test]
fn what_is_no_text_has_a_finding() {
    type Case<'a> = (&'a str, Vec<u8>, Vec<&'a str>, Vec<Json>);
    let object = json!({"apiVersion": "v1", "kind": "A"});
    let utf16 = |text: &str, big: bool| -> Vec<u8> {
        let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
        units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    };
    let cases: Vec<Case<'_>> = vec![
        ("empty", b"".to_vec(), vec!["empty-file 1:1"], vec![]),
        ("blank", b" \n\n\n".to_vec(), vec!["empty-file 1:1"], vec![]),
        ("a mark alone", b"\xEF\xBB\xBF".to_vec(), vec!["empty-file 1:1"], vec![]),
        ("a mark", b"\xEF\xBB\xBFapiVersion: v1\nkind: A\n".to_vec(), vec![], vec![object.clone()]),
        ("broken UTF-8", b"apiVersion: v1\nkind: \xFF\xFE\n".to_vec(), vec!["invalid-encoding 2:7"], vec![]),
        ("cut off", b"apiVersion: v1\nkind: gr\xC3".to_vec(), vec!["invalid-encoding 2:9"], vec![]),
        (
            "a broken document among sound ones",
            b"apiVersion: v1\nkind: A\n---\na: \xC3(\n---\napiVersion: v1\nkind: A\n".to_vec(),
            vec!["invalid-encoding 4:4"],
            vec![object.clone(), object.clone()],
        ),
        ("UTF-16 LE", utf16("apiVersion: v1\nkind: A\n", false), vec!["invalid-encoding 1:1"], vec![]),
        ("UTF-16 BE", utf16("apiVersion: v1\nkind: A\n", true), vec!["invalid-encoding 1:1"], vec![]),
        ("NUL", b"apiVersion: v1\nkind: A\0B\n".to_vec(), vec!["invalid-yaml 2:8"], vec![]),
        ("NUL quoted", b"apiVersion: v1\nkind: \"A\0B\"\n".to_vec(), vec!["invalid-yaml 2:9"], vec![]),
        ("only NUL", vec![0; 100], vec!["invalid-yaml 1:1"], vec![]),
        ("CR alone", b"apiVersion: v1\rkind: A\r".to_vec(), vec![], vec![object]),
        (
            "JSON",
            b"{\"apiVersion\":\"v1\",\"a\":[1,true,null,\"\\u00e9\\/\"]}".to_vec(),
            vec![],
            vec![json!({"apiVersion": "v1", "a": [1, true, null, "é/"]})],
        ),
        ("JSON with a pair of surrogates", b"{\"a\": \"\\ud83d\\ude00\"}".to_vec(), vec![], vec![json!({"a": "😀"})]),
        ("JSON with tabs", b"{\n\t\"a\": {\n\t\t\"b\": 1\n\t}\n}\n".to_vec(), vec![], vec![json!({"a": {"b": 1}})]),
    ];
    let mut failures = String::new();
    for (name, bytes, findings, documents) in cases {
        let outcome = read(bytes);
        if outcome.findings != findings || outcome.documents != documents {
            writeln!(failures, "{name}: found {:?}, read {:?}", outcome.findings, outcome.documents).unwrap();
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn standard_input_is_a_file_of_its_own_name() {
    let (mut sources, mut diagnostics) = (Sources::default(), Diagnostics::new());
    let stdin = || Ok(b"apiVersion: v1\nkind: A\n---\na: [\n".to_vec());
    let files = MemoryFiles::default();
    let inputs = read_inputs(&["-".into(), "-".into()], &files, stdin, &mut sources, &mut diagnostics);
    assert_eq!(inputs.manifests.len(), 1, "it is read once");
    let finding = diagnostics.iter().next().unwrap();
    let (name, place) = sources.place(finding.origin).unwrap();
    assert_eq!((name, place.line), ("<stdin>", 4));
}
