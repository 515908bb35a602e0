//! The plain course of things: made, changed, left alone.

use std::io::Write;

use super::{Bench, config, configs};

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
    service: ClusterIP
";

#[test]
fn a_set_is_made_left_alone_and_changed() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    bench.write("shop.yaml", SPEC);
    let made = bench.apply(&["shop.yaml"]);
    made.ends(0, "4 created");
    assert!(made.findings.is_empty(), "{made:#?}");
    let live = bench.get("deployment/web-eu");
    let set = "applyset.kubernetes.io/part-of";
    let parent = bench.get("configmap/fanfold-shop");
    assert_eq!(live["metadata"]["labels"][set], parent["metadata"]["labels"]["applyset.kubernetes.io/id"]);
    let owner = &live["metadata"]["managedFields"][0];
    assert_eq!((&owner["manager"], &owner["operation"]), (&"fanfold".into(), &"Apply".into()), "{live}");
    assert!(!bench.is_there("lease/fanfold-shop"), "the set is free again");

    let again = bench.apply(&["shop.yaml"]);
    again.ends(0, "4 unchanged");
    assert_eq!(again.done()["requests"], 0);
    assert_eq!(bench.get("configmap/fanfold-shop"), parent);
    assert_eq!(bench.get("deployment/web-eu"), live);

    bench.write("shop.yaml", &SPEC.replace("http: 80", "http: 8080").replace("service", "replicas: 2\n    service"));
    let changed = bench.apply(&["shop.yaml"]);
    changed.ends(0, "4 configured");
    let after = bench.get("deployment/web-eu");
    assert_eq!(after["metadata"]["uid"], live["metadata"]["uid"]);
    assert_eq!((&after["spec"]["replicas"], &after["metadata"]["generation"]), (&2.into(), &2.into()));
}

#[test]
fn only_what_changed_is_sent() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    bench.set(&configs(12), &[]).ends(0, "12 created");
    let parent = bench.version("configmap/set");
    let before = bench.version("configmap/c-1");
    let text = configs(12).replacen("key: x", "key: w", 1);
    let changed = bench.set(&text, &[]);
    changed.ends(0, "1 configured, 11 unchanged");
    assert_eq!((&changed.done()["requests"], changed.outcome("ConfigMap/c-0").as_str()), (&1.into(), "configured"));
    assert_eq!((bench.version("configmap/set"), bench.version("configmap/c-1")), (parent, before));
}

#[test]
fn what_somebody_changed_is_put_right() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    bench.set(&config("a", "x"), &[]).ends(0, "1 created");
    bench.kubectl(&["patch", "configmap", "a", "--type=merge", "--patch", r#"{"data":{"key":null,"other":"w"}}"#]);
    bench.set(&config("a", "x"), &[]).ends(0, "1 configured");
    let live = bench.get("configmap/a");
    assert_eq!((&live["data"]["key"], &live["data"]["other"]), (&"x".into(), &"w".into()), "{live}");
}

#[test]
fn a_field_that_left_the_spec_leaves_the_object() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    let text = config("a", "x");
    bench.set(&format!("{text}  more: w\n"), &[]).ends(0, "1 created");
    bench.set(&text, &[]).ends(0, "1 configured");
    assert_eq!(bench.get("configmap/a")["data"], serde_json::json!({"key": "x"}));
}

#[test]
fn the_summary_says_what_was_done_by_kind() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    bench.write("shop.yaml", SPEC);
    let output = bench.run(&["apply", "shop.yaml"]);
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    for words in ["Deployment  2 created", "Service     2 created", "4 objects: 4 created in "] {
        assert!(out.contains(words), "`{words}` is missing in {out}");
    }
    assert!(out.contains("Deployment NS/web-eu created".replace("NS", &bench.ns).as_str()), "{out}");
}

#[test]
fn a_kind_that_the_cluster_does_not_serve_is_found_before_anything_is_written() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    let ran = bench.set(
        &format!("{}---\napiVersion: example.com/v1\nkind: Cache\nmetadata: {{name: c}}\n", config("a", "x")),
        &[],
    );
    assert_eq!((ran.code, ran.settled().count()), (1, 0), "{ran:#?}");
    let found: Vec<_> = ran.findings.iter().filter(|finding| finding["code"] == "not-served").collect();
    let [found] = found[..] else { panic!("{ran:#?}") };
    assert_eq!((&found["line"], &found["column"]), (&9.into(), &7.into()), "{found}");
    assert!(!bench.is_there("configmap/a") && !bench.is_there("configmap/set"));
}

#[test]
fn plain_manifests_are_applied_without_a_set() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    bench.write("a.yaml", &config("a", "x"));
    bench.apply(&["a.yaml"]).ends(0, "1 created");
    let live = bench.get("configmap/a");
    assert!(live["metadata"]["labels"].is_null(), "{live}");
    let again = bench.apply(&["a.yaml"]);
    again.ends(0, "1 unchanged");
    assert_eq!(again.done()["requests"], 0);
    let names = bench.kubectl(&["get", "configmaps,leases", "--output=name"]);
    assert_eq!(names.trim(), "configmap/a");
}

#[test]
fn objects_come_from_standard_input_too() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    let mut command = bench.command(&["apply", "--format=json", "-n", "NS", "-"]);
    let mut child = command.stdin(std::process::Stdio::piped()).spawn().expect("it starts");
    child.stdin.take().expect("a pipe").write_all(config("a", "x").as_bytes()).expect("it reads");
    super::end(child).ends(0, "1 created");
    assert!(bench.is_there("configmap/a"));
}

#[test]
fn several_sets_at_once_want_a_name() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    bench.write("a.yaml", SPEC);
    bench.write("b.yaml", &SPEC.replace("name: shop", "name: other").replace("web:", "api:"));
    let ran = bench.apply(&["a.yaml", "b.yaml"]);
    assert_eq!(ran.code, 2, "{ran:#?}");
    assert!(ran.said.contains("--applyset NAME"), "{ran:#?}");
    bench.apply(&["a.yaml", "b.yaml", "--applyset=secrets/both"]).ends(0, "8 created");
    assert!(bench.is_there("secret/both"));
}
