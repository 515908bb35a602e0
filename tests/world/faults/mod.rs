//! Applying through trouble: whatever happens to requests, to the client or to the server, in the end the cluster holds
//! what the spec says, each object was made once, and nothing else is left.
//!
//! `FANFOLD_FAULT_OBJECTS` sets how many objects each run has; the default keeps the tests short.

mod kills;
mod leases;
mod network;
mod overload;
mod restarts;
mod watcher;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use crate::controlplane::{ControlPlane, User, succeeded};

/// Kinds that the specs here make, with where they live.
const COLLECTIONS: &[(&str, &str)] =
    &[("ConfigMap", "/api/v1"), ("Service", "/api/v1"), ("Deployment", "/apis/apps/v1"), ("Job", "/apis/batch/v1")];

fn collection(namespace: &str, kind: &str) -> String {
    let root = COLLECTIONS.iter().find(|(of, _)| *of == kind).map(|(_, root)| root).expect("a kind of the specs");
    format!("{root}/namespaces/{namespace}/{}s", kind.to_lowercase())
}

/// Returns how many objects a run has, unless the environment says so.
fn size(usual: usize) -> usize {
    std::env::var("FANFOLD_FAULT_OBJECTS").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// A spec in a namespace: three ConfigMaps, three Deployments with a Service each and a Job for every ten objects.
fn spec(namespace: &str, objects: usize) -> String {
    let (triples, jobs) = (objects * 3 / 10, objects - objects * 3 / 10 * 3);
    let mut text = format!(
        "apiVersion: fanfold.dev/v1\nkind: Batch\nmetadata: {{name: fleet, namespace: {namespace}}}\nconfigMaps:\n"
    );
    for number in 0..triples {
        let _ = writeln!(text, "  settings-{number}: {{data: {{NUMBER: \"{number}\"}}}}");
    }
    let _ = write!(
        text,
        r#"defaults:
  resources: {{requests: {{cpu: 100m, memory: 64Mi}}, limits: {{memory: 128Mi}}}}
workloads:
  web:
    kind: Deployment
    matrix: {{tenant: {{from: 0, to: {}}}}}
    replicas: 3
    image: "nginx:1.27"
    ports: {{http: 80}}
    env: {{TENANT: "{{{{ matrix.tenant }}}}", MODE: production}}
    readinessProbe: {{httpGet: /readyz}}
    service: ClusterIP
  sweep:
    kind: Job
    matrix: {{seed: {{from: 0, to: {}}}}}
    image: "trainer:2"
    args: ["--seed={{{{ matrix.seed }}}}"]
"#,
        triples - 1,
        jobs - 1
    );
    text
}

/// A folder with a spec, for a namespace that the server has.
struct Case<'a> {
    plane: &'a ControlPlane,
    namespace: String,
    folder: tempfile::TempDir,
}

impl<'a> Case<'a> {
    fn new(plane: &'a ControlPlane, objects: usize) -> Self {
        let case = Self { plane, namespace: plane.namespace(), folder: tempfile::tempdir().expect("a folder") };
        case.write(objects);
        case
    }

    /// Changes the spec.
    fn write(&self, objects: usize) {
        fs::write(self.spec(), spec(&self.namespace, objects)).expect("the spec is written");
    }

    fn spec(&self) -> PathBuf {
        self.folder.path().join("spec.yaml")
    }

    fn command(&self, kubeconfig: &Path, flags: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fanfold"));
        command.arg("apply").arg(self.spec()).args(["--format", "json"]).args(flags);
        command
            .env_clear()
            .env("KUBECONFIG", kubeconfig)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Applies to the end.
    fn apply(&self, kubeconfig: &Path, flags: &[&str]) -> Run {
        Run::of(&self.command(kubeconfig, flags).output().expect("the binary runs"))
    }

    /// Applies past everything in between.
    fn apply_directly(&self, flags: &[&str]) -> Run {
        self.apply(&self.plane.kubeconfig(User::Admin), flags)
    }

    /// Returns what the spec compiles to, by kind and name.
    fn compiled(&self) -> BTreeMap<(String, String), Value> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fanfold"));
        command.arg("build").arg(self.spec()).args(["--output", "json"]).env_clear();
        let output = command.output().expect("the binary runs");
        succeeded(&output).unwrap_or_else(|error| panic!("{error}"));
        let list: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let items = list["items"].as_array().expect("a list").iter();
        items.map(|object| (identity(object), object.clone())).collect()
    }

    /// Returns what the server has in a collection; the version and the kind of items stand only on their list.
    fn live(&self, kind: &str) -> Vec<Value> {
        let mut list = self.plane.get_json(&collection(&self.namespace, kind));
        let Value::Array(mut items) = list["items"].take() else { panic!("{kind} is no list") };
        for item in &mut items {
            item["apiVersion"] = list["apiVersion"].clone();
            item["kind"] = kind.into();
        }
        items
    }

    /// Panics unless the server has what the spec says, as members of its set, and no other members.
    fn assert_applied(&self) {
        let mut compiled = self.compiled();
        let mut label = None;
        for (kind, _) in COLLECTIONS {
            for live in self.live(kind) {
                let id = &live["metadata"]["labels"]["applyset.kubernetes.io/part-of"];
                let Some(wanted) = compiled.remove(&identity(&live)) else {
                    assert!(
                        id.is_null() || Some(id) != label.as_ref(),
                        "{kind} is a member and not in the spec: {live}"
                    );
                    continue;
                };
                assert!(covers(&wanted, &live), "{wanted}\nis not what is there:\n{live}");
                assert_eq!(label.get_or_insert_with(|| id.clone()), id, "{live}");
                assert!(id.is_string(), "{live}");
            }
        }
        let missing: Vec<_> = compiled.keys().collect();
        assert!(missing.is_empty(), "{} objects are not there: {missing:?}", missing.len());
    }

    /// Panics unless the set is tidied up: its parent says where it has members and nowhere else, and nobody holds it.
    fn assert_tidy(&self) {
        let parents = self.live("ConfigMap");
        let parent = parents.iter().find(|object| object["metadata"]["name"] == "fanfold-fleet").expect("a parent");
        let annotations = &parent["metadata"]["annotations"];
        let kinds: BTreeSet<&str> = annotations["applyset.kubernetes.io/contains-group-kinds"]
            .as_str()
            .unwrap_or_default()
            .split(',')
            .collect();
        let compiled = self.compiled();
        let wanted: BTreeSet<&str> = compiled
            .keys()
            .map(|(kind, _)| match kind.as_str() {
                "Deployment" => "Deployment.apps",
                "Job" => "Job.batch",
                kind => kind,
            })
            .collect();
        assert_eq!(kinds, wanted, "the parent is as wide as the set");
        let leases = self.plane.get_json(&format!("/apis/coordination.k8s.io/v1/namespaces/{}/leases", self.namespace));
        assert_eq!(leases["items"].as_array().map(Vec::len), Some(0), "a lease is left: {leases}");
    }

    /// Panics unless a further run has nothing to do.
    fn assert_settled(&self) {
        let again = self.apply_directly(&[]);
        again.assert_success();
        let objects = self.compiled().len();
        assert_eq!(again.done["outcomes"]["unchanged"], objects, "{}", again.done);
        assert_eq!(again.done["requests"], 0, "{}", again.done);
    }
}

fn identity(object: &Value) -> (String, String) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&object["kind"]), text(&object["metadata"]["name"]))
}

/// Whether all that is wanted is there; what the server adds to maps does not matter.
fn covers(wanted: &Value, live: &Value) -> bool {
    match (wanted, live) {
        (Value::Object(wanted), Value::Object(live)) => {
            wanted.iter().all(|(key, value)| live.get(key).is_some_and(|live| covers(value, live)))
        }
        (Value::Array(wanted), Value::Array(live)) => {
            wanted.len() == live.len() && wanted.iter().zip(live).all(|(wanted, live)| covers(wanted, live))
        }
        (wanted, live) => wanted == live,
    }
}

/// A run that came to its end.
#[derive(Debug)]
struct Run {
    events: Vec<Value>,
    /// The last event.
    done: Value,
    output: Output,
}

impl Run {
    fn of(output: &Output) -> Self {
        let lines = output.stdout.split(|byte| *byte == b'\n');
        let events: Vec<Value> = lines.filter_map(|line| serde_json::from_slice(line).ok()).collect();
        let done = events.iter().find(|event| event["event"] == "done").cloned().unwrap_or_default();
        Self { events, done, output: output.clone() }
    }

    fn assert_success(&self) {
        if let Err(error) = succeeded(&self.output) {
            let tail: Vec<&str> = error.lines().rev().take(5).collect();
            panic!("{}, {}:\n{}", self.output.status, self.done, tail.into_iter().rev().collect::<Vec<_>>().join("\n"));
        }
    }

    /// Panics unless every object ended once, and as said.
    fn assert_each_once(&self, objects: usize, outcome: &str) {
        let mut ends: BTreeMap<(String, String), Vec<&str>> = BTreeMap::new();
        for event in self.events.iter().filter(|event| event["event"] == "settled") {
            let object = &event["object"];
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let key = (text(&object["kind"]), text(&object["name"]));
            ends.entry(key).or_default().push(event["outcome"].as_str().unwrap_or_default());
        }
        assert_eq!(ends.len(), objects);
        let wrong: Vec<_> = ends.iter().filter(|(_, ends)| **ends != [outcome]).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    /// Counts retries by their reasons.
    fn retries(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for event in self.events.iter().filter(|event| event["event"] == "retrying") {
            *counts.entry(event["reason"].as_str().unwrap_or_default()).or_default() += 1;
        }
        counts
    }
}

/// Reads the events of a run until one says enough, and goes on to read, so that the run does not wait for its reader.
fn after_events(child: &mut Child, count: usize) {
    let mut lines = BufReader::new(child.stdout.take().expect("stdout is a pipe")).lines();
    let mut settled = 0;
    while settled < count {
        let Some(Ok(line)) = lines.next() else { return };
        settled += usize::from(line.contains(r#""event":"settled""#));
    }
    std::thread::spawn(move || lines.for_each(drop));
}
