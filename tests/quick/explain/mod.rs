//! The explain pages are true: every Wrong has its code and nothing else, every Right has no error and not that code.
//!
//! An example is a YAML fence without a file name; fences with one are the files beside it. What no text can show is
//! built here. What only a cluster shows is held against the one of the page; what the server says, in the other binary
//! against a real one. `golden/explain/CODE.snap` holds what a user sees of each Wrong.

mod claims;
mod command;
mod echoes;
mod forms;
mod run;
mod sentences;
mod words;

use crate::support::golden::snapshot;
use fanfold::diagnostic::{Code, Example, Page, Severity, explanation};

use self::run::{Run, Seen};

#[test]
fn every_wrong_example_has_its_code_and_one_finding() {
    let mut untrue = String::new();
    for code in Code::ALL.iter().filter(|code| !code.is_of_server()) {
        let mut shown = String::new();
        for run in wrong(*code) {
            let seen = run.advised(code.is_advice()).check();
            if seen.codes() != [*code] {
                let found = seen.codes();
                untrue = format!("{untrue}{code}: expected one finding of it, found {found:?}\n{}\n", seen.human());
            }
            shown += &seen.human();
        }
        if shown.is_empty() {
            untrue = format!("{untrue}{code}: no case is rejected\n");
        }
        snapshot("explain", code.name(), &shown);
    }
    assert!(untrue.is_empty(), "{untrue}");
}

#[test]
fn every_right_example_is_without_error_and_without_the_code() {
    let mut untrue = String::new();
    for code in Code::ALL.iter().filter(|code| !code.is_of_server()) {
        let page = explanation(*code);
        for run in runs(&page.right) {
            let seen = against(run, &page).advised(code.is_advice()).check();
            if seen.findings.iter().any(|finding| finding.severity == Severity::Error || finding.code == *code) {
                untrue = format!("{untrue}{code}: found {:?}\n{}\n", seen.codes(), seen.human());
            }
        }
    }
    assert!(untrue.is_empty(), "{untrue}");
}

/// Returns the inputs that must have the code: those of the page, or what no text can show.
fn wrong(code: Code) -> Vec<Run> {
    match code {
        Code::FileTooLarge => {
            let dump = Run::of(&spec("manifests: [dump.yaml]\n")).with_size("dump.yaml", 300 << 20);
            vec![dump, Run::of("").with_size("example.yaml", 300 << 20)]
        }
        Code::ObjectTooLarge => {
            let model = "configMaps:\n  model: {files: [model.bin]}\n";
            vec![Run::of(&spec(model)).with_file("model.bin", vec![b'x'; 3 << 20])]
        }
        Code::InvalidEncoding => {
            let text = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: app}\ndata: {city: M\xfcnchen}\n";
            vec![Run::of("").with_file("example.yaml", text.to_vec())]
        }
        _ => {
            let page = explanation(code);
            runs(&page.wrong).into_iter().map(|run| against(run, &page)).collect()
        }
    }
}

/// Holds a run against the cluster of a page, where it has one.
fn against(run: Run, page: &Page) -> Run {
    page.cluster.iter().fold(run, |run, cluster| run.with_cluster(cluster.text))
}

#[test]
fn pages_of_the_cluster_say_what_it_has() {
    for code in Code::ALL {
        let has_cluster = !explanation(*code).cluster.is_empty();
        assert!(has_cluster || !code.is_of_preflight(), "{code}: the page does not say what is in the cluster");
        assert!(!has_cluster || code.is_of_cluster(), "{code}: no cluster is looked at");
    }
}

fn spec(rest: &str) -> String {
    format!("apiVersion: fanfold.dev/v1\nkind: Batch\nmetadata: {{name: shop}}\n{rest}")
}

/// Returns a run for each input among the examples; the named files are beside all of them.
fn runs(examples: &[Example]) -> Vec<Run> {
    let inputs = examples.iter().filter(|example| example.language == "yaml" && example.file.is_none());
    inputs
        .map(|input| {
            let beside = examples.iter().filter_map(|example| Some((example.file?, example.text)));
            let run = Run::of(input.text).with_flags(&input.flags);
            beside.fold(run, |run, (file, text)| run.with_file(file, text.into()))
        })
        .collect()
}

impl Seen {
    fn codes(&self) -> Vec<Code> {
        self.findings.iter().map(|finding| finding.code).collect()
    }
}
