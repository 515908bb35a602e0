//! What charts render passes the post-renderer so far as it is right for Helm.

use crate::bench::Bench;

const SPEC: &str = "apiVersion: fanfold.dev/v1
kind: Batch
metadata: {name: ours}
patch:
  Deployment/web: {spec: {replicas: 3}}
";
const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: main, image: 'r.example/web:1'}]}
";

#[test]
fn foreign_kinds_and_hooks_without_a_name_pass() {
    let bench = Bench::with(&[("spec.yaml", SPEC)]);
    let hook = "apiVersion: batch/v1
kind: Job
metadata:
  generateName: migrate-
  annotations: {helm.sh/hook: pre-upgrade}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: m, image: 'r.example/a:1'}]}}}
";
    let others = [
        hook,
        "apiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nmetadata: {name: mpi}\nspec: {minAvailable: 3}\n",
        "apiVersion: apps.kruise.io/v1beta1\nkind: StatefulSet\nmetadata: {name: b}\nspec: {replicas: 1}\n",
        "apiVersion: scheduling.x-k8s.io/v1alpha1\nkind: PodGroup\nmetadata: {generateName: d-}\nspec: {}\n",
    ];
    for other in others {
        // Two of one prefix are two objects.
        let again = if other.contains("generateName") { format!("---\n{other}") } else { String::new() };
        let stream = format!("{WEB}---\n{other}{again}");
        let (exit, out, said) = bench.said_to(&["post-render", "--spec=spec.yaml"], &stream);
        assert_eq!(exit, Some(0), "{said}");
        assert!(out.contains("replicas: 3") && out.contains(other.lines().nth(1).expect("a kind")), "{out}");
        assert!(!said.contains("error") && !said.contains("warning"), "{said}");
    }
}

#[test]
fn what_a_batch_makes_needs_a_name() {
    let spec = "apiVersion: fanfold.dev/v1
kind: Batch
metadata: {name: ours}
manifests: [job.yaml]
";
    let job = "apiVersion: batch/v1
kind: Job
metadata: {generateName: a-}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: m, image: 'r.example/a:1'}]}}}
";
    let bench = Bench::with(&[("spec.yaml", spec), ("job.yaml", job)]);
    for args in [&["check", "spec.yaml"][..], &["build", "spec.yaml"], &["build", "job.yaml"]] {
        assert!(bench.fails(1, args).contains("missing field `metadata.name`"), "{args:?}");
    }
    let (exit, out, said) = bench.said(&["check", "job.yaml"]);
    assert_eq!(exit, Some(0), "{out}{said}");
    assert!(out.contains("warning[missing-field]") && out.contains("`generateName` serves `kubectl create`"), "{out}");
}
