//! Advice of `check`, fields behind feature gates, and the rule set `ha`.

use crate::bench::{Bench, stderr, stdout};

/// A Deployment with fields of its spec, of its pods, and of its container.
fn deployment(spec: &str, pod: &str, container: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  {spec}\n  selector: {{matchLabels: {{app: web}}}}\n  \
         template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n      {pod}\n      containers:\n      - name: web\n        {container}\n"
    )
}

fn said(files: &[(&str, &str)], args: &[&str]) -> String {
    let output = Bench::with(files).run(args);
    format!("{}{}", stdout(&output), stderr(&output))
}

#[test]
fn what_holds_for_all_of_a_run_is_told_once_with_the_places() {
    let web = deployment("replicas: 1", "", "image: nginx");
    let other = web.replace("web", "other");
    let third = web.replace("web", "third");
    let files = [("a.yaml", web.as_str()), ("b.yaml", &other), ("c.yaml", &third)];
    let told = said(&files, &["check", "a.yaml", "b.yaml", "c.yaml"]);
    for (code, count) in [("image-tag", 1), ("no-memory-limit", 1)] {
        assert_eq!(told.matches(&format!("[{code}]")).count(), count, "{told}");
    }
    assert!(told.contains("and 2 more like it: b.yaml:13, c.yaml:13"), "{told}");
    assert!(told.contains("6 warnings"), "{told}");
    let quiet = said(&files, &["check", "a.yaml", "--allow", "image-tag", "--allow", "no-memory-limit"]);
    assert!(!quiet.contains("warning"), "{quiet}");
}

#[test]
fn advice_is_for_what_it_is_true_of() {
    let job = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: load, annotations: {helm.sh/hook: pre-install}}\nspec:\n  template:\n    spec:\n      \
               restartPolicy: Never\n      containers: [{name: load, image: \"loader:2\", resources: {limits: {memory: 1Gi}}}]\n";
    for (text, code) in [
        (deployment("replicas: 1", "resources: {limits: {memory: 1Gi}}", "image: nginx:1.27"), None),
        (deployment("replicas: 1", "", "image: registry:5000/nginx"), Some("image-tag")),
        (deployment("replicas: 1", "resources: {limits: {memory: 1Gi}}", "image: nginx:latest"), Some("image-tag")),
        (deployment("replicas: 1", "resources: {limits: {memory: 1Gi}}", "image: 'nginx:${TAG}'"), None),
        (deployment("replicas: 1", "resources: {limits: {memory: 1Gi}}", "image: nginx@sha256:5f7e"), None),
        (job.to_owned(), None),
        (job.replace("helm.sh/hook", "example.com/hooks"), Some("no-ttl")),
    ] {
        let told = said(&[("a.yaml", &text)], &["check", "a.yaml"]);
        match code {
            Some(code) => assert!(told.contains(code), "{text}{told}"),
            None => assert!(!told.contains("warning"), "{text}{told}"),
        }
    }
}

#[test]
fn a_comment_says_why_advice_is_not_taken() {
    let text = deployment(
        "replicas: 1",
        "resources: {limits: {memory: 1Gi}}",
        "image: nginx # fanfold: allow(image-tag) a demo",
    );
    let told = said(&[("a.yaml", &text)], &["check", "a.yaml"]);
    assert!(!told.contains("warning"), "{told}");
}

#[test]
fn replicas_beside_an_autoscaler_are_told() {
    let scaler = "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec:\n  maxReplicas: 4\n  \
                  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n";
    let text = deployment("replicas: 3", "resources: {limits: {memory: 1Gi}}", "image: nginx:1.27") + scaler;
    assert!(said(&[("a.yaml", &text)], &["check", "a.yaml"]).contains("autoscaled-replicas"));
    let text = text.replace("replicas: 3", "minReadySeconds: 3");
    assert!(!said(&[("a.yaml", &text)], &["check", "a.yaml"]).contains("autoscaled-replicas"));
}

#[test]
fn a_field_behind_a_gate_is_told_until_the_gate_is_on() {
    let text = deployment(
        "replicas: 1",
        "hostnameOverride: web.example",
        "image: nginx:1.27\n        resources: {limits: {memory: 1Gi}}",
    );
    let told = said(&[("a.yaml", &text)], &["check", "a.yaml", "--kubernetes-version", "1.34"]);
    let words =
        "a server of 1.34 drops `hostnameOverride` in silence: its feature gate `HostnameOverride` is off until 1.35";
    assert!(told.contains(words) && told.contains("a.yaml:10"), "{told}");
    let on = ["check", "a.yaml", "--kubernetes-version", "1.34", "--feature-gates", "HostnameOverride=true"];
    assert!(!said(&[("a.yaml", &text)], &on).contains("field-gated"));
    assert!(!said(&[("a.yaml", &text)], &["check", "a.yaml"]).contains("field-gated"));
    let off = ["check", "a.yaml", "--kubernetes-version", "1.35", "--feature-gates", "HostnameOverride=false"];
    assert!(said(&[("a.yaml", &text)], &off).contains("field-gated"));
    let typo = ["check", "a.yaml", "--feature-gates", "HostnameOveride=true"];
    assert!(said(&[("a.yaml", &text)], &typo).contains("did you mean `HostnameOverride`?"));
    let strange = ["check", "a.yaml", "--feature-gates", "HostnameOverride"];
    assert!(said(&[("a.yaml", &text)], &strange).contains("expected `--feature-gates NAME=true`"));
}

#[test]
fn high_availability_asks_for_what_outlives_a_node() {
    const BUDGET: &str = "---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: web}\nspec:\n  maxUnavailable: 1\n  \
                          selector: {matchLabels: {app: web}}\n";
    let spread = "affinity: {podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, podAffinityTerm: \
                  {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: web}}}}]}}";
    let ready =
        "image: nginx:1.27\n        ports: [{containerPort: 80}]\n        readinessProbe: {tcpSocket: {port: 80}}";
    let sound = deployment("replicas: 3", spread, ready) + BUDGET;
    let args = ["check", "a.yaml", "--rules", "ha"];
    let told = said(&[("a.yaml", &sound)], &args);
    assert!(!told.contains("high-availability"), "{told}");
    for (from, to, words) in [
        ("replicas: 3", "replicas: 1", "one pod is all there is"),
        ("replicas: 3", "minReadySeconds: 3", "one pod is all there is"),
        ("app: web}}\n", "app: shop}}\n", "no PodDisruptionBudget"),
        ("podAntiAffinity", "podAffinity", "nothing spreads the pods"),
        ("readinessProbe", "startupProbe", "no readiness probe"),
        ("replicas: 3", "replicas: 3\n  strategy: {type: Recreate}", "ends all pods before"),
        ("replicas: 3", "replicas: 3\n  strategy: {rollingUpdate: {maxUnavailable: 100%}}", "may end all pods at once"),
        ("maxUnavailable: 1", "maxUnavailable: 0", "lets no pod go"),
        ("maxUnavailable: 1", "minAvailable: 3", "lets no pod go"),
        ("maxUnavailable: 1", "maxUnavailable: 100%", "keeps no pod"),
    ] {
        let at = if from == "app: web}}\n" { sound.rfind(from) } else { sound.find(from) }.expect("it is there");
        let text = format!("{}{to}{}", &sound[..at], &sound[at + from.len()..]);
        let told = said(&[("a.yaml", &text)], &args);
        assert!(told.contains(words) && told.matches("[high-availability]").count() == 1, "{to}: {told}");
        assert!(!said(&[("a.yaml", &text)], &["check", "a.yaml"]).contains("high-availability"), "{to}");
    }
    // One that is replaced as a whole may be alone.
    let alone = sound.replace("replicas: 3", "replicas: 1\n  strategy: {type: Recreate}");
    assert!(!said(&[("a.yaml", &alone)], &args).contains("high-availability"));
}

#[test]
fn a_batch_asks_for_rule_sets_itself() {
    let spec = |rules: &str| {
        format!(
            "apiVersion: fanfold.dev/v1\nkind: Batch\nmetadata: {{name: shop}}\nrules: {rules}\nworkloads:\n  web:\n    kind: Deployment\n    \
             replicas: 1\n    image: nginx:1.27\n    resources: {{limits: {{memory: 1Gi}}}}\n"
        )
    };
    for (rules, words) in [
        ("[ha]", "one pod is all there is"),
        ("ha", "one pod is all there is"),
        ("[pss=restricted, ha]", "asks for `runAsNonRoot`"),
        ("[pss=restrcited]", "did you mean `pss=restricted`?"),
        ("[ha@1.34]", "has no versions"),
    ] {
        let told = said(&[("a.yaml", &spec(rules))], &["build", "a.yaml"]);
        assert!(told.contains(words) && told.contains("a.yaml:"), "{rules}: {told}");
    }
    let autoscaled = spec("[ha]").replace("replicas: 1", "autoscale: {min: 1, max: 4, cpu: 80%}");
    let told = said(&[("a.yaml", &autoscaled)], &["build", "a.yaml"]);
    assert!(told.contains("one pod is all there is") && told.contains("a.yaml:8"), "{told}");
}

#[test]
fn the_specs_of_the_repository_take_all_advice() {
    let specs = concat!(env!("CARGO_MANIFEST_DIR"), "/specs");
    for entry in std::fs::read_dir(specs).expect("there are specs") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let path = path.to_str().expect("a name in UTF-8");
            let told = said(&[], &["check", path]);
            assert!(!told.contains("warning["), "{told}");
        }
    }
}
