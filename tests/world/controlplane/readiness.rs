//! With controllers things become ready, or not, as they would on real nodes.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::controlplane::{ControlPlane, User, succeeded, until};

fn pods(pretend: &str, restart: &str) -> Value {
    json!({
        "metadata": {"labels": {"app": "web"}, "annotations": {"pretend": pretend}},
        "spec": {
            "restartPolicy": restart,
            "initContainers": [{"name": "first", "image": "init:1"}],
            "containers": [{"name": "web", "image": "web:1", "resources": {"requests": {"cpu": "100m"}}}],
        },
    })
}

fn deployment(pretend: &str) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": pods(pretend, "Always")},
    })
}

fn job(pretend: &str) -> Value {
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "once"},
        "spec": {"backoffLimit": 0, "template": pods(pretend, "Never")},
    })
}

fn condition<'a>(object: &'a Value, name: &str) -> &'a Value {
    let conditions = object["status"]["conditions"].as_array();
    conditions
        .and_then(|conditions| conditions.iter().find(|condition| condition["type"] == name))
        .map_or(&Value::Null, |condition| &condition["status"])
}

/// Makes an object in a namespace of its own, and waits until something holds for what lies at a path of it.
fn follow(object: &Value, path: &str, mut holds: impl FnMut(&Value) -> bool) {
    let plane = ControlPlane::with_controllers();
    let namespace = plane.namespace();
    let made = plane.kubectl_with(User::Builder, &["create", "-n", &namespace, "-f", "-"], object.to_string());
    succeeded(&made).unwrap();
    let path = path.replace("NAMESPACE", &namespace);
    let mut last = Value::Null;
    until("the object is as it should be", || {
        last = plane.get_json(&path);
        Ok(holds(&last))
    })
    .unwrap_or_else(|error| panic!("{error}: {last:#}"));
}

#[test]
fn a_deployment_becomes_available_and_a_job_completes() {
    needs!(CONTROL_PLANE);
    let start = Instant::now();
    ControlPlane::with_controllers();
    let started = start.elapsed();
    follow(&deployment(""), "/apis/apps/v1/namespaces/NAMESPACE/deployments/web", |live| {
        condition(live, "Available") == "True" && live["status"]["readyReplicas"] == 2
    });
    follow(&job(""), "/apis/batch/v1/namespaces/NAMESPACE/jobs/once", |live| condition(live, "Complete") == "True");
    let took = start.elapsed().saturating_sub(started);
    assert!(took < Duration::from_secs(30), "ready after {took:?}");
}

#[test]
fn pods_pretend_to_fail_as_they_are_told() {
    needs!(CONTROL_PLANE);
    follow(&job("fail"), "/apis/batch/v1/namespaces/NAMESPACE/jobs/once", |live| condition(live, "Failed") == "True");
    follow(&job("run"), "/api/v1/namespaces/NAMESPACE/pods", |live| live["items"][0]["status"]["phase"] == "Running");
    for (pretend, reason) in
        [("wait", "ContainerCreating"), ("no-image", "ImagePullBackOff"), ("crash", "CrashLoopBackOff")]
    {
        follow(&deployment(pretend), "/api/v1/namespaces/NAMESPACE/pods", |live| {
            let status = &live["items"][0]["status"];
            status["containerStatuses"][0]["state"]["waiting"]["reason"] == reason
                && condition(&live["items"][0], "Ready") == "False"
        });
    }
}

#[test]
fn a_claim_finds_a_volume_and_the_pod_an_address() {
    needs!(CONTROL_PLANE);
    let template = json!({
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    });
    let set = json!({
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "db"},
        "spec": {
            "serviceName": "db",
            "replicas": 1,
            "selector": {"matchLabels": {"app": "web"}},
            "template": pods("slow", "Always"),
            "volumeClaimTemplates": [template],
        },
    });
    let start = Instant::now();
    follow(&set, "/api/v1/namespaces/NAMESPACE/pods", |live| {
        let pod = &live["items"][0];
        condition(pod, "Ready") == "True" && pod["status"]["podIP"].as_str().is_some_and(|ip| ip.starts_with("10.244."))
    });
    assert!(start.elapsed() > Duration::from_secs(3), "it is slow to be ready");
}

#[test]
fn what_no_node_has_room_for_is_not_scheduled() {
    needs!(CONTROL_PLANE);
    let mut deployment = deployment("");
    deployment["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"]["cpu"] = json!("9");
    follow(&deployment, "/api/v1/namespaces/NAMESPACE/pods", |live| {
        condition(&live["items"][0], "PodScheduled") == "False"
    });
}
