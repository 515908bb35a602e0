//! `fanfold plan`, through the built binary: what it counts, how it shows it, and the form of its JSON.

use crate::support::golden::snapshot;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value as Json, json};

fn plan(arguments: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    Command::new(env!("CARGO_BIN_EXE_fanfold")).current_dir(root).arg("plan").args(arguments).output().unwrap()
}

fn table(arguments: &[&str]) -> String {
    let output = plan(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn estimate(arguments: &[&str]) -> Json {
    let text = table(&[arguments, &["--output", "json"]].concat());
    let estimate: Json = serde_json::from_str(&text).unwrap();
    let schema: Json = serde_json::from_str(include_str!("../../../schemas/plan.schema.json")).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(&estimate).map(|error| format!("{error} at {}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    estimate
}

fn show(name: &str, text: &str) {
    snapshot("cli", name, text);
}

#[test]
fn few_objects_are_told_one_by_one() {
    show("plan-shop", &table(&["specs/shop.yaml"]));
}

#[test]
fn many_objects_are_told_by_workload() {
    show("plan-many", &table(&["tests/quick/plan/many.yaml"]));
}

#[test]
fn the_json_is_what_its_schema_says() {
    let shop = estimate(&["specs/shop.yaml"]);
    show("plan-shop-json", &format!("{shop:#}"));
    let built = Command::new(env!("CARGO_BIN_EXE_fanfold"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["build", "specs/shop.yaml"])
        .output()
        .unwrap();
    assert_eq!(shop["bytes"], built.stdout.len());
    let documents = built.stdout.split(|byte| *byte == b'\n').filter(|line| *line == b"---").count();
    assert_eq!(shop["objects"], documents);
}

#[test]
fn jobs_count_their_parallelism_and_their_completions() {
    let many = estimate(&["tests/quick/plan/many.yaml"]);
    assert_eq!(many["workloads"][1]["axes"], json!([{"name": "lr", "values": 2}, {"name": "seed", "values": 600}]));
    assert_eq!(many["completions"], 12_000);
    let running = &many["totals"]["running"];
    assert_eq!(running["pods"], 4801);
    assert_eq!(
        running["requests"],
        json!({"cpu": "9600250m", "ephemeral-storage": "4800Gi", "memory": "19200Gi", "nvidia.com/gpu": "4800"})
    );
    assert_eq!(running["limits"], json!({"memory": "38400Gi", "nvidia.com/gpu": "4800"}));
    assert_eq!(running["podsWithoutRequest"], json!({"memory": 1}));
}

#[test]
fn pods_are_added_up_as_the_scheduler_does() {
    let pods = estimate(&["tests/quick/plan/pods.yaml"]);
    let running = &pods["totals"]["running"];
    assert_eq!(running["pods"], 1 + 1 + 10 + 3);
    assert_eq!(running["requests"], json!({"cpu": "10700m", "memory": "2024Mi"}));
    assert_eq!(running["limits"], json!({"cpu": "20", "memory": "2024Mi"}));
    assert_eq!(running["podsWithoutRequest"], json!({"cpu": 4, "memory": 4}));
    assert_eq!(pods["completions"], 3);
}

#[test]
fn findings_end_a_plan_as_they_end_a_build() {
    assert_eq!(plan(&["tests/quick/schema/wrong/wrong-enum.yaml"]).status.code(), Some(1));
    assert_eq!(plan(&["specs/shop.yaml", "--kubernetes-version", "1.2"]).status.code(), Some(2));
    assert!(plan(&["tests/quick/schema/wrong/wrong-enum.yaml"]).stdout.is_empty());
}
