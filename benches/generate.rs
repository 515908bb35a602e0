//! Numbers in, big inputs out: the same number gives the same bytes, and all of them compile without a finding.

use std::fmt::Write;

/// Returns a spec of one Deployment with its Service in `instances` copies.
pub(crate) fn fleet(instances: usize) -> String {
    let last = instances.saturating_sub(1);
    format!(
        r#"apiVersion: fanfold.dev/v1
kind: Batch
metadata: {{name: fleet, namespace: fleet, labels: {{team: load}}}}
params:
  tag: "1.27"
defaults:
  imagePullPolicy: IfNotPresent
  resources: {{requests: {{cpu: 100m, memory: 64Mi}}, limits: {{memory: 128Mi}}}}
workloads:
  web:
    kind: Deployment
    matrix: {{tenant: {{from: 0, to: {last}}}}}
    replicas: 3
    image: "nginx:{{{{ params.tag }}}}"
    ports: {{http: 80}}
    env: {{TENANT: "{{{{ matrix.tenant }}}}", MODE: production}}
    livenessProbe: {{httpGet: /livez}}
    readinessProbe: {{httpGet: /readyz}}
    service: ClusterIP
"#
    )
}

/// Returns a spec with `workloads` different workloads, each written out.
pub(crate) fn literal(workloads: usize) -> String {
    let mut spec = String::from("apiVersion: fanfold.dev/v1\nkind: Batch\nmetadata: {name: estate}\nworkloads:\n");
    for at in 0..workloads {
        let kind = ["Deployment", "StatefulSet", "DaemonSet", "CronJob"][at % 4];
        let own = match kind {
            "Deployment" => format!("replicas: {}\n    service: ClusterIP", at % 7 + 1),
            "StatefulSet" => "service: headless\n    mounts: {/data: {claim: data, size: 10Gi}}".to_owned(),
            "DaemonSet" => "tolerations: [\"dedicated=web:NoSchedule\"]".to_owned(),
            _ => format!("schedule: \"{} 2 * * *\"", at % 60),
        };
        let _ = writeln!(
            spec,
            r#"  w{at}:
    kind: {kind}
    image: "registry.example/team-{}/app-{at}:1.{}"
    ports: {{http: {}, metrics: 9100}}
    env:
      NUMBER: "{at}"
      TEXT: 'it''s number {at}'
      NODE: {{field: spec.nodeName}}
    resources: {{cpu: {}m, memory: 64Mi..128Mi}}
    {own}"#,
            at % 13,
            at % 30,
            8000 + at % 1000,
            at % 9 * 100 + 100,
        );
    }
    spec
}

/// Returns a stream of `instances` Deployments, each with its Service: what [`fleet`] compiles to, in another order.
pub(crate) fn manifests(instances: usize) -> String {
    let mut stream = String::with_capacity(instances * 1400);
    for at in 0..instances {
        let labels = |indent: usize| {
            let pad = " ".repeat(indent);
            format!(
                "{pad}app.kubernetes.io/instance: web-{at}\n{pad}app.kubernetes.io/name: web\n{pad}matrix.fanfold.dev/tenant: \"{at}\"\n{pad}team: load"
            )
        };
        let _ = write!(
            stream,
            r#"---
apiVersion: v1
kind: Service
metadata:
  name: web-{at}
  namespace: fleet
  labels:
{own}
spec:
  type: ClusterIP
  selector:
    app.kubernetes.io/instance: web-{at}
    app.kubernetes.io/name: web
  ports:
  - name: http
    port: 80
    targetPort: http
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web-{at}
  namespace: fleet
  labels:
{own}
spec:
  replicas: 3
  selector:
    matchLabels:
      app.kubernetes.io/instance: web-{at}
      app.kubernetes.io/name: web
  template:
    metadata:
      labels:
{pods}
    spec:
      containers:
      - name: web
        image: nginx:1.27
        imagePullPolicy: IfNotPresent
        env:
        - name: MODE
          value: production
        - name: TENANT
          value: "{at}"
        ports:
        - name: http
          containerPort: 80
        livenessProbe:
          httpGet:
            path: /livez
            port: http
        readinessProbe:
          httpGet:
            path: /readyz
            port: http
        resources:
          limits:
            memory: 128Mi
          requests:
            cpu: 100m
            memory: 64Mi
"#,
            own = labels(4),
            pods = labels(8),
        );
    }
    stream
}

/// Returns a ConfigMap with `keys` keys, whose texts take every style that YAML has.
pub(crate) fn wide(keys: usize) -> String {
    let mut object = String::from("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: wide}\ndata:\n");
    for at in 0..keys {
        let _ = match at % 5 {
            0 => writeln!(object, "  key-{at}: plain text number {at}"),
            1 => writeln!(object, "  key-{at}: 'single ''quoted'' {at}'"),
            2 => writeln!(object, "  \"key-{at}\": \"double \\\"quoted\\\" \\u00e9 {at}\""),
            3 => writeln!(object, "  key-{at}: |\n    first line {at}\n\n      indented: yes\n    # no comment"),
            _ => writeln!(object, "  key-{at}: >-\n    folded {at}\n    über\n    lines"),
        };
    }
    object
}

/// Returns a custom resource whose fields nest `depth` levels deep, in block and in flow style.
pub(crate) fn deep(depth: usize) -> String {
    let mut object = String::from("apiVersion: deep.example/v1\nkind: Deep\nmetadata: {name: deep}\nspec:\n");
    for level in 0..depth {
        let _ = writeln!(object, "{}level{level}:", "  ".repeat(level + 1));
    }
    let _ = writeln!(object, "{}end: here", "  ".repeat(depth + 1));
    let _ = writeln!(object, "  flow: {}deepest: \"\"{}", "{a: ".repeat(depth) + "{", "}".repeat(depth + 1));
    object
}
