//! GitHub's side of the action: a workflow that uses it, run by act, which runs composite actions as GitHub's runner does.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;

use serde_json::{Value, json};

use super::{Bench, ROOT, root, stderr, stdout, yaml};
use crate::programs::Module;

pub(crate) static ACT: Module = Module::new("act", "act", "tests of the action for GitHub need");

/// What the workflow may call the action, and where it stands instead.
const ACTION: &str = concat!("fanfold/fanfold@v", env!("CARGO_PKG_VERSION"));

/// One run of a workflow.
pub(super) struct Run {
    /// What the steps printed, commands to the runner included.
    pub(super) log: String,
    /// Whether the job ended well.
    pub(super) succeeded: bool,
    /// The outputs of the action.
    pub(super) outputs: BTreeMap<String, String>,
    /// The summaries of the steps.
    pub(super) summary: String,
    /// What later steps find programs in.
    pub(super) path: String,
}

/// Runs the action in a folder, with inputs, what the event says, and the environment of the job.
pub(super) fn run(bench: &Bench, inputs: &[(&str, &str)], event: &Value, environment: &[(&str, &str)]) -> Run {
    let known = yaml(&root("action.yml"))["inputs"].clone();
    for (name, _) in inputs {
        assert!(known[name].is_object(), "the action has no input `{name}`");
    }
    assert!(known.as_object().is_some_and(|known| known.values().all(|input| input["default"].is_string())), "{known}");
    let inputs: BTreeMap<_, _> = inputs.iter().copied().collect();
    let steps = json!([{"uses": "actions/checkout@v4"}, {"uses": ACTION, "with": inputs}]);
    let workflow =
        json!({"on": ["pull_request", "push"], "jobs": {"job": {"runs-on": "ubuntu-latest", "steps": steps}}});
    fs::write(bench.programs.path().join("workflow.yaml"), workflow.to_string()).expect("a workflow");
    run_workflow(bench, "workflow.yaml", event, environment)
}

/// Runs a workflow that is a file among the programs, or has an absolute path.
pub(super) fn run_workflow(bench: &Bench, workflow: &str, event: &Value, environment: &[(&str, &str)]) -> Run {
    let programs = bench.programs.path();
    // The repository of the action is more than it needs, and copied for each run.
    let action = programs.join("action-repository");
    fs::create_dir_all(action.join("action")).expect("a folder");
    for name in ["action.yml", "Cargo.toml"] {
        fs::write(action.join(name), root(name)).expect("a file of the action");
    }
    bench.ok("cp", &["-r", &format!("{ROOT}/action"), &action.display().to_string()]);
    if bench.run("git", &["remote", "add", "hub", "https://github.com/owner/shop"]).status.success() {
        assert!(bench.path(".git").is_dir(), "a checkout");
    }
    fs::write(programs.join("event.json"), event.to_string()).expect("an event");
    let mut command = bench.command(ACT.program("act"));
    command.arg(if event.get("pull_request").is_some() { "pull_request" } else { "push" }).arg("--json");
    command.arg("--workflows").arg(programs.join(workflow)).arg("--eventpath").arg(programs.join("event.json"));
    // Without containers, without its own servers, and with what it would else hide from its log.
    command.args([
        "--platform",
        "ubuntu-latest=-self-hosted",
        "--pull=false",
        "--no-cache-server",
        "--insecure-secrets",
    ]);
    command.arg("--local-repository").arg(format!("{ACTION}={}", action.display()));
    command.args(["--remote-name", "hub", "--secret", "GITHUB_TOKEN=secret-token"]);
    for (name, value) in environment {
        command.arg("--env").arg(format!("{name}={value}"));
    }
    let output = command.output().expect("act runs");
    let mut run = Run {
        log: String::new(),
        succeeded: output.status.success(),
        outputs: BTreeMap::new(),
        summary: String::new(),
        path: String::new(),
    };
    for line in stdout(&output).lines() {
        let said: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        read_line(&said, &mut run);
    }
    assert!(!run.log.is_empty() || !run.succeeded, "act says nothing of the job: {}", stderr(&output));
    let _ = write!(run.log, "{}", stderr(&output));
    run
}

/// Asserts that a workflow is one by GitHub's schema, its expressions included.
pub(super) fn assert_valid(bench: &Bench, workflow: &str) {
    let path = bench.programs.path().join("workflow.yaml");
    fs::write(&path, workflow).expect("a workflow");
    let output = bench.command(ACT.program("act")).args(["--validate", "--strict", "--workflows"]).arg(path).output();
    let output = output.expect("act runs");
    assert!(output.status.success(), "{}{}", stdout(&output), stderr(&output));
}

/// Takes a line of the log: what a step printed, or what it told the runner.
fn read_line(said: &Value, run: &mut Run) {
    let text = |field: &str| said[field].as_str().unwrap_or_default();
    let of_action = said["stepID"].as_array().is_some_and(|steps| steps.len() == 1);
    match text("command") {
        "set-output" if of_action => {
            run.outputs.insert(text("name").to_owned(), text("arg").to_owned());
        }
        "summary" => run.summary += text("content"),
        "add-path" => text("arg").clone_into(&mut run.path),
        _ => {}
    }
    let printed = if said.get("raw").is_some() { text("raw") } else { text("msg") };
    let _ = writeln!(run.log, "{}", printed.trim_end());
}
