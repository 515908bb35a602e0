//! What is deleted is what was asked for: no data, and nothing of others, without a flag that says so.

use serde_json::json;

use super::api::Api;
use crate::bench::{Bench, stderr, stdout};

const SET: &str = "\
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: shop}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: a, namespace: shop}
data: {key: x}
";
const NAMESPACE: &str = "/api/v1/namespaces/shop";
const CLAIM: &str = "/api/v1/namespaces/shop/persistentvolumeclaims/data";
const MAP: &str = "/api/v1/namespaces/shop/configmaps/a";
const THEIRS: &str = "/api/v1/namespaces/shop/configmaps/theirs";

#[track_caller]
fn ends(bench: &Bench, args: &[&str], exit: i32, words: &[&str]) {
    let mut command = bench.command(args);
    let output = command.arg("--kubeconfig").arg(bench.path("kubeconfig")).output().expect("the binary runs");
    let said = stderr(&output) + &stdout(&output);
    assert_eq!(output.status.code(), Some(exit), "{args:?}: {said}");
    for word in words {
        assert!(said.contains(word), "`{word}` is not said by {args:?}: {said}");
    }
}

/// Returns a cluster with the set, as members of one where that is asked for.
fn applied(set: bool) -> (Api, Bench, &'static [&'static str]) {
    let api = Api::plain();
    api.put("/api/v1/namespaces/tools", &json!({}));
    let bench = api.bench(&[("a.yaml", SET)]);
    let flags: &[&str] = if set { &["--applyset=set", "--namespace=tools"] } else { &[] };
    ends(&bench, &[&["apply", "a.yaml"], flags].concat(), 0, &["3 created"]);
    api.put("/api/v1/namespaces/shop/configmaps/kube-root-ca.crt", &json!({}));
    api.put("/api/v1/namespaces/shop/serviceaccounts/default", &json!({}));
    let owned = json!({"metadata": {"ownerReferences": [{"kind": "ReplicaSet", "name": "x", "uid": "1"}]}});
    api.put("/api/v1/namespaces/shop/pods/web-1", &owned);
    (api, bench, flags)
}

#[test]
fn data_and_namespaces_go_by_a_flag_of_their_own() {
    for set in [true, false] {
        let (api, bench, flags) = applied(set);
        let delete = |more: &[&'static str]| [&["delete", "a.yaml"], flags, more].concat();
        let kept = ["keeps 1 Namespace, 1 PersistentVolumeClaim", "goes only with `--prune-data`", "2 unchanged"];
        ends(&bench, &delete(&["--dry-run=server"]), 1, &[&kept[..], &["would delete 1 ConfigMap"]].concat());
        assert!(api.has(MAP));
        ends(&bench, &delete(&[]), 1, &[&kept[..], &["deletes 1 ConfigMap", "1 deleted"]].concat());
        assert!(api.has(NAMESPACE) && api.has(CLAIM) && !api.has(MAP), "set: {set}");
        if set {
            assert!(api.has("/api/v1/namespaces/tools/configmaps/set"), "a set with members stays");
        }
        ends(&bench, &delete(&["--prune-data"]), 0, &["deletes 1 Namespace, 1 PersistentVolumeClaim", "2 deleted"]);
        assert!(!api.has(NAMESPACE) && !api.has(CLAIM));
    }
}

#[test]
fn a_namespace_with_objects_of_others_stays() {
    for set in [true, false] {
        let (api, bench, flags) = applied(set);
        api.put(THEIRS, &json!({}));
        let delete = |more: &[&'static str]| [&["delete", "a.yaml", "--prune-data"], flags, more].concat();
        let kept = ["keeps 1 Namespace", "it holds `ConfigMap theirs`", "`--prune-others`"];
        ends(&bench, &delete(&["--dry-run=server"]), 1, &kept);
        ends(&bench, &delete(&[]), 1, &kept);
        assert!(api.has(NAMESPACE) && api.has(THEIRS) && !api.has(CLAIM), "set: {set}");
        ends(&bench, &delete(&["--prune-others"]), 0, &["1 deleted"]);
        assert!(!api.has(NAMESPACE) && !api.has(THEIRS));
    }
}

#[test]
fn pruning_takes_nothing_of_others_either() {
    let (api, bench, flags) = applied(true);
    api.put(THEIRS, &json!({}));
    bench.write("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, namespace: tools}\ndata: {key: x}\n");
    let apply = |more: &[&'static str]| {
        [&["apply", "a.yaml", "--prune", "--prune-data", "--prune-limit=9", "--no-wait"], flags, more].concat()
    };
    ends(&bench, &apply(&[]), 0, &["it holds `ConfigMap theirs`", "2 pruned", "1 unchanged"]);
    assert!(api.has(NAMESPACE) && api.has(THEIRS) && !api.has(CLAIM));
    ends(&bench, &apply(&["--prune-others"]), 0, &["1 pruned"]);
    assert!(!api.has(NAMESPACE));
}

#[test]
fn a_definition_with_objects_of_others_stays() {
    let api = Api::plain();
    api.put(NAMESPACE, &json!({}));
    let definition = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: caches.shop.dev}\n\
        spec:\n  group: shop.dev\n  names: {kind: Cache, plural: caches}\n  scope: Namespaced\n  versions:\n  - name: v1\n    served: true\n    storage: true\n    schema: {openAPIV3Schema: {type: object}}\n";
    let bench = api.bench(&[("a.yaml", definition)]);
    ends(&bench, &["apply", "a.yaml"], 0, &["1 created"]);
    api.put("/apis/shop.dev/v1/namespaces/shop/caches/theirs", &json!({}));
    ends(&bench, &["delete", "a.yaml"], 1, &["goes only with `--prune-data`"]);
    ends(&bench, &["delete", "a.yaml", "--prune-data"], 1, &["it holds `Cache theirs`"]);
    ends(&bench, &["delete", "a.yaml", "--prune-data", "--prune-others"], 0, &["1 deleted"]);
}

#[test]
fn what_asks_to_stay_keeps_what_it_lies_in() {
    let (api, bench, flags) = applied(true);
    let keep = json!({"metadata": {"annotations": {"fanfold.dev/prune": "never"}, "labels": label(&api)}});
    api.put(MAP, &keep);
    ends(
        &bench,
        &[&["delete", "a.yaml", "--prune-data"], flags].concat(),
        1,
        &["it holds `ConfigMap a`", "asks to keep it"],
    );
    assert!(api.has(NAMESPACE) && api.has(MAP));
}

/// Returns the labels of the members.
fn label(api: &Api) -> serde_json::Value {
    api.get(CLAIM)["metadata"]["labels"].clone()
}
