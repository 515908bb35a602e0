//! Sides that lie in a commit.

use std::path::Path;
use std::process::Command;

use crate::bench::{Bench, stderr};

const SPEC: &str = "\
apiVersion: fanfold.dev/v1
kind: Batch
metadata: {name: shop, namespace: shop}
workloads:
  web:
    kind: Deployment
    matrix: {region: [eu, us]}
    image: nginx:1.27
    ports: {http: 80}
configMaps:
  settings: {files: [settings.txt]}
";

fn git(folder: &Path, arguments: &[&str]) {
    let output = Command::new("git")
        .args(["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "init.defaultBranch=main"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("git runs");
    assert!(output.status.success(), "git {arguments:?}: {}", stderr(&output));
}

#[test]
fn a_commit_is_read_with_all_files_that_its_spec_names() {
    needs!(GIT);
    let bench = Bench::with(&[]);
    bench.write("specs/shop.yaml", SPEC);
    bench.write("specs/settings.txt", "one");
    git(&bench.path(""), &["init", "--quiet"]);
    git(&bench.path(""), &["add", "."]);
    git(&bench.path(""), &["commit", "--quiet", "--message", "first"]);
    assert_eq!(bench.said(&["diff", "specs", "--against", "git:HEAD"]).0, Some(0));

    bench.write("specs/shop.yaml", &SPEC.replace("1.27", "1.28"));
    bench.write("specs/settings.txt", "two");
    let (code, said, _) = bench.said(&["diff", "specs", "--against", "git:HEAD"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("nginx:1.27 → nginx:1.28") && said.contains("specs/shop.yaml:8"), "{said}");
    assert!(said.contains("settings"), "the file of the commit is compared: {said}");
    let named = bench.said(&["diff", "git:HEAD:specs", "specs"]);
    assert_eq!((named.0, named.1), (code, said), "a path of a commit can be named");
    let written = std::fs::read_to_string(bench.path("specs/settings.txt")).expect("it is there");
    assert_eq!(written, "two", "no checkout is touched");

    bench.write("new/shop.yaml", &SPEC.replace("name: shop", "name: other"));
    bench.write("new/settings.txt", "x");
    let (code, said, beside) = bench.said(&["diff", "new", "--against", "git:HEAD", "--format", "short"]);
    assert_eq!(code, Some(1), "{said}{beside}");
    assert!(said.contains("added") && beside.contains("`new` is not there in `git:HEAD`"), "{said}{beside}");

    let (code, said, beside) = bench.said(&["diff", "specs", "--against", "git:nowhere"]);
    assert!(code > Some(1) && said.is_empty(), "{code:?} {said}");
    assert!(beside.contains("there is no revision `nowhere`"), "{beside}");
}

#[test]
fn a_change_names_the_values_that_made_it() {
    needs!(GIT);
    let bench = Bench::with(&[]);
    let spec = "\
apiVersion: fanfold.dev/v1
kind: Batch
metadata: {name: jobs, namespace: jobs}
params:
  tag: v1
  team: one
workloads:
  job:
    kind: Job
    matrix: {rows: jobs.csv}
    image: job:{{ params.tag }}
    labels: {team: '{{ params.team }}'}
    args: ['--size={{ matrix.size }}', '--fixed']
";
    bench.write("old.yaml", spec);
    bench.write("jobs.csv", "name,size\na,1\nb,2\nc,3\n");
    git(&bench.path(""), &["init", "--quiet"]);
    git(&bench.path(""), &["add", "."]);
    git(&bench.path(""), &["commit", "--quiet", "--message", "first"]);
    bench.write("jobs.csv", "name,size\na,1\nb,2\nc,4\n");
    let (_, said, _) = bench.said(&["diff", "old.yaml", "--against", "git:HEAD"]);
    assert!(said.contains("    old.yaml:13, matrix.size from jobs.csv:4\n"), "{said}");

    bench.write("old.yaml", &spec.replace("tag: v1", "tag: v2"));
    bench.write("jobs.csv", "name,size\na,1\nb,2\nc,3\n");
    let (_, said, _) = bench.said(&["diff", "old.yaml", "--against", "git:HEAD"]);
    assert!(said.contains("job:v1 → job:v2    old.yaml:11, params.tag from old.yaml:5\n"), "{said}");
    assert_eq!(said.matches("from old.yaml").count(), 1, "nothing else made a change: {said}");

    bench.write("old.yaml", &spec.replace("job:{{ params.tag }}", "other:{{ params.tag }}"));
    let (_, said, _) = bench.said(&["diff", "old.yaml", "--against", "git:HEAD"]);
    assert!(said.contains("job:v1 → other:v1    old.yaml:11\n"), "the line itself changed: {said}");
}
