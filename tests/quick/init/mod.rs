//! `fanfold init`: what it writes compiles without findings, whatever the image is called, and nothing is overwritten.

use crate::support::golden::snapshot;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const DIGEST: &str = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn fanfold(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fanfold")).current_dir(folder).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn show(name: &str, text: &str) {
    snapshot("cli", name, text);
}

/// Holds a spec in a folder to compile without findings, and to be what the schema for editors takes.
fn assert_compiles(folder: &Path, file: &str) {
    let checked = fanfold(folder, &["check", file, "--deny", "warnings", "--allow", "image-tag"]);
    assert!(checked.status.success(), "{}", text(&checked.stdout));
    assert!(checked.stdout.is_empty(), "{}", text(&checked.stdout));
    let built = fanfold(folder, &["build", file, "--allow", "image-tag"]);
    assert!(built.status.success() && built.stderr.is_empty(), "{}", text(&built.stderr));

    let schema = serde_json::from_slice(&fanfold(folder, &["schema"]).stdout).unwrap();
    let spec = serde_yaml::from_str(&fs::read_to_string(folder.join(file)).unwrap()).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&spec).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

#[test]
fn the_first_spec_compiles_as_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let written = fanfold(folder.path(), &["init"]);
    assert!(written.status.success() && written.stdout.is_empty());
    show("init", &text(&written.stderr));
    show("init-first", &fs::read_to_string(folder.path().join("fanfold.yaml")).unwrap());
    assert_compiles(folder.path(), "fanfold.yaml");
    let profile = fanfold(folder.path(), &["check", "fanfold.yaml", "-p", "prod", "--deny", "warnings"]);
    assert!(profile.status.success());
}

#[test]
fn a_spec_for_an_image_compiles_whatever_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let digest = format!("registry:5000/team/App_1:tag@{DIGEST}");
    let long = format!("ghcr.io/{}/{}:1", "a".repeat(80), "long-name.".repeat(12) + "end");
    let cases = [
        ("nginx:1.27", "nginx"),
        (&digest, "app-1"),
        ("registry:5000/team/app", "app"),
        ("localhost/3proxy:0.9", "app-3proxy"),
        ("ghcr.io/o/__:1", "app"),
        ("true:1", "app-true"),
        ("null", "app-null"),
        ("quay.io/A.B--C/no.Tag__x", "no-tag-x"),
    ];
    for (number, (image, workload)) in cases.into_iter().chain([(long.as_str(), "")]).enumerate() {
        let file = format!("{number}.yaml");
        let written = fanfold(folder.path(), &["init", &file, "--image", image]);
        assert!(written.status.success(), "{image}: {}", text(&written.stderr));
        assert_compiles(folder.path(), &file);
        let built = text(&fanfold(folder.path(), &["build", &file]).stdout);
        assert!(built.contains(image), "{image} is not in\n{built}");
        assert!(built.contains(&format!("name: {workload}")), "{workload} is not in\n{built}");
    }
    show("init-image", &fs::read_to_string(folder.path().join("1.yaml")).unwrap());
}

#[test]
fn what_the_comments_offer_compiles_too() {
    let folder = tempfile::tempdir().unwrap();
    assert!(fanfold(folder.path(), &["init", "a.yaml", "--image", "nginx:1.27"]).status.success());
    let offered = fs::read_to_string(folder.path().join("a.yaml"))
        .unwrap()
        .replace("\n    # ", "\n    ")
        .replace("\n  # ", "\n  ");
    assert!(offered.contains("\n    matrix:") && offered.contains("\n  namespace:"));
    fs::write(folder.path().join("a.yaml"), offered).unwrap();
    assert_compiles(folder.path(), "a.yaml");
}

#[test]
fn what_is_no_image_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for image in ["", "a b", "a\nb: c", "a:{{ params.x }}", "\"", "/a", "a:", "a@", "ä"] {
        let refused = fanfold(folder.path(), &["init", "--image", image]);
        assert_eq!(refused.status.code(), Some(2), "{image:?}");
        let reason =
            if image.is_empty() { "error: a value is required for '--image" } else { "error: expected an image" };
        assert!(text(&refused.stderr).starts_with(reason), "{image:?}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_file_is_overwritten_by_force_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fanfold.yaml");
    fs::write(&path, "mine").unwrap();
    let refused = fanfold(folder.path(), &["init"]);
    assert_eq!(refused.status.code(), Some(3));
    show("init-refused", &text(&refused.stderr));
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    assert!(fanfold(folder.path(), &["init", "--force"]).status.success());
    assert_compiles(folder.path(), "fanfold.yaml");
}

#[test]
fn editors_are_led_to_a_schema_that_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let first_line = |file: &str| text(&fs::read(folder.path().join(file)).unwrap()).lines().next().unwrap().to_owned();
    assert!(fanfold(folder.path(), &["init", "without.yaml"]).status.success());
    assert!(!first_line("without.yaml").starts_with("# yaml-language-server"));
    fs::write(folder.path().join("fanfold.schema.json"), fanfold(folder.path(), &["schema"]).stdout).unwrap();
    assert!(fanfold(folder.path(), &["init", "with.yaml"]).status.success());
    assert_eq!(first_line("with.yaml"), "# yaml-language-server: $schema=fanfold.schema.json");
    let printed = fanfold(folder.path(), &["init", "-"]);
    assert!(printed.status.success() && printed.stderr.is_empty());
    assert_eq!(text(&printed.stdout), fs::read_to_string(folder.path().join("without.yaml")).unwrap());
}
