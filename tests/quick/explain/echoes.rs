//! One cause gives one finding: an expression without a value is told once, and nothing that follows from it.

use fanfold::diagnostic::Code;

use super::run::Run;
use super::spec;

#[test]
fn what_follows_from_an_expression_without_a_value_is_not_told() {
    let cases = [
        ("image: \"nginx:{{ params.tag }}\"", Code::UndefinedVariable),
        ("image: nginx:{{ batch.nmae }}", Code::UndefinedVariable),
        ("image: \"{{ name\"", Code::InvalidExpression),
        ("image: \"{{ name | upcase }}\"", Code::InvalidExpression),
        ("{image: nginx, replicas: \"{{ matrix.size }}\"}", Code::UndefinedVariable),
        ("{image: nginx, name: \"{{ matrix.size }}\"}", Code::UndefinedVariable),
        ("{image: nginx, ports: \"{{ matrix.size }}\"}", Code::UndefinedVariable),
        ("{image: nginx, matrix: {size: \"{{ params.sizes }}\"}}", Code::UndefinedVariable),
        ("{image: nginx, instances: \"{{ params.sizes }}\"}", Code::UndefinedVariable),
        ("{image: nginx, env: {A: {secret: \"{{ params.key }}\"}}}", Code::UndefinedVariable),
        ("{image: nginx, matrix: {size: [1, 2]}, name: fixed}", Code::NameCollision),
        ("{image: nginx, matrix: {size: {from: 1, to: 99}}, name: fixed}", Code::NameCollision),
        ("{image: nginx, use: [nothing]}", Code::UnknownTemplate),
    ];
    for (fields, code) in cases {
        let fields =
            fields.trim_start_matches('{').strip_suffix('}').filter(|_| fields.starts_with('{')).unwrap_or(fields);
        let text = if fields.starts_with("image: nginx,") {
            spec(&format!("workloads: {{web: {{kind: Deployment, {fields}}}}}\n"))
        } else {
            spec(&format!("workloads:\n  web:\n    kind: Deployment\n    {fields}\n"))
        };
        let seen = Run::of(&text).check();
        assert_eq!(seen.codes(), [code], "{text}{}", seen.human());
    }
}

#[test]
fn three_slips_are_three_findings_each_with_its_way_out() {
    let text = spec(
        "params: {tag: '1'}\nconfigMaps: {settings: {data: {A: b}}}\nworkloads:\n  web:\n    kind: Deployment\n    \
         image: nginx:{{ params.tagg }}\n    envFrom: [configmap/setings]\n    resources: {cpu: 500m, memroy: 1Gi}\n",
    );
    let seen = Run::of(&text).check();
    assert_eq!(
        seen.codes(),
        [Code::UndefinedVariable, Code::UndeclaredReference, Code::UnknownField],
        "{text}{}",
        seen.human()
    );
    for meant in ["`tag`", "`settings`", "`memory`"] {
        assert!(seen.human().contains(&format!("did you mean {meant}?")), "{}", seen.human());
    }
}

/// A batch with five mistakes, and places for a sixth one that leaves a value broken.
const FIVE: &str = "\
apiVersion: fanfold.dev/v1
kind: Batch
metadata: {name: shop}
params: {tag: v1}
workloads:
  web:
    kind: Deployment
    image: nginx:{{ params.tag }}
    replcas: 3
    ports: {http: 80}
    readinessProbe: {httpGet: /, periodSeconds: many}
    env: {A: {configMap: nothing/key}}
    tolerations: ['a=b=c']
    podAnnotations: {'a b': c}
";

/// What is broken in place of which line.
const INSTEAD: &[(&str, &str)] = &[
    ("metadata: {name: shop}", "metadata: {name: '{{ params.no }}'}"),
    ("metadata: {name: shop}", "metadata: {name: shop, namespace: '{{ params.no }}'}"),
    ("metadata: {name: shop}", "metadata: {name: shop, labels: {team: '{{ params.no }}'}}"),
    ("metadata: {name: shop}", "metadata: {name: shop, labels: '{{ params.no }}'}"),
    ("metadata: {name: shop}", "metadata: {name: shop}\nconfigMaps: {a: {data: {B: '{{ params.no }}'}}}"),
    ("metadata: {name: shop}", "metadata: {name: shop}\nobjects: {a: {kind: ConfigMap, data: '{{ params.no }}'}}"),
    ("metadata: {name: shop}", "metadata: {name: shop}\npatch: {Deployment: {spec: {replicas: '{{ params.no }}'}}}"),
    ("image: nginx:{{ params.tag }}", "image: '{{ params.no }}'\n    annotations: {a: '{{ params.tag }}'}"),
    ("image: nginx:{{ params.tag }}", "image: '{{ params.tag | upcase }}'"),
    ("image: nginx:{{ params.tag }}", "image: nginx:{{ params.tag }}:{{ params.no }}"),
    ("image: nginx:{{ params.tag }}", "image: 'nginx:{{ params.tag }}{{'"),
    ("ports: {http: 80}", "ports: {http: '{{ params.no }}'}"),
    ("ports: {http: 80}", "ports: '{{ params.no }}'"),
    ("ports: {http: 80}", "ports: ['{{ params.no }}']"),
    ("ports: {http: 80}", "ports: [{name: http, containerPort: '{{ params.no }}'}]"),
    ("ports: {http: 80}", "ports: {'{{ params.no }}': 80}"),
    ("ports: {http: 80}", "ports: {http: '{{ params.no }}'}\n    service: ClusterIP\n    ingress: a.example.com"),
    ("ports: {http: 80}", "ports: 80x"),
    ("ports: {http: 80}", "ports: {http: 80x}\n    service: ClusterIP\n    ingress: a.example.com"),
];

/// What is broken beside the lines of the workload.
const BESIDE: &[&str] = &[
    "name: '{{ params.no }}'",
    "namespace: '{{ params.no }}'",
    "labels: {'{{ params.no }}': a}",
    "labels: {a: '{{ params.no }}'}",
    "podLabels: {a: '{{ params.no }}'}",
    "containers: '{{ params.no }}'",
    "annotations: '{{ params.no }}'",
    "command: '{{ params.no }}'",
    "command: sh",
    "command: [sh, '{{ params.no }}']",
    "livenessProbe: '{{ params.no }}'",
    "livenessProbe: {httpGet: {path: '{{ params.no }}'}}",
    "livenessProbe: {tcpSocket: '{{ params.no }}'}",
    "resources: '{{ params.no }}'",
    "resources: {cpu: '{{ params.no }}', memory: 1Gi}",
    "resources: {cpu: [1], memory: 1Gi}",
    "resources: {limits: {cpu: '{{ params.no }}'}}",
    "mounts: {/data: {claim: '{{ params.no }}', size: 1Gi}}",
    "mounts: {/data: {claim: data, size: '{{ params.no }}'}}",
    "mounts: {/data: {emptyDir: '{{ params.no }}'}}",
    "mounts: {/data: '{{ params.no }}'}",
    "mounts: {/data: '{{ params.no }}', /more: {emptyDir: {}}}",
    "mounts: {'{{ params.no }}': {emptyDir: {}}}",
    "mounts: {/data: data}",
    "volumes: '{{ params.no }}'\n    mounts: {/data: {volume: data}}",
    "volumes: ['{{ params.no }}']\n    mounts: {/data: {volume: data}}",
    "volumes: [data:/data]\n    mounts: {/data: {volume: data}}",
    "nodeSelector: {a: '{{ params.no }}'}",
    "nodeSelector: '{{ params.no }}'",
    "nodeAffinity: {require: ['{{ params.no }}']}",
    "nodeAffinity: {require: ['a = b = c']}",
    "podAntiAffinity: {require: '{{ params.no }}'}",
    "spread: {'{{ params.no }}': 1}",
    "spread: {kubernetes.io/hostname: '{{ params.no }}'}",
    "replicas: '{{ params.no }}'",
    "service: '{{ params.no }}'",
    "service: [a]",
    "service: {type: '{{ params.no }}'}",
    "service: {name: '{{ params.no }}'}",
    "service: {ports: {http: '{{ params.no }}'}}",
    "service: ClusterIP\n    ingress: '{{ params.no }}'",
    "service: ClusterIP\n    ingress: {host: a.example.com, port: '{{ params.no }}'}",
    "service: ClusterIP\n    ingress: {host: a.example.com, tls: '{{ params.no }}'}",
    "autoscale: '{{ params.no }}'",
    "autoscale: {min: 1, max: '{{ params.no }}', cpu: 80%}",
    "autoscale: {min: 1, max: 3, cpu: '{{ params.no }}'}",
    "disruption: {maxUnavailable: '{{ params.no }}'}",
    "serviceAccount: '{{ params.no }}'",
    "serviceAccount: {name: '{{ params.no }}'}",
    "update: '{{ params.no }}'",
    "update: {maxSurge: '{{ params.no }}'}",
    "containers: {more: '{{ params.no }}'}",
    "containers: {more: {image: '{{ params.no }}'}}",
    "containers: {'{{ params.no }}': {image: b}}",
    "containers: {more: b}",
    "initContainers: '{{ params.no }}'",
    "initContainers: ['{{ params.no }}']",
    "initContainers: [{name: '{{ params.no }}', image: b}]",
    "envFrom: ['{{ params.no }}']",
    "securityContext: {runAsUser: '{{ params.no }}'}",
    "selector: '{{ params.no }}'",
    "selector: {matchLabels: {a: '{{ params.no }}'}}\n    podLabels: {a: b}",
    "selector: {matchLabels: {a: b}}\n    podLabels: {a: '{{ params.no }}'}",
    "matrix: {size: '{{ params.no }}'}",
    "matrix: {size: [1, '{{ params.no }}']}",
    "matrix: {size: [1, '{{ params.no }}']}\n    annotations: {size: '{{ matrix.size }}'}",
    "matrix: {rows: '{{ params.no }}'}\n    annotations: {size: '{{ matrix.size }}'}",
    "matrix: {rows: nothing.csv}\n    annotations: {size: '{{ matrix.size }}'}",
    "matrix: {size: [1, 2], where: params.no}\n    annotations: {size: '{{ matrix.size }}'}",
    "matrix: {size: '{{ params.no }}'}\n    overrides: [{match: {size: 1}, replicas: 2}]",
    "instances: '{{ params.no }}'",
    "when: params.no",
    "patch: {Deployment: {spec: {replicas: '{{ params.no }}'}}}",
    "patch: '{{ params.no }}'",
];

#[test]
fn beside_a_broken_value_all_else_is_told() {
    let seen = Run::of(FIVE).check();
    let five =
        [Code::UnknownField, Code::WrongType, Code::UndeclaredReference, Code::InvalidShorthand, Code::InvalidName];
    assert_eq!(seen.codes(), five, "{}", seen.human());
    let cases = INSTEAD
        .iter()
        .map(|(was, is)| (*is, FIVE.replace(was, is)))
        .chain(BESIDE.iter().map(|is| (*is, format!("{FIVE}    {is}\n"))))
        .chain([
            ("no value", FIVE.replace("{tag: v1}", "{tag: {type: string}}")),
            ("wrong", FIVE.replace("{tag: v1}", "{tag: {type: integer, default: a}}")),
            (
                "below",
                FIVE.replace("{tag: v1}", "{tag: {type: object}}").replace("params.tag", "params.tag.name | upper"),
            ),
        ]);
    let mut wrong = Vec::new();
    for (what, text) in cases {
        let seen = Run::of(&text).check();
        let codes = seen.codes();
        let missed = five.iter().any(|code| !codes.contains(code));
        if codes.len() != 6 || missed {
            wrong.push(format!("# {what}\n{}", seen.human()));
        }
    }
    assert!(wrong.is_empty(), "{} of them:\n\n{}", wrong.len(), wrong.join("\n"));
}
