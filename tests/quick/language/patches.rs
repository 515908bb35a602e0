//! Patches of what another tool rendered, as Helm has them made.

use std::io::Write;
use std::process::{Command, Stdio};

/// Runs the post-renderer with patches of a batch over a manifest; returns what it writes and what it says.
fn patched(patches: &str, manifest: &str) -> (String, String) {
    patched_as("short", patches, manifest)
}

fn patched_as(format: &str, patches: &str, manifest: &str) -> (String, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let spec = format!("apiVersion: fanfold.dev/v1\nkind: Batch\nmetadata: {{name: ours}}\n{patches}");
    std::fs::write(folder.path().join("spec.yaml"), spec).expect("the spec is written");
    let mut child = Command::new(env!("CARGO_BIN_EXE_fanfold"))
        .args(["post-render", "--spec=spec.yaml", "--format", format])
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    child.stdin.take().expect("an input").write_all(manifest.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (text(output.stdout), text(output.stderr))
}

const SERVICE: &str = "apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports:
  - {name: http, port: 3000, protocol: TCP, targetPort: 3000}
  - {name: admin, port: 9000, protocol: TCP, targetPort: 9000}
";

#[test]
fn a_port_that_keeps_its_name_gets_another_number() {
    let (out, said) =
        patched("patch: {Service/web: {spec: {ports: [{name: http, port: 9080, targetPort: 9080}]}}}\n", SERVICE);
    assert_eq!(said, "");
    assert_eq!(out.matches("name: http").count(), 1, "{out}");
    assert!(out.contains("port: 9080") && !out.contains("3000") && out.contains("port: 9000"), "{out}");
    // A port of a new name is one more.
    let (out, said) = patched("patch: {Service/web: {spec: {ports: [{name: grpc, port: 9080}]}}}\n", SERVICE);
    assert_eq!((said.as_str(), out.matches("name: ").count()), ("", 4), "{out}");
}

const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - name: main
        image: registry.example/web:1.0
";

#[test]
fn nothing_is_added_below_what_is_not_there() {
    let add = "patchJSON6902:\n  Deployment/web:\n  - {op: add, path: /metadata/labels/team, value: a}\n";
    let (_, said) = patched(add, DEPLOYMENT);
    assert!(said.contains("spec.yaml:6:21: error[invalid-patch]: there is no `/metadata/labels` to add to"), "{said}");
    let annotations = "patchJSON6902:
  Deployment/web:
  - {op: add, path: /metadata/annotations, value: {a.example/b: c}}
  - {op: replace, path: /metadata/annotations/a.example~1b, value: d}
";
    let (out, said) = patched(annotations, DEPLOYMENT);
    assert_eq!(said, "");
    assert!(out.contains("a.example/b: d"), "{out}");
}

#[test]
fn a_slash_in_a_key_is_told_by_how_it_is_written() {
    let human = |operation: &str| {
        let add = "{op: add, path: /metadata/annotations, value: {a.example/b: c, x: y}}";
        let patches = format!("patchJSON6902:\n  Deployment/web:\n  - {add}\n  - {operation}\n");
        patched(&patches, DEPLOYMENT).1
    };
    for (operation, message) in [
        (
            "{op: replace, path: /metadata/annotations/a.example/b, value: e}",
            "nothing at `/metadata/annotations/a.example/b`",
        ),
        ("{op: remove, path: /metadata/annotations/a.example/b}", "nothing at `/metadata/annotations/a.example/b`"),
        (
            "{op: add, path: /metadata/annotations/other.org/c, value: e}",
            "no `/metadata/annotations/other.org` to add to",
        ),
    ] {
        let said = human(operation);
        assert!(said.contains("spec.yaml:7:") && said.contains(message), "{said}");
    }
}

#[test]
fn a_mount_is_known_by_its_path() {
    let pod = "apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  volumes: [{name: tmp, emptyDir: {}}]
  containers:
  - {name: main, image: 'web:1', volumeMounts: [{name: tmp, mountPath: /a}, {name: tmp, mountPath: /b}]}
";
    let mounts = "{name: tmp, mountPath: /c}, {mountPath: /a, readOnly: true}";
    let patch = format!("patch: {{Pod/web: {{spec: {{containers: [{{name: main, volumeMounts: [{mounts}]}}]}}}}}}\n");
    let (out, said) = patched(&patch, pod);
    assert_eq!(said, "");
    assert!(["/a", "/b", "/c"].iter().all(|path| out.matches(path).count() == 1) && out.contains("readOnly"), "{out}");
}

#[test]
fn what_is_not_there_is_added_first() {
    let manifest = DEPLOYMENT;
    let patch = "patchJSON6902: {Deployment/web: [{op: add, path: /metadata/labels/team, value: a}]}\n";
    let (_, said) = patched_as("human", patch, manifest);
    assert!(said.contains("there is no `/metadata/labels` to add to"), "{said}");
    assert!(said.contains("add `/metadata/labels` first") && !said.contains("~1team"), "{said}");
    let (out, said) = patched(
        "patchJSON6902:
  Deployment/web:
    - {op: add, path: /metadata/annotations, value: {a.example/b: c}}
    - {op: replace, path: /metadata/annotations/a.example/b, value: e}
",
        manifest,
    );
    assert!(said.contains("nothing at `/metadata/annotations/a.example/b`"), "{out}{said}");
}
