//! The hooks, run by pre-commit itself from the configuration that `integrate` writes.

use std::path::PathBuf;
use std::process::Output;

use super::{Bench, SPEC, root, stderr, stdout};

/// Returns where pre-commit is: on the machine, or in the target folder.
pub(crate) fn program() -> Option<PathBuf> {
    crate::needs::find(&["pre-commit"]).or_else(|| crate::needs::installed("pre-commit/bin/pre-commit"))
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
    needs!(GIT, PRE_COMMIT);
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
        let mut command = bench.command(program().expect("pre-commit"));
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
