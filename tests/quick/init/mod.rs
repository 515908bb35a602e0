//! `fanfold init`: what it writes compiles without findings, whatever the image is called, and nothing is overwritten.

use crate::support::golden::snapshot;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::LazyLock;

const DIGEST: &str = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let schema = serde_json::from_slice(&fanfold(Path::new("."), &["schema"]).stdout).unwrap();
    jsonschema::draft202012::new(&schema).unwrap()
});

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

    let spec = serde_yaml::from_str(&fs::read_to_string(folder.join(file)).unwrap()).unwrap();
    let errors: Vec<String> = SCHEMA.iter_errors(&spec).map(|error| error.to_string()).collect();
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

/// Returns the names of the examples, as the help lists them.
fn examples() -> Vec<String> {
    let help = text(&fanfold(Path::new("."), &["init", "--help"]).stdout);
    let (_, listed) = help.split_once("Possible values:").expect("the help lists the examples");
    let names = listed.lines().filter_map(|line| line.trim().strip_prefix("- ")?.split_once(':'));
    names.map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn every_spec_of_the_cookbook_is_an_example_that_compiles_where_it_is_written() {
    let specs = Path::new(env!("CARGO_MANIFEST_DIR")).join("specs");
    let mut stems: Vec<String> = fs::read_dir(&specs)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    stems.sort();
    let names = examples();
    assert_eq!(names, stems);
    for name in names {
        let folder = tempfile::tempdir().unwrap();
        let written = fanfold(folder.path(), &["init", "my/spec.yaml", "--example", &name]);
        assert!(written.status.success(), "{name}: {}", text(&written.stderr));
        let spec = fs::read_to_string(folder.path().join("my/spec.yaml")).unwrap();
        assert!(
            spec.contains("# yaml-language-server: $schema=") || spec.contains("$schema=fanfold.schema.json"),
            "{name}"
        );
        assert!(!spec.contains("# golden:"), "{name}");
        let built = fanfold(folder.path(), &["build", "my/spec.yaml"]);
        assert!(built.status.success(), "{name}: {}", text(&built.stderr));
        assert!(!built.stdout.is_empty(), "{name}");
    }
}

#[test]
fn examples_overwrite_nothing_and_leave_nothing_half_written() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("tenants")).unwrap();
    let rows = folder.path().join("tenants/tenants.csv");
    fs::write(&rows, "mine").unwrap();
    let refused = fanfold(folder.path(), &["init", "--example", "tenants"]);
    assert_eq!(refused.status.code(), Some(3));
    assert!(text(&refused.stderr).contains("tenants.csv"), "{}", text(&refused.stderr));
    assert_eq!(fs::read_to_string(&rows).unwrap(), "mine");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else was written");
    fs::remove_file(&rows).unwrap();
    let written = fanfold(folder.path(), &["init", "--example", "tenants"]);
    assert!(written.status.success() && text(&written.stderr).contains("`tenants/tenants.csv`"));
    let again = fanfold(folder.path(), &["init", "--example", "tenants"]);
    assert_eq!(again.status.code(), Some(3));
    // What it reads may be there already, as it is.
    assert!(fanfold(folder.path(), &["init", "other.yaml", "--example", "tenants"]).status.success());
}

#[test]
fn a_wrong_name_lists_the_examples_and_some_words_mean_one() {
    let folder = tempfile::tempdir().unwrap();
    let refused = fanfold(folder.path(), &["init", "--example", "tenant"]);
    assert_eq!(refused.status.code(), Some(2));
    let told = text(&refused.stderr);
    assert!(told.contains("tenants") && told.contains("load-test") && told.contains("similar"), "{told}");
    for word in ["sweep", "web", "nightly"] {
        let printed = fanfold(folder.path(), &["init", "-", "--example", word]);
        assert!(printed.status.success() && text(&printed.stdout).contains("kind: Batch"), "{word}");
    }
    assert_eq!(fanfold(folder.path(), &["init", "--example", "web", "--image", "a:1"]).status.code(), Some(2));
}

#[test]
fn the_schema_is_written_and_named_in_the_first_line() {
    let folder = tempfile::tempdir().unwrap();
    assert!(fanfold(folder.path(), &["init", "--example", "shop", "--schema"]).status.success());
    let schema = fs::read(folder.path().join("fanfold.schema.json")).unwrap();
    assert_eq!(schema, fanfold(folder.path(), &["schema"]).stdout);
    let spec = fs::read_to_string(folder.path().join("fanfold.yaml")).unwrap();
    assert_eq!(spec.lines().next(), Some("# yaml-language-server: $schema=fanfold.schema.json"));
    // Another schema of its own is renewed, a file of somebody else's is not.
    assert!(fanfold(folder.path(), &["init", "b.yaml", "--schema"]).status.success());
    fs::write(folder.path().join("fanfold.schema.json"), "{}").unwrap();
    let refused = fanfold(folder.path(), &["init", "c.yaml", "--schema"]);
    assert_eq!(refused.status.code(), Some(3));
    assert!(!folder.path().join("c.yaml").exists());
    assert_eq!(fanfold(folder.path(), &["init", "-", "--schema"]).status.code(), Some(2));
}
