//! Defaults, held against a real server: with and without them it stores the same, and what it adds is no difference.

use fanfold::diff::{self, Effect};
use fanfold::kubernetes::{Facts, Quantity, Storage};
use serde_json::Value as Json;

use crate::controlplane::{ControlPlane, User};
use crate::sides::Sides;

/// What is assigned, and differs each time.
const ASSIGNED: &[&str] = &[
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name",
    "clusterIP",
    "clusterIPs",
    "controller-uid",
    "creationTimestamp",
    "healthCheckNodePort",
    "ipFamilies",
    "job-name",
    "lastPhaseTransitionTime",
    "managedFields",
    "nodePort",
    "timeAdded",
    "uid",
];

/// Returns the samples of this test and of the proof, in a namespace that is there.
fn samples(namespace: &str) -> Vec<Json> {
    let texts = [include_str!("defaults.yaml"), include_str!("../proof/kinds.yaml")];
    let documents = texts.into_iter().flat_map(serde_yaml::Deserializer::from_str);
    let objects = documents.map(|document| <Json as serde::Deserialize>::deserialize(document).expect("a sample"));
    let mut objects: Vec<Json> = objects.filter(Json::is_object).collect();
    for object in &mut objects {
        if object["metadata"].get("namespace").is_some() {
            object["metadata"]["namespace"] = namespace.into();
        }
    }
    objects
}

fn texts(objects: &[Json]) -> String {
    objects.iter().map(|object| format!("---\n{object}\n")).collect()
}

/// Returns what a server would store of objects, without what it assigns.
fn stored(plane: &ControlPlane, objects: &[Json]) -> Vec<Json> {
    let arguments = ["create", "--dry-run=server", "--validate=false", "--output=json", "--filename=-"];
    let output = plane.kubectl_with(User::Admin, &arguments, texts(objects));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let items = serde_json::Deserializer::from_slice(&output.stdout).into_iter();
    let mut items: Vec<Json> = items.map(|item| item.expect("an object")).collect();
    assert_eq!(items.len(), objects.len());
    items.iter_mut().for_each(without_assigned);
    items
}

fn without_assigned(value: &mut Json) {
    match value {
        Json::Object(map) => {
            map.retain(|key, _| !ASSIGNED.contains(&key.as_str()));
            map.values_mut().for_each(without_assigned);
        }
        Json::Array(items) => items.iter_mut().for_each(without_assigned),
        _ => {}
    }
}

/// Amounts are compared by value.
fn by_value(value: &mut Json) {
    match value {
        Json::Object(map) => map.values_mut().for_each(by_value),
        Json::Array(items) => items.iter_mut().for_each(by_value),
        Json::String(text) => {
            if let Ok(amount) = Quantity::parse(text) {
                *text = amount.key().to_string();
            }
        }
        _ => {}
    }
}

/// Puts in what is filled in and not written, and returns how much that is.
fn complete(written: &mut Json, filled: &Json) -> usize {
    match (written, filled) {
        (Json::Object(written), Json::Object(filled)) => {
            let mut count = 0;
            for (key, value) in filled {
                if let Some(known) = written.get_mut(key) {
                    count += complete(known, value);
                } else {
                    count += 1;
                    written.insert(key.clone(), value.clone());
                }
            }
            count
        }
        (Json::Array(written), Json::Array(filled)) => {
            written.iter_mut().zip(filled).map(|(written, filled)| complete(written, filled)).sum()
        }
        _ => 0,
    }
}

fn filled(object: &Json) -> Json {
    let facts = Facts::newest();
    let version = object["apiVersion"].as_str().expect("a version");
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    let kind = facts.kind(group, version, object["kind"].as_str().expect("a kind")).expect("a known kind");
    Storage::of(facts, facts.ty(facts.type_of(kind).expect("a type"))).object(object)
}

#[test]
fn the_server_stores_the_same_with_and_without_defaults() {
    needs!(CONTROL_PLANE);
    let plane = ControlPlane::shared();
    let short = samples(&plane.namespace());
    let mut count = 0;
    let long: Vec<Json> = short
        .iter()
        .map(|object| {
            let mut long = object.clone();
            count += complete(&mut long, &filled(object));
            long
        })
        .collect();
    assert!(count > 400, "{count} fields are filled in");
    let (mut of_short, mut of_long) = (stored(plane, &short), stored(plane, &long));
    let mut wrong = Vec::new();
    for (of_short, of_long) in of_short.iter_mut().zip(&mut of_long) {
        for stored in [&mut *of_short, &mut *of_long] {
            by_value(stored);
            // The server fills it in beside a strategy that is left out, not beside one that is written; to the controller
            // it is the same.
            if let Some(Json::Object(strategy)) = stored.pointer_mut("/spec/updateStrategy") {
                strategy.retain(|key, _| key != "rollingUpdate");
            }
        }
        if of_short != of_long {
            wrong.push(format!("{of_short}\n{of_long}\n"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_the_server_adds_is_no_difference() {
    needs!(CONTROL_PLANE);
    let plane = ControlPlane::shared();
    let mut short = samples(&plane.namespace());
    // Admission gives a Pod a priority and tolerations, which depend on the cluster; Jobs are given a selector.
    short.retain(|object| object["kind"] != "Pod");
    let mut long = stored(plane, &short);
    for (short, long) in short.iter_mut().zip(&mut long) {
        if let Some(address) = short["spec"].get("clusterIP") {
            long["spec"]["clusterIP"] = address.clone();
        }
        if long["kind"] == "Job" {
            long["spec"].as_object_mut().expect("a spec").remove("selector");
        }
        // Some share a name, as none of them is made; that of a namespace is one of its labels.
        if short["kind"] != "Namespace" {
            short["metadata"]["name"] = format!("{}-{}", short["metadata"]["name"], short["spec"]).into();
            long["metadata"]["name"] = short["metadata"]["name"].clone();
        }
    }
    let sides = Sides::read(&texts(&short), &texts(&long));
    let changes = sides.changes();
    let wrong = changes.objects.iter().flat_map(|object| {
        let told = object.changes.iter().filter(|change| change.effect != Effect::None);
        told.map(|change| format!("{}: {} {:?}", object.known.key, change.path, change.what))
    });
    assert_eq!(wrong.collect::<Vec<_>>(), Vec::<String>::new());
    assert!(changes.objects.len() > 40, "{}", changes.objects.len());
    assert!(changes.objects.iter().all(|object| object.fate == diff::Fate::Changed));
}

/// A template is stored as it is written: requests are filled in for Pods alone, and pods are replaced when they appear.
#[test]
fn templates_keep_requests_open() {
    needs!(CONTROL_PLANE);
    let plane = ControlPlane::shared();
    let namespace = plane.namespace();
    let of = |kind: &str, requests: bool| {
        let resources = if requests {
            r#"{"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}"#
        } else {
            r#"{"limits": {"cpu": "1"}}"#
        };
        let pod = format!(r#"{{"containers": [{{"name": "a", "image": "a:1", "resources": {resources}}}]}}"#);
        let spec = if kind == "Pod" {
            pod
        } else {
            format!(
                r#"{{"selector": {{"matchLabels": {{"a": "b"}}}}, "template": {{"metadata": {{"labels": {{"a": "b"}}}}, "spec": {pod}}}}}"#
            )
        };
        let version = if kind == "Pod" { "v1" } else { "apps/v1" };
        let text = format!(
            r#"{{"apiVersion": "{version}", "kind": "{kind}", "metadata": {{"name": "a", "namespace": "{namespace}"}}, "spec": {spec}}}"#
        );
        serde_json::from_str::<Json>(&text).expect("an object")
    };
    let objects = [of("Pod", false), of("Pod", true), of("Deployment", false), of("Deployment", true)];
    let stored = stored(plane, &objects);
    assert_eq!(stored[0], stored[1]);
    assert_ne!(stored[2], stored[3]);
    let [pod, full_pod, set, full_set] = objects.map(|object| filled(&object));
    assert_eq!((pod == full_pod, set == full_set), (true, false));
}
