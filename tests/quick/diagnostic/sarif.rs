//! SARIF against a schema of the parts that are used.

use fanfold::diagnostic::{Code, Diagnostic, Format, Severity, render};
use fanfold::text::{Origin, Sources};
use serde_json::Value;

use super::render::{PLAIN, handful};

fn check(log: &str) -> Value {
    let schema: Value = serde_json::from_str(include_str!("../sarif/schema.json")).expect("the schema is JSON");
    let log: Value = serde_json::from_str(log).expect("the log is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    let errors: Vec<String> =
        validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    log
}

#[test]
fn a_log_keeps_to_the_standard() {
    let (sources, findings) = handful();
    let log = check(&render(&findings, &sources, Format::Sarif, PLAIN));
    let run = &log["runs"][0];
    let results = run["results"].as_array().expect("a list");
    assert_eq!(results.len(), findings.len());
    for result in results {
        let rule = &run["tool"]["driver"]["rules"][usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
    }
    check(&render(&[].into_iter().collect(), &Sources::default(), Format::Sarif, PLAIN));
}

#[test]
fn a_log_holds_what_code_scanning_takes() {
    needs!(TIME);
    let mut sources = Sources::default();
    let file = sources.add("a.yaml", "x".repeat(26_000));
    let finding = |at: usize| {
        let severity = if at < 1_500 { Severity::Note } else { Severity::Error };
        Diagnostic::new(Code::InvalidValue, Origin::new(file, at, at + 1), "wrong").severity(severity)
    };
    let log = check(&render(&(0..26_000).map(finding).collect(), &sources, Format::Sarif, PLAIN));
    let run = &log["runs"][0];
    assert_eq!(run["results"].as_array().map(Vec::len), Some(25_000));
    let notes = run["results"].as_array().unwrap().iter().filter(|result| result["level"] == "note").count();
    assert_eq!(notes, 500, "errors go first into a report that is full");
    let notification = &run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"];
    assert_eq!(notification, "1,000 further findings are left out of this report");
}

#[test]
fn fingerprints_survive_edits_above() {
    let fingerprints = |text: &str| {
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", text);
        let findings = text
            .match_indices('@')
            .map(|(at, _)| Diagnostic::new(Code::InvalidValue, Origin::new(file, at, at + 1), "wrong"))
            .collect();
        let log = check(&render(&findings, &sources, Format::Sarif, PLAIN));
        let results = log["runs"][0]["results"].as_array().unwrap().clone();
        results.iter().map(|result| result["partialFingerprints"].to_string()).collect::<Vec<_>>()
    };
    let before = fingerprints("a: @\nb: @\n");
    assert_ne!(before[0], before[1], "two findings of one kind are still two");
    assert_eq!(before, fingerprints("# a new line\n\na: @\nb: @\n"));
}
