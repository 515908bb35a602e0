//! Words of other tools in, ours for the same thing out.
//!
//! Who comes from Compose, Helm, Ansible, GitLab or GitHub writes these out of habit. None of them is a word of ours where
//! it is looked up: that one would not be asked for.

/// Words by what they ask for, and what is written instead.
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
pub fn ours(word: &str) -> Option<&'static str> {
    WORDS.iter().find(|(words, _)| words.contains(&word)).map(|(_, ours)| *ours)
}

/// Returns the only field that is written in place of a word of another tool, if it is one, and whether it takes the same
/// values.
pub fn renamed(word: &str) -> Option<(&'static str, bool)> {
    const SAME: &[&str] = &["imagePullPolicy", "workingDir"];
    let name = ours(word)?.strip_prefix("write `")?.strip_suffix('`')?;
    name.bytes().all(|byte| byte.is_ascii_alphabetic()).then(|| (name, SAME.contains(&name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::Facts;
    use crate::spec::{Union, WorkloadKind, keys};

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
