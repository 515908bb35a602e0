//! A dry run tells what would be, and writes nothing.

use super::{Bench, config, configs, text};

#[test]
fn a_dry_run_tells_all_outcomes_and_writes_nothing() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    bench.set(&configs(4), &[]).ends(0, "4 created");
    let before = bench.kubectl(&["get", "configmaps,leases", "--output=jsonpath={.items[*].metadata.resourceVersion}"]);
    let wanted = format!("{}{}", configs(3).replacen("key: x", "key: w", 1), config("new", "x"));
    let ran = bench.set(&wanted, &["--dry-run=server", "--prune"]);
    ran.ends(0, "1 created, 1 configured, 2 unchanged, 1 pruned");
    let after = bench.kubectl(&["get", "configmaps,leases", "--output=jsonpath={.items[*].metadata.resourceVersion}"]);
    assert_eq!(after, before);
    bench.set(&wanted, &["--prune"]).ends(0, "1 created, 1 configured, 2 unchanged, 1 pruned");
}

#[test]
fn a_dry_run_of_a_new_set_leaves_no_parent() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    bench.set(&configs(2), &["--dry-run=server"]).ends(0, "2 created");
    assert_eq!(bench.kubectl(&["get", "configmaps,leases", "--output=name"]), "");
}

#[test]
fn a_dry_run_skips_what_lies_in_a_namespace_that_is_not_there_yet() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    let inside = config("a", "x").replace("name: a", "name: a, namespace: NS-inner");
    let wanted = format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: NS-inner}}\n{inside}");
    let ran = bench.set(&wanted, &["--dry-run=server"]);
    ran.ends(0, "1 created, 1 skipped");
    assert!(ran.findings.is_empty(), "{ran:#?}");
    assert_eq!(text(&ran.end_of("ConfigMap/a")["reason"]), "the server cannot try it before what it needs is there");
    assert!(ran.done()["seconds"].as_f64().is_some_and(|seconds| seconds < 5.0), "{ran:#?}");
    assert!(!bench.is_there("namespace/NS-inner"));
}

#[test]
fn a_dry_run_shows_what_would_be_made_anew() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    let job = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      containers: [{name: j, image: 'busybox:1.36'}]\n";
    bench.set(job, &[]).ends(0, "1 created");
    let before = bench.version("job/j");
    let newer = job.replace("1.36", "1.37");
    bench.set(&newer, &["--dry-run=server"]).ends(1, "1 failed").finds("immutable-field", 8, &[]);
    bench.set(&newer, &["--dry-run=server", "--recreate=on-change"]).ends(0, "1 recreated");
    assert_eq!(bench.version("job/j"), before);
}
