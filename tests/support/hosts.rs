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
    let job = |field: &str| {
        format!(
            "{{apiVersion: batch/v1, kind: Job, metadata: {{name: a, namespace: default}}, spec: {{{field}, \
             template: {{spec: {{restartPolicy: Never, containers: [{{name: a, image: 'a:1'}}]}}}}}}}}"
        )
    };
    match ty {
        "core/v1.PodSpec" => format!("{POD}{structure}}}"),
        "core/v1.Container" => container(structure),
        "core/v1.ContainerPort" => field(&format!("ports: [{structure}]")),
        "core/v1.Volume" => pod(&format!("volumes: [{structure}]")),
        "apps/v1.DeploymentStrategy" => apps("Deployment", &format!("strategy: {structure}")),
        "apps/v1.DeploymentSpec" => object("apps/v1", "Deployment", "spec"),
        "apps/v1.StatefulSetSpec" => object("apps/v1", "StatefulSet", "spec"),
        "apps/v1.DaemonSetSpec" => object("apps/v1", "DaemonSet", "spec"),
        "apps/v1.ReplicaSetSpec" => object("apps/v1", "ReplicaSet", "spec"),
        "batch/v1.JobSpec" => object("batch/v1", "Job", "spec"),
        "batch/v1.CronJobSpec" => object("batch/v1", "CronJob", "spec"),
        "core/v1.ServiceSpec" => object("v1", "Service", "spec"),
        "core/v1.ReplicationControllerSpec" => object("v1", "ReplicationController", "spec"),
        "apps/v1.DaemonSetUpdateStrategy" => apps("DaemonSet", &format!("updateStrategy: {structure}")),
        "apps/v1.StatefulSetUpdateStrategy" => apps("StatefulSet", &format!("updateStrategy: {structure}")),
        "batch/v1.PodFailurePolicy" => job(&format!("podFailurePolicy: {structure}")),
        "batch/v1.PodFailurePolicyRule" => job(&format!("podFailurePolicy: {{rules: [{structure}]}}")),
        "batch/v1.PodFailurePolicyOnExitCodesRequirement" => {
            job(&format!("podFailurePolicy: {{rules: [{{action: Count, onExitCodes: {structure}}}]}}"))
        }
        "batch/v1.SuccessPolicy" => {
            job(&format!("completionMode: Indexed, completions: 4, successPolicy: {structure}"))
        }
        "meta/v1.ObjectMeta" => format!("{{apiVersion: v1, kind: ConfigMap, metadata: {structure}}}"),
        "meta/v1.OwnerReference" => format!(
            "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: a, namespace: default, ownerReferences: [{structure}]}}}}"
        ),
        "meta/v1.LabelSelector" => format!(
            "{{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {{name: a, namespace: default}}, \
             spec: {{maxUnavailable: 1, selector: {structure}}}}}"
        ),
        _ => structure.to_owned(),
    }
}
