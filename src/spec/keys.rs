//! Fanfold's own words: the keys of a batch and of a workload that are no Kubernetes fields, and short forms of those.
//!
//! One table serves the check for unknown keys, `explain` and the editor schema.

/// A key and what it is for.
#[derive(Clone, Copy, Debug)]
pub struct OwnKey {
    /// The key.
    pub name: &'static str,
    /// What it does, as `explain` and editors show it.
    pub summary: &'static str,
}

const fn key(name: &'static str, summary: &'static str) -> OwnKey {
    OwnKey { name, summary }
}

const AXIS_LABELS: &str = "which axes become labels: `true` for all, `false` for none, or their names; by default those that name the instances";

/// The keys of a batch document.
pub const BATCH: &[OwnKey] = &[
    key("apiVersion", "always `fanfold.dev/v1`"),
    key("kind", "`Batch`, or `Part` for what batches include"),
    key("metadata", "name of the batch; namespace, labels and annotations of all its objects"),
    key("include", "files of `kind: Part`: partial batches, merged under this one in order"),
    key("params", "typed inputs, read as `{{ params.NAME }}`: a default, or a JSON Schema"),
    key(
        "defaults",
        "a partial workload that is merged under every workload; what it says of containers holds for all of them",
    ),
    key("matrices", "fan-outs by name, used wherever a `matrix` is taken: `matrix: NAME`"),
    key("templates", "partial workloads and objects by name, merged in the order in which `use` names them"),
    key("namespaces", "Namespaces to create, by name"),
    key("configMaps", "ConfigMaps by name, from inline data and files"),
    key("secrets", "Secrets by name, from inline data and files"),
    key("claims", "PersistentVolumeClaims by name, shared by workloads"),
    key("serviceAccounts", "ServiceAccounts by name"),
    key("services", "Services that belong to no single workload, by name"),
    key("objects", "objects of any kind by name, native or custom, in their native fields"),
    key("workloads", "the workloads by name"),
    key("axisLabels", "which axes become labels of the instances of all entries, where these do not say it themselves"),
    key("selectorLabels", "the labels that select the pods of all workloads, where these do not say it themselves"),
    key("manifests", "files of plain manifests to pass through; `*.j2` is rendered with the params first"),
    key("policies", "files of ValidatingAdmissionPolicies that the objects are held against"),
    key("rules", "rule sets that its objects are held to, as `--rules` names them: `pss=restricted`, `ha`"),
    key("profiles", "partial batches by name, merged over this one by `--profile`"),
    key("patch", "strategic merge patches of generated objects, by kind"),
    key("patchJSON6902", "JSON patches of generated objects, by kind"),
];

/// The keys of an entry of any section that fan it out; they are gone when an instance is bound.
pub const FAN_OUT: &[OwnKey] = &[
    key("use", "the templates to merge under this workload or object, first to last"),
    key(
        "matrix",
        "the axes to fan out along, one instance for each combination of their values; or one of `matrices`, or a list of both",
    ),
    key("instances", "how many copies to make, numbered from 0 as `{{ index }}`"),
    key("when", "an expression: where it is false, the entry, or that instance of it, is left out"),
    key("overrides", "exceptions: fields for the instances that `match` names"),
];

/// The keys of `matrix` that are no axes.
pub const MATRIX: &[OwnKey] = &[
    key("rows", "the rows of a table: a file in CSV, JSON or YAML, or a list of mappings"),
    key("zip", "axes that move together"),
    key("include", "instances to add"),
    key("exclude", "combinations to leave out"),
    key("where", "an expression that each combination must satisfy"),
];

/// The keys of an entry of any section but `workloads`, beside the fields of its kind.
pub const ENTRY: &[OwnKey] = &[
    key("name", "the name of the object, where it is not made of the entry's name and its axis values"),
    key("namespace", "the namespace of the object, where it is not the batch's"),
    key("labels", "labels of the object"),
    key("annotations", "annotations of the object"),
    key("axisLabels", AXIS_LABELS),
    key("external", "it exists already: nothing is made, and references to it are checked"),
    key("patch", "strategic merge patches of the object, by kind"),
    key("patchJSON6902", "JSON patches of the object, by kind"),
];

/// The keys of a workload that shape an instance.
pub const WORKLOAD: &[OwnKey] = &[
    key("kind", "Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob or Pod"),
    key("name", "the name of the object, where it is not made of the workload's name and its axis values"),
    key("namespace", "the namespace of the objects, where it is not the batch's"),
    key("labels", "labels of the object and its pods"),
    key("annotations", "annotations of the object and its pods"),
    key("podLabels", "labels of the pods alone"),
    key("podAnnotations", "annotations of the pods alone"),
    key("objectLabels", "labels of the object of the workload's kind alone, not of its pods"),
    key("objectAnnotations", "annotations of the object of the workload's kind alone, not of its pods"),
    key("axisLabels", AXIS_LABELS),
    key(
        "selectorLabels",
        "the labels that select the pods of an instance, in all selectors and on the pods; by default the names of workload and instance",
    ),
    key("pod", "fields of the PodSpec whose names mean something else in a flat workload"),
    key("mounts", "what to mount, by path: volumes and volumeMounts in one"),
    key("service", "a Service over the ports: a type, `headless`, or the fields of a ServiceSpec"),
    key("nodeAffinity", "node affinity: `{require: […], prefer: […]}` in selector grammar"),
    key("podAffinity", "pod affinity: `{require: topologyKey, prefer: topologyKey}`, or terms"),
    key("podAntiAffinity", "pod anti-affinity: `{require: topologyKey, prefer: topologyKey}`, or terms"),
    key("spread", "topology spread constraints: largest skew by topology key"),
    key("update", "how pods are replaced: `Recreate`, `OnDelete`, or the fields of a rolling update"),
    key("autoscale", "a HorizontalPodAutoscaler: `{min, max, cpu, memory}`"),
    key("disruption", "a PodDisruptionBudget: `{minAvailable}` or `{maxUnavailable}`"),
    key("ingress", "an Ingress to the Service: `{host, path, port, tls, className}`"),
    key("networkPolicy", "a NetworkPolicy for the pods: the fields of a NetworkPolicySpec"),
    key("queue", "the Kueue queue that the workload waits in"),
    key("patch", "strategic merge patches of the generated objects, by kind"),
    key("patchJSON6902", "JSON patches of the generated objects, by kind"),
];

/// Fields of Kubernetes that may be written shorter than they are.
pub const SHORT_FORMS: &[OwnKey] = &[
    key("containers", "containers by name, `*` for all of them, or the native list"),
    key(
        "env",
        "values by name: a text, `{secret: NAME/KEY}`, `{configMap: NAME/KEY}`, `{field: PATH}`, `{resource: NAME}`",
    ),
    key("envFrom", "ConfigMaps by name, Secrets as `secret:NAME`, or the native list"),
    key("exec", "the words of a command, or the native form"),
    key("grpc", "a port, or the native form"),
    key("httpGet", "a path at the only port, or at the one named `http`; or the native form"),
    key("imagePullSecrets", "names of Secrets, or the native list"),
    key("ports", "ports by name: `80`, `53/UDP`, or the native list"),
    key("resources", "amounts by resource: a request, `REQUEST..LIMIT`, `..LIMIT`; or the native requests and limits"),
    key("tcpSocket", "a port by name or number, or the native form"),
    key("tolerations", "taints as kubectl writes them: `key=value:Effect`, `key:Effect`, `key`; or the native list"),
    key("volumes", "volumes by name, or the native list"),
];

/// Returns what a key of a table is for.
pub fn summary(table: &[OwnKey], name: &str) -> &'static str {
    table.iter().find(|key| key.name == name).map_or("", |key| key.summary)
}

/// Returns whether a table has a key.
pub fn knows(table: &[OwnKey], name: &str) -> bool {
    table.iter().any(|key| key.name == name)
}

/// Returns the names of tables.
pub fn names<'a>(tables: &[&'a [OwnKey]]) -> Vec<&'a str> {
    tables.iter().flat_map(|table| table.iter().map(|key| key.name)).collect()
}
