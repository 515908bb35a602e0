//! Fields that somebody else manages.

use super::{Bench, config, text};

const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: nginx:1.27
";

#[test]
fn a_field_of_another_tool_is_found_at_its_line_and_taken_over_by_force() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    bench.set(DEPLOYMENT, &[]).ends(0, "1 created");
    let theirs = DEPLOYMENT.replace("nginx:1.27", "nginx:1.26").replace("  replicas: 2\n", "");
    let args = ["apply", "--server-side", "--field-manager=other", "--force-conflicts", "-f", "-"];
    bench.kubectl_with(&args, &theirs);
    let wanted = format!("{DEPLOYMENT}{}", config("a", "x"));
    let ran = bench.set(&wanted, &[]);
    ran.ends(1, "1 created, 1 failed").finds("field-conflict", 12, &["`other`", "image", "--force-conflicts"]);
    assert_eq!(ran.finding()["column"], 16, "{ran:#?}");
    assert!(text(&ran.end_of("Deployment/web")["reason"]).contains("other"), "{ran:#?}");
    let image =
        |bench: &Bench| text(&bench.get("deployment/web")["spec"]["template"]["spec"]["containers"][0]["image"]);
    assert_eq!(image(&bench), "nginx:1.26");
    bench.set(&wanted, &["--force-conflicts"]).ends(0, "1 configured, 1 unchanged");
    assert_eq!(image(&bench), "nginx:1.27");
    bench.set(&wanted, &[]).ends(0, "2 unchanged");
}

#[test]
fn who_scales_is_told_apart_by_the_subresource() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    bench.set(DEPLOYMENT, &[]).ends(0, "1 created");
    bench.kubectl(&["scale", "deployment", "web", "--replicas=5"]);
    let ran = bench.set(DEPLOYMENT, &[]);
    ran.ends(1, "1 failed").finds("field-conflict", 5, &["`kubectl`", "through `scale`", "leave `replicas` out"]);
    bench.set(&DEPLOYMENT.replace("  replicas: 2\n", ""), &[]).ends(0, "1 unchanged");
    assert_eq!(bench.get("deployment/web")["spec"]["replicas"], 5);
}

#[test]
fn the_same_value_is_shared_and_no_conflict() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    bench.kubectl_with(&["apply", "--server-side", "--field-manager=other", "-f", "-"], &config("a", "x"));
    let shared = bench.set(&config("a", "x"), &[]);
    shared.ends(0, "1 configured");
    assert_eq!(shared.end_of("ConfigMap/a")["adopted"], true);
    bench.set(&config("a", "w"), &[]).ends(1, "1 failed").finds("field-conflict", 6, &["`other`"]);
}

#[test]
fn a_hand_edit_is_a_conflict() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    bench.set(&config("a", "x"), &[]).ends(0, "1 created");
    bench.kubectl(&[
        "patch",
        "configmap",
        "a",
        "--type=merge",
        "--patch",
        r#"{"data":{"key":"mine"}}"#,
        "--field-manager=kubectl-edit",
    ]);
    bench.set(&config("a", "x"), &[]).ends(1, "1 failed").finds("field-conflict", 6, &["`kubectl-edit`", "data.key"]);
    assert_eq!(bench.get("configmap/a")["data"]["key"], "mine");
    bench.set(&config("a", "x"), &["--force-conflicts"]).ends(0, "1 configured");
    assert_eq!(bench.get("configmap/a")["data"]["key"], "x");
}

#[test]
fn several_fields_of_one_object_are_all_found() {
    needs!(CONTROL_PLANE);
    let bench = Bench::new();
    let wanted = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  labels:\n    example.com/tier: one\ndata:\n  b.conf: x\n  c: x\n";
    bench.set(wanted, &[]).ends(0, "1 created");
    let patch = r#"{"metadata":{"labels":{"example.com/tier":"two"}},"data":{"b.conf":"y","c":"y"}}"#;
    bench.kubectl(&["patch", "configmap", "a", "--type=merge", "--patch", patch, "--field-manager=somebody"]);
    let ran = bench.set(wanted, &[]);
    ran.ends(1, "1 failed");
    let lines: Vec<_> = ran.findings.iter().map(|finding| finding["line"].as_u64().unwrap_or_default()).collect();
    assert_eq!(lines, [6, 8, 9], "{ran:#?}");
}
