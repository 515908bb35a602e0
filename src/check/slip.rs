//! Fields by the names that people give them: those of other places, of other versions, of what they mean.
//!
//! An unknown field enters; what to write instead leaves, and which field that is. Each row is a slip that is made often, and
//! of which the nearest name, or another place that has the name, leads astray.

use crate::diagnostic::{Edit, Fix};
use crate::kubernetes::{Facts, Type};
use crate::text::{Entry, Map, Value};

/// What a field was meant for.
pub(super) struct Meant {
    pub(super) help: String,
    pub(super) fix: Option<Fix>,
    /// The field of the same structure that is there by it.
    pub(super) field: Option<&'static str>,
}

/// Fields that have another name in their type: the type, the name as it is written, the field.
const RENAMED: [(&str, &str, &str); 8] = [
    ("core/v1.ContainerPort", "port", "containerPort"),
    ("core/v1.PersistentVolumeClaimVolumeSource", "name", "claimName"),
    ("core/v1.SecretProjection", "secretName", "name"),
    ("core/v1.ConfigMapVolumeSource", "configMapName", "name"),
    ("core/v1.SecretVolumeSource", "name", "secretName"),
    ("core/v1.VolumeMount", "path", "mountPath"),
    ("networking/v1.IngressSpec", "backend", "defaultBackend"),
    ("networking/v1.IngressSpec", "ingressClass", "ingressClassName"),
];

/// Fields of other types and versions: the type, the name, the field that is meant, what to do.
const ELSEWHERE: [(&str, &str, Option<&str>, &str); 13] = [
    (
        "autoscaling/v1.HorizontalPodAutoscalerSpec",
        "metrics",
        None,
        "`apiVersion: autoscaling/v1` knows `targetCPUUtilizationPercentage` alone: write `apiVersion: autoscaling/v2`",
    ),
    (
        "autoscaling/v2.HorizontalPodAutoscalerSpec",
        "targetCPUUtilizationPercentage",
        None,
        "write `metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]`",
    ),
    (
        "autoscaling/v2.ResourceMetricSource",
        "targetAverageUtilization",
        Some("target"),
        "write `target: {type: Utilization, averageUtilization: 80}`, with the number that stands here",
    ),
    (
        "autoscaling/v2.ResourceMetricSource",
        "targetAverageValue",
        Some("target"),
        "write `target: {type: AverageValue, averageValue: 500m}`, with the amount that stands here",
    ),
    (
        "networking/v1.IngressBackend",
        "serviceName",
        None,
        "write `service: {name: web, port: {number: 80}}`, with the name and the port of the Service",
    ),
    (
        "networking/v1.IngressBackend",
        "servicePort",
        None,
        "write `service: {name: web, port: {number: 80}}`, with the name and the port of the Service",
    ),
    ("core/v1.PodSpec", "labels", None, "labels belong in `metadata`, beside the `spec` of the pod"),
    ("core/v1.PodSpec", "annotations", None, "annotations belong in `metadata`, beside the `spec` of the pod"),
    ("core/v1.PersistentVolumeClaimSpec", "storage", None, "write `resources: {requests: {storage: 1Gi}}`"),
    ("core/v1.VolumeResourceRequirements", "storage", None, "write it in `requests`: `requests: {storage: 1Gi}`"),
    ("core/v1.ResourceRequirements", "cpu", None, "write it in `requests`, `limits` or both: `requests: {cpu: 100m}`"),
    (
        "core/v1.ResourceRequirements",
        "memory",
        None,
        "write it in `requests`, `limits` or both: `limits: {memory: 128Mi}`",
    ),
    (
        "core/v1.ResourceRequirements",
        "ephemeral-storage",
        None,
        "write it in `requests`, `limits` or both: `limits: {ephemeral-storage: 1Gi}`",
    ),
];

/// Returns what an unknown field of a structure was meant for.
pub(super) fn of(entry: &Entry, ty: &Type, map: &Map, facts: &Facts) -> Option<Meant> {
    let name = entry.key.text.as_str();
    let at = ty.name.as_str();
    if let Some((_, _, field)) = RENAMED.iter().find(|(of, written, _)| *of == at && *written == name) {
        ty.field(field)?;
        let is_free = !map.contains(field);
        let fix = is_free.then(|| Fix::safe([Edit::word(entry.key.origin, name, *field)]));
        return Some(Meant { help: format!("the field is `{field}`"), fix, field: Some(field) });
    }
    if let Some((_, _, field, help)) = ELSEWHERE.iter().find(|(of, written, ..)| *of == at && *written == name) {
        return Some(Meant { help: (*help).to_owned(), fix: None, field: *field });
    }
    let is_scalar = !matches!(entry.value.value(), Value::Map(_) | Value::Seq(_));
    let has = |other: &str| facts.type_id(other).is_some_and(|id| facts.ty(id).field(name).is_some());
    let plain = |help: String| Some(Meant { help, fix: None, field: None });
    match at {
        "meta/v1.LabelSelector" if is_scalar => {
            plain(format!("labels belong in `matchLabels`: `matchLabels: {{{name}: …}}`"))
        }
        "core/v1.EnvVar" if is_scalar && map.len() == 1 => {
            let help = format!("write `- name: {name}`, and its `value` below");
            Some(Meant { help, fix: None, field: Some("name") })
        }
        "core/v1.SecurityContext" if has("core/v1.PodSecurityContext") => {
            plain(format!("`{name}` is for all containers: it belongs in the `securityContext` of the pod"))
        }
        "core/v1.PodSecurityContext" if has("core/v1.SecurityContext") => {
            plain(format!("`{name}` is for one container: it belongs in the `securityContext` of a container"))
        }
        _ => None,
    }
}
