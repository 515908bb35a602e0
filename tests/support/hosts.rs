//! Whole objects around a structure: where rules stand, and who can be asked about them.

/// The start of a Pod's spec with one container.
const POD: &str = "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default}, spec: ";

/// Returns an object that holds the structure of a type, both in YAML; a structure of an unknown type is an object itself.
pub(crate) fn around(ty: &str, structure: &str) -> String {
    let container = |inner: &str| format!("{POD}{{volumes: [{{name: v, emptyDir: {{}}}}], containers: [{inner}]}}}}");
    let field = |field: &str| container(&format!("{{name: a, image: 'a:1', {field}}}"));
    let pod = |field: &str| format!("{POD}{{containers: [{{name: a, image: 'a:1'}}], {field}}}}}");
    let object = |version: &str, kind: &str, field: &str| {
        format!(
            "{{apiVersion: {version}, kind: {kind}, metadata: {{name: a, namespace: default}}, {field}: {structure}}}"
        )
    };
    // A workload with the fields beside its template.
    let apps = |kind: &str, field: &str| {
        format!(
            "{{apiVersion: apps/v1, kind: {kind}, metadata: {{name: a, namespace: default}}, spec: {{{field}, selector: \
             {{matchLabels: {{a: b}}}}, template: {{metadata: {{labels: {{a: b}}}}, spec: {{containers: [{{name: a, image: 'a:1'}}]}}}}}}}}"
        )
    };
    match ty {
        "core/v1.PodSpec" => format!("{POD}{structure}}}"),
        "core/v1.Container" => container(structure),
        "core/v1.ContainerPort" => field(&format!("ports: [{structure}]")),
        "core/v1.Volume" => pod(&format!("volumes: [{structure}]")),
        "core/v1.EmptyDirVolumeSource" => pod(&format!("volumes: [{{name: v, emptyDir: {structure}}}]")),
        "core/v1.DownwardAPIVolumeFile" => {
            pod(&format!("volumes: [{{name: v, downwardAPI: {{items: [{structure}]}}}}]"))
        }
        "core/v1.ProjectedVolumeSource" => {
            pod(&format!("serviceAccountName: default, volumes: [{{name: v, projected: {structure}}}]"))
        }
        "core/v1.PodSecurityContext" => pod(&format!("securityContext: {structure}")),
        "core/v1.PodOS" => pod(&format!("os: {structure}")),
        "core/v1.PodDNSConfig" => pod(&format!("dnsConfig: {structure}")),
        "core/v1.HostAlias" => pod(&format!("hostAliases: [{structure}]")),
        "core/v1.PodReadinessGate" => pod(&format!("readinessGates: [{structure}]")),
        "core/v1.PodResourceClaim" => pod(&format!("resourceClaims: [{structure}]")),
        "core/v1.Toleration" => pod(&format!("tolerations: [{structure}]")),
        "core/v1.TopologySpreadConstraint" => pod(&format!("topologySpreadConstraints: [{structure}]")),
        "core/v1.NodeSelector" => {
            pod(&format!("affinity: {{nodeAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: {structure}}}}}"))
        }
        "core/v1.NodeSelectorTerm" => pod(&format!(
            "affinity: {{nodeAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: {{nodeSelectorTerms: [{structure}]}}}}}}"
        )),
        "core/v1.PreferredSchedulingTerm" => pod(&format!(
            "affinity: {{nodeAffinity: {{preferredDuringSchedulingIgnoredDuringExecution: [{structure}]}}}}"
        )),
        "core/v1.PodAffinityTerm" => pod(&format!(
            "affinity: {{podAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: [{structure}]}}}}"
        )),
        "core/v1.WeightedPodAffinityTerm" => pod(&format!(
            "affinity: {{podAffinity: {{preferredDuringSchedulingIgnoredDuringExecution: [{structure}]}}}}"
        )),
        "core/v1.ReplicationControllerSpec" => object("v1", "ReplicationController", "spec"),
        "core/v1.PodTemplateSpec" => format!(
            "{{apiVersion: v1, kind: PodTemplate, metadata: {{name: a, namespace: default}}, template: {structure}}}"
        ),
        "apps/v1.DeploymentStrategy" => apps("Deployment", &format!("strategy: {structure}")),
        "apps/v1.DeploymentSpec" => object("apps/v1", "Deployment", "spec"),
        "apps/v1.StatefulSetSpec" => object("apps/v1", "StatefulSet", "spec"),
        "apps/v1.DaemonSetSpec" => object("apps/v1", "DaemonSet", "spec"),
        "apps/v1.ReplicaSetSpec" => object("apps/v1", "ReplicaSet", "spec"),
        "batch/v1.JobSpec" => object("batch/v1", "Job", "spec"),
        "batch/v1.CronJobSpec" => object("batch/v1", "CronJob", "spec"),
        "core/v1.ServiceSpec" => object("v1", "Service", "spec"),
        _ => structure.to_owned(),
    }
}
