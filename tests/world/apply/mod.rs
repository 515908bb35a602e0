//! What `fanfold apply` does to a real server: files and a command in; exit code, output and the state of the cluster out.
//!
//! `NS` in a file or an argument is the namespace of the test, which no other test has; what lies in no namespace takes
//! its name from it too.

mod adopt;
mod conflict;
mod connect;
mod create;
mod dry_run;
mod immutable;
mod namespaces;
mod order;
mod prune;
mod quota;
mod refusal;
mod removal;
mod secret;
mod shards;
mod together;
mod waiting;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use crate::controlplane::{ControlPlane, User, succeeded};

/// A folder of files and a namespace to apply them to.
struct Bench {
    plane: &'static ControlPlane,
    ns: String,
    folder: tempfile::TempDir,
    kubeconfig: PathBuf,
}

impl Bench {
    fn new() -> Self {
        Self::on(ControlPlane::shared())
    }

    fn on(plane: &'static ControlPlane) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { plane, ns: plane.namespace(), folder, kubeconfig: plane.kubeconfig(User::Admin) }
    }

    /// Puts the namespace where `NS` stands.
    fn fill(&self, text: &str) -> String {
        text.replace("NS", &self.ns)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), self.fill(text)).expect("the file is written");
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fanfold"));
        command.args(args.iter().map(|arg| self.fill(arg))).current_dir(self.folder.path());
        command.env_clear().env("NO_COLOR", "1").env("HOME", self.folder.path()).env("KUBECONFIG", &self.kubeconfig);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command as it is.
    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the binary runs")
    }

    fn start(&self, args: &[&str]) -> Child {
        let mut all = vec!["apply", "--format=json"];
        if !args.iter().any(|arg| arg.starts_with("--namespace")) {
            all.push("--namespace=NS");
        }
        all.extend(args);
        self.command(&all).spawn().expect("the binary starts")
    }

    /// Applies, and reads what it said.
    fn apply(&self, args: &[&str]) -> Ran {
        end(self.start(args))
    }

    /// Applies `a.yaml` with this text as the set `set`.
    fn set(&self, text: &str, args: &[&str]) -> Ran {
        self.write("a.yaml", text);
        let mut all = vec!["--applyset=set", "a.yaml"];
        all.extend(args);
        self.apply(&all)
    }

    fn kubectl(&self, args: &[&str]) -> String {
        self.kubectl_with(args, "")
    }

    fn kubectl_with(&self, args: &[&str], input: &str) -> String {
        let mut all = vec!["--namespace".to_owned(), self.ns.clone()];
        all.extend(args.iter().map(|arg| self.fill(arg)));
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let output = self.plane.kubectl_with(User::Admin, &all, self.fill(input));
        succeeded(&output).unwrap_or_else(|error| panic!("kubectl {all:?}: {error}"));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Makes objects as nobody's tool.
    fn make(&self, text: &str) {
        self.kubectl_with(&["create", "--save-config=false", "-f", "-"], text);
    }

    /// Returns an object such as `configmap/a`; null where there is none.
    fn get(&self, object: &str) -> Value {
        let text = self.kubectl(&["get", object, "--ignore-not-found", "--output=json", "--show-managed-fields"]);
        if text.trim().is_empty() { Value::Null } else { serde_json::from_str(&text).expect("JSON") }
    }

    fn uid(&self, object: &str) -> String {
        text(&self.get(object)["metadata"]["uid"])
    }

    fn version(&self, object: &str) -> String {
        text(&self.get(object)["metadata"]["resourceVersion"])
    }

    fn is_there(&self, object: &str) -> bool {
        !self.get(object).is_null()
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn end(child: Child) -> Ran {
    Ran::read(&child.wait_with_output().expect("the binary ends"))
}

/// What a run said.
#[derive(Debug)]
struct Ran {
    code: i32,
    events: Vec<Value>,
    findings: Vec<Value>,
    /// What it said beside the findings.
    said: String,
    /// All of it.
    whole: String,
}

impl Ran {
    fn read(output: &Output) -> Self {
        let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let json = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}\n{stderr}"));
        let (findings, said): (Vec<&str>, Vec<&str>) = stderr.lines().partition(|line| line.starts_with('{'));
        Self {
            code: output.status.code().unwrap_or(-1),
            events: stdout.lines().map(json).collect(),
            findings: findings.into_iter().map(json).collect(),
            said: said.join("\n"),
            whole: format!("{stdout}{stderr}"),
        }
    }

    fn settled(&self) -> impl Iterator<Item = &Value> {
        self.events.iter().filter(|event| event["event"] == "settled")
    }

    /// Returns the end of an object such as `ConfigMap/a`.
    fn end_of(&self, object: &str) -> &Value {
        let (kind, name) = object.split_once('/').expect("a kind and a name");
        let is_meant = |event: &&Value| event["object"]["kind"] == kind && event["object"]["name"] == name;
        let ends: Vec<&Value> = self.settled().filter(is_meant).collect();
        let [end] = ends[..] else { panic!("{object} should end once: {self:#?}") };
        end
    }

    fn outcome(&self, object: &str) -> String {
        text(&self.end_of(object)["outcome"])
    }

    fn done(&self) -> &Value {
        self.events.last().filter(|event| event["event"] == "done").unwrap_or_else(|| panic!("no end: {self:#?}"))
    }

    /// Returns how many objects came to which end.
    fn outcomes(&self) -> BTreeMap<String, u64> {
        let outcomes = self.done()["outcomes"].as_object().expect("the outcomes");
        outcomes.iter().map(|(outcome, count)| (outcome.clone(), count.as_u64().expect("a number"))).collect()
    }

    /// Returns the only finding.
    fn finding(&self) -> &Value {
        let [finding] = &self.findings[..] else { panic!("one finding is expected: {self:#?}") };
        finding
    }

    /// Checks the exit code and the number of objects of each outcome, such as `2 created, 1 failed`.
    #[track_caller]
    fn ends(&self, code: i32, outcomes: &str) -> &Self {
        let expected: BTreeMap<String, u64> = outcomes
            .split(", ")
            .filter(|part| !part.is_empty())
            .map(|part| part.split_once(' ').expect("a number and a word"))
            .map(|(count, outcome)| (outcome.to_owned(), count.parse().expect("a number")))
            .collect();
        assert_eq!((self.code, self.outcomes()), (code, expected), "{self:#?}");
        self
    }

    /// Checks the only finding: its code, its line, and words of its message and help.
    #[track_caller]
    fn finds(&self, code: &str, line: u64, words: &[&str]) -> &Self {
        let finding = self.finding();
        assert_eq!((&finding["code"], &finding["line"]), (&Value::from(code), &Value::from(line)), "{self:#?}");
        let said = format!("{} {} {}", finding["message"], finding["label"], finding["help"]);
        for word in words {
            assert!(said.contains(word), "`{word}` is not said: {self:#?}");
        }
        self
    }
}

/// Returns a ConfigMap with one key.
fn config(name: &str, value: &str) -> String {
    format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata:\n  key: {value}\n")
}

/// Returns so many ConfigMaps, `c-0` and so on.
fn configs(count: usize) -> String {
    (0..count).map(|number| config(&format!("c-{number}"), "x")).collect()
}
