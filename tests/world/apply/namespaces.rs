//! Namespaces that go, and come again.

use std::time::Duration;

use super::{Bench, config, end, text};
use crate::controlplane::ControlPlane;

/// Something that keeps a namespace, and itself, from going.
const ANCHOR: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: anchor, finalizers: [example.com/hold]}\n";

fn release(bench: &Bench) {
    bench.kubectl(&["patch", "configmap", "anchor", "--type=merge", "--patch", r#"{"metadata":{"finalizers":null}}"#]);
}

#[test]
fn a_namespace_that_goes_takes_nothing_new_and_that_is_said() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    bench.kubectl(&["delete", "namespace", "NS", "--wait=false"]);
    bench.write("a.yaml", &config("a", "x"));
    let ran = bench.apply(&["a.yaml"]);
    let help = bench.fill("the namespace `NS` is being deleted: run again once it is gone");
    ran.ends(1, "1 failed").finds("refused-by-server", 4, &["being terminated", &help]);
}

#[test]
fn an_object_that_is_being_deleted_is_waited_for_and_made_again() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    let wanted = ANCHOR.replace(", finalizers: [example.com/hold]", "");
    bench.set(&wanted, &[]).ends(0, "1 created");
    let uid = bench.uid("configmap/anchor");
    bench.kubectl(&[
        "patch",
        "configmap",
        "anchor",
        "--type=merge",
        "--patch",
        r#"{"metadata":{"finalizers":["example.com/hold"]}}"#,
    ]);
    bench.kubectl(&["delete", "configmap", "anchor", "--wait=false"]);
    let run = bench.start(&["a.yaml", "--applyset=set"]);
    std::thread::sleep(Duration::from_secs(1));
    release(&bench);
    end(run).ends(0, "1 created");
    assert_ne!(bench.uid("configmap/anchor"), uid);
}

#[test]
fn a_namespace_of_the_set_that_goes_is_made_again_with_all_that_is_in_it() {
    needs!(CONTROL_PLANE);
    let bench = Bench::on(ControlPlane::with_controllers());
    let wanted = format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: NS}}\n{}", config("a", "x"));
    bench.set(&wanted, &[]).ends(0, "1 configured, 1 created");
    bench.make(ANCHOR);
    let (uid, member) = (bench.uid("namespace/NS"), bench.uid("configmap/a"));
    // Its contents hold it, and would be found as they should be until they go as well.
    bench.kubectl(&[
        "patch",
        "configmap",
        "a",
        "--type=merge",
        "--patch",
        r#"{"metadata":{"finalizers":["example.com/hold"]}}"#,
    ]);
    bench.kubectl(&["delete", "namespace", "NS", "--wait=false"]);
    let run = bench.start(&["a.yaml", "--applyset=set"]);
    std::thread::sleep(Duration::from_millis(1500));
    for name in ["a", "anchor"] {
        bench.kubectl(&["patch", "configmap", name, "--type=merge", "--patch", r#"{"metadata":{"finalizers":null}}"#]);
    }
    let ran = end(run);
    ran.ends(0, "2 created");
    assert_ne!(bench.uid("namespace/NS"), uid);
    assert_ne!(bench.uid("configmap/a"), member);
    assert!(bench.is_there("configmap/set"), "the set has a parent again");
    bench.set(&wanted, &[]).ends(0, "2 unchanged");
}

#[test]
fn a_namespace_that_is_not_there_is_asked_for() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    bench.write("a.yaml", &config("a", "x").replace("name: a", "name: a, namespace: NS-none"));
    let ran = bench.apply(&["a.yaml"]);
    ran.ends(1, "1 failed").finds(
        "refused-by-server",
        4,
        &["not found", &bench.fill("kubectl create namespace NS-none")],
    );
    let ran = bench.apply(&["a.yaml", "--namespace=NS-none", "--applyset=set"]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    assert!(ran.said.contains("not found") && ran.said.lines().count() == 1, "{ran:#?}");
}

#[test]
fn the_set_may_live_in_a_namespace_that_it_makes() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    bench.write(
        "a.yaml",
        &format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: NS-home}}\n{}", config("a", "x")),
    );
    let ran = bench.apply(&["a.yaml", "--namespace=NS-home", "--applyset=set"]);
    ran.ends(0, "2 created");
    let parent = bench.plane.get_json(&bench.fill("/api/v1/namespaces/NS-home/configmaps/set"));
    assert_eq!(
        text(&parent["metadata"]["annotations"]["applyset.kubernetes.io/contains-group-kinds"]),
        "ConfigMap,Namespace"
    );
    bench.apply(&["a.yaml", "--namespace=NS-home", "--applyset=set"]).ends(0, "2 unchanged");
}
