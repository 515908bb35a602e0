//! The oracle: the server's own code in a program, which says what a server thinks of an object.

use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;

use serde_json::{Value as Json, json};

use crate::programs::Module;

pub(crate) static MODULE: Module =
    Module::new("oracle", "the API server's validation", "tests against the API server's validation need");

/// An error that the server reports.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    /// `FieldValueInvalid`, …; `decode` for what does not even decode.
    pub(super) kind: String,
    /// The path of the field; empty where the server names none.
    pub(super) field: String,
    pub(super) detail: String,
}

/// Returns the errors of the server when each object is created, or `None` for kinds that the oracle does not know.
pub(super) fn ask(objects: &[Json]) -> Vec<Option<Vec<Problem>>> {
    answers(&creates(objects)).iter().map(problems).collect()
}

/// Returns the errors of the server when each first object is updated to the second.
pub(super) fn ask_updates(pairs: &[(&Json, &Json)]) -> Vec<Option<Vec<Problem>>> {
    let lines: Vec<String> = pairs.iter().map(|(old, new)| json!({ "old": old, "new": new }).to_string()).collect();
    answers(&lines).iter().map(problems).collect()
}

/// Returns the warnings of the server when each object is created; `None` where it is refused, or of an unknown kind.
pub(super) fn warned(objects: &[Json]) -> Vec<Option<Vec<String>>> {
    let warnings = |answer: &Json| -> Option<Vec<String>> {
        let said = answer["warnings"].as_array().filter(|_| problems(answer).is_some_and(|all| all.is_empty()))?;
        Some(said.iter().filter_map(Json::as_str).map(str::to_owned).collect())
    };
    answers(&creates(objects)).iter().map(warnings).collect()
}

fn creates(objects: &[Json]) -> Vec<String> {
    objects.iter().map(|object| json!({ "new": object }).to_string()).collect()
}

/// Returns what the oracle writes of each line.
pub(super) fn answers(lines: &[String]) -> Vec<Json> {
    let mut child = Command::new(MODULE.program("oracle"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the oracle was just built");
    let mut stdin = child.stdin.take().expect("stdin is a pipe");
    let input = lines.join("\n");
    let feeder = thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("the oracle ends");
    // Where it gave up early, it has said why.
    let _ = feeder.join().expect("writing does not panic");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read = |line: &str| serde_json::from_str(line).expect("the oracle writes JSON");
    let answers: Vec<Json> =
        String::from_utf8(output.stdout).expect("the oracle writes UTF-8").lines().map(read).collect();
    assert_eq!(answers.len(), lines.len(), "the oracle answers each line");
    answers
}

/// Reads the errors of an answer.
fn problems(answer: &Json) -> Option<Vec<Problem>> {
    // A kind, or an object to update, that it does not take.
    if !answer["unknown"].is_null() || !answer["old"].is_null() {
        return None;
    }
    if let Some(detail) = answer["decode"].as_str() {
        let field = undecoded(detail).unwrap_or_default().to_owned();
        return Some(vec![Problem { kind: "decode".into(), field, detail: detail.into() }]);
    }
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let errors = answer["errors"].as_array().unwrap_or_else(|| panic!("{answer} has no errors"));
    let problem = |error: &Json| Problem {
        kind: text(&error["type"]).trim_start_matches("FieldValue").to_owned(),
        field: text(&error["field"]),
        detail: text(&error["detail"]),
    };
    Some(errors.iter().map(problem).collect())
}

/// Returns the path in a message of the decoder, which leaves out the places in lists where types are wrong.
fn undecoded(detail: &str) -> Option<&str> {
    if let Some((_, rest)) = detail.split_once("field \"") {
        return rest.split('"').next();
    }
    let (_, rest) = detail.split_once("Go struct field ")?;
    Some(rest.split(' ').next()?.split_once('.')?.1)
}
