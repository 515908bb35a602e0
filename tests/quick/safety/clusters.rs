//! What a run on a cluster says and asks for: as little as tells all, and nothing that does not help.

use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::api::{Api, Reply, said};
use super::server::{MAP, ends};
use crate::bench::{Bench, stderr, stdout};

const SET: &str = "--applyset=s";

fn maps(count: usize) -> String {
    (0..count).map(|number| format!("---\n{}", MAP.replace("name: a", &format!("name: c-{number}")))).collect()
}

fn run(bench: &Bench, args: &[&str]) -> (Option<i32>, String, String) {
    let mut command = bench.command(args);
    let output = command.arg("--kubeconfig").arg(bench.path("kubeconfig")).stdin(Stdio::null()).output();
    let output = output.expect("the binary runs");
    (output.status.code(), stdout(&output), stderr(&output))
}

#[test]
fn of_many_objects_those_are_named_that_are_not_fine() {
    let api = Api::plain();
    let bench = api.bench(&[("few.yaml", &maps(3)), ("many.yaml", &maps(60))]);
    let (_, out, _) = run(&bench, &["apply", "few.yaml"]);
    assert!(out.contains("ConfigMap shop/c-2 created"), "{out}");
    let (code, out, _) = run(&bench, &["apply", "many.yaml"]);
    assert_eq!((code, out.lines().count()), (Some(0), 1), "{out}");
    assert!(
        out.starts_with("60 objects: 57 created, 3 unchanged") || out.starts_with("60 objects: 57 created"),
        "{out}"
    );

    let api = Api::start(|asked| match asked.method.as_str() {
        "PATCH" => said(422, "too odd"),
        _ => Reply::Usual,
    });
    let bench = api.bench(&[("many.yaml", &maps(60))]);
    let (code, out, _) = run(&bench, &["apply", "many.yaml"]);
    assert_eq!(code, Some(1));
    assert_eq!(out.lines().filter(|line| line.ends_with(" failed")).count(), 10, "{out}");
    assert!(out.contains("50 more failed: too odd") && out.contains("60 objects: 60 failed"), "{out}");
}

#[test]
fn an_error_of_the_server_is_said_once() {
    let api = Api::start(|asked| if asked.method == "PATCH" { said(422, "too odd") } else { Reply::Usual });
    let (code, out, err) = run(&api.bench(&[("a.yaml", MAP)]), &["apply", "a.yaml"]);
    assert_eq!((code, (out + &err).matches("too odd").count()), (Some(1), 1), "{err}");
}

#[test]
fn a_quiet_run_says_what_is_wrong_alone() {
    let api = Api::plain();
    let bench = api.bench(&[("a.yaml", &maps(3))]);
    assert_eq!(run(&bench, &["apply", "a.yaml", "--quiet", SET]), (Some(0), String::new(), String::new()));
    assert_eq!(run(&bench, &["delete", "a.yaml", "-q", SET]), (Some(0), String::new(), String::new()));
    let api = Api::start(|asked| if asked.path.ends_with("/c-1") { said(422, "too odd") } else { Reply::Usual });
    let bench = api.bench(&[("a.yaml", &maps(3))]);
    let (code, out, err) = run(&bench, &["apply", "a.yaml", "--quiet", "--applyset=s"]);
    assert_eq!((code, out.as_str()), (Some(3), ""), "it cannot even be read: {err}");
    let api = Api::start(|asked| match (asked.method.as_str(), asked.path.ends_with("/c-1")) {
        ("PATCH", true) => said(422, "too odd"),
        _ => Reply::Usual,
    });
    let (code, out, err) = run(&api.bench(&[("a.yaml", &maps(3))]), &["apply", "a.yaml", "--quiet"]);
    assert_eq!((code, out.as_str()), (Some(1), "ConfigMap shop/c-1 failed\n"));
    assert!(err.contains("error[refused-by-server]: too odd"), "{err}");
    let said = ends(&bench, &["apply", "a.yaml", "--quiet", "--format=json"], 2, &["`--quiet`"]);
    assert!(!said.contains("started"), "{said}");
}

const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: \"nginx:1.27\"}]}
";

#[test]
fn a_conflict_about_what_cannot_change_is_not_to_be_forced_alone() {
    for (field, words, not) in [
        (".spec.selector", "--force-conflicts --recreate Deployment=on-change", "take the field over"),
        (".spec.selector.matchLabels.app", "--force-conflicts --recreate Deployment=on-change", "take the field over"),
        (".spec.paused", "take the field over with `--force-conflicts`", "--recreate"),
    ] {
        let cause = json!({"reason": "FieldManagerConflict", "message": "conflict with \"other\"", "field": field});
        let body = json!({"kind": "Status", "apiVersion": "v1", "reason": "Conflict", "code": 409, "details": {"causes": [cause]}});
        let api = Api::start(move |asked| match asked.method.as_str() {
            "PATCH" => Reply::Whole(409, "application/json", body.to_string()),
            _ => Reply::Usual,
        });
        let said = ends(&api.bench(&[("a.yaml", DEPLOYMENT)]), &["apply", "a.yaml"], 1, &["managed by `other`", words]);
        assert!(!said.contains(not), "{said}");
    }
}

#[test]
fn the_set_of_others_is_called_by_its_name() {
    let api = Api::plain();
    let part = json!({"metadata": {"labels": {"applyset.kubernetes.io/part-of": "applyset-x-v1"}}});
    api.put("/api/v1/namespaces/shop/configmaps/a", &part);
    let bench = api.bench(&[("a.yaml", MAP)]);
    ends(&bench, &["apply", "a.yaml", SET], 1, &["belongs to the set `applyset-x-v1`, whose parent is not found"]);
    let parent = json!({"metadata": {"labels": {"applyset.kubernetes.io/id": "applyset-x-v1"}}});
    api.put("/api/v1/namespaces/tools/configmaps/theirs", &parent);
    ends(&bench, &["apply", "a.yaml", SET], 1, &["belongs to the set `theirs` (parent: ConfigMap `tools/theirs`)"]);
}

#[test]
fn the_ends_of_many_objects_are_watched_for_together() {
    let api = Api::plain();
    let bench = api.bench(&[("a.yaml", &maps(100))]);
    ends(&bench, &["apply", "a.yaml", SET], 0, &["100 created"]);
    let before = api.seen("GET").len();
    ends(&bench, &["delete", "a.yaml", SET], 0, &["100 deleted"]);
    let asked = api.seen("GET").len() - before;
    assert!(asked < 30, "{asked} requests to see 100 objects gone");
}

#[test]
fn images_go_where_pods_of_the_batch_go_and_into_its_own_namespace() {
    const NAMESPACE: &str = "/api/v1/namespaces/shop";
    let made = AtomicBool::new(false);
    let api = Api::start(move |asked| {
        let name = asked.path.rsplit('/').next().unwrap_or_default();
        match asked.method.as_str() {
            "PATCH" if asked.path == NAMESPACE => made.store(true, Ordering::SeqCst),
            "PATCH" if asked.path.contains("/daemonsets/") && !made.load(Ordering::SeqCst) => {
                return said(404, "namespaces \"shop\" not found");
            }
            "GET" if name.starts_with("fanfold-prepull") => {
                let metadata = json!({"name": name, "namespace": "shop", "uid": "1", "generation": 1});
                let status = json!({"observedGeneration": 1, "desiredNumberScheduled": 3});
                let set = json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata, "status": status});
                return Reply::Whole(200, "application/json", set.to_string());
            }
            "GET" if name == "pods" => {
                let label = asked.query.split("%3D").nth(1).unwrap_or_default().split('&').next();
                return Reply::Whole(200, "application/json", pods(label.unwrap_or_default()).to_string());
            }
            _ => {}
        }
        Reply::Usual
    });
    api.put("/api/v1/nodes/open", &json!({}));
    api.put("/api/v1/nodes/cordoned", &json!({"spec": {"unschedulable": true}}));
    api.put("/api/v1/nodes/full", &json!({}));
    let text = format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: shop}}\n---\n{DEPLOYMENT}");
    let bench = api.bench(&[("a.yaml", &text)]);
    let words = ["`Namespace shop` created", "1 image is on the 1 node that may need them", "2 objects"];
    ends(&bench, &["apply", "a.yaml", "--prepull", "--timeout=20s"], 0, &words);
}

/// Returns the pods of what pulls: one on a node, one on a node that is closed to others, one that no node takes.
fn pods(label: &str) -> Value {
    let spec = |node: &str| json!({"nodeName": node, "containers": [{"name": "image-0", "image": "nginx:1.27"}]});
    let pod = |name: &str, spec: Value, status: Value| {
        let metadata =
            json!({"name": name, "namespace": "shop", "uid": name, "labels": {"fanfold.dev/prepull": label}});
        json!({"metadata": metadata, "spec": spec, "status": status})
    };
    let pulled = json!({"containerStatuses": [{"name": "image-0", "imageID": "sha256:1", "state": {"waiting": {}}}]});
    let refused = json!({"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]});
    let items = [pod("a", spec("open"), pulled), pod("b", spec("cordoned"), json!({})), pod("c", spec(""), refused)];
    json!({"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": items})
}

#[cfg(target_os = "linux")]
#[test]
fn looking_at_what_is_there_takes_memory_by_the_page() {
    const SIZE: usize = 20_000;
    needs!(TIME);
    // What an allocator holds differs by tens of megabytes from run to run.
    let (few, many) = (1_000, 6_000);
    let grown = peak_of_unchanged(many, SIZE).saturating_sub(peak_of_unchanged(few, SIZE));
    let each = grown / (many - few);
    assert!(each < SIZE / 2, "{each} bytes for each unchanged object of {SIZE}");
}

/// Returns the most memory of a run over so many objects, in bytes, each so long on the server, that are as they should be.
#[cfg(target_os = "linux")]
fn peak_of_unchanged(count: usize, size: usize) -> usize {
    const PAGE: usize = 100;
    let theirs = "x".repeat(size);
    let api = Api::start(move |asked| {
        if asked.method != "GET" || asked.path != "/api/v1/configmaps" {
            return Reply::Usual;
        }
        let after =
            |key: &str| asked.query.split(key).nth(1).and_then(|rest| rest.split('&').next()).unwrap_or_default();
        let (part, from) = (after("%3D"), after("continue=").parse::<usize>().unwrap_or_default());
        let fields =
            json!({"f:data": {"f:key": {}}, "f:metadata": {"f:labels": {"f:applyset.kubernetes.io/part-of": {}}}});
        let manager = json!({"manager": "fanfold", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": fields});
        let item = |number: usize| {
            let labels = json!({"applyset.kubernetes.io/part-of": part});
            let metadata = json!({"name": format!("c-{number}"), "namespace": "shop", "uid": number.to_string(), "resourceVersion": "1",
                "labels": labels, "annotations": {"theirs": theirs}, "managedFields": [manager]});
            json!({"metadata": metadata, "data": {"key": "x"}})
        };
        let to = (from + PAGE).min(count);
        let next = if to < count { to.to_string() } else { String::new() };
        let items: Vec<Value> = (from..to).map(item).collect();
        let list = json!({"kind": "ConfigMapList", "apiVersion": "v1", "metadata": {"resourceVersion": "1", "continue": next}, "items": items});
        Reply::Whole(200, "application/json", list.to_string())
    });
    let bench = api.bench(&[("a.yaml", &maps(count))]);
    let mut command = bench.command(&["apply", "a.yaml", SET]);
    command.arg("--kubeconfig").arg(bench.path("kubeconfig"));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let mut peak = 0;
    while child.try_wait().expect("it can be asked").is_none() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<usize>().ok());
        peak = peak.max(kibibytes.unwrap_or_default() << 10);
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let output = child.wait_with_output().expect("it ended");
    let unchanged = format!("{count} unchanged");
    assert!(stdout(&output).contains(&unchanged), "{}{}", stdout(&output), stderr(&output));
    peak
}
