//! What all objects of a run say of one another: those of specs, those that are named and are not there.

use crate::bench::Bench;
use crate::pace::size;

fn check(args: &[&str], files: &[(&str, &str)]) -> (Option<i32>, String) {
    let bench = Bench::with(files);
    let args: Vec<&str> = ["check"].into_iter().chain(args.iter().copied()).chain(["--format", "short"]).collect();
    let (code, out, err) = bench.said(&args);
    (code, out + &err)
}

fn spec(workload: &str, sections: &str) -> String {
    format!(
        "apiVersion: fanfold.dev/v1\nkind: Batch\nmetadata: {{name: shop}}\n{sections}workloads:\n  web:\n    kind: \
         Deployment\n    image: nginx:1.27\n    resources: {{limits: {{memory: 1Gi}}}}\n    ports: {{http: 80}}\n{workload}"
    )
}

/// Checks a spec; what must be said of it, in any order, and nothing else.
fn told(workload: &str, sections: &str, expected: &[&str]) {
    let (_, said) = check(&["a.yaml"], &[("a.yaml", &spec(workload, sections))]);
    for text in expected {
        assert!(said.contains(text), "{text}\n{said}");
    }
    let found = said.lines().filter(|line| line.starts_with("a.yaml:")).count();
    assert_eq!(found, expected.len(), "{said}");
}

#[test]
fn objects_of_a_spec_are_held_together_too() {
    for (workload, sections, expected) in [
        ("    readinessProbe: {httpGet: {path: /, port: http}}\n    service: ClusterIP\n", "", None),
        (
            "    readinessProbe: {httpGet: {path: /, port: web}}\n",
            "",
            Some("a.yaml:10:47: error[undeclared-reference]: the container has no port `web`"),
        ),
        (
            "    service: {ports: {http: {port: 80, targetPort: htpp}}}\n",
            "",
            Some(
                "a.yaml:10:52: error[undeclared-reference]: none of the pods that the Service selects has a port `htpp`",
            ),
        ),
        (
            "    service: ClusterIP\n    ingress: {host: a.example.com, port: htpp}\n",
            "",
            Some("a.yaml:11:42: error[undeclared-reference]: the Service `web` has no port `htpp`"),
        ),
        ("", "services:\n  front: {selector: {app.kubernetes.io/name: web}, ports: {http: 80}}\n", None),
        (
            "",
            "services:\n  front: {selector: {app: nobody}, ports: {http: 80}}\n",
            Some("a.yaml:5:22: warning[selects-nothing]: the selector asks for `app: nobody`"),
        ),
        ("    replicas: 2\n    disruption: {minAvailable: 1}\n", "", None),
        ("    autoscale: {min: 2, max: 4, cpu: 80%}\n    disruption: {minAvailable: 1}\n", "", None),
        (
            "    disruption: {minAvailable: 1}\n",
            "",
            Some("a.yaml:10:32: warning[blocks-evictions]: the budget keeps the only pod"),
        ),
        (
            "    replicas: 3\n    disruption: {maxUnavailable: 0}\n",
            "",
            Some("a.yaml:11:34: warning[blocks-evictions]: the budget allows no pod to be evicted"),
        ),
        ("    mounts: {/data: {claim: data, size: 1Gi}}\n", "", None),
        ("    replicas: 2\n    mounts: {/data: {claim: data, size: 1Gi, accessModes: ReadWriteMany}}\n", "", None),
        (
            "    replicas: 2\n    mounts: {/data: {claim: data, size: 1Gi}}\n",
            "",
            Some("a.yaml:11:29: warning[shared-claim]: the claim `web-data` is for one node at a time, and 2 pods"),
        ),
        ("    replicas: 2\n    mounts: {/data: {claim: data}}\n", "claims:\n  data: {external: true}\n", None),
        (
            "    mounts: {/data: {claim: data}}\n    matrix: {x: [1, 2, 3]}\n",
            "claims:\n  data: {size: 1Gi}\n",
            Some(
                "a.yaml:12:29: warning[shared-claim]: the claim `data` is for one node at a time, and the pods of 3 objects",
            ),
        ),
        ("    priorityClassName: high\n", "", None),
    ] {
        told(workload, sections, expected.as_slice());
    }
}

#[test]
fn what_a_spec_does_not_declare_is_told_once() {
    for (workload, expected) in [
        ("    env: {A: {secret: db/password}}\n", "no Secret `db` is declared"),
        ("    serviceAccountName: runner\n", "no ServiceAccount `runner` is declared"),
        ("    mounts: {/data: {claim: data}}\n", "no PersistentVolumeClaim `data` is declared"),
        ("    service: ClusterIP\n    ingress: {host: a.example.com, tls: cert}\n", "no Secret `cert` is declared"),
        // Lowering does not see what a patch brings.
        (
            "    patch: {Deployment: {spec: {template: {spec: {volumes: [{name: a, configMap: {name: conf}}]}}}}}\n",
            "no ConfigMap `conf` is among the inputs",
        ),
    ] {
        for flags in [&["a.yaml"][..], &["a.yaml", "--closed"], &["a.yaml", "--partial"]] {
            let (code, said) = check(flags, &[("a.yaml", &spec(workload, ""))]);
            assert_eq!((code, said.matches("error[").count()), (Some(1), 1), "{said}");
            assert!(said.contains(expected), "{expected}\n{said}");
        }
    }
    // One that failed is not there for the others: nobody knows what would be missing.
    told(
        "    matrix: {x: []}\n",
        "services:\n  front: {selector: {app: nobody}, ports: {http: 80}}\n",
        &["empty-matrix"],
    );
}

#[test]
fn manifests_and_specs_know_each_other() {
    let manifest = "apiVersion: v1\nkind: Service\nmetadata: {name: front}\nspec:\n  selector: {app.kubernetes.io/name: \
                    web}\n  ports: [{name: http, port: 80, targetPort: PORT}]\n---\napiVersion: v1\nkind: \
                    ConfigMap\nmetadata: {name: conf}\ndata: {mode: fast}\n";
    let workload = "    env: {MODE: {configMap: conf/mode}}\n";
    let with = |port: &str, workload: &str| {
        let (spec, manifest) = (spec(workload, "manifests: [m.yaml]\n"), manifest.replace("PORT", port));
        check(&["a.yaml"], &[("a.yaml", &spec), ("m.yaml", &manifest)])
    };
    assert_eq!(with("http", workload).0, Some(0));
    let (code, said) = with("htpp", workload);
    assert!(code == Some(1) && said.contains("m.yaml:6:46: error[undeclared-reference]: none of the pods"), "{said}");
    let (code, said) = with("http", "    env: {MODE: {configMap: conf/speed}}\n");
    assert!(code == Some(1) && said.contains("the ConfigMap `conf` has no key `speed`"), "{said}");
}

#[test]
fn manifests_name_what_a_spec_makes() {
    let workload = "    service: ClusterIP\n    serviceAccount: {}\n";
    for (manifest, expected) in [
        (
            "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: a}\nspec: {maxReplicas: 3, \
             scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: NAME}}\n",
            "there is no Deployment `wbe` beside the autoscaler",
        ),
        (
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a}\nspec: {defaultBackend: {service: {name: \
             NAME, port: {name: http}}}}\n",
            "no Service `wbe` is among the inputs",
        ),
        (
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a}\nspec: {defaultBackend: {service: {name: \
             web, port: {name: PORT}}}}\n",
            "the Service `web` has no port `htpp`",
        ),
        (
            "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: a}\nspec: {maxUnavailable: 1, selector: \
             {matchLabels: {app.kubernetes.io/name: NAME}}}\n",
            "the selector asks for `app.kubernetes.io/name: wbe`",
        ),
    ] {
        let with = |name: &str, port: &str| {
            let manifest = manifest.replace("NAME", name).replace("PORT", port);
            check(&["."], &[("a.yaml", &spec(workload, "manifests: [m.yaml]\n")), ("m.yaml", &manifest)]).1
        };
        assert!(!with("web", "http").contains('['), "{}", with("web", "http"));
        assert!(with("wbe", "htpp").contains(expected), "{expected}\n{}", with("wbe", "htpp"));
    }
}

/// Pods that name one of each, in a namespace.
const NAMING: &str = "apiVersion: batch/v1
kind: Job
metadata: {name: job, namespace: shop}
spec:
  template:
    spec:
      restartPolicy: Never
      serviceAccountName: runner
      priorityClassName: high
      imagePullSecrets: [{name: login}]
      containers:
      - name: a
        image: nginx:1.27
        resources: {limits: {memory: 1Gi}}
        envFrom: [{configMapRef: {name: conf}}, {secretRef: {name: maybe, optional: true}}]
        env: [{name: A, valueFrom: {secretKeyRef: {name: db, key: password}}}]
      volumes:
      - {name: data, persistentVolumeClaim: {claimName: data}}
      - {name: all, projected: {sources: [{secret: {name: part}}, {configMap: {name: kube-root-ca.crt}}]}}
  ttlSecondsAfterFinished: 60
";

const NAMED: [&str; 7] = [
    "ServiceAccount `runner`",
    "PriorityClass `high`",
    "Secret `login`",
    "ConfigMap `conf`",
    "Secret `db`",
    "PersistentVolumeClaim `data`",
    "Secret `part`",
];

#[test]
fn what_may_come_from_elsewhere_is_as_loud_as_the_inputs_are_whole() {
    let told = |args: &[&str]| {
        let (code, said) = check(
            args,
            &[("in/a.yaml", NAMING), ("in/b.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: b}\n")],
        );
        let severities =
            ["error", "warning", "note"].map(|severity| said.matches(&format!(": {severity}[undeclared")).count());
        (code, severities, said)
    };
    for (args, code, severities) in [
        (&["in/a.yaml"][..], 0, [0, 7, 0]),
        (&["in"], 0, [0, 0, 7]),
        (&["in/a.yaml", "in/b.yaml"], 0, [0, 0, 7]),
        (&["in/a.yaml", "--closed"], 1, [7, 0, 0]),
        (&["in", "--closed"], 1, [7, 0, 0]),
        (&["in/a.yaml", "--partial"], 0, [0, 0, 0]),
        (&["in", "--partial"], 0, [0, 0, 0]),
    ] {
        let (found, counts, said) = told(args);
        assert_eq!((found, counts), (Some(code), severities), "{args:?}\n{said}");
        if code == 1 {
            NAMED.iter().for_each(|named| assert!(said.contains(&format!("no {named} is among the inputs")), "{said}"));
        }
    }
    assert_eq!(told(&["in", "--closed", "--partial"]).0, Some(2));
}

#[test]
fn what_is_among_the_inputs_is_not_missed() {
    let object = |version: &str, kind: &str, name: &str, rest: &str| {
        let namespace = if kind.ends_with("Class") { "" } else { ", namespace: shop" };
        format!("---\napiVersion: {version}\nkind: {kind}\nmetadata: {{name: {name}{namespace}}}\n{rest}")
    };
    let all = [
        object("v1", "ServiceAccount", "runner", ""),
        object("scheduling.k8s.io/v1", "PriorityClass", "high", "value: 5\n"),
        object("v1", "Secret", "login", ""),
        object("v1", "ConfigMap", "conf", ""),
        object("v1", "Secret", "db", "stringData: {password: x}\n"),
        object(
            "v1",
            "PersistentVolumeClaim",
            "data",
            "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n",
        ),
        object("external-secrets.io/v1", "ExternalSecret", "part", "spec: {}\n"),
    ];
    let whole = NAMING.to_owned() + &all.concat();
    let (code, said) = check(&["a.yaml", "--closed"], &[("a.yaml", &whole)]);
    assert_eq!((code, said.contains("undeclared")), (Some(0), false), "{said}");
    // Each is missed where it alone is taken out.
    for (number, named) in NAMED.iter().enumerate() {
        let others: String =
            all.iter().enumerate().filter(|(at, _)| *at != number).map(|(_, text)| text.as_str()).collect();
        let (_, said) = check(&["a.yaml", "--closed"], &[("a.yaml", &(NAMING.to_owned() + &others))]);
        assert_eq!(said.matches("error[").count(), 1, "{said}");
        assert!(said.contains(&format!("no {named} is among the inputs")), "{said}");
    }
    // A key of a Secret that is there, and one that is asked for in another namespace.
    let (_, said) = check(&["a.yaml"], &[("a.yaml", &whole.replace("{password: x}", "{pass: x}"))]);
    assert!(said.contains("warning[undeclared-reference]: the Secret `db` has no key `password`"), "{said}");
    let moved = whole.replace("name: db, namespace: shop", "name: db, namespace: data");
    let bench = Bench::with(&[("a.yaml", &moved)]);
    let (_, said, _) = bench.said(&["check", "a.yaml"]);
    assert!(said.contains("there is one in the namespace `data`, and none in `shop`"), "{said}");
}

#[test]
fn kustomizations_make_some_of_it() {
    let kustomization = "resources: [a.yaml]\nconfigMapGenerator: [{name: conf, literals: [a=b]}]\n\
                         secretGenerator: [{name: db, literals: [password=x]}, {name: part}]\n";
    let (code, said) = check(&["in"], &[("in/a.yaml", NAMING), ("in/kustomization.yaml", kustomization)]);
    assert_eq!((code, said.matches("note[undeclared").count()), (Some(0), 4), "{said}");
}

#[test]
fn bindings_webhooks_and_ingresses_name_objects() {
    let binding = "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: a, namespace: \
                   shop}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: KIND, name: NAME}\nsubjects:\n- {kind: \
                   ServiceAccount, name: runner, namespace: jobs}\n- {kind: ServiceAccount, name: default}\n- {kind: \
                   Group, name: all, apiGroup: rbac.authorization.k8s.io}\n";
    for (kind, name, is_there) in
        [("ClusterRole", "view", true), ("ClusterRole", "runner", false), ("Role", "runner", false)]
    {
        let (_, said) = check(&["a.yaml"], &[("a.yaml", &binding.replace("KIND", kind).replace("NAME", name))]);
        assert!(
            said.contains("warning[undeclared-reference]: no ServiceAccount `runner` is among the inputs"),
            "{said}"
        );
        assert_eq!(said.contains(&format!("no {kind} `{name}` is among the inputs")), !is_there, "{said}");
        assert_eq!(said.matches("warning[").count(), 1 + usize::from(!is_there), "{said}");
    }
    let ingress = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a, annotations: {NOTE}}\nspec:\n  \
                   tls: [{hosts: [a.example.com], secretName: cert}]\n  defaultBackend: {service: {name: web, port: \
                   {number: 80}}}\n";
    let (_, said) = check(&["a.yaml"], &[("a.yaml", &ingress.replace("NOTE", "a: b"))]);
    assert!(said.contains("no Secret `cert` is among") && said.contains("no Service `web` is among"), "{said}");
    let issued = ingress.replace("NOTE", "cert-manager.io/cluster-issuer: a");
    let (_, said) = check(&["a.yaml"], &[("a.yaml", &issued)]);
    assert!(!said.contains("no Secret") && said.contains("no Service `web` is among"), "{said}");
}

#[test]
fn two_of_a_thing_that_there_is_once_are_told() {
    let service = |name: &str, port: u32| {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{type: NodePort, ports: [{{port: 80, nodePort: {port}}}]}}\n---\n"
        )
    };
    let (code, said) = check(&["a.yaml"], &[("a.yaml", &(service("a", 30000) + &service("b", 30001)))]);
    assert_eq!((code, said.contains("duplicate-value")), (Some(0), false), "{said}");
    let (code, said) = check(&["a.yaml"], &[("a.yaml", &(service("a", 30000) + &service("b", 30000)))]);
    assert!(code == Some(1) && said.contains("two Services want the port `30000` of all nodes"), "{said}");
    let scaler = |name: &str, target: &str| {
        format!(
            "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: {name}}}\nspec: {{maxReplicas: 3, scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: {target}}}}}\n---\n"
        )
    };
    for (target, is_told) in [("web", true), ("api", false)] {
        let both = scaler("a", "web") + &scaler("b", target);
        let (_, said) = check(&["a.yaml", "--partial"], &[("a.yaml", &both)]);
        assert_eq!(said.contains("two autoscalers scale the Deployment `web`"), is_told, "{said}");
    }
    let set = |volume: &str| {
        format!(
            "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: db}}\nspec:\n  selector: {{matchLabels: {{a: b}}}}\n  template:\n    metadata: {{labels: {{a: b}}}}\n    spec:\n      containers: [{{name: a, image: 'a:1', resources: {{limits: {{memory: 1Gi}}}}, volumeMounts: [{{name: data, mountPath: /data}}]}}]\n      volumes: [{{name: {volume}, emptyDir: {{}}}}]\n  volumeClaimTemplates: [{{metadata: {{name: data}}, spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}}}}}]\n"
        )
    };
    for (volume, is_told) in [("data", true), ("other", false)] {
        let (_, said) = check(&["a.yaml"], &[("a.yaml", &set(volume))]);
        assert_eq!(said.contains("the pods get the claim `data` in place of the volume"), is_told, "{said}");
    }
}

#[test]
fn thousands_of_instances_are_held_together_in_the_time_of_their_number() {
    let workload = format!(
        "    service: {{ports: {{http: {{port: 80, targetPort: htpp}}}}}}\n    disruption: {{minAvailable: 1}}\n    \
         mounts: {{/data: {{claim: data}}}}\n    matrix: {{x: {{from: 1, to: {}}}}}\n",
        size(4_000)
    );
    let (code, said) = check(&["a.yaml"], &[("a.yaml", &spec(&workload, "claims:\n  data: {size: 1Gi}\n"))]);
    assert_eq!((code, said.lines().filter(|line| line.starts_with("a.yaml:")).count()), (Some(1), 3), "{said}");
    assert_eq!(said.matches(" objects)").count(), 2, "{said}");
}
