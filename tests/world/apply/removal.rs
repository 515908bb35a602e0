//! `fanfold delete`: what a set has in the cluster, out of it again, and nothing else.

use super::{Bench, Ran, config, text};
use crate::controlplane::ControlPlane;

fn delete(bench: &Bench, args: &[&str]) -> Ran {
    let mut all = vec!["delete", "--format=json", "--namespace=NS"];
    all.extend(args);
    Ran::read(&bench.run(&all))
}

#[test]
fn a_set_goes_with_all_that_it_ever_had() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    let text = [config("a", "x"), config("b", "x")].concat();
    bench.set(&text, &[]).ends(0, "2 created");
    bench.make(&config("foreign", "x"));
    // What left the spec and was never pruned is of the set still.
    bench.set(&config("a", "x"), &[]).ends(0, "1 unchanged");
    let dry = delete(&bench, &["--applyset=set", "--dry-run=server", "a.yaml"]);
    dry.ends(0, "2 deleted");
    assert!(bench.is_there("configmap/b"));
    delete(&bench, &["--applyset=set", "a.yaml"]).ends(0, "2 deleted");
    for gone in ["configmap/a", "configmap/b", "configmap/set", "lease/set"] {
        assert!(!bench.is_there(gone), "{gone}");
    }
    assert!(bench.is_there("configmap/foreign"));
    delete(&bench, &["--applyset=set", "a.yaml"]).ends(0, "");
}

#[test]
fn without_a_set_objects_go_by_their_names() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    bench.write("a.yaml", &[config("a", "x"), config("b", "x")].concat());
    bench.make(&config("a", "z"));
    delete(&bench, &["a.yaml"]).ends(0, "1 deleted, 1 absent");
    assert!(!bench.is_there("configmap/a"));
}

#[test]
fn what_asks_to_stay_stays() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    let keep = config("b", "x").replace("{name: b}", "{name: b, annotations: {helm.sh/resource-policy: keep}}");
    bench.set(&[config("a", "x"), keep].concat(), &[]).ends(0, "2 created");
    delete(&bench, &["--applyset=set", "a.yaml"]).ends(0, "1 deleted, 1 unchanged");
    assert!(bench.is_there("configmap/b"));
    assert!(bench.is_there("configmap/set"), "the set is there as long as it has members");
}

#[test]
fn a_namespace_and_a_definition_go_last_and_are_awaited() {
    needs!(CONTROL_PLANE);
    let bench = Bench::on(ControlPlane::with_controllers());
    let inner = "\
---
apiVersion: v1
kind: Namespace
metadata: {name: NS-inner}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: a, namespace: NS-inner}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: caches.NS.example.com}
spec:
  group: NS.example.com
  names: {kind: Cache, plural: caches}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}}
---
apiVersion: NS.example.com/v1
kind: Cache
metadata: {name: c, namespace: NS-inner}
spec: {size: 1}
";
    bench.set(inner, &["--wait", "--timeout=60s"]).ends(0, "4 created");
    bench.kubectl(&["create", "configmap", "foreign", "-n", "NS-inner"]);
    let kept = delete(&bench, &["--applyset=set", "--dry-run=server", "a.yaml"]);
    kept.ends(1, "2 deleted, 2 unchanged");
    assert!(
        kept.said.is_empty() && kept.events.iter().any(|event| text(&event["text"]).contains("keeps 1 CustomResource"))
    );
    let kept = delete(&bench, &["--applyset=set", "--prune-data", "--dry-run=server", "a.yaml"]);
    kept.ends(1, "3 deleted, 1 unchanged");
    let why = text(&kept.end_of(&bench.fill("Namespace/NS-inner"))["reason"]);
    assert!(why.contains("`ConfigMap foreign`"), "{why}");
    bench.kubectl(&["delete", "configmap", "foreign", "-n", "NS-inner"]);
    let ran = delete(&bench, &["--applyset=set", "--prune-data", "a.yaml"]);
    ran.ends(0, "4 deleted");
    let order: Vec<&str> = ran.settled().filter_map(|end| end["object"]["kind"].as_str()).collect();
    let at = |kind: &str| order.iter().position(|found| *found == kind).unwrap_or_default();
    assert!(at("Cache") < at("CustomResourceDefinition") && at("ConfigMap") < at("Namespace"), "{order:?}");
    assert!(!bench.is_there("namespace/NS-inner"));
}

#[test]
fn the_ends_of_many_pods_are_watched_for_together() {
    needs!(CONTROL_PLANE);
    let bench = Bench::on(ControlPlane::with_controllers());
    let pod = |number: usize| {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p-{number}}}\n\
             spec: {{containers: [{{name: main, image: \"example.com/p:1\"}}]}}\n"
        )
    };
    let text: String = (0..60).map(pod).collect();
    bench.set(&text, &["--wait", "--timeout=90s"]).ends(0, "60 created");
    let ran = delete(&bench, &["--applyset=set", "a.yaml"]);
    ran.ends(0, "60 deleted");
    let requests = ran.done()["requests"].as_u64().unwrap_or_default();
    assert!((60..=120).contains(&requests), "{requests} requests for 60 pods that have to end first");
    assert!(!bench.is_there("pod/p-59"));
}
