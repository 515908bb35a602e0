//! What findings say of their cause and of the way out: where in which file, what is behind the value, what mends it.
//!
//! A case (`crate::cases`) is a spec or a manifest as a user has it. Files that it needs stand below `# --- NAME` and are
//! named by `# file: NAME`; `# run: explain spec` is another command than `check a.yaml`.

use serde_json::Value;

use crate::bench::Bench;
use crate::cases::{self, Case};

const CASES: &str = "tests/quick/diagnostic/hints";

#[test]
fn every_hint_helps() {
    cases::hold(CASES, 30, |case| {
        let bench = bench(case, case.input());
        if let Some(command) = case.settings("run").next() {
            let args: Vec<&str> = command.split(' ').collect();
            let (_, out, err) = bench.said(&args);
            return [out, err].iter().flat_map(|text| text.lines().map(str::to_owned)).collect();
        }
        check(&bench).iter().flat_map(told).collect()
    });
}

/// One place decides whether a change is offered: all that are make an end of what they are offered for, and of nothing else
/// a beginning.
#[test]
fn every_change_that_is_offered_holds() {
    let mut offered = 0;
    for case in cases::files(CASES).iter().filter(|case| case.settings("run").next().is_none()) {
        let found = check(&bench(case, case.input()));
        let known: Vec<String> = found.iter().map(name).collect();
        for finding in found.iter().filter(|finding| finding["fix"].is_object()) {
            let fix = &finding["fix"];
            let range = |key: &str| usize::try_from(fix[key].as_u64().expect("a place")).expect("it fits");
            let mended = bench(case, case.input());
            let file = fix["file"].as_str().expect("a file");
            let mut text = std::fs::read_to_string(mended.path(file)).expect("it is there");
            text.replace_range(range("byteStart")..range("byteEnd"), fix["replacement"].as_str().expect("a text"));
            mended.write(file, &text);
            let after = check(&mended);
            let is_there = |one: &Value| name(one) == name(finding) && one["byteStart"] == finding["byteStart"];
            assert!(!after.iter().any(is_there), "{}: {finding} is there still", case.name());
            let new = after.iter().find(|one| one["line"] == finding["line"] && !known.contains(&name(one)));
            assert_eq!(new, None, "{}: {finding} brings a new one", case.name());
            offered += 1;
        }
    }
    assert!(offered >= 8, "{offered} changes are offered");
}

fn bench(case: &Case, input: &str) -> Bench {
    let bench = Bench::with(&[("a.yaml", input)]);
    for name in case.settings("file") {
        bench.write(name, case.section(name).trim_start_matches('\n'));
    }
    bench
}

fn check(bench: &Bench) -> Vec<Value> {
    let (_, out, err) = bench.said(&["check", "a.yaml", "--format", "json"]);
    assert!(out.is_empty() || err.is_empty(), "{err}");
    out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn name(finding: &Value) -> String {
    format!("{} {}", finding["code"], finding["message"])
}

/// Returns a finding as lines.
fn told(finding: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let place = |at: &Value| format!("{}:{}:{}", text(&at["file"]), at["line"], at["column"]);
    let all = |key: &str| finding[key].as_array().cloned().unwrap_or_default();
    let mut lines = vec![format!("{} {}: {}", place(finding), text(&finding["code"]), text(&finding["message"]))];
    if finding["count"] != 1 {
        lines.push(format!("  in {} objects", finding["count"]));
    }
    lines.extend(["layer", "template"].iter().filter_map(|key| Some(format!("  {key}: {}", finding[key].as_str()?))));
    lines.extend(all("labels").iter().map(|label| format!("  at {}: {}", place(label), text(&label["text"]))));
    lines.extend(all("help").iter().map(|help| format!("  help: {}", text(help))));
    for edit in finding["fix"]["edits"].as_array().into_iter().flatten() {
        lines.push(format!("  write ({}): {}", text(&finding["fix"]["applicability"]), text(&edit["replacement"])));
    }
    lines
}

#[test]
fn many_findings_of_two_mistakes_are_two_with_a_count() {
    use std::fmt::Write;
    let mut input = String::new();
    for number in 0..300 {
        let head = format!("---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: d{number}}}\nspec:\n");
        let body = "  replicas: \"3\"\n  template:\n    metadata: {labels: {a: b}}\n    spec:\n";
        writeln!(input, "{head}{body}      containers: [{{name: m, image: \"r/x:1\"}}]").expect("a text grows");
    }
    let bench = Bench::with(&[("a.yaml", &input)]);
    let (exit, out, _) = bench.said(&["check", "a.yaml"]);
    assert_eq!(exit, Some(1));
    assert!(out.lines().count() < 40, "{out}");
    assert_eq!(out.matches("and 299 more like it: a.yaml:").count(), 2, "{out}");
    let end = "  300 missing-field\n  300 wrong-type\n600 errors; `--format short` tells each in a line\n[*] 300 fixable with `fanfold check --fix`\n";
    assert!(out.ends_with(end), "{out}");
    let (_, all, _) = bench.said(&["check", "a.yaml", "--format", "short"]);
    assert_eq!(all.lines().count(), 600);
}
