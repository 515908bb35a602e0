//! Whole objects around a structure: where rules stand, and who can be asked about them.

/// The start of a Pod's spec with one container.
const POD: &str = "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default}, spec: ";

/// What objects of a namespace are called.
const NAMED: &str = "metadata: {name: a, namespace: default}";

/// Returns an object that holds the structure of a type, both in YAML; a structure of an unknown type is an object itself.
#[allow(clippy::too_many_lines, reason = "a line a type")]
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
    let volume = |field: &str| {
        format!(
            "{{apiVersion: v1, kind: PersistentVolume, metadata: {{name: a}}, spec: {{accessModes: [ReadWriteOnce], \
             capacity: {{storage: 1Gi}}, {field}: {structure}}}}}"
        )
    };
    let slice = |endpoint: &str| {
        format!(
            "{{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, {NAMED}, addressType: IPv4, endpoints: [{endpoint}]}}"
        )
    };
    let autoscaler = |field: &str| {
        format!(
            "{{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, {NAMED}, spec: {{maxReplicas: 2, \
             scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: a}}, {field}}}}}"
        )
    };
    let ingress =
        |field: &str| format!("{{apiVersion: networking.k8s.io/v1, kind: Ingress, {NAMED}, spec: {{{field}}}}}");
    let class = |spec: &str| {
        format!("{{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {{name: a}}, spec: {spec}}}")
    };
    let policy =
        |spec: &str| format!("{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, {NAMED}, spec: {spec}}}");
    let role = |field: &str| {
        format!("{{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {{name: a}}, {field}}}")
    };
    let binding =
        |field: &str| format!("{{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, {NAMED}, {field}}}");
    let flow = |rule: &str| {
        format!(
            "{{apiVersion: flowcontrol.apiserver.k8s.io/v1, kind: FlowSchema, metadata: {{name: a}}, spec: \
             {{priorityLevelConfiguration: {{name: a}}, rules: [{rule}]}}}}"
        )
    };
    let level = |name: &str, spec: &str| {
        format!(
            "{{apiVersion: flowcontrol.apiserver.k8s.io/v1, kind: PriorityLevelConfiguration, metadata: {{name: {name}}}, spec: {{{spec}}}}}"
        )
    };
    let storage = |kind: &str, spec: &str| {
        format!("{{apiVersion: storage.k8s.io/v1, kind: {kind}, metadata: {{name: a}}, spec: {spec}}}")
    };
    let admission = |kind: &str, rest: &str| {
        format!("{{apiVersion: admissionregistration.k8s.io/v1, kind: {kind}, metadata: {{name: a}}, {rest}}}")
    };
    let webhook = |field: &str| {
        admission(
            "ValidatingWebhookConfiguration",
            &format!("webhooks: [{{name: a.example.com, admissionReviewVersions: [v1], sideEffects: None, {field}}}]"),
        )
    };
    let everything = "resourceRules: [{operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*']}]";
    let judging = |field: &str| {
        let spec = format!("spec: {{matchConstraints: {{{everything}}}, {field}}}");
        admission("ValidatingAdmissionPolicy", &spec)
    };
    let claim = |devices: &str| {
        format!("{{apiVersion: resource.k8s.io/v1, kind: ResourceClaim, {NAMED}, spec: {{devices: {devices}}}}}")
    };
    let exact = |field: &str| claim(&format!("{{requests: [{{name: a, exactly: {{deviceClassName: a, {field}}}}}]}}"));
    let asked = "requests: [{name: a, exactly: {deviceClassName: a}}]";
    let definition = |names: &str, version: &str, more: &str| {
        format!(
            "{{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {{name: bs.a.example}}, spec: \
             {{group: a.example, scope: Namespaced, names: {names}, versions: [{version}]{more}}}}}"
        )
    };
    let (named, open) = ("{plural: bs, kind: B}", "schema: {openAPIV3Schema: {type: object}}");
    let stored = |field: &str| format!("{{name: v1, served: true, storage: true, {open}{field}}}");
    match ty {
        "apiextensions/v1.CustomResourceDefinitionSpec" => {
            let group = structure.split("group: ").nth(1).and_then(|rest| rest.split(',').next()).unwrap_or_default();
            format!(
                "{{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {{name: bs.{group}}}, spec: {structure}}}"
            )
        }
        "apiextensions/v1.CustomResourceDefinitionNames" => definition(structure, &stored(""), ""),
        "apiextensions/v1.CustomResourceDefinitionVersion" => definition(named, structure, ""),
        "apiextensions/v1.CustomResourceColumnDefinition" => {
            definition(named, &stored(&format!(", additionalPrinterColumns: [{structure}]")), "")
        }
        "apiextensions/v1.CustomResourceConversion" => {
            definition(named, &stored(""), &format!(", conversion: {structure}"))
        }
        "resource/v1.DeviceClaim" => claim(structure),
        "resource/v1.DeviceRequest" => claim(&format!("{{requests: [{structure}]}}")),
        "resource/v1.ExactDeviceRequest" => claim(&format!("{{requests: [{{name: a, exactly: {structure}}}]}}")),
        "resource/v1.DeviceSelector" => exact(&format!("selectors: [{structure}]")),
        "resource/v1.DeviceToleration" => exact(&format!("tolerations: [{structure}]")),
        "resource/v1.DeviceConstraint" => claim(&format!("{{{asked}, constraints: [{structure}]}}")),
        "resource/v1.DeviceClaimConfiguration" => claim(&format!("{{{asked}, config: [{structure}]}}")),
        "resource/v1.OpaqueDeviceConfiguration" => claim(&format!("{{{asked}, config: [{{opaque: {structure}}}]}}")),
        "resource/v1.DeviceClassSpec" => {
            format!("{{apiVersion: resource.k8s.io/v1, kind: DeviceClass, metadata: {{name: a}}, spec: {structure}}}")
        }
        "resource/v1.ResourceClaimTemplateSpec" => {
            format!("{{apiVersion: resource.k8s.io/v1, kind: ResourceClaimTemplate, {NAMED}, spec: {structure}}}")
        }
        "certificates/v1.CertificateSigningRequestSpec" => format!(
            "{{apiVersion: certificates.k8s.io/v1, kind: CertificateSigningRequest, metadata: {{name: a}}, spec: {structure}}}"
        ),
        "apiregistration/v1.APIServiceSpec" => {
            // The name is that of the version and of the group.
            let part = |field: &str| {
                let value = structure.split(&format!("{field}: ")).nth(1).unwrap_or_default();
                value.split([',', '}']).next().unwrap_or_default().to_owned()
            };
            let (group, version) = (part("group"), part("version"));
            format!(
                "{{apiVersion: apiregistration.k8s.io/v1, kind: APIService, metadata: {{name: {version}.{group}}}, spec: {structure}}}"
            )
        }
        "admissionregistration/v1.ValidatingWebhook" => {
            admission("ValidatingWebhookConfiguration", &format!("webhooks: [{structure}]"))
        }
        "admissionregistration/v1.WebhookClientConfig" => webhook(&format!("clientConfig: {structure}")),
        "admissionregistration/v1.ServiceReference" => webhook(&format!("clientConfig: {{service: {structure}}}")),
        "admissionregistration/v1.RuleWithOperations" => {
            webhook(&format!("clientConfig: {{url: 'https://a'}}, rules: [{structure}]"))
        }
        "admissionregistration/v1.ValidatingAdmissionPolicySpec" => {
            admission("ValidatingAdmissionPolicy", &format!("spec: {structure}"))
        }
        "admissionregistration/v1.MutatingAdmissionPolicySpec" => {
            let has_scope = structure.contains("matchConstraints");
            let scope = if has_scope { String::new() } else { format!("matchConstraints: {{{everything}}}, ") };
            admission(
                "MutatingAdmissionPolicy",
                &format!("spec: {}", structure.replacen('{', &format!("{{{scope}"), 1)),
            )
        }
        "admissionregistration/v1.MutatingAdmissionPolicyBindingSpec" => {
            admission("MutatingAdmissionPolicyBinding", &format!("spec: {structure}"))
        }
        "admissionregistration/v1.NamedRuleWithOperations" => admission(
            "ValidatingAdmissionPolicy",
            &format!(
                "spec: {{validations: [{{expression: 'true'}}], matchConstraints: {{resourceRules: [{structure}]}}}}"
            ),
        ),
        "admissionregistration/v1.Validation" => judging(&format!("validations: [{structure}]")),
        "admissionregistration/v1.ParamKind" => {
            judging(&format!("validations: [{{expression: 'true'}}], paramKind: {structure}"))
        }
        "admissionregistration/v1.ValidatingAdmissionPolicyBindingSpec" => {
            admission("ValidatingAdmissionPolicyBinding", &format!("spec: {structure}"))
        }
        "admissionregistration/v1.ParamRef" => admission(
            "ValidatingAdmissionPolicyBinding",
            &format!("spec: {{policyName: a, validationActions: [Deny], paramRef: {structure}}}"),
        ),
        "meta/v1.ManagedFieldsEntry" => format!(
            "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: a, namespace: default, managedFields: [{structure}]}}}}"
        ),
        "core/v1.NamespaceSpec" => {
            format!("{{apiVersion: v1, kind: Namespace, metadata: {{name: a}}, spec: {structure}}}")
        }
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
        "core/v1.ServicePort" => format!("{{apiVersion: v1, kind: Service, {NAMED}, spec: {{ports: [{structure}]}}}}"),
        "core/v1.PersistentVolumeClaimSpec" => object("v1", "PersistentVolumeClaim", "spec"),
        "core/v1.CSIPersistentVolumeSource" => volume("csi"),
        "core/v1.LocalVolumeSource" => volume(
            "nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: a, operator: Exists}]}]}}, local",
        ),
        "core/v1.ResourceQuotaSpec" => object("v1", "ResourceQuota", "spec"),
        "core/v1.LimitRangeSpec" => object("v1", "LimitRange", "spec"),
        "core/v1.LimitRangeItem" => {
            format!("{{apiVersion: v1, kind: LimitRange, {NAMED}, spec: {{limits: [{structure}]}}}}")
        }
        "core/v1.EndpointSubset" => format!("{{apiVersion: v1, kind: Endpoints, {NAMED}, subsets: [{structure}]}}"),
        "discovery/v1.Endpoint" => slice(structure),
        "discovery/v1.EndpointHints" => slice(&format!("{{addresses: [10.1.2.3], hints: {structure}}}")),
        "coordination/v1.LeaseSpec" => object("coordination.k8s.io/v1", "Lease", "spec"),
        "policy/v1.PodDisruptionBudgetSpec" => object("policy/v1", "PodDisruptionBudget", "spec"),
        "autoscaling/v1.HorizontalPodAutoscalerSpec" => object("autoscaling/v1", "HorizontalPodAutoscaler", "spec"),
        "autoscaling/v2.HorizontalPodAutoscalerSpec" => object("autoscaling/v2", "HorizontalPodAutoscaler", "spec"),
        "autoscaling/v2.MetricSpec" => autoscaler(&format!("metrics: [{structure}]")),
        "autoscaling/v2.MetricIdentifier" => autoscaler(&format!(
            "metrics: [{{type: Pods, pods: {{metric: {structure}, target: {{type: AverageValue, averageValue: 1}}}}}}]"
        )),
        "autoscaling/v2.MetricTarget" => {
            autoscaler(&format!("metrics: [{{type: Resource, resource: {{name: cpu, target: {structure}}}}}]"))
        }
        "autoscaling/v2.HPAScalingRules" => autoscaler(&format!("behavior: {{scaleUp: {structure}}}")),
        "autoscaling/v2.HPAScalingPolicy" => autoscaler(&format!("behavior: {{scaleUp: {{policies: [{structure}]}}}}")),
        "networking/v1.IngressSpec" => object("networking.k8s.io/v1", "Ingress", "spec"),
        "networking/v1.HTTPIngressRuleValue" => ingress(&format!("rules: [{{http: {structure}}}]")),
        "networking/v1.HTTPIngressPath" => ingress(&format!("rules: [{{http: {{paths: [{structure}]}}}}]")),
        "networking/v1.IngressBackend" => ingress(&format!("defaultBackend: {structure}")),
        "networking/v1.IngressClassSpec" => class(structure),
        "networking/v1.IngressClassParametersReference" => {
            class(&format!("{{controller: a.example/b, parameters: {structure}}}"))
        }
        "networking/v1.NetworkPolicySpec" => policy(structure),
        "networking/v1.NetworkPolicyPort" => {
            policy(&format!("{{podSelector: {{}}, ingress: [{{ports: [{structure}]}}]}}"))
        }
        "networking/v1.NetworkPolicyPeer" => {
            policy(&format!("{{podSelector: {{}}, ingress: [{{from: [{structure}]}}]}}"))
        }
        "networking/v1.IPBlock" => {
            policy(&format!("{{podSelector: {{}}, egress: [{{to: [{{ipBlock: {structure}}}]}}]}}"))
        }
        "rbac/v1.PolicyRule" => role(&format!("rules: [{structure}]")),
        "rbac/v1.AggregationRule" => role(&format!("aggregationRule: {structure}")),
        "rbac/v1.RoleRef" => binding(&format!("roleRef: {structure}")),
        "rbac/v1.Subject" => binding(&format!("roleRef: {{kind: Role, name: a}}, subjects: [{structure}]")),
        "flowcontrol/v1.PolicyRulesWithSubjects" => flow(structure),
        "flowcontrol/v1.Subject" => {
            flow(&format!("{{subjects: [{structure}], nonResourceRules: [{{verbs: [get], nonResourceURLs: [/a]}}]}}"))
        }
        "flowcontrol/v1.ResourcePolicyRule" => {
            flow(&format!("{{subjects: [{{kind: User, user: {{name: a}}}}], resourceRules: [{structure}]}}"))
        }
        "flowcontrol/v1.NonResourcePolicyRule" => {
            flow(&format!("{{subjects: [{{kind: User, user: {{name: a}}}}], nonResourceRules: [{structure}]}}"))
        }
        "flowcontrol/v1.ExemptPriorityLevelConfiguration" => {
            level("exempt", &format!("type: Exempt, exempt: {structure}"))
        }
        "flowcontrol/v1.LimitedPriorityLevelConfiguration" => {
            level("a", &format!("type: Limited, limited: {structure}"))
        }
        "flowcontrol/v1.LimitResponse" => {
            level("a", &format!("type: Limited, limited: {{limitResponse: {structure}}}"))
        }
        "networking/v1.ParentReference" => format!(
            "{{apiVersion: networking.k8s.io/v1, kind: IPAddress, metadata: {{name: 10.9.8.7}}, spec: {{parentRef: {structure}}}}}"
        ),
        "core/v1.NodeSpec" => format!("{{apiVersion: v1, kind: Node, metadata: {{name: a}}, spec: {structure}}}"),
        "core/v1.PersistentVolumeSpec" => {
            format!("{{apiVersion: v1, kind: PersistentVolume, metadata: {{name: a}}, spec: {structure}}}")
        }
        "core/v1.TopologySelectorLabelRequirement" => format!(
            "{{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {{name: a}}, provisioner: a.example/b, \
             allowedTopologies: [{{matchLabelExpressions: [{structure}]}}]}}"
        ),
        "node/v1.Scheduling" => format!(
            "{{apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {{name: a}}, handler: a, scheduling: {structure}}}"
        ),
        "resource/v1.ResourceSliceSpec" => {
            format!("{{apiVersion: resource.k8s.io/v1, kind: ResourceSlice, metadata: {{name: a}}, spec: {structure}}}")
        }
        "storage/v1.CSIDriverSpec" => storage("CSIDriver", structure),
        "storage/v1.CSINodeSpec" => storage("CSINode", structure),
        "storage/v1.CSINodeDriver" => storage("CSINode", &format!("{{drivers: [{structure}]}}")),
        "storage/v1.VolumeAttachmentSpec" => storage("VolumeAttachment", structure),
        _ => structure.to_owned(),
    }
}
