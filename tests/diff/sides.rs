//! Sides that lie elsewhere: in a commit, in a cluster, and in what was saved from one.

use std::path::Path;
use std::process::Command;

use super::command::Bench;
use crate::controlplane::fault_proxy::{FaultProxy, Script};
use crate::controlplane::{ControlPlane, User, succeeded};

const SPEC: &str = "\
apiVersion: fanfold.dev/v1
kind: Batch
metadata: {name: shop, namespace: NS}
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
    succeeded(&output).unwrap_or_else(|error| panic!("git {arguments:?}: {error}"));
}

#[test]
fn a_commit_is_read_with_all_files_that_its_spec_names() {
    let bench = Bench::new();
    let spec = SPEC.replace("NS", "shop");
    bench.write("specs/shop.yaml", &spec);
    bench.write("specs/settings.txt", "one");
    git(bench.folder(), &["init", "--quiet"]);
    git(bench.folder(), &["add", "."]);
    git(bench.folder(), &["commit", "--quiet", "--message", "first"]);
    assert_eq!(bench.run(&["diff", "specs", "--against", "git:HEAD"]).0, Some(0));

    bench.write("specs/shop.yaml", &spec.replace("1.27", "1.28"));
    bench.write("specs/settings.txt", "two");
    let (code, said, _) = bench.run(&["diff", "specs", "--against", "git:HEAD"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("nginx:1.27 → nginx:1.28") && said.contains("specs/shop.yaml:8"), "{said}");
    assert!(said.contains("settings"), "the file of the commit is compared: {said}");
    let named = bench.run(&["diff", "git:HEAD:specs", "specs"]);
    assert_eq!((named.0, named.1), (code, said), "a path of a commit can be named");
    let written = std::fs::read_to_string(bench.folder().join("specs/settings.txt")).expect("it is there");
    assert_eq!(written, "two", "no checkout is touched");

    bench.write("new/shop.yaml", &spec.replace("name: shop", "name: other"));
    bench.write("new/settings.txt", "x");
    let (code, said, beside) = bench.run(&["diff", "new", "--against", "git:HEAD", "--format", "short"]);
    assert_eq!(code, Some(1), "{said}{beside}");
    assert!(said.contains("added") && beside.contains("`new` is not there in `git:HEAD`"), "{said}{beside}");

    let (code, said, beside) = bench.run(&["diff", "specs", "--against", "git:nowhere"]);
    assert!(code > Some(1) && said.is_empty(), "{code:?} {said}");
    assert!(beside.contains("there is no revision `nowhere`"), "{beside}");
}

#[test]
fn a_change_names_the_values_that_made_it() {
    let bench = Bench::new();
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
    git(bench.folder(), &["init", "--quiet"]);
    git(bench.folder(), &["add", "."]);
    git(bench.folder(), &["commit", "--quiet", "--message", "first"]);
    bench.write("jobs.csv", "name,size\na,1\nb,2\nc,4\n");
    let (_, said, _) = bench.run(&["diff", "old.yaml", "--against", "git:HEAD"]);
    assert!(said.contains("    old.yaml:13, matrix.size from jobs.csv:4\n"), "{said}");

    bench.write("old.yaml", &spec.replace("tag: v1", "tag: v2"));
    bench.write("jobs.csv", "name,size\na,1\nb,2\nc,3\n");
    let (_, said, _) = bench.run(&["diff", "old.yaml", "--against", "git:HEAD"]);
    assert!(said.contains("job:v1 → job:v2    old.yaml:11, params.tag from old.yaml:5\n"), "{said}");
    assert_eq!(said.matches("from old.yaml").count(), 1, "nothing else made a change: {said}");

    bench.write("old.yaml", &spec.replace("job:{{ params.tag }}", "other:{{ params.tag }}"));
    let (_, said, _) = bench.run(&["diff", "old.yaml", "--against", "git:HEAD"]);
    assert!(said.contains("job:v1 → other:v1    old.yaml:11\n"), "the line itself changed: {said}");
}

#[test]
fn a_cluster_shows_what_would_change_and_no_defaults() {
    let plane = ControlPlane::shared();
    let namespace = plane.namespace();
    let bench = Bench::new();
    let spec = SPEC.replace("NS", &namespace);
    bench.write("shop.yaml", &spec);
    bench.write("settings.txt", "one");
    let kubeconfig = plane.kubeconfig(User::Admin);
    let kubeconfig = kubeconfig.to_str().expect("a path");
    let against = ["diff", "shop.yaml", "--against", "cluster", "--kubeconfig", kubeconfig];
    let (code, said, _) = bench.run(&against);
    assert_eq!(code, Some(1));
    assert!(said.contains("3 added"), "{said}");

    let applied = bench.run(&["apply", "--no-wait", "--kubeconfig", kubeconfig, "shop.yaml"]);
    assert_eq!(applied.0, Some(0), "{applied:?}");
    let (code, said, beside) = bench.run(&against);
    assert_eq!(code, Some(0), "defaults of the server are no difference: {said}{beside}");

    let proxy = FaultProxy::start(plane, Script::default());
    let watched = proxy.kubeconfig(User::Admin);
    let (code, ..) =
        bench.run(&["diff", "shop.yaml", "--against", "cluster", "--kubeconfig", watched.to_str().expect("a path")]);
    let patches = proxy.seen().iter().filter(|seen| seen.method == "PATCH").count();
    assert_eq!((code, patches), (Some(0), 0), "what is proven is not asked about");

    bench.write("shop.yaml", &spec.replace("1.27", "1.28"));
    let (code, said, _) = bench.run(&against);
    assert_eq!(code, Some(1));
    assert!(said.contains("nginx:1.27 → nginx:1.28") && said.contains("shop.yaml:8"), "{said}");
    let changes = said.lines().filter(|line| ["  ~ ", "  + ", "  - "].iter().any(|mark| line.starts_with(mark)));
    assert_eq!(changes.count(), 1, "and nothing else: {said}");
    bench.write("shop.yaml", &spec.replace("[eu, us]", "[eu]"));
    let (code, _, beside) = bench.run(&against);
    assert_eq!(code, Some(0), "what left the set stays: {beside}");
    assert!(beside.contains("1 object of the set is no longer in the specs") && beside.contains("--prune"), "{beside}");
    let (code, said, _) = bench.run(&[&against[..], &["--prune"]].concat());
    assert_eq!(code, Some(1));
    assert!(said.contains("1 removed; 2 the same") && said.contains("web-us"), "{said}");
    let (code, _, beside) = bench.run(&["diff", "shop.yaml", "--against", "saved.yaml", "--prune"]);
    assert!(code > Some(1) && beside.contains("`--against cluster`"), "{beside}");

    bench.write("shop.yaml", &spec.replace("1.27", "1.28"));
    let saved = plane.kubectl(&["--namespace", &namespace, "get", "deployments", "--output=yaml"]);
    bench.write("saved.yaml", &String::from_utf8_lossy(&saved.stdout));
    let later = String::from_utf8_lossy(&saved.stdout).replace("resourceVersion: \"", "resourceVersion: \"9");
    let books = "annotations:\n      deployment.kubernetes.io/revision: \"2\"\n    creationTimestamp: ";
    bench.write("later.yaml", &later.replace("creationTimestamp: ", books));
    let (code, said, beside) = bench.run(&["diff", "saved.yaml", "later.yaml"]);
    assert_eq!(code, Some(0), "the books of controllers are no difference: {said}{beside}");
    let (code, said, beside) = bench.run(&["diff", "saved.yaml", "saved.yaml"]);
    assert_eq!(code, Some(0), "{said}{beside}");
    let (code, said, _) = bench.run(&["diff", "shop.yaml", "--against", "saved.yaml"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("nginx:1.27 → nginx:1.28"), "{said}");
    assert_eq!(said.matches("  ~ ").count(), 1, "{said}");
    assert_eq!(said.matches("  - ").count(), 0, "what the server added is no difference: {said}");
}
