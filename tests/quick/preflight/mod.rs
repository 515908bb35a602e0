//! A cluster and a batch, and what the one would make of the other: each case is a file that says it itself.
//!
//! A case holds objects of a cluster, a line `# batch`, an input, a line `# found`, and what is found. The cluster
//! answers each list that is needed, and no other. `UPDATE_CASES=1 cargo test` writes what is found into the cases.

mod needs;
mod size;

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{fs, io};

use fanfold::cluster::Live;
use fanfold::compile::{Settings, compile, read_inputs};
use fanfold::diagnostic::{Code, Diagnostics};
use fanfold::expand::Options;
use fanfold::kubernetes::{Amounts, Facts, Manifest};
use fanfold::preflight::{Cluster, Preflight, preflight};
use fanfold::read::MemoryFiles;
use fanfold::text::Sources;
use serde::Deserialize;

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/quick/preflight/cases");

#[test]
fn every_case_finds_what_it_says() {
    let update = std::env::var_os("UPDATE_CASES").is_some();
    let mut failures = String::new();
    let mut seen = std::collections::BTreeSet::new();
    for path in cases() {
        let text = fs::read_to_string(&path).unwrap();
        let (given, expected) = text.split_once("# found\n").unwrap_or((&text, ""));
        let (cluster, _) = given.split_once("# batch\n").expect("a case has a batch");
        // The places of findings are those in the file.
        let hidden = cluster.lines().map(|_| "\n").collect::<String>();
        let (objects, sources) = compiled(&format!("{hidden}{}", &given[cluster.len()..]), &path);
        let preflight = against(cluster, &objects, Facts::newest());
        seen.extend(preflight.findings.iter().map(|finding| finding.code.name()));
        let found = shown(&preflight, &sources);
        if update {
            fs::write(&path, format!("{given}# found\n{found}")).unwrap();
        } else if found != expected {
            writeln!(failures, "{}\nexpected\n{expected}\nfound\n{found}", path.display()).unwrap();
        }
    }
    assert!(failures.is_empty(), "{failures}");
    for code in Code::ALL.iter().filter(|code| code.is_of_preflight()) {
        assert!(seen.contains(code.name()), "no case shows {code}");
    }
}

/// Holds objects against a cluster that has what a text says.
pub(crate) fn against(cluster: &str, objects: &[Manifest], facts: &Facts) -> Preflight {
    preflight(objects, &read(&live(cluster), objects, facts), facts)
}

/// Returns the objects of a text.
fn live(text: &str) -> Vec<Live> {
    let documents = serde_yaml::Deserializer::from_str(text).map(serde_json::Value::deserialize);
    documents.map(|document| document.expect("the cluster is YAML")).filter(|one| !one.is_null()).map(Live).collect()
}

/// Reads what is needed of a cluster.
fn read(all: &[Live], objects: &[Manifest], facts: &Facts) -> Cluster {
    let mut cluster = Cluster::new("default");
    for _ in 0..5 {
        for need in cluster.needs(objects, facts) {
            cluster.put(&need, all.iter().filter(|object| need.takes(object)).cloned());
        }
    }
    assert!(cluster.needs(objects, facts).is_empty(), "what is needed comes to an end");
    cluster
}

fn compiled(text: &str, path: &Path) -> (Vec<Manifest>, Sources) {
    let (mut sources, mut found) = (Sources::default(), Diagnostics::new());
    let files = MemoryFiles::default().with("case.yaml", text);
    let settings = Settings { facts: Facts::newest(), options: Options::default() };
    let no_stdin = || Err(io::ErrorKind::NotFound.into());
    let inputs = read_inputs(&["case.yaml".to_owned()], &files, no_stdin, &mut sources, &mut found);
    let compilation = compile(inputs, &settings, &files, &mut sources, &mut found);
    let errors: Vec<&str> = found.iter().map(|finding| finding.message.as_str()).collect();
    assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
    (compilation.objects(), sources)
}

fn shown(preflight: &Preflight, sources: &Sources) -> String {
    let mut out = String::new();
    for finding in preflight.findings.iter() {
        let place = sources.place(finding.origin).map_or((0, 0), |(_, place)| (place.line, place.column));
        let (severity, code, count) = (finding.severity.as_str(), finding.code, finding.count);
        writeln!(out, "# {}:{} {severity}[{code}] {}", place.0, place.1, finding.message).unwrap();
        let subject = finding.subject.as_ref().expect("each finding is about an object");
        let times = if count > 1 { format!(", {count} times") } else { String::new() };
        writeln!(out, "#   about {} {}{times}", subject.object, subject.field).unwrap();
        finding.help.iter().for_each(|help| writeln!(out, "#   help: {help}").unwrap());
    }
    if let Some(room) = &preflight.room {
        let amounts = |amounts: &Amounts| -> String {
            let all: Vec<String> = amounts.iter().map(|(name, amount)| format!("{name} {amount}")).collect();
            all.join(", ")
        };
        writeln!(
            out,
            "# room: {} nodes, {} pods, {} present, {} fitting, {} others waiting",
            room.nodes, room.pods, room.present, room.fitting, room.waiting
        )
        .unwrap();
        writeln!(out, "#   asked: {}", amounts(&room.requests)).unwrap();
        writeln!(out, "#   free: {}", amounts(&room.free)).unwrap();
    }
    out
}

fn cases() -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(CASES).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 15, "{CASES} holds the cases");
    paths
}
