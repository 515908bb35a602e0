//! How each key may be written, shortest first; the native form is always one more.
//!
//! A test compiles all forms of workloads, so that none of them is out of date.

/// Keys with the lines that show their forms.
pub const FORMS: &[(&str, &[&str])] = &[
    (
        "params",
        &[
            "params: {tag: \"1.27\"}",
            "params: {replicas: {type: integer, minimum: 1, default: 3}}",
            "params: {tenants: {rows: tenants.csv}}",
        ],
    ),
    ("include", &["include: [../common/base.yaml]"]),
    ("namespaces", &["namespaces: [shop]", "namespaces: {shop: {labels: {team: payments}}}"]),
    ("configMaps", &["configMaps: {app: {data: {LOG_LEVEL: info}, files: [config/app.toml]}}"]),
    ("secrets", &["secrets: {db: {files: {password: secrets/db-password}}}", "secrets: {db: {external: true}}"]),
    ("claims", &["claims: {data: {size: 10Gi}}", "claims: {data: {external: true}}"]),
    ("profiles", &["profiles: {prod: {params: {tag: \"1.28\"}, workloads: {web: {replicas: 10}}}}"]),
    ("manifests", &["manifests: [crds/*.yaml, coredns.yaml.j2]"]),
    ("policies", &["policies: [policies/*.yaml]"]),
    ("matrices", &["matrices: {tenants: {rows: tenants.csv}}", "matrices: {regions: {region: [eu, us]}}"]),
    (
        "objects",
        &[
            "objects: {quota: {kind: ResourceQuota, spec: {hard: {pods: 10}}}}",
            "objects: {route: {apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, spec: {hostnames: [example.com]}}}",
        ],
    ),
    ("rules", &["rules: [pss=restricted, ha]"]),
    ("use", &["use: [probed, tolerant]"]),
    (
        "matrix",
        &[
            "matrix: {region: [eu, us], size: {from: 1, to: 3}}",
            "matrix: {shard: {from: 0, to: 499, step: 1, format: \"%03d\"}}",
            "matrix: {rows: jobs.csv}",
            "matrix: tenants",
            "matrix: [tenants, {region: [eu, us]}]",
            "matrix: {zip: {region: [eu, us], zone: [a, b]}}",
            "matrix: {region: [eu, us], size: [s, l], exclude: [{region: eu, size: l}]}",
        ],
    ),
    ("instances", &["instances: 500"]),
    ("when", &["when: matrix.region == 'eu'", "when: \"{{ matrix.region != 'us' }}\""]),
    ("overrides", &["overrides: [{match: {region: eu}, replicas: 5}]"]),
    ("labels", &["labels: {team: payments}"]),
    ("annotations", &["annotations: {owner: payments}"]),
    ("podLabels", &["podLabels: {tier: front}"]),
    ("podAnnotations", &["podAnnotations: {prometheus.io/scrape: \"true\"}"]),
    ("objectLabels", &["objectLabels: {version: \"1.4\"}"]),
    ("objectAnnotations", &["objectAnnotations: {kubernetes.io/change-cause: \"release 1.4\"}"]),
    ("axisLabels", &["axisLabels: [region]", "axisLabels: true", "axisLabels: false"]),
    ("selectorLabels", &["selectorLabels: {app: \"{{ name }}\"}"]),
    ("pod", &["pod: {securityContext: {fsGroup: 2000}}"]),
    ("ports", &["ports: {http: 80, dns: 53/UDP}"]),
    (
        "env",
        &[
            "env: {LOG_LEVEL: info}",
            "env: {PASSWORD: {secret: db/password}}",
            "env: {LOG_LEVEL: {configMap: app/LOG_LEVEL}}",
            "env: {POD_IP: {field: status.podIP}}",
            "env: {CPUS: {resource: limits.cpu}}",
        ],
    ),
    ("envFrom", &["envFrom: [app, secret:db]"]),
    (
        "mounts",
        &[
            "mounts: {/data: {claim: data, size: 10Gi}}",
            "mounts: {/etc/app: {configMap: app}}",
            "mounts: {/etc/db: {secret: db}}",
            "mounts: {/tmp: {emptyDir: {}}}",
            "mounts: {/var/log: {hostPath: /var/log, readOnly: true}}",
        ],
    ),
    (
        "service",
        &["service: ClusterIP", "service: headless", "service: {type: LoadBalancer, externalTrafficPolicy: Local}"],
    ),
    ("services", &["services: {metrics: {ports: {http: 80}}}", "services: {headless: headless}  # in a workload"]),
    ("livenessProbe", PROBE),
    ("readinessProbe", PROBE),
    ("startupProbe", PROBE),
    ("tolerations", &["tolerations: [\"dedicated=web:NoSchedule\", \"spot:NoExecute\"]"]),
    ("nodeAffinity", &["nodeAffinity: {require: [\"disktype in (ssd, nvme)\"], prefer: [\"zone = a\"]}"]),
    ("podAffinity", &["podAffinity: {prefer: kubernetes.io/hostname}"]),
    ("podAntiAffinity", &["podAntiAffinity: {require: kubernetes.io/hostname}"]),
    ("spread", &["spread: {kubernetes.io/hostname: 1}"]),
    ("resources", &["resources: {cpu: 100m, memory: 64Mi..128Mi}"]),
    (
        "update",
        &[
            "update: {maxSurge: 25%, maxUnavailable: 0}",
            "update: Recreate  # in a Deployment",
            "update: OnDelete  # in a StatefulSet or DaemonSet",
        ],
    ),
    ("autoscale", &["autoscale: {min: 2, max: 10, cpu: 80%}"]),
    ("disruption", &["disruption: {maxUnavailable: 1}", "disruption: {minAvailable: 50%}"]),
    (
        "ingress",
        &[
            "ingress: {host: shop.example.com, path: /}",
            "ingress: {host: [shop.example.com, www.example.com], paths: {/: http, /api: {port: 80, pathType: Exact}}}",
            "ingress: {hosts: {shop.example.com: {tls: true}, api.example.com: {path: /v1, port: 80}}}",
            "ingress: {host: [a.example.com, b.example.com], tls: {a.example.com: db}}",
        ],
    ),
    ("networkPolicy", &["networkPolicy: {policyTypes: [Ingress]}"]),
    ("queue", &["queue: research"]),
    (
        "containers",
        &[
            "containers: {sidecar: {image: \"proxy:1\"}}",
            "containers: {\"*\": {securityContext: {readOnlyRootFilesystem: true}}}",
        ],
    ),
    ("initContainers", &["initContainers: {migrate: {image: \"migrate:1\"}}"]),
    ("patch", &["patch: {Deployment: {spec: {paused: true}}}"]),
    ("patchJSON6902", &["patchJSON6902: {Deployment: [{op: add, path: /spec/paused, value: true}]}"]),
];

const PROBE: &[&str] =
    &["PROBE: {httpGet: /healthz}", "PROBE: {tcpSocket: http}", "PROBE: {exec: [cat, /tmp/healthy]}"];

/// Returns the forms of a key.
pub fn forms(key: &str) -> Vec<String> {
    let lines = FORMS.iter().find(|(known, _)| *known == key).map_or(&[][..], |(_, lines)| *lines);
    lines.iter().map(|line| line.replace("PROBE", key)).collect()
}
