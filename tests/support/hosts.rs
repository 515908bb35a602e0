//! Whole objects around a structure: where rules stand, and who can be asked about them.

/// The start of a Pod's spec with one container.
const POD: &str = "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default}, spec: ";

/// Returns an object that holds the structure of a type, both in YAML; a structure of an unknown type is an object itself.
pub(crate) fn around(ty: &str, structure: &str) -> String {
    // Volumes of files and of devices, and a claim of a device.
    let container = |inner: &str| {
        format!(
            "{POD}{{volumes: [{{name: v, emptyDir: {{}}}}, {{name: d, persistentVolumeClaim: {{claimName: d}}}}, {{name: e, \
             persistentVolumeClaim: {{claimName: e}}}}], resourceClaims: [{{name: r, resourceClaimName: r}}], containers: [{inner}]}}}}"
        )
    };
    let field = |field: &str| container(&format!("{{name: a, image: 'a:1', {field}}}"));
    let env = |source: &str| field(&format!("env: [{{name: A, valueFrom: {source}}}]"));
    let probe = |action: &str| {
        field(&format!("ports: [{{name: web, containerPort: 80}}], livenessProbe: {{{action}: {structure}}}"))
    };
    let security = |inner: &str| field(&format!("securityContext: {{{inner}: {structure}}}"));
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
        "core/v1.VolumeMount" => field(&format!("volumeMounts: [{structure}]")),
        "core/v1.VolumeDevice" => field(&format!("volumeDevices: [{structure}]")),
        "core/v1.ContainerResizePolicy" => field(&format!("resizePolicy: [{structure}]")),
        "core/v1.ContainerRestartRule" => field(&format!("restartPolicy: Never, restartPolicyRules: [{structure}]")),
        "core/v1.EnvVar" => field(&format!("env: [{structure}]")),
        "core/v1.EnvVarSource" => env(structure),
        "core/v1.ResourceFieldSelector" => env(&format!("{{resourceFieldRef: {structure}}}")),
        "core/v1.ConfigMapKeySelector" => env(&format!("{{configMapKeyRef: {structure}}}")),
        "core/v1.SecretKeySelector" => env(&format!("{{secretKeyRef: {structure}}}")),
        "core/v1.FileKeySelector" => env(&format!("{{fileKeyRef: {structure}}}")),
        "core/v1.EnvFromSource" => field(&format!("envFrom: [{structure}]")),
        "core/v1.ConfigMapEnvSource" => field(&format!("envFrom: [{{configMapRef: {structure}}}]")),
        "core/v1.SecretEnvSource" => field(&format!("envFrom: [{{secretRef: {structure}}}]")),
        "core/v1.Probe" => field(&format!("livenessProbe: {structure}")),
        "core/v1.LifecycleHandler" => field(&format!("lifecycle: {{preStop: {structure}}}")),
        "core/v1.ExecAction" => probe("exec"),
        "core/v1.HTTPGetAction" => probe("httpGet"),
        "core/v1.TCPSocketAction" => probe("tcpSocket"),
        "core/v1.GRPCAction" => probe("grpc"),
        "core/v1.SleepAction" => field(&format!("lifecycle: {{preStop: {{sleep: {structure}}}}}")),
        "core/v1.SecurityContext" => field(&format!("securityContext: {structure}")),
        "core/v1.SeccompProfile" => security("seccompProfile"),
        "core/v1.AppArmorProfile" => security("appArmorProfile"),
        "core/v1.WindowsSecurityContextOptions" => security("windowsOptions"),
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
