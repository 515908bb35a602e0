//! The editor schema: the one that is checked in, what it takes and what it refuses.

mod kept;

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fanfold::diagnostic::{Code, explanation};
use fanfold::editor;
use fanfold::kubernetes::{Facts, Minor};
use serde::Deserialize as _;
use serde_json::Value as Json;

use crate::pace;
use crate::support::golden;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn validator(minor: Minor) -> jsonschema::Validator {
    let schema: Json = serde_json::from_str(&editor::schema(Facts::of(minor).unwrap())).unwrap();
    assert!(jsonschema::meta::is_valid(&schema), "the schema of {minor} is no JSON Schema");
    jsonschema::draft202012::new(&schema).unwrap()
}

/// Reads the documents of a file as a reader of YAML 1.2 does, which editors are.
fn documents(text: &str) -> Vec<Json> {
    serde_yaml::Deserializer::from_str(text).map(|document| Json::deserialize(document).unwrap()).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    files.sort();
    assert!(!files.is_empty(), "no files in {}", folder.display());
    files
}

#[test]
fn the_schema_in_the_repository_is_what_the_command_prints() {
    let output = Command::new(env!("CARGO_BIN_EXE_fanfold")).arg("schema").output().unwrap();
    assert!(output.status.success());
    let path = root().join("schemas/batch.schema.json");
    golden::file(&path, &output.stdout).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn the_schema_of_every_minor_is_valid_and_refers_to_nothing_else() {
    // Where somebody waits: the oldest and the newest.
    for minor in pace::some(Minor::bundled(), 6) {
        let text = editor::schema(Facts::of(minor).unwrap());
        assert!(text.lines().all(|line| line.len() < 400), "{minor}: a line is longer than people read");
        validator(minor);
    }
}

#[test]
fn an_unknown_minor_is_a_mistake_of_the_command_line() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_fanfold")).args(["schema", "--kubernetes-version", "1.2"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn specs_are_valid() {
    let validator = validator(Minor::NEWEST);
    for path in files(&root().join("specs")).into_iter().chain(files(&root().join("tests/quick/schema/right"))) {
        for document in documents(&fs::read_to_string(&path).unwrap()) {
            if document["kind"] != "Batch" && document["kind"] != "Part" {
                continue;
            }
            let errors: Vec<String> = validator
                .iter_errors(&document)
                .map(|error| format!("{} at {}", error, error.instance_path()))
                .collect();
            assert!(errors.is_empty(), "{}:\n{}", path.display(), errors.join("\n"));
        }
    }
}

/// Whether a spec compiles that needs no other file.
fn compiles(spec: &str, flags: &[&str]) -> bool {
    let mut check = Command::new(env!("CARGO_BIN_EXE_fanfold"))
        .args(["check", "-"])
        .args(flags)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    check.stdin.take().unwrap().write_all(spec.as_bytes()).unwrap();
    check.wait().unwrap().success()
}

#[test]
fn examples_that_compile_are_valid() {
    let validator = validator(Minor::NEWEST);
    let cases =
        files(&root().join("tests/quick/golden/cases")).into_iter().map(|path| fs::read_to_string(path).unwrap());
    let mut examples: Vec<(String, Vec<&str>)> = cases.map(|text| (text, Vec::new())).collect();
    for page in Code::ALL.iter().map(|code| explanation(*code)) {
        let specs = page.right.into_iter().chain(page.wrong).filter(|example| example.language == "yaml");
        examples.extend(specs.map(|example| (example.text.to_owned(), example.flags)));
    }
    let mut refused = String::new();
    let mut seen = 0;
    let some = examples.iter().step_by(if crate::pace::is_quick() { 5 } else { 1 });
    for (text, _) in some.filter(|(text, flags)| compiles(text, flags)) {
        // What only Fanfold's own reader takes, editors have refused already.
        let documents = serde_yaml::Deserializer::from_str(text).map(Json::deserialize);
        for document in documents.flatten().filter(|document| document["kind"] == "Batch") {
            seen += 1;
            let errors = validator.iter_errors(&document);
            errors.for_each(|error| writeln!(refused, "{error} at {} in\n{text}", error.instance_path()).unwrap());
        }
    }
    assert!(refused.is_empty() && seen > 10, "{seen} examples\n{refused}");
}

#[test]
fn wrong_specs_are_refused_where_they_are_wrong() {
    let validator = validator(Minor::NEWEST);
    for path in files(&root().join("tests/quick/schema/wrong")) {
        let text = fs::read_to_string(&path).unwrap();
        for (number, case) in text.split("\n---\n").enumerate() {
            let place =
                case.lines().find_map(|line| line.strip_prefix("# at ")).expect("a case says where it is wrong");
            let document = documents(case).remove(0);
            let found: Vec<String> =
                validator.iter_errors(&document).map(|error| error.instance_path().to_string()).collect();
            assert!(found.iter().any(|at| at == place), "{} {number}: {place} is not among {found:?}", path.display());
        }
    }
}

/// A schema that takes everything would hold every test.
#[test]
fn the_schemas_refuse_what_is_no_event_and_no_report() {
    let validator = |name: &str| {
        let schema: Json =
            serde_json::from_str(&fs::read_to_string(root().join("schemas").join(name)).unwrap()).unwrap();
        assert!(jsonschema::meta::is_valid(&schema), "{name} is no JSON Schema");
        jsonschema::draft202012::new(&schema).unwrap()
    };
    let events = validator("apply-events.schema.json");
    for wrong in [
        serde_json::json!({}),
        serde_json::json!({ "event": "unheard-of" }),
        serde_json::json!({ "event": "waiting", "ready": 1 }),
        serde_json::json!({ "event": "waiting", "ready": -1, "total": 2 }),
        serde_json::json!({ "event": "started", "version": 2, "command": "apply", "dryRun": false }),
    ] {
        assert!(!events.is_valid(&wrong), "{wrong}");
    }
    assert!(!validator("apply-report.schema.json").is_valid(&serde_json::json!({ "version": 1 })));
}
