//! `fanfold schema add cluster`: what a real server has of a definition gives the same bytes as the file that made it.

use crate::bench::Bench;
use crate::controlplane::{ControlPlane, User};

const DEFINITION: &str = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: keepers.words.example.com}
spec:
  group: words.example.com
  scope: Namespaced
  names: {plural: keepers, singular: keeper, kind: Keeper, listKind: KeeperList}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec: {type: object, properties: {mode: {type: string, enum: [a, b]}}}
";

#[test]
fn definitions_of_a_cluster_are_kept_as_those_of_files_are() {
    needs!(CONTROL_PLANE);
    let plane = ControlPlane::shared();
    let kubeconfig = plane.kubeconfig(User::Admin);
    let kubeconfig = kubeconfig.to_str().expect("a path");
    let bench = Bench::with(&[("definition.yaml", DEFINITION)]);
    let applied = bench.said(&["apply", "--kubeconfig", kubeconfig, "definition.yaml"]);
    assert_eq!(applied.0, Some(0), "{applied:?}");
    let of_cluster = ["schema", "add", "cluster", "--only", "Keeper", "--kubeconfig", kubeconfig];
    let added = bench.said(&of_cluster);
    assert_eq!(added.0, Some(0), "{added:?}");
    assert!(added.2.contains("crds: 1 definition written"), "{added:?}");
    let same = bench.said(&["schema", "add", "definition.yaml"]);
    assert!(same.2.contains("crds: 1 definition unchanged"), "{same:?}");
}
