//! Inside Helm 3 and Helm 4: as a chart, and as a post-renderer of somebody else's.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use super::programs::helm_of;
use crate::controlplane::{ControlPlane, User};
use crate::place::{Place, SHOP, objects, ok, one, refused, sorted, stdout};

const DEPLOYMENT: &str = "\
# The shop.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-web   # kept where nothing changes
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: nginx}
";
const SERVICE: &str = "\
apiVersion: v1
kind: Service
metadata: {name: {{ .Release.Name }}-web}
spec: {selector: {app: web}, ports: [{port: 80}]}   # as it was
";
const HOOK: &str = "\
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}-check
  annotations: {helm.sh/hook: post-install, helm.sh/hook-weight: '5'}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: check, image: busybox}]}}}
";
const OURS: &str = "\
apiVersion: fanfold.dev/v1
kind: Batch
metadata: {name: ours}
params: {replicas: 2}
patch:
  Deployment/r-web:
    spec:
      replicas: '{{ params.replicas }}'
      template: {spec: {containers: [{name: web, resources: {limits: {memory: 64Mi}}}]}}
";

/// Writes a chart of somebody else's, whose release is `r`.
fn chart(place: &Place) {
    place.write("chart/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 0.1.0\n");
    place.write("chart/templates/deployment.yaml", DEPLOYMENT);
    place.write("chart/templates/service.yaml", SERVICE);
    place.write("chart/templates/hook.yaml", HOOK);
    place.write("ours.yaml", OURS);
}

/// Renders the chart through Fanfold as each Helm calls it.
fn rendered(place: &Place, major: u8, arguments: &[&str]) -> Output {
    let mut words = vec!["template", "r", "chart", "--post-renderer", "fanfold"];
    if major == 3 {
        words.extend(["--post-renderer-args", "post-render"]);
    } else if !place.path("home/.local/share/helm/plugins").exists() {
        let plugin = "\
apiVersion: v1
type: postrenderer/v1
name: fanfold
version: 1.0.0
runtime: subprocess
runtimeConfig:
  platformCommand:
  - command: fanfold
    args: [post-render, --log, '${HELM_PLUGIN_DIR}/last.log']
";
        place.write("plugin/plugin.yaml", plugin);
        ok(&place.run(helm_of(4), &["plugin", "install", "plugin"], ""));
    }
    for argument in arguments {
        words.extend(["--post-renderer-args", argument]);
    }
    place.run(helm_of(major), &words, "")
}

#[test]
fn helm_says_its_version() {
    needs!(HELM);
    let place = Place::new();
    for (major, version) in [(3, "v3.22.0"), (4, "v4.3.1")] {
        assert!(ok(&place.run(helm_of(major), &["version"], "")).contains(version));
    }
}

#[test]
fn a_chart_renders_to_what_was_built_and_installs() {
    needs!(HELM, CONTROL_PLANE);
    let place = Place::new();
    let plane = ControlPlane::shared();
    let specs = Path::new(env!("CARGO_MANIFEST_DIR")).join("specs");
    for spec in ["shop", "volumes", "companions"] {
        let path = specs.join(format!("{spec}.yaml"));
        let path = path.to_str().unwrap();
        let build = ["build", path, "--layout=helm", "-o", spec, "--secrets=include"];
        assert!(place.fanfold(&build, "").status.success());
        let built = sorted(&ok(&place.fanfold(&["build", path], "")));
        for major in [3, 4] {
            let templated = ok(&place.run(helm_of(major), &["template", "r", spec, "--include-crds"], ""));
            assert_eq!(sorted(&templated), built, "{spec} by Helm {major}");
            ok(&place.run(helm_of(major), &["lint", spec], ""));
            let checked = place.fanfold(&["check", "-"], &templated);
            assert!(checked.status.success(), "{}", stdout(&checked));
        }
    }
    place.write("small.yaml", SHOP);
    assert!(place.fanfold(&["build", "small.yaml", "--layout=helm", "-o", "small"], "").status.success());
    let namespace = plane.namespace();
    let kubeconfig = plane.kubeconfig(User::Admin);
    for major in [3, 4] {
        let install = |more: &[&str]| {
            let release = format!("r{major}");
            let mut words = vec!["install", &release, "small", "--namespace", &namespace];
            words.extend(["--kubeconfig", kubeconfig.to_str().unwrap()]);
            words.extend(more);
            ok(&place.run(helm_of(major), &words, ""))
        };
        let tried = install(&["--dry-run=server"]);
        assert!(tried.contains("STATUS: pending-install") && tried.contains("web-eu"), "{tried}");
    }
}

#[test]
fn what_no_patch_is_for_comes_back_byte_by_byte() {
    needs!(HELM);
    let place = Place::new();
    chart(&place);
    let raw = ok(&place.run(helm_of(3), &["template", "r", "chart"], ""));
    assert_eq!(ok(&place.fanfold(&["post-render"], &raw)), raw);
    let patched = ok(&place.fanfold(&["post-render", "--spec=ours.yaml"], &raw));
    assert!(
        patched.contains("---\n# Source: shop/templates/deployment.yaml\n# The shop.\napiVersion: apps/v1\n"),
        "{patched}"
    );
    assert!(patched.contains("ports: [{port: 80}]}   # as it was\n"), "{patched}");
    let sources = |text: &str| -> Vec<String> {
        text.lines().filter(|line| line.starts_with("# Source: ")).map(str::to_owned).collect()
    };
    assert_eq!(sources(&patched), sources(&raw));
}

#[test]
fn each_helm_renders_through_it() {
    needs!(HELM);
    let place = Place::new();
    chart(&place);
    for major in [3, 4] {
        let plain = ok(&place.run(helm_of(major), &["template", "r", "chart"], ""));
        let patched = ok(&rendered(&place, major, &["--spec=ours.yaml", "--set=replicas=5"]));
        let mut expected = sorted(&plain);
        for (_, object) in expected.iter_mut().filter(|(_, object)| object["kind"] == "Deployment") {
            object["spec"]["replicas"] = 5.into();
            let container = &mut object["spec"]["template"]["spec"]["containers"][0];
            container["resources"] = serde_json::json!({"limits": {"memory": "64Mi"}});
        }
        assert_eq!(sorted(&patched), expected, "Helm {major}");
        // With its file each document keeps its place, and a hook stays one.
        let sources: Vec<&str> = patched.lines().filter_map(|line| line.strip_prefix("# Source: ")).collect();
        let templates = ["service", "deployment", "hook"].map(|name| format!("shop/templates/{name}.yaml"));
        assert_eq!(sources, templates, "Helm {major}");
        assert!(!patched.contains("postrenderer.helm.sh"));
    }
}

#[test]
fn a_release_is_installed_through_it() {
    needs!(HELM, CONTROL_PLANE);
    let place = Place::new();
    chart(&place);
    fs::remove_file(place.path("chart/templates/hook.yaml")).expect("no controller would end the job");
    let plane = ControlPlane::shared();
    ok(&rendered(&place, 4, &[]));
    for major in [3, 4] {
        let namespace = plane.namespace();
        let kubeconfig = plane.kubeconfig(User::Admin);
        let mut words = vec!["install", "r", "chart", "--namespace", &namespace, "--kubeconfig"];
        words.extend([kubeconfig.to_str().unwrap(), "--post-renderer", "fanfold"]);
        if major == 3 {
            words.extend(["--post-renderer-args", "post-render"]);
        }
        words.extend(["--post-renderer-args", "--spec=ours.yaml"]);
        ok(&place.run(helm_of(major), &words, ""));
        let live: Value = plane.get_json(&format!("/apis/apps/v1/namespaces/{namespace}/deployments/r-web"));
        assert_eq!(live["spec"]["replicas"], 2, "Helm {major}");
        assert!(!live.to_string().contains("postrenderer.helm.sh"));
    }
}

#[test]
fn a_spec_adds_what_it_makes_and_must_not_make_what_is_there() {
    needs!(HELM);
    let place = Place::new();
    chart(&place);
    let with = |workload: &str| {
        place.write("ours.yaml", &format!("{OURS}workloads:\n  {workload}: {{kind: Deployment, image: nginx}}\n"));
        rendered(&place, 4, &["--spec=ours.yaml"])
    };
    let added = objects(&ok(&with("side")));
    one(&added, "Deployment", "side");
    one(&added, "Deployment", "r-web");
    refused(&with("r-web"));
    let log = place.read("plugin/last.log");
    assert!(log.contains("`Deployment r-web` is rendered already"), "{log}");
    assert!(log.contains("rendered from") || log.contains("ours.yaml:"), "{log}");
}

#[test]
fn what_a_chart_gets_wrong_fails_the_release_with_its_template() {
    needs!(HELM);
    let place = Place::new();
    chart(&place);
    place.write("chart/templates/deployment.yaml", &DEPLOYMENT.replace("spec:\n  sel", "spec:\n  replcas: 3\n  sel"));
    let said = refused(&rendered(&place, 3, &[]));
    let expected = ["`DeploymentSpec` has no field `replcas`", "rendered from `shop/templates/deployment.yaml`"];
    assert!(expected.iter().all(|part| said.contains(part)), "{said}");
    // Helm 4 shows nothing of what a post-renderer says.
    let said = refused(&rendered(&place, 4, &[]));
    assert!(!said.contains("replcas"), "Helm shows it now, and the log is no longer needed: {said}");
    let log = place.read("plugin/last.log");
    assert!(expected.iter().all(|part| log.contains(part)), "{log}");
    // What mends it leaves nothing to say.
    let ours = OURS.replace("      replicas:", "      replcas: null\n      replicas:");
    place.write("ours.yaml", &ours);
    ok(&rendered(&place, 4, &["--spec=ours.yaml"]));
    assert_eq!(place.read("plugin/last.log"), "");
}

#[test]
fn a_wrong_word_is_in_the_log_too() {
    needs!(HELM);
    let place = Place::new();
    chart(&place);
    refused(&rendered(&place, 4, &["--spec=ours.yaml", "--set=replicas"]));
    assert!(place.read("plugin/last.log").contains("expected `--set NAME=VALUE`"));
    refused(&rendered(&place, 4, &["--spec=none.yaml"]));
    assert!(place.read("plugin/last.log").contains("cannot read `none.yaml`"));
}

#[test]
fn hooks_may_have_the_names_of_others() {
    needs!(HELM);
    let place = Place::new();
    chart(&place);
    place.write(
        "chart/templates/job.yaml",
        &HOOK.replace("  annotations: {helm.sh/hook: post-install, helm.sh/hook-weight: '5'}\n", ""),
    );
    ok(&rendered(&place, 4, &[]));
}
