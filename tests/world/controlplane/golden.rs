//! What the example specs compile to, as a server sees it: it would take every object, with no field that it does not know.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Value, json};

use crate::controlplane::{ControlPlane, Options, User, succeeded};
use crate::examples::cases;

/// Ranges for the addresses that specs name; the server's own ends at 10.15.255.255.
const RANGES: &[(&str, &str)] = &[("golden-32", "10.32.0.0/12"), ("golden-96", "10.96.0.0/12")];

const DRY_RUN: &[&str] = &["apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-"];

/// Kinds that must be there for a server to take the others, which a dry run does not make.
fn comes_first(object: &Value) -> bool {
    ["Namespace", "CustomResourceDefinition", "PriorityClass", "StorageClass"]
        .iter()
        .any(|kind| object["kind"] == *kind)
}

/// Returns the namespaces that objects are in and that are not among them.
fn namespaces(objects: &[Value]) -> impl Iterator<Item = Value> {
    let named = |object: &Value| object["metadata"]["namespace"].as_str().map(str::to_owned);
    let made: BTreeSet<&str> = objects
        .iter()
        .filter(|object| object["kind"] == "Namespace")
        .filter_map(|object| object["metadata"]["name"].as_str())
        .collect();
    let wanted: BTreeSet<String> =
        objects.iter().filter_map(named).filter(|name| name != "default" && !made.contains(name.as_str())).collect();
    wanted.into_iter().map(|name| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}))
}

/// Whether it is a Service that names its own address.
fn has_address(object: &Value) -> bool {
    object["kind"] == "Service" && object["spec"]["clusterIP"].as_str().is_some_and(|address| address != "None")
}

fn list<'a>(items: impl Iterator<Item = &'a Value>) -> String {
    json!({"apiVersion": "v1", "kind": "List", "items": items.collect::<Vec<_>>()}).to_string()
}

/// Returns what differs, in more than words, between what a server made of objects and what it was sent.
fn differences(saved: &str, sent: &str) -> impl Iterator<Item = String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in [("saved.yaml", saved), ("sent.yaml", sent)] {
        std::fs::write(folder.path().join(name), text).expect("the file is written");
    }
    let output = Command::new(env!("CARGO_BIN_EXE_fanfold"))
        .args(["diff", "saved.yaml", "sent.yaml", "--format=json"])
        .current_dir(folder.path())
        .output()
        .expect("the binary starts");
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let objects = report["objects"].as_array().cloned().unwrap_or_default();
    // What a definition puts into its objects is not known to who only sees those.
    objects.into_iter().filter(|object| object["kind"] != "Backup").flat_map(|object| {
        let changes = object["changes"].as_array().cloned().unwrap_or_default();
        let kind = object["kind"].as_str().unwrap_or_default().to_owned();
        changes.into_iter().filter(|change| change["effect"] != "none").map(move |change| format!("{kind}: {change}"))
    })
}

#[test]
fn a_server_takes_every_golden_output() {
    needs!(CONTROL_PLANE);
    // One of its own: what it makes is for the whole cluster, and would be in the way of others.
    let plane = ControlPlane::start(&Options::default());
    let unknown = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "unknown"}, "date": {}});
    let refused = plane.kubectl_with(User::Builder, DRY_RUN, unknown.to_string());
    assert!(!refused.status.success(), "a dry run refuses what it does not know");
    let outputs: Vec<_> = cases()
        .into_iter()
        .map(|case| {
            // Not the golden file, which hides what is in Secrets.
            let output = Command::new(env!("CARGO_BIN_EXE_fanfold"))
                .args(case.arguments())
                .current_dir(env!("CARGO_MANIFEST_DIR"))
                .output()
                .expect("the binary starts");
            succeeded(&output).unwrap();
            let text = String::from_utf8(output.stdout).expect("YAML is UTF-8");
            let objects: Vec<Value> = serde_yaml::Deserializer::from_str(&text)
                .map(|document| serde::Deserialize::deserialize(document).expect("a document"))
                .collect();
            (case, text, objects)
        })
        .collect();

    let mut first: Vec<Value> = RANGES
        .iter()
        .map(|(name, range)| {
            json!({
                "apiVersion": "networking.k8s.io/v1",
                "kind": "ServiceCIDR",
                "metadata": {"name": name},
                "spec": {"cidrs": [range]},
            })
        })
        .collect();
    for (_, _, objects) in &outputs {
        first.extend(namespaces(objects));
        first.extend(objects.iter().filter(|object| comes_first(object)).cloned());
    }
    succeeded(&plane.kubectl_with(User::Admin, &["apply", "-f", "-"], list(first.iter()))).unwrap();
    succeeded(&plane.kubectl(&["wait", "--for=condition=Established", "crd", "--all", "--timeout=120s"])).unwrap();

    let mut failures = Vec::new();
    for (case, text, objects) in outputs {
        // A dry run looks for an address in any one of the ranges, by chance: these are really made.
        let addressed: Vec<&Value> = objects.iter().filter(|object| has_address(object)).collect();
        let apply = |arguments: &[&str]| {
            let input = list(addressed.iter().copied());
            let asked = plane.kubectl_with(User::Builder, &[arguments, &["-f", "-"]].concat(), input);
            succeeded(&asked).unwrap_or_else(|error| panic!("{case:?}: {error}"));
        };
        if !addressed.is_empty() {
            apply(&["create", "--validate=strict"]);
        }
        let asked = plane.kubectl_with(User::Builder, DRY_RUN, text.as_str());
        let printed = String::from_utf8_lossy(&asked.stdout);
        let taken = printed.lines().filter(|line| line.ends_with(" serverside-applied (server dry run)")).count();
        let said = String::from_utf8_lossy(&asked.stderr);
        if !asked.status.success() || taken != objects.len() {
            failures.push(format!("{case:?}: {taken} of {} objects\n{said}", objects.len()));
        }
        let saved = plane.kubectl_with(User::Builder, &[DRY_RUN, &["--output=yaml"]].concat(), text.as_str());
        failures.extend(
            differences(&String::from_utf8_lossy(&saved.stdout), &text).map(|found| format!("{case:?}: {found}")),
        );
        if !addressed.is_empty() {
            apply(&["delete"]);
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
