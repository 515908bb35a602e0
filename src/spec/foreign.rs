//! Words of other tools in, ours for the same thing out.
//!
//! Who comes from Compose, Helm, kustomize, Ansible, GitLab or GitHub writes these out of habit. None of them is a word of
//! ours where it is looked up: that one would not be asked for.

/// Where a word of another tool was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// In a batch, beside its sections.
    Batch,
    /// In a workload or its container.
    Workload,
    /// In an entry of any other section.
    Entry,
}

/// Words in a batch, and what is written there instead; all others are words of a workload.
const IN_BATCH: &[(&[&str], &str)] = &[
    (
        &["vars", "variables", "values", "vars_files", "inputs", "parameters", "locals", "globals", "settings"],
        "declare `params: {NAME: default}`, and read them as `{{ params.NAME }}`",
    ),
    (
        &["environment", "env", "env_vars", "envVars", "envFrom", "global_env"],
        "write `env: {NAME: value}` in a workload, or under `defaults` for all of them",
    ),
    (
        &["environments", "overlays", "stages", "targets", "variants", "components", "flavors"],
        "write `profiles: {NAME: {…}}`: `--profile NAME` merges it over the batch",
    ),
    (
        &["extends", "extend", "inherits", "base", "bases", "dependencies", "includes", "import", "imports", "from"],
        "write `include: [FILE, …]` for parts of a batch, and `manifests: [FILE, …]` for plain manifests",
    ),
    (&["resources", "crds", "files"], "write `manifests: [FILE, …]` for plain manifests"),
    (
        &[
            "jobs",
            "tasks",
            "steps",
            "deployments",
            "deployment",
            "statefulsets",
            "daemonsets",
            "cronjobs",
            "pods",
            "apps",
            "applications",
            "containers",
            "container",
            "image",
            "command",
            "args",
            "ports",
            "replicas",
            "job",
        ],
        "what runs is written under `workloads: {NAME: {kind: Deployment, image: …}}`",
    ),
    (
        &["if", "only", "except", "unless", "enabled", "condition"],
        "write `when` in a workload or another entry; a batch has `profiles` for its variants",
    ),
    (
        &["name", "namespace", "labels", "annotations", "commonLabels", "commonAnnotations", "id", "title"],
        "write `metadata: {name: …, namespace: …, labels: {…}, annotations: {…}}`",
    ),
    (&["version"], "leave it out: `apiVersion: fanfold.dev/v1` is the version"),
    (&["volumes", "volumeClaimTemplates", "storage", "persistence"], "write `claims: {NAME: {size: 10Gi}}`"),
    (
        &["networks", "routes", "ingresses"],
        "write `service` and `ingress` in a workload, or the objects under `objects`",
    ),
    (
        &["configs", "configmap", "configMap", "configMapGenerator"],
        "write `configMaps: {NAME: {data: {…}, files: […]}}`",
    ),
    (&["secret", "secretGenerator"], "write `secrets: {NAME: {stringData: {…}, files: […]}}`"),
    (
        &["patches", "patchesStrategicMerge", "patchesJson6902", "transformers"],
        "write `patch: {KIND: {…}}`, or `patchJSON6902: {KIND: […]}`",
    ),
    (&["images", "newTag"], "write `image` in a workload, with the tag as a parameter: `app:{{ params.tag }}`"),
    (&["helmCharts", "charts", "chart", "generators"], "render the chart first, and name the result under `manifests`"),
    (
        &["loop", "with_items", "for_each", "foreach", "forEach", "range", "each", "strategy", "axes", "sweep"],
        "write `matrix` in a workload; one that several use stands under `matrices: {NAME: {…}}`",
    ),
    (&["extraObjects", "extraDeploy", "raw", "items"], "write `objects: {NAME: {kind: …}}`"),
];

/// Words in an entry of any section but `workloads`, and what is written instead.
const IN_ENTRY: &[(&[&str], &str)] = &[
    (
        &["if", "only", "except", "unless", "enabled", "condition", "create"],
        "write `when: \"{{ … }}\"`: where it is false, the entry, or that instance of it, is left out",
    ),
    (
        &["loop", "with_items", "with_dict", "for_each", "foreach", "forEach", "range", "each", "parallel", "count"],
        "fan out with `matrix: {NAME: [a, b]}`, or make copies with `instances: 3`",
    ),
    (&["literals", "values", "content", "entries"], "write `data: {KEY: value}`"),
    (
        &["file", "from_file", "fromFile", "from-file", "env_file", "envFile", "envs", "template_file"],
        "write `files: [PATH]`, `files: [KEY=PATH]` or `files: {KEY: PATH}`",
    ),
    (&["existing", "existingSecret", "exists", "lookup"], "write `external: true`: it is there already"),
    (&["metadata"], "write `name`, `labels` and `annotations` beside the other fields"),
    (
        &["nameOverride", "fullnameOverride", "generateName"],
        "write `name`, with `{{ … }}` where it differs by instance",
    ),
    (&["disableNameSuffixHash", "hash"], "write `nameHash: true` or `false`"),
];

/// Words in a workload by what they ask for, and what is written instead.
const WORDS: &[(&[&str], &str)] = &[
    (&["environment", "env_vars", "envVars", "extraEnv", "environments"], "write `env: {NAME: value}`"),
    (
        &["env_file", "envFile"],
        "write the values under `configMaps: {NAME: {data: {…}}}` of the batch, and `envFrom: [NAME]` here",
    ),
    (
        &["depends_on", "dependsOn", "needs", "requires", "links", "wait_for"],
        "workloads start in no order: wait in `initContainers`, or let the program try again",
    ),
    (
        &["restart", "restart_policy"],
        "write `restartPolicy: OnFailure` or `Never` in a Job; the pods of other kinds are always started again",
    ),
    (
        &["healthcheck", "health_check", "healthCheck"],
        "write `livenessProbe` and `readinessProbe`: `{httpGet: /healthz}`, or `{exec: [WORD, …]}`",
    ),
    (
        &["if", "only", "except", "unless", "rules", "enabled", "condition"],
        "write `when: \"{{ … }}\"`: where it is false, the workload, or that instance of it, is left out",
    ),
    (
        &["vars", "variables", "values", "vars_files", "inputs", "parameters", "args_from", "valuesFrom"],
        "declare `params: {NAME: default}` in the batch, and read them as `{{ params.NAME }}`",
    ),
    (
        &["extends", "extend", "inherits", "inherit", "base", "bases", "from"],
        "write what is shared under `templates: {NAME: {…}}` of the batch, and `use: [NAME]` here",
    ),
    (
        &["include", "includes", "import", "imports"],
        "write `include: [FILE, …]` in the batch for parts of one, and `manifests: [FILE, …]` for plain manifests",
    ),
    (&["build", "dockerfile"], "build the image first, and write its name as `image`"),
    (&["repository", "registry", "tag"], "write it all as `image: REGISTRY/REPOSITORY:TAG`"),
    (&["pullPolicy", "pull_policy"], "write `imagePullPolicy`"),
    (
        &["container_name", "fullnameOverride", "nameOverride", "generateName"],
        "write `name`, with `{{ … }}` where it differs by instance",
    ),
    (&["entrypoint"], "write `command: [WORD, …]`, and what follows it as `args: [WORD, …]`"),
    (&["script", "run", "cmd", "shell", "before_script"], "write `command: [sh, -c, \"…\"]`"),
    (&["networks", "expose_service"], "pods reach each other by the names of Services: write `service`"),
    (&["network_mode"], "write `hostNetwork: true`"),
    (&["expose", "port", "containerPort", "targetPort"], "write `ports: {NAME: PORT}`"),
    (&["deploy"], "write `replicas`, `resources` and `update` beside the other fields"),
    (
        &["scale", "count", "copies", "replicaCount", "replica_count"],
        "write `replicas`, or `instances` for objects of their own",
    ),
    (&["autoscaling"], "write `autoscale: {min: 2, max: 10, cpu: 80%}`"),
    (&["cap_add", "cap_drop", "capabilities"], "write `securityContext: {capabilities: {add: […], drop: […]}}`"),
    (&["privileged", "read_only", "runAsUser", "run_as_user", "user"], "write it under `securityContext`"),
    (&["podSecurityContext"], "write `pod: {securityContext: {…}}`"),
    (&["working_dir", "workdir", "cwd"], "write `workingDir`"),
    (&["tmpfs"], "write `mounts: {/tmp: {emptyDir: {medium: Memory}}}`"),
    (&["volume", "persistence", "extraVolumes", "volumes_from"], "write `mounts: {PATH: {claim: NAME, size: 10Gi}}`"),
    (
        &["loop", "with_items", "with_dict", "for_each", "foreach", "forEach", "range", "each", "parallel"],
        "fan out with `matrix: {NAME: [a, b]}`, or make copies with `instances: 3`",
    ),
    (&["steps", "tasks", "jobs", "stages", "stage"], "each step is a container, or a workload of its own"),
    (&["timeout", "timeout-minutes", "timeout_minutes"], "write `activeDeadlineSeconds`"),
    (&["retries", "retry"], "write `backoffLimit`"),
    (&["runs-on", "runs_on", "node", "hosts"], "write `nodeSelector: {LABEL: value}`"),
    (&["cron"], "write `schedule` in a CronJob"),
    (&["commonLabels"], "write `metadata: {labels: {…}}` of the batch"),
    (&["commonAnnotations"], "write `metadata: {annotations: {…}}` of the batch"),
    (&["namePrefix", "nameSuffix"], "write the whole names: `name: \"PREFIX-{{ … }}\"`"),
    (
        &["cpu", "memory", "requests", "limits"],
        "write `resources: {cpu: 100m, memory: 64Mi..128Mi}`: requests, and limits after `..`",
    ),
];

/// Returns what is written in place of a word of another tool.
pub fn ours(level: Level, word: &str) -> Option<String> {
    let find = |table: &[(&[&str], &'static str)]| {
        table.iter().find(|(words, _)| words.contains(&word)).map(|(_, ours)| *ours)
    };
    match level {
        Level::Workload => find(WORDS).map(str::to_owned),
        Level::Entry => find(IN_ENTRY).map(str::to_owned),
        Level::Batch => {
            find(IN_BATCH).map(str::to_owned).or_else(|| find(WORDS).map(|ours| format!("in a workload: {ours}")))
        }
    }
}

/// Returns the only field that is written in place of a word of another tool, if it is one, and whether it takes the same
/// values.
pub fn renamed(word: &str) -> Option<(&'static str, bool)> {
    const SAME: &[&str] = &["imagePullPolicy", "workingDir"];
    let (_, ours) = WORDS.iter().find(|(words, _)| words.contains(&word))?;
    let name = ours.strip_prefix("write `")?.strip_suffix('`')?;
    name.bytes().all(|byte| byte.is_ascii_alphabetic()).then(|| (name, SAME.contains(&name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::Facts;
    use crate::spec::{Union, WorkloadKind, keys};

    #[test]
    fn no_word_of_ours_is_foreign_where_it_is_one() {
        let mut own = keys::names(&[keys::ENTRY, keys::FAN_OUT]);
        own.extend(["data", "stringData", "binaryData", "files", "type", "immutable", "nameHash"]);
        for (table, known) in [(IN_BATCH, keys::names(&[keys::BATCH])), (IN_ENTRY, own)] {
            let mut seen = std::collections::HashSet::new();
            for word in table.iter().flat_map(|(words, _)| *words) {
                assert!(seen.insert(word), "{word} is there twice");
                assert!(!known.contains(word), "{word}");
            }
        }
    }

    #[test]
    fn no_word_of_ours_is_foreign() {
        let mut seen = std::collections::HashSet::new();
        for word in WORDS.iter().flat_map(|(words, _)| *words) {
            assert!(seen.insert(word), "{word} stands twice");
            // A key of a batch may be a word of others where it stands in a workload.
            for table in [keys::WORKLOAD, keys::FAN_OUT] {
                assert!(!keys::knows(table, word), "{word}");
            }
            for kind in WorkloadKind::ALL {
                assert!(Union::of(Facts::newest(), kind).field(word).is_none(), "{word} is a field of a {kind}");
            }
        }
    }
}
