//! The sentences about fields of Kubernetes: each is about a field that there is, the types that people use most are whole,
//! and examples are taken.

use std::collections::{BTreeMap, BTreeSet};

use fanfold::diagnostic::Code;
use fanfold::kubernetes::{Facts, Minor, sentence, sentences};
use fanfold::spec::{Union, WorkloadKind};

use super::run::Run;

/// The types of which every field has a sentence.
const WHOLE: &[&str] = &[
    "meta/v1.ObjectMeta",
    "meta/v1.LabelSelector",
    "apps/v1.DeploymentSpec",
    "apps/v1.DeploymentStrategy",
    "apps/v1.RollingUpdateDeployment",
    "apps/v1.StatefulSetSpec",
    "apps/v1.DaemonSetSpec",
    "apps/v1.ReplicaSetSpec",
    "batch/v1.JobSpec",
    "batch/v1.CronJobSpec",
    "core/v1.PodTemplateSpec",
    "core/v1.PodSpec",
    "core/v1.Container",
    "core/v1.ContainerPort",
    "core/v1.EnvVar",
    "core/v1.EnvVarSource",
    "core/v1.EnvFromSource",
    "core/v1.ResourceRequirements",
    "core/v1.Probe",
    "core/v1.HTTPGetAction",
    "core/v1.TCPSocketAction",
    "core/v1.GRPCAction",
    "core/v1.ExecAction",
    "core/v1.Lifecycle",
    "core/v1.LifecycleHandler",
    "core/v1.SecurityContext",
    "core/v1.PodSecurityContext",
    "core/v1.Capabilities",
    "core/v1.SeccompProfile",
    "core/v1.Affinity",
    "core/v1.NodeAffinity",
    "core/v1.PodAffinityTerm",
    "core/v1.Toleration",
    "core/v1.TopologySpreadConstraint",
    "core/v1.Volume",
    "core/v1.VolumeMount",
    "core/v1.ConfigMapVolumeSource",
    "core/v1.SecretVolumeSource",
    "core/v1.EmptyDirVolumeSource",
    "core/v1.HostPathVolumeSource",
    "core/v1.PersistentVolumeClaimVolumeSource",
    "core/v1.ProjectedVolumeSource",
    "core/v1.VolumeProjection",
    "core/v1.Service",
    "core/v1.ServiceSpec",
    "core/v1.ServicePort",
    "core/v1.ConfigMap",
    "core/v1.Secret",
    "core/v1.ServiceAccount",
    "core/v1.Namespace",
    "core/v1.PersistentVolumeClaimSpec",
    "core/v1.ResourceQuotaSpec",
    "core/v1.LimitRangeItem",
    "networking/v1.IngressSpec",
    "networking/v1.IngressRule",
    "networking/v1.HTTPIngressPath",
    "networking/v1.IngressBackend",
    "networking/v1.NetworkPolicySpec",
    "networking/v1.NetworkPolicyPeer",
    "networking/v1.NetworkPolicyPort",
    "autoscaling/v2.HorizontalPodAutoscalerSpec",
    "autoscaling/v2.MetricSpec",
    "autoscaling/v2.HPAScalingRules",
    "policy/v1.PodDisruptionBudgetSpec",
    "rbac/v1.Role",
    "rbac/v1.ClusterRole",
    "rbac/v1.RoleBinding",
    "rbac/v1.ClusterRoleBinding",
    "rbac/v1.PolicyRule",
    "rbac/v1.RoleRef",
    "rbac/v1.Subject",
    "scheduling/v1.PriorityClass",
    "storage/v1.StorageClass",
];

#[test]
fn each_sentence_is_about_a_field_that_there_is_once_and_is_short() {
    let facts = Facts::of(Minor(37)).expect("1.37 is bundled");
    let mut seen = BTreeSet::new();
    for known in sentences() {
        let name = format!("{}.{}", known.ty, known.field);
        assert!(seen.insert(name.clone()), "{name} has two sentences");
        if known.ty != "*" {
            let ty = facts.named(known.ty);
            assert!(ty.field(known.field).is_some(), "there is no field {name}");
        }
        let words = known.text.split_whitespace().count();
        assert!((2..=20).contains(&words), "{name}: {words} words");
        let starts_plainly = known.text.starts_with(|first: char| first.is_lowercase() || first == '`')
            || known.text.split_whitespace().next().is_some_and(|word| word.chars().all(|one| !one.is_lowercase()))
            || ["Secret", "ConfigMap", "ClusterRole", "The", "Pod"].iter().any(|start| known.text.starts_with(start));
        assert!(starts_plainly && !known.text.ends_with('.'), "{name}: {}", known.text);
        // What the documentation of Kubernetes says again and again.
        for copied in
            ["More info", "Cannot be updated", "Defaults to", "Must be", "optionally", "This is an alpha", "http"]
        {
            let is_there = known.text.contains(copied) && !known.text.contains(&format!("`{copied}"));
            assert!(!is_there, "{name}: {}", known.text);
        }
    }
    assert!(seen.len() >= 400, "{}", seen.len());
}

#[test]
fn the_types_that_people_use_most_are_whole() {
    let facts = Facts::of(Minor(37)).expect("1.37 is bundled");
    let mut missing: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for name in WHOLE {
        let ty = facts.named(name);
        for field in ty.fields.iter().filter(|field| sentence(ty, &field.name).is_none()) {
            missing.entry(name).or_default().push(&field.name);
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn examples_of_flat_fields_are_taken_by_every_kind_that_has_them() {
    let facts = Facts::newest();
    let mut seen = 0;
    for kind in WorkloadKind::ALL {
        let union = Union::of(facts, kind);
        let parts = [Some(union.spec), union.job, Some(union.pod), Some(union.container)];
        for known in sentences().filter(|known| parts.iter().flatten().any(|ty| ty.name == known.ty)) {
            let (Some(value), Some(_)) = (known.example, union.field(known.field)) else { continue };
            let image = if known.field == "image" { "" } else { "    image: nginx:1.27\n" };
            let text = format!(
                "apiVersion: fanfold.dev/v1\nkind: Batch\nmetadata: {{name: a}}\nworkloads:\n  web:\n    kind: {kind}\n\
                 {image}    {}: {value}\n",
                known.field
            );
            let seen_codes = Run::of(&text).check();
            let wrong = |code: &Code| {
                matches!(code, Code::WrongType | Code::UnknownField | Code::InvalidShorthand | Code::InvalidYaml)
            };
            assert!(!seen_codes.codes().iter().any(wrong), "{text}{}", seen_codes.human());
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen}");
}
