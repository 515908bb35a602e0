//! Sides that lie in a cluster, and in what was saved from one.

use crate::bench::Bench;
use crate::controlplane::fault_proxy::{FaultProxy, Script};
use crate::controlplane::{ControlPlane, User};

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

#[test]
fn a_cluster_shows_what_would_change_and_no_defaults() {
    needs!(CONTROL_PLANE);
    let plane = ControlPlane::shared();
    let namespace = plane.namespace();
    let bench = Bench::with(&[]);
    let spec = SPEC.replace("NS", &namespace);
    bench.write("shop.yaml", &spec);
    bench.write("settings.txt", "one");
    let kubeconfig = plane.kubeconfig(User::Admin);
    let kubeconfig = kubeconfig.to_str().expect("a path");
    let against = ["diff", "shop.yaml", "--against", "cluster", "--kubeconfig", kubeconfig];
    let (code, said, _) = bench.said(&against);
    assert_eq!(code, Some(1));
    assert!(said.contains("3 added"), "{said}");

    let applied = bench.said(&["apply", "--no-wait", "--kubeconfig", kubeconfig, "shop.yaml"]);
    assert_eq!(applied.0, Some(0), "{applied:?}");
    let (code, said, beside) = bench.said(&against);
    assert_eq!(code, Some(0), "defaults of the server are no difference: {said}{beside}");

    let proxy = FaultProxy::start(plane, Script::default());
    let watched = proxy.kubeconfig(User::Admin);
    let (code, ..) =
        bench.said(&["diff", "shop.yaml", "--against", "cluster", "--kubeconfig", watched.to_str().expect("a path")]);
    let patches = proxy.seen().iter().filter(|seen| seen.method == "PATCH").count();
    assert_eq!((code, patches), (Some(0), 0), "what is proven is not asked about");

    bench.write("shop.yaml", &spec.replace("1.27", "1.28"));
    let (code, said, _) = bench.said(&against);
    assert_eq!(code, Some(1));
    assert!(said.contains("nginx:1.27 → nginx:1.28") && said.contains("shop.yaml:8"), "{said}");
    let changes = said.lines().filter(|line| ["  ~ ", "  + ", "  - "].iter().any(|mark| line.starts_with(mark)));
    assert_eq!(changes.count(), 1, "and nothing else: {said}");
    bench.write("shop.yaml", &spec.replace("[eu, us]", "[eu]"));
    let (code, _, beside) = bench.said(&against);
    assert_eq!(code, Some(0), "what left the set stays: {beside}");
    assert!(beside.contains("1 object of the set is no longer in the specs") && beside.contains("--prune"), "{beside}");
    let (code, said, _) = bench.said(&[&against[..], &["--prune"]].concat());
    assert_eq!(code, Some(1));
    assert!(said.contains("1 removed; 2 the same") && said.contains("web-us"), "{said}");
    let (code, _, beside) = bench.said(&["diff", "shop.yaml", "--against", "saved.yaml", "--prune"]);
    assert!(code > Some(1) && beside.contains("`--against cluster`"), "{beside}");

    bench.write("shop.yaml", &spec.replace("1.27", "1.28"));
    let saved = plane.kubectl(&["--namespace", &namespace, "get", "deployments", "--output=yaml"]);
    bench.write("saved.yaml", &String::from_utf8_lossy(&saved.stdout));
    let later = String::from_utf8_lossy(&saved.stdout).replace("resourceVersion: \"", "resourceVersion: \"9");
    let books = "annotations:\n      deployment.kubernetes.io/revision: \"2\"\n    creationTimestamp: ";
    bench.write("later.yaml", &later.replace("creationTimestamp: ", books));
    let (code, said, beside) = bench.said(&["diff", "saved.yaml", "later.yaml"]);
    assert_eq!(code, Some(0), "the books of controllers are no difference: {said}{beside}");
    let (code, said, beside) = bench.said(&["diff", "saved.yaml", "saved.yaml"]);
    assert_eq!(code, Some(0), "{said}{beside}");
    let (code, said, _) = bench.said(&["diff", "shop.yaml", "--against", "saved.yaml"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("nginx:1.27 → nginx:1.28"), "{said}");
    assert_eq!(said.matches("  ~ ").count(), 1, "{said}");
    assert_eq!(said.matches("  - ").count(), 0, "what the server added is no difference: {said}");
}
