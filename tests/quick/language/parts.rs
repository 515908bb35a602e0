//! Parts of batches through the commands: where they are found, what is told of them, and what knows them.

use std::process::Command;

use crate::bench::{Bench, stderr};

const PART: &str = "\
apiVersion: fanfold.dev/v1
kind: Part
params: {tag: \"1.27\"}
workloads:
  web:
    kind: Deployment
    image: \"nginx:{{ params.tag }}\"
configMaps: {app: {files: [settings.txt]}}
";
const SPEC: &str = "\
apiVersion: fanfold.dev/v1
kind: Batch
metadata: {name: shop}
include: [../common/base.yaml]
";

fn shop() -> Bench {
    Bench::with(&[("specs/shop.yaml", SPEC), ("common/base.yaml", PART), ("common/settings.txt", "one")])
}

fn git(bench: &Bench, arguments: &[&str]) {
    let output = Command::new("git")
        .args(["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "init.defaultBranch=main"])
        .args(arguments)
        .current_dir(bench.path(""))
        .output()
        .expect("git runs");
    assert!(output.status.success(), "git {arguments:?}: {}", stderr(&output));
}

#[test]
fn a_finding_and_the_provenance_name_the_file_of_the_part() {
    let bench = shop();
    let (code, said, beside) = bench.said(&["build", "specs", "--provenance"]);
    assert!(code == Some(0) && said.contains("# source: common/base.yaml:5, workload web"), "{said}{beside}");
    bench.write("common/base.yaml", &PART.replace("image:", "imagee:"));
    let (code, said, _) = bench.said(&["check", "specs", "--format", "short"]);
    assert!(code == Some(1) && said.contains("common/base.yaml:7:5: error[unknown-field]"), "{said}");
}

#[test]
fn a_part_is_read_once_whoever_includes_it() {
    let bench = shop();
    bench.write("specs/bank.yaml", &SPEC.replace("shop}", "bank, namespace: bank}"));
    bench.write("common/base.yaml", &format!("{PART}workload: {{}}\n"));
    let (code, said, _) = bench.said(&["check", "specs", "common", "--format", "short"]);
    assert_eq!(said.matches("a part has no field `workload`").count(), 1, "{said}");
    assert!(code == Some(1) && said.lines().filter(|line| line.contains("error")).count() == 1, "{said}");
    bench.write("common/base.yaml", "a: [\n");
    let (_, said, _) = bench.said(&["check", "specs", "--format", "short"]);
    assert_eq!(said.matches("[invalid-yaml]").count(), 1, "{said}");
}

#[test]
fn a_part_alone_is_looked_at_and_makes_nothing() {
    let bench = shop();
    let (code, said, beside) = bench.said(&["check", "common/base.yaml"]);
    assert!(code == Some(0) && said.contains("no batch of the run includes this part"), "{said}{beside}");
    let (code, _, beside) = bench.said(&["build", "common/base.yaml"]);
    assert!(code == Some(2) && beside.contains("nothing to build"), "{beside}");
    bench.write("common/base.yaml", &PART.replace("params", "parms"));
    let (code, said, _) = bench.said(&["check", "common"]);
    assert!(code == Some(1) && said.contains("a part has no field `parms`"), "{said}");
    assert!(said.contains("did you mean `params`"), "{said}");
}

#[test]
fn a_part_lies_where_specs_may_read() {
    let bench = shop();
    let run = |folder: &str, args: &[&str]| {
        let output = bench.command(args).current_dir(bench.path(folder)).output().expect("the binary runs");
        (output.status.code(), crate::bench::stdout(&output) + &stderr(&output))
    };
    let (code, said) = run("specs", &["build", "shop.yaml"]);
    assert!(code == Some(1) && said.contains("--allow-path") && !said.contains("nginx"), "{said}");
    let (code, said) = run("specs", &["build", "shop.yaml", "--allow-path", "../common"]);
    assert!(code == Some(0) && said.contains("nginx:1.27"), "{said}");
    // What it names lies beside it, or where any spec may read.
    bench.write("common/base.yaml", &PART.replace("settings.txt", "../other/x.txt"));
    bench.write("other/x.txt", "x");
    let (code, said) = run("specs", &["build", "shop.yaml", "--allow-path", "../common"]);
    assert!(code == Some(1) && said.contains("base.yaml:8") && said.contains("other/x.txt"), "{said}");
}

#[test]
fn secrets_of_parts_are_secrets() {
    let bench = shop();
    let part = "\
apiVersion: fanfold.dev/v1
kind: Part
params: {pw: tOkEn1, open: fine}
secrets: {db: {stringData: {p: \"{{ params.pw }}\", q: [tOkEn2]}}}
workloads: {web: {kind: Deployment, image: 'a b {{ params.pw }}'}}
profiles: {prod: {params: {pw: [tOkEn3]}}}
";
    bench.write("common/base.yaml", part);
    let overridden = SPEC.to_owned() + "params: {pw: [tOkEn4]}\nsecrets: {db: {stringData: {q: 3}}}\n";
    for spec in [SPEC, &overridden] {
        bench.write("specs/shop.yaml", spec);
        for args in [&["check", "specs"][..], &["check", "specs", "-p", "prod"], &["check", "common"]] {
            let (_, said, beside) = bench.said(args);
            assert!(!(said + &beside).contains("tOkEn"), "{args:?}");
        }
    }
    bench.write("specs/shop.yaml", SPEC);
    let (code, said, _) = bench.said(&["check", "specs"]);
    assert!(code == Some(1) && said.contains("•••"), "{said}");
    bench.write("common/base.yaml", &part.replace("kind: Part", "kind: Prat"));
    let (_, said, beside) = bench.said(&["check", "specs"]);
    assert!(!(said + &beside).contains("tOkEn"));
}

#[test]
fn a_commit_is_read_with_its_parts() {
    needs!(GIT);
    let bench = shop();
    git(&bench, &["init", "--quiet"]);
    git(&bench, &["add", "."]);
    git(&bench, &["commit", "--quiet", "--message", "first"]);
    bench.write("common/base.yaml", &PART.replace("1.27", "1.28"));
    let (code, said, beside) = bench.said(&["diff", "specs", "--against", "git:HEAD"]);
    assert!(code == Some(1) && said.contains("nginx:1.27 → nginx:1.28"), "{said}{beside}");
    assert!(said.contains("common/base.yaml:3"), "the parameter is told that is behind it: {said}");
}

#[test]
fn a_function_includes_parts_and_leaves_hashes_to_kustomize() {
    let bench = shop();
    let config = SPEC.replace("../common", "common").replace('\n', "\n  ");
    let list = format!(
        "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- {config}\nfunctionConfig:\n  {config}\n"
    );
    let (code, said, beside) = bench.said_to(&["function"], &list);
    assert!(code == Some(0) && said.contains("nginx:1.27"), "{said}{beside}");
    assert!(said.contains("kustomize.config.k8s.io/needs-hash"), "{said}");
}
