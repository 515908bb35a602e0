//! What is wrong between objects that are applied together.

use crate::bench::{Bench, stdout};
use crate::pace::size;
use crate::safety::budgets::{run, told};

/// Checks what must be fine.
fn fine(manifests: &str) {
    let (code, said) = check(manifests);
    assert!(code == Some(0) && !said.contains("warning"), "{manifests}\n{said}");
}

fn check(manifests: &str) -> (Option<i32>, String) {
    let bench = Bench::with(&[("a.yaml", manifests)]);
    let (code, out, err) = bench.said(&["check", "a.yaml", "--format", "human"]);
    (code, out + &err)
}

fn workload(kind: &str, name: &str, labels: &str, container: &str, fields: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: shop}}\nspec:\n  selector: {{matchLabels: \
         {{{labels}}}}}\n{fields}  template:\n    metadata: {{labels: {{{labels}}}}}\n    spec: {{containers: [{{name: \
         {name}, image: \"nginx:1.27\", resources: {{limits: {{memory: 1Gi}}}}, {container}}}]}}\n---\n"
    )
}

fn web() -> String {
    workload("Deployment", "web", "app: web, tier: front", "ports: [{name: http, containerPort: 80}]", "")
}

fn service(selector: &str, port: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: web, namespace: shop}}\nspec:\n  selector: {{{selector}}}\n  \
         ports: [{{name: web, port: 80{port}}}]\n---\n"
    )
}

fn other(kind: &str, api: &str, spec: &str) -> String {
    format!("apiVersion: {api}\nkind: {kind}\nmetadata: {{name: a, namespace: shop}}\nspec: {spec}\n---\n")
}

#[test]
fn a_port_that_no_pod_has_is_refused() {
    for port in [", targetPort: http", ", targetPort: 8080", ""] {
        fine(&(web() + &service("app: web", port)));
    }
    let (code, said) = check(&(web() + &service("app: web", ", targetPort: htpp")));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("none of the pods that the Service selects has a port `htpp`"), "{said}");
    // Where the pods are is not known.
    assert_eq!(check(&(web() + &service("app: elsewhere, x: z", ", targetPort: any"))).0, Some(0));
}

#[test]
fn a_probe_asks_at_a_port_of_its_container() {
    let probe = |port: &str| {
        let container = format!(
            "ports: [{{name: http, containerPort: 80}}], readinessProbe: {{httpGet: {{path: /, port: {port}}}}}"
        );
        check(&workload("Deployment", "web", "app: web", &container, ""))
    };
    assert_eq!(probe("http").0, Some(0));
    assert_eq!(probe("8080").0, Some(0));
    let (code, said) = probe("htp");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("the container has no port `htp`") && said.contains("did you mean `http`"), "{said}");
}

#[test]
fn a_selector_that_misses_the_pods_beside_it_is_told() {
    for (selector, is_told) in [
        ("app: web, tier: front", false),
        ("app: web, tier: back", true),
        ("app: wbe", true),
        ("app: web, tire: front", true),
    ] {
        let (code, said) = check(&(web() + &service(selector, "")));
        assert_eq!((code, said.contains("selects-nothing")), (Some(0), is_told), "{selector}: {said}");
        let budget = other(
            "PodDisruptionBudget",
            "policy/v1",
            &format!("{{minAvailable: 1, selector: {{matchLabels: {{{selector}}}}}}}"),
        );
        assert_eq!(check(&(web() + &budget)).1.contains("selects-nothing"), is_told, "{selector}");
        let policy = other(
            "NetworkPolicy",
            "networking.k8s.io/v1",
            &format!("{{podSelector: {{matchLabels: {{{selector}}}}}}}"),
        );
        assert_eq!(check(&(web() + &policy)).1.contains("selects-nothing"), is_told, "{selector}");
    }
    // Of several workloads none comes near: the pods come from elsewhere.
    let api = workload("Deployment", "api", "app: api, tier: back", "", "");
    assert!(!check(&(web() + &api + &service("app: metrics, role: x", ""))).1.contains("selects-nothing"));
}

#[test]
fn a_stateful_set_has_a_headless_service() {
    let set = |name: &str| workload("StatefulSet", "db", "app: web", "", &format!("  serviceName: {name}\n"));
    let headless = service("app: web", "").replace("spec:\n", "spec:\n  clusterIP: None\n");
    fine(&(set("web") + &headless));
    assert!(check(&(set("webb") + &headless)).1.contains("the Service that selects its pods is `web`"));
    assert!(check(&(set("web") + &service("app: web", ""))).1.contains("is not headless"));
    assert!(check(&set("elsewhere")).1.contains("warning[undeclared-reference]: there is no Service `elsewhere`"));
}

#[test]
fn an_ingress_names_a_port_of_its_service() {
    let ingress = |port: &str| {
        let backend = format!("{{defaultBackend: {{service: {{name: web, port: {{{port}}}}}}}}}");
        check(&(web() + &service("app: web", "") + &other("Ingress", "networking.k8s.io/v1", &backend)))
    };
    assert_eq!(ingress("name: web").0, Some(0));
    assert_eq!(ingress("number: 80").0, Some(0));
    assert!(ingress("number: 8080").1.contains("the Service `web` has no port `8080`"));
    assert!(ingress("name: wbe").1.contains("did you mean `web`"));
}

#[test]
fn an_autoscaler_names_a_workload_beside_it() {
    let with_scaler = |name: &str| {
        let spec =
            format!("{{maxReplicas: 3, scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: {name}}}}}");
        workload("Deployment", "checkout", "app: web", "", "")
            + &other("HorizontalPodAutoscaler", "autoscaling/v2", &spec)
    };
    fine(&with_scaler("checkout"));
    let (code, said) = check(&with_scaler("elsewhere"));
    assert!(code == Some(0) && said.contains("there is no Deployment `elsewhere` beside the autoscaler"), "{said}");
    assert!(check(&with_scaler("chekout")).1.contains("did you mean `checkout`"));
}

#[test]
fn thousands_of_services_and_workloads_are_looked_at_in_the_time_of_their_number() {
    let count = size(3_000);
    let many: String = (0..count)
        .map(|at| {
            let labels = format!("app: web, tier: front, shard: s{at}");
            web().replace("app: web, tier: front", &labels).replace("name: web,", &format!("name: web-{at},"))
                + &service("app: web, tier: front", ", targetPort: http")
                    .replace("name: web,", &format!("name: web-{at},"))
                + &service("app: web, tier: nowhere", "").replace("name: web,", &format!("name: miss-{at},"))
        })
        .collect();
    let bench = Bench::with(&[("a.yaml", &many)]);
    let output = run(&bench, &["check", "a.yaml"], None);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    assert!(stdout(&output).contains("selects-nothing"), "{}", told(&output));
}
