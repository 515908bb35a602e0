//! A cluster and a batch, and what the one would make of the other.
//!
//! A case (`crate::cases`) holds objects of a cluster, and below `# --- batch` an input. The cluster answers each list that
//! is needed, and no other.

mod needs;
mod size;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use fanfold::cluster::Live;
use fanfold::compile::{Settings, compile, read_inputs};
use fanfold::diagnostic::{Code, Diagnostics};
use fanfold::kubernetes::{Amounts, Facts, Manifest};
use fanfold::preflight::{Cluster, Preflight, preflight};
use fanfold::read::MemoryFiles;
use fanfold::text::Sources;
use serde::Deserialize;

use crate::cases;

#[test]
fn every_case_finds_what_it_says() {
    let seen = RefCell::new(BTreeSet::new());
    cases::hold("tests/quick/preflight/cases", 15, |case| {
        let (objects, sources) = compiled(&case.section("batch"), &case.path);
        let preflight = against(case.input(), &objects, Facts::newest());
        seen.borrow_mut().extend(preflight.findings.iter().map(|finding| finding.code.name()));
        shown(&preflight, &sources)
    });
    for code in Code::ALL.iter().filter(|code| code.is_of_preflight()) {
        assert!(seen.borrow().contains(code.name()), "no case shows {code}");
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
            // A review that was denied stands for a list that may not be read.
            let denied = all.iter().find(|object| {
                let plural = object.text(&["spec", "resourceAttributes", "resource"]);
                object.text(&["kind"]) == Some("SelfSubjectAccessReview") && plural == Some(need.plural.as_str())
            });
            match denied {
                Some(review) => {
                    cluster.put_refused(&need, true, review.text(&["status", "reason"]).unwrap_or_default());
                }
                None => cluster.put(&need, all.iter().filter(|object| need.takes(object)).cloned()),
            }
        }
    }
    assert!(cluster.needs(objects, facts).is_empty(), "what is needed comes to an end");
    cluster
}

fn compiled(text: &str, path: &Path) -> (Vec<Manifest>, Sources) {
    let (mut sources, mut found) = (Sources::default(), Diagnostics::new());
    let files = MemoryFiles::default().with("case.yaml", text);
    let settings = Settings::default();
    let no_stdin = || Err(io::ErrorKind::NotFound.into());
    let inputs = read_inputs(&["case.yaml".to_owned()], &files, no_stdin, &mut sources, &mut found);
    let compilation = compile(inputs, &settings, &files, &mut sources, &mut found);
    let errors: Vec<&str> = found.iter().map(|finding| finding.message.as_str()).collect();
    assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
    (compilation.objects(), sources)
}

fn shown(preflight: &Preflight, sources: &Sources) -> Vec<String> {
    let mut out = Vec::new();
    for finding in preflight.findings.iter() {
        let place = sources.place(finding.origin).map_or((0, 0), |(_, place)| (place.line, place.column));
        let (severity, code, count) = (finding.severity.as_str(), finding.code, finding.count);
        out.push(format!("{}:{} {severity}[{code}] {}", place.0, place.1, finding.message));
        let subject = finding.subject.as_ref().expect("each finding is about an object");
        let times = if count > 1 { format!(", {count} times") } else { String::new() };
        out.push(format!("  about {} {}{times}", subject.object, subject.field));
        out.extend(finding.help.iter().map(|help| format!("  help: {help}")));
    }
    if let Some(room) = &preflight.room {
        let amounts = |amounts: &Amounts| -> String {
            let all: Vec<String> = amounts.iter().map(|(name, amount)| format!("{name} {amount}")).collect();
            all.join(", ")
        };
        out.push(format!(
            "room: {} nodes, {} pods, {} present, {} fitting, {} others waiting",
            room.nodes, room.pods, room.present, room.fitting, room.waiting
        ));
        out.push(format!("  asked: {}", amounts(&room.requests)));
        out.push(format!("  free: {}", amounts(&room.free)));
    }
    out
}
