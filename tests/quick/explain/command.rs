//! `fanfold explain`, as a user calls it.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

use crate::support::golden;

const SPEC: &str = r#"apiVersion: fanfold.dev/v1
kind: Batch
metadata: {name: shop, namespace: shop}
defaults:
  imagePullPolicy: IfNotPresent
templates:
  probed:
    livenessProbe: {httpGet: /livez}
secrets:
  db: {external: true}
workloads:
  web:
    kind: Deployment
    use: [probed]
    matrix: {region: [eu, us]}
    overrides:
    - match: {region: eu}
      replicas: 5
    image: nginx:1.27
    ports: {http: 80}
    env: {REGION: "{{ matrix.region }}", PASSWORD: {secret: db/password}}
  db:
    kind: StatefulSet
    image: postgres:17
    replicas: 9
    ordinals: {start: 3}
    ports: {pg: 5432}
    service: headless
profiles:
  prod: {workloads: {web: {minReadySeconds: 5}}}
"#;

/// Returns the exit code and all that is printed.
fn explain(args: &[&str]) -> String {
    let folder = TempDir::new().expect("there is a folder for temporary files");
    fs::write(folder.path().join("shop.yaml"), SPEC).expect("the spec is written");
    let run = Command::new(env!("CARGO_BIN_EXE_fanfold"))
        .arg("explain")
        .args(args)
        .current_dir(folder.path())
        .env("NO_COLOR", "1")
        .env_remove("FANFOLD_KUBERNETES_VERSION")
        .output()
        .expect("the program runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!(
        "$ fanfold explain {}\n{}{}exit {}\n",
        args.join(" "),
        text(&run.stdout),
        text(&run.stderr),
        run.status.code().unwrap_or(-1)
    )
}

#[track_caller]
fn snapshot(name: &str, calls: &[&[&str]]) {
    let shown: Vec<String> = calls.iter().map(|args| explain(args)).collect();
    golden::snapshot("explain/command", name, &shown.join("\n"));
}

#[test]
fn codes_are_listed_and_explained() {
    snapshot("codes", &[&[], &["empty-matrix"]]);
}

#[test]
fn fields_say_where_they_go() {
    snapshot(
        "fields",
        &[
            &["Deployment.replicas"],
            &["CronJob.jobTemplate"],
            &["CronJob.backoffLimit"],
            &["Deployment.spec.strategy.rollingUpdate.maxSurge"],
            &["imagePullPolicy"],
            &["securityContext"],
            &["pod.securityContext.fsGroup"],
            &["Service.spec.ports.protocol"],
            &["resizePolicy"],
            &["schedulingGroup"],
            &["CronJob"],
        ],
    );
}

#[test]
fn own_keys_show_their_forms() {
    snapshot("keys", &[&["mounts"], &["patch"], &["params"], &["ports"], &["StatefulSet.update"]]);
}

#[test]
fn unknown_words_are_near_others() {
    snapshot(
        "unknown",
        &[
            &["replcas"],
            &["Deployment.strategy.rollingUpdate.maxSurg"],
            &["emptymatrix"],
            &["frobnicate"],
            &["Deployment/web"],
            &["Deployment/web-asia", "shop.yaml"],
            &["--kubernetes-version", "1.34", "schedulingGroup"],
        ],
    );
}

#[test]
fn objects_say_where_they_come_from() {
    snapshot(
        "objects",
        &[
            &["Deployment/web-eu", "shop.yaml", "-p", "prod"],
            &["statefulset/shop/db", "shop.yaml"],
            &["web-us", "shop.yaml"],
        ],
    );
}
