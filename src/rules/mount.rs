//! What containers mount and read: volumes that the pod declares.
//!
//! Which volumes there are is known where a pod or the owner of a template is: a `StatefulSet` adds those of its claims.

use std::collections::HashMap;

use super::Rule;
use super::at::{At, get, items, text};
use super::pod::containers;
use crate::diagnostic::{Code, Diagnostic};
use crate::kubernetes::name::dns_label;
use crate::text::Node;

/// What a volume can be used for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    /// It may be a block device.
    Claim,
    /// It may hold files with variables.
    Empty,
    /// It can only be mounted.
    Other,
}

/// Returns the volumes of a pod's spec, and those of claims.
fn volumes<'a>(spec: &'a Node, claims: &[&'a str]) -> HashMap<&'a str, Use> {
    let is_there = |volume: &Node, source: &str| get(volume, &[source]).is_some();
    let declared = items(spec, &["volumes"]).filter_map(|(_, volume)| {
        let is_bare = volume
            .as_map()
            .is_some_and(|map| map.iter().all(|entry| entry.key.text == "name" || entry.value.is_null()));
        let may_be = if is_there(volume, "persistentVolumeClaim") || is_there(volume, "ephemeral") {
            Use::Claim
        } else if is_there(volume, "emptyDir") || is_bare {
            Use::Empty
        } else {
            Use::Other
        };
        Some((text(volume, &["name"])?, may_be))
    });
    declared.chain(claims.iter().map(|claim| (*claim, Use::Claim))).collect()
}

/// Reports a volume that no pod's spec and no claim declares.
fn undeclared(at: &mut At<'_>, place: String, node: &Node, name: &str, known: &HashMap<&str, Use>) {
    let mut names: Vec<&str> = known.keys().copied().collect();
    names.sort_unstable();
    // Worded as for the shorthands of a spec, which may have found it before.
    let finding = Diagnostic::new(Code::UndeclaredReference, node.origin(), format!("no volume `{name}` is declared"))
        .help("declare it under `volumes` of the pod")
        .did_you_mean(name, names);
    at.report(place, finding);
}

/// Checks what the containers of a spec below `place` use against the volumes that it has.
fn check_used(at: &mut At<'_>, spec: &Node, place: &str, claims: &[&str]) {
    let known = volumes(spec, claims);
    for (container_place, container) in containers(spec) {
        let place = format!("{place}.{container_place}");
        // A volume whose name is none may be meant, and is told by itself.
        if known.keys().any(|name| dns_label(name).is_err()) {
            continue;
        }
        for (index, mount) in items(container, &["volumeMounts"]) {
            let Some((node, name)) = mount.get("name").and_then(|node| Some((node, node.as_str()?))) else { continue };
            if !known.contains_key(name) {
                undeclared(at, format!("{place}.volumeMounts[{index}].name"), node, name, &known);
            }
        }
        for (index, device) in items(container, &["volumeDevices"]) {
            let Some((node, name)) = device.get("name").and_then(|node| Some((node, node.as_str()?))) else { continue };
            let place = format!("{place}.volumeDevices[{index}].name");
            match known.get(name) {
                None => undeclared(at, place, node, name, &known),
                Some(Use::Claim) => {}
                Some(_) => {
                    let message = format!("the volume `{name}` is no block device");
                    let finding = Diagnostic::new(Code::InvalidValue, node.origin(), message)
                        .help("only a `persistentVolumeClaim` or an `ephemeral` volume can be one: mount it under `volumeMounts`");
                    at.report(place, finding);
                }
            }
        }
        if !at.keeps("core/v1.EnvVarSource", "fileKeyRef") {
            continue;
        }
        for (index, variable) in items(container, &["env"]) {
            let Some(node) = get(variable, &["valueFrom", "fileKeyRef", "volumeName"]) else { continue };
            let Some(name) = node.as_str().filter(|name| !name.is_empty()) else { continue };
            let place = format!("{place}.env[{index}].valueFrom.fileKeyRef.volumeName");
            match known.get(name) {
                None => undeclared(at, place, node, name, &known),
                Some(Use::Empty) => {}
                Some(_) => {
                    let message = format!("expected a volume with an `emptyDir`, found `{name}` with another source");
                    at.invalid(place, node, message);
                }
            }
        }
    }
}

fn of_pod(at: &mut At<'_>) {
    if let Some(spec) = at.get(&["spec"]) {
        check_used(at, spec, "spec", &[]);
    }
}

fn of_template(at: &mut At<'_>) {
    let claims: Vec<&str> =
        at.items(&["volumeClaimTemplates"]).filter_map(|(_, claim)| text(claim, &["metadata", "name"])).collect();
    if let Some(spec) = at.get(&["template", "spec"]) {
        check_used(at, spec, "template.spec", &claims);
    }
}

/// What the owners of templates share.
const fn of_owner(
    name: &'static str,
    at: &'static str,
    refuses: &'static [&'static str],
    accepts: &'static [&'static str],
) -> Rule {
    Rule { name, at, check: of_template, refuses, accepts, ..Rule::ALWAYS }
}

#[rustfmt::skip]
pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "pod-mounts",
        at: "core/v1.Pod",
        check: of_pod,
        refuses: &[
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default}, spec: {containers: [{name: a, image: 'a:1', volumeMounts: [{name: v, mountPath: /v}]}]}}",
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default}, spec: {volumes: [{name: v}], containers: [{name: a, image: 'a:1'}], initContainers: [{name: b, image: 'a:1', volumeMounts: [{name: w, mountPath: /v}]}]}}",
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default}, spec: {volumes: [{name: v}], containers: [{name: a, image: 'a:1', volumeDevices: [{name: v, devicePath: /dev/v}]}]}}",
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default}, spec: {containers: [{name: a, image: 'a:1', volumeDevices: [{name: v, devicePath: /dev/v}]}]}}",
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default}, spec: {volumes: [{name: v, configMap: {name: a}}], containers: [{name: a, image: 'a:1', env: [{name: A, valueFrom: {fileKeyRef: {volumeName: v, path: a, key: A}}}]}]}}",
        ],
        accepts: &[
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default}, spec: {volumes: [{name: v}], containers: [{name: a, image: 'a:1', volumeMounts: [{name: v, mountPath: /v}]}]}}",
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default}, spec: {volumes: [{name: v, persistentVolumeClaim: {claimName: v}}], containers: [{name: a, image: 'a:1', volumeDevices: [{name: v, devicePath: /dev/v}]}]}}",
            "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default}, spec: {volumes: [{name: v, emptyDir: {}}], containers: [{name: a, image: 'a:1', env: [{name: A, valueFrom: {fileKeyRef: {volumeName: v, path: a, key: A}}}]}]}}",
        ],
        ..Rule::ALWAYS
    },
    of_owner(
        "deployment-mounts",
        "apps/v1.DeploymentSpec",
        &["{selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: 'a:1', volumeMounts: [{name: v, mountPath: /v}]}]}}}"],
        &["{selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {volumes: [{name: v}], containers: [{name: a, image: 'a:1', volumeMounts: [{name: v, mountPath: /v}]}]}}}"],
    ),
    of_owner(
        "daemon-set-mounts",
        "apps/v1.DaemonSetSpec",
        &["{selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: 'a:1', volumeMounts: [{name: v, mountPath: /v}]}]}}}"],
        &["{selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {volumes: [{name: v}], containers: [{name: a, image: 'a:1', volumeMounts: [{name: v, mountPath: /v}]}]}}}"],
    ),
    of_owner(
        "replica-set-mounts",
        "apps/v1.ReplicaSetSpec",
        &["{selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: 'a:1', volumeMounts: [{name: v, mountPath: /v}]}]}}}"],
        &["{selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {volumes: [{name: v}], containers: [{name: a, image: 'a:1', volumeMounts: [{name: v, mountPath: /v}]}]}}}"],
    ),
    of_owner(
        "stateful-set-mounts",
        "apps/v1.StatefulSetSpec",
        &["{serviceName: a, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: 'a:1', volumeMounts: [{name: v, mountPath: /v}]}]}}}"],
        &["{serviceName: a, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: 'a:1', volumeMounts: [{name: v, mountPath: /v}]}]}}, volumeClaimTemplates: [{metadata: {name: v}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}]}"],
    ),
    of_owner(
        "job-mounts",
        "batch/v1.JobSpec",
        &["{template: {spec: {restartPolicy: Never, containers: [{name: a, image: 'a:1', volumeMounts: [{name: v, mountPath: /v}]}]}}}"],
        &["{template: {spec: {restartPolicy: Never, volumes: [{name: v}], containers: [{name: a, image: 'a:1', volumeMounts: [{name: v, mountPath: /v}]}]}}}"],
    ),
    of_owner(
        "replication-controller-mounts",
        "core/v1.ReplicationControllerSpec",
        &["{selector: {a: b}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: 'a:1', volumeMounts: [{name: v, mountPath: /v}]}]}}}"],
        &["{selector: {a: b}, template: {metadata: {labels: {a: b}}, spec: {volumes: [{name: v}], containers: [{name: a, image: 'a:1', volumeMounts: [{name: v, mountPath: /v}]}]}}}"],
    ),
    of_owner(
        "pod-template-mounts",
        "core/v1.PodTemplate",
        &["{apiVersion: v1, kind: PodTemplate, metadata: {name: a, namespace: default}, template: {spec: {containers: [{name: a, image: 'a:1', volumeMounts: [{name: v, mountPath: /v}]}]}}}"],
        &["{apiVersion: v1, kind: PodTemplate, metadata: {name: a, namespace: default}, template: {spec: {volumes: [{name: v}], containers: [{name: a, image: 'a:1', volumeMounts: [{name: v, mountPath: /v}]}]}}}"],
    ),
];
