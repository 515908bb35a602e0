//! What the server takes without a word, and mostly is a trap: images that change, memory without a limit, Jobs that stay.
//!
//! Settled objects enter, warnings leave. Each code says one thing in one sentence: people are told it once.

use super::asked::{Beside, finding};
use super::at::{get, is_true, items};
use crate::diagnostic::{Code, Diagnostic};
use crate::kubernetes::pods::{pod_spec_field, template};
use crate::kubernetes::{Manifest, same};
use crate::text::Node;

/// Returns what there is to say of objects that are applied together.
pub(super) fn judge(objects: &[&Manifest], around: [&Beside; 2]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for object in objects {
        containers(object, &mut found);
        finished_jobs(object, &mut found);
    }
    replicas(objects, around, &mut found);
    found
}

fn containers(object: &Manifest, found: &mut Vec<Diagnostic>) {
    let (Some(pod), Some(spec)) = (template(object), pod_spec_field(&object.key)) else { return };
    let is_limited = |node: &Node| get(node, &["resources", "limits", "memory"]).is_some();
    for list in ["initContainers", "containers"] {
        for (number, container) in items(pod, &[list]) {
            let place = |field: &str| format!("{spec}.{list}[{number}].{field}");
            if let Some(image) = get(container, &["image"]).filter(|image| image.as_str().is_some_and(moves)) {
                let message = "the image has no tag that stays: what runs depends on when it was pulled";
                let help = "write the version, `nginx:1.27`, or a digest";
                found.push(finding(Code::ImageTag, object, place("image"), image, message).help(help));
            }
            // Init containers are done before others need the memory.
            if list == "initContainers" {
                continue;
            }
            if !is_limited(container) && !is_limited(pod) {
                let holder = get(container, &["resources"]).or_else(|| get(container, &["name"])).unwrap_or(container);
                let message = "the container has no memory limit: it may take all memory of its node from the others";
                let help = "write `resources: {limits: {memory: 512Mi}}`, with what it needs";
                found.push(
                    finding(Code::NoMemoryLimit, object, place("resources.limits.memory"), holder, message).help(help),
                );
            }
            let probes = get(container, &["livenessProbe"]).zip(get(container, &["readinessProbe"]));
            if let Some((liveness, readiness)) = probes.filter(|(liveness, readiness)| same(*liveness, *readiness)) {
                let message = "the liveness probe asks the same as the readiness probe: \
                               a container that is busy is not left alone, but killed";
                let help = "let the liveness probe ask for less, or fail later";
                let one = finding(Code::SameProbes, object, place("livenessProbe"), liveness, message);
                found.push(one.also(readiness.origin(), "the readiness probe").help(help));
            }
        }
    }
}

/// Whether an image is another one tomorrow.
fn moves(image: &str) -> bool {
    // What another program fills in is no image yet.
    let is_whole = image.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"./:_-@".contains(&byte));
    let name = image.rsplit('/').next().unwrap_or(image);
    is_whole && !image.contains('@') && name.split_once(':').is_none_or(|(_, tag)| tag == "latest")
}

fn finished_jobs(object: &Manifest, found: &mut Vec<Diagnostic>) {
    let is_job = object.key.group == "batch" && object.key.kind == "Job";
    let Some(spec) = object.node.get("spec").filter(|_| is_job) else { return };
    // Who runs it as a hook removes it.
    let annotations = object.node.at(&["metadata", "annotations"]).and_then(Node::as_map);
    let is_hook = annotations.into_iter().flatten().any(|entry| entry.key.text.ends_with("/hook"));
    let is_owned = items(&object.node, &["metadata", "ownerReferences"]).next().is_some();
    if get(spec, &["ttlSecondsAfterFinished"]).is_none() && !is_hook && !is_owned && !is_true(spec, &["suspend"]) {
        let place = get(&object.node, &["metadata", "name"]).unwrap_or(spec);
        let message = "the Job has no time to live: it and its pods stay when it is done";
        let help = "write `ttlSecondsAfterFinished: 86400`, for a day";
        found.push(finding(Code::NoTtl, object, "spec.ttlSecondsAfterFinished".to_owned(), place, message).help(help));
    }
}

fn replicas(objects: &[&Manifest], around: [&Beside; 2], found: &mut Vec<Diagnostic>) {
    for object in objects.iter().filter(|object| around.iter().any(|beside| beside.scaler(object).is_some())) {
        if let Some(node) = get(&object.node, &["spec", "replicas"]) {
            let message = "an autoscaler sets the number of pods too: each apply sets it back to this";
            let one = finding(Code::AutoscaledReplicas, object, "spec.replicas".to_owned(), node, message);
            found.push(one.help("take `replicas` out"));
        }
    }
}
