//! `fanfold schema add`: definitions that are kept in `crds/` are known to every run, and no objects of it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

const DEFINITION: &str = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: backups.example.com
  annotations: {note: of one cluster}
spec:
  names: {plural: backups, kind: Backup, singular: backup, listKind: BackupList}
  group: example.com
  scope: Cluster
  conversion: {strategy: None}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            required: [schedule]
            properties:
              schedule: {type: string, pattern: '^[a-z]+$'}
status: {conditions: []}
";
const SPEC: &str = "apiVersion: fanfold.dev/v1
kind: Batch
metadata: {name: shop, namespace: shop}
objects:
  nightly: {apiVersion: example.com/v1, kind: Backup, spec: {schedule: '0 3 * * *'}}
";

struct Bench(TempDir);

impl Bench {
    fn new(files: &[(&str, &str)]) -> Self {
        let bench = Self(TempDir::new().unwrap());
        files.iter().for_each(|(name, text)| bench.write(name, text));
        bench
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.path().join(name)).unwrap()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.run_in("", arguments)
    }

    fn run_in(&self, folder: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fanfold"));
        command.current_dir(self.0.path().join(folder)).args(arguments).stdin(Stdio::null());
        command.output().unwrap()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn told(output: &Output) -> String {
    text(&output.stdout) + &text(&output.stderr)
}

#[test]
fn a_custom_resource_is_checked_by_what_is_kept_without_a_flag() {
    let bench = Bench::new(&[("vendor/all.yaml", DEFINITION), ("specs/shop.yaml", SPEC)]);
    let before = bench.run(&["check", "specs/shop.yaml"]);
    assert!(before.status.success(), "{}", told(&before));
    assert!(told(&before).contains("fanfold schema add FILE"), "{}", told(&before));

    let added = bench.run(&["schema", "add", "vendor/all.yaml"]);
    assert!(added.status.success(), "{}", told(&added));
    assert_eq!(text(&added.stderr), "crds: 1 definition written\n");
    let kept = bench.read("crds/backups.example.com.yaml");
    assert!(kept.starts_with("# Kept by `fanfold schema add`") && kept.contains("plural: backups"), "{kept}");
    assert!(!["note", "conversion", "status"].iter().any(|word| kept.contains(word)), "{kept}");

    for command in ["check", "build", "plan"] {
        let after = bench.run(&[command, "specs/shop.yaml"]);
        assert_eq!(after.status.code(), Some(1), "{command}: {}", told(&after));
        let message = "expected lower-case letters, found the string `0 3 * * *`";
        assert!(told(&after).contains(message), "{command}: {}", told(&after));
    }
    bench.write("specs/shop.yaml", &SPEC.replace("0 3 * * *", "nightly"));
    let built = bench.run(&["build", "specs/shop.yaml"]);
    assert!(built.status.success() && built.stderr.is_empty(), "{}", told(&built));
    // What is kept says where objects live, and is none itself.
    assert!(!text(&built.stdout).contains("namespace:"), "{}", text(&built.stdout));
    assert!(!text(&built.stdout).contains("CustomResourceDefinition"), "{}", text(&built.stdout));
}

#[test]
fn what_is_kept_is_found_beside_the_spec_and_in_a_folder_that_is_an_input() {
    let bench = Bench::new(&[("vendor/all.yaml", DEFINITION), ("apps/shop/shop.yaml", SPEC)]);
    assert!(bench.run(&["schema", "add", "vendor/all.yaml", "--dir", "apps/shop/crds"]).status.success());
    for inputs in [["apps/shop/shop.yaml"], ["apps/shop"], ["apps"]] {
        let checked = bench.run(&["check", inputs[0]]);
        assert_eq!(checked.status.code(), Some(1), "{inputs:?}: {}", told(&checked));
        assert!(told(&checked).contains("expected lower-case letters"), "{inputs:?}: {}", told(&checked));
    }
    bench.write("apps/shop/shop.yaml", &SPEC.replace("0 3 * * *", "nightly"));
    let built = bench.run(&["build", "apps"]);
    assert!(built.status.success(), "{}", told(&built));
    assert!(!text(&built.stdout).contains("CustomResourceDefinition"), "{}", text(&built.stdout));
    // A file that is named is an input all the same.
    let named = bench.run(&["build", "apps/shop/crds/backups.example.com.yaml"]);
    assert!(text(&named.stdout).contains("CustomResourceDefinition"), "{}", told(&named));
}

#[test]
fn the_same_definition_gives_the_same_bytes_however_it_is_written() {
    let reordered = "kind: List\napiVersion: v1\nitems:\n- ".to_owned() + &DEFINITION.trim_end().replace('\n', "\n  ");
    let reordered =
        reordered.replace("  names: {plural: backups, kind: Backup,", "  names: {kind: Backup, plural: backups,");
    let bench = Bench::new(&[("one.yaml", DEFINITION), ("other.yaml", &reordered)]);
    assert!(bench.run(&["schema", "add", "one.yaml"]).status.success());
    let first = bench.read("crds/backups.example.com.yaml");
    let again = bench.run(&["schema", "add", "other.yaml"]);
    assert_eq!(text(&again.stderr), "crds: 1 definition unchanged\n");
    assert_eq!(bench.read("crds/backups.example.com.yaml"), first);
    // One that is kept already can be the source.
    assert!(bench.run(&["schema", "add", "crds", "--dir", "copy"]).status.success());
    assert_eq!(bench.read("copy/backups.example.com.yaml"), first);
    // A newer one takes the place of what was kept.
    bench.write("one.yaml", &DEFINITION.replace("[a-z]+", "[A-Z]+"));
    assert!(bench.run(&["schema", "add", "one.yaml"]).status.success());
    assert!(bench.read("crds/backups.example.com.yaml").contains("[A-Z]+"));
}

#[test]
fn files_of_others_are_not_overwritten_and_nothing_is_half_done() {
    let second = DEFINITION.replace("backups", "aaa").replace("Backup", "Aaa");
    let both = format!("{second}---\n{DEFINITION}");
    let bench = Bench::new(&[("all.yaml", &both), ("crds/backups.example.com.yaml", "mine: true\n")]);
    let refused = bench.run(&["schema", "add", "all.yaml"]);
    assert_eq!(refused.status.code(), Some(3), "{}", told(&refused));
    assert_eq!(bench.read("crds/backups.example.com.yaml"), "mine: true\n");
    assert!(!bench.0.path().join("crds/aaa.example.com.yaml").exists());
    let some = bench.run(&["schema", "add", "all.yaml", "--only", "Aaa"]);
    assert!(some.status.success(), "{}", told(&some));
    assert!(bench.0.path().join("crds/aaa.example.com.yaml").exists());
}

#[test]
fn what_is_no_definition_is_refused_and_names_lead_nowhere_else() {
    let elsewhere = DEFINITION.replace("group: example.com", "group: ../../x");
    let bench = Bench::new(&[("shop.yaml", SPEC), ("all.yaml", DEFINITION), ("evil.yaml", &elsewhere)]);
    for (arguments, part) in [
        (&["schema", "add", "shop.yaml"][..], "holds no CustomResourceDefinition"),
        (&["schema", "add", "evil.yaml"], "holds no CustomResourceDefinition"),
        (&["schema", "add", "all.yaml", "--only", "Bakcup"], "did you mean `Backup`?"),
        (&["schema", "add", "all.yaml", "--context", "x"], "`--context` is about a cluster"),
        (&["schema", "add"], "FILE|cluster"),
    ] {
        let refused = bench.run(arguments);
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}: {}", told(&refused));
        assert!(told(&refused).contains(part), "{arguments:?}: {}", told(&refused));
    }
    assert!(!bench.0.path().join("crds").exists());
}

#[test]
fn a_definition_among_the_inputs_is_preferred_and_other_files_are_passed_over() {
    let bench = Bench::new(&[
        ("old.yaml", DEFINITION),
        ("new.yaml", &DEFINITION.replace("[a-z]+", ".*")),
        ("shop.yaml", SPEC),
        ("crds/template.yaml", "{{- if .Values.crds }}\nkind: CustomResourceDefinition\n{{- end }}\n"),
        ("crds/README.md", "CustomResourceDefinition"),
    ]);
    assert!(bench.run(&["schema", "add", "old.yaml"]).status.success());
    let alone = bench.run(&["check", "shop.yaml"]);
    assert_eq!(alone.status.code(), Some(1), "{}", told(&alone));
    let with = bench.run(&["check", "shop.yaml", "new.yaml"]);
    assert!(with.status.success(), "{}", told(&with));
    // Those that somebody put there by hand count as well.
    let by_hand = Bench::new(&[("crds/any-name.yaml", DEFINITION), ("shop.yaml", SPEC)]);
    assert_eq!(by_hand.run(&["check", "shop.yaml"]).status.code(), Some(1));
    assert!(Path::new(env!("CARGO_BIN_EXE_fanfold")).exists() && by_hand.run_in("crds", &["schema"]).status.success());
}
