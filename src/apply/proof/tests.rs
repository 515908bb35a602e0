//! Objects as they were applied, and what is said of them.

// Literals read better without references.
#![allow(clippy::needless_pass_by_value)]

use serde_json::json;

use super::super::owned;
use super::*;
use crate::diagnostic::Diagnostics;
use crate::read::read_document;
use crate::text::Sources;

fn node(value: &Json) -> Node {
    let mut sources = Sources::default();
    read_document(&mut sources, "body.json", value.to_string().into_bytes(), &mut Diagnostics::new()).unwrap()
}

/// Puts what is added into an object.
fn add(to: &mut Json, more: &Json) {
    match (to, more) {
        (Json::Object(to), Json::Object(more)) => {
            more.iter().for_each(|(key, value)| add(to.entry(key).or_insert(Json::Null), value));
        }
        (Json::Array(to), Json::Array(more)) if to.len() == more.len() => {
            to.iter_mut().zip(more).for_each(|(to, more)| add(to, more));
        }
        (to, more) => *to = more.clone(),
    }
}

/// Leaves the point out where nothing else is.
fn tidy(value: &mut Json) {
    let map = value.as_object_mut().unwrap();
    map.iter_mut().filter(|(key, _)| *key != ".").for_each(|(_, value)| tidy(value));
    if map.len() == 1 {
        map.remove(".");
    }
}

/// Writes fields as the server writes them.
fn notation(set: &super::super::FieldSet) -> Json {
    let mut fields = json!({});
    for path in set.paths() {
        let mut at = &mut fields;
        for step in &path.0 {
            at = at.as_object_mut().unwrap().entry(step.notation().as_str()).or_insert_with(|| json!({}));
        }
        at.as_object_mut().unwrap().insert(".".into(), json!({}));
    }
    tidy(&mut fields);
    fields
}

/// Returns the object that the server has when that was applied, with what it added.
fn applied(body: &Json, added: &Json) -> Live {
    let mut live = body.clone();
    add(&mut live, added);
    let fields = notation(&owned(body, Facts::newest()).unwrap());
    live["metadata"]["managedFields"] = json!([{
        "manager": "fanfold", "operation": "Apply", "apiVersion": body["apiVersion"],
        "time": "2030-01-31T08:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": fields,
    }]);
    Live(live)
}

fn pod() -> Json {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "labels": {"app": "web"}},
        "spec": {"containers": [{
            "name": "web",
            "image": "web:1",
            "ports": [{"containerPort": 80}, {"containerPort": 53, "protocol": "UDP"}],
            "env": [{"name": "A", "value": "1"}, {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
            "resources": {"limits": {"cpu": "1000m"}},
        }]},
    })
}

fn added() -> Json {
    json!({
        "metadata": {"uid": "1", "resourceVersion": "7"},
        "spec": {"dnsPolicy": "ClusterFirst", "containers": [{
            "ports": [{"protocol": "TCP"}, {}],
            "env": [{}, {"valueFrom": {"fieldRef": {"apiVersion": "v1"}}}],
            "resources": {"limits": {"cpu": "1"}},
            "imagePullPolicy": "IfNotPresent",
        }]},
        "status": {"phase": "Running"},
    })
}

fn unchanged(body: &Json, live: &Live) -> bool {
    is_unchanged(&node(body), live, Facts::newest(), "fanfold")
}

/// Returns whether a body that differs from the applied one in one place is proven.
fn with(pointer: &str, value: Json) -> bool {
    let mut body = pod();
    *body.pointer_mut(pointer).unwrap() = value;
    unchanged(&body, &applied(&pod(), &added()))
}

#[test]
fn what_was_applied_is_unchanged_whatever_the_server_added() {
    assert!(unchanged(&pod(), &applied(&pod(), &added())));
    let mut listed = applied(&pod(), &added());
    listed.0.as_object_mut().unwrap().retain(|key, _| key != "apiVersion" && key != "kind");
    assert!(unchanged(&pod(), &listed), "the items of a list do not say what they are");
    let plain = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a": "1"}});
    assert!(unchanged(&plain, &applied(&plain, &json!({}))));
}

#[test]
fn any_other_value_is_a_change() {
    for (pointer, value) in [
        ("/metadata/name", json!("other")),
        ("/metadata/labels/app", json!("other")),
        ("/metadata/labels", json!({})),
        ("/metadata/labels", json!({"app": "web", "tier": "1"})),
        ("/spec/containers/0/image", json!("web:2")),
        ("/spec/containers/0/image", json!(null)),
        ("/spec/containers/0/ports/0/containerPort", json!(81)),
        ("/spec/containers/0/ports/0/containerPort", json!("80")),
        ("/spec/containers/0/ports", json!([{"containerPort": 53, "protocol": "UDP"}, {"containerPort": 80}])),
        ("/spec/containers/0/ports", json!([{"containerPort": 80}])),
        ("/spec/containers/0/ports", json!([])),
        ("/spec/containers/0/env", json!([{"name": "A", "value": "1"}])),
        ("/spec/containers/0/env/0", json!({"name": "A", "value": ""})),
        ("/spec/containers/0/env/1/valueFrom/fieldRef/fieldPath", json!("status.hostIP")),
        ("/spec/containers/0/resources/limits/cpu", json!("1001m")),
        ("/spec/containers/0/resources/limits", json!({"cpu": "1", "memory": "1Gi"})),
        ("/spec", json!({})),
        ("/kind", json!("Thing")),
        ("/apiVersion", json!("v2")),
    ] {
        assert!(!with(pointer, value.clone()), "{pointer}: {value}");
    }
}

#[test]
fn the_same_in_other_words_is_no_change() {
    for cpu in [json!("1"), json!(1), json!("1.0"), json!("1000m")] {
        assert!(with("/spec/containers/0/resources/limits/cpu", cpu.clone()), "{cpu}");
    }
    assert!(with(
        "/spec/containers/0/env/1/valueFrom/fieldRef",
        json!({"apiVersion": "v1", "fieldPath": "status.podIP"})
    ));
    let mut quoted = pod();
    quoted["spec"]["containers"][0]["command"] = json!([]);
    assert!(unchanged(&quoted, &applied(&quoted, &json!({"spec": {"containers": [{"command": null}]}}))));
    let mut empty = pod();
    empty["spec"]["volumes"] = json!([]);
    assert!(unchanged(&empty, &applied(&pod(), &added())));
    empty["metadata"]["ownerReferences"] = json!([]);
    assert!(!unchanged(&empty, &applied(&pod(), &added())), "nothing shows that the server would take it");
}

fn with_entry(change: impl FnOnce(&mut Json)) -> bool {
    let mut live = applied(&pod(), &added());
    change(&mut live.0["metadata"]["managedFields"]);
    unchanged(&pod(), &live)
}

#[test]
fn it_takes_the_entry_of_our_own_last_apply() {
    assert!(with_entry(|_| {}));
    assert!(!with_entry(|entries| *entries = json!([])));
    assert!(!with_entry(|entries| entries[0]["manager"] = json!("another")));
    assert!(!with_entry(|entries| entries[0]["operation"] = json!("Update")));
    assert!(!with_entry(|entries| entries[0]["apiVersion"] = json!("v2")));
    assert!(!with_entry(|entries| entries[0]["subresource"] = json!("status")));
    assert!(!with_entry(|entries| entries[0]["fieldsV1"]["f:data"] = json!({})), "we owned more");
    assert!(!with_entry(|entries| entries[0]["fieldsV1"]["f:metadata"]["f:labels"]["f:tier"] = json!({})));
    assert!(!with_entry(|entries| {
        let containers = &mut entries[0]["fieldsV1"]["f:spec"]["f:containers"];
        containers["k:{\"name\":\"web\"}"].as_object_mut().unwrap().remove("f:image");
    }));
}

fn entry(operation: &str, version: &str, fields: Json) -> Json {
    json!({"manager": "another", "operation": operation, "apiVersion": version, "fieldsType": "FieldsV1", "fieldsV1": fields})
}

#[test]
fn others_count_only_where_words_differ() {
    let status = || entry("Update", "v1", json!({"f:status": {"f:phase": {}}}));
    let cpu =
        || json!({"f:spec": {"f:containers": {"k:{\"name\":\"web\"}": {"f:resources": {"f:limits": {"f:cpu": {}}}}}}});
    let push = |entry: Json| move |entries: &mut Json| entries.as_array_mut().unwrap().push(entry);
    assert!(with_entry(push(status())));
    assert!(!with_entry(push(entry("Update", "v1", cpu()))), "the server would see a conflict over 1000m and 1");
    assert!(!with_entry(push(entry("Apply", "v1", json!({"f:metadata": {}})))), "entries are sorted by time");
    assert!(
        !with_entry(push(entry("Update", "v0", json!({"f:status": {}})))),
        "owners of unknown versions are forgotten"
    );
    let mut exact = pod();
    exact["spec"]["containers"][0]["resources"]["limits"]["cpu"] = json!("1");
    exact["spec"]["containers"][0]["env"][1]["valueFrom"]["fieldRef"]["apiVersion"] = json!("v1");
    let mut live = applied(&exact, &added());
    live.0["metadata"]["managedFields"].as_array_mut().unwrap().push(entry("Apply", "v1", cpu()));
    assert!(unchanged(&exact, &live));
}

#[test]
fn doubles_and_strangers_are_not_proven() {
    let mut live = applied(&pod(), &added());
    let env = live.0["spec"]["containers"][0]["env"].as_array_mut().unwrap();
    env.push(json!({"name": "C"}));
    assert!(unchanged(&pod(), &live), "others may have items of their own");
    live.0["spec"]["containers"][0]["env"].as_array_mut().unwrap().push(json!({"name": "C"}));
    assert!(!unchanged(&pod(), &live), "nobody knows what two of one name become");
    let thing = json!({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"}});
    assert!(!unchanged(&thing, &Live(thing.clone())));
    let mut going = applied(&pod(), &added());
    going.0["metadata"]["deletionTimestamp"] = json!("2030-01-31T08:00:00Z");
    assert!(!unchanged(&pod(), &going));
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "stringData": {"a": "b"}});
    assert!(!unchanged(&secret, &applied(&secret, &json!({}))));
}

#[test]
fn what_is_read_and_not_stored_is_not_proven() {
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "a"},
        "spec": {"accessModes": ["ReadWriteOnce"]}});
    assert!(!unchanged(&claim, &applied(&claim, &json!({"status": {"phase": "Pending"}}))));
    assert!(unchanged(&claim, &applied(&claim, &json!({"status": {"phase": "Bound"}}))));
    let job = |labels: Json| {
        json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "a", "labels": labels},
        "spec": {"backoffLimit": 1}})
    };
    assert!(!unchanged(&job(json!({})), &applied(&job(json!({})), &json!({"status": {}}))));
    assert!(unchanged(&job(json!({})), &applied(&job(json!({})), &json!({"status": {"ready": 0}}))));
    assert!(unchanged(&job(json!({"a": "b"})), &applied(&job(json!({"a": "b"})), &json!({"status": {}}))));
}

#[test]
fn an_empty_mapping_that_the_server_would_refuse_is_no_nothing() {
    let config = |immutable: bool| {
        let config = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "immutable": immutable,
            "data": {"a": "1"}, "binaryData": {},
        });
        let mut live = applied(&config, &json!({}));
        live.0.as_object_mut().unwrap().shift_remove("binaryData");
        unchanged(&config, &live)
    };
    assert!(config(false) && !config(true));
    let definition = |schema: Json| {
        json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "things.example.com"},
            "spec": {
                "group": "example.com", "scope": "Namespaced", "names": {"kind": "Thing", "plural": "things"},
                "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}],
            },
        })
    };
    let live = applied(&definition(json!({"type": "object"})), &json!({}));
    assert!(unchanged(&definition(json!({"type": "object"})), &live));
    assert!(!unchanged(&definition(json!({"type": "object", "dependencies": {}})), &live));
}
