//! Random specs that use the language as it comes: a seed in, the text of a spec out. Most are sound, some hold mistakes.

use std::fmt::Write;

/// A small generator of numbers, so that a seed stands for a spec.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % bound
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

/// Lines of which one is there once in so many cases, where the text before it holds what it needs. `VALUE` stands for an
/// expression.
struct Maybe(usize, &'static str, &'static [&'static str]);

/// Axes, each with an expression that reads it.
const AXES: &[(&str, &str, &str)] = &[
    ("region", "[eu, us, ap]", "{{ matrix.region }}"),
    ("region", "[eu-west, us-east]", "a-{{ matrix.region }}-z"),
    ("shard", "{from: 0, to: 5}", "{{ matrix.shard }}"),
    ("shard", "[0, 1, 2]", "{{ matrix.shard * 2 }}"),
    ("shard", "[1, \"2\", 03]", "{{ matrix.shard }}"),
    ("mode", "[true, false]", "{{ matrix.mode }}"),
    ("mode", "[fast, \"on\", slow]", "{{ matrix.mode | upper }}"),
    ("size", "[small, large, \"x large\"]", "{{ matrix.size }}"),
    ("plan", "[{name: s, cpu: 100m, count: 1}, {name: l, cpu: \"2\", count: 3}]", "{{ matrix.plan.name }}"),
    ("rate", "[0.5, 1e3, 10]", "{{ matrix.rate }}"),
    ("lr", "[a, a.b, c]", "{{ matrix.lr }}"),
    ("odd", "[a, null, \"~\", \"\"]", "{{ matrix.odd }}"),
];

/// Expressions that any instance may have.
const VALUES: &[&str] = &[
    "{{ index }}",
    "{{ params.tag }}",
    "{{ name }}",
    "{{ 'x' if index % 2 else '$(POD)' }}",
    "plain",
    "{{ batch.name }}",
    "{{ none if index % 2 else 'x' }}",
    "{{ true if index % 2 else 'x' }}",
    "{{ index if index % 2 else 'x' }}",
];

/// What may stand above the workloads.
const BATCH: &[Maybe] = &[
    Maybe(
        3,
        "",
        &[
            "defaults: {image: \"app:{{ params.tag }}\", labels: {tier: \"{{ name }}\"}}",
            "defaults: {image: app:1, env: {COMMON: \"{{ batch.name }}\"}}",
            "defaults: {resources: {cpu: 100m, memory: 64Mi..128Mi}}",
        ],
    ),
    Maybe(
        8,
        "",
        &[
            "patch: {Deployment: {metadata: {annotations: {patched: \"yes\"}}}}",
            "patch: {Service: {metadata: {labels: {patched: \"yes\"}}}}",
            "patch: {Deployment: {spec: {template: {spec: {nodeName: a}}}}}",
            "patch: {Deployment/w0-0: {metadata: {annotations: {patched: one}}}}",
            "patch: {Deployment/w0-eu: {metadata: {name: other}}}",
            "patch: {Deploymen: {metadata: {annotations: {patched: one}}}}",
            "patchJSON6902: {Deployment: [{op: add, path: /metadata/labels/extra, value: \"{{ batch.name }}\"}]}",
            "patchJSON6902: {Deployment: [{op: test, path: /metadata/name, value: w0-1}, {op: add, path: /spec/paused, value: true}]}",
        ],
    ),
    Maybe(3, "", &["configMaps: {app: {data: {KEY: value, OTHER: \"{{ params.tag }}\"}}}"]),
    Maybe(4, "", &["secrets: {db: {stringData: {password: hunter}}}"]),
    Maybe(4, "", &["matrices: {tenants: {tenant: [ada, bob, cyd]}}"]),
    Maybe(
        1,
        "matrices",
        &["namespaces: {\"t-{{ matrix.tenant }}\": {matrix: tenants, labels: {owner: \"{{ matrix.tenant }}\"}}}"],
    ),
    Maybe(
        2,
        "matrices",
        &[
            "objects: {cert: {apiVersion: cert-manager.io/v1, kind: Certificate, matrix: tenants, namespace: \"t-{{ matrix.tenant }}\", spec: {secretName: \"tls-{{ matrix.tenant }}\", dnsNames: [\"{{ name }}.example.com\"], revisionHistoryLimit: \"{{ index }}\"}}}",
            "objects: {quota: {kind: ResourceQuota, matrix: tenants, namespace: \"t-{{ matrix.tenant }}\", spec: {hard: {pods: \"{{ index + 1 }}\"}}}}",
        ],
    ),
];

/// What may stand in a workload.
const WORKLOAD: &[Maybe] = &[
    Maybe(1, "kind: CronJob", &["schedule: \"{{ index % 60 }} * * * *\""]),
    Maybe(2, "", &["env: {A: \"VALUE\", B: \"VALUE\", C: \"$(A)\", D: fixed}"]),
    Maybe(3, "", &["args: [--one, \"--two=VALUE\", \"VALUE\"]"]),
    Maybe(3, "", &["labels: {extra: \"VALUE\", fixed: a}"]),
    Maybe(4, "", &["annotations: {note: \"VALUE\", \"k-{{ index }}\": x}", "podAnnotations: {note: \"VALUE\"}"]),
    Maybe(
        3,
        "kind: Deployment",
        &[
            "replicas: 2",
            "replicas: \"{{ index }}\"",
            "replicas: \"{{ params.count }}\"",
            "replicas: \"{{ none if index % 2 else 3 }}\"",
        ],
    ),
    Maybe(
        3,
        "",
        &[
            "resources: {cpu: 100m}",
            "resources: {cpu: \"{{ index + 1 }}00m\", memory: 1Gi}",
            "resources: {memory: \"{{ 64 * (index + 1) }}Mi..1Gi\"}",
        ],
    ),
    Maybe(2, "", &["ports: {http: 80}", "ports: {http: 80, dns: 53/UDP}", "ports: {http: \"{{ 8000 + index }}\"}"]),
    Maybe(
        2,
        "ports",
        &[
            "service: ClusterIP",
            "service: headless",
            "service: {type: NodePort, name: \"svc-{{ index }}\"}",
            "service: {annotations: {a: \"VALUE\"}}",
        ],
    ),
    Maybe(3, "ports", &["readinessProbe: {httpGet: /}", "livenessProbe: {httpGet: {path: \"/VALUE\"}}"]),
    Maybe(
        3,
        "service: ClusterIP",
        &["ingress: {host: \"{{ name }}.example.com\"}", "ingress: {host: a.example.com, path: \"/{{ index }}\"}"],
    ),
    Maybe(
        4,
        "",
        &[
            "nodeSelector: {zone: \"z{{ index }}\"}",
            "tolerations: [gpu]",
            "serviceAccount: {}",
            "networkPolicy: {}",
            "disruption: {maxUnavailable: 1}",
            "mounts: {/data: {emptyDir: {}}}",
            "securityContext: {runAsNonRoot: true}",
            "command: [sh, -c, \"echo VALUE\"]",
            "podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: \"VALUE\"}]}",
        ],
    ),
    Maybe(
        5,
        "kind: Deployment",
        &["autoscale: {max: 4, cpu: 80%}", "autoscale: {min: 1, max: \"{{ index + 2 }}\", memory: 1Gi}"],
    ),
    Maybe(
        2,
        "configMaps",
        &["envFrom: [app]", "mounts: {/etc/app: {configMap: app}}", "env: {A: {configMap: app/KEY}}"],
    ),
    Maybe(2, "secrets", &["env: {P: {secret: db/password}}", "mounts: {/etc/db: {secret: db}}"]),
    Maybe(2, "matrix: tenants", &["namespace: \"t-{{ matrix.tenant }}\""]),
    Maybe(8, "", &["name: \"n-{{ index }}\"", "name: \"{{ name | lower }}\""]),
    Maybe(6, "", &["when: \"{{ index != 1 }}\"", "when: \"{{ params.flag }}\""]),
    Maybe(6, "", &["axisLabels: false", "axisLabels: true"]),
    Maybe(
        4,
        "region: [eu, us",
        &["overrides: [{match: {region: us}, image: \"us:1\"}]", "overrides: [{match: {region: eu}, env: {A: \"e\"}}]"],
    ),
    Maybe(4, "shard: {from", &["overrides: [{match: {shard: 1}, labels: {one: \"VALUE\"}}]"]),
    Maybe(
        9,
        "kind: Deployment",
        &[
            "patch: {Deployment: {metadata: {annotations: {own: \"VALUE\"}}}}",
            "patch: {Deployment: {metadata: {namespace: \"n-{{ index }}\"}}}",
            "patchJSON6902: {Deployment: [{op: add, path: /metadata/annotations, value: {a: \"VALUE\"}}]}",
        ],
    ),
    // Mistakes.
    Maybe(
        8,
        "",
        &[
            "labels: {bad: \"-{{ name }}-\"}",
            "hostname: \"{{ name }}_x\"",
            "imagePullPolicy: \"{{ 'Always' if index else 'Sometimes' }}\"",
            "priority: \"{{ index * 1000000000 }}\"",
            "terminationGracePeriodSeconds: \"{{ index - 1 }}\"",
            "dnsPolicy: \"{{ name }}\"",
            "unknown: \"{{ name }}\"",
            "command: [\"{{ matrix.nothing }}\"]",
            "restartPolicy: \"{{ 'Never' if index % 2 else 'Always' }}\"",
        ],
    ),
];

/// Returns the text of a spec.
pub(super) fn spec(seed: u64) -> String {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5bd1_e995);
    dice.below(2);
    let mut out = "apiVersion: fanfold.dev/v1\nkind: Batch\nmetadata:\n  name: random\n  namespace: demo\n  annotations: \
                   {params: \"{{ params.tag }}{{ params.count }}{{ params.flag }}\"}\nparams: {tag: \"1.27\", count: 3, \
                   flag: true}\n"
        .to_owned();
    lines(&mut dice, BATCH, 0, "", &[], &mut out);
    out.push_str("workloads:\n");
    for number in 0..=dice.below(3) {
        workload(&mut dice, number, &mut out);
    }
    out
}

fn workload(dice: &mut Dice, number: usize, out: &mut String) {
    let kinds = ["Deployment", "Deployment", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod"];
    let mut own = format!("    kind: {}\n", dice.one(&kinds));
    let mut values = VALUES.to_vec();
    match dice.below(8) {
        0 => own.push_str("    instances: 4\n"),
        1 => {}
        2 | 3 if out.contains("matrices") => {
            own.push_str("    matrix: tenants\n");
            values.extend(["{{ matrix.tenant }}"; 3]);
        }
        _ => {
            own.push_str("    matrix:\n");
            for _ in 0..=dice.below(3) {
                let (axis, list, value) = AXES[dice.below(AXES.len())];
                if !own.contains(&format!("      {axis}: ")) {
                    let _ = writeln!(own, "      {axis}: {list}");
                    values.extend([value; 3]);
                }
            }
        }
    }
    let image = dice.one(&["app:1", "registry.local/app:{{ params.tag }}", "app:v{{ index }}", "app"]);
    let _ = writeln!(own, "    image: \"{image}\"");
    let _ = writeln!(out, "  w{number}:");
    lines(dice, WORKLOAD, 4, out, &values, &mut own);
    out.push_str(&own);
}

/// Adds lines, each of which has its own key.
fn lines(dice: &mut Dice, table: &[Maybe], indent: usize, above: &str, values: &[&str], out: &mut String) {
    for Maybe(cases, needs, choice) in table {
        let is_there = dice.below(*cases) == 0;
        let mut line = dice.one(choice).to_owned();
        let key = format!("{:indent$}{}:", "", line.split(':').next().unwrap_or_default());
        let is_new = !out.lines().any(|line| line.starts_with(&key));
        if !is_there || !is_new || !(out.contains(needs) || above.contains(needs)) {
            continue;
        }
        while line.contains("VALUE") {
            line = line.replacen("VALUE", dice.one(values), 1);
        }
        let _ = writeln!(out, "{:indent$}{line}", "");
    }
}
