//! The order in which objects are written and applied, so that nothing comes before what it needs.
//!
//! A kind enters, its rank leaves: namespaces and their limits, definitions, storage, identities, configuration,
//! Services, workloads, what watches workloads, custom resources, and last the webhooks that could refuse the rest.

/// Kinds in the order of installation, with their groups.
const ORDER: &[(&str, &str)] = &[
    ("", "Namespace"),
    ("scheduling.k8s.io", "PriorityClass"),
    ("", "ResourceQuota"),
    ("", "LimitRange"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
    ("networking.k8s.io", "NetworkPolicy"),
    ("storage.k8s.io", "CSIDriver"),
    ("storage.k8s.io", "StorageClass"),
    ("storage.k8s.io", "VolumeAttributesClass"),
    ("node.k8s.io", "RuntimeClass"),
    ("networking.k8s.io", "IngressClass"),
    ("resource.k8s.io", "DeviceClass"),
    ("resource.k8s.io", "ResourceClaimTemplate"),
    ("resource.k8s.io", "ResourceClaim"),
    ("", "ServiceAccount"),
    ("rbac.authorization.k8s.io", "ClusterRole"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
    ("rbac.authorization.k8s.io", "Role"),
    ("rbac.authorization.k8s.io", "RoleBinding"),
    ("", "ConfigMap"),
    ("", "Secret"),
    ("", "PersistentVolume"),
    ("", "PersistentVolumeClaim"),
    ("", "Endpoints"),
    ("discovery.k8s.io", "EndpointSlice"),
    ("", "Service"),
    ("policy", "PodDisruptionBudget"),
    ("apps", "DaemonSet"),
    ("", "Pod"),
    ("", "ReplicationController"),
    ("apps", "ReplicaSet"),
    ("apps", "Deployment"),
    ("apps", "StatefulSet"),
    ("batch", "Job"),
    ("batch", "CronJob"),
    ("autoscaling", "HorizontalPodAutoscaler"),
    ("networking.k8s.io", "Ingress"),
    // All other kinds come here.
    ("apiregistration.k8s.io", "APIService"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"),
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
];
/// How many kinds come before those that are not named.
const BEFORE_OTHERS: usize = 37;

/// Returns the rank of a kind in the order of installation; kinds of one rank may come in any order.
pub fn install_rank(group: &str, kind: &str) -> usize {
    let known = ORDER.iter().position(|entry| *entry == (group, kind));
    known.map_or(BEFORE_OTHERS, |at| if at < BEFORE_OTHERS { at } else { at + 1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_comes_before_what_it_needs() {
        let rank = install_rank;
        assert!(rank("", "Namespace") < rank("", "ServiceAccount"));
        assert!(rank("", "ConfigMap") < rank("apps", "Deployment"));
        assert!(rank("", "Service") < rank("apps", "StatefulSet"));
        let custom = rank("example.com", "Database");
        assert!(rank("apiextensions.k8s.io", "CustomResourceDefinition") < custom);
        assert!(rank("networking.k8s.io", "Ingress") < custom);
        assert!(custom < rank("apiregistration.k8s.io", "APIService"));
        assert!(custom < rank("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"));
        assert_eq!(rank("serving.knative.dev", "Service"), custom);
    }
}
