//! What the server puts where a field is left out, as far as its OpenAPI does not say it, and which values it drops.

use super::{Look, Tree, Type, same};

/// Whether the server stores nothing when it is sent `value` in a field of that type: an empty text, false or zero.
///
/// Where a field has a default, that is stored instead. A yes is certain; not every such field is known.
pub fn is_dropped<V: Tree>(value: &V, ty: &Type, field: &str) -> bool {
    let is_zero = match value.look() {
        Look::Text(text) => text.is_empty(),
        Look::Bool(value) => !value,
        Look::Number(number) => number == "0",
        Look::Null | Look::List(_) | Look::Map(_) => false,
    };
    is_zero && DROPPED.iter().any(|(name, fields)| *name == ty.name && fields.split(' ').any(|known| known == field))
}

/// Whether the server puts `value` where a field of that type is left out of `body`.
///
/// A yes is certain and holds whatever else the body says; not every default is known.
pub fn is_default<V: Tree, B: Tree>(value: &V, ty: &Type, field: &str, body: &B) -> bool {
    let says =
        |key: &str, values: &[&str]| body.get(key).and_then(Tree::as_text).is_some_and(|text| values.contains(&text));
    match (ty.name.as_str(), field) {
        ("rbac/v1.Subject", "apiGroup") => {
            says("kind", &["User", "Group"]) && value.as_text() == Some("rbac.authorization.k8s.io")
        }
        ("resource/v1.ExactDeviceRequest", "count") => {
            (body.get("allocationMode").is_none() || says("allocationMode", &["", "ExactCount"]))
                && matches!(value.look(), Look::Number(number) if number == "1")
        }
        _ => DEFAULTS.iter().any(|(of, name, text)| {
            *of == ty.name
                && *name == field
                && serde_json::from_str::<serde_json::Value>(text).is_ok_and(|default| same(value, &default))
        }),
    }
}

/// What the server puts where a field is left out: type, field, value in JSON.
const DEFAULTS: &[(&str, &str, &str)] = &[
    ("core/v1.ObjectFieldSelector", "apiVersion", "\"v1\""),
    ("core/v1.ResourceFieldSelector", "divisor", "\"0\""),
    ("core/v1.ServiceAccountTokenProjection", "expirationSeconds", "3600"),
    ("core/v1.PersistentVolumeClaim", "apiVersion", "\"v1\""),
    ("core/v1.PersistentVolumeClaim", "kind", "\"PersistentVolumeClaim\""),
    ("core/v1.PersistentVolumeClaim", "status", "{\"phase\":\"Pending\"}"),
    ("core/v1.PersistentVolumeClaimSpec", "volumeMode", "\"Filesystem\""),
    ("core/v1.EndpointPort", "protocol", "\"TCP\""),
    ("discovery/v1.EndpointPort", "protocol", "\"TCP\""),
    ("discovery/v1.EndpointPort", "name", "\"\""),
    ("discovery/v1.Endpoint", "conditions", "{}"),
    ("networking/v1.NetworkPolicyPort", "protocol", "\"TCP\""),
    ("rbac/v1.RoleRef", "apiGroup", "\"rbac.authorization.k8s.io\""),
    ("admissionregistration/v1.MatchResources", "matchPolicy", "\"Equivalent\""),
    ("admissionregistration/v1.MatchResources", "namespaceSelector", "{}"),
    ("admissionregistration/v1.MatchResources", "objectSelector", "{}"),
    ("admissionregistration/v1.NamedRuleWithOperations", "scope", "\"*\""),
    ("admissionregistration/v1.RuleWithOperations", "scope", "\"*\""),
    ("resource/v1.ExactDeviceRequest", "allocationMode", "\"ExactCount\""),
    ("resource/v1.DeviceToleration", "operator", "\"Equal\""),
    ("batch/v1.PodFailurePolicyOnPodConditionsPattern", "status", "\"True\""),
    ("apps/v1.StatefulSetSpec", "podManagementPolicy", "\"OrderedReady\""),
    ("batch/v1.JobSpec", "completionMode", "\"NonIndexed\""),
    ("core/v1.Container", "resources", "{}"),
    ("core/v1.Container", "terminationMessagePath", "\"/dev/termination-log\""),
    ("core/v1.Container", "terminationMessagePolicy", "\"File\""),
    ("core/v1.ConfigMapVolumeSource", "defaultMode", "420"),
    ("core/v1.ContainerPort", "protocol", "\"TCP\""),
    ("core/v1.DownwardAPIVolumeSource", "defaultMode", "420"),
    ("core/v1.HTTPGetAction", "path", "\"/\""),
    ("core/v1.HTTPGetAction", "scheme", "\"HTTP\""),
    ("core/v1.PodSpec", "dnsPolicy", "\"ClusterFirst\""),
    ("core/v1.PodSpec", "restartPolicy", "\"Always\""),
    ("core/v1.PodSpec", "schedulerName", "\"default-scheduler\""),
    ("core/v1.PodSpec", "securityContext", "{}"),
    ("core/v1.PodSpec", "terminationGracePeriodSeconds", "30"),
    ("core/v1.Probe", "failureThreshold", "3"),
    ("core/v1.Probe", "periodSeconds", "10"),
    ("core/v1.Probe", "successThreshold", "1"),
    ("core/v1.Probe", "timeoutSeconds", "1"),
    ("core/v1.ProjectedVolumeSource", "defaultMode", "420"),
    ("core/v1.Secret", "type", "\"Opaque\""),
    ("core/v1.SecretVolumeSource", "defaultMode", "420"),
    ("scheduling/v1.PriorityClass", "preemptionPolicy", "\"PreemptLowerPriority\""),
    ("storage/v1.CSIDriverSpec", "attachRequired", "true"),
    ("storage/v1.CSIDriverSpec", "volumeLifecycleModes", "[\"Persistent\"]"),
    ("storage/v1.StorageClass", "reclaimPolicy", "\"Delete\""),
    ("storage/v1.StorageClass", "volumeBindingMode", "\"Immediate\""),
];

/// Fields whose zero is nothing: the type, and the names.
const DROPPED: &[(&str, &str)] = &[
    ("apps/v1.DaemonSetSpec", "minReadySeconds"),
    ("apps/v1.DaemonSetUpdateStrategy", "type"),
    ("apps/v1.DeploymentSpec", "minReadySeconds paused"),
    ("apps/v1.DeploymentStrategy", "type"),
    ("apps/v1.ReplicaSetSpec", "minReadySeconds"),
    ("apps/v1.StatefulSetPersistentVolumeClaimRetentionPolicy", "whenDeleted whenScaled"),
    ("apps/v1.StatefulSetSpec", "podManagementPolicy minReadySeconds"),
    ("apps/v1.StatefulSetUpdateStrategy", "type"),
    ("autoscaling/v2.CrossVersionObjectReference", "apiVersion"),
    ("batch/v1.CronJobSpec", "concurrencyPolicy"),
    ("batch/v1.PodFailurePolicyOnPodConditionsPattern", "status"),
    ("core/v1.CSIPersistentVolumeSource", "readOnly fsType"),
    (
        "core/v1.Container",
        "image workingDir terminationMessagePath terminationMessagePolicy imagePullPolicy stdin stdinOnce tty",
    ),
    ("core/v1.ContainerPort", "name hostPort protocol hostIP"),
    ("core/v1.ContainerRestartRule", "action"),
    ("core/v1.ContainerRestartRuleOnExitCodes", "operator"),
    ("core/v1.EmptyDirVolumeSource", "medium"),
    ("core/v1.EndpointPort", "name protocol"),
    ("core/v1.EnvFromSource", "prefix"),
    ("core/v1.EnvVar", "value"),
    ("core/v1.EphemeralContainer", "targetContainerName"),
    ("core/v1.HTTPGetAction", "path host scheme"),
    ("core/v1.ImageVolumeSource", "reference pullPolicy"),
    ("core/v1.NFSVolumeSource", "readOnly"),
    ("core/v1.ObjectFieldSelector", "apiVersion"),
    ("core/v1.PersistentVolumeClaim", "apiVersion kind"),
    ("core/v1.PersistentVolumeClaimSpec", "volumeName"),
    ("core/v1.PersistentVolumeClaimVolumeSource", "readOnly"),
    ("core/v1.PersistentVolumeSpec", "persistentVolumeReclaimPolicy storageClassName"),
    ("core/v1.PodCertificateProjection", "signerName keyType credentialBundlePath keyPath certificateChainPath"),
    ("core/v1.PodDNSConfigOption", "name"),
    (
        "core/v1.PodSpec",
        "restartPolicy dnsPolicy serviceAccountName serviceAccount nodeName hostNetwork hostPID hostIPC hostname subdomain schedulerName priorityClassName",
    ),
    ("core/v1.Probe", "initialDelaySeconds timeoutSeconds periodSeconds successThreshold failureThreshold"),
    ("core/v1.ReplicationControllerSpec", "minReadySeconds"),
    ("core/v1.ResourceClaim", "request"),
    ("core/v1.ResourceFieldSelector", "containerName"),
    ("core/v1.SELinuxOptions", "user role type level"),
    ("core/v1.Secret", "type"),
    ("core/v1.SecretVolumeSource", "secretName"),
    ("core/v1.ServiceAccountTokenProjection", "audience"),
    ("core/v1.ServicePort", "name protocol nodePort"),
    (
        "core/v1.ServiceSpec",
        "clusterIP type sessionAffinity loadBalancerIP externalName externalTrafficPolicy healthCheckNodePort publishNotReadyAddresses",
    ),
    ("core/v1.TCPSocketAction", "host"),
    ("core/v1.Toleration", "key operator value effect"),
    ("core/v1.VolumeMount", "readOnly subPath subPathExpr"),
    ("meta/v1.ObjectMeta", "name generateName namespace uid"),
    ("networking/v1.HTTPIngressPath", "path"),
    ("networking/v1.IngressClassSpec", "controller"),
    ("networking/v1.IngressRule", "host"),
    ("networking/v1.IngressTLS", "secretName"),
    ("networking/v1.ServiceBackendPort", "name number"),
    ("rbac/v1.Subject", "apiGroup namespace"),
    ("resource/v1.DeviceToleration", "key operator value effect"),
    ("resource/v1.ExactDeviceRequest", "allocationMode count"),
    ("scheduling/v1.PriorityClass", "globalDefault description"),
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kubernetes::Facts;

    #[test]
    fn every_field_of_the_tables_is_known() {
        let facts = Facts::newest();
        let dropped = DROPPED.iter().flat_map(|(ty, fields)| fields.split(' ').map(move |field| (*ty, field)));
        for (ty, field) in DEFAULTS.iter().map(|(ty, field, _)| (*ty, *field)).chain(dropped) {
            assert!(facts.named(ty).field(field).is_some(), "{ty} has no {field}");
        }
        for (_, _, default) in DEFAULTS {
            serde_json::from_str::<serde_json::Value>(default).unwrap();
        }
    }

    #[test]
    fn defaults_may_depend_on_what_else_is_said() {
        let subject = Facts::newest().named("rbac/v1.Subject");
        let group = json!("rbac.authorization.k8s.io");
        assert!(is_default(&group, subject, "apiGroup", &json!({"kind": "User"})));
        assert!(!is_default(&group, subject, "apiGroup", &json!({"kind": "ServiceAccount"})));
        let set = Facts::newest().named("apps/v1.StatefulSetSpec");
        assert!(is_default(&json!("OrderedReady"), set, "podManagementPolicy", &json!({})));
        assert!(!is_default(&json!("Parallel"), set, "podManagementPolicy", &json!({})));
    }

    #[test]
    fn zeros_are_dropped_where_nothing_points_at_them() {
        let pod = Facts::newest().named("core/v1.PodSpec");
        assert!(is_dropped(&json!(false), pod, "hostNetwork"));
        assert!(!is_dropped(&json!(true), pod, "hostNetwork"));
        assert!(!is_dropped(&json!(false), pod, "automountServiceAccountToken"), "false and nothing are two there");
        assert!(is_dropped(&json!(0), Facts::newest().named("core/v1.Probe"), "initialDelaySeconds"));
    }
}
