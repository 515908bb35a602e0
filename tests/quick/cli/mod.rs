//! The commands as a user runs them: exit codes, what goes where, what is left on the disk.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use crate::bench::{Bench, stderr, stdout};

const SPEC: &str = "\
apiVersion: fanfold.dev/v1
kind: Batch
metadata: {name: hello, namespace: demo}
params: {tag: \"1.27\"}
workloads:
  web:
    kind: Deployment
    matrix: {region: [eu, us]}
    image: \"nginx:{{ params.tag }}\"
    ports: {http: 80}
    service: ClusterIP
profiles:
  prod: {params: {tag: \"1.28\"}, workloads: {web: {replicas: 10}}}
";

/// Returns a bench with the spec.
fn bench() -> Bench {
    Bench::with(&[("spec.yaml", SPEC)])
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn parameters_come_from_profiles_files_and_the_command_line_the_last_one_wins() {
    let bench = bench();
    bench.write("params.yaml", "tag: \"1.29\"\n");
    assert!(bench.ok(&["build", "spec.yaml"]).contains("image: nginx:1.27"));
    assert!(bench.ok(&["build", "spec.yaml", "-p", "prod"]).contains("image: nginx:1.28"));
    let with_file = ["build", "spec.yaml", "-p", "prod", "--params", "params.yaml"];
    assert!(bench.ok(&with_file).contains("image: nginx:1.29"));
    let with_set = [&with_file[..], &["--set", "tag=1.30"]].concat();
    assert!(bench.ok(&with_set).contains("image: nginx:1.30"));
    assert!(bench.fails(1, &["build", "spec.yaml", "--set", "tga=1"]).contains("did you mean `tag`?"));
    assert!(bench.fails(1, &["build", "spec.yaml", "-p", "prd"]).contains("did you mean `prod`?"));
}

#[test]
fn a_notation_is_no_folder() {
    let bench = bench();
    let said = bench.fails(2, &["build", "spec.yaml", "-o", "yaml"]);
    assert!(said.contains("`--output yaml`") && !bench.path("yaml").exists(), "{said}");
    bench.ok(&["build", "spec.yaml", "-o", "./yaml"]);
    bench.ok(&["build", "spec.yaml", "-o", "yaml"]);
}

#[test]
fn a_folder_is_written_once_and_then_left_as_it_is() {
    let bench = bench();
    bench.ok(&["build", "spec.yaml", "-o", "out"]);
    let first = names(&bench.path("out"));
    assert_eq!(first.len(), 5, "two Deployments, two Services and the index: {first:?}");
    let stamp = || {
        fs::metadata(bench.path("out/apps_v1_deployment_web-eu.yaml")).and_then(|file| file.modified()).expect("a time")
    };
    let before = stamp();
    let again = bench.run(&["build", "spec.yaml", "-o", "out"]);
    assert!(stderr(&again).contains("0 written, 0 removed, 4 unchanged"), "{}", stderr(&again));
    assert_eq!(stamp(), before);
    bench.ok(&["build", "spec.yaml", "-o", "out", "--check"]);

    bench.write("spec.yaml", &SPEC.replace("[eu, us]", "[eu]"));
    let stale = bench.fails(1, &["build", "spec.yaml", "-o", "out", "--check"]);
    assert!(stale.contains("web-us") && stale.contains("is stale"), "{stale}");
    assert_eq!(names(&bench.path("out")), first, "a check changes nothing");
    bench.ok(&["build", "spec.yaml", "-o", "out"]);
    assert_eq!(names(&bench.path("out")).len(), 3);
}

#[test]
fn errors_leave_the_output_alone() {
    let bench = bench();
    bench.ok(&["build", "spec.yaml", "-o", "out"]);
    bench.write("spec.yaml", &SPEC.replace("image:", "imag:"));
    let message = bench.fails(1, &["build", "spec.yaml", "-o", "out"]);
    assert!(message.contains("did you mean `image`?"), "{message}");
    assert_eq!(names(&bench.path("out")).len(), 5);
    assert!(stdout(&bench.run(&["build", "spec.yaml"])).is_empty(), "no half output");
}

#[test]
fn secrets_go_to_files_only_when_told_so() {
    let bench = bench();
    bench.write(
        "spec.yaml",
        &SPEC.replace("\nworkloads:", "\nsecrets: {db: {stringData: {password: hunter2}}}\nworkloads:"),
    );
    let asked = bench.fails(2, &["build", "spec.yaml", "-o", "out"]);
    assert!(asked.contains("--secrets include"), "{asked}");
    assert!(!bench.path("out").exists());
    bench.ok(&["build", "spec.yaml", "-o", "out", "--secrets", "omit"]);
    assert!(!names(&bench.path("out")).iter().any(|name| name.contains("secret")));
    bench.ok(&["build", "spec.yaml", "-o", "out", "--secrets", "include"]);
    assert!(names(&bench.path("out")).iter().any(|name| name.contains("secret")));
    assert!(bench.ok(&["build", "spec.yaml"]).contains("aHVudGVyMg=="), "standard output has them");
    assert!(!bench.ok(&["build", "spec.yaml", "--secrets", "omit"]).contains("aHVudGVyMg=="));
}

#[test]
fn all_notations_and_layouts_hold_the_same_objects() {
    let bench = bench();
    let json = bench.ok(&["build", "spec.yaml", "--output", "json"]);
    let list: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(list["kind"], "List");
    assert_eq!(list["items"].as_array().map(Vec::len), Some(4));
    assert!(bench.ok(&["build", "spec.yaml", "--output", "kyaml"]).contains("kind: \"Deployment\","));
    bench.ok(&["build", "spec.yaml", "-o", "base", "--layout", "kustomize"]);
    let kustomization = fs::read_to_string(bench.path("base/kustomization.yaml")).expect("a kustomization");
    assert!(kustomization.contains("apps_v1_deployment_web-eu.yaml"), "{kustomization}");
    bench.ok(&["build", "spec.yaml", "-o", "chart", "--layout", "helm"]);
    assert!(bench.path("chart/Chart.yaml").exists() && bench.path("chart/templates").is_dir());
    bench.ok(&["build", "spec.yaml", "-o", "all.yaml"]);
    let stream = fs::read_to_string(bench.path("all.yaml")).expect("a file");
    assert_eq!(stream, bench.ok(&["build", "spec.yaml"]));
    assert!(bench.fails(2, &["build", "spec.yaml", "--layout", "helm"]).contains("-o DIR"));
    assert!(bench.ok(&["build", "spec.yaml", "--provenance"]).contains("spec.yaml:6"));
    for file in ["all.yaml", "base", "chart/templates"] {
        bench.ok(&["check", file]);
    }
}

#[test]
fn findings_are_judged_as_asked() {
    let bench = bench();
    bench.write(
        "old.yaml",
        "apiVersion: v1\nkind: Endpoints # fanfold: allow(deprecated-api) still in use\nmetadata: {name: a}\n",
    );
    let output = bench.run(&["check", "old.yaml", "--format", "short"]);
    assert_eq!(output.status.code(), Some(0), "a warning is no failure: {}", stdout(&output));
    bench.fails(1, &["check", "old.yaml", "--deny", "warnings"]);
    bench.fails(2, &["check", "old.yaml", "--allow", "no-such-code"]);
    bench.fails(2, &["check", "old.yaml", "--allow", "invalid-yaml"]);
    let json = bench.ok(&["check", "old.yaml", "--format", "sarif"]);
    assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok(), "nothing but SARIF on standard output: {json}");
}

#[test]
fn values_of_secrets_never_show() {
    const TOKEN: &str = "tok3nThatNobodyMaySee";
    let bench = bench();
    let spec = "apiVersion: fanfold.dev/v1\nkind: Batch\nmetadata: {name: s}\n";
    let cases = [
        // A parameter that a Secret is made of, refused by its schema.
        format!(
            "{spec}params: {{pw: {{type: string, maxLength: 3, default: {TOKEN}}}}}\nsecrets: {{db: {{stringData: {{a: \"{{{{ params.pw }}}}\"}}}}}}\n"
        ),
        // A text where base64 belongs, a list where a text belongs, a mistake beside a value.
        format!("{spec}secrets: {{db: {{data: {{a: \"{TOKEN}!\"}}}}}}\n"),
        format!("{spec}secrets: {{db: {{stringData: {{a: [{TOKEN}]}}}}}}\n"),
        format!("{spec}secrets: {{db: {{stringData: {{a: {TOKEN}}}, tpye: Opaque}}}}\n"),
        // Manifests: a wrong type, and what kubectl repeats in an annotation.
        format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\ndata: {{a: \"{TOKEN}!\"}}\n"),
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: a, annotations: {{kubectl.kubernetes.io/last-applied-configuration: {TOKEN}, b: 1}}}}\n"
        ),
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\nstringData: {{a: {TOKEN}}}\nstringdata: {{a: b}}\n"
        ),
    ];
    for (number, case) in cases.iter().enumerate() {
        bench.write("secret.yaml", case);
        for format in ["human", "short", "json", "sarif", "github", "gitlab"] {
            let output = bench.run(&["check", "secret.yaml", "--format", format]);
            let said = stdout(&output) + &stderr(&output);
            assert_eq!(output.status.code(), Some(1), "case {number} has an error: {said}");
            assert!(!said.contains(TOKEN), "case {number} as {format} shows the value: {said}");
        }
    }
    bench.write(
        "secret.yaml",
        &format!("{spec}params: {{pw: x}}\nsecrets: {{db: {{stringData: {{a: \"{{{{ params.pw }}}}\"}}}}}}\n"),
    );
    let output = bench.run(&["check", "secret.yaml", "--set", &format!("pw=[{TOKEN}]")]);
    assert!(!(stdout(&output) + &stderr(&output)).contains(TOKEN));
}

#[test]
fn the_command_line_is_checked() {
    let bench = bench();
    let unknown = bench.fails(2, &["build", "spec.yaml", "--kubernetes-version", "1.12"]);
    assert!(unknown.contains("1.34, 1.35, 1.36, 1.37"), "{unknown}");
    bench.ok(&["build", "spec.yaml", "--kubernetes-version", "v1.34.1"]);
    bench.fails(2, &["build"]);
    bench.fails(2, &["build", "spec.yaml", "--no-such-flag"]);
    let missing = bench.fails(1, &["build", "nowhere.yaml"]);
    assert!(missing.contains("cannot read `nowhere.yaml`: no such file or folder"), "{missing}");
    let limit = bench.fails(1, &["build", "spec.yaml", "--max-instances", "1"]);
    assert!(limit.contains("--max-instances 2"), "{limit}");
}

#[test]
fn standard_input_is_an_input() {
    let bench = bench();
    let mut child = bench
        .command(&["build", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    child.stdin.take().expect("an input").write_all(SPEC.as_bytes()).expect("the spec is written");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(stdout(&output), bench.ok(&["build", "spec.yaml"]));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let bench = bench();
    bench.write("spec.yaml", &SPEC.replace("matrix: {region: [eu, us]}", "instances: 2000"));
    let args = ["build", "spec.yaml", "--allow", "no-memory-limit"];
    let mut child = bench.command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success() && stderr(&output).is_empty(), "{:?} {}", output.status, stderr(&output));
}

#[test]
fn completions_and_manual_pages_are_printed() {
    let bench = bench();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(bench.ok(&["completions", shell]).contains("fanfold"), "{shell}");
    }
    assert!(bench.ok(&["man"]).contains(".TH"));
    bench.ok(&["man", "man"]);
    assert!(names(&bench.path("man")).contains(&"fanfold-build.1".to_owned()));
}
