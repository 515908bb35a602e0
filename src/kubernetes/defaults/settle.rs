//! Defaults that one field takes from others above or below it.
//!
//! A mapping whose own fields are filled in enters and is settled in place, as the server settles it once it has
//! filled in the rest.

use serde_json::{Map, Value as Json, json};

/// Settles a mapping of a type, which is the whole object or a part of one.
pub(super) fn settle(ty: &str, is_whole: bool, stored: &mut Map<String, Json>) {
    match ty {
        "core/v1.Pod" => pod(stored),
        "core/v1.PersistentVolume" if is_whole => guarded(stored, "kubernetes.io/pv-protection"),
        "core/v1.PersistentVolumeClaim" if is_whole => guarded(stored, "kubernetes.io/pvc-protection"),
        "batch/v1.Job" | "core/v1.ReplicationController" => labels(stored),
        "core/v1.Namespace" => {
            let name = stored.get("metadata").and_then(|metadata| metadata.get("name")).cloned();
            if let Some(name) = name {
                member(member(stored, "metadata"), "labels").insert("kubernetes.io/metadata.name".to_owned(), name);
            }
        }
        // The only field that is no source is the name.
        "core/v1.Volume" if stored.keys().all(|key| key == "name") => {
            drop(stored.insert("emptyDir".to_owned(), json!({})));
        }
        "core/v1.LimitRangeItem" if stored.get("type").is_some_and(|kind| kind == "Container") => limits(stored),
        "core/v1.ServiceSpec" if stored.get("sessionAffinity").is_none_or(|affinity| affinity == "None") => {
            stored.remove("sessionAffinityConfig");
        }
        "autoscaling/v2.HorizontalPodAutoscalerBehavior" => {
            let down = json!({"type": "Percent", "value": 100, "periodSeconds": 15});
            let up = json!({"type": "Pods", "value": 4, "periodSeconds": 15});
            fill(member(stored, "scaleDown"), &json!({"selectPolicy": "Max", "policies": [&down]}));
            let rules = json!({"selectPolicy": "Max", "stabilizationWindowSeconds": 0, "policies": [up, down]});
            fill(member(stored, "scaleUp"), &rules);
        }
        _ => {}
    }
}

/// Returns the mapping at a key, which is made where there is none.
fn member<'a>(map: &'a mut Map<String, Json>, key: &str) -> &'a mut Map<String, Json> {
    let value = map.entry(key).or_insert_with(|| json!({}));
    if !value.is_object() {
        *value = json!({});
    }
    value.as_object_mut().expect("it is a mapping now")
}

/// Puts in what is not there.
fn fill(map: &mut Map<String, Json>, from: &Json) {
    for (key, value) in from.as_object().into_iter().flatten() {
        map.entry(key).or_insert_with(|| value.clone());
    }
}

/// What is in use is kept from being deleted.
fn guarded(stored: &mut Map<String, Json>, finalizer: &str) {
    let finalizers = member(stored, "metadata").entry("finalizers").or_insert_with(|| json!([]));
    if let Some(all) = finalizers.as_array_mut().filter(|all| !all.iter().any(|known| known == finalizer)) {
        all.push(finalizer.into());
    }
}

/// Labels without any of their own have those of the template.
fn labels(stored: &mut Map<String, Json>) {
    let labels = stored.get("spec").and_then(|spec| spec.pointer("/template/metadata/labels")).cloned();
    if let Some(labels) = labels {
        member(stored, "metadata").entry("labels").or_insert(labels);
    }
}

/// Of Pods, but not of templates: requests are limits, and ports on the host's network are ports of the host.
fn pod(stored: &mut Map<String, Json>) {
    let Some(Json::Object(spec)) = stored.get_mut("spec") else { return };
    pod_requests(spec);
    let on_host = spec.get("hostNetwork").is_some_and(|host| *host == true);
    for containers in ["containers", "initContainers"] {
        for container in spec.get_mut(containers).and_then(Json::as_array_mut).into_iter().flatten() {
            if let Some(Json::Object(resources)) = container.get_mut("resources")
                && let Some(limits) = resources.get("limits").cloned()
            {
                fill(member(resources, "requests"), &limits);
            }
            let ports = container.get_mut("ports").filter(|_| on_host).and_then(Json::as_array_mut);
            for port in ports.into_iter().flatten().filter_map(Json::as_object_mut) {
                if let Some(number) = port.get("containerPort").cloned() {
                    port.entry("hostPort").or_insert(number);
                }
            }
        }
    }
}

fn limits(item: &mut Map<String, Json>) {
    for (to, from) in [("default", "max"), ("defaultRequest", "default"), ("defaultRequest", "min")] {
        if let Some(from) = item.get(from).cloned() {
            fill(member(item, to), &from);
        }
    }
}

/// Requests of the pod as a whole are its limits, as far as no container has requests of its own.
fn pod_requests(spec: &mut Map<String, Json>) {
    let containers = ["containers", "initContainers"].iter().filter_map(|key| spec.get(*key)?.as_array()).flatten();
    let asks = |key: &str| {
        let mut amounts = containers.clone().filter_map(|container| container.get("resources"));
        amounts.any(|of| ["requests", "limits"].iter().any(|side| of.get(side).is_some_and(|of| of.get(key).is_some())))
    };
    let limits = spec.get("resources").and_then(|of| of.get("limits")).and_then(Json::as_object);
    let open: Map<String, Json> = limits
        .into_iter()
        .flatten()
        .filter(|(key, _)| !asks(key))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    if !open.is_empty() {
        fill(member(member(spec, "resources"), "requests"), &Json::Object(open));
    }
}
