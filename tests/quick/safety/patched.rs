//! What a patch leaves is identified and checked anew, as if it had been written so, with the finding at the patch.

use std::io::Write as _;
use std::process::Stdio;

use crate::bench::{Bench, stderr, stdout};

const SPEC: &str = "\
apiVersion: fanfold.dev/v1
kind: Batch
metadata: {name: a}
workloads:
  w:
    kind: Deployment
    replicas: 2
    image: nginx
  x:
    kind: Deployment
    image: nginx
PATCH
";

/// Patches, the code of what is found, and what its message says.
const CASES: &[(&str, &str, &str)] = &[
    ("patchJSON6902: {Deployment: [{op: remove, path: /kind}]}", "missing-field", "missing field `kind`"),
    ("patchJSON6902: {Deployment: [{op: remove, path: /apiVersion}]}", "missing-field", "missing field `apiVersion`"),
    ("patchJSON6902: {Deployment: [{op: remove, path: /metadata}]}", "missing-field", "missing field `metadata.name`"),
    (
        "patchJSON6902: {Deployment: [{op: remove, path: /metadata/name}]}",
        "missing-field",
        "missing field `metadata.name`",
    ),
    ("patchJSON6902: {Deployment: [{op: replace, path: '', value: [1]}]}", "not-a-mapping", "expected an object"),
    ("patchJSON6902: {Deployment: [{op: replace, path: /kind, value: Deploymnet}]}", "unknown-kind", "`Deploymnet`"),
    (
        "patchJSON6902: {Deployment: [{op: replace, path: /kind, value: [1]}]}",
        "wrong-type",
        "expected a string as `kind`",
    ),
    (
        "patchJSON6902: {Deployment: [{op: replace, path: /kind, value: DaemonSet}]}",
        "unknown-field",
        "no field `replicas`",
    ),
    (
        "patchJSON6902: {Deployment: [{op: replace, path: /apiVersion, value: apps/v1beta1}]}",
        "removed-api",
        "apps/v1beta1",
    ),
    ("patch: {Deployment: {kind: null}}", "missing-field", "missing field `kind`"),
    ("patch: {Deployment: {apiVersion: null}}", "missing-field", "missing field `apiVersion`"),
    ("patch: {Deployment: {metadata: null}}", "missing-field", "missing field `metadata.name`"),
    ("patch: {Deployment: {metadata: {name: A_B}}}", "invalid-name", "`A_B` is no name"),
    ("patch: {Deployment: {metadata: {name: same}}}", "duplicate-object", "`Deployment same` is made twice"),
    ("patchJSON6902: {Deployment: [{op: replace, path: /metadata/name, value: ''}]}", "invalid-name", "an empty text"),
    (
        "patch: {Deployment: {spec: {template: {metadata: {labels: {a: other, app.kubernetes.io/name: other}}}}}}",
        "selector-conflict",
        "and theirs is another",
    ),
    (
        "patchJSON6902: {Deployment: [{op: replace, path: /spec/selector, value: {matchLabels: {x: y}}}]}",
        "selector-conflict",
        "the selector asks for pods with `x: y`, and they have no such label",
    ),
    ("patch: {Deployment: {spec: {replicas: many}}}", "wrong-type", "expected an integer"),
    ("patch: {Deployment: {spec: {template: null}}}", "missing-field", "`template`"),
];

fn post_render(bench: &Bench, rendered: &str) -> (Option<i32>, String, String) {
    let mut command = bench.command(&["post-render", "--spec", "patch.yaml"]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    child.stdin.take().expect("a pipe").write_all(rendered.as_bytes()).expect("it is read");
    let output = child.wait_with_output().expect("it ends");
    (output.status.code(), stderr(&output), stdout(&output))
}

#[test]
fn specs_are_checked_as_their_patches_leave_them() {
    for (patch, code, message) in CASES {
        let bench =
            Bench::with(&[("spec.yaml", &SPEC.replace("PATCH", &patch.replace("replicas: many", "replicas: [1]")))]);
        let found = bench.fails(1, &["check", "spec.yaml", "--format", "short"]);
        let line = found.lines().find(|line| line.contains(code) && line.contains(message));
        let line = line.unwrap_or_else(|| panic!("{patch}: expected {code} with `{message}` in:\n{found}"));
        // What a type asks for, or does not know, is told where it stands.
        if *code != "duplicate-object" && !message.contains("replicas") && !message.contains("template") {
            assert!(line.starts_with("spec.yaml:12:"), "{patch}: the place is the patch: {line}");
        }
        let built = bench.run(&["build", "spec.yaml"]);
        assert_eq!((built.status.code(), stdout(&built).as_str()), (Some(1), ""), "{patch}");
        // The same within a workload.
        let inside = SPEC
            .replace("PATCH", "")
            .replace("    image: nginx\n  x:", &format!("    image: nginx\n    {patch}\n  x:"));
        if *code != "duplicate-object" {
            let bench = Bench::with(&[("spec.yaml", &inside.replace("replicas: many", "replicas: [1]"))]);
            let found = bench.fails(1, &["check", "spec.yaml", "--format", "short"]);
            assert!(found.contains(code) && found.contains(message), "{patch}: {found}");
        }
    }
}

#[test]
fn what_a_chart_rendered_is_checked_as_patches_leave_it() {
    let object = |name: &str| {
        format!(
            "---\n# Source: c/templates/{name}.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\n\
             spec:\n  replicas: 1\n  selector: {{matchLabels: {{a: b}}}}\n  template:\n    metadata: {{labels: {{a: b}}}}\n    \
             spec: {{containers: [{{name: c, image: i}}]}}\n"
        )
    };
    let rendered = object("w") + &object("x");
    for (patch, code, message) in CASES {
        let patch = patch.replace("replicas: many", "replicas: [1]");
        let spec = format!("apiVersion: fanfold.dev/v1\nkind: Batch\nmetadata: {{name: a}}\n{patch}\n");
        let bench = Bench::with(&[("patch.yaml", &spec)]);
        let (exit, found, out) = post_render(&bench, &rendered);
        assert_eq!((exit, out.as_str()), (Some(1), ""), "{patch}: {found}");
        assert!(found.contains(code), "{patch}: expected {code} with `{message}` in:\n{found}");
    }
}

#[test]
fn a_custom_resource_is_held_against_its_definition_again() {
    let definition = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Widget, plural: widgets, singular: widget, listKind: WidgetList}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties: {spec: {type: object, properties: {size: {type: integer}}}}
---
apiVersion: example.com/v1
kind: Widget
metadata: {name: w}
spec: {size: 1}
";
    let spec = |size: &str| {
        format!(
            "apiVersion: fanfold.dev/v1\nkind: Batch\nmetadata: {{name: a}}\npatch: {{Widget: {{spec: {{size: {size}}}}}}}\n"
        )
    };
    let bench = Bench::with(&[("patch.yaml", &spec("2"))]);
    let (exit, found, out) = post_render(&bench, definition);
    assert_eq!(exit, Some(0), "{found}");
    assert!(out.contains("size: 2"), "{out}");
    bench.write("patch.yaml", &spec("big"));
    let (exit, found, _) = post_render(&bench, definition);
    assert_eq!(exit, Some(1), "{found}");
    assert!(found.contains("custom-resource"), "{found}");
}

#[test]
fn the_order_of_keys_decides_nothing() {
    let spec = |patch: &str| SPEC.replace("PATCH", patch);
    let test = "patchJSON6902: {Deployment: [{op: test, path: /spec/selector, value: {matchLabels: LABELS}}, \
                {op: add, path: /spec/paused, value: true}]}";
    let bench = Bench::with(&[("spec.yaml", &spec(""))]);
    let plain = bench.ok(&["build", "spec.yaml"]);
    let labels: Vec<&str> = plain
        .lines()
        .skip_while(|line| !line.contains("matchLabels"))
        .skip(1)
        .take_while(|line| line.starts_with("      "))
        .map(str::trim)
        .collect();
    assert!(labels.len() > 1, "{plain}");
    let turned: Vec<&str> = labels.iter().rev().copied().collect();
    let only = test.replace("Deployment:", "Deployment/w:").replace("LABELS", &format!("{{{}}}", turned.join(", ")));
    bench.write("spec.yaml", &spec(&only));
    bench.ok(&["check", "spec.yaml"]);
    let same = format!("patch: {{Deployment/w: {{spec: {{selector: {{matchLabels: {{{}}}}}}}}}}}", turned.join(", "));
    bench.write("spec.yaml", &spec(&same));
    assert!(bench.fails(1, &["check", "spec.yaml"]).contains("changes nothing"));
}
