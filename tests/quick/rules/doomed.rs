//! What the server takes and what then fails, and what is said of it once.

use crate::bench::Bench;

fn check(manifest: &str) -> String {
    let bench = Bench::with(&[("a.yaml", manifest)]);
    let (_, out, err) = bench.said(&["check", "a.yaml", "--format", "human"]);
    out + &err
}

/// Checks what must be found, and its near twin, in which nothing is.
fn told(wrong: &str, right: &str, message: &str) {
    let said = check(wrong);
    assert!(said.contains(message), "{wrong}\n{said}");
    assert_eq!(said.matches(" = note: in ").count(), 1, "one finding\n{wrong}\n{said}");
    let said = check(right);
    assert!(!said.contains("error") && !said.contains("warning"), "{right}\n{said}");
}

fn service(ports: &str) -> String {
    format!("apiVersion: v1\nkind: Service\nmetadata: {{name: a}}\nspec: {{type: NodePort, ports: [{ports}]}}\n")
}

#[test]
fn ports_of_nodes_are_in_their_range_and_of_one_port() {
    for number in ["80", "29999", "32768"] {
        let port = |number: &str| service(&format!("{{port: 80, nodePort: {number}}}"));
        told(&port(number), &port("30080"), "expected a port of nodes from 30000 to 32767");
    }
    let two = |second: &str| {
        service(&format!(
            "{{name: a, port: 80, nodePort: 30080}}, {{name: b, port: {second}, protocol: UDP, nodePort: 30080}}"
        ))
    };
    told(&two("81"), &two("80"), "expected another `nodePort` for the port 81 than for 80");
}

fn set(name: &str, pod: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: {name}}}\nspec:\n  selector: {{matchLabels: {{app: a}}}}\n  template:\n    metadata: {{labels: {{app: a}}}}\n    spec: {{{pod}}}\n"
    )
}

const CONTAINERS: &str = "containers: [{name: a, image: \"a:1\", resources: {limits: {memory: 1Gi}}}]";

#[test]
fn pods_that_are_refused_or_never_placed_are_told_before() {
    let named = |length: usize| set(&"a".repeat(length), CONTAINERS);
    told(&named(53), &named(52), "expected at most 52 characters, found 53");
    let image = |image: &str| set("a", &CONTAINERS.replace("a:1", image));
    told(&image("a:1 "), &image("a:1"), "expected an image without spaces around it");
    let than = |value: &str| {
        let terms = format!("[{{matchExpressions: [{{key: a, operator: Gt, values: [\"{value}\"]}}]}}]");
        let required = format!("requiredDuringSchedulingIgnoredDuringExecution: {{nodeSelectorTerms: {terms}}}");
        set("a", &format!("affinity: {{nodeAffinity: {{{required}}}}}, {CONTAINERS}"))
    };
    told(&than("x"), &than("5"), "expected a whole number for `Gt`, found `x`");
}

#[test]
fn what_asks_for_a_name_that_is_none_is_not_told_beside_it() {
    let pod = |port: &str| {
        let more = format!("ports: [{port}], readinessProbe: {{httpGet: {{path: /, port: http}}}}");
        set("a", &CONTAINERS.replace("image:", &format!("{more}, image:")))
    };
    told(&pod("{name: HTTP, containerPort: 80}"), &pod("{name: http, containerPort: 80}"), "is no name for a port");
    told(&pod("80"), &pod("{name: http, containerPort: 80}"), "expected a mapping");
    let volume = |name: &str| {
        let mount = CONTAINERS.replace("image:", "volumeMounts: [{name: data, mountPath: /data}], image:");
        set("a", &format!("volumes: [{{name: {name}, emptyDir: {{}}}}], {mount}"))
    };
    told(&volume("Data"), &volume("data"), "is no name for a volume");
}

#[test]
fn an_expression_of_kubernetes_itself_is_not_filled_in_later() {
    let mount = |path: &str| {
        let mount = format!("volumeMounts: [{{name: data, mountPath: /data, subPathExpr: {path}}}], image:");
        set("a", &format!("volumes: [{{name: data, emptyDir: {{}}}}], {}", CONTAINERS.replace("image:", &mount)))
    };
    told(&mount("/$(A)"), &mount("a/$(A)"), "expected a relative path");
    told(&mount("../$(A)"), &mount("a/$(A)"), "expected a path without `..`");
}
