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
    key("rows", "the rows of a table, one instance each: a file in CSV, JSON or YAML, or a list of mappings"),
    key("zip", "axes of one length that move together"),
    key("include", "instances to add beside the product of the axes; each names every axis"),
    key("exclude", "combinations to leave out"),
    key("where", "an expression that holds for the combinations to keep: `matrix.lr < 0.1`"),
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
    key("services", "further Services over the ports, each as `service`, by what ends its name: `NAME-KEY`"),
    key("nodeAffinity", "node affinity: `{require: […], prefer: […]}` in selector grammar"),
    key("podAffinity", "pod affinity: `{require: topologyKey, prefer: topologyKey}`, or terms"),
    key("podAntiAffinity", "pod anti-affinity: `{require: topologyKey, prefer: topologyKey}`, or terms"),
    key("spread", "topology spread constraints: largest skew by topology key"),
    key("update", "how pods are replaced: `Recreate`, `OnDelete`, or the fields of a rolling update"),
    key("autoscale", "a HorizontalPodAutoscaler: `{min, max, cpu, memory}`"),
    key("disruption", "a PodDisruptionBudget: `{minAvailable}` or `{maxUnavailable}`"),
    key("ingress", "an Ingress to the Services: `{host, path, port, tls, className}`, or `hosts` and `paths` by name"),
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

/// The keys below other keys: what a mount, an exception or an autoscaler takes beside fields of Kubernetes.
pub const BELOW: &[(&str, &[OwnKey])] = &[
    (
        "metadata",
        &[
            key("name", "the name of the batch"),
            key("namespace", "the namespace of all objects that say no other"),
            key("labels", "labels of all objects"),
            key("annotations", "annotations of all objects"),
        ],
    ),
    (
        "params",
        &[
            key("type", "the type of the value, as JSON Schema names it: `string`, `integer`, `array`, …"),
            key("default", "the value where none is given; without it one has to be"),
            key("rows", "a table whose rows are the default: a file in CSV, JSON or YAML, or a list of mappings"),
            key("description", "what the parameter is for"),
            key("title", "a short name of the parameter for people"),
            key("enum", "the only values that are taken"),
            key("const", "the one value that is taken"),
            key("minimum", "the least number that is taken"),
            key("maximum", "the greatest number that is taken"),
            key("exclusiveMinimum", "the number that all values have to be greater than"),
            key("exclusiveMaximum", "the number that all values have to be less than"),
            key("multipleOf", "the number of which all values are multiples"),
            key("minLength", "how many characters a text has at least"),
            key("maxLength", "how many characters a text has at most"),
            key("pattern", "a regular expression that a text has to match"),
            key("format", "what a text is: `ipv4`, `date-time`, `email`, `uri`, …"),
            key("items", "the schema of each item of a list"),
            key("prefixItems", "the schemas of the first items of a list, one each"),
            key("minItems", "how many items a list has at least"),
            key("maxItems", "how many items a list has at most"),
            key("uniqueItems", "whether no item of a list may be there twice"),
            key("properties", "the schemas of the keys of a mapping"),
            key("required", "the keys that a mapping must have"),
            key("additionalProperties", "the schema of all other keys of a mapping, or false for none"),
            key("patternProperties", "the schemas of keys whose names match a regular expression"),
            key("minProperties", "how many keys a mapping has at least"),
            key("maxProperties", "how many keys a mapping has at most"),
            key("anyOf", "schemas of which one or more have to fit"),
            key("oneOf", "schemas of which exactly one has to fit"),
            key("allOf", "schemas that all have to fit"),
            key("not", "a schema that must not fit"),
            key("if", "a schema: where it fits `then` has to, where it does not `else`"),
            key("then", "the schema that has to fit where `if` does"),
            key("else", "the schema that has to fit where `if` does not"),
            key("$defs", "schemas by name, for `$ref`"),
            key("$ref", "a schema in the same parameter that stands here: `#/$defs/NAME`"),
            key("examples", "values that show what is meant"),
            key("deprecated", "whether the parameter is on its way out"),
        ],
    ),
    (
        "matrix",
        &[
            key("from", "the first value of an axis that counts, 0 where none is written"),
            key("to", "the last value of an axis that counts"),
            key("step", "the distance of two values, 1 where none is written"),
            key("format", "how a value of an axis that counts is written: `shard-%03d`"),
        ],
    ),
    ("overrides", &[key("match", "the axis values of the instances that the exception is for")]),
    ("configMaps", FROM_FILES),
    ("secrets", FROM_FILES),
    (
        "claims",
        &[
            key("size", "how much storage is wanted: `10Gi`"),
            key("accessModes", "one mode, or a list of them: `ReadWriteOnce`, `ReadWriteMany`, …"),
        ],
    ),
    (
        "mounts",
        &[
            key("claim", "the claim whose storage is mounted; with `size` it is made, without it is there already"),
            key("volume", "a volume of the pod, by its name"),
            key("configMap", "the ConfigMap whose keys are files here"),
            key("secret", "the Secret whose keys are files here"),
            key("hostPath", "the file or folder of the node"),
            key("name", "the name of the volume, by which other mounts may mean it"),
            key("readOnly", "whether the container may only read"),
            key("recursiveReadOnly", "whether mounts below this one are read-only as well"),
            key("subPath", "one file or folder of the volume, in place of all"),
            key("subPathExpr", "as `subPath`, with variables: `$(POD_NAME)`"),
            key(
                "mountPropagation",
                "whether mounts made later on the node, or in the container, are seen by the other",
            ),
            key("size", "how much storage the claim asks for: `10Gi`"),
            key("storageClassName", "the StorageClass of the claim that is made"),
            key("accessModes", "the access modes of the claim that is made: one, or a list"),
            key("volumeMode", "whether the claim that is made is a file system or a raw device"),
            key("items", "which keys become files: `{KEY: PATH}`, or the native list"),
            key("defaultMode", "the permissions of the files"),
            key("optional", "whether the pod starts where there is no such ConfigMap or Secret"),
        ],
    ),
    (
        "env",
        &[
            key("secret", "the key of a Secret: `NAME/KEY`"),
            key("configMap", "the key of a ConfigMap: `NAME/KEY`"),
            key("field", "a field of the pod: `status.podIP`"),
            key("resource", "a request or limit of the container: `limits.cpu`"),
            key("optional", "whether the container starts without the variable where there is no such key"),
            key("apiVersion", "the version of the API in which the field is meant"),
            key("containerName", "the container whose request or limit is meant"),
            key("divisor", "the unit of the request or limit: `1m`, `1Mi`"),
        ],
    ),
    (
        "envFrom",
        &[
            key("secret", "the Secret of which all keys become variables"),
            key("configMap", "the ConfigMap of which all keys become variables"),
            key("optional", "whether the container starts where there is no such ConfigMap or Secret"),
        ],
    ),
    (
        "service",
        &[
            key("headless", "whether the Service has no address of its own: DNS leads to the pods"),
            key("type", "a type of Service, or `headless`"),
            key(
                "ports",
                "ports by name, `80` or `80:8080`, or the native list; without them the ports of the workload",
            ),
        ],
    ),
    (
        "ingress",
        &[
            key("host", "the host name, or a list of them; without it every host"),
            key(
                "hosts",
                "hosts by name, each with a port or with fields of its own; what stands beside them holds for the others",
            ),
            key("path", "the path, or a list of them; `/` where none is written"),
            key("paths", "paths by name, each with a port, or with `port`, `pathType` and `service`"),
            key("pathType", "how the path is read, `Prefix` where nothing is written"),
            key("port", "the port of the Service, where it has several"),
            key("service", "which of several Services it leads to, by its key in `services`"),
            key(
                "tls",
                "the Secret with the certificate, true for one without a name, either by host; or the native list",
            ),
            key("className", "the IngressClass: a short `ingressClassName`"),
        ],
    ),
    (
        "autoscale",
        &[
            key("min", "how many pods there are at least"),
            key("max", "how many pods there are at most"),
            key("cpu", "how much cpu each pod should use: `80%` of its request, or an amount as `500m`"),
            key("memory", "how much memory each pod should use: `80%` of its request, or an amount as `400Mi`"),
        ],
    ),
    (
        "nodeAffinity",
        &[
            key("require", "what nodes have to be like, as selectors: `disktype in (ssd, nvme)`"),
            key("prefer", "what nodes had better be like, as selectors, perhaps with weights"),
            key("match", "the selector of a preference that has a `weight` too"),
        ],
    ),
    ("podAffinity", NEAR),
    ("podAntiAffinity", NEAR),
    ("update", &[key("type", "how pods are replaced, where it is written beside the fields of a rolling update")]),
    (
        "patchJSON6902",
        &[
            key("op", "what is done: `add`, `remove`, `replace`, `move`, `copy` or `test`"),
            key("path", "where it is done, as a JSON pointer: `/spec/replicas`"),
            key("from", "where `move` and `copy` take the value, as a JSON pointer"),
            key("value", "the value that is put there, or tested"),
        ],
    ),
];

const FROM_FILES: &[OwnKey] = &[
    key("data", "the content by key; that of Secrets is in base64"),
    key("stringData", "the content of a Secret by key, as plain texts"),
    key("binaryData", "bytes by key, in base64"),
    key("files", "files whose content is taken: paths, `key=path`, or a mapping of keys to paths"),
    key("nameHash", "whether a hash of the content ends the name, so that pods restart when it changes"),
    key("immutable", "whether the content can never change again"),
    key("type", "what the Secret is for, `Opaque` where nothing is written"),
];

const NEAR: &[OwnKey] = &[
    key("require", "the domain in which the pods must, or must not, be together: a label of nodes, or terms"),
    key("prefer", "the domain in which they had better, or had better not, be together: a label of nodes, or terms"),
    key("weight", "how much a preference counts, from 1 to 100"),
    key("selector", "the other pods, where they are not those of the workload: a selector, or labels"),
];

/// Returns what a key below another one is for.
pub fn below(key: &str, name: &str) -> &'static str {
    let table = BELOW.iter().find(|(of, _)| *of == key).map_or(&[][..], |(_, keys)| *keys);
    summary(table, name)
}

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
