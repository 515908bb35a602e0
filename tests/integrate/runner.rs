//! As much of GitHub's runner as a composite action needs: it runs `action.yml` as it stands.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;

use serde_json::Value;

use super::{Bench, ROOT, root, stderr, stdout, yaml};

/// One run of the action.
pub(super) struct Run {
    /// What the steps printed.
    pub(super) log: String,
    /// Whether all steps ended well.
    pub(super) succeeded: bool,
    /// The outputs of the action.
    pub(super) outputs: BTreeMap<String, String>,
    /// The summaries of the steps.
    pub(super) summary: String,
    /// What later steps find programs in.
    pub(super) path: String,
}

/// Runs the action in a folder, with inputs, what the event says, and the environment of the job.
pub(super) fn run(bench: &Bench, inputs: &[(&str, &str)], event: &[(&str, &str)], environment: &[(&str, &str)]) -> Run {
    let action = yaml(&root("action.yml"));
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    for (name, input) in action["inputs"].as_object().expect("inputs") {
        let default = input["default"].as_str().unwrap_or_else(|| panic!("`{name}` has a default"));
        known.insert(format!("inputs.{name}"), if name == "token" { "secret-token".into() } else { default.into() });
    }
    for (name, value) in inputs {
        let key = format!("inputs.{name}");
        assert!(known.insert(key, (*value).to_owned()).is_some(), "the action has no input `{name}`");
    }
    for name in ["github.event.pull_request.base.sha", "github.event.before", "github.event.pull_request.number"] {
        known.insert(name.into(), String::new());
    }
    known.extend([("runner.os".into(), "Linux".into()), ("runner.arch".into(), "X64".into())]);
    known.extend(event.iter().map(|(name, value)| (format!("github.{name}"), (*value).to_owned())));

    let mut result = Run {
        log: String::new(),
        succeeded: true,
        outputs: BTreeMap::new(),
        summary: String::new(),
        path: String::new(),
    };
    let temporary = tempfile::tempdir().expect("a temporary folder");
    for step in action["runs"]["steps"].as_array().expect("steps") {
        let id = step["id"].as_str().expect("each step has an id");
        assert_eq!(step["shell"], "bash", "a step of a composite action names its shell");
        let wanted = result.succeeded && step["if"].as_str().is_none_or(|condition| holds(condition, &known));
        let file = |name: &str| temporary.path().join(format!("{id}-{name}"));
        if wanted {
            let mut command = bench.command("bash");
            command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"].as_str().expect("a script")]);
            command.env("GITHUB_ACTION_PATH", ROOT).env("RUNNER_TEMP", bench.programs.path().join("runner"));
            command.env("GITHUB_REPOSITORY", "owner/shop").env("GITHUB_RUN_ID", "42");
            command.env("GITHUB_SHA", "c0ffee").env("GITHUB_REF", "refs/pull/7/merge");
            command.envs(["OUTPUT", "STEP_SUMMARY", "PATH"].map(|name| (format!("GITHUB_{name}"), file(name))));
            for (name, value) in step["env"].as_object().into_iter().flatten() {
                command.env(name, interpolated(value.as_str().expect("a text"), &known));
            }
            let output = command.envs(environment.iter().copied()).output().expect("bash runs");
            let _ = write!(result.log, "== {id}\n{}{}", stdout(&output), stderr(&output));
            result.succeeded = output.status.success();
        }
        let read = |name: &str| fs::read_to_string(file(name)).unwrap_or_default();
        result.summary += &read("STEP_SUMMARY");
        result.path += &read("PATH");
        // What a step may set is empty until it does.
        known.insert(format!("steps.{id}.outputs."), String::new());
        for line in read("OUTPUT").lines() {
            let (name, value) = line.split_once('=').unwrap_or_else(|| panic!("{id} set `{line}`"));
            known.insert(format!("steps.{id}.outputs.{name}"), value.to_owned());
        }
    }
    for (name, output) in action["outputs"].as_object().expect("outputs") {
        let value = output["value"].as_str().expect("a value");
        result.outputs.insert(name.clone(), interpolated(value, &known));
    }
    result
}

/// Whether a condition of comparisons and `&&` holds.
fn holds(condition: &str, known: &BTreeMap<String, String>) -> bool {
    condition.split(" && ").all(|part| {
        let (left, equal, right) = match (part.split_once(" == "), part.split_once(" != ")) {
            (Some((left, right)), None) => (left, true, right),
            (None, Some((left, right))) => (left, false, right),
            _ => panic!("a condition of another form: `{part}`"),
        };
        (lookup(left, known) == right.trim_matches('\'')) == equal
    })
}

/// Replaces `${{ a || b }}`.
fn interpolated(text: &str, known: &BTreeMap<String, String>) -> String {
    let mut parts = text.split("${{ ");
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (expression, rest) = part.split_once(" }}").expect("an expression ends");
        let values = expression.split(" || ").map(|name| lookup(name, known));
        result += values.clone().find(|value| !value.is_empty()).unwrap_or_default();
        result += rest;
    }
    result
}

fn lookup<'a>(name: &str, known: &'a BTreeMap<String, String>) -> &'a str {
    let step = name.rsplit_once('.').map(|(step, _)| format!("{step}."));
    match known.get(name) {
        Some(value) => value,
        None if step.is_some_and(|step| known.contains_key(&step)) => "",
        None => panic!("nothing is called `{name}` here"),
    }
}

/// Returns the steps of the action.
pub(super) fn steps() -> Vec<Value> {
    yaml(&root("action.yml"))["runs"]["steps"].as_array().cloned().unwrap_or_default()
}
