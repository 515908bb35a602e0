//! The hooks, run by pre-commit itself from the configuration that `integrate` writes.

use std::path::{Path, PathBuf};
use std::process::Output;

use super::{Bench, SPEC, root, stderr, stdout};

/// Returns pre-commit: that of the machine, or that of `make pre-commit`.
fn program() -> PathBuf {
    let own = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("pre-commit").join("bin/pre-commit");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join("pre-commit")).find(|path| path.is_file());
    found.or_else(|| own.is_file().then_some(own)).expect("pre-commit in PATH: install it, or run `make pre-commit`")
}

/// A repository that has the hooks of this one, and the name of its commit.
fn hooks() -> (Bench, String) {
    let hooks = Bench::new();
    hooks.write(".pre-commit-hooks.yaml", &root(".pre-commit-hooks.yaml"));
    let commit = hooks.commit();
    (hooks, commit)
}

#[test]
fn pre_commit_runs_the_hooks_on_what_is_committed() {
    let (hooks, commit) = hooks();
    let bench = Bench::new();
    bench.ok("fanfold", &["integrate", "pre-commit"]);
    let written = bench.read(".pre-commit-config.yaml");
    let lines = written.lines().map(|line| match line.trim_start() {
        there if there.starts_with("- repo: ") => format!("  - repo: {}", hooks.path("").display()),
        there if there.starts_with("rev: ") => format!("    rev: {commit}"),
        _ => line.to_owned(),
    });
    let config: Vec<String> = lines.collect();
    bench.write(".pre-commit-config.yaml", &config.join("\n"));
    bench.ok("fanfold", &["build", "specs", "-o", "manifests"]);
    bench.commit();
    let run = || -> (Output, String) {
        let mut command = bench.command(program());
        command.args(["run", "--all-files", "--color=never"]).env("PRE_COMMIT_HOME", hooks.path("cache"));
        let output = command.output().expect("pre-commit runs");
        let said = stdout(&output) + &stderr(&output);
        (output, said)
    };
    let (output, said) = run();
    assert!(output.status.success(), "{said}");
    assert_eq!(said.matches("Passed").count(), 2, "{said}");

    // Hooks see what would be committed.
    bench.write("specs/shop.yaml", &SPEC.replace("tag: \"1.27\"", "tag: \"1.28\""));
    bench.ok("git", &["add", "--all"]);
    let (output, said) = run();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("compare compiled manifests") && said.contains("+        image: nginx:1.28"), "{said}");

    bench.write("specs/shop.yaml", &SPEC.replace("kind: Deployment", "kind: Deploymnt"));
    bench.ok("git", &["add", "--all"]);
    let (output, said) = run();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("--> specs/shop.yaml:7:11") && said.contains("did you mean `Deployment`"), "{said}");
}
