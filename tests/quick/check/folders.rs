//! Repositories and what `check` makes of them: objects, patches, templates, files of other programs, sets.
//!
//! A case (`crate::cases`) holds its files, each below a line `# --- PATH`, so that places are those of the case. Settings
//! name the inputs, `# check: envs`; without one it is the whole. Found are the findings, and how much was looked at.

use std::fmt::Write;

use fanfold::compile::{Settings, compile, survey_inputs};
use fanfold::diagnostic::Diagnostics;
use fanfold::read::MemoryFiles;
use fanfold::text::Sources;

use crate::bench::Bench;
use crate::cases::{self, Case};

#[test]
fn every_repository_is_taken_for_what_it_is() {
    cases::hold("tests/quick/check/folders", 20, check);
}

fn check(case: &Case) -> Vec<String> {
    let text = std::fs::read_to_string(&case.path).expect("a case");
    let names = text.lines().filter_map(|line| line.strip_prefix("# --- ")).filter(|name| *name != "found");
    let files = names.fold(MemoryFiles::default(), |files, name| files.with(name, case.section(name)));
    let mut paths: Vec<String> = case.settings("check").map(str::to_owned).collect();
    if paths.is_empty() {
        paths.push(".".to_owned());
    }
    let (mut sources, mut found) = (Sources::default(), Diagnostics::new());
    let no_stdin = || Ok(Vec::new());
    let inputs = survey_inputs(&paths, &files, no_stdin, &mut sources, &mut found);
    if case.settings("strict").next().is_some() {
        found.extend(inputs.skipped.findings());
    }
    let (read, skipped) = (inputs.files, inputs.skipped.clone());
    let settings = Settings::default();
    let compilation = compile(inputs, &settings, &files, &mut sources, &mut found);
    let mut lines: Vec<String> = found
        .iter()
        .map(|finding| {
            let (file, place) = sources.place(finding.origin).expect("a place");
            let severity = finding.severity.as_str();
            let mut line =
                format!("{file}:{}:{} {severity}[{}] {}", place.line, place.column, finding.code, finding.message);
            if finding.count > 1 {
                write!(line, " ({} times)", finding.count).expect("a text grows");
            }
            finding.help.iter().for_each(|help| write!(line, " | {help}").expect("a text grows"));
            line
        })
        .collect();
    let skipped = if skipped.is_empty() { String::new() } else { format!("; {skipped}") };
    lines.push(format!("{read} files, {} objects{skipped}", compilation.len()));
    lines
}

#[test]
fn what_is_skipped_is_said_and_refused_where_that_is_wanted() {
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
    let bench = Bench::with(&[
        ("r/a.yaml", object),
        ("r/values.yaml", "image: x\n"),
        ("r/.github/workflows/ci.yaml", "on: [push]\n"),
        ("r/chart/Chart.yaml", "apiVersion: v2\nname: x\nversion: 0.1.0\n"),
        ("r/chart/templates/d.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n"),
    ]);
    let (exit, out, said) = bench.said(&["check", "r"]);
    assert_eq!(exit, Some(0), "{out}{said}");
    for part in ["1 file checked, 1 object", "4 skipped", "1 hidden", "1 templates", "2 without objects"] {
        assert!(said.contains(part), "expected {part:?} in {said}");
    }
    let refused = bench.fails(1, &["check", "r", "--strict"]);
    for part in ["`r/values.yaml` is not checked", "`r/chart/Chart.yaml`", "`r/chart/templates/d.yaml`"] {
        assert!(refused.contains(part), "expected {part:?} in {refused}");
    }
    assert!(!refused.contains("ci.yaml"), "what is hidden is no input: {refused}");
    bench.ok(&["check", "r/a.yaml", "--strict"]);
    // What is there to be made or sent is one set, and all of it.
    let twice = Bench::with(&[("r/dev/a.yaml", object), ("r/prod/a.yaml", object)]);
    twice.ok(&["check", "r"]);
    assert!(twice.fails(1, &["build", "r"]).contains("stands twice in the input"));
}

#[test]
fn the_working_directory_hides_what_other_folders_hide() {
    let bench = Bench::with(&[
        ("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"),
        (".github/b.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: B}\n"),
    ]);
    let (exit, out, said) = bench.said(&["check", "."]);
    assert_eq!((exit, said.contains("1 hidden")), (Some(0), true), "{out}{said}");
}

/// A repository of kustomizations, a chart and another program's files around one spec.
const MIXED: [(&str, &str); 8] = [
    ("r/base/kustomization.yaml", "resources: [web.yaml]\n"),
    (
        "r/base/web.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n  template:\n    \
         metadata: {labels: {app: web}}\n    spec: {containers: [{name: web, image: 'web:1'}]}\n",
    ),
    ("r/envs/dev/kustomization.yaml", "resources: [../../base]\npatches: [{path: p.yaml}]\n"),
    ("r/envs/dev/p.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 2\n"),
    ("r/envs/prod/kustomization.yaml", "resources: [../../base]\npatches: [{path: p.yaml}]\n"),
    ("r/envs/prod/p.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 4\n"),
    ("r/chart/templates/d.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n"),
    (
        "r/spec.yaml",
        "apiVersion: fanfold.dev/v1\nkind: Batch\nmetadata: {name: shop}\nworkloads:\n  api: {kind: Deployment, image: 'api:1', \
         resources: {memory: 1Gi}}\n",
    ),
];

#[test]
fn what_is_looked_at_and_what_is_made_of_a_folder_are_told_apart_in_one_way() {
    let bench = Bench::with(&MIXED);
    bench.ok(&["check", "r"]);
    let (code, out, said) = bench.said(&["build", "r"]);
    assert_eq!((code, out.matches("kind: Deployment").count()), (Some(0), 2), "{out}{said}");
    assert!(
        said.contains("patches of kustomizations") && said.contains("`r/chart/templates/d.yaml` (templates)"),
        "{said}"
    );
    let (code, out, said) = bench.said(&["plan", "r"]);
    assert_eq!(code, Some(0), "{out}{said}");
    assert_eq!(bench.said(&["diff", "r", "r"]), (Some(0), String::new(), String::new()));
    let other = Bench::with(&MIXED);
    for (name, text) in MIXED {
        other.write(&name.replacen("r/", "old/", 1), text);
    }
    other.write("r/envs/prod/p.yaml", &MIXED[5].1.replace("replicas: 4", "replicas: 5"));
    let (code, out, said) = other.said(&["diff", "old", "r"]);
    assert!(
        code == Some(1) && out.contains("spec.replicas: 4 → 5"),
        "a patch is compared as it is written: {out}{said}"
    );
}

#[test]
fn a_spec_whose_marks_lack_their_quotes_is_no_template_of_others() {
    let bench = Bench::with(&[
        ("r/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"),
        ("r/b.yaml", "apiVersion: fanfold.dev/v1\nkind: Batch\nmetadata:\n  name: {{ params.name }}\n"),
    ]);
    for command in ["check", "build", "plan"] {
        let (code, out, said) = bench.said(&[command, "r"]);
        assert!(code == Some(1) && (out + &said).contains("r/b.yaml:4"), "{command}: {said}");
    }
}

#[test]
fn a_patch_of_what_a_chart_renders_is_told_where_it_is_checked() {
    let spec = "apiVersion: fanfold.dev/v1\nkind: Batch\nmetadata: {name: ours}\npatch:\n  Deployment/shop: \
                {spec: {replicas: 2}}\n";
    let bench = Bench::with(&[("ours.yaml", spec)]);
    let said = bench.fails(1, &["check", "ours.yaml"]);
    assert!(said.contains("helm template … | fanfold post-render --spec"), "{said}");
}
