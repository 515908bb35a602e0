//! Small specs and what must come of them: each case is a file that says it itself.
//!
//! The leading comment of a case holds `# gives: KIND NAMESPACE/NAME POINTER JSON` for what stands at a place,
//! `# objects: …` for the objects that are made, sorted, and `# finds: CODE` for each finding, in order.

use std::fs;
use std::path::Path;

use fanfold::emit::Output;
use fanfold::kubernetes::Manifest;
use fanfold::read::MemoryFiles;
use fanfold::text::Sources;

use crate::examples::{Case, run};

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/quick/golden/cases");

#[test]
fn every_case_gives_what_it_says() {
    let mut failures = Vec::new();
    let mut count = 0;
    for entry in fs::read_dir(CASES).unwrap() {
        let path = entry.unwrap().path();
        failures.extend(check(&path).into_iter().map(|failure| format!("{}: {failure}", path.display())));
        count += 1;
    }
    failures.sort();
    assert!(count > 5, "{CASES} holds the cases");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn check(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let files = MemoryFiles::default().with("case.yaml", text.as_str());
    let case = Case { spec: "case.yaml".to_owned(), given: Vec::new() };
    let mut sources = Sources::default();
    let inputs = case.inputs(&files, &mut sources);
    let (compilation, diagnostics) = run(inputs, case.options(), &files, &mut sources);
    let objects = compilation.objects();
    let head = || text.lines().map_while(|line| line.strip_prefix("# "));
    let said = |what: &'static str| head().filter_map(move |line| line.strip_prefix(what));

    let mut failures = Vec::new();
    let found: Vec<&str> = diagnostics.iter().map(|finding| finding.code.name()).collect();
    if found != said("finds: ").collect::<Vec<_>>() {
        let messages: Vec<&String> = diagnostics.iter().map(|finding| &finding.message).collect();
        failures.push(format!("finds {found:?}: {messages:?}"));
    }
    for expected in said("objects: ") {
        let mut made: Vec<String> = objects.iter().map(|object| object.key.to_string()).collect();
        made.sort();
        if made.join(", ") != expected {
            failures.push(format!("makes {}", made.join(", ")));
        }
    }
    for line in said("gives: ") {
        let mut words = line.splitn(4, ' ');
        let mut word = || words.next().unwrap_or_default();
        let (subject, pointer) = (format!("{} {}", word(), word()), word());
        let expected: serde_json::Value = serde_json::from_str(word()).expect(line);
        let Some(object) = objects.iter().find(|object| object.key.to_string() == subject) else {
            failures.push(format!("does not make `{subject}`"));
            continue;
        };
        let found = json(object).pointer(pointer).cloned().unwrap_or_default();
        // As text, so that the order of keys counts.
        if found != expected {
            failures.push(format!("gives {subject} {pointer} {found}"));
        }
    }
    failures
}

fn json(object: &Manifest) -> serde_json::Value {
    let mut bytes = Vec::new();
    Output::Json.write_document(&object.node, None, &mut bytes);
    serde_json::from_slice(&bytes).unwrap()
}
