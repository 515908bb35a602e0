//! Defaults that depend on other fields of their mapping.
//!
//! A mapping that leaves a field out enters, what the server puts there leaves. Each rule is one of the server's
//! (`pkg/apis/*/*/defaults.go`, and what its registries add on creation); nothing here looks beyond the mapping.

use serde_json::{Map, Value as Json, json};
use smol_str::SmolStr;

use crate::kubernetes::{Field, Tree, Type};

/// The group of roles, which bindings may leave out.
const RBAC: &str = "rbac.authorization.k8s.io";

/// Returns what the server computes for a field that `body` leaves out; `root` is the type of the whole object.
pub(super) fn default<B: Tree>(root: &Type, ty: &Type, field: &Field, body: &B) -> Option<Json> {
    let within = |kind: &str| root.name == kind;
    let word = |key: &str| body.word(key).filter(|text| !text.is_empty());
    // Of what is left out, the default counts.
    let is = |key: &str, text: &str, default: &str| word(key).as_deref().unwrap_or(default) == text;
    let has = |key: &str| body.present(key).is_some();
    let some = |key: &str| !body.list(key).is_empty();
    let when = |holds: bool, value: Json| holds.then_some(value);
    let copy = |key: &str| Some(super::as_json(body.present(key)?));
    let is_bare = || ty.fields.iter().all(|field| field.name == "name" || !has(&field.name));
    let (ty, name) = (ty.name.as_str(), field.name.as_str());
    match (ty, name) {
        ("apiextensions/v1.CustomResourceDefinitionNames", "singular") => {
            word("kind").map(|kind| kind.to_lowercase().into())
        }
        ("apiextensions/v1.CustomResourceDefinitionNames", "listKind") => {
            word("kind").map(|kind| format!("{kind}List").into())
        }
        // For a StatefulSet the server does so only where `type` is left out too; to its controller both are the same.
        (
            "apps/v1.DeploymentStrategy" | "apps/v1.DaemonSetUpdateStrategy" | "apps/v1.StatefulSetUpdateStrategy",
            "rollingUpdate",
        ) => when(is("type", "RollingUpdate", "RollingUpdate"), json!({})),
        ("apps/v1.RollingUpdateDeployment", "maxSurge" | "maxUnavailable") => Some("25%".into()),
        ("apps/v1.RollingUpdateDaemonSet", "maxSurge") => Some(0.into()),
        ("apps/v1.RollingUpdateDaemonSet", "maxUnavailable") => Some(1.into()),
        ("apps/v1.RollingUpdateStatefulSetStrategy", "partition") => Some(0.into()),
        // A volume that names no source.
        ("core/v1.Volume", "emptyDir") => when(is_bare(), json!({})),
        // Minors that do not compute it ignore it.
        ("apps/v1.RollingUpdateStatefulSetStrategy", "maxUnavailable") => when(field.schema.computed, 1.into()),
        ("autoscaling/v1.HorizontalPodAutoscalerSpec", "targetCPUUtilizationPercentage") => Some(80.into()),
        ("autoscaling/v2.HorizontalPodAutoscalerSpec", "metrics") => Some(json!([{
            "type": "Resource",
            "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
        }])),
        ("batch/v1.JobSpec", "parallelism") => when(within("batch/v1.Job"), 1.into()),
        ("batch/v1.JobSpec", "completions") => when(within("batch/v1.Job") && !has("parallelism"), 1.into()),
        ("batch/v1.JobSpec", "backoffLimit") => {
            let limit = if has("backoffLimitPerIndex") { i32::MAX } else { 6 };
            when(within("batch/v1.Job"), limit.into())
        }
        ("batch/v1.JobSpec", "podReplacementPolicy") => {
            let policy = if has("podFailurePolicy") { "Failed" } else { "TerminatingOrFailed" };
            when(within("batch/v1.Job"), policy.into())
        }
        ("core/v1.Container" | "core/v1.EphemeralContainer", "imagePullPolicy") => Some(pull_policy(word("image"))),
        ("core/v1.ImageVolumeSource", "pullPolicy") => Some(pull_policy(word("reference"))),
        ("core/v1.LimitRangeItem", "default" | "defaultRequest") if is("type", "Container", "") => {
            // What comes later counts more.
            let sources: &[&str] = if name == "default" { &["max"] } else { &["min", "max", "default"] };
            let amounts = sources.iter().filter_map(|key| body.present(key)).flat_map(Tree::members);
            let amounts: Map<String, Json> =
                amounts.map(|(key, amount)| (key.to_owned(), super::as_json(amount))).collect();
            when(!amounts.is_empty(), Json::Object(amounts))
        }
        ("core/v1.NamespaceSpec", "finalizers") => Some(json!(["kubernetes"])),
        ("core/v1.PersistentVolumeClaim", "apiVersion") => Some("v1".into()),
        ("core/v1.PersistentVolumeClaim", "kind") => Some("PersistentVolumeClaim".into()),
        ("core/v1.PersistentVolumeClaimSpec", "dataSourceRef") if within("core/v1.PersistentVolumeClaim") => {
            copy("dataSource")
        }
        ("core/v1.PersistentVolumeClaimSpec", "dataSource") if within("core/v1.PersistentVolumeClaim") => {
            copy("dataSourceRef").filter(|source| source.word("namespace").is_none())
        }
        ("core/v1.PodSpec", "serviceAccountName") => word("serviceAccount").map(|name| name.as_str().into()),
        ("core/v1.PodSpec", "serviceAccount") => word("serviceAccountName").map(|name| name.as_str().into()),
        ("core/v1.ReplicationControllerSpec", "selector") => {
            body.present_at(&["template", "metadata", "labels"]).map(super::as_json)
        }
        ("core/v1.ServicePort", "targetPort") => copy("port"),
        ("core/v1.ServiceSpec", _) => service(name, body),
        ("networking/v1.NetworkPolicySpec", "policyTypes") => {
            Some(if some("egress") { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) })
        }
        ("rbac/v1.Subject", "apiGroup") => when(is("kind", "User", "") || is("kind", "Group", ""), RBAC.into()),
        ("resource/v1alpha3.DeviceRequest" | "resource/v1beta1.DeviceRequest", "allocationMode") => {
            word("deviceClassName").map(|_| "ExactCount".into())
        }
        ("resource/v1alpha3.DeviceRequest" | "resource/v1beta1.DeviceRequest", "count") => {
            when(word("deviceClassName").is_some() && is("allocationMode", "ExactCount", "ExactCount"), 1.into())
        }
        (_, "count") if ty.ends_with(".ExactDeviceRequest") || ty.ends_with(".DeviceSubRequest") => {
            when(is("allocationMode", "ExactCount", "ExactCount"), 1.into())
        }
        _ => None,
    }
}

/// Returns what the server puts in a field of a Service.
fn service<B: Tree>(field: &str, body: &B) -> Option<Json> {
    let word = |key: &str| body.word(key).filter(|text| !text.is_empty());
    let kind = word("type").unwrap_or("ClusterIP".into());
    let address = || word("clusterIP").or_else(|| body.list("clusterIPs").first()?.scalar());
    match (field, kind.as_str()) {
        ("allocateLoadBalancerNodePorts", "LoadBalancer") => Some(true.into()),
        ("internalTrafficPolicy", "ClusterIP" | "NodePort" | "LoadBalancer") => Some("Cluster".into()),
        ("externalTrafficPolicy", "NodePort" | "LoadBalancer") => Some("Cluster".into()),
        ("externalTrafficPolicy", "ClusterIP") if !body.list("externalIPs").is_empty() => Some("Cluster".into()),
        ("sessionAffinityConfig", _) if word("sessionAffinity").as_deref() == Some("ClientIP") => {
            Some(json!({"clientIP": {"timeoutSeconds": 10800}}))
        }
        ("clusterIP", _) => address().map(|address| address.as_str().into()),
        ("clusterIPs", _) => address().map(|address| json!([address.as_str()])),
        ("ipFamilyPolicy", "ClusterIP" | "NodePort" | "LoadBalancer") => {
            let selects = body.present("selector").is_some_and(|selector| selector.members().next().is_some());
            let is_open = address().as_deref() == Some("None") && !selects;
            Some(if is_open { "RequireDualStack" } else { "SingleStack" }.into())
        }
        _ => None,
    }
}

/// Returns when an image is pulled: each time under the tag `latest`, which stands where neither tag nor digest does.
fn pull_policy(image: Option<SmolStr>) -> Json {
    let image = image.unwrap_or_default();
    let (name, has_digest) = image.split_once('@').map_or((image.as_str(), false), |(name, _)| (name, true));
    let last = name.rsplit('/').next().unwrap_or_default();
    let is_latest = last.split_once(':').map_or(!has_digest, |(_, tag)| tag == "latest");
    if is_latest { "Always" } else { "IfNotPresent" }.into()
}

/// Says what a computed default is; returns `None` if the field has none.
pub fn words(ty: &str, field: &str) -> Option<&'static str> {
    WORDS.iter().find(|(of, name, _)| *of == ty && *name == field).map(|(.., words)| *words)
}

const SET_NOW: &str = "the time at which it is stored";
const REPORTED: &str = "what controllers report";
const COUNT: &str = "1 where `allocationMode` is `ExactCount`";
const PULLED: &str = "`Always` for the tag `latest`, `IfNotPresent` for others";
const ROLLING: &str = "filled in where `type` is `RollingUpdate`";

/// What computed defaults are: type, field, words.
const WORDS: &[(&str, &str, &str)] = &[
    ("apiextensions/v1.CustomResourceDefinitionNames", "listKind", "`kind` with `List` behind it"),
    ("apiextensions/v1.CustomResourceDefinitionNames", "singular", "`kind` in small letters"),
    ("apiextensions/v1.CustomResourceDefinitionStatus", "storedVersions", REPORTED),
    ("apps/v1.DaemonSetUpdateStrategy", "rollingUpdate", ROLLING),
    ("apps/v1.DeploymentStrategy", "rollingUpdate", ROLLING),
    ("apps/v1.RollingUpdateDaemonSet", "maxSurge", "0"),
    ("apps/v1.RollingUpdateDaemonSet", "maxUnavailable", "1"),
    ("apps/v1.RollingUpdateDeployment", "maxSurge", "\"25%\""),
    ("apps/v1.RollingUpdateDeployment", "maxUnavailable", "\"25%\""),
    ("apps/v1.RollingUpdateStatefulSetStrategy", "maxUnavailable", "1"),
    ("apps/v1.RollingUpdateStatefulSetStrategy", "partition", "0"),
    ("apps/v1.StatefulSetUpdateStrategy", "rollingUpdate", ROLLING),
    ("autoscaling/v1.HorizontalPodAutoscalerSpec", "targetCPUUtilizationPercentage", "80"),
    (
        "autoscaling/v2.HorizontalPodAutoscalerBehavior",
        "scaleDown",
        "by all pods each 15 seconds, once `behavior` is set",
    ),
    (
        "autoscaling/v2.HorizontalPodAutoscalerBehavior",
        "scaleUp",
        "by 4 pods or to the double each 15 seconds, once `behavior` is set",
    ),
    ("autoscaling/v2.HorizontalPodAutoscalerSpec", "metrics", "80 % of the requested cpu"),
    ("batch/v1.JobSpec", "backoffLimit", "6; without limit where `backoffLimitPerIndex` is set"),
    ("batch/v1.JobSpec", "completions", "1 where `parallelism` is left out too"),
    ("batch/v1.JobSpec", "parallelism", "1"),
    ("batch/v1.JobSpec", "podReplacementPolicy", "`TerminatingOrFailed`; `Failed` where `podFailurePolicy` is set"),
    ("core/v1.Container", "imagePullPolicy", PULLED),
    ("core/v1.ContainerPort", "hostPort", "`containerPort` in Pods of the host's network"),
    ("core/v1.EphemeralContainer", "imagePullPolicy", PULLED),
    ("core/v1.ImageVolumeSource", "pullPolicy", PULLED),
    ("core/v1.LimitRangeItem", "default", "`max` where `type` is `Container`"),
    ("core/v1.LimitRangeItem", "defaultRequest", "`default`, or `min`, where `type` is `Container`"),
    ("core/v1.LoadBalancerIngress", "ipMode", REPORTED),
    ("core/v1.NodeStatus", "allocatable", "`capacity`"),
    ("core/v1.PodSpec", "serviceAccount", "`serviceAccountName`"),
    ("core/v1.PodSpec", "serviceAccountName", "`serviceAccount`; in Pods `default`"),
    ("core/v1.PodStatus", "podIP", REPORTED),
    ("core/v1.PodStatus", "podIPs", REPORTED),
    ("core/v1.ReplicationControllerSpec", "selector", "the labels of the template"),
    ("core/v1.ResourceRequirements", "limits", "for a whole Pod: the huge pages of its containers"),
    ("core/v1.ResourceRequirements", "requests", "`limits`, in a Pod; templates leave it open"),
    ("core/v1.ServicePort", "targetPort", "`port`"),
    ("core/v1.ServiceSpec", "allocateLoadBalancerNodePorts", "true where `type` is `LoadBalancer`"),
    ("core/v1.ServiceSpec", "externalTrafficPolicy", "`Cluster` where it is reached from outside"),
    ("core/v1.ServiceSpec", "internalTrafficPolicy", "`Cluster`, but for `ExternalName`"),
    ("core/v1.ServiceSpec", "sessionAffinityConfig", "10800 seconds where `sessionAffinity` is `ClientIP`"),
    ("meta/v1.ObjectMeta", "labels", "of a Job: those of its template; of a Namespace: its name"),
    ("networking/v1.NetworkPolicySpec", "policyTypes", "`Ingress`, and `Egress` where there are rules for it"),
    ("rbac/v1.Subject", "apiGroup", "`rbac.authorization.k8s.io` for users and groups"),
    ("resource/v1.DeviceSubRequest", "count", COUNT),
    ("resource/v1.DeviceTaint", "timeAdded", SET_NOW),
    ("resource/v1.ExactDeviceRequest", "count", COUNT),
    ("resource/v1alpha3.DeviceRequest", "allocationMode", "`ExactCount` where `deviceClassName` is set"),
    ("resource/v1alpha3.DeviceRequest", "count", COUNT),
    ("resource/v1alpha3.DeviceSubRequest", "count", COUNT),
    ("resource/v1alpha3.DeviceTaint", "timeAdded", SET_NOW),
    ("resource/v1beta1.DeviceRequest", "allocationMode", "`ExactCount` where `deviceClassName` is set"),
    ("resource/v1beta1.DeviceRequest", "count", COUNT),
    ("resource/v1beta1.DeviceSubRequest", "count", COUNT),
    ("resource/v1beta1.DeviceTaint", "timeAdded", SET_NOW),
    ("resource/v1beta2.DeviceSubRequest", "count", COUNT),
    ("resource/v1beta2.DeviceTaint", "timeAdded", SET_NOW),
    ("resource/v1beta2.ExactDeviceRequest", "count", COUNT),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::{Facts, Minor};

    #[test]
    fn every_field_of_the_table_is_known() {
        let known = |ty: &str, field: &str| {
            let has = |facts: &Facts| facts.type_id(ty).is_some_and(|id| facts.ty(id).field(field).is_some());
            Minor::bundled().filter_map(Facts::of).any(has)
        };
        for (ty, field, _) in WORDS {
            assert!(known(ty, field), "{ty} has no {field}");
        }
    }

    #[test]
    fn only_what_is_latest_is_pulled_each_time() {
        for image in ["nginx", "nginx:latest", "host:5000/nginx", "nginx:latest@sha256:0"] {
            assert_eq!(pull_policy(Some(image.into())), "Always", "{image}");
        }
        for image in ["nginx:1.27", "nginx@sha256:0", "host:5000/nginx:1"] {
            assert_eq!(pull_policy(Some(image.into())), "IfNotPresent", "{image}");
        }
    }
}
