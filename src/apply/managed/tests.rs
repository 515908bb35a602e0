//! Owners as the server writes them, and what bodies would own.

// Literals read better without references.
#![allow(clippy::needless_pass_by_value)]

use serde_json::json;

use super::*;

fn live() -> Live {
    Live(json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "web",
            "labels": {"app": "web", "seen": "yes"},
            "managedFields": [
                {
                    "manager": "fanfold", "operation": "Apply", "apiVersion": "apps/v1",
                    "time": "2030-01-31T08:00:00Z", "fieldsType": "FieldsV1",
                    "fieldsV1": {
                        "f:metadata": {"f:labels": {"f:app": {}}},
                        "f:spec": {
                            "f:replicas": {},
                            "f:selector": {},
                            "f:template": {"f:spec": {"f:containers": {
                                "k:{\"name\":\"web\"}": {
                                    ".": {}, "f:image": {}, "f:name": {},
                                    "f:ports": {"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}},
                                },
                            }}},
                        },
                    },
                },
                {
                    "manager": "kube-controller-manager", "operation": "Update", "apiVersion": "apps/v1",
                    "subresource": "scale", "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:replicas": {}}},
                },
            ],
        },
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"spec": {"containers": [
                {"name": "side", "image": "side:1"},
                {"name": "web", "image": "web:1", "tty": true, "ports": [{"containerPort": 80, "protocol": "TCP"}]},
            ]}},
        },
    }))
}

fn body() -> Json {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"spec": {"containers": [{"name": "web", "image": "web:1", "ports": [{"containerPort": 80}]}]}},
        },
    })
}

fn replicas() -> Path {
    Path(vec![Step::Field("spec".into()), Step::Field("replicas".into())])
}

#[test]
fn a_body_owns_what_the_server_says_it_owns() {
    let live = live();
    let entries = managed_entries(&live).unwrap();
    assert_eq!(owned(&body(), Facts::newest()), entries[0].fields());
    assert!(entries[0].is_applied_by("fanfold") && !entries[1].is_applied_by("fanfold"));
}

#[test]
fn what_is_owned_follows_the_type() {
    let owned = |body: Json| {
        owned(&body, Facts::newest())
            .map(|set| set.paths().iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
    };
    let config = |data: Json| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data});
    assert_eq!(owned(config(json!({"b": "1", "a.b": ""}))).unwrap(), ".data.a.b .data.b");
    assert_eq!(owned(config(json!({}))).unwrap(), ".data");
    let pod = |spec: Json| json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": spec});
    let containers = |container: Json| owned(pod(json!({"containers": [container]})));
    assert_eq!(owned(pod(json!({"containers": [], "nodeSelector": {"a": "b"}}))).unwrap(), ".spec.nodeSelector");
    assert_eq!(
        containers(json!({"name": "a", "args": ["x"], "ports": [{"containerPort": 53, "protocol": "UDP"}]})).unwrap(),
        ".spec.containers[name=\"a\"] .spec.containers[name=\"a\"].args .spec.containers[name=\"a\"].name \
         .spec.containers[name=\"a\"].ports[containerPort=53,protocol=\"UDP\"] \
         .spec.containers[name=\"a\"].ports[containerPort=53,protocol=\"UDP\"].containerPort \
         .spec.containers[name=\"a\"].ports[containerPort=53,protocol=\"UDP\"].protocol"
    );
    let finalizers = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "finalizers": ["x/y"]}});
    assert_eq!(owned(finalizers).unwrap(), ".metadata.finalizers[=\"x/y\"]");
    // The server refuses two items of one key, items without a key, and fields that it does not know.
    assert_eq!(owned(pod(json!({"containers": [{"name": "a"}, {"name": "a"}]}))), None);
    assert_eq!(owned(pod(json!({"containers": [{"image": "a"}]}))), None);
    assert_eq!(owned(pod(json!({"containres": []}))), None);
    assert_eq!(owned(json!({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"}})), None);
}

#[test]
fn owners_of_a_field_are_named_as_in_conflicts() {
    let live = live();
    let entries = managed_entries(&live).unwrap();
    let owners: Vec<String> = owners(&entries, &replicas()).iter().map(ToString::to_string).collect();
    assert_eq!(owners, ["\"fanfold\"", "\"kube-controller-manager\" with subresource \"scale\" using apps/v1"]);
    assert_eq!(replicas().to_string(), ".spec.replicas");
    let both = entries[0].fields().unwrap().intersection(&entries[1].fields().unwrap());
    assert_eq!(both.paths(), [replicas()]);
    let ours = entries[0].fields().unwrap().difference(&entries[1].fields().unwrap());
    assert!(entries[0].fields().unwrap().contains(&replicas()) && !ours.contains(&replicas()));
    assert!(entries[0].owns(&Path(vec![Step::Field("spec".into())])));
}

#[test]
fn our_own_part_is_what_nobody_else_owns() {
    assert_eq!(
        own_part(&live(), Facts::newest(), "fanfold").unwrap(),
        json!({
            "metadata": {"labels": {"app": "web"}},
            "spec": {
                "selector": {"matchLabels": {"app": "web"}},
                "template": {"spec": {"containers": [
                    {"name": "web", "image": "web:1", "ports": [{"containerPort": 80, "protocol": "TCP"}]},
                ]}},
            },
        })
    );
    assert_eq!(own_part(&live(), Facts::newest(), "nobody"), None);
}

#[test]
fn notations_are_read_whatever_their_escapes() {
    let set = |json: Json| FieldSet::read(json.as_object().unwrap());
    let plain = set(json!({"f:a": {"k:{\"name\":\"<b>\"}": {}}})).unwrap();
    assert_eq!(plain, set(json!({"f:a": {"k:{\"name\":\"\\u003cb\\u003e\"}": {".": {}}}})).unwrap());
    assert_eq!(plain.paths()[0].to_string(), ".a[name=\"<b>\"]");
    for unknown in [json!({"x:a": {}}), json!({"a": {}}), json!({"f:a": 1}), json!({"k:{\\": {}})] {
        assert_eq!(set(unknown), None);
    }
    assert!(managed_entries(&Live(json!({"metadata": {"managedFields": [{"operation": "Guess"}]}}))).is_none());
}
